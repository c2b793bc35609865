/* Plays recorded scans over virtual days through the store, the rule and the settling, and connects
 * as the settings that came out of it say.
 *
 *   settle_replay play DAILY QUICK OUT DAYS   two databases of recorded scans -> a third
 *   settle_replay connect DB                  a line for each origin of it, tried with its setting
 *
 * The clock is the only thing that is not real. */
#include "cmd/settle/settle.h"
#include "scanner/base/alloc.h"
#include "scanner/net/address_policy.h"
#include "scanner/probe/tls_probe.h"
#include "store/store_import.h"
#include "store/store_read.h"
#include "store/store_schedule.h"

#include <event2/event.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MS INT64_C(1795446000000) /* 2026-11-23T15:00:00Z */
#define DAY_MS INT64_C(86400000)
#define CLAIMS 64

static void need(enum store_result result, const struct err *err) {
    if (result == STORE_OK)
        return;
    fprintf(stderr, "settle_replay: %s\n", err->text);
    exit(2);
}

static struct store *open_db(const char *path, enum store_access access) {
    struct err err;
    struct store_options options = {.path = path, .access = access};
    struct store *store = store_open(&options, &err);
    if (!store)
        need(STORE_BROKEN, &err);
    return store;
}

/* ---- recordings ---- */

struct recording {
    struct store *store; /* whence */
    bool quick;
    size_t n;
    struct scan *scans;
};

static bool keep_scan(void *arg, const struct scan *scan) {
    struct recording *recording = arg;
    recording->scans = alloc_resize(recording->scans, recording->n + 1, sizeof *recording->scans);
    struct scan *copy = &recording->scans[recording->n++];
    *copy = *scan;
    copy->plan = recording->quick ? PLAN_QUICK : PLAN_DAILY;
    copy->probes = alloc_zero(scan->probes_n, sizeof *scan->probes);
    memcpy(copy->probes, scan->probes, scan->probes_n * sizeof *scan->probes);
    copy->addresses_n = 0;
    copy->addresses = NULL;
    return true;
}

static bool keep_origin(void *arg, const struct store_origin *origin) {
    struct recording *recording = arg;
    struct err err;
    need(store_history(recording->store, origin->id, 100, keep_scan, recording, &err), &err);
    return true;
}

static bool keep_zone(void *arg, int64_t id, const char *name,
                      const struct store_setting *setting) {
    struct recording *recording = arg;
    struct err err;
    (void)name;
    (void)setting;
    need(store_origins_of_zone(recording->store, id, keep_origin, recording, &err), &err);
    return true;
}

static void load(struct recording *recording, const char *path, bool quick) {
    struct err err;
    *recording = (struct recording){.store = open_db(path, STORE_READ), .quick = quick};
    need(store_zones(recording->store, keep_zone, recording, &err), &err);
    store_close(recording->store);
}

static void drop(struct recording *recording) {
    for (size_t i = 0; i < recording->n; i++)
        free(recording->scans[i].probes);
    free(recording->scans);
}

/* The n-th visit sees the n-th scan of that origin, and then all of them again. */
static const struct scan *seen(const struct recording *recording, const struct origin *origin,
                               uint32_t visit) {
    size_t found = 0;
    const struct scan *first = NULL;
    for (int round = 0; round < 2; round++) {
        size_t wanted = found ? visit % found : 0;
        size_t n = 0;
        for (size_t i = 0; i < recording->n; i++) {
            const struct scan *scan = &recording->scans[i];
            if (strcmp(scan->origin.host, origin->host) != 0 || scan->origin.port != origin->port)
                continue;
            if (round == 1 && n == wanted)
                return scan;
            first = first ? first : scan;
            n++;
        }
        found = n;
    }
    return first;
}

/* ---- playing ---- */

struct play {
    struct recording daily, quick;
    struct store *store;
    struct settle_options options;
    int64_t now_ms;
};

static void visit(struct play *play, const struct store_claim *claim) {
    struct err err;
    struct judgement judgement;
    const struct scan *recorded = seen(claim->plan == PLAN_QUICK ? &play->quick : &play->daily,
                                       &claim->origin, claim->visits);
    if (!recorded) {
        fprintf(stderr, "settle_replay: %s: nothing is recorded\n", claim->origin.host);
        exit(2);
    }
    struct scan scan = *recorded;
    scan.origin = claim->origin;
    scan.started_ms = play->now_ms;
    verdict_judge(&scan, &judgement);
    struct store_finished finished = {
        .origin_id = claim->origin_id, .scan = &scan, .judgement = &judgement};
    struct store_commit commit = {.finished = &finished,
                                  .n = 1,
                                  .now_ms = play->now_ms,
                                  .observe = settle_observe,
                                  .observe_arg = &play->options};
    need(store_commit(play->store, &commit, &err), &err);
}

static void play_until(struct play *play, int64_t until_ms) {
    struct err err;
    struct store_claim claims[CLAIMS];
    struct store *store = play->store;
    size_t n;
    while (play->now_ms < until_ms) {
        struct store_backlog backlog;
        do {
            need(store_claim(store, play->now_ms, CLAIMS, claims, &n, &err), &err);
            for (size_t i = 0; i < n; i++)
                visit(play, &claims[i]);
        } while (n > 0);
        need(settle_all(store, &play->options, play->now_ms, NULL, &err), &err);
        need(store_backlog(store, play->now_ms, &backlog, &err), &err);
        bool more = backlog.next_due_ms && backlog.next_due_ms < until_ms;
        play->now_ms = more ? backlog.next_due_ms : until_ms;
    }
}

/* Each origin once, however often it was recorded. */
static void import(struct play *play) {
    struct err err;
    struct store_import_counts counts = {0};
    for (size_t i = 0; i < play->daily.n; i++)
        need(store_import(play->store, &play->daily.scans[i].origin, 1, START_MS, &counts, &err),
             &err);
}

static int run_play(char **argv) {
    struct err err;
    struct play play = {.now_ms = START_MS};
    load(&play.daily, argv[0], false);
    load(&play.quick, argv[1], true);
    play.store = open_db(argv[2], STORE_CREATE);
    settle_options_init(&play.options, PROFILE_CAREFUL);
    play.options.params.blind_ramp = true; /* there is no traffic that could report */
    play.options.params.up_share = 1;
    need(settle_options_save(&play.options, play.store, &err), &err);
    import(&play);
    play_until(&play, START_MS + atoi(argv[3]) * DAY_MS);
    store_close(play.store);
    drop(&play.daily);
    drop(&play.quick);
    return 0;
}

/* ---- connecting ---- */

struct connecting {
    struct event_base *base;
    struct tls_prober *prober;
    struct store *store;
    struct probe_shape shape;
    bool any; /* the zone has a setting */
    const char *zone;
    const char *setting;
};

static void print_result(const struct probe_result *result, void *arg) {
    char group[GROUP_NAME_SIZE];
    (void)arg;
    printf("\"outcome\":\"%s\",\"stage\":\"%s\",\"group\":\"%s\",\"retry\":%s}\n",
           outcome_name(result->outcome), stage_name(result->stage),
           group_name(result->group, group), result->retry ? "true" : "false");
}

static bool connect_origin(void *arg, const struct store_origin *origin) {
    struct connecting *c = arg;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(origin->origin.port)};
    inet_pton(AF_INET, origin->origin.host, &address.sin_addr);
    printf("{\"zone\":\"%s\",\"setting\":\"%s\",\"host\":\"%s\",\"port\":%u,", c->zone, c->setting,
           origin->origin.host, origin->origin.port);
    if (!tls_probe_start(c->prober, &c->shape, (const struct sockaddr *)&address,
                         origin->origin.sni, NULL, print_result, NULL))
        exit(2);
    event_base_dispatch(c->base);
    return true;
}

static bool connect_zone(void *arg, int64_t id, const char *name,
                         const struct store_setting *setting) {
    struct connecting *c = arg;
    struct err err;
    if (!setting)
        return true;
    c->zone = name;
    c->setting = setting->setting;
    c->shape = (struct probe_shape){.id = PROBE_CONFIRM,
                                    .end = PROBE_END_FINISH,
                                    .groups_n = setting->groups_n,
                                    .shares_n = 1,
                                    .shares = {setting->first_share}};
    memcpy(c->shape.groups, setting->groups, setting->groups_n * sizeof *setting->groups);
    need(store_origins_of_zone(c->store, id, connect_origin, c, &err), &err);
    return true;
}

static int run_connect(const char *path) {
    struct err err;
    struct connecting c = {.base = event_base_new(), .store = open_db(path, STORE_READ)};
    struct address_policy *policy = address_policy_new();
    address_policy_allow(policy, "127.0.0.0/8", &err);
    struct tls_prober_options options = {
        .base = c.base, .policy = policy, .timeout_ms = 2000, .mss = 1360};
    c.prober = tls_prober_new(&options, &err);
    if (!c.prober)
        need(STORE_BROKEN, &err);
    need(store_zones(c.store, connect_zone, &c, &err), &err);
    tls_prober_free(c.prober);
    address_policy_free(policy);
    event_base_free(c.base);
    store_close(c.store);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 6 && strcmp(argv[1], "play") == 0)
        return run_play(argv + 2);
    if (argc == 3 && strcmp(argv[1], "connect") == 0)
        return run_connect(argv[2]);
    fprintf(stderr, "usage: settle_replay play DAILY QUICK OUT DAYS | connect DB\n");
    return 2;
}
