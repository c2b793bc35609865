/* A zone's state survives packing, and damaged bytes are refused. */
#include "report/zone/zone_pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void fill_setting(struct zone_setting *setting, unsigned *seed) {
    setting->level = (enum rule_level)(rand_r(seed) % LEVEL_COUNT);
    setting->dual_ok = rand_r(seed) & 1;
    setting->first_share_confirmed = rand_r(seed) & 1;
    setting->first_share = (uint16_t)rand_r(seed);
    setting->groups_n = (uint8_t)(rand_r(seed) % (ZONE_GROUPS_MAX + 1));
    for (unsigned i = 0; i < setting->groups_n; i++)
        setting->groups[i] = (uint16_t)rand_r(seed);
}

static int64_t some_time(unsigned *seed) {
    return (int64_t)rand_r(seed) << 20 ^ rand_r(seed);
}

static void fill(struct zone_state *state, unsigned *seed) {
    zone_state_init(state);
    fill_setting(&state->setting, seed);
    fill_setting(&state->previous, seed);
    state->stage_percent = (uint8_t)(1 + rand_r(seed) % ZONE_WHOLE);
    state->reason = (enum rule_reason)(rand_r(seed) % REASON_COUNT);
    state->waits_for = (enum rule_reason)(rand_r(seed) % REASON_COUNT);
    state->since_ms = some_time(seed);
    state->stage_ms = some_time(seed);
    state->hold_until_ms = -some_time(seed);
    state->hold_days = (uint32_t)rand_r(seed);
    state->pinned = rand_r(seed) & 1;
    state->rollbacks_n = (uint8_t)(rand_r(seed) % (ZONE_ROLLBACKS_MAX + 1));
    for (unsigned i = 0; i < state->rollbacks_n; i++)
        state->rollbacks_ms[i] = some_time(seed);
    for (unsigned i = 0; i < ARM_COUNT; i++)
        state->sums[i] =
            (struct feedback_sum){(uint64_t)some_time(seed), (uint64_t)rand_r(seed), 3};
    state->canary_since_ms = some_time(seed);
}

static void reading_gives_what_was_written(void **state) {
    (void)state;
    unsigned seed = 3;
    for (int round = 0; round < 20000; round++) {
        struct zone_state made, read, again;
        uint8_t bytes[ZONE_PACK_MAX], rewritten[ZONE_PACK_MAX];
        fill(&made, &seed);
        size_t n = zone_pack_write(&made, bytes);
        assert_true(zone_pack_read(bytes, n, &read));
        assert_int_equal(read.setting.level, made.setting.level);
        assert_memory_equal(read.setting.groups, made.setting.groups, sizeof made.setting.groups);
        assert_int_equal(read.previous.first_share, made.previous.first_share);
        assert_int_equal(read.stage_percent, made.stage_percent);
        assert_int_equal(read.reason, made.reason);
        assert_int_equal(read.waits_for, made.waits_for);
        assert_int_equal(read.hold_until_ms, made.hold_until_ms);
        assert_int_equal(read.pinned, made.pinned);
        assert_memory_equal(read.rollbacks_ms, made.rollbacks_ms, sizeof made.rollbacks_ms);
        assert_memory_equal(read.sums, made.sums, sizeof made.sums);
        assert_int_equal(zone_pack_write(&read, rewritten), n);
        assert_memory_equal(rewritten, bytes, n);
        assert_false(zone_pack_read(bytes, n - 1, &again));
        assert_int_equal(again.stage_percent, ZONE_WHOLE);
        bytes[(size_t)rand_r(&seed) % n] ^= (uint8_t)(1 << rand_r(&seed) % 8);
        if (zone_pack_read(bytes, n, &again)) /* some other state, but a possible one */
            assert_true(again.stage_percent >= 1 && again.setting.groups_n <= ZONE_GROUPS_MAX);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(reading_gives_what_was_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
