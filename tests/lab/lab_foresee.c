/* What a client sees of an origin, foreseen from its rules. */
#include "lab_foresee.h"

#include "lab_flight.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    X25519 = SSL_GROUP_X25519,
    P256 = SSL_GROUP_SECP256R1,
    P384 = SSL_GROUP_SECP384R1,
    P521 = SSL_GROUP_SECP521R1,
    HYBRID = SSL_GROUP_X25519_MLKEM768,
    DRAFT = SSL_GROUP_X25519_KYBER768_DRAFT00,
    UNASSIGNED = 0x2b2b, /* stands for any number without a meaning */
    BASE_BYTES = 310,    /* of a hello without shares, roughly: SNI and extensions vary */
    VAGUE_BYTES = 200,   /* no forecast where a limit is so close */
    SEGMENT_BYTES = 1400,
    LONGEST_BYTES = 2048, /* of any hello that a proxy sends */
    ANSWER_BYTES = 80,    /* no ServerHello is shorter */
    PATIENCE_MS = 10000,  /* the scanner's total deadline */
};

#define ALL5                                                                                       \
    { HYBRID, X25519, P256, P384, P521 }
#define CLASSICAL4                                                                                 \
    { X25519, P256, P384, P521 }

static const struct lab_shape shapes[] = {
    {"classical", false, 4, CLASSICAL4, 1, {X25519}, .split = false},
    {"supported", false, 5, ALL5, 1, {X25519}, .split = false},
    {"preferred", false, 5, ALL5, 1, {HYBRID}, .split = false},
    {"preferred-dual", true, 5, ALL5, 2, {HYBRID, X25519}, .longest = true},
    {"only-p256", true, 1, {P256}, 0, {0}, .split = false},
    {"only-p384", true, 1, {P384}, 0, {0}, .split = false},
    {"only-p521", true, 1, {P521}, 0, {0}, .split = false},
    {"only-hybrid", true, 1, {HYBRID}, 0, {0}, .split = false},
    {"only-other", true, 6, {DRAFT, 4587, 4589, 514, 513, 512}, 0, {0}, .split = false},
    {"choose", true, 6, {P521, P384, P256, X25519, DRAFT, HYBRID}, 0, {0}, .second = true},
    {"closing", false, 1, {X25519}, 1, {X25519}, .split = false},
    {"split", true, 4, CLASSICAL4, 1, {X25519}, .split = true, .drill_down = true},
    {"large-classical", true, 4, CLASSICAL4, 1, {X25519}, .padded = true, .drill_down = true},
    {"unknown-share",
     true,
     5,
     {UNASSIGNED, X25519, P256, P384, P521},
     2,
     {UNASSIGNED, X25519},
     .drill_down = true},
    {"unknown-group",
     true,
     5,
     {UNASSIGNED, X25519, P256, P384, P521},
     1,
     {X25519},
     .drill_down = true},
    {"forced-retry", false, 4, CLASSICAL4, 0, {0}, .drill_down = true},
    {"record-split", true, 4, CLASSICAL4, 1, {X25519}, .two_records = true, .drill_down = true},
    {"small-mss", false, 5, ALL5, 1, {HYBRID}, .drill_down = true},
    {"shared-p256", false, 1, {P256}, 1, {P256}, .drill_down = true},
    {"shared-p384", false, 1, {P384}, 1, {P384}, .drill_down = true},
    {"shared-p521", false, 1, {P521}, 1, {P521}, .drill_down = true},
    {"resumed", false, 5, ALL5, 1, {X25519}, .resumed = true, .drill_down = true},
};

const struct lab_shape *lab_foresee_shapes(size_t *count) {
    *count = sizeof shapes / sizeof *shapes;
    return shapes;
}

/* Bytes of a key share entry (RFC 8446 4.2.8). */
static uint32_t share_bytes(uint16_t group) {
    switch (group) {
    case X25519:
        return 4 + 32;
    case P256:
        return 4 + 65;
    case P384:
        return 4 + 97;
    case P521:
        return 4 + 133;
    case HYBRID:
    case DRAFT:
        return 4 + 1216;
    default:
        return 4 + 16;
    }
}

static struct lab_hello hello_of(const struct lab_shape *shape, uint16_t curve) {
    struct lab_hello hello = {.records = shape->two_records ? 2 : 1,
                              .tls13 = true,
                              .tls13_cipher = 0x1301,
                              .session_id_n = 32,
                              .ticket = shape->resumed,
                              .alpn = "h2,http/1.1",
                              .bytes = BASE_BYTES};
    for (unsigned i = 0; i < shape->groups_n; i++)
        hello.groups[hello.groups_n++] = shape->groups[i];
    if (curve != 0 && shape->groups_n == 1 && !shape->drill_down && shape->groups[0] != HYBRID &&
        shape->groups[0] != curve)
        hello.groups[hello.groups_n++] = curve;
    for (unsigned i = 0; i < shape->shares_n; i++) {
        hello.shares[hello.shares_n++] = shape->shares[i];
        hello.bytes += share_bytes(shape->shares[i]);
    }
    if (shape->padded)
        hello.bytes = BASE_BYTES + share_bytes(HYBRID);
    if (shape->longest)
        hello.bytes = LONGEST_BYTES;
    return hello;
}

static struct lab_sight sight(const char *outcome, const char *stage) {
    return (struct lab_sight){.outcome = outcome, .stage = stage, .alert = -1};
}

/* An alert answers a probe that asks for nothing but an answer, to its first hello. */
static struct lab_sight alert_sight(const struct lab_shape *shape, const char *stage, int alert) {
    bool answers = shape->answer && strcmp(stage, "retry") != 0;
    struct lab_sight seen = sight("alert", answers ? "done" : stage);
    seen.alert = alert;
    return seen;
}

/* True where a rule asks for something that the shape alone does not tell. */
static bool vague(const struct lab_entry *entry, enum lab_point point,
                  const struct lab_hello *hello) {
    for (unsigned i = 0; i < entry->behaviour->rules_n; i++) {
        const struct lab_rule *rule = &entry->behaviour->rules[i];
        if (rule->point != point)
            continue;
        if (rule->condition == LAB_IF_QUIRK)
            return true;
        bool second = point == LAB_AT_HELLO2 && entry->profile.size2 > 0;
        long limit = second ? entry->profile.size2 : entry->profile.size;
        if (rule->condition == LAB_IF_LARGE && hello->bytes != LONGEST_BYTES &&
            labs((long)hello->bytes - limit) < VAGUE_BYTES)
            return true;
    }
    return false;
}

/* A sound TLS 1.2 handshake. A client that does not list the curve of an ECDSA certificate cannot
 * use it (RFC 8422 5.1). */
static struct lab_sight serve_tls12(const struct lab_entry *entry, const struct lab_shape *shape,
                                    const struct lab_hello *hello, const struct lab_pick *pick) {
    const struct lab_profile *profile = &entry->profile;
    bool rsa = profile->cert == LAB_CERT_RSA;
    uint16_t curve = profile->cert == LAB_CERT_ECDSA384 ? P384 : P256;
    struct lab_sight seen = sight("ok", "done");
    if ((pick->group == 0 && profile->kx == LAB_KX_ECDHE) ||
        (!rsa && !lab_hello_offers(hello, curve)) || !profile->tls12) {
        return alert_sight(shape, "hello",
                           profile->tls12 ? SSL_AD_HANDSHAKE_FAILURE : SSL_AD_PROTOCOL_VERSION);
    }
    if (!shape->answer && profile->client_cert == LAB_CLIENT_CERT_REQUIRE)
        seen = alert_sight(shape, "server_flight", SSL_AD_HANDSHAKE_FAILURE);
    seen.group = pick->group;
    seen.version = TLS1_2_VERSION;
    return seen;
}

static struct lab_sight by_act(const struct lab_entry *entry, enum lab_act act,
                               const struct lab_shape *shape, const struct lab_hello *hello,
                               const char *stage);

/* The second hello, after a valid retry. */
static struct lab_sight after_retry(const struct lab_entry *entry, const struct lab_shape *shape,
                                    const struct lab_hello *first, uint16_t group,
                                    bool misbehaves) {
    struct lab_hello second = *first;
    second.shares_n = 1;
    second.shares[0] = group;
    second.bytes = shape->second ? LONGEST_BYTES : BASE_BYTES + share_bytes(group);
    if (misbehaves && vague(entry, LAB_AT_HELLO2, &second))
        return sight(NULL, NULL);
    struct lab_pick pick = {.tls13 = true, .group = group};
    enum lab_act act = LAB_ACT_SERVE;
    if (misbehaves)
        act = lab_behaviour_act(entry->behaviour, &entry->profile, LAB_AT_ONE_READ2,
                                shape->second ? NULL : &second, &pick);
    if (misbehaves && act == LAB_ACT_SERVE)
        act = lab_behaviour_act(entry->behaviour, &entry->profile, LAB_AT_HELLO2, &second, &pick);
    struct lab_sight seen =
        act == LAB_ACT_SERVE ? sight("ok", "done") : by_act(entry, act, shape, &second, "retry");
    if (act == LAB_ACT_SERVE)
        seen.group = group;
    return seen;
}

/* True where even a ServerHello takes longer than anybody waits. */
static bool too_slow(const struct lab_profile *profile) {
    return (profile->chunk > 0 &&
            ANSWER_BYTES / profile->chunk * profile->chunk_ms > PATIENCE_MS) ||
           profile->delay_ms > PATIENCE_MS;
}

static struct lab_sight serve(const struct lab_entry *entry, const struct lab_shape *shape,
                              const struct lab_hello *hello, const struct lab_pick *pick,
                              bool misbehaves) {
    if (too_slow(&entry->profile) && (pick->group != 0 || entry->profile.delay_ms > 0))
        return sight("timeout", "hello");
    if (!pick->tls13)
        return serve_tls12(entry, shape, hello, pick);
    struct lab_sight seen = sight("ok", "done");
    if (pick->group == 0)
        return alert_sight(shape, "hello", SSL_AD_HANDSHAKE_FAILURE);
    if (!pick->retry)
        seen.group = pick->group;
    else if (!shape->answer || (shape->second && pick->group == HYBRID))
        seen = after_retry(entry, shape, hello, pick->group, misbehaves);
    seen.retry = pick->retry;
    seen.retry_group = pick->retry ? pick->group : 0;
    seen.version = TLS1_3_VERSION;
    return seen;
}

/* Retries made by hand; all of them say TLS 1.3. What a reader of first flights makes of a broken
 * one is its own affair, so only finished probes are foreseen. */
static struct lab_sight broken_retry(enum lab_act act, const struct lab_shape *shape,
                                     uint16_t group) {
    struct lab_sight seen = sight("malformed", "hello");
    if (act == LAB_ACT_HRR_AGAIN) {
        bool goes_on = !shape->answer || (shape->second && group == HYBRID);
        seen = goes_on ? sight("malformed", "retry") : sight("ok", "done");
        seen.retry = true;
        seen.retry_group = group;
    } else if (shape->answer) {
        return sight(NULL, NULL);
    }
    seen.version = TLS1_3_VERSION;
    return seen;
}

static struct lab_sight cut_flight(const struct lab_shape *shape, const struct lab_pick *pick,
                                   const char *outcome) {
    struct lab_sight seen = sight("ok", "done");
    if (!shape->answer)
        seen = sight(outcome, "server_flight");
    seen.group = pick->group;
    seen.version = TLS1_3_VERSION;
    return seen;
}

/* What a reader of first flights makes of it is its own affair. */
static struct lab_sight wrong_curve(const struct lab_entry *entry, const struct lab_shape *shape,
                                    const struct lab_hello *hello) {
    struct lab_entry tls12 = *entry;
    tls12.profile = lab_profile_as(&entry->profile, true, false);
    struct lab_pick pick = lab_profile_pick(&tls12.profile, hello);
    struct lab_sight seen = serve(&tls12, shape, hello, &pick, false);
    if (strcmp(seen.outcome, "ok") != 0)
        return seen;
    if (shape->answer)
        return sight(NULL, NULL);
    seen = sight("malformed", "server_flight");
    seen.group = (uint16_t)entry->profile.curve;
    seen.version = TLS1_2_VERSION;
    return seen;
}

/* Acts that look the same whatever was offered. */
static struct lab_sight by_act(const struct lab_entry *entry, enum lab_act act,
                               const struct lab_shape *shape, const struct lab_hello *hello,
                               const char *stage) {
    struct lab_sight seen;
    struct lab_pick pick = lab_profile_pick(&entry->profile, hello);
    switch (act) {
    case LAB_ACT_CLOSE:
    case LAB_ACT_BAN:
        return sight("closed", stage);
    case LAB_ACT_RESET:
        return sight("reset", stage);
    case LAB_ACT_HANG:
        return sight("timeout", stage);
    case LAB_ACT_ALERT:
        return alert_sight(shape, stage, entry->profile.alert);
    case LAB_ACT_HTTP:
    case LAB_ACT_SSH:
    case LAB_ACT_GARBAGE:
    case LAB_ACT_ENDLESS_GARBAGE:
        return sight("not_tls", "hello");
    case LAB_ACT_ENDLESS_RECORDS:
    case LAB_ACT_ENDLESS_WARNINGS:
    case LAB_ACT_ENDLESS_EMPTY:
        if (shape->answer)
            return sight(NULL, NULL);
        seen = sight("malformed", act == LAB_ACT_ENDLESS_RECORDS ? "server_flight" : "hello");
        seen.version = act == LAB_ACT_ENDLESS_RECORDS ? TLS1_2_VERSION : 0;
        return seen;
    case LAB_ACT_HRR_NO_SESSION_ID:
    case LAB_ACT_HRR_EMPTY:
    case LAB_ACT_HRR_CIPHER:
    case LAB_ACT_HRR_TRAILING:
    case LAB_ACT_HRR_EXCESS:
    case LAB_ACT_HRR_NOT_OFFERED:
    case LAB_ACT_HRR_SHARED:
    case LAB_ACT_HRR_AGAIN:
        return broken_retry(act, shape, pick.group);
    case LAB_ACT_HRR_FIPS:
        seen = sight("ok", "done");
        seen.retry = true;
        seen.retry_group = LAB_FIPS_HYBRID;
        seen.version = TLS1_3_VERSION;
        return seen;
    case LAB_ACT_FLIGHT_CLOSE:
    case LAB_ACT_FLIGHT_RESET:
    case LAB_ACT_FLIGHT_HANG:
    case LAB_ACT_FLIGHT_NOISE:
        if (pick.group == 0 || !pick.tls13)
            return serve(entry, shape, hello, &pick, false);
        return cut_flight(shape, &pick,
                          act == LAB_ACT_FLIGHT_CLOSE   ? "closed"
                          : act == LAB_ACT_FLIGHT_RESET ? "reset"
                          : act == LAB_ACT_FLIGHT_NOISE ? "malformed"
                                                        : "timeout");
    case LAB_ACT_FLIGHT_FAULT:
        if (pick.group == 0 || !pick.tls13)
            return serve(entry, shape, hello, &pick, false);
        return lab_flight_outcome(entry->profile.fault)
                   ? cut_flight(shape, &pick, lab_flight_outcome(entry->profile.fault))
                   : sight(NULL, NULL);
    case LAB_ACT_NO_LISTENER:
        return sight("refused", "connect");
    case LAB_ACT_SERVE:
    case LAB_ACT_SERVE_OTHER_CERT:
        return serve(entry, shape, hello, &pick, true);
    case LAB_ACT_WRONG_CURVE:
        return wrong_curve(entry, shape, hello);
    case LAB_ACT_SERVE_TLS12:
    case LAB_ACT_SERVE_CLASSICAL: {
        struct lab_entry other = *entry;
        other.profile = lab_profile_as(&entry->profile, act == LAB_ACT_SERVE_TLS12,
                                       act == LAB_ACT_SERVE_CLASSICAL);
        pick = lab_profile_pick(&other.profile, hello);
        return serve(&other, shape, hello, &pick, true);
    }
    }
    return sight(NULL, NULL);
}

struct lab_sight lab_foresee(const struct lab_entry *entry, const struct lab_shape *shape,
                             bool misbehaves, unsigned knows) {
    enum lab_cert cert = entry->profile.cert;
    uint16_t curve = !(knows & LAB_KNOWS_TLS12) || cert == LAB_CERT_RSA ? 0
                     : cert == LAB_CERT_ECDSA384                        ? P384
                                                                        : P256;
    struct lab_hello hello = hello_of(shape, curve);
    if (knows & LAB_KNOWS_NO_ALPN)
        hello.alpn[0] = '\0';
    struct lab_pick pick = lab_profile_pick(&entry->profile, &hello);
    if (!misbehaves)
        return serve(entry, shape, &hello, &pick, false);
    enum lab_act act =
        lab_behaviour_act(entry->behaviour, &entry->profile, LAB_AT_ACCEPT, NULL, NULL);
    if (act == LAB_ACT_SERVE)
        act = lab_behaviour_act(entry->behaviour, &entry->profile, LAB_AT_ONE_READ,
                                shape->split || shape->longest ? NULL : &hello, &pick);
    if (act == LAB_ACT_SERVE) {
        bool incomplete = shape->split || shape->longest || hello.bytes > SEGMENT_BYTES;
        act = lab_behaviour_act(entry->behaviour, &entry->profile, LAB_AT_FIRST_READ,
                                incomplete ? NULL : &hello, &pick);
    }
    if (act == LAB_ACT_SERVE) {
        if (vague(entry, LAB_AT_HELLO, &hello))
            return sight(NULL, NULL);
        act = lab_behaviour_act(entry->behaviour, &entry->profile, LAB_AT_HELLO, &hello, &pick);
    }
    return by_act(entry, act, shape, &hello, "hello");
}

const char *lab_foresee_group_name(uint16_t group) {
    static char number[8];
    if (group == 0)
        return NULL;
    if (group == LAB_FIPS_HYBRID)
        return "SecP256r1MLKEM768";
    if (group == 30)
        return "X448";
    const char *name = SSL_get_group_name(group);
    snprintf(number, sizeof number, "0x%04x", group);
    return name ? name : number;
}
