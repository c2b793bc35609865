/* Importing: again, in parts, all or nothing. */
#include "../support/store_fixture.h"
#include "store/store_import.h"
#include "store/store_read.h"
#include "store/store_schedule.h"

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
    FIXTURE_SQL_IS(fixture, "SELECT weight FROM origin WHERE host = 'b.example'", "2.0\n");
    char *due = fixture_sql(fixture, "SELECT due_at FROM origin ORDER BY id");

    counts = (struct store_import_counts){0};
    strcpy(origins[1].zone, "other");
    FIXTURE_OK(store_import(store, origins + 1, 4, FIXTURE_NOW + 5, &counts, &err));
    assert_int_equal(counts.added, 0);
    assert_int_equal(counts.updated, 1);
    assert_int_equal(counts.same, 3);
    FIXTURE_SQL_IS(fixture, "SELECT zone FROM v_origin WHERE port = 8443", "other\n");
    FIXTURE_SQL_IS(fixture, "SELECT subject, field, old, new, reason FROM v_change",
                   "a.example:8443|zone|shop|other|import\n");
    FIXTURE_SQL_IS(fixture, "SELECT due_at FROM origin ORDER BY id", due);
    free(due);

    for (int i = 0; i < 5; i++)
        strcpy(origins[i].zone, "other");
    FIXTURE_OK(store_import(store, origins, 5, FIXTURE_NOW, &counts, &err));
    FIXTURE_SQL_IS(fixture, "SELECT name FROM zone", "other\n"); /* an empty zone goes */
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

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(importing_again_updates_and_never_duplicates),
        FIXTURE_TEST(another_sni_is_another_origin),
        FIXTURE_TEST(a_strict_import_can_be_taken_back),
        FIXTURE_TEST(a_part_that_fails_takes_the_whole_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
