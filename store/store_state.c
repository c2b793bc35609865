/* The row of an origin. */
#include "store/store_state.h"

#include <string.h>

#define SNI_IS_HOST "="

const char *store_state_sni(const struct origin *origin) {
    return strcmp(origin->sni, origin->host) == 0 ? SNI_IS_HOST : origin->sni;
}

/* Import takes visible ASCII alone; somebody else may have written anything, which is not to reach a
 * terminal or a configuration. */
static void copy_visible(struct db_query *query, const char *column, char *out, size_t size) {
    db_get_copy(query, column, out, size);
    for (char *at = out; *at; at++)
        if (*at <= ' ' || *at > '~')
            *at = '?';
}

static void read_host_and_port(struct db_query *query, struct origin *out) {
    copy_visible(query, "host", out->host, sizeof out->host);
    out->port = (uint16_t)db_get_int(query, "port");
}

static void read_sni_and_address(struct db_query *query, struct origin *out) {
    copy_visible(query, "sni", out->sni, sizeof out->sni);
    if (strcmp(out->sni, SNI_IS_HOST) == 0)
        memcpy(out->sni, out->host, sizeof out->sni);
    copy_visible(query, "address", out->address, sizeof out->address);
}

void store_state_endpoint(struct db_query *query, struct origin *out) {
    read_host_and_port(query, out);
    read_sni_and_address(query, out);
}

static enum truth read_truth(struct db_query *query, const char *column) {
    int64_t value = db_get_int_or(query, column, -1);
    return value < 0 ? TRUTH_UNKNOWN : value ? TRUTH_TRUE : TRUTH_FALSE;
}

static void put_truth(struct db_query *query, int parameter, enum truth truth) {
    if (truth == TRUTH_UNKNOWN)
        db_null(query, parameter);
    else
        db_int(query, parameter, truth == TRUTH_TRUE);
}

static void put_number(struct db_query *query, int parameter, int64_t number) {
    if (number)
        db_int(query, parameter, number);
    else
        db_null(query, parameter);
}

static enum group_order order_from(const char *name) {
    if (strcmp(name, order_name(ORDER_CLIENT)) == 0)
        return ORDER_CLIENT;
    return strcmp(name, order_name(ORDER_SERVER)) == 0 ? ORDER_SERVER : ORDER_UNKNOWN;
}

/* Stands for a main verdict where none holds; the view shows NULL for it. */
#define NO_VERDICT "none"

/* False where the origin was never judged. */
static bool read_verdict(const char *name, enum verdict *out) {
    *out = VERDICT_COUNT;
    return strcmp(name, NO_VERDICT) == 0 || verdict_parse(name, out);
}

static const char *verdict_text(enum verdict verdict) {
    return verdict == VERDICT_COUNT ? NO_VERDICT : verdict_name(verdict);
}

static void read_facts(struct db_query *query, struct facts *out) {
    out->any = read_verdict(db_get_text(query, "verdict"), &out->verdict);
    out->tls_version = (uint16_t)db_get_int(query, "tls_version");
    out->preferred_group = (uint16_t)db_get_int(query, "preferred_group");
    out->hybrid = (uint16_t)db_get_int(query, "hybrid_group");
    for (int i = 0; i < JUDGED_GROUPS; i++)
        out->groups[i] = read_truth(query, facts_group_columns[i]);
    for (int i = 0; i < FACTS_MODES; i++)
        out->works[i] = read_truth(query, facts_works_columns[i]);
    for (int i = 0; i < FACTS_MODES; i++)
        out->retry[i] = read_truth(query, facts_retry_columns[i]);
    out->others = (uint16_t)db_get_int(query, "others");
}

void store_state_read_brief(struct db_query *query, struct store_origin *out) {
    out->id = db_get_int(query, "id");
    read_host_and_port(query, &out->origin);
    out->failures = (uint32_t)db_get_int(query, "failures");
    out->due_ms = db_get_int(query, "due_at");
    out->scanned = status_parse(db_get_text(query, "status"), &out->status);
    out->scanned_ms = db_get_int(query, "scanned_at");
    out->concluded_ms = db_get_int(query, "concluded_at");
    out->handshake_us = (uint32_t)db_get_int(query, "handshake_us");
    out->connect_us = (uint32_t)db_get_int(query, "connect_us");
    read_facts(query, &out->facts);
}

void store_state_read_known(struct db_query *query, struct store_origin *out) {
    store_state_read_brief(query, out);
    out->zone_id = 0;
    out->origin.zone[0] = out->dialled[0] = '\0';
    out->origin.weight = 0;
    read_sni_and_address(query, &out->origin);
    out->visits = (uint32_t)db_get_int(query, "visits");
    out->facts.order = order_from(db_get_text(query, "group_order"));
    out->decided_ms = db_get_int(query, "decided_at");
}

void store_state_read(struct db_query *query, struct store_origin *out) {
    store_state_read_known(query, out);
    out->zone_id = db_get_int(query, "zone_id");
    db_get_copy(query, "zone", out->origin.zone, sizeof out->origin.zone);
    out->origin.weight = origin_bound_weight(db_get_real(query, "weight"));
    copy_visible(query, "dialled", out->dialled, sizeof out->dialled);
}

bool store_state_load(struct db *db, int64_t origin_id, struct store_origin *out) {
    struct db_query *query =
        db_query(db, "SELECT " STORE_STATE_COLUMNS
                     " FROM membership m CROSS JOIN origin o ON o.id = m.origin_id"
                     " CROSS JOIN zone z ON z.id = m.zone_id"
                     " WHERE m.origin_id = ?1 ORDER BY m.zone_id LIMIT 1");
    db_int(query, 1, origin_id);
    if (!db_row(query))
        return false;
    store_state_read(query, out);
    db_reset(query);
    return true;
}

static void bind_facts(struct db_query *query, int parameter, const struct facts *facts) {
    db_text(query, parameter++, facts->any ? verdict_text(facts->verdict) : NULL);
    put_number(query, parameter++, facts->tls_version);
    put_number(query, parameter++, facts->preferred_group);
    db_text(query, parameter++, order_name(facts->order));
    put_number(query, parameter++, facts->hybrid);
    for (int i = 0; i < JUDGED_GROUPS; i++)
        put_truth(query, parameter++, facts->groups[i]);
    for (int i = 0; i < FACTS_MODES; i++)
        put_truth(query, parameter++, facts->works[i]);
    for (int i = 0; i < FACTS_MODES; i++)
        put_truth(query, parameter++, facts->retry[i]);
    put_number(query, parameter, facts->others);
}

void store_state_write(struct db *db, const struct store_state_next *next) {
    const struct store_origin *state = next->state;
    struct db_query *query = db_query(
        db, "UPDATE origin SET unseen = 0, visits = visits + 1, kept = kept + 1, last_scan = ?2, "
            "failures = ?3,"
            " due_at = ?4, due_plan = ?5, status = ?6, scanned_at = ?7,"
            " concluded_at = nullif(?8, ?7), conclusive = ?8 IS ?7,"
            " dialled = ?9, verdict = ?10, tls_version = ?11, preferred_group = ?12,"
            " group_order = ?13, hybrid_group = ?14, x25519 = ?15, p256 = ?16, p384 = ?17,"
            " p521 = ?18, hybrid = ?19, draft = ?20, off_works = ?21, supported_works = ?22,"
            " preferred_works = ?23, off_retry = ?24, supported_retry = ?25, preferred_retry = ?26,"
            " others = ?27, decided_at = nullif(?28, 0), handshake_us = nullif(?29, 0),"
            " connect_us = nullif(?30, 0) WHERE id = ?1");
    db_int(query, 1, state->id);
    db_int(query, 2, next->scan_id);
    db_int(query, 3, state->failures);
    db_int(query, 4, state->due_ms);
    db_text(query, 5, next->due_plan);
    db_text(query, 6, status_name(state->status));
    db_int(query, 7, state->scanned_ms);
    put_number(query, 8, state->concluded_ms);
    db_text(query, 9, next->dialled);
    bind_facts(query, 10, &state->facts);
    db_int(query, 28, state->decided_ms);
    db_int(query, 29, state->handshake_us);
    db_int(query, 30, state->connect_us);
    db_run(query);
}
