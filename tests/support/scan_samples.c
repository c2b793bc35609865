/* A few telling scans with all their numbers filled in. */
#include "tests/support/scan_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* 2026-11-23T09:00:00.123Z */
#define STARTED_MS INT64_C(1795424400123)

static const struct {
    const char *name, *origin, *words;
} samples[] = {
    {"modern", "origin.example",
     "modern classical=ok:X25519,leaf=a,list=hybrid/X25519 resumed=ok:hybrid,>hybrid,resumed"},
    {"hybrid-only-if-first", "origin.example:8443@192.0.2.7",
     "modern supported=ok:X25519 choose=ok:>P-384"},
    {"p256", "[2001:db8::7]:443", "p256"},
    {"split-hello", "origin.example",
     "modern supported=ok:hybrid,>hybrid preferred=reset:after-reset "
     "preferred-dual=closed:after-reset split=reset:after-reset large-classical=ok:X25519 "
     "unknown-group=ok:X25519 unknown-share=ok:X25519 size-1466=ok:X25519"},
    {"size-limit", "origin.example",
     "modern supported=alert50:>hybrid preferred=alert50 preferred-dual=alert50 "
     "choose=alert50:>hybrid split=ok:X25519 "
     "large-classical=alert50 unknown-group=ok:X25519 unknown-share=ok:X25519 "
     "forced-retry=ok:X25519,>X25519 size-1466=alert50 size-991=ok:X25519 size-1228=alert50"},
    {"unstable", "origin.example", "old preferred=alert40:after-timeout"},
    {"interrupted", "origin.example", "tls12 closing=reset:after-reset,shape status=interrupted"},
    {"unreachable", "nowhere.example",
     "classical=dns_failure:why=no_address_for_this_name status=unreachable"},
    {"not_tls", "origin.example", "classical=not_tls status=not_tls"},
    {"contradiction", "origin.example", "modern only-hybrid=alert40 supported=ok:X25519"},
    {"no verdict", "origin.example", "old only-hybrid=timeout:after-timeout"},
    {"other-hybrid", "origin.example",
     "old only-other=ok:>SecP256r1MLKEM768 only-other-2=alert40 resumed=ok:X25519,resumed"},
    {"large-second-only", "origin.example",
     "modern supported=alert47:>hybrid choose=alert47:>hybrid forced-retry=ok:X25519,>X25519"},
    {"alpn-refused", "origin.example",
     "classical=alert120 no-alpn=ok:X25519,noalpn supported=ok:hybrid,>hybrid,noalpn "
     "preferred=ok:hybrid,noalpn preferred-dual=ok:hybrid,noalpn only-p256=ok:>P-256,noalpn "
     "only-hybrid=ok:>hybrid,noalpn only-other=alert40:noalpn closing=ok:X25519,noalpn"},
    {"banned after a large hello", "origin.example",
     "modern only-p256=timeout:after-timeout only-p384=timeout:after-timeout "
     "only-p521=timeout:after-timeout only-hybrid=timeout:after-timeout "
     "only-other=timeout:after-timeout choose=timeout:after-timeout "
     "closing=timeout:after-timeout,shape status=interrupted"},
    {"dark from a large hello on", "origin.example",
     "modern preferred=timeout:after-timeout preferred-dual=timeout:after-timeout "
     "only-p256=timeout:after-timeout only-p384=timeout:after-timeout "
     "only-p521=timeout:after-timeout only-hybrid=timeout:after-timeout "
     "only-other=timeout:after-timeout choose=timeout:after-timeout "
     "closing=timeout:after-timeout,shape status=interrupted"},
    {"resumption-fails", "origin.example",
     "modern resumed=closed:after-closed resumed-preferred=closed:after-closed "
     "resumed-classical=ok:X25519,resumed"},
    {"hybrid-unusable", "origin.example",
     "modern supported=closed:after-closed,@server_flight,>hybrid "
     "preferred=closed:after-closed,@server_flight"},
    {"a limit above our own hello", "origin.example",
     "modern preferred-dual=closed:after-closed choose=closed:after-closed,>hybrid "
     "split=ok:X25519 size-2048=closed:after-closed size-1900=ok:X25519"},
    {"unrecognized name", "origin.example",
     "modern classical=alert112 supported=alert112 preferred=alert112 preferred-dual=alert112 "
     "closing=alert112"},
    {"another hybrid that can be set", "origin.example",
     "old only-other=ok:>SecP256r1MLKEM768 only-other-2=ok:>MLKEM1024 only-other-3=alert40"},
    {"a quick look at a limit", "origin.example",
     "modern quick preferred-dual=closed:after-closed"},
    {"a protocol that was not offered", "origin.example",
     "modern classical=malformed:badalpn,why=INVALID_ALPN_PROTOCOL no-alpn=ok:X25519,noalpn "
     "supported=ok:hybrid,>hybrid,noalpn preferred=ok:hybrid,noalpn "
     "preferred-dual=ok:hybrid,noalpn closing=ok:X25519,noalpn"},
    {"second hellos cut short", "origin.example",
     "modern supported=alert50:>hybrid choose=alert50:>hybrid forced-retry=ok:X25519,>X25519"},
};
_Static_assert(sizeof samples / sizeof *samples == SCAN_SAMPLES, "SCAN_SAMPLES says how many");

static void fill(struct probe_result *result, size_t i) {
    if (result->stage < STAGE_HELLO)
        return;
    result->connect_us = (uint32_t)(1200 + 10 * i);
    result->duration_us = (uint32_t)(9800 + 125 * i);
    result->segments = result->hello_bytes > 1360 ? 2 : 1;
    if (result->retry && result->probe <= PROBE_PREFERRED)
        result->hello2_bytes = result->retry_group == SCAN_WORDS_HYBRID ? 1465 : 550;
}

const char *scan_samples_get(size_t number, struct scan_words *out) {
    assert_true(number < SCAN_SAMPLES);
    struct err err;
    scan_words_init(out);
    if (!origin_parse(samples[number].origin, 443, &out->scan.origin, &err))
        fail_msg("%s", err.text);
    scan_words_apply(out, samples[number].words);
    if (out->scan.origin.address[0])
        snprintf(out->scan.address, sizeof out->scan.address, "%s", out->scan.origin.address);
    else if (origin_host_is_address(&out->scan.origin))
        snprintf(out->scan.address, sizeof out->scan.address, "%.*s", ORIGIN_ADDRESS_SIZE - 1,
                 out->scan.origin.host);
    for (size_t i = 0; i < out->scan.probes_n; i++)
        fill(&out->probes[i], i);
    if (out->probes[0].stage < STAGE_CONNECT)
        out->scan.address[0] = '\0';
    out->scan.started_ms = STARTED_MS;
    out->scan.duration_ms = (uint32_t)(412 + number);
    return samples[number].name;
}
