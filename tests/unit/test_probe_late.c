/* One probe whose event loop stands still meanwhile: our own slowness is no evidence. Time is virtual. */
#include "scanner/base/clock.h"
#include "scanner/net/address_policy.h"
#include "scanner/probe/tls_probe.h"

#include "tests/support/tls_peer.h"
#include "tests/unit/virtual_time.h"

#include <event2/event.h>

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { TIMEOUT_MS = 300 };

struct seen {
    struct event_base *base;
    struct probe_result result;
    unsigned took_ms;
};

static void on_result(const struct probe_result *result, void *arg) {
    struct seen *seen = arg;
    seen->result = *result;
    event_base_loopbreak(seen->base);
}

static void hold_up(evutil_socket_t fd, short what, void *arg) {
    const unsigned *ms = arg;
    (void)fd;
    (void)what;
    virtual_time.run_us += *ms * INT64_C(1000);
}

/* Probes the peer while the loop is held up for so long, at once or again and again. */
static void probe_peer(const struct tls_prober_options *options, enum tls_peer_act act, unsigned ms,
                       bool again, struct seen *seen) {
    struct err err;
    struct tls_peer_tls tls = {.groups = "X25519"};
    struct tls_prober *prober = tls_prober_new(options, &err);
    struct tls_peer *peer = tls_peer_new(options->base, act, &tls);
    struct event *busy = event_new(options->base, -1, again ? EV_PERSIST : 0, hold_up, &ms);
    const struct timeval soon = {.tv_usec = 1000};
    struct probe_shape shape =
        probe_plan_shape(PROBE_CLASSICAL, GROUP_X25519MLKEM768, GROUP_NONE, GROUP_NONE);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(tls_peer_port(peer)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    uint64_t started_us = clock_mono_us();
    tls_probe_start(prober, &shape, (struct sockaddr *)&address, "", NULL, on_result, seen);
    event_active(busy, EV_TIMEOUT, 0);
    if (again)
        event_add(busy, &soon);
    event_base_dispatch(options->base);
    seen->took_ms = (unsigned)((clock_mono_us() - started_us) / 1000);
    event_free(busy);
    tls_peer_free(peer);
    tls_prober_free(prober);
}

static struct seen run_late(enum tls_peer_act act, unsigned ms, bool again) {
    struct err err;
    struct seen seen = {.base = event_base_new()};
    struct address_policy *policy = address_policy_new();
    assert_true(address_policy_allow(policy, "127.0.0.0/8", &err));
    struct tls_prober_options options = {
        .base = seen.base, .policy = policy, .timeout_ms = TIMEOUT_MS};
    probe_peer(&options, act, ms, again, &seen);
    address_policy_free(policy);
    event_base_free(seen.base);
    return seen;
}

/* The peer is given its time, not the time in which nobody listened to it. */
static void an_answer_is_heard_late(void **state) {
    (void)state;
    struct seen seen = run_late(TLS_PEER_TLS, 2 * TIMEOUT_MS, false);
    assert_int_equal(seen.result.outcome, OUTCOME_OK);
}

static void silence_is_listened_to_in_full(void **state) {
    (void)state;
    struct seen seen = run_late(TLS_PEER_SILENT, 2 * TIMEOUT_MS, false);
    assert_int_equal(seen.result.outcome, OUTCOME_TIMEOUT);
    assert_in_range(seen.took_ms, 2 * TIMEOUT_MS + TIMEOUT_MS / 2,
                    3 * TIMEOUT_MS + TIMEOUT_MS / 10);
}

/* Where nearly all of the time is lost it is our trouble. */
static void starved_it_is_cancelled(void **state) {
    (void)state;
    struct seen seen = run_late(TLS_PEER_SILENT, 3 * TIMEOUT_MS, true);
    assert_int_equal(seen.result.outcome, OUTCOME_CANCELLED);
    assert_string_equal(seen.result.detail, PROBE_RESULT_STARVED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_heard_late),
        cmocka_unit_test(silence_is_listened_to_in_full),
        cmocka_unit_test(starved_it_is_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
