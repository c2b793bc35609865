/* The document /api/v1/summary. */
#include "cmd/http/http_summary.h"

#include "report/json_value.h"
#include "scanner/base/clock.h"
#include "scanner/base/duration.h"
#include "store/store_read.h"
#include "store/store_schedule.h"

#include <jansson.h>

static bool add_count(void *arg, const char *name, uint64_t n) {
    json_object_set_new(arg, name, json_integer((json_int_t)n));
    return true;
}

static json_t *make_backlog(const struct store_backlog *backlog) {
    return json_pack("{s:I,s:o,s:o,s:I}", "due_now", (json_int_t)backlog->due_now, "oldest_due_at",
                     json_value_time(backlog->oldest_due_ms), "next_due_at",
                     json_value_time(backlog->next_due_ms), "in_flight",
                     (json_int_t)backlog->in_flight);
}

static json_t *make_origins(const struct store_totals *totals) {
    return json_pack("{s:I,s:I,s:I}", "total", (json_int_t)totals->origins, "never_scanned",
                     (json_int_t)totals->never_scanned, "scanned_within_day",
                     (json_int_t)totals->scanned_since);
}

bool http_summary_make(struct store *store, FILE *to, struct err *err) {
    struct store_backlog backlog = {0};
    struct store_totals totals = {0};
    json_t *settings = json_object(), *verdicts = json_object(), *document = json_object();
    int64_t now_ms = clock_wall_ms();
    bool good = store_totals_settings(store, add_count, settings, err) == STORE_OK &&
                store_totals_verdicts(store, add_count, verdicts, err) == STORE_OK &&
                store_totals_origins(store, now_ms - DAY_MS, &totals, err) == STORE_OK &&
                store_backlog(store, now_ms, &backlog, err) == STORE_OK;
    json_object_set_new(document, "schema", json_string("originscan.summary/1"));
    json_object_set_new(document, "generated_at", json_value_time(now_ms));
    json_object_set_new(document, "version", json_string(ORIGINSCAN_VERSION));
    json_object_set_new(document, "zones_by_setting", settings);
    json_object_set_new(document, "origins", make_origins(&totals));
    json_object_set_new(document, "origins_by_verdict", verdicts);
    json_object_set_new(document, "backlog", make_backlog(&backlog));
    if (good)
        json_dumpf(document, to, JSON_COMPACT);
    json_decref(document);
    return good;
}
