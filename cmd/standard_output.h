/* Standard output as a whole: what could not be written ends no command as if it were. */
#pragma once

#include <stdbool.h>

/* To be called once, first: when the process ends, by whatever way, and something of its output could
 * not be written, the reason is printed on standard error and the exit status is 1. A reader that
 * went away (`| head`) knows why: then nothing is said and the status stays. */
void standard_output_watch(void);

/* Writes what is buffered; false if any of the output could not be written. For commands that end
 * early then. */
bool standard_output_flush(void);

/* The command has said itself that its output is not whole. */
void standard_output_told(void);
