/* What an origin of the lab is made of: the key=value settings of a table line. */
#include "lab_profile.h"

#include "lab_flight.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

void lab_profile_init(struct lab_profile *profile) {
    *profile = (struct lab_profile){
        .groups_n = 4,
        .groups = {SSL_GROUP_X25519_MLKEM768, SSL_GROUP_X25519, SSL_GROUP_SECP256R1,
                   SSL_GROUP_SECP384R1},
        .pref = LAB_PREF_SERVER,
        .tls12 = true,
        .tls13 = true,
        .size = 1024,
        .quirk = 10,
        .curve = SSL_GROUP_X25519_MLKEM768,
        .alert = SSL_AD_HANDSHAKE_FAILURE,
        .percent = 100,
        .sticky = 100,
    };
}

static bool add_group(struct lab_profile *profile, const char *name, uint8_t tuple,
                      struct err *err) {
    static const uint16_t known[] = {
        SSL_GROUP_X25519,    SSL_GROUP_SECP256R1,       SSL_GROUP_SECP384R1,
        SSL_GROUP_SECP521R1, SSL_GROUP_X25519_MLKEM768, SSL_GROUP_X25519_KYBER768_DRAFT00,
        SSL_GROUP_MLKEM1024,
    };
    if (profile->groups_n == LAB_PROFILE_GROUPS)
        return err_set(err, "more than %d groups", LAB_PROFILE_GROUPS);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcasecmp(SSL_get_group_name(known[i]), name) != 0)
            continue;
        profile->groups[profile->groups_n] = known[i];
        profile->tuples[profile->groups_n++] = tuple;
        return true;
    }
    return err_set(err, "unknown group `%s`", name);
}

/* Names with `,` between them and `/` between tuples. */
static bool set_groups(struct lab_profile *profile, const char *value, struct err *err) {
    profile->groups_n = 0;
    uint8_t tuple = 0;
    for (const char *at = value;; at++) {
        char name[64];
        size_t n = strcspn(at, ",/");
        if (n >= sizeof name)
            return err_set(err, "group name too long");
        memcpy(name, at, n);
        name[n] = '\0';
        if (!add_group(profile, name, tuple, err))
            return false;
        at += n;
        if (*at == '\0')
            return true;
        if (*at == '/')
            tuple++;
    }
}

/* The place of the value among the names; false, with a text that lists them, if it is none. */
static bool one_of(const char *value, const char *const names[], int *out, struct err *err) {
    char list[128] = "";
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], value) == 0) {
            *out = i;
            return true;
        }
        if (i > 0)
            strncat(list, ", ", sizeof list - strlen(list) - 1);
        strncat(list, names[i], sizeof list - strlen(list) - 1);
    }
    return err_set(err, "`%s` is none of %s", value, list);
}

static bool set_pref(struct lab_profile *profile, const char *value, struct err *err) {
    static const char *const names[] = {"server", "client", "tuples", NULL};
    int i = 0;
    bool ok = one_of(value, names, &i, err);
    profile->pref = (enum lab_pref)i;
    return ok;
}

static bool set_tls(struct lab_profile *profile, const char *value, struct err *err) {
    static const char *const names[] = {"1.2", "1.3", "1.2-1.3", NULL};
    int i = 0;
    bool ok = one_of(value, names, &i, err);
    profile->tls12 = i != 1;
    profile->tls13 = i != 0;
    return ok;
}

static bool set_cert(struct lab_profile *profile, const char *value, struct err *err) {
    static const char *const names[] = {"ecdsa", "ecdsa384", "rsa", "long", "other", NULL};
    int i = 0;
    bool ok = one_of(value, names, &i, err);
    profile->cert = (enum lab_cert)i;
    return ok;
}

static bool set_client_cert(struct lab_profile *profile, const char *value, struct err *err) {
    static const char *const names[] = {"no", "request", "require", NULL};
    int i = 0;
    bool ok = one_of(value, names, &i, err);
    profile->client_cert = (enum lab_client_cert)i;
    return ok;
}

static bool set_kx(struct lab_profile *profile, const char *value, struct err *err) {
    static const char *const names[] = {"ecdhe", "rsa", "both", NULL};
    int i = 0;
    bool ok = one_of(value, names, &i, err);
    profile->kx = (enum lab_kx)i;
    return ok;
}

static bool set_tickets(struct lab_profile *profile, const char *value, struct err *err) {
    static const char *const names[] = {"no", "yes", NULL};
    int i = 0;
    bool ok = one_of(value, names, &i, err);
    profile->tickets = i == 1;
    return ok;
}

static bool set_fault(struct lab_profile *profile, const char *value, struct err *err) {
    profile->fault = lab_flight_fault(value);
    return profile->fault != 0 || err_set(err, "unknown fault `%s`", value);
}

/* A key either has a function that reads it, or is a number that lies at an offset. */
struct key {
    const char *name;
    const char *help;
    bool (*set)(struct lab_profile *profile, const char *value, struct err *err);
    enum { KEY_U32, KEY_U8, KEY_PERCENT } kind;
    size_t offset;
    unsigned long max;
};

static const struct key keys[] = {
    {.name = "groups",
     .set = set_groups,
     .help = "groups in the server's order, `,` between groups, `/` between tuples"},
    {.name = "pref", .set = set_pref, .help = "who orders the groups: server, client or tuples"},
    {.name = "tls", .set = set_tls, .help = "versions: 1.2, 1.3 or 1.2-1.3"},
    {.name = "cert", .set = set_cert, .help = "ecdsa, ecdsa384, rsa, long (24 KB) or other"},
    {.name = "client_cert", .set = set_client_cert, .help = "no, request or require"},
    {.name = "kx",
     .set = set_kx,
     .help = "of TLS 1.2: ecdhe, rsa (no key agreement), or both (rsa where no group fits)"},
    {.name = "tickets", .set = set_tickets, .help = "yes: session tickets after the handshake"},
    {.name = "fault", .set = set_fault, .help = "what is wrong in a broken flight"},
    {.name = "delay_ms",
     .help = "wait so long before the answer to each hello",
     .offset = offsetof(struct lab_profile, delay_ms),
     .max = 3600000},
    {.name = "chunk",
     .help = "write at most so many bytes at once",
     .offset = offsetof(struct lab_profile, chunk),
     .max = 65536},
    {.name = "chunk_ms",
     .help = "pause between two chunks",
     .offset = offsetof(struct lab_profile, chunk_ms),
     .max = 60000},
    {.name = "size",
     .help = "a hello of more bytes on the wire is large",
     .offset = offsetof(struct lab_profile, size),
     .max = 65536},
    {.name = "size2",
     .help = "the same of a second hello, 0 for `size`",
     .offset = offsetof(struct lab_profile, size2),
     .max = 65536},
    {.name = "curve",
     .help = "number of the group that a wrong ServerKeyExchange names",
     .offset = offsetof(struct lab_profile, curve),
     .max = 65535},
    {.name = "quirk",
     .help = "hello length modulo 256 that fails",
     .offset = offsetof(struct lab_profile, quirk),
     .max = 255},
    {.name = "alert",
     .help = "number of the alert that refuses",
     .kind = KEY_U8,
     .offset = offsetof(struct lab_profile, alert),
     .max = 255},
    {.name = "percent",
     .help = "misbehave in so many of 100 connections",
     .kind = KEY_PERCENT,
     .offset = offsetof(struct lab_profile, percent)},
    {.name = "sticky",
     .help = "misbehave towards so many of 100 source ports",
     .kind = KEY_PERCENT,
     .offset = offsetof(struct lab_profile, sticky)},
    {.name = "after",
     .help = "behave well in the first so many connections",
     .offset = offsetof(struct lab_profile, after),
     .max = UINT32_MAX},
    {.name = "every",
     .help = "misbehave in each so-many-th connection only",
     .offset = offsetof(struct lab_profile, every),
     .max = UINT32_MAX},
    {.name = "rate",
     .help = "misbehave beyond so many connections a second",
     .offset = offsetof(struct lab_profile, rate),
     .max = UINT32_MAX},
    {.name = "ban_ms",
     .help = "having begun to misbehave, go on for so long, then count anew",
     .offset = offsetof(struct lab_profile, ban_ms),
     .max = UINT32_MAX},
};

static bool set_number(struct lab_profile *profile, const struct key *key, const char *value,
                       struct err *err) {
    void *field = (char *)profile + key->offset;
    char *end;
    errno = 0;
    if (key->kind == KEY_PERCENT) {
        double number = strtod(value, &end);
        if (end == value || *end != '\0' || !(number >= 0 && number <= 100))
            return err_set(err, "`%s` is no percentage", value);
        *(double *)field = number;
        return true;
    }
    unsigned long number = strtoul(value, &end, 10);
    if (*value < '0' || *value > '9' || *end != '\0' || errno || number > key->max)
        return err_set(err, "`%s` is no number from 0 to %lu", value, key->max);
    if (key->kind == KEY_U8)
        *(uint8_t *)field = (uint8_t)number;
    else
        *(uint32_t *)field = (uint32_t)number;
    return true;
}

bool lab_profile_set(struct lab_profile *profile, const char *key_value, struct err *err) {
    size_t n = strcspn(key_value, "=");
    if (key_value[n] != '=')
        return err_set(err, "`%s` is no key=value", key_value);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct key *key = &keys[i];
        if (strlen(key->name) != n || strncmp(key->name, key_value, n) != 0)
            continue;
        struct err why;
        const char *value = key_value + n + 1;
        if (key->set ? key->set(profile, value, &why) : set_number(profile, key, value, &why))
            return true;
        return err_set(err, "%s: %s", key->name, why.text);
    }
    return err_set(err, "unknown key `%.*s`", (int)n, key_value);
}

const char *lab_profile_check(const struct lab_profile *profile) {
    if (profile->kx != LAB_KX_ECDHE && profile->cert != LAB_CERT_RSA)
        return "kx=rsa and kx=both need cert=rsa";
    if (profile->kx == LAB_KX_RSA && profile->tls13)
        return "kx=rsa needs tls=1.2";
    for (unsigned i = 0; i < profile->groups_n; i++)
        for (unsigned j = 0; j < i; j++)
            if (profile->groups[i] == profile->groups[j])
                return "a group is named twice";
    return NULL;
}

void lab_profile_help(FILE *out) {
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        fprintf(out, "  %-12s %s\n", keys[i].name, keys[i].help);
}

bool lab_profile_post_quantum(uint16_t group) {
    return group >= 0x0200 && group != 0xff01 && group != 0xff02;
}

static bool has_group(const struct lab_profile *profile, uint16_t group) {
    for (unsigned i = 0; i < profile->groups_n; i++)
        if (profile->groups[i] == group)
            return true;
    return false;
}

static uint16_t pick_by_client(const struct lab_profile *profile, const struct lab_hello *hello,
                               bool tls13) {
    for (unsigned i = 0; i < hello->groups_n; i++)
        if (has_group(profile, hello->groups[i]) &&
            (tls13 || !lab_profile_post_quantum(hello->groups[i])))
            return hello->groups[i];
    return 0;
}

static uint16_t pick_by_server(const struct lab_profile *profile, const struct lab_hello *hello,
                               bool tls13) {
    for (unsigned i = 0; i < profile->groups_n; i++)
        if (lab_hello_offers(hello, profile->groups[i]) &&
            (tls13 || !lab_profile_post_quantum(profile->groups[i])))
            return profile->groups[i];
    return 0;
}

/* Having found the best common group, takes another of its tuple if the client sent a share only
 * for that. */
static uint16_t pick_by_tuple(const struct lab_profile *profile, const struct lab_hello *hello) {
    uint16_t best = pick_by_server(profile, hello, true);
    unsigned tuple = 0;
    for (unsigned i = 0; i < profile->groups_n; i++)
        if (profile->groups[i] == best)
            tuple = profile->tuples[i];
    for (unsigned i = 0; i < profile->groups_n && best != 0; i++)
        if (profile->tuples[i] == tuple && lab_hello_shares(hello, profile->groups[i]))
            return profile->groups[i];
    return best;
}

struct lab_pick lab_profile_pick(const struct lab_profile *profile, const struct lab_hello *hello) {
    struct lab_pick pick = {.tls13 = profile->tls13 && hello->tls13};
    if (profile->kx == LAB_KX_RSA)
        return pick;
    if (profile->pref == LAB_PREF_CLIENT)
        pick.group = pick_by_client(profile, hello, pick.tls13);
    else if (profile->pref == LAB_PREF_TUPLES && pick.tls13)
        pick.group = pick_by_tuple(profile, hello);
    else
        pick.group = pick_by_server(profile, hello, pick.tls13);
    pick.retry = pick.tls13 && pick.group != 0 && !lab_hello_shares(hello, pick.group);
    return pick;
}

struct lab_profile lab_profile_as(const struct lab_profile *profile, bool tls12, bool classical) {
    struct lab_profile out = *profile;
    out.tls13 = profile->tls13 && !tls12;
    out.groups_n = 0;
    for (unsigned i = 0; i < profile->groups_n; i++) {
        if (classical && lab_profile_post_quantum(profile->groups[i]))
            continue;
        out.tuples[out.groups_n] = profile->tuples[i];
        out.groups[out.groups_n++] = profile->groups[i];
    }
    return out;
}
