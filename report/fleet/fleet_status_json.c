/* How things stand as JSON. */
#include "report/fleet/fleet_status_json.h"

#include "report/json_value.h"

#include <stdlib.h>

static void set_member(json_t *object, const char *key, json_t *value) {
    json_object_set_new_nocheck(object, key, value);
}

static json_t *count_json(uint64_t value) {
    return json_integer((json_int_t)value);
}

static json_t *fraction_json(uint64_t part, uint64_t whole) {
    return whole ? json_real((double)part / (double)whole) : json_null();
}

static json_t *freshness_json(const struct fleet_status *status) {
    json_t *object = json_object();
    set_member(object, "origins", count_json(status->origins));
    set_member(object, "never_scanned", count_json(status->never_scanned));
    set_member(object, "within_24_hours", count_json(status->within_day));
    set_member(object, "within_24_hours_fraction",
               fraction_json(status->within_day, status->origins));
    set_member(object, "within_48_hours", count_json(status->within_two_days));
    set_member(object, "within_48_hours_fraction",
               fraction_json(status->within_two_days, status->origins));
    set_member(object, "oldest_scan_at", json_value_time(status->oldest_scan_ms));
    return object;
}

static json_t *words_json(void (*write)(FILE *, const struct fleet_status_need *),
                          const struct fleet_status_need *need) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        abort();
    write(out, need);
    fclose(out);
    json_t *value = json_value_text(text);
    free(text);
    return value;
}

static json_t *need_json(const struct fleet_status_need *need) {
    json_t *object = json_object();
    set_member(object, "zone", json_value_text(need->zone));
    set_member(object, "need", json_string(fleet_status_need_name(need->need)));
    set_member(object, "setting", json_string(rule_level_name(need->level)));
    set_member(object, "before",
               need->previous == LEVEL_NONE ? json_null()
                                            : json_string(rule_level_name(need->previous)));
    set_member(object, "stage_percent", json_integer(need->stage_percent));
    set_member(object, "since", json_value_time(need->since_ms));
    set_member(object, "origins", count_json(need->origins));
    set_member(object, "affected", count_json(need->affected));
    set_member(object, "host", need->host ? json_value_text(need->host) : json_null());
    set_member(object, "port", need->host ? json_integer(need->port) : json_null());
    set_member(object, "why", words_json(fleet_status_write_why, need));
    set_member(object, "remedy", words_json(fleet_status_write_remedy, need));
    return object;
}

static json_t *attention_json(const struct fleet_status *status) {
    json_t *object = json_object(), *kinds = json_object(), *list = json_array();
    for (enum fleet_need need = 0; need < NEED_COUNT; need++)
        set_member(kinds, fleet_status_need_name(need), count_json(status->by_need[need]));
    for (size_t i = 0; i < status->needs_n; i++)
        json_array_append_new(list, need_json(&status->needs[i]));
    set_member(object, "zones", count_json(status->zones));
    set_member(object, "need_nothing", count_json(status->zones - status->zones_in_need));
    set_member(object, "need_you", count_json(status->zones_in_need));
    set_member(object, "kinds", kinds);
    set_member(object, "list", list);
    return object;
}

static json_t *moves_json(const struct fleet_status *status) {
    json_t *object = json_object();
    set_member(object, "up_24_hours", count_json(status->moved_up));
    set_member(object, "down_24_hours", count_json(status->moved_down));
    set_member(object, "ramping", count_json(status->ramping));
    set_member(object, "pinned", count_json(status->pinned));
    set_member(object, "brake", status->brake[0] ? json_value_text(status->brake) : json_null());
    set_member(object, "brake_since",
               status->brake[0] ? json_value_time(status->brake_since_ms) : json_null());
    set_member(object, "feedback_at", json_value_time(status->feedback_ms));
    return object;
}

static json_t *scanner_json(const struct fleet_status *status) {
    json_t *object = json_object();
    set_member(object, "due_now", count_json(status->due_now));
    set_member(object, "oldest_due_at", json_value_time(status->oldest_due_ms));
    set_member(object, "in_flight", count_json(status->in_flight));
    set_member(object, "lags", json_boolean(fleet_status_lags(status)));
    set_member(object, "rate", status->rate > 0 ? json_real(status->rate) : json_null());
    set_member(object, "rate_needed",
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
            set_member(cell, "setting", json_string(rule_level_name(level)));
            set_member(cell, "verdict",
                       verdict < VERDICT_COUNT ? json_string(verdict_name(verdict)) : json_null());
            set_member(cell, "origins", count_json(n));
            json_array_append_new(list, cell);
        }
    }
    return list;
}

void fleet_status_json(json_t *object, const struct fleet_status *status) {
    set_member(object, "freshness", freshness_json(status));
    set_member(object, "attention", attention_json(status));
    set_member(object, "moves", moves_json(status));
    set_member(object, "scanner", scanner_json(status));
    set_member(object, "matrix", matrix_json(status));
}
