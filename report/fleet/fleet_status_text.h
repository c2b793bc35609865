/* How things stand, in one screen of a terminal: at most 24 lines of 100 columns but for long names. Made from the
 * document of the report (fleet_report_json.h), which a daemon sends, too. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Names from outside are escaped; members that are not there count as nothing. */
void fleet_status_text(FILE *to, const json_t *document);

/* Whether somebody has to look: a zone is in need, the brake is on, or the scanner lags behind or is too slow. */
bool fleet_status_text_calls(const json_t *document);
