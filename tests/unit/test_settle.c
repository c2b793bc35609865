/* From scans to settings over virtual weeks, with the real store and the real rule. */
#include "cmd/settle/settle.h"
#include "report/rule/origin_history.h"

#include "store/store_lever.h"
#include "store/store_read.h"
#include "store/store_rule.h"
#include "store/store_schedule.h"
#include "tests/support/settle_play.h"

static const char *by_host(void *arg, const struct store_claim *claim, int64_t now_ms) {
    const char *words = claim->origin.host;
    (void)now_ms;
    if (arg)
        return arg;
    if (strstr(words, "modern"))
        return "modern";
    if (strstr(words, "mesh")) /* takes no classical key share */
        return "modern classical=alert40";
    if (strstr(words, "old"))
        return "old";
    if (strstr(words, "first"))
        return "modern large=reset:after-reset split=ok:X25519 large-classical=ok:X25519";
    if (strstr(words, "p256"))
        return "p256";
    if (strstr(words, "retry"))
        return "p256 classical=reset:after-reset,>P-256 supported=reset:after-reset,>P-256"
               " large=reset:after-reset,>P-256";
    if (strstr(words, "group"))
        return "old supported=alert47 large=alert47 unknown-group=alert47";
    if (strstr(words, "tls12"))
        return "tls12";
    fail_msg("%s: no words", words);
    return NULL;
}

static struct settle_play begin(const struct fixture *fixture, enum rule_profile profile) {
    struct settle_play play = {
        .store = fixture_open(fixture, STORE_CREATE), .now_ms = FIXTURE_NOW, .words = by_host};
    settle_options_init(&play.options, profile);
    return play;
}

static bool take_id(void *arg, int64_t id, const char *name, const struct store_setting *setting) {
    (void)name;
    (void)setting;
    *(int64_t *)arg = id;
    return false;
}

static int64_t zone_id(struct store *store, const char *name) {
    int64_t id = 0;
    FIXTURE_OK(store_zone_by_name(store, name, take_id, &id, &err));
    assert_int_not_equal(id, 0);
    return id;
}

static struct settle_view view(const struct settle_play *play, const char *zone) {
    struct settle_view view;
    FIXTURE_OK(settle_view(play->store, &play->options, zone_id(play->store, zone), play->now_ms,
                           &view, &err));
    return view;
}

static void lever(struct settle_play *play, const char *zone, const char *name, const char *value) {
    int64_t id = zone ? zone_id(play->store, zone) : 0;
    FIXTURE_OK(store_lever_set(play->store, id, name, value, play->now_ms, "test", &err));
    FIXTURE_OK(settle_all(play->store, &play->options, play->now_ms, &play->last, &err));
}

#define SETTINGS "SELECT zone, setting, first_share, reason FROM v_zone_setting ORDER BY zone"

/* ---- profiles ---- */

static void fast_believes_one_scan(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture, PROFILE_FAST);
    static const char *const hosts[] = {"modern", "old",   "first", "p256",
                                        "retry",  "group", "tls12"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char host[32];
        snprintf(host, sizeof host, "%s.example", hosts[i]);
        fixture_import(play.store, hosts[i], host);
    }
    settle_play_days(&play, 2);
    FIXTURE_SQL_IS(fixture, SETTINGS,
                   "first|supported|X25519|supported-works\n"
                   "group|off|X25519|reproducible-failure\n"
                   "modern|preferred|X25519MLKEM768|hybrid-in-one-round-trip\n"
                   "old|supported|X25519|supported-works\n"
                   "p256|supported|P-256|supported-works\n"
                   "retry|off|P-256|reproducible-failure\n"
                   "tls12|off|X25519|tls12-only\n");
    store_close(play.store);
}

static void careful_takes_its_time(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture, PROFILE_CAREFUL);
    fixture_import(play.store, "shop", "modern.example");
    settle_play_days(&play, 1);
    FIXTURE_SQL_IS(fixture, SETTINGS, "shop|off|X25519|needs-more-days\n");
    settle_play_days(&play, 6);
    FIXTURE_SQL_IS(fixture, SETTINGS, "shop|supported|X25519|supported-works\n");
    struct settle_view seen = view(&play, "shop");
    assert_true(seen.state.stage_percent < ZONE_WHOLE);
    settle_view_clear(&seen);
    settle_play_days(&play, 14);
    FIXTURE_SQL_IS(fixture, SETTINGS, "shop|preferred|X25519MLKEM768|hybrid-in-one-round-trip\n");
    seen = view(&play, "shop");
    assert_int_equal(seen.state.stage_percent, 10); /* no feedback: no further */
    assert_int_equal(seen.state.waits_for, REASON_NO_FEEDBACK);
    settle_view_clear(&seen);
    assert_true(play.visits > 8 * 8); /* extra visits while it is a candidate */
    assert_int_equal(play.again, 0);
    play.options.params.blind_ramp = true;
    settle_play_days(&play, 6);
    seen = view(&play, "shop");
    assert_int_equal(seen.state.stage_percent, ZONE_WHOLE);
    settle_view_clear(&seen);
    store_close(play.store);
}

/* ---- a failure is confirmed, and demotes at once ---- */

static const char *turns_bad(void *arg, const struct store_claim *claim, int64_t now_ms) {
    (void)claim;
    return now_ms < *(int64_t *)arg ? "modern" : "modern large=alert40";
}

static void a_failure_is_confirmed_and_demotes(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture, PROFILE_CAREFUL);
    int64_t bad_ms = FIXTURE_NOW + 30 * FIXTURE_DAY;
    play.words = turns_bad;
    play.arg = &bad_ms;
    play.options.params.blind_ramp = true;
    fixture_import(play.store, "shop", "shop.example");
    settle_play_until(&play, bad_ms);
    FIXTURE_SQL_IS(fixture, "SELECT setting FROM v_zone_setting", "preferred\n");
    assert_int_equal(play.again, 0);
    settle_play_until(&play, bad_ms + 9 * FIXTURE_HOUR); /* guard visits come every six hours */
    assert_true(play.again >= 2);
    FIXTURE_SQL_IS(fixture, "SELECT setting, reason FROM v_zone_setting",
                   "supported|reproducible-failure\n");
    FIXTURE_SQL_IS(fixture,
                   "SELECT old, new FROM v_change WHERE subject = 'shop' AND field = 'setting'",
                   "off|supported\nsupported|preferred\npreferred|supported\n");
    store_close(play.store);
}

/* Where no daily visit is made, nothing has shown how the second hello of a proxy fares. */
static void quick_visits_alone_prove_no_supported(void **state) {
    struct fixture *fixture = *state;
    static char words[] = "modern preferred-dual=closed:after-closed";
    for (int alone = 0; alone < 2; alone++) {
        struct settle_play play = begin(fixture, PROFILE_CAREFUL);
        play.arg = words;
        play.quick = true;
        play.options.quick = alone;
        fixture_import(play.store, "a", "a.example");
        settle_play_days(&play, 20);
        FIXTURE_SQL_IS(fixture, "SELECT setting, groups FROM v_zone_setting",
                       alone ? "off|X25519,P-256,P-384,P-521\n"
                             : "supported|X25519MLKEM768,X25519,P-256,P-384\n");
        store_close(play.store);
        unlink(fixture->path);
    }
}

/* ---- rebuilding ---- */

static const char *moody(void *arg, const struct store_claim *claim, int64_t now_ms) {
    static const char *const words[] = {
        "modern",
        "modern",
        "modern",
        "modern preferred=ok:hybrid,after-reset",
        "modern large=reset:after-reset",
        "modern closing=reset:after-reset,shape status=interrupted",
        "p256",
        "old",
        "modern supported=reset:after-reset,>hybrid",
        "classical=refused status=unreachable",
    };
    unsigned *seed = arg;
    (void)now_ms;
    unsigned kinds = claim->origin_id % 3 == 0 ? 10 : claim->origin_id % 3 == 1 ? 4 : 1;
    return words[(unsigned)rand_r(seed) % kinds];
}

static void expect_rebuilt_alike(struct settle_play *play, uint64_t otherwise) {
    struct settle_cycle cycle = {.rebuild = true};
    FIXTURE_OK(store_zone_touch(play->store, 0, &err));
    FIXTURE_OK(settle_all(play->store, &play->options, play->now_ms, &cycle, &err));
    assert_int_equal(cycle.origins_changed, otherwise);
}

#define MEMOS "SELECT origin_id, hex(memo) FROM evidence ORDER BY origin_id"

static void what_is_rebuilt_equals_what_is_stored(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture, PROFILE_CAREFUL);
    unsigned seed = 7;
    play.words = moody;
    play.arg = &seed;
    for (int i = 0; i < 12; i++) {
        char host[32], zone[8];
        snprintf(host, sizeof host, "host%d.example", i);
        snprintf(zone, sizeof zone, "z%d", i / 2);
        fixture_import(play.store, zone, host);
    }
    settle_play_days(&play, 40);
    assert_true(play.visits > 12 * ORIGIN_VISITS_MAX); /* the oldest were folded away */
    char *before = fixture_sql(fixture, MEMOS), *settings = fixture_sql(fixture, SETTINGS);
    expect_rebuilt_alike(&play, 0);
    for (int64_t id = 1; id <= 12; id++) { /* from the scans themselves */
        struct settle_rejudged done;
        FIXTURE_OK(settle_rejudge(play.store, &play.options, id, &done, &err));
        assert_false(done.changed);
        assert_int_equal(done.damaged.n, 0);
    }
    FIXTURE_SQL_IS(fixture, MEMOS, before);
    store_close(play.store);
    fixture_write_sql(fixture->path, "DELETE FROM evidence; DELETE FROM zone_setting");
    play.store = fixture_open(fixture, STORE_WRITE);
    expect_rebuilt_alike(&play, 12);
    FIXTURE_SQL_IS(fixture, MEMOS, before);
    FIXTURE_SQL_IS(fixture, SETTINGS, settings);
    free(before);
    free(settings);
    store_close(play.store);
}

/* Scans that nobody looked at are caught up with. */
static void missed_scans_are_taken_from_the_history(void **state) {
    struct fixture *fixture = *state;
    char *memos[2];
    for (int late = 0; late < 2; late++) {
        struct settle_play play = begin(fixture, PROFILE_CAREFUL);
        play.options.params.supported_trials_a_day = play.options.params.preferred_trials_a_day =
            play.options.params.guard_trials_a_day = 1; /* the same visits both times */
        fixture_import(play.store, "a", "modern.example");
        play.unobserved = late;
        settle_play_days(&play, 12);
        play.unobserved = false;
        settle_play_days(&play, 2);
        memos[late] = fixture_sql(fixture, "SELECT hex(memo), hex(visits) FROM evidence"
                                           " JOIN origin_visits USING (origin_id)");
        store_close(play.store);
        unlink(fixture->path);
    }
    assert_string_equal(memos[0], memos[1]);
    free(memos[0]);
    free(memos[1]);
}

/* ---- levers ---- */

static void levers_go_over_the_evidence(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture, PROFILE_FAST);
    fixture_import(play.store, "a", "modern.example");
    fixture_import(play.store, "b", "modern-too.example");
    settle_play_days(&play, 2);
    lever(&play, "a", "pin", "supported:P-256");
    FIXTURE_SQL_IS(fixture, SETTINGS,
                   "a|supported|P-256|operator-pin\n"
                   "b|preferred|X25519MLKEM768|hybrid-in-one-round-trip\n");
    lever(&play, NULL, "deny", "preferred");
    FIXTURE_SQL_IS(fixture, SETTINGS,
                   "a|supported|P-256|operator-pin\nb|supported|X25519|operator-deny\n");
    lever(&play, NULL, "freeze", "yes");
    lever(&play, "a", "pin", NULL);
    FIXTURE_SQL_IS(fixture, SETTINGS,
                   "a|supported|P-256|operator-pin\nb|supported|X25519|operator-deny\n");
    lever(&play, "b", "compliance", "fips"); /* goes before the freeze */
    FIXTURE_SQL_IS(fixture, SETTINGS,
                   "a|supported|P-256|operator-pin\nb|supported|P-256|compliance\n");
    lever(&play, NULL, "freeze", NULL);
    lever(&play, NULL, "deny", NULL);
    lever(&play, "b", "compliance", "pqh");
    FIXTURE_SQL_IS(fixture, "SELECT zone, setting, groups FROM v_zone_setting ORDER BY zone",
                   "a|preferred|X25519MLKEM768,X25519,P-256,P-384\nb|preferred|X25519MLKEM768\n");
    store_close(play.store);
}

static void a_filter_may_leave_nothing(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture, PROFILE_FAST);
    fixture_import(play.store, "a", "old.example");
    settle_play_days(&play, 2);
    FIXTURE_SQL_IS(fixture, "SELECT setting FROM v_zone_setting", "supported\n");
    lever(&play, "a", "compliance", "pqh");
    FIXTURE_SQL_IS(fixture, "SELECT setting, first_share, groups, reason FROM v_zone_setting",
                   "none|NULL|NULL|compliance\n");
    FIXTURE_SQL_IS(fixture,
                   "SELECT old, new FROM change WHERE field = 'setting' ORDER BY id DESC LIMIT 1",
                   "supported|none\n");
    store_close(play.store);
}

/* `off` stands for what was measured and does not fail on it. */
static void no_advice_is_none(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture, PROFILE_CAREFUL);
    fixture_import(play.store, "new", "modern.example");
    FIXTURE_SQL_IS(fixture, SETTINGS, "new|none|NULL|no-evidence\n");
    settle_play_days(&play, 1);
    FIXTURE_SQL_IS(fixture, SETTINGS, "new|off|X25519|needs-more-days\n");
    fixture_import(play.store, "mesh", "mesh.example");
    settle_play_days(&play, 1);
    FIXTURE_SQL_IS(fixture, "SELECT setting, first_share FROM v_zone_setting WHERE zone = 'mesh'",
                   "none|NULL\n");
    store_close(play.store);
}

/* ---- the fleet ---- */

static void import_many(struct store *store, int n) {
    for (int i = 0; i < n; i++) {
        char host[32], zone[16];
        snprintf(host, sizeof host, "modern%d.example", i);
        snprintf(zone, sizeof zone, "zone%03d", i);
        fixture_import(store, zone, host);
    }
}

#define COUNTS "SELECT setting, count(*) FROM v_zone_setting GROUP BY 1 ORDER BY 1"

static void few_zones_move_up_a_day(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture, PROFILE_CAREFUL);
    import_many(play.store, 100);
    settle_play_until(&play, (FIXTURE_NOW / FIXTURE_DAY + 6) * FIXTURE_DAY);
    char *said = fixture_sql(fixture, "SELECT max(n) FROM (SELECT sum(zones_up) AS n"
                                      " FROM rule_hour GROUP BY hour / 24)");
    assert_string_equal(said, "2\n");
    free(said);
    FIXTURE_SQL_IS(fixture,
                   "SELECT DISTINCT setting, reason FROM v_zone_setting WHERE setting = 'off'",
                   "off|upward-budget\n");
    store_close(play.store);
}

static void the_brake_discards_a_cycle(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture, PROFILE_FAST);
    import_many(play.store, 80);
    settle_play_days(&play, 2);
    FIXTURE_SQL_IS(fixture, COUNTS, "preferred|80\n");
    play.arg = (void *)"modern large=reset:after-reset";
    /* all at once, as after an outage of ours: the day's visits are settled together */
    struct store_claim claims[80];
    size_t n;
    play.now_ms += 2 * FIXTURE_DAY;
    FIXTURE_OK(store_claim(play.store, play.now_ms, 80, claims, &n, &err));
    assert_int_equal(n, 80);
    for (size_t i = 0; i < n; i++)
        settle_play_visit(&play, &claims[i]);
    FIXTURE_OK(settle_all(play.store, &play.options, play.now_ms, &play.last, &err));
    assert_true(play.last.brake.on && play.last.brake.mass_down);
    FIXTURE_SQL_IS(fixture, COUNTS, "preferred|80\n");
    FIXTURE_SQL_IS(fixture, "SELECT name, value FROM lever",
                   "brake|too many zones would move down\n");
    struct settle_view seen = view(&play, "zone000");
    assert_true(seen.brake);
    assert_int_equal(seen.state.waits_for, REASON_BRAKE);
    settle_view_clear(&seen);
    char until[24];
    snprintf(until, sizeof until, "%lld", (long long)(play.now_ms + FIXTURE_DAY));
    lever(&play, NULL, "release", until); /* an operator looked into it */
    FIXTURE_SQL_IS(fixture, COUNTS, "supported|80\n");
    FIXTURE_SQL_IS(fixture, "SELECT name FROM lever", "release\n");
    store_close(play.store);
}

static void a_reference_judged_wrongly_sets_the_brake(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture, PROFILE_FAST);
    fixture_import(play.store, "a", "modern.example");
    fixture_import(play.store, "ref", "old.example");
    settle_play_days(&play, 2);
    lever(&play, "ref", "expect", "supported");
    assert_false(play.last.brake.on);
    lever(&play, "ref", "expect", "preferred");
    assert_true(play.last.brake.on && play.last.brake.references);
    store_close(play.store);
}

/* ---- feedback ---- */

static void traffic_rolls_a_zone_back(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture, PROFILE_CAREFUL);
    fixture_import(play.store, "shop", "modern.example");
    settle_play_days(&play, 25);
    FIXTURE_SQL_IS(fixture, "SELECT setting FROM v_zone_setting", "preferred\n");
    struct settle_report report = {.feedback = {.zone_id = 1,
                                                .reported_ms = play.now_ms,
                                                .until_ms = play.now_ms,
                                                .arm = "canary",
                                                .handshakes = 1000,
                                                .failures = 3}};
    FIXTURE_OK(settle_feedback(play.store, &play.options, &report, play.now_ms, &err));
    assert_true(report.added && !report.rolled_back);
    FIXTURE_OK(settle_feedback(play.store, &play.options, &report, play.now_ms, &err));
    assert_false(report.added); /* the same period again */
    report.feedback.until_ms++;
    report.feedback.failures = 300;
    FIXTURE_OK(settle_feedback(play.store, &play.options, &report, play.now_ms, &err));
    assert_true(report.added && report.rolled_back);
    FIXTURE_SQL_IS(fixture, "SELECT setting, reason FROM v_zone_setting",
                   "off|feedback-failures\n");
    settle_play_days(&play, 2);
    struct settle_view seen = view(&play, "shop");
    assert_int_equal(seen.state.waits_for, REASON_HOLD_DOWN);
    settle_view_clear(&seen);
    FIXTURE_OK(settle_release(play.store, &play.options, 1, play.now_ms, &err));
    settle_play_days(&play, 1);
    seen = view(&play, "shop");
    assert_int_not_equal(seen.state.waits_for, REASON_HOLD_DOWN);
    assert_true(seen.state.setting.level > LEVEL_OFF);
    settle_view_clear(&seen);
    expect_rebuilt_alike(&play, 0); /* releases are part of the history */
    store_close(play.store);
}

static void options_are_kept_beside_the_settings(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture, PROFILE_FAST);
    struct settle_options read;
    fixture_import(play.store, "a", "a.example");
    FIXTURE_OK(settle_options_load(&read, play.store, &err));
    assert_int_equal(read.params.profile, PROFILE_CAREFUL);
    play.options.params.failure_bound = 0.123;
    play.options.params.hybrid = 514;
    play.options.compliance = COMPLIANCE_FIPS;
    play.options.shadow = true;
    FIXTURE_OK(settle_options_save(&play.options, play.store, &err));
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM zone_touched", "1\n");
    FIXTURE_OK(settle_options_load(&read, play.store, &err));
    assert_true(settle_options_equal(&read, &play.options));
    store_close(play.store);
}

/* The same options in a struct whose padding holds something else. */
static struct settle_options options_with_other_padding(const struct settle_options *from) {
    struct settle_options out;
    size_t n;
    const struct rule_key *keys = rule_params_keys(&n);
    memset(&out, 0xa5, sizeof out);
    for (size_t i = 0; i < n; i++)
        assert_true(
            rule_params_set(&out.params, &keys[i], rule_params_get(&from->params, &keys[i]), NULL));
    out.params.profile = from->params.profile;
    out.params.hybrid = from->params.hybrid;
    out.compliance = from->compliance;
    out.shadow = from->shadow;
    out.quick = from->quick;
    return out;
}

static void only_other_options_touch_the_zones(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = begin(fixture, PROFILE_FAST);
    fixture_import(play.store, "a", "a.example");
    FIXTURE_OK(settle_options_save(&play.options, play.store, &err));
    FIXTURE_OK(settle_all(play.store, &play.options, play.now_ms, &play.last, &err));
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM zone_touched", "0\n");
    struct settle_options same = options_with_other_padding(&play.options);
    FIXTURE_OK(settle_options_save(&same, play.store, &err));
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM zone_touched", "0\n");
    same.params.failure_bound = 0.1;
    FIXTURE_OK(settle_options_save(&same, play.store, &err));
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM zone_touched", "1\n");
    store_close(play.store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(fast_believes_one_scan),
        FIXTURE_TEST(careful_takes_its_time),
        FIXTURE_TEST(a_failure_is_confirmed_and_demotes),
        FIXTURE_TEST(quick_visits_alone_prove_no_supported),
        FIXTURE_TEST(what_is_rebuilt_equals_what_is_stored),
        FIXTURE_TEST(missed_scans_are_taken_from_the_history),
        FIXTURE_TEST(levers_go_over_the_evidence),
        FIXTURE_TEST(a_filter_may_leave_nothing),
        FIXTURE_TEST(no_advice_is_none),
        FIXTURE_TEST(few_zones_move_up_a_day),
        FIXTURE_TEST(the_brake_discards_a_cycle),
        FIXTURE_TEST(a_reference_judged_wrongly_sets_the_brake),
        FIXTURE_TEST(traffic_rolls_a_zone_back),
        FIXTURE_TEST(options_are_kept_beside_the_settings),
        FIXTURE_TEST(only_other_options_touch_the_zones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
