/* Bytes that BoringSSL would never send, made by hand. */
#pragma once

#include "lab_behaviour.h"
#include "lab_out.h"

#include <stddef.h>
#include <stdint.h>

#define LAB_RAW_MAX 512

/* A HelloRetryRequest in one record (RFC 8446 4.1.4), broken in the way that `act` says; `group` is
 * what a sound one would name. Returns its length. */
size_t lab_raw_retry(enum lab_act act, const struct lab_hello *hello, uint16_t group,
                     uint8_t out[LAB_RAW_MAX]);

/* The group that such a HelloRetryRequest names, 0 if none. */
uint16_t lab_raw_retry_group(enum lab_act act, const struct lab_hello *hello, uint16_t group);

/* Says what an origin says that does without a handshake (LAB_ACT_ALERT, …_HTTP, …_SSH, …_GARBAGE,
 * …_ENDLESS_*). Returns true if it closes afterwards. */
bool lab_raw_say(enum lab_act act, uint8_t alert, struct lab_out *out);
