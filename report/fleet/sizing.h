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

/* Connections a second that a whole visit a period of each origin takes; 0 for a period that is none. The
 * only place that says how many connections a visit is: the daily plan's, without what a single origin
 * asks for at times (a confirmation, a resumption, drill-down). */
double sizing_connections(uint64_t origins, int64_t period_ms);

/* Bytes on disk once each origin has that many scans. */
double sizing_disk(uint64_t origins, unsigned keep_scans);

/* Writes the table of `db sizing`. */
void sizing_write(FILE *to, uint64_t origins, unsigned keep_scans);
