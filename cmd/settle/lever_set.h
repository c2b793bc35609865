/* What operators have set, read from the store's texts: of one zone over that for all zones.
 *
 *   pin         SETTING or SETTING:GROUP (the first share)
 *   deny        SETTING, or several with commas between them
 *   freeze      yes, no        keep everything as it is
 *   shadow      yes, no        compute, do not export
 *   compliance  none, pqh, fips, pqh+fips
 *   expect      SETTING        a reference: another verdict on it is our own fault (zones only)
 *
 * And two that the program writes itself, for all zones:
 *   brake       why            while the global brake is on
 *   release     a time in ms   until then the brake may not come on
 *
 * A new lever is a row of the table in lever_set.c; the command `zone` makes its options of the
 * rows. */
#pragma once

#include "cmd/settle/settle_options.h"
#include "report/zone/zone_state.h"
#include "store/store_lever.h"

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

/* What a lever is. */
struct lever_kind {
    const char *name;
    bool (*parse)(const struct store_lever *lever, struct lever_set *set);
    void (*merge)(struct lever_set *zone, const struct lever_set *all,
                  const struct settle_options *options);
    bool zones_only;      /* not for all zones at once */
    const char *argument; /* how help names its value; NULL: a switch, whose value is "yes" */
    const char *help;     /* what setting it does */
    const char *takes;    /* its values, for a message: "off, supported or preferred" */
};

/* Those of operators. */
const struct lever_kind *lever_set_kinds(size_t *n);

/* Adds one to the set. False if there is none of that name or its text means nothing. */
bool lever_set_add(struct lever_set *set, const struct store_lever *lever);

/* Those of one zone; 0: those for all. Texts that mean nothing are passed over, and so are
 * those that have ended. */
STORE_RESULT lever_set_read(struct lever_set *out, struct store *store, int64_t zone_id,
                            struct err *err);

/* What holds for a zone: its own before those for all before the options. */
struct lever_set lever_set_merge(const struct lever_set *all, const struct lever_set *zone,
                                 const struct settle_options *options);

/* Whether that text is a value of that lever of an operator; says why not. `compliance` and hybrid
 * decide what may be pinned. */
bool lever_set_check(const struct lever_kind *kind, const char *value, enum compliance compliance,
                     uint16_t hybrid, struct err *err);
