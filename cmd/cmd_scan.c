/* originscan scan: everything that is due, once; for cron. */
#include "cmd/cmd.h"

#include "cmd/daemon/log.h"
#include "cmd/daemon/open_store.h"
#include "cmd/daemon/scan_loop.h"
#include "cmd/daemon/settle_timer.h"
#include "cmd/daemon/stop_signals.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"

#include <event2/event.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_EVERY_US 250000

enum { KEY_DB = 256, KEY_CONFIG, KEY_SET };

static const struct argp_option options[] = {
    {"db", KEY_DB, "FILE", 0, "The database (default: as configured)", 0},
    {"config", KEY_CONFIG, "FILE", 0, "Use the daemon's configuration file", 0},
    {"set", KEY_SET, "KEY=VALUE", 0,
     "Set one configuration key for this run (may be repeated); `originscan daemon "
     "--dump-config' lists them",
     0},
    {0},
};

struct arguments {
    struct config_source source;
    const char **set;
};

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case KEY_DB:
        arguments->source.database = text;
        return 0;
    case KEY_CONFIG:
        arguments->source.path = text;
        return 0;
    case KEY_SET:
        arguments->set[arguments->source.set_n++] = text;
        return 0;
    case ARGP_KEY_ARG:
        cmd_usage_error(state, "unexpected argument \"%s\"", text);
    case ARGP_KEY_END:
        if (!arguments->source.database && !arguments->source.path)
            cmd_usage_error(state, "--db FILE or --config FILE is missing");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

struct run {
    struct event_base *base;
    struct scan_loop *loop;
    struct event *progress;
    uint64_t begun_us;
    bool stopped;
    enum scan_loop_end end;
};

static void on_ended(void *arg, enum scan_loop_end end) {
    struct run *run = arg;
    run->end = end;
    event_base_loopbreak(run->base);
}

static void on_stop(void *arg) {
    struct run *run = arg;
    run->stopped = true;
    scan_loop_stop(run->loop);
}

static void show_progress(evutil_socket_t fd, short what, void *arg) {
    struct run *run = arg;
    struct scan_loop_numbers numbers = scan_loop_numbers(run->loop);
    (void)fd;
    (void)what;
    double seconds = (double)(clock_mono_us() - run->begun_us) / 1e6;
    fprintf(stderr,
            "\r\033[K%" PRIu64 " origins scanned, %.0f per second; %zu in flight, %zu waiting%s",
            numbers.scans, (double)numbers.scans / seconds, numbers.in_flight, numbers.waiting,
            numbers.store_late ? "; the database is unavailable" : "");
    fflush(stderr);
}

static void add_progress(struct run *run) {
    struct timeval every = {0, PROGRESS_EVERY_US};
    if (!isatty(STDERR_FILENO))
        return;
    run->progress = event_new(run->base, -1, EV_PERSIST, show_progress, run);
    event_add(run->progress, &every);
}

static int print_summary(const struct run *run) {
    struct scan_loop_numbers numbers = scan_loop_numbers(run->loop);
    double seconds = (double)(clock_mono_us() - run->begun_us) / 1e6;
    uint64_t failed = numbers.scans - numbers.complete;
    if (run->progress)
        fprintf(stderr,
                "\r\033[K%" PRIu64 " origins scanned in %.1f s, %" PRIu64
                " of them not measured, %" PRIu64 " visits deferred\n",
                numbers.scans, seconds, failed, numbers.deferred);
    log_event(LOG_LEVEL_INFO, "scan_ended", log_count("scans", (int64_t)numbers.scans),
              log_count("complete", (int64_t)numbers.complete),
              log_count("deferred", (int64_t)numbers.deferred), log_real("seconds", seconds));
    bool all =
        run->end == SCAN_LOOP_FINISHED && !run->stopped && failed == 0 && numbers.troubled == 0;
    return all ? CMD_DONE : CMD_SOME_FAILED;
}

/* The last zones, when all scans are in. */
static int settle_zones(struct settle_timer *timer, int status) {
    struct err err;
    if (settle_timer_finish(timer, &err))
        return status;
    fprintf(stderr, "originscan scan: settings are not up to date: %s\n", err.text);
    return CMD_SOME_FAILED;
}

static int scan_due(struct store *store, const struct config *config,
                    enum settle_timer_options from) {
    struct err err;
    struct run run = {.base = event_base_new(), .begun_us = clock_mono_us()};
    struct settle_timer *timer = settle_timer_new(run.base, store, config, from, &err);
    if (!timer) {
        cmd_fail("scan", &err);
        event_base_free(run.base);
        return CMD_USAGE;
    }
    struct scan_loop_options loop_options = {.base = run.base,
                                             .store = store,
                                             .config = config,
                                             .descriptors = cmd_raise_descriptors(),
                                             .once = true,
                                             .observe = settle_observe,
                                             .observe_arg = settle_timer_in_force(timer),
                                             .ended = on_ended,
                                             .arg = &run};
    int status = CMD_USAGE;
    run.loop = scan_loop_new(&loop_options, &err);
    if (run.loop) {
        struct stop_signals *signals = stop_signals_new(run.base, on_stop, &run);
        add_progress(&run);
        scan_loop_start(run.loop);
        event_base_dispatch(run.base);
        status = print_summary(&run);
        stop_signals_free(signals);
    } else {
        cmd_fail("scan", &err);
    }
    if (run.progress)
        event_free(run.progress);
    scan_loop_free(run.loop);
    status = settle_zones(timer, status);
    event_base_free(run.base);
    return status;
}

static int scan_configured(const struct config *config, enum settle_timer_options from) {
    struct err err;
    log_setup(config->log_level, config->log_format);
    struct store *store = open_store(config, STORE_WRITE, &err);
    if (!store) {
        cmd_fail("scan", &err);
        return CMD_USAGE;
    }
    int status = scan_due(store, config, from);
    store_close(store);
    return status;
}

int cmd_scan(int argc, char **argv) {
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .doc = "Scans every origin that is due or was never scanned, once.\v"
               "Refuses to run while a daemon or another scan uses the same database.\n\n"
               "Exit status: 0 every origin was measured, 1 some were not, 2 wrong usage, "
               "configuration or no usable database.",
    };
    struct err err;
    struct config config;
    /* A run from cron logs nothing unless something is wrong. */
    struct arguments arguments = {.source.base = "log_level = warning\n"};
    arguments.set = alloc_zero((size_t)argc, sizeof *arguments.set);
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    arguments.source.set = arguments.set;
    bool good = config_load(&arguments.source, &config, &err);
    if (!good)
        cmd_fail("scan", &err);
    /* Without a word about how settings are made, they are made as they were before. */
    enum settle_timer_options options_from = config_source_has_settings(&arguments.source)
                                                 ? SETTLE_TIMER_CONFIGURED
                                                 : SETTLE_TIMER_STORED;
    int status = good ? scan_configured(&config, options_from) : CMD_USAGE;
    config_clear(&config);
    free(arguments.set);
    return status;
}
