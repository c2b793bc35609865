/* How the templates of proxies connect to origins beyond the groups: whom they trust, what they show,
 * whether they check, and who resolves names. Pure. */
#pragma once

#include "scanner/base/err.h"

#include <stdbool.h>

/* What a format has a place for, as bits. */
enum {
    EXPORT_TAKES_TLS = 1,        /* CA file, verification, client certificate */
    EXPORT_TAKES_CLIENT_KEY = 2, /* … whose key is a file of its own */
    EXPORT_TAKES_CHECKS = 4,     /* health checks of servers */
    EXPORT_TAKES_RESOLVERS = 8,
    EXPORT_TAKES_CA_FILE_TO_VERIFY = 16, /* it knows no CAs by itself */
};

/* Whether the origin's certificate is verified. */
enum export_verify {
    EXPORT_VERIFY_DEFAULT, /* as the format's help says */
    EXPORT_VERIFY_NONE,
    EXPORT_VERIFY_REQUIRED,
};

/* Texts are borrowed and NULL where nothing was given. */
struct export_origin_tls {
    enum export_verify verify;
    const char *ca_file;
    const char *client_cert;
    const char *client_key; /* NULL: in the same file as the certificate */
    const char *resolvers;  /* HAProxy: the name of a section; nginx: addresses, blanks between */
    bool checks;
};

/* False with the reason where an option does not fit the format of that name, which takes those
 * bits, or has a text that could end a directive. */
bool export_origin_tls_check(const struct export_origin_tls *tls, const char *format,
                             unsigned takes, struct err *err);

/* Whether certificates are to be verified where the format does so by itself only if `by_default`. */
bool export_origin_tls_verifies(const struct export_origin_tls *tls, bool by_default);
