/* A table of choices by what they were made of. */
#include "report/zone/target_memo.h"

#include "scanner/base/alloc.h"
#include "scanner/base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 512 }; /* a choice is kept until another one needs its place */

/* What the choice of a zone of one origin is made of: whatever the origin weighs, it weighs all. */
struct choice_key {
    struct origin_advice advice; /* of its times only whether it was ever seen, and its end */
    enum compliance compliance;
};

struct choice {
    bool made;
    struct choice_key key;
    struct zone_target target;
};

struct target_memo {
    const struct rule_params *params;
    struct choice choices[SLOTS];
};

struct target_memo *target_memo_new(const struct rule_params *params) {
    struct target_memo *memo = alloc_zero(1, sizeof *memo);
    memo->params = params;
    return memo;
}

void target_memo_free(struct target_memo *memo) {
    free(memo);
}

/* Bytes between the members count when keys are compared, and may make equal ones differ, never others
 * equal. */
static void make_key(struct choice_key *key, enum compliance compliance,
                     const struct origin_advice *advice) {
    memset(key, 0, sizeof *key);
    memcpy(&key->advice, advice, sizeof *advice);
    key->advice.last_ms = advice->last_ms != 0;
    key->advice.since_ms = 0;
    key->compliance = compliance;
}

/* By what differs most between origins. */
static struct choice *find_slot(struct target_memo *memo, const struct choice_key *key) {
    const struct origin_advice *advice = &key->advice;
    const uint32_t telling[] = {
        (uint32_t)advice->reason, (uint32_t)advice->blocker, (uint32_t)(advice->not_after_ms >> 16),
        advice->trials,           advice->failures,          advice->control_trials};
    return &memo->choices[hash_add_64(HASH_START_64, telling, sizeof telling) % SLOTS];
}

void target_memo_choose(struct target_memo *memo, enum compliance compliance,
                        const struct zone_origin *origins, size_t origins_n,
                        struct zone_target *out) {
    struct choice_key key;
    if (origins_n != 1 || !(origins->weight > 0)) {
        zone_target_choose(memo->params, compliance, origins, origins_n, out);
        return;
    }
    make_key(&key, compliance, origins->advice);
    struct choice *choice = find_slot(memo, &key);
    if (!choice->made || memcmp(&choice->key, &key, sizeof key) != 0) {
        zone_target_choose(memo->params, compliance, origins, origins_n, &choice->target);
        memcpy(&choice->key, &key, sizeof key);
        choice->made = true;
    }
    *out = choice->target;
}
