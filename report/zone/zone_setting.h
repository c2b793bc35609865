/* A setting of a zone as a proxy needs it, and its groups. Pure. */
#pragma once

#include "report/rule/candidate.h"
#include "report/rule/rule_params.h"
#include "report/zone/compliance.h"

#define ZONE_GROUPS_MAX 6

/* A setting as a proxy needs it. */
struct zone_setting {
    enum rule_level level;
    /* `preferred`: the classical share that goes with the hybrid's; GROUP_NONE: the hybrid's
     * alone, which is the single variant */
    uint16_t dual_share;
    bool dual_ok;               /* single: the first classical group's share may go with it */
    uint16_t first_share;       /* GROUP_NONE where the level is NONE */
    bool first_share_confirmed; /* no weighted origin lacks a finished handshake with it */
    uint8_t groups_n;
    uint16_t groups[ZONE_GROUPS_MAX]; /* what to list, in order */
};

/* The classical group that is sent first where nothing is known; GROUP_NONE if none complies. */
uint16_t zone_setting_usual_share(enum compliance compliance);

/* The setting of that level with that classical share, alone or beside the hybrid's; for a pin, which
 * has no dual share, the first share may be GROUP_NONE: the usual one. Fills in the groups, the needed
 * ones among them. The level must comply (compliance_check). */
struct zone_setting zone_setting_make(const struct rule_params *params, enum compliance compliance,
                                      enum rule_level level, uint16_t classical_share,
                                      const bool needed[CLASSICAL_COUNT]);

/* The candidate of a setting; CANDIDATE_NONE for no advice. */
unsigned zone_setting_candidate(const struct zone_setting *setting);

/* Whether the filter lets that candidate through, given the configured hybrid: its level, and its
 * classical share. */
bool zone_setting_allows(enum compliance compliance, uint16_t hybrid, unsigned candidate);

/* Whether every group of the setting passes the filter. */
bool zone_setting_complies(const struct zone_setting *setting, enum compliance compliance);
