/* originscan report: the numbers over everything that is known. */
#include "cmd/cmd.h"

#include "cmd/settle/fleet_view.h"
#include "report/fleet/fleet_report_text.h"
#include "scanner/base/clock.h"
#include "scanner/base/duration.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEY_DB = 256, KEY_FORMAT, KEY_SINCE };

static const struct argp_option options[] = {
    {"db", KEY_DB, "FILE", 0, "The database", 0},
    {"format", KEY_FORMAT, "FORMAT", 0,
     "text (default): a page for a terminal; html: one file for a browser; json: schema "
     "originscan.report/1",
     0},
    {"since", KEY_SINCE, "WHEN", 0,
     "Show changes since a date such as 2026-11-23 (UTC), or for a number of days (default 7)", 0},
    {0},
};

struct arguments {
    const char *db;
    enum format { FORMAT_TEXT, FORMAT_HTML, FORMAT_JSON } format;
    int64_t now_ms;
    int64_t since_ms;
};

static void parse_format(struct arguments *arguments, struct argp_state *state, const char *text) {
    static const char *const names[] = {"text", "html", "json"};
    for (enum format format = FORMAT_TEXT; format <= FORMAT_JSON; format++) {
        if (strcmp(text, names[format]) == 0) {
            arguments->format = format;
            return;
        }
    }
    cmd_unknown_value(state, "--format", text, "text, html or json");
}

static void parse_since(struct arguments *arguments, struct argp_state *state, const char *text) {
    struct tm day = {0};
    const char *end = strptime(text, "%Y-%m-%d", &day);
    if (end && !*end)
        arguments->since_ms = (int64_t)timegm(&day) * 1000;
    else if (*text && strspn(text, "0123456789") == strlen(text))
        arguments->since_ms =
            arguments->now_ms - cmd_number(state, "since", text, 0, 36500) * DAY_MS;
    else
        cmd_unknown_value(state, "--since", text, "a date such as 2026-11-23, or a number of days");
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case KEY_DB:
        arguments->db = text;
        return 0;
    case KEY_FORMAT:
        parse_format(arguments, state, text);
        return 0;
    case KEY_SINCE:
        parse_since(arguments, state, text);
        return 0;
    case ARGP_KEY_ARG:
        cmd_usage_error(state, "unexpected argument \"%s\"", text);
    case ARGP_KEY_END:
        if (!arguments->db)
            cmd_usage_error(state, "--db FILE is missing");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static void print_report(const struct fleet_report *report, enum format format) {
    switch (format) {
    case FORMAT_TEXT:
        fleet_report_text(stdout, report);
        return;
    case FORMAT_HTML:
        fleet_view_print_page(stdout, report);
        return;
    case FORMAT_JSON:
        fleet_view_print_json(stdout, report);
        return;
    }
}

static int report_store(const struct arguments *arguments, struct store *store) {
    struct err err;
    struct fleet_report *report =
        fleet_view_read(store, arguments->now_ms, arguments->since_ms, &err);
    if (!report)
        return cmd_fail("report", &err);
    print_report(report, arguments->format);
    fleet_report_free(report);
    return CMD_DONE;
}

int cmd_report(int argc, char **argv) {
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .doc = "Shows which groups origins support and choose, what fails, how often each first "
               "key share costs a retry, the settings of zones, what changed, and which origins "
               "are slow, flapping or stale.\v"
               "Exit status: 0 done, 1 failed, 2 wrong usage or no usable database.",
    };
    struct arguments arguments = {.now_ms = clock_wall_ms()};
    arguments.since_ms = arguments.now_ms - FLEET_VIEW_DAYS * DAY_MS;
    cmd_parse(&argp, argc, argv, 0, &arguments);
    struct store *store = cmd_open_store("report", arguments.db, STORE_READ);
    int status = store ? report_store(&arguments, store) : CMD_USAGE;
    store_close(store);
    return status;
}
