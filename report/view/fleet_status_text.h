/* How things stand, in one screen of a terminal: at most 24 lines of 100 columns but for long names. */
#pragma once

#include "report/view/fleet_status.h"

#include <stdio.h>

/* Names from outside are escaped. */
void fleet_status_text(FILE *to, const struct fleet_status *status);
