/* The ClientHellos of the drill-down as bytes. */
#include "scanner/drill_hello.h"

#include "scanner/base/alloc.h"
#include "scanner/raw_hello.h"

#include <openssl/rand.h>

#include <stdlib.h>

/* A record's largest body and its header (RFC 8446 5.1), and room for a second header. */
#define BYTES_MAX (16384 + 2 * 5)

/* A share of the unassigned group: as short as X25519's, so that size is not what is tried. */
#define UNASSIGNED_SHARE_BYTES 32

static size_t share_bytes(uint16_t id) {
    const struct group *group = group_find(id);
    return group ? group->client_share : UNASSIGNED_SHARE_BYTES;
}

bool drill_hello_write(const struct probe_shape *shape, const char *sni, struct drill_hello *out,
                       struct err *err) {
    struct raw_hello_share shares[PROBE_SHARES_MAX] = {0};
    for (size_t i = 0; i < shape->shares_n; i++)
        shares[i] =
            (struct raw_hello_share){.group = shape->shares[i], .n = share_bytes(shape->shares[i])};
    struct raw_hello hello = {
        .sni = sni,
        .groups = shape->groups,
        .groups_n = shape->groups_n,
        .shares = shares,
        .shares_n = shape->shares_n,
        .mldsa = shape->id == PROBE_MLDSA,
        .wire_bytes = shape->id == PROBE_GROUP ? 0 : shape->parameter,
    };
    RAND_bytes(hello.random, sizeof hello.random);
    RAND_bytes(hello.session_id, sizeof hello.session_id);
    if (shape->id == PROBE_RECORD_SPLIT)
        hello.splits[hello.splits_n++] = 60; /* within the hello's fixed part */
    struct raw_hello_written written;
    *out = (struct drill_hello){.bytes = alloc_zero(1, BYTES_MAX)};
    if (!raw_hello_write(&hello, out->bytes, BYTES_MAX, &written, err)) {
        drill_hello_clear(out);
        return false;
    }
    out->n = written.n;
    out->cut = shape->id == PROBE_SPLIT ? written.n / 2 : 0;
    for (size_t i = 0; i < sizeof out->session_id; i++)
        out->session_id[i] = hello.session_id[i];
    return true;
}

void drill_hello_clear(struct drill_hello *hello) {
    free(hello->bytes);
    hello->bytes = NULL;
}
