/* Runs the scans of `originscan probe`. */
#include "cmd/probe_run.h"

#include "cmd/cmd.h"
#include "cmd/daemon/scan_parts.h"
#include "cmd/probe_print.h"
#include "cmd/probe_save.h"
#include "cmd/service/stop_signals.h"
#include "scanner/base/clock.h"
#include "scanner/base/loop.h"
#include "scanner/net/politeness.h"
#include "scanner/net/resolver.h"
#include "scanner/probe/leaf_shelf.h"
#include "scanner/probe/tls_prober.h"
#include "scanner/visit/engine.h"

#include <event2/event.h>

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* Often enough that one sees it live, seldom enough that it costs nothing. */
#define PROGRESS_EVERY_MS 200

/* Enough for those of the scans that are under way; with more at a time some go without. */
#define LEAVES_KEPT 1024

struct output {
    const struct probe_options *run;
    struct event_base *base;
    struct engine *engine;
    const struct tls_prober *prober;
    uint64_t begun_us;
    struct probe_print *print;
    struct probe_save *save; /* NULL: nothing is saved */
    size_t started;
    size_t scanned;
    bool some_failed;
    bool has_verdict;       /* one of those that make the run fail */
    int status;             /* of the last whole round */
    bool stopped;           /* by a signal */
    struct event *progress; /* NULL where stderr is no terminal */
};

bool probe_run_origin(const struct probe_options *run, const char *text, struct origin *out,
                      struct err *err) {
    return origin_parse(text, run->port, out, err) &&
           (!run->sni || origin_set_sni(out, run->sni, err));
}

static bool next_origin(void *arg, struct visit_request *out, uint64_t *ticket) {
    struct output *output = arg;
    if (output->started == output->run->texts_n)
        return false;
    *ticket = output->started;
    *out = (struct visit_request){.plan = output->run->plan, .resume = true};
    bool read = probe_run_origin(output->run, output->run->texts[output->started++].text,
                                 &out->origin, NULL);
    assert(read); /* every text was read once before the run began */
    return read;
}

/* On a timer of its own: while the last origin keeps us waiting, nothing else would tell. */
static void show_progress(evutil_socket_t fd, short what, void *arg) {
    const struct output *output = arg;
    (void)fd;
    (void)what;
    fprintf(stderr,
            "\r\033[K%zu of %zu origins scanned, %zu in flight, %" PRIu64
            " connections made, %" PRIu64 " s",
            output->scanned, output->run->texts_n, engine_in_flight(output->engine),
            output->prober->probes, (clock_mono_us() - output->begun_us) / 1000000);
    fflush(stderr);
}

static void clear_progress(const struct output *output) {
    if (!output->progress)
        return;
    fprintf(stderr, "\r\033[K");
    fflush(stderr);
}

static void start_progress(struct output *output) {
    const struct timeval every = {.tv_usec = PROGRESS_EVERY_MS * 1000};
    if (output->run->quiet || !isatty(STDERR_FILENO))
        return;
    output->progress = event_new(output->base, -1, EV_PERSIST, show_progress, output);
    event_add(output->progress, &every);
}

static void take_scan(void *arg, const struct scan *scan, uint64_t ticket) {
    struct output *output = arg;
    struct judgement judgement;
    verdict_judge(scan, &judgement);
    clear_progress(output);
    struct probe_print_state state = probe_print_take(output->print, scan, &judgement, ticket);
    if (output->save)
        probe_save_add(output->save, scan, ticket);
    output->scanned += state.finished;
    if (state.finished && !state.measured)
        output->some_failed = true;
    if (judgement.verdicts & output->run->fail_on)
        output->has_verdict = true;
    if (probe_print_broken(output->print)) /* nobody gets what further connections would show */
        event_base_loopbreak(output->base);
}

static void on_idle(void *arg) {
    struct output *output = arg;
    event_base_loopexit(output->base, NULL);
}

/* NULL where there is no limit. */
static struct politeness *limit_rate(const struct probe_options *run) {
    struct politeness_limits limits = {.address_per_s = run->rate, .waiting = UINT32_MAX};
    return run->rate > 0 ? politeness_new(&limits) : NULL;
}

static int round_status(const struct output *output) {
    bool broken = probe_print_broken(output->print);
    if (output->has_verdict && !broken)
        return CMD_HAS_VERDICT;
    return output->some_failed || output->run->bad_lines > 0 || broken ? CMD_SOME_FAILED : CMD_DONE;
}

/* ---- rounds ----------------------------------------------------------------------------------- */

static void on_stop(void *arg) {
    struct output *output = arg;
    output->stopped = true;
    event_base_loopbreak(output->base);
}

/* Scans every origin once. What it comes to counts unless a signal ended it. */
static void run_round(struct output *output) {
    output->started = output->scanned = 0;
    output->some_failed = output->has_verdict = false;
    output->begun_us = clock_mono_us();
    engine_wake(output->engine);
    event_base_dispatch(output->base);
    if (output->stopped)
        return;
    if (!probe_print_finish_round(output->print))
        output->some_failed = true;
    if (output->save && !probe_save_finish(output->save))
        output->some_failed = true;
    output->status = round_status(output);
}

static void wait_for_next_round(struct output *output) {
    uint64_t took_us = clock_mono_us() - output->begun_us;
    uint64_t every_us = UINT64_C(1000000) * output->run->interval_s;
    uint64_t rest_us = took_us < every_us ? every_us - took_us : 0;
    const struct timeval rest = {.tv_sec = (time_t)(rest_us / 1000000),
                                 .tv_usec = (suseconds_t)(rest_us % 1000000)};
    event_base_loopexit(output->base, &rest);
    event_base_dispatch(output->base);
}

static void run_rounds(struct output *output) {
    struct stop_signals *signals =
        output->run->watch ? stop_signals_new(output->base, on_stop, output) : NULL;
    run_round(output);
    while (output->run->watch && !output->stopped && !probe_print_broken(output->print)) {
        wait_for_next_round(output);
        if (!output->stopped)
            run_round(output);
    }
    stop_signals_free(signals);
}

static void run_engine(struct output *output, struct resolver *resolver,
                       struct tls_prober *prober) {
    const struct probe_options *run = output->run;
    struct politeness *politeness = limit_rate(run);
    struct engine_options options = {
        .visit = {.base = output->base,
                  .prober = prober,
                  .resolver = resolver,
                  .politeness = politeness,
                  .hybrid = run->hybrid,
                  .family = run->family,
                  .all_addresses = run->all_addresses,
                  .resolve_timeout_ms = run->timeout_ms,
                  .pause_min_ms = SCAN_PARTS_PAUSE_MIN_MS,
                  .pause_max_ms = SCAN_PARTS_PAUSE_MAX_MS},
        .limits = {.in_flight = scan_parts_in_flight(run->concurrency, cmd_raise_descriptors())},
        .source = next_origin,
        .sink = take_scan,
        .idle = on_idle,
        .arg = output,
    };
    output->prober = prober;
    output->engine = engine_new(&options);
    start_progress(output);
    run_rounds(output);
    clear_progress(output);
    if (output->progress)
        event_free(output->progress);
    engine_free(output->engine);
    politeness_free(politeness);
}

static int run_and_print(struct output *output, struct resolver *resolver,
                         struct tls_prober *prober, const struct leaf_shelf *leaves) {
    output->print = probe_print_new(output->run, leaves);
    output->status = CMD_SOME_FAILED; /* unless a round comes to its end */
    run_engine(output, resolver, prober);
    probe_print_free(output->print);
    return output->status;
}

int probe_run(const struct probe_options *run) {
    struct err err = {{0}};
    struct leaf_shelf *leaves = leaf_shelf_new(LEAVES_KEPT);
    struct output output = {.run = run, .base = loop_new()};
    struct tls_prober_options prober_options = {.base = output.base,
                                                .policy = run->policy,
                                                .timeout_ms = run->timeout_ms,
                                                .mss = run->mss,
                                                .hello_max = run->hello_max,
                                                .leaves = leaves,
                                                .alpn = run->alpn};
    struct resolver_options resolver_options = {.servers = run->dns_servers, .serverless = true};
    struct resolver *resolver = resolver_new(output.base, &resolver_options, &err);
    struct tls_prober *prober = resolver ? tls_prober_new(&prober_options, &err) : NULL;
    bool ready = prober != NULL;
    if (ready && run->save) {
        output.save = probe_save_new(run->save, run->hybrid, &err);
        ready = output.save != NULL;
    }
    int status = CMD_USAGE;
    if (ready)
        status = run_and_print(&output, resolver, prober, leaves);
    else
        cmd_fail("probe", &err);
    probe_save_free(output.save);
    tls_prober_free(prober);
    leaf_shelf_free(leaves);
    resolver_free(resolver);
    event_base_free(output.base);
    return status;
}
