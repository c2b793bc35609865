/* A finished scan as a JSON object. */
#include "report/view/scan_json.h"

#include "report/json_value.h"
#include "report/zone/recommend.h"
#include "scanner/base/clock.h"
#include "scanner/base/quote.h"

#include <stdio.h>
#include <stdlib.h>

/* JSON holds UTF-8 only: any other text is shown byte by byte rather than lost. */
static json_t *text_json(const char *bytes) {
    char quoted[QUOTE_SIZE];
    json_t *string = json_string(bytes);
    return string ? string : json_string(quote_text(bytes, quoted));
}

static json_t *text_or_null(const char *maybe) {
    return maybe && maybe[0] ? text_json(maybe) : json_null();
}

static json_t *us_to_ms_json(uint32_t us) {
    return json_real(us / 1000.0);
}

static json_t *number_or_null(int64_t number, bool known) {
    return known ? json_integer(number) : json_null();
}

static json_t *leaf_json(const struct probe_result *result) {
    if (!result->has_leaf)
        return json_null();
    char hex[2 * sizeof result->leaf_sha256 + 1];
    for (size_t i = 0; i < sizeof result->leaf_sha256; i++)
        snprintf(hex + 2 * i, 3, "%02x", result->leaf_sha256[i]);
    return json_string(hex);
}

static json_t *probe_json(const struct probe_result *result) {
    json_t *object = json_object();
    bool dialled = result->stage >= STAGE_CONNECT && result->outcome != OUTCOME_BLOCKED;
    char name[PROBE_NAME_SIZE];
    json_object_set_new(object, "name",
                        json_string(probe_full_name(result->probe, result->parameter, name)));
    json_object_set_new(object, "outcome", json_string(outcome_name(result->outcome)));
    json_object_set_new(object, "stage", json_string(stage_name(result->stage)));
    json_object_set_new(object, "group", json_value_group(result->group));
    json_object_set_new(object, "group_id",
                        number_or_null(result->group, result->group != GROUP_NONE));
    json_object_set_new(object, "retry", json_boolean(result->retry));
    json_object_set_new(object, "retry_group",
                        json_value_group(result->retry ? result->retry_group : 0));
    json_object_set_new(object, "alert", number_or_null(result->alert, result->alert >= 0));
    json_object_set_new(object, "tls_version", text_or_null(tls_version_name(result->tls_version)));
    json_object_set_new(object, "hello_bytes",
                        number_or_null(result->hello_bytes, result->hello_bytes > 0));
    json_object_set_new(object, "hello2_bytes",
                        number_or_null(result->hello2_bytes, result->hello2_bytes > 0));
    json_object_set_new(object, "segments", number_or_null(result->segments, result->segments > 0));
    json_object_set_new(object, "attempts", json_integer(result->attempts));
    json_object_set_new(object, "leaf_sha256", leaf_json(result));
    json_object_set_new(object, "connect_ms",
                        result->connect_us ? us_to_ms_json(result->connect_us) : json_null());
    json_object_set_new(object, "duration_ms",
                        dialled ? us_to_ms_json(result->duration_us) : json_null());
    json_object_set_new(object, "detail", text_or_null(result->detail));
    return object;
}

static json_t *origin_json(const struct scan *scan) {
    const struct origin *from = &scan->origin;
    return json_pack("{so so si so so}", "zone", text_json(from->zone), "host",
                     text_json(from->host), "port", (int)from->port, "sni", text_or_null(from->sni),
                     "address", text_or_null(scan->address));
}

static json_t *largest_hello_json(const struct judgement *judgement) {
    return json_pack(
        "{so so}", "first", number_or_null(judgement->largest_first, judgement->largest_first > 0),
        "second", number_or_null(judgement->largest_second, judgement->largest_second > 0));
}

/* The bracket, in bytes on the wire, where size is what hellos fail for. */
static json_t *size_limit_json(const struct judgement *judgement) {
    bool limited = verdict_holds(judgement, VERDICT_SIZE_LIMIT) ||
                   verdict_holds(judgement, VERDICT_LARGE_DROP);
    if (!limited || judgement->size_failed == 0)
        return json_null();
    return json_pack("{so si}", "passed",
                     number_or_null(judgement->size_passed, judgement->size_passed > 0), "failed",
                     (int)judgement->size_failed);
}

static json_t *modes_json(const struct judgement *judgement) {
    json_t *object = json_object();
    for (enum mode mode = 0; mode < MODE_COUNT; mode++) {
        const struct mode_fact *fact = &judgement->modes[mode];
        json_object_set_new(object, mode_name(mode),
                            json_pack("{so so so}", "works", json_value_truth(fact->works), "group",
                                      json_value_group(fact->group), "retry",
                                      json_value_truth(fact->retry)));
    }
    return object;
}

static json_t *verdicts_json(const struct judgement *judgement) {
    json_t *list = json_array();
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
        if (verdict_holds(judgement, verdict))
            json_array_append_new(list, json_string(verdict_name(verdict)));
    return list;
}

static json_t *recommendation_json(const struct scan *scan, const struct judgement *judgement) {
    struct recommendation advice = recommend_scan(scan, judgement);
    const struct zone_setting *setting = &advice.setting;
    if (setting->level == LEVEL_NONE)
        return json_null();
    return json_pack("{ss so so so ss sb}", "setting", rule_level_name(setting->level), "variant",
                     text_or_null(recommend_variant(setting, false)), "first_share",
                     json_value_group(setting->first_share), "groups",
                     json_value_groups(setting->groups, setting->groups_n), "reason",
                     recommend_scan_reason(&advice, judgement), "provisional", advice.provisional);
}

static json_t *probes_json(const struct scan *scan) {
    json_t *list = json_array();
    for (size_t i = 0; i < scan->probes_n; i++)
        json_array_append_new(list, probe_json(&scan->probes[i]));
    return list;
}

json_t *scan_json(const struct scan *scan, const struct judgement *judgement) {
    char started[CLOCK_ISO_SIZE];
    json_t *object = json_object();
    json_object_set_new(object, "schema", json_string("originscan.scan/1"));
    json_object_set_new(object, "origin", origin_json(scan));
    json_object_set_new(object, "started_at", json_string(clock_iso(scan->started_ms, started)));
    json_object_set_new(object, "duration_ms", json_integer(scan->duration_ms));
    json_object_set_new(object, "status", json_string(status_name(judgement->status)));
    json_object_set_new(object, "tls_version",
                        text_or_null(tls_version_name(judgement->tls_version)));
    json_object_set_new(object, "verdict", text_or_null(verdict_name(judgement->verdict)));
    json_object_set_new(object, "verdicts", verdicts_json(judgement));
    json_object_set_new(
        object, "groups",
        json_value_truths_of(judgement->group_ids, judgement->groups, JUDGED_GROUPS));
    json_object_set_new(
        object, "other_groups",
        json_value_truths_of(judgement->other_ids, judgement->others, judgement->others_n));
    json_object_set_new(object, "group_order", text_or_null(order_name(judgement->order)));
    json_object_set_new(object, "preferred_group", json_value_group(judgement->preferred_group));
    json_object_set_new(object, "server_groups",
                        judgement->server_groups_n ? json_value_groups(judgement->server_groups,
                                                                       judgement->server_groups_n)
                                                   : json_null());
    json_object_set_new(object, "modes", modes_json(judgement));
    json_object_set_new(object, "largest_hello", largest_hello_json(judgement));
    json_object_set_new(object, "size_limit", size_limit_json(judgement));
    json_object_set_new(object, "resumes", json_value_truth(judgement->resumes));
    json_object_set_new(object, "resumed_works", json_value_truth(judgement->resumed_works));
    json_object_set_new(object, "alpn_refused", json_boolean(judgement->alpn_refused));
    json_object_set_new(object, "bugs",
                        json_pack("{sb sb sb}", "hrrFailure", judgement->hrr_failure,
                                  "splitClientHello", judgement->split_client_hello,
                                  "unknownKeyshare", judgement->unknown_keyshare));
    json_object_set_new(object, "recommendation", recommendation_json(scan, judgement));
    json_object_set_new(object, "probes", probes_json(scan));
    return object;
}

char *scan_json_line(const struct scan *scan, const struct judgement *judgement) {
    json_t *object = scan_json(scan, judgement);
    char *line = json_value_dump(object, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(object);
    return line;
}
