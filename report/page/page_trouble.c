/* The slowest origins, those that flap, and stale ones. */
#include "report/page/page_trouble.h"

#include "report/json_value.h"
#include "report/page/page_table.h"
#include "scanner/base/array.h"

#include <inttypes.h>

static double read_ms(const json_t *slowest, const char *key) {
    return json_number_value(json_object_get(slowest, key));
}

static void append_slowest(struct html *to, const json_t *slowest) {
    static const struct page_column columns[] = {
        {"Host", "host", PAGE_NAME},
        {"Port", "port", PAGE_PORT},
        {"Handshake", "handshake_ms", PAGE_MS},
        {"TCP connection", "connect_ms", PAGE_MS},
        {"Zone", "zone", PAGE_TEXT},
    };
    int64_t origins = json_value_number_at(slowest, "origins");
    html_open_section(to, "slowest", "Slowest TLS handshakes");
    if (origins > 0)
        html_leaff(to, "p", "soft",
                   "Each origin by the median of its last full scan. Of %" PRId64
                   " origins, half finish within %.1f\xc2\xa0ms, 95 of 100 within %.1f\xc2\xa0ms.",
                   origins, read_ms(slowest, "median_ms"), read_ms(slowest, "p95_ms"));
    page_table(to, &(struct page_table){"slowest", NULL, columns, COUNT_OF(columns)},
               json_object_get(slowest, "longest"), "Not known yet.");
    html_close(to);
}

static void append_flapping(struct html *to, const json_t *flapping) {
    static const struct page_column columns[] = {
        {"Origin", "subject", PAGE_NAME},
        {"Changes", "changes", PAGE_NUMBER},
    };
    html_open_section(to, "flapping", "Flapping origins");
    html_leaff(to, "p", "soft",
               "Back to an earlier verdict %" PRId64 " times or more within %" PRId64
               " days: %" PRId64 ".",
               json_value_number_at(flapping, "from_returns"),
               json_value_number_at(flapping, "within_days"),
               json_value_number_at(flapping, "total"));
    page_table(to, &(struct page_table){"flapping", NULL, columns, COUNT_OF(columns)},
               json_object_get(flapping, "most"), "None.");
    html_close(to);
}

static void append_stale(struct html *to, const json_t *stale) {
    static const struct page_column columns[] = {
        {"Zone", "zone", PAGE_TEXT},
        {"Host", "host", PAGE_NAME},
        {"Port", "port", PAGE_PORT},
        {"Last conclusive scan", "concluded_at", PAGE_TIME},
    };
    html_open_section(to, "stale", "Stale origins");
    html_leaff(to, "p", "soft", "No conclusive scan within the last %" PRId64 " days: %" PRId64 ".",
               json_value_number_at(stale, "after_days"), json_value_number_at(stale, "total"));
    page_table(to, &(struct page_table){"stale", NULL, columns, COUNT_OF(columns)},
               json_object_get(stale, "oldest"), "None.");
    html_close(to);
}

void page_trouble(struct html *to, const json_t *document) {
    append_slowest(to, json_object_get(document, "slowest"));
    append_flapping(to, json_object_get(document, "flapping"));
    append_stale(to, json_object_get(document, "stale"));
}
