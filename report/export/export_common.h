/* One setting for all zones of a process, for targets that have no other: what every zone takes.
 * Pure. */
#pragma once

#include "report/export/export_choice.h"

/* What the zones so far have in common. All zeroes: no zone yet. */
struct export_common {
    uint64_t zones;
    uint64_t exact[LEVEL_COUNT]; /* zones whose own setting is of that level and can be said */
    enum rule_level level;       /* the lowest of them */
    bool dual;
    bool not_supported; /* some zone is at `preferred` and not known to take `supported` */
    bool not_alone;     /* some zone may need a classical group beside the hybrid */
    bool off_fails;
    bool share_fails[CLASSICAL_COUNT];
    bool needed[CLASSICAL_COUNT];
    uint64_t firsts[CLASSICAL_COUNT]; /* zones by best classical first share */
    enum compliance compliance;       /* all filters together */
    uint16_t hybrid;
};

/* Adds a zone; `choice` is what would be written for it alone. */
void export_common_add(struct export_common *common, const struct export_zone *zone,
                       const struct export_options *options, const struct export_choice *choice);

/* The boldest setting that each zone takes and that passes each filter, level NONE if there is
 * none. */
struct zone_setting export_common_setting(const struct export_common *common);
