/* What a correct scanner makes of what it sees of an origin. */
#include "lab_judge.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

/* Indices of the shapes that the rules speak of; checked when they are foreseen. */
enum {
    CLASSICAL,
    SUPPORTED,
    PREFERRED,
    DUAL,
    P256_ONLY,
    ONLY_OTHER = 8,
    CHOOSE = 9,
    CLOSING = 10,
    DAILY = 11,
    SHARED_P256 = 18,
    RESUMED = 21
};

const uint16_t lab_judge_asked[LAB_JUDGE_ASKED] = {
    SSL_GROUP_X25519,    SSL_GROUP_SECP256R1,       SSL_GROUP_SECP384R1,
    SSL_GROUP_SECP521R1, SSL_GROUP_X25519_MLKEM768, SSL_GROUP_X25519_KYBER768_DRAFT00};

/* The probe that settles each of them. */
static const unsigned settles[LAB_JUDGE_ASKED] = {CLOSING,       P256_ONLY,     P256_ONLY + 1,
                                                  P256_ONLY + 2, P256_ONLY + 3, P256_ONLY + 4};

enum { HYBRID_ASKED = 4, DRAFT_ASKED = 5 };

/* The daily probes whose handshakes are to finish. */
static const unsigned finishing[] = {CLASSICAL, SUPPORTED, PREFERRED, CLOSING};
enum { FINISHING = 4 };

bool lab_judge_saw(const struct lab_sight *seen, const char *outcome) {
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
                            struct lab_judged *truth) {
    const struct lab_sight *seen = &truth->seen[CLASSICAL];
    if (!seen->retry || seen->retry_group == SSL_GROUP_X25519)
        return;
    struct lab_shape shape = *classical;
    shape.shares[0] = seen->retry_group;
    truth->confirm = lab_foresee(entry, &shape, true, 0);
}

/* `only-other` again without the group that it named. */
static void foresee_other(const struct lab_entry *entry, const struct lab_shape *only_other,
                          struct lab_judged *truth) {
    const struct lab_sight *seen = &truth->seen[ONLY_OTHER];
    struct lab_shape shape = *only_other;
    if (!seen->retry)
        return;
    shape.groups_n = 0;
    for (unsigned i = 0; i < only_other->groups_n; i++)
        if (only_other->groups[i] != seen->retry_group)
            shape.groups[shape.groups_n++] = only_other->groups[i];
    truth->other = lab_foresee(entry, &shape, true, 0);
}

/* What `classical` tells for what follows. */
static unsigned learn(const struct lab_entry *entry, const struct lab_shape *classical,
                      struct lab_judged *truth) {
    const struct lab_sight *seen = &truth->seen[CLASSICAL];
    if (lab_judge_saw(seen, "ok") && seen->version == TLS1_2_VERSION)
        return LAB_KNOWS_TLS12;
    struct lab_sight without = lab_foresee(entry, classical, true, LAB_KNOWS_NO_ALPN);
    truth->forgets =
        lab_judge_saw(seen, "alert") && seen->alert == 120 && lab_judge_saw(&without, "ok");
    return truth->forgets ? LAB_KNOWS_NO_ALPN : 0;
}

static void foresee_all(const struct lab_entry *entry, struct lab_judged *truth) {
    size_t n;
    const struct lab_shape *shapes = lab_foresee_shapes(&n);
    if (n > LAB_JUDGE_SHAPES || strcmp(shapes[CHOOSE].name, "choose") != 0 ||
        strcmp(shapes[P256_ONLY].name, "only-p256") != 0 ||
        strcmp(shapes[SHARED_P256].name, "shared-p256") != 0 ||
        strcmp(shapes[RESUMED].name, "resumed") != 0)
        abort(); /* the tables do not fit together */
    unsigned knows = 0;
    for (size_t i = 0; i < n; i++) {
        truth->seen[i] = lab_foresee(entry, &shapes[i], true, knows);
        if (i == CLASSICAL)
            knows = learn(entry, &shapes[i], truth);
        struct lab_sight sound = lab_foresee(entry, &shapes[i], false, knows);
        if (!same(&truth->seen[i], &sound)) {
            truth->any_differs = true;
            truth->daily_differs |= i < DAILY || (i == RESUMED && entry->profile.tickets);
        }
    }
    foresee_confirm(entry, &shapes[CLASSICAL], truth);
    foresee_other(entry, &shapes[ONLY_OTHER], truth);
}

/* Every handshake that is to finish ends in an alert although a retry or a ServerHello comes on the way: the
 * fault is not the group. With the share that was asked for it may finish: then it is the retry. */
static bool refuses_all(const struct lab_judged *truth) {
    bool retried = false;
    if (lab_judge_saw(&truth->confirm, "ok"))
        return false;
    for (unsigned i = 0; i < FINISHING; i++) {
        const struct lab_sight *seen = &truth->seen[finishing[i]];
        if (!lab_judge_saw(seen, "alert") || seen->alert != truth->seen[CLASSICAL].alert)
            return false;
        retried |= seen->retry || strcmp(seen->stage, "server_flight") == 0;
    }
    return retried;
}

/* Alerts that speak of the version, the server's own trouble, the name, our certificate or the protocol. */
static bool alert_refuses(int alert) {
    return alert != 70 && alert != 80 && alert != 112 && alert != 116 && alert != 120;
}

/* No hello without shares was answered: P-256, P-384 and P-521 are asked for with a share. */
static bool asks_with_shares(const struct lab_judged *truth) {
    const struct lab_sight *classical = &truth->seen[CLASSICAL];
    for (unsigned i = P256_ONLY; i <= CHOOSE; i++)
        if (!truth->seen[i].outcome || lab_judge_saw(&truth->seen[i], "ok") || truth->seen[i].retry)
            return false;
    return (lab_judge_saw(classical, "ok") && classical->version == TLS1_3_VERSION) ||
           (lab_judge_saw(classical, "alert") && alert_refuses(classical->alert));
}

/* Whether that shape is among those that the daily plan sends. */
static bool is_asked(const struct lab_judged *truth, unsigned shape) {
    return shape < DAILY ||
           (shape >= SHARED_P256 && shape < SHARED_P256 + 3 && asks_with_shares(truth));
}

static bool names(const struct lab_sight *seen, uint16_t group) {
    bool hybrid = group == SSL_GROUP_X25519_MLKEM768 || group == SSL_GROUP_X25519_KYBER768_DRAFT00;
    if (hybrid && seen->version != TLS1_3_VERSION && !seen->retry)
        return false;
    return (seen->outcome && seen->group == group) || (seen->retry && seen->retry_group == group);
}

/* Another group was named in answer to a hello of the same manner: 1, 0, or -2 where that is not determined. */
static int manner_is_good(const struct lab_judged *truth, unsigned which, unsigned question) {
    size_t n;
    const struct lab_shape *shapes = lab_foresee_shapes(&n);
    unsigned shares = shapes[question].shares_n;
    bool open = false;
    for (unsigned i = 0; i < n; i++) {
        const struct lab_sight *seen = &truth->seen[i];
        uint16_t named = seen->retry ? seen->retry_group : seen->group;
        if (shapes[i].shares_n != shares || !is_asked(truth, i))
            continue;
        open |= !seen->outcome;
        if (named != 0 && named != lab_judge_asked[which] && names(seen, named))
            return 1;
    }
    return open ? -2 : 0;
}

/* A group as the contract reads the answers. */
static int judge_group(const struct lab_judged *truth, unsigned which) {
    const struct lab_sight *seen = truth->seen;
    if (truth->forgets)
        return -1;
    for (unsigned i = 0; i < SHARED_P256 + 3; i++)
        if (is_asked(truth, i) && names(&seen[i], lab_judge_asked[which]))
            return 1;
    bool with_share = which >= 1 && which <= 3 && asks_with_shares(truth);
    unsigned question = with_share ? SHARED_P256 + which - 1 : settles[which];
    const struct lab_sight *last = &seen[question];
    if (which == DRAFT_ASKED && seen[ONLY_OTHER].retry)
        last = &truth->other;
    bool controls = lab_judge_saw(&seen[CLASSICAL], "ok") && lab_judge_saw(&seen[CLOSING], "ok");
    if (!last->outcome)
        return -2;
    if (lab_judge_saw(last, "ok") && last->version == TLS1_2_VERSION && last->group == 0)
        return 0;
    bool refused = (lab_judge_saw(last, "alert") && alert_refuses(last->alert)) ||
                   ((lab_judge_saw(last, "closed") || lab_judge_saw(last, "reset")) && controls);
    if (!refused || (which == 0 && refuses_all(truth)))
        return lab_judge_saw(&seen[CLASSICAL], "ok") && seen[CLASSICAL].group == 0 ? 0 : -1;
    int good = manner_is_good(truth, which, question);
    return good == 1 ? 0 : good == 0 ? -1 : -2;
}

/* What the origin retries for although it takes X25519, which comes first and with its share; 0 if it does not. Such a
 * retry is by its own order alone. */
static uint16_t retried_past_x25519(const struct lab_judged *truth) {
    const struct lab_sight *classical = &truth->seen[CLASSICAL];
    bool finishes = lab_judge_saw(classical, "ok") && classical->retry;
    return finishes && truth->groups[0] == 1 ? classical->retry_group : 0;
}

/* Whose order decides: P-521 first in `choose` is what no server wants by itself. With one group there is no choice. */
static void judge_order(struct lab_judged *truth) {
    static const unsigned order[LAB_JUDGE_ASKED] = {3, 2, 1,
                                                    0, 5, 4}; /* of `choose`, as places in asked */
    const struct lab_sight *choose = &truth->seen[CHOOSE];
    const struct lab_sight *supported = &truth->seen[SUPPORTED];
    uint16_t chosen = choose->retry                 ? choose->retry_group
                      : lab_judge_saw(choose, "ok") ? choose->group
                                                    : 0;
    bool passed = false, before = false, unknown = false, after = false;
    if (!choose->outcome)
        truth->order = "any";
    if (chosen == 0 || truth->forgets)
        return;
    for (unsigned i = 0; i < LAB_JUDGE_ASKED; i++) {
        int has = truth->groups[order[i]];
        if (lab_judge_asked[order[i]] == chosen)
            passed = true;
        else if (has == 1 && passed)
            after = true;
        else if (has == 1)
            before = true;
        else if (has < 0 && !passed)
            unknown = true;
    }
    truth->order = before ? "server" : !unknown && after ? "client" : NULL;
    uint16_t retried = retried_past_x25519(truth);
    if (truth->order && !before && retried != 0)
        truth->order = retried == chosen ? "server" : NULL;
    if (truth->order && strcmp(truth->order, "server") == 0)
        truth->preferred = chosen;
    else if (lab_judge_saw(supported, "ok"))
        truth->preferred = supported->group;
}

/* The verdict where no fault speaks and the origin answers, NULL if these probes do not settle it.
 */
static const char *sound_verdict(const struct lab_judged *truth) {
    const struct lab_sight *supported = &truth->seen[SUPPORTED];
    const struct lab_sight *preferred = &truth->seen[PREFERRED];
    const struct lab_sight *classical = &truth->seen[CLASSICAL];
    if (lab_judge_saw(supported, "ok") && supported->retry &&
        supported->group == SSL_GROUP_X25519_MLKEM768 && !lab_judge_saw(preferred, "ok"))
        return "ready-after-retry";
    if (refuses_all(truth))
        return "handshake-refused";
    for (unsigned i = 0; i < 4; i++)
        if (!lab_judge_saw(&truth->seen[i], "ok") && !lab_judge_saw(&truth->seen[i], "alert"))
            return NULL;
    if (lab_judge_saw(classical, "ok") && classical->version == TLS1_2_VERSION)
        return "tls12-only";
    if (truth->groups[HYBRID_ASKED] == 1) {
        if (!lab_judge_saw(preferred, "ok"))
            return NULL;
        if (preferred->group != SSL_GROUP_X25519_MLKEM768)
            return "hybrid-not-chosen";
        return preferred->retry ? "ready-after-retry" : "ready";
    }
    uint16_t other = truth->seen[ONLY_OTHER].retry_group;
    if (other != 0 && other != SSL_GROUP_X25519_KYBER768_DRAFT00)
        return "other-hybrid";
    if (truth->groups[DRAFT_ASKED] == 1)
        return "draft-only";
    bool lacks_all = truth->groups[HYBRID_ASKED] == 0 && truth->groups[DRAFT_ASKED] == 0;
    return lab_judge_saw(classical, "ok") && lacks_all ? "classical" : NULL;
}

static bool only_if_first(const struct lab_judged *truth) {
    const struct lab_sight *supported = &truth->seen[SUPPORTED];
    return truth->groups[HYBRID_ASKED] == 1 && lab_judge_saw(supported, "ok") &&
           supported->group != SSL_GROUP_X25519_MLKEM768 && !supported->retry &&
           truth->seen[PREFERRED].group == SSL_GROUP_X25519_MLKEM768;
}

/* How the scan ends by what the daily probes see. An alert to a finishing probe is an answer; one
 * to a question about a group, when nothing else is answered, does not say what the origin is. */
static const char *status_by_sights(const struct lab_judged *truth) {
    if (lab_judge_saw(&truth->seen[CLASSICAL], "not_tls"))
        return "not_tls";
    bool malformed = false;
    for (unsigned i = 0; i < DAILY; i++) {
        if (lab_judge_saw(&truth->seen[i], "ok") || truth->seen[i].retry)
            return "complete";
        bool named = truth->seen[i].group != 0; /* a flight that names a group is one of TLS */
        if (lab_judge_saw(&truth->seen[i], "malformed") && named)
            return "complete";
        malformed |= lab_judge_saw(&truth->seen[i], "malformed");
    }
    for (unsigned i = 0; i < FINISHING; i++)
        if (lab_judge_saw(&truth->seen[finishing[i]], "alert"))
            return "complete";
    return malformed ? "not_tls" : "unreachable";
}

/* NULL where the behaviour does not determine it. */
static const char *status_of(const struct lab_entry *entry, const struct lab_judged *truth) {
    const char *verdict = entry->behaviour->verdict;
    if (truth->moody && verdict && strcmp(verdict, "unstable") == 0)
        return "complete";
    if (truth->moody)
        return verdict && strcmp(verdict, "interrupted") == 0 ? verdict : NULL;
    return lab_behaviour_has(entry->behaviour, LAB_IF_QUIRK) ? NULL : status_by_sights(truth);
}

/* The verdict of the daily plan with the drill-down that it causes, and of the full plan. */
static void judge(const struct lab_entry *entry, const struct lab_judged *truth, const char **daily,
                  const char **full) {
    const struct lab_behaviour *behaviour = entry->behaviour;
    *daily = *full = NULL;
    if (truth->moody) {
        struct lab_profile usual;
        lab_behaviour_profile(behaviour, &usual);
        bool bans = lab_behaviour_does(behaviour, LAB_ACT_BAN);
        if ((bans || profile_is_moody(&usual)) && usual.every == entry->profile.every &&
            usual.after == entry->profile.after && entry->profile.percent >= 100 &&
            entry->profile.sticky >= 100)
            *daily = *full = behaviour->verdict;
        return;
    }
    if (lab_behaviour_has(behaviour, LAB_IF_QUIRK)) {
        *full = behaviour->verdict;
        return;
    }
    const char *status = status_by_sights(truth);
    const char *sound = strcmp(status, "complete") == 0 ? sound_verdict(truth) : status;
    /* Another certificate is the one difference that a sight does not hold. */
    bool other_cert = lab_behaviour_has(behaviour, LAB_IF_LARGE) && behaviour->verdict &&
                      strcmp(behaviour->verdict, "wrong-backend") == 0;
    *daily =
        behaviour->verdict && (truth->daily_differs || other_cert) ? behaviour->verdict : sound;
    *full = behaviour->verdict && truth->any_differs ? behaviour->verdict : *daily;
}

/* A scan ends where it finds nobody, or no TLS; where it meets with silence, or with a byte now and then, it
 * asks once more at the end. */
bool lab_judge_sends(const struct lab_judged *truth, size_t shape) {
    const struct lab_sight *first = &truth->seen[CLASSICAL];
    if (lab_judge_saw(first, "not_tls") || lab_judge_saw(first, "refused"))
        return shape == CLASSICAL;
    if (lab_judge_saw(first, "timeout") && strcmp(first->stage, "hello") == 0)
        return shape == CLASSICAL || shape == CLOSING;
    return true;
}

/* Connections that a scan costs where nothing fails: eleven, `confirm` where the best first share is neither the hybrid
 * nor X25519, `wide-retry` where `supported` is retried to the hybrid and `choose` is not, `resumed` where a ticket
 * comes, `only-other` once more where it named a group. 0: something fails, or it is not determined. */
static int connections(const struct lab_profile *profile, const struct lab_judged *truth) {
    const struct lab_sight *classical = &truth->seen[CLASSICAL];
    const struct lab_sight *supported = &truth->seen[SUPPORTED];
    const struct lab_sight *preferred = &truth->seen[PREFERRED];
    for (unsigned i = 0; i < DAILY; i++) {
        bool refused =
            lab_judge_saw(&truth->seen[i], "alert") && strcmp(truth->seen[i].stage, "retry") != 0;
        if (!lab_judge_saw(&truth->seen[i], "ok") && !refused)
            return 0;
    }
    for (unsigned i = 0; i < 4; i++)
        if (lab_judge_saw(&truth->seen[i], "alert"))
            return 0;
    bool hybrid_first = preferred->group == SSL_GROUP_X25519_MLKEM768 && !preferred->retry;
    bool confirms = !hybrid_first && classical->retry && classical->retry_group != SSL_GROUP_X25519;
    bool wide = supported->retry && supported->retry_group == SSL_GROUP_X25519_MLKEM768 &&
                truth->seen[CHOOSE].retry_group != SSL_GROUP_X25519_MLKEM768;
    if (asks_with_shares(truth) ||
        (profile->tickets && !lab_judge_saw(&truth->seen[RESUMED], "ok")))
        return 0;
    bool resumes = profile->tickets && supported->version == TLS1_3_VERSION;
    return DAILY + confirms + wide + resumes + truth->seen[ONLY_OTHER].retry + truth->other.retry;
}

void lab_judge_entry(const struct lab_entry *entry, struct lab_judged *out) {
    bool bans = lab_behaviour_does(entry->behaviour, LAB_ACT_BAN);
    *out = (struct lab_judged){
        .moody = bans || (profile_is_moody(&entry->profile) && entry->behaviour->rules_n > 0),
    };
    foresee_all(entry, out);
    for (unsigned i = 0; i < LAB_JUDGE_ASKED; i++)
        out->groups[i] = judge_group(out, i);
    judge_order(out);
    judge(entry, out, &out->verdict, &out->full);
    out->status = status_of(entry, out);
    out->only_if_first = only_if_first(out);
    bool counted = !out->moody && !lab_behaviour_has(entry->behaviour, LAB_IF_QUIRK);
    out->connections = counted ? connections(&entry->profile, out) : 0;
}

bool lab_judge_second_fails(const struct lab_judged *truth) {
    const struct lab_sight *supported = &truth->seen[SUPPORTED];
    return supported->stage && strcmp(supported->stage, "retry") == 0;
}

bool lab_judge_finishes_dual(const struct lab_judged *truth) {
    const struct lab_sight *dual = &truth->seen[DUAL];
    const struct lab_sight *preferred = &truth->seen[PREFERRED];
    uint16_t group = dual->group != 0 ? dual->group : dual->retry_group;
    if (preferred->outcome && !lab_judge_saw(preferred, "ok") &&
        strcmp(preferred->stage, "server_flight") == 0 && preferred->group == group &&
        preferred->retry == dual->retry)
        return false;
    for (unsigned i = 0; i < FINISHING; i++) {
        const struct lab_sight *seen = &truth->seen[finishing[i]];
        if (lab_judge_saw(seen, "ok") && (group == 0 || seen->group == group))
            return true;
    }
    return lab_judge_saw(&truth->confirm, "ok") && truth->confirm.group == group;
}
