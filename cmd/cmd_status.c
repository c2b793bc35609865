/* originscan status: how things stand, in one screen. */
#include "cmd/cmd.h"

#include "cmd/http/http_ask.h"
#include "cmd/settle/fleet_view.h"
#include "report/fleet/fleet_status_text.h"
#include "report/json_value.h"
#include "scanner/base/clock.h"
#include "scanner/base/duration.h"

#include <string.h>
#include <time.h>

/* A daemon makes the document when it is first asked for. */
enum { TRIES = 60, TRY_EVERY_MS = 500 };

enum { KEY_DB = 256, KEY_JSON, KEY_SOCKET };

static const struct argp_option options[] = {
    {"db", KEY_DB, "FILE", 0, "The database", 0},
    {"socket", KEY_SOCKET, "PATH", 0,
     "Ask the daemon that listens there (http_socket) instead of reading the database", 0},
    {"json", KEY_JSON, NULL, 0, "Print the whole report as JSON, schema originscan.report/1", 0},
    {0},
};

struct arguments {
    const char *db; /* NULL where the other one is given */
    const char *socket;
    bool json;
};

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case KEY_DB:
        arguments->db = text;
        return 0;
    case KEY_SOCKET:
        arguments->socket = text;
        return 0;
    case KEY_JSON:
        arguments->json = true;
        return 0;
    case ARGP_KEY_ARG:
        cmd_usage_error(state, "unexpected argument \"%s\"", text);
    case ARGP_KEY_END:
        if (!arguments->db && !arguments->socket)
            cmd_usage_error(state, "--db FILE or --socket PATH is missing");
        if (arguments->db && arguments->socket)
            cmd_usage_error(state, "give --db FILE or --socket PATH, not both");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* NULL where it cannot be had, and standard error says why. The document is the caller's. */
static json_t *read_store(const char *path) {
    struct err err;
    struct store *store = cmd_open_store("status", path, STORE_READ);
    if (!store)
        return NULL;
    int64_t now_ms = clock_wall_ms();
    struct fleet_report *report =
        fleet_report_new(now_ms, now_ms - FLEET_VIEW_DAYS * DAY_MS, GROUP_X25519MLKEM768);
    bool filled = fleet_view_fill(report, store, &err);
    json_t *document = filled ? fleet_view_document(report) : NULL;
    if (!filled)
        cmd_fail("status", &err);
    fleet_report_free(report);
    store_close(store);
    return document;
}

static bool is_report(const struct http_answered *answered) {
    const char *schema = json_string_value(json_object_get(answered->document, "schema"));
    return answered->status == 200 && schema && strcmp(schema, "originscan.report/1") == 0;
}

static json_t *ask_daemon(const char *socket) {
    const struct timespec pause = {0, TRY_EVERY_MS * 1000000};
    struct http_answered answered = {0};
    struct err err;
    for (int i = 0; i < TRIES; i++) {
        if (!http_ask(socket, "GET", "/api/v1/summary", &answered, &err))
            break;
        if (is_report(&answered))
            return answered.document;
        http_ask_complain(&answered, &err);
        json_decref(answered.document);
        if (answered.status != 503)
            break;
        nanosleep(&pause, NULL);
    }
    cmd_fail("status", &err);
    return NULL;
}

static int print_status(const struct arguments *arguments) {
    json_t *document =
        arguments->socket ? ask_daemon(arguments->socket) : read_store(arguments->db);
    if (!document)
        return CMD_USAGE;
    int status = fleet_status_text_calls(document) ? CMD_SOME_FAILED : CMD_DONE;
    if (arguments->json) {
        json_value_write(stdout, document, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
        putchar('\n');
    } else {
        fleet_status_text(stdout, document);
    }
    json_decref(document);
    return status;
}

int cmd_status(int argc, char **argv) {
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .doc = "Shows at one look which zones need somebody and why, what moves, how fresh the "
               "data is and "
               "whether the scanner keeps up.\v"
               "Exit status: 0 nothing needs you, 1 something does, 2 wrong usage, no usable "
               "database or no daemon.",
    };
    struct arguments arguments = {0};
    cmd_parse(&argp, argc, argv, 0, &arguments);
    return print_status(&arguments);
}
