/* From one judged scan to what a proxy should do with this origin now: the `fast` profile, which
 * believes a single complete scan and therefore says `provisional`. Pure. */
#pragma once

#include "scanner/judge/verdict.h"

enum setting { SETTING_OFF, SETTING_SUPPORTED, SETTING_PREFERRED };
const char *setting_name(enum setting setting);

#define ADVICE_GROUPS_MAX 5

struct advice {
    bool given; /* false: nothing can be advised, `reason` says why */
    enum setting setting;
    bool dual;            /* with `preferred`: send a classical share beside the hybrid one */
    uint16_t first_share; /* the group of the first key share */
    uint8_t groups_n;
    uint16_t groups[ADVICE_GROUPS_MAX]; /* supported_groups to send, in order */
    const char *reason;                 /* a name such as "hybrid-in-one-round-trip" */
};

/* Advises from one scan; `confirm` in it proves a classical first share. */
void advice_give(const struct scan *scan, const struct judgement *judgement, struct advice *out);
