/* What is left of a wall clock that was wrong for some days, ahead or behind: nothing that makes anything bolder. */
#include "report/rule/origin_history.h"
#include "report/zone/zone_pack.h"
#include "store/store_rule.h"
#include "tests/support/settle_play.h"

#include <inttypes.h>

enum { YEAR_DAYS = 365, BEFORE_DAYS = 20, WRONG_DAYS = 3, AFTER_DAYS = 24 };

static const char *is_modern(void *arg, const struct store_claim *claim, int64_t now_ms) {
    (void)arg, (void)claim, (void)now_ms;
    return "modern";
}

static struct settle_play begin(const struct fixture *fixture) {
    struct settle_play play = {
        .store = fixture_open(fixture, STORE_CREATE), .now_ms = FIXTURE_NOW, .words = is_modern};
    settle_options_init(&play.options, PROFILE_CAREFUL);
    play.options.params.blind_ramp = true;
    fixture_import(play.store, "shop", "shop.example");
    return play;
}

static void set_clock(struct settle_play *play, int64_t now_ms) {
    uint64_t repaired;
    play->now_ms = now_ms;
    FIXTURE_OK(store_repair_due(play->store, now_ms, &repaired, &err));
}

static void be_a_year_ahead(struct settle_play *play) {
    int64_t now_ms = play->now_ms;
    set_clock(play, now_ms + YEAR_DAYS * FIXTURE_DAY);
    settle_play_days(play, WRONG_DAYS);
    set_clock(play, now_ms + WRONG_DAYS * FIXTURE_DAY);
}

/* Nothing of the setting is of a time that is yet to come, but for its end. */
static void assert_is_of_now(const struct fixture *fixture, const struct settle_play *play) {
    char sql[160];
    snprintf(sql, sizeof sql,
             "SELECT since > %" PRId64 ", ifnull(valid_until, 0) > %" PRId64 " FROM zone_setting",
             play->now_ms, play->now_ms + 60 * FIXTURE_DAY);
    FIXTURE_SQL_IS(fixture, sql, "0|0\n");
}

/* The evidence of before counts, and days go on. */
static void a_year_ahead_costs_no_year(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture);
    settle_play_days(&play, BEFORE_DAYS);
    be_a_year_ahead(&play);
    settle_play_days(&play, 2);
    assert_is_of_now(fixture, &play);
    settle_play_days(&play, AFTER_DAYS);
    FIXTURE_SQL_IS(fixture, "SELECT setting, stage_percent FROM zone_setting", "preferred|100\n");
    store_close(play.store);
}

/* An origin that has only been visited by the wrong clock begins with the first visit by the right one. */
static void nor_for_an_origin_that_is_new(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture);
    be_a_year_ahead(&play);
    settle_play_days(&play, 2);
    assert_is_of_now(fixture, &play);
    settle_play_days(&play, BEFORE_DAYS + AFTER_DAYS);
    FIXTURE_SQL_IS(fixture, "SELECT setting, stage_percent FROM zone_setting", "preferred|100\n");
    store_close(play.store);
}

static void hold_until(const struct settle_play *play, int64_t until_ms) {
    struct settle_view view;
    uint8_t bytes[ZONE_PACK_MAX];
    FIXTURE_OK(settle_view(play->store, &play->options, 1, play->now_ms, &view, &err));
    view.state.hold_until_ms = until_ms;
    view.state.hold_days = play->options.params.hold_days;
    size_t n = zone_pack_write(&view.state, bytes);
    FIXTURE_OK(store_zone_state_put(play->store, 1, bytes, n, &err));
    settle_view_clear(&view);
}

/* As a rollback by the wrong clock leaves it: it lasts as long as any hold-down, from now on. */
static void nor_does_a_hold_down_last_a_year(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture);
    settle_play_days(&play, 2);
    hold_until(&play, play.now_ms + YEAR_DAYS * FIXTURE_DAY);
    settle_play_days(&play, (int)play.options.params.hold_days - 1);
    FIXTURE_SQL_IS(fixture, "SELECT setting FROM zone_setting", "off\n");
    settle_play_days(&play, BEFORE_DAYS + AFTER_DAYS);
    FIXTURE_SQL_IS(fixture, "SELECT setting, stage_percent FROM zone_setting", "preferred|100\n");
    store_close(play.store);
}

/* ---- behind ---- */

/* The large hellos fail on the days before `*arg`. */
static const char *is_broken_until(void *arg, const struct store_claim *claim, int64_t now_ms) {
    const int64_t *until_ms = arg;
    (void)claim;
    return now_ms < *until_ms
               ? "modern preferred=reset:after-reset preferred-dual=reset:after-reset"
               : "modern";
}

static struct origin_history history_of(const struct settle_play *play) {
    struct origin_history history;
    uint8_t bytes[ORIGIN_HISTORY_MAX];
    size_t n;
    FIXTURE_OK(store_origin_state_get(play->store, 1, bytes, sizeof bytes, &n, &err));
    assert_true(origin_history_read(bytes, n, &history));
    return history;
}

static struct origin_standing standing_of(const struct settle_play *play) {
    struct origin_history history = history_of(play);
    return origin_rule_standing(&history.state, &play->options.params, history.state.evidence.day);
}

/* `preferred` until the failures of the last day. */
static struct settle_play begin_and_fall(const struct fixture *fixture, int64_t *broken_until_ms) {
    struct settle_play play = begin(fixture);
    settle_play_days(&play, BEFORE_DAYS);
    assert_int_equal(standing_of(&play).level, LEVEL_PREFERRED);
    *broken_until_ms = play.now_ms + FIXTURE_DAY;
    play.words = is_broken_until;
    play.arg = broken_until_ms;
    settle_play_days(&play, 1);
    assert_true(standing_of(&play).level < LEVEL_PREFERRED);
    assert_int_equal(standing_of(&play).demotions_n, 1);
    return play;
}

/* The demotion is taken for no work of a wrong clock, nor is the hold-down over any sooner. */
static void a_clock_that_is_behind_raises_nothing(void **state) {
    struct fixture *fixture = *state;
    int64_t broken_until_ms;
    struct settle_play play = begin_and_fall(fixture, &broken_until_ms);
    struct origin_standing fell = standing_of(&play);
    int64_t now_ms = play.now_ms;
    broken_until_ms = 0; /* it works again, and nobody would know */
    set_clock(&play, now_ms - 9 * FIXTURE_DAY);
    settle_play_days(&play, 1);
    struct origin_standing after = standing_of(&play);
    assert_true(after.level <= fell.level);
    assert_int_equal(after.demotions_n, 1);
    assert_int_equal(after.hold_days, fell.hold_days);
    set_clock(&play, now_ms + FIXTURE_DAY);
    settle_play_days(&play, 1);
    assert_true(standing_of(&play).level <= fell.level);
    store_close(play.store);
}

/* A machine without a battery starts in the year 2000: until its clock is set, it judges nobody. */
static void a_clock_that_was_never_set_takes_nothing(void **state) {
    struct fixture *fixture = *state;
    int64_t broken_until_ms;
    struct settle_play play = begin_and_fall(fixture, &broken_until_ms);
    struct origin_standing before = standing_of(&play);
    int64_t now_ms = play.now_ms;
    set_clock(&play, INT64_C(946684800000));
    settle_play_days(&play, 1);
    struct origin_standing after = standing_of(&play);
    assert_int_equal(after.level, before.level);
    assert_int_equal(after.hold_until_day, before.hold_until_day);
    assert_true(history_of(&play).state.evidence.day >= history_of(&play).state.base.since_day);
    set_clock(&play, now_ms);
    settle_play_days(&play, AFTER_DAYS);
    FIXTURE_SQL_IS(fixture, "SELECT setting FROM zone_setting", "preferred\n");
    store_close(play.store);
}

/* Less than the hold-down that has begun: that one lasts as it was. */
static void a_shorter_hold_down_makes_none_endless(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture);
    struct settle_view view;
    settle_play_days(&play, 2);
    int64_t until_ms = play.now_ms + play.options.params.hold_days * FIXTURE_DAY;
    hold_until(&play, until_ms);
    play.options.params.hold_days_max = 0;
    settle_play_days(&play, 3);
    FIXTURE_OK(settle_view(play.store, &play.options, 1, play.now_ms, &view, &err));
    assert_int_equal(view.state.hold_until_ms, until_ms);
    settle_view_clear(&view);
    store_close(play.store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_year_ahead_costs_no_year),
        FIXTURE_TEST(nor_for_an_origin_that_is_new),
        FIXTURE_TEST(nor_does_a_hold_down_last_a_year),
        FIXTURE_TEST(a_clock_that_is_behind_raises_nothing),
        FIXTURE_TEST(a_clock_that_was_never_set_takes_nothing),
        FIXTURE_TEST(a_shorter_hold_down_makes_none_endless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
