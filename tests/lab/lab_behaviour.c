/* What the rules of a behaviour say; its rows are in lab_behaviour_rows.c and lab_behaviour_faults.c. */
#include "lab_behaviour.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

enum { BEHAVIOURS_MAX = 256 };

const struct lab_behaviour *const *lab_behaviour_table(size_t *count) {
    static const struct lab_behaviour *all[BEHAVIOURS_MAX];
    size_t rows_n, faults_n;
    const struct lab_behaviour *rows = lab_behaviour_rows(&rows_n);
    const struct lab_behaviour *faults = lab_behaviour_faults(&faults_n);
    *count = 0;
    for (size_t i = 0; i < rows_n; i++)
        all[(*count)++] = &rows[i];
    for (size_t i = 0; i < faults_n && *count < BEHAVIOURS_MAX; i++)
        all[(*count)++] = &faults[i];
    return all;
}

const struct lab_behaviour *lab_behaviour_find(const char *name) {
    size_t n;
    const struct lab_behaviour *const *all = lab_behaviour_table(&n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
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

static bool is_large(const struct lab_profile *profile, enum lab_point point,
                     const struct lab_hello *hello) {
    bool second = point == LAB_AT_HELLO2 && profile->size2 > 0;
    return hello->bytes > (second ? profile->size2 : profile->size);
}

/* `lab` among the protocols, which are joined by commas. */
static bool offers_our_alpn(const struct lab_hello *hello) {
    const char *at = strstr(hello->alpn, "lab");
    return at && (at[3] == '\0' || at[3] == ',') && (at == hello->alpn || at[-1] == ',');
}

static bool holds(const struct lab_rule *rule, const struct lab_profile *profile,
                  const struct lab_hello *hello, const struct lab_pick *pick) {
    switch (rule->condition) {
    case LAB_IF_ALWAYS:
        return true;
    case LAB_IF_INCOMPLETE:
        return hello == NULL;
    case LAB_IF_LARGE:
        return is_large(profile, rule->point, hello);
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
    case LAB_IF_TICKET:
        return hello->ticket;
    case LAB_IF_NO_SHARES:
        return hello->tls13 && hello->shares_n == 0;
    case LAB_IF_ALPN:
        return hello->alpn[0] && !offers_our_alpn(hello);
    case LAB_IF_NOT_OUR_ALPN:
        return !offers_our_alpn(hello);
    case LAB_IF_NO_NAME:
        return !hello->sni[0];
    case LAB_IF_OTHER_NAME:
        return strcmp(hello->sni, "lab.example") != 0;
    case LAB_IF_HYBRID_LISTED:
        return lab_hello_offers(hello, SSL_GROUP_X25519_MLKEM768);
    case LAB_IF_HYBRID_PICKED:
        return pick->group == SSL_GROUP_X25519_MLKEM768 &&
               (rule->point == LAB_AT_HELLO2 || !pick->retry);
    case LAB_IF_NO_P256:
        return !lab_hello_offers(hello, SSL_GROUP_SECP256R1);
    case LAB_IF_FIPS_HYBRID:
        return lab_hello_offers(hello, LAB_FIPS_HYBRID);
    }
    return false;
}

enum lab_act lab_behaviour_act(const struct lab_behaviour *behaviour,
                               const struct lab_profile *profile, enum lab_point point,
                               const struct lab_hello *hello, const struct lab_pick *pick) {
    for (unsigned i = 0; i < behaviour->rules_n; i++) {
        const struct lab_rule *rule = &behaviour->rules[i];
        if (rule->point == point && holds(rule, profile, hello, pick))
            return rule->act;
    }
    return LAB_ACT_SERVE;
}

bool lab_behaviour_has(const struct lab_behaviour *behaviour, enum lab_condition condition) {
    for (unsigned i = 0; i < behaviour->rules_n; i++)
        if (behaviour->rules[i].condition == condition)
            return true;
    return false;
}

bool lab_behaviour_does(const struct lab_behaviour *behaviour, enum lab_act act) {
    for (unsigned i = 0; i < behaviour->rules_n; i++)
        if (behaviour->rules[i].act == act)
            return true;
    return false;
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
    [LAB_ACT_FLIGHT_NOISE] = "flight-noise",
    [LAB_ACT_FLIGHT_FAULT] = "flight-fault",
    [LAB_ACT_SERVE_CLASSICAL] = "serve-classical",
    [LAB_ACT_WRONG_CURVE] = "wrong-curve",
    [LAB_ACT_BAN] = "ban",
    [LAB_ACT_HRR_FIPS] = "hrr-fips",
    [LAB_ACT_NO_LISTENER] = "no-listener",
};

const char *lab_behaviour_act_name(enum lab_act act) {
    return act_names[act];
}

void lab_behaviour_help(FILE *out) {
    size_t n;
    const struct lab_behaviour *const *all = lab_behaviour_table(&n);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%-28s %s%s%s%s\n", all[i]->name, all[i]->text, all[i]->settings ? " [" : "",
                all[i]->settings ? all[i]->settings : "", all[i]->settings ? "]" : "");
}

bool lab_behaviour_cuts_flight(enum lab_act act) {
    return act == LAB_ACT_FLIGHT_CLOSE || act == LAB_ACT_FLIGHT_RESET ||
           act == LAB_ACT_FLIGHT_HANG || act == LAB_ACT_FLIGHT_NOISE || act == LAB_ACT_FLIGHT_FAULT;
}
