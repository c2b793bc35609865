/* What the rule keeps in the store: memos, levers, reports, sums, parameters. */
#include "../support/store_fixture.h"
#include "store/store_lever.h"
#include "store/store_read.h"
#include "store/store_remove.h"
#include "store/store_rule.h"
#include "store/store_schedule.h"
#include "store/store_traffic.h"
#include "store/store_zone.h"

static bool note_memo(void *arg, const struct store_member *member, const void *memo, size_t n) {
    fprintf(arg, "%d %g %.*s;", (int)member->origin_id, member->weight, (int)n,
            n ? (const char *)memo : "");
    return true;
}

static bool note_id(void *arg, int64_t id) {
    fprintf(arg, "%d;", (int)id);
    return true;
}

static bool note_lever(void *arg, const struct store_lever *lever) {
    fprintf(arg, "%d %s %s=%s %d;", (int)lever->zone_id, lever->zone ? lever->zone : "-",
            lever->name, lever->value, (int)(lever->set_ms - FIXTURE_NOW));
    return true;
}

static bool note_hour(void *arg, const struct store_hour *hour) {
    fprintf(arg, "%d %d/%d %d %d;", (int)hour->hour, (int)hour->controls_failed,
            (int)hour->controls, (int)hour->zones_up, (int)hour->zones_down);
    return true;
}

static bool note_text(void *arg, const char *name, const char *value) {
    fprintf(arg, "%s=%s;", name, value);
    return true;
}

static struct store *three_zones(const struct fixture *fixture) {
    struct store *store = fixture_open(fixture, STORE_CREATE);
    fixture_import(store, "a", "a.example");
    fixture_import(store, "b", "b.example");
    fixture_import(store, "a", "c.example");
    return store;
}

static void memos_are_kept_by_origin_and_zone(void **state) {
    struct store *store = three_zones(*state);
    char bytes[4];
    size_t n;
    FIXTURE_OK(store_origin_state_put(store, 3, "three", 5, &err));
    FIXTURE_OK(store_origin_visits_put(store, 1, "one", 3, &err));
    FIXTURE_OK(store_origin_visits_put(store, 1, "won", 3, &err));
    FIXTURE_SAYS(store_origin_states_of_zone(store, 1, note_memo, out, &err), "1 1 ;3 1 three;");
    FIXTURE_SAYS(store_origin_visits_of_zone(store, 1, note_memo, out, &err), "1 1 won;3 1 ;");
    FIXTURE_OK(store_zone_state_get(store, 2, bytes, sizeof bytes, &n, &err));
    assert_int_equal(n, 0);
    FIXTURE_OK(store_zone_state_put(store, 2, "zone-two", 8, &err));
    FIXTURE_OK(store_zone_state_get(store, 2, bytes, sizeof bytes, &n, &err));
    assert_int_equal(n, 8); /* as long as it is, but no more is copied than there is room */
    assert_memory_equal(bytes, "zone", 4);
    FIXTURE_OK(store_origin_visits_get(store, 1, bytes, sizeof bytes, &n, &err));
    assert_int_equal(n, 3);
    store_close(store);
}

static void touched_zones_wait_in_order(void **state) {
    struct store *store = three_zones(*state);
    uint64_t zones;
    FIXTURE_SAYS(store_zones_touched(store, 0, 9, note_id, out, &err), "");
    FIXTURE_OK(store_zone_touch(store, 2, &err));
    FIXTURE_OK(store_zone_touch(store, 2, &err));
    FIXTURE_SAYS(store_zones_touched(store, 0, 9, note_id, out, &err), "2;");
    FIXTURE_OK(store_zone_touch(store, 0, &err));
    FIXTURE_SAYS(store_zones_touched(store, 0, 1, note_id, out, &err), "1;");
    FIXTURE_SAYS(store_zones_touched(store, 1, 9, note_id, out, &err), "2;");
    FIXTURE_OK(store_zone_untouch(store, 1, &err));
    FIXTURE_SAYS(store_zones_touched(store, 0, 9, note_id, out, &err), "2;");
    FIXTURE_OK(store_zone_count(store, &zones, &err));
    assert_int_equal(zones, 2);
    store_close(store);
}

static void levers_leave_a_trace(void **state) {
    struct fixture *fixture = *state;
    struct store *store = three_zones(fixture);
    FIXTURE_OK(store_lever_set(store, 2, "pin", "off", FIXTURE_NOW + 1, "operator", &err));
    FIXTURE_SAYS(store_zones_touched(store, 0, 9, note_id, out, &err), "2;");
    FIXTURE_OK(store_lever_set(store, 2, "pin", "off", FIXTURE_NOW + 2, "operator", &err));
    FIXTURE_OK(store_lever_set(store, 0, "freeze", "yes", FIXTURE_NOW + 3, "operator", &err));
    FIXTURE_OK(store_lever_set(store, 0, "freeze", "no", FIXTURE_NOW + 4, "operator", &err));
    FIXTURE_OK(store_lever_set(store, 1, "deny", "preferred", FIXTURE_NOW, "test", &err));
    FIXTURE_OK(store_lever_set(store, 1, "shadow", NULL, FIXTURE_NOW, "operator", &err));
    FIXTURE_SAYS(store_levers(store, 0, note_lever, out, &err), "0 - freeze=no 4;");
    FIXTURE_SAYS(store_levers(store, 2, note_lever, out, &err), "2 b pin=off 1;");
    FIXTURE_SAYS(store_levers_all(store, note_lever, out, &err),
                 "0 - freeze=no 4;1 a deny=preferred 0;2 b pin=off 1;");
    FIXTURE_OK(store_lever_set(store, 2, "pin", NULL, FIXTURE_NOW + 5, "operator", &err));
    FIXTURE_SAYS(store_levers(store, 2, note_lever, out, &err), "");
    FIXTURE_SQL_IS(fixture, "SELECT subject, field, old, new, reason FROM v_change",
                   "b|pin|NULL|off|operator\nall zones|freeze|NULL|yes|operator\n"
                   "all zones|freeze|yes|no|operator\na|deny|NULL|preferred|test\n"
                   "b|pin|off|NULL|operator\n");
    struct err why;
    assert_int_equal(store_lever_set(store, 4711, "pin", "off", FIXTURE_NOW, "operator", &why),
                     STORE_BROKEN);
    store_close(store);
}

static void a_report_counts_once(void **state) {
    struct fixture *fixture = *state;
    struct store *store = three_zones(fixture);
    bool added;
    struct store_feedback report = {.zone_id = 1,
                                    .reported_ms = FIXTURE_NOW,
                                    .until_ms = FIXTURE_NOW - 5,
                                    .arm = "canary",
                                    .handshakes = 1000,
                                    .failures = 2,
                                    .retries = 3};
    FIXTURE_OK(store_feedback_add(store, &report, &added, &err));
    assert_true(added);
    FIXTURE_OK(store_feedback_add(store, &report, &added, &err));
    assert_false(added);
    report.arm = "control";
    FIXTURE_OK(store_feedback_add(store, &report, &added, &err));
    assert_true(added);
    report.until_ms = 0;
    FIXTURE_OK(store_feedback_add(store, &report, &added, &err));
    FIXTURE_OK(store_feedback_add(store, &report, &added, &err));
    assert_true(added);
    FIXTURE_SQL_IS(fixture, "SELECT count(*), sum(failures) FROM feedback", "4|8\n");
    report.reported_ms += 181 * FIXTURE_DAY;
    FIXTURE_OK(store_feedback_add(store, &report, &added, &err));
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM feedback", "1\n");
    store_close(store);
}

static bool note_traffic(void *arg, int64_t origin_id, double handshakes, int64_t counted_ms) {
    fprintf(arg, "%d %g %d;", (int)origin_id, handshakes, (int)(counted_ms - FIXTURE_NOW));
    return true;
}

static void add_traffic(struct store *store, int64_t until_ms, const char *host, uint64_t n,
                        bool known) {
    struct store_feedback report = {
        .zone_id = 1, .reported_ms = FIXTURE_NOW, .until_ms = until_ms, .arm = "canary"};
    struct store_traffic origin = {.host = host, .port = 443, .handshakes = n, .unknown = known};
    FIXTURE_OK(store_traffic_add(store, &report, &origin, 1, &err));
    assert_int_equal(origin.unknown, !known);
}

static void traffic_halves_each_day(void **state) {
    struct fixture *fixture = *state;
    struct store *store = three_zones(fixture);
    const int64_t now = FIXTURE_NOW;
    bool any = true;
    FIXTURE_OK(store_traffic_any(store, 0, &any, &err));
    assert_false(any);
    add_traffic(store, 0, "a.example", 100, true);
    add_traffic(store, now - 2 * FIXTURE_DAY, "a.example", 400, true); /* late news of old times */
    add_traffic(store, now + FIXTURE_DAY, "a.example", 8, true);       /* not yet: now */
    add_traffic(store, now - FIXTURE_DAY, "c.example", 10, true);
    add_traffic(store, now, "c.example", 10, true);
    add_traffic(store, 0, "b.example", 1, false); /* of another zone */
    add_traffic(store, 0, "nowhere.example", 1, false);
    FIXTURE_SAYS(store_traffic_of_zone(store, 1, now, note_traffic, out, &err), "1 208 0;3 15 0;");
    FIXTURE_SAYS(store_traffic_of_zone(store, 1, now + 3 * FIXTURE_DAY, note_traffic, out, &err),
                 "1 26 0;3 1.875 0;");
    FIXTURE_SAYS(store_traffic_of_zone(store, 2, now, note_traffic, out, &err), "");
    FIXTURE_OK(store_traffic_any(store, now, &any, &err));
    assert_true(any);
    FIXTURE_OK(store_traffic_any(store, now + 1, &any, &err));
    assert_false(any);
    store_close(store);
}

/* Two names at one endpoint: the report cannot tell them apart. */
static void endpoints_share_alike(void **state) {
    struct store *store = three_zones(*state);
    struct origin origin;
    struct store_import_counts counts = {0};
    fixture_origin(&origin, "a", "a.example");
    origin_set_sni(&origin, "other.example", NULL);
    FIXTURE_OK(store_import(store, &origin, 1, FIXTURE_NOW, &counts, &err));
    add_traffic(store, 0, "a.example", 100, true);
    FIXTURE_SAYS(store_traffic_of_zone(store, 1, FIXTURE_NOW, note_traffic, out, &err),
                 "1 50 0;4 50 0;");
    store_close(store);
}

static void hours_add_up_and_go(void **state) {
    struct store *store = three_zones(*state);
    struct store_hour hour = {.hour = 500000, .controls = 10, .controls_failed = 1, .zones_up = 2};
    FIXTURE_OK(store_hour_add(store, &hour, &err));
    hour.zones_down = 4;
    FIXTURE_OK(store_hour_add(store, &hour, &err));
    hour.hour++;
    FIXTURE_OK(store_hour_add(store, &hour, &err));
    FIXTURE_SAYS(store_hours(store, 0, note_hour, out, &err), "500000 2/20 4 4;500001 1/10 2 4;");
    FIXTURE_SAYS(store_hours(store, 500001, note_hour, out, &err), "500001 1/10 2 4;");
    hour.hour += 31 * 24;
    FIXTURE_OK(store_hour_add(store, &hour, &err));
    FIXTURE_SAYS(store_hours(store, 0, note_hour, out, &err), "500001 1/10 2 4;500745 1/10 2 4;");
    FIXTURE_OK(store_rule_value_put(store, "profile", "careful", &err));
    FIXTURE_OK(store_rule_value_put(store, "profile", "fast", &err));
    FIXTURE_OK(store_rule_value_put(store, "a", "1", &err));
    FIXTURE_SAYS(store_rule_values(store, note_text, out, &err), "a=1;profile=fast;");
    store_close(store);
}

static enum store_result put_value_and_fail(void *store, struct err *why) {
    assert_int_equal(store_rule_value_put(store, "x", "y", why), STORE_OK);
    return STORE_BROKEN;
}

static void an_operator_writes_beside_the_daemon(void **state) {
    struct fixture *fixture = *state;
    struct store *daemon = three_zones(fixture);
    struct store_claim claim[3];
    assert_int_equal(fixture_claim_some(daemon, FIXTURE_NOW, 3, claim), 3);
    struct store *beside = fixture_open(fixture, STORE_BESIDE);
    FIXTURE_OK(store_lever_set(beside, 1, "pin", "off", FIXTURE_NOW, "operator", &err));
    store_close(beside);
    FIXTURE_SQL_IS(fixture, "SELECT count(*) FROM lease", "3\n"); /* the daemon's visits go on */
    FIXTURE_SAYS(store_levers(daemon, 1, note_lever, out, &err), "1 a pin=off 0;");
    struct err why = {""};
    assert_int_equal(store_transaction(daemon, put_value_and_fail, daemon, &why), STORE_BROKEN);
    FIXTURE_SAYS(store_rule_values(daemon, note_text, out, &err), "");
    store_close(daemon);
}

#define WHAT_IS_LEFT                                                                               \
    "SELECT (SELECT count(*) FROM zone), (SELECT count(*) FROM feedback),"                         \
    " (SELECT count(*) FROM lever), (SELECT count(*) FROM zone_memo),"                             \
    " (SELECT group_concat(zone_id) FROM zone_touched)"

/* What belongs to a zone goes with it, but an operator's orders keep it. */
static void nothing_is_left_of_an_empty_zone_without_orders(void **state) {
    struct fixture *fixture = *state;
    struct store *store = three_zones(fixture);
    bool added;
    struct store_removed removed = {0};
    struct store_feedback report = {.zone_id = 2, .arm = "canary", .handshakes = 1};
    FIXTURE_OK(store_feedback_add(store, &report, &added, &err));
    FIXTURE_OK(store_lever_set(store, 2, "pin", "off", FIXTURE_NOW, "operator", &err));
    FIXTURE_OK(store_zone_state_put(store, 2, "memo", 4, &err));
    fixture_import(store, "a", "b.example");
    FIXTURE_OK(store_remove_host(store, "b.example", 0, FIXTURE_NOW, &removed, &err));
    FIXTURE_SQL_IS(fixture, WHAT_IS_LEFT, "2|1|1|1|1,2\n");
    FIXTURE_OK(store_zone_drop(store, 2, &err));
    FIXTURE_SQL_IS(fixture, WHAT_IS_LEFT, "2|1|1|1|1,2\n");
    FIXTURE_OK(store_lever_set(store, 2, "pin", NULL, FIXTURE_NOW, "operator", &err));
    FIXTURE_OK(store_zone_drop(store, 2, &err));
    FIXTURE_SQL_IS(fixture, WHAT_IS_LEFT, "1|0|0|0|1\n");
    fixture_import(store, "c", "b.example");
    FIXTURE_OK(store_remove_host(store, "b.example", 0, FIXTURE_NOW, &removed, &err));
    FIXTURE_SQL_IS(fixture, WHAT_IS_LEFT, "1|0|0|0|1\n");
    store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(memos_are_kept_by_origin_and_zone),
        FIXTURE_TEST(touched_zones_wait_in_order),
        FIXTURE_TEST(levers_leave_a_trace),
        FIXTURE_TEST(a_report_counts_once),
        FIXTURE_TEST(traffic_halves_each_day),
        FIXTURE_TEST(endpoints_share_alike),
        FIXTURE_TEST(hours_add_up_and_go),
        FIXTURE_TEST(an_operator_writes_beside_the_daemon),
        FIXTURE_TEST(nothing_is_left_of_an_empty_zone_without_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
