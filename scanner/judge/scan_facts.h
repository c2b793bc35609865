/* What one scan says about groups, order and modes. Pure. What was not shown is not known: a group is false only
 * where it was refused and the manner of asking is proven good (docs/diagnosis.md, "How answers are read"). */
#pragma once

#include "scanner/judge/judgement.h"
#include "scanner/visit/scan.h"

/* Fills everything but the verdicts and their flags. */
void scan_facts_read(const struct scan *scan, struct judgement *out);

/* From which probe on, by its place, everything ended without an answer; probes_n where the last one had
 * an answer. */
size_t scan_facts_first_dark(const struct scan *scan);

/* One of its hellos was longer than any without a post-quantum share. */
bool scan_facts_is_large(const struct probe_result *result);
