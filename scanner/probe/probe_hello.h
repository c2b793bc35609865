/* The ClientHellos that BoringSSL does not write, as bytes: what to send, in how many writes, and the second hello
 * after a retry. */
#pragma once

#include "scanner/base/err.h"
#include "scanner/probe/probe_plan.h"

#include <stddef.h>

struct hello_shape;
struct key_shares;

/* What a hello needs besides its shape. All borrowed during a call. */
struct probe_hello_setup {
    const char *sni;     /* "" sends none */
    const uint8_t *alpn; /* protocols, each behind its length; none where the shape says so */
    size_t alpn_n;
    uint16_t hello_max;      /* bytes of the longest hello, record header included */
    uint16_t segment_bytes;  /* that the first TCP segment carries */
    struct key_shares *keys; /* where the shares come from */
};

struct probe_hello {
    uint8_t *bytes; /* free with probe_hello_clear */
    size_t n;
    size_t hello_at;   /* where the hello starts: behind the second one's ChangeCipherSpec */
    size_t cut;        /* write so many first, then pause; 0: all at once */
    uint32_t pause_ms; /* for so long */
    uint8_t random[32];
    uint8_t session_id[32]; /* that the hello carries; an answer echoes it */
};

/* What a raw hello of that library looks like (hello_shape.h). */
const struct hello_shape *probe_hello_library(enum probe_library library);

/* Writes the first hello of a raw shape with fresh randomness. False with `err` where the shape's size cannot be
 * had with that name; the longest hello is then as long as it is without padding. */
bool probe_hello_write(const struct probe_shape *shape, const struct probe_hello_setup *setup,
                       struct probe_hello *out, struct err *err);

/* Writes the second hello, after a retry that named `group` (RFC 8446 4.1.2): `first` over again but for the
 * share, the cookie (NULL with 0 if none came) and the padding, which goes by hello_max. Its first TCP segment
 * goes ahead. */
bool probe_hello_write_second(const struct probe_shape *shape,
                              const struct probe_hello_setup *setup,
                              const struct probe_hello *first, uint16_t group,
                              const uint8_t *cookie, size_t cookie_n, struct probe_hello *out,
                              struct err *err);

void probe_hello_clear(struct probe_hello *hello);
