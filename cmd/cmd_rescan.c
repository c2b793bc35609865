/* originscan rescan: asks a running daemon to scan origins now, and waits for it. */
#include "cmd/cmd.h"

#include "cmd/http/http_ask.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/clock.h"
#include "scanner/base/quote.h"
#include "scanner/words/origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* An origin that was being scanned when it was asked for is asked for again. */
enum { TIMEOUT_S = 120, LOOK_MS = 250, ASK_AGAIN_LOOKS = 8, PATH_SIZE = 1024 };

enum { KEY_SOCKET = 256, KEY_NO_WAIT, KEY_TIMEOUT };

static const struct argp_option options[] = {
    {"socket", KEY_SOCKET, "PATH", 0, "The daemon's Unix socket (http_socket)", 0},
    {"no-wait", KEY_NO_WAIT, NULL, 0, "Ask for the scans and do not wait for them", 0},
    {"timeout", KEY_TIMEOUT, "SECONDS", 0, "Wait at most this long (default 120)", 0},
    {0},
};

struct arguments {
    const char *socket;
    bool no_wait;
    uint32_t timeout_s;
    size_t n;
    char **names;
};

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case KEY_SOCKET:
        arguments->socket = text;
        return 0;
    case KEY_NO_WAIT:
        arguments->no_wait = true;
        return 0;
    case KEY_TIMEOUT:
        arguments->timeout_s = cmd_number(state, "timeout", text, 1, 86400);
        return 0;
    case ARGP_KEY_ARG:
        arguments->names[arguments->n++] = text;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->socket)
            cmd_usage_error(state, "--socket PATH is missing");
        if (arguments->n == 0)
            cmd_usage_error(state, "give at least one HOST or HOST:PORT");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* One host that was named. */
struct rescan {
    const char *name;
    char since[CLOCK_ISO_SIZE]; /* when it was asked for, as the daemon says it */
    bool known;
    bool done;
    bool measured; /* every origin of it, once done */
};

/* NULL with `err` for any answer but `wanted`. The document is the caller's. */
static json_t *ask_daemon(const char *socket, const char *method, const char *resource,
                          const char *name, unsigned wanted, struct err *err) {
    char path[PATH_SIZE];
    struct http_answered answered;
    snprintf(path, sizeof path, "/api/v1/%s/", resource);
    if (!http_ask_add_name(path, sizeof path, name)) {
        err_set(err, "the name is too long");
        return NULL;
    }
    if (!http_ask(socket, method, path, &answered, err))
        return NULL;
    if (answered.status == wanted && answered.document)
        return answered.document;
    http_ask_complain(&answered, err);
    json_decref(answered.document);
    return NULL;
}

/* ---- asking ---- */

static bool ask_for(const char *socket, struct rescan *rescan, struct err *err) {
    json_t *document = ask_daemon(socket, "POST", "rescan", rescan->name, 202, err);
    const char *since = json_string_value(json_object_get(document, "requested_at"));
    if (since && !rescan->since[0])
        snprintf(rescan->since, sizeof rescan->since, "%s", since);
    bool good = document && rescan->since[0];
    json_decref(document);
    return good;
}

/* ---- waiting ---- */

static const char *text_of(const json_t *origin, const char *key) {
    const char *text = json_string_value(json_object_get(origin, key));
    return text ? text : "";
}

/* Times of one form and length: the order of the texts is that of the times. */
static bool was_scanned(const struct rescan *rescan, const json_t *origin) {
    return strcmp(text_of(origin, "scanned_at"), rescan->since) >= 0;
}

static bool is_same_origin(const json_t *a, const json_t *b) {
    static const char *const keys[] = {"host", "port", "sni", "address"};
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (!json_equal(json_object_get(a, keys[i]), json_object_get(b, keys[i])))
            return false;
    return true;
}

/* An origin comes once for each of its zones. */
static void print_origins(struct rescan *rescan, const json_t *origins) {
    size_t i;
    json_t *origin;
    rescan->measured = true;
    json_array_foreach(origins, i, origin) {
        if (i > 0 && is_same_origin(origin, json_array_get(origins, i - 1)))
            continue;
        char name[ORIGIN_SHOWN_SIZE];
        uint16_t port = (uint16_t)json_integer_value(json_object_get(origin, "port"));
        bool complete = strcmp(text_of(origin, "status"), "complete") == 0;
        rescan->measured = rescan->measured && complete;
        quote_line(stdout, "%s  %s  %s", origin_show(text_of(origin, "host"), port, name),
                   text_of(origin, "status"), text_of(origin, "verdict"));
    }
    fflush(stdout);
}

static bool look_at(const char *socket, struct rescan *rescan, struct err *err) {
    json_t *document = ask_daemon(socket, "GET", "origins", rescan->name, 200, err);
    const json_t *origins = json_object_get(document, "origins");
    size_t i;
    json_t *origin;
    if (!document)
        return false;
    rescan->done = true;
    json_array_foreach(origins, i, origin) rescan->done =
        rescan->done && was_scanned(rescan, origin);
    if (rescan->done)
        print_origins(rescan, origins);
    json_decref(document);
    return true;
}

/* False if the daemon does not answer any more. */
static bool look_at_all(const struct arguments *arguments, struct rescan *rescans, bool again,
                        size_t *left, struct err *err) {
    *left = 0;
    for (size_t i = 0; i < arguments->n; i++) {
        struct rescan *rescan = &rescans[i];
        if (!rescan->known || rescan->done)
            continue;
        if (!look_at(arguments->socket, rescan, err) ||
            (again && !rescan->done && !ask_for(arguments->socket, rescan, err)))
            return false;
        *left += !rescan->done;
    }
    return true;
}

static int wait_for_all(const struct arguments *arguments, struct rescan *rescans) {
    struct err err;
    const struct timespec pause = {0, LOOK_MS * 1000000};
    uint64_t end_us = clock_mono_us() + arguments->timeout_s * UINT64_C(1000000);
    size_t left = 1;
    for (unsigned look = 1; left > 0; look++) {
        if (!look_at_all(arguments, rescans, look % ASK_AGAIN_LOOKS == 0, &left, &err))
            return cmd_fail("rescan", &err);
        if (left > 0 && clock_mono_us() >= end_us) {
            cmd_say("rescan", "%zu host%s not scanned within %u seconds", left,
                    left == 1 ? " was" : "s were", arguments->timeout_s);
            break;
        }
        if (left > 0)
            nanosleep(&pause, NULL);
    }
    for (size_t i = 0; i < arguments->n; i++)
        if (!rescans[i].measured)
            return CMD_SOME_FAILED;
    return CMD_DONE;
}

static int rescan_all(const struct arguments *arguments) {
    struct rescan *rescans = alloc_zero(arguments->n, sizeof *rescans);
    int status = CMD_DONE;
    for (size_t i = 0; i < arguments->n; i++) {
        struct err err;
        rescans[i].name = arguments->names[i];
        rescans[i].known = ask_for(arguments->socket, &rescans[i], &err);
        if (!rescans[i].known) {
            cmd_say("rescan", "%s: %s", arguments->names[i], err.text);
            status = CMD_SOME_FAILED;
        }
    }
    if (!arguments->no_wait) {
        int waited = wait_for_all(arguments, rescans);
        status = status == CMD_DONE ? waited : status;
    }
    free(rescans);
    return status;
}

int cmd_rescan(int argc, char **argv) {
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .args_doc = "HOST[:PORT]...",
        .doc = "Asks a running daemon to scan origins of its database now, in full and within its "
               "limits, waits for the results, and prints the verdict of each.\v"
               "Without a port every origin of the host is meant. `originscan scan --db FILE "
               "HOST' does the same through the database, where no socket is configured.\n\n"
               "Exit status: 0 all were measured, 1 some were not, or there is no daemon, 2 wrong "
               "usage.",
    };
    struct arguments arguments = {.timeout_s = TIMEOUT_S,
                                  .names = alloc_zero((size_t)argc, sizeof(char *))};
    cmd_parse(&argp, argc, argv, 0, &arguments);
    int status = rescan_all(&arguments);
    free(arguments.names);
    return status;
}
