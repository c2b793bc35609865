/* What a target can be told. Pure. */
#pragma once

#include "report/rule/candidate.h"

#include <stdbool.h>
#include <stdint.h>

/* Whose spelling of groups a target takes. */
enum export_library {
    EXPORT_NAMES_BORINGSSL, /* also the names that originscan prints */
    EXPORT_NAMES_OPENSSL,   /* 3.0 or 3.5 by options.openssl */
    EXPORT_NAMES_GO,
};

/* How a target comes to the first share of a setting without the hybrid's. */
enum export_share {
    EXPORT_SHARE_FREE,        /* any that it is told */
    EXPORT_SHARE_BY_ORDER,    /* the first of the list, by a habit that nobody promises */
    EXPORT_SHARE_FIXED_ORDER, /* the first of the list in an order of its own */
    EXPORT_SHARE_OWN,         /* it takes no list at all */
};

/* What a target can say. `off` everywhere. */
struct export_target {
    const char *who; /* the subject of notes: "Envoy" */
    enum export_library library;
    bool supported; /* can list the hybrid without its share */
    bool single;    /* can send the hybrid's share alone */
    bool dual;      /* can send X25519's share beside it */
    bool any_dual;  /* and that of any other classical group */
    bool own_line;  /* tells the origins of a zone apart */
    bool exact;     /* takes any setting as it is (json, csv …) */
    enum export_share share;
};

/* Whether it can send that classical share beside the hybrid's. */
bool export_target_pairs(const struct export_target *target, uint16_t share);

/* For zone_target_at_most: a target, and whether it knows the hybrid by a name. */
struct export_target_filter {
    const struct export_target *target; /* borrowed */
    bool spells_hybrid;
};

/* A zone_target_filter, whether the target can be told to send that candidate; `arg` is a struct
 * export_target_filter. */
bool export_target_says(const void *arg, unsigned candidate);
