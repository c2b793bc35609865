/* The ClientHellos of the drill-down as bytes: what to send, in how many writes. */
#pragma once

#include "scanner/base/err.h"
#include "scanner/probe/probe_plan.h"

struct drill_hello {
    uint8_t *bytes; /* free with drill_hello_clear */
    size_t n;
    size_t cut;             /* write so many first, then pause; 0: all at once */
    uint8_t session_id[32]; /* that the hello carries; an answer echoes it */
};

/* Writes the hello of a raw shape with fresh randomness. Shares of groups that we cannot compute,
 * and that of X25519 too, are random bytes: the answer comes before they matter. False with `err`
 * where the shape's size cannot be had with that name. */
bool drill_hello_write(const struct probe_shape *shape, const char *sni, struct drill_hello *out,
                       struct err *err);
void drill_hello_clear(struct drill_hello *hello);

/* Between the two writes of `split`: longer than any round trip that a TLS server would sit out. */
#define DRILL_HELLO_PAUSE_MS 300
