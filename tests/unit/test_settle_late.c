/* What visits settle that were made while the scanner's machine was too busy. */
#include "tests/support/settle_play.h"

#include <inttypes.h>

struct late {
    int64_t from_ms;
    bool fails_first;
};

static const char *runs_late(void *arg, const struct store_claim *claim, int64_t now_ms) {
    struct late *late = arg;
    (void)claim;
    if (now_ms < late->from_ms)
        return "modern";
    if (!late->fails_first)
        return "modern preferred=ok:hybrid,late";
    late->fails_first = false;
    return "modern large=alert40";
}

static struct settle_play begin(const struct fixture *fixture, struct late *late) {
    struct settle_play play = {.store = fixture_open(fixture, STORE_CREATE),
                               .now_ms = FIXTURE_NOW,
                               .words = runs_late,
                               .arg = late};
    settle_options_init(&play.options, PROFILE_CAREFUL);
    play.options.params.blind_ramp = true;
    fixture_import(play.store, "shop", "shop.example");
    return play;
}

/* Visits go on, and none of them tries `preferred` as a proxy would find it. */
static void a_machine_that_is_always_late_proves_nothing(void **state) {
    struct fixture *fixture = *state;
    struct late late = {.from_ms = FIXTURE_NOW + 30 * FIXTURE_DAY};
    struct settle_play play = begin(fixture, &late);
    settle_play_until(&play, late.from_ms);
    FIXTURE_SQL_IS(fixture, "SELECT setting FROM v_zone_setting", "preferred\n");
    settle_play_days(&play, (int)play.options.params.advice_days + 2);
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM zone_setting WHERE valid_until < %" PRId64,
             play.now_ms);
    FIXTURE_SQL_IS(fixture, sql, "1\n");
    store_close(play.store);
}

static void a_late_machine_confirms_once_an_hour(void **state) {
    struct fixture *fixture = *state;
    struct late late = {.from_ms = FIXTURE_NOW + 30 * FIXTURE_DAY, .fails_first = true};
    struct settle_play play = begin(fixture, &late);
    settle_play_until(&play, late.from_ms + FIXTURE_DAY);
    assert_in_range(play.again, 1, 25);
    store_close(play.store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_machine_that_is_always_late_proves_nothing),
        FIXTURE_TEST(a_late_machine_confirms_once_an_hour),
    };
    return cmocka_run_group_tests_name("settle late", tests, NULL, NULL);
}
