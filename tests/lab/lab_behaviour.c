/* THE TABLE of behaviours. */
#include "lab_behaviour.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#define CLASSICAL "groups=X25519,P-256,P-384"
#define ALL_GROUPS "groups=X25519MLKEM768,X25519Kyber768Draft00,X25519,P-256,P-384,P-521"

static const struct lab_behaviour behaviours[] = {
    /* sound origins */
    {.name = "modern", .text = "hybrid first, the server's order, as a current web server"},
    {.name = "everything", .text = "all six groups, hybrid first", .settings = ALL_GROUPS},
    {.name = "hybrid-tuples",
     .text = "OpenSSL 3.5 by default: the hybrid is worth a retry",
     .settings = "groups=X25519MLKEM768/X25519,P-256/P-384,P-521 pref=tuples"},
    {.name = "hybrid-flat",
     .text = "OpenSSL 3.5 with a flat list: takes any share before it looks at its order",
     .settings = "groups=X25519MLKEM768,X25519,P-256 pref=tuples"},
    {.name = "hybrid-not-chosen",
     .text = "knows the hybrid but asks for X25519 even at the price of a retry",
     .settings = "groups=X25519/X25519MLKEM768/P-256 pref=tuples"},
    {.name = "client-order",
     .text = "takes the client's first group that it knows",
     .settings = ALL_GROUPS " pref=client"},
    {.name = "classical-only",
     .text = "X25519, P-256 and P-384, the server's order",
     .settings = CLASSICAL},
    {.name = "classical-flat",
     .text = "OpenSSL up to 3.4: classical, shares first",
     .settings = "groups=X25519,P-256,P-521,P-384 pref=tuples"},
    {.name = "p256-first",
     .text = "classical, prefers P-256 and retries for it",
     .settings = "groups=P-256,X25519,P-384"},
    {.name = "p384-first",
     .text = "classical, prefers P-384 and retries for it",
     .settings = "groups=P-384,P-256,X25519"},
    {.name = "x25519-only", .text = "X25519 alone", .settings = "groups=X25519"},
    {.name = "p256-only", .text = "P-256 alone", .settings = "groups=P-256"},
    {.name = "p384-only", .text = "P-384 alone", .settings = "groups=P-384"},
    {.name = "p521-only", .text = "P-521 alone", .settings = "groups=P-521"},
    {.name = "hybrid-only", .text = "X25519MLKEM768 alone", .settings = "groups=X25519MLKEM768"},
    {.name = "draft",
     .text = "the 2023 Kyber draft before classical groups",
     .settings = "groups=X25519Kyber768Draft00,X25519,P-256"},
    {.name = "draft-only",
     .text = "the 2023 Kyber draft alone",
     .settings = "groups=X25519Kyber768Draft00"},
    {.name = "tls13-only", .text = "as modern, but no TLS 1.2", .settings = "tls=1.3"},
    {.name = "tls12", .text = "TLS 1.2 only, ECDSA certificate", .settings = CLASSICAL " tls=1.2"},
    {.name = "tls12-rsa",
     .text = "TLS 1.2 only, RSA certificate",
     .settings = CLASSICAL " tls=1.2 cert=rsa"},
    {.name = "tls12-static-rsa",
     .text = "TLS 1.2 with RSA key exchange: no key agreement at all",
     .settings = CLASSICAL " tls=1.2 cert=rsa kx=rsa"},
    {.name = "rsa", .text = "as modern, with an RSA certificate", .settings = "cert=rsa"},
    {.name = "ecdsa384",
     .text = "as modern, with a P-384 certificate",
     .settings = "cert=ecdsa384"},
    {.name = "long-chain", .text = "as modern, with a chain of 24 KB", .settings = "cert=long"},
    {.name = "client-certificate",
     .text = "asks for a client certificate, goes on without",
     .settings = "client_cert=request"},
    {.name = "client-certificate-required",
     .text = "insists on a client certificate (alert 116 after the client's Finished)",
     .settings = "client_cert=require"},
    {.name = "slow",
     .text = "as modern, answers each hello after 300 ms",
     .settings = "delay_ms=300"},
    {.name = "drip",
     .text = "as modern, writes 200 bytes every 5 ms",
     .settings = "chunk=200 chunk_ms=5"},
    {.name = "tarpit",
     .text = "as modern, but a byte every 200 ms: never idle, never done",
     .settings = "chunk=1 chunk_ms=200"},
    {.name = "tickets", .text = "as modern, sends session tickets", .settings = "tickets=yes"},

    /* large hellos */
    {.name = "size-close",
     .text = "closes on any hello of more than `size` bytes",
     .rules_n = 2,
     .verdict = "size-limit",
     .rules = {{LAB_AT_HELLO, LAB_IF_LARGE, LAB_ACT_CLOSE},
               {LAB_AT_HELLO2, LAB_IF_LARGE, LAB_ACT_CLOSE}}},
    {.name = "size-reset",
     .text = "resets on any hello of more than `size` bytes",
     .rules_n = 2,
     .verdict = "size-limit",
     .rules = {{LAB_AT_HELLO, LAB_IF_LARGE, LAB_ACT_RESET},
               {LAB_AT_HELLO2, LAB_IF_LARGE, LAB_ACT_RESET}}},
    {.name = "size-hang",
     .text = "acknowledges any hello of more than `size` bytes, then silence",
     .rules_n = 2,
     .verdict = "large-drop",
     .rules = {{LAB_AT_HELLO, LAB_IF_LARGE, LAB_ACT_HANG},
               {LAB_AT_HELLO2, LAB_IF_LARGE, LAB_ACT_HANG}}},
    {.name = "large-first-only",
     .text = "resets on a large first hello, takes a large second one",
     .rules_n = 1,
     .verdict = "large-first-only",
     .rules = {{LAB_AT_HELLO, LAB_IF_LARGE, LAB_ACT_RESET}}},
    {.name = "large-second-only",
     .text = "takes a large first hello, resets on a large second one",
     .rules_n = 1,
     .verdict = "large-second-only",
     .rules = {{LAB_AT_HELLO2, LAB_IF_LARGE, LAB_ACT_RESET}}},
    {.name = "version-fallback",
     .text = "answers a large hello with TLS 1.2",
     .rules_n = 1,
     .verdict = "version-fallback",
     .rules = {{LAB_AT_HELLO, LAB_IF_LARGE, LAB_ACT_SERVE_TLS12}}},
    {.name = "tls12-large-hang",
     .text = "TLS 1.2 only, and silent on a large hello",
     .settings = CLASSICAL " tls=1.2 cert=rsa",
     .rules_n = 1,
     .verdict = "large-hello-hangs-tls12",
     .rules = {{LAB_AT_HELLO, LAB_IF_LARGE, LAB_ACT_HANG}}},
    {.name = "wrong-backend",
     .text = "answers a large hello with another certificate",
     .rules_n = 1,
     .verdict = "wrong-backend",
     .rules = {{LAB_AT_HELLO, LAB_IF_LARGE, LAB_ACT_SERVE_OTHER_CERT}}},

    /* fragmentation */
    {.name = "first-segment-close",
     .text = "one read(); closes if the hello is not complete",
     .rules_n = 1,
     .verdict = "split-hello",
     .rules = {{LAB_AT_FIRST_READ, LAB_IF_INCOMPLETE, LAB_ACT_CLOSE}}},
    {.name = "first-segment-reset",
     .text = "one read(); resets if the hello is not complete",
     .rules_n = 1,
     .verdict = "split-hello",
     .rules = {{LAB_AT_FIRST_READ, LAB_IF_INCOMPLETE, LAB_ACT_RESET}}},
    {.name = "first-segment-hang",
     .text = "one read(); waits for ever if it was not complete",
     .rules_n = 1,
     .verdict = "split-hello",
     .rules = {{LAB_AT_FIRST_READ, LAB_IF_INCOMPLETE, LAB_ACT_HANG}}},
    {.name = "record-split-fail",
     .text = "closes on a hello in more than one TLS record",
     .rules_n = 1,
     .rules = {{LAB_AT_HELLO, LAB_IF_TWO_RECORDS, LAB_ACT_CLOSE}}},
    {.name = "length-quirk",
     .text = "closes when the hello's length modulo 256 is `quirk`",
     .rules_n = 1,
     .rules = {{LAB_AT_HELLO, LAB_IF_QUIRK, LAB_ACT_CLOSE}}},

    /* groups */
    {.name = "unknown-group-alert",
     .text = "alert 47 when an unknown group is merely listed",
     .settings = CLASSICAL " alert=47",
     .rules_n = 1,
     .verdict = "unknown-group",
     .rules = {{LAB_AT_HELLO, LAB_IF_UNKNOWN_GROUP, LAB_ACT_ALERT}}},
    {.name = "unknown-group-close",
     .text = "closes when an unknown group is merely listed",
     .settings = CLASSICAL,
     .rules_n = 1,
     .verdict = "unknown-group",
     .rules = {{LAB_AT_HELLO, LAB_IF_UNKNOWN_GROUP, LAB_ACT_CLOSE}}},
    {.name = "unknown-share-alert",
     .text = "alert 47 on an unknown share; listing it is fine",
     .settings = CLASSICAL " alert=47",
     .rules_n = 1,
     .verdict = "unknown-share",
     .rules = {{LAB_AT_HELLO, LAB_IF_UNKNOWN_SHARE, LAB_ACT_ALERT}}},
    {.name = "unknown-share-close",
     .text = "closes on an unknown share; listing it is fine",
     .settings = CLASSICAL,
     .rules_n = 1,
     .verdict = "unknown-share",
     .rules = {{LAB_AT_HELLO, LAB_IF_UNKNOWN_SHARE, LAB_ACT_CLOSE}}},
    {.name = "hybrid-refused",
     .text = "alert 40 on a share for X25519MLKEM768 and on no other",
     .settings = CLASSICAL,
     .rules_n = 1,
     .verdict = "hybrid-refused",
     .rules = {{LAB_AT_HELLO, LAB_IF_HYBRID_SHARE, LAB_ACT_ALERT}}},
    {.name = "silent-refusal",
     .text = "closes without an alert where it knows none of the groups",
     .settings = CLASSICAL,
     .rules_n = 1,
     .rules = {{LAB_AT_HELLO, LAB_IF_NO_GROUP, LAB_ACT_CLOSE}}},
    {.name = "refuse-tls",
     .text = "alert 40 on every hello",
     .rules_n = 1,
     .verdict = "handshake-refused",
     .rules = {{LAB_AT_HELLO, LAB_IF_ALWAYS, LAB_ACT_ALERT}}},
    {.name = "handshake-refused",
     .text = "asks for retries, but answers what it would have to finish with alert 112",
     .settings = "alert=112",
     .rules_n = 2,
     .verdict = "handshake-refused",
     .rules = {{LAB_AT_HELLO, LAB_IF_NO_RETRY, LAB_ACT_ALERT},
               {LAB_AT_HELLO2, LAB_IF_ALWAYS, LAB_ACT_ALERT}}},

    /* retries */
    {.name = "retry-alert",
     .text = "valid HelloRetryRequest, then alert 40 on the second hello",
     .settings = CLASSICAL,
     .rules_n = 1,
     .verdict = "retry-then-fail",
     .rules = {{LAB_AT_HELLO2, LAB_IF_ALWAYS, LAB_ACT_ALERT}}},
    {.name = "retry-close",
     .text = "valid HelloRetryRequest, then closes",
     .settings = CLASSICAL,
     .rules_n = 1,
     .verdict = "retry-then-fail",
     .rules = {{LAB_AT_HELLO2, LAB_IF_ALWAYS, LAB_ACT_CLOSE}}},
    {.name = "retry-reset",
     .text = "valid HelloRetryRequest, then resets",
     .settings = CLASSICAL,
     .rules_n = 1,
     .verdict = "retry-then-fail",
     .rules = {{LAB_AT_HELLO2, LAB_IF_ALWAYS, LAB_ACT_RESET}}},
    {.name = "retry-silence",
     .text = "valid HelloRetryRequest, then silence",
     .settings = CLASSICAL,
     .rules_n = 1,
     .verdict = "retry-then-fail",
     .rules = {{LAB_AT_HELLO2, LAB_IF_ALWAYS, LAB_ACT_HANG}}},
    {.name = "retry-no-session-id",
     .text = "HelloRetryRequest without the echoed session id",
     .settings = CLASSICAL,
     .rules_n = 1,
     .verdict = "retry-malformed",
     .rules = {{LAB_AT_HELLO, LAB_IF_RETRY, LAB_ACT_HRR_NO_SESSION_ID}}},
    {.name = "retry-empty",
     .text = "HelloRetryRequest that asks for nothing",
     .settings = CLASSICAL,
     .rules_n = 1,
     .verdict = "retry-malformed",
     .rules = {{LAB_AT_HELLO, LAB_IF_RETRY, LAB_ACT_HRR_EMPTY}}},
    {.name = "retry-wrong-cipher",
     .text = "HelloRetryRequest with a cipher suite not offered",
     .settings = CLASSICAL,
     .rules_n = 1,
     .verdict = "retry-malformed",
     .rules = {{LAB_AT_HELLO, LAB_IF_RETRY, LAB_ACT_HRR_CIPHER}}},
    {.name = "retry-trailing-data",
     .text = "HelloRetryRequest with bytes after its extensions",
     .settings = CLASSICAL,
     .rules_n = 1,
     .verdict = "retry-malformed",
     .rules = {{LAB_AT_HELLO, LAB_IF_RETRY, LAB_ACT_HRR_TRAILING}}},
    {.name = "retry-excess-data",
     .text = "HelloRetryRequest with another message in its record",
     .settings = CLASSICAL,
     .rules_n = 1,
     .verdict = "retry-malformed",
     .rules = {{LAB_AT_HELLO, LAB_IF_RETRY, LAB_ACT_HRR_EXCESS}}},
    {.name = "retry-wrong-group",
     .text = "HelloRetryRequest for a group that was not offered",
     .settings = CLASSICAL,
     .rules_n = 1,
     .verdict = "retry-wrong-group",
     .rules = {{LAB_AT_HELLO, LAB_IF_RETRY, LAB_ACT_HRR_NOT_OFFERED}}},
    {.name = "retry-shared-group",
     .text = "HelloRetryRequest for a group whose share is there",
     .settings = CLASSICAL,
     .rules_n = 1,
     .verdict = "retry-wrong-group",
     .rules = {{LAB_AT_HELLO, LAB_IF_RETRY_BY_SHARE, LAB_ACT_HRR_SHARED}}},
    {.name = "retry-loop",
     .text = "a second HelloRetryRequest after the second hello",
     .settings = CLASSICAL,
     .rules_n = 1,
     .verdict = "retry-loop",
     .rules = {{LAB_AT_HELLO, LAB_IF_RETRY, LAB_ACT_HRR_AGAIN}}},

    /* the handshake breaks later */
    {.name = "flight-close",
     .text = "closes after its ServerHello",
     .rules_n = 1,
     .rules = {{LAB_AT_HELLO, LAB_IF_NO_RETRY, LAB_ACT_FLIGHT_CLOSE}}},
    {.name = "flight-reset",
     .text = "resets after its ServerHello",
     .rules_n = 1,
     .rules = {{LAB_AT_HELLO, LAB_IF_NO_RETRY, LAB_ACT_FLIGHT_RESET}}},
    {.name = "flight-hang",
     .text = "falls silent after its ServerHello",
     .rules_n = 1,
     .rules = {{LAB_AT_HELLO, LAB_IF_NO_RETRY, LAB_ACT_FLIGHT_HANG}}},

    /* not TLS, or not a server at all */
    {.name = "never-answers",
     .text = "accepts, reads, says nothing",
     .rules_n = 1,
     .rules = {{LAB_AT_ACCEPT, LAB_IF_ALWAYS, LAB_ACT_HANG}}},
    {.name = "close-at-once",
     .text = "accepts and closes",
     .rules_n = 1,
     .rules = {{LAB_AT_ACCEPT, LAB_IF_ALWAYS, LAB_ACT_CLOSE}}},
    {.name = "reset-at-once",
     .text = "accepts and resets",
     .rules_n = 1,
     .rules = {{LAB_AT_ACCEPT, LAB_IF_ALWAYS, LAB_ACT_RESET}}},
    {.name = "http",
     .text = "answers HTTP 400 in the clear and closes",
     .rules_n = 1,
     .verdict = "not_tls",
     .rules = {{LAB_AT_FIRST_READ, LAB_IF_ALWAYS, LAB_ACT_HTTP}}},
    {.name = "ssh",
     .text = "sends an SSH banner at once",
     .rules_n = 1,
     .verdict = "not_tls",
     .rules = {{LAB_AT_ACCEPT, LAB_IF_ALWAYS, LAB_ACT_SSH}}},
    {.name = "garbage",
     .text = "answers 64 random bytes and closes",
     .rules_n = 1,
     .verdict = "not_tls",
     .rules = {{LAB_AT_FIRST_READ, LAB_IF_ALWAYS, LAB_ACT_GARBAGE}}},
    {.name = "endless",
     .text = "answers random bytes without end",
     .rules_n = 1,
     .verdict = "not_tls",
     .rules = {{LAB_AT_FIRST_READ, LAB_IF_ALWAYS, LAB_ACT_ENDLESS_GARBAGE}}},
    {.name = "endless-tls",
     .text = "a TLS 1.2 certificate that goes on without end",
     .settings = "tls=1.2",
     .rules_n = 1,
     .rules = {{LAB_AT_HELLO, LAB_IF_ALWAYS, LAB_ACT_ENDLESS_RECORDS}}},
    {.name = "endless-warnings",
     .text = "warning alerts without end",
     .rules_n = 1,
     .rules = {{LAB_AT_HELLO, LAB_IF_ALWAYS, LAB_ACT_ENDLESS_WARNINGS}}},
    {.name = "endless-empty",
     .text = "empty handshake records without end",
     .rules_n = 1,
     .rules = {{LAB_AT_HELLO, LAB_IF_ALWAYS, LAB_ACT_ENDLESS_EMPTY}}},
    {.name = "closed-port",
     .text = "nobody listens; needs a port of its own",
     .rules_n = 1,
     .verdict = "unreachable",
     .rules = {{LAB_AT_ACCEPT, LAB_IF_ALWAYS, LAB_ACT_NO_LISTENER}}},

    /* moods */
    {.name = "unstable",
     .text = "resets every other connection",
     .settings = "every=2",
     .rules_n = 1,
     .verdict = "unstable",
     .rules = {{LAB_AT_HELLO, LAB_IF_ALWAYS, LAB_ACT_RESET}}},
    {.name = "ban",
     .text = "after five connections closes everything for ten minutes",
     .settings = "after=5 ban_ms=600000",
     .rules_n = 1,
     .verdict = "interrupted",
     .rules = {{LAB_AT_ACCEPT, LAB_IF_ALWAYS, LAB_ACT_CLOSE}}},
    {.name = "rate-limit",
     .text = "resets what exceeds `rate` connections a second",
     .settings = "rate=5",
     .rules_n = 1,
     .rules = {{LAB_AT_ACCEPT, LAB_IF_ALWAYS, LAB_ACT_RESET}}},
};

const struct lab_behaviour *lab_behaviour_table(size_t *count) {
    *count = sizeof behaviours / sizeof *behaviours;
    return behaviours;
}

const struct lab_behaviour *lab_behaviour_find(const char *name) {
    for (size_t i = 0; i < sizeof behaviours / sizeof *behaviours; i++)
        if (strcmp(behaviours[i].name, name) == 0)
            return &behaviours[i];
    return NULL;
}

void lab_behaviour_profile(const struct lab_behaviour *behaviour, struct lab_profile *profile) {
    lab_profile_init(profile);
    char copy[256];
    snprintf(copy, sizeof copy, "%s", behaviour->settings ? behaviour->settings : "");
    char *rest = copy;
    for (char *word; (word = strtok_r(rest, " ", &rest));)
        if (!lab_profile_set(profile, word, NULL))
            abort(); /* the table above is wrong */
}

/* Groups that servers of before 2023 know, at least by number: everything below the ML-KEM range
 * (RFC 8446 4.2.7). */
static bool any_unknown(const uint16_t *groups, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        if (lab_profile_post_quantum(groups[i]))
            return true;
    return false;
}

static bool holds(enum lab_condition condition, const struct lab_profile *profile,
                  const struct lab_hello *hello, const struct lab_pick *pick) {
    switch (condition) {
    case LAB_IF_ALWAYS:
        return true;
    case LAB_IF_INCOMPLETE:
        return hello == NULL;
    case LAB_IF_LARGE:
        return hello->bytes > profile->size;
    case LAB_IF_UNKNOWN_GROUP:
        return any_unknown(hello->groups, hello->groups_n);
    case LAB_IF_UNKNOWN_SHARE:
        return any_unknown(hello->shares, hello->shares_n);
    case LAB_IF_HYBRID_SHARE:
        return lab_hello_shares(hello, SSL_GROUP_X25519_MLKEM768);
    case LAB_IF_TWO_RECORDS:
        return hello->records > 1;
    case LAB_IF_QUIRK:
        return hello->message_bytes % 256 == profile->quirk;
    case LAB_IF_NO_GROUP:
        return pick->group == 0 && profile->kx == LAB_KX_ECDHE;
    case LAB_IF_RETRY:
        return pick->retry;
    case LAB_IF_RETRY_BY_SHARE:
        return pick->retry && hello->shares_n > 0;
    case LAB_IF_NO_RETRY:
        return !pick->retry;
    }
    return false;
}

enum lab_act lab_behaviour_act(const struct lab_behaviour *behaviour,
                               const struct lab_profile *profile, enum lab_point point,
                               const struct lab_hello *hello, const struct lab_pick *pick) {
    for (unsigned i = 0; i < behaviour->rules_n; i++) {
        const struct lab_rule *rule = &behaviour->rules[i];
        if (rule->point == point && holds(rule->condition, profile, hello, pick))
            return rule->act;
    }
    return LAB_ACT_SERVE;
}

bool lab_behaviour_looks_at(const struct lab_behaviour *behaviour, enum lab_point point) {
    for (unsigned i = 0; i < behaviour->rules_n; i++)
        if (behaviour->rules[i].point == point)
            return true;
    return false;
}

static const char *const act_names[] = {
    [LAB_ACT_SERVE] = "serve",
    [LAB_ACT_CLOSE] = "close",
    [LAB_ACT_RESET] = "reset",
    [LAB_ACT_HANG] = "hang",
    [LAB_ACT_ALERT] = "alert",
    [LAB_ACT_HTTP] = "http",
    [LAB_ACT_SSH] = "ssh",
    [LAB_ACT_GARBAGE] = "garbage",
    [LAB_ACT_ENDLESS_GARBAGE] = "endless-garbage",
    [LAB_ACT_ENDLESS_RECORDS] = "endless-records",
    [LAB_ACT_ENDLESS_WARNINGS] = "endless-warnings",
    [LAB_ACT_ENDLESS_EMPTY] = "endless-empty",
    [LAB_ACT_HRR_NO_SESSION_ID] = "hrr-no-session-id",
    [LAB_ACT_HRR_EMPTY] = "hrr-empty",
    [LAB_ACT_HRR_CIPHER] = "hrr-cipher",
    [LAB_ACT_HRR_TRAILING] = "hrr-trailing",
    [LAB_ACT_HRR_EXCESS] = "hrr-excess",
    [LAB_ACT_HRR_NOT_OFFERED] = "hrr-not-offered",
    [LAB_ACT_HRR_SHARED] = "hrr-shared",
    [LAB_ACT_HRR_AGAIN] = "hrr-again",
    [LAB_ACT_SERVE_TLS12] = "serve-tls12",
    [LAB_ACT_SERVE_OTHER_CERT] = "serve-other-cert",
    [LAB_ACT_FLIGHT_CLOSE] = "flight-close",
    [LAB_ACT_FLIGHT_RESET] = "flight-reset",
    [LAB_ACT_FLIGHT_HANG] = "flight-hang",
    [LAB_ACT_NO_LISTENER] = "no-listener",
};

const char *lab_behaviour_act_name(enum lab_act act) {
    return act_names[act];
}

void lab_behaviour_help(FILE *out) {
    for (size_t i = 0; i < sizeof behaviours / sizeof *behaviours; i++)
        fprintf(out, "%-28s %s%s%s%s\n", behaviours[i].name, behaviours[i].text,
                behaviours[i].settings ? " [" : "",
                behaviours[i].settings ? behaviours[i].settings : "",
                behaviours[i].settings ? "]" : "");
}
