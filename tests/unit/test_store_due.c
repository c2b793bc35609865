/* Due times that are moved: visits put off, new origins hastened, a period that became shorter. */
#include "../support/store_fixture.h"
#include "store/store_read.h"
#include "store/store_schedule.h"

static int64_t due_of(const struct fixture *fixture, const char *host) {
    sqlite3 *db;
    sqlite3_stmt *query;
    assert_int_equal(sqlite3_open_v2(fixture->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT due_at FROM origin WHERE host = ?1", -1, &query, NULL),
        SQLITE_OK);
    sqlite3_bind_text(query, 1, host, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(query), SQLITE_ROW);
    int64_t due_ms = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    sqlite3_close(db);
    return due_ms;
}

static void import_three(struct store *store) {
    fixture_import(store, "zone", "a.example");
    fixture_import(store, "zone", "b.example");
    fixture_import(store, "zone", "c.example");
}

/* What is due by then, in order of claiming, with blanks between. */
static void claim_hosts(struct store *store, int64_t now_ms, char *out, size_t size) {
    struct store_claim claims[8];
    size_t n = 0;
    FIXTURE_OK(store_claim(store, now_ms, 8, claims, &n, &err));
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        strncat(out, claims[i].origin.host, size - strlen(out) - 1);
        strncat(out, " ", size - strlen(out) - 1);
    }
    struct store_deferral later[8];
    for (size_t i = 0; i < n; i++)
        later[i] = (struct store_deferral){claims[i].origin_id, 0};
    FIXTURE_OK(store_defer(store, later, n, &err));
}

/* A daemon's period holds also for what others import. */
static void the_period_is_known_to_others(void **state) {
    struct fixture *fixture = *state;
    struct err err;
    for (int64_t hours = 1; hours <= 2; hours++) {
        struct store_options options = {.path = fixture->path,
                                        .access = STORE_CREATE,
                                        .schedule = schedule_every(hours * FIXTURE_HOUR)};
        struct store *daemon = store_open(&options, &err);
        assert_non_null(daemon);
        struct store *beside = fixture_open(fixture, STORE_BESIDE);
        for (int i = 0; i < 50; i++) {
            char host[32];
            snprintf(host, sizeof host, "h%d-%d.example", (int)hours, i);
            fixture_import(beside, "zone", host);
        }
        store_close(beside);
        store_close(daemon);
        char *due = fixture_sql(fixture, "SELECT max(due_at) FROM origin");
        int64_t latest_ms = strtoll(due, NULL, 10) - FIXTURE_NOW;
        free(due);
        assert_in_range(latest_ms, (hours - 1) * FIXTURE_HOUR,
                        hours * FIXTURE_HOUR + FIXTURE_HOUR / 10);
    }
}

static void a_visit_is_put_off(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    fixture_import(store, "zone", "a.example");
    struct store_claim claim = {0};
    size_t n = 0;
    int64_t now_ms = FIXTURE_NOW + 2 * FIXTURE_DAY;
    FIXTURE_OK(store_claim(store, now_ms, 1, &claim, &n, &err));
    struct store_deferral later = {claim.origin_id, now_ms + FIXTURE_HOUR};
    FIXTURE_OK(store_defer(store, &later, 1, &err));
    char hosts[256];
    claim_hosts(store, now_ms + FIXTURE_HOUR - 1, hosts, sizeof hosts);
    assert_string_equal(hosts, "");
    claim_hosts(store, now_ms + FIXTURE_HOUR, hosts, sizeof hosts);
    assert_string_equal(hosts, "a.example ");
    FIXTURE_SQL_IS(fixture, "SELECT visits, failures FROM origin", "0|0\n");
    store_close(store);
}

static void a_visit_that_is_given_back_is_due_as_before(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    fixture_import(store, "zone", "a.example");
    int64_t due_ms = due_of(fixture, "a.example");
    struct store_claim claim = {0};
    size_t n = 0;
    FIXTURE_OK(store_claim(store, due_ms, 1, &claim, &n, &err));
    struct store_deferral later = {claim.origin_id, 0};
    FIXTURE_OK(store_defer(store, &later, 1, &err));
    assert_int_equal(due_of(fixture, "a.example"), due_ms);
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM lease", "0\n");
    store_close(store);
}

/* A scan that was committed in the meantime decides, not a late defer. */
static void without_a_lease_nothing_is_put_off(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    fixture_import(store, "zone", "a.example");
    int64_t due_ms = due_of(fixture, "a.example");
    struct store_deferral later[] = {{1, FIXTURE_NOW}, {77, FIXTURE_NOW}};
    FIXTURE_OK(store_defer(store, later, 2, &err));
    assert_int_equal(due_of(fixture, "a.example"), due_ms);
    FIXTURE_OK(store_defer(store, NULL, 0, &err));
    store_close(store);
}

static size_t hasten(struct store *store, int64_t *cursor_ms, size_t limit) {
    size_t n = 99;
    FIXTURE_OK(store_hasten(store, FIXTURE_NOW, cursor_ms, limit, &n, &err));
    return n;
}

static void new_origins_are_hastened_in_their_order(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    char late[256], hastened[256];
    int64_t cursor_ms = 0;
    import_three(store);
    claim_hosts(store, FIXTURE_NOW + 2 * FIXTURE_DAY, late, sizeof late);
    assert_int_equal(hasten(store, &cursor_ms, 2), 2);
    claim_hosts(store, FIXTURE_NOW, hastened, sizeof hastened);
    assert_int_equal(strlen(hastened), 2 * strlen("a.example "));
    assert_int_equal(strncmp(late, hastened, strlen(hastened)), 0);
    assert_int_equal(hasten(store, &cursor_ms, 2), 1);
    claim_hosts(store, FIXTURE_NOW, hastened, sizeof hastened);
    assert_string_equal(hastened, late);
    assert_int_equal(hasten(store, &cursor_ms, 2), 0);
    store_close(store);
}

/* They were not due for a day before: nobody has to be told that the scanner lags. */
static void hastened_origins_are_due_since_then(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct store_fleet fleet;
    int64_t cursor_ms = 0;
    import_three(store);
    assert_int_equal(hasten(store, &cursor_ms, 3), 3);
    FIXTURE_OK(store_fleet_read(store, FIXTURE_NOW + FIXTURE_HOUR, &fleet, &err));
    assert_int_equal(fleet.due, 3);
    assert_int_equal(fleet.oldest_due_ms, FIXTURE_NOW);
    struct store_backlog backlog;
    FIXTURE_OK(store_backlog(store, FIXTURE_NOW + FIXTURE_HOUR, &backlog, &err));
    assert_int_equal(backlog.oldest_due_ms, FIXTURE_NOW);
    fixture_write_sql(fixture->path, "UPDATE origin SET unseen = 0, due_at = 7 WHERE id = 1");
    FIXTURE_OK(store_fleet_read(store, FIXTURE_NOW + FIXTURE_HOUR, &fleet, &err));
    assert_int_equal(fleet.oldest_due_ms, 7);
    FIXTURE_OK(store_backlog(store, FIXTURE_NOW + FIXTURE_HOUR, &backlog, &err));
    assert_int_equal(backlog.oldest_due_ms, 7);
    store_close(store);
}

static int64_t oldest_due(struct store *store, int64_t now_ms) {
    struct store_fleet fleet;
    FIXTURE_OK(store_fleet_read(store, now_ms, &fleet, &err));
    return fleet.oldest_due_ms;
}

/* A new origin every hour, and a scan that hastens it, hide nothing. */
static void those_hastened_before_and_not_reached_keep_their_time(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    int64_t later_ms = FIXTURE_NOW + FIXTURE_HOUR, last_ms = FIXTURE_NOW + 2 * FIXTURE_HOUR;
    int64_t cursor_ms = 0;
    size_t n;
    import_three(store);
    assert_int_equal(hasten(store, &cursor_ms, 3), 3);
    fixture_write_sql(fixture->path,
                      "UPDATE origin SET unseen = 0, due_at = 9000000000000000 WHERE id > 1");
    fixture_import(store, "zone", "d.example");
    fixture_write_sql(fixture->path, "UPDATE origin SET due_at = 8000000000000000 WHERE id = 4");
    cursor_ms = 0;
    FIXTURE_OK(store_hasten(store, later_ms, &cursor_ms, 3, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(oldest_due(store, later_ms), FIXTURE_NOW);
    fixture_write_sql(fixture->path,
                      "UPDATE origin SET unseen = 0, due_at = 9000000000000000 WHERE id IN (1, 4)");
    fixture_import(store, "zone", "e.example");
    fixture_write_sql(fixture->path, "UPDATE origin SET due_at = 8000000000000000 WHERE id = 5");
    cursor_ms = 0;
    FIXTURE_OK(store_hasten(store, last_ms, &cursor_ms, 3, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(oldest_due(store, last_ms), last_ms);
    store_close(store);
}

/* An older file's view told of a slot of the day before. */
static void the_view_says_it_too(void **state) {
    struct fixture *fixture = *state;
    enum { STEPS_BEFORE = 17 }; /* "origins that were hastened are due since then" is the next */
    fixture_make_older(fixture, STEPS_BEFORE);
    fixture_write_sql(fixture->path,
                      "INSERT INTO origin (id, host, port, sni, address, due_at, unseen)"
                      " VALUES (1, 'a.example', 443, '=', '', 1000, 1),"
                      " (2, 'b.example', 443, '=', '', 70000, 0);"
                      "INSERT INTO meta (key, value) VALUES ('hastened', 60000)");
    store_close(fixture_open(fixture, STORE_WRITE));
    FIXTURE_SQL_IS(fixture, "SELECT due_now, oldest_due_at FROM v_backlog",
                   "2|1970-01-01T00:01:00.000Z\n");
}

/* Many origins may be due in the same millisecond. */
static void none_is_left_out_between_slices(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    int64_t cursor_ms = 0;
    import_three(store);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    char sql[96];
    snprintf(sql, sizeof sql, "UPDATE origin SET due_at = %lld",
             (long long)(FIXTURE_NOW + FIXTURE_HOUR));
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    for (int i = 0; i < 3; i++)
        assert_int_equal(hasten(store, &cursor_ms, 1), 1);
    assert_int_equal(hasten(store, &cursor_ms, 1), 0);
    store_close(store);
}

static void what_was_scanned_is_not_hastened(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct fixture_scan made;
    int64_t cursor_ms = 0;
    fixture_import(store, "zone", "a.example");
    struct store_claim claim = fixture_claim(store, FIXTURE_NOW + 2 * FIXTURE_DAY);
    fixture_ready(&made, &claim.origin, claim.due_ms);
    fixture_commit(store, claim.origin_id, &made);
    assert_int_equal(hasten(store, &cursor_ms, 10), 0);
    store_close(store);
}

static void a_shorter_period_reaches_new_origins(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    import_three(store);
    store_close(store);
    struct err why = {""};
    struct store_options options = {
        .path = fixture->path, .access = STORE_WRITE, .schedule = schedule_every(60000)};
    store = store_open(&options, &why);
    assert_non_null(store);
    uint64_t n = 0;
    FIXTURE_OK(store_repair_due(store, FIXTURE_NOW, &n, &err));
    assert_in_range(n, 1, 3);
    char hosts[256];
    claim_hosts(store, FIXTURE_NOW + 61000, hosts, sizeof hosts);
    assert_int_equal(strlen(hosts), 3 * strlen("a.example "));
    FIXTURE_OK(store_repair_due(store, FIXTURE_NOW, &n, &err));
    assert_int_equal(n, 0);
    store_close(store);
}

/* A visit beside whoever scans is stored and moves no due time; while a lease is held it has to wait. */
static void a_visit_beside_moves_nothing(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    fixture_import(store, "zone", "a.example");
    int64_t due_ms = due_of(fixture, "a.example");
    fixture_write_sql(fixture->path, "UPDATE origin SET due_plan = 'quick'");
    struct origin origin;
    struct store_beside beside;
    struct fixture_scan made;
    fixture_origin(&origin, "zone", "a.example");
    fixture_ready(&made, &origin, FIXTURE_NOW);
    FIXTURE_OK(store_beside_begin(store, 1, FIXTURE_NOW, &beside, &err));
    assert_true(beside.free);
    struct store_beside second;
    FIXTURE_OK(store_beside_begin(store, 1, FIXTURE_NOW, &second, &err));
    assert_false(second.free);
    fixture_commit(store, 1, &made);
    FIXTURE_OK(store_beside_end(store, &beside, &err));
    assert_int_equal(due_of(fixture, "a.example"), due_ms);
    FIXTURE_SQL_IS(fixture, "SELECT visits, status IS NOT NULL, due_plan FROM origin",
                   "1|1|quick\n");
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM lease", "0\n");
    FIXTURE_OK(store_beside_begin(store, 99, FIXTURE_NOW, &beside, &err));
    assert_false(beside.free); /* there is none */
    store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(the_period_is_known_to_others),
        FIXTURE_TEST(a_visit_is_put_off),
        FIXTURE_TEST(a_visit_that_is_given_back_is_due_as_before),
        FIXTURE_TEST(without_a_lease_nothing_is_put_off),
        FIXTURE_TEST(new_origins_are_hastened_in_their_order),
        FIXTURE_TEST(hastened_origins_are_due_since_then),
        FIXTURE_TEST(those_hastened_before_and_not_reached_keep_their_time),
        FIXTURE_TEST(the_view_says_it_too),
        FIXTURE_TEST(none_is_left_out_between_slices),
        FIXTURE_TEST(what_was_scanned_is_not_hastened),
        FIXTURE_TEST(a_shorter_period_reaches_new_origins),
        FIXTURE_TEST(a_visit_beside_moves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
