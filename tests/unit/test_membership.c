/* Origins in several zones: scanned once, with a weight, a wish and reports of traffic in each. */
#include "cmd/settle/zone_walk.h"
#include "report/zone/zone_pack.h"
#include "store/store_lever.h"
#include "store/store_read.h"
#include "store/store_remove.h"
#include "store/store_rule.h"
#include "store/store_traffic.h"
#include "store/store_upkeep.h"
#include "store/store_wanted.h"
#include "store/store_zone.h"
#include "store/upkeep/store_check.h"
#include "tests/support/settle_play.h"

#define MEMBERS                                                                                    \
    "SELECT z.name, o.host, m.weight FROM membership m JOIN zone z ON z.id = m.zone_id"            \
    " JOIN origin o ON o.id = m.origin_id ORDER BY 1, 2"

#define TOUCHED "SELECT z.name FROM zone_touched t JOIN zone z ON z.id = t.zone_id ORDER BY 1"

static void import_weighed(struct store *store, const char *zone, const char *host, double weight) {
    struct origin origin;
    struct store_import_counts counts = {0};
    fixture_origin(&origin, zone, host);
    origin.weight = weight;
    FIXTURE_OK(store_import(store, &origin, 1, FIXTURE_NOW, &counts, &err));
}

/* Zones a (1) and b (2) share the origin 1; c.example (2) is in a alone. */
static struct store *two_zones(const struct fixture *fixture) {
    struct store *store = fixture_open(fixture, STORE_CREATE);
    import_weighed(store, "a", "s.example", 1);
    import_weighed(store, "a", "c.example", 2);
    import_weighed(store, "b", "s.example", 3);
    return store;
}

static int64_t zone_id(struct store *store, const char *name) {
    int64_t id;
    FIXTURE_OK(store_zone_make(store, name, &id, &err));
    return id;
}

static void fail_on_problem(void *arg, const char *text) {
    (void)arg;
    fail_msg("%s", text);
}

static void assert_sound(struct store *store) {
    uint64_t n;
    FIXTURE_OK(store_check(store, NULL, fail_on_problem, NULL, &n, &err));
}

static void imports_add_zones_and_take_none(void **state) {
    struct fixture *fixture = *state;
    struct store *store = two_zones(fixture);
    FIXTURE_OK(store_lever_set(store, 1, "pin", "off", FIXTURE_NOW, "operator", &err));
    FIXTURE_SQL_IS(fixture, MEMBERS, "a|c.example|2.0\na|s.example|1.0\nb|s.example|3.0\n");
    for (int again = 0; again < 2; again++) {
        import_weighed(store, "b", "s.example", 4);
        import_weighed(store, "a", "s.example", 1);
        FIXTURE_SQL_IS(fixture, MEMBERS, "a|c.example|2.0\na|s.example|1.0\nb|s.example|4.0\n");
    }
    FIXTURE_SQL_IS(fixture, "SELECT zone_id, name, value FROM lever", "1|pin|off\n");
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM origin", "2\n");
    assert_sound(store);
    store_close(store);
}

static bool note_name(void *arg, int64_t id, const char *name) {
    fprintf(arg, "%d %s;", (int)id, name);
    return true;
}

static bool note_origin(void *arg, const struct store_origin *origin) {
    fprintf(arg, "%s %s %g;", origin->origin.zone, origin->origin.host, origin->origin.weight);
    return true;
}

static bool note_wanted(void *arg, const struct store_wanted *wanted) {
    fprintf(arg, "%d %d;", (int)wanted->id, wanted->touched);
    return true;
}

static void touch_zones(void *arg, struct store *store, struct store_observed *observed) {
    (void)arg;
    (void)store;
    observed->touch_zones = true;
}

static void one_scan_is_for_all_zones(void **state) {
    struct fixture *fixture = *state;
    struct store *store = two_zones(fixture);
    struct store_claim claims[4];
    struct fixture_scan made;
    int64_t now_ms = FIXTURE_NOW + 2 * FIXTURE_DAY;
    assert_int_equal(fixture_claim_some(store, now_ms, 4, claims), 2);
    const struct store_claim *shared = claims[0].origin_id == 1 ? &claims[0] : &claims[1];
    assert_string_equal(shared->origin.zone, "a");
    fixture_ready(&made, &shared->origin, now_ms);
    made.judgement.verdict = VERDICT_LARGE_DROP;
    made.probes[2].outcome = OUTCOME_TIMEOUT;
    made.probes[2].stage = STAGE_HELLO;
    struct store_finished finished = {
        .origin_id = 1, .scan = &made.scan, .judgement = &made.judgement};
    struct store_commit commit = {
        .finished = &finished, .n = 1, .now_ms = now_ms, .observe = touch_zones};
    FIXTURE_OK(store_commit(store, &commit, &err));
    assert_int_equal(commit.stored, 1);
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM scan", "1\n");
    FIXTURE_SQL_IS(fixture, "SELECT zone_id FROM zone_touched ORDER BY 1", "1\n2\n");
    FIXTURE_SQL_IS(fixture, "SELECT zone, host, status FROM v_origin ORDER BY 1, 2",
                   "a|c.example|NULL\na|s.example|complete\nb|s.example|complete\n");
    FIXTURE_SQL_IS(fixture, "SELECT zone, host, verdict FROM v_failure ORDER BY 1",
                   "a|s.example|large-drop\nb|s.example|large-drop\n");
    FIXTURE_SQL_IS(fixture, "SELECT DISTINCT origins FROM v_group_share", "1\n");
    fixture_write_sql(fixture->path, "UPDATE origin SET due_at = 7");
    FIXTURE_SQL_IS(fixture, "SELECT due_now, in_flight FROM v_backlog", "2|1\n");
    FIXTURE_SAYS(store_zones_of_origin(store, 1, note_name, out, &err), "1 a;2 b;");
    FIXTURE_SAYS(store_origins_by_host(store, "s.example", 0, note_origin, out, &err),
                 "a s.example 1;b s.example 3;");
    FIXTURE_SAYS(store_origins_of_zone(store, 2, note_origin, out, &err), "b s.example 3;");
    FIXTURE_OK(store_zone_untouch(store, 1, &err));
    const int64_t both[] = {1, 2};
    FIXTURE_SAYS(store_wanted_look(store, both, 2, note_wanted, out, &err), "1 1;2 0;");
    FIXTURE_OK(store_origin_touch(store, 2, &err));
    FIXTURE_SAYS(store_wanted_look(store, both, 2, note_wanted, out, &err), "1 1;2 1;");
    store_close(store);
}

static bool note_member(void *arg, const struct store_member *member, const void *bytes, size_t n) {
    (void)bytes;
    (void)n;
    const struct store_wish *wish = &member->wish;
    fprintf(arg, "%d %d%d %d others %d%d;", (int)member->origin_id, wish->supported,
            wish->preferred, wish->share, member->others_supported, member->others_preferred);
    return true;
}

/* What a day's claim of the shared origin is to prove, as a bit: 1 P-256 alone, 2 P-384 beside the
 * hybrid, 4 anything else. */
static unsigned claim_proof(struct store *store, int64_t now_ms) {
    struct store_claim claim = {.origin_id = 0};
    const int64_t id = 1;
    size_t n;
    FIXTURE_OK(store_want(store, &id, 1, now_ms, &err));
    FIXTURE_OK(store_claim_of(store, now_ms, &id, 1, 1, &claim, &n, &err));
    assert_int_equal(n, 1);
    struct fixture_scan made;
    fixture_ready(&made, &claim.origin, now_ms);
    fixture_commit(store, 1, &made);
    if (claim.proof_share == GROUP_P256 && !claim.proof_dual)
        return 1;
    return claim.proof_share == GROUP_P384 && claim.proof_dual ? 2 : 4;
}

static void each_zone_has_a_wish_of_its_own(void **state) {
    struct fixture *fixture = *state;
    struct store *store = two_zones(fixture);
    struct store_wish alone = {.supported = true, .share = GROUP_P256};
    struct store_wish beside = {.preferred = true, .share = GROUP_P384};
    FIXTURE_OK(store_wish_put(store, 1, 1, &alone, &err));
    assert_int_equal(claim_proof(store, FIXTURE_NOW), 1);
    FIXTURE_OK(store_wish_put(store, 2, 1, &beside, &err));
    FIXTURE_OK(store_wish_put(store, 2, 2, &beside, &err)); /* is not in that zone */
    FIXTURE_SAYS(store_origin_states_of_zone(store, 1, note_member, out, &err),
                 "1 10 23 others 11;2 00 0 others 00;");
    FIXTURE_SAYS(store_origin_visits_of_zone(store, 2, note_member, out, &err),
                 "1 01 24 others 10;");
    unsigned even = 0, odd = 0; /* whatever the rhythm of the visits, both get their turn */
    for (int day = 1; day <= 16; day++)
        *(day % 2 ? &odd : &even) |= claim_proof(store, FIXTURE_NOW + day * FIXTURE_DAY);
    assert_int_equal(even, 3);
    assert_int_equal(odd, 3);
    fixture_write_sql(fixture->path, "UPDATE origin SET due_plan = 'quick', due_at = 5");
    struct store_claim claims[2];
    assert_int_equal(fixture_claim_some(store, 6, 2, claims), 2);
    const struct store_claim *claim = claims[0].origin_id == 1 ? &claims[0] : &claims[1];
    assert_int_equal(claim->plan, PLAN_QUICK);
    assert_int_equal(claim->proof_share, GROUP_P384); /* a short visit proves no share alone */
    store_close(store);
}

static void removing_a_zone_leaves_the_others(void **state) {
    struct fixture *fixture = *state;
    struct store *store = two_zones(fixture);
    struct store_removed removed = {0};
    struct fixture_scan made;
    struct store_claim claims[2];
    bool found;
    assert_int_equal(fixture_claim_some(store, FIXTURE_NOW, 2, claims), 2);
    fixture_ready(&made, &claims[claims[0].origin_id != 1].origin, FIXTURE_NOW);
    fixture_commit(store, 1, &made);
    FIXTURE_OK(store_lever_set(store, 2, "pin", "off", FIXTURE_NOW, "operator", &err));
    FIXTURE_OK(store_zone_untouch(store, 2, &err));
    FIXTURE_OK(store_remove_zone(store, "a", FIXTURE_NOW, &found, &removed, &err));
    assert_true(found);
    assert_int_equal(removed.origins, 1);
    assert_int_equal(removed.memberships, 1);
    assert_int_equal(removed.zones, 1);
    FIXTURE_SQL_IS(fixture, MEMBERS, "b|s.example|3.0\n");
    FIXTURE_SQL_IS(fixture, "SELECT zone, status FROM v_origin", "b|complete\n");
    FIXTURE_SQL_IS(fixture, "SELECT zone_id FROM zone_touched", "2\n");
    FIXTURE_SQL_IS(fixture,
                   "SELECT subject, old, new FROM v_change WHERE field = 'zone' AND new IS NULL"
                   " ORDER BY subject",
                   "c.example:443|a|NULL\ns.example:443|a|NULL\n");
    assert_sound(store);

    import_weighed(store, "a", "s.example", 1);
    removed = (struct store_removed){0};
    FIXTURE_OK(store_remove_host(store, "s.example", 0, FIXTURE_NOW, &removed, &err));
    assert_int_equal(removed.origins, 1);
    assert_int_equal(removed.memberships, 0);
    assert_int_equal(removed.zones, 1); /* b has an order */
    FIXTURE_SQL_IS(fixture,
                   "SELECT (SELECT count(*) FROM origin), (SELECT count(*) FROM scan),"
                   " (SELECT group_concat(name) FROM zone)",
                   "0|0|b\n");
    assert_sound(store);
    store_close(store);
}

static void fail_on_conflict(void *arg, const struct store_import_conflict *conflict) {
    (void)arg;
    fail_msg("line %d contradicts line %d", (int)conflict->line, (int)conflict->first_line);
}

static void replacing_counts_zones_and_origins(void **state) {
    struct fixture *fixture = *state;
    struct store *store = two_zones(fixture);
    struct store_import_counts counts = {0};
    struct store_removed removed = {0};
    struct store_unnamed unnamed;
    struct origin origins[2];
    fixture_origin(&origins[0], "b", "s.example");
    fixture_origin(&origins[1], "d", "s.example");
    origins[0].weight = 3;
    const uint64_t numbers[] = {1, 2};
    struct store_import_lines lines = {origins, numbers, 2, fail_on_conflict, NULL};
    FIXTURE_OK(store_import_begin(store, &err));
    FIXTURE_OK(store_import_lines(store, &lines, FIXTURE_NOW, &counts, &err));
    assert_int_equal(counts.same, 1);
    assert_int_equal(counts.joined, 1);
    FIXTURE_OK(store_remove_count(store, &unnamed, &err));
    assert_int_equal(unnamed.memberships, 4);
    assert_int_equal(unnamed.unnamed, 2);
    FIXTURE_OK(store_remove_unnamed(store, FIXTURE_NOW, &removed, &err));
    assert_int_equal(removed.origins, 1);
    assert_int_equal(removed.memberships, 1);
    assert_int_equal(removed.zones, 1);
    FIXTURE_SQL_IS(fixture, MEMBERS, "b|s.example|3.0\nd|s.example|1.0\n");
    assert_sound(store);
    store_close(store);
}

static bool note_traffic(void *arg, int64_t origin_id, double handshakes, int64_t counted_ms) {
    (void)counted_ms;
    fprintf(arg, "%d %g;", (int)origin_id, handshakes);
    return true;
}

static void traffic_is_of_a_zone(void **state) {
    struct store *store = two_zones(*state);
    struct store_traffic origin = {.host = "s.example", .port = 443, .handshakes = 100};
    struct store_removed removed = {0};
    bool found;
    for (int64_t zone = 1; zone <= 2; zone++) {
        struct store_feedback report = {
            .zone_id = zone, .reported_ms = FIXTURE_NOW, .arm = "canary"};
        FIXTURE_OK(store_traffic_add(store, &report, &origin, 1, &err));
        assert_false(origin.unknown);
        origin.handshakes = 7;
    }
    FIXTURE_SAYS(store_traffic_of_zone(store, 1, FIXTURE_NOW, note_traffic, out, &err), "1 100;");
    FIXTURE_SAYS(store_traffic_of_zone(store, 2, FIXTURE_NOW, note_traffic, out, &err), "1 7;");
    FIXTURE_OK(store_remove_zone(store, "a", FIXTURE_NOW, &found, &removed, &err));
    FIXTURE_SAYS(store_traffic_of_zone(store, 1, FIXTURE_NOW, note_traffic, out, &err), "");
    FIXTURE_SAYS(store_traffic_of_zone(store, 2, FIXTURE_NOW, note_traffic, out, &err), "1 7;");
    store_close(store);
}

static const char *by_host(void *arg, const struct store_claim *claim, int64_t now_ms) {
    (void)arg;
    (void)now_ms;
    return strstr(claim->origin.host, "p256") ? "p256" : "modern";
}

static struct settle_origin settled(const struct settle_play *play, const char *zone) {
    struct settle_view view;
    FIXTURE_OK(settle_view(play->store, &play->options, zone_id(play->store, zone), play->now_ms,
                           &view, &err));
    struct settle_origin origin = view.origins[0];
    settle_view_clear(&view);
    return origin;
}

static bool note_exported_hold(void *arg, const struct export_zone *zone) {
    *(int64_t *)arg = zone->origins[0].held_until_ms;
    return true;
}

static int64_t exported_hold(const struct settle_play *play, const char *zone) {
    struct zone_view_source source;
    struct err err;
    int64_t until_ms = -1;
    assert_true(zone_view_source_init(&source, play->store, play->now_ms, &err));
    source.zones = &zone;
    source.zones_n = 1;
    source.holds = true;
    assert_true(zone_view_export(&source, note_exported_hold, &until_ms, &err));
    return until_ms;
}

static void hold_zone(const struct settle_play *play, const char *zone, int64_t until_ms) {
    struct settle_view view;
    uint8_t bytes[ZONE_PACK_MAX];
    int64_t id = zone_id(play->store, zone);
    FIXTURE_OK(settle_view(play->store, &play->options, id, play->now_ms, &view, &err));
    view.state.hold_until_ms = until_ms;
    size_t n = zone_pack_write(&view.state, bytes);
    FIXTURE_OK(store_zone_state_put(play->store, id, bytes, n, &err));
    settle_view_clear(&view);
}

/* Zone `mixed` wishes a share to be proven that the other one has no use for. */
static struct settle_play play_mixed_zones(const struct fixture *fixture) {
    struct settle_play play = {
        .store = fixture_open(fixture, STORE_CREATE), .now_ms = FIXTURE_NOW, .words = by_host};
    settle_options_init(&play.options, PROFILE_FAST);
    import_weighed(play.store, "alone", "modern.example", 1);
    import_weighed(play.store, "mixed", "modern.example", 1);
    import_weighed(play.store, "mixed", "p256.example", 9);
    import_weighed(play.store, "third", "p256.example", 1);
    import_weighed(play.store, "pinned", "modern.example", 1);
    FIXTURE_OK(store_lever_set(play.store, zone_id(play.store, "pinned"), "pin", "off", FIXTURE_NOW,
                               "operator", &err));
    settle_play_days(&play, 2);
    return play;
}

static void settings_follow_the_zone_and_wishes_are_merged(void **state) {
    struct fixture *fixture = *state;
    struct settle_play play = play_mixed_zones(fixture);
    FIXTURE_SQL_IS(fixture, "SELECT zone, setting, first_share FROM v_zone_setting ORDER BY zone",
                   "alone|preferred|X25519MLKEM768\nmixed|supported|P-256\n"
                   "pinned|off|X25519\nthird|supported|P-256\n");
    char visits[32];
    snprintf(visits, sizeof visits, "%d\n", (int)play.visits);
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM scan", visits);
    struct settle_origin alone = settled(&play, "alone"), mixed = settled(&play, "mixed");
    assert_int_equal(alone.id, mixed.id);
    assert_int_equal(alone.wish.share, GROUP_NONE);
    assert_int_equal(mixed.wish.share, GROUP_P256);
    assert_true(mixed.wish.preferred);
    assert_int_equal(alone.others_wish, LEVEL_PREFERRED);
    assert_int_equal(alone.wish_in_state, LEVEL_PREFERRED);

    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM zone_touched", "0\n");
    FIXTURE_OK(
        settle_release(play.store, &play.options, zone_id(play.store, "third"), play.now_ms, &err));
    FIXTURE_SQL_IS(fixture, TOUCHED, "mixed\nthird\n"); /* they share p256.example */

    assert_int_equal(exported_hold(&play, "alone"), 0);
    hold_zone(&play, "pinned", play.now_ms + 5);
    assert_int_equal(exported_hold(&play, "alone"), play.now_ms + 5);
    FIXTURE_OK(store_zone_state_put(play.store, zone_id(play.store, "pinned"),
                                    (const uint8_t *)"damaged", 7, &err));
    assert_int_equal(exported_hold(&play, "alone"), INT64_MAX); /* perhaps it was held */

    struct store_removed removed = {0};
    bool found;
    FIXTURE_OK(store_remove_zone(play.store, "mixed", play.now_ms, &found, &removed, &err));
    FIXTURE_OK(settle_all(play.store, &play.options, play.now_ms, NULL, &err));
    alone = settled(&play, "alone");
    assert_int_equal(alone.others_wish, LEVEL_NONE);
    assert_int_equal(alone.wish_in_state, LEVEL_NONE);
    store_close(play.store);
}

struct comparing {
    const struct settle_play *play;
    const struct zone_view_source *source;
    const struct zone_view *walked;
    char seen[64]; /* "place name;" of each zone */
};

static void assert_same_sum(struct candidate_sum a, struct candidate_sum b) {
    assert_float_equal(a.hybrid, b.hybrid, 0);
    assert_float_equal(a.retry, b.retry, 0);
}

static void assert_same_origin(const struct zone_view_origin *a, const struct zone_view_origin *b) {
    assert_int_equal(a->stored.id, b->stored.id);
    assert_int_equal(a->stored.zone_id, b->stored.zone_id);
    assert_string_equal(a->stored.origin.host, b->stored.origin.host);
    assert_int_equal(a->stored.origin.port, b->stored.origin.port);
    assert_int_equal(a->stored.status, b->stored.status);
    assert_int_equal(a->stored.due_ms, b->stored.due_ms);
    assert_int_equal(a->stored.failures, b->stored.failures);
    assert_int_equal(a->stored.scanned_ms, b->stored.scanned_ms);
    assert_int_equal(a->stored.handshake_us, b->stored.handshake_us);
    assert_int_equal(a->stored.concluded_ms, b->stored.concluded_ms);
    assert_int_equal(a->stored.facts.verdict, b->stored.facts.verdict);
    assert_memory_equal(a->stored.facts.retry, b->stored.facts.retry, sizeof b->stored.facts.retry);
    assert_float_equal(a->weight, b->weight, 0);
    assert_int_equal(a->by_traffic, b->by_traffic);
    assert_int_equal(a->advised, b->advised);
    assert_int_equal(a->advice.level, b->advice.level);
    assert_memory_equal(a->advice.shares, b->advice.shares, sizeof b->advice.shares);
}

static bool compare_loaded(void *arg, int64_t id, const char *name,
                           const struct store_setting *setting) {
    const struct comparing *comparing = arg;
    const struct zone_view *walked = comparing->walked;
    struct zone_view view = {.origins_n = 0};
    struct err err;
    assert_true(zone_view_load(&view, comparing->source, id, name, setting, &err));
    struct zone_view_expectation a = zone_view_expect(walked), b = zone_view_expect(&view);
    assert_same_sum(a.now, b.now);
    assert_same_sum(a.recommended, b.recommended);
    assert_same_sum(a.possible, b.possible);
    assert_string_equal(walked->name, view.name);
    assert_int_equal(walked->any, view.any);
    assert_int_equal(walked->kept, view.kept);
    assert_int_equal(walked->shadow, view.shadow);
    assert_int_equal(walked->target.measured, view.target.measured);
    assert_int_equal(walked->target.limiting, view.target.limiting);
    assert_int_equal(walked->advice.setting.level, view.advice.setting.level);
    assert_int_equal(walked->advice.reason, view.advice.reason);
    assert_int_equal(walked->advice.waits_for, view.advice.waits_for);
    assert_int_equal(walked->advice.trials, view.advice.trials);
    assert_int_equal(walked->origins_n, view.origins_n);
    for (size_t i = 0; i < view.origins_n; i++)
        assert_same_origin(&walked->origins[i], &view.origins[i]);
    zone_view_clear(&view);
    return true;
}

static bool compare_walked(void *arg, const struct zone_view *view, uint64_t place,
                           const struct store_setting *setting) {
    struct comparing *comparing = arg;
    size_t n = strlen(comparing->seen);
    snprintf(comparing->seen + n, sizeof comparing->seen - n, "%d %s;", (int)place, view->name);
    comparing->walked = view;
    assert_true(setting || view->origins_n == 0);
    FIXTURE_OK(store_zone_by_id(comparing->play->store, view->id, compare_loaded, comparing, &err));
    return true;
}

/* Reading all zones at one go says of each what reading it alone says. */
static void a_walk_sees_what_loading_sees(void **state) {
    struct settle_play play = play_mixed_zones(*state);
    struct zone_view_source source;
    struct comparing comparing = {.play = &play, .source = &source};
    struct err why;
    zone_id(play.store, "empty");
    FIXTURE_OK(store_lever_set(play.store, zone_id(play.store, "third"), "freeze", "yes",
                               FIXTURE_NOW, "operator", &err));
    struct store_feedback report = {
        .zone_id = zone_id(play.store, "mixed"), .reported_ms = play.now_ms, .arm = "canary"};
    struct store_traffic traffic = {.host = "modern.example", .port = 443, .handshakes = 300};
    FIXTURE_OK(store_traffic_add(play.store, &report, &traffic, 1, &err));
    assert_true(zone_view_source_init(&source, play.store, play.now_ms, &why));
    assert_true(zone_walk(&source, compare_walked, &comparing, &why));
    assert_string_equal(comparing.seen, "0 alone;2 mixed;4 third;3 pinned;1 empty;");
    store_close(play.store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(imports_add_zones_and_take_none),
        FIXTURE_TEST(one_scan_is_for_all_zones),
        FIXTURE_TEST(each_zone_has_a_wish_of_its_own),
        FIXTURE_TEST(removing_a_zone_leaves_the_others),
        FIXTURE_TEST(replacing_counts_zones_and_origins),
        FIXTURE_TEST(traffic_is_of_a_zone),
        FIXTURE_TEST(settings_follow_the_zone_and_wishes_are_merged),
        FIXTURE_TEST(a_walk_sees_what_loading_sees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
