/* Choices that were made before, for whoever looks at all zones: most are of one origin, and many of
 * these origins were seen to behave alike. */
#pragma once

#include "report/zone/zone_target.h"

struct target_memo;

/* For choices with these parameters, which are borrowed and must stay as they are. Takes about a megabyte.
 * target_memo_free() frees it; NULL is allowed. */
struct target_memo *target_memo_new(const struct rule_params *params);
void target_memo_free(struct target_memo *memo);

/* The same as zone_target_choose(). */
void target_memo_choose(struct target_memo *memo, enum compliance compliance,
                        const struct zone_origin *origins, size_t origins_n,
                        struct zone_target *out);
