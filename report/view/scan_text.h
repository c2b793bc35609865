/* A finished scan as a person reads it: groups, four modes, failures, verdict, what to do. */
#pragma once

#include "scanner/judge/verdict.h"

#include <stdbool.h>
#include <stdio.h>

struct scan_text_options {
    bool color;   /* ANSI colours */
    bool explain; /* every probe with its numbers */
};

/* Prints one scan, an empty line at its end. */
void scan_text_print(FILE *to, const struct scan *scan, const struct judgement *judgement,
                     const struct scan_text_options *options);
