/* Runs the scans of `originscan probe` and prints each as it finishes, or in its turn. */
#include "cmd/probe_run.h"

#include "cmd/cmd.h"
#include "cmd/daemon/scan_parts.h"
#include "report/view/scan_json.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "scanner/net/politeness.h"
#include "scanner/net/resolver.h"
#include "scanner/probe/tls_prober.h"
#include "scanner/visit/engine.h"
#include "scanner/visit/visit_addresses.h"

#include <event2/event.h>

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Often enough that one sees it live, seldom enough that it costs nothing. */
#define PROGRESS_EVERY_MS 200

struct output {
    const struct probe_run *run;
    struct event_base *base;
    struct engine *engine;
    const struct tls_prober *prober;
    uint64_t begun_us;
    char **finished; /* texts that wait for their turn */
    size_t started;
    size_t printed;
    size_t scanned;
    bool some_failed;
    bool has_verdict;       /* one of those that make the run fail */
    bool broken;            /* standard output takes no more */
    struct event *progress; /* NULL where stderr is no terminal */
};

bool probe_run_origin(const struct probe_run *run, const char *text, struct origin *out,
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

static char *render_scan(const struct probe_run *run, const struct scan *scan,
                         const struct judgement *judgement) {
    if (run->json) {
        char *line = scan_json_line(scan, judgement);
        return line;
    }
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to)
        return alloc_string("");
    char source[ORIGIN_ADDRESS_SIZE];
    struct scan_text_options options = run->text;
    options.version = ORIGINSCAN_VERSION;
    options.source = visit_addresses_source(scan->address, source);
    scan_text_print(to, scan, judgement, &options);
    fclose(to);
    return text;
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

/* Results that nobody gets are not worth anybody's connections. A reader that went away knows why,
 * so it is told nothing. */
static void check_output(struct output *output) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return;
    if (errno != EPIPE)
        fprintf(stderr, "originscan probe: standard output: %s\n", strerror(errno));
    output->broken = true;
    event_base_loopbreak(output->base);
}

static void print_text(const struct output *output, const char *text) {
    fputs(text, stdout);
    if (output->run->json)
        fputc('\n', stdout);
}

/* Prints what is next in order, as far as it is there. */
static bool print_in_turn(struct output *output) {
    bool any = false;
    while (output->printed < output->run->texts_n && output->finished[output->printed]) {
        any = true;
        print_text(output, output->finished[output->printed]);
        free(output->finished[output->printed]);
        output->finished[output->printed++] = NULL;
    }
    return any;
}

/* Takes the text over. */
static void print_finished(struct output *output, char *text, uint64_t ticket) {
    bool any = true;
    clear_progress(output);
    if (output->run->ordered) {
        output->finished[ticket] = text;
        any = print_in_turn(output);
    } else {
        print_text(output, text);
        free(text);
    }
    if (any && !output->broken)
        check_output(output);
}

static void take_scan(void *arg, const struct scan *scan, uint64_t ticket) {
    struct output *output = arg;
    struct judgement judgement;
    verdict_judge(scan, &judgement);
    char *text = render_scan(output->run, scan, &judgement);
    output->scanned++;
    if (judgement.status != STATUS_COMPLETE)
        output->some_failed = true;
    if (judgement.verdicts & output->run->fail_on)
        output->has_verdict = true;
    print_finished(output, text, ticket);
}

static void on_idle(void *arg) {
    struct output *output = arg;
    event_base_loopexit(output->base, NULL);
}

/* NULL where there is no limit. */
static struct politeness *limit_rate(const struct probe_run *run) {
    struct politeness_limits limits = {.address_per_s = run->rate, .waiting = UINT32_MAX};
    return run->rate > 0 ? politeness_new(&limits) : NULL;
}

static void run_engine(struct output *output, struct resolver *resolver,
                       struct tls_prober *prober) {
    const struct probe_run *run = output->run;
    struct politeness *politeness = limit_rate(run);
    struct engine_options options = {
        .visit = {.base = output->base,
                  .prober = prober,
                  .resolver = resolver,
                  .politeness = politeness,
                  .hybrid = run->hybrid,
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
    output->begun_us = clock_mono_us();
    output->engine = engine_new(&options);
    engine_wake(output->engine);
    start_progress(output);
    event_base_dispatch(output->base);
    clear_progress(output);
    if (output->progress)
        event_free(output->progress);
    engine_free(output->engine);
    politeness_free(politeness);
}

static int exit_status(const struct output *output) {
    if (output->has_verdict && !output->broken)
        return CMD_HAS_VERDICT;
    return output->some_failed || output->run->bad_lines > 0 || output->broken ? CMD_SOME_FAILED
                                                                               : CMD_DONE;
}

int probe_run(const struct probe_run *run) {
    struct err err = {{0}};
    struct output output = {.run = run, .base = event_base_new()};
    struct tls_prober_options prober_options = {.base = output.base,
                                                .policy = run->policy,
                                                .timeout_ms = run->timeout_ms,
                                                .mss = run->mss,
                                                .hello_max = run->hello_max,
                                                .alpn = run->alpn};
    struct resolver_options resolver_options = {.servers = run->dns_servers, .serverless = true};
    struct resolver *resolver = resolver_new(output.base, &resolver_options, &err);
    struct tls_prober *prober = resolver ? tls_prober_new(&prober_options, &err) : NULL;
    int status = CMD_USAGE;
    if (prober) {
        output.finished = alloc_zero(run->texts_n, sizeof *output.finished);
        run_engine(&output, resolver, prober);
        for (size_t i = 0; i < run->texts_n; i++)
            free(output.finished[i]); /* not printed, where the output broke */
        free(output.finished);
        status = exit_status(&output);
    } else {
        cmd_fail("probe", &err);
    }
    tls_prober_free(prober);
    resolver_free(resolver);
    event_base_free(output.base);
    return status;
}
