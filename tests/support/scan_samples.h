/* A few telling scans with all their numbers filled in, for texts and documents made of scans. */
#pragma once

#include "tests/support/scan_words.h"

#define SCAN_SAMPLES 24

/* Fills in that sample, 0 … SCAN_SAMPLES-1, and returns what it is, such as "modern". */
const char *scan_samples_get(size_t number, struct scan_words *out);
