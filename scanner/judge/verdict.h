/* From what the probes of one scan saw to what it means: groups, modes, order, verdicts, flags.
 * Pure: the same scan always gives the same judgement, so that stored scans can be judged again. */
#pragma once

#include "scanner/judge/judgement.h"
#include "scanner/visit/scan.h"

/* Judges a finished scan. */
void verdict_judge(const struct scan *scan, struct judgement *out);

/* True if that verdict holds. */
bool verdict_holds(const struct judgement *judgement, enum verdict verdict);
