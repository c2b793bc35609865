/* The limits of a simulation. */
#pragma once

#include <stdbool.h>

/* Says so on standard error if the value is above its limit. */
void limit_check(const char *where, const char *what, double value, double max);

/* Whether any was. */
bool limit_was_broken(void);
