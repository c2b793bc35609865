/* The reader of a server's first flight: an automaton that takes one byte at a time, so that how
 * the bytes were cut cannot matter. */
#include "scanner/hello/first_flight.h"

#include "scanner/base/array.h"
#include "scanner/hello/server_hello.h"
#include "scanner/words/alert.h"

#include <assert.h>
#include <string.h>

#define RECORD_MAX (16384 + 2048) /* RFC 5246 6.2.3: what a record can carry at most */
#define SKIPPED_MAX (256 * 1024)  /* of a message that is not looked at; long chains have 64 KB */
#define PASSED_OVER_MAX 4

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

enum { ALERT_WARNING = 1, ALERT_FATAL = 2 };

/* RFC 5246 7.3: each message but the first and the last is optional, but the order is fixed. */
static const struct {
    uint8_t type;
    uint8_t rank;
} order[] = {
    {MESSAGE_SERVER_HELLO, 1},        {MESSAGE_CERTIFICATE, 2},
    {MESSAGE_CERTIFICATE_STATUS, 3},  {MESSAGE_SERVER_KEY_EXCHANGE, 4},
    {MESSAGE_CERTIFICATE_REQUEST, 5}, {MESSAGE_SERVER_HELLO_DONE, 6},
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

static void set_malformed(struct first_flight *flight, const char *why) {
    flight->answer.kind = FIRST_FLIGHT_MALFORMED;
    flight->answer.why = why;
}

static void pass_over(struct first_flight *flight) {
    if (++flight->passed_over > PASSED_OVER_MAX)
        set_malformed(flight, "too many warning alerts or hello requests");
}

static void read_hello(struct first_flight *flight) {
    struct server_hello hello;
    const char *why = server_hello_read(&hello, flight->body, flight->body_n, flight->session_id,
                                        flight->session_id_n);
    struct first_flight_answer *answer = &flight->answer;
    answer->version = hello.version;
    answer->cipher = hello.cipher;
    answer->group = hello.group;
    answer->share_bytes = hello.share_bytes;
    answer->cookie_bytes = hello.cookie_bytes;
    answer->session_id_echoed = hello.session_id_echoed;
    flight->cookie_at = hello.cookie_at;
    if (why)
        set_malformed(flight, why);
    else if (hello.kind != SERVER_HELLO_TLS12 && flight->record_left > 0)
        set_malformed(flight, "data after a TLS 1.3 hello in the same record");
    else if (hello.kind == SERVER_HELLO_RETRY)
        answer->kind = FIRST_FLIGHT_RETRY;
    else if (hello.kind == SERVER_HELLO_TLS13)
        answer->kind = FIRST_FLIGHT_SERVER_HELLO;
}

static bool is_ecdhe(uint16_t cipher) {
    for (size_t i = 0; i < COUNT_OF(ecdhe_ciphers); i++)
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
        set_malformed(flight, "ServerKeyExchange without a named curve and its point");
        return;
    }
    flight->answer.group = group;
    flight->answer.kind = FIRST_FLIGHT_KEY_EXCHANGE;
}

static uint8_t rank_of(uint8_t type) {
    for (size_t i = 0; i < COUNT_OF(order); i++)
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
        set_malformed(flight, "handshake message out of order");
    else if (length > (hello ? FIRST_FLIGHT_HELLO_MAX : SKIPPED_MAX))
        set_malformed(flight, "handshake message too long");
    else if (type == MESSAGE_SERVER_HELLO_DONE && length > 0)
        set_malformed(flight, "ServerHelloDone with content");
    else if (type == MESSAGE_SERVER_KEY_EXCHANGE && !is_ecdhe(flight->answer.cipher))
        flight->answer.kind = FIRST_FLIGHT_NO_KEY_EXCHANGE;
    else if (type == MESSAGE_SERVER_KEY_EXCHANGE && length < 4)
        set_malformed(flight, "ServerKeyExchange without a named curve and its point");
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
            set_malformed(flight, "alert with an unknown level");
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
        set_malformed(flight, "ChangeCipherSpec with a value other than 1");
}

/* Whether the header, as far as it is there, can be that of a record. */
static bool header_is_plausible(const struct first_flight *flight) {
    const uint8_t *header = flight->header;
    int length = header[3] << 8 | header[4];
    bool dummy = flight->dummy_expected && header[0] == RECORD_CHANGE_CIPHER_SPEC;
    switch (flight->header_n) {
    case 1:
        return header[0] == RECORD_ALERT || header[0] == RECORD_HANDSHAKE || dummy;
    case 2:
        return header[1] == 3;
    case 4:
        return header[3] <= RECORD_MAX >> 8;
    case 5:
        return length > 0 && length <= RECORD_MAX;
    default: /* the minor version says nothing (RFC 8446 5.1) */
        return true;
    }
}

static void take_header(struct first_flight *flight, uint8_t byte) {
    flight->header[flight->header_n++] = byte;
    if (!header_is_plausible(flight)) {
        if (flight->any_record)
            set_malformed(flight, "bytes after a TLS record that are not a TLS record");
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
        set_malformed(flight, "alert record that is not one alert");
    if (flight->header[0] == RECORD_CHANGE_CIPHER_SPEC && flight->record_left != 1)
        set_malformed(flight, "ChangeCipherSpec with a length other than 1");
}

static void take_byte(struct first_flight *flight, uint8_t byte) {
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
        take_byte(flight, bytes[i]);
    return flight->answer.kind;
}

void first_flight_second(struct first_flight *flight) {
    assert(flight->answer.kind == FIRST_FLIGHT_RETRY);
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
