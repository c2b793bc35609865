/* The vocabulary: groups, outcomes, stages, verdict and mode names. */
#include "scanner/words/words.h"

#include "scanner/base/array.h"
#include "scanner/base/same_text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* Share sizes, the client's and the server's: RFC 8446 4.2.8.2 (points), RFC 7748 (x coordinates), RFC 7919 (primes),
 * draft-ietf-tls-mlkem and RFC 10024 (encapsulation keys, hybrids). */
static const struct group groups[] = {
    {23, "P-256", 65, 65, false, true},
    {24, "P-384", 97, 97, false, true},
    {25, "P-521", 133, 133, false, true},
    {29, "X25519", 32, 32, false, true},
    {30, "X448", 56, 56, false, false},
    {256, "ffdhe2048", 256, 256, false, false},
    {257, "ffdhe3072", 384, 384, false, false},
    {258, "ffdhe4096", 512, 512, false, false},
    {259, "ffdhe6144", 768, 768, false, false},
    {260, "ffdhe8192", 1024, 1024, false, false},
    {512, "MLKEM512", 800, 768, true, false},
    {513, "MLKEM768", 1184, 1088, true, false},
    {514, "MLKEM1024", 1568, 1568, true, true},
    {4587, "SecP256r1MLKEM768", 1249, 1153, true, false},
    {4588, "X25519MLKEM768", 1216, 1120, true, true},
    {4589, "SecP384r1MLKEM1024", 1665, 1665, true, false},
    {4590, "curveSM2MLKEM768", 1249, 1153, true, false},
    {25497, "X25519Kyber768Draft00", 1216, 1120, true, true},
};

/* Other spellings that operators and other tools use. */
static const struct {
    const char *text;
    uint16_t id;
} group_aliases[] = {
    {"secp256r1", 23}, {"prime256v1", 23}, {"P256", 23}, {"secp384r1", 24},
    {"P384", 24},      {"secp521r1", 25},  {"P521", 25}, {"x25519", 29},
};

const struct group *group_table(size_t *count) {
    *count = COUNT_OF(groups);
    return groups;
}

const struct group *group_find(uint16_t id) {
    for (size_t i = 0; i < COUNT_OF(groups); i++)
        if (groups[i].id == id)
            return &groups[i];
    return NULL;
}

bool group_is_among(const uint16_t *list, size_t n, uint16_t group) {
    for (size_t i = 0; i < n; i++)
        if (list[i] == group)
            return true;
    return false;
}

const char *group_name(uint16_t id, char out[GROUP_NAME_SIZE]) {
    const struct group *group = group_find(id);
    if (group)
        return group->name;
    snprintf(out, GROUP_NAME_SIZE, "0x%04x", id);
    return out;
}

uint16_t group_parse(const char *text) {
    for (size_t i = 0; i < COUNT_OF(groups); i++)
        if (strcasecmp(text, groups[i].name) == 0)
            return groups[i].id;
    for (size_t i = 0; i < COUNT_OF(group_aliases); i++)
        if (strcasecmp(text, group_aliases[i].text) == 0)
            return group_aliases[i].id;
    if (text[0] < '0' || text[0] > '9')
        return GROUP_NONE;
    char *end;
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    unsigned long number = strtoul(text, &end, hex ? 16 : 10);
    return *end == '\0' && number <= UINT16_MAX ? (uint16_t)number : GROUP_NONE;
}

/* Every other vocabulary is a dense list of names indexed by the enumerator. */
static const char *const outcome_names[OUTCOME_COUNT] = {
    [OUTCOME_OK] = "ok",
    [OUTCOME_ALERT] = "alert",
    [OUTCOME_RESET] = "reset",
    [OUTCOME_CLOSED] = "closed",
    [OUTCOME_TIMEOUT] = "timeout",
    [OUTCOME_MALFORMED] = "malformed",
    [OUTCOME_NOT_TLS] = "not_tls",
    [OUTCOME_REFUSED] = "refused",
    [OUTCOME_UNREACHABLE] = "unreachable",
    [OUTCOME_DNS_FAILURE] = "dns_failure",
    [OUTCOME_BLOCKED] = "blocked",
    [OUTCOME_CANCELLED] = "cancelled",
};

static const char *const stage_names[STAGE_COUNT] = {
    [STAGE_RESOLVE] = "resolve", [STAGE_CONNECT] = "connect",
    [STAGE_HELLO] = "hello",     [STAGE_RETRY] = "retry",
    [STAGE_DONE] = "done",       [STAGE_SERVER_FLIGHT] = "server_flight",
};

static const char *const status_names[STATUS_COUNT] = {
    [STATUS_COMPLETE] = "complete",       [STATUS_INTERRUPTED] = "interrupted",
    [STATUS_UNREACHABLE] = "unreachable", [STATUS_NOT_TLS] = "not_tls",
    [STATUS_BLOCKED] = "blocked",
};

static const char *const mode_names[MODE_COUNT] = {
    [MODE_OFF] = "off",
    [MODE_SUPPORTED] = "supported",
    [MODE_PREFERRED] = "preferred",
    [MODE_PREFERRED_DUAL] = "preferred-dual",
};

static const struct {
    const char *name;
    enum verdict_class class;
} verdicts[VERDICT_COUNT] = {
    [VERDICT_UNREACHABLE] = {"unreachable", VERDICT_CLASS_ENDED},
    [VERDICT_BLOCKED] = {"blocked", VERDICT_CLASS_ENDED},
    [VERDICT_NOT_TLS] = {"not_tls", VERDICT_CLASS_ENDED},
    [VERDICT_INTERRUPTED] = {"interrupted", VERDICT_CLASS_ENDED},
    [VERDICT_UNSTABLE] = {"unstable", VERDICT_CLASS_FAILING},
    [VERDICT_LARGE_HELLO_HANGS_TLS12] = {"large-hello-hangs-tls12", VERDICT_CLASS_FAULT},
    [VERDICT_VERSION_FALLBACK] = {"version-fallback", VERDICT_CLASS_FAULT},
    [VERDICT_UNKNOWN_GROUP] = {"unknown-group", VERDICT_CLASS_FAULT},
    [VERDICT_UNKNOWN_SHARE] = {"unknown-share", VERDICT_CLASS_FAULT},
    [VERDICT_SPLIT_HELLO] = {"split-hello", VERDICT_CLASS_FAULT},
    [VERDICT_SIZE_LIMIT] = {"size-limit", VERDICT_CLASS_FAULT},
    [VERDICT_LARGE_DROP] = {"large-drop", VERDICT_CLASS_FAULT},
    [VERDICT_PATH_MTU] = {"path-mtu", VERDICT_CLASS_FAULT},
    [VERDICT_LARGE_FIRST_ONLY] = {"large-first-only", VERDICT_CLASS_FAULT},
    [VERDICT_LARGE_SECOND_ONLY] = {"large-second-only", VERDICT_CLASS_FAULT},
    [VERDICT_RETRY_THEN_FAIL] = {"retry-then-fail", VERDICT_CLASS_FAULT},
    [VERDICT_RETRY_MALFORMED] = {"retry-malformed", VERDICT_CLASS_FAULT},
    [VERDICT_RETRY_WRONG_GROUP] = {"retry-wrong-group", VERDICT_CLASS_FAULT},
    [VERDICT_RETRY_LOOP] = {"retry-loop", VERDICT_CLASS_FAULT},
    [VERDICT_HYBRID_REFUSED] = {"hybrid-refused", VERDICT_CLASS_FAULT},
    [VERDICT_HYBRID_UNUSABLE] = {"hybrid-unusable", VERDICT_CLASS_FAULT},
    [VERDICT_RESUMPTION_FAILS] = {"resumption-fails", VERDICT_CLASS_FAULT},
    [VERDICT_WRONG_BACKEND] = {"wrong-backend", VERDICT_CLASS_FAULT},
    [VERDICT_HANDSHAKE_REFUSED] = {"handshake-refused", VERDICT_CLASS_FAILING},
    [VERDICT_NEVER_FINISHES] = {"never-finishes", VERDICT_CLASS_FAILING},
    [VERDICT_TLS12_ONLY] = {"tls12-only", VERDICT_CLASS_SOUND},
    [VERDICT_READY] = {"ready", VERDICT_CLASS_SOUND},
    [VERDICT_READY_AFTER_RETRY] = {"ready-after-retry", VERDICT_CLASS_SOUND},
    [VERDICT_HYBRID_NOT_CHOSEN] = {"hybrid-not-chosen", VERDICT_CLASS_SOUND},
    [VERDICT_OTHER_HYBRID] = {"other-hybrid", VERDICT_CLASS_SOUND},
    [VERDICT_DRAFT_ONLY] = {"draft-only", VERDICT_CLASS_SOUND},
    [VERDICT_CLASSICAL] = {"classical", VERDICT_CLASS_SOUND},
    [VERDICT_HYBRID_ONLY_IF_FIRST] = {"hybrid-only-if-first", VERDICT_CLASS_NOTE},
    [VERDICT_CLIENT_CERTIFICATE] = {"client-certificate", VERDICT_CLASS_NOTE},
    [VERDICT_RECORD_SPLIT] = {"record-split", VERDICT_CLASS_NOTE},
    [VERDICT_LENGTH_QUIRK] = {"length-quirk", VERDICT_CLASS_NOTE},
};

/* The index of a name in a list, or -1. */
static int index_of(const char *const *names, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (same_text(names[i], name))
            return (int)i;
    return -1;
}

const char *outcome_name(enum outcome outcome) {
    assert(outcome < OUTCOME_COUNT);
    return outcome_names[outcome];
}

bool outcome_parse(const char *name, enum outcome *out) {
    int found = index_of(outcome_names, OUTCOME_COUNT, name);
    if (found >= 0)
        *out = (enum outcome)found;
    return found >= 0;
}

bool outcome_is_abrupt(enum outcome outcome) {
    return outcome == OUTCOME_RESET || outcome == OUTCOME_CLOSED || outcome == OUTCOME_TIMEOUT;
}

const char *stage_name(enum stage stage) {
    assert(stage < STAGE_COUNT);
    return stage_names[stage];
}

bool stage_parse(const char *name, enum stage *out) {
    int found = index_of(stage_names, STAGE_COUNT, name);
    if (found >= 0)
        *out = (enum stage)found;
    return found >= 0;
}

const char *status_name(enum scan_status status) {
    assert(status < STATUS_COUNT);
    return status_names[status];
}

bool status_parse(const char *name, enum scan_status *out) {
    int found = index_of(status_names, STATUS_COUNT, name);
    if (found >= 0)
        *out = (enum scan_status)found;
    return found >= 0;
}

const char *order_name(enum group_order order) {
    switch (order) {
    case ORDER_UNKNOWN:
        return NULL;
    case ORDER_CLIENT:
        return "client";
    case ORDER_SERVER:
        return "server";
    }
    return NULL;
}

const char *mode_name(enum mode mode) {
    assert(mode < MODE_COUNT);
    return mode_names[mode];
}

const char *verdict_name(enum verdict verdict) {
    assert(verdict <= VERDICT_COUNT);
    return verdict < VERDICT_COUNT ? verdicts[verdict].name : NULL;
}

enum verdict_class verdict_class(enum verdict verdict) {
    if (verdict == VERDICT_COUNT)
        return VERDICT_CLASS_NOTE; /* nothing is known to be broken */
    assert(verdict < VERDICT_COUNT && verdicts[verdict].class != 0);
    return verdicts[verdict].class;
}

bool verdict_parse(const char *name, enum verdict *out) {
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
        if (same_text(verdicts[verdict].name, name)) {
            *out = verdict;
            return true;
        }
    return false;
}

const char *tls_version_name(uint16_t version) {
    switch (version) {
    case 0x0300:
        return "SSLv3";
    case 0x0301:
        return "TLSv1";
    case 0x0302:
        return "TLSv1.1";
    case 0x0303:
        return "TLSv1.2";
    case 0x0304:
        return "TLSv1.3";
    }
    return NULL;
}
