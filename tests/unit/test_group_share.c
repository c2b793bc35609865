/* v_group_share: of which origins a group's share is, and which groups have one. A report, which counts
 * them itself, says the same. */
#include "../support/store_fixture.h"
#include "cmd/settle/fleet_view.h"
#include "scanner/base/array.h"

#include <inttypes.h>

static void assert_report_says_the_same(const struct fixture *fixture, struct store *store) {
    struct err why;
    char *said;
    size_t said_n;
    struct fleet_report *report = fleet_view_read(store, FIXTURE_NOW, FIXTURE_NOW, &why);
    assert_non_null(report);
    FILE *out = open_memstream(&said, &said_n);
    for (size_t i = 0; i < report->groups_n; i++) {
        const struct fleet_report_group *group = &report->groups[i];
        char name[GROUP_NAME_SIZE];
        fprintf(out, "%s|%" PRIu64 "|%" PRIu64 "|%" PRIu64 "\n", group_name(group->group, name),
                group->origins, group->supported, group->preferred);
    }
    fclose(out);
    FIXTURE_SQL_IS(fixture, "SELECT group_name, origins, supported, preferred FROM v_group_share",
                   said);
    free(said);
    fleet_report_free(report);
}

/* The i-th of the origins, new and claimed, and a scan of it that finds it sound. */
static struct store_claim begin_scan(struct store *store, size_t i, struct fixture_scan *made) {
    char host[32];
    snprintf(host, sizeof host, "h%zu.example", i);
    fixture_import(store, "z", host);
    struct store_claim claim = fixture_claim(store, FIXTURE_NOW);
    fixture_ready(made, &claim.origin, FIXTURE_NOW);
    return claim;
}

static void shares_count_what_is_there(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    for (size_t i = 0; i < 10; i++) {
        struct fixture_scan made;
        struct store_claim claim = begin_scan(store, i, &made);
        made.judgement.groups[JUDGED_HYBRID] = i < 3 ? TRUTH_TRUE : TRUTH_FALSE;
        made.judgement.groups[JUDGED_P256] = i < 8 ? TRUTH_TRUE : TRUTH_UNKNOWN;
        made.judgement.preferred_group = i < 3 ? 4588 : i < 4 ? 23 : 29;
        if (i == 9)
            fixture_unreachable(&made, &claim.origin, FIXTURE_NOW);
        fixture_commit(store, claim.origin_id, &made);
    }
    FIXTURE_SQL_IS(fixture,
                   "SELECT group_name, origins, supported, round(supported_fraction, 4),"
                   " preferred, round(preferred_fraction, 4) FROM v_group_share",
                   "X25519|9|9|1.0|5|0.5556\n"
                   "P-256|8|8|1.0|1|0.125\n"
                   "P-384|9|0|0.0|0|0.0\n"
                   "P-521|9|0|0.0|0|0.0\n"
                   "X25519MLKEM768|9|3|0.3333|3|0.3333\n"
                   "X25519Kyber768Draft00|9|0|0.0|0|0.0\n");
    fixture_import(store, "y", "h1.example"); /* one that is in two zones counts once */
    assert_report_says_the_same(fixture, store);
    store_close(store);
}

/* Its share is of the origins of which it is known; a group that nobody has has no row. */
static void other_groups_have_a_row_where_an_origin_has_them(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    static const enum truth p256[] = {TRUTH_TRUE, TRUTH_TRUE, TRUTH_FALSE, TRUTH_FALSE,
                                      TRUTH_UNKNOWN};
    for (size_t i = 0; i < COUNT_OF(p256); i++) {
        struct fixture_scan made;
        struct store_claim claim = begin_scan(store, i, &made);
        made.judgement.others_n = 2;
        made.judgement.other_ids[0] = GROUP_MLKEM768;
        made.judgement.others[0] = TRUTH_FALSE;
        made.judgement.other_ids[1] = GROUP_SECP256R1MLKEM768;
        made.judgement.others[1] = p256[i];
        if (i == 0)
            made.judgement.preferred_group = GROUP_SECP256R1MLKEM768;
        fixture_commit(store, claim.origin_id, &made);
    }
    FIXTURE_SQL_IS(fixture,
                   "SELECT group_name, origins, supported, supported_fraction, preferred"
                   " FROM v_group_share LIMIT -1 OFFSET 6",
                   "SecP256r1MLKEM768|4|2|0.5|1\n");
    assert_report_says_the_same(fixture, store);
    fixture_write_sql(fixture->path, "UPDATE origin SET others = others | (56 << 8) | 56,"
                                     " preferred_group = iif(id % 2, 513, 512)");
    assert_report_says_the_same(fixture, store); /* with several rows of such groups */
    fixture_write_sql(fixture->path, "UPDATE meta SET value = 513 WHERE key = 'hybrid'");
    assert_report_says_the_same(fixture, store); /* one of which has become the hybrid */
    /* what is known of an origin outlives a visit at which it could not be reached */
    struct store_claim claims[COUNT_OF(p256)];
    int64_t later = FIXTURE_NOW + 2 * FIXTURE_DAY;
    fixture_claim_some(store, later, COUNT_OF(claims), claims);
    struct fixture_scan made;
    fixture_unreachable(&made, &claims[0].origin, later);
    fixture_commit(store, claims[0].origin_id, &made);
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM origin WHERE others IS NOT NULL", "5\n");
    store_close(store);
}

static void shares_of_an_older_file_leave_out_what_is_not_known(void **state) {
    struct fixture *fixture = *state;
    enum { STEPS_BEFORE = 14 }; /* "shares of the origins of which a group is known" is the next */
    fixture_make_older(fixture, STEPS_BEFORE);
    fixture_write_sql(fixture->path,
                      "INSERT INTO origin (id, host, port, sni, address, due_at, status, p256)"
                      " VALUES (1, 'a.example', 443, '=', '', 1, 'complete', 1),"
                      " (2, 'b.example', 443, '=', '', 1, 'complete', NULL)");
    store_close(fixture_open(fixture, STORE_WRITE));
    FIXTURE_SQL_IS(fixture,
                   "SELECT group_name, origins, supported_fraction FROM v_group_share"
                   " WHERE group_name = 'P-256' OR origins > 0",
                   "P-256|1|1.0\n");
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM origin WHERE others IS NULL", "2\n");
}

static void an_older_view_is_told_who_prefers_another_group(void **state) {
    struct fixture *fixture = *state;
    enum { STEPS_BEFORE = 16 }; /* "who prefers another post-quantum group" is the next */
    fixture_make_older(fixture, STEPS_BEFORE);
    fixture_write_sql(fixture->path,
                      "INSERT INTO origin (id, host, port, sni, address, due_at, status,"
                      " preferred_group, others)"
                      " VALUES (1, 'a.example', 443, '=', '', 1, 'complete', 4587, 514),"
                      " (2, 'b.example', 443, '=', '', 1, 'complete', 29, 514)");
    store_close(fixture_open(fixture, STORE_WRITE));
    FIXTURE_SQL_IS(fixture,
                   "SELECT group_name, origins, supported, preferred, preferred_fraction"
                   " FROM v_group_share LIMIT -1 OFFSET 6",
                   "SecP256r1MLKEM768|2|2|1|0.5\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(shares_count_what_is_there),
        FIXTURE_TEST(other_groups_have_a_row_where_an_origin_has_them),
        FIXTURE_TEST(shares_of_an_older_file_leave_out_what_is_not_known),
        FIXTURE_TEST(an_older_view_is_told_who_prefers_another_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
