/* Why a scan was judged as it was: the evidence probe by probe, the contrast between probes that
 * decides each verdict, and what to change on which kind of product. */
#pragma once

#include "scanner/judge/verdict.h"

#include <stdio.h>

/* Prints all of it: whose scan this is and when it was made, the evidence, what of it was heard too
 * late to count, the verdicts, an empty line. */
void explain_scan(FILE *to, const struct scan *scan, const struct judgement *judgement);

/* Prints the evidence, a line or two for each probe in the order in which they were sent. */
void explain_evidence(FILE *to, const struct scan *scan);

/* Prints for each verdict that holds which probes decide it and where to look. */
void explain_verdicts(FILE *to, const struct scan *scan, const struct judgement *judgement);
