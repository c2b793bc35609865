/* Why a zone has its setting, and an origin its advice: the evidence, what would change it, and
 * when; as text for a person. */
#pragma once

#include "report/zone/recommend.h"
#include "scanner/words/origin.h"

#include <stdio.h>

/* One of several addresses of an origin. */
struct setting_explain_address {
    char address[ORIGIN_ADDRESS_SIZE];
    const char *verdict; /* NULL: none yet */
    int64_t scanned_ms;  /* 0: not known */
};

/* An origin of the zone. Texts are borrowed. */
struct setting_explain_origin {
    const char *name;        /* host:port@address */
    double weight;           /* in the zone that is explained */
    bool by_traffic;         /* the weight is from reports of real traffic */
    const char *other_zones; /* that it is in, too, ready to be shown; NULL: none */
    bool advised;            /* the rule has evidence; otherwise `advice` is not read */
    const char *verdict;     /* of the last conclusive scan; NULL: none */
    const char *status;      /* of the last scan; NULL: none */
    int64_t scanned_ms;      /* when that was */
    size_t addresses_n;      /* fewer than two are not shown */
    const struct setting_explain_address *addresses;
    const char *address; /* of that scan; NULL where the name says it */
    const struct origin_advice *advice;
};

struct setting_explain_zone {
    const char *name;
    bool any; /* the zone has a setting */
    bool shadow;
    bool off_stands_in; /* nothing is advised, and `off` is written in place of it */
    enum compliance compliance;
    const struct recommendation *advice;
    size_t orders_n;
    char *const *orders;              /* of operators, a line of text each */
    const struct zone_target *target; /* what the evidence allows now */
    size_t origins_n;
    const struct setting_explain_origin *origins;
};

/* The zone, then each of its origins. */
void setting_explain_zone(FILE *to, const struct setting_explain_zone *zone,
                          const struct rule_params *params);

/* One origin by itself. */
void setting_explain_origin(FILE *to, const struct setting_explain_origin *origin,
                            const struct rule_params *params);
