/* originscan status: how things stand, in one screen. */
#include "cmd/cmd.h"

#include "cmd/http/http_ask.h"
#include "cmd/http/http_snapshots.h"
#include "cmd/settle/fleet_view.h"
#include "report/fleet/fleet_status_text.h"
#include "report/json_value.h"
#include "scanner/base/clock.h"
#include "scanner/base/duration.h"

#include <string.h>
#include <time.h>

/* The first document of a daemon reads every zone, which takes long for millions of them or on a slow disk; one that
 * could not be made is made again a second later. */
enum { TIMEOUT_S = 600, FAILURE_S = 30, SILENT_S = 2, LOOK_MS = 500 };

/* A document older than this is from when somebody last looked: the daemon makes a new one for whoever asks, which is
 * waited for, but not for ever. One takes half a minute for a million origins, and is then made again no sooner than
 * ten times as long afterwards. */
enum { CURRENT_S = 300, RENEWAL_S = 120 };

enum { KEY_DB = 256, KEY_JSON, KEY_SOCKET, KEY_TIMEOUT };

static const struct argp_option options[] = {
    {"db", KEY_DB, "FILE", 0, "The database", 0},
    {"socket", KEY_SOCKET, "PATH", 0,
     "Ask the daemon that listens there (http_socket) instead of reading the database", 0},
    {"timeout", KEY_TIMEOUT, "SECONDS", 0,
     "With --socket: wait at most this long for a daemon that has just started (default 600)", 0},
    {"json", KEY_JSON, NULL, 0, "Print the whole report as JSON, schema originscan.report/1", 0},
    {0},
};

struct arguments {
    const char *db; /* NULL where the other one is given */
    const char *socket;
    uint32_t timeout_s; /* 0: not given */
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
    case KEY_TIMEOUT:
        arguments->timeout_s = cmd_number(state, "timeout", text, 1, 86400);
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
        if (arguments->timeout_s && !arguments->socket)
            cmd_usage_error(state, "--timeout needs --socket PATH");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static json_t *make_report(struct store *store, int64_t now_ms, struct err *err) {
    struct fleet_report *report =
        fleet_view_read(store, now_ms, now_ms - FLEET_VIEW_DAYS * DAY_MS, err);
    json_t *document = report ? fleet_view_document(report) : NULL;
    fleet_report_free(report);
    return document;
}

/* NULL where it cannot be had, and standard error says why. The document is the caller's. */
static json_t *read_store(const struct arguments *arguments) {
    struct err err;
    struct store *store = cmd_open_store("status", arguments->db, STORE_READ);
    if (!store)
        return NULL;
    int64_t now_ms = clock_wall_ms();
    json_t *document = arguments->json ? make_report(store, now_ms, &err)
                                       : fleet_view_status_document(store, now_ms, &err);
    if (!document)
        cmd_fail("status", &err);
    store_close(store);
    return document;
}

static bool is_report(const struct http_answered *answered) {
    const char *schema = json_string_value(json_object_get(answered->document, "schema"));
    return answered->status == 200 && schema && strcmp(schema, "originscan.report/1") == 0;
}

static bool is_first_coming(const struct http_answered *answered) {
    const char *said = json_string_value(json_object_get(answered->document, "error"));
    return answered->status == 503 && said && strcmp(said, HTTP_SNAPSHOTS_FIRST) == 0;
}

static const char *time_of(const json_t *document) {
    const char *made = json_string_value(json_object_get(document, "generated_at"));
    return made ? made : "";
}

static json_t *ask_daemon(const char *socket, uint32_t timeout_s) {
    const struct timespec pause = {0, LOOK_MS * 1000000};
    uint32_t failure_s = timeout_s < FAILURE_S ? timeout_s : FAILURE_S;
    uint32_t renewal_s = timeout_s < RENEWAL_S ? timeout_s : RENEWAL_S;
    char current[CLOCK_ISO_SIZE]; /* times of this form are in the order of their texts */
    clock_iso(clock_wall_ms() - CURRENT_S * SECOND_MS, current);
    uint64_t began_us = clock_mono_us();
    uint64_t failing_us = began_us; /* since when the document cannot be made */
    bool told = false;
    struct http_answered answered = {0};
    struct err err;
    while (http_ask(socket, "GET", "/api/v1/summary", &answered, &err)) {
        uint64_t now_us = clock_mono_us();
        uint64_t waited_s = (now_us - began_us) / 1000000;
        if (is_report(&answered)) {
            bool old = strcmp(time_of(answered.document), current) < 0;
            if (!old || waited_s >= renewal_s) {
                if (old)
                    cmd_say("status", "as of %s: the daemon has not made a newer one yet",
                            time_of(answered.document));
                return answered.document;
            }
            json_decref(answered.document);
            nanosleep(&pause, NULL);
            continue;
        }
        bool coming = is_first_coming(&answered);
        if (coming)
            failing_us = now_us;
        uint64_t failing_s = (now_us - failing_us) / 1000000;
        http_ask_complain(&answered, &err);
        json_decref(answered.document);
        if (answered.status != 503 || waited_s >= timeout_s || failing_s >= failure_s)
            break;
        if (coming && waited_s >= SILENT_S && !told)
            cmd_say("status", "%s; waiting for it, %u seconds at most", err.text, timeout_s);
        told = told || (coming && waited_s >= SILENT_S);
        nanosleep(&pause, NULL);
    }
    cmd_fail("status", &err);
    return NULL;
}

static int print_status(const struct arguments *arguments) {
    uint32_t timeout_s = arguments->timeout_s ? arguments->timeout_s : TIMEOUT_S;
    json_t *document =
        arguments->socket ? ask_daemon(arguments->socket, timeout_s) : read_store(arguments);
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
        .doc = "Shows on one screen which zones need somebody and why, what moves, how fresh the "
               "data is and whether the scanner keeps up.\v"
               "Exit status: 0 nothing needs you, 1 something does, 2 wrong usage, no usable "
               "database or no daemon.",
    };
    struct arguments arguments = {0};
    cmd_parse(&argp, argc, argv, 0, &arguments);
    return print_status(&arguments);
}
