/* The addresses of an origin: reading, writing, merging their judgements. */
#include "store/store_address.h"

#include "scanner/base/duration.h"
#include "store/facts.h"
#include "store/pack/pack.h"
#include "store/store_schedule.h"

#include <string.h>

/* A name's record that is gone this long is forgotten; a time of this age is written anew. Both
 * spare a write for most scans. */
#define FORGET_MS (7 * DAY_MS)
#define REFRESH_MS (3 * DAY_MS)

void store_address_load(struct db *db, int64_t origin_id, struct store_addresses *out) {
    struct db_query *query =
        db_query(db, "SELECT address, seen_at, scanned_at, judgement FROM origin_address"
                     " WHERE origin_id = ?1");
    db_int(query, 1, origin_id);
    out->n = 0;
    while (out->n < STORE_ADDRESSES_MAX && db_row(query)) {
        struct store_address *one = &out->list[out->n++];
        size_t n;
        db_get_copy(query, "address", one->address, sizeof one->address);
        one->seen_ms = db_get_int(query, "seen_at") * HOUR_MS;
        one->scanned_ms = db_get_int(query, "scanned_at");
        const uint8_t *packed = db_get_blob(query, "judgement", &n);
        one->gone = false;
        one->judged = packed && pack_read_judgement(packed, n, &one->judgement, NULL);
    }
    db_reset(query);
}

/* Dialled now, or among the name's addresses. */
static bool is_current(const struct store_finished *finished, const char *address) {
    for (size_t i = 0; i < finished->addresses_n; i++)
        if (strcmp(finished->addresses[i], address) == 0)
            return true;
    return strcmp(finished->scan->address, address) == 0;
}

const struct store_address *store_address_find(const struct store_addresses *addresses,
                                               const char *address) {
    for (size_t i = 0; i < addresses->n; i++)
        if (strcmp(addresses->list[i].address, address) == 0)
            return &addresses->list[i];
    return NULL;
}

/* `judgement` and `scanned_ms` of a scan; NULL and 0 for a record alone. */
static void write_address(struct db *db, int64_t origin_id, const char *address, int64_t now_ms,
                          const struct bytes *judgement, int64_t scanned_ms) {
    struct db_query *query = db_query(
        db, "INSERT INTO origin_address (origin_id, address, seen_at, judgement, scanned_at)"
            " VALUES (?1, ?2, ?3, ?4, nullif(?5, 0)) ON CONFLICT (origin_id, address) DO UPDATE"
            " SET seen_at = excluded.seen_at, judgement = ifnull(excluded.judgement, judgement),"
            " scanned_at = ifnull(excluded.scanned_at, scanned_at)");
    db_int(query, 1, origin_id);
    db_text(query, 2, address);
    db_int(query, 3, now_ms / HOUR_MS);
    if (judgement)
        db_blob(query, 4, judgement->at, judgement->n);
    db_int(query, 5, scanned_ms);
    db_run(query);
}

/* So that one that is written is known from then on; what it said is not looked at again. */
static void add_address(struct store_addresses *addresses, const char *address, int64_t now_ms) {
    if (addresses->n == STORE_ADDRESSES_MAX || store_address_find(addresses, address))
        return;
    struct store_address *one = &addresses->list[addresses->n++];
    memcpy(one->address, address, sizeof one->address);
    one->seen_ms = now_ms;
    one->scanned_ms = 0;
    one->gone = one->judged = false;
}

static bool is_fresh(const struct store_address *known, int64_t now_ms) {
    return known && now_ms - known->seen_ms < REFRESH_MS && now_ms >= known->seen_ms;
}

/* Of several addresses each keeps the time of its scan; of the only one the origin has it. */
static void write_own(struct db *db, const struct store_finished *finished, int64_t now_ms,
                      const struct store_address *known, bool several,
                      const struct judgement *judgement) {
    struct bytes now = {0}, before = {0};
    pack_judgement(judgement, &now);
    if (known && known->judged)
        pack_judgement(&known->judgement, &before);
    if (several || !is_fresh(known, now_ms) || now.n != before.n ||
        memcmp(now.at, before.at, now.n) != 0)
        write_address(db, finished->origin_id, finished->scan->address, now_ms, &now,
                      finished->scan->started_ms);
    bytes_clear(&now);
    bytes_clear(&before);
}

static void write_listed(struct db *db, const struct store_finished *finished, int64_t now_ms,
                         struct store_addresses *addresses) {
    for (size_t i = 0; i < finished->addresses_n && i < STORE_ADDRESSES_MAX; i++) {
        const char *address = finished->addresses[i];
        if (strcmp(address, finished->scan->address) == 0 ||
            is_fresh(store_address_find(addresses, address), now_ms))
            continue;
        write_address(db, finished->origin_id, address, now_ms, NULL, 0);
        add_address(addresses, address, now_ms);
    }
}

static void forget_address(struct db *db, int64_t origin_id, struct store_address *one) {
    struct db_query *query =
        db_query(db, "DELETE FROM origin_address WHERE origin_id = ?1 AND address = ?2");
    db_int(query, 1, origin_id);
    db_text(query, 2, one->address);
    db_run(query);
    one->gone = true;
}

const struct store_address *store_address_merge(struct db *db,
                                                const struct store_finished *finished,
                                                int64_t now_ms, struct store_addresses *addresses,
                                                struct judgement *judgement) {
    size_t n = addresses->n;
    const struct store_address *own = store_address_find(addresses, finished->scan->address);
    const struct store_address *deciding = NULL;
    bool several = finished->addresses_n > 1 || n > 1;
    if (finished->scan->plan == PLAN_QUICK && own && own->judged)
        facts_complete(judgement, &own->judgement);
    write_own(db, finished, now_ms, own, several, judgement);
    write_listed(db, finished, now_ms, addresses);
    for (size_t i = 0; i < n; i++) {
        struct store_address *one = &addresses->list[i];
        if (now_ms - one->seen_ms > FORGET_MS && !is_current(finished, one->address))
            forget_address(db, finished->origin_id, one);
        else if (one != own && one->judged && facts_merge(judgement, &one->judgement))
            deciding = one;
    }
    add_address(addresses, finished->scan->address, now_ms);
    return deciding;
}

const char *store_address_only(const struct store_addresses *addresses) {
    const char *only = NULL;
    for (size_t i = 0; i < addresses->n; i++) {
        if (addresses->list[i].gone)
            continue;
        if (only)
            return NULL;
        only = addresses->list[i].address;
    }
    return only;
}
