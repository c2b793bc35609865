/* A report as a person reads it. */
#include "report/fleet/fleet_report_text.h"

#include "report/fleet/flap_watch.h"
#include "report/fleet/fleet_report_json.h"
#include "report/fleet/fleet_status_text.h"
#include "scanner/base/clock.h"
#include "scanner/base/quote.h"
#include "scanner/base/shell_word.h"
#include "scanner/words/origin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BAR_WIDTH 30
#define TEXT_ZONES 20

/* "  ########......................" */
static void print_bar(FILE *to, double fraction) {
    int full = (int)(fraction * BAR_WIDTH + 0.5);
    if (full == 0 && fraction > 0)
        full = 1; /* little is not nothing */
    for (int i = 0; i < BAR_WIDTH; i++)
        putc(i < full ? '#' : '.', to);
}

static double percent_of(double part, double whole) {
    return 100 * fleet_report_fraction(part, whole);
}

static void put_head(FILE *to, const struct fleet_report *report) {
    char now[CLOCK_ISO_SIZE];
    fprintf(to, "originscan report of %s\n\n", clock_iso(report->now_ms, now));
    fprintf(to, "%" PRIu64 " origins in %" PRIu64 " zones", report->origins, report->zones);
    for (enum scan_status status = 0; status < STATUS_COUNT; status++) {
        if (report->by_status[status])
            fprintf(to, ", %" PRIu64 " %s", report->by_status[status], status_name(status));
    }
    if (report->unscanned)
        fprintf(to, ", %" PRIu64 " not scanned yet", report->unscanned);
    fprintf(to,
            "\nPercentages of origins refer to the %" PRIu64 " whose last scan is complete;\n"
            "those of a group, to the ones for which it is known.\n\n",
            report->measured);
}

static void put_shares(FILE *to, const struct fleet_report *report) {
    char name[GROUP_NAME_SIZE];
    fprintf(to, "Groups that origins support, and that they prefer\n%-24s %-46s %-18s %s\n", "",
            "supported", "preferred", "known for");
    for (size_t i = 0; i < report->groups_n; i++) {
        const struct fleet_report_group *group = &report->groups[i];
        double whole = (double)group->origins;
        fprintf(to, "  %-22s ", group_name(group->group, name));
        print_bar(to, fleet_report_fraction((double)group->supported, whole));
        fprintf(to, " %5.1f %% %7" PRIu64 "  %5.1f %% %7" PRIu64 " %10" PRIu64 "\n",
                percent_of((double)group->supported, whole), group->supported,
                percent_of((double)group->preferred, whole), group->preferred, group->origins);
    }
    putc('\n', to);
}

static void put_row(FILE *to, const char *name, uint64_t n, uint64_t whole) {
    fprintf(to, "  %-22s ", name);
    print_bar(to, fleet_report_fraction((double)n, (double)whole));
    fprintf(to, " %5.1f %% %7" PRIu64 "\n", percent_of((double)n, (double)whole), n);
}

static void put_hybrid(FILE *to, const struct fleet_report *report) {
    char name[GROUP_NAME_SIZE];
    fprintf(to, "Adoption of %s, by what the modes do\n", group_name(report->hybrid, name));
    put_row(to, "supported", report->hybrid_supported, report->measured);
    put_row(to, "in one round trip", report->hybrid_at_once, report->measured);
    put_row(to, "after a retry", report->hybrid_by_retry, report->measured);
    put_row(to, "not reached",
            report->hybrid_supported - report->hybrid_at_once - report->hybrid_by_retry,
            report->measured);
    putc('\n', to);
}

static void put_verdicts(FILE *to, const struct fleet_report *report) {
    fputs("Verdicts\n", to);
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++) {
        if (report->by_verdict[verdict])
            put_row(to, verdict_name(verdict), report->by_verdict[verdict], report->measured);
    }
    putc('\n', to);
}

static void put_failures(FILE *to, const struct fleet_report *report) {
    char name[ORIGIN_SHOWN_SIZE];
    fputs("Failures\n", to);
    if (report->failures_n == 0)
        fputs("  none\n", to);
    for (size_t i = 0; i < report->failures_n; i++) {
        const struct fleet_report_failure *failure = &report->failures[i];
        if (failure->measured)
            put_row(to, failure->name, failure->origins, report->measured);
        else
            fprintf(to, "  %-22s %-38s %7" PRIu64 "\n", failure->name, "not measured",
                    failure->origins);
        fprintf(to, "  %-22s for example", "");
        for (size_t e = 0; e < failure->examples_n; e++)
            fprintf(to, "%s %s", e ? "," : "",
                    origin_show(failure->examples[e].host, failure->examples[e].port, name));
        putc('\n', to);
    }
    putc('\n', to);
}

static void put_fraction(FILE *to, const char *name, double part, double whole) {
    fprintf(to, "  %-22s ", name);
    print_bar(to, fleet_report_fraction(part, whole));
    fprintf(to, " %5.1f %%\n", percent_of(part, whole));
}

static void put_retries(FILE *to, const struct fleet_report *report) {
    const struct fleet_report_retries *sum = &report->retries;
    fputs("Retries, by weight, among the origins that speak TLS 1.3\n", to);
    put_fraction(to, "wasted, X25519 first", sum->wasted_now, sum->weight);
    put_fraction(to, "wasted, as recommended", sum->wasted_then, sum->weight);
    put_fraction(to, "spent on the hybrid", sum->for_hybrid, sum->weight);
    fprintf(to,
            "  The recommended first shares save a round trip in %.1f %% of the connections.\n\n",
            percent_of(sum->wasted_now - sum->wasted_then, sum->weight));
}

static void put_traffic(FILE *to, const struct fleet_report *report) {
    const struct fleet_report_traffic *sum = &report->traffic;
    fprintf(to,
            "All traffic, over %" PRIu64 " of %" PRIu64
            " zones: those with a conclusive scan, each "
            "by the sum of its origins' weights\n",
            sum->zones, report->zones);
    put_fraction(to, "hybrid, now", sum->now.hybrid, sum->weight);
    put_fraction(to, "hybrid, as recommended", sum->recommended.hybrid, sum->weight);
    put_fraction(to, "hybrid, possible", sum->possible.hybrid, sum->weight);
    put_fraction(to, "retry, now", sum->now.retry, sum->weight);
    put_fraction(to, "retry, as recommended", sum->recommended.retry, sum->weight);
    put_fraction(to, "retry, unavoidable", sum->possible.retry, sum->weight);
    fputs("  Now: each setting at the stage of its ramp; a zone without advice counts as off.\n"
          "  Possible: the best choice if everything that is not yet proven turns out well.\n"
          "  A first share that was never tried counts as a retry.\n\n",
          to);
}

/* Only where proxies count. */
static void put_round_trips(FILE *to, const struct fleet_report_round_trips *sum) {
    if (sum->zones == 0)
        return;
    fprintf(to,
            "Round trips for retries within 24 hours, of %" PRIu64
            " handshakes that proxies of %" PRIu64 " zones reported\n",
            sum->handshakes, sum->zones);
    fprintf(to, "  %-22s %12" PRIu64 "\n", "reported", sum->reported);
    fprintf(to, "  %-22s %12.0f\n", "expected, now", sum->now);
    fprintf(to, "  %-22s %12.0f\n", "expected, recommended", sum->recommended);
    fprintf(to, "  %-22s %12.0f\n\n", "unavoidable", sum->possible);
}

/* A word of ours, unless somebody else wrote into the database. */
static const char *show_word(const char *word, char quoted[QUOTE_SIZE]) {
    return word ? quote_unless_plain(word, quoted) : "";
}

static void put_settings(FILE *to, const struct fleet_report *report) {
    char name[QUOTE_SIZE], variant[QUOTE_SIZE], group[GROUP_NAME_SIZE], reason[QUOTE_SIZE];
    fputs("Settings\n", to);
    for (enum rule_level level = LEVEL_PREFERRED; level > LEVEL_NONE; level--)
        put_row(to, rule_level_name(level), report->by_level[level], report->zones);
    put_row(to, "no advice", report->by_level[LEVEL_NONE], report->zones);
    for (size_t i = 0; i < report->settings_n && i < TEXT_ZONES; i++) {
        const struct fleet_report_setting *zone = &report->settings[i];
        bool advised = zone->level != LEVEL_NONE;
        fprintf(to, "  %-36s %-9s %-6s %-22s %s\n", quote_unless_plain(zone->zone, name),
                advised ? rule_level_name(zone->level) : "-", show_word(zone->variant, variant),
                advised ? group_name(zone->first_share, group) : "",
                show_word(zone->reason, reason));
    }
    if (report->zones > TEXT_ZONES) {
        char *command = shell_word_command("export --format csv", report->status.database, NULL);
        fprintf(to, "  and %" PRIu64 " more zones: `%s` lists all of them\n",
                report->zones - TEXT_ZONES, command);
        free(command);
    }
    putc('\n', to);
}

static void put_changes(FILE *to, const struct fleet_report *report) {
    char when[CLOCK_ISO_SIZE];
    fprintf(to, "Changes since %s: %" PRIu64 "\n", clock_iso(report->since_ms, when),
            report->lines);
    for (size_t i = 0; i < report->lines_n; i++) {
        const struct change_line *line = &report->line_list[i];
        fprintf(to, "  %.16s  ", clock_iso(line->changed_ms, when));
        change_line_print(to, line);
        putc('\n', to);
    }
    if (report->lines > report->lines_n)
        fprintf(to, "  and %" PRIu64 " more\n", report->lines - report->lines_n);
    putc('\n', to);
}

static double us_to_ms(uint32_t us) {
    return us / 1000.0;
}

static void put_slowest(FILE *to, const struct fleet_slowest *slowest) {
    char name[ORIGIN_SHOWN_SIZE];
    fputs("Slowest TLS handshakes, each origin by the median of its last full scan", to);
    if (slowest->origins == 0)
        fputs(": not known yet\n", to);
    else
        fprintf(to,
                "\n  Of %" PRIu64
                " origins, half finish within %.1f ms, 95 of 100 within %.1f ms.\n",
                slowest->origins, us_to_ms(slowest->median_us), us_to_ms(slowest->p95_us));
    for (size_t i = 0; i < slowest->list_n; i++) {
        const struct fleet_slowest_place *origin = &slowest->list[i];
        fprintf(to, "  %s, %.1f ms, after %.1f ms for the TCP connection\n",
                origin_show(origin->host, origin->port, name), us_to_ms(origin->handshake_us),
                us_to_ms(origin->connect_us));
    }
    putc('\n', to);
}

static void put_flapping(FILE *to, const struct fleet_report *report) {
    char name[QUOTE_SIZE];
    fprintf(to,
            "Flapping, back to an earlier verdict or status %d times or more within %d days: "
            "%" PRIu64 "\n",
            FLAP_WATCH_RETURNS, FLAP_WATCH_DAYS, report->flapping);
    for (size_t i = 0; i < report->flapping_n; i++)
        fprintf(to, "  %s, %" PRIu64 " changes\n",
                quote_unless_plain(report->flapping_list[i].subject, name),
                report->flapping_list[i].changes);
    putc('\n', to);
}

static void put_stale(FILE *to, const struct fleet_report *report) {
    char when[CLOCK_ISO_SIZE], name[ORIGIN_SHOWN_SIZE];
    fprintf(to, "Stale, no conclusive scan within the last %d days: %" PRIu64 "\n",
            FLEET_STATUS_STALE_DAYS, report->stale);
    for (size_t i = 0; i < report->stale_n; i++) {
        const struct fleet_report_place *origin = &report->stale_list[i];
        fprintf(to, "  %s, %s\n", origin_show(origin->host, origin->port, name),
                origin->time_ms ? clock_iso(origin->time_ms, when) : "never");
    }
}

static void write_status(FILE *to, const struct fleet_report *report) {
    json_t *document = fleet_report_json(report, "");
    fleet_status_text(to, document);
    json_decref(document);
}

void fleet_report_text(FILE *to, const struct fleet_report *report) {
    put_head(to, report);
    if (report->status.zones) {
        write_status(to, report);
        putc('\n', to);
    }
    put_shares(to, report);
    put_hybrid(to, report);
    put_verdicts(to, report);
    put_failures(to, report);
    put_retries(to, report);
    put_traffic(to, report);
    put_round_trips(to, &report->round_trips);
    put_settings(to, report);
    put_changes(to, report);
    put_slowest(to, &report->slowest);
    put_flapping(to, report);
    put_stale(to, report);
}
