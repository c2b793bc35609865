/* The certificates that probes were shown last, for a while: a probe's result keeps a leaf's hash only, and who wants
 * to say more about it looks it up here before others take its place. */
#pragma once

#include <openssl/base.h>

#include <stddef.h>
#include <stdint.h>

struct leaf_shelf;

/* Has room for `n` leaves, at least one. Free with leaf_shelf_free; NULL is fine there. */
struct leaf_shelf *leaf_shelf_new(size_t n);
void leaf_shelf_free(struct leaf_shelf *shelf);

/* Keeps a leaf (DER) under its hash, in the place of the one that was put there first of all. Takes a reference. */
void leaf_shelf_put(struct leaf_shelf *shelf, const uint8_t sha256[32], CRYPTO_BUFFER *leaf);

/* The leaf of that hash, borrowed until the next leaf_shelf_put; NULL if it is not there (any more). */
CRYPTO_BUFFER *leaf_shelf_find(const struct leaf_shelf *shelf, const uint8_t sha256[32]);
