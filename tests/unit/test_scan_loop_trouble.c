/* The scanning loop when its clock is set and when its disk fails a moment: what it throws away, repairs and
 * tries again. */
#include "tests/unit/scan_play.h"

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

/* That it is sound, whatever name it has now, is no reason to try again. */
static void a_file_that_was_deleted_ends_it_at_once(void **state) {
    struct play *play = *state;
    import_many(play, 20, 1);
    start_loop(play, false, NULL, NULL);
    run_for(play, 5 * SECOND);
    make_all_due(play);
    assert_int_equal(unlink(play->fixture->path), 0);
    run_for(play, 5 * SECOND);
    assert_int_equal(logged(play, " store_doubtful "), 0);
    assert_int_equal(logged(play, " store_failed "), 1);
    assert_int_equal(logged(play, " was deleted, moved or renamed while it was open;"), 1);
    assert_true(play->ended);
    assert_int_equal(play->end, SCAN_LOOP_BROKEN);
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
        PLAY_TEST(a_passing_fault_of_the_disk_ends_nothing),
        PLAY_TEST(a_file_that_was_deleted_ends_it_at_once),
        PLAY_TEST(a_wall_clock_that_jumps_is_noticed),
        PLAY_TEST(visits_across_a_jump_are_given_back),
        PLAY_TEST(nor_is_what_waits_to_be_written_kept),
        PLAY_TEST(a_due_time_of_a_wrong_clock_is_repaired_whenever_it_comes),
        PLAY_TEST(a_run_across_a_jump_ends),
        PLAY_TEST(a_run_gives_up_in_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
