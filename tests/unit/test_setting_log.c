/* What of a zone's changes is counted as a move. */
#include "cmd/daemon/setting_log.h"
#include "cmd/metrics/metrics.h"
#include "store/store_read.h"
#include "store/store_rule.h"
#include "tests/support/store_fixture.h"

static uint64_t moves(const char *from, const char *to) {
    return metrics_cells_number(METRIC_SETTING_CHANGES,
                                metrics_setting_place(from) * METRICS_SETTINGS_N +
                                    metrics_setting_place(to));
}

static void put(struct store *store, const char *setting, uint16_t first_share, int64_t now_ms) {
    struct store_setting to = {.setting = setting, .first_share = first_share, .reason = "r"};
    FIXTURE_OK(store_setting_put(store, 1, &to, now_ms, &err));
}

/* Another first share is told, but it is no move from nothing to nothing. */
static void only_settings_that_move_are_counted(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct setting_log log = {0};
    fixture_import(store, "a", "a.example");
    put(store, "off", GROUP_X25519, FIXTURE_NOW);
    FIXTURE_OK(setting_log_begin(&log, store, &err));
    put(store, "off", GROUP_P256, FIXTURE_NOW + 1);
    FIXTURE_OK(setting_log_tell(&log, store, &err));
    assert_int_equal(moves(NULL, NULL), 0);
    put(store, "supported", GROUP_P256, FIXTURE_NOW + 2);
    FIXTURE_OK(setting_log_tell(&log, store, &err));
    assert_int_equal(moves("off", "supported"), 1);
    assert_int_equal(moves(NULL, NULL), 0);
    store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(only_settings_that_move_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
