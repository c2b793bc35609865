/* Settings of zones, and what the rule gets and leaves within a commit. */
#include "../support/store_fixture.h"
#include "store/store_read.h"
#include "store/store_rule.h"
#include "store/store_schedule.h"

static bool note_zone(void *arg, int64_t zone_id, const char *name,
                      const struct store_setting *setting) {
    FILE *out = arg;
    assert_true(zone_id > 0);
    fprintf(out, "%s %s", name, setting ? setting->setting : "none");
    if (setting)
        fprintf(out, " %s %u %u since %lld was %s", setting->variant ? setting->variant : "-",
                setting->first_share, setting->groups_n, (long long)setting->since_ms - FIXTURE_NOW,
                setting->previous ? setting->previous : "-");
    fputc('\n', out);
    return true;
}

static void assert_zones(struct store *store, const char *want) {
    char *said;
    size_t n;
    FILE *out = open_memstream(&said, &n);
    FIXTURE_OK(store_zones(store, note_zone, out, &err));
    fclose(out);
    assert_string_equal(said, want);
    free(said);
}

static bool take_id(void *arg, int64_t zone_id, const char *name,
                    const struct store_setting *setting) {
    (void)name;
    (void)setting;
    *(int64_t *)arg = zone_id;
    return false;
}

static void settings_change_and_remember(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    int64_t id = 0;
    fixture_import(store, "a", "a.example");
    fixture_import(store, "b", "b.example");
    assert_zones(store, "a none\nb none\n");
    FIXTURE_OK(store_zone_by_name(store, "nowhere", take_id, &id, &err));
    assert_int_equal(id, 0);
    FIXTURE_OK(store_zone_by_name(store, "b", take_id, &id, &err));
    struct store_setting setting = {.setting = "off",
                                    .first_share = 29,
                                    .groups_n = 2,
                                    .groups = {29, 23},
                                    .reason = "one",
                                    .evidence_scans = 1};
    FIXTURE_OK(store_setting_put(store, id, &setting, FIXTURE_NOW, &err));
    FIXTURE_OK(store_setting_put(store, id, &setting, FIXTURE_NOW + 10, &err));
    assert_zones(store, "a none\nb off - 29 2 since 0 was -\n");
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM v_change", "0\n");
    setting = (struct store_setting){.setting = "preferred",
                                     .variant = "single",
                                     .first_share = 4588,
                                     .groups_n = 3,
                                     .groups = {4588, 29, 0x1a2b},
                                     .reason = "two",
                                     .evidence_scans = 56,
                                     .valid_until_ms = FIXTURE_NOW + FIXTURE_DAY,
                                     .hybrid_fraction = 0.75,
                                     .retry_fraction = 0.25};
    FIXTURE_OK(store_setting_put(store, id, &setting, FIXTURE_NOW + 20, &err));
    setting.reason = "three";
    FIXTURE_OK(store_setting_put(store, id, &setting, FIXTURE_NOW + 30, &err));
    assert_zones(store, "a none\nb preferred single 4588 3 since 20 was off\n");
    FIXTURE_SQL_IS(fixture, "SELECT * FROM v_zone_setting",
                   "a|none|NULL|NULL|NULL|no-evidence|NULL|0|NULL|NULL|NULL\n"
                   "b|preferred|single|X25519MLKEM768|X25519MLKEM768,X25519,0x1a2b|three|"
                   "2026-11-23T15:00:00.143Z|56|2026-11-24T15:00:00.123Z|0.75|0.25\n");
    FIXTURE_SQL_IS(fixture, "SELECT subject, field, old, new, reason FROM v_change",
                   "b|setting|off|preferred|two\nb|variant|NULL|single|two\n"
                   "b|first_share|X25519|X25519MLKEM768|two\n"
                   "b|groups|X25519,P-256|X25519MLKEM768,X25519,0x1a2b|two\n");
    FIXTURE_OK(store_zone_by_name(store, "a", take_id, &id, &err));
    FIXTURE_OK(store_setting_put(store, id, &setting, FIXTURE_NOW + 40, &err));
    FIXTURE_SQL_IS(fixture, "SELECT field, old, new FROM v_change WHERE subject = 'a'",
                   "setting|NULL|preferred\n");
    struct err why;
    assert_int_equal(store_setting_put(store, 4711, &setting, FIXTURE_NOW, &why), STORE_BROKEN);
    store_close(store);
}

/* What the observer of the next test is to see and to leave behind. */
struct remembering {
    const char *state, *visits;
    const char *next_state, *next_visits;
    int64_t hour;
};

static void expect_and_remember(void *arg, struct store *store, struct store_observed *scan) {
    const struct remembering *r = arg;
    struct store_origin_rule *rule = scan->rule;
    (void)store;
    assert_int_equal(rule->state_n, strlen(r->state));
    assert_memory_equal(rule->state, r->state, rule->state_n);
    assert_int_equal(rule->visits_n, strlen(r->visits));
    assert_memory_equal(rule->visits, r->visits, rule->visits_n);
    rule->state_n = strlen(r->next_state);
    memcpy(rule->state, r->next_state, rule->state_n);
    rule->visits_n = strlen(r->next_visits);
    memcpy(rule->visits, r->next_visits, rule->visits_n);
    scan->touch_zones = *r->next_visits != '\0';
    scan->sums = (struct store_hour){.hour = r->hour, .controls = 3, .controls_failed = 1};
}

static void commit_and_remember(struct store *store, int64_t at, struct remembering *r,
                                const struct fixture *fixture) {
    struct store_claim claim = fixture_claim(store, at);
    struct fixture_scan made;
    fixture_ready(&made, &claim.origin, at);
    struct store_finished finished[] = {
        {.origin_id = claim.origin_id, .scan = &made.scan, .judgement = &made.judgement}};
    struct store_commit commit = {.finished = finished,
                                  .n = 1,
                                  .now_ms = at,
                                  .observe = expect_and_remember,
                                  .observe_arg = r};
    if (fixture) { /* an operator releases the origin while it is being visited */
        struct store *beside = fixture_open(fixture, STORE_BESIDE);
        FIXTURE_OK(store_origin_state_put(beside, claim.origin_id, "released", 8, &err));
        store_close(beside);
        r->state = "released";
    }
    FIXTURE_OK(store_commit(store, &commit, &err));
    assert_int_equal(commit.stored, 1);
}

static void the_rule_gets_back_what_it_left(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct remembering r = {"", "", "one", "a visit", 7};
    fixture_import(store, "z", "a.example");
    commit_and_remember(store, FIXTURE_NOW, &r, NULL);
    FIXTURE_SQL_IS(fixture, "SELECT * FROM rule_hour", "7|3|1|0|0\n");
    FIXTURE_SQL_IS(fixture, "SELECT * FROM zone_touched", "1\n");
    r = (struct remembering){"one", "a visit", "one", "", 7}; /* the state stays, the visits go */
    commit_and_remember(store, FIXTURE_NOW + 2 * FIXTURE_DAY, &r, NULL);
    FIXTURE_SQL_IS(fixture, "SELECT * FROM rule_hour", "7|6|2|0|0\n");
    r = (struct remembering){"one", "", "three", "visits", 8};
    commit_and_remember(store, FIXTURE_NOW + 4 * FIXTURE_DAY, &r, fixture);
    FIXTURE_SQL_IS(fixture, "SELECT memo, visits FROM evidence, origin_visits", "three|visits\n");
    FIXTURE_SQL_IS(fixture, "SELECT * FROM rule_hour", "7|6|2|0|0\n8|3|1|0|0\n");
    store_close(store);
}

struct observed {
    int calls;
    bool fail;
};

static void observe(void *arg, struct store *store, struct store_observed *scan) {
    struct observed *observed = arg;
    assert_int_equal(scan->visits, 0);
    assert_int_equal(scan->rule->state_n, 0);
    assert_int_equal(scan->rule->visits_n, 0);
    struct store_setting setting = {.setting = observed->fail ? "off" : "supported",
                                    .reason = "rule",
                                    .evidence_scans = (uint32_t)++observed->calls};
    if (scan->origin_id == 1) {
        memcpy(scan->rule->state, "\1\2\3\4", 4);
        scan->rule->state_n = 4;
    }
    struct err why;
    enum store_result result =
        store_setting_put(store, observed->fail ? 4711 : 1, &setting, FIXTURE_NOW, &why);
    assert_int_equal(result, observed->fail ? STORE_BROKEN : STORE_OK);
    scan->extra_after_ms = FIXTURE_HOUR;
    scan->extra_again = scan->origin_id == 2;
}

static void settings_are_part_of_the_commit(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    fixture_import(store, "z", "a.example");
    fixture_import(store, "z", "b.example");
    struct store_claim claims[2];
    size_t n = fixture_claim_some(store, FIXTURE_NOW, 2, claims);
    assert_int_equal(n, 2);
    struct fixture_scan made[2];
    struct store_finished finished[2];
    for (int i = 0; i < 2; i++) {
        fixture_ready(&made[i], &claims[i].origin, FIXTURE_NOW);
        finished[i] = (struct store_finished){.origin_id = claims[i].origin_id,
                                              .scan = &made[i].scan,
                                              .judgement = &made[i].judgement};
    }
    struct observed observed = {.fail = true};
    struct store_commit commit = {.finished = finished,
                                  .n = 2,
                                  .now_ms = FIXTURE_NOW,
                                  .observe = observe,
                                  .observe_arg = &observed};
    struct err why;
    assert_int_equal(store_commit(store, &commit, &why), STORE_BROKEN);
    assert_int_equal(commit.stored, 0);
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM scan", "0\n");
    observed = (struct observed){0};
    FIXTURE_OK(store_commit(store, &commit, &err)); /* the same call again */
    assert_int_equal(commit.stored, 2);
    assert_int_equal(observed.calls, 2);
    FIXTURE_SQL_IS(fixture, "SELECT zone, setting, evidence_scans FROM v_zone_setting",
                   "z|supported|2\n");
    uint8_t memo[8];
    FIXTURE_OK(store_origin_state_get(store, 1, memo, sizeof memo, &n, &err));
    assert_int_equal(n, 4);
    assert_memory_equal(memo, "\1\2\3\4", 4);
    FIXTURE_OK(store_origin_state_get(store, 2, memo, sizeof memo, &n, &err));
    assert_int_equal(n, 0);
    /* the extra visits that were wished for */
    FIXTURE_OK(store_claim(store, FIXTURE_NOW + FIXTURE_HOUR, 2, claims, &n, &err));
    assert_int_equal(n, 2);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(claims[i].plan, PLAN_QUICK);
        assert_int_equal(claims[i].again, claims[i].origin_id == 2);
    }
    store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(settings_change_and_remember),
        FIXTURE_TEST(the_rule_gets_back_what_it_left),
        FIXTURE_TEST(settings_are_part_of_the_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
