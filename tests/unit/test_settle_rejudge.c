/* Judging stored scans again where some of them are damaged. */
#include "../support/settle_play.h"

#include <limits.h>

#define MEMOS "SELECT hex(memo), hex(visits) FROM evidence JOIN origin_visits USING (origin_id)"

static const char *by_host(void *arg, const struct store_claim *claim, int64_t now_ms) {
    (void)arg, (void)now_ms;
    return strstr(claim->origin.host, "old") ? "old" : "modern";
}

static struct settle_play begin(const struct fixture *fixture) {
    struct settle_play play = {
        .store = fixture_open(fixture, STORE_CREATE), .now_ms = FIXTURE_NOW, .words = by_host};
    settle_options_init(&play.options, PROFILE_CAREFUL);
    return play;
}

static void damage_scan(struct settle_play *play, const struct fixture *fixture,
                        const char *which) {
    char sql[320];
    store_close(play->store);
    snprintf(sql, sizeof sql, "UPDATE scan SET packed = x'0201020304050607' WHERE %s", which);
    fixture_write_sql(fixture->path, sql);
    play->store = fixture_open(fixture, STORE_WRITE);
}

/* An origin with a scan that cannot be read keeps what is known of it, and the others are judged. */
static void a_damaged_scan_is_named_and_passed_over(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture);
    struct settle_rejudged done;
    fixture_import(play.store, "a", "modern.example");
    fixture_import(play.store, "b", "old.example");
    settle_play_days(&play, 4);
    damage_scan(&play, fixture,
                "id = (SELECT previous FROM scan JOIN origin ON last_scan = scan.id"
                " WHERE host = 'modern.example')");
    char *want = fixture_sql(fixture, "SELECT previous FROM scan JOIN origin ON last_scan = scan.id"
                                      " WHERE host = 'modern.example'");
    char *before = fixture_sql(fixture, MEMOS);
    FIXTURE_OK(settle_rejudge(play.store, &play.options, 1, &done, &err));
    assert_false(done.changed);
    assert_int_equal(done.damaged.n, 1);
    assert_int_equal(done.damaged.scan_id, strtoll(want, NULL, 10));
    assert_non_null(strstr(done.damaged.why.text, "damaged (8 bytes)"));
    FIXTURE_OK(settle_rejudge(play.store, &play.options, 2, &done, &err));
    assert_int_equal(done.damaged.n, 0);
    FIXTURE_SQL_IS(fixture, MEMOS, before);
    free(before);
    free(want);
    store_close(play.store);
}

/* Else whoever commits the next scan of the origin would end, and again after each start. */
static void a_damaged_scan_that_was_missed_stops_no_commit(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture);
    fixture_import(play.store, "a", "modern.example");
    play.unobserved = true;
    settle_play_days(&play, 3);
    damage_scan(&play, fixture, "id = 1");
    play.unobserved = false;
    settle_play_days(&play, 2);
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM evidence", "1\n");
    store_close(play.store);
}

/* What a zone was at is forgotten with its state, hold-downs among it: not without a word, for once it is
 * written anew nothing tells of it. */
static void a_damaged_state_of_a_zone_is_told(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture);
    fixture_import(play.store, "a", "modern.example");
    fixture_import(play.store, "b", "old.example");
    settle_play_days(&play, 2);
    store_close(play.store);
    fixture_write_sql(fixture->path,
                      "UPDATE zone_memo SET memo = x'0201020304050607' WHERE zone_id = 1");
    play.store = fixture_open(fixture, STORE_WRITE);
    for (unsigned damaged = 1; damaged != UINT_MAX; damaged--) {
        struct settle_cycle cycle = {.after = 0};
        FIXTURE_OK(store_zone_touch(play.store, 0, &err));
        FIXTURE_OK(settle_all(play.store, &play.options, play.now_ms, &cycle, &err));
        assert_int_equal(cycle.zones, 2);
        assert_int_equal(cycle.damaged, damaged);
    }
    store_close(play.store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_damaged_scan_is_named_and_passed_over),
        FIXTURE_TEST(a_damaged_scan_that_was_missed_stops_no_commit),
        FIXTURE_TEST(a_damaged_state_of_a_zone_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
