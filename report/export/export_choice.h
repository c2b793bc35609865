/* From a zone's setting to what a target can say: the same, or the nearest safe one and why. Pure.
 */
#pragma once

#include "report/export/export_target.h"
#include "report/export/export_zone.h"

#define EXPORT_NOTE_SIZE 256

/* What is written for a zone or an origin. */
struct export_choice {
    enum rule_level wanted; /* by evidence, ramp and place */
    enum rule_level level;  /* what is written; NONE: nothing that complies can be said */
    bool dual;
    uint8_t groups_n;
    uint16_t groups[ZONE_GROUPS_MAX]; /* to list, in order */
    bool shares[ZONE_GROUPS_MAX];     /* whether the share of that group is sent */
    bool exact;                       /* level, variant and first share are those wanted */
    char note[EXPORT_NOTE_SIZE];      /* why not, or what to know; "" if there is nothing to say */
};

/* The zone now, at the place that the options name. Borrows from the zone. */
struct zone_place export_choice_place(const struct export_zone *zone,
                                      const struct export_options *options);

/* The setting that holds there (zone_place_setting). */
struct zone_setting export_choice_setting(const struct export_zone *zone,
                                          const struct export_options *options);

/* For the zone as a whole. */
void export_choice_zone(const struct export_zone *zone, const struct export_options *options,
                        const struct export_target *target, struct export_choice *out);

/* For an origin: that of the zone unless it is an exception. */
void export_choice_origin(const struct export_zone *zone, const struct export_origin *origin,
                          const struct export_options *options, const struct export_target *target,
                          struct export_choice *out);

/* For a setting of several zones together. */
void export_choice_setting_of(const struct zone_setting *setting, enum compliance compliance,
                              const struct export_options *options,
                              const struct export_target *target, struct export_choice *out);

/* For export_target_says. */
struct export_target_filter export_choice_filter(const struct export_target *target,
                                                 const struct export_options *options,
                                                 uint16_t hybrid);

/* The group's name as that library spells it; NULL where it does not have the group. */
const char *export_choice_name(enum export_library library, enum export_openssl openssl,
                               uint16_t group);

/* The first group whose share is sent; GROUP_NONE if there is none. */
uint16_t export_choice_first_share(const struct export_choice *choice);

#define EXPORT_LIST_SIZE (ZONE_GROUPS_MAX * (GROUP_NAME_SIZE + 2))

/* OpenSSL's group string: for 3.5 with `*` before each group whose share is sent, unless that is
 * the first one alone in a list without the hybrid; for 3.0 plain. */
char *export_choice_openssl(const struct export_choice *choice, enum export_openssl openssl,
                            char out[EXPORT_LIST_SIZE]);

/* The names with `separator` between, without shares. */
char *export_choice_list(const struct export_choice *choice, enum export_library library,
                         const char *separator, char out[EXPORT_LIST_SIZE]);
