/* That a write-ahead log which another program keeps from being emptied is told, once. */
#include "../support/store_fixture.h"

#include "cmd/daemon/log.h"
#include "cmd/daemon/store_watch.h"

#define READ "BEGIN; SELECT count(*) FROM v_origin"

static void run_sql(sqlite3 *db, const char *sql) {
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
}

static sqlite3 *open_reader(const struct fixture *fixture) {
    sqlite3 *reader;
    assert_int_equal(sqlite3_open_v2(fixture->path, &reader, SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    return reader;
}

struct watching {
    struct store *store;
    struct store_watch watch;
    int commits;
    char *text; /* what was logged */
    size_t n;
    FILE *to;
};

static void begin(struct watching *w, const struct fixture *fixture) {
    *w = (struct watching){.store = fixture_open(fixture, STORE_CREATE)};
    w->to = open_memstream(&w->text, &w->n);
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_redirect(w->to, false);
}

static void end(struct watching *w) {
    log_redirect(NULL, false);
    fclose(w->to);
    free(w->text);
    store_close(w->store);
}

/* One commit by the store, and a look at its log. */
static void commit(struct watching *w) {
    char host[32];
    snprintf(host, sizeof host, "host%d.example", ++w->commits);
    fixture_import(w->store, "z", host);
    store_watch_note_log(&w->watch, store_log(w->store));
    fflush(w->to);
}

static int count_logged(const struct watching *w, const char *what) {
    int n = 0;
    for (const char *at = w->text; (at = strstr(at, what)); at += strlen(what))
        n++;
    return n;
}

/* Makes the log longer than it may become without a word. */
static void lengthen_log(const struct fixture *fixture) {
    fixture_write_sql(fixture->path, "CREATE TABLE IF NOT EXISTS ballast (bytes BLOB);"
                                     "INSERT INTO ballast VALUES (zeroblob(36000000))");
}

static void a_reader_that_holds_the_log_is_told_once(void **state) {
    struct fixture *fixture = *state;
    struct watching w;
    begin(&w, fixture);
    commit(&w);
    sqlite3 *reader = open_reader(fixture);
    for (int episode = 1; episode <= 2; episode++) {
        run_sql(reader, READ);
        commit(&w);
        assert_int_equal(count_logged(&w, "write_ahead_log_held"), episode - 1); /* still short */
        lengthen_log(fixture);
        commit(&w);
        commit(&w);
        assert_int_equal(count_logged(&w, "warning write_ahead_log_held bytes="), episode);
        assert_true(store_log(w.store).bytes > 36000000);
        run_sql(reader, "COMMIT");
        commit(&w);
        commit(&w);
        assert_int_equal(count_logged(&w, "info write_ahead_log_free"), episode);
        assert_int_equal(count_logged(&w, "write_ahead_log_held"), episode);
    }
    sqlite3_close(reader);
    end(&w);
}

static void a_long_log_alone_is_no_matter(void **state) {
    struct fixture *fixture = *state;
    struct watching w;
    begin(&w, fixture);
    lengthen_log(fixture);
    commit(&w);
    sqlite3 *reader = open_reader(fixture);
    run_sql(reader, READ);
    run_sql(reader, "COMMIT");
    commit(&w);
    assert_false(store_log(w.store).held);
    assert_int_equal(count_logged(&w, "write_ahead_log"), 0);
    sqlite3_close(reader);
    end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_reader_that_holds_the_log_is_told_once),
        FIXTURE_TEST(a_long_log_alone_is_no_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
