/* The first half of the simulation of zones: what their settings reach and cost in sound networks,
 * against an oracle and the rule of before. */
#pragma once

#include <stdbool.h>

/* Prints the table and checks its limits. Of 20,000 zones the first
 * `divisor`th is simulated. `losses`: also each zone that an oracle would have given
 * something better, for whoever has to find out why. */
void zone_value_simulate(unsigned divisor, bool losses);
