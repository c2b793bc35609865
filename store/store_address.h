/* What each address of an origin said, and the most conservative of them. Nothing outside store/
 * includes this. */
#pragma once

#include "scanner/judge/verdict.h"
#include "store/db/db.h"

struct store_finished;

enum { STORE_ADDRESSES_MAX = 64 }; /* more of one origin are not looked at */

struct store_address {
    char address[ORIGIN_ADDRESS_SIZE];
    int64_t seen_ms;
    int64_t scanned_ms; /* its last conclusive scan; 0 where that is not known */
    bool gone;          /* forgotten meanwhile */
    bool judged;
    struct judgement judgement;
};

struct store_addresses {
    size_t n;
    struct store_address list[STORE_ADDRESSES_MAX];
};

/* Those that are known of an origin. */
void store_address_load(struct db *db, int64_t origin_id, struct store_addresses *out);

/* Among them, the one that a scan dialled; NULL if it is not known. */
const struct store_address *store_address_find(const struct store_addresses *addresses,
                                               const char *address);

/* What the address of this scan said and what the others said last: replaces `judgement` by the most
 * conservative of all. Writes what is new, to `addresses` too. Returns the other address whose
 * verdict decides, which is part of `addresses`; NULL where it is that of this scan. */
const struct store_address *store_address_merge(struct db *db,
                                                const struct store_finished *finished,
                                                int64_t now_ms, struct store_addresses *addresses,
                                                struct judgement *judgement);

/* The only address of the origin; NULL if there are more, or none. */
const char *store_address_only(const struct store_addresses *addresses);
