/* A report as a page for a terminal. */
#pragma once

#include "report/view/share_report.h"

#include <stdio.h>

/* At most 100 columns but for long names; bars are drawn with `#`. Names from outside are escaped.
 */
void share_report_text(FILE *to, const struct share_report *report);
