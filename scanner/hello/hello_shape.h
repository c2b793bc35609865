/* How the ClientHellos of the TLS libraries look that proxies use: which ciphers, which extensions, in which
 * order. Measured from the libraries' own hellos; docs/hellos.md has the table and a test that holds it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* An extension whose content never changes. */
struct hello_shape_fixed {
    uint16_t type;
    const uint8_t *bytes; /* NULL where n is 0 */
    size_t n;
};

struct hello_shape {
    const char *name; /* "boringssl", "openssl", "go" */
    const uint16_t *ciphers;
    size_t ciphers_n;
    const uint16_t *signature_algorithms; /* the content of extensions 13 and 50 */
    size_t signature_algorithms_n;
    const uint16_t *extensions; /* their types in order; cookie and padding come behind them */
    size_t extensions_n;
    const struct hello_shape_fixed *fixed; /* the contents of those that are always the same */
    size_t fixed_n;
};

extern const struct hello_shape hello_shape_boringssl; /* the pinned commit */
extern const struct hello_shape hello_shape_openssl;   /* 3.5 as Debian builds it: HAProxy, nginx */
extern const struct hello_shape hello_shape_go; /* crypto/tls of Go 1.24 to 1.26: Caddy, Traefik */

/* The content of that extension, NULL where it is none of the fixed ones. */
const struct hello_shape_fixed *hello_shape_find_fixed(const struct hello_shape *shape,
                                                       uint16_t type);
