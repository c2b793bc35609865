/* What an origin of the lab is made of: the key=value settings of a table line. The manual of the
 * keys is README.md; `lab --list` prints them too. */
#pragma once

#include "lab_hello.h"
#include "scanner/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define LAB_PROFILE_GROUPS 8

/* SecP256r1MLKEM768, which BoringSSL does not know. */
#define LAB_FIPS_HYBRID 0x11eb

enum lab_pref {
    LAB_PREF_SERVER, /* the server's order alone decides, at the price of a retry (BoringSSL) */
    LAB_PREF_CLIENT, /* the client's supported_groups decide */
    LAB_PREF_TUPLES, /* the first tuple with a common group; in it a share before the order
                        (OpenSSL 3.5; a single tuple is OpenSSL up to 3.4) */
};

enum lab_cert {
    LAB_CERT_ECDSA,    /* P-256 */
    LAB_CERT_ECDSA384, /* P-384 */
    LAB_CERT_RSA,      /* 2,048 bits */
    LAB_CERT_LONG,     /* P-256 and a chain of about 24 KB */
    LAB_CERT_OTHER,    /* P-256, another key and name: the wrong backend */
    LAB_CERT_COUNT
};

/* Key exchange in TLS 1.2; the RSA kind has no ServerKeyExchange and thus no group. */
enum lab_kx { LAB_KX_ECDHE, LAB_KX_RSA, LAB_KX_BOTH /* RSA where no group is in common */ };

enum lab_client_cert { LAB_CLIENT_CERT_NO, LAB_CLIENT_CERT_REQUEST, LAB_CLIENT_CERT_REQUIRE };

struct lab_profile {
    uint8_t groups_n;
    uint16_t groups[LAB_PROFILE_GROUPS];
    uint8_t tuples[LAB_PROFILE_GROUPS]; /* number of the tuple that the group is in, ascending */
    enum lab_pref pref;
    bool tls12, tls13;
    enum lab_cert cert;
    enum lab_client_cert client_cert;
    enum lab_kx kx;
    bool tickets;      /* send session tickets after a TLS 1.3 handshake */
    uint32_t delay_ms; /* before the answer to each hello */
    uint32_t chunk;    /* bytes written at once, 0 for all */
    uint32_t chunk_ms; /* pause between chunks */
    /* what the misbehaviours need */
    uint32_t size;  /* a hello of more bytes than this on the wire is large */
    uint32_t size2; /* the same of a second hello; 0: as `size` */
    uint32_t curve; /* of the ServerKeyExchange that is on a wrong one */
    uint32_t quirk; /* length of the ClientHello modulo 256 that fails */
    uint32_t fault; /* of a broken flight, by its number (lab_flight.h); 0: none */
    uint8_t alert;  /* description of the alert that refuses */
    /* when it misbehaves: all that are set must agree */
    double percent;  /* of the connections, by a seeded hash */
    double sticky;   /* percentage of source ports, by a seeded hash */
    uint32_t after;  /* the first so many connections of an address are served well */
    uint32_t every;  /* only each so-many-th connection */
    uint32_t rate;   /* connections a second of an address that are served well, 0 for any */
    uint32_t ban_ms; /* once misbehaving, all connections for so long, then anew */
};

/* The server that a line without keys gets: TLS 1.2 and 1.3, hybrid first, ECDSA P-256. */
void lab_profile_init(struct lab_profile *profile);

/* Sets one `key=value`; on false `err` names what is wrong with it. */
bool lab_profile_set(struct lab_profile *profile, const char *key_value, struct err *err);

/* What is wrong with the settings taken together, or NULL. */
const char *lab_profile_check(const struct lab_profile *profile);

/* A key a line with its meaning. */
void lab_profile_help(FILE *out);

/* What a sound server with this profile answers to a first hello. */
struct lab_pick {
    bool tls13;
    uint16_t group; /* 0: nothing in common (or TLS 1.2 with static RSA, which needs none) */
    bool retry;     /* TLS 1.3: no share for it, so a HelloRetryRequest names it */
};
struct lab_pick lab_profile_pick(const struct lab_profile *profile, const struct lab_hello *hello);

/* True for groups of TLS 1.3 that carry ML-KEM (or the Kyber draft). */
bool lab_profile_post_quantum(uint16_t group);

/* The same origin without TLS 1.3, or without post-quantum groups. */
struct lab_profile lab_profile_as(const struct lab_profile *profile, bool tls12, bool classical);
