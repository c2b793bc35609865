/* Bytes that BoringSSL would never send, made by hand. */
#pragma once

#include "lab_behaviour.h"

#include <stddef.h>
#include <stdint.h>

#define LAB_RAW_MAX 512

/* A HelloRetryRequest in one record (RFC 8446 4.1.4), broken in the way that `act` says; `group` is
 * what a sound one would name. Returns its length. */
size_t lab_raw_retry(enum lab_act act, const struct lab_hello *hello, uint16_t group,
                     uint8_t out[LAB_RAW_MAX]);

/* The group that such a HelloRetryRequest names, 0 if none. */
uint16_t lab_raw_retry_group(enum lab_act act, const struct lab_hello *hello, uint16_t group);

/* A fatal alert in one record. Returns its length. */
size_t lab_raw_alert(uint8_t description, uint8_t out[LAB_RAW_MAX]);

/* How an endless talker begins (0 bytes for most); its length. */
size_t lab_raw_endless_start(enum lab_act act, const struct lab_hello *hello,
                             uint8_t out[LAB_RAW_MAX]);

/* What it then repeats. The pointer is to static bytes. */
const uint8_t *lab_raw_endless_block(enum lab_act act, size_t *n);

/* Random bytes that no TLS record begins with, the same in each run; static. */
const uint8_t *lab_raw_garbage(size_t *n);
