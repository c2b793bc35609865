/* originscan feedback: what real traffic met, which probes cannot see. */
#include "cmd/cmd.h"

#include "cmd/seen_reports.h"
#include "cmd/settle/settle.h"
#include "report/zone/zone_feedback.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/clock.h"
#include "scanner/base/quote.h"
#include "scanner/words/origin.h"
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
    size_t origins_n;
    struct store_traffic *origins; /* their hosts point into `hosts` */
    char (*hosts)[ORIGIN_HOST_SIZE];
};

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

static bool check_keys(json_t *object, const char *const *known, size_t known_n, struct err *err) {
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        bool found = false;
        for (size_t i = 0; i < known_n; i++)
            found = found || strcmp(key, known[i]) == 0;
        if (!found)
            return err_set(err, "unknown key \"%.40s\"", key);
    }
    return true;
}

static bool take_host(json_t *object, char host[ORIGIN_HOST_SIZE], struct err *err) {
    const char *text = json_string_value(json_object_get(object, "host"));
    struct origin origin = {.weight = 1};
    if (!text)
        return err_set(err, "\"host\" of an origin is missing or not a string");
    if (!origin_set_host(&origin, text, err))
        return false;
    memcpy(host, origin.host, sizeof origin.host);
    return true;
}

static bool take_origin(json_t *object, char host[ORIGIN_HOST_SIZE], struct store_traffic *out,
                        struct err *err) {
    static const char *const known[] = {"host", "port", "handshakes"};
    uint64_t port = 443;
    if (!json_is_object(object))
        return err_set(err, "\"origins\" holds something that is not an object");
    if (!check_keys(object, known, COUNT_OF(known), err) || !take_host(object, host, err) ||
        (json_object_get(object, "port") && !take_number(object, "port", &port, err)) ||
        !take_number(object, "handshakes", &out->handshakes, err))
        return false;
    if (port < 1 || port > UINT16_MAX)
        return err_set(err, "\"port\" is not between 1 and 65535");
    out->host = host;
    out->port = (uint16_t)port;
    return true;
}

static bool take_origins(json_t *list, struct report *out, struct err *err) {
    uint64_t left = out->feedback.handshakes;
    if (!list)
        return true;
    if (!json_is_array(list))
        return err_set(err, "\"origins\" is not an array");
    size_t n = json_array_size(list);
    out->origins = alloc_zero(n + 1, sizeof *out->origins);
    out->hosts = alloc_zero(n + 1, sizeof *out->hosts);
    for (; out->origins_n < n; out->origins_n++) {
        struct store_traffic *origin = &out->origins[out->origins_n];
        if (!take_origin(json_array_get(list, out->origins_n), out->hosts[out->origins_n], origin,
                         err))
            return false;
        if (origin->handshakes > left)
            return err_set(err, "the origins have more handshakes than the report");
        left -= origin->handshakes;
    }
    return true;
}

static void clear_report(struct report *report) {
    free(report->origins);
    free(report->hosts);
}

static bool read_report(json_t *object, struct report *out, struct err *err) {
    static const char *const known[] = {"zone",    "arm",   "handshakes", "failures",
                                        "retries", "until", "origins"};
    const char *zone = json_string_value(json_object_get(object, "zone"));
    const char *arm = json_string_value(json_object_get(object, "arm"));
    json_t *until = json_object_get(object, "until");
    if (!json_is_object(object))
        return err_set(err, "not a JSON object");
    if (!check_keys(object, known, COUNT_OF(known), err))
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
        !zone_feedback_check(&out->feedback, err) ||
        !take_origins(json_object_get(object, "origins"), out, err))
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

/* The rest of the report stands. */
static void name_unknown_origins(struct reading *reading, const struct report *report) {
    for (size_t i = 0; i < report->origins_n; i++) {
        const struct store_traffic *origin = &report->origins[i];
        if (!origin->unknown)
            continue;
        reading->unknown_origins++;
        cmd_say("feedback",
                "%s:%zu: zone \"%.200s\" has no origin %s:%u; its handshakes "
                "are not counted",
                reading->name, reading->line, report->zone, origin->host, origin->port);
    }
}

static bool store_report(struct reading *reading, const struct report *report, struct err *err) {
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

static bool store_object(struct reading *reading, json_t *object, struct err *err) {
    struct report report = {.zone = NULL};
    bool good = read_report(object, &report, err);
    if (good && !seen_reports_add(reading->seen, report.zone, report.until_ms, &report.feedback))
        good = err_set(err, "repeated: the same report is in an earlier line");
    good = good && store_report(reading, &report, err);
    clear_report(&report);
    return good;
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
