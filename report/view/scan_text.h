/* A finished scan as a person reads it: verdict and what to do first, then groups, four modes, failures. */
#pragma once

#include "scanner/judge/verdict.h"

#include <stdbool.h>
#include <stdio.h>

struct certificate;

struct scan_text_options {
    bool color;          /* ANSI colours */
    bool explain;        /* every probe with its numbers */
    const char *version; /* of the program; NULL: not said */
    const char *source;  /* the address from which it was scanned; NULL or "": not said */
    const struct certificate *certificate; /* that the control was shown; NULL: not said */
};

/* Prints one scan, an empty line at its end. */
void scan_text_print(FILE *to, const struct scan *scan, const struct judgement *judgement,
                     const struct scan_text_options *options);
