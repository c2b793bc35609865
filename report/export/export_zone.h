/* The values of an export: zones and where they come from, options, and what was written. */
#pragma once

#include "report/export/export_origin_tls.h"
#include "report/zone/zone_place.h"

#include <stdio.h>

/* An origin of a zone, for the targets that list them. Texts are borrowed. */
struct export_origin {
    const char *host; /* a name or an address literal */
    uint16_t port;
    const char *sni;     /* "" for none */
    const char *address; /* fixed address, "" to resolve the host */
    double weight;       /* as it was imported, for targets that balance by it; 0: takes no part in
                            the zone's setting */
    uint8_t groups_n;    /* what it supports, the one that it picks first; 0: not known */
    uint16_t groups[ZONE_GROUPS_MAX];
    const struct origin_advice *advice; /* what its own evidence allows; NULL: not known */
    bool asks_certificate;              /* of its clients, in the last scan */
    int64_t held_until_ms; /* by a rollback of another zone that it is in, as advice.held_until_ms;
                              only for formats that tell of origins */
    bool exception;        /* it needs a setting of its own: */
    struct zone_setting setting; /* both are for renderers; a source leaves them out */
};

/* A zone and all that is exported of it. Valid during the call of the sink. */
struct export_zone {
    const char *name;
    struct recommendation advice;
    /* what else decides about a place and its exceptions: as in struct zone_place */
    const struct rule_params *params;
    enum compliance compliance;
    uint16_t classical_share; /* best first share without the hybrid; GROUP_NONE: not known */
    bool off_fails;
    bool measured;
    const struct zone_target *target; /* what its origins make of every candidate; borrowed */
    /* for targets with one setting for all zones: as in struct zone_target */
    bool always_hybrid;
    bool share_fails[CLASSICAL_COUNT];
    bool needed[CLASSICAL_COUNT]; /* as in struct zone_target */
    bool deny[LEVEL_COUNT];
    bool kept;
    bool shadow;     /* computed, but not to be exported */
    int64_t data_ms; /* of the newest scan of its origins; 0: none */
    size_t origins_n;
    const struct export_origin *origins;
};

/* Takes a zone; false ends the iteration early. */
typedef bool export_sink(void *sink_arg, const struct export_zone *zone);

/* Calls `sink` for every zone in the order of names, until it returns false. False with `err` if
 * the zones cannot be read. */
typedef bool export_source(void *source_arg, export_sink *sink, void *sink_arg, struct err *err);

/* The OpenSSL of the target. 3.0 stands for 1.1.1 to 3.4: plain names, one share, no hybrid. */
enum export_openssl { EXPORT_OPENSSL_35, EXPORT_OPENSSL_30 };

/* Whom a proxy counts among in a ramp: it takes a zone's new setting when its place, 0 to 99, is
 * below stage_percent, else the previous one. The last place waits until the ramp is over. */
#define EXPORT_PLACE_LAST ZONE_PLACE_LAST

struct export_format;

/* Whether what was written of a zone is to be in the export; the text may be changed and has to be put
 * back. */
typedef bool export_filter(void *filter_arg, char *block, size_t n);

struct export_options {
    const struct export_format *format;
    const char *generator; /* "originscan 0.1.0" */
    enum export_openssl openssl;
    unsigned haproxy;   /* the target's release, 100 * major + minor; 0: new enough */
    unsigned ats;       /* major version of Apache Traffic Server: 9 records.config, else yaml */
    bool dual;          /* `preferred` with a classical share beside the hybrid's, where proven */
    unsigned place;     /* in ramps */
    bool none_off;      /* `off` too where nothing was measured, unless it is known to fail */
    bool snippet;       /* nginx, one zone: bare directives to include in a location */
    bool folder;        /* with snippet: one after the other, each into a file of its own */
    const char *listen; /* nginx: where the zones' server blocks listen */
    struct export_origin_tls tls;
    int64_t now_ms;
    uint64_t generation;   /* of the file that is written; see export_file.h */
    export_filter *filter; /* NULL: everything passes */
    void *filter_arg;
    const char *const *zones; /* only these; zones_n 0: all */
    size_t zones_n;
};

/* What was written. */
struct export_summary {
    uint64_t zones;
    uint64_t by_level[LEVEL_COUNT]; /* settings in the file, of zones and of origins of their own;
                                       NONE: nothing is written where one was asked for */
    uint64_t shadow;                /* left out because they are in shadow mode */
    uint64_t inexact;               /* of these, those that are not what is recommended */
    int64_t not_after_ms;           /* the earliest of the zones'; 0 if none has one */
    int64_t data_ms;                /* the newest of the zones'; 0: not known */
    char sha256[65];                /* of the body, see export_layout.h */
};
