/* What each address of an origin said, and the most conservative of them. */
#include "store/facts.h"
#include "store/pack/pack.h"
#include "store/store_private.h"
#include "store/store_schedule.h"

#include <stdio.h>
#include <string.h>

enum { ADDRESSES_MAX = 64, HOUR_MS = 3600 * 1000 };

/* A name's record that is gone this long is forgotten; a time of this age is written anew. Both
 * spare a write for most scans. */
static const int64_t FORGET_MS = INT64_C(7) * 24 * HOUR_MS;
static const int64_t REFRESH_MS = INT64_C(3) * 24 * HOUR_MS;

struct known_address {
    char address[ORIGIN_ADDRESS_SIZE];
    int64_t seen_ms;
    bool current; /* dialled now, or among the name's addresses */
    bool judged;
    struct judgement judgement;
};

static bool is_listed(const struct store_finished *finished, const char *address) {
    for (size_t i = 0; i < finished->addresses_n; i++)
        if (strcmp(finished->addresses[i], address) == 0)
            return true;
    return strcmp(finished->scan->address, address) == 0;
}

static size_t load(struct db *db, const struct store_finished *finished,
                   struct known_address known[ADDRESSES_MAX]) {
    size_t n = 0;
    struct db_query *query =
        db_query(db, "SELECT address, seen_at, judgement FROM origin_address WHERE origin_id = ?1");
    db_int(query, 1, finished->origin_id);
    while (n < ADDRESSES_MAX && db_row(query)) {
        struct known_address *one = &known[n++];
        size_t bytes_n;
        const uint8_t *bytes = db_get_blob(query, "judgement", &bytes_n);
        db_get_copy(query, "address", one->address, sizeof one->address);
        one->seen_ms = db_get_int(query, "seen_at") * HOUR_MS;
        one->current = is_listed(finished, one->address);
        one->judged = bytes && pack_read_judgement(bytes, bytes_n, &one->judgement, NULL);
    }
    db_reset(query);
    return n;
}

static const struct known_address *find(const struct known_address *known, size_t n,
                                        const char *address) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(known[i].address, address) == 0)
            return &known[i];
    return NULL;
}

static void put(struct db *db, int64_t origin_id, const char *address, int64_t now_ms,
                const struct bytes *judgement) {
    struct db_query *query = db_query(
        db, "INSERT INTO origin_address (origin_id, address, seen_at, judgement)"
            " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (origin_id, address) DO UPDATE"
            " SET seen_at = excluded.seen_at, judgement = ifnull(excluded.judgement, judgement)");
    db_int(query, 1, origin_id);
    db_text(query, 2, address);
    db_int(query, 3, now_ms / HOUR_MS);
    if (judgement)
        db_blob(query, 4, judgement->at, judgement->n);
    db_run(query);
}

static bool is_fresh(const struct known_address *known, int64_t now_ms) {
    return known && now_ms - known->seen_ms < REFRESH_MS && now_ms >= known->seen_ms;
}

static void put_own(struct db *db, const struct store_finished *finished, int64_t now_ms,
                    const struct known_address *known, const struct judgement *judgement) {
    struct bytes now = {0}, before = {0};
    pack_judgement(judgement, &now);
    if (known && known->judged)
        pack_judgement(&known->judgement, &before);
    if (!is_fresh(known, now_ms) || now.n != before.n || memcmp(now.at, before.at, now.n) != 0)
        put(db, finished->origin_id, finished->scan->address, now_ms, &now);
    bytes_clear(&now);
    bytes_clear(&before);
}

static void put_listed(struct db *db, const struct store_finished *finished, int64_t now_ms,
                       const struct known_address *known, size_t n) {
    for (size_t i = 0; i < finished->addresses_n && i < ADDRESSES_MAX; i++) {
        const char *address = finished->addresses[i];
        if (strcmp(address, finished->scan->address) != 0 &&
            !is_fresh(find(known, n, address), now_ms))
            put(db, finished->origin_id, address, now_ms, NULL);
    }
}

static void forget(struct db *db, int64_t origin_id, const char *address) {
    struct db_query *query =
        db_query(db, "DELETE FROM origin_address WHERE origin_id = ?1 AND address = ?2");
    db_int(query, 1, origin_id);
    db_text(query, 2, address);
    db_run(query);
}

void store_address_merge(struct db *db, const struct store_finished *finished, int64_t now_ms,
                         struct judgement *judgement) {
    struct known_address known[ADDRESSES_MAX];
    size_t n = load(db, finished, known);
    const struct known_address *own = find(known, n, finished->scan->address);
    if (finished->scan->plan == PLAN_QUICK && own && own->judged)
        facts_complete(judgement, &own->judgement);
    put_own(db, finished, now_ms, own, judgement);
    put_listed(db, finished, now_ms, known, n);
    for (size_t i = 0; i < n; i++) {
        if (!known[i].current && now_ms - known[i].seen_ms > FORGET_MS)
            forget(db, finished->origin_id, known[i].address);
        else if (&known[i] != own && known[i].judged)
            facts_merge(judgement, &known[i].judgement);
    }
}
