/* What a client sees of an origin, foreseen from its rules for one shape of ClientHello. */
#pragma once

#include "lab_table.h"

#include <stddef.h>

/* A probe of originscan, as the project's plan defines it; kept here a second time on purpose, so
 * that a mistake in the scanner's own table does not agree with itself. */
struct lab_shape {
    const char *name;
    bool answer; /* ends at the server's first answer */
    uint8_t groups_n;
    uint16_t groups[7];
    uint8_t shares_n;
    uint16_t shares[2];
    bool split;       /* in two segments with a pause */
    bool two_records; /* in two records */
    bool padded;      /* to the size of `preferred` */
    bool longest;     /* to the longest hello of a proxy, its first segment ahead */
    bool second;      /* answers a retry to the hybrid by a second hello of that kind */
    bool resumed;     /* with a session ticket, where the origin gives one */
    bool drill_down;
};

/* In the daily order, then drill-down. */
const struct lab_shape *lab_foresee_shapes(size_t *count);

/* Outcome and stage are the words of the scanner; NULL: not determined. */
struct lab_sight {
    const char *outcome;
    const char *stage;
    uint16_t group;
    bool retry;
    uint16_t retry_group;
    int alert;        /* -1 if none */
    uint16_t version; /* 0 if the origin did not say */
};

/* What the client knows from `classical`, bits. */
enum {
    LAB_KNOWS_TLS12 =
        1, /* it ended in TLS 1.2: questions about one group list an ECDSA certificate's curve as well */
    LAB_KNOWS_NO_ALPN = 2, /* its protocols were refused: it goes on without */
};

/* `misbehaves` false foresees a sound origin with the same profile. */
struct lab_sight lab_foresee(const struct lab_entry *entry, const struct lab_shape *shape,
                             bool misbehaves, unsigned knows);

/* The name of a group, of those too that BoringSSL does not know; NULL for 0. Borrowed until the next call. */
const char *lab_foresee_group_name(uint16_t group);
