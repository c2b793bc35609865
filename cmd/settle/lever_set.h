/* What operators have set, read from the store's texts: of one zone over that for all zones.
 *
 *   pin         SETTING or SETTING:GROUP (the first share)
 *   deny        SETTING, or several with commas between them
 *   freeze      yes, no        keep everything as it is
 *   shadow      yes, no        compute, do not export
 *   compliance  none, pqh, fips, pqh+fips
 *   expect      SETTING        a reference: another verdict on it is our own fault (zones only)
 *   brake       why            set by the program while the global brake is on (all zones only)
 *   release     a time in ms   until then the brake may not come on (all zones only)
 */
#pragma once

#include "cmd/settle/settle_options.h"
#include "report/zone/zone_state.h"

struct lever_set {
    struct zone_levers levers;  /* freeze: of this set alone */
    enum compliance compliance; /* valid if has_compliance */
    bool has_pin;
    bool has_compliance;
    bool has_freeze;
    bool has_shadow;
    bool shadow;
    enum rule_level expect; /* NONE: nothing */
    char brake[64];         /* "" if it is off */
    int64_t brake_since_ms;
    int64_t release_until_ms;
};

/* Those of one zone; 0: those for all. Texts that mean nothing are passed over. */
enum store_result lever_set_read(struct lever_set *out, struct store *store, int64_t zone_id,
                                 struct err *err);

/* What holds for a zone: its own before those for all before the options. */
struct lever_set lever_set_merge(const struct lever_set *all, const struct lever_set *zone,
                                 const struct settle_options *options);

/* Whether that text is a value of that lever of an operator; says why not. `compliance` and hybrid
 * decide what may be pinned. */
bool lever_set_check(const char *name, const char *value, enum compliance compliance,
                     uint16_t hybrid, struct err *err);
