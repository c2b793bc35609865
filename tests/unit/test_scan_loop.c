/* The scanning loop with a real store and a real engine, hours in a second: what it claims, keeps
 * and gives back, and how it ends. */
#include "tests/unit/scan_play.h"

#include <sys/resource.h>

/* ---- the daemon ---- */

static void it_scans_when_due_and_only_then(void **state) {
    struct play *play = *state;
    fixture_import(play->store, "a", REFUSING);
    make_all_due(play);
    start_loop(play, false, NULL, NULL);
    run_for(play, 10 * SECOND);
    assert_int_equal(scan_loop_numbers(play->loop).scans, 1);
    int64_t due_ms = count(play, "SELECT due_at FROM origin") - clock_wall_ms();
    assert_in_range(due_ms, HOUR / 2, 2 * HOUR);
    run_for(play, due_ms - SECOND);
    assert_int_equal(scan_loop_numbers(play->loop).scans, 1);
    run_for(play, 2 * SECOND);
    assert_int_equal(scan_loop_numbers(play->loop).scans, 2);
    run_for(play, HOUR);
    assert_int_equal(scan_loop_numbers(play->loop).scans, 2);
    assert_int_equal(scan_loop_numbers(play->loop).complete, 0);
    assert_int_equal(scan_loop_numbers(play->loop).uncommitted, 0);
    COUNT_IS(play, "SELECT count(*) FROM scan", 2);
    COUNT_IS(play, LEASED, 0);
    assert_false(play->ended);
}

/* Another program's write transaction. */
static void a_late_store_loses_nothing(void **state) {
    struct play *play = *state;
    import_many(play, 500, 1);
    make_all_due(play);
    start_loop(play, false, "commit_scans=10", "max_in_flight=20");
    sqlite3 *lock = lock_store(play);
    run_for(play, 100 * SECOND);
    struct scan_loop_numbers numbers = scan_loop_numbers(play->loop);
    assert_true(numbers.store_late);
    assert_int_equal(numbers.scans, 0);
    assert_in_range(numbers.uncommitted, 10, 4 * 10 + 20); /* then it goes on with nothing new */
    sqlite3_close(lock);
    run_for(play, 10 * SECOND);
    numbers = scan_loop_numbers(play->loop);
    assert_false(numbers.store_late);
    assert_int_equal(numbers.scans, 500);
    assert_int_equal(numbers.uncommitted, 0);
    COUNT_IS(play, "SELECT count(*) FROM scan", 500);
    COUNT_IS(play, "SELECT count(DISTINCT origin_id) FROM scan", 500);
    assert_int_equal(logged(play, " store_unavailable "), 1);
    assert_int_equal(logged(play, " store_available "), 1);
}

/* A forgotten read transaction: scans are stored all the while, and the log says why the file grows. */
static void a_reader_that_holds_the_log_is_told(void **state) {
    struct play *play = *state;
    sqlite3 *reader;
    import_many(play, 50, 1);
    make_all_due(play);
    assert_int_equal(sqlite3_open(play->fixture->path, &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM v_origin", NULL, NULL, NULL),
                     SQLITE_OK);
    fixture_write_sql(play->fixture->path, "CREATE TABLE ballast (bytes BLOB);"
                                           "INSERT INTO ballast VALUES (zeroblob(36000000))");
    start_loop(play, false, "commit_scans=10", NULL);
    run_for(play, 60 * SECOND);
    assert_int_equal(scan_loop_numbers(play->loop).scans, 50);
    assert_int_equal(logged(play, " write_ahead_log_held bytes=3"), 1);
    sqlite3_close(reader);
    fixture_import(play->store, "late", REFUSING);
    make_all_due(play);
    run_for(play, 60 * SECOND);
    assert_int_equal(logged(play, " write_ahead_log_free "), 1);
    assert_int_equal(logged(play, " write_ahead_log_held "), 1);
}

/* The claim itself comes late: nothing is left to write that would show that it is back. */
static void a_store_that_was_late_with_a_claim_is_asked_again(void **state) {
    struct play *play = *state;
    start_loop(play, false, NULL, NULL);
    fixture_import(play->store, "a", REFUSING);
    make_all_due(play);
    sqlite3 *lock = lock_store(play);
    run_for(play, 60 * SECOND);
    assert_true(scan_loop_numbers(play->loop).store_late);
    sqlite3_close(lock);
    run_for(play, 2 * SECOND);
    assert_false(scan_loop_numbers(play->loop).store_late);
    assert_int_equal(scan_loop_numbers(play->loop).scans, 1);
}

static void a_broken_store_ends_the_loop(void **state) {
    struct play *play = *state;
    import_many(play, 3, 1);
    make_all_due(play);
    start_loop(play, false, NULL, NULL);
    fixture_write_sql(play->fixture->path, "DROP TABLE scan");
    run_for(play, 60 * SECOND);
    assert_true(play->ended);
    assert_int_equal(play->end, SCAN_LOOP_BROKEN);
    assert_int_equal(logged(play, " store_failed "), 1);
}

/* Time-outs that we slept through say nothing: all is due again as it was. */
static void a_stall_throws_away_what_was_in_flight(void **state) {
    struct play *play = *state;
    import_silent(play, 5);
    make_all_due(play);
    start_loop(play, false, NULL, NULL);
    run_for(play, 5 * SECOND);
    assert_int_equal(scan_loop_numbers(play->loop).in_flight, 5);
    virtual_time_sleep(60 * SECOND);
    run_for(play, 3 * SECOND);
    assert_int_equal(scan_loop_numbers(play->loop).stalls, 1);
    assert_int_equal(scan_loop_numbers(play->loop).scans, 0);
    assert_int_equal(scan_loop_numbers(play->loop).in_flight, 5);
    run_for(play, 5 * SECOND); /* 13 s after they were dialled first: each has begun anew */
    assert_int_equal(scan_loop_numbers(play->loop).scans, 0);
    run_for(play, 300 * SECOND);
    assert_int_equal(scan_loop_numbers(play->loop).scans, 5);
    assert_int_equal(scan_loop_numbers(play->loop).stalls, 1);
}

static void told_to_stop_it_gives_back_what_is_in_flight(void **state) {
    struct play *play = *state;
    import_silent(play, 30);
    make_all_due(play);
    start_loop(play, false, "max_in_flight=10", NULL);
    run_for(play, 1 * SECOND);
    assert_int_equal(scan_loop_numbers(play->loop).in_flight, 10);
    COUNT_IS(play, LEASED, 30);
    int64_t begun_ms = clock_wall_ms();
    scan_loop_stop(play->loop);
    scan_loop_stop(play->loop);
    run_for(play, 60 * SECOND);
    assert_true(play->ended);
    assert_int_equal(play->end, SCAN_LOOP_FINISHED);
    assert_in_range(clock_wall_ms() - begun_ms, 2 * SECOND, 5 * SECOND);
    COUNT_IS(play, LEASED, 0);
    COUNT_IS(play, "SELECT count(*) FROM origin WHERE due_at = 0", 30);
    COUNT_IS(play, "SELECT count(*) FROM scan", 0);
}

static void told_to_stop_it_does_not_wait_for_ever(void **state) {
    struct play *play = *state;
    import_many(play, 7, 1);
    make_all_due(play);
    start_loop(play, false, NULL, NULL);
    sqlite3 *lock = lock_store(play);
    run_for(play, 3 * SECOND);
    int64_t begun_ms = clock_wall_ms();
    scan_loop_stop(play->loop);
    run_for(play, 60 * SECOND);
    assert_true(play->ended);
    assert_int_equal(play->end, SCAN_LOOP_LOST);
    assert_true(clock_wall_ms() - begun_ms <= 5 * SECOND);
    assert_int_equal(scan_loop_numbers(play->loop).uncommitted, 7);
    sqlite3_close(lock);
}

static void a_reload_takes_other_limits(void **state) {
    struct play *play = *state;
    struct err err;
    import_silent(play, 30);
    make_all_due(play);
    start_loop(play, false, "max_in_flight=5", NULL);
    run_for(play, 1 * SECOND);
    assert_int_equal(scan_loop_numbers(play->loop).in_flight, 5);
    struct config fresh = load_config(play, "max_in_flight=12", NULL);
    struct config bad = load_config(play, "max_in_flight=20", "blocklist=/no/such/file");
    assert_true(scan_loop_reload(play->loop, &fresh, &err));
    assert_false(scan_loop_reload(play->loop, &bad, &err));
    config_clear(&bad);
    run_for(play, 1 * SECOND);
    assert_int_equal(scan_loop_numbers(play->loop).in_flight, 12);
    scan_loop_free(play->loop);
    play->loop = NULL;
    config_clear(&fresh);
}

/* Thousands that are due at crowded addresses are turned away a few at a time: the loop has others to see to. */
static void a_herd_does_not_take_all_of_the_time(void **state) {
    struct play *play = *state;
    import_many(play, 3000, 1);
    make_all_due(play);
    start_loop(play, false, "per_prefix_rate=1", "per_prefix_in_flight=1");
    run_for(play, 400);
    assert_in_range(scan_loop_numbers(play->loop).deferred, 300, 1200);
    run_for(play, 9 * SECOND);
    assert_true(scan_loop_numbers(play->loop).deferred > 2000);
}

/* Deferred for whatever reason of our own, it is tried again while its slot lasts: a period of eight seconds here. */
static void local_trouble_costs_no_period(void **state) {
    struct play *play = *state;
    struct rlimit usual;
    fixture_import(play->store, "a", "a.example.com:443"); /* no name server answers */
    fixture_import(play->store, "b", REFUSING);
    make_all_due(play);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    struct rlimit none = {.rlim_cur = 3, .rlim_max = usual.rlim_max};
    start_loop(play, false, "period_s=8", NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    run_for(play, 30 * SECOND);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_int_equal(scan_loop_numbers(play->loop).scans, 0);
    assert_true(scan_loop_numbers(play->loop).troubled >= 2);
    char late[96];
    snprintf(late, sizeof late, "SELECT count(*) FROM origin WHERE due_at > %" PRId64,
             clock_wall_ms() + 4 * SECOND);
    COUNT_IS(play, late, 0);
    run_for(play, 5 * SECOND);
    COUNT_IS(play, "SELECT count(*) FROM scan JOIN origin ON origin.id = origin_id WHERE port = 1",
             1);
}

/* ---- one run of `scan` ---- */

static void a_run_scans_what_is_due_or_was_never_scanned(void **state) {
    struct play *play = *state;
    fixture_import(play->store, "old", "127.0.9.1:1");
    make_all_due(play);
    start_loop(play, true, NULL, NULL);
    run_for(play, HOUR);
    assert_int_equal(scan_loop_numbers(play->loop).scans, 1);
    scan_loop_free(play->loop);
    config_clear(&play->config);
    play->ended = false;
    import_many(play, 600, 1); /* due some time in the next ten hours */
    start_loop(play, true, NULL, NULL);
    run_for(play, HOUR / 2);
    assert_true(play->ended);
    assert_int_equal(play->end, SCAN_LOOP_FINISHED);
    assert_int_equal(scan_loop_numbers(play->loop).scans, 600);
    COUNT_IS(play, "SELECT count(*) FROM origin WHERE visits <> 1", 0);
}

static void a_run_without_origins_ends_at_once(void **state) {
    struct play *play = *state;
    int64_t begun_ms = clock_wall_ms();
    start_loop(play, true, NULL, NULL);
    run_for(play, HOUR);
    assert_true(play->ended);
    assert_int_equal(play->end, SCAN_LOOP_FINISHED);
    assert_true(clock_wall_ms() - begun_ms < 2 * SECOND);
}

/* More than may queue for one network: the others are put off, and waited for. */
static void a_run_waits_for_visits_to_crowded_addresses(void **state) {
    struct play *play = *state;
    int64_t begun_ms = clock_wall_ms();
    import_many(play, 200, 1);
    start_loop(play, true, "per_prefix_rate=5", "per_prefix_in_flight=1");
    run_for(play, HOUR);
    struct scan_loop_numbers numbers = scan_loop_numbers(play->loop);
    assert_true(play->ended);
    assert_int_equal(play->end, SCAN_LOOP_FINISHED);
    assert_int_equal(numbers.scans, 200);
    assert_true(numbers.deferred > 0);
    assert_int_equal(numbers.troubled, 0);
    assert_true(clock_wall_ms() - begun_ms >= 200 * SECOND);
    COUNT_IS(play, "SELECT count(*) FROM origin WHERE visits <> 1", 0);
}

/* What is due again because of our own trouble may stay so for long: it belongs to the next run. */
static void a_run_does_not_wait_for_our_local_trouble(void **state) {
    struct play *play = *state;
    fixture_import(play->store, "a", "a.example.com:443");
    fixture_import(play->store, "b", REFUSING);
    start_loop(play, true, NULL, NULL);
    run_for(play, HOUR);
    assert_true(play->ended);
    assert_int_equal(play->end, SCAN_LOOP_FINISHED);
    struct scan_loop_numbers numbers = scan_loop_numbers(play->loop);
    assert_int_equal(numbers.scans, 1);
    assert_int_equal(numbers.troubled, 1);
    assert_int_equal(logged(play, " local_trouble reason=no_dns "), 1);
    COUNT_IS(play, LEASED, 0);
}

static void a_run_does_not_end_before_all_is_written(void **state) {
    struct play *play = *state;
    import_many(play, 20, 1);
    start_loop(play, true, NULL, NULL);
    sqlite3 *lock = lock_store(play);
    run_for(play, 100 * SECOND);
    assert_false(play->ended);
    sqlite3_close(lock);
    run_for(play, 10 * SECOND);
    assert_true(play->ended);
    assert_int_equal(play->end, SCAN_LOOP_FINISHED);
    COUNT_IS(play, "SELECT count(*) FROM scan JOIN origin ON origin.id = origin_id WHERE port = 1",
             20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PLAY_TEST(it_scans_when_due_and_only_then),
        PLAY_TEST(a_late_store_loses_nothing),
        PLAY_TEST(a_reader_that_holds_the_log_is_told),
        PLAY_TEST(a_store_that_was_late_with_a_claim_is_asked_again),
        PLAY_TEST(a_broken_store_ends_the_loop),
        PLAY_TEST(a_stall_throws_away_what_was_in_flight),
        PLAY_TEST(told_to_stop_it_gives_back_what_is_in_flight),
        PLAY_TEST(told_to_stop_it_does_not_wait_for_ever),
        PLAY_TEST(a_reload_takes_other_limits),
        PLAY_TEST(a_herd_does_not_take_all_of_the_time),
        PLAY_TEST(local_trouble_costs_no_period),
        PLAY_TEST(a_run_scans_what_is_due_or_was_never_scanned),
        PLAY_TEST(a_run_without_origins_ends_at_once),
        PLAY_TEST(a_run_waits_for_visits_to_crowded_addresses),
        PLAY_TEST(a_run_does_not_wait_for_our_local_trouble),
        PLAY_TEST(a_run_does_not_end_before_all_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
