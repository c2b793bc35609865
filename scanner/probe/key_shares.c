/* Public keys for the key shares of hellos that end at the server's answer. */
#include "scanner/probe/key_shares.h"

#include "scanner/base/alloc.h"
#include "scanner/words/words.h"

#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <stdlib.h>
#include <string.h>

/* Of all groups that could be asked for, with room. */
#define KEYS_MAX 24

struct key {
    uint16_t group;
    uint8_t *bytes; /* NULL: none can be made */
    size_t n;
};

struct key_shares {
    SSL_CTX *context;
    size_t count;
    struct key keys[KEYS_MAX];
};

struct key_shares *key_shares_new(void) {
    struct key_shares *keys = alloc_zero(1, sizeof *keys);
    keys->context = SSL_CTX_new(TLS_with_buffers_method());
    if (!keys->context || !SSL_CTX_set_min_proto_version(keys->context, TLS1_3_VERSION))
        abort(); /* a constant of our own that BoringSSL takes, or no memory */
    return keys;
}

void key_shares_free(struct key_shares *keys) {
    if (!keys)
        return;
    for (size_t i = 0; i < keys->count; i++)
        free(keys->keys[i].bytes);
    SSL_CTX_free(keys->context);
    free(keys);
}

/* ---- groups that BoringSSL can finish: it is asked for a ClientHello, and its share is taken out ---- */

/* The key of the first share in a ClientHello of one record. */
static bool find_share(const uint8_t *bytes, size_t n, CBS *key) {
    enum { RECORD_HEADER = 5, MESSAGE_HEADER = 4, VERSION_AND_RANDOM = 2 + 32, KEY_SHARE = 51 };
    CBS hello, skipped, extensions, body, list;
    uint16_t type, group;
    CBS_init(&hello, bytes, n);
    if (!CBS_skip(&hello, RECORD_HEADER + MESSAGE_HEADER + VERSION_AND_RANDOM) ||
        !CBS_get_u8_length_prefixed(&hello, &skipped) ||
        !CBS_get_u16_length_prefixed(&hello, &skipped) ||
        !CBS_get_u8_length_prefixed(&hello, &skipped) ||
        !CBS_get_u16_length_prefixed(&hello, &extensions))
        return false;
    while (CBS_get_u16(&extensions, &type) && CBS_get_u16_length_prefixed(&extensions, &body))
        if (type == KEY_SHARE)
            return CBS_get_u16_length_prefixed(&body, &list) && CBS_get_u16(&list, &group) &&
                   CBS_get_u16_length_prefixed(&list, key);
    return false;
}

static void copy_key(struct key *key, const uint8_t *bytes, size_t n) {
    key->bytes = alloc_resize(key->bytes, key->n + n, 1);
    memcpy(key->bytes + key->n, bytes, n);
    key->n += n;
}

/* Appends the public key that BoringSSL makes for that group; false where it cannot. */
static bool append_share(SSL_CTX *context, uint16_t group, struct key *key) {
    const uint8_t *hello;
    size_t n;
    CBS share;
    SSL *ssl = SSL_new(context);
    BIO *out = BIO_new(BIO_s_mem()), *in = BIO_new(BIO_s_mem());
    if (!ssl || !out || !in)
        abort();
    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
    bool made = SSL_set1_group_ids(ssl, &group, 1) && SSL_set1_client_key_shares(ssl, &group, 1);
    if (made)
        SSL_do_handshake(ssl); /* stops at the empty buffer, the hello written */
    made = made && BIO_mem_contents(out, &hello, &n) && find_share(hello, n, &share);
    if (made)
        copy_key(key, CBS_data(&share), CBS_len(&share));
    SSL_free(ssl);
    ERR_clear_error();
    return made;
}

/* ---- groups that it cannot: hybrids are made of what it has (RFC 10024: the curve's part first) ---- */

/* Appends the last `n` bytes of the share of X25519MLKEM768 or MLKEM1024 that are the ML-KEM key. */
static bool append_mlkem(SSL_CTX *context, uint16_t group, struct key *key) {
    enum { MLKEM768_BYTES = 1184 };
    struct key whole = {0};
    uint16_t source = group == GROUP_SECP384R1MLKEM1024 ? GROUP_MLKEM1024 : GROUP_X25519MLKEM768;
    bool made = append_share(context, source, &whole);
    if (made) /* X25519MLKEM768 has its ML-KEM part first */
        copy_key(key, whole.bytes, source == GROUP_MLKEM1024 ? whole.n : MLKEM768_BYTES);
    free(whole.bytes);
    return made;
}

static bool make_key(SSL_CTX *context, struct key *key) {
    switch (key->group) {
    case GROUP_MLKEM768:
        return append_mlkem(context, key->group, key);
    case GROUP_SECP256R1MLKEM768:
        return append_share(context, GROUP_P256, key) && append_mlkem(context, key->group, key);
    case GROUP_SECP384R1MLKEM1024:
        return append_share(context, GROUP_P384, key) && append_mlkem(context, key->group, key);
    }
    return append_share(context, key->group, key);
}

const uint8_t *key_shares_get(struct key_shares *keys, uint16_t group, size_t *n) {
    struct key *key = NULL;
    for (size_t i = 0; i < keys->count && !key; i++)
        if (keys->keys[i].group == group)
            key = &keys->keys[i];
    if (!key) {
        if (keys->count == KEYS_MAX || !group_find(group)) {
            *n = 0;
            return NULL;
        }
        key = &keys->keys[keys->count++];
        key->group = group;
        if (!make_key(keys->context, key)) {
            free(key->bytes);
            key->bytes = NULL;
            key->n = 0;
        }
    }
    *n = key->n;
    return key->bytes;
}
