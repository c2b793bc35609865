/* The numbers of a report, worked out by hand, and the two ways of showing them. */
#include "report/fleet/fleet_report_json.h"
#include "report/fleet/fleet_report_text.h"
#include "scanner/base/duration.h"
#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_MS INT64_C(1795424400123) /* 2026-11-23T09:00:00.123Z */

static struct fleet_report_origin origin(const char *host, double weight, enum verdict verdict) {
    static int64_t last_id;
    return (struct fleet_report_origin){
        .id = ++last_id,
        .host = host,
        .port = 443,
        .weight = weight,
        .scanned = true,
        .status = STATUS_COMPLETE,
        .concluded_ms = NOW_MS - DAY_MS,
        .verdict = verdict,
        .tls_version = 0x0304,
        .hybrid = TRUTH_FALSE,
        .first_share = TRUTH_TRUE,
        .works = {TRUTH_TRUE, TRUTH_TRUE, TRUTH_TRUE, TRUTH_TRUE},
        .retry = {TRUTH_FALSE, TRUTH_FALSE, TRUTH_FALSE, TRUTH_FALSE},
    };
}

static void add_zone(struct fleet_report *report, const char *name, enum rule_level level,
                     uint16_t first_share, const char *reason) {
    struct fleet_report_zone zone = {.name = name,
                                     .place = report->zones, /* named in the order they come */
                                     .level = level,
                                     .variant = level == LEVEL_PREFERRED ? "single" : NULL,
                                     .first_share = first_share,
                                     .reason = reason,
                                     .since_ms = NOW_MS - 9 * DAY_MS};
    zone.measured = level != LEVEL_NONE;
    zone.now.retry = zone.recommended.retry = zone.possible.retry = 0.5;
    if (level == LEVEL_PREFERRED) { /* an eighth of the traffic has it so far */
        zone.now.hybrid = 0.0625;
        zone.recommended.hybrid = 0.5;
        zone.possible = (struct candidate_sum){.hybrid = 0.75, .retry = 0.25};
    }
    if (level ==
        LEVEL_OFF) { /* its proxies report, and the evidence knows better than the setting */
        zone.handshakes = 1000;
        zone.retries = 480;
        zone.recommended.retry = 0.25;
    }
    fleet_report_zone(report, &zone);
}

/* Zone "a": weights 3 and 1, first share P-256. The second origin lacks P-256. */
static void add_p256_zone(struct fleet_report *report) {
    add_zone(report, "a", LEVEL_OFF, GROUP_P256, "no-hybrid");
    struct fleet_report_origin one = origin("a1.example", 3, VERDICT_CLASSICAL);
    one.retry[MODE_OFF] = TRUTH_TRUE;
    fleet_report_origin(report, &one);
    struct fleet_report_origin two = origin("a2.example", 1, VERDICT_CLASSICAL);
    two.first_share = TRUTH_FALSE;
    fleet_report_origin(report, &two);
}

/* Zone "b": hybrid by a retry, at the weight of one zone although it is 100 here. */
static void add_supported_zone(struct fleet_report *report) {
    add_zone(report, "b", LEVEL_SUPPORTED, GROUP_X25519, "supported-works");
    struct fleet_report_origin one = origin("b.example", 100, VERDICT_READY_AFTER_RETRY);
    one.hybrid = TRUTH_TRUE;
    one.preferred_group = GROUP_X25519MLKEM768;
    one.works[MODE_PREFERRED] = TRUTH_FALSE;
    one.retry[MODE_SUPPORTED] = TRUTH_TRUE;
    fleet_report_origin(report, &one);
}

/* Zone "c": the hybrid at once for half of the weight, whatever the main verdict; the other half
 * speaks TLS 1.2. */
static void add_preferred_zone(struct fleet_report *report) {
    add_zone(report, "c", LEVEL_PREFERRED, GROUP_X25519MLKEM768, "hybrid-in-one-round-trip");
    struct fleet_report_origin one = origin("c1.example", 1, VERDICT_CLIENT_CERTIFICATE);
    one.hybrid = TRUTH_TRUE;
    one.retry[MODE_OFF] = TRUTH_TRUE;
    fleet_report_origin(report, &one);
    struct fleet_report_origin two = origin("c2.example", 1, VERDICT_TLS12_ONLY);
    two.tls_version = 0x0303;
    fleet_report_origin(report, &two);
}

/* Zone with a hostile name: what fails, what is stale, what was never scanned. */
static void add_bad_zone(struct fleet_report *report) {
    add_zone(report, "\x1b[31mred\n\"x\"", LEVEL_NONE, GROUP_NONE, "no-evidence");
    for (int i = 0; i < 7; i++) {
        struct fleet_report_origin broken = origin("split.example", 1, VERDICT_SPLIT_HELLO);
        broken.port = (uint16_t)(8000 + i);
        broken.retry[MODE_OFF] = TRUTH_UNKNOWN;
        fleet_report_origin(report, &broken);
    }
    struct fleet_report_origin gone = origin("gone.example", 1, VERDICT_READY);
    gone.status = STATUS_UNREACHABLE;
    gone.concluded_ms = NOW_MS - 7 * DAY_MS;
    gone.retry[MODE_OFF] = TRUTH_UNKNOWN;
    fleet_report_origin(report, &gone);
    struct fleet_report_origin never = origin("never.example", 1, VERDICT_NOT_TLS);
    never.status = STATUS_NOT_TLS;
    never.concluded_ms = 0;
    fleet_report_origin(report, &never);
    struct fleet_report_origin new = {.host = "new\x07.example", .port = 443, .weight = 1};
    fleet_report_origin(report, &new);
}

/* A verdict that goes to and fro, once a day. */
static void add_flapping(struct fleet_report *report, const char *subject, int changes) {
    static const char *const verdicts[] = {"ready", "split-hello"};
    for (int i = changes; i-- > 0;) {
        struct change_row change = {.changed_ms = NOW_MS - i * DAY_MS / 4,
                                    .subject = subject,
                                    .field = "verdict",
                                    .old = verdicts[i % 2],
                                    .new = verdicts[(i + 1) % 2]};
        fleet_report_change(report, &change);
    }
}

static void add_zone_change(struct fleet_report *report, int64_t changed_ms) {
    struct change_row change = {.changed_ms = changed_ms,
                                .subject = "b",
                                .field = "setting",
                                .old = "off",
                                .new = "supported",
                                .reason = "supported-works"};
    fleet_report_change(report, &change);
    change.field = "groups";
    change.old = "X25519,P-256";
    change.new = "X25519MLKEM768,X25519,P-256";
    fleet_report_change(report, &change);
}

static void add_changes(struct fleet_report *report) {
    add_flapping(report, "a1.example:443", 5);
    add_flapping(report, "a2.example:443", 3);     /* two returns: not yet */
    add_zone_change(report, NOW_MS - 30 * DAY_MS); /* before the date */
    add_zone_change(report, NOW_MS - DAY_MS / 2);
    add_flapping(report, "evil\r\nsubject", 30);
    struct change_row change = {
        .subject = "evil\r\nzone", .field = "setting", .new = "\x1b]0;x\x07", .reason = "\x1b[1m"};
    for (int i = 30; i-- > 0;) { /* changes every day, and never back */
        change.changed_ms = NOW_MS - DAY_MS / 3 - i * DAY_MS; /* fourteen since the date */
        fleet_report_change(report, &change);
    }
}

static void add_times(struct fleet_slowest *slowest) {
    static const struct fleet_slowest_origin origins[] = {
        {1, "a", "a1.example", 443, .handshake_us = 20040, .connect_us = 19950},
        {2, "a", "a2.example", 443, .handshake_us = 0},
        {3, "b", "b.example", 443, .handshake_us = 31000, .connect_us = 15250},
        {4, "\x1b[31mred\n\"x\"", "far\r\n.example", 8443, .handshake_us = 812449,
         .connect_us = 400250},
    };
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++)
        fleet_slowest_origin(slowest, &origins[i]);
    fleet_slowest_finish(slowest);
}

static struct fleet_report *filled(void) {
    static const struct fleet_report_group groups[] = {{GROUP_X25519, 12, 11, 9},
                                                       {GROUP_P256, 12, 10, 2},
                                                       {GROUP_X25519MLKEM768, 12, 2, 2},
                                                       {GROUP_X25519KYBER768DRAFT00, 12, 0, 0}};
    struct fleet_report *report =
        fleet_report_new(NOW_MS, NOW_MS - 14 * DAY_MS, GROUP_X25519MLKEM768);
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        fleet_report_group(report, &groups[i]);
    add_p256_zone(report);
    add_supported_zone(report);
    add_preferred_zone(report);
    add_bad_zone(report);
    add_changes(report);
    add_times(&report->slowest);
    fleet_report_finish(report);
    return report;
}

static void numbers_are_as_by_hand(void **state) {
    (void)state;
    struct fleet_report *report = filled();
    assert_int_equal(report->origins, 15);
    assert_int_equal(report->unscanned, 1);
    assert_int_equal(report->by_status[STATUS_COMPLETE], 12);
    assert_int_equal(report->measured, 12);
    assert_int_equal(report->hybrid_supported, 2);
    assert_int_equal(report->hybrid_at_once, 1);
    assert_int_equal(report->hybrid_by_retry, 1);
    assert_int_equal(report->by_verdict[VERDICT_READY], 0); /* it is unreachable now */
    assert_int_equal(report->by_verdict[VERDICT_SPLIT_HELLO], 7);
    assert_int_equal(report->zones, 4);
    assert_int_equal(report->by_level[LEVEL_NONE], 1);
    /* a: 3/4 wasted now, 1/4 as recommended; b: nothing, all for the hybrid; c: half the weight
     * counts, wasted now; the bad zone: nothing is known */
    assert_float_equal(report->retries.weight, 1 + 1 + 0.5, 1e-9);
    assert_float_equal(report->retries.wasted_now, 0.75 + 0.5, 1e-9);
    assert_float_equal(report->retries.wasted_then, 0.25, 1e-9);
    assert_float_equal(report->retries.for_hybrid, 1, 1e-9);
    /* a weighs 4, b 100, c 2; the bad zone is not measured */
    assert_int_equal(report->traffic.zones, 3);
    assert_float_equal(report->traffic.weight, 106, 1e-9);
    assert_float_equal(report->traffic.now.hybrid, 2 * 0.0625, 1e-9);
    assert_float_equal(report->traffic.recommended.hybrid, 2 * 0.5, 1e-9);
    assert_float_equal(report->traffic.possible.hybrid, 2 * 0.75, 1e-9);
    assert_float_equal(report->traffic.now.retry, 106 * 0.5, 1e-9);
    assert_float_equal(report->traffic.recommended.retry, 102 * 0.5 + 4 * 0.25, 1e-9);
    assert_float_equal(report->traffic.possible.retry, 104 * 0.5 + 2 * 0.25, 1e-9);
    assert_int_equal(report->round_trips.zones, 1);
    assert_int_equal(report->round_trips.handshakes, 1000);
    assert_int_equal(report->round_trips.reported, 480);
    assert_float_equal(report->round_trips.now, 500, 1e-9);
    assert_float_equal(report->round_trips.recommended, 250, 1e-9);
    assert_float_equal(report->round_trips.possible, 500, 1e-9);
    assert_int_equal(report->failures_n, 3);
    assert_string_equal(report->failures[0].name, "split-hello");
    assert_int_equal(report->failures[0].origins, 7);
    assert_int_equal(report->failures[0].examples_n, FLEET_REPORT_EXAMPLES);
    assert_string_equal(report->failures[1].name, "not_tls");
    assert_int_equal(report->stale, 2);
    assert_string_equal(report->stale_list[0].host, "never.example");
    assert_int_equal(report->changes, 5 + 3 + 2 + 30 + 14);
    assert_int_equal(report->lines, 5 + 3 + 1 + 30 + 14);
    assert_int_equal(report->lines_n, FLEET_REPORT_LIST);
    for (size_t i = 1; i < report->lines_n; i++)
        assert_true(report->line_list[i].changed_ms <= report->line_list[i - 1].changed_ms);
    assert_int_equal(report->flapping, 2);
    assert_int_equal(report->flapping_list[0].changes, 30);
    assert_string_equal(report->flapping_list[1].subject, "a1.example:443");
    fleet_report_free(report);
}

/* The 20 oldest of many, whatever their order. */
static void lists_keep_the_most_telling(void **state) {
    (void)state;
    struct fleet_report *report = fleet_report_new(NOW_MS, 0, GROUP_X25519MLKEM768);
    add_zone(report, "z", LEVEL_OFF, GROUP_X25519, "x");
    for (int i = 0; i < 100; i++) {
        struct fleet_report_origin stale = origin("s.example", 1, VERDICT_READY);
        stale.concluded_ms = NOW_MS - (10 + i * 37 % 100) * DAY_MS;
        fleet_report_origin(report, &stale);
    }
    fleet_report_finish(report);
    assert_int_equal(report->stale, 100);
    assert_int_equal(report->stale_n, FLEET_REPORT_LIST);
    for (int i = 0; i < FLEET_REPORT_LIST; i++)
        assert_int_equal(report->stale_list[i].time_ms, NOW_MS - (109 - i) * DAY_MS);
    fleet_report_free(report);
}

static void an_origin_of_several_zones_counts_once(void **state) {
    (void)state;
    struct fleet_report *report = fleet_report_new(NOW_MS, 0, GROUP_X25519MLKEM768);
    struct fleet_report_origin shared = origin("s.example", 2, VERDICT_LARGE_DROP);
    shared.retry[MODE_OFF] = TRUTH_TRUE;
    add_zone(report, "a", LEVEL_OFF, GROUP_X25519, "x");
    fleet_report_origin(report, &shared);
    shared.weight = 6;
    shared.again = true;
    add_zone(report, "b", LEVEL_OFF, GROUP_X25519, "x");
    fleet_report_origin(report, &shared);
    fleet_report_finish(report);
    assert_int_equal(report->origins, 1);
    assert_int_equal(report->measured, 1);
    assert_int_equal(report->failures_n, 1);
    assert_int_equal(report->failures[0].origins, 1);
    assert_int_equal(report->settings[0].origins, 1);
    assert_int_equal(report->settings[1].origins, 1);
    assert_true(report->traffic.weight > 7.999 && report->traffic.weight < 8.001);
    assert_true(report->retries.weight > 1.999 && report->retries.weight < 2.001); /* a zone: 1 */
    fleet_report_free(report);
}

/* What is counted is of all zones, also of those that the list has no room for. */
static void zones_beyond_the_list_count(void **state) {
    (void)state;
    enum { ZONES = FLEET_REPORT_ZONES + 10 };
    struct fleet_report *report = fleet_report_new(NOW_MS, 0, GROUP_X25519MLKEM768);
    struct fleet_report_origin one = origin("b.example", 1, VERDICT_READY_AFTER_RETRY);
    one.hybrid = TRUTH_TRUE;
    one.retry[MODE_SUPPORTED] = TRUTH_TRUE;
    for (int i = 0; i < ZONES; i++) {
        char name[24];
        snprintf(name, sizeof name, "z%05d", i);
        add_zone(report, name, LEVEL_SUPPORTED, GROUP_X25519, "supported-works");
        fleet_report_origin(report, &one);
    }
    fleet_report_finish(report);
    assert_int_equal(report->zones, ZONES);
    assert_int_equal(report->settings_n, FLEET_REPORT_ZONES);
    assert_float_equal(report->retries.weight, ZONES, 1e-6);
    assert_float_equal(report->retries.for_hybrid, ZONES, 1e-6);
    fleet_report_free(report);
}

/* Zones of one origin that fails, is stale, and is in the next zone by name as well. */
static char *report_zones(const int *order, int n) {
    struct fleet_report *report = fleet_report_new(NOW_MS, 0, GROUP_X25519MLKEM768);
    bool given[32] = {false};
    for (int i = 0; i < n; i++) {
        char name[24];
        snprintf(name, sizeof name, "z%02d", order[i]);
        struct fleet_report_zone zone = {.name = name, .place = (uint64_t)order[i]};
        fleet_report_zone(report, &zone);
        for (int of = order[i] > 0 ? order[i] - 1 : 0; of <= order[i]; of++) {
            char host[24];
            snprintf(host, sizeof host, "o%02d.example", of);
            struct fleet_report_origin one = origin(host, 1, VERDICT_SPLIT_HELLO);
            one.id = 100 - of;
            one.concluded_ms = NOW_MS - (10 + of % 2) * DAY_MS;
            one.again = given[of];
            given[of] = true;
            fleet_report_origin(report, &one);
        }
    }
    fleet_report_finish(report);
    json_t *json = fleet_report_json(report, "originscan 0.0.0");
    char *text = json_dumps(json, JSON_INDENT(1));
    json_decref(json);
    fleet_report_free(report);
    return text;
}

static void the_order_of_zones_says_nothing(void **state) {
    enum { ZONES = 29 };
    int by_name[ZONES], mixed[ZONES];
    (void)state;
    for (int i = 0; i < ZONES; i++) {
        by_name[i] = i;
        mixed[i] = (i * 11 + 17) % ZONES;
    }
    char *expected = report_zones(by_name, ZONES), *found = report_zones(mixed, ZONES);
    assert_non_null(strstr(expected, "o00.example"));
    assert_string_equal(found, expected);
    free(expected);
    free(found);
}

static void an_empty_report_divides_by_nothing(void **state) {
    (void)state;
    struct fleet_report *report = fleet_report_new(NOW_MS, 0, GROUP_X25519MLKEM768);
    fleet_report_finish(report);
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    fleet_report_text(to, report);
    fclose(to);
    assert_null(strstr(text, "nan"));
    json_t *json = fleet_report_json(report, "originscan 0.0.0");
    assert_true(json_is_null(json_object_get(json_object_get(json, "retries"), "saved")));
    json_t *hybrid = json_object_get(json_object_get(json, "traffic"), "hybrid");
    assert_true(json_is_null(json_object_get(hybrid, "possible")));
    json_decref(json);
    free(text);
    fleet_report_free(report);
}

static void the_page_is_as_the_golden_text(void **state) {
    (void)state;
    struct fleet_report *report = filled();
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    fleet_report_text(to, report);
    fclose(to);
    for (size_t i = 0; i < n; i++)
        assert_true(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
    golden_expect("report.txt", text);
    free(text);
    fleet_report_free(report);
}

static void the_document_is_as_the_golden_text(void **state) {
    (void)state;
    struct fleet_report *report = filled();
    json_t *json = fleet_report_json(report, "originscan 0.0.0");
    char *text = json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    golden_expect("report_json.txt", text);
    free(text);
    json_decref(json);
    fleet_report_free(report);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_as_by_hand),
        cmocka_unit_test(lists_keep_the_most_telling),
        cmocka_unit_test(an_origin_of_several_zones_counts_once),
        cmocka_unit_test(zones_beyond_the_list_count),
        cmocka_unit_test(the_order_of_zones_says_nothing),
        cmocka_unit_test(an_empty_report_divides_by_nothing),
        cmocka_unit_test(the_page_is_as_the_golden_text),
        cmocka_unit_test(the_document_is_as_the_golden_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
