/* DNS messages as name servers and attackers write them, for tests. Everything is static. */
#pragma once

#include <arpa/inet.h>
#include <assert.h>
#include <stdint.h>
#include <string.h>

enum { DNS_HEADER = 12, DNS_A = 1, DNS_CNAME = 5, DNS_TXT = 16, DNS_AAAA = 28, DNS_IN = 1 };

struct message {
    size_t n;
    uint8_t bytes[65535];
};

static inline void put_u16(struct message *message, unsigned value) {
    message->bytes[message->n++] = (uint8_t)(value >> 8);
    message->bytes[message->n++] = (uint8_t)value;
}

static inline void put_bytes(struct message *message, const void *bytes, size_t n) {
    memcpy(message->bytes + message->n, bytes, n);
    message->n += n;
}

static inline void put_name(struct message *message, const char *name) {
    while (*name) {
        size_t n = strcspn(name, ".");
        message->bytes[message->n++] = (uint8_t)n;
        put_bytes(message, name, n);
        name += n + (name[n] == '.');
    }
    message->bytes[message->n++] = 0;
}

/* Begins an answer: the header and the question as it came. */
static inline void begin_answer(struct message *message, const uint8_t *question, size_t n) {
    message->n = 0;
    put_bytes(message, question, n);
    message->bytes[2] |= 0x80;
    message->bytes[3] = 0x80;
}

/* Room for data of that length behind the record's head; `owner` NULL is the asked name. */
static inline void put_record_head(struct message *message, const char *owner, unsigned type,
                                   unsigned class, uint32_t ttl_s, size_t data_n) {
    if (owner)
        put_name(message, owner);
    else
        put_u16(message, 0xc000 + DNS_HEADER);
    put_u16(message, type);
    put_u16(message, class);
    put_u16(message, ttl_s >> 16);
    put_u16(message, ttl_s & 0xffff);
    put_u16(message, (unsigned)data_n);
    unsigned count = (unsigned)(message->bytes[6] << 8 | message->bytes[7]) + 1;
    message->bytes[6] = (uint8_t)(count >> 8);
    message->bytes[7] = (uint8_t)count;
}

static inline void put_cname(struct message *message, const char *owner, const char *target) {
    put_record_head(message, owner, DNS_CNAME, DNS_IN, 300, strlen(target) + 2);
    put_name(message, target);
}

/* An address in the family of the type. */
static inline void put_address(struct message *message, const char *owner, unsigned type,
                               uint32_t ttl_s, const char *v4, const char *v6) {
    uint8_t binary[16];
    size_t n = type == DNS_A ? 4 : 16;
    int sound = inet_pton(type == DNS_A ? AF_INET : AF_INET6, type == DNS_A ? v4 : v6, binary);
    assert(sound == 1);
    (void)sound;
    put_record_head(message, owner, type, DNS_IN, ttl_s, n);
    put_bytes(message, binary, n);
}

/* The type that a question asks for. */
static inline unsigned type_of(const uint8_t *question, size_t n) {
    return (unsigned)(question[n - 4] << 8 | question[n - 3]);
}

/* The first label, in small letters. */
static inline const char *label_of(const uint8_t *question) {
    static char label[64];
    size_t n = question[DNS_HEADER] & 63;
    for (size_t i = 0; i < n; i++) {
        char c = (char)question[DNS_HEADER + 1 + i];
        label[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    label[n] = '\0';
    return label;
}

static inline void flip_letters(uint8_t *question) {
    for (uint8_t *c = question + DNS_HEADER; *c; c++)
        if ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z')
            *c ^= 0x20;
}
