/* From one judged scan to what a proxy should do with this origin now. */
#include "report/rule/advice.h"

#include "report/rule/observe.h"
#include "report/rule/safe_level.h"

#include <stddef.h>

const char *setting_name(enum setting setting) {
    static const char *const names[] = {[SETTING_OFF] = "off",
                                        [SETTING_SUPPORTED] = "supported",
                                        [SETTING_PREFERRED] = "preferred"};
    return names[setting];
}

static bool works(const struct judgement *judgement, enum mode mode) {
    return judgement->modes[mode].works == TRUTH_TRUE;
}

static bool reaches_hybrid(const struct scan *scan, const struct judgement *judgement,
                           enum mode mode) {
    return works(judgement, mode) && judgement->modes[mode].group == scan->hybrid;
}

/* The classical group that the origin takes in the first hello, proven by a finished handshake;
 * where none is proven, the share that at least works with a retry. */
static uint16_t classical_share(const struct scan *scan, const struct judgement *judgement) {
    const struct mode_fact *off = &judgement->modes[MODE_OFF];
    const struct probe_result *confirm = scan_probe(scan, PROBE_CONFIRM);
    if (off->works == TRUTH_TRUE && off->retry == TRUTH_FALSE)
        return GROUP_X25519;
    if (confirm && confirm->outcome == OUTCOME_OK && !confirm->retry)
        return confirm->group;
    return off->works == TRUTH_TRUE ? GROUP_X25519 : GROUP_NONE;
}

static void choose_setting(const struct scan *scan, const struct judgement *judgement,
                           enum rule_level level, struct advice *out) {
    bool hybrid_first = level == LEVEL_PREFERRED &&
                        reaches_hybrid(scan, judgement, MODE_PREFERRED) &&
                        judgement->modes[MODE_PREFERRED].retry == TRUTH_FALSE;
    if (hybrid_first) {
        out->setting = SETTING_PREFERRED;
        out->reason = "hybrid-in-one-round-trip";
    } else if (reaches_hybrid(scan, judgement, MODE_SUPPORTED)) {
        out->setting = SETTING_SUPPORTED;
        out->reason = "hybrid-after-retry";
    } else if (works(judgement, MODE_SUPPORTED)) {
        out->setting = SETTING_SUPPORTED;
        out->reason = verdict_holds(judgement, VERDICT_HYBRID_NOT_CHOSEN) ? "hybrid-not-chosen"
                                                                          : "hybrid-tolerated";
    } else {
        out->setting = SETTING_OFF;
        out->reason = "hybrid-breaks";
    }
}

/* As the rule has it: with a control that failed, nothing else says anything about the origin. */
static bool is_conclusive(const struct scan *scan, const struct judgement *judgement) {
    struct observation seen;
    observe(scan, judgement, &seen);
    return seen.conclusive;
}

static void add_group(struct advice *out, uint16_t group) {
    for (size_t i = 0; i < out->groups_n; i++)
        if (out->groups[i] == group)
            return;
    if (out->groups_n < ADVICE_GROUPS_MAX)
        out->groups[out->groups_n++] = group;
}

/* The hybrid, then the first share's group, then every classical group that the origin has. */
static void list_groups(const struct scan *scan, const struct judgement *judgement,
                        struct advice *out) {
    if (out->setting != SETTING_OFF)
        add_group(out, scan->hybrid);
    add_group(out, out->first_share);
    for (enum judged_group i = JUDGED_X25519; i <= JUDGED_P521; i++)
        if (judgement->groups[i] == TRUTH_TRUE)
            add_group(out, judgement->group_ids[i]);
}

void advice_give(const struct scan *scan, const struct judgement *judgement, struct advice *out) {
    enum verdict why;
    enum rule_level level = safe_level_all(judgement, &why);
    *out = (struct advice){.given = level != LEVEL_NONE};
    if (level <= LEVEL_OFF)
        out->reason = verdict_name(why);
    if (!out->given)
        return;
    if (level > LEVEL_OFF)
        choose_setting(scan, judgement, level, out);
    out->first_share =
        out->setting == SETTING_PREFERRED ? scan->hybrid : classical_share(scan, judgement);
    if (out->first_share == GROUP_NONE) {
        *out = (struct advice){.reason = "no-share-works"};
        return;
    }
    if (!is_conclusive(scan, judgement)) {
        *out = (struct advice){.reason = "control-failed"};
        return;
    }
    list_groups(scan, judgement, out);
}
