/* What the kernel counts about this process (Linux: /proc/self). */
#pragma once

#include <stdbool.h>

struct metrics_process {
    double cpu_seconds;
    double resident_bytes;
    double virtual_bytes;
    double open_fds;
    double max_fds;
    double start_seconds; /* since 1970 */
};

/* False where /proc is not there. */
bool metrics_process_read(struct metrics_process *out);
