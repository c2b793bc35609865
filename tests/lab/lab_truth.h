/* What a correct scanner finds at each address of a table, worked out from the rules of the
 * behaviours without a connection. */
#pragma once

#include "lab_table.h"

#include <stdio.h>

/* One JSON line for each address of each line's block. README.md explains the fields. */
void lab_truth_print(const struct lab_table *table, FILE *out);
