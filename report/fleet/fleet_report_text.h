/* A report as a page for a terminal. */
#pragma once

#include "report/fleet/fleet_report.h"

#include <stdio.h>

/* At most 100 columns but for long names; bars are drawn with `#`. Names from outside are escaped.
 */
void fleet_report_text(FILE *to, const struct fleet_report *report);
