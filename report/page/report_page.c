/* The page of a report, part by part. */
#include "report/page/report_page.h"

#include "report/json_value.h"
#include "report/page/html.h"
#include "report/page/page_chart.h"
#include "report/page/page_style.h"
#include "report/page/page_table.h"
#include "report/page/page_trouble.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/shell_word.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ZONES_SHOWN 500 /* more are no list that somebody reads: export --format csv */

/* ---- what stands first ----------------------------------------------------------------------- */

static void append_tile(struct html *to, const char *figure, const char *meaning) {
    html_open(to, "li", NULL);
    html_leaf(to, "b", NULL, figure);
    html_text(to, meaning);
    html_close(to);
}

static void append_share_tile(struct html *to, const json_t *fraction, const char *meaning) {
    char figure[24] = "\xe2\x80\x93";
    if (json_is_number(fraction))
        snprintf(figure, sizeof figure, "%.1f %%", 100 * json_number_value(fraction));
    append_tile(to, figure, meaning);
}

static void append_tiles(struct html *to, const json_t *document) {
    const json_t *moves = json_object_get(document, "moves"),
                 *traffic = json_object_get(document, "traffic");
    char figure[64];
    html_open(to, "ul", "class", "tiles", NULL);
    append_share_tile(
        to, json_object_get(json_object_get(document, "freshness"), "within_24_hours_fraction"),
        "of the origins scanned within 24 hours");
    append_share_tile(to, json_object_get(json_object_get(traffic, "hybrid"), "now"),
                      "of the traffic reaches the hybrid now");
    append_share_tile(to, json_object_get(json_object_get(traffic, "retry"), "now"),
                      "of the traffic pays a round trip for a retry now");
    snprintf(figure, sizeof figure, "%" PRId64 " up, %" PRId64 " down",
             json_value_number_at(moves, "up_24_hours"),
             json_value_number_at(moves, "down_24_hours"));
    append_tile(to, figure, "settings moved within 24 hours");
    html_close(to);
}

static void append_brake(struct html *to, const json_t *moves) {
    if (!json_is_string(json_object_get(moves, "brake")))
        return;
    html_open(to, "p", "class", "bad", NULL);
    html_textf(to,
               "! The global brake has been on since %.16s: no setting moves and exports are "
               "refused (%s).",
               json_value_text_at(moves, "brake_since"), json_value_text_at(moves, "brake"));
    html_close(to);
}

static void append_lag(struct html *to, const json_t *scanner) {
    if (!json_is_true(json_object_get(scanner, "lags")))
        return;
    html_open(to, "p", "class", "bad", NULL);
    html_textf(
        to,
        "! The scanner lags behind: origins have been due since %.16s, %" PRId64 " of them by now.",
        json_value_text_at(scanner, "oldest_due_at"), json_value_number_at(scanner, "due_now"));
    html_close(to);
}

static void append_slow(struct html *to, const json_t *scanner) {
    double rate = json_number_value(json_object_get(scanner, "rate"));
    double needed = json_number_value(json_object_get(scanner, "rate_needed"));
    if (rate > 0 && needed > rate)
        html_leaff(
            to, "p", "bad",
            "! %.0f connections a second are needed to visit every origin within the period; "
            "rate allows %.0f.",
            needed, rate);
}

static void append_lead(struct html *to, const json_t *document) {
    const json_t *attention = json_object_get(document, "attention"),
                 *freshness = json_object_get(document, "freshness");
    int64_t zones = json_value_number_at(attention, "zones"),
            in_need = json_value_number_at(attention, "need_you"),
            fine = json_value_number_at(attention, "need_nothing"),
            origins = json_value_number_at(freshness, "origins");
    if (zones == 0)
        html_leaf(to, "p", "lead", "There are no zones yet.");
    else if (origins > 0 && json_value_number_at(freshness, "never_scanned") == origins)
        html_leaf(to, "p", "lead warn", "! Nothing has been scanned yet.");
    else if (zones == 1)
        html_leaf(to, "p", in_need ? "lead warn" : "lead good",
                  in_need ? "! The only zone needs you."
                          : "\xe2\x9c\x93 The only zone needs nothing.");
    else if (in_need == 0)
        html_leaff(to, "p", "lead good", "\xe2\x9c\x93 None of %" PRId64 " zones needs you.",
                   zones);
    else
        html_leaff(to, "p", "lead warn",
                   "! %" PRId64 " of %" PRId64 " zones need%s nothing, %" PRId64 " need%s you.",
                   fine, zones, fine == 1 ? "s" : "", in_need, in_need == 1 ? "s" : "");
}

static void append_attention(struct html *to, const json_t *document) {
    static const struct page_column columns[] = {
        {"Zone", "zone", PAGE_NAME},
        {"Need", "need", PAGE_TEXT},
        {"What is the matter", "why", PAGE_PROSE},
        {"What to do", "remedy", PAGE_PROSE},
        {"Setting", "setting", PAGE_TEXT},
        {"Before", "before", PAGE_TEXT},
        {"Since", "since", PAGE_TIME},
    };
    const json_t *attention = json_object_get(document, "attention");
    html_open(to, "section", "id", "attention", "aria-labelledby", "attention-title", NULL);
    html_open(to, "h2", "id", "attention-title", NULL);
    html_text(to, "What needs somebody");
    html_close(to);
    int64_t shown = (int64_t)json_array_size(json_object_get(attention, "list"));
    page_table(to,
               &(struct page_table){"attention",
                                    shown < json_value_number_at(attention, "need_you")
                                        ? "The gravest; the rest is "
                                          "counted above."
                                        : NULL,
                                    columns, COUNT_OF(columns)},
               json_object_get(attention, "list"), "Nothing.");
    html_close(to);
}

/* ---- the sections below ---------------------------------------------------------------------- */

static void append_shares(struct html *to, const json_t *document) {
    static const struct page_column columns[] = {
        {"Group", "group", PAGE_NAME},
        {"Known of", "origins", PAGE_NUMBER},
        {"Supported", "supported_fraction", PAGE_SHARE},
        {"Origins that support it", "supported", PAGE_NUMBER},
        {"Preferred", "preferred_fraction", PAGE_SHARE},
        {"Origins that prefer it", "preferred", PAGE_NUMBER},
    };
    html_open_section(to, "shares", "Groups that origins support, and that they prefer");
    page_table(to, &(struct page_table){"shares", NULL, columns, COUNT_OF(columns)},
               json_object_get(document, "shares"), "No origin has been measured yet.");
    html_close(to);
}

static double fraction_or_gap(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : -1;
}

static void draw_history(struct html *to, const json_t *history) {
    size_t n = json_array_size(history), at;
    double *hybrid = alloc_zero(n + 1, sizeof *hybrid);
    double *preferred = alloc_zero(n + 1, sizeof *preferred);
    char first[] = "2026-01-01", last[] = "2026-01-01";
    json_t *day;
    json_array_foreach(history, at, day) {
        snprintf(at ? last : first, sizeof last, "%.10s", json_value_text_at(day, "day"));
        hybrid[at] = fraction_or_gap(day, "hybrid_supported_fraction");
        preferred[at] = fraction_or_gap(day, "zones_preferred_fraction");
    }
    const struct page_chart_line lines[] = {{"origins with it", hybrid},
                                            {"zones preferred", preferred}};
    page_chart_lines(to,
                     "Two lines over four weeks: the fraction of the origins that support the "
                     "hybrid, and of the zones that are set to preferred. The table below has the "
                     "figures.",
                     &(struct page_chart_time){n, first, last}, lines, COUNT_OF(lines));
    free(hybrid);
    free(preferred);
}

static void append_history(struct html *to, const json_t *document) {
    static const struct page_column columns[] = {
        {"Day", "day", PAGE_DAY},
        {"Origins that support it", "hybrid_supported", PAGE_NUMBER},
        {"Of the origins", "hybrid_supported_fraction", PAGE_SHARE},
        {"Zones set to preferred", "zones_preferred", PAGE_NUMBER},
        {"Of the zones", "zones_preferred_fraction", PAGE_SHARE},
    };
    const json_t *history = json_object_get(document, "history");
    html_leaf(to, "h3", NULL, "Over four weeks");
    html_leaf(
        to, "p", "soft",
        "Of the origins and zones that are known today, at the end of each day. What an origin "
        "turned out to be when it was first measured counts for the days before, too.");
    draw_history(to, history);
    html_open(to, "details", NULL);
    html_leaf(to, "summary", NULL, "The figures");
    page_table(to, &(struct page_table){"history", NULL, columns, COUNT_OF(columns)}, history,
               "None yet.");
    html_close(to);
}

static void append_fact(json_t *rows, const char *what, int64_t origins, int64_t whole) {
    json_array_append_new(
        rows, json_pack("{s:s,s:I,s:o}", "what", what, "origins", origins, "fraction",
                        whole ? json_real((double)origins / (double)whole) : json_null()));
}

static void append_adoption(struct html *to, const json_t *document) {
    static const struct page_column columns[] = {
        {"Origins that", "what", PAGE_NAME},
        {"Share", "fraction", PAGE_SHARE},
        {"Origins", "origins", PAGE_NUMBER},
    };
    const json_t *hybrid = json_object_get(document, "hybrid");
    int64_t whole = json_value_number_at(hybrid, "origins");
    html_open_section(to, "hybrid", "Adoption of the hybrid");
    html_open(to, "p", "class", "soft", NULL);
    html_textf(to, "%s, of the %" PRId64 " origins whose last scan is complete.",
               json_value_text_at(hybrid, "group"), whole);
    html_close(to);
    json_t *rows = json_array();
    append_fact(rows, "support it", json_value_number_at(hybrid, "supported"), whole);
    append_fact(rows, "reach it in one round trip",
                json_value_number_at(hybrid, "in_one_round_trip"), whole);
    append_fact(rows, "reach it after a retry", json_value_number_at(hybrid, "after_retry"), whole);
    append_fact(rows, "support it and do not choose it", json_value_number_at(hybrid, "not_chosen"),
                whole);
    append_fact(rows, "know the draft alone", json_value_number_at(hybrid, "draft_only"), whole);
    page_table(to, &(struct page_table){"hybrid", NULL, columns, COUNT_OF(columns)}, rows, "");
    json_decref(rows);
    append_history(to, document);
    html_close(to);
}

static void append_verdicts(struct html *to, const json_t *document) {
    static const struct page_column verdict_columns[] = {
        {"Verdict", "verdict", PAGE_NAME},
        {"Share", "fraction", PAGE_SHARE},
        {"Origins", "origins", PAGE_NUMBER},
    };
    static const struct page_column matrix_columns[] = {
        {"Setting of the zone", "setting", PAGE_NAME},
        {"Verdict of the origin", "verdict", PAGE_TEXT},
        {"Origins", "origins", PAGE_NUMBER},
    };
    html_open_section(to, "verdicts", "Verdicts");
    page_table(to,
               &(struct page_table){"verdicts", NULL, verdict_columns, COUNT_OF(verdict_columns)},
               json_object_get(document, "verdicts"), "No origin has been measured yet.");
    html_open(to, "details", NULL);
    html_leaf(to, "summary", NULL, "By the setting of the zone");
    page_table(to, &(struct page_table){"matrix", NULL, matrix_columns, COUNT_OF(matrix_columns)},
               json_object_get(document, "matrix"), "No origin has been measured yet.");
    html_close(to);
    html_close(to);
}

static void append_examples(struct html *to, const json_t *failure) {
    size_t at;
    json_t *place;
    html_open(to, "ul", NULL);
    json_array_foreach(json_object_get(failure, "examples"), at, place) {
        html_open(to, "li", NULL);
        const char *host = json_value_text_at(place, "host");
        bool v6 = strchr(host, ':') != NULL;
        html_leaff(to, "bdi", NULL, "%s%s%s:%" PRId64, v6 ? "[" : "", host, v6 ? "]" : "",
                   json_value_number_at(place, "port"));
        html_close(to);
    }
    html_close(to);
}

static void append_failures(struct html *to, const json_t *document) {
    static const struct page_column columns[] = {
        {"Class", "class", PAGE_NAME},
        {"Of the origins measured", "fraction", PAGE_SHARE},
        {"Origins", "origins", PAGE_NUMBER},
    };
    const json_t *failures = json_object_get(document, "failures");
    html_open_section(to, "failures", "Failures");
    page_table(to, &(struct page_table){"failures", NULL, columns, COUNT_OF(columns)}, failures,
               "None.");
    size_t at;
    json_t *failure;
    json_array_foreach(failures, at, failure) {
        html_open(to, "details", NULL);
        html_leaff(to, "summary", NULL, "%s: examples", json_value_text_at(failure, "class"));
        append_examples(to, failure);
        html_close(to);
    }
    html_close(to);
}

static void append_part(json_t *rows, const char *what, const json_t *fraction) {
    json_array_append_new(rows, json_pack("{s:s,s:O?}", "what", what, "fraction", fraction));
}

/* Only where proxies count. */
static void append_round_trips(struct html *to, const json_t *sum) {
    static const struct page_column columns[] = {
        {"Round trips that retries cost", "what", PAGE_NAME},
        {"Within 24 hours", "round_trips", PAGE_NUMBER},
    };
    static const struct {
        const char *what, *key;
    } parts[] = {
        {"as proxies reported them", "reported"},
        {"as expected with the settings now", "now"},
        {"as expected with those that are recommended", "recommended"},
        {"saved by these", "saved"},
        {"unavoidable", "unavoidable"},
    };
    if (json_value_number_at(sum, "zones") == 0)
        return;
    json_t *rows = json_array();
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        json_array_append_new(rows, json_pack("{s:s,s:O?}", "what", parts[i].what, "round_trips",
                                              json_object_get(sum, parts[i].key)));
    html_leaf(to, "h3", NULL, "In round trips");
    html_leaff(to, "p", "soft",
               "Of %" PRId64 " handshakes that proxies of %" PRId64
               " zones reported within 24 hours.",
               json_value_number_at(sum, "handshakes"), json_value_number_at(sum, "zones"));
    page_table(to, &(struct page_table){"round-trips", NULL, columns, COUNT_OF(columns)}, rows, "");
    json_decref(rows);
}

static void append_traffic(struct html *to, const json_t *document) {
    static const struct page_column columns[] = {
        {"Connections", "what", PAGE_NAME},
        {"Of the traffic", "fraction", PAGE_SHARE},
    };
    const json_t *traffic = json_object_get(document, "traffic"),
                 *retries = json_object_get(document, "retries");
    const json_t *hybrid = json_object_get(traffic, "hybrid"),
                 *retry = json_object_get(traffic, "retry");
    html_open_section(to, "traffic", "Traffic: what it reaches, and what it pays");
    html_leaf(to, "p", "soft",
              "By the weights of the origins. A retry costs its connection one round trip.");
    json_t *rows = json_array();
    append_part(rows, "reach the hybrid now", json_object_get(hybrid, "now"));
    append_part(rows, "reach it as recommended", json_object_get(hybrid, "recommended"));
    append_part(rows, "could reach it", json_object_get(hybrid, "possible"));
    append_part(rows, "pay a retry now", json_object_get(retry, "now"));
    append_part(rows, "pay one as recommended", json_object_get(retry, "recommended"));
    append_part(rows, "cannot be spared one", json_object_get(retry, "unavoidable"));
    append_part(rows, "waste one where X25519 is sent first",
                json_object_get(retries, "wasted_with_x25519_first"));
    append_part(rows, "waste one with the recommended shares",
                json_object_get(retries, "wasted_with_recommended"));
    append_part(rows, "are saved one by the recommended shares", json_object_get(retries, "saved"));
    append_part(rows, "spend one to reach the hybrid",
                json_object_get(retries, "spent_for_hybrid"));
    page_table(to, &(struct page_table){"traffic", NULL, columns, COUNT_OF(columns)}, rows, "");
    json_decref(rows);
    append_round_trips(to, json_object_get(document, "round_trips"));
    html_close(to);
}

static json_t *counts_of_settings(const json_t *settings) {
    json_t *rows = json_array();
    const char *name;
    json_t *count;
    json_object_foreach((json_t *)json_object_get(settings, "counts"), name, count)
        append_fact(rows, strcmp(name, "none") == 0 ? "without advice" : name,
                    json_integer_value(count), json_value_number_at(settings, "total"));
    return rows;
}

static void append_settings(struct html *to, const json_t *document) {
    static const struct page_column count_columns[] = {
        {"Setting", "what", PAGE_NAME},
        {"Share", "fraction", PAGE_SHARE},
        {"Zones", "origins", PAGE_NUMBER},
    };
    static const struct page_column columns[] = {
        {"Zone", "zone", PAGE_NAME},         {"Setting", "setting", PAGE_TEXT},
        {"Variant", "variant", PAGE_TEXT},   {"First share", "first_share", PAGE_TEXT},
        {"Reason", "reason", PAGE_TEXT},     {"Since", "since", PAGE_TIME},
        {"Origins", "origins", PAGE_NUMBER},
    };
    const json_t *settings = json_object_get(document, "settings"),
                 *zones = json_object_get(settings, "zones");
    html_open_section(to, "settings", "Settings of zones");
    json_t *counts = counts_of_settings(settings);
    page_table(to, &(struct page_table){"settings", NULL, count_columns, COUNT_OF(count_columns)},
               counts, "");
    json_decref(counts);
    if (json_array_size(zones) <= ZONES_SHOWN) {
        html_open(to, "details", NULL);
        html_leaf(to, "summary", NULL, "Zone by zone");
        page_table(to, &(struct page_table){"zones", NULL, columns, COUNT_OF(columns)}, zones,
                   "There are no zones yet.");
        html_close(to);
    } else {
        const char *database = json_string_value(json_object_get(document, "database"));
        char *list = shell_word_command("export --format csv", database, NULL),
             *explain = shell_word_command("explain", database, "ZONE");
        html_leaff(to, "p", "soft",
                   "%" PRId64 " zones are too many for a page; `%s` lists them, `%s` shows one.",
                   json_value_number_at(settings, "total"), list, explain);
        free(list);
        free(explain);
    }
    html_close(to);
}

static void append_changes(struct html *to, const json_t *document) {
    static const struct page_column columns[] = {
        {"When", "changed_at", PAGE_TIME}, {"Zone or origin", "subject", PAGE_NAME},
        {"What", "field", PAGE_TEXT},      {"Before", "old", PAGE_TEXT},
        {"After", "new", PAGE_TEXT},       {"Why", "reason", PAGE_TEXT},
    };
    const json_t *changes = json_object_get(document, "changes");
    html_open_section(to, "changes", "Changes");
    html_leaff(to, "p", "soft",
               "%" PRId64 " since %.10s; the newest:", json_value_number_at(changes, "total"),
               json_value_text_at(changes, "since"));
    page_table(to, &(struct page_table){"changes", NULL, columns, COUNT_OF(columns)},
               json_object_get(changes, "latest"), "None.");
    html_close(to);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void append_header(struct html *to, const json_t *document) {
    const json_t *origins = json_object_get(document, "origins");
    const char *at =
        json_value_text_at(document, "generated_at"); /* always a whole ISO-8601 time */
    html_open(to, "a", "class", "skip", "href", "#attention", NULL);
    html_text(to, "Skip to what needs somebody");
    html_close(to);
    html_open(to, "header", NULL);
    html_leaf(to, "h1", NULL, "originscan report");
    html_leaff(to, "p", "soft", "%.10s %.5s UTC \xc2\xb7 %" PRId64 " origins in %" PRId64 " zones",
               at, at + 11, json_value_number_at(origins, "total"),
               json_value_number_at(json_object_get(document, "settings"), "total"));
    html_close(to);
}

static void append_main(struct html *to, const json_t *document) {
    html_open(to, "main", NULL);
    append_lead(to, document);
    append_brake(to, json_object_get(document, "moves"));
    append_lag(to, json_object_get(document, "scanner"));
    append_slow(to, json_object_get(document, "scanner"));
    append_tiles(to, document);
    append_attention(to, document);
    append_adoption(to, document);
    append_shares(to, document);
    append_traffic(to, document);
    append_settings(to, document);
    append_verdicts(to, document);
    append_failures(to, document);
    append_changes(to, document);
    page_trouble(to, document);
    html_close(to);
}

bool report_page_write(FILE *to, const json_t *document) {
    struct html *page = html_new("originscan report", page_style);
    append_header(page, document);
    append_main(page, document);
    html_open(page, "footer", NULL);
    html_leaf(page, "p", NULL, json_value_text_at(document, "generator"));
    html_close(page);
    bool written = html_print(page, to);
    html_free(page);
    return written;
}
