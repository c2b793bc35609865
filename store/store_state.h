/* The row of an origin: reading it into a value, and writing what a scan changed. Nothing outside
 * store/ includes this. */
#pragma once

#include "store/db/db.h"
#include "store/store_read.h"

/* In origin.due_plan: a quick visit to the address of the one before. */
#define STORE_DUE_AGAIN "confirm"

/* The columns of store_state_read_brief(), from `origin o`: what somebody looks at who looks at all
 * origins. */
#define STORE_STATE_BRIEF                                                                          \
    "o.id, o.host, o.port, o.failures, o.due_at, o.status, o.scanned_at,"                          \
    " iif(o.conclusive, o.scanned_at, o.concluded_at) AS concluded_at, o.verdict, o.tls_version,"  \
    " o.preferred_group, o.hybrid_group, o.x25519, o.p256, o.p384, o.p521, o.hybrid, o.draft,"     \
    " o.off_works, o.supported_works, o.preferred_works, o.off_retry, o.supported_retry,"          \
    " o.preferred_retry, o.handshake_us, o.connect_us, o.others"

/* The columns of store_state_read_known(). */
#define STORE_STATE_KNOWN                                                                          \
    STORE_STATE_BRIEF ", o.sni, o.address, o.visits, o.group_order, o.decided_at"

/* The columns of store_state_read(), from `origin o`, `membership m` and `zone z`. */
#define STORE_STATE_COLUMNS                                                                        \
    STORE_STATE_KNOWN                                                                              \
    ", m.zone_id, z.name AS zone, m.weight,"                                                       \
    " ifnull(o.dialled, (SELECT address FROM origin_address WHERE origin_id = o.id LIMIT 1))"      \
    " AS dialled"

/* Reads the row that the query stands on; known: all but zone, weight and the address dialled, which
 * are empty. Brief: only the columns above, and the rest of `out` stays as it is. */
void store_state_read(struct db_query *query, struct store_origin *out);
void store_state_read_known(struct db_query *query, struct store_origin *out);
void store_state_read_brief(struct db_query *query, struct store_origin *out);

/* An origin in the first of its zones; false if there is no such origin. */
bool store_state_load(struct db *db, int64_t origin_id, struct store_origin *out);

/* Of an origin that is claimed, the zone that is shown where only one can be. */
#define STORE_STATE_FIRST_ZONE "(SELECT min(zone_id) FROM membership WHERE origin_id = o.id)"

/* Reads the columns host, port, sni and address; zone and weight are left as they are. */
void store_state_endpoint(struct db_query *query, struct origin *out);

/* The stored form of the name to send: short where it is the host. */
const char *store_state_sni(const struct origin *origin);

/* The columns that a commit rewrites, all but `visits`, `kept` and `last_scan`. */
struct store_state_next {
    const struct store_origin *state;
    const char *due_plan; /* of the visit that is due: "quick", "confirm"; NULL: the daily one */
    const char *dialled;  /* NULL: it is the only address that the origin has in origin_address */
    int64_t scan_id;
};
void store_state_write(struct db *db, const struct store_state_next *next);
