/* What one scan says about groups, order and modes. Pure. What was not shown is not known: a group is false only
 * where it was refused and the manner of asking is proven good (docs/diagnosis.md, "How answers are read"). */
#pragma once

#include "scanner/judge/judgement.h"
#include "scanner/visit/scan.h"

/* Fills everything but the verdicts and their flags. */
void scan_facts_read(const struct scan *scan, struct judgement *out);
