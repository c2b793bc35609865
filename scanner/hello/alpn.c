/* Lists of application protocols. */
#include "scanner/hello/alpn.h"

#include <string.h>

bool alpn_parse(const char *text, struct alpn *out, struct err *err) {
    *out = (struct alpn){.n = 0};
    if (strcmp(text, "none") == 0)
        return true;
    for (const char *at = text;; at++) {
        size_t n = strcspn(at, ",");
        if (n == 0)
            return err_set(err, "an empty protocol name; give names such as h2,http/1.1, or none");
        if (out->n + 1 + n > sizeof out->bytes)
            return err_set(err, "longer than %d bytes", ALPN_BYTES_MAX);
        out->bytes[out->n++] = (uint8_t)n;
        memcpy(out->bytes + out->n, at, n);
        out->n = (uint8_t)(out->n + n);
        at += n;
        if (*at == '\0')
            return true;
    }
}
