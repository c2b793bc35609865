/* The scanner at its work: the engine visits as many origins, each scan is judged and thrown away.
 * Ends with 1 if an origin is not judged `ready`: then it was not the work that was to be measured.
 */
#include "bench_run.h"
#include "scanner/judge/verdict.h"
#include "scanner/net/address_policy.h"
#include "scanner/net/resolver.h"
#include "scanner/probe/tls_probe.h"
#include "scanner/visit/engine.h"

#include <event2/event.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* As `originscan probe` has them by default. */
enum { TIMEOUT_MS = 10000, PAUSE_MIN_MS = 100, PAUSE_MAX_MS = 400 };

struct bench {
    struct bench_run run;
    struct event_base *base;
    uint32_t started, ready, others, probes;
};

static bool next_origin(void *arg, struct visit_request *out, uint64_t *ticket) {
    struct bench *bench = arg;
    struct err err;
    struct sockaddr_in address;
    char text[INET_ADDRSTRLEN];
    if (bench->started == bench->run.scans)
        return false;
    *ticket = bench->started++;
    bench_run_address(&bench->run, (uint32_t)*ticket, &address);
    inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
    *out = (struct visit_request){.plan = PLAN_DAILY};
    if (!origin_parse(text, bench->run.port, &out->origin, &err) ||
        !origin_set_sni(&out->origin, bench->run.sni, &err)) {
        fprintf(stderr, "bench_scan: %s\n", err.text);
        exit(2);
    }
    return true;
}

static void take_scan(void *arg, const struct scan *scan, uint64_t ticket) {
    struct bench *bench = arg;
    struct judgement judgement;
    (void)ticket;
    verdict_judge(scan, &judgement);
    bench->probes += scan->probes_n;
    if (judgement.verdict == VERDICT_READY)
        bench->ready++;
    else if (bench->others++ == 0)
        fprintf(stderr, "bench_scan: %s is %s\n", scan->origin.host,
                verdict_name(judgement.verdict));
}

static void on_idle(void *arg) {
    struct bench *bench = arg;
    event_base_loopexit(bench->base, NULL);
}

static void run_engine(struct bench *bench, struct resolver *resolver, struct tls_prober *prober) {
    struct engine_options options = {
        .visit = {.base = bench->base,
                  .prober = prober,
                  .resolver = resolver,
                  .hybrid = GROUP_X25519MLKEM768,
                  .resolve_timeout_ms = TIMEOUT_MS,
                  .pause_min_ms = PAUSE_MIN_MS,
                  .pause_max_ms = PAUSE_MAX_MS},
        .limits = {.in_flight = bench->run.concurrency},
        .source = next_origin,
        .sink = take_scan,
        .idle = on_idle,
        .arg = bench,
    };
    struct engine *engine = engine_new(&options);
    bench_run_begin();
    engine_wake(engine);
    event_base_dispatch(bench->base);
    bench_run_end(&bench->run, bench->probes);
    engine_free(engine);
}

int main(int argc, char **argv) {
    struct bench bench = {.base = event_base_new()};
    struct err err;
    bench_run_options(&bench.run, argc, argv, "Scans healthy origins and throws the scans away.");
    struct address_policy *policy = address_policy_new();
    /* Nothing is asked of that server: all origins are addresses. */
    struct resolver_options resolver_options = {.servers = "127.0.0.1"};
    struct tls_prober_options prober_options = {
        .base = bench.base, .policy = policy, .timeout_ms = TIMEOUT_MS, .mss = bench.run.mss};
    struct resolver *resolver = NULL;
    struct tls_prober *prober = NULL;
    if (address_policy_allow(policy, "127.0.0.0/8", &err) &&
        (resolver = resolver_new(bench.base, &resolver_options, &err)) &&
        (prober = tls_prober_new(&prober_options, &err)))
        run_engine(&bench, resolver, prober);
    else
        fprintf(stderr, "bench_scan: %s\n", err.text);
    tls_prober_free(prober);
    resolver_free(resolver);
    address_policy_free(policy);
    event_base_free(bench.base);
    libevent_global_shutdown();
    if (bench.others > 0)
        fprintf(stderr, "bench_scan: %" PRIu32 " of %" PRIu32 " origins are not ready\n",
                bench.others, bench.run.scans);
    return bench.ready == bench.run.scans ? 0 : 1;
}
