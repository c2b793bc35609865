/* One probe inside a packed scan: only what differs from one before that ended alike. */
#pragma once

#include "scanner/visit/scan.h"
#include "store/pack/bytes.h"

/* A byte string that was met in this scan. */
struct pack_text {
    uint8_t n;
    uint8_t bytes[PROBE_DETAIL_SIZE];
};

/* Four strings per probe: first bytes, leaf, detail, server's groups; the first one is empty. */
#define PACK_TEXTS (4 * SCAN_PROBES_MAX + 1)

/* What writer and reader both remember of the probes before. */
struct pack_memory {
    unsigned probes_n;
    struct probe_result probes[SCAN_PROBES_MAX + 1]; /* the first is what a scan begins with */
    unsigned texts_n;
    struct pack_text texts[PACK_TEXTS];
};

/* Remembers nothing yet: before the first probe of a scan, for writing and for reading. */
void pack_probe_start(struct pack_memory *memory);
/* Appends the probe. */
void pack_probe(const struct probe_result *probe, struct pack_memory *memory, struct bytes *out);

/* False if the bytes are no probe; `out` may then be half filled. */
bool pack_read_probe(struct bytes_reader *in, struct pack_memory *memory, struct probe_result *out);

/* Lines "field bit name" in the order of the bits. */
void pack_probe_describe(struct bytes *out);
