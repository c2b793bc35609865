/* What needs somebody: which zones, in which order, in which words; and adoption day by day. */
#include "report/fleet/fleet_history.h"
#include "report/fleet/fleet_status_json.h"
#include "report/fleet/fleet_status_text.h"
#include "report/fleet/sizing.h"
#include "scanner/base/alloc.h"
#include "scanner/base/duration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_MS INT64_C(1795424400123) /* 2026-11-23T09:00:00.123Z */

static void add_zone(struct fleet_status *status, const char *name, enum rule_level level,
                     enum rule_level previous, enum rule_reason reason) {
    fleet_status_zone(status, &(struct fleet_status_zone){.name = name,
                                                          .level = level,
                                                          .previous = previous,
                                                          .reason = reason,
                                                          .stage_percent = 100,
                                                          .since_ms = NOW_MS - DAY_MS,
                                                          .measured = true});
}

static void add_origin(struct fleet_status *status, const char *host, enum verdict verdict) {
    fleet_status_origin(status, &(struct fleet_status_origin){.host = host,
                                                              .port = 443,
                                                              .scanned = true,
                                                              .status = STATUS_COMPLETE,
                                                              .verdict = verdict,
                                                              .scanned_ms = NOW_MS - HOUR_MS,
                                                              .concluded_ms = NOW_MS - HOUR_MS});
}

static void add_dead_origin(struct fleet_status *status, const char *host, uint32_t missed) {
    fleet_status_origin(status, &(struct fleet_status_origin){.host = host,
                                                              .port = 443,
                                                              .scanned = true,
                                                              .status = STATUS_UNREACHABLE,
                                                              .verdict = VERDICT_COUNT,
                                                              .missed = missed,
                                                              .scanned_ms = NOW_MS - 36 * HOUR_MS});
}

/* As much of the report's document as the screen shows. The caller drops its reference. */
static json_t *document_of(const struct fleet_status *status) {
    json_t *document = json_object(), *counts = json_object();
    for (enum rule_level level = LEVEL_NONE; level < LEVEL_COUNT; level++)
        json_object_set_new(counts, rule_level_name(level),
                            json_integer((json_int_t)status->by_level[level]));
    json_object_set_new(document, "generated_at", json_string("2026-11-23T09:00:00.123Z"));
    json_object_set_new(document, "settings", json_pack("{s:o}", "counts", counts));
    fleet_status_json(document, status);
    return document;
}

/* The caller frees. */
static char *text_of(const struct fleet_status *status) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    json_t *document = document_of(status);
    fleet_status_text(out, document);
    json_decref(document);
    fclose(out);
    return text;
}

static bool calls_somebody(const struct fleet_status *status) {
    json_t *document = document_of(status);
    bool calls = fleet_status_text_calls(document);
    json_decref(document);
    return calls;
}

static void assert_has(const char *text, const char *part) {
    if (!strstr(text, part))
        fail_msg("there is no %s in:\n%s", part, text);
}

static void fine_zones_need_nothing(void **state) {
    (void)state;
    struct fleet_status status;
    fleet_status_init(&status, NOW_MS, NOW_MS - 7 * DAY_MS);
    add_zone(&status, "a", LEVEL_PREFERRED, LEVEL_SUPPORTED, REASON_HYBRID_IN_ONE_ROUND_TRIP);
    add_origin(&status, "a.example", VERDICT_READY);
    add_zone(&status, "b", LEVEL_OFF, LEVEL_NONE, REASON_NO_HYBRID);
    add_origin(&status, "b.example", VERDICT_CLASSICAL);
    add_dead_origin(&status, "restarting.example", FLEET_STATUS_MISSED_MAX);
    add_zone(&status, "pinned", LEVEL_OFF, LEVEL_PREFERRED, REASON_OPERATOR_PIN);
    fleet_status_finish(&status);
    assert_false(calls_somebody(&status));
    assert_int_equal(status.zones_in_need, 0);
    assert_int_equal(status.within_day, 2);
    assert_int_equal(status.within_two_days, 3);
    assert_int_equal(status.matrix[LEVEL_PREFERRED][VERDICT_READY], 1);
    char *text = text_of(&status);
    assert_has(text, "All 3 zones need nothing.\n");
    free(text);
    fleet_status_clear(&status);
}

static void what_was_never_scanned_is_not_called_fine(void **state) {
    (void)state;
    struct fleet_status status;
    fleet_status_init(&status, NOW_MS, NOW_MS - 7 * DAY_MS);
    status.database = alloc_string("my data.db");
    add_zone(&status, "a", LEVEL_OFF, LEVEL_NONE, REASON_NO_HYBRID);
    fleet_status_origin(&status, &(struct fleet_status_origin){.host = "a.example", .port = 443});
    fleet_status_finish(&status);
    char *text = text_of(&status);
    assert_int_equal(strncmp(text, "Nothing has been scanned yet. ", 30), 0);
    assert_has(text, "`originscan scan --db 'my data.db'` scans it now.\n");
    free(text);
    add_origin(&status, "b.example", VERDICT_READY);
    fleet_status_finish(&status);
    text = text_of(&status);
    assert_has(text, "The only zone needs nothing.\n");
    free(text);
    fleet_status_clear(&status);
}

static void the_gravest_need_comes_first(void **state) {
    (void)state;
    struct fleet_status status;
    fleet_status_init(&status, NOW_MS, NOW_MS - 7 * DAY_MS);
    add_zone(&status, "dead", LEVEL_OFF, LEVEL_NONE, REASON_NO_HYBRID);
    add_dead_origin(&status, "dead.example", 3);
    add_zone(&status, "broken", LEVEL_OFF, LEVEL_NONE, REASON_DIAGNOSED_FAULT);
    add_dead_origin(&status, "dead.example", 3);
    add_origin(&status, "broken.example", VERDICT_SIZE_LIMIT);
    add_zone(&status, "fell", LEVEL_OFF, LEVEL_PREFERRED, REASON_DIAGNOSED_FAULT);
    add_origin(&status, "sound.example", VERDICT_READY);
    add_origin(&status, "first.example", VERDICT_LARGE_FIRST_ONLY);
    add_zone(&status, "fine", LEVEL_PREFERRED, LEVEL_NONE, REASON_PREFERRED_WORKS);
    add_origin(&status, "fine.example", VERDICT_READY);
    fleet_status_finish(&status);
    assert_true(calls_somebody(&status));
    assert_int_equal(status.zones_in_need, 3);
    assert_int_equal(status.needs_n, 3);
    assert_string_equal(status.needs[0].zone, "fell");
    assert_int_equal(status.needs[0].affected, 1);
    assert_string_equal(status.needs[1].zone, "broken");
    assert_string_equal(status.needs[1].host, "broken.example");
    assert_string_equal(status.needs[2].zone, "dead");
    char *text = text_of(&status);
    assert_has(text, "1 of 4 zones needs nothing, 3 need you.\n");
    assert_has(text, "! fell: off (was preferred); large-first-only on 1 of 2 origins, such as "
                     "first.example:443\n"
                     "    Use `supported`, not `preferred`. The usual cause is a firewall that "
                     "inspects only the first packet of a connection. `originscan probe "
                     "first.example:443` shows more.\n");
    assert_has(text, "! dead: off; unreachable on its origin dead.example:443\n"
                     "    `originscan explain dead` shows the evidence.\n");
    free(text);
    fleet_status_clear(&status);
}

/* "no-evidence" alone does not say whose. */
static void a_zone_without_evidence_names_whom_it_waits_for(void **state) {
    (void)state;
    struct fleet_status status;
    fleet_status_init(&status, NOW_MS, NOW_MS - 7 * DAY_MS);
    add_zone(&status, "fell", LEVEL_NONE, LEVEL_OFF, REASON_NO_EVIDENCE);
    add_origin(&status, "ready.example", VERDICT_READY);
    add_dead_origin(&status, "dead.example", 1);
    add_zone(&status, "new", LEVEL_NONE, LEVEL_NONE, REASON_NO_EVIDENCE);
    add_origin(&status, "ready.example", VERDICT_READY);
    fleet_status_origin(&status, &(struct fleet_status_origin){.host = "new.example", .port = 443});
    add_zone(&status, "fine", LEVEL_OFF, LEVEL_NONE, REASON_NO_HYBRID);
    add_dead_origin(&status, "dead.example", 1);
    fleet_status_finish(&status);
    assert_int_equal(status.zones_in_need, 2);
    char *text = text_of(&status);
    assert_has(text, "! fell: none (was off); unreachable on 1 of 2 origins, such as "
                     "dead.example:443\n    `originscan explain fell` shows the evidence.\n");
    assert_has(text, "! new: none; no scan yet on 1 of 2 origins, such as new.example:443\n");
    free(text);
    fleet_status_clear(&status);
}

/* That one was not scanned yet says less than what is wrong with another. */
static void a_fault_is_named_before_what_was_not_scanned(void **state) {
    (void)state;
    struct fleet_status status;
    fleet_status_init(&status, NOW_MS, NOW_MS - 7 * DAY_MS);
    add_zone(&status, "fell", LEVEL_NONE, LEVEL_OFF, REASON_NO_EVIDENCE);
    fleet_status_origin(&status, &(struct fleet_status_origin){.host = "new.example", .port = 443});
    add_origin(&status, "broken.example", VERDICT_SIZE_LIMIT);
    add_dead_origin(&status, "dead.example", FLEET_STATUS_MISSED_MAX + 1);
    fleet_status_finish(&status);
    assert_int_equal(status.needs_n, 1);
    assert_int_equal(status.needs[0].need, NEED_FELL);
    assert_int_equal(status.needs[0].affected, 1);
    char *text = text_of(&status);
    assert_has(text, "! fell: none (was off); size-limit on 1 of 3 origins, such as "
                     "broken.example:443\n");
    free(text);
    fleet_status_clear(&status);
}

/* What the configuration forbids does not get better by waiting. */
static void a_blocked_origin_needs_somebody_at_once(void **state) {
    (void)state;
    struct fleet_status status;
    fleet_status_init(&status, NOW_MS, NOW_MS - 7 * DAY_MS);
    add_zone(&status, "private", LEVEL_OFF, LEVEL_NONE, REASON_NO_HYBRID);
    fleet_status_origin(&status, &(struct fleet_status_origin){.host = "10.20.0.1",
                                                               .port = 443,
                                                               .scanned = true,
                                                               .status = STATUS_BLOCKED,
                                                               .verdict = VERDICT_COUNT,
                                                               .missed = 1,
                                                               .scanned_ms = NOW_MS});
    fleet_status_finish(&status);
    assert_int_equal(status.by_need[NEED_UNMEASURED], 1);
    assert_true(calls_somebody(&status));
    char *text = text_of(&status);
    assert_has(text, "! private: off; blocked on its origin 10.20.0.1:443\n"
                     "    The configuration forbids its address: `allow` ");
    free(text);
    fleet_status_clear(&status);
}

/* A machine without processor time puts its visits off: each is due a minute from now, for ever. */
static void an_origin_that_is_put_off_for_ever_needs_somebody(void **state) {
    (void)state;
    static const struct {
        int64_t scanned_days, due_days; /* from now */
        bool needs;
        int64_t period_days; /* since when that is the period; 0: not known */
    } cases[] = {{-1, 0, false},    {-3, 0, false},     {-4, 0, true},
                 {-30, -29, false}, {-30, 0, true},     {0, 10, false},
                 {-4, 1, true},     {-6, 1, false, -2}, {-6, 0, true, -5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fleet_status status;
        fleet_status_init(&status, NOW_MS, NOW_MS - 7 * DAY_MS);
        status.period_ms = DAY_MS;
        status.period_since_ms = cases[i].period_days ? NOW_MS + cases[i].period_days * DAY_MS : 0;
        add_zone(&status, "a", LEVEL_PREFERRED, LEVEL_NONE, REASON_PREFERRED_WORKS);
        fleet_status_origin(&status, &(struct fleet_status_origin){
                                         .host = "late.example",
                                         .port = 443,
                                         .scanned = true,
                                         .status = STATUS_COMPLETE,
                                         .verdict = VERDICT_READY,
                                         .due_ms = NOW_MS + cases[i].due_days * DAY_MS,
                                         .scanned_ms = NOW_MS + cases[i].scanned_days * DAY_MS,
                                         .concluded_ms = NOW_MS + cases[i].scanned_days * DAY_MS});
        fleet_status_finish(&status);
        assert_int_equal(status.by_need[NEED_UNMEASURED], cases[i].needs);
        char *text = text_of(&status);
        assert_int_equal(strstr(text, "deferred on its origin late.example:443") != NULL,
                         cases[i].needs);
        assert_int_equal(strstr(text, "processor time") != NULL, cases[i].needs);
        free(text);
        fleet_status_clear(&status);
    }
}

/* Behind one host and port there may be several. */
static void the_command_that_is_printed_means_that_origin(void **state) {
    (void)state;
    struct fleet_status status;
    fleet_status_init(&status, NOW_MS, NOW_MS - 7 * DAY_MS);
    add_zone(&status, "a", LEVEL_OFF, LEVEL_NONE, REASON_DIAGNOSED_FAULT);
    add_origin(&status, "a.example", VERDICT_SIZE_LIMIT);
    add_zone(&status, "b", LEVEL_OFF, LEVEL_NONE, REASON_DIAGNOSED_FAULT);
    add_origin(&status, "b.example", VERDICT_SIZE_LIMIT);
    fleet_status_finish(&status);
    status.needs[0].sni = alloc_string("shop.example");
    status.needs[0].address = alloc_string("2001:db8::1");
    status.needs[1].sni = alloc_string("");
    char *text = text_of(&status);
    assert_has(text, "`originscan probe --sni shop.example 'a.example:443@2001:db8::1'` shows");
    assert_has(text, "`originscan probe --sni '' b.example:443` shows");
    free(text);
    fleet_status_clear(&status);
}

static void an_ipv6_literal_has_brackets(void **state) {
    (void)state;
    struct fleet_status status;
    fleet_status_init(&status, NOW_MS, NOW_MS - 7 * DAY_MS);
    add_zone(&status, "six", LEVEL_OFF, LEVEL_NONE, REASON_DIAGNOSED_FAULT);
    add_origin(&status, "2001:db8::1", VERDICT_SIZE_LIMIT);
    fleet_status_finish(&status);
    char *text = text_of(&status);
    assert_has(text, "size-limit on its origin [2001:db8::1]:443\n");
    assert_has(text, "`originscan probe '[2001:db8::1]:443'` shows");
    free(text);
    fleet_status_clear(&status);
}

static void lists_are_bounded_and_all_is_counted(void **state) {
    (void)state;
    struct fleet_status status;
    fleet_status_init(&status, NOW_MS, NOW_MS - 7 * DAY_MS);
    for (int i = 0; i < 50; i++) {
        add_zone(&status, "unstable", LEVEL_OFF, LEVEL_NONE, REASON_NO_HYBRID);
        add_origin(&status, "u.example", VERDICT_UNSTABLE);
    }
    add_zone(&status, "fell", LEVEL_OFF, LEVEL_SUPPORTED, REASON_FAILURE_RATE);
    fleet_status_finish(&status);
    assert_int_equal(status.zones_in_need, 51);
    assert_int_equal(status.by_need[NEED_UNSTABLE], 50);
    assert_int_equal(status.needs_n, FLEET_STATUS_LIST);
    assert_string_equal(status.needs[0].zone, "fell");
    char *text = text_of(&status);
    assert_has(text, "  and 46 more: ");
    free(text);
    fleet_status_clear(&status);
}

static void a_scanner_that_lags_and_a_brake_call_somebody(void **state) {
    (void)state;
    struct fleet_status status;
    fleet_status_init(&status, NOW_MS, NOW_MS - 7 * DAY_MS);
    status.due_now = 7;
    status.oldest_due_ms = NOW_MS - FLEET_STATUS_OVERDUE_MS;
    assert_false(calls_somebody(&status));
    status.oldest_due_ms--;
    assert_true(calls_somebody(&status));
    status.oldest_due_ms = 0;
    strcpy(status.brake, "controls");
    status.brake_since_ms = NOW_MS - HOUR_MS;
    assert_true(calls_somebody(&status));
    status.brake[0] = '\0';
    status.rate = 220;
    status.rate_needed = sizing_connections(1728000, DAY_MS);
    assert_false(calls_somebody(&status));
    status.rate_needed = sizing_connections(2000000, DAY_MS);
    assert_true(calls_somebody(&status));
    strcpy(status.brake, "controls");
    char *text = text_of(&status);
    assert_has(text, "! 255 connections a second are needed to visit every origin within the "
                     "period; `rate` allows 220\n");
    assert_has(text, "! The global brake has been on since 2026-11-23T08:00: no setting moves and "
                     "exports are refused (controls)\n");
    free(text);
    fleet_status_clear(&status);
}

static void hostile_names_are_escaped(void **state) {
    (void)state;
    struct fleet_status status;
    fleet_status_init(&status, NOW_MS, NOW_MS - 7 * DAY_MS);
    add_zone(&status, "\x1b[31mred\n", LEVEL_OFF, LEVEL_NONE, REASON_NO_HYBRID);
    add_origin(&status, "a\x07", VERDICT_UNSTABLE);
    fleet_status_finish(&status);
    char *text = text_of(&status);
    assert_null(strchr(text, '\x1b'));
    assert_null(strchr(text, '\x07'));
    assert_has(text, "! \"\\x1b[31mred\\x0a\": off; ");
    free(text);
    fleet_status_clear(&status);
}

static void adoption_is_walked_back_from_today(void **state) {
    (void)state;
    struct fleet_history history = {.now_ms = NOW_MS};
    enum { LAST = FLEET_HISTORY_DAYS - 1 };
    fleet_history_note(&history, NOW_MS - HOUR_MS, "hybrid", "0", "1");
    fleet_history_note(&history, NOW_MS - DAY_MS, "hybrid", "0", "1");
    fleet_history_note(&history, NOW_MS - DAY_MS, "hybrid", "1", NULL);
    fleet_history_note(&history, NOW_MS - DAY_MS, "verdict", "0", "1");
    fleet_history_note(&history, NOW_MS - 2 * DAY_MS, "hybrid", "1", "0");
    fleet_history_note(&history, NOW_MS - 100 * DAY_MS, "hybrid", "0", "1");
    fleet_history_note(&history, NOW_MS - 3 * DAY_MS, "setting", "supported", "preferred");
    fleet_history_finish(&history, 10, 1);
    assert_int_equal(history.hybrid[LAST], 10);
    assert_int_equal(history.hybrid[LAST - 1], 9);
    assert_int_equal(history.hybrid[LAST - 2], 9);
    assert_int_equal(history.hybrid[LAST - 3], 10);
    assert_int_equal(history.hybrid[0], 10);
    assert_int_equal(history.preferred[LAST - 3], 1);
    assert_int_equal(history.preferred[LAST - 4], 0);
    assert_int_equal(fleet_history_day(&history, LAST), NOW_MS - NOW_MS % DAY_MS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fine_zones_need_nothing),
        cmocka_unit_test(what_was_never_scanned_is_not_called_fine),
        cmocka_unit_test(the_gravest_need_comes_first),
        cmocka_unit_test(a_zone_without_evidence_names_whom_it_waits_for),
        cmocka_unit_test(a_fault_is_named_before_what_was_not_scanned),
        cmocka_unit_test(a_blocked_origin_needs_somebody_at_once),
        cmocka_unit_test(an_origin_that_is_put_off_for_ever_needs_somebody),
        cmocka_unit_test(the_command_that_is_printed_means_that_origin),
        cmocka_unit_test(an_ipv6_literal_has_brackets),
        cmocka_unit_test(lists_are_bounded_and_all_is_counted),
        cmocka_unit_test(a_scanner_that_lags_and_a_brake_call_somebody),
        cmocka_unit_test(hostile_names_are_escaped),
        cmocka_unit_test(adoption_is_walked_back_from_today),
    };
    return cmocka_run_group_tests_name("fleet status", tests, NULL, NULL);
}
