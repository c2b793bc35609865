/* Comments that tell a person what a zone's setting is, why, and what the target makes of it. */
#pragma once

#include "report/export/export_format.h"

/* The lines before a zone's own: setting, reason and evidence, ramp, notes. */
void export_remark_zone(const struct export_render *render, const struct export_zone *zone,
                        const struct export_choice *choice);

/* A line that says what is written for an origin that is an exception; its host is a host name. */
void export_remark_exception(const struct export_render *render, const struct export_origin *origin,
                             const struct export_choice *choice, const char *indent);

/* A line for each exception of the zone, for targets that cannot give it a setting of its own. */
void export_remark_exceptions(const struct export_render *render, const struct export_zone *zone);

/* A line that says that an origin's host or fixed address is none, so that it is left out. */
void export_remark_left_out(const struct export_render *render, const struct export_origin *origin);

/* "preferred single, first share X25519MLKEM768", "off, first share P-256", "none". */
#define EXPORT_REMARK_SETTING_SIZE 128
char *export_remark_setting(const struct export_choice *choice,
                            char out[EXPORT_REMARK_SETTING_SIZE]);

/* All of it in one line without the zone's name, for formats that have a field for it. */
#define EXPORT_REMARK_TEXT_SIZE 800
char *export_remark_text(const struct export_render *render, const struct export_zone *zone,
                         const struct export_choice *choice, char out[EXPORT_REMARK_TEXT_SIZE]);

/* Writes what a target takes of one setting under that name. */
typedef void export_remark_put(const struct export_render *render, const char *name,
                               const struct export_choice *choice);

/* For targets that name settings: the zone and each of its exceptions, a remark before what `put`
 * writes. Nothing is put where nothing is advised. */
void export_remark_each(const struct export_render *render, const struct export_zone *zone,
                        const struct export_choice *choice, export_remark_put *put);
