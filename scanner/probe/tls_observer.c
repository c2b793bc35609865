/* Watches one BoringSSL handshake and writes what it sees into a probe's result. */
#include "scanner/probe/tls_observer.h"

#include "scanner/hello/server_hello.h"

#include <openssl/bytestring.h>
#include <openssl/ssl.h>

#include <string.h>

/* Handshake message types (RFC 8446 4, RFC 5246 7.4). */
enum {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    ENCRYPTED_EXTENSIONS = 8,
    SERVER_KEY_EXCHANGE = 12,
    CERTIFICATE_REQUEST = 13,
    SERVER_HELLO_DONE = 14,
};

/* Extension type (RFC 8446 4.2). */
enum { EXT_SUPPORTED_GROUPS = 10 };

/* A record's header before each message (RFC 8446 5.1). */
enum { RECORD_HEADER = 5, MESSAGE_HEADER = 4 };

static void saw_client_hello(struct tls_observer *observer, CBS message, size_t bytes) {
    struct probe_result *result = observer->result;
    uint32_t *size = observer->hellos++ == 0 ? &result->hello_bytes : &result->hello2_bytes;
    *size = (uint32_t)bytes + RECORD_HEADER;
    CBS session_id;
    if (observer->hellos == 1 && CBS_skip(&message, MESSAGE_HEADER + 2 + 32) &&
        CBS_get_u8_length_prefixed(&message, &session_id) &&
        CBS_len(&session_id) <= sizeof observer->session_id) {
        observer->session_id_n = (uint8_t)CBS_len(&session_id);
        memcpy(observer->session_id, CBS_data(&session_id), CBS_len(&session_id));
    }
}

/* A hello that breaks the standard is noted as far as it was read; BoringSSL says what it thinks.
 */
static void saw_server_hello(struct tls_observer *observer, const uint8_t *bytes, size_t n) {
    struct probe_result *result = observer->result;
    struct server_hello hello = {0};
    server_hello_read(&hello, bytes + MESSAGE_HEADER, n - MESSAGE_HEADER, observer->session_id,
                      observer->session_id_n);
    if (result->hrr.count == 0) /* a second hello of another version is refused (RFC 8446 4.1.4) */
        result->tls_version = hello.version;
    if (hello.kind != SERVER_HELLO_RETRY) {
        observer->server_hello = true;
        result->cipher = hello.cipher;
        result->group = hello.group;
        return;
    }
    hrr_add(&result->hrr, &hello, observer->shape->groups, observer->shape->groups_n);
}

/* A list that breaks the standard (RFC 8446 4.2.7: groups of two bytes each, nothing behind them) is
 * none. The value 0 names no group, and means none here. */
static void take_server_groups(struct probe_result *result, CBS body) {
    CBS list;
    uint16_t group;
    if (!CBS_get_u16_length_prefixed(&body, &list) || CBS_len(&body) > 0 || CBS_len(&list) % 2 != 0)
        return;
    result->server_groups_n = 0;
    while (result->server_groups_n < PROBE_SERVER_GROUPS && CBS_get_u16(&list, &group))
        if (group != GROUP_NONE)
            result->server_groups[result->server_groups_n++] = group;
}

void tls_observer_extensions(struct probe_result *result, const uint8_t *bytes, size_t n) {
    CBS message, extensions, body;
    uint16_t type;
    CBS_init(&message, bytes, n);
    if (!CBS_skip(&message, MESSAGE_HEADER) || !CBS_get_u16_length_prefixed(&message, &extensions))
        return;
    while (CBS_get_u16(&extensions, &type) && CBS_get_u16_length_prefixed(&extensions, &body))
        if (type == EXT_SUPPORTED_GROUPS)
            take_server_groups(result, body);
}

/* RFC 8422 5.4: curve_type named_curve (3), then the group. */
static void saw_server_key_exchange(struct probe_result *result, CBS message) {
    uint8_t curve_type;
    uint16_t group;
    if (CBS_skip(&message, MESSAGE_HEADER) && CBS_get_u8(&message, &curve_type) &&
        curve_type == 3 && CBS_get_u16(&message, &group))
        result->group = group;
}

static void saw_message(struct tls_observer *observer, bool ours, const uint8_t *bytes, size_t n) {
    struct probe_result *result = observer->result;
    CBS message;
    CBS_init(&message, bytes, n);
    if (n < MESSAGE_HEADER)
        return;
    if (ours) {
        if (bytes[0] == CLIENT_HELLO)
            saw_client_hello(observer, message, n);
        return;
    }
    if (observer->server_hello)
        observer->after_hello = true;
    if (bytes[0] == SERVER_HELLO)
        saw_server_hello(observer, bytes, n);
    else if (bytes[0] == ENCRYPTED_EXTENSIONS)
        tls_observer_extensions(result, bytes, n);
    else if (bytes[0] == SERVER_KEY_EXCHANGE)
        saw_server_key_exchange(result, message);
    else if (bytes[0] == CERTIFICATE_REQUEST)
        result->certificate_requested = true;
    else if (bytes[0] == SERVER_HELLO_DONE && result->group == GROUP_NONE)
        result->no_key_exchange = true;
}

static void on_message(int is_write, int version, int content_type, const void *bytes, size_t n,
                       SSL *ssl, void *arg) {
    struct tls_observer *observer = arg;
    (void)version;
    (void)ssl;
    if (content_type == SSL3_RT_HEADER && !is_write && observer->server_hello)
        observer->after_hello = true; /* BoringSSL reads on, so it took the ServerHello */
    else if (content_type == SSL3_RT_HANDSHAKE)
        saw_message(observer, is_write, bytes, n);
    else if (content_type == SSL3_RT_ALERT && is_write && n == 2 &&
             ((const uint8_t *)bytes)[0] == SSL3_AL_FATAL)
        observer->result->own_alert = ((const uint8_t *)bytes)[1];
}

void tls_observer_attach(struct tls_observer *observer, SSL *ssl) {
    SSL_set_msg_callback(ssl, on_message);
    SSL_set_msg_callback_arg(ssl, observer);
}
