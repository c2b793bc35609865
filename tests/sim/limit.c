/* Checking figures. */
#include "tests/sim/limit.h"

#include <stdio.h>

static bool broken;

void limit_check(const char *where, const char *what, double value, double max) {
    if (value <= max)
        return;
    broken = true;
    fprintf(stderr, "LIMIT %s: %s is %g, allowed %g\n", where, what, value, max);
}

bool limit_was_broken(void) {
    return broken;
}
