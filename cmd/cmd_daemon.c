/* originscan daemon: runs continuously, scanning every origin once per period. */
#include "cmd/cmd.h"

#include "cmd/daemon/config_dump.h"
#include "cmd/daemon/log.h"
#include "cmd/daemon/open_store.h"
#include "cmd/daemon/scan_loop.h"
#include "cmd/daemon/scan_parts.h"
#include "cmd/daemon/settle_timer.h"
#include "cmd/service/daemon_http.h"
#include "cmd/service/notify.h"
#include "cmd/service/service.h"
#include "cmd/service/stop_signals.h"
#include "report/fleet/sizing.h"
#include "scanner/base/alloc.h"
#include "scanner/base/duration.h"
#include "scanner/base/loop.h"
#include "scanner/base/quote.h"
#include "store/store_read.h"

#include <event2/event.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEY_CONFIG = 256, KEY_CHECK, KEY_DUMP, KEY_SET };

static const struct argp_option options[] = {
    {"config", KEY_CONFIG, "FILE", 0, "Configuration file", 0},
    {"set", KEY_SET, "KEY=VALUE", 0, "Set one key, overriding the file (may be repeated)", 0},
    {"check-config", KEY_CHECK, NULL, 0, "Check the configuration and exit", 0},
    {"dump-config", KEY_DUMP, NULL, 0,
     "Print the whole configuration with defaults and explanations, and exit", 0},
    {0},
};

struct arguments {
    struct config_source source;
    const char **set;
    bool check;
    bool dump;
};

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case KEY_CONFIG:
        arguments->source.path = text;
        return 0;
    case KEY_SET:
        arguments->set[arguments->source.set_n++] = text;
        return 0;
    case KEY_CHECK:
        arguments->check = true;
        return 0;
    case KEY_DUMP:
        arguments->dump = true;
        return 0;
    case ARGP_KEY_ARG:
        cmd_usage_error(state, "unexpected argument \"%s\"", text);
    case ARGP_KEY_END:
        if (!arguments->source.path && !arguments->dump)
            cmd_usage_error(state, "--config FILE is missing");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

struct daemon {
    const struct config_source *source;
    struct config *config; /* the one in force */
    struct event_base *base;
    struct store *store;
    struct scan_loop *loop;
    struct settle_timer *settle;
    struct service *service;
    struct daemon_http *http;
    struct event *hangup;
    enum scan_loop_end end; /* broken until the loop says otherwise */
};

static void free_config(struct config *config) {
    if (config)
        config_clear(config);
    free(config);
}

/* --- signals --- */

static void on_stop(void *arg) {
    struct daemon *daemon = arg;
    log_event(LOG_LEVEL_INFO, "stopping",
              log_count("in_flight", (int64_t)scan_loop_numbers(daemon->loop).in_flight));
    notify_stopping();
    scan_loop_stop(daemon->loop);
}

/* True if the new configuration is in force; else `err` says why the old one stays. */
static bool reload_config(struct daemon *daemon, struct err *err) {
    struct config *fresh = alloc_zero(1, sizeof *fresh);
    const char *key = NULL;
    bool good = config_load(daemon->source, fresh, err);
    if (good)
        key = config_needs_restart(daemon->config, fresh);
    if (key)
        good = err_set(err, "%s cannot be changed without a restart", key);
    good = good && scan_loop_reload(daemon->loop, fresh, err);
    daemon_http_note_load(good);
    free_config(good ? daemon->config : fresh);
    if (good) {
        daemon->config = fresh;
        settle_timer_reload(daemon->settle, fresh);
    }
    return good;
}

static void on_hangup(evutil_socket_t fd, short what, void *arg) {
    struct daemon *daemon = arg;
    struct err err;
    (void)fd;
    (void)what;
    notify_reloading();
    if (reload_config(daemon, &err)) {
        log_setup(daemon->config->log_level, daemon->config->log_format);
        log_event(LOG_LEVEL_INFO, "reloaded", log_text("file", daemon->source->path));
        service_tell_ready(daemon->service, "Reloaded");
    } else {
        log_event(LOG_LEVEL_ERROR, "reload_failed", log_text("reason", err.text));
        service_tell_ready(daemon->service, "New configuration rejected; keeping the old one");
    }
}

static void on_ended(void *arg, enum scan_loop_end end) {
    struct daemon *daemon = arg;
    daemon->end = end;
    event_base_loopbreak(daemon->base);
}

/* --- life --- */

/* `status` says it, too. */
static void tell_low_rate(const struct daemon *daemon) {
    struct err err;
    uint64_t origins = 0;
    const struct config *config = daemon->config;
    if (store_rate_put(daemon->store, config->rate, &err) != STORE_OK || config->rate <= 0 ||
        store_origin_count(daemon->store, &origins, &err) != STORE_OK)
        return;
    double needed = sizing_connections(origins, (int64_t)config->period_s * SECOND_MS);
    if (needed > config->rate)
        log_event(LOG_LEVEL_WARNING, "rate_too_low", log_count("origins", (int64_t)origins),
                  log_count("period_s", config->period_s), log_real("rate", config->rate),
                  log_real("needed", needed));
}

/* A SIGHUP that came while starting is a reload now. */
static void listen_for_hangup(struct daemon *daemon) {
    daemon->hangup = evsignal_new(daemon->base, SIGHUP, on_hangup, daemon);
    event_add(daemon->hangup, NULL);
    if (stop_signals_hung_up())
        event_active(daemon->hangup, EV_SIGNAL, 1);
}

static void log_stopped(const struct daemon *daemon) {
    struct scan_loop_numbers numbers = scan_loop_numbers(daemon->loop);
    log_event(daemon->end == SCAN_LOOP_FINISHED ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "stopped",
              log_count("scans", (int64_t)numbers.scans),
              log_count("unwritten", (int64_t)numbers.uncommitted));
}

static void run_until_stopped(struct daemon *daemon) {
    struct stop_signals *signals = stop_signals_new(daemon->base, on_stop, daemon);
    log_event(LOG_LEVEL_INFO, "started", log_text("database", daemon->config->database),
              log_count("period_s", daemon->config->period_s),
              log_count("max_in_flight", daemon->config->max_in_flight),
              log_real("rate", daemon->config->rate));
    tell_low_rate(daemon);
    scan_loop_start(daemon->loop);
    daemon->service = service_new(daemon->base, daemon->loop, daemon->store);
    listen_for_hangup(daemon);
    daemon->end = SCAN_LOOP_BROKEN;
    event_base_dispatch(daemon->base);
    log_stopped(daemon);
    stop_signals_free(signals);
    event_free(daemon->hangup);
    service_free(daemon->service);
}

/* Settling asks the store as well: one that is broken ends all. */
static void on_unsettled(void *arg, enum store_result result, const struct err *err) {
    const struct daemon *daemon = arg;
    scan_loop_store_failed(daemon->loop, "settle", result, err);
}

/* Those that probes may use. */
static uint32_t count_descriptors(const struct config *config) {
    uint32_t all = cmd_raise_descriptors(), http = daemon_http_descriptors(config);
    return all > 2 * http ? all - http : all / 2;
}

static bool make_parts(struct daemon *daemon, struct err *err) {
    daemon->settle =
        settle_timer_new(daemon->base, daemon->store, daemon->config, SETTLE_TIMER_CONFIGURED, err);
    if (!daemon->settle)
        return false;
    struct scan_loop_options loop = {.base = daemon->base,
                                     .store = daemon->store,
                                     .config = daemon->config,
                                     .descriptors = count_descriptors(daemon->config),
                                     .observe = settle_observe,
                                     .observe_arg = settle_timer_in_force(daemon->settle),
                                     .ended = on_ended,
                                     .arg = daemon};
    daemon->loop = scan_loop_new(&loop, err);
    settle_timer_on_failure(daemon->settle, on_unsettled, daemon);
    if (daemon->loop)
        daemon->http = daemon_http_new(daemon->base, daemon->config, daemon->loop, err);
    return daemon->http != NULL;
}

static int run_with_store(struct daemon *daemon) {
    struct err err;
    daemon->base = loop_new();
    int status = CMD_USAGE;
    if (make_parts(daemon, &err)) {
        run_until_stopped(daemon);
        status = daemon->end == SCAN_LOOP_FINISHED ? CMD_DONE : CMD_SOME_FAILED;
    } else {
        log_event(LOG_LEVEL_ERROR, "start_failed", log_text("reason", err.text));
    }
    daemon_http_free(daemon->http);
    scan_loop_free(daemon->loop);
    if (!settle_timer_finish(daemon->settle, &err))
        log_event(LOG_LEVEL_WARNING, "settle_failed", log_text("reason", err.text));
    event_base_free(daemon->base);
    return status;
}

static int run_daemon(const struct config_source *source, struct config *config) {
    struct err err;
    struct daemon daemon = {.source = source, .config = config};
    log_setup(config->log_level, config->log_format);
    daemon.store = open_store(config, STORE_CREATE, &err);
    int status = CMD_SOME_FAILED;
    if (daemon.store)
        status = run_with_store(&daemon);
    else
        log_event(LOG_LEVEL_ERROR, "start_failed", log_text("reason", err.text));
    store_close(daemon.store);
    log_finish();
    free_config(daemon.config);
    return status;
}

/* What a look at the file alone does not show: the blocklist, the name servers. */
static int check_config(const struct arguments *arguments, const struct config *config) {
    struct err err;
    struct scan_parts parts;
    struct event_base *base = event_base_new();
    bool good = daemon_http_check(config, &err) && scan_parts_init(&parts, base, config, &err);
    if (good) {
        scan_parts_clear(&parts);
        quote_line(stdout, "%s: configuration OK", arguments->source.path);
    } else {
        cmd_fail("daemon", &err);
    }
    event_base_free(base);
    return good ? CMD_DONE : CMD_USAGE;
}

static int load_and_run(const struct arguments *arguments) {
    struct err err;
    struct config *config = alloc_zero(1, sizeof *config);
    if (!config_load(&arguments->source, config, &err)) {
        cmd_fail("daemon", &err);
        free_config(config);
        return CMD_USAGE;
    }
    if (!arguments->check && !arguments->dump)
        return run_daemon(&arguments->source, config);
    int status = CMD_DONE;
    if (arguments->dump)
        config_dump(config, stdout);
    else
        status = check_config(arguments, config);
    free_config(config);
    return status;
}

int cmd_daemon(int argc, char **argv) {
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .doc = "Runs continuously, scanning every origin of a database once per period.\v"
               "SIGHUP reloads the configuration and the blocklist. SIGTERM and SIGINT stop the "
               "daemon within five seconds; a second signal stops it at once.\n\n"
               "Exit status: 0 stopped by a signal, 1 the database failed, 2 wrong usage or "
               "configuration.",
    };
    struct arguments arguments = {0};
    arguments.set = alloc_zero((size_t)argc, sizeof *arguments.set);
    cmd_parse(&argp, argc, argv, 0, &arguments);
    if (arguments.check || arguments.dump)
        stop_signals_release();
    else
        stop_signals_early();
    arguments.source.set = arguments.set;
    if (arguments.dump && !arguments.source.path)
        arguments.source.base = "database = \"/var/lib/originscan/originscan.db\"\n";
    int status = load_and_run(&arguments);
    free(arguments.set);
    return status;
}
