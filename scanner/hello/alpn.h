/* Lists of application protocols: as an operator writes them and as TLS sends them (RFC 7301 3.1). Pure. */
#pragma once

#include "scanner/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define ALPN_BYTES_MAX 255

/* Each protocol behind its length. */
struct alpn {
    uint8_t bytes[ALPN_BYTES_MAX];
    uint8_t n; /* 0: no ALPN is sent */
};

/* What web servers expect of a proxy: `h2,http/1.1`. */
#define ALPN_DEFAULT "h2,http/1.1"

/* Reads names with commas between them, or `none`. False with `err` where a name is empty or the list too long. */
bool alpn_parse(const char *text, struct alpn *out, struct err *err);
