/* Writes ClientHellos byte by byte, for what BoringSSL cannot express: groups and shares that it
 * does not know, an exact size, records cut at will. Pure: everything random comes from the caller,
 * the same input gives the same bytes. Such a hello cannot finish a handshake unless the caller has
 * the shares' keys; it asks a question that the server's first flight answers (first_flight.h).
 *
 * Ciphers, extensions and their order are those of a TLS library (hello_shape.h), by default of BoringSSL as
 * the probes that finish send them, so that only what a probe asks differs. Behind the library's extensions
 * come cookie (CH2 only) and padding where asked for. With BoringSSL's shape, the same groups, shares, name,
 * ALPN, random and session id, and the size that BoringSSL pads to, it is BoringSSL's hello byte for byte. */
#pragma once

#include "scanner/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key share. The bytes are borrowed; NULL stands for `n` bytes of filler (a key stream from the
 * hello's random), for groups whose shares we cannot make: an unassigned number, or a server that
 * is expected to refuse or retry before it looks. A share of 0 bytes is against the standard. */
struct hello_shape;

struct raw_hello_share {
    uint16_t group;
    const uint8_t *bytes;
    size_t n;
};

#define RAW_HELLO_SPLITS_MAX 7
#define RAW_HELLO_RECORDS_MAX (RAW_HELLO_SPLITS_MAX + 1)

/* What to write. All pointers are borrowed during a call.
 *   To follow RFC 8446 4.2.8 let the groups of the shares be among `groups`, in the same order,
 * none twice; this is not checked, since a probe may want otherwise. */
struct raw_hello {
    const char *sni; /* NULL or "" sends none; at most 255 bytes */
    uint8_t random[32];
    uint8_t session_id[32]; /* legacy_session_id, always of 32 bytes: compatibility mode */
    const uint16_t *groups; /* supported_groups, in order; any numbers, at least one */
    size_t groups_n;
    /* key_share; none makes an empty list: asks for a retry */
    const struct raw_hello_share *shares;
    size_t shares_n;
    const struct hello_shape *shape; /* NULL: BoringSSL's */
    const uint8_t *alpn;             /* protocols, each behind its length (RFC 7301 3.1) */
    size_t alpn_n;                   /* 0 sends no ALPN */
    bool mldsa;                      /* ML-DSA-44, 65 and 87 in front of the signature algorithms */
    /* Bytes on the wire with every record header, reached by a padding extension (RFC 7685); 0 for
     * no padding. With N the size without padding, N and everything from N + 4 on can be had (4
     * bytes are the extension's header), up to 16,389 in one record; less than N and N + 1 to N + 3
     * cannot. N + 4 ends in an empty extension, which WebSphere 7 is known not to take; BoringSSL
     * avoids it. BoringSSL itself pads a message of 256 to 511 bytes to 512: that is 517 here. */
    size_t wire_bytes;
    /* Where records after the first start: offsets in the handshake message (its 4-byte header is
     * at 0), ascending, each inside of the message. */
    size_t splits[RAW_HELLO_SPLITS_MAX];
    size_t splits_n;
};

/* What was written. */
struct raw_hello_written {
    size_t n;             /* bytes to send */
    size_t hello_at;      /* where the hello's first record starts: behind CH2's ChangeCipherSpec */
    size_t wire_bytes;    /* of the hello, record headers included: n - hello_at */
    size_t message_bytes; /* of the handshake message, without record headers */
    size_t padding_bytes; /* of the padding extension with its header, 0 if there is none */
    size_t records_n;
    /* offsets in the output behind each of its records */
    size_t record_ends[RAW_HELLO_RECORDS_MAX];
};

/* Writes CH1 to `out`. False with `err` where the size cannot be had, a split is outside of the
 * message, a record would be longer than 2^14 bytes, a name longer than 255, or the hello does not
 * fit into `out_size` bytes or a field's length. */
bool raw_hello_write(const struct raw_hello *hello, uint8_t *out, size_t out_size,
                     struct raw_hello_written *written, struct err *err);

/* What a HelloRetryRequest asked for. */
struct raw_hello_retry {
    const struct raw_hello_share *share; /* for selected_group; NULL if the HRR named no group */
    const uint8_t *cookie;               /* to be repeated; NULL if there was none */
    size_t cookie_n;
    size_t wire_bytes; /* of CH2's records, as in CH1; 0 for no padding, as BoringSSL */
};

/* Writes CH2: `first` over again with nothing changed (RFC 8446 4.1.2) but
 *   - key_share, which is `share` alone (as in CH1 where that is NULL);
 *   - cookie, if there is one;
 *   - padding, which goes by the size in `retry` instead of CH1's: the same size again keeps a
 *     probe of an exact size exact, but a CH1 with a large share may not leave room for CH2's.
 *
 * In front of it stands the dummy ChangeCipherSpec of compatibility mode (RFC 8446 D.4); to leave
 * it out, send from `hello_at` on. Record headers say 0x0303 instead of 0x0301, as BoringSSL's do.
 * Splits hold as in CH1. False with `err` as above. */
bool raw_hello_write_second(const struct raw_hello *first, const struct raw_hello_retry *retry,
                            uint8_t *out, size_t out_size, struct raw_hello_written *written,
                            struct err *err);
