/* How much of a simulation is run. */
#pragma once

/* N of the option `--sample N`, 1 without it; with anything else behind the option the program ends,
 * status 2. */
unsigned sample_divisor(int argc, char **argv);
