/* originscan feedback: what real traffic met, which probes cannot see. */
#include "cmd/cmd.h"

#include "cmd/settle/feedback_line.h"
#include "cmd/settle/seen_reports.h"
#include "cmd/settle/settle.h"
#include "scanner/base/clock.h"
#include "scanner/base/quote.h"
#include "scanner/words/origin.h"
#include "store/store_lever.h"
#include "store/store_read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 65536 };

struct reading {
    struct store *store;
    struct settle_options options;
    int64_t now_ms;
    struct seen_reports *seen;
    const char *name; /* of the file */
    size_t line;
    uint64_t taken, skipped, rolled_back;
    uint64_t unknown_origins;
    bool broken;
};

/* ---- what becomes of it ---- */

/* What the store said: true if it did it. Where it did not, nothing more is read. */
static bool is_stored(struct reading *reading, enum store_result result) {
    reading->broken = result != STORE_OK;
    return !reading->broken;
}

/* The rest of the report stands. */
static void name_unknown_origins(struct reading *reading, const struct feedback_line *report) {
    for (size_t i = 0; i < report->origins_n; i++) {
        const struct store_traffic *origin = &report->origins[i];
        char name[ORIGIN_SHOWN_SIZE];
        if (!origin->unknown)
            continue;
        reading->unknown_origins++;
        cmd_say("feedback",
                "%s:%zu: zone \"%.200s\" has no origin %s; its handshakes "
                "are not counted",
                reading->name, reading->line, report->zone,
                origin_show(origin->host, origin->port, name));
    }
}

static bool store_report(struct reading *reading, const struct feedback_line *report,
                         struct err *err) {
    struct store *store = reading->store;
    int64_t zone_id;
    if (!is_stored(reading, cmd_find_zone(store, report->zone, &zone_id, err)))
        return false;
    if (zone_id == 0)
        return err_set(err, "there is no zone \"%.200s\"", report->zone);
    struct settle_report row = {
        .feedback = {.zone_id = zone_id,
                     .reported_ms = reading->now_ms,
                     .until_ms = report->until_ms,
                     .arm = zone_feedback_arm_name(report->feedback.arm),
                     .handshakes = report->feedback.handshakes,
                     .failures = report->feedback.failures,
                     .retries = report->feedback.retries},
        .origins = report->origins,
        .origins_n = report->origins_n,
    };
    if (!is_stored(reading, settle_feedback(store, &reading->options, &row, reading->now_ms, err)))
        return false;
    if (!row.added)
        return err_set(err, "repeated: this zone, arm and period were already reported");
    if (row.rolled_back)
        quote_line(stdout, "%s: rolled back", report->zone);
    reading->rolled_back += row.rolled_back;
    name_unknown_origins(reading, report);
    return true;
}

static bool store_line(struct reading *reading, const char *line, size_t n, struct err *err) {
    struct feedback_line report;
    bool good = feedback_line_read(line, n, &report, err);
    if (good && !seen_reports_add(reading->seen, report.zone, report.until_ms, &report.feedback))
        good = err_set(err, "repeated: the same report is in an earlier line");
    good = good && store_report(reading, &report, err);
    feedback_line_clear(&report);
    return good;
}

static int read_all(struct reading *reading, FILE *from) {
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    struct err err;
    while (!reading->broken && (n = getline(&line, &room, from)) > 0) {
        reading->line++;
        n -= line[n - 1] == '\n';
        if (strspn(line, " \t\r\n") >= (size_t)n)
            continue;
        bool good = n <= LINE_MAX_BYTES ? store_line(reading, line, (size_t)n, &err)
                                        : err_set(&err, "longer than %d bytes", LINE_MAX_BYTES);
        reading->taken += good;
        reading->skipped += !good;
        if (!good)
            cmd_say("feedback", "%s:%zu: %s", reading->name, reading->line, err.text);
    }
    free(line);
    if (ferror(from)) {
        cmd_say("feedback", "%s: %s", reading->name, strerror(errno));
        return CMD_SOME_FAILED;
    }
    return reading->skipped || reading->unknown_origins || reading->broken ? CMD_SOME_FAILED
                                                                           : CMD_DONE;
}

static int settle_zones(struct reading *reading, int status) {
    struct err err;
    printf("%" PRIu64 " reports accepted, %" PRIu64 " lines rejected, %" PRIu64
           " zones rolled back\n",
           reading->taken, reading->skipped, reading->rolled_back);
    if (settle_all(reading->store, &reading->options, reading->now_ms, NULL, &err) == STORE_OK)
        return status;
    return cmd_fail("feedback", &err);
}

static int take_reports(const struct cmd_target *target, FILE *from) {
    struct err err;
    struct reading reading = {.now_ms = clock_wall_ms(),
                              .name = from == stdin ? "-" : target->argument};
    reading.store = cmd_open_store("feedback", target->db, STORE_BESIDE);
    if (!reading.store)
        return CMD_USAGE;
    if (settle_options_load(&reading.options, reading.store, &err) != STORE_OK) {
        cmd_fail("feedback", &err);
        store_close(reading.store);
        return CMD_USAGE;
    }
    reading.seen = seen_reports_new();
    int status = read_all(&reading, from);
    status = settle_zones(&reading, status);
    seen_reports_free(reading.seen);
    store_close(reading.store);
    return status;
}

int cmd_feedback(int argc, char **argv) {
    const struct argp argp = {
        .options = cmd_target_options,
        .parser = cmd_target_parse,
        .args_doc = "[FILE|-]",
        .doc =
            "Reads reports about real connections, which show what probes cannot.\v"
            "NDJSON, one report per line: "
            "{\"zone\":\"shop\",\"arm\":\"canary\",\"handshakes\":1000,"
            "\"failures\":2,\"retries\":0}, and \"until\" (the end of the period) if a report "
            "may be "
            "sent twice. canary: connections with the zone's new setting; control: connections "
            "with "
            "its previous one. Lines that are rejected are reported by number. "
            "\"origins\":[{\"host\":\"a.example\",\"port\":443,\"handshakes\":600}] says how the "
            "handshakes spread over the origins; the zone then weighs its origins by that.\n\n"
            "Exit status: 0 every line was accepted, 1 some were rejected, 2 wrong usage or no "
            "usable "
            "database.",
    };
    struct cmd_target target = {0};
    cmd_parse(&argp, argc, argv, 0, &target);
    bool standard = !target.argument || strcmp(target.argument, "-") == 0;
    FILE *from = standard ? stdin : fopen(target.argument, "r");
    if (!from) {
        cmd_say("feedback", "%s: %s", target.argument, strerror(errno));
        return CMD_USAGE;
    }
    int status = take_reports(&target, from);
    if (!standard)
        fclose(from);
    return status;
}
