/* The boldest setting that each verdict leaves: the one table that both the advice of a single scan
 * and the decision rule look at. Pure. */
#pragma once

#include "report/rule/rule_level.h"
#include "scanner/judge/verdict.h"

/* NONE: the scan is no ground for any advice. PREFERRED: the verdict limits nothing. Every verdict
 * has its row; one without does not compile. */
enum rule_level safe_level_of(enum verdict verdict);

/* The least of all verdicts that hold, and in *why the first in the table's order that says so
 * (VERDICT_COUNT if nothing limits). */
enum rule_level safe_level_all(const struct judgement *judgement, enum verdict *why);

/* The same over the faults alone, those which an origin may grow or lose: what a sound origin is,
 * the rule sees for itself. Never NONE. */
enum rule_level safe_level_faults(const struct judgement *judgement);
