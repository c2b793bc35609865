/* FNV-1a: the same on every machine and in every version. Against accidents and for spreading, not
 * against people who choose the bytes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HASH_START_32 UINT32_C(0x811c9dc5)
#define HASH_START_64 UINT64_C(0xcbf29ce484222325)

/* Takes `n` more bytes into a hash that began with HASH_START_*; returns the new one. */
uint32_t hash_add_32(uint32_t hash, const void *bytes, size_t n);
uint64_t hash_add_64(uint64_t hash, const void *bytes, size_t n);

/* The hash of one string, its end left out. */
uint32_t hash_text_32(const char *text);
uint64_t hash_text_64(const char *text);
