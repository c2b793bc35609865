/* originscan status: how things stand, in one screen. */
#include "cmd/cmd.h"

#include "cmd/settle/fleet_view.h"
#include "report/view/fleet_status_text.h"
#include "scanner/base/clock.h"
#include "scanner/base/duration.h"

enum { KEY_DB = 256, KEY_JSON };

static const struct argp_option options[] = {
    {"db", KEY_DB, "FILE", 0, "The database", 0},
    {"json", KEY_JSON, NULL, 0, "Print the whole report as JSON, schema originscan.report/1", 0},
    {0},
};

struct arguments {
    const char *db;
    bool json;
};

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case KEY_DB:
        arguments->db = text;
        return 0;
    case KEY_JSON:
        arguments->json = true;
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

static int print_status(const struct arguments *arguments, struct store *store) {
    struct err err;
    int64_t now_ms = clock_wall_ms();
    struct fleet_report *report =
        fleet_report_new(now_ms, now_ms - FLEET_VIEW_DAYS * DAY_MS, GROUP_X25519MLKEM768);
    int status = CMD_USAGE;
    if (fleet_view_fill(report, store, &err)) {
        status = fleet_status_calls(&report->status) ? CMD_SOME_FAILED : CMD_DONE;
        if (arguments->json)
            fleet_view_print_json(stdout, report);
        else
            fleet_status_text(stdout, &report->status);
    } else {
        cmd_fail("status", &err);
    }
    fleet_report_free(report);
    return status;
}

int cmd_status(int argc, char **argv) {
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .doc = "Shows at one look which zones need somebody and why, what moves, how fresh the "
               "data is and "
               "whether the scanner keeps up.\v"
               "Exit status: 0 nothing needs you, 1 something does, 2 wrong usage or no usable "
               "database.",
    };
    struct arguments arguments = {0};
    cmd_parse(&argp, argc, argv, 0, &arguments);
    struct store *store = cmd_open_store("status", arguments.db, STORE_READ);
    int status = store ? print_status(&arguments, store) : CMD_USAGE;
    store_close(store);
    return status;
}
