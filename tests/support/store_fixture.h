/* A real store in a directory of its own, scans to put into it, and SQL to look at it. */
#pragma once

#include "scanner/base/alloc.h"
#include "store/db/db_file.h"
#include "store/db/migrations.h"
#include "store/store_import.h"
#include "store/store_schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#define FIXTURE_NOW INT64_C(1795446000123) /* 2026-11-23T15:00:00.123Z */
#define FIXTURE_HOUR INT64_C(3600000)
#define FIXTURE_DAY (24 * FIXTURE_HOUR)

struct fixture {
    char directory[64];
    char path[96];
};

static inline int fixture_set_up(void **state) {
    struct fixture *fixture = alloc_zero(1, sizeof *fixture);
    snprintf(fixture->directory, sizeof fixture->directory, "/tmp/originscan-store-XXXXXX");
    if (!mkdtemp(fixture->directory))
        return -1;
    snprintf(fixture->path, sizeof fixture->path, "%s/scan.db", fixture->directory);
    *state = fixture;
    return 0;
}

static inline int fixture_tear_down(void **state) {
    struct fixture *fixture = *state;
    char command[128];
    chmod(fixture->directory, 0700);
    snprintf(command, sizeof command, "rm -rf %s", fixture->directory);
    int failed = system(command);
    free(fixture);
    return failed;
}

#define FIXTURE_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

static inline struct store *fixture_open(const struct fixture *fixture, enum store_access access) {
    struct err err = {""};
    struct store_options options = {.path = fixture->path, .access = access};
    struct store *store = store_open(&options, &err);
    if (!store)
        fail_msg("%s", err.text);
    return store;
}

#define FIXTURE_OK(call)                                                                           \
    do {                                                                                           \
        struct err err = {""};                                                                     \
        if ((call) != STORE_OK)                                                                    \
            fail_msg("%s: %s", #call, err.text);                                                   \
    } while (0)

/* Compares what `call`, writing to `out`, says. */
#define FIXTURE_SAYS(call, want)                                                                   \
    do {                                                                                           \
        char *said;                                                                                \
        size_t said_n;                                                                             \
        FILE *out = open_memstream(&said, &said_n);                                                \
        FIXTURE_OK(call);                                                                          \
        fclose(out);                                                                               \
        assert_string_equal(said, want);                                                           \
        free(said);                                                                                \
    } while (0)

static inline void fixture_origin(struct origin *origin, const char *zone, const char *text) {
    struct err err = {""};
    if (!origin_parse(text, 443, origin, &err))
        fail_msg("%s", err.text);
    snprintf(origin->zone, sizeof origin->zone, "%s", zone);
}

static inline void fixture_import(struct store *store, const char *zone, const char *text) {
    struct origin origin;
    struct store_import_counts counts = {0};
    fixture_origin(&origin, zone, text);
    FIXTURE_OK(store_import(store, &origin, 1, FIXTURE_NOW, &counts, &err));
}

/* A scan as an engine would hand it over. */
struct fixture_scan {
    struct scan scan;
    struct judgement judgement;
    struct probe_result probes[11];
};

/* All probes of a healthy TLS 1.3 origin with X25519, P-256 and the hybrid. */
static inline void fixture_ready(struct fixture_scan *made, const struct origin *origin,
                                 int64_t started_ms) {
    memset(made, 0, sizeof *made);
    made->scan = (struct scan){.origin = *origin,
                               .plan = PLAN_DAILY,
                               .hybrid = 4588,
                               .address = "192.0.2.7",
                               .started_ms = started_ms,
                               .duration_ms = 400,
                               .status = STATUS_COMPLETE,
                               .probes_n = 11,
                               .probes = made->probes};
    for (unsigned i = 0; i < 11; i++) {
        bool finish = i < 4 || i == 10;
        made->probes[i] = (struct probe_result){.probe = (enum probe_id)i,
                                                .outcome = OUTCOME_OK,
                                                .stage = STAGE_DONE,
                                                .alert = -1,
                                                .own_alert = -1,
                                                .group = finish ? 4588 : 0,
                                                .tls_version = 0x0304,
                                                .cipher = 0x1301,
                                                .hello_bytes = 301 + 50 * i,
                                                .segments = 1,
                                                .bytes_in = 4000 + i,
                                                .attempts = 1,
                                                .first_stage = STAGE_DONE,
                                                .has_leaf = finish,
                                                .tcp = {0, 0, 1360, 21000 + 7 * i},
                                                .connect_us = 20000 + 11 * i,
                                                .duration_us = 60000 + 13 * i,
                                                .first_bytes_n = 3,
                                                .first_bytes = {22, 3, 3}};
    }
    for (unsigned i = 0; i < 11; i++)
        if (made->probes[i].has_leaf)
            memcpy(made->probes[i].leaf_sha256, "\1\2\3", 3);
    struct judgement *judged = &made->judgement;
    *judged = (struct judgement){.status = STATUS_COMPLETE,
                                 .verdict = VERDICT_READY,
                                 .verdicts = UINT64_C(1) << VERDICT_READY,
                                 .tls_version = 0x0304,
                                 .order = ORDER_SERVER,
                                 .preferred_group = 4588};
    const uint16_t ids[JUDGED_GROUPS] = {29, 23, 24, 25, 4588, 25497};
    memcpy(judged->group_ids, ids, sizeof ids);
    for (unsigned i = 0; i < JUDGED_GROUPS; i++)
        judged->groups[i] = i < 2 || i == JUDGED_HYBRID ? TRUTH_TRUE : TRUTH_FALSE;
    for (unsigned i = 0; i < MODE_COUNT; i++)
        judged->modes[i] = (struct mode_fact){TRUTH_TRUE, i ? 4588 : 29,
                                              i == MODE_SUPPORTED ? TRUTH_TRUE : TRUTH_FALSE};
}

/* One probe, refused by the network. */
static inline void fixture_unreachable(struct fixture_scan *made, const struct origin *origin,
                                       int64_t started_ms) {
    fixture_ready(made, origin, started_ms);
    made->scan.status = made->judgement.status = STATUS_UNREACHABLE;
    made->scan.probes_n = 1;
    made->probes[0] = (struct probe_result){.outcome = OUTCOME_REFUSED,
                                            .stage = STAGE_CONNECT,
                                            .alert = -1,
                                            .own_alert = -1,
                                            .attempts = 1,
                                            .first_outcome = OUTCOME_REFUSED,
                                            .first_stage = STAGE_CONNECT};
    made->judgement = (struct judgement){.status = STATUS_UNREACHABLE,
                                         .verdict = VERDICT_UNREACHABLE,
                                         .verdicts = UINT64_C(1) << VERDICT_UNREACHABLE};
}

/* A file as an older release left it. */
static inline void fixture_make_older(const struct fixture *fixture, unsigned steps) {
    struct db_file_options options = {.path = fixture->path,
                                      .write = true,
                                      .create = true,
                                      .application_id = MIGRATIONS_APPLICATION_ID,
                                      .version = 99,
                                      .cache_kb = 1000};
    struct db_file_state found;
    struct err err = {""};
    struct db *db = db_file_open(&options, &found, &err);
    if (!db)
        fail_msg("%s", err.text);
    db_begin_write(db);
    migrations_apply(db, 0, steps);
    assert_int_equal(db_end(db, &err), DB_FINE);
    db_close(db);
}

/* Claims what is due at that time, or if that is nothing, what was never scanned. */
static inline size_t fixture_claim_some(struct store *store, int64_t now_ms, size_t limit,
                                        struct store_claim *claims) {
    size_t n;
    FIXTURE_OK(store_claim(store, now_ms, limit, claims, &n, &err));
    if (n > 0)
        return n;
    int64_t cursor_ms = 0;
    FIXTURE_OK(store_hasten(store, now_ms, &cursor_ms, limit, &n, &err));
    FIXTURE_OK(store_claim(store, now_ms, limit, claims, &n, &err));
    return n;
}

/* Claims the one origin that is due at that time, or was never scanned. */
static inline struct store_claim fixture_claim(struct store *store, int64_t now_ms) {
    struct store_claim claims[2];
    assert_int_equal(fixture_claim_some(store, now_ms, 2, claims), 1);
    return claims[0];
}

static inline void fixture_commit(struct store *store, int64_t origin_id,
                                  const struct fixture_scan *made) {
    struct store_finished finished = {
        .origin_id = origin_id, .scan = &made->scan, .judgement = &made->judgement};
    struct store_commit commit = {
        .finished = &finished, .n = 1, .now_ms = made->scan.started_ms + 1000};
    FIXTURE_OK(store_commit(store, &commit, &err));
    assert_int_equal(commit.stored, 1);
}

static inline int fixture_add_row(void *arg, int n, char **values, char **names) {
    FILE *out = arg;
    (void)names;
    for (int i = 0; i < n; i++)
        fprintf(out, "%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
    fputc('\n', out);
    return 0;
}

/* What an operator's read-only SQL prints: columns with | between, a line a row. The caller
 * frees. */
static inline char *fixture_sql(const struct fixture *fixture, const char *sql) {
    char *text, *why = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(fixture->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_exec(db, sql, fixture_add_row, out, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    sqlite3_close(db);
    fclose(out);
    return text;
}

#define FIXTURE_SQL_IS(fixture, sql, want)                                                         \
    do {                                                                                           \
        char *sql_said = fixture_sql(fixture, sql);                                                \
        assert_string_equal(sql_said, want);                                                       \
        free(sql_said);                                                                            \
    } while (0)

/* Changes a database behind the store's back. */
static inline void fixture_write_sql(const char *path, const char *sql) {
    sqlite3 *db;
    char *why = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    sqlite3_close(db);
}
