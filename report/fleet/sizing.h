/* What a number of origins asks of a machine, from the figures measured in BENCHMARKS.md. Pure. */
#pragma once

#include <stdint.h>
#include <stdio.h>

/* What the origins are visited for: the least and the most that the careful profile was seen to need. */
struct sizing {
    double visits_a_second;
    double connections_a_second; /* if every visit were a whole one */
    double cores;
};
struct sizing sizing_of(uint64_t origins, double visits_a_day);

/* Bytes on disk once each origin has that many scans. */
double sizing_disk(uint64_t origins, unsigned keep_scans);

/* Writes the table of `db sizing`. */
void sizing_write(FILE *to, uint64_t origins, unsigned keep_scans);
