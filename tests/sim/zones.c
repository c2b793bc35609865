/* The simulation of zones of several origins: what the choice of a zone reaches against an oracle that
 * knows the truth, and what it breaks where networks are faulty. Prints both tables and fails if a
 * figure is outside its limit. Seeds are fixed: the figures are the same on every run. With --losses it
 * also prints each zone that could have more. `--sample N` takes the first Nth of the zones, under the same
 * limits. */
#include "tests/sim/limit.h"
#include "tests/sim/sample.h"
#include "tests/sim/zone_faults.h"
#include "tests/sim/zone_value.h"

#include <string.h>

int main(int argc, char **argv) {
    unsigned divisor = sample_divisor(argc, argv);
    zone_value_simulate(divisor, argc > 1 && strcmp(argv[1], "--losses") == 0);
    zone_faults_simulate(divisor);
    return limit_was_broken() ? 1 : 0;
}
