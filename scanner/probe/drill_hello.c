/* The ClientHellos of the drill-down as bytes. */
#include "scanner/probe/drill_hello.h"

#include "scanner/base/alloc.h"
#include "scanner/hello/raw_hello.h"

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

/* BoringSSL pads a message of 256 to 511 bytes to 512, for the sake of devices that fail on such
 * lengths (RFC 7685 4); where fewer than five bytes are missing, the extension makes it longer.
 * What we write has to be no other length than what it is compared with. 0 for no padding. */
static size_t usual_bytes(const struct raw_hello_written *written) {
    enum { LOW = 256, HIGH = 512, PADDING_MIN = 5 };
    size_t n = written->message_bytes;
    if (n < LOW || n >= HIGH)
        return 0;
    size_t message = n + PADDING_MIN > HIGH ? n + PADDING_MIN : HIGH;
    return message + (written->wire_bytes - n);
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
    bool done = raw_hello_write(&hello, out->bytes, BYTES_MAX, &written, err);
    if (done && hello.wire_bytes == 0 && (hello.wire_bytes = usual_bytes(&written)) > 0)
        done = raw_hello_write(&hello, out->bytes, BYTES_MAX, &written, err);
    if (!done) {
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
