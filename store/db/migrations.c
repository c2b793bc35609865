/* The schema as the list of steps that made it. */
#include "store/db/migrations.h"

#include "scanner/base/array.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* Times are milliseconds since 1970 UTC in tables and ISO 8601 in views. */
#define ISO(column) "strftime('%Y-%m-%dT%H:%M:%fZ', " column " / 1000.0, 'unixepoch')"
#define NOW_MS "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
#define GROUP_NAME(number)                                                                         \
    "CASE WHEN " number " IS NOT NULL THEN"                                                        \
    " ifnull((SELECT name FROM tls_group WHERE id = " number "),"                                  \
    " printf('0x%04x', " number ")) END"

/* `other_id`: how the query of an origin's choice names the id of the other group. */
#define GROUP_SHARE(other_id)                                                                                       \
    "DROP VIEW v_group_share;"                                                                                      \
    "CREATE VIEW v_group_share AS"                                                                                  \
    " WITH hybrid_now AS MATERIALIZED"                                                                              \
    "  (SELECT ifnull((SELECT value FROM meta WHERE key = 'hybrid'), 4588) AS id),"                                 \
    " total AS MATERIALIZED (SELECT"                                                                                \
    "  sum(x25519) AS s1, sum(p256) AS s2, sum(p384) AS s3, sum(p521) AS s4,"                                       \
    "  sum(CASE WHEN hybrid_group = hybrid_now.id THEN hybrid END) AS s5, sum(draft) AS s6,"                        \
    "  count(x25519) AS n1, count(p256) AS n2, count(p384) AS n3, count(p521) AS n4,"                               \
    "  count(CASE WHEN hybrid_group = hybrid_now.id THEN hybrid END) AS n5, count(draft) AS n6,"                    \
    "  sum(preferred_group = 29) AS f1, sum(preferred_group = 23) AS f2,"                                           \
    "  sum(preferred_group = 24) AS f3, sum(preferred_group = 25) AS f4,"                                           \
    "  sum(preferred_group = hybrid_now.id) AS f5, sum(preferred_group = 25497) AS f6"                              \
    "  FROM hybrid_now CROSS JOIN origin WHERE status = 'complete'),"                                               \
    " other (id, bit) AS (VALUES (4588, 1), (4587, 2), (4589, 4), (512, 8), (513, 16), (514, "                      \
    "32)),"                                                                                                         \
    " share (place, id, supported, preferred, origins) AS ("                                                        \
    "  SELECT 1, 29, s1, f1, n1 FROM total"                                                                         \
    "  UNION ALL SELECT 2, 23, s2, f2, n2 FROM total"                                                               \
    "  UNION ALL SELECT 3, 24, s3, f3, n3 FROM total"                                                               \
    "  UNION ALL SELECT 4, 25, s4, f4, n4 FROM total"                                                               \
    "  UNION ALL SELECT 5, (SELECT id FROM hybrid_now), s5, f5, n5 FROM total"                                      \
    "  UNION ALL SELECT 6, 25497, s6, f6, n6 FROM total" /* the origins are counted only where a group has a row */ \
    "  UNION ALL SELECT 7, id,"                                                                                     \
    "   (SELECT count(*) FROM origin WHERE others > 255 AND others & (bit << 8)"                                    \
    "    AND status = 'complete'),"                                                                                 \
    "   (SELECT count(*) FROM origin WHERE others > 255 AND preferred_group = " other_id                            \
    "    AND status = 'complete'),"                                                                                 \
    "   (SELECT count(*) FROM origin WHERE others & bit AND status = 'complete')"                                   \
    "   FROM other WHERE id <> (SELECT id FROM hybrid_now)"                                                         \
    "   AND EXISTS (SELECT 1 FROM origin WHERE others > 255 AND others & (bit << 8)"                                \
    "    AND status = 'complete'))"                                                                                 \
    " SELECT " GROUP_NAME(                                                                                          \
        "share.id") " AS group_name, origins,"                                                                      \
                    " ifnull(supported, 0) AS supported,"                                                           \
                    " 1.0 * ifnull(supported, 0) / nullif(origins, 0) AS supported_fraction,"                       \
                    " ifnull(preferred, 0) AS preferred,"                                                           \
                    " 1.0 * ifnull(preferred, 0) / nullif(origins, 0) AS preferred_fraction"                        \
                    " FROM share ORDER BY place, id;"

static const struct migration steps[] = {
    {"zones and origins",
     /* The names of groups for views, and the hybrid that was measured last. */
     "CREATE TABLE tls_group (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"
     "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER) STRICT, WITHOUT ROWID;"
     "CREATE TABLE zone (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
     /* One row an origin, rewritten in place by each scan. The facts are those of the last
      * conclusive scans, status and scanned_at those of the last one at all. */
     "CREATE TABLE origin ("
     " id INTEGER PRIMARY KEY,"
     " zone_id INTEGER NOT NULL REFERENCES zone (id),"
     /* first what v_group_share reads: a column costs what all before it cost */
     " status TEXT, preferred_group INTEGER, hybrid_group INTEGER,"
     " x25519 INTEGER, p256 INTEGER, p384 INTEGER, p521 INTEGER, hybrid INTEGER, draft INTEGER,"
     " host TEXT NOT NULL,"
     " port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),"
     " sni TEXT NOT NULL,"     /* '=' the host, '' none: saves the name twice in most rows */
     " address TEXT NOT NULL," /* '' to resolve the host */
     " weight REAL NOT NULL CHECK (weight >= 0),"
     " due_at INTEGER NOT NULL,"
     " unseen INTEGER NOT NULL DEFAULT 1,"   /* never scanned: visits = 0, for the index */
     " due_plan TEXT,"                       /* of the visit that is due; NULL is daily */
     " failures INTEGER NOT NULL DEFAULT 0," /* visits without a complete scan, in a row */
     " visits INTEGER NOT NULL DEFAULT 0,"   /* scans that were ever committed */
     " kept INTEGER NOT NULL DEFAULT 0,"     /* of these still in table scan */
     " last_scan INTEGER,"
     " scanned_at INTEGER,"
     " dialled TEXT,"         /* NULL where origin_address has one row, which says it */
     " conclusive INTEGER,"   /* 1: the last scan is the last conclusive one too */
     " concluded_at INTEGER," /* else when that was */
     " verdict TEXT, tls_version INTEGER, group_order TEXT,"
     " off_works INTEGER, supported_works INTEGER, preferred_works INTEGER,"
     " off_retry INTEGER, supported_retry INTEGER, preferred_retry INTEGER"
     ") STRICT;"
     "CREATE UNIQUE INDEX origin_endpoint ON origin (host, port, sni, address);"
     "CREATE INDEX origin_zone ON origin (zone_id);"
     "CREATE INDEX origin_due ON origin (due_at, unseen);"
     /* Origins that are being visited: gone with the process, so emptied at its start. */
     "CREATE TABLE lease ("
     " origin_id INTEGER PRIMARY KEY REFERENCES origin (id) ON DELETE CASCADE,"
     " claimed_at INTEGER NOT NULL,"
     " complete INTEGER NOT NULL DEFAULT 0" /* a scan of this visit was complete */
     ") STRICT;"},

    {"scans and what they found",
     /* Append only. No index: each row names the row before it of the same origin, and
      * origin.last_scan the newest, which costs 4 bytes a scan instead of 14 and no write. The
      * newest row of an origin is never deleted, so that no number is used twice. */
     "CREATE TABLE scan ("
     " id INTEGER PRIMARY KEY,"
     " origin_id INTEGER NOT NULL,"
     " previous INTEGER,"
     " started_at INTEGER NOT NULL,"
     " packed BLOB NOT NULL" /* store/pack/pack.h */
     ") STRICT;"
     /* What each address of an origin last said; the origin is the worst of them. */
     "CREATE TABLE origin_address ("
     " origin_id INTEGER NOT NULL REFERENCES origin (id) ON DELETE CASCADE,"
     " address TEXT NOT NULL,"
     " seen_at INTEGER NOT NULL," /* in the name's records: hours since 1970, to three days */
     " judgement BLOB,"           /* store/pack/pack.h; NULL before the first conclusive scan */
     " PRIMARY KEY (origin_id, address)) STRICT, WITHOUT ROWID;"
     /* The probes of an origin's last scan that failed. */
     "CREATE TABLE failure ("
     " origin_id INTEGER NOT NULL REFERENCES origin (id) ON DELETE CASCADE,"
     " position INTEGER NOT NULL,"
     " verdict TEXT NOT NULL, probe TEXT NOT NULL, outcome TEXT NOT NULL, stage TEXT NOT NULL,"
     " alert INTEGER, detail TEXT,"
     " PRIMARY KEY (origin_id, position)) STRICT, WITHOUT ROWID;"
     "CREATE TABLE change ("
     " id INTEGER PRIMARY KEY,"
     " changed_at INTEGER NOT NULL,"
     " subject TEXT NOT NULL," /* a zone's name or host:port */
     " field TEXT NOT NULL, old TEXT, new TEXT, reason TEXT) STRICT;"
     "CREATE INDEX change_subject ON change (subject);"},

    {"settings of zones and the evidence for them",
     "CREATE TABLE zone_setting ("
     " zone_id INTEGER PRIMARY KEY REFERENCES zone (id) ON DELETE CASCADE,"
     " setting TEXT NOT NULL,"
     " variant TEXT,"
     " first_share INTEGER,"
     " groups TEXT NOT NULL," /* numbers with commas between */
     " reason TEXT NOT NULL,"
     " since INTEGER NOT NULL," /* when the setting took this value */
     " evidence_scans INTEGER NOT NULL,"
     " valid_until INTEGER,"
     " previous TEXT,"
     " stage_percent INTEGER NOT NULL) STRICT;"
     /* What the rule remembers of an origin, in a form of its own. */
     "CREATE TABLE evidence ("
     " origin_id INTEGER PRIMARY KEY REFERENCES origin (id) ON DELETE CASCADE,"
     " memo BLOB NOT NULL) STRICT;"},

    /* clang-format off */
    {"views for operators",
     "CREATE VIEW v_zone_setting AS SELECT"
     " zone.name AS zone, setting, variant, " GROUP_NAME("first_share") " AS first_share,"
     " (SELECT group_concat(" GROUP_NAME("value") ", ',')"
     "  FROM json_each('[' || groups || ']')) AS groups,"
     " reason, " ISO("since") " AS since, evidence_scans, " ISO("valid_until") " AS valid_until"
     " FROM zone_setting JOIN zone ON zone.id = zone_id;"

     "CREATE VIEW v_origin AS SELECT"
     " zone.name AS zone, host, port,"
     " ifnull(dialled, ifnull((SELECT a.address FROM origin_address a WHERE a.origin_id = origin.id"
     "  LIMIT 1), nullif(origin.address, ''))) AS address, status, verdict,"
     " CASE tls_version WHEN 772 THEN 'TLSv1.3' WHEN 771 THEN 'TLSv1.2' WHEN 770 THEN 'TLSv1.1'"
     "  WHEN 769 THEN 'TLSv1' WHEN 768 THEN 'SSLv3' END AS tls_version,"
     " " GROUP_NAME("preferred_group") " AS preferred_group, group_order,"
     " x25519, p256, p384, p521, hybrid, draft,"
     " off_works, supported_works, preferred_works, off_retry, supported_retry, preferred_retry,"
     " " ISO("scanned_at") " AS scanned_at, " ISO("due_at") " AS due_at"
     " FROM origin JOIN zone ON zone.id = zone_id;"

     /* One pass over the origins, then a row for each of the six groups. */
     "CREATE VIEW v_group_share AS"
     " WITH hybrid_now AS MATERIALIZED"
     "  (SELECT ifnull((SELECT value FROM meta WHERE key = 'hybrid'), 4588) AS id),"
     " total AS MATERIALIZED (SELECT count(*) AS origins,"
     "  sum(x25519) AS s1, sum(p256) AS s2, sum(p384) AS s3, sum(p521) AS s4,"
     "  sum(CASE WHEN hybrid_group = hybrid_now.id THEN hybrid END) AS s5, sum(draft) AS s6,"
     "  sum(preferred_group = 29) AS f1, sum(preferred_group = 23) AS f2,"
     "  sum(preferred_group = 24) AS f3, sum(preferred_group = 25) AS f4,"
     "  sum(preferred_group = hybrid_now.id) AS f5, sum(preferred_group = 25497) AS f6"
     "  FROM hybrid_now CROSS JOIN origin WHERE status = 'complete'),"
     " share (place, id, supported, preferred, origins) AS ("
     "  SELECT 1, 29, s1, f1, origins FROM total"
     "  UNION ALL SELECT 2, 23, s2, f2, origins FROM total"
     "  UNION ALL SELECT 3, 24, s3, f3, origins FROM total"
     "  UNION ALL SELECT 4, 25, s4, f4, origins FROM total"
     "  UNION ALL SELECT 5, (SELECT id FROM hybrid_now), s5, f5, origins FROM total"
     "  UNION ALL SELECT 6, 25497, s6, f6, origins FROM total)"
     " SELECT " GROUP_NAME("share.id") " AS group_name, origins,"
     " ifnull(supported, 0) AS supported,"
     " 1.0 * ifnull(supported, 0) / nullif(origins, 0) AS supported_fraction,"
     " ifnull(preferred, 0) AS preferred,"
     " 1.0 * ifnull(preferred, 0) / nullif(origins, 0) AS preferred_fraction"
     " FROM share ORDER BY place;"

     "CREATE VIEW v_failure AS SELECT"
     " zone.name AS zone, origin.host, origin.port, failure.verdict, probe, outcome, stage, alert,"
     " detail, " ISO("scanned_at") " AS scanned_at"
     " FROM failure JOIN origin ON origin.id = failure.origin_id"
     " JOIN zone ON zone.id = origin.zone_id;"

     "CREATE VIEW v_change AS SELECT"
     " " ISO("changed_at") " AS changed_at, subject, field, old, new, reason FROM change;"

     "CREATE VIEW v_backlog AS SELECT"
     " (SELECT count(*) FROM origin WHERE due_at <= " NOW_MS ") AS due_now,"
     " " ISO("(SELECT min(due_at) FROM origin WHERE due_at <= " NOW_MS ")") " AS oldest_due_at,"
     " " ISO("(SELECT min(due_at) FROM origin WHERE due_at > " NOW_MS ")") " AS next_due_at,"
     " (SELECT count(*) FROM lease) AS in_flight;"},
    /* clang-format on */

    {"what the rule keeps, what operators set and what traffic reports",
     "CREATE TABLE zone_memo ("
     " zone_id INTEGER PRIMARY KEY REFERENCES zone (id) ON DELETE CASCADE,"
     " memo BLOB NOT NULL) STRICT;"
     /* Zones whose evidence or levers changed since they were settled. */
     "CREATE TABLE zone_touched ("
     " zone_id INTEGER PRIMARY KEY REFERENCES zone (id) ON DELETE CASCADE) STRICT;"
     /* Apart from the memo, which is read far more often. */
     "CREATE TABLE origin_visits ("
     " origin_id INTEGER PRIMARY KEY REFERENCES origin (id) ON DELETE CASCADE,"
     " visits BLOB NOT NULL) STRICT;"
     "CREATE TABLE lever ("
     " zone_id INTEGER REFERENCES zone (id) ON DELETE CASCADE," /* NULL for all zones */
     " name TEXT NOT NULL, value TEXT NOT NULL, set_at INTEGER NOT NULL) STRICT;"
     "CREATE UNIQUE INDEX lever_name ON lever (zone_id, name);"
     "CREATE UNIQUE INDEX lever_global ON lever (name) WHERE zone_id IS NULL;"
     "CREATE TABLE feedback ("
     " id INTEGER PRIMARY KEY,"
     " zone_id INTEGER NOT NULL REFERENCES zone (id) ON DELETE CASCADE,"
     " reported_at INTEGER NOT NULL,"
     " until_at INTEGER," /* end of the period, where it was said */
     " arm TEXT NOT NULL,"
     " handshakes INTEGER NOT NULL, failures INTEGER NOT NULL, retries INTEGER NOT NULL) STRICT;"
     "CREATE UNIQUE INDEX feedback_period ON feedback (zone_id, arm, until_at);"
     "CREATE INDEX feedback_age ON feedback (reported_at);"
     "CREATE TABLE rule_hour ("
     " hour INTEGER PRIMARY KEY," /* since 1970 */
     " controls INTEGER NOT NULL, controls_failed INTEGER NOT NULL,"
     " zones_up INTEGER NOT NULL, zones_down INTEGER NOT NULL) STRICT;"
     /* The parameters that the settings were made with. */
     "CREATE TABLE rule_value (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT "
     "ROWID;"},

    /* clang-format off */
    {"a scan may end without a verdict",
     "DROP VIEW v_origin;"
     "CREATE VIEW v_origin AS SELECT"
     " zone.name AS zone, host, port,"
     " ifnull(dialled, ifnull((SELECT a.address FROM origin_address a WHERE a.origin_id = origin.id"
     "  LIMIT 1), nullif(origin.address, ''))) AS address, status, nullif(verdict, 'none') AS verdict,"
     " CASE tls_version WHEN 772 THEN 'TLSv1.3' WHEN 771 THEN 'TLSv1.2' WHEN 770 THEN 'TLSv1.1'"
     "  WHEN 769 THEN 'TLSv1' WHEN 768 THEN 'SSLv3' END AS tls_version,"
     " " GROUP_NAME("preferred_group") " AS preferred_group, group_order,"
     " x25519, p256, p384, p521, hybrid, draft,"
     " off_works, supported_works, preferred_works, off_retry, supported_retry, preferred_retry,"
     " " ISO("scanned_at") " AS scanned_at, " ISO("due_at") " AS due_at"
     " FROM origin JOIN zone ON zone.id = zone_id;"},

    {"a zone without advice says none",
     "DROP VIEW v_zone_setting;"
     "CREATE VIEW v_zone_setting AS SELECT"
     " zone.name AS zone, ifnull(setting, 'none') AS setting, variant,"
     " " GROUP_NAME("first_share") " AS first_share,"
     " (SELECT group_concat(" GROUP_NAME("value") ", ',')"
     "  FROM json_each('[' || groups || ']')) AS groups,"
     " ifnull(reason, 'no-evidence') AS reason, " ISO("since") " AS since,"
     " ifnull(evidence_scans, 0) AS evidence_scans, " ISO("valid_until") " AS valid_until"
     " FROM zone LEFT JOIN zone_setting ON zone.id = zone_id;"
     /* Which of them `off` stood for nothing, the next cycle decides. */
     "INSERT OR IGNORE INTO zone_touched"
     " SELECT zone_id FROM zone_setting WHERE setting = 'off' AND valid_until IS NULL;"},

    {"the row of an origin is that of the address that decides",
     "ALTER TABLE origin ADD COLUMN decided_at INTEGER;" /* NULL: scanned_at */
     "ALTER TABLE origin_address ADD COLUMN scanned_at INTEGER;" /* where there are several */
     "DROP VIEW v_origin;"
     "CREATE VIEW v_origin AS SELECT"
     " zone.name AS zone, host, port,"
     " ifnull(dialled, ifnull((SELECT a.address FROM origin_address a WHERE a.origin_id = origin.id"
     "  LIMIT 1), nullif(origin.address, ''))) AS address, status, nullif(verdict, 'none') AS verdict,"
     " CASE tls_version WHEN 772 THEN 'TLSv1.3' WHEN 771 THEN 'TLSv1.2' WHEN 770 THEN 'TLSv1.1'"
     "  WHEN 769 THEN 'TLSv1' WHEN 768 THEN 'SSLv3' END AS tls_version,"
     " " GROUP_NAME("preferred_group") " AS preferred_group, group_order,"
     " x25519, p256, p384, p521, hybrid, draft,"
     " off_works, supported_works, preferred_works, off_retry, supported_retry, preferred_retry,"
     " " ISO("ifnull(decided_at, scanned_at)") " AS scanned_at, " ISO("due_at") " AS due_at"
     " FROM origin JOIN zone ON zone.id = zone_id;"},

    {"what a zone expects, and what it wishes to be proven",
     "ALTER TABLE zone_setting ADD COLUMN hybrid_fraction REAL;"
     "ALTER TABLE zone_setting ADD COLUMN retry_fraction REAL;"
     "ALTER TABLE origin ADD COLUMN proof_share INTEGER;"
     "ALTER TABLE origin ADD COLUMN proof_dual INTEGER NOT NULL DEFAULT 0;"
     "DROP VIEW v_zone_setting;"
     "CREATE VIEW v_zone_setting AS SELECT"
     " zone.name AS zone, ifnull(setting, 'none') AS setting, variant,"
     " " GROUP_NAME("first_share") " AS first_share,"
     " (SELECT group_concat(" GROUP_NAME("value") ", ',')"
     "  FROM json_each('[' || groups || ']')) AS groups,"
     " ifnull(reason, 'no-evidence') AS reason, " ISO("since") " AS since,"
     " ifnull(evidence_scans, 0) AS evidence_scans, " ISO("valid_until") " AS valid_until,"
     " hybrid_fraction, retry_fraction"
     " FROM zone LEFT JOIN zone_setting ON zone.id = zone_id;"},

    {"handshakes of real traffic by origin",
     "CREATE TABLE origin_traffic ("
     " origin_id INTEGER PRIMARY KEY REFERENCES origin (id) ON DELETE CASCADE,"
     " handshakes REAL NOT NULL," /* as of counted_at; halves each day */
     " counted_at INTEGER NOT NULL) STRICT;"
     "CREATE INDEX origin_traffic_age ON origin_traffic (counted_at);"},

    {"a failure has the time of its scan",
     "ALTER TABLE failure ADD COLUMN scanned_at INTEGER;" /* NULL: the origin's */
     "DROP VIEW v_failure;"
     "CREATE VIEW v_failure AS SELECT"
     " zone.name AS zone, origin.host, origin.port, failure.verdict, probe, outcome, stage, alert,"
     " detail, " ISO("ifnull(failure.scanned_at, origin.scanned_at)") " AS scanned_at"
     " FROM failure JOIN origin ON origin.id = failure.origin_id"
     " JOIN zone ON zone.id = origin.zone_id;"},

    {"orders have a comment and an end",
     "ALTER TABLE lever ADD COLUMN comment TEXT;"
     "ALTER TABLE lever ADD COLUMN until_at INTEGER;" /* NULL: until it is cleared */
     "ALTER TABLE lever ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;"},

    {"an origin may be in several zones",
     "CREATE TABLE membership ("
     " zone_id INTEGER NOT NULL REFERENCES zone (id) ON DELETE CASCADE,"
     " origin_id INTEGER NOT NULL REFERENCES origin (id) ON DELETE CASCADE,"
     " weight REAL NOT NULL CHECK (weight >= 0)," /* its share of the zone's traffic */
     /* what the zone wishes to be proven of it */
     " proof_supported INTEGER NOT NULL DEFAULT 0,"
     " proof_preferred INTEGER NOT NULL DEFAULT 0,"
     " proof_share INTEGER," /* beside the hybrid's with proof_preferred, else alone */
     " PRIMARY KEY (zone_id, origin_id)) STRICT, WITHOUT ROWID;"
     "INSERT INTO membership (zone_id, origin_id, weight, proof_share, proof_preferred)"
     " SELECT zone_id, id, weight, proof_share, proof_dual FROM origin ORDER BY zone_id, id;"
     /* says all that is asked about an origin's zones: which, and what they wish */
     "CREATE INDEX membership_origin ON membership"
     " (origin_id, proof_share, proof_preferred, proof_supported);"

     "DROP INDEX origin_traffic_age;"
     "ALTER TABLE origin_traffic RENAME TO traffic_before;"
     "CREATE TABLE origin_traffic ("
     " zone_id INTEGER NOT NULL,"
     " origin_id INTEGER NOT NULL,"
     " handshakes REAL NOT NULL," /* as of counted_at; halves each day */
     " counted_at INTEGER NOT NULL,"
     " PRIMARY KEY (zone_id, origin_id),"
     " FOREIGN KEY (zone_id, origin_id) REFERENCES membership ON DELETE CASCADE)"
     " STRICT, WITHOUT ROWID;"
     "INSERT INTO origin_traffic SELECT o.zone_id, origin_id, handshakes, counted_at"
     " FROM traffic_before JOIN origin o ON o.id = origin_id;"
     "DROP TABLE traffic_before;"
     "CREATE INDEX origin_traffic_age ON origin_traffic (counted_at);"

     "DROP VIEW v_origin;"
     "DROP VIEW v_failure;"
     "DROP INDEX origin_zone;"
     "ALTER TABLE origin DROP COLUMN zone_id;"
     "ALTER TABLE origin DROP COLUMN weight;"
     "ALTER TABLE origin DROP COLUMN proof_share;"
     "ALTER TABLE origin DROP COLUMN proof_dual;"
     "CREATE VIEW v_origin AS SELECT"
     " zone.name AS zone, host, port,"
     " ifnull(dialled, ifnull((SELECT a.address FROM origin_address a WHERE a.origin_id = origin.id"
     "  LIMIT 1), nullif(origin.address, ''))) AS address, status, nullif(verdict, 'none') AS verdict,"
     " CASE tls_version WHEN 772 THEN 'TLSv1.3' WHEN 771 THEN 'TLSv1.2' WHEN 770 THEN 'TLSv1.1'"
     "  WHEN 769 THEN 'TLSv1' WHEN 768 THEN 'SSLv3' END AS tls_version,"
     " " GROUP_NAME("preferred_group") " AS preferred_group, group_order,"
     " x25519, p256, p384, p521, hybrid, draft,"
     " off_works, supported_works, preferred_works, off_retry, supported_retry, preferred_retry,"
     " " ISO("ifnull(decided_at, scanned_at)") " AS scanned_at, " ISO("due_at") " AS due_at"
     " FROM origin JOIN membership ON membership.origin_id = origin.id"
     " JOIN zone ON zone.id = membership.zone_id;"
     "CREATE VIEW v_failure AS SELECT"
     " zone.name AS zone, origin.host, origin.port, failure.verdict, probe, outcome, stage, alert,"
     " detail, " ISO("ifnull(failure.scanned_at, origin.scanned_at)") " AS scanned_at"
     " FROM failure JOIN origin ON origin.id = failure.origin_id"
     " JOIN membership ON membership.origin_id = origin.id"
     " JOIN zone ON zone.id = membership.zone_id;"},

    {"how long a handshake takes",
     /* scan_median_handshake() of the last complete full scan, microseconds; NULL: none was finished,
      * or there was no such scan since this step */
     "ALTER TABLE origin ADD COLUMN handshake_us INTEGER;"
     "ALTER TABLE origin ADD COLUMN connect_us INTEGER;"},

    {"shares of the origins of which a group is known, and of the other post-quantum groups",
     "ALTER TABLE origin ADD COLUMN others INTEGER;" /* facts_other_groups; NULL: none is known */
     /* 255: bits of what is known are below, of what is supported above. Hardly an origin has any. */
     "CREATE INDEX origin_other ON origin (others) WHERE others > 255;"
     GROUP_SHARE("id")},

    {"the boldest wish of an origin's zones",
     "CREATE INDEX membership_wish ON membership (origin_id, proof_preferred, proof_supported)"
     " WHERE proof_preferred + proof_supported > 0;"},

    {"who prefers another post-quantum group",
     GROUP_SHARE("other.id")}, /* `id` alone was the number of the origin */

    {"origins that were hastened are due since then",
     "DROP VIEW v_backlog;"
     "CREATE VIEW v_backlog AS SELECT"
     " (SELECT count(*) FROM origin WHERE due_at <= " NOW_MS ") AS due_now,"
     " " ISO("(SELECT min(CASE WHEN unseen = 1 THEN max(due_at, ifnull((SELECT value FROM meta"
             " WHERE key = 'hastened'), 0)) ELSE due_at END) FROM origin WHERE due_at <= " NOW_MS ")")
     " AS oldest_due_at,"
     " " ISO("(SELECT min(due_at) FROM origin WHERE due_at > " NOW_MS ")") " AS next_due_at,"
     " (SELECT count(*) FROM lease) AS in_flight;"},
    /* clang-format on */
};
enum { STEPS = COUNT_OF(steps) };

const struct migration *migrations_table(unsigned *count) {
    *count = STEPS;
    return steps;
}

void migrations_apply(struct db *db, unsigned from, unsigned to) {
    assert(from <= to && to <= STEPS);
    char sql[96];
    if (from == 0) {
        snprintf(sql, sizeof sql, "PRAGMA application_id=%" PRIu32, MIGRATIONS_APPLICATION_ID);
        db_exec(db, sql);
    }
    for (unsigned i = from; i < to; i++)
        db_exec(db, steps[i].sql);
    snprintf(sql, sizeof sql, "PRAGMA user_version=%u", to);
    db_exec(db, sql);
}
