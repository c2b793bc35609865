/* ClientHellos written byte by byte: RFC 8446 4.1.2 in the shape that a TLS library gives them. */
#include "scanner/hello/raw_hello.h"

#include "scanner/base/array.h"
#include "scanner/hello/hello_shape.h"

#include <openssl/bytestring.h>
#include <openssl/chacha.h>
#include <openssl/err.h>

#include <assert.h>
#include <string.h>

#define RECORD_HEADER_BYTES 5
#define RECORD_BODY_MAX 16384 /* RFC 8446 5.1 */
#define EXTENSION_HEADER_BYTES 4
#define SNI_MAX 255 /* as in BoringSSL; a DNS name has at most 253 */

/* Extensions whose content depends on the hello (RFC 8446 4.2). */
enum extension_type {
    EXTENSION_SERVER_NAME = 0,
    EXTENSION_SUPPORTED_GROUPS = 10,
    EXTENSION_SIGNATURE_ALGORITHMS = 13,
    EXTENSION_ALPN = 16,
    EXTENSION_PADDING = 21,
    EXTENSION_COOKIE = 44,
    EXTENSION_SIGNATURE_ALGORITHMS_CERT = 50,
    EXTENSION_KEY_SHARE = 51,
};

static const uint16_t mldsa_algorithms[] = {0x0904, 0x0905, 0x0906};

/* What differs between CH1 and CH2. */
struct flight {
    const struct raw_hello *hello;
    const struct raw_hello_share *shares;
    size_t shares_n;
    const uint8_t *cookie;
    size_t cookie_n;
    size_t wire_bytes; /* 0 for no padding */
    bool second;
};

static bool add_numbers(CBB *out, const uint16_t *numbers, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!CBB_add_u16(out, numbers[i]))
            return false;
    return true;
}

/* Starts an extension; its content goes to `body` until `out` is flushed. */
static bool open_extension(CBB *out, uint16_t type, CBB *body) {
    return CBB_add_u16(out, type) && CBB_add_u16_length_prefixed(out, body);
}

static bool add_extension(CBB *out, uint16_t type, const uint8_t *content, size_t n) {
    CBB body;
    return open_extension(out, type, &body) && CBB_add_bytes(&body, content, n) && CBB_flush(out);
}

/* RFC 6066 3. */
static bool add_server_name(CBB *out, const char *sni) {
    enum { NAME_TYPE_HOST = 0 };
    CBB body, list, name;
    if (!sni || !sni[0])
        return true;
    return open_extension(out, EXTENSION_SERVER_NAME, &body) &&
           CBB_add_u16_length_prefixed(&body, &list) && CBB_add_u8(&list, NAME_TYPE_HOST) &&
           CBB_add_u16_length_prefixed(&list, &name) &&
           CBB_add_bytes(&name, (const uint8_t *)sni, strlen(sni)) && CBB_flush(out);
}

static bool add_groups(CBB *out, const struct raw_hello *hello) {
    CBB body, list;
    return open_extension(out, EXTENSION_SUPPORTED_GROUPS, &body) &&
           CBB_add_u16_length_prefixed(&body, &list) &&
           add_numbers(&list, hello->groups, hello->groups_n) && CBB_flush(out);
}

static bool add_signature_algorithms(CBB *out, uint16_t type, const struct hello_shape *shape,
                                     bool mldsa) {
    CBB body, list;
    return open_extension(out, type, &body) && CBB_add_u16_length_prefixed(&body, &list) &&
           add_numbers(&list, mldsa_algorithms, mldsa ? COUNT_OF(mldsa_algorithms) : 0) &&
           add_numbers(&list, shape->signature_algorithms, shape->signature_algorithms_n) &&
           CBB_flush(out);
}

/* RFC 7301 3.1. */
static bool add_alpn(CBB *out, const struct raw_hello *hello) {
    CBB body, list;
    if (hello->alpn_n == 0)
        return true;
    return open_extension(out, EXTENSION_ALPN, &body) &&
           CBB_add_u16_length_prefixed(&body, &list) &&
           CBB_add_bytes(&list, hello->alpn, hello->alpn_n) && CBB_flush(out);
}

/* A ChaCha20 key stream under the hello's random: looks like a share, and two fillers of a hello
 * differ by their place. */
static bool add_filler(CBB *out, const uint8_t random[32], size_t place, size_t n) {
    uint8_t nonce[12] = {(uint8_t)place}, *filler;
    if (!CBB_add_space(out, &filler, n))
        return false;
    memset(filler, 0, n);
    CRYPTO_chacha_20(filler, filler, n, random, nonce, 0);
    return true;
}

static bool add_shares(CBB *out, const struct flight *flight) {
    CBB body, list, key;
    if (!open_extension(out, EXTENSION_KEY_SHARE, &body) ||
        !CBB_add_u16_length_prefixed(&body, &list))
        return false;
    for (size_t i = 0; i < flight->shares_n; i++) {
        const struct raw_hello_share *share = &flight->shares[i];
        if (!CBB_add_u16(&list, share->group) || !CBB_add_u16_length_prefixed(&list, &key))
            return false;
        if (share->bytes ? !CBB_add_bytes(&key, share->bytes, share->n)
                         : !add_filler(&key, flight->hello->random, i, share->n))
            return false;
    }
    return CBB_flush(out);
}

static bool add_cookie(CBB *out, const struct flight *flight) {
    CBB body, cookie;
    if (!flight->cookie)
        return true;
    return open_extension(out, EXTENSION_COOKIE, &body) &&
           CBB_add_u16_length_prefixed(&body, &cookie) &&
           CBB_add_bytes(&cookie, flight->cookie, flight->cookie_n) && CBB_flush(out);
}

/* `bytes` counts the extension's header; 0 adds nothing. */
static bool add_padding(CBB *out, size_t bytes) {
    CBB body;
    if (bytes == 0)
        return true;
    return open_extension(out, EXTENSION_PADDING, &body) &&
           CBB_add_zeros(&body, bytes - EXTENSION_HEADER_BYTES) && CBB_flush(out);
}

static bool add_fixed(CBB *out, const struct hello_shape *shape, uint16_t type) {
    const struct hello_shape_fixed *fixed = hello_shape_find_fixed(shape, type);
    assert(fixed);
    return add_extension(out, type, fixed->bytes, fixed->n);
}

static bool add_extension_of_shape(CBB *out, const struct flight *flight,
                                   const struct hello_shape *shape, uint16_t type) {
    const struct raw_hello *hello = flight->hello;
    switch (type) {
    case EXTENSION_SERVER_NAME:
        return add_server_name(out, hello->sni);
    case EXTENSION_SUPPORTED_GROUPS:
        return add_groups(out, hello);
    case EXTENSION_SIGNATURE_ALGORITHMS:
    case EXTENSION_SIGNATURE_ALGORITHMS_CERT:
        return add_signature_algorithms(out, type, shape, hello->mldsa);
    case EXTENSION_ALPN:
        return add_alpn(out, hello);
    case EXTENSION_KEY_SHARE:
        return add_shares(out, flight);
    }
    return add_fixed(out, shape, type);
}

static bool add_extensions(CBB *out, const struct flight *flight, const struct hello_shape *shape,
                           size_t padding_bytes) {
    for (size_t i = 0; i < shape->extensions_n; i++)
        if (!add_extension_of_shape(out, flight, shape, shape->extensions[i]))
            return false;
    return add_cookie(out, flight) && add_padding(out, padding_bytes);
}

/* Writes the handshake message; returns its length, 0 if it does not fit. */
static size_t write_message(const struct flight *flight, size_t padding_bytes, uint8_t *out,
                            size_t out_size) {
    enum { MESSAGE_CLIENT_HELLO = 1, LEGACY_VERSION = 0x0303, COMPRESSION_NONE = 0 };
    const struct raw_hello *hello = flight->hello;
    const struct hello_shape *shape = hello->shape ? hello->shape : &hello_shape_boringssl;
    CBB message, body, session_id, suites, compression, extensions;
    size_t n = 0;
    bool written =
        CBB_init_fixed(&message, out, out_size) && CBB_add_u8(&message, MESSAGE_CLIENT_HELLO) &&
        CBB_add_u24_length_prefixed(&message, &body) && CBB_add_u16(&body, LEGACY_VERSION) &&
        CBB_add_bytes(&body, hello->random, sizeof hello->random) &&
        CBB_add_u8_length_prefixed(&body, &session_id) &&
        CBB_add_bytes(&session_id, hello->session_id, sizeof hello->session_id) &&
        CBB_add_u16_length_prefixed(&body, &suites) &&
        add_numbers(&suites, shape->ciphers, shape->ciphers_n) &&
        CBB_add_u8_length_prefixed(&body, &compression) &&
        CBB_add_u8(&compression, COMPRESSION_NONE) &&
        CBB_add_u16_length_prefixed(&body, &extensions) &&
        add_extensions(&extensions, flight, shape, padding_bytes) && CBB_finish(&message, NULL, &n);
    CBB_cleanup(&message);
    if (!written)
        ERR_clear_error(); /* or the next SSL call would be blamed */
    return written ? n : 0;
}

/* How many bytes of padding take a hello of `natural` bytes to the size that is asked for. */
static bool choose_padding(size_t wanted, size_t natural, size_t *padding_bytes, struct err *err) {
    *padding_bytes = wanted > natural ? wanted - natural : 0;
    if (wanted == 0 || wanted == natural || *padding_bytes >= EXTENSION_HEADER_BYTES)
        return true;
    return err_set(err, "a hello cannot be %zu bytes long: it is %zu bytes, or at least %zu",
                   wanted, natural, natural + EXTENSION_HEADER_BYTES);
}

/* Cuts the message into records. It stands behind room for all their headers, so that each piece
 * only moves forward. */
static bool cut_records(const struct flight *flight, const uint8_t *message, uint8_t *out,
                        struct raw_hello_written *written, struct err *err) {
    const struct raw_hello *hello = flight->hello;
    size_t from = 0, at = written->hello_at;
    for (size_t i = 0; i <= hello->splits_n; i++) {
        size_t to = i < hello->splits_n ? hello->splits[i] : written->message_bytes;
        if (to <= from || to > written->message_bytes ||
            (i < hello->splits_n && to == written->message_bytes))
            return err_set(err, "a record cannot start at byte %zu of a hello of %zu", to,
                           written->message_bytes);
        size_t n = to - from;
        if (n > RECORD_BODY_MAX)
            return err_set(err, "a record cannot carry %zu bytes", n);
        const uint8_t header[] = {22, 3, flight->second ? 3 : 1, (uint8_t)(n >> 8), (uint8_t)n};
        memcpy(out + at, header, sizeof header);
        memmove(out + at + sizeof header, message + from, n);
        at += sizeof header + n;
        written->record_ends[written->records_n++] = at;
        from = to;
    }
    return true;
}

static bool write_flight(const struct flight *flight, uint8_t *out, size_t out_size,
                         struct raw_hello_written *written, struct err *err) {
    static const uint8_t dummy[] = {20, 3, 3, 0, 1, 1};
    const struct raw_hello *hello = flight->hello;
    assert(hello->groups_n > 0 && hello->splits_n <= RAW_HELLO_SPLITS_MAX);
    *written = (struct raw_hello_written){.hello_at = flight->second ? sizeof dummy : 0};
    if (hello->sni && strlen(hello->sni) > SNI_MAX)
        return err_set(err, "the server name is longer than %d bytes", SNI_MAX);
    size_t headers_bytes = RECORD_HEADER_BYTES * (hello->splits_n + 1);
    size_t message_at = written->hello_at + headers_bytes;
    size_t room = out_size > message_at ? out_size - message_at : 0;
    size_t natural = write_message(flight, 0, out + message_at, room);
    if (natural > 0 &&
        !choose_padding(flight->wire_bytes, headers_bytes + natural, &written->padding_bytes, err))
        return false;
    written->message_bytes =
        natural > 0 ? write_message(flight, written->padding_bytes, out + message_at, room) : 0;
    if (written->message_bytes == 0)
        return err_set(err, "the hello does not fit into %zu bytes or a field's length", out_size);
    if (flight->second)
        memcpy(out, dummy, sizeof dummy);
    written->wire_bytes = headers_bytes + written->message_bytes;
    written->n = written->hello_at + written->wire_bytes;
    return cut_records(flight, out + message_at, out, written, err);
}

bool raw_hello_write(const struct raw_hello *hello, uint8_t *out, size_t out_size,
                     struct raw_hello_written *written, struct err *err) {
    struct flight flight = {.hello = hello,
                            .shares = hello->shares,
                            .shares_n = hello->shares_n,
                            .wire_bytes = hello->wire_bytes};
    return write_flight(&flight, out, out_size, written, err);
}

bool raw_hello_write_second(const struct raw_hello *first, const struct raw_hello_retry *retry,
                            uint8_t *out, size_t out_size, struct raw_hello_written *written,
                            struct err *err) {
    struct flight flight = {
        .hello = first,
        .shares = retry->share ? retry->share : first->shares,
        .shares_n = retry->share ? 1 : first->shares_n,
        .cookie = retry->cookie,
        .cookie_n = retry->cookie_n,
        .wire_bytes = retry->wire_bytes,
        .second = true,
    };
    return write_flight(&flight, out, out_size, written, err);
}
