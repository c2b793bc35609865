/* Measures the store: import, claim and commit, bytes on disk, views.
 *
 *     bench_store [-d DIRECTORY] [-s SCANS] [-n LIMIT] [-c] [-k] [-z] [ORIGINS...]
 *
 * Fills a new database in DIRECTORY (default /tmp) with so many origins (default 100000 and
 * 1000000), each a zone of its own, and scans each SCANS times (default 2) on days that follow each
 * other, or only the LIMIT of them that are due first. -c counts SQL statements, which costs time of
 * its own: what is measured with it is not to be compared. -k keeps the file. With -z all that `originscan scan` keeps for the decision rule is kept
 * too, and the zones are settled after each day; otherwise a setting is put with each scan. Probe
 * values are drawn so that they compress no better than those of a real network. */
#include "cmd/settle/settle.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "store/store_import.h"
#include "store/store_read.h"
#include "store/store_rule.h"
#include "store/store_schedule.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BATCH = 500,
    IMPORT_BATCH = 20000,
    IMPORT_CACHE_KB = 131072,
    PROBES = 11,
    DAY_MS = 24 * 3600 * 1000
};
#define START_MS INT64_C(1795446000000)

static uint64_t seed = 20261123;

static uint32_t below(uint32_t n) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 16) % n;
}

/* With -c: every statement that SQLite runs, those inside a claim or commit apart. */
static bool counting;
static uint64_t statements;

static int count_statement(unsigned kind, void *arg, void *statement, void *sql) {
    (void)kind, (void)arg, (void)statement, (void)sql;
    statements++;
    return 0;
}

/* SQLite calls it for each connection that is opened. */
static int watch_statements(sqlite3 *db, char **why, const void *api) {
    (void)why, (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, count_statement, NULL);
}

static double cpu_s(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

struct stopwatch {
    uint64_t wall_us;
    double cpu_s;
};

static struct stopwatch start(void) {
    return (struct stopwatch){clock_mono_us(), cpu_s()};
}

static void report(const char *what, struct stopwatch from, uint64_t n) {
    double wall_s = 1e-6 * (double)(clock_mono_us() - from.wall_us);
    printf("%-28s %9.0f a second, %7.2f us CPU each, %6.1f s\n", what, (double)n / wall_s,
           1e6 * (cpu_s() - from.cpu_s) / (double)n, wall_s);
    fflush(stdout);
}

static void need(enum store_result result, const struct err *err) {
    if (result == STORE_OK)
        return;
    fprintf(stderr, "bench_store: %s\n", err->text);
    exit(1);
}

static struct store *open_store(const char *path, enum store_access access, unsigned cache_kb) {
    struct err err = {""};
    struct store_options options = {
        .path = path, .access = access, .keep_scans = 60, .cache_kb = cache_kb};
    struct store *store = store_open(&options, &err);
    if (!store)
        need(STORE_BROKEN, &err);
    return store;
}

static void report_size(const char *path, const char *what, uint64_t origins, int64_t *before) {
    struct stat file;
    if (stat(path, &file) != 0)
        exit(1);
    printf("%-28s %9.0f bytes an origin, in all %.0f\n", what,
           (double)(file.st_size - *before) / (double)origins,
           (double)file.st_size / (double)origins);
    *before = file.st_size;
}

struct importing {
    struct store *store;
    uint64_t origins;
};

static enum store_result import_all(void *arg, struct err *err) {
    const struct importing *importing = arg;
    uint64_t origins = importing->origins;
    struct origin *batch = alloc_zero(IMPORT_BATCH, sizeof *batch);
    struct store_import_counts counts = {0};
    enum store_result result = STORE_OK;
    for (uint64_t i = 0; i < origins && result == STORE_OK;) {
        size_t n = 0;
        for (; n < IMPORT_BATCH && i < origins; n++, i++) {
            /* as long as names are in public lists of the most visited hosts */
            snprintf(batch[n].host, sizeof batch[n].host, "www.%x%llu.example.com", below(4096),
                     (unsigned long long)i);
            memcpy(batch[n].zone, batch[n].host, sizeof batch[n].zone);
            memcpy(batch[n].sni, batch[n].host, sizeof batch[n].sni);
            batch[n].port = 443;
            batch[n].weight = 1;
        }
        result = store_import(importing->store, batch, n, START_MS, &counts, err);
    }
    free(batch);
    return result;
}

struct made {
    struct scan scan;
    struct judgement judgement;
    struct probe_result probes[PROBES];
};

static void make_probe(struct probe_result *probe, unsigned i, uint32_t rtt_us, bool hybrid,
                       uint8_t leaf) {
    bool finish = i < 4 || i == 10;
    *probe =
        (struct probe_result){.probe = (enum probe_id)i,
                              .outcome = OUTCOME_OK,
                              .stage = STAGE_DONE,
                              .alert = -1,
                              .own_alert = -1,
                              .tls_version = 0x0304,
                              .cipher = 0x1301,
                              .group = (uint16_t)(finish ? (hybrid && i && i < 4 ? 4588 : 29) : 0),
                              .hello_bytes = 280 + below(30) + (i == 2 || i == 3 ? 1216 : 0),
                              .segments = i == 2 || i == 3 ? 2 : 1,
                              .bytes_in = finish ? 3000 + below(2000) : 99,
                              .first_bytes_n = 8,
                              .first_bytes = {22, 3, 3, 0, 122, 2, 0, 0},
                              .attempts = 1,
                              .first_stage = STAGE_DONE,
                              .has_leaf = finish,
                              .tcp = {0, 0, 1360, rtt_us + below(900)},
                              .connect_us = rtt_us + below(900),
                              .duration_us = 2 * rtt_us + below(9000)};
    memset(probe->leaf_sha256, finish ? leaf : 0, sizeof probe->leaf_sha256);
    if (!finish && (i == 4 || i == 5 || i == 9 || (i == 7 && hybrid))) {
        probe->retry = true;
        probe->retry_group = (uint16_t)(i == 7 ? 4588 : 19 + i);
        probe->hrr = (struct hrr){1, probe->retry_group, 0x1301, 0, true, true};
    } else if (!finish) {
        probe->outcome = probe->first_outcome = OUTCOME_ALERT;
        probe->alert = 40;
        probe->tls_version = probe->cipher = 0;
        probe->bytes_in = 7;
        memcpy(probe->first_bytes, "\x15\x03\x03\0\2\2\x28\0", 8);
        strcpy(probe->detail, "SSLV3_ALERT_HANDSHAKE_FAILURE");
    }
}

/* Three of ten origins have the hybrid, one of a hundred cannot take it first. */
static void make_scan(struct made *made, const struct store_claim *claim, int64_t now_ms) {
    uint32_t kind = (uint32_t)claim->origin_id % 100;
    bool hybrid = kind < 30;
    uint32_t rtt_us = 500 + below(150000);
    made->scan = (struct scan){.origin = claim->origin,
                               .plan = PLAN_DAILY,
                               .hybrid = 4588,
                               .started_ms = now_ms,
                               .duration_ms = 14 * rtt_us / 1000,
                               .status = STATUS_COMPLETE,
                               .probes_n = PROBES,
                               .probes = made->probes};
    snprintf(made->scan.address, sizeof made->scan.address, "203.%u.%u.%u",
             (unsigned)(claim->origin_id >> 16 & 255), (unsigned)(claim->origin_id >> 8 & 255),
             (unsigned)(claim->origin_id & 255));
    for (unsigned i = 0; i < PROBES; i++)
        make_probe(&made->probes[i], i, rtt_us, hybrid, (uint8_t)claim->origin_id);
    enum verdict verdict = hybrid ? VERDICT_READY : VERDICT_CLASSICAL;
    made->judgement = (struct judgement){.verdict = verdict,
                                         .verdicts = UINT64_C(1) << verdict,
                                         .tls_version = 0x0304,
                                         .order = ORDER_SERVER,
                                         .preferred_group = (uint16_t)(hybrid ? 4588 : 29)};
    const uint16_t ids[JUDGED_GROUPS] = {29, 23, 24, 25, 4588, 25497};
    memcpy(made->judgement.group_ids, ids, sizeof ids);
    for (unsigned i = 0; i < JUDGED_GROUPS; i++)
        made->judgement.groups[i] = i < 3 || (i == 4 && hybrid) ? TRUTH_TRUE : TRUTH_FALSE;
    for (unsigned i = 0; i < MODE_COUNT; i++)
        made->judgement.modes[i] =
            (struct mode_fact){TRUTH_TRUE, (uint16_t)(hybrid && i ? 4588 : 29),
                               i == MODE_SUPPORTED && hybrid ? TRUTH_TRUE : TRUTH_FALSE};
    if (kind == 99) {
        made->probes[2].outcome = OUTCOME_TIMEOUT;
        made->probes[2].stage = STAGE_HELLO;
        made->judgement.verdict = VERDICT_LARGE_DROP;
    }
}

/* What the whole run settles with; NULL without -z. */
static struct settle_options *settling;

/* The visit that the rule may wish in between is not what is measured. */
static void observe(void *arg, struct store *store, struct store_observed *observed) {
    (void)arg;
    settle_observe(settling, store, observed);
    observed->extra_after_ms = 0;
}

static void settle_zones(struct store *store, int64_t now_ms) {
    struct err err;
    struct settle_cycle total = {.after = 0};
    struct stopwatch from = start();
    need(settle_all(store, settling, now_ms, &total, &err), &err);
    report("settle zones", from, total.zones);
}

static void put_setting(void *arg, struct store *store, struct store_observed *observed) {
    int64_t now_ms = *(const int64_t *)arg;
    struct err err;
    struct store_setting setting = {.setting = "off",
                                    .first_share = 29,
                                    .groups_n = 3,
                                    .groups = {29, 23, 24},
                                    .reason = "not-enough-evidence",
                                    .evidence_scans = 1,
                                    .valid_until_ms = now_ms + 30 * (int64_t)DAY_MS,
                                    .stage_percent = 100};
    /* each origin has a zone of its own, which was added with it and has its number */
    need(store_setting_put(store, observed->origin_id, &setting, now_ms, &err), &err);
}

static void scan_all(struct store *store, uint64_t limit, int64_t day) {
    static struct store_claim claims[BATCH];
    static struct made made[BATCH];
    static struct store_finished finished[BATCH];
    struct err err;
    struct stopwatch from = start();
    double making_s = 0;
    uint64_t done = 0, slowest_us = 0, statements_before = statements;
    int64_t now_ms = START_MS + (day + 1) * (int64_t)DAY_MS + DAY_MS / 2;
    while (done < limit) {
        size_t n;
        need(store_claim(store, now_ms, BATCH, claims, &n, &err), &err);
        if (!n)
            break;
        double making_from_s = cpu_s();
        for (size_t i = 0; i < n; i++) {
            make_scan(&made[i], &claims[i], claims[i].due_ms);
            finished[i] = (struct store_finished){.origin_id = claims[i].origin_id,
                                                  .scan = &made[i].scan,
                                                  .judgement = &made[i].judgement};
        }
        making_s += cpu_s() - making_from_s;
        struct store_commit commit = {.finished = finished,
                                      .n = n,
                                      .now_ms = now_ms,
                                      .observe = settling ? observe : put_setting,
                                      .observe_arg = &now_ms};
        uint64_t commit_from_us = clock_mono_us();
        need(store_commit(store, &commit, &err), &err);
        uint64_t took_us = clock_mono_us() - commit_from_us;
        slowest_us = took_us > slowest_us ? took_us : slowest_us;
        done += n;
    }
    from.cpu_s += making_s;
    report("claim and commit", from, done);
    printf("%-28s %9.1f ms\n", "slowest commit", 1e-3 * (double)slowest_us);
    if (counting)
        printf("%-28s %9.2f each\n", "statements",
               (double)(statements - statements_before) / (double)done);
    if (settling)
        settle_zones(store, now_ms);
}

static void query(sqlite3 *db, const char *what, const char *sql) {
    uint64_t best_us = UINT64_MAX;
    for (int i = 0; i < 3; i++) {
        uint64_t from_us = clock_mono_us();
        if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
            exit(1);
        uint64_t took_us = clock_mono_us() - from_us;
        if (i == 0)
            printf("%-28s %9.2f ms the first time", what, 1e-3 * (double)took_us);
        best_us = took_us < best_us ? took_us : best_us;
    }
    printf(", %.2f ms then\n", 1e-3 * (double)best_us);
}

static void read_views(const char *path) {
    sqlite3 *db;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        exit(1);
    char host[300], sql[512];
    sqlite3_stmt *one;
    sqlite3_prepare_v2(db, "SELECT host FROM origin WHERE id = 54321", -1, &one, NULL);
    sqlite3_step(one);
    snprintf(host, sizeof host, "%s", (const char *)sqlite3_column_text(one, 0));
    sqlite3_finalize(one);
    static const char *const views[][2] = {{"v_origin", "host"},       {"v_origin", "zone"},
                                           {"v_zone_setting", "zone"}, {"v_failure", "host"},
                                           {"v_failure", "zone"},      {"v_change", "subject"}};
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        char what[64];
        snprintf(what, sizeof what, "%s of one %s", views[i][0], views[i][1]);
        snprintf(sql, sizeof sql, "SELECT * FROM %s WHERE %s = '%s'", views[i][0], views[i][1],
                 host);
        query(db, what, sql);
    }
    query(db, "v_group_share", "SELECT * FROM v_group_share");
    query(db, "v_backlog", "SELECT * FROM v_backlog");
    sqlite3_close(db);
}

static void measure(const char *directory, uint64_t origins, uint64_t limit, int scans, bool keep) {
    char path[256];
    snprintf(path, sizeof path, "%s/bench_store.%ld.db", directory, (long)getpid());
    printf("--- %llu origins\n", (unsigned long long)origins);
    int64_t size = 0;
    struct store *store = open_store(path, STORE_CREATE, IMPORT_CACHE_KB);
    struct importing importing = {store, origins};
    struct err err = {""};
    struct stopwatch from = start();
    need(store_transaction(store, import_all, &importing, &err), &err);
    report("import", from, origins);
    store_close(store);
    report_size(path, "imported", origins, &size);
    for (int day = 0; day < scans; day++) {
        store = open_store(path, STORE_WRITE, 0);
        scan_all(store, limit ? limit : origins, day);
        store_close(store);
        report_size(path, day ? "a further scan" : "the first scan", origins, &size);
    }
    read_views(path);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%-28s %9ld KiB\n", "resident memory at most", usage.ru_maxrss);
    if (keep)
        return;
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char name[300];
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

int main(int argc, char **argv) {
    const char *directory = "/tmp";
    int scans = 2, option;
    uint64_t limit = 0;
    bool keep = false;
    static struct settle_options careful;
    while ((option = getopt(argc, argv, "d:s:n:ckz")) != -1) {
        if (option == 'd')
            directory = optarg;
        else if (option == 'n')
            limit = strtoull(optarg, NULL, 10);
        else if (option == 'c')
            counting = true;
        else if (option == 'k')
            keep = true;
        else if (option == 'z')
            settling = &careful;
        else if (option == 's')
            scans = atoi(optarg);
        else
            return 2;
    }
    if (counting)
        sqlite3_auto_extension((void (*)(void))watch_statements);
    settle_options_init(&careful, PROFILE_CAREFUL);
    if (optind == argc) {
        measure(directory, 100000, limit, scans, keep);
        measure(directory, 1000000, limit, scans, keep);
    }
    for (int i = optind; i < argc; i++)
        measure(directory, strtoull(argv[i], NULL, 10), limit, scans, keep);
    return 0;
}
