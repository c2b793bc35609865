/* Bytes that BoringSSL would never send, made by hand. */
#include "lab_raw.h"

#include <assert.h>
#include <openssl/bytestring.h>
#include <openssl/ssl.h>
#include <string.h>

enum { CCM_SHA256 = 0x1304, X448 = 30, FFDHE2048 = 256, FFDHE3072 = 257 };

/* SHA-256 of "HelloRetryRequest" (RFC 8446 4.1.3). */
static const uint8_t retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

uint16_t lab_raw_retry_group(enum lab_act act, const struct lab_hello *hello, uint16_t group) {
    static const uint16_t others[] = {X448, FFDHE2048, FFDHE3072};
    if (act == LAB_ACT_HRR_EMPTY)
        return 0;
    if (act == LAB_ACT_HRR_NOT_OFFERED)
        for (unsigned i = 0; i < 3; i++)
            if (!lab_hello_offers(hello, others[i]))
                return others[i];
    if (act == LAB_ACT_HRR_FIPS)
        return LAB_FIPS_HYBRID;
    if (act == LAB_ACT_HRR_SHARED)
        return hello->shares[0];
    return group;
}

static int add_server_hello(CBB *record, enum lab_act act, const struct lab_hello *hello,
                            uint16_t group) {
    CBB message, session, extensions, one;
    uint16_t cipher = act == LAB_ACT_HRR_CIPHER ? CCM_SHA256 : hello->tls13_cipher;
    uint16_t named = lab_raw_retry_group(act, hello, group);
    return CBB_add_u8(record, SSL3_MT_SERVER_HELLO) &&
           CBB_add_u24_length_prefixed(record, &message) && CBB_add_u16(&message, TLS1_2_VERSION) &&
           CBB_add_bytes(&message, retry_random, sizeof retry_random) &&
           CBB_add_u8_length_prefixed(&message, &session) &&
           CBB_add_bytes(&session, hello->session_id,
                         act == LAB_ACT_HRR_NO_SESSION_ID ? 0 : hello->session_id_n) &&
           CBB_add_u16(&message, cipher) && CBB_add_u8(&message, 0) &&
           CBB_add_u16_length_prefixed(&message, &extensions) &&
           CBB_add_u16(&extensions, TLSEXT_TYPE_supported_versions) &&
           CBB_add_u16_length_prefixed(&extensions, &one) && CBB_add_u16(&one, TLS1_3_VERSION) &&
           (named == 0 ||
            (CBB_add_u16(&extensions, TLSEXT_TYPE_key_share) &&
             CBB_add_u16_length_prefixed(&extensions, &one) && CBB_add_u16(&one, named))) &&
           CBB_flush(&message) &&
           (act != LAB_ACT_HRR_TRAILING || CBB_add_u32(&message, 0xdeadbeef)) && CBB_flush(record);
}

/* The start of an EncryptedExtensions of 32 bytes, in the clear and unfinished. */
static const uint8_t excess[] = {8, 0, 0, 32, 0, 30};

size_t lab_raw_retry(enum lab_act act, const struct lab_hello *hello, uint16_t group,
                     uint8_t out[LAB_RAW_MAX]) {
    CBB cbb, record;
    size_t n = 0;
    int ok = CBB_init_fixed(&cbb, out, LAB_RAW_MAX) && CBB_add_u8(&cbb, SSL3_RT_HANDSHAKE) &&
             CBB_add_u16(&cbb, TLS1_2_VERSION) && CBB_add_u16_length_prefixed(&cbb, &record) &&
             add_server_hello(&record, act, hello, group) &&
             (act != LAB_ACT_HRR_EXCESS || CBB_add_bytes(&record, excess, sizeof excess)) &&
             CBB_finish(&cbb, NULL, &n);
    assert(ok);
    (void)ok;
    return n;
}

/* ServerHello for TLS 1.2 with ECDHE-ECDSA-AES128-GCM-SHA256 and no extensions, then the header of
 * a Certificate message of 16,777,215 bytes: whatever comes next belongs to it. */
static void say_endless_start(struct lab_out *out) {
    static const uint8_t head[] = {
        SSL3_RT_HANDSHAKE, 3, 3, 0, 42, SSL3_MT_SERVER_HELLO, 0, 0, 38, 3, 3};
    static const uint8_t random[32] = "neither random nor of much worth";
    static const uint8_t tail[] = {
        0, 0xc0, 0x2b, 0, SSL3_RT_HANDSHAKE, 3, 3, 0, 4, SSL3_MT_CERTIFICATE, 0xff, 0xff, 0xff};
    lab_out_send(out, head, sizeof head);
    lab_out_send(out, random, sizeof random);
    lab_out_send(out, tail, sizeof tail);
}

enum { BLOCK = 4096 };

/* Random bytes that no TLS record begins with, the same in each run. */
static const uint8_t *garbage(size_t *n) {
    static uint8_t bytes[BLOCK];
    if (bytes[0] == 0) {
        uint64_t x = 88172645463325252u; /* xorshift64 */
        for (size_t i = 0; i < sizeof bytes; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            bytes[i] = (uint8_t)(x >> 32);
        }
        bytes[0] = 0xf5; /* no content type of TLS */
    }
    *n = sizeof bytes;
    return bytes;
}

/* Fills the block with as many copies of a short record as fit. */
static size_t repeat(uint8_t *block, const uint8_t *record, size_t record_n) {
    size_t n = 0;
    for (; n + record_n <= BLOCK; n += record_n)
        memcpy(block + n, record, record_n);
    return n;
}

/* What an endless talker repeats. */
static const uint8_t *endless_block(enum lab_act act, size_t *n) {
    static uint8_t records[BLOCK], warnings[BLOCK], empty[BLOCK];
    static const uint8_t header[] = {SSL3_RT_HANDSHAKE, 3, 3, (BLOCK - 5) >> 8, (BLOCK - 5) & 0xff};
    /* unrecognized_name as a warning, as old servers really sent it (RFC 6066 3) */
    static const uint8_t warning[] = {SSL3_RT_ALERT, 3, 3, 0, 2, 1, SSL_AD_UNRECOGNIZED_NAME};
    static const uint8_t nothing[] = {SSL3_RT_HANDSHAKE, 3, 3, 0, 0};
    if (act == LAB_ACT_ENDLESS_RECORDS) {
        memcpy(records, header, sizeof header);
        *n = BLOCK;
        return records;
    }
    if (act == LAB_ACT_ENDLESS_WARNINGS) {
        *n = repeat(warnings, warning, sizeof warning);
        return warnings;
    }
    if (act == LAB_ACT_ENDLESS_EMPTY) {
        *n = repeat(empty, nothing, sizeof nothing);
        return empty;
    }
    return garbage(n);
}

bool lab_raw_say(enum lab_act act, uint8_t alert, struct lab_out *out) {
    static const char http[] = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
                               "Content-Length: 26\r\nConnection: close\r\n\r\n"
                               "This port speaks no TLS.\r\n";
    static const char ssh[] = "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";
    const uint8_t fatal[] = {SSL3_RT_ALERT, 3, 3, 0, 2, SSL3_AL_FATAL, alert};
    const uint8_t *block;
    size_t n;
    if (act == LAB_ACT_ALERT) {
        lab_out_send(out, fatal, sizeof fatal);
    } else if (act == LAB_ACT_HTTP) {
        lab_out_send(out, (const uint8_t *)http, sizeof http - 1);
    } else if (act == LAB_ACT_SSH) {
        lab_out_send(out, (const uint8_t *)ssh, sizeof ssh - 1);
        return false;
    } else if (act == LAB_ACT_GARBAGE) {
        lab_out_send(out, garbage(&n), 64);
    } else {
        if (act == LAB_ACT_ENDLESS_RECORDS)
            say_endless_start(out);
        block = endless_block(act, &n);
        lab_out_endless(out, block, n);
        return false;
    }
    return true;
}
