/* How things stand as JSON. */
#include "report/fleet/fleet_status_json.h"

#include "report/json_value.h"

#include <stdlib.h>

static json_t *freshness_json(const struct fleet_status *status) {
    json_t *object = json_object();
    json_value_set(object, "origins", json_value_count(status->origins));
    json_value_set(object, "never_scanned", json_value_count(status->never_scanned));
    json_value_set(object, "within_24_hours", json_value_count(status->within_day));
    json_value_set(object, "within_24_hours_fraction",
                   json_value_fraction((double)status->within_day, (double)status->origins));
    json_value_set(object, "within_48_hours", json_value_count(status->within_two_days));
    json_value_set(object, "within_48_hours_fraction",
                   json_value_fraction((double)status->within_two_days, (double)status->origins));
    json_value_set(object, "oldest_scan_at", json_value_time(status->oldest_scan_ms));
    return object;
}

static json_t *words_json(const struct fleet_status *status, const struct fleet_status_need *need,
                          bool remedy) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        abort();
    if (remedy)
        fleet_status_write_remedy(out, status, need);
    else
        fleet_status_write_why(out, need);
    fclose(out);
    json_t *value = json_value_text(text);
    free(text);
    return value;
}

static json_t *need_json(const struct fleet_status *status, const struct fleet_status_need *need) {
    json_t *object = json_object();
    json_value_set(object, "zone", json_value_text(need->zone));
    json_value_set(object, "need", json_string(fleet_status_need_name(need->need)));
    json_value_set(object, "setting", json_string(rule_level_name(need->level)));
    json_value_set(object, "before",
                   need->previous == LEVEL_NONE ? json_null()
                                                : json_string(rule_level_name(need->previous)));
    json_value_set(object, "stage_percent", json_integer(need->stage_percent));
    json_value_set(object, "since", json_value_time(need->since_ms));
    json_value_set(object, "origins", json_value_count(need->origins));
    json_value_set(object, "affected", json_value_count(need->affected));
    json_value_set(object, "host", need->host ? json_value_text(need->host) : json_null());
    json_value_set(object, "port", need->host ? json_integer(need->port) : json_null());
    json_value_set(object, "why", words_json(status, need, false));
    json_value_set(object, "remedy", words_json(status, need, true));
    return object;
}

static json_t *attention_json(const struct fleet_status *status) {
    json_t *object = json_object(), *kinds = json_object(), *list = json_array();
    for (enum fleet_need need = 0; need < NEED_COUNT; need++)
        json_value_set(kinds, fleet_status_need_name(need),
                       json_value_count(status->by_need[need]));
    for (size_t i = 0; i < status->needs_n; i++)
        json_array_append_new(list, need_json(status, &status->needs[i]));
    json_value_set(object, "zones", json_value_count(status->zones));
    json_value_set(object, "need_nothing", json_value_count(status->zones - status->zones_in_need));
    json_value_set(object, "need_you", json_value_count(status->zones_in_need));
    json_value_set(object, "kinds", kinds);
    json_value_set(object, "list", list);
    return object;
}

static json_t *moves_json(const struct fleet_status *status) {
    json_t *object = json_object();
    json_value_set(object, "up_24_hours", json_value_count(status->moved_up));
    json_value_set(object, "down_24_hours", json_value_count(status->moved_down));
    json_value_set(object, "ramping", json_value_count(status->ramping));
    json_value_set(object, "pinned", json_value_count(status->pinned));
    json_value_set(object, "brake",
                   status->brake[0] ? json_value_text(status->brake) : json_null());
    json_value_set(object, "brake_since",
                   status->brake[0] ? json_value_time(status->brake_since_ms) : json_null());
    json_value_set(object, "feedback_at", json_value_time(status->feedback_ms));
    return object;
}

static json_t *scanner_json(const struct fleet_status *status) {
    json_t *object = json_object();
    json_value_set(object, "due_now", json_value_count(status->due_now));
    json_value_set(object, "oldest_due_at", json_value_time(status->oldest_due_ms));
    json_value_set(object, "in_flight", json_value_count(status->in_flight));
    json_value_set(object, "lags", json_boolean(fleet_status_lags(status)));
    json_value_set(object, "rate", status->rate > 0 ? json_real(status->rate) : json_null());
    json_value_set(object, "rate_needed",
                   status->rate_needed > 0 ? json_real(status->rate_needed) : json_null());
    return object;
}

static json_t *matrix_json(const struct fleet_status *status) {
    json_t *list = json_array();
    for (enum rule_level level = LEVEL_COUNT; level-- > LEVEL_NONE;) {
        for (enum verdict verdict = 0; verdict <= VERDICT_COUNT; verdict++) {
            uint64_t n = status->matrix[level][verdict];
            if (n == 0)
                continue;
            json_t *cell = json_object();
            json_value_set(cell, "setting", json_string(rule_level_name(level)));
            json_value_set(cell, "verdict",
                           verdict < VERDICT_COUNT ? json_string(verdict_name(verdict))
                                                   : json_null());
            json_value_set(cell, "origins", json_value_count(n));
            json_array_append_new(list, cell);
        }
    }
    return list;
}

void fleet_status_json(json_t *object, const struct fleet_status *status) {
    if (status->database)
        json_value_set(object, "database", json_value_text(status->database));
    json_value_set(object, "freshness", freshness_json(status));
    json_value_set(object, "attention", attention_json(status));
    json_value_set(object, "moves", moves_json(status));
    json_value_set(object, "scanner", scanner_json(status));
    json_value_set(object, "matrix", matrix_json(status));
}
