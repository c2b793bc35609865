/* What holds for every history, tried on random ones: 20,000, or as many as RULE_HISTORIES says. */
#include "report/rule/advise.h"
#include "report/rule/origin_pack.h"
#include "report/zone/zone_ramp.h"
#include "tests/unit/rule_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define START 20000
#define SCANS_MAX 256

struct history {
    struct observation scans[SCANS_MAX];
    size_t n;
    int32_t last_day;
};

static unsigned long histories_n = 20000;

static uint64_t random_next(uint64_t *seed) {
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static unsigned pick(uint64_t *seed, unsigned limit) {
    return (unsigned)(random_next(seed) % limit);
}

/* Kinds of origins, so that all parts of the ladder are reached: each is a bag of letters. */
static const char *const bags[] = {
    "g",
    "gggggggggggggggggggggggggggggggggf",
    "ggggggggggggggggggggggggggggggggggggggggggggggggggggggR",
    "gggggggggggggggggggffkh",
    "gggggggggggggggggggggggggggggggggggggggggggggSB",
    "ggggggggggggggggggggggggggggggcnt",
    "gdafFRSBDhxykicntouLse",
    "ggsss",
    "S",
    "ccccccccccccccccF",
    "gggggggggggggggggggggggggggggggggggggggggggggggggou",
};

static void make(struct history *history, uint64_t *seed) {
    const char *bag = bags[pick(seed, sizeof bags / sizeof *bags)];
    unsigned letters = (unsigned)strlen(bag);
    unsigned days = 1 + pick(seed, 40);
    unsigned addresses = pick(seed, 8) ? 1 : 20;
    history->n = 0;
    int32_t day = START;
    for (unsigned d = 0; d < days; d++) {
        unsigned scans = 1 + pick(seed, 10);
        for (unsigned i = 0; i < scans && history->n < SCANS_MAX; i++) {
            int64_t time_ms = day * HISTORY_DAY_MS + i * 7000000;
            struct observation *scan = &history->scans[history->n++];
            *scan = history_scan(bag[pick(seed, letters)], time_ms);
            history->last_day = day;
            if (addresses > 1)
                scan->address = pick(seed, addresses);
        }
        day += pick(seed, 30) ? 1 : (int32_t)(1 + pick(seed, 40));
    }
}

/* None and off are equal: neither offers the hybrid. */
static int height(enum rule_level level) {
    return level <= LEVEL_OFF ? 0 : (int)level;
}

static struct origin_state after(const struct history *history, const struct rule_params *params) {
    struct origin_state state;
    origin_rule_init(&state);
    origin_rule_replay(&state, params, history->scans, history->n);
    return state;
}

static struct origin_advice advise(const struct origin_state *state,
                                   const struct rule_params *params, int64_t now_ms) {
    struct origin_advice advice;
    advise_origin(state, params, now_ms, &advice);
    return advice;
}

static void assert_same_state(const struct origin_state *a, const struct origin_state *b) {
    uint8_t bytes[2][ORIGIN_PACK_MAX];
    size_t n = origin_pack_write(a, bytes[0]);
    assert_int_equal(origin_pack_write(b, bytes[1]), n);
    assert_memory_equal(bytes[0], bytes[1], n);
}

/* The moment at which a further scan would come: later the same day, or up to 40 days after. */
static int64_t later(const struct history *history, uint64_t *seed) {
    int32_t days = pick(seed, 2) ? 0 : (int32_t)pick(seed, 40);
    return (history->last_day + days) * HISTORY_DAY_MS + HISTORY_DAY_MS - 1000;
}

static void replay_equals_steps(const struct history *history, const struct rule_params *params,
                                uint64_t *seed) {
    struct origin_state stepped;
    struct origin_state resumed;
    origin_rule_init(&stepped);
    origin_rule_init(&resumed);
    size_t cut = pick(seed, (unsigned)history->n + 1);
    for (size_t i = 0; i < history->n; i++) {
        origin_rule_step(&stepped, params, &history->scans[i]);
        advise(&stepped, params, history->scans[i].time_ms); /* looking must not matter */
    }
    /* Stored in the middle, read back, and the rest replayed from packed scans. */
    origin_rule_replay(&resumed, params, history->scans, cut);
    uint8_t bytes[ORIGIN_PACK_MAX];
    size_t n = origin_pack_write(&resumed, bytes);
    assert_true(origin_pack_read(bytes, n, &resumed));
    for (size_t i = cut; i < history->n; i++) {
        uint8_t packed[OBSERVATION_PACKED];
        struct observation scan;
        observation_pack(&history->scans[i], packed);
        assert_true(observation_unpack(packed, &scan));
        origin_rule_step(&resumed, params, &scan);
    }
    struct origin_state replayed = after(history, params);
    assert_same_state(&stepped, &replayed);
    assert_same_state(&stepped, &resumed);
}

static void order_of_a_day_is_free(const struct history *history, const struct rule_params *params,
                                   uint64_t *seed) {
    struct history shuffled = *history;
    for (size_t i = shuffled.n; i-- > 1;) {
        size_t k = pick(seed, (unsigned)i + 1);
        struct observation *a = &shuffled.scans[i];
        struct observation *b = &shuffled.scans[k];
        if (a->time_ms / HISTORY_DAY_MS != b->time_ms / HISTORY_DAY_MS)
            continue;
        struct observation kept = *a;
        *a = *b;
        *b = kept;
    }
    struct origin_state one = after(history, params);
    struct origin_state two = after(&shuffled, params);
    assert_same_state(&one, &two);
}

static void inconclusive_changes_nothing(const struct history *history,
                                         const struct rule_params *params, uint64_t *seed) {
    struct history more = *history;
    if (more.n == SCANS_MAX)
        return;
    size_t at = pick(seed, (unsigned)more.n + 1);
    memmove(&more.scans[at + 1], &more.scans[at], (more.n - at) * sizeof *more.scans);
    int64_t time_ms = at < history->n ? history->scans[at].time_ms : later(history, seed);
    more.scans[at] = history_scan('i', time_ms);
    more.n++;
    struct origin_state without = after(history, params);
    struct origin_state with = after(&more, params);
    assert_same_state(&without, &with);
}

static void success_never_lowers(const struct history *history, const struct rule_params *params,
                                 uint64_t *seed) {
    struct origin_state state = after(history, params);
    int64_t now_ms = later(history, seed);
    enum rule_level before = advise(&state, params, now_ms).standing;
    struct observation good = history_scan(pick(seed, 4) ? 'g' : 'a', now_ms);
    origin_rule_step(&state, params, &good);
    assert_true(height(advise(&state, params, now_ms).standing) >= height(before));
}

static void failure_never_raises(const struct history *history, const struct rule_params *params,
                                 uint64_t *seed) {
    struct origin_state state = after(history, params);
    int64_t now_ms = later(history, seed);
    enum rule_level before = advise(&state, params, now_ms).standing;
    struct observation bad = history_scan("RSBDR"[pick(seed, 5)], now_ms);
    for (unsigned m = 0; m < MODE_COUNT; m++) /* the failure alone */
        if (bad.trials[m].failed == 0)
            bad.trials[m] = (struct rule_trial){0};
    origin_rule_step(&state, params, &bad);
    assert_true(height(advise(&state, params, now_ms).standing) <= height(before));
    /* Nor does it later, if it came on the last day. (A scan on a new day, even a failed one, moves
     * the window on, so that older failures may leave it.) */
    if (bad.time_ms / HISTORY_DAY_MS > history->last_day)
        return;
    struct origin_state untouched = after(history, params);
    for (int i = 0; i < 50; i++) {
        now_ms += HISTORY_DAY_MS;
        struct origin_advice without = advise(&untouched, params, now_ms);
        if (!without.stale) /* it does keep the origin from going stale */
            assert_true(height(advise(&state, params, now_ms).standing) <=
                        height(without.standing));
    }
}

static void filter_is_kept(const struct history *history, const struct rule_params *params,
                           uint64_t *seed) {
    struct origin_state state = after(history, params);
    int64_t now_ms = later(history, seed);
    struct origin_advice advice[3];
    struct zone_origin origins[3];
    for (unsigned i = 0; i < 3; i++) {
        advice[i] = advise(&state, params, now_ms);
        if (i > 0) { /* neighbours of any kind */
            advice[i].level = (enum rule_level)pick(seed, LEVEL_COUNT);
            advice[i].supported_ok = pick(seed, 2);
            advice[i].always_hybrid = pick(seed, 2);
            for (unsigned s = 0; s < CLASSICAL_COUNT; s++)
                advice[i].shares[s] = (enum share_answer)pick(seed, 4);
        }
        origins[i] = (struct zone_origin){.weight = pick(seed, 3), .advice = &advice[i]};
    }
    struct zone_state zone;
    zone_state_init(&zone);
    for (unsigned step = 0; step < 6; step++, now_ms += HISTORY_DAY_MS) {
        enum compliance compliance = (enum compliance)pick(seed, 4);
        struct zone_target target;
        zone_target_choose(params, compliance, origins, 1 + pick(seed, 3), &target);
        assert_true(zone_setting_complies(&target.setting, compliance));
        struct zone_input input = {.now_ms = now_ms,
                                   .target = &target,
                                   .compliance = compliance,
                                   .frozen = pick(seed, 5) == 0,
                                   .brake = pick(seed, 5) == 0,
                                   .allow_up = pick(seed, 5) > 0};
        input.levers.pin = pick(seed, 4) ? LEVEL_NONE : (enum rule_level)pick(seed, LEVEL_COUNT);
        input.levers.pin_first_share = pick(seed, 2) ? GROUP_X25519 : GROUP_NONE;
        input.levers.deny[LEVEL_PREFERRED] = pick(seed, 4) == 0;
        zone_ramp_step(&zone, params, &input);
        assert_true(zone_setting_complies(&zone.setting, compliance));
        assert_true(zone.stage_percent == ZONE_WHOLE ||
                    zone_setting_complies(&zone.previous, compliance));
        assert_true(compliance_allows_level(compliance, params->hybrid, zone.setting.level));
    }
}

typedef void property(const struct history *history, const struct rule_params *params,
                      uint64_t *seed);

static void for_all(property *holds, uint64_t seed) {
    static struct history history;
    struct rule_params params;
    for (unsigned long i = 0; i < histories_n; i++) {
        uint64_t own = seed * UINT64_C(1000000007) + i;
        rule_params_init(&params, i % 5 == 4 ? PROFILE_FAST : PROFILE_CAREFUL);
        make(&history, &own);
        holds(&history, &params, &own);
    }
}

static void test_replay(void **state) {
    (void)state;
    for_all(replay_equals_steps, 1);
}

static void test_order(void **state) {
    (void)state;
    for_all(order_of_a_day_is_free, 2);
}

static void test_inconclusive(void **state) {
    (void)state;
    for_all(inconclusive_changes_nothing, 3);
}

static void test_success(void **state) {
    (void)state;
    for_all(success_never_lowers, 4);
}

static void test_failure(void **state) {
    (void)state;
    for_all(failure_never_raises, 5);
}

static void test_filter(void **state) {
    (void)state;
    for_all(filter_is_kept, 6);
}

/* The histories must be worth something: all levels are reached, and demotions happen. */
static void test_histories_reach_everything(void **state) {
    (void)state;
    static struct history history;
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    unsigned levels[LEVEL_COUNT] = {0};
    unsigned demoted = 0;
    unsigned pinned = 0;
    for (unsigned i = 0; i < 4000; i++) {
        uint64_t own = i;
        make(&history, &own);
        struct origin_state origin = after(&history, &params);
        struct origin_advice advice =
            advise(&origin, &params, history.last_day * HISTORY_DAY_MS + 1000);
        levels[advice.level]++;
        demoted += advice.demotions > 0;
        pinned += advice.pinned;
    }
    for (unsigned i = 0; i < LEVEL_COUNT; i++)
        assert_true(levels[i] > 40);
    assert_true(demoted > 200);
    assert_true(pinned > 0);
}

int main(void) {
    const char *wanted = getenv("RULE_HISTORIES");
    if (wanted)
        histories_n = strtoul(wanted, NULL, 10);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_histories_reach_everything),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_inconclusive),
        cmocka_unit_test(test_success),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_filter),
    };
    return cmocka_run_group_tests_name("rule properties", tests, NULL, NULL);
}
