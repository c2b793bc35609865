/* What a scan comes to, in the phrases that its text and its page share. Pure. */
#pragma once

#include "scanner/judge/verdict.h"

#include <stdbool.h>
#include <stdio.h>

struct certificate;

/* Good, worth a look, broken. */
enum scan_mood { SCAN_MOOD_GOOD, SCAN_MOOD_FAIR, SCAN_MOOD_BAD };
enum scan_mood scan_phrases_mood(enum verdict verdict);

/* The probe that stands for a mode; NULL if it was not sent. */
const struct probe_result *
scan_phrases_mode_probe(const struct scan *scan, const struct judgement *judgement, enum mode mode);

/* The size of a probe's hello, and of its second one; nothing where none was sent. */
void scan_phrases_write_hello(FILE *to, const struct probe_result *result);

/* What a mode that worked does not show by itself; NULL for nothing. */
const char *scan_phrases_reservation(const struct judgement *judgement,
                                     const struct probe_result *result, enum mode mode);

/* What was really tried: the longest hellos, resumption, the address. */
void scan_phrases_write_tried(FILE *to, const struct scan *scan, const struct judgement *judgement);

/* Between which two sizes hellos fail; false, and nothing written, where size is not what they fail for. */
bool scan_phrases_write_limit(FILE *to, const struct scan *scan, const struct judgement *judgement);

/* What a client that verifies has against the certificate, as far as it shows itself; false, and nothing written,
 * for nothing. */
bool scan_phrases_write_objections(FILE *to, const struct scan *scan,
                                   const struct certificate *certificate);
