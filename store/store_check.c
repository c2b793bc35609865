/* Checking everything that can be checked. */
#include "store/store_check.h"

#include "scanner/base/array.h"
#include "store/db/db_file.h"
#include "store/pack/pack.h"
#include "store/store_private.h"

#include <inttypes.h>
#include <stdio.h>

struct checking {
    struct db *db;
    store_problem *problem;
    void *arg;
    uint64_t n;
};

static void tell_problem(struct checking *checking, const char *what, int64_t id, const char *why) {
    char line[400];
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

enum store_result store_check(struct store *store, store_problem *problem, void *arg, uint64_t *n,
                              struct err *err) {
    struct checking checking = {.db = store->db, .problem = problem, .arg = arg};
    db_begin_read(checking.db);
    checking.n = db_file_check(checking.db, problem, arg);
    if (!checking.n) { /* on damaged pages the rest would only repeat it */
        check_scans(&checking);
        check_rules(&checking);
    }
    *n = checking.n;
    return store_result(db_end(checking.db, err));
}
