/* Importing: again, in parts, all or nothing, with contradictions; removing. */
#include "../support/store_fixture.h"
#include "store/store_import.h"
#include "store/store_read.h"
#include "store/store_remove.h"
#include "store/store_schedule.h"

#define WEIGHTS                                                                                    \
    "SELECT z.name, host, weight FROM origin o JOIN membership ON origin_id = o.id"                \
    " JOIN zone z ON z.id = zone_id"

static void importing_again_updates_and_never_duplicates(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct origin origins[5];
    struct store_import_counts counts = {0};
    fixture_origin(&origins[0], "shop", "b.example");
    fixture_origin(&origins[1], "shop", "a.example:8443");
    fixture_origin(&origins[2], "shop", "a.example@192.0.2.1");
    fixture_origin(&origins[3], "shop", "192.0.2.9");
    fixture_origin(&origins[4], "shop", "b.example");
    origins[4].weight = 2; /* the same endpoint again: the last line wins */
    FIXTURE_OK(store_import(store, origins, 5, FIXTURE_NOW, &counts, &err));
    assert_int_equal(counts.added, 4);
    assert_int_equal(counts.updated, 1);
    FIXTURE_SQL_IS(fixture, "SELECT host, port, address FROM v_origin ORDER BY 1, 2",
                   "192.0.2.9|443|NULL\na.example|443|192.0.2.1\na.example|8443|NULL\n"
                   "b.example|443|NULL\n");
    FIXTURE_SQL_IS(fixture, WEIGHTS " WHERE host = 'b.example'", "shop|b.example|2.0\n");
    char *due = fixture_sql(fixture, "SELECT due_at FROM origin ORDER BY id");

    counts = (struct store_import_counts){0};
    strcpy(origins[1].zone, "other");
    FIXTURE_OK(store_import(store, origins + 1, 4, FIXTURE_NOW + 5, &counts, &err));
    assert_int_equal(counts.added, 0);
    assert_int_equal(counts.joined, 1);
    assert_int_equal(counts.updated, 0);
    assert_int_equal(counts.same, 3);
    FIXTURE_SQL_IS(fixture, "SELECT zone FROM v_origin WHERE port = 8443 ORDER BY 1",
                   "other\nshop\n");
    FIXTURE_SQL_IS(fixture, "SELECT subject, field, old, new, reason FROM v_change",
                   "a.example:8443|zone|NULL|other|import\n");
    FIXTURE_SQL_IS(fixture, "SELECT due_at FROM origin ORDER BY id", due);
    free(due);
    store_close(store);
}

static void another_sni_is_another_origin(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct origin origins[3];
    struct store_import_counts counts = {0};
    for (int i = 0; i < 3; i++)
        fixture_origin(&origins[i], "z", "a.example");
    strcpy(origins[1].sni, "other.example");
    strcpy(origins[2].sni, "");
    FIXTURE_OK(store_import(store, origins, 3, FIXTURE_NOW, &counts, &err));
    assert_int_equal(counts.added, 3);
    struct store_claim claims[3];
    size_t n;
    FIXTURE_OK(store_claim(store, FIXTURE_NOW + 2 * FIXTURE_DAY, 3, claims, &n, &err));
    assert_int_equal(n, 3);
    int seen = 0;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            seen += strcmp(claims[i].origin.sni, origins[k].sni) == 0;
    assert_int_equal(seen, 3);
    store_close(store);
}

struct importing {
    struct store *store;
    int from, to;
    enum store_result result;
};

static enum store_result import_hosts(void *arg, struct err *why) {
    struct importing *importing = arg;
    for (int i = importing->from; i < importing->to; i++) {
        char host[32];
        snprintf(host, sizeof host, "h%d.example", i);
        fixture_import(importing->store, "more", host);
    }
    snprintf(why->text, sizeof why->text, "a reason of its own");
    return importing->result;
}

static void a_strict_import_can_be_taken_back(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct importing importing = {store, 0, 100, STORE_BROKEN};
    struct err why = {""};
    fixture_import(store, "kept", "kept.example");
    assert_int_equal(store_transaction(store, import_hosts, &importing, &why), STORE_BROKEN);
    assert_string_equal(why.text, "a reason of its own");
    FIXTURE_SQL_IS(fixture, "SELECT zone FROM v_origin", "kept\n");
    importing.result = STORE_OK;
    FIXTURE_OK(store_transaction(store, import_hosts, &importing, &err));
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM v_origin", "101\n");
    store_close(store);
}

static enum store_result import_in_parts(void *arg, struct err *why) {
    struct importing *importing = arg;
    struct importing first = {importing->store, 0, 3, STORE_OK};
    struct importing second = {importing->store, 3, 6, importing->result};
    assert_int_equal(store_transaction(importing->store, import_hosts, &first, why), STORE_OK);
    assert_int_equal(store_transaction(importing->store, import_hosts, &second, why),
                     importing->result);
    return STORE_OK; /* as if nothing had happened */
}

static void a_part_that_fails_takes_the_whole_back(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct importing importing = {.store = store, .result = STORE_RETRY};
    struct err why = {""};
    assert_int_equal(store_transaction(store, import_in_parts, &importing, &why), STORE_BROKEN);
    assert_non_null(strstr(why.text, "a part of the transaction was given up"));
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM v_origin", "0\n");
    importing.result = STORE_OK;
    FIXTURE_OK(store_transaction(store, import_in_parts, &importing, &err));
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM v_origin", "6\n");
    store_close(store);
}

static void note_conflict(void *arg, const struct store_import_conflict *conflict) {
    FILE *out = arg;
    fprintf(out, "%d after %d: %s\n", (int)conflict->line, (int)conflict->first_line,
            conflict->origin->host);
}

static void lines_that_contradict_each_other(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct origin origins[4];
    uint64_t numbers[4] = {10, 11, 12, 13};
    struct store_import_counts counts = {0};
    char *said;
    size_t said_n;
    FILE *out = open_memstream(&said, &said_n);
    fixture_import(store, "z", "a.example"); /* what was there before contradicts nothing */
    for (int i = 0; i < 4; i++)
        fixture_origin(&origins[i], "z", i < 3 ? "a.example" : "b.example");
    origins[0].weight = 2;
    origins[1].weight = 3;
    strcpy(origins[2].zone, "y");
    struct store_import_lines lines = {origins, numbers, 4, note_conflict, out};
    FIXTURE_OK(store_import_begin(store, &err));
    FIXTURE_OK(store_import_lines(store, &lines, FIXTURE_NOW, &counts, &err));
    lines.n = 1;
    origins[0].weight = 5; /* in another call, but of the same list */
    numbers[0] = 14;
    FIXTURE_OK(store_import_lines(store, &lines, FIXTURE_NOW, &counts, &err));
    fclose(out);
    assert_string_equal(said, "11 after 10: a.example\n14 after 10: a.example\n");
    free(said);
    assert_int_equal(counts.added, 1);
    assert_int_equal(counts.joined, 1); /* another zone contradicts nothing */
    assert_int_equal(counts.updated, 1);
    FIXTURE_SQL_IS(fixture, WEIGHTS " ORDER BY 1, 2",
                   "y|a.example|1.0\nz|a.example|2.0\nz|b.example|1.0\n");
    FIXTURE_OK(store_import_begin(store, &err));
    FIXTURE_OK(store_import_lines(store, &lines, FIXTURE_NOW, &counts, &err));
    FIXTURE_SQL_IS(fixture, WEIGHTS " WHERE host = 'a.example' ORDER BY 1",
                   "y|a.example|1.0\nz|a.example|5.0\n");
    store_close(store);
}

static void an_origin_that_is_removed_while_it_is_visited(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct store_removed removed = {0};
    struct fixture_scan made;
    fixture_import(store, "z", "a.example");
    fixture_import(store, "z", "b.example");
    FIXTURE_SQL_IS(fixture, "SELECT id FROM origin ORDER BY id", "1\n2\n");
    struct store_claim claims[2];
    assert_int_equal(fixture_claim_some(store, FIXTURE_NOW + 2 * FIXTURE_DAY, 2, claims), 2);
    struct store_claim claim = claims[claims[0].origin_id == 2 ? 0 : 1];
    assert_int_equal(claim.origin_id, 2);

    struct store *beside = fixture_open(fixture, STORE_BESIDE);
    FIXTURE_OK(store_remove_host(beside, "b.example", 0, FIXTURE_NOW, &removed, &err));
    assert_int_equal(removed.origins, 1);
    assert_int_equal(removed.zones, 0);
    fixture_import(beside, "y", "c.example"); /* must not get the number of b.example */
    store_close(beside);

    fixture_ready(&made, &claim.origin, FIXTURE_NOW);
    struct store_finished finished = {
        .origin_id = 2, .scan = &made.scan, .judgement = &made.judgement};
    struct store_commit commit = {.finished = &finished, .n = 1, .now_ms = FIXTURE_NOW};
    FIXTURE_OK(store_commit(store, &commit, &err));
    assert_int_equal(commit.not_ours, 1);
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM scan", "0\n");
    FIXTURE_SQL_IS(fixture, "SELECT id, host FROM origin ORDER BY id",
                   "1|a.example\n3|c.example\n");
    store_close(store);
}

static void removing_takes_all_that_is_known(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct store_removed removed = {0};
    struct fixture_scan made;
    bool found;
    fixture_import(store, "z", "a.example");
    for (int i = 0; i < 3; i++) {
        struct store_claim claim = fixture_claim(store, FIXTURE_NOW + (2 + i) * FIXTURE_DAY);
        fixture_ready(&made, &claim.origin, FIXTURE_NOW + (2 + i) * FIXTURE_DAY);
        fixture_commit(store, claim.origin_id, &made);
    }
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM scan", "3\n");
    FIXTURE_OK(store_remove_zone(store, "y", FIXTURE_NOW, &found, &removed, &err));
    assert_false(found);
    FIXTURE_OK(store_remove_zone(store, "z", FIXTURE_NOW, &found, &removed, &err));
    assert_true(found);
    assert_int_equal(removed.origins, 1);
    assert_int_equal(removed.zones, 1);
    FIXTURE_SQL_IS(fixture,
                   "SELECT (SELECT count(*) FROM scan), (SELECT count(*) FROM origin),"
                   " (SELECT count(*) FROM zone), (SELECT count(*) FROM origin_address),"
                   " (SELECT count(*) FROM zone_touched)",
                   "0|0|0|0|0\n");
    store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(importing_again_updates_and_never_duplicates),
        FIXTURE_TEST(another_sni_is_another_origin),
        FIXTURE_TEST(a_strict_import_can_be_taken_back),
        FIXTURE_TEST(lines_that_contradict_each_other),
        FIXTURE_TEST(an_origin_that_is_removed_while_it_is_visited),
        FIXTURE_TEST(removing_takes_all_that_is_known),
        FIXTURE_TEST(a_part_that_fails_takes_the_whole_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
