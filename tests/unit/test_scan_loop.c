/* The scanning loop with a real store and a real engine, hours in a second: what it claims, keeps
 * and gives back, and how it ends. */
#include "cmd/daemon/scan_loop.h"

#include "cmd/daemon/log.h"
#include "scanner/base/clock.h"
#include "tests/support/store_fixture.h"
#include "tests/unit/virtual_time.h"

#include <event2/event.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define SECOND INT64_C(1000)
#define HOUR (3600 * SECOND)

/* Nothing listens there: a visit ends at once, and the next ones come an hour and six later. */
#define REFUSING "127.0.0.1:1"

struct play {
    struct fixture *fixture;
    struct event_base *base;
    struct store *store;
    struct config config;
    struct scan_loop *loop;
    char *log;
    size_t log_size;
    FILE *log_file;
    int silent; /* a socket that takes connections and never says a word; -1: none */
    bool ended;
    enum scan_loop_end end;
};

static int set_up(void **state) {
    struct play *play = alloc_zero(1, sizeof *play);
    void *fixture = NULL;
    struct err err = {""};
    if (fixture_set_up(&fixture) != 0)
        return -1;
    play->fixture = fixture;
    play->silent = -1;
    play->base = event_base_new();
    play->log_file = open_memstream(&play->log, &play->log_size);
    log_redirect(play->log_file, false);
    struct store_options options = {.path = play->fixture->path,
                                    .access = STORE_CREATE,
                                    .schedule = schedule_every(10 * HOUR),
                                    .busy_ms = 1};
    play->store = store_open(&options, &err);
    *state = play;
    return play->store ? 0 : -1;
}

static int tear_down(void **state) {
    struct play *play = *state;
    void *fixture = play->fixture;
    scan_loop_free(play->loop);
    store_close(play->store);
    config_clear(&play->config);
    event_base_free(play->base);
    log_redirect(NULL, false);
    fclose(play->log_file);
    free(play->log);
    if (play->silent >= 0)
        close(play->silent);
    free(play);
    return fixture_tear_down(&fixture);
}

#define PLAY_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static void on_ended(void *arg, enum scan_loop_end end) {
    struct play *play = arg;
    assert_false(play->ended);
    play->ended = true;
    play->end = end;
    event_base_loopbreak(play->base);
}

/* A configuration for tests, with up to two settings of their own (NULL: none). */
static struct config load_config(const struct play *play, const char *one, const char *two) {
    struct config config;
    struct err err = {""};
    const char *const set[] = {one, two};
    struct config_source source = {
        .base = "allow = {\"127.0.0.0/8\"}\ndns_servers = \"127.0.0.1:9\"\nperiod_s = 36000\n"
                "rate = 0\nper_address_rate = 0\nper_address_in_flight = 0\n"
                "per_prefix_rate = 0\nper_prefix_in_flight = 0\n",
        .set = set,
        .set_n = two   ? 2
                 : one ? 1
                       : 0,
        .database = play->fixture->path};
    if (!config_load(&source, &config, &err))
        fail_msg("%s", err.text);
    return config;
}

static void start_loop(struct play *play, bool once, const char *one, const char *two) {
    struct err err = {""};
    play->config = load_config(play, one, two);
    struct scan_loop_options options = {.base = play->base,
                                        .store = play->store,
                                        .config = &play->config,
                                        .descriptors = 1000,
                                        .once = once,
                                        .ended = on_ended,
                                        .arg = play};
    play->loop = scan_loop_new(&options, &err);
    if (!play->loop)
        fail_msg("%s", err.text);
    scan_loop_start(play->loop);
}

/* Until the loop ends, but no longer than that. */
static void run_for(struct play *play, int64_t ms) {
    struct timeval limit = {ms / 1000, ms % 1000 * 1000};
    event_base_loopexit(play->base, &limit);
    event_base_dispatch(play->base);
}

static void import_many(struct play *play, unsigned n, uint16_t port) {
    for (unsigned i = 0; i < n; i++) {
        char text[64];
        snprintf(text, sizeof text, "127.0.%u.%u:%u", i / 250, i % 250 + 1, port);
        fixture_import(play->store, text, text);
    }
}

/* Origins whose port is of a socket that answers nothing. */
static void import_silent(struct play *play, unsigned n) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    play->silent = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(play->silent >= 0);
    assert_int_equal(bind(play->silent, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(play->silent, 1000), 0);
    assert_int_equal(getsockname(play->silent, (struct sockaddr *)&address, &size), 0);
    import_many(play, n, ntohs(address.sin_port));
}

static void make_all_due(const struct play *play) {
    fixture_write_sql(play->fixture->path, "UPDATE origin SET due_at = 0");
}

static int64_t count(const struct play *play, const char *sql) {
    char *text = fixture_sql(play->fixture, sql);
    int64_t number = strtoll(text, NULL, 10);
    free(text);
    return number;
}

#define COUNT_IS(play, sql, expected) assert_int_equal(count(play, sql), expected)
#define LEASED "SELECT count(*) FROM lease"

static unsigned logged(const struct play *play, const char *event) {
    unsigned n = 0;
    fflush(play->log_file);
    for (const char *at = play->log; at && (at = strstr(at, event)); at++)
        n++;
    return n;
}

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
static sqlite3 *lock_store(const struct play *play) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(play->fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

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

/* The next read of a page gives nothing but zeros, as a disk or a network does that fails a moment. */
static unsigned zero_reads;

ssize_t pread64(int fd, void *out, size_t size, off64_t at) {
    if (zero_reads == 0 || size < 1024)
        return syscall(SYS_pread64, fd, out, size, at);
    zero_reads--;
    memset(out, 0, size);
    return (ssize_t)size;
}

static void a_passing_fault_of_the_disk_ends_nothing(void **state) {
    struct play *play = *state;
    import_many(play, 20, 1);
    start_loop(play, false, NULL, NULL);
    run_for(play, 5 * SECOND);
    make_all_due(play); /* by another connection: all pages are read again */
    zero_reads = 1;
    run_for(play, 10 * SECOND);
    assert_int_equal(zero_reads, 0);
    assert_false(play->ended);
    assert_int_equal(logged(play, " store_doubtful "), 1);
    assert_int_equal(logged(play, " store_available "), 1);
    COUNT_IS(play, "SELECT count(*) FROM origin WHERE visits = 0", 0);
    make_all_due(play); /* once more within ten minutes is no accident */
    zero_reads = 1;
    run_for(play, 5 * SECOND);
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

static void a_wall_clock_that_jumps_is_noticed(void **state) {
    struct play *play = *state;
    fixture_import(play->store, "a", REFUSING);
    make_all_due(play);
    start_loop(play, false, NULL, NULL);
    run_for(play, 10 * SECOND);
    virtual_time_set_wall(-4 * SECOND);
    run_for(play, 10 * SECOND);
    assert_int_equal(logged(play, "wall_clock_jumped"), 0);
    virtual_time_set_wall(-100 * HOUR);
    run_for(play, 10 * SECOND);
    assert_int_equal(logged(play, "wall_clock_jumped ms=-360"), 1);
    assert_int_equal(logged(play, "due_times_repaired origins=1"), 1);
    virtual_time_set_wall(100 * HOUR);
    run_for(play, 10 * SECOND);
    assert_int_equal(logged(play, "wall_clock_jumped"), 2);
    assert_int_equal(scan_loop_numbers(play->loop).stalls, 0);
}

#define FAR (30000 * HOUR)

/* Due later than any rule or period explains. */
static int64_t due_too_late(const struct play *play) {
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM origin WHERE due_at > %" PRId64,
             clock_wall_ms() + 25 * HOUR);
    return count(play, sql);
}

/* The clock is wrong while they are under way, and right when they end. */
static void visits_across_a_jump_are_given_back(void **state) {
    struct play *play = *state;
    import_silent(play, 30);
    make_all_due(play);
    virtual_time_set_wall(FAR);
    start_loop(play, false, NULL, NULL);
    run_for(play, 1500);
    assert_int_equal(scan_loop_numbers(play->loop).in_flight, 30);
    virtual_time_set_wall(-FAR);
    run_for(play, 2 * SECOND);
    assert_int_equal(logged(play, " visits_discarded=30"), 1);
    run_for(play, HOUR / 2);
    assert_true(scan_loop_numbers(play->loop).scans >= 30);
    assert_int_equal(due_too_late(play), 0);
    COUNT_IS(play, "SELECT count(*) FROM origin WHERE visits = 0", 0);
}

/* Finished by the wrong clock and not yet written when it is put right, be it between two beats. */
static void nor_is_what_waits_to_be_written_kept(void **state) {
    struct play *play = *state;
    import_many(play, 20, 1);
    import_silent(play, 1); /* as long as a visit is under way, it waits for more */
    make_all_due(play);
    virtual_time_set_wall(FAR);
    start_loop(play, false, "commit_ms=500", NULL);
    run_for(play, 200);
    assert_int_equal(scan_loop_numbers(play->loop).uncommitted, 20);
    virtual_time_set_wall(-FAR);
    run_for(play, 10 * SECOND);
    assert_int_equal(due_too_late(play), 0);
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM scan WHERE started_at > %" PRId64,
             clock_wall_ms());
    COUNT_IS(play, sql, 0);
    COUNT_IS(play, "SELECT count(*) FROM scan JOIN origin ON origin.id = origin_id WHERE port = 1",
             20);
}

static void a_due_time_of_a_wrong_clock_is_repaired_whenever_it_comes(void **state) {
    struct play *play = *state;
    import_many(play, 5, 1);
    start_loop(play, false, NULL, NULL);
    run_for(play, HOUR / 2);
    fixture_write_sql(play->fixture->path, "UPDATE origin SET due_at = due_at + 108000000000");
    assert_int_equal(due_too_late(play), 5);
    run_for(play, HOUR);
    assert_int_equal(due_too_late(play), 0);
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

/* A run that begins by a wrong clock ends by the right one, and scans nothing twice. */
static void a_run_across_a_jump_ends(void **state) {
    struct play *play = *state;
    import_many(play, 200, 1);
    virtual_time_set_wall(FAR);
    start_loop(play, true, "per_prefix_rate=5", "per_prefix_in_flight=1");
    run_for(play, 20 * SECOND);
    assert_true(scan_loop_numbers(play->loop).deferred > 0);
    virtual_time_set_wall(-FAR);
    run_for(play, HOUR);
    assert_true(play->ended);
    assert_int_equal(play->end, SCAN_LOOP_FINISHED);
    COUNT_IS(play, "SELECT count(*) FROM origin WHERE visits <> 1", 0);
    assert_int_equal(due_too_late(play), 0);
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

static void a_run_gives_up_in_the_end(void **state) {
    struct play *play = *state;
    import_many(play, 20, 1);
    start_loop(play, true, NULL, NULL);
    sqlite3 *lock = lock_store(play);
    run_for(play, 800 * SECOND);
    assert_false(play->ended);
    run_for(play, 200 * SECOND);
    assert_true(play->ended);
    assert_int_equal(play->end, SCAN_LOOP_LOST);
    assert_int_equal(logged(play, " gave_up reason=\"the database has been unavailable for "), 1);
    sqlite3_close(lock);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PLAY_TEST(it_scans_when_due_and_only_then),
        PLAY_TEST(a_late_store_loses_nothing),
        PLAY_TEST(a_reader_that_holds_the_log_is_told),
        PLAY_TEST(a_store_that_was_late_with_a_claim_is_asked_again),
        PLAY_TEST(a_broken_store_ends_the_loop),
        PLAY_TEST(a_passing_fault_of_the_disk_ends_nothing),
        PLAY_TEST(a_stall_throws_away_what_was_in_flight),
        PLAY_TEST(a_wall_clock_that_jumps_is_noticed),
        PLAY_TEST(visits_across_a_jump_are_given_back),
        PLAY_TEST(nor_is_what_waits_to_be_written_kept),
        PLAY_TEST(a_due_time_of_a_wrong_clock_is_repaired_whenever_it_comes),
        PLAY_TEST(told_to_stop_it_gives_back_what_is_in_flight),
        PLAY_TEST(told_to_stop_it_does_not_wait_for_ever),
        PLAY_TEST(a_reload_takes_other_limits),
        PLAY_TEST(a_run_scans_what_is_due_or_was_never_scanned),
        PLAY_TEST(a_run_without_origins_ends_at_once),
        PLAY_TEST(a_run_waits_for_visits_to_crowded_addresses),
        PLAY_TEST(a_run_across_a_jump_ends),
        PLAY_TEST(a_run_does_not_wait_for_our_local_trouble),
        PLAY_TEST(a_run_does_not_end_before_all_is_written),
        PLAY_TEST(a_run_gives_up_in_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
