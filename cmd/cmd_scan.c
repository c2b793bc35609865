/* originscan scan: everything that is due, once; for cron. */
#include "cmd/cmd.h"

#include "cmd/daemon/log.h"
#include "cmd/daemon/open_store.h"
#include "cmd/daemon/scan_loop.h"
#include "cmd/daemon/settle_timer.h"
#include "cmd/scan/scan_beside.h"
#include "cmd/scan/scan_names.h"
#include "cmd/scan/scan_progress.h"
#include "cmd/scan/scan_summary.h"
#include "cmd/service/stop_signals.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "scanner/base/loop.h"
#include "store/store_schedule.h"
#include "store/store_wanted.h"

#include <event2/event.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_DB = 256, KEY_CONFIG, KEY_SET, KEY_QUIET, KEY_VERBOSE };

static const struct argp_option options[] = {
    {"db", KEY_DB, "FILE", 0, "The database (default: as configured)", 0},
    {"config", KEY_CONFIG, "FILE", 0, "Use the daemon's configuration file", 0},
    {"set", KEY_SET, "KEY=VALUE", 0,
     "Set one configuration key for this run (may be repeated); `originscan daemon "
     "--dump-config' lists them",
     0},
    {"quiet", KEY_QUIET, NULL, 0,
     "Show no progress, and the summary only if something changed or needs attention (the default "
     "without a terminal)",
     0},
    {"verbose", KEY_VERBOSE, NULL, 0,
     "Always show the summary, even without a terminal, with each change in it", 0},
    {0},
};

enum loudness { LOUD_BY_TERMINAL, LOUD_QUIET, LOUD_VERBOSE };

struct arguments {
    struct config_source source;
    const char **set;
    enum loudness loudness;
    size_t names_n;
    const char **names; /* what is to be scanned now; none: whatever is due */
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
    case KEY_QUIET:
        arguments->loudness = LOUD_QUIET;
        return 0;
    case KEY_VERBOSE:
        arguments->loudness = LOUD_VERBOSE;
        return 0;
    case ARGP_KEY_ARG:
        arguments->names[arguments->names_n++] = text;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->source.database && !arguments->source.path)
            cmd_usage_error(state, "--db FILE or --config FILE is missing");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

struct run {
    const struct arguments *arguments;
    struct store *store;
    const struct config *config;
    struct event_base *base;
    struct scan_loop *loop;
    struct settle_timer *timer;
    struct scan_summary summary;
    struct scan_names names;
    uint64_t begun_us;
    uint64_t total; /* origins that were named, or due when it began */
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

/* Settling asks the store as well: one that is broken ends all. */
static void on_unsettled(void *arg, enum store_result result, const struct err *err) {
    const struct run *run = arg;
    scan_loop_store_failed(run->loop, "settle", result, err);
}

static void note_scan(void *arg, const struct scan *scan, const struct judgement *judgement) {
    struct run *run = arg;
    scan_summary_note(&run->summary, scan, judgement);
}

static struct scan_progress_numbers tell_progress(void *arg) {
    const struct run *run = arg;
    struct scan_loop_numbers numbers = scan_loop_numbers(run->loop);
    return (struct scan_progress_numbers){
        .total = run->total,
        .done = scan_summary_origins(&run->summary),
        .not_measured = scan_summary_not_measured(&run->summary),
        .in_flight = numbers.in_flight,
        .store_late = numbers.store_late,
    };
}

static double seconds_of(const struct run *run) {
    return (double)(clock_mono_us() - run->begun_us) / 1e6;
}

/* What keeps the run from being as it should, a line each on standard error; true if anything. */
static bool print_trouble(const struct run *run, const struct scan_loop_numbers *numbers,
                          const struct err *unsettled) {
    bool broken = run->end != SCAN_LOOP_FINISHED;
    if (run->stopped)
        cmd_say("scan", "stopped before everything was scanned");
    if (broken)
        cmd_say("scan", "not everything could be written to the database");
    if (numbers->troubled)
        cmd_say("scan",
                "%" PRIu64 " visit%s could not be made because of this machine: no "
                "name server, no processor time, or no other resources",
                numbers->troubled, numbers->troubled == 1 ? "" : "s");
    if (unsettled)
        cmd_say("scan", "settings are not up to date: %s", unsettled->text);
    return run->stopped || broken || numbers->troubled || unsettled;
}

static bool wants_summary(const struct run *run, bool trouble) {
    switch (run->arguments->loudness) {
    case LOUD_VERBOSE:
        return true;
    case LOUD_QUIET:
        break;
    case LOUD_BY_TERMINAL:
        if (isatty(STDOUT_FILENO))
            return true;
        break;
    }
    return trouble || run->summary.lines > 0;
}

/* Why nothing was scanned, which surprises whoever has just changed something. */
static void print_idle(const struct run *run) {
    struct store_backlog backlog;
    char iso[CLOCK_ISO_SIZE];
    struct err err;
    if (store_backlog(run->store, clock_wall_ms(), &backlog, &err) != STORE_OK)
        return;
    if (backlog.due_now > 0) /* others have them, or they became due just now */
        return;
    if (backlog.next_due_ms)
        printf("nothing is due before %.16sZ; what is named is scanned at once\n",
               clock_iso(backlog.next_due_ms, iso));
    else
        puts("the database has no origins");
}

/* What came of it; the exit status. `others` also change things: only what is named is ours. */
static int conclude_run(struct run *run, bool trouble, bool others) {
    struct err err;
    bool all = run->arguments->loudness == LOUD_VERBOSE;
    double seconds = seconds_of(run);
    scan_summary_filter *filter = others ? scan_names_has_subject : NULL;
    if (scan_summary_read(&run->summary, run->store, all, filter, &run->names, &err) != STORE_OK)
        trouble = cmd_fail("scan", &err);
    if (wants_summary(run, trouble))
        scan_summary_print(stdout, &run->summary, seconds);
    if (wants_summary(run, trouble) && !trouble && run->arguments->names_n == 0 &&
        scan_summary_origins(&run->summary) == 0)
        print_idle(run);
    bool good = !trouble && scan_summary_not_measured(&run->summary) == 0;
    return good ? CMD_DONE : CMD_SOME_FAILED;
}

/* After the last scan is in: the last zones. */
static int finish_run(struct run *run) {
    struct err err;
    struct scan_loop_numbers numbers = scan_loop_numbers(run->loop);
    double seconds = seconds_of(run);
    bool settled = settle_timer_finish(run->timer, &err);
    bool trouble = print_trouble(run, &numbers, settled ? NULL : &err);
    int status = conclude_run(run, trouble, false);
    log_event(LOG_LEVEL_INFO, "scan_ended", log_count("scans", (int64_t)numbers.scans),
              log_count("complete", (int64_t)numbers.complete),
              log_count("deferred", (int64_t)numbers.deferred), log_real("seconds", seconds));
    return numbers.scans == numbers.complete ? status : CMD_SOME_FAILED;
}

static int run_loop(struct run *run) {
    bool quiet = run->arguments->loudness == LOUD_QUIET;
    struct stop_signals *signals = stop_signals_new(run->base, on_stop, run);
    struct scan_progress *progress =
        quiet ? NULL : scan_progress_new(run->base, tell_progress, run);
    scan_loop_start(run->loop);
    run->end = SCAN_LOOP_BROKEN; /* until the loop says otherwise */
    event_base_dispatch(run->base);
    scan_progress_free(progress);
    stop_signals_free(signals);
    return finish_run(run);
}

/* Which origins are meant: makes those due that are named. */
static bool choose_origins(struct run *run, struct err *err) {
    struct store *store = run->store;
    if (run->arguments->names_n == 0)
        return store_count_due(store, clock_wall_ms(), &run->total, err) == STORE_OK;
    run->total = scan_summary_origins(&run->summary) + run->names.n;
    return store_want(store, run->names.ids, run->names.n, clock_wall_ms(), err) == STORE_OK;
}

static bool begin_run(struct run *run, enum settle_timer_options from, struct err *err) {
    if (!choose_origins(run, err))
        return false;
    run->timer = settle_timer_new(run->base, run->store, run->config, from, err);
    if (!run->timer)
        return false;
    struct scan_loop_options loop = {.base = run->base,
                                     .store = run->store,
                                     .config = run->config,
                                     .descriptors = cmd_raise_descriptors(),
                                     .once = true,
                                     .only = run->names.n ? run->names.ids : NULL,
                                     .only_n = run->names.n,
                                     .observe = settle_observe,
                                     .observe_arg = settle_timer_in_force(run->timer),
                                     .scanned = note_scan,
                                     .ended = on_ended,
                                     .arg = run};
    run->loop = scan_loop_new(&loop, err);
    settle_timer_on_failure(run->timer, on_unsettled, run);
    if (!run->loop) {
        struct err unsettled; /* the first failure is the one to tell */
        settle_timer_finish(run->timer, &unsettled);
    }
    return run->loop != NULL;
}

static int scan_alone(struct run *run, enum settle_timer_options from) {
    struct err err;
    int status = CMD_USAGE;
    run->base = loop_new();
    if (begin_run(run, from, &err))
        status = run_loop(run);
    else
        cmd_fail("scan", &err);
    scan_loop_free(run->loop);
    event_base_free(run->base);
    return status;
}

/* True if the process that had the database is gone, so that the rest is ours to scan. */
static bool scan_beside(struct run *run, int *status) {
    struct err err;
    struct scan_beside_options how = {.store = run->store,
                                      .path = run->config->database,
                                      .quiet = run->arguments->loudness == LOUD_QUIET};
    switch (scan_beside_run(&how, &run->names, &run->summary, &err)) {
    case SCAN_BESIDE_GONE:
        return true;
    case SCAN_BESIDE_DONE:
        *status = conclude_run(run, false, true);
        break;
    case SCAN_BESIDE_UNSETTLED:
        cmd_say("scan", "all are scanned, but the process that has the database has not "
                        "settled their zones yet");
        *status = conclude_run(run, true, true);
        break;
    case SCAN_BESIDE_STOPPED:
        cmd_say("scan", "not waiting any longer; the process that has the database scans "
                        "the rest");
        *status = conclude_run(run, true, true);
        break;
    case SCAN_BESIDE_FAILED:
        *status = cmd_fail("scan", &err);
        break;
    }
    return false;
}

static bool find_names(struct run *run, struct err *err) {
    for (size_t i = 0; i < run->arguments->names_n; i++)
        if (!scan_names_add(&run->names, run->store, run->arguments->names[i], err))
            return false;
    scan_names_sort(&run->names);
    return true;
}

/* A store to write to, or to work beside the process that has it, where origins are named. */
static bool open_to_scan(struct run *run, bool *beside, struct err *err) {
    bool named = run->arguments->names_n > 0;
    long writer = 0;
    run->store = open_store(run->config, STORE_WRITE, err);
    if (!run->store && named)
        writer = store_writer(run->config->database);
    *beside = writer != 0;
    if (*beside) {
        run->store = open_store(run->config, STORE_BESIDE, err);
        if (run->arguments->loudness != LOUD_QUIET && isatty(STDERR_FILENO))
            cmd_say("scan", "process %ld has the database and scans them", writer);
    }
    return run->store != NULL;
}

static int scan_opened(struct run *run, enum settle_timer_options from) {
    struct err err;
    bool beside, first = true;
    int status = CMD_USAGE;
    for (bool again = true; again; first = false) {
        again = false;
        bool good = open_to_scan(run, &beside, &err);
        if (good && first)
            good = find_names(run, &err) &&
                   scan_summary_begin(&run->summary, run->store, &err) == STORE_OK;
        if (!good)
            cmd_fail("scan", &err);
        else if (beside)
            again = scan_beside(run, &status);
        else
            status = scan_alone(run, from);
        store_close(run->store);
        run->store = NULL;
    }
    return status;
}

static int scan_configured(const struct arguments *arguments, const struct config *config,
                           enum settle_timer_options from) {
    struct run run = {.arguments = arguments, .config = config, .begun_us = clock_mono_us()};
    log_setup(config->log_level, config->log_format);
    int status = scan_opened(&run, from);
    log_finish();
    scan_summary_clear(&run.summary);
    scan_names_clear(&run.names);
    return status;
}

int cmd_scan(int argc, char **argv) {
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .args_doc = "[HOST[:PORT]|ZONE...]",
        .doc =
            "Scans every origin that is due or was never scanned, or those that are named, due or "
            "not, once, and ends with a summary: how many were measured, what failed, which "
            "verdicts and settings changed.\v"
            "While a daemon or another scan has the database, that process scans the named origins "
            "next, within its limits, and this command waits for it; without names it is "
            "refused.\n\n"
            "Exit status: 0 every origin was measured, 1 some were not, 2 wrong usage or "
            "configuration, or no usable database.",
    };
    struct err err;
    struct config config;
    /* A run from cron logs nothing unless something is wrong. */
    struct arguments arguments = {.source.base = "log_level = warning\n"};
    arguments.set = alloc_zero((size_t)argc, sizeof *arguments.set);
    arguments.names = alloc_zero((size_t)argc, sizeof *arguments.names);
    cmd_parse(&argp, argc, argv, 0, &arguments);
    arguments.source.set = arguments.set;
    bool good = config_load(&arguments.source, &config, &err);
    if (!good)
        cmd_fail("scan", &err);
    /* Without a word about how settings are made, they are made as they were before. */
    enum settle_timer_options options_from = config_source_has_settings(&arguments.source)
                                                 ? SETTLE_TIMER_CONFIGURED
                                                 : SETTLE_TIMER_STORED;
    int status = good ? scan_configured(&arguments, &config, options_from) : CMD_USAGE;
    config_clear(&config);
    free(arguments.set);
    free(arguments.names);
    return status;
}
