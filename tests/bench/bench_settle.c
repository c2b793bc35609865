/* How long it takes to make all settings again from 60 visits of every origin:
 * bench_settle FILE [ORIGINS]
 *
 * Ten origins a zone; the visits are of a careful year's last weeks, mixed as fleets are. Prints
 * the time that 1,000,000 origins would take and the most memory that was used. */
#include "cmd/settle/settle.h"
#include "report/rule/origin_history.h"
#include "scanner/base/clock.h"
#include "store/store_import.h"
#include "store/store_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define START_MS INT64_C(1795446000000)
#define HOUR_MS INT64_C(3600000)

enum { VISITS = 60, ORIGINS_A_ZONE = 10, BATCH = 1000, MILLION = 1000000 };

static void need(enum store_result result, const struct err *err) {
    if (result == STORE_OK)
        return;
    fprintf(stderr, "bench_settle: %s\n", err->text);
    exit(1);
}

static double cpu_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Visit `n` of an origin, every eight hours: one in eight origins refuses large hellos, one in
 * eight has no hybrid, the others are sound; one first try in 300 fails. */
static struct observation made_visit(uint64_t origin, unsigned n) {
    bool hybrid = origin % 8 != 1, broken = origin % 8 == 2;
    uint64_t dice = (origin * 1000003 + n * 7919) % 300;
    struct rule_trial works = {.tries = 1, .works = true, .group = hybrid ? 4588 : 29};
    struct rule_trial fails = {.tries = 2, .failed = 2};
    struct rule_trial slips = {.tries = 2, .failed = 1, .works = true, .group = works.group};
    struct rule_trial large = broken ? fails : dice == 0 ? slips : works;
    return (struct observation){
        .time_ms = START_MS + n * 8 * HOUR_MS + (int64_t)(origin % 7) * HOUR_MS,
        .address = (uint32_t)(origin * 2654435761U + n % 2),
        .kind = n % 3 ? KIND_EXTRA : KIND_DAILY,
        .conclusive = true,
        .tls13 = true,
        .hybrid_known = hybrid,
        .controls = 2,
        .ceiling = broken ? LEVEL_SUPPORTED : LEVEL_PREFERRED,
        .trials = {[MODE_SUPPORTED] = works,
                   [MODE_PREFERRED] = large,
                   [MODE_PREFERRED_DUAL] = n % 3 ? (struct rule_trial){.tries = 0} : large},
        .shares = {SHARE_ACCEPTED},
        .confirmed = {true},
    };
}

static void put_visits(struct store *store, int64_t id, const struct settle_options *options) {
    static uint8_t bytes[ORIGIN_VISITS_SIZE];
    struct err err;
    size_t n = 0;
    for (unsigned i = 0; i < VISITS; i++) {
        struct observation scan = made_visit((uint64_t)id, i);
        n = origin_visits_append(bytes, n, &options->params, &scan);
    }
    need(store_origin_visits_put(store, id, bytes, n, &err), &err);
}

static void import(struct store *store, uint64_t from, uint64_t to) {
    static struct origin origins[BATCH];
    struct store_import_counts counts = {0};
    struct err err;
    size_t n = 0;
    for (uint64_t i = from; i < to; i++) {
        struct origin *origin = &origins[n++];
        memset(origin, 0, sizeof *origin);
        snprintf(origin->zone, sizeof origin->zone, "zone%07llu.example",
                 (unsigned long long)(i / ORIGINS_A_ZONE));
        snprintf(origin->host, sizeof origin->host, "host%07llu.example", (unsigned long long)i);
        memcpy(origin->sni, origin->host, sizeof origin->sni);
        origin->port = 443;
        origin->weight = 1;
    }
    need(store_import(store, origins, n, START_MS, &counts, &err), &err);
}

struct filling {
    struct store *store;
    const struct settle_options *options;
    uint64_t from, to;
};

static enum store_result fill_batch(void *arg, struct err *err) {
    const struct filling *filling = arg;
    (void)err;
    import(filling->store, filling->from, filling->to);
    for (uint64_t id = filling->from + 1; id <= filling->to; id++)
        put_visits(filling->store, (int64_t)id, filling->options);
    return STORE_OK;
}

static void fill(struct store *store, uint64_t origins, const struct settle_options *options) {
    struct err err;
    for (uint64_t from = 0; from < origins; from += BATCH) {
        uint64_t to = from + BATCH < origins ? from + BATCH : origins;
        struct filling filling = {store, options, from, to};
        need(store_transaction(store, fill_batch, &filling, &err), &err);
    }
}

static long memory_mb(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

static void measure(const char *what, struct store *store, const struct settle_options *options,
                    uint64_t origins, bool rebuild) {
    struct err err;
    struct settle_cycle cycle = {.rebuild = rebuild};
    uint64_t began_us = clock_mono_us();
    double cpu_from_s = cpu_s();
    need(store_zone_touch(store, 0, &err), &err);
    need(settle_all(store, options, START_MS + VISITS * 8 * HOUR_MS, &cycle, &err), &err);
    double wall_s = 1e-6 * (double)(clock_mono_us() - began_us), cpu = cpu_s() - cpu_from_s;
    printf("%-34s %7llu zones %8.2f s, %8.2f s of the processor; for 1,000,000 origins %6.1f s, "
           "%6.1f s; %ld MB at most\n",
           what, (unsigned long long)cycle.zones, wall_s, cpu, wall_s * MILLION / (double)origins,
           cpu * MILLION / (double)origins, memory_mb());
}

int main(int argc, char **argv) {
    struct err err;
    struct settle_options options;
    if (argc < 2) {
        fprintf(stderr, "usage: bench_settle FILE [ORIGINS]\n");
        return 2;
    }
    uint64_t origins = argc > 2 ? strtoull(argv[2], NULL, 10) : 20000;
    struct store_options store_options = {.path = argv[1], .access = STORE_CREATE};
    struct store *store = store_open(&store_options, &err);
    if (!store)
        need(STORE_BROKEN, &err);
    settle_options_init(&options, PROFILE_CAREFUL);
    fill(store, origins, &options);
    measure("all from 60 visits, first time", store, &options, origins, true);
    measure("all from 60 visits, again", store, &options, origins, true);
    measure("all from memos", store, &options, origins, false);
    store_close(store);
    return 0;
}
