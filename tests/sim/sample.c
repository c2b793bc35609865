/* The option of the simulations. */
#include "tests/sim/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned sample_divisor(int argc, char **argv) {
    if (argc < 3 || strcmp(argv[1], "--sample") != 0)
        return 1;
    long divisor = strtol(argv[2], NULL, 10);
    if (divisor >= 1 && divisor <= 20)
        return (unsigned)divisor;
    fprintf(stderr, "--sample %s: give a number from 1 to 20\n", argv[2]);
    exit(2);
}
