/* What a certificate says of itself, and whether a client that verifies names and dates would take it. Information for
 * people: no chain is built, and nothing here is part of a verdict. */
#pragma once

#include <openssl/base.h>

#include <stdbool.h>
#include <stdint.h>

#define CERTIFICATE_NAME_SIZE 128

struct certificate {
    /* Common name, else organisation, else the first DNS name; as it came but for zero
     * bytes, which are shown as \x00; cut if it is long; "" if there is none */
    char subject[CERTIFICATE_NAME_SIZE];
    char issuer[CERTIFICATE_NAME_SIZE];
    bool self_issued; /* issuer and subject are the same */
    bool named;       /* it is for the name or address that was asked about */
    int64_t not_before_ms, not_after_ms;
};

/* Reads a certificate in DER; `name` is the host name or address literal that a client would ask it to be for. False
 * where it cannot be read. */
bool certificate_read(CRYPTO_BUFFER *der, const char *name, struct certificate *out);
