/* One setting for all zones of a process, for targets that have no other: the best for all of their
 * traffic that every zone takes. Pure. */
#pragma once

#include "report/export/export_choice.h"

/* The zones so far. All zeroes: no zone yet. */
struct export_common {
    uint64_t zones;
    bool none;                    /* some zone has no setting that this target could be given */
    bool not_alone;               /* some zone may need a classical group beside the hybrid */
    bool barred[CANDIDATE_COUNT]; /* some zone does not take it, or may not have it now */
    double weight;
    struct candidate_sum sums[CANDIDATE_COUNT]; /* weighted */
    uint64_t exact[CANDIDATE_COUNT];            /* zones for which it is what is recommended */
    bool needed[CLASSICAL_COUNT];
    enum compliance compliance; /* all filters together */
    uint16_t hybrid;
    double retry_price;
};

/* Adds a zone; `choice` is what would be written for it alone. */
void export_common_add(struct export_common *common, const struct export_zone *zone,
                       const struct export_options *options, const struct export_choice *choice);

/* The best that the target can be told. Level NONE if there is none. *exact: it is what is recommended
 * for each zone. */
struct zone_setting export_common_setting(const struct export_common *common,
                                          const struct export_options *options,
                                          const struct export_target *target, bool *exact);
