/* FNV-1a in 32 and 64 bits. */
#include "scanner/base/hash.h"

#include <string.h>

uint32_t hash_add_32(uint32_t hash, const void *bytes, size_t n) {
    const unsigned char *at = bytes;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ at[i]) * UINT32_C(0x01000193);
    return hash;
}

uint64_t hash_add_64(uint64_t hash, const void *bytes, size_t n) {
    const unsigned char *at = bytes;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

uint32_t hash_text_32(const char *text) {
    return hash_add_32(HASH_START_32, text, strlen(text));
}

uint64_t hash_text_64(const char *text) {
    return hash_add_64(HASH_START_64, text, strlen(text));
}
