/* What is known of an origin, kept over its scans: how a new judgement changes it. Pure. */
#pragma once

#include "scanner/judge/verdict.h"

/* The modes that have columns in v_origin: off, supported, preferred. */
#define FACTS_MODES 3

struct facts {
    bool any; /* false before the first scan at all: nothing below is valid */
    enum verdict verdict;
    uint16_t tls_version;     /* 0 not known */
    uint16_t preferred_group; /* GROUP_NONE not known */
    enum group_order order;
    uint16_t hybrid; /* the group that groups[JUDGED_HYBRID] speaks of */
    enum truth groups[JUDGED_GROUPS];
    uint16_t others; /* post-quantum groups that are asked for beside it: see FACTS_OTHERS */
    enum truth works[FACTS_MODES];
    enum truth retry[FACTS_MODES];
};

/* facts_other_groups[i] is known if bit i is set, and supported if bit i + FACTS_OTHER_SUPPORTED is, too. It is stored
 * so, and v_group_share counts it: a group may be added at the end, none moved. */
#define FACTS_OTHERS 6
#define FACTS_OTHER_SUPPORTED 8
extern const uint16_t facts_other_groups[FACTS_OTHERS];

/* True if the scan may change what is known: complete and not unstable. One that is interrupted,
 * unreachable, blocked, not TLS or unstable is no evidence in either direction. */
bool facts_accepts(const struct judgement *judgement);

/* Makes `into` the most conservative of itself and another address of the same origin: a group is
 * supported and a mode works only if both say so, a retry is needed if one says so, the worse
 * verdict counts, and what they disagree on is not known. True if the other's verdict is the worse. */
bool facts_merge(struct judgement *into, const struct judgement *other);

/* Completes the judgement of a quick plan, which does not ask everything, with the one before it of
 * the same address: groups and modes that it does not know, and a verdict other than a fault. */
void facts_complete(struct judgement *quick, const struct judgement *before);

/* Completes the judgement of a full scan that did not ask whether a session is resumed, as most do
 * not, with the answer before it of the same address. True if the main verdict is that of that
 * answer. */
bool facts_keep_resumption(struct judgement *full, const struct judgement *before);

/* The columns of groups, works and retry in table and view. */
extern const char *const facts_group_columns[JUDGED_GROUPS];
extern const char *const facts_works_columns[FACTS_MODES];
extern const char *const facts_retry_columns[FACTS_MODES];

/* What a conclusive judgement says. */
struct facts facts_from(const struct judgement *judgement);

/* Called with the column's name in v_origin and the values as they stand there; NULL is unknown. */
typedef void facts_changed(void *arg, const char *field, const char *old, const char *new);

/* Calls `changed` for each fact that differs and was known before: facts learned for the first time
 * are no change. */
void facts_compare(const struct facts *old, const struct facts *new, facts_changed *changed,
                   void *arg);

/* True if the probe is a failure, not a mere no: an alert is the answer to a support question. */
bool facts_probe_failed(const struct probe_result *result);
