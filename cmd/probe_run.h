/* Runs the scans of `originscan probe`. */
#pragma once

#include "cmd/probe_options.h"

/* Reads one of the texts; on false `err` says what is wrong with it. A million texts take far less
 * memory than a million origins, so each is read when its turn comes. */
bool probe_run_origin(const struct probe_options *run, const char *text, struct origin *out,
                      struct err *err);

/* Returns the exit status: 0 every origin measured, 1 some not, 2 where it could not begin, 3 an origin has a verdict
 * of `fail_on`. */
int probe_run(const struct probe_options *run);
