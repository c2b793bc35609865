/* One visit whose event loop comes late again and again: what it hears then is a fact, what breaks off is nobody's fault,
 * and both are marked so that neither is counted as a trial. Time is virtual. */
#include "scanner/net/address_policy.h"
#include "scanner/net/resolver.h"
#include "scanner/probe/tls_prober.h"
#include "scanner/visit/visit.h"
#include "tests/support/tls_peer.h"
#include "tests/unit/virtual_time.h"

#include <event2/event.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct seen {
    struct event_base *base;
    struct event *busy;
    int64_t late_ms;
    bool scanned;
    struct scan scan;
    struct probe_result probes[SCAN_PROBES_MAX];
    bool deferred;
    enum visit_reason reason;
};

static void end_run(struct seen *seen) {
    event_del(seen->busy);
    event_base_loopbreak(seen->base);
}

static void on_scan(const struct scan *scan, void *arg) {
    struct seen *seen = arg;
    seen->scanned = true;
    seen->scan = *scan;
    memcpy(seen->probes, scan->probes, scan->probes_n * sizeof *scan->probes);
    seen->scan.probes = seen->probes;
    end_run(seen);
}

static void on_deferred(enum visit_reason reason, uint32_t after_ms, void *arg) {
    struct seen *seen = arg;
    (void)after_ms;
    seen->deferred = true;
    seen->reason = reason;
    end_run(seen);
}

/* As if others had had the processor for that long, whenever the loop turns. */
static void lose_time(evutil_socket_t fd, short what, void *arg) {
    struct seen *seen = arg;
    const struct timeval at_once = {0};
    (void)fd;
    (void)what;
    virtual_time.run_us += seen->late_ms * 1000;
    event_add(seen->busy, &at_once);
}

static void visit_peer(struct seen *seen, enum tls_peer_act act, int64_t late_ms) {
    struct err err;
    struct tls_peer_tls tls = {.groups = "X25519MLKEM768:X25519"};
    struct address_policy *policy = address_policy_new();
    assert_true(address_policy_allow(policy, "127.0.0.0/8", &err));
    *seen = (struct seen){.base = event_base_new(), .late_ms = late_ms};
    struct resolver_options names = {.servers = "127.0.0.1:9"};
    struct resolver *resolver = resolver_new(seen->base, &names, &err);
    struct tls_prober_options prober = {.base = seen->base, .policy = policy, .timeout_ms = 10000};
    struct tls_peer *peer = tls_peer_new(seen->base, act, &tls);
    struct visit_options options = {.base = seen->base,
                                    .prober = tls_prober_new(&prober, &err),
                                    .resolver = resolver,
                                    .hybrid = GROUP_X25519MLKEM768,
                                    .resolve_timeout_ms = 1000,
                                    .pause_min_ms = 1,
                                    .pause_max_ms = 2,
                                    .deferred = on_deferred};
    struct visit_request request = {.plan = PLAN_QUICK};
    char text[32];
    snprintf(text, sizeof text, "127.0.0.1:%u", tls_peer_port(peer));
    assert_true(origin_parse(text, 443, &request.origin, &err));
    seen->busy = evtimer_new(seen->base, lose_time, seen);
    if (late_ms > 0)
        lose_time(-1, EV_TIMEOUT, seen);
    visit_start(&options, &request, on_scan, seen);
    event_base_dispatch(seen->base);
    event_free(seen->busy);
    tls_peer_free(peer);
    tls_prober_free(options.prober);
    resolver_free(resolver);
    address_policy_free(policy);
    event_base_free(seen->base);
}

static void in_time_it_is_a_trial(void **state) {
    (void)state;
    struct seen seen;
    visit_peer(&seen, TLS_PEER_TLS, 0);
    assert_true(seen.scanned);
    assert_int_equal(seen.scan.status, STATUS_COMPLETE);
    for (size_t i = 0; i < seen.scan.probes_n; i++)
        assert_false(seen.probes[i].late);
}

static void a_good_answer_that_comes_late_is_marked(void **state) {
    (void)state;
    struct seen seen;
    visit_peer(&seen, TLS_PEER_TLS, 700);
    assert_true(seen.scanned);
    assert_int_equal(seen.scan.status, STATUS_COMPLETE);
    for (size_t i = 0; i < seen.scan.probes_n; i++) {
        assert_int_equal(seen.probes[i].outcome, OUTCOME_OK);
        assert_true(seen.probes[i].late);
    }
}

static void a_reset_that_comes_late_is_our_own_trouble(void **state) {
    (void)state;
    struct seen seen;
    visit_peer(&seen, TLS_PEER_RESET, 700);
    assert_true(seen.deferred);
    assert_int_equal(seen.reason, VISIT_NO_TIME);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_time_it_is_a_trial),
        cmocka_unit_test(a_good_answer_that_comes_late_is_marked),
        cmocka_unit_test(a_reset_that_comes_late_is_our_own_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
