/* The numbers that stand for enumerators inside packed scans. A number, once given, stays. */
#pragma once

#include "scanner/judge/verdict.h"
#include "store/pack/bytes.h"

enum pack_kind {
    PACK_PROBE,
    PACK_OUTCOME,
    PACK_STAGE,
    PACK_STATUS,
    PACK_PLAN,
    PACK_VERDICT,
    PACK_KINDS
};

/* The number for that enumerator, always above 0. */
uint8_t pack_code(enum pack_kind kind, unsigned value);

/* The enumerator for that number, or false if there is none. */
bool pack_code_read(enum pack_kind kind, uint64_t code, unsigned *value);

/* Lines "kind number name" in the order of the tables. */
void pack_codes_describe(struct bytes *out);
