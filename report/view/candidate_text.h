/* The arithmetic of a zone's choice, for a person: what each candidate hello would reach and cost,
 * and who bars it. */
#pragma once

#include "report/zone/zone_target.h"

#include <stdio.h>

/* `names` are those of the zone's origins, as zone_target's places count them. Candidates that differ
 * in nothing share a line; beyond eight lines the rest is only counted. Nothing is written where no
 * origin with a weight was measured. `in_force` is the candidate that is sent now; CANDIDATE_NONE if
 * none is. */
void candidate_text_table(FILE *to, const struct zone_target *target, unsigned in_force,
                          const char *const *names, size_t names_n);

/* A line: which hellos the origin tolerates, which of them reach the hybrid, and which cost it a
 * retry. */
void candidate_text_origin(FILE *to, const struct origin_advice *origin);
