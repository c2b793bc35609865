/* What one probe sent and what came back, in plain words and with the numbers. */
#pragma once

#include "scanner/probe/probe_result.h"

#include <stdio.h>

/* All of it, on one line: "1434 B in 2 segments; silence on the first hello for 2001.5 ms, twice,
 * every segment was acknowledged". */
void probe_words_print(FILE *to, const struct probe_result *result);

/* How it ended, for a line that says the rest: "alert 40 handshake_failure on the second hello". */
void probe_words_print_failure(FILE *to, const struct probe_result *result);

/* As one names it in an argument: "`split` passed (248 B in 2 segments)". */
void probe_words_cite(FILE *to, const struct probe_result *result);
