/* From import over claims and commits to what operators read. */
#include "../support/store_fixture.h"
#include "store/store_read.h"
#include "store/store_schedule.h"

static struct store_claim import_and_claim(struct store *store) {
    fixture_import(store, "shop", "a.example");
    return fixture_claim(store, FIXTURE_NOW);
}

static void a_scan_fills_the_view(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct store_claim claim = import_and_claim(store);
    assert_string_equal(claim.origin.zone, "shop");
    assert_string_equal(claim.origin.sni, "a.example");
    assert_int_equal(claim.visits, 0);
    assert_int_equal(claim.plan, PLAN_DAILY);
    FIXTURE_SQL_IS(fixture, "SELECT in_flight FROM v_backlog", "1\n");
    struct fixture_scan made;
    fixture_ready(&made, &claim.origin, FIXTURE_NOW);
    made.judgement.groups[JUDGED_DRAFT] = TRUTH_UNKNOWN;
    fixture_commit(store, claim.origin_id, &made);
    FIXTURE_SQL_IS(fixture,
                   "SELECT zone, host, port, address, status, verdict, tls_version,"
                   " preferred_group, group_order, x25519, p256, p384, p521, hybrid,"
                   " draft, off_works, supported_works, preferred_works, off_retry,"
                   " supported_retry, preferred_retry, scanned_at FROM v_origin",
                   "shop|a.example|443|192.0.2.7|complete|ready|TLSv1.3|X25519MLKEM768|server|1|1|0"
                   "|0|1|NULL|1|1|1|0|1|0|2026-11-23T15:00:00.123Z\n");
    FIXTURE_SQL_IS(fixture, "SELECT in_flight FROM v_backlog", "0\n");
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM v_failure", "0\n");
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM v_change", "0\n");
    store_close(store);
}

static void an_inconclusive_scan_changes_only_status_and_time(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct store_claim claim = import_and_claim(store);
    struct fixture_scan made;
    fixture_ready(&made, &claim.origin, FIXTURE_NOW);
    fixture_commit(store, claim.origin_id, &made);
    static const char FACTS[] =
        "SELECT verdict, tls_version, preferred_group, group_order, x25519, p256, p384, p521,"
        " hybrid, draft, off_works, supported_works, preferred_works, off_retry, supported_retry,"
        " preferred_retry FROM v_origin";
    char *facts = fixture_sql(fixture, FACTS);

    int64_t at = FIXTURE_NOW + 3 * FIXTURE_DAY;
    fixture_claim(store, at);
    fixture_unreachable(&made, &claim.origin, at);
    fixture_commit(store, claim.origin_id, &made);
    FIXTURE_SQL_IS(fixture, FACTS, facts);
    FIXTURE_SQL_IS(fixture, "SELECT status, scanned_at FROM v_origin",
                   "unreachable|2026-11-26T15:00:00.123Z\n");
    FIXTURE_SQL_IS(fixture,
                   "SELECT zone, host, port, verdict, probe, outcome, stage, alert, detail,"
                   " scanned_at FROM v_failure",
                   "shop|a.example|443|unreachable|classical|refused|connect|NULL|NULL|"
                   "2026-11-26T15:00:00.123Z\n");
    FIXTURE_SQL_IS(fixture, "SELECT subject, field, old, new, reason FROM v_change",
                   "a.example:443|status|complete|unreachable|classical: refused at connect\n");
    FIXTURE_SQL_IS(fixture, "SELECT origins FROM v_group_share LIMIT 1", "0\n");

    at += 2 * FIXTURE_HOUR; /* complete, but a probe flapped */
    fixture_claim(store, at);
    fixture_ready(&made, &claim.origin, at);
    made.judgement.verdict = VERDICT_UNSTABLE;
    made.judgement.verdicts |= UINT64_C(1) << VERDICT_UNSTABLE;
    made.judgement.groups[JUDGED_X25519] = TRUTH_FALSE;
    fixture_commit(store, claim.origin_id, &made);
    FIXTURE_SQL_IS(fixture, FACTS, facts);
    FIXTURE_SQL_IS(fixture, "SELECT status FROM v_origin", "complete\n");
    free(facts);
    store_close(store);
}

static void an_origin_that_never_answered_shows_why(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct store_claim claim = import_and_claim(store);
    struct fixture_scan made;
    fixture_unreachable(&made, &claim.origin, FIXTURE_NOW);
    fixture_commit(store, claim.origin_id, &made);
    FIXTURE_SQL_IS(fixture, "SELECT status, verdict, x25519 FROM v_origin",
                   "unreachable|unreachable|NULL\n");
    store_close(store);
}

static void changes_are_written_with_their_reason(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct store_claim claim = import_and_claim(store);
    struct fixture_scan made;
    fixture_ready(&made, &claim.origin, FIXTURE_NOW);
    fixture_commit(store, claim.origin_id, &made);
    int64_t at = FIXTURE_NOW + 2 * FIXTURE_DAY;
    fixture_claim(store, at);
    fixture_ready(&made, &claim.origin, at);
    made.judgement.verdict = VERDICT_SPLIT_HELLO;
    made.judgement.modes[MODE_PREFERRED] = (struct mode_fact){TRUTH_FALSE, 0, TRUTH_UNKNOWN};
    made.probes[2].outcome = OUTCOME_RESET;
    made.probes[2].stage = STAGE_HELLO;
    strcpy(made.probes[2].detail, "ECONNRESET");
    made.probes[6].outcome = OUTCOME_ALERT; /* a no, not a failure */
    made.probes[6].alert = 40;
    made.probes[3].outcome = OUTCOME_ALERT;
    made.probes[3].alert = 40;
    fixture_commit(store, claim.origin_id, &made);
    FIXTURE_SQL_IS(fixture, "SELECT changed_at, field, old, new, reason FROM v_change",
                   "2026-11-25T15:00:00.123Z|verdict|ready|split-hello|scan says split-hello\n"
                   "2026-11-25T15:00:00.123Z|preferred_works|1|0|scan says split-hello\n"
                   "2026-11-25T15:00:00.123Z|preferred_retry|0|NULL|scan says split-hello\n");
    FIXTURE_SQL_IS(fixture, "SELECT probe, outcome, stage, alert, detail FROM v_failure",
                   "preferred|reset|hello|NULL|ECONNRESET\n"
                   "preferred-dual|alert|done|40|NULL\n");
    store_close(store);
}

struct kept {
    int n;
    int64_t started_ms[100];
    struct fixture_scan *like;
};

static bool keep(void *arg, const struct scan *scan) {
    struct kept *kept = arg;
    const struct scan *like = &kept->like->scan;
    assert_string_equal(scan->origin.host, like->origin.host);
    assert_string_equal(scan->address, like->address);
    assert_int_equal(scan->probes_n, like->probes_n);
    assert_int_equal(scan->hybrid, like->hybrid);
    for (int i = 0; i < like->probes_n; i++) {
        assert_int_equal(scan->probes[i].tcp.rtt_us, like->probes[i].tcp.rtt_us);
        assert_memory_equal(scan->probes[i].leaf_sha256, like->probes[i].leaf_sha256, 32);
    }
    kept->started_ms[kept->n++] = scan->started_ms;
    return true;
}

static void history_comes_back_oldest_first(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct store_claim claim = import_and_claim(store);
    struct fixture_scan made;
    for (int day = 0; day < 10; day++) {
        if (day)
            fixture_claim(store, FIXTURE_NOW + 2 * day * FIXTURE_DAY);
        fixture_ready(&made, &claim.origin, FIXTURE_NOW + 2 * day * FIXTURE_DAY);
        fixture_commit(store, claim.origin_id, &made);
    }
    struct kept kept = {.like = &made};
    FIXTURE_OK(store_history(store, claim.origin_id, 1000, keep, &kept, &err));
    assert_int_equal(kept.n, 10);
    for (int day = 0; day < 10; day++)
        assert_int_equal(kept.started_ms[day], FIXTURE_NOW + 2 * day * FIXTURE_DAY);
    kept.n = 0;
    FIXTURE_OK(store_history(store, claim.origin_id, 3, keep, &kept, &err));
    assert_int_equal(kept.n, 3);
    assert_int_equal(kept.started_ms[2], FIXTURE_NOW + 18 * FIXTURE_DAY);
    kept.n = 0;
    FIXTURE_OK(store_history(store, 4711, 3, keep, &kept, &err));
    assert_int_equal(kept.n, 0);
    store_close(store);
}

static void a_scan_that_was_not_claimed_is_not_stored(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct store_claim claim = import_and_claim(store);
    struct fixture_scan made;
    fixture_ready(&made, &claim.origin, FIXTURE_NOW);
    struct store_finished twice[] = {
        {.origin_id = claim.origin_id, .scan = &made.scan, .judgement = &made.judgement},
        {.origin_id = claim.origin_id, .scan = &made.scan, .judgement = &made.judgement},
        {.origin_id = 4711, .scan = &made.scan, .judgement = &made.judgement},
    };
    struct store_commit commit = {.finished = twice, .n = 3, .now_ms = FIXTURE_NOW};
    FIXTURE_OK(store_commit(store, &commit, &err));
    assert_int_equal(commit.stored, 1);
    assert_int_equal(commit.not_ours, 2);
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM scan", "1\n");
    store_close(store);
}

static void claims_come_in_due_order_and_once(void **state) {
    struct fixture *fixture = *state;
    enum { N = 300 };
    struct store *store = fixture_open(fixture, STORE_CREATE);
    for (int i = 0; i < N; i++) {
        char host[32];
        snprintf(host, sizeof host, "host%d.example", i);
        fixture_import(store, host, host);
    }
    static struct store_claim claims[N + 1];
    size_t n = 0, got;
    FIXTURE_OK(store_claim(store, FIXTURE_NOW, N, claims, &got, &err));
    assert_int_equal(got, 0); /* all are due later: spread over the period */
    int64_t noon = FIXTURE_NOW + FIXTURE_DAY / 2;
    FIXTURE_OK(store_claim(store, noon, N, claims, &got, &err));
    assert_in_range(got, N * 2 / 5, N * 3 / 5);
    n = got;
    struct store_backlog backlog;
    FIXTURE_OK(store_backlog(store, noon, &backlog, &err));
    assert_int_equal(backlog.due_now, n);
    assert_int_equal(backlog.in_flight, n);
    assert_int_equal(backlog.oldest_due_ms, claims[0].due_ms);
    assert_true(backlog.next_due_ms > noon);
    while (n < N) { /* and the others, in their order too */
        FIXTURE_OK(store_claim(store, noon + FIXTURE_DAY, 7, claims + n, &got, &err));
        assert_true(got > 0);
        n += got;
    }
    for (size_t i = 1; i < N; i++)
        assert_true(claims[i - 1].due_ms <= claims[i].due_ms);
    FIXTURE_OK(store_claim(store, noon + 9 * FIXTURE_DAY, 7, claims, &got, &err));
    assert_int_equal(got, 0);
    store_close(store);
    store = fixture_open(fixture, STORE_WRITE); /* leases end with the process */
    FIXTURE_OK(store_claim(store, noon + FIXTURE_DAY, N + 1, claims, &got, &err));
    assert_int_equal(got, N);
    struct store_deferral later[] = {{claims[3].origin_id, 0}, {claims[5].origin_id, 0}};
    FIXTURE_OK(store_defer(store, later, 2, &err));
    FIXTURE_OK(store_claim(store, noon + FIXTURE_DAY, N + 1, claims, &got, &err));
    assert_int_equal(got, 2);
    assert_int_equal(claims[1].origin_id, later[1].origin_id);
    store_close(store);
}

static int64_t due_of(const struct fixture *fixture) {
    char *said = fixture_sql(fixture, "SELECT due_at FROM origin");
    int64_t due = strtoll(said, NULL, 10);
    free(said);
    return due;
}

static void failures_back_off(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    fixture_import(store, "shop", "a.example");
    struct store_claim claim = fixture_claim(store, FIXTURE_NOW + 2 * FIXTURE_DAY); /* a slot */
    struct fixture_scan made;
    int64_t at = claim.due_ms;
    const int64_t hours[] = {1, 6};
    for (int i = 0; i < 2; i++) {
        if (i)
            fixture_claim(store, at);
        fixture_unreachable(&made, &claim.origin, at);
        fixture_commit(store, claim.origin_id, &made);
        assert_int_equal(due_of(fixture), at + hours[i] * FIXTURE_HOUR);
        at = due_of(fixture);
    }
    fixture_claim(store, at);
    fixture_ready(&made, &claim.origin, at);
    fixture_commit(store, claim.origin_id, &made);
    int64_t back = due_of(fixture) - claim.due_ms; /* on its phase again, to the jitter */
    assert_true(llabs(back - FIXTURE_DAY) <= FIXTURE_DAY / 100 + 1);
    store_close(store);
}

static void wish_for_another(void *arg, struct store *store, struct store_observed *observed) {
    (void)arg, (void)store;
    observed->extra_after_ms = 3 * FIXTURE_HOUR;
}

static void extra_visits_are_quick_ones(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    fixture_import(store, "shop", "a.example");
    struct store_claim claim = fixture_claim(store, FIXTURE_NOW + 2 * FIXTURE_DAY); /* a slot */
    struct fixture_scan made;
    fixture_ready(&made, &claim.origin, claim.due_ms);
    struct store_finished finished = {
        .origin_id = claim.origin_id, .scan = &made.scan, .judgement = &made.judgement};
    struct store_commit commit = {
        .finished = &finished, .n = 1, .now_ms = claim.due_ms, .observe = wish_for_another};
    FIXTURE_OK(store_commit(store, &commit, &err));
    claim = fixture_claim(store, claim.due_ms + 3 * FIXTURE_HOUR);
    assert_int_equal(claim.plan, PLAN_QUICK);
    fixture_ready(&made, &claim.origin, claim.due_ms);
    made.scan.plan = PLAN_QUICK;
    for (int i = 0; i < JUDGED_GROUPS; i++)
        made.judgement.groups[i] = TRUTH_UNKNOWN;
    made.judgement.verdict = VERDICT_CLASSICAL;
    fixture_commit(store, claim.origin_id, &made);
    FIXTURE_SQL_IS(fixture, "SELECT verdict, x25519, p521 FROM v_origin", "ready|1|0\n");
    assert_int_equal(fixture_claim(store, due_of(fixture)).plan, PLAN_DAILY);
    store_close(store);
}

/* A fault that a short visit between two full ones meets is for the rule. */
static void an_extra_visit_rewrites_no_verdict(void **state) {
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
    static const char ROW[] = "SELECT address, status, verdict, preferred_works, scanned_at,"
                              " (SELECT count(*) FROM v_failure) FROM v_origin";
    char *before = fixture_sql(fixture, ROW);

    claim = fixture_claim(store, claim.due_ms + 3 * FIXTURE_HOUR);
    assert_int_equal(claim.plan, PLAN_QUICK);
    fixture_ready(&made, &claim.origin, claim.due_ms);
    made.scan.plan = PLAN_QUICK;
    strcpy(made.scan.address, "192.0.2.8");
    made.judgement.verdict = VERDICT_SPLIT_HELLO;
    made.judgement.modes[MODE_PREFERRED].works = TRUTH_FALSE;
    made.probes[2].outcome = OUTCOME_RESET;
    fixture_commit(store, claim.origin_id, &made);
    FIXTURE_SQL_IS(fixture, ROW, before);
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM v_change", "0\n");
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM scan", "2\n");
    free(before);

    claim = fixture_claim(store, due_of(fixture));
    assert_int_equal(claim.plan, PLAN_DAILY);
    made.scan.plan = PLAN_DAILY;
    made.scan.started_ms = claim.due_ms;
    fixture_commit(store, claim.origin_id, &made);
    FIXTURE_SQL_IS(fixture, "SELECT verdict FROM v_origin", "split-hello\n");
    FIXTURE_SQL_IS(fixture,
                   "SELECT v_failure.verdict, v_failure.scanned_at = v_origin.scanned_at"
                   " FROM v_failure JOIN v_origin",
                   "split-hello|1\n");
    store_close(store);
}

static void a_wrong_clock_is_repaired(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct store_claim claim = import_and_claim(store);
    struct fixture_scan made;
    fixture_ready(&made, &claim.origin, FIXTURE_NOW + 100 * FIXTURE_DAY);
    fixture_commit(store, claim.origin_id, &made);
    uint64_t repaired;
    FIXTURE_OK(store_repair_due(store, FIXTURE_NOW, &repaired, &err));
    assert_int_equal(repaired, 1);
    assert_true(due_of(fixture) > FIXTURE_NOW && due_of(fixture) < FIXTURE_NOW + 2 * FIXTURE_DAY);
    FIXTURE_OK(store_repair_due(store, FIXTURE_NOW, &repaired, &err));
    assert_int_equal(repaired, 0);
    store_close(store);
}

/* Commits a scan of one of several addresses of the name. */
static void commit_address(struct store *store, int64_t origin_id, struct fixture_scan *made,
                           const char *address, const char (*all)[ORIGIN_ADDRESS_SIZE], size_t n) {
    snprintf(made->scan.address, sizeof made->scan.address, "%s", address);
    struct store_finished finished = {.origin_id = origin_id,
                                      .scan = &made->scan,
                                      .judgement = &made->judgement,
                                      .addresses = all,
                                      .addresses_n = n};
    struct store_commit commit = {.finished = &finished, .n = 1, .now_ms = made->scan.started_ms};
    FIXTURE_OK(store_commit(store, &commit, &err));
    assert_int_equal(commit.stored, 1);
}

static void the_worst_address_counts_until_it_is_gone(void **state) {
    struct fixture *fixture = *state;
    static const char all[][ORIGIN_ADDRESS_SIZE] = {"192.0.2.1", "192.0.2.2", "192.0.2.3"};
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct store_claim claim = import_and_claim(store);
    struct fixture_scan made;
    int64_t at = FIXTURE_NOW;
    fixture_ready(&made, &claim.origin, at);
    made.judgement.verdict = VERDICT_SPLIT_HELLO;
    made.judgement.modes[MODE_PREFERRED].works = TRUTH_FALSE;
    commit_address(store, claim.origin_id, &made, all[0], all, 3);
    FIXTURE_SQL_IS(fixture,
                   "SELECT group_concat(address || (judgement IS NOT NULL), ' ')"
                   " FROM origin_address",
                   "192.0.2.11 192.0.2.20 192.0.2.30\n");
    for (int day = 1; day <= 8; day++) { /* the first address has gone from the name's records */
        at = FIXTURE_NOW + day * FIXTURE_DAY + FIXTURE_DAY / 2;
        claim = fixture_claim(store, at);
        assert_int_equal(claim.visits, day);
        fixture_ready(&made, &claim.origin, at);
        commit_address(store, claim.origin_id, &made, all[1 + day % 2], all + 1, 2);
        FIXTURE_SQL_IS(fixture, "SELECT verdict, preferred_works, p256 FROM v_origin",
                       day < 7 ? "split-hello|0|1\n" : "ready|1|1\n");
    }
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM origin_address", "2\n");
    store_close(store);
}

#define ROW "SELECT address, verdict, scanned_at FROM v_origin"

static void the_row_is_that_of_the_address_that_decides(void **state) {
    struct fixture *fixture = *state;
    static const char all[][ORIGIN_ADDRESS_SIZE] = {"192.0.2.1", "192.0.2.2"};
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct store_claim claim = import_and_claim(store);
    struct fixture_scan made;
    fixture_ready(&made, &claim.origin, FIXTURE_NOW);
    commit_address(store, claim.origin_id, &made, all[0], all, 2);
    FIXTURE_SQL_IS(fixture, ROW, "192.0.2.1|ready|2026-11-23T15:00:00.123Z\n");
    static const struct {
        int address;
        enum verdict verdict;
        const char *row;
    } days[] = {
        {1, VERDICT_SIZE_LIMIT, "192.0.2.2|size-limit|2026-11-25T03:00:00.123Z\n"},
        {0, VERDICT_READY, "192.0.2.2|size-limit|2026-11-25T03:00:00.123Z\n"}, /* still */
        {0, VERDICT_SPLIT_HELLO, "192.0.2.1|split-hello|2026-11-27T03:00:00.123Z\n"},
        {1, VERDICT_READY, "192.0.2.1|split-hello|2026-11-27T03:00:00.123Z\n"},
        {0, VERDICT_READY, "192.0.2.1|ready|2026-11-29T03:00:00.123Z\n"},
    };
    for (int day = 1; day <= 5; day++) {
        int64_t at = FIXTURE_NOW + day * FIXTURE_DAY + FIXTURE_DAY / 2;
        claim = fixture_claim(store, at);
        fixture_ready(&made, &claim.origin, at);
        made.judgement.verdict = days[day - 1].verdict;
        commit_address(store, claim.origin_id, &made, all[days[day - 1].address], all, 2);
        FIXTURE_SQL_IS(fixture, ROW, days[day - 1].row);
    }
    store_close(store);
}

static void a_visit_of_all_addresses_ends_with_the_last(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct store_claim claim = import_and_claim(store);
    struct fixture_scan first, second;
    fixture_ready(&first, &claim.origin, FIXTURE_NOW);
    fixture_unreachable(&second, &claim.origin, FIXTURE_NOW + 500);
    struct store_finished finished[] = {
        {.origin_id = claim.origin_id,
         .scan = &first.scan,
         .judgement = &first.judgement,
         .more = true},
        {.origin_id = claim.origin_id, .scan = &second.scan, .judgement = &second.judgement},
    };
    struct store_commit commit = {.finished = finished, .n = 1, .now_ms = FIXTURE_NOW};
    FIXTURE_OK(store_commit(store, &commit, &err));
    FIXTURE_SQL_IS(fixture, "SELECT in_flight FROM v_backlog", "1\n");
    commit.finished = finished + 1;
    FIXTURE_OK(store_commit(store, &commit, &err));
    FIXTURE_SQL_IS(fixture, "SELECT in_flight FROM v_backlog", "0\n");
    FIXTURE_SQL_IS(fixture, "SELECT visits, kept, failures FROM origin", "2|2|0\n");
    store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_scan_fills_the_view),
        FIXTURE_TEST(an_inconclusive_scan_changes_only_status_and_time),
        FIXTURE_TEST(an_origin_that_never_answered_shows_why),
        FIXTURE_TEST(changes_are_written_with_their_reason),
        FIXTURE_TEST(history_comes_back_oldest_first),
        FIXTURE_TEST(a_scan_that_was_not_claimed_is_not_stored),
        FIXTURE_TEST(claims_come_in_due_order_and_once),
        FIXTURE_TEST(failures_back_off),
        FIXTURE_TEST(extra_visits_are_quick_ones),
        FIXTURE_TEST(an_extra_visit_rewrites_no_verdict),
        FIXTURE_TEST(a_wrong_clock_is_repaired),
        FIXTURE_TEST(the_worst_address_counts_until_it_is_gone),
        FIXTURE_TEST(the_row_is_that_of_the_address_that_decides),
        FIXTURE_TEST(a_visit_of_all_addresses_ends_with_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
