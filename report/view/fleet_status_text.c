/* How things stand as a person reads it: what needs somebody first. */
#include "report/view/fleet_status_text.h"

#include "scanner/base/clock.h"
#include "scanner/base/duration.h"
#include "scanner/base/quote.h"

#include <inttypes.h>

#define TEXT_NEEDS 5

static const char *plural_end(uint64_t n) {
    return n == 1 ? "" : "s";
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
    fprintf(to, "%" PRId64 " %s%s", n, unit, plural_end((uint64_t)n));
}

static void write_first_line(FILE *to, const struct fleet_status *status) {
    if (status->zones == 0) {
        fputs("No zones yet: `originscan import` takes an inventory.\n", to);
        return;
    }
    uint64_t fine = status->zones - status->zones_in_need;
    if (status->zones_in_need == 0)
        fprintf(to, "%s %" PRIu64 " zone%s need%s nothing.\n", status->zones == 1 ? "The" : "All",
                status->zones, plural_end(status->zones), status->zones == 1 ? "s" : "");
    else
        fprintf(to, "%" PRIu64 " of %" PRIu64 " zones need%s nothing, %" PRIu64 " need%s you.\n",
                fine, status->zones, fine == 1 ? "s" : "", status->zones_in_need,
                status->zones_in_need == 1 ? "s" : "");
}

static void write_need(FILE *to, const struct fleet_status_need *need) {
    char name[QUOTE_SIZE];
    fprintf(to, "! %s: %s", quote_unless_plain(need->zone, name), rule_level_name(need->level));
    if (need->need == NEED_FELL)
        fprintf(to, " (was %s)", rule_level_name(need->previous));
    fputs("; ", to);
    fleet_status_write_why(to, need);
    fputs("\n    ", to);
    fleet_status_write_remedy(to, need);
    putc('\n', to);
}

static void write_needs(FILE *to, const struct fleet_status *status) {
    size_t shown = status->needs_n < TEXT_NEEDS ? status->needs_n : TEXT_NEEDS;
    for (size_t i = 0; i < shown; i++)
        write_need(to, &status->needs[i]);
    if (status->zones_in_need > shown)
        fprintf(to, "  and %" PRIu64 " more: `originscan report` lists the gravest %d\n",
                status->zones_in_need - shown, FLEET_STATUS_LIST);
}

static void write_brake(FILE *to, const struct fleet_status *status) {
    char when[CLOCK_ISO_SIZE];
    if (status->brake[0])
        fprintf(to,
                "! The global brake is on since %.16s: no setting moves (%s)\n"
                "    `originscan zone clear --global --brake` lets everything move for a day\n",
                clock_iso(status->brake_since_ms, when), status->brake);
}

static void write_settings(FILE *to, const struct fleet_status *status) {
    fprintf(to,
            "settings   %" PRIu64 " preferred, %" PRIu64 " supported, %" PRIu64 " off, %" PRIu64
            " without advice; %" PRIu64 " in a ramp, %" PRIu64 " pinned\n",
            status->by_level[LEVEL_PREFERRED], status->by_level[LEVEL_SUPPORTED],
            status->by_level[LEVEL_OFF], status->by_level[LEVEL_NONE], status->ramping,
            status->pinned);
    fprintf(to, "moved      %" PRIu64 " up and %" PRIu64 " down within 24 hours\n",
            status->moved_up, status->moved_down);
}

static void write_data(FILE *to, const struct fleet_status *status) {
    double whole = status->origins ? (double)status->origins : 1;
    fprintf(to,
            "data       %" PRIu64 " origin%s: %.1f %% scanned within 24 hours, %.1f %% within 48",
            status->origins, plural_end(status->origins), 100 * (double)status->within_day / whole,
            100 * (double)status->within_two_days / whole);
    if (status->never_scanned)
        fprintf(to, ", %" PRIu64 " not yet", status->never_scanned);
    if (status->oldest_scan_ms) {
        fputs("; the oldest ", to);
        write_age(to, status->now_ms - status->oldest_scan_ms);
        fputs(" ago", to);
    }
    putc('\n', to);
}

static void write_scanner(FILE *to, const struct fleet_status *status) {
    fprintf(to, "scanner    %" PRIu64 " due, %" PRIu64 " being scanned", status->due_now,
            status->in_flight);
    if (status->oldest_due_ms) {
        fputs("; due for ", to);
        write_age(to, status->now_ms - status->oldest_due_ms);
    }
    putc('\n', to);
    if (fleet_status_lags(status))
        fputs("! The scanner lags behind: is it running, and is `rate` high enough?\n"
              "    `originscan db sizing` says what this many origins need\n",
              to);
    if (fleet_status_is_slow(status))
        fprintf(to,
                "! %.0f connections a second are needed to visit every origin within the period; "
                "`rate` "
                "allows %.0f\n",
                status->rate_needed, status->rate);
    fputs("feedback   ", to);
    if (status->feedback_ms) {
        fputs("the last report came ", to);
        write_age(to, status->now_ms - status->feedback_ms);
        fputs(" ago\n", to);
    } else {
        fputs("none from any proxy\n", to);
    }
}

void fleet_status_text(FILE *to, const struct fleet_status *status) {
    write_first_line(to, status);
    write_brake(to, status);
    write_needs(to, status);
    write_settings(to, status);
    write_data(to, status);
    write_scanner(to, status);
}
