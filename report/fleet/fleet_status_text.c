/* How things stand as a person reads it: what needs somebody first. */
#include "report/fleet/fleet_status_text.h"

#include "report/json_value.h"
#include "scanner/base/duration.h"
#include "scanner/base/quote.h"
#include "scanner/base/shell_word.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_NEEDS 5

static const char *plural_end(int64_t n) {
    return n == 1 ? "" : "s";
}

/* 0 for what is no time. */
static int64_t time_at(const json_t *object, const char *key) {
    struct tm tm = {0};
    return strptime(json_value_text_at(object, key), "%Y-%m-%dT%H:%M:%S", &tm)
               ? (int64_t)timegm(&tm) * 1000
               : 0;
}

/* "5 minutes", "26 hours", "3 days". */
static void write_age(FILE *to, int64_t age_ms) {
    if (age_ms < 0)
        age_ms = 0;
    int64_t n = age_ms / 60000;
    const char *unit = "minute";
    if (age_ms >= 48 * HOUR_MS) {
        n = age_ms / DAY_MS;
        unit = "day";
    } else if (age_ms >= 2 * HOUR_MS) {
        n = age_ms / HOUR_MS;
        unit = "hour";
    }
    fprintf(to, "%" PRId64 " %s%s", n, unit, plural_end(n));
}

/* A command of ours for the document's database. */
static void write_command(FILE *to, const char *command, const json_t *document) {
    char *line =
        shell_word_command(command, json_string_value(json_object_get(document, "database")), NULL);
    fprintf(to, "`%s`", line);
    free(line);
}

/* Nobody knows yet what needs somebody. */
static bool is_unscanned(const json_t *freshness) {
    int64_t origins = json_value_number_at(freshness, "origins");
    return origins > 0 && json_value_number_at(freshness, "never_scanned") == origins;
}

static void write_first_line(FILE *to, const json_t *document) {
    const json_t *attention = json_object_get(document, "attention");
    int64_t zones = json_value_number_at(attention, "zones"),
            fine = json_value_number_at(attention, "need_nothing");
    int64_t in_need = json_value_number_at(attention, "need_you");
    if (zones == 0) {
        fputs("No zones yet: ", to);
        write_command(to, "import", document);
        fputs(" takes an inventory.\n", to);
    } else if (is_unscanned(json_object_get(document, "freshness"))) {
        fputs("Nothing has been scanned yet. A running daemon gets to everything within a period; "
              "without one, ",
              to);
        write_command(to, "scan", document);
        fputs(" scans it now.\n", to);
    } else if (zones == 1) {
        fprintf(to, "The only zone needs %s.\n", in_need ? "you" : "nothing");
    } else if (in_need == 0) {
        fprintf(to, "All %" PRId64 " zones need nothing.\n", zones);
    } else {
        fprintf(to, "%" PRId64 " of %" PRId64 " zones need%s nothing, %" PRId64 " need%s you.\n",
                fine, zones, fine == 1 ? "s" : "", in_need, in_need == 1 ? "s" : "");
    }
}

static void write_need(FILE *to, const json_t *need) {
    char name[QUOTE_SIZE], before[QUOTE_SIZE];
    fprintf(to, "! %s: %s", quote_unless_plain(json_value_text_at(need, "zone"), name),
            json_value_text_at(need, "setting"));
    if (strcmp(json_value_text_at(need, "need"), "fell") == 0)
        fprintf(to, " (was %s)", quote_unless_plain(json_value_text_at(need, "before"), before));
    fprintf(to, "; %s\n    %s\n", json_value_text_at(need, "why"),
            json_value_text_at(need, "remedy"));
}

static void write_needs(FILE *to, const json_t *document) {
    const json_t *attention = json_object_get(document, "attention"),
                 *list = json_object_get(attention, "list");
    size_t at, kept = json_array_size(list);
    int64_t shown = kept < TEXT_NEEDS ? (int64_t)kept : TEXT_NEEDS;
    json_t *need;
    json_array_foreach(list, at, need) if (at < TEXT_NEEDS) write_need(to, need);
    int64_t in_need = json_value_number_at(attention, "need_you");
    if (in_need <= shown)
        return;
    fprintf(to, "  and %" PRId64 " more: ", in_need - shown);
    write_command(to, "report", document);
    fprintf(to, " lists the gravest %zu\n", kept);
}

static void write_brake(FILE *to, const json_t *document) {
    const json_t *moves = json_object_get(document, "moves");
    if (!json_is_string(json_object_get(moves, "brake")))
        return;
    fprintf(to,
            "! The global brake has been on since %.16s: no setting moves and exports are refused "
            "(%s)\n    ",
            json_value_text_at(moves, "brake_since"), json_value_text_at(moves, "brake"));
    write_command(to, "zone clear --global --brake", document);
    fputs(" lets everything move for a day\n", to);
}

static void write_settings(FILE *to, const json_t *counts, const json_t *moves) {
    fprintf(to,
            "settings   %" PRId64 " preferred, %" PRId64 " supported, %" PRId64 " off, %" PRId64
            " without advice; %" PRId64 " in a ramp, %" PRId64 " pinned\n",
            json_value_number_at(counts, "preferred"), json_value_number_at(counts, "supported"),
            json_value_number_at(counts, "off"), json_value_number_at(counts, "none"),
            json_value_number_at(moves, "ramping"), json_value_number_at(moves, "pinned"));
    fprintf(to, "moved      %" PRId64 " up and %" PRId64 " down within 24 hours\n",
            json_value_number_at(moves, "up_24_hours"),
            json_value_number_at(moves, "down_24_hours"));
}

static void write_data(FILE *to, const json_t *freshness, int64_t now_ms) {
    int64_t origins = json_value_number_at(freshness, "origins"),
            missing = json_value_number_at(freshness, "never_scanned");
    int64_t oldest_ms = time_at(freshness, "oldest_scan_at");
    fprintf(to,
            "data       %" PRId64 " origin%s: %.1f %% scanned within 24 hours, %.1f %% within 48",
            origins, plural_end(origins),
            100 * json_number_value(json_object_get(freshness, "within_24_hours_fraction")),
            100 * json_number_value(json_object_get(freshness, "within_48_hours_fraction")));
    if (missing)
        fprintf(to, ", %" PRId64 " not yet", missing);
    if (oldest_ms) {
        fputs("; the oldest ", to);
        write_age(to, now_ms - oldest_ms);
        fputs(" ago", to);
    }
    putc('\n', to);
}

static bool is_slow(const json_t *scanner) {
    double rate = json_number_value(json_object_get(scanner, "rate"));
    return rate > 0 && json_number_value(json_object_get(scanner, "rate_needed")) > rate;
}

static void write_scanner(FILE *to, const json_t *scanner, int64_t origins, int64_t now_ms) {
    int64_t due_ms = time_at(scanner, "oldest_due_at");
    fprintf(to, "scanner    %" PRId64 " due, %" PRId64 " being scanned",
            json_value_number_at(scanner, "due_now"), json_value_number_at(scanner, "in_flight"));
    if (due_ms) {
        fputs("; the longest has been due for ", to);
        write_age(to, now_ms - due_ms);
    }
    putc('\n', to);
    if (json_is_true(json_object_get(scanner, "lags")))
        fprintf(to,
                "! The scanner lags behind: is it running, and is `rate` high enough?\n"
                "    `originscan db sizing %" PRId64 "` says what this many origins need\n",
                origins);
    if (is_slow(scanner))
        fprintf(to,
                "! %.0f connections a second are needed to visit every origin within the period; "
                "`rate` allows %.0f\n",
                json_number_value(json_object_get(scanner, "rate_needed")),
                json_number_value(json_object_get(scanner, "rate")));
}

static void write_feedback(FILE *to, int64_t feedback_ms, int64_t now_ms) {
    fputs("feedback   ", to);
    if (feedback_ms) {
        fputs("the last report came ", to);
        write_age(to, now_ms - feedback_ms);
        fputs(" ago\n", to);
    } else {
        fputs("none from any proxy\n", to);
    }
}

void fleet_status_text(FILE *to, const json_t *document) {
    const json_t *moves = json_object_get(document, "moves"),
                 *freshness = json_object_get(document, "freshness");
    int64_t now_ms = time_at(document, "generated_at");
    write_first_line(to, document);
    write_brake(to, document);
    write_needs(to, document);
    write_settings(to, json_object_get(json_object_get(document, "settings"), "counts"), moves);
    write_data(to, freshness, now_ms);
    write_scanner(to, json_object_get(document, "scanner"),
                  json_value_number_at(freshness, "origins"), now_ms);
    write_feedback(to, time_at(moves, "feedback_at"), now_ms);
}

bool fleet_status_text_calls(const json_t *document) {
    const json_t *scanner = json_object_get(document, "scanner");
    return json_value_number_at(json_object_get(document, "attention"), "need_you") > 0 ||
           json_is_string(json_object_get(json_object_get(document, "moves"), "brake")) ||
           json_is_true(json_object_get(scanner, "lags")) || is_slow(scanner);
}
