/* ServerHello and HelloRetryRequest: RFC 8446 4.1.3 and 4.1.4, RFC 5246 7.4.1.3. */
#include "scanner/hello/server_hello.h"

#include <openssl/bytestring.h>

/* We offer fewer extensions than this, and each may be answered once (RFC 8446 4.2). */
#define EXTENSIONS_MAX 32

enum extension_type {
    EXTENSION_SUPPORTED_VERSIONS = 43,
    EXTENSION_COOKIE = 44,
    EXTENSION_KEY_SHARE = 51,
};

/* SHA-256 of "HelloRetryRequest", RFC 8446 4.1.3. */
static const uint8_t retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

/* The extensions that are looked into; an absent one has a NULL pointer. */
struct extensions {
    CBS supported_versions;
    CBS cookie;
    CBS key_share;
};

static bool is_there(const CBS *extension) {
    return CBS_data(extension) != NULL;
}

static const char *find_extensions(CBS list, struct extensions *out) {
    uint16_t seen[EXTENSIONS_MAX];
    size_t seen_n = 0;
    while (CBS_len(&list) > 0) {
        uint16_t type;
        CBS body;
        if (!CBS_get_u16(&list, &type) || !CBS_get_u16_length_prefixed(&list, &body))
            return "hello with a truncated extension";
        if (seen_n == EXTENSIONS_MAX)
            return "hello with more extensions than were offered";
        for (size_t i = 0; i < seen_n; i++)
            if (seen[i] == type)
                return "hello with a repeated extension";
        seen[seen_n++] = type;
        if (type == EXTENSION_SUPPORTED_VERSIONS)
            out->supported_versions = body;
        else if (type == EXTENSION_COOKIE)
            out->cookie = body;
        else if (type == EXTENSION_KEY_SHARE)
            out->key_share = body;
    }
    return NULL;
}

/* Drafts of TLS 1.3 called themselves 0x7fxx. */
static const char *read_version(struct server_hello *hello, uint16_t server_version,
                                CBS *extension) {
    hello->version = server_version;
    if (server_version >> 8 != 3)
        return "hello with a server_version other than 3.x";
    if (!is_there(extension))
        return server_version > 0x0303 ? "server_version above TLS 1.2 without supported_versions"
                                       : NULL;
    uint16_t version;
    if (!CBS_get_u16(extension, &version) || CBS_len(extension) > 0)
        return "supported_versions of a hello is not one version";
    hello->version = version;
    if (version != 0x0304 && version >> 8 != 0x7f)
        return "supported_versions names a version other than TLS 1.3";
    return server_version != 0x0303 ? "server_version of TLS 1.3 is not 0x0303" : NULL;
}

static const char *read_retry(struct server_hello *hello, const uint8_t *body,
                              struct extensions *extensions) {
    CBS cookie;
    if (is_there(&extensions->cookie)) {
        if (!CBS_get_u16_length_prefixed(&extensions->cookie, &cookie) ||
            CBS_len(&extensions->cookie) > 0 || CBS_len(&cookie) == 0)
            return "cookie with a wrong length";
        hello->cookie_bytes = (uint16_t)CBS_len(&cookie);
        hello->cookie_at = (uint16_t)(CBS_data(&cookie) - body);
    }
    CBS *share = &extensions->key_share;
    if (is_there(share) && (!CBS_get_u16(share, &hello->group) || CBS_len(share) > 0))
        return "key_share of a retry is not one group";
    return NULL;
}

static const char *read_share(struct server_hello *hello, CBS *share) {
    CBS key;
    if (!is_there(share))
        return "ServerHello of TLS 1.3 without a key_share";
    if (!CBS_get_u16(share, &hello->group) || !CBS_get_u16_length_prefixed(share, &key) ||
        CBS_len(&key) == 0 || CBS_len(share) > 0)
        return "key_share of a ServerHello is not one share";
    hello->share_bytes = (uint16_t)CBS_len(&key);
    return NULL;
}

const char *server_hello_read(struct server_hello *hello, const uint8_t *body, size_t n,
                              const uint8_t *session_id, size_t session_id_n) {
    *hello = (struct server_hello){0};
    CBS all, random, echo, list;
    uint16_t server_version;
    uint8_t compression;
    CBS_init(&all, body, n);
    CBS_init(&list, NULL, 0); /* before TLS 1.3 the list may be left out */
    if (!CBS_get_u16(&all, &server_version) || !CBS_get_bytes(&all, &random, 32) ||
        !CBS_get_u8_length_prefixed(&all, &echo) || CBS_len(&echo) > 32 ||
        !CBS_get_u16(&all, &hello->cipher) || !CBS_get_u8(&all, &compression) ||
        (CBS_len(&all) > 0 && !CBS_get_u16_length_prefixed(&all, &list)))
        return "truncated hello";
    hello->session_id_echoed = CBS_mem_equal(&echo, session_id, session_id_n);
    if (CBS_mem_equal(&random, retry_random, sizeof retry_random))
        hello->kind = SERVER_HELLO_RETRY;
    struct extensions extensions = {0};
    const char *why = find_extensions(list, &extensions);
    if (!why)
        why = read_version(hello, server_version, &extensions.supported_versions);
    if (!why && hello->kind == SERVER_HELLO_RETRY) {
        why = read_retry(hello, body, &extensions);
    } else if (!why && is_there(&extensions.supported_versions)) {
        hello->kind = SERVER_HELLO_TLS13;
        why = read_share(hello, &extensions.key_share);
    }
    if (!why && (compression != 0 || CBS_len(&all) > 0))
        why = "hello with compression or with data after its end";
    return why;
}
