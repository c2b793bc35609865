/* From the store to how things stand, on one screen (fleet_status.h). */
#pragma once

#include "cmd/settle/zone_view.h"
#include "report/fleet/fleet_status.h"

/* Takes what is of the whole fleet; before all zones. */
void status_view_begin(struct fleet_status *status, const struct store_fleet *fleet);

/* A zone, before its origins. `state` is what the rule keeps of it, `measured` whether some origin was seen
 * in a conclusive scan; `setting` is NULL if it has none. */
struct status_view_zone {
    const char *name;
    uint64_t place; /* among all zones by name: 0 is the first */
    const struct store_setting *setting;
    const struct zone_state *state;
    bool measured;
};
void status_view_zone(struct fleet_status *status, const struct status_view_zone *zone);

/* One of its origins; `again`: it was in a zone before. */
void status_view_origin(struct fleet_status *status, const struct store_origin *stored, bool again);

/* What is of the whole store, and what tells the origins of needs apart; after all zones, which are finished. */
bool status_view_whole(struct fleet_status *status, const struct zone_view_source *source,
                       struct err *err);

/* Everything, and finishes the status, also where it fails. Reads settings and the last scans; what the rule
 * knows of an origin only where its zone has no setting. */
bool status_view_fill(struct fleet_status *status, struct store *store, struct err *err);
