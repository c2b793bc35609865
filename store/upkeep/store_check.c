/* Checking everything that can be checked. */
#include "store/upkeep/store_check.h"

#include "scanner/base/array.h"
#include "store/db/db_file.h"
#include "store/db/db_schema.h"
#include "store/pack/pack.h"
#include "store/store_private.h"

#include <inttypes.h>
#include <stdio.h>

struct checking {
    struct db *db;
    const struct store_readers *readers;
    store_problem *problem;
    void *arg;
    uint64_t n;
};

static void tell_problem(struct checking *checking, const char *what, int64_t id, const char *why) {
    char line[800];
    snprintf(line, sizeof line, "%s %" PRId64 ": %s", what, id, why);
    checking->problem(checking->arg, line);
    checking->n++;
}

static void check_scans(struct checking *checking) {
    struct db_query *query = db_query(checking->db, "SELECT id, packed FROM scan");
    while (db_row(query)) {
        struct scan scan;
        struct err err = {""};
        size_t n;
        const uint8_t *packed = db_get_blob(query, "packed", &n);
        if (pack_read_scan(packed ? packed : (const uint8_t *)"", n, &scan, &err))
            pack_scan_clear(&scan);
        else
            tell_problem(checking, "scan", db_get_int(query, "id"), err.text);
    }
}

static void check_judgements(struct checking *checking) {
    struct db_query *query =
        db_query(checking->db, "SELECT origin_id AS id, address, judgement AS bytes"
                               " FROM origin_address WHERE judgement IS NOT NULL");
    while (db_row(query)) {
        struct judgement judgement;
        struct err err = {""};
        char why[sizeof err.text + 100];
        size_t n;
        const uint8_t *bytes = db_get_blob(query, "bytes", &n);
        if (bytes && pack_read_judgement(bytes, n, &judgement, &err))
            continue;
        snprintf(why, sizeof why, "its address %.64s: %s", db_get_text(query, "address"),
                 bytes ? err.text : "the judgement is empty");
        tell_problem(checking, "origin", db_get_int(query, "id"), why);
    }
}

static void check_states(struct checking *checking, const char *sql, store_readable *readable,
                         const char *what, const char *whose) {
    struct db_query *query = db_query(checking->db, sql);
    while (db_row(query)) {
        char why[100];
        size_t n;
        const uint8_t *bytes = db_get_blob(query, "bytes", &n);
        if (bytes && readable(bytes, n))
            continue;
        snprintf(why, sizeof why, "%s damaged (%zu bytes)", what, n);
        tell_problem(checking, whose, db_get_int(query, "id"), why);
    }
}

static void check_rule(struct checking *checking) {
    const struct store_readers *readers = checking->readers;
    if (!readers)
        return;
    check_states(checking, "SELECT origin_id AS id, memo AS bytes FROM evidence",
                 readers->origin_state, "what the rule knows of it is", "origin");
    check_states(checking, "SELECT origin_id AS id, visits AS bytes FROM origin_visits",
                 readers->origin_visits, "its recent visits are", "origin");
    check_states(checking, "SELECT zone_id AS id, memo AS bytes FROM zone_memo",
                 readers->zone_state, "what the rule knows of it is", "zone");
}

/* Each query lists the numbers of rows that are wrong. */
static const struct {
    const char *what;
    const char *problem;
    const char *sql;
} rules[] = {
    {"origin", "number of stored scans differs from its counter",
     "SELECT o.id FROM origin o LEFT JOIN (SELECT origin_id, count(*) AS n FROM scan GROUP BY 1) s"
     " ON s.origin_id = o.id WHERE o.kept <> ifnull(s.n, 0)"},
    {"origin", "its newest scan is missing",
     "SELECT o.id FROM origin o WHERE o.last_scan IS NOT NULL AND NOT EXISTS"
     " (SELECT 1 FROM scan s WHERE s.id = o.last_scan AND s.origin_id = o.id)"},
    {"scan", "its origin is missing",
     "SELECT s.id FROM scan s WHERE NOT EXISTS (SELECT 1 FROM origin o WHERE o.id = s.origin_id)"},
    {"scan", "it does not come after the scan before it",
     "SELECT id FROM scan WHERE previous >= id"},
    {"origin", "its status and its number of visits contradict each other",
     "SELECT id FROM origin WHERE (visits = 0) <> (status IS NULL) OR (visits = 0) <> unseen"},
    {"origin", "it is in no zone",
     "SELECT id FROM origin o WHERE NOT EXISTS"
     " (SELECT 1 FROM membership m WHERE m.origin_id = o.id)"},
    {"zone", "it has neither origins nor orders",
     "SELECT id FROM zone z WHERE NOT EXISTS (SELECT 1 FROM membership m WHERE m.zone_id = z.id)"
     " AND NOT EXISTS (SELECT 1 FROM lever l WHERE l.zone_id = z.id)"},
};

static void check_rules(struct checking *checking) {
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        struct db_query *query = db_query(checking->db, rules[i].sql);
        while (db_row(query))
            tell_problem(checking, rules[i].what, db_get_int(query, "id"), rules[i].problem);
    }
}

static void check_rows(struct checking *checking) {
    check_scans(checking);
    check_judgements(checking);
    check_rule(checking);
    check_rules(checking);
}

enum store_result store_check(struct store *store, const struct store_readers *readers,
                              store_problem *problem, void *arg, uint64_t *n, struct err *err) {
    struct checking checking = {
        .db = store->db, .readers = readers, .problem = problem, .arg = arg};
    db_begin_read(checking.db);
    checking.n = db_file_check(checking.db, problem, arg);
    if (!checking.n) { /* on damaged pages the rest would only repeat it */
        struct db_schema_found schema = db_schema_compare(checking.db, problem, arg);
        checking.n += schema.problems;
        if (schema.readable)
            check_rows(&checking);
    }
    *n = checking.n;
    return store_result(db_end(checking.db, err));
}
