/* Which options of a connection to an origin fit a format. */
#include "report/export/export_origin_tls.h"

#include "scanner/base/array.h"
#include "scanner/base/quote.h"

#include <stddef.h>
#include <string.h>

#define SAFE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/@+:[]"

/* Configuration files take these characters as they are, with no quotation marks around them. */
static bool check_text(const char *option, const char *text, const char *more, struct err *err) {
    char quoted[QUOTE_SIZE], allowed[sizeof SAFE + 8];
    snprintf(allowed, sizeof allowed, "%s%s", SAFE, more);
    if (!text || (text[0] && text[0] != '-' && !text[strspn(text, allowed)]))
        return true;
    return err_set(err,
                   "--%s: %s contains characters other than letters, digits and ._-/@+:[], or "
                   "begins with a hyphen",
                   option, quote_text(text, quoted));
}

static bool check_fit(const struct export_origin_tls *tls, const char *format, unsigned takes,
                      struct err *err) {
    const struct {
        const char *option;
        bool given;
        unsigned needs;
    } rows[] = {
        {"verify", tls->verify != EXPORT_VERIFY_DEFAULT, EXPORT_TAKES_TLS},
        {"ca-file", tls->ca_file, EXPORT_TAKES_TLS},
        {"client-cert", tls->client_cert, EXPORT_TAKES_TLS},
        {"client-key", tls->client_key, EXPORT_TAKES_CLIENT_KEY},
        {"health-checks", tls->checks, EXPORT_TAKES_CHECKS},
        {"resolvers", tls->resolvers, EXPORT_TAKES_RESOLVERS},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!rows[i].given || (takes & rows[i].needs))
            continue;
        if (rows[i].needs == EXPORT_TAKES_CLIENT_KEY && (takes & EXPORT_TAKES_TLS))
            return err_set(err,
                           "--client-key: %s reads the key from the file of --client-cert, or from "
                           "a file beside it with .key at the end of its name",
                           format);
        return err_set(err, "--%s: the format %s has no place for it", rows[i].option, format);
    }
    return true;
}

bool export_origin_tls_check(const struct export_origin_tls *tls, const char *format,
                             unsigned takes, struct err *err) {
    if (!check_fit(tls, format, takes, err))
        return false;
    if (tls->ca_file && tls->verify == EXPORT_VERIFY_NONE)
        return err_set(err, "--ca-file and --verify none contradict each other");
    if (tls->verify == EXPORT_VERIFY_REQUIRED && !tls->ca_file &&
        (takes & EXPORT_TAKES_CA_FILE_TO_VERIFY))
        return err_set(err, "--verify required: %s has no list of CAs of its own; add --ca-file",
                       format);
    if (tls->client_key && !tls->client_cert)
        return err_set(err, "--client-key needs --client-cert");
    return check_text("ca-file", tls->ca_file, "", err) &&
           check_text("client-cert", tls->client_cert, "", err) &&
           check_text("client-key", tls->client_key, "", err) &&
           check_text("resolvers", tls->resolvers, " ", err);
}

bool export_origin_tls_verifies(const struct export_origin_tls *tls, bool by_default) {
    return tls->verify == EXPORT_VERIFY_REQUIRED || tls->ca_file ||
           (by_default && tls->verify == EXPORT_VERIFY_DEFAULT);
}
