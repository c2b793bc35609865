/* The observer of a commit: what it is given, and what becomes of its answers. */
#include "store/store_observing.h"
#include "store/store_private.h"

#include "store/store_zone.h"

#include <string.h>

static void read_bytes(struct db_query *query, const char *column, uint8_t *out, size_t size,
                       size_t *n) {
    const uint8_t *bytes = db_get_blob(query, column, n);
    if (*n > size) /* not of this program's making: as if there were none */
        *n = 0;
    if (*n > 0)
        memcpy(out, bytes, *n);
}

void store_observing_read(struct store_observing *o, struct db_query *query) {
    struct store_origin_rule *rule = &o->rule;
    read_bytes(query, "rule_state", rule->state, sizeof rule->state, &rule->state_n);
    read_bytes(query, "rule_visits", rule->visits, sizeof rule->visits, &rule->visits_n);
    o->before.state_n = rule->state_n;
    o->before.visits_n = rule->visits_n;
    memcpy(o->before.state, rule->state, rule->state_n);
    memcpy(o->before.visits, rule->visits, rule->visits_n);
}

/* Bytes of an origin, where they are not as they were. REPLACE: there may be some that were not
 * read. */
static void write_bytes(struct db *db, const char *update, const char *insert, int64_t origin_id,
                        const uint8_t *now, size_t now_n, const uint8_t *before, size_t before_n) {
    if (now_n == before_n && memcmp(now, before, now_n) == 0)
        return;
    struct db_query *query = db_query(db, before_n > 0 ? update : insert);
    db_int(query, 1, origin_id);
    db_blob(query, 2, now, now_n);
    db_run(query);
}

static void write_rule(const struct store_observing *o, int64_t origin_id) {
    const struct store_origin_rule *now = &o->rule, *before = &o->before;
    write_bytes(o->db, "UPDATE evidence SET memo = ?2 WHERE origin_id = ?1",
                "INSERT OR REPLACE INTO evidence (origin_id, memo) VALUES (?1, ?2)", origin_id,
                now->state, now->state_n, before->state, before->state_n);
    write_bytes(o->db, "UPDATE origin_visits SET visits = ?2 WHERE origin_id = ?1",
                "INSERT OR REPLACE INTO origin_visits (origin_id, visits) VALUES (?1, ?2)",
                origin_id, now->visits, now->visits_n, before->visits, before->visits_n);
}

static bool has_sums(const struct store_hour *sums) {
    return sums->controls || sums->controls_failed || sums->zones_up || sums->zones_down;
}

void store_observing_end(struct store_observing *o) {
    if (has_sums(&o->sums))
        store_told_at_end(store_hour_add(o->store, &o->sums, NULL));
}

/* The scans of a commit are mostly of one hour. */
static void add_sums(struct store_observing *o, const struct store_hour *more) {
    if (!has_sums(more))
        return;
    if (o->sums.hour != more->hour) {
        store_observing_end(o);
        o->sums = (struct store_hour){.hour = more->hour};
    }
    o->sums.controls += more->controls;
    o->sums.controls_failed += more->controls_failed;
    o->sums.zones_up += more->zones_up;
    o->sums.zones_down += more->zones_down;
}

void store_observing_ask(struct store_observing *o, struct store_observed *observed) {
    observed->rule = &o->rule;
    o->commit->observe(o->commit->observe_arg, o->store, observed);
    write_rule(o, observed->origin_id);
    if (observed->touch_zones)
        store_zone_touch_of(o->db, observed->origin_id);
    add_sums(o, &observed->sums);
}
