/* What is left of a wall clock that was a year ahead for some days: nothing. */
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

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_year_ahead_costs_no_year),
        FIXTURE_TEST(nor_for_an_origin_that_is_new),
        FIXTURE_TEST(nor_does_a_hold_down_last_a_year),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
