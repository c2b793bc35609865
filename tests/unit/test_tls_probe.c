/* One probe against peers that behave and misbehave, over real sockets on loopback. */
#include "scanner/base/clock.h"
#include "scanner/net/address_policy.h"
#include "scanner/probe/tls_probe.h"

#include "tests/support/tls_peer.h"

#include <event2/event.h>

#include <dirent.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define TIMEOUT_MS (300 * slowdown)
/* A busy machine may be late; no peer here ends by itself so soon. */
#define SLACK_MS (2000 * slowdown)
#define PATIENT_MS (20000 * slowdown) /* where no peer has to be waited for */

/* Under valgrind everything takes its time: ORIGINSCAN_TEST_SLOWDOWN says how much longer. */
static unsigned slowdown = 1;

struct bench {
    unsigned timeout_ms;
    struct event_base *base;
    struct address_policy *policy;
    struct tls_prober *prober;
};

/* What came of one probe. */
struct seen {
    struct event_base *base;
    int callbacks;
    bool started; /* tls_probe_start has returned */
    struct probe_result result;
};

/* libevent's own clock ticks in steps of 4 ms, which is more than these tests forgive. */
static struct event_base *new_precise_base(void) {
    struct event_config *config = event_config_new();
    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static struct bench bench_open(uint16_t mss, unsigned timeout_ms) {
    struct bench bench = {
        .timeout_ms = timeout_ms, .base = new_precise_base(), .policy = address_policy_new()};
    struct err err;
    assert_true(address_policy_allow(bench.policy, "127.0.0.0/8", &err));
    struct tls_prober_options options = {
        .base = bench.base, .policy = bench.policy, .timeout_ms = timeout_ms, .mss = mss};
    bench.prober = tls_prober_new(&options, &err);
    assert_non_null(bench.prober);
    return bench;
}

static void bench_close(struct bench *bench) {
    tls_prober_free(bench->prober);
    address_policy_free(bench->policy);
    event_base_free(bench->base);
}

static int open_files(void) {
    int n = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void on_result(const struct probe_result *result, void *arg) {
    struct seen *seen = arg;
    assert_true(seen->started); /* never before the start returned */
    seen->callbacks++;
    seen->result = *result;
    event_base_loopbreak(seen->base);
}

static struct tls_probe *start_shape(struct bench *bench, const struct probe_shape *shape,
                                     uint16_t port, struct seen *seen) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *seen = (struct seen){.base = bench->base};
    struct tls_probe *probe = tls_probe_start(bench->prober, shape, (struct sockaddr *)&address,
                                              "peer.test", NULL, on_result, seen);
    seen->started = true;
    return probe;
}

static struct tls_probe *start(struct bench *bench, enum probe_id id, uint16_t port,
                               struct seen *seen) {
    struct probe_shape shape = probe_plan_shape(id, GROUP_X25519MLKEM768, GROUP_NONE, GROUP_P256);
    return start_shape(bench, &shape, port, seen);
}

/* Runs one probe to its end; the deadline must hold whatever the peer does. */
static struct probe_result run(struct bench *bench, enum probe_id id, uint16_t port) {
    struct seen seen;
    uint64_t started_us = clock_mono_us();
    start(bench, id, port, &seen);
    event_base_dispatch(bench->base);
    assert_int_equal(seen.callbacks, 1);
    uint64_t took_ms = (clock_mono_us() - started_us) / 1000;
    if (took_ms > bench->timeout_ms + SLACK_MS)
        fail_msg("%s took %u ms", probe_name(id), (unsigned)took_ms);
    assert_int_equal(seen.result.probe, id);
    assert_int_equal(seen.result.attempts, 1);
    assert_int_equal(seen.result.first_outcome, seen.result.outcome);
    assert_int_equal(seen.result.first_stage, seen.result.stage);
    return seen.result;
}

static void expect(const struct probe_result *result, const char *outcome, const char *stage) {
    if (strcmp(outcome_name(result->outcome), outcome) != 0 ||
        strcmp(stage_name(result->stage), stage) != 0)
        fail_msg("%s: %s at %s instead of %s at %s (%s)", probe_name(result->probe),
                 outcome_name(result->outcome), stage_name(result->stage), outcome, stage,
                 result->detail);
}

/* ---- misbehaving peers: one a line ---- */

static const struct {
    enum tls_peer_act act;
    enum probe_id probe;
    const char *outcome, *stage;
    int alert;
} peers[] = {
    {TLS_PEER_SILENT, PROBE_CLASSICAL, "timeout", "hello", -1},
    {TLS_PEER_SILENT, PROBE_ONLY_P256, "timeout", "hello", -1},
    {TLS_PEER_SILENT, PROBE_PREFERRED, "timeout", "hello", -1},
    {TLS_PEER_FIN, PROBE_CLASSICAL, "closed", "hello", -1},
    {TLS_PEER_FIN, PROBE_CHOOSE, "closed", "hello", -1},
    {TLS_PEER_FIN_AT_ONCE, PROBE_CLASSICAL, "closed", "hello", -1},
    {TLS_PEER_RESET, PROBE_CLASSICAL, "reset", "hello", -1},
    {TLS_PEER_RESET, PROBE_ONLY_HYBRID, "reset", "hello", -1},
    {TLS_PEER_RESET_AT_ONCE, PROBE_CLASSICAL, "reset", "hello", -1},
    {TLS_PEER_ALERT, PROBE_CLASSICAL, "alert", "hello", 40},
    {TLS_PEER_ALERT, PROBE_ONLY_P384, "alert", "done", 40},
    {TLS_PEER_ALERT_RESET, PROBE_CLASSICAL, "alert", "hello", 40},
    {TLS_PEER_ALERT_RESET, PROBE_ONLY_P384, "alert", "done", 40},
    {TLS_PEER_ALERT_BYTEWISE, PROBE_CLASSICAL, "alert", "hello", 40},
    {TLS_PEER_ALERT_BYTEWISE, PROBE_ONLY_P384, "alert", "done", 40},
    {TLS_PEER_CLOSE_NOTIFY, PROBE_CLASSICAL, "closed", "hello", 0},
    {TLS_PEER_CLOSE_NOTIFY, PROBE_ONLY_P384, "closed", "hello", 0},
    {TLS_PEER_HALF_ALERT_FIN, PROBE_CLASSICAL, "closed", "hello", -1},
    {TLS_PEER_HALF_ALERT_FIN, PROBE_ONLY_P384, "closed", "hello", -1},
    {TLS_PEER_HTTP, PROBE_CLASSICAL, "not_tls", "hello", -1},
    {TLS_PEER_HTTP, PROBE_ONLY_P384, "not_tls", "hello", -1},
    {TLS_PEER_BANNER, PROBE_CLASSICAL, "not_tls", "hello", -1},
    {TLS_PEER_GARBAGE, PROBE_CLASSICAL, "not_tls", "hello", -1},
    {TLS_PEER_BAD_RECORDS, PROBE_CLASSICAL, "malformed", "hello", -1},
    {TLS_PEER_BAD_RECORDS, PROBE_ONLY_P384, "malformed", "hello", -1},
    {TLS_PEER_DRIP, PROBE_CLASSICAL, "timeout", "hello", -1},
    {TLS_PEER_DRIP, PROBE_ONLY_P384, "timeout", "hello", -1},
};

static void test_peers(void **state) {
    (void)state;
    int files = open_files();
    for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
        bool waits = strcmp(peers[i].outcome, "timeout") == 0;
        struct bench bench = bench_open(1360, waits ? TIMEOUT_MS : PATIENT_MS);
        struct tls_peer *peer = tls_peer_new(bench.base, peers[i].act, NULL);
        struct probe_result result = run(&bench, peers[i].probe, tls_peer_port(peer));
        if (strcmp(outcome_name(result.outcome), peers[i].outcome) != 0)
            print_message("peer %zu\n", i);
        expect(&result, peers[i].outcome, peers[i].stage);
        assert_int_equal(result.alert, peers[i].alert);
        assert_true(result.hello_bytes > 0);
        assert_true(result.duration_us >= result.connect_us);
        tls_peer_free(peer);
        bench_close(&bench);
    }
    assert_int_equal(open_files(), files);
}

/* A silent peer is waited for until the deadline, not less. */
static void test_deadline(void **state) {
    (void)state;
    struct bench bench = bench_open(0, TIMEOUT_MS);
    struct tls_peer *peer = tls_peer_new(bench.base, TLS_PEER_SILENT, NULL);
    struct probe_result result = run(&bench, PROBE_CLASSICAL, tls_peer_port(peer));
    expect(&result, "timeout", "hello");
    assert_true(result.duration_us >= TIMEOUT_MS * 1000 - 2000);
    assert_true(result.connect_us > 0);
    assert_int_equal(result.bytes_in, 0);
    assert_int_equal(result.tcp.unacked, 0); /* its kernel took the hello */
    tls_peer_free(peer);
    bench_close(&bench);
}

/* A shape that has less patience ends sooner; one that has more does not end later. */
static void test_patience(void **state) {
    (void)state;
    struct bench bench = bench_open(0, PATIENT_MS);
    struct tls_peer *peer = tls_peer_new(bench.base, TLS_PEER_SILENT, NULL);
    struct probe_shape shape =
        probe_plan_shape(PROBE_PREFERRED, GROUP_X25519MLKEM768, GROUP_NONE, GROUP_NONE);
    struct seen seen;
    shape.patience_ms = TIMEOUT_MS / 3;
    start_shape(&bench, &shape, tls_peer_port(peer), &seen);
    event_base_dispatch(bench.base);
    expect(&seen.result, "timeout", "hello");
    assert_in_range(seen.result.duration_us, shape.patience_ms * 1000 - 2000,
                    PATIENT_MS * 1000 - 2000);
    tls_peer_free(peer);
    bench_close(&bench);
    bench = bench_open(0, TIMEOUT_MS);
    peer = tls_peer_new(bench.base, TLS_PEER_SILENT, NULL);
    shape.patience_ms = PATIENT_MS;
    start_shape(&bench, &shape, tls_peer_port(peer), &seen);
    event_base_dispatch(bench.base);
    expect(&seen.result, "timeout", "hello");
    assert_in_range(seen.result.duration_us, TIMEOUT_MS * 1000 - 2000,
                    (TIMEOUT_MS + SLACK_MS) * 1000);
    tls_peer_free(peer);
    bench_close(&bench);
}

/* Nobody takes the connection: the deadline covers connecting too. */
static void test_connect_deadline(void **state) {
    (void)state;
    struct bench bench = bench_open(0, TIMEOUT_MS);
    struct tls_peer *peer = tls_peer_new(bench.base, TLS_PEER_FULL, NULL);
    struct probe_result result = run(&bench, PROBE_CLASSICAL, tls_peer_port(peer));
    expect(&result, "timeout", "connect");
    assert_int_equal(result.connect_us, 0);
    assert_int_equal(result.hello_bytes, 0);
    tls_peer_free(peer);
    bench_close(&bench);
}

static void test_refused(void **state) {
    (void)state;
    struct bench bench = bench_open(0, PATIENT_MS);
    struct tls_peer *peer = tls_peer_new(bench.base, TLS_PEER_DEAF, NULL);
    struct probe_result result = run(&bench, PROBE_CLASSICAL, tls_peer_port(peer));
    expect(&result, "refused", "connect");
    assert_int_equal(result.sys_errno, 111);
    assert_int_equal(result.hello_bytes, 0);
    tls_peer_free(peer);
    bench_close(&bench);
}

static void test_blocked(void **state) {
    (void)state;
    struct bench bench = bench_open(0, PATIENT_MS);
    struct err err;
    struct tls_peer *peer = tls_peer_new(bench.base, TLS_PEER_SILENT, NULL);
    assert_true(address_policy_block(bench.policy, "127.0.0.1", &err));
    struct probe_result result = run(&bench, PROBE_CLASSICAL, tls_peer_port(peer));
    expect(&result, "blocked", "connect");
    assert_string_equal(result.detail, "blocklist");
    assert_int_equal(tls_peer_connections(peer), 0);
    tls_peer_free(peer);
    bench_close(&bench);
}

/* Our own lack of descriptors says nothing of the peer. */
static void test_no_descriptors(void **state) {
    (void)state;
    struct bench bench = bench_open(0, PATIENT_MS);
    struct tls_peer *peer = tls_peer_new(bench.base, TLS_PEER_SILENT, NULL);
    struct rlimit old, none;
    getrlimit(RLIMIT_NOFILE, &old);
    none = old;
    none.rlim_cur = 3;
    struct seen seen;
    setrlimit(RLIMIT_NOFILE, &none);
    start(&bench, PROBE_CLASSICAL, tls_peer_port(peer), &seen);
    setrlimit(RLIMIT_NOFILE, &old);
    event_base_dispatch(bench.base);
    assert_int_equal(seen.callbacks, 1);
    assert_int_equal(seen.result.outcome, OUTCOME_CANCELLED);
    assert_int_equal(seen.result.stage, STAGE_CONNECT);
    tls_peer_free(peer);
    bench_close(&bench);
}

/* Whoever talks without an end is cut off. */
static void test_cap(void **state) {
    (void)state;
    static const enum probe_id probes[] = {PROBE_ONLY_P256, PROBE_CLASSICAL};
    struct bench bench = bench_open(0, PATIENT_MS);
    for (size_t i = 0; i < 2; i++) {
        struct tls_peer *peer = tls_peer_new(bench.base, TLS_PEER_ENDLESS, NULL);
        struct probe_result result = run(&bench, probes[i], tls_peer_port(peer));
        assert_int_equal(result.outcome, OUTCOME_MALFORMED);
        assert_true(result.bytes_in <= TLS_PROBE_BYTES_MAX + 65536);
        if (i == 0)
            assert_string_equal(result.detail, "no complete answer within 128 KiB");
        tls_peer_free(peer);
    }
    bench_close(&bench);
}

/* ---- a peer that speaks TLS ---- */

static const struct {
    const char *groups; /* of the peer */
    enum probe_id probe;
    uint16_t group;
    uint16_t retry_group; /* 0: no retry */
    unsigned chunk;       /* bytes that the peer writes at once; 0: all */
} handshakes[] = {
    {"X25519", PROBE_CLASSICAL, GROUP_X25519, 0, 0},
    {"X25519MLKEM768", PROBE_PREFERRED, GROUP_X25519MLKEM768, 0, 0},
    {"X25519MLKEM768", PROBE_PREFERRED_DUAL, GROUP_X25519MLKEM768, 0, 0},
    {"X25519MLKEM768", PROBE_SUPPORTED, GROUP_X25519MLKEM768, GROUP_X25519MLKEM768, 0},
    {"P-256", PROBE_CLASSICAL, GROUP_P256, GROUP_P256, 0},
    {"P-521", PROBE_CLASSICAL, GROUP_P521, GROUP_P521, 0},
    {"P-256", PROBE_ONLY_P256, GROUP_NONE, GROUP_P256, 0},
    {"P-256", PROBE_CHOOSE, GROUP_NONE, GROUP_P256, 0},
    {"X25519MLKEM768", PROBE_CHOOSE, GROUP_X25519MLKEM768, GROUP_X25519MLKEM768, 0},
    {"X25519MLKEM768", PROBE_CHOOSE, GROUP_X25519MLKEM768, GROUP_X25519MLKEM768, 1},
    {"X25519Kyber768Draft00", PROBE_ONLY_OTHER, GROUP_NONE, GROUP_X25519KYBER768DRAFT00, 0},
    {"X25519", PROBE_CLASSICAL, GROUP_X25519, 0, 1},
    {"P-256", PROBE_CLASSICAL, GROUP_P256, GROUP_P256, 1},
    {"P-256", PROBE_ONLY_P256, GROUP_NONE, GROUP_P256, 1},
    {"X25519", PROBE_CLASSICAL, GROUP_X25519, 0, 7},
};

static void check_handshake(struct bench *bench, size_t i) {
    struct tls_peer_tls tls = {.groups = handshakes[i].groups, .chunk = handshakes[i].chunk};
    struct tls_peer *peer = tls_peer_new(bench->base, TLS_PEER_TLS, &tls);
    struct probe_result result = run(bench, handshakes[i].probe, tls_peer_port(peer));
    expect(&result, "ok", "done");
    struct probe_shape shape =
        probe_plan_shape(handshakes[i].probe, GROUP_X25519MLKEM768, GROUP_NONE, GROUP_P256);
    bool finish = shape.end == PROBE_END_FINISH;
    assert_int_equal(result.group, handshakes[i].group);
    assert_int_equal(result.retry, handshakes[i].retry_group != 0);
    assert_int_equal(result.retry_group, handshakes[i].retry_group);
    assert_int_equal(result.hrr.count, result.retry);
    assert_int_equal(result.tls_version, 0x0304);
    assert_int_equal(result.has_leaf, finish);
    if (finish)
        assert_memory_equal(result.leaf_sha256, tls_peer_leaf(peer), 32);
    assert_int_equal(result.hello2_bytes > 0,
                     result.retry && (finish || result.retry_group == shape.second));
    assert_int_equal(result.segments, result.hello_bytes > 1360 ? 2 : 1);
    assert_string_equal(result.detail, "");
    tls_peer_settle(peer);
    if (finish) {
        assert_true(tls_peer_finished(peer));
        assert_string_equal(tls_peer_sni(peer), "peer.test");
        assert_true(tls_peer_said_goodbye(peer)); /* close_notify, then FIN */
    }
    tls_peer_free(peer);
}

static void test_handshakes(void **state) {
    (void)state;
    struct bench bench = bench_open(1360, PATIENT_MS);
    int files = open_files();
    for (size_t i = 0; i < sizeof handshakes / sizeof *handshakes; i++)
        check_handshake(&bench, i);
    assert_int_equal(open_files(), files);
    bench_close(&bench);
}

static void test_tls12(void **state) {
    (void)state;
    struct bench bench = bench_open(1360, PATIENT_MS);
    static const enum probe_id probes[] = {PROBE_CLASSICAL, PROBE_ONLY_P256};
    for (size_t i = 0; i < 2; i++) {
        struct tls_peer_tls tls = {.groups = "P-256", .tls12 = true, .chunk = i ? 3 : 0};
        struct tls_peer *peer = tls_peer_new(bench.base, TLS_PEER_TLS, &tls);
        struct probe_result result = run(&bench, probes[i], tls_peer_port(peer));
        expect(&result, "ok", "done");
        assert_int_equal(result.tls_version, 0x0303);
        assert_int_equal(result.group, GROUP_P256);
        assert_false(result.retry);
        tls_peer_free(peer);
    }
    bench_close(&bench);
}

/* ---- cancelling ---- */

/* Cancels after so many rounds of the event loop; false if the probe had ended before. */
static bool cancel_after(struct bench *bench, enum probe_id id, uint16_t port, int rounds) {
    struct seen seen;
    struct tls_probe *probe = start(bench, id, port, &seen);
    for (int i = 0; i < rounds && seen.callbacks == 0; i++)
        event_base_loop(bench->base, EVLOOP_ONCE);
    if (seen.callbacks > 0)
        return false;
    tls_probe_cancel(probe);
    for (int i = 0; i < 3; i++)
        event_base_loop(bench->base, EVLOOP_NONBLOCK);
    assert_int_equal(seen.callbacks, 0);
    return true;
}

/* At every stage from connecting to the end: no callback, nothing left open (ASan sees the rest).
 */
static void test_cancel(void **state) {
    (void)state;
    static const enum probe_id probes[] = {PROBE_CLASSICAL, PROBE_SUPPORTED, PROBE_ONLY_P256};
    struct bench bench = bench_open(1360, PATIENT_MS);
    int files = open_files();
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        bool cancelled = true;
        int rounds;
        for (rounds = 0; cancelled; rounds++) {
            struct tls_peer_tls tls = {.groups = "P-256", .chunk = 200};
            struct tls_peer *peer = tls_peer_new(bench.base, TLS_PEER_TLS, &tls);
            cancelled = cancel_after(&bench, probes[i], tls_peer_port(peer), rounds);
            tls_peer_free(peer);
        }
        assert_true(rounds >= 4); /* connecting, hello sent, answer half read, … */
    }
    assert_int_equal(open_files(), files);
    bench_close(&bench);
}

/* One that could not even start is cancelled like any other. */
static void test_cancel_unstarted(void **state) {
    (void)state;
    struct bench bench = bench_open(0, PATIENT_MS);
    struct err err;
    assert_true(address_policy_block(bench.policy, "127.0.0.0/8", &err));
    assert_true(cancel_after(&bench, PROBE_CLASSICAL, 1, 0));
    tls_probe_cancel(NULL);
    bench_close(&bench);
}

/* ---- many at once ---- */

#define MANY 64

static void count_result(const struct probe_result *result, void *arg) {
    int *left = arg;
    assert_int_equal(result->outcome, OUTCOME_OK);
    --*left;
}

static void test_many(void **state) {
    (void)state;
    struct bench bench = bench_open(1360, PATIENT_MS);
    struct tls_peer_tls tls = {.groups = "X25519"};
    struct tls_peer *peer = tls_peer_new(bench.base, TLS_PEER_TLS, &tls);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(tls_peer_port(peer)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int left = MANY;
    for (int i = 0; i < MANY; i++) {
        enum probe_id id = i % 2 ? PROBE_CLASSICAL : PROBE_CHOOSE;
        struct probe_shape shape = probe_plan_shape(id, GROUP_X25519MLKEM768, false, 0);
        tls_probe_start(bench.prober, &shape, (struct sockaddr *)&address, "", NULL, count_result,
                        &left);
    }
    while (left > 0)
        event_base_loop(bench.base, EVLOOP_ONCE);
    assert_int_equal(left, 0);
    assert_int_equal(tls_peer_connections(peer), MANY);
    tls_peer_free(peer);
    bench_close(&bench);
}

int main(void) {
    const char *factor = getenv("ORIGINSCAN_TEST_SLOWDOWN");
    if (factor && atoi(factor) > 0)
        slowdown = (unsigned)atoi(factor);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peers),    cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_connect_deadline),
        cmocka_unit_test(test_blocked),  cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_cap),      cmocka_unit_test(test_handshakes),
        cmocka_unit_test(test_tls12),    cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_many),     cmocka_unit_test(test_cancel_unstarted),
        cmocka_unit_test(test_patience),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
