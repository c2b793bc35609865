/* What a setting that is written is expected to reach and to cost, and what would be possible. */
#pragma once

#include "report/export/export_choice.h"

struct export_expectation {
    /* the candidate that is written; CANDIDATE_NONE: nothing is, and no sum is known */
    unsigned sent;
    struct candidate_sum expected; /* if all origins of the zone get it */
    /* the best candidate in reach; CANDIDATE_NONE: not known, nor what follows */
    unsigned possible;
    struct candidate_sum possible_sum;
    /* the heaviest that has yet to prove it; NULL: none */
    const struct export_origin *held_back_by;
    enum rule_reason reason; /* what that one lacks */
};

/* Of a zone, of which `choice` is written. */
void export_expect_zone(const struct export_zone *zone, const struct export_choice *choice,
                        struct export_expectation *out);

/* Of an origin with a setting of its own, alone. False if that is not known. */
bool export_expect_origin(const struct export_origin *origin, struct candidate_sum *out);
