/* Whether an origin may be written into a configuration as it is. */
#pragma once

#include "report/export/export_zone.h"

/* Host and fixed address are what import makes of them. The database may have been written by others:
 * an origin that is not sound is left out, and said so (export_remark_left_out). An SNI that is none
 * is left out alone. */
bool export_origin_is_sound(const struct export_origin *origin);

/* What is dialled: the fixed address, else the host. */
const char *export_origin_dialled(const struct export_origin *origin);
