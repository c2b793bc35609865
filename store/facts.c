/* What is known of an origin, kept over its scans. */
#include "store/facts.h"

#include "scanner/words/words.h"

#include <stddef.h>
#include <string.h>

const char *const facts_group_columns[JUDGED_GROUPS] = {
    [JUDGED_X25519] = "x25519", [JUDGED_P256] = "p256",     [JUDGED_P384] = "p384",
    [JUDGED_P521] = "p521",     [JUDGED_HYBRID] = "hybrid", [JUDGED_DRAFT] = "draft",
};
const char *const facts_works_columns[FACTS_MODES] = {
    [MODE_OFF] = "off_works",
    [MODE_SUPPORTED] = "supported_works",
    [MODE_PREFERRED] = "preferred_works",
};
const char *const facts_retry_columns[FACTS_MODES] = {
    [MODE_OFF] = "off_retry",
    [MODE_SUPPORTED] = "supported_retry",
    [MODE_PREFERRED] = "preferred_retry",
};

const uint16_t facts_other_groups[FACTS_OTHERS] = {
    GROUP_X25519MLKEM768, GROUP_SECP256R1MLKEM768, GROUP_SECP384R1MLKEM1024,
    GROUP_MLKEM512,       GROUP_MLKEM768,          GROUP_MLKEM1024,
};

bool facts_accepts(const struct judgement *judgement) {
    return judgement->status == STATUS_COMPLETE && judgement->verdict != VERDICT_UNSTABLE &&
           !verdict_holds(judgement, VERDICT_UNSTABLE);
}

/* A fault that a quick plan shows is news; of what the origin can do, a longer plan knew more. */
static bool outweighs_before(enum verdict verdict) {
    return verdict_class(verdict) == VERDICT_CLASS_FAULT ||
           verdict_class(verdict) == VERDICT_CLASS_NOTE;
}

/* Higher is worse. The vocabulary begins with the worst, but among the sound verdicts with the
 * best; tls12-only is the worst of these. */
static int severity_of(enum verdict verdict) {
    bool best_first =
        verdict_class(verdict) == VERDICT_CLASS_SOUND && verdict != VERDICT_TLS12_ONLY;
    return best_first ? (int)verdict : 2 * VERDICT_COUNT - (int)verdict;
}

static enum truth truth_of_both(enum truth a, enum truth b) {
    if (a == TRUTH_FALSE || b == TRUTH_FALSE)
        return TRUTH_FALSE;
    return a == TRUTH_TRUE && b == TRUTH_TRUE ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

static enum truth truth_of_either(enum truth a, enum truth b) {
    if (a == TRUTH_TRUE || b == TRUTH_TRUE)
        return TRUTH_TRUE;
    return a == TRUTH_FALSE && b == TRUTH_FALSE ? TRUTH_FALSE : TRUTH_UNKNOWN;
}

static uint16_t same_or_none(uint16_t a, uint16_t b) {
    return a == b ? a : GROUP_NONE;
}

static void merge_mode(struct mode_fact *into, const struct mode_fact *other) {
    into->works = truth_of_both(into->works, other->works);
    into->group = same_or_none(into->group, other->group);
    into->retry = truth_of_either(into->retry, other->retry);
    into->tolerated = truth_of_both(into->tolerated, other->tolerated);
    into->resumes = truth_of_both(into->resumes, other->resumes);
}

static uint16_t smaller_size(uint16_t a, uint16_t b) {
    return a < b ? a : b;
}

/* The longest hellos that both take; a limit that either has. */
static void merge_sizes(struct judgement *into, const struct judgement *other) {
    into->largest_first = smaller_size(into->largest_first, other->largest_first);
    into->largest_second = smaller_size(into->largest_second, other->largest_second);
    if (other->size_failed && (!into->size_failed || other->size_failed < into->size_failed)) {
        into->size_passed = other->size_passed;
        into->size_failed = other->size_failed;
    }
}

static void merge_others(struct judgement *into, const struct judgement *other) {
    bool alike = into->others_n == other->others_n &&
                 memcmp(into->other_ids, other->other_ids, sizeof into->other_ids) == 0;
    for (size_t i = 0; i < into->others_n; i++)
        into->others[i] = alike ? truth_of_both(into->others[i], other->others[i]) : TRUTH_UNKNOWN;
}

bool facts_merge(struct judgement *into, const struct judgement *other) {
    bool worse = severity_of(other->verdict) > severity_of(into->verdict);
    if (worse)
        into->verdict = other->verdict;
    into->verdicts |= other->verdicts;
    if (!into->tls_version || (other->tls_version && other->tls_version < into->tls_version))
        into->tls_version = other->tls_version;
    for (size_t i = 0; i < JUDGED_GROUPS; i++)
        into->groups[i] = into->group_ids[i] == other->group_ids[i]
                              ? truth_of_both(into->groups[i], other->groups[i])
                              : TRUTH_UNKNOWN;
    for (size_t i = 0; i < MODE_COUNT; i++)
        merge_mode(&into->modes[i], &other->modes[i]);
    if (into->order != other->order)
        into->order = ORDER_UNKNOWN;
    into->preferred_group = same_or_none(into->preferred_group, other->preferred_group);
    if (into->server_groups_n != other->server_groups_n ||
        memcmp(into->server_groups, other->server_groups, sizeof into->server_groups) != 0)
        into->server_groups_n = 0;
    merge_others(into, other);
    merge_sizes(into, other);
    into->resumes = truth_of_both(into->resumes, other->resumes);
    into->resumed_works = truth_of_both(into->resumed_works, other->resumed_works);
    into->alpn_refused |= other->alpn_refused;
    into->alpn_alert |= other->alpn_alert;
    into->contradicts |= other->contradicts;
    into->dark_after_large |= other->dark_after_large;
    into->hrr_failure |= other->hrr_failure;
    into->split_client_hello |= other->split_client_hello;
    into->unknown_keyshare |= other->unknown_keyshare;
    return worse;
}

static void complete_truth(enum truth *truth, enum truth before) {
    if (*truth == TRUTH_UNKNOWN)
        *truth = before;
}

void facts_complete(struct judgement *quick, const struct judgement *before) {
    for (size_t i = 0; i < JUDGED_GROUPS; i++)
        if (quick->group_ids[i] == before->group_ids[i])
            complete_truth(&quick->groups[i], before->groups[i]);
    for (size_t i = 0; i < MODE_COUNT; i++) {
        if (quick->modes[i].works == TRUTH_UNKNOWN)
            quick->modes[i] = before->modes[i];
        complete_truth(&quick->modes[i].tolerated, before->modes[i].tolerated);
        complete_truth(&quick->modes[i].resumes, before->modes[i].resumes);
    }
    if (!outweighs_before(quick->verdict)) {
        quick->verdict = before->verdict;
        quick->verdicts |= before->verdicts;
        quick->hrr_failure |= before->hrr_failure;
        quick->split_client_hello |= before->split_client_hello;
        quick->unknown_keyshare |= before->unknown_keyshare;
    }
    if (quick->others_n == before->others_n &&
        memcmp(quick->other_ids, before->other_ids, sizeof quick->other_ids) == 0)
        for (size_t i = 0; i < quick->others_n; i++)
            complete_truth(&quick->others[i], before->others[i]);
    if (!quick->tls_version)
        quick->tls_version = before->tls_version;
    quick->order = before->order;
    quick->preferred_group = before->preferred_group;
    if (!quick->server_groups_n) {
        quick->server_groups_n = before->server_groups_n;
        memcpy(quick->server_groups, before->server_groups, sizeof quick->server_groups);
    }
}

bool facts_keep_resumption(struct judgement *full, const struct judgement *before) {
    if (full->resumed_works != TRUTH_UNKNOWN || full->resumes == TRUTH_FALSE)
        return false;
    full->resumed_works = before->resumed_works;
    for (size_t i = 0; i < MODE_COUNT; i++)
        complete_truth(&full->modes[i].resumes, before->modes[i].resumes);
    if (!verdict_holds(before, VERDICT_RESUMPTION_FAILS))
        return false;
    full->verdicts |= UINT64_C(1) << VERDICT_RESUMPTION_FAILS;
    if (full->verdict == VERDICT_COUNT || full->verdict < VERDICT_RESUMPTION_FAILS)
        return false;
    full->verdict = VERDICT_RESUMPTION_FAILS;
    return true;
}

static enum truth other_group(const struct judgement *judgement, uint16_t group) {
    for (size_t i = 0; i < judgement->others_n; i++)
        if (judgement->other_ids[i] == group)
            return judgement->others[i];
    return TRUTH_UNKNOWN;
}

static uint16_t pack_others(const struct judgement *judgement) {
    unsigned bits = 0;
    for (unsigned i = 0; i < FACTS_OTHERS; i++) {
        enum truth has = other_group(judgement, facts_other_groups[i]);
        if (has != TRUTH_UNKNOWN)
            bits |= 1u << i;
        if (has == TRUTH_TRUE)
            bits |= 1u << (i + FACTS_OTHER_SUPPORTED);
    }
    return (uint16_t)bits;
}

struct facts facts_from(const struct judgement *judgement) {
    struct facts facts = {
        .any = true,
        .verdict = judgement->verdict,
        .tls_version = judgement->tls_version,
        .preferred_group = judgement->preferred_group,
        .order = judgement->order,
        .hybrid = judgement->group_ids[JUDGED_HYBRID],
        .others = pack_others(judgement),
    };
    memcpy(facts.groups, judgement->groups, sizeof facts.groups);
    for (size_t i = 0; i < FACTS_MODES; i++) {
        facts.works[i] = judgement->modes[i].works;
        facts.retry[i] = judgement->modes[i].retry;
    }
    return facts;
}

struct comparison {
    facts_changed *changed;
    void *arg;
};

static void compare_field(const struct comparison *c, const char *field, const char *old,
                          const char *new) {
    if (old && (!new || strcmp(old, new) != 0))
        c->changed(c->arg, field, old, new);
}

static const char *truth_text(enum truth truth) {
    switch (truth) {
    case TRUTH_UNKNOWN:
        return NULL;
    case TRUTH_FALSE:
        return "0";
    case TRUTH_TRUE:
        return "1";
    }
    return NULL;
}

static const char *group_text(uint16_t group, char out[GROUP_NAME_SIZE]) {
    return group == GROUP_NONE ? NULL : group_name(group, out);
}

void facts_compare(const struct facts *old, const struct facts *new, facts_changed *changed,
                   void *arg) {
    struct comparison c = {changed, arg};
    char before[GROUP_NAME_SIZE], after[GROUP_NAME_SIZE];
    if (!old->any)
        return;
    compare_field(&c, "verdict", verdict_name(old->verdict), verdict_name(new->verdict));
    compare_field(&c, "tls_version", tls_version_name(old->tls_version),
                  tls_version_name(new->tls_version));
    compare_field(&c, "preferred_group", group_text(old->preferred_group, before),
                  group_text(new->preferred_group, after));
    compare_field(&c, "group_order", order_name(old->order), order_name(new->order));
    for (size_t i = 0; i < JUDGED_GROUPS; i++)
        compare_field(&c, facts_group_columns[i], truth_text(old->groups[i]),
                      truth_text(new->groups[i]));
    for (size_t i = 0; i < FACTS_MODES; i++)
        compare_field(&c, facts_works_columns[i], truth_text(old->works[i]),
                      truth_text(new->works[i]));
    for (size_t i = 0; i < FACTS_MODES; i++)
        compare_field(&c, facts_retry_columns[i], truth_text(old->retry[i]),
                      truth_text(new->retry[i]));
}

static bool asks_for_support(enum probe_id probe) {
    return (probe >= PROBE_ONLY_P256 && probe <= PROBE_CHOOSE) || probe == PROBE_GROUP;
}

bool facts_probe_failed(const struct probe_result *result) {
    if (result->outcome == OUTCOME_OK || result->outcome == OUTCOME_CANCELLED)
        return false;
    return !(result->outcome == OUTCOME_ALERT && asks_for_support(result->probe));
}
