/* The ClientHellos that BoringSSL does not write, as bytes. */
#include "scanner/probe/probe_hello.h"

#include "scanner/base/alloc.h"
#include "scanner/hello/hello_shape.h"
#include "scanner/hello/raw_hello.h"
#include "scanner/probe/key_shares.h"

#include <openssl/rand.h>

#include <stdlib.h>
#include <string.h>

/* A record's largest body and its header (RFC 8446 5.1), and room for a second header and a ChangeCipherSpec. */
#define BYTES_MAX (16384 + 3 * 5 + 1)

/* A share of the unassigned group: as short as X25519's, so that size is not what is tried. */
#define UNASSIGNED_SHARE_BYTES 32

/* The shortest padding that is written: its header and one byte; an empty one is not liked by all (RFC 7685). */
enum { PADDING_MIN = 5 };

const struct hello_shape *probe_hello_library(enum probe_library library) {
    switch (library) {
    case PROBE_LIBRARY_BORINGSSL:
        return &hello_shape_boringssl;
    case PROBE_LIBRARY_OPENSSL:
        return &hello_shape_openssl;
    case PROBE_LIBRARY_GO:
        return &hello_shape_go;
    }
    abort(); /* our own bug */
}

static struct raw_hello_share make_share(struct key_shares *keys, uint16_t id) {
    struct raw_hello_share share = {.group = id};
    share.bytes = key_shares_get(keys, id, &share.n);
    if (!share.bytes) { /* no code for it: filler of the right length */
        const struct group *group = group_find(id);
        share.n = group ? group->client_share : UNASSIGNED_SHARE_BYTES;
    }
    return share;
}

/* BoringSSL pads a message of 256 to 511 bytes to 512, for the sake of devices that fail on such lengths (RFC 7685
 * 4); where fewer than five bytes are missing, the extension makes it longer. What we write in its manner has to
 * be no other length than what it is compared with. 0 for no padding. */
static size_t usual_bytes(const struct raw_hello_written *written) {
    enum { LOW = 256, HIGH = 512 };
    size_t n = written->message_bytes;
    if (n < LOW || n >= HIGH)
        return 0;
    size_t message = n + PADDING_MIN > HIGH ? n + PADDING_MIN : HIGH;
    return message + (written->wire_bytes - n);
}

/* The size to pad a hello to that has `natural` bytes without padding, 0 for none. */
static size_t longest_bytes(size_t natural, uint16_t hello_max) {
    return natural + PADDING_MIN <= hello_max ? hello_max : 0;
}

static size_t wanted_bytes(const struct probe_shape *shape, const struct probe_hello_setup *setup,
                           const struct raw_hello_written *natural) {
    if (shape->longest)
        return longest_bytes(natural->wire_bytes, setup->hello_max);
    return shape->library == PROBE_LIBRARY_BORINGSSL ? usual_bytes(natural) : 0;
}

static void fill_hello(const struct probe_shape *shape, const struct probe_hello_setup *setup,
                       struct raw_hello_share *shares, const struct probe_hello *random,
                       struct raw_hello *out) {
    for (size_t i = 0; i < shape->shares_n; i++)
        shares[i] = make_share(setup->keys, shape->shares[i]);
    bool sized = shape->id == PROBE_LARGE_CLASSICAL || shape->id == PROBE_SIZE;
    *out = (struct raw_hello){
        .sni = setup->sni,
        .groups = shape->groups,
        .groups_n = shape->groups_n,
        .shares = shares,
        .shares_n = shape->shares_n,
        .shape = probe_hello_library(shape->library),
        .alpn = setup->alpn,
        .alpn_n = shape->no_alpn ? 0 : setup->alpn_n,
        .mldsa = shape->id == PROBE_MLDSA,
        .wire_bytes = sized ? shape->parameter : 0,
    };
    memcpy(out->random, random->random, sizeof out->random);
    memcpy(out->session_id, random->session_id, sizeof out->session_id);
    if (shape->id == PROBE_RECORD_SPLIT)
        out->splits[out->splits_n++] = 60; /* within the hello's fixed part */
}

static void cut_at_segment(struct probe_hello *hello, uint16_t segment_bytes) {
    if (segment_bytes == 0 || segment_bytes >= hello->n)
        return;
    hello->cut = segment_bytes;
    hello->pause_ms = PROBE_SEGMENT_PAUSE_MS;
}

static void choose_cut(const struct probe_shape *shape, uint16_t segment_bytes,
                       struct probe_hello *hello) {
    switch (shape->pieces) {
    case PROBE_IN_ONE:
        return;
    case PROBE_SEGMENT_FIRST:
        cut_at_segment(hello, segment_bytes);
        return;
    case PROBE_IN_HALVES:
        hello->cut = hello->n / 2;
        hello->pause_ms = PROBE_HALVES_PAUSE_MS;
        return;
    }
}

static bool write_first(const struct raw_hello *hello, struct probe_hello *out,
                        struct raw_hello_written *written, struct err *err) {
    if (!raw_hello_write(hello, out->bytes, BYTES_MAX, written, err))
        return false;
    out->n = written->n;
    return true;
}

bool probe_hello_write(const struct probe_shape *shape, const struct probe_hello_setup *setup,
                       struct probe_hello *out, struct err *err) {
    struct raw_hello_share shares[PROBE_SHARES_MAX];
    struct raw_hello_written written;
    struct raw_hello hello;
    *out = (struct probe_hello){.bytes = alloc_zero(1, BYTES_MAX)};
    RAND_bytes(out->random, sizeof out->random);
    RAND_bytes(out->session_id, sizeof out->session_id);
    fill_hello(shape, setup, shares, out, &hello);
    bool done = write_first(&hello, out, &written, err);
    if (done && hello.wire_bytes == 0 &&
        (hello.wire_bytes = wanted_bytes(shape, setup, &written)) > 0)
        done = write_first(&hello, out, &written, err);
    if (done)
        choose_cut(shape, setup->segment_bytes, out);
    else
        probe_hello_clear(out);
    return done;
}

bool probe_hello_write_second(const struct probe_shape *shape,
                              const struct probe_hello_setup *setup,
                              const struct probe_hello *first, uint16_t group,
                              const uint8_t *cookie, size_t cookie_n, struct probe_hello *out,
                              struct err *err) {
    struct raw_hello_share shares[PROBE_SHARES_MAX];
    struct raw_hello_written written;
    struct raw_hello hello;
    struct raw_hello_share share = make_share(setup->keys, group);
    struct raw_hello_retry retry = {.share = &share, .cookie = cookie, .cookie_n = cookie_n};
    fill_hello(shape, setup, shares, first, &hello);
    *out = (struct probe_hello){.bytes = alloc_zero(1, BYTES_MAX)};
    bool done = raw_hello_write_second(&hello, &retry, out->bytes, BYTES_MAX, &written, err);
    if (done && (retry.wire_bytes = longest_bytes(written.wire_bytes, setup->hello_max)) > 0)
        done = raw_hello_write_second(&hello, &retry, out->bytes, BYTES_MAX, &written, err);
    if (!done) {
        probe_hello_clear(out);
        return false;
    }
    out->n = written.n;
    out->hello_at = written.hello_at;
    cut_at_segment(out, setup->segment_bytes);
    return true;
}

void probe_hello_clear(struct probe_hello *hello) {
    free(hello->bytes);
    hello->bytes = NULL;
}
