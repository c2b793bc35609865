/* What a correct scanner finds at each address of a table. */
#include "lab_truth.h"

#include "lab_foresee.h"

#include <jansson.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

enum { SHAPES_MAX = 24, ASKED = 6 };

/* Indices of the shapes that the rules below speak of; checked in foresee_all. */
enum {
    CLASSICAL,
    SUPPORTED,
    PREFERRED,
    DUAL,
    P256_ONLY,
    ONLY_OTHER = 8,
    CHOOSE = 9,
    CLOSING = 10,
    DAILY = 11
};

static const uint16_t asked[ASKED] = {SSL_GROUP_X25519,          SSL_GROUP_SECP256R1,
                                      SSL_GROUP_SECP384R1,       SSL_GROUP_SECP521R1,
                                      SSL_GROUP_X25519_MLKEM768, SSL_GROUP_X25519_KYBER768_DRAFT00};

/* The probe that settles each of them. */
static const unsigned settles[ASKED] = {CLOSING,       P256_ONLY,     P256_ONLY + 1,
                                        P256_ONLY + 2, P256_ONLY + 3, P256_ONLY + 4};

enum { HYBRID_ASKED = 4, DRAFT_ASKED = 5 };

/* The daily probes whose handshakes are to finish. */
static const unsigned finishing[] = {CLASSICAL, SUPPORTED, PREFERRED, CLOSING};
enum { FINISHING = 4 };

struct truth {
    struct lab_sight seen[SHAPES_MAX];
    struct lab_sight confirm; /* no outcome where there is no share to prove */
    bool moody; /* some connections are treated otherwise: no forecast for a single probe */
    bool drips; /* something comes, however slowly */
    bool daily_differs, any_differs; /* from a sound origin of the same profile */
    int groups[ASKED];               /* 1, 0, -1 unknown, -2 not determined */
    const char *order;
    uint16_t preferred;
};

static bool is(const struct lab_sight *seen, const char *outcome) {
    return seen->outcome && strcmp(seen->outcome, outcome) == 0;
}

static bool profile_is_moody(const struct lab_profile *profile) {
    return profile->percent < 100 || profile->sticky < 100 || profile->after > 0 ||
           profile->every > 0 || profile->rate > 0;
}

static bool same(const struct lab_sight *a, const struct lab_sight *b) {
    return a->outcome && b->outcome && strcmp(a->outcome, b->outcome) == 0 &&
           strcmp(a->stage, b->stage) == 0 && a->group == b->group && a->retry == b->retry &&
           a->version == b->version;
}

/* `classical` with the share that it was asked for, as a scanner tries it. */
static void foresee_confirm(const struct lab_entry *entry, const struct lab_shape *classical,
                            struct truth *truth) {
    const struct lab_sight *seen = &truth->seen[CLASSICAL];
    if (!seen->retry || seen->retry_group == SSL_GROUP_X25519)
        return;
    struct lab_shape shape = *classical;
    shape.shares[0] = seen->retry_group;
    truth->confirm = lab_foresee(entry, &shape, true, false);
}

static void foresee_all(const struct lab_entry *entry, struct truth *truth) {
    size_t n;
    const struct lab_shape *shapes = lab_foresee_shapes(&n);
    if (n > SHAPES_MAX || strcmp(shapes[CHOOSE].name, "choose") != 0 ||
        strcmp(shapes[P256_ONLY].name, "only-p256") != 0)
        abort(); /* the tables do not fit together */
    bool tls12 = false;
    for (size_t i = 0; i < n; i++) {
        truth->seen[i] = lab_foresee(entry, &shapes[i], true, tls12);
        if (i == CLASSICAL)
            tls12 = is(&truth->seen[i], "ok") && truth->seen[i].version == TLS1_2_VERSION;
        struct lab_sight sound = lab_foresee(entry, &shapes[i], false, tls12);
        if (!same(&truth->seen[i], &sound)) {
            truth->any_differs = true;
            truth->daily_differs |= i < DAILY;
        }
    }
    foresee_confirm(entry, &shapes[CLASSICAL], truth);
}

/* Every handshake that is to finish ends in an alert although a retry or a ServerHello comes on the way: the
 * fault is not the group. With the share that was asked for it may finish: then it is the retry. */
static bool refuses_all(const struct truth *truth) {
    bool retried = false;
    if (is(&truth->confirm, "ok"))
        return false;
    for (unsigned i = 0; i < FINISHING; i++) {
        const struct lab_sight *seen = &truth->seen[finishing[i]];
        if (!is(seen, "alert") || seen->alert != truth->seen[CLASSICAL].alert)
            return false;
        retried |= seen->retry || strcmp(seen->stage, "server_flight") == 0;
    }
    return retried;
}

static bool names(const struct lab_sight *seen, uint16_t group) {
    bool hybrid = group == SSL_GROUP_X25519_MLKEM768 || group == SSL_GROUP_X25519_KYBER768_DRAFT00;
    if (hybrid && seen->version != TLS1_3_VERSION && !seen->retry)
        return false;
    return (seen->outcome && seen->group == group) || (seen->retry && seen->retry_group == group);
}

/* Another group was named in answer to a hello of the same manner: 1, 0, or -2 where that is not determined. */
static int manner_is_good(const struct truth *truth, unsigned which) {
    size_t n;
    const struct lab_shape *shapes = lab_foresee_shapes(&n);
    unsigned shares = shapes[settles[which]].shares_n;
    bool open = false;
    for (unsigned i = 0; i < DAILY; i++) {
        const struct lab_sight *seen = &truth->seen[i];
        uint16_t named = seen->retry ? seen->retry_group : seen->group;
        if (shapes[i].shares_n != shares)
            continue;
        open |= !seen->outcome;
        if (named != 0 && named != asked[which] && names(seen, named))
            return 1;
    }
    return open ? -2 : 0;
}

/* Alerts that speak of the version, the server's own trouble, the name, our certificate or the protocol. */
static bool alert_refuses(int alert) {
    return alert != 70 && alert != 80 && alert != 112 && alert != 116 && alert != 120;
}

/* A group as the contract reads the answers. */
static int judge_group(const struct truth *truth, unsigned which) {
    const struct lab_sight *seen = truth->seen;
    for (unsigned i = 0; i < DAILY; i++)
        if (names(&seen[i], asked[which]))
            return 1;
    const struct lab_sight *last = &seen[settles[which]];
    bool controls = is(&seen[CLASSICAL], "ok") && is(&seen[CLOSING], "ok");
    if (!last->outcome)
        return -2;
    if (is(last, "ok") && last->version == TLS1_2_VERSION && last->group == 0)
        return 0;
    bool refused = (is(last, "alert") && alert_refuses(last->alert)) ||
                   ((is(last, "closed") || is(last, "reset")) && controls);
    if (!refused || (which == 0 && refuses_all(truth)))
        return is(&seen[CLASSICAL], "ok") && seen[CLASSICAL].group == 0 ? 0 : -1;
    int good = manner_is_good(truth, which);
    return good == 1 ? 0 : good == 0 ? -1 : -2;
}

/* Whose order decides: P-521 first in `choose` is what no server wants by itself. With one group there is no choice. */
static void judge_order(struct truth *truth) {
    static const unsigned order[ASKED] = {3, 2, 1, 0, 5, 4}; /* of `choose`, as places in asked */
    const struct lab_sight *choose = &truth->seen[CHOOSE];
    const struct lab_sight *supported = &truth->seen[SUPPORTED];
    uint16_t chosen = choose->retry ? choose->retry_group : is(choose, "ok") ? choose->group : 0;
    bool passed = false, before = false, unknown = false, after = false;
    if (!choose->outcome)
        truth->order = "any";
    if (chosen == 0)
        return;
    for (unsigned i = 0; i < ASKED; i++) {
        int has = truth->groups[order[i]];
        if (asked[order[i]] == chosen)
            passed = true;
        else if (has == 1 && passed)
            after = true;
        else if (has == 1)
            before = true;
        else if (has < 0 && !passed)
            unknown = true;
    }
    truth->order = before ? "server" : !unknown && after ? "client" : NULL;
    if (before)
        truth->preferred = chosen;
    else if (is(supported, "ok"))
        truth->preferred = supported->group;
}

static bool has_condition(const struct lab_behaviour *behaviour, enum lab_condition condition) {
    for (unsigned i = 0; i < behaviour->rules_n; i++)
        if (behaviour->rules[i].condition == condition)
            return true;
    return false;
}

/* The verdict where no fault speaks and the origin answers, NULL if these probes do not settle it.
 */
static const char *sound_verdict(const struct truth *truth) {
    const struct lab_sight *supported = &truth->seen[SUPPORTED];
    const struct lab_sight *preferred = &truth->seen[PREFERRED];
    const struct lab_sight *classical = &truth->seen[CLASSICAL];
    if (is(supported, "ok") && supported->retry && supported->group == SSL_GROUP_X25519_MLKEM768 &&
        !is(preferred, "ok"))
        return "ready-after-retry";
    if (refuses_all(truth))
        return "handshake-refused";
    for (unsigned i = 0; i < 4; i++)
        if (!is(&truth->seen[i], "ok") && !is(&truth->seen[i], "alert"))
            return NULL;
    if (is(classical, "ok") && classical->version == TLS1_2_VERSION)
        return "tls12-only";
    if (truth->groups[HYBRID_ASKED] == 1) {
        if (!is(preferred, "ok"))
            return NULL;
        if (preferred->group != SSL_GROUP_X25519_MLKEM768)
            return "hybrid-not-chosen";
        return preferred->retry ? "ready-after-retry" : "ready";
    }
    if (truth->groups[DRAFT_ASKED] == 1)
        return "draft-only";
    bool lacks_all = truth->groups[HYBRID_ASKED] == 0 && truth->groups[DRAFT_ASKED] == 0;
    return is(classical, "ok") && lacks_all ? "classical" : NULL;
}

static bool only_if_first(const struct truth *truth) {
    const struct lab_sight *supported = &truth->seen[SUPPORTED];
    return truth->groups[HYBRID_ASKED] == 1 && is(supported, "ok") &&
           supported->group != SSL_GROUP_X25519_MLKEM768 && !supported->retry &&
           truth->seen[PREFERRED].group == SSL_GROUP_X25519_MLKEM768;
}

/* How the scan ends by what the daily probes see. An alert to a finishing probe is an answer; one
 * to a question about a group, when nothing else is answered, does not say what the origin is. */
static const char *status_by_sights(const struct truth *truth) {
    if (is(&truth->seen[CLASSICAL], "not_tls"))
        return "not_tls";
    bool malformed = false;
    for (unsigned i = 0; i < DAILY; i++) {
        if (is(&truth->seen[i], "ok") || truth->seen[i].retry)
            return "complete";
        malformed |= is(&truth->seen[i], "malformed");
    }
    for (unsigned i = 0; i < FINISHING; i++)
        if (is(&truth->seen[finishing[i]], "alert"))
            return "complete";
    return malformed ? "not_tls" : "unreachable";
}

/* NULL where the behaviour does not determine it. */
static const char *status_of(const struct lab_entry *entry, const struct truth *truth) {
    const char *verdict = entry->behaviour->verdict;
    if (truth->moody && verdict && strcmp(verdict, "unstable") == 0)
        return "complete";
    if (truth->moody)
        return verdict && strcmp(verdict, "interrupted") == 0 ? verdict : NULL;
    return has_condition(entry->behaviour, LAB_IF_QUIRK) ? NULL : status_by_sights(truth);
}

/* The verdict of the daily plan with the drill-down that it causes, and of the full plan. */
static void judge(const struct lab_entry *entry, const struct truth *truth, const char **daily,
                  const char **full) {
    const struct lab_behaviour *behaviour = entry->behaviour;
    *daily = *full = NULL;
    if (truth->moody) {
        struct lab_profile usual;
        lab_behaviour_profile(behaviour, &usual);
        if (profile_is_moody(&usual) && usual.every == entry->profile.every &&
            usual.after == entry->profile.after && entry->profile.percent >= 100 &&
            entry->profile.sticky >= 100)
            *daily = *full = behaviour->verdict;
        return;
    }
    if (has_condition(behaviour, LAB_IF_QUIRK)) {
        *full = behaviour->verdict;
        return;
    }
    const char *status = status_by_sights(truth);
    const char *sound = strcmp(status, "complete") == 0 ? sound_verdict(truth) : status;
    /* Another certificate is the one difference that a sight does not hold. */
    bool other_cert = has_condition(behaviour, LAB_IF_LARGE) && behaviour->verdict &&
                      strcmp(behaviour->verdict, "wrong-backend") == 0;
    *daily =
        behaviour->verdict && (truth->daily_differs || other_cert) ? behaviour->verdict : sound;
    *full = behaviour->verdict && truth->any_differs ? behaviour->verdict : *daily;
}

/* ---- printing ---- */

static json_t *group_json(uint16_t group) {
    return group == 0 ? json_null() : json_string(SSL_get_group_name(group));
}

static json_t *truth_json(int truth) {
    if (truth == -2)
        return json_string("any");
    return truth < 0 ? json_null() : json_boolean(truth);
}

static json_t *text_json(const char *text) {
    return text ? json_string(text) : json_null();
}

static json_t *sight_json(const struct lab_sight *seen) {
    if (!seen->outcome)
        return json_null();
    const char *version = seen->version == TLS1_3_VERSION   ? "TLSv1.3"
                          : seen->version == TLS1_2_VERSION ? "TLSv1.2"
                                                            : NULL;
    return json_pack("{s:s, s:s, s:o, s:b, s:o, s:o, s:o}", "outcome", seen->outcome, "stage",
                     seen->stage, "group", group_json(seen->group), "retry", (int)seen->retry,
                     "retry_group", group_json(seen->retry_group), "alert",
                     seen->alert < 0 ? json_null() : json_integer(seen->alert), "tls_version",
                     text_json(version));
}

static json_t *modes_json(const struct truth *truth) {
    static const char *const names[] = {"off", "supported", "preferred", "preferred-dual"};
    json_t *modes = json_object();
    for (unsigned i = 0; i < 4; i++) {
        const struct lab_sight *seen = &truth->seen[i];
        bool ok = is(seen, "ok");
        uint16_t group = seen->group != 0 ? seen->group : seen->retry_group;
        json_object_set_new(modes, names[i],
                            !seen->outcome
                                ? json_null()
                                : json_pack("{s:b, s:o, s:b}", "works", (int)ok, "group",
                                            group_json(ok ? group : 0), "retry", (int)seen->retry));
    }
    return modes;
}

/* A scan ends where it finds nobody, or no TLS; where it meets with nothing but silence, it asks
 * once more at the end. */
static bool is_sent(const struct truth *truth, size_t shape) {
    const struct lab_sight *first = &truth->seen[CLASSICAL];
    if (is(first, "not_tls") || is(first, "refused"))
        return shape == CLASSICAL;
    if (is(first, "timeout") && strcmp(first->stage, "hello") == 0 && !truth->drips)
        return shape == CLASSICAL || shape == CLOSING;
    return true;
}

static json_t *probes_json(const struct truth *truth, bool drill_down) {
    size_t n;
    const struct lab_shape *shapes = lab_foresee_shapes(&n);
    json_t *probes = json_object();
    for (size_t i = 0; i < n; i++)
        if (shapes[i].drill_down == drill_down)
            json_object_set_new(probes, shapes[i].name,
                                is_sent(truth, i) ? sight_json(&truth->seen[i])
                                                  : json_string("not-sent"));
    return probes;
}

/* Connections that a scan costs where nothing fails: eleven, `confirm` where the best first share is neither the hybrid
 * nor X25519, `wide-retry` where `supported` is retried to the hybrid and `choose` is not, `resumed` where a ticket
 * comes, `only-other` once more where it named a group. 0: something fails, or it is not determined. */
static int connections(const struct lab_profile *profile, const struct truth *truth) {
    const struct lab_sight *classical = &truth->seen[CLASSICAL];
    const struct lab_sight *supported = &truth->seen[SUPPORTED];
    const struct lab_sight *preferred = &truth->seen[PREFERRED];
    for (unsigned i = 0; i < DAILY; i++) {
        bool refused = is(&truth->seen[i], "alert") && strcmp(truth->seen[i].stage, "retry") != 0;
        if (!is(&truth->seen[i], "ok") && !refused)
            return 0;
    }
    for (unsigned i = 0; i < 4; i++)
        if (is(&truth->seen[i], "alert"))
            return 0;
    bool hybrid_first = preferred->group == SSL_GROUP_X25519_MLKEM768 && !preferred->retry;
    bool confirms = !hybrid_first && classical->retry && classical->retry_group != SSL_GROUP_X25519;
    bool wide = supported->retry && supported->retry_group == SSL_GROUP_X25519_MLKEM768 &&
                truth->seen[CHOOSE].retry_group != SSL_GROUP_X25519_MLKEM768;
    bool resumes = profile->tickets && supported->version == TLS1_3_VERSION;
    return DAILY + confirms + wide + resumes + truth->seen[ONLY_OTHER].retry;
}

static bool one_of(const char *verdict, const char *const names[]) {
    for (unsigned i = 0; verdict && names[i]; i++)
        if (strcmp(names[i], verdict) == 0)
            return true;
    return false;
}

static json_t *bugs_json(const char *verdict) {
    static const char *const split[] = {"split-hello", "size-limit", "large-drop",
                                        "large-first-only", NULL};
    static const char *const share[] = {"unknown-share", "unknown-group", NULL};
    if (!verdict)
        return json_null();
    return json_pack("{s:b, s:b, s:b}", "hrrFailure",
                     strncmp(verdict, "retry-", 6) == 0 ||
                         strcmp(verdict, "large-second-only") == 0,
                     "splitClientHello", (int)one_of(verdict, split), "unknownKeyshare",
                     (int)one_of(verdict, share));
}

/* What the full plan finds beside the main verdict, whatever that is. */
static json_t *beside_json(const struct lab_entry *entry) {
    json_t *beside = json_array();
    if (entry->profile.client_cert != LAB_CLIENT_CERT_NO)
        json_array_append_new(beside, json_string("client-certificate"));
    if (has_condition(entry->behaviour, LAB_IF_TWO_RECORDS))
        json_array_append_new(beside, json_string("record-split"));
    if (has_condition(entry->behaviour, LAB_IF_QUIRK))
        json_array_append_new(beside, json_string("length-quirk"));
    return beside;
}

/* What is the same for all addresses of a line. */
static json_t *entry_json(const struct lab_entry *entry) {
    struct truth truth = {.moody =
                              profile_is_moody(&entry->profile) && entry->behaviour->rules_n > 0,
                          .drips = entry->profile.chunk > 0};
    foresee_all(entry, &truth);
    json_t *groups = json_object();
    for (unsigned i = 0; i < ASKED; i++) {
        truth.groups[i] = judge_group(&truth, i);
        json_object_set_new(groups, SSL_get_group_name(asked[i]), truth_json(truth.groups[i]));
    }
    judge_order(&truth);
    const char *verdict, *full;
    judge(entry, &truth, &verdict, &full);
    const char *status = status_of(entry, &truth);
    bool told = !truth.moody && status && strcmp(status, "complete") == 0;
    json_t *object =
        json_pack("{s:s, s:i, s:s, s:b, s:o, s:o, s:o, s:b, s:o, s:o}", "address", "", "port",
                  (int)entry->port, "behaviour", entry->behaviour->name, "moody", (int)truth.moody,
                  "status", text_json(status), "verdict", text_json(verdict), "verdict_full",
                  text_json(full), "hybrid_only_if_first", told && only_if_first(&truth), "bugs",
                  bugs_json(verdict), "groups", told ? json_incref(groups) : json_null());
    json_object_set_new(object, "beside", beside_json(entry));
    json_object_set_new(object, "group_order", told ? text_json(truth.order) : json_null());
    json_object_set_new(object, "preferred_group",
                        !told ? json_null()
                        : truth.order && strcmp(truth.order, "any") == 0
                            ? json_string("any")
                            : group_json(truth.preferred));
    int number = truth.moody || has_condition(entry->behaviour, LAB_IF_QUIRK)
                     ? 0
                     : connections(&entry->profile, &truth);
    json_object_set_new(object, "connections", number ? json_integer(number) : json_null());
    json_object_set_new(object, "modes", told ? modes_json(&truth) : json_null());
    json_object_set_new(object, "probes", truth.moody ? json_null() : probes_json(&truth, false));
    json_object_set_new(object, "drill_down",
                        truth.moody ? json_null() : probes_json(&truth, true));
    json_decref(groups);
    return object;
}

/* True if no line with a longer prefix takes the address away. */
static bool owns(const struct lab_table *table, const struct lab_entry *entry,
                 const struct lab_address *address) {
    return lab_table_find(table, address, entry->port) == entry;
}

void lab_truth_print(const struct lab_table *table, FILE *out) {
    size_t n;
    const struct lab_entry *entries = lab_table_entries(table, &n);
    for (size_t i = 0; i < n; i++) {
        const struct lab_entry *entry = &entries[i];
        json_t *object = entry_json(entry);
        struct lab_address address = entry->address;
        do {
            char text[LAB_ADDRESS_TEXT_SIZE];
            if (owns(table, entry, &address)) {
                json_object_set_new(object, "address",
                                    json_string(lab_address_text(&address, text)));
                json_dumpf(object, out, JSON_COMPACT);
                fputc('\n', out);
            }
            address = lab_address_next(&address);
            struct lab_address block = lab_address_mask(&address, entry->bits);
            if (memcmp(&block, &entry->address, sizeof block) != 0)
                break;
        } while (!ferror(out));
        json_decref(object);
    }
}
