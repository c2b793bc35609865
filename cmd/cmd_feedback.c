/* originscan feedback: what real traffic met, which probes cannot see. */
#include "cmd/cmd.h"

#include "cmd/seen_reports.h"
#include "cmd/settle/settle.h"
#include "report/zone/zone_feedback.h"
#include "scanner/base/array.h"
#include "scanner/base/clock.h"
#include "store/store_lever.h"
#include "store/store_read.h"

#include <jansson.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE_MAX_BYTES = 65536 };

/* A report as it stands in a line. */
struct report {
    const char *zone; /* borrowed from the line's JSON */
    struct feedback feedback;
    int64_t until_ms; /* 0: of no period */
};

struct reading {
    struct store *store;
    struct settle_options options;
    int64_t now_ms;
    struct seen_reports *seen;
    uint64_t taken, skipped, rolled_back;
    bool broken;
};

/* ---- a line ---- */

static bool take_number(json_t *object, const char *name, uint64_t *out, struct err *err) {
    json_t *value = json_object_get(object, name);
    if (!value)
        return err_set(err, "\"%s\" is missing", name);
    if (!json_is_integer(value))
        return err_set(err, "\"%s\" is not a whole number", name);
    if (json_integer_value(value) < 0)
        return err_set(err, "\"%s\" is negative", name);
    *out = (uint64_t)json_integer_value(value);
    return true;
}

/* "2026-11-23T09:00:00Z"; a fraction of a second is passed over. */
static bool take_until(json_t *value, int64_t *out, struct err *err) {
    struct tm tm = {0};
    const char *text = json_string_value(value);
    const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    if (end && *end == '.')
        end += 1 + strspn(end + 1, "0123456789");
    if (!end || strcmp(end, "Z") != 0)
        return err_set(err, "\"until\" is not a time of the form 2026-11-23T09:00:00Z");
    *out = (int64_t)timegm(&tm) * 1000;
    return true;
}

static bool check_keys(json_t *object, struct err *err) {
    static const char *const known[] = {"zone",     "arm",     "handshakes",
                                        "failures", "retries", "until"};
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        bool found = false;
        for (size_t i = 0; i < COUNT_OF(known); i++)
            found = found || strcmp(key, known[i]) == 0;
        if (!found)
            return err_set(err, "unknown key \"%.40s\"", key);
    }
    return true;
}

static bool read_report(json_t *object, struct report *out, struct err *err) {
    const char *zone = json_string_value(json_object_get(object, "zone"));
    const char *arm = json_string_value(json_object_get(object, "arm"));
    json_t *until = json_object_get(object, "until");
    if (!json_is_object(object))
        return err_set(err, "not a JSON object");
    if (!check_keys(object, err))
        return false;
    if (!zone)
        return err_set(err, "\"zone\" is missing or not a string");
    if (!arm)
        return err_set(err, "\"arm\" is missing or not a string");
    if (!zone_feedback_arm_parse(arm, &out->feedback.arm))
        return err_set(err, "unknown arm \"%.40s\"; use control or canary", arm);
    if (!take_number(object, "handshakes", &out->feedback.handshakes, err) ||
        !take_number(object, "failures", &out->feedback.failures, err) ||
        !take_number(object, "retries", &out->feedback.retries, err) ||
        (until && !take_until(until, &out->until_ms, err)) ||
        !zone_feedback_check(&out->feedback, err))
        return false;
    out->zone = zone;
    return true;
}

/* ---- what becomes of it ---- */

/* What the store said: true if it did it. Where it did not, nothing more is read. */
static bool is_stored(struct reading *reading, enum store_result result) {
    reading->broken = result != STORE_OK;
    return !reading->broken;
}

static bool store_report(struct reading *reading, const struct report *report, struct err *err) {
    struct store *store = reading->store;
    int64_t zone_id;
    bool added, rolled_back;
    if (!is_stored(reading, cmd_find_zone(store, report->zone, &zone_id, err)))
        return false;
    if (zone_id == 0)
        return err_set(err, "there is no zone \"%.200s\"", report->zone);
    struct store_feedback row = {
        .zone_id = zone_id,
        .reported_ms = reading->now_ms,
        .until_ms = report->until_ms,
        .arm = zone_feedback_arm_name(report->feedback.arm),
        .handshakes = report->feedback.handshakes,
        .failures = report->feedback.failures,
        .retries = report->feedback.retries,
    };
    if (!is_stored(reading, settle_feedback(store, &reading->options, &row, reading->now_ms, &added,
                                            &rolled_back, err)))
        return false;
    if (!added)
        return err_set(err, "repeated: this zone, arm and period were already reported");
    if (rolled_back)
        printf("%s: rolled back\n", report->zone);
    reading->rolled_back += rolled_back;
    return true;
}

static bool store_object(struct reading *reading, json_t *object, struct err *err) {
    struct report report = {.zone = NULL};
    if (!read_report(object, &report, err))
        return false;
    if (!seen_reports_add(reading->seen, report.zone, report.until_ms, &report.feedback))
        return err_set(err, "repeated: the same report is in an earlier line");
    return store_report(reading, &report, err);
}

static bool store_line(struct reading *reading, const char *line, size_t n, struct err *err) {
    json_error_t why;
    json_t *object = json_loadb(line, n, JSON_REJECT_DUPLICATES, &why);
    if (!object)
        return err_set(err, "malformed: %.200s", why.text);
    bool good = store_object(reading, object, err);
    json_decref(object);
    return good;
}

static int read_all(struct reading *reading, FILE *from, const char *name) {
    char *line = NULL;
    size_t room = 0, number = 0;
    ssize_t n;
    struct err err;
    while (!reading->broken && (n = getline(&line, &room, from)) > 0) {
        number++;
        n -= line[n - 1] == '\n';
        if (strspn(line, " \t\r\n") >= (size_t)n)
            continue;
        bool good = n <= LINE_MAX_BYTES ? store_line(reading, line, (size_t)n, &err)
                                        : err_set(&err, "longer than %d bytes", LINE_MAX_BYTES);
        reading->taken += good;
        reading->skipped += !good;
        if (!good)
            fprintf(stderr, "originscan feedback: %s:%zu: %s\n", name, number, err.text);
    }
    free(line);
    if (ferror(from)) {
        fprintf(stderr, "originscan feedback: %s: %s\n", name, strerror(errno));
        return CMD_SOME_FAILED;
    }
    return reading->skipped || reading->broken ? CMD_SOME_FAILED : CMD_DONE;
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
    struct reading reading = {.now_ms = clock_wall_ms()};
    reading.store = cmd_open_store("feedback", target->db, STORE_BESIDE);
    if (!reading.store)
        return CMD_USAGE;
    if (settle_options_load(&reading.options, reading.store, &err) != STORE_OK) {
        cmd_fail("feedback", &err);
        store_close(reading.store);
        return CMD_USAGE;
    }
    reading.seen = seen_reports_new();
    int status = read_all(&reading, from, from == stdin ? "-" : target->argument);
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
        .doc = "Reads reports about real connections, which show what probes cannot.\v"
               "NDJSON, one report per line: "
               "{\"zone\":\"shop\",\"arm\":\"canary\",\"handshakes\":1000,"
               "\"failures\":2,\"retries\":0}, and \"until\" (the end of the period) if a report "
               "may be "
               "sent twice. canary: connections with the zone's new setting; control: connections "
               "with "
               "its previous one. Lines that are rejected are reported by number.\n\n"
               "Exit status: 0 every line was accepted, 1 some were rejected, 2 wrong usage or no "
               "usable "
               "database.",
    };
    struct cmd_target target = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &target);
    bool standard = !target.argument || strcmp(target.argument, "-") == 0;
    FILE *from = standard ? stdin : fopen(target.argument, "r");
    if (!from) {
        fprintf(stderr, "originscan feedback: %s: %s\n", target.argument, strerror(errno));
        return CMD_USAGE;
    }
    int status = take_reports(&target, from);
    if (!standard)
        fclose(from);
    return status;
}
