/* Reads a ClientHello from the bytes of a connection (RFC 8446 4.1.2, 5.1). */
#include "lab_hello.h"

#include <openssl/bytestring.h>
#include <openssl/ssl.h>
#include <string.h>

enum { RECORD_HEADER = 5, MESSAGE_HEADER = 4, HELLO_MAX = 1 << 16 };

/* Copies text from the wire; what is not printable becomes `?`, so that a log line stays one. */
static size_t copy_text(char *to, size_t room, CBS from) {
    size_t n = 0;
    for (; n + 1 < room && n < CBS_len(&from); n++) {
        uint8_t byte = CBS_data(&from)[n];
        to[n] = (char)(byte > 0x20 && byte < 0x7f ? byte : '?');
    }
    to[n] = '\0';
    return n;
}

static bool read_groups(struct lab_hello *out, CBS body) {
    CBS list;
    if (!CBS_get_u16_length_prefixed(&body, &list))
        return false;
    uint16_t group;
    while (CBS_get_u16(&list, &group))
        if (out->groups_n < LAB_HELLO_GROUPS)
            out->groups[out->groups_n++] = group;
    return CBS_len(&list) == 0;
}

static bool read_shares(struct lab_hello *out, CBS body) {
    CBS list;
    if (!CBS_get_u16_length_prefixed(&body, &list))
        return false;
    while (CBS_len(&list) > 0) {
        uint16_t group;
        CBS key;
        if (!CBS_get_u16(&list, &group) || !CBS_get_u16_length_prefixed(&list, &key))
            return false;
        if (out->shares_n < LAB_HELLO_SHARES)
            out->shares[out->shares_n++] = group;
    }
    return true;
}

static bool read_versions(struct lab_hello *out, CBS body) {
    CBS list;
    if (!CBS_get_u8_length_prefixed(&body, &list))
        return false;
    uint16_t version;
    while (CBS_get_u16(&list, &version))
        out->tls13 |= version == TLS1_3_VERSION;
    return CBS_len(&list) == 0;
}

static bool read_sni(struct lab_hello *out, CBS body) {
    CBS list, name;
    uint8_t type;
    if (!CBS_get_u16_length_prefixed(&body, &list) || !CBS_get_u8(&list, &type) ||
        !CBS_get_u16_length_prefixed(&list, &name))
        return false;
    copy_text(out->sni, sizeof out->sni, name);
    return true;
}

static bool read_alpn(struct lab_hello *out, CBS body) {
    CBS list, name;
    if (!CBS_get_u16_length_prefixed(&body, &list))
        return false;
    size_t n = 0;
    while (CBS_len(&list) > 0) {
        if (!CBS_get_u8_length_prefixed(&list, &name))
            return false;
        out->http11 |= CBS_mem_equal(&name, (const uint8_t *)"http/1.1", 8) == 1;
        if (n > 0 && n + 1 < sizeof out->alpn)
            out->alpn[n++] = ',';
        n += copy_text(out->alpn + n, sizeof out->alpn - n, name);
    }
    return true;
}

static bool read_extension(struct lab_hello *out, uint16_t type, CBS body) {
    switch (type) {
    case TLSEXT_TYPE_supported_groups:
        return read_groups(out, body);
    case TLSEXT_TYPE_key_share:
        return read_shares(out, body);
    case TLSEXT_TYPE_supported_versions:
        return read_versions(out, body);
    case TLSEXT_TYPE_server_name:
        return read_sni(out, body);
    case TLSEXT_TYPE_application_layer_protocol_negotiation:
        return read_alpn(out, body);
    case TLSEXT_TYPE_pre_shared_key:
        out->ticket = true;
        return true;
    default:
        return true;
    }
}

static bool read_body(struct lab_hello *out, CBS body) {
    CBS session, ciphers, compression, extensions;
    uint16_t version, cipher;
    if (!CBS_get_u16(&body, &version) || !CBS_skip(&body, 32) ||
        !CBS_get_u8_length_prefixed(&body, &session) || CBS_len(&session) > 32 ||
        !CBS_get_u16_length_prefixed(&body, &ciphers) ||
        !CBS_get_u8_length_prefixed(&body, &compression))
        return false;
    out->session_id_n = (uint8_t)CBS_len(&session);
    CBS_copy_bytes(&session, out->session_id, out->session_id_n);
    while (CBS_get_u16(&ciphers, &cipher))
        if (out->tls13_cipher == 0 && cipher >= 0x1301 && cipher <= 0x1303)
            out->tls13_cipher = cipher;
    if (CBS_len(&body) == 0)
        return true;
    if (!CBS_get_u16_length_prefixed(&body, &extensions) || CBS_len(&body) != 0)
        return false;
    while (CBS_len(&extensions) > 0) {
        uint16_t type;
        CBS content;
        if (!CBS_get_u16(&extensions, &type) ||
            !CBS_get_u16_length_prefixed(&extensions, &content) ||
            !read_extension(out, type, content))
            return false;
    }
    return true;
}

/* The records' contents put together, as far as they are there. */
struct gathered {
    uint8_t bytes[HELLO_MAX];
    size_t n;
    size_t wanted; /* of the whole message, 0 until its header is there */
};

static enum lab_hello_state gather(struct gathered *message, CBS body) {
    if (CBS_len(&body) == 0 || message->n + CBS_len(&body) > HELLO_MAX)
        return LAB_HELLO_BROKEN;
    memcpy(message->bytes + message->n, CBS_data(&body), CBS_len(&body));
    message->n += CBS_len(&body);
    if (message->bytes[0] != SSL3_MT_CLIENT_HELLO)
        return LAB_HELLO_BROKEN;
    if (message->n < MESSAGE_HEADER)
        return LAB_HELLO_MORE;
    message->wanted = MESSAGE_HEADER + ((size_t)message->bytes[1] << 16 |
                                        (size_t)message->bytes[2] << 8 | message->bytes[3]);
    if (message->wanted > HELLO_MAX)
        return LAB_HELLO_BROKEN;
    return message->n < message->wanted ? LAB_HELLO_MORE : LAB_HELLO_DONE;
}

enum lab_hello_state lab_hello_read(const uint8_t *bytes, size_t n, struct lab_hello *out,
                                    size_t *used) {
    static struct gathered message; /* one thread, and never needed longer than this call */
    message.n = 0;
    *out = (struct lab_hello){0};
    CBS all;
    CBS_init(&all, bytes, n);
    enum lab_hello_state state = LAB_HELLO_MORE;
    while (state == LAB_HELLO_MORE && CBS_len(&all) > 0) {
        uint8_t type = CBS_data(&all)[0];
        if (type != SSL3_RT_HANDSHAKE && type != SSL3_RT_CHANGE_CIPHER_SPEC)
            return LAB_HELLO_NOT_TLS;
        uint16_t version;
        CBS body;
        CBS record = all;
        if (CBS_len(&all) > 1 && CBS_data(&all)[1] != 3)
            return LAB_HELLO_NOT_TLS;
        if (!CBS_skip(&record, 1) || !CBS_get_u16(&record, &version) ||
            !CBS_get_u16_length_prefixed(&record, &body))
            return LAB_HELLO_MORE;
        if (type == SSL3_RT_HANDSHAKE) {
            out->bytes += RECORD_HEADER + (uint32_t)CBS_len(&body);
            out->records++;
            state = gather(&message, body);
        }
        all = record;
    }
    if (state != LAB_HELLO_DONE)
        return state;
    out->message_bytes = (uint32_t)message.wanted;
    *used = n - CBS_len(&all);
    CBS content;
    CBS_init(&content, message.bytes + MESSAGE_HEADER, message.wanted - MESSAGE_HEADER);
    return read_body(out, content) ? LAB_HELLO_DONE : LAB_HELLO_BROKEN;
}

bool lab_hello_offers(const struct lab_hello *hello, uint16_t group) {
    for (unsigned i = 0; i < hello->groups_n; i++)
        if (hello->groups[i] == group)
            return true;
    return false;
}

bool lab_hello_shares(const struct lab_hello *hello, uint16_t group) {
    for (unsigned i = 0; i < hello->shares_n; i++)
        if (hello->shares[i] == group)
            return true;
    return false;
}
