/* How long an origin's handshakes take, as commits keep it. */
#include "../support/store_fixture.h"
#include "store/store_schedule.h"

static const char TIMES[] = "SELECT handshake_us, connect_us FROM origin";

static struct store_claim import_and_claim(struct store *store) {
    fixture_import(store, "shop", "a.example");
    return fixture_claim(store, FIXTURE_NOW);
}

/* Of the probes that finish a handshake the quicker of the two in the middle, whatever comes between. */
static void the_median_handshake_is_kept(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct store_claim claim = import_and_claim(store);
    struct fixture_scan made;
    FIXTURE_SQL_IS(fixture, TIMES, "NULL|NULL\n");
    fixture_ready(&made, &claim.origin, FIXTURE_NOW);
    made.probes[PROBE_CLASSICAL].duration_us = 1000000; /* a segment was lost */
    made.probes[PROBE_PREFERRED].connect_us = 10000;
    made.probes[PROBE_PREFERRED].duration_us = 35000;
    made.probes[PROBE_CLOSING].outcome = OUTCOME_RESET;
    made.probes[PROBE_ONLY_P256].duration_us = 20100; /* ends at the first answer */
    fixture_commit(store, claim.origin_id, &made);
    FIXTURE_SQL_IS(fixture, TIMES, "40002|20011\n"); /* of `supported` */

    int64_t at = FIXTURE_NOW + 3 * FIXTURE_DAY; /* what does not answer has no new time */
    fixture_claim(store, at);
    fixture_unreachable(&made, &claim.origin, at);
    fixture_commit(store, claim.origin_id, &made);
    FIXTURE_SQL_IS(fixture, TIMES, "40002|20011\n");

    at += 2 * FIXTURE_DAY; /* nothing that is asked is finished any more */
    fixture_claim(store, at);
    fixture_ready(&made, &claim.origin, at);
    for (int i = 0; i < 11; i++)
        made.probes[i].outcome = OUTCOME_ALERT;
    fixture_commit(store, claim.origin_id, &made);
    FIXTURE_SQL_IS(fixture, TIMES, "NULL|NULL\n");
    store_close(store);
}

static void wish_for_another(void *arg, struct store *store, struct store_observed *observed) {
    (void)arg, (void)store;
    observed->extra_after_ms = 3 * FIXTURE_HOUR;
}

/* The report is about full scans, which all origins have. */
static void an_extra_visit_leaves_the_time(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    fixture_import(store, "shop", "a.example");
    struct store_claim claim = fixture_claim(store, FIXTURE_NOW + 2 * FIXTURE_DAY);
    struct fixture_scan made;
    fixture_ready(&made, &claim.origin, claim.due_ms);
    struct store_finished finished = {
        .origin_id = claim.origin_id, .scan = &made.scan, .judgement = &made.judgement};
    struct store_commit commit = {
        .finished = &finished, .n = 1, .now_ms = claim.due_ms, .observe = wish_for_another};
    FIXTURE_OK(store_commit(store, &commit, &err));
    FIXTURE_SQL_IS(fixture, TIMES, "40002|20011\n");

    claim = fixture_claim(store, claim.due_ms + 3 * FIXTURE_HOUR);
    fixture_ready(&made, &claim.origin, claim.due_ms);
    made.scan.plan = PLAN_QUICK;
    for (int i = 0; i < 11; i++)
        made.probes[i].duration_us = 500000;
    fixture_commit(store, claim.origin_id, &made);
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM scan", "2\n");
    FIXTURE_SQL_IS(fixture, TIMES, "40002|20011\n");
    store_close(store);
}

/* Retries count; what drill-down sends and a session that is resumed do not. */
static void no_other_handshake_counts(void **state) {
    (void)state;
    struct fixture_scan made;
    const struct origin origin = {.host = "a.example", .port = 443};
    fixture_ready(&made, &origin, FIXTURE_NOW);
    made.scan.probes_n = 3;
    made.probes[0].duration_us = 90000;
    made.probes[0].retry = true;
    made.probes[1].probe = PROBE_SMALL_MSS;
    made.probes[2].probe = PROBE_RESUMED;
    made.probes[2].resumed = true;
    assert_ptr_equal(scan_median_handshake(&made.scan), &made.probes[0]);
    assert_int_equal(probe_result_handshake_us(&made.probes[0]), 70000);
    made.probes[0].connect_us = 0; /* as where it never stood */
    assert_null(scan_median_handshake(&made.scan));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(the_median_handshake_is_kept),
        FIXTURE_TEST(an_extra_visit_leaves_the_time),
        cmocka_unit_test(no_other_handshake_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
