/* A file that somebody else could write: no query of ours goes on for ever. */
#include "../support/store_fixture.h"

#include "cmd/settle/settle_readers.h"
#include "scanner/base/clock.h"
#include "store/store_read.h"
#include "store/store_upkeep.h"

#define ENDLESS(column)                                                                            \
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT " column " FROM n"

static void print_problem(void *arg, const char *text) {
    fprintf(arg, "%s\n", text);
}

static bool see_zone(void *arg, int64_t zone_id, const char *name,
                     const struct store_setting *setting) {
    (void)zone_id, (void)name, (void)setting;
    ++*(uint64_t *)arg;
    return true;
}

/* The view in place of the table of zones. */
static struct store *open_with_view(const struct fixture *fixture, const char *view) {
    char sql[600];
    snprintf(sql, sizeof sql, "DROP TABLE zone; CREATE VIEW zone AS %s", view);
    fixture_write_sql(fixture->path, sql);
    return fixture_open(fixture, STORE_READ);
}

/* Ends as one that needs an operator, within seconds. Closes the store. */
static void assert_stopped(struct store *store) {
    struct err why = {""};
    uint64_t rows = 0;
    uint64_t began_us = clock_mono_us();
    assert_int_equal(store_zone_by_name(store, "z", see_zone, &rows, &why), STORE_BROKEN);
    assert_true(clock_mono_us() - began_us < 60 * UINT64_C(1000000));
    if (!strstr(why.text, "a query does not end"))
        fail_msg("%s", why.text);
    FIXTURE_OK(store_origin_count(store, &rows, &err)); /* another one is as it was */
    store_close(store);
}

static void a_view_without_an_end(void **state) {
    struct fixture *fixture = *state;
    store_close(fixture_open(fixture, STORE_CREATE));
    assert_stopped(open_with_view(fixture, ENDLESS("count(*) AS id, 'z' AS name")));
}

/* Each row comes at once, and there is always another one. */
static void a_view_with_rows_without_an_end(void **state) {
    struct fixture *fixture = *state;
    store_close(fixture_open(fixture, STORE_CREATE));
    assert_stopped(open_with_view(fixture, ENDLESS("i AS id, 'z' AS name")));
}

/* A second look, which is stopped in another way, leaves that as it is. */
static void a_view_without_an_end_behind_a_second_look(void **state) {
    struct fixture *fixture = *state;
    store_close(fixture_open(fixture, STORE_CREATE));
    struct store *store = open_with_view(fixture, ENDLESS("count(*) AS id, 'z' AS name"));
    FIXTURE_OK(store_look_again(store, 1000, &err));
    assert_stopped(store);
}

/* The check says what is wrong with such a file, without asking its views. */
static void a_check_of_such_a_file_ends(void **state) {
    struct fixture *fixture = *state;
    char *said;
    size_t said_n;
    uint64_t n;
    store_close(fixture_open(fixture, STORE_CREATE));
    fixture_write_sql(fixture->path, "DROP VIEW v_backlog; CREATE VIEW v_backlog AS " ENDLESS(
                                         "count(*) AS due_now"));
    struct store *store = fixture_open(fixture, STORE_READ);
    FILE *out = open_memstream(&said, &said_n);
    FIXTURE_OK(store_check(store, &settle_readers, print_problem, out, &n, &err));
    fclose(out);
    assert_non_null(strstr(said, "view v_backlog"));
    free(said);
    store_close(store);
}

/* No trigger is ours, so none is run. */
static void a_trigger_does_nothing(void **state) {
    struct fixture *fixture = *state;
    store_close(fixture_open(fixture, STORE_CREATE));
    fixture_write_sql(fixture->path,
                      "CREATE TRIGGER t AFTER INSERT ON origin BEGIN DELETE FROM meta; END;"
                      "INSERT INTO meta (key, value) VALUES ('mine', 7)");
    struct store *store = fixture_open(fixture, STORE_WRITE);
    fixture_import(store, "z", "a.example");
    FIXTURE_SQL_IS(fixture, "SELECT value FROM meta WHERE key = 'mine'", "7\n");
    store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_view_without_an_end),
        FIXTURE_TEST(a_view_with_rows_without_an_end),
        FIXTURE_TEST(a_view_without_an_end_behind_a_second_look),
        FIXTURE_TEST(a_check_of_such_a_file_ends),
        FIXTURE_TEST(a_trigger_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
