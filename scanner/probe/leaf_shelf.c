/* The certificates that probes were shown last. */
#include "scanner/probe/leaf_shelf.h"

#include "scanner/base/alloc.h"

#include <openssl/pool.h>

#include <stdlib.h>
#include <string.h>

struct place {
    uint8_t sha256[32];
    CRYPTO_BUFFER *leaf; /* NULL: free */
};

struct leaf_shelf {
    size_t places_n;
    size_t next; /* the one that is filled next */
    struct place *places;
};

struct leaf_shelf *leaf_shelf_new(size_t n) {
    struct leaf_shelf *shelf = alloc_zero(1, sizeof *shelf);
    shelf->places_n = n;
    shelf->places = alloc_zero(n, sizeof *shelf->places);
    return shelf;
}

void leaf_shelf_free(struct leaf_shelf *shelf) {
    if (!shelf)
        return;
    for (size_t i = 0; i < shelf->places_n; i++)
        CRYPTO_BUFFER_free(shelf->places[i].leaf);
    free(shelf->places);
    free(shelf);
}

void leaf_shelf_put(struct leaf_shelf *shelf, const uint8_t sha256[32], CRYPTO_BUFFER *leaf) {
    if (leaf_shelf_find(shelf, sha256))
        return;
    struct place *place = &shelf->places[shelf->next];
    shelf->next = (shelf->next + 1) % shelf->places_n;
    CRYPTO_BUFFER_free(place->leaf);
    CRYPTO_BUFFER_up_ref(leaf);
    place->leaf = leaf;
    memcpy(place->sha256, sha256, sizeof place->sha256);
}

CRYPTO_BUFFER *leaf_shelf_find(const struct leaf_shelf *shelf, const uint8_t sha256[32]) {
    for (size_t i = 0; i < shelf->places_n; i++)
        if (shelf->places[i].leaf &&
            memcmp(shelf->places[i].sha256, sha256, sizeof shelf->places[i].sha256) == 0)
            return shelf->places[i].leaf;
    return NULL;
}
