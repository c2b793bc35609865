/* The reader of a server's first flight: an automaton that takes one byte at a time, so that how
 * the bytes were cut cannot matter. */
#include "scanner/first_flight.h"

#include <openssl/bytestring.h>
#include <string.h>

#define RECORD_MAX (16384 + 2048) /* RFC 5246 6.2.3: what a record can carry at most */
#define MESSAGE_MAX                                                                                \
    (UINT32_C(1) << 18) /* of a message that is only skipped: a long chain is 64 KB */
#define PASSED_OVER_MAX 4
/* We offer fewer extensions than this, and each may be answered once (RFC 8446 4.2). */
#define EXTENSIONS_MAX 32

enum record_type {
    RECORD_CHANGE_CIPHER_SPEC = 20,
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,
};

enum message_type {
    MESSAGE_HELLO_REQUEST = 0,
    MESSAGE_SERVER_HELLO = 2,
    MESSAGE_CERTIFICATE = 11,
    MESSAGE_SERVER_KEY_EXCHANGE = 12,
    MESSAGE_CERTIFICATE_REQUEST = 13,
    MESSAGE_SERVER_HELLO_DONE = 14,
    MESSAGE_CERTIFICATE_STATUS = 22,
};

enum extension_type {
    EXTENSION_SUPPORTED_VERSIONS = 43,
    EXTENSION_COOKIE = 44,
    EXTENSION_KEY_SHARE = 51,
};

enum { ALERT_WARNING = 1, ALERT_FATAL = 2 };
enum { ALERT_CLOSE_NOTIFY = 0 };

/* RFC 5246 7.3: after the ServerHello each message is optional but the last, and the order fixed.
 */
static const struct {
    uint8_t type;
    uint8_t rank;
} order[] = {
    {MESSAGE_SERVER_HELLO, 1},        {MESSAGE_CERTIFICATE, 2},
    {MESSAGE_CERTIFICATE_STATUS, 3},  {MESSAGE_SERVER_KEY_EXCHANGE, 4},
    {MESSAGE_CERTIFICATE_REQUEST, 5}, {MESSAGE_SERVER_HELLO_DONE, 6},
};

/* SHA-256 of "HelloRetryRequest", RFC 8446 4.1.3. */
static const uint8_t retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

/* ECDHE with a certificate. Only their ServerKeyExchange starts with a curve: that of a 6,144-bit
 * finite-field group starts with the same byte. */
static const uint16_t ecdhe_ciphers[] = {
    0xc007, 0xc008, 0xc009, 0xc00a, 0xc011, 0xc012, 0xc013, 0xc014, 0xc023, 0xc024, 0xc027,
    0xc028, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xc0ac, 0xc0ad, 0xc0ae, 0xc0af, 0xcca8, 0xcca9,
};

const char *first_flight_kind_name(enum first_flight_kind kind) {
    static const char *const names[] = {
        [FIRST_FLIGHT_MORE] = "more",
        [FIRST_FLIGHT_RETRY] = "retry",
        [FIRST_FLIGHT_SERVER_HELLO] = "server-hello",
        [FIRST_FLIGHT_KEY_EXCHANGE] = "key-exchange",
        [FIRST_FLIGHT_NO_KEY_EXCHANGE] = "no-key-exchange",
        [FIRST_FLIGHT_ALERT] = "alert",
        [FIRST_FLIGHT_NOT_TLS] = "not-tls",
        [FIRST_FLIGHT_MALFORMED] = "malformed",
    };
    return names[kind];
}

static bool malformed(struct first_flight *flight, const char *why) {
    flight->answer.kind = FIRST_FLIGHT_MALFORMED;
    flight->answer.why = why;
    return false;
}

static void pass_over(struct first_flight *flight) {
    if (++flight->passed_over > PASSED_OVER_MAX)
        malformed(flight, "too many warning alerts or hello requests");
}

/* --- ServerHello and HelloRetryRequest --- */

/* The extensions that say something about key agreement; empty with a NULL pointer if absent. */
struct hello_extensions {
    CBS supported_versions;
    CBS cookie;
    CBS key_share;
};

static bool read_extensions(struct first_flight *flight, CBS *list, struct hello_extensions *out) {
    uint16_t seen[EXTENSIONS_MAX];
    size_t seen_n = 0;
    while (CBS_len(list) > 0) {
        uint16_t type;
        CBS body;
        if (!CBS_get_u16(list, &type) || !CBS_get_u16_length_prefixed(list, &body))
            return malformed(flight, "extension of a hello cut short");
        if (seen_n == EXTENSIONS_MAX)
            return malformed(flight, "hello with more extensions than were offered");
        for (size_t i = 0; i < seen_n; i++)
            if (seen[i] == type)
                return malformed(flight, "extension of a hello twice");
        seen[seen_n++] = type;
        if (type == EXTENSION_SUPPORTED_VERSIONS)
            out->supported_versions = body;
        else if (type == EXTENSION_COOKIE)
            out->cookie = body;
        else if (type == EXTENSION_KEY_SHARE)
            out->key_share = body;
    }
    return true;
}

/* Sets the version. Drafts of TLS 1.3 were 0x7fxx. */
static bool read_version(struct first_flight *flight, uint16_t server_version, CBS *extension) {
    flight->answer.version = server_version;
    if (CBS_data(extension) == NULL)
        return server_version <= 0x0303 ||
               malformed(flight, "server_version above TLS 1.2 without supported_versions");
    uint16_t version;
    if (!CBS_get_u16(extension, &version) || CBS_len(extension) > 0)
        return malformed(flight, "supported_versions of a hello is not one version");
    flight->answer.version = version;
    if (version != 0x0304 && version >> 8 != 0x7f)
        return malformed(flight, "supported_versions names another version than TLS 1.3");
    return server_version == 0x0303 || malformed(flight, "server_version of TLS 1.3 is not 0x0303");
}

static bool read_cookie(struct first_flight *flight, CBS *extension) {
    if (CBS_data(extension) == NULL)
        return true;
    CBS cookie;
    if (!CBS_get_u16_length_prefixed(extension, &cookie) || CBS_len(extension) > 0 ||
        CBS_len(&cookie) == 0)
        return malformed(flight, "cookie with a wrong length");
    flight->answer.cookie_bytes = (uint16_t)CBS_len(&cookie);
    flight->cookie_at = (uint16_t)(CBS_data(&cookie) - flight->body);
    return true;
}

static void decide_retry(struct first_flight *flight, struct hello_extensions *extensions) {
    if (!read_cookie(flight, &extensions->cookie))
        return;
    CBS *share = &extensions->key_share;
    if (CBS_data(share) != NULL &&
        (!CBS_get_u16(share, &flight->answer.group) || CBS_len(share) > 0)) {
        malformed(flight, "key_share of a retry is not one group");
        return;
    }
    if (flight->record_left > 0)
        malformed(flight, "data after a retry in its record");
    else
        flight->answer.kind = FIRST_FLIGHT_RETRY;
}

static void decide_server_hello(struct first_flight *flight, CBS *share) {
    CBS key;
    if (CBS_data(share) == NULL)
        malformed(flight, "ServerHello of TLS 1.3 without a key_share");
    else if (!CBS_get_u16(share, &flight->answer.group) ||
             !CBS_get_u16_length_prefixed(share, &key) || CBS_len(&key) == 0 || CBS_len(share) > 0)
        malformed(flight, "key_share of a ServerHello is not one share");
    else if (flight->record_left > 0)
        malformed(flight, "data after a ServerHello of TLS 1.3 in its record");
    else
        flight->answer.kind = FIRST_FLIGHT_SERVER_HELLO;
}

/* RFC 8446 4.1.3, RFC 5246 7.4.1.3. A hello of TLS 1.2 decides nothing yet. */
static void read_hello(struct first_flight *flight) {
    CBS hello, random, session_id, list;
    uint16_t server_version;
    uint8_t compression;
    CBS_init(&hello, flight->body, flight->body_n);
    if (!CBS_get_u16(&hello, &server_version) || !CBS_get_bytes(&hello, &random, 32) ||
        !CBS_get_u8_length_prefixed(&hello, &session_id) || CBS_len(&session_id) > 32 ||
        !CBS_get_u16(&hello, &flight->answer.cipher) || !CBS_get_u8(&hello, &compression)) {
        malformed(flight, "hello cut short");
        return;
    }
    flight->answer.session_id_echoed =
        CBS_mem_equal(&session_id, flight->session_id, flight->session_id_n);
    CBS_init(&list, NULL, 0); /* before TLS 1.3 the list may be left out */
    struct hello_extensions extensions = {0};
    if (CBS_len(&hello) > 0 && !CBS_get_u16_length_prefixed(&hello, &list)) {
        malformed(flight, "extensions of a hello cut short");
        return;
    }
    if (!read_extensions(flight, &list, &extensions) ||
        !read_version(flight, server_version, &extensions.supported_versions))
        return;
    if (server_version >> 8 != 3 || compression != 0 || CBS_len(&hello) > 0)
        malformed(flight, "hello with a wrong version, compression or end");
    else if (CBS_mem_equal(&random, retry_random, sizeof retry_random))
        decide_retry(flight, &extensions);
    else if (CBS_data(&extensions.supported_versions) != NULL)
        decide_server_hello(flight, &extensions.key_share);
}

/* --- the handshake messages of TLS 1.2 --- */

static bool is_ecdhe(uint16_t cipher) {
    for (size_t i = 0; i < sizeof ecdhe_ciphers / sizeof *ecdhe_ciphers; i++)
        if (ecdhe_ciphers[i] == cipher)
            return true;
    return false;
}

/* RFC 8422 5.4: curve_type, named curve, length of the point. */
static void read_key_exchange(struct first_flight *flight) {
    enum { CURVE_EXPLICIT_PRIME = 1, CURVE_EXPLICIT_CHAR2 = 2, CURVE_NAMED = 3 };
    const uint8_t *body = flight->body;
    if (body[0] == CURVE_EXPLICIT_PRIME || body[0] == CURVE_EXPLICIT_CHAR2) {
        flight->answer.kind = FIRST_FLIGHT_NO_KEY_EXCHANGE;
        return;
    }
    uint16_t group = (uint16_t)(body[1] << 8 | body[2]);
    if (body[0] != CURVE_NAMED || group == 0 || body[3] == 0 || body[3] > flight->message_left) {
        malformed(flight, "ServerKeyExchange without a named curve and its point");
        return;
    }
    flight->answer.group = group;
    flight->answer.kind = FIRST_FLIGHT_KEY_EXCHANGE;
}

static uint8_t rank_of(uint8_t type) {
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (order[i].type == type)
            return order[i].rank;
    return 0;
}

static void begin_message(struct first_flight *flight) {
    const uint8_t *header = flight->message_header;
    uint8_t type = header[0], rank = rank_of(type);
    uint32_t length = (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 | header[3];
    flight->message_left = length;
    flight->body_n = 0;
    if (type == MESSAGE_HELLO_REQUEST && length == 0) {
        pass_over(flight);
        return;
    }
    bool hello = type == MESSAGE_SERVER_HELLO;
    if (hello != (flight->rank == 0) || rank <= flight->rank)
        malformed(flight, "handshake message out of order");
    else if (length > (hello ? FIRST_FLIGHT_HELLO_MAX : MESSAGE_MAX))
        malformed(flight, "handshake message too long");
    else if (type == MESSAGE_SERVER_HELLO_DONE && length > 0)
        malformed(flight, "ServerHelloDone with content");
    else if (type == MESSAGE_SERVER_KEY_EXCHANGE && !is_ecdhe(flight->answer.cipher))
        flight->answer.kind = FIRST_FLIGHT_NO_KEY_EXCHANGE;
    else if (type == MESSAGE_SERVER_KEY_EXCHANGE && length < 4)
        malformed(flight, "ServerKeyExchange without a named curve and its point");
    flight->rank = rank;
}

static void end_message(struct first_flight *flight) {
    flight->message_header_n = 0;
    uint8_t type = flight->message_header[0];
    if (type == MESSAGE_SERVER_HELLO)
        read_hello(flight);
    else if (type == MESSAGE_CERTIFICATE_REQUEST)
        flight->answer.certificate_requested = true;
    else if (type == MESSAGE_SERVER_HELLO_DONE)
        flight->answer.kind = FIRST_FLIGHT_NO_KEY_EXCHANGE;
}

static void take_handshake(struct first_flight *flight, uint8_t byte) {
    if (flight->message_header_n < sizeof flight->message_header) {
        flight->message_header[flight->message_header_n++] = byte;
        if (flight->message_header_n < sizeof flight->message_header)
            return;
        begin_message(flight);
    } else {
        uint8_t type = flight->message_header[0];
        flight->message_left--;
        if (type == MESSAGE_SERVER_HELLO ||
            (type == MESSAGE_SERVER_KEY_EXCHANGE && flight->body_n < 4))
            flight->body[flight->body_n++] = byte;
        if (type == MESSAGE_SERVER_KEY_EXCHANGE && flight->body_n == 4)
            read_key_exchange(flight);
    }
    if (flight->answer.kind == FIRST_FLIGHT_MORE && flight->message_left == 0)
        end_message(flight);
}

/* --- records and alerts --- */

static void take_alert(struct first_flight *flight, uint8_t byte) {
    if (flight->alert_level == 0) {
        flight->alert_level = byte;
        if (byte != ALERT_WARNING && byte != ALERT_FATAL)
            malformed(flight, "alert of an unknown level");
        return;
    }
    flight->answer.alert = byte;
    if (flight->alert_level == ALERT_FATAL || byte == ALERT_CLOSE_NOTIFY)
        flight->answer.kind = FIRST_FLIGHT_ALERT;
    else
        pass_over(flight);
    flight->alert_level = 0;
}

static void take_change_cipher_spec(struct first_flight *flight, uint8_t byte) {
    flight->dummy_expected = false;
    if (byte != 1)
        malformed(flight, "ChangeCipherSpec with another value than 1");
}

/* Whether the header, as far as it is there, can be that of a record. */
static bool header_is_plausible(const struct first_flight *flight) {
    const uint8_t *header = flight->header;
    bool dummy = flight->dummy_expected && header[0] == RECORD_CHANGE_CIPHER_SPEC;
    switch (flight->header_n) {
    case 1:
        return header[0] == RECORD_ALERT || header[0] == RECORD_HANDSHAKE || dummy;
    case 2:
        return header[1] == 3;
    case 4:
        return header[3] <= RECORD_MAX >> 8;
    case 5: {
        int length = header[3] << 8 | header[4];
        return length > 0 && length <= RECORD_MAX;
    }
    default: /* the minor version: servers have been seen to send all of 0 to 4 */
        return true;
    }
}

static void take_header(struct first_flight *flight, uint8_t byte) {
    flight->header[flight->header_n++] = byte;
    if (!header_is_plausible(flight)) {
        if (flight->any_record)
            malformed(flight, "bytes that are no TLS record after one");
        else
            flight->answer.kind = FIRST_FLIGHT_NOT_TLS;
        return;
    }
    if (flight->header_n < sizeof flight->header)
        return;
    flight->header_n = 0;
    flight->any_record = true;
    flight->record_left = (uint16_t)(flight->header[3] << 8 | flight->header[4]);
    if (flight->header[0] == RECORD_ALERT && flight->record_left != 2)
        malformed(flight, "alert record that is not one alert");
    if (flight->header[0] == RECORD_CHANGE_CIPHER_SPEC && flight->record_left != 1)
        malformed(flight, "ChangeCipherSpec with another length than 1");
}

static void take(struct first_flight *flight, uint8_t byte) {
    flight->answer.bytes++;
    if (flight->record_left == 0) {
        take_header(flight, byte);
        return;
    }
    flight->record_left--;
    if (flight->header[0] == RECORD_HANDSHAKE)
        take_handshake(flight, byte);
    else if (flight->header[0] == RECORD_ALERT)
        take_alert(flight, byte);
    else
        take_change_cipher_spec(flight, byte);
}

void first_flight_init(struct first_flight *flight, const uint8_t *session_id, size_t n) {
    memset(flight, 0, offsetof(struct first_flight, body));
    flight->session_id_n = (uint8_t)(n < sizeof flight->session_id ? n : sizeof flight->session_id);
    if (flight->session_id_n > 0)
        memcpy(flight->session_id, session_id, flight->session_id_n);
}

enum first_flight_kind first_flight_feed(struct first_flight *flight, const uint8_t *bytes,
                                         size_t n) {
    for (size_t i = 0; i < n && flight->answer.kind == FIRST_FLIGHT_MORE; i++)
        take(flight, bytes[i]);
    return flight->answer.kind;
}

void first_flight_second(struct first_flight *flight) {
    uint32_t bytes = flight->answer.bytes;
    flight->answer = (struct first_flight_answer){.bytes = bytes};
    flight->dummy_expected = true;
    flight->rank = 0;
    flight->body_n = 0;
}

const uint8_t *first_flight_cookie(const struct first_flight *flight, size_t *n) {
    *n = flight->answer.cookie_bytes;
    return *n > 0 ? flight->body + flight->cookie_at : NULL;
}
