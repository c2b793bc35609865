/* A change as the store has it, as the row from which lines are made (change_line.h). The store and the reports know
 * nothing of each other, so each has a type of its own; this is the only place that knows both. */
#pragma once

#include "report/fleet/change_line.h"

struct store_change;

/* The texts stay the change's. */
struct change_row stored_change_row(const struct store_change *change);
