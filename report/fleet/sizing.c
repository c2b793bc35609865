/* Sums over the figures of BENCHMARKS.md. */
#include "report/fleet/sizing.h"

#include "scanner/base/duration.h"

#include <inttypes.h>
#include <stdbool.h>

/* Measured: BENCHMARKS.md, "What the daemon costs", each origin a zone of its own. */
#define VISIT_CPU_S 1.507e-3  /* first scan: claim, probe, judge, commit, start and end */
#define SETTLE_CPU_S 23.9e-6  /* a zone, after each visit */
#define FIRST_SCAN_BYTES 1005 /* an origin with its first scan and what the rule remembers */
#define NEXT_SCAN_BYTES 368
#define MEMORY_KIB 37024 /* 1,000 scans in flight, 1,000,000 origins not due */
#define IN_FLIGHT_KIB 49 /* the most expensive scan in flight */
#define IN_FLIGHT_MEASURED 1000
#define IN_FLIGHT_DEFAULT 2000 /* max_in_flight */

/* The daily plan; short visits make fewer, some visits one or two more. Measured: 44,000 in 4,000. */
#define CONNECTIONS_A_VISIT 11

/* docs/decision-rule.md: settled, and while settings are earned. */
#define VISITS_LEAST 1.0
#define VISITS_MOST 4.7

#define RATE_DEFAULT 200

double sizing_connections(uint64_t origins, int64_t period_ms) {
    return period_ms > 0 ? (double)origins * CONNECTIONS_A_VISIT * 1000 / (double)period_ms : 0;
}

struct sizing sizing_of(uint64_t origins, double visits_a_day) {
    double visits = (double)origins * visits_a_day * 1000 / DAY_MS;
    return (struct sizing){.visits_a_second = visits,
                           .connections_a_second =
                               visits_a_day * sizing_connections(origins, DAY_MS),
                           .cores = visits * (VISIT_CPU_S + SETTLE_CPU_S)};
}

double sizing_disk(uint64_t origins, unsigned keep_scans) {
    unsigned further = keep_scans > 1 ? keep_scans - 1 : 0;
    return (double)origins * (FIRST_SCAN_BYTES + (double)NEXT_SCAN_BYTES * further);
}

/* Half as much again as is needed, in steps of 50. */
static unsigned long advise_rate(double connections) {
    double rate = connections * 1.5;
    unsigned long steps = (unsigned long)(rate / 50) + 1;
    return 50 * steps;
}

static void write_disk(FILE *to, uint64_t origins, unsigned keep_scans) {
    double bytes = sizing_disk(origins, keep_scans);
    bool large = bytes >= 1e9;
    fprintf(to,
            "disk                  %.1f %s when each has its %u scans (keep_scans), %d bytes the "
            "first, %d each further one\n",
            bytes / (large ? 1e9 : 1e6), large ? "GB" : "MB", keep_scans, FIRST_SCAN_BYTES,
            NEXT_SCAN_BYTES);
}

static void write_rate(FILE *to, double connections) {
    if (connections * 1.5 <= RATE_DEFAULT)
        fprintf(to, "rate                  the default, %d connections a second, is enough\n",
                RATE_DEFAULT);
    else
        fprintf(
            to,
            "rate                  set rate = %lu: half as much again as is needed; the default is "
            "%d\n",
            advise_rate(connections), RATE_DEFAULT);
}

void sizing_write(FILE *to, uint64_t origins, unsigned keep_scans) {
    struct sizing least = sizing_of(origins, VISITS_LEAST), most = sizing_of(origins, VISITS_MOST);
    const int memory_mib =
        (MEMORY_KIB + (IN_FLIGHT_DEFAULT - IN_FLIGHT_MEASURED) * IN_FLIGHT_KIB) / 1024;
    fprintf(to, "%" PRIu64 " origins, period 24 hours\n\n", origins);
    fprintf(to, "                      a visit a day   %.1f a day, while settings are earned\n",
            VISITS_MOST);
    fprintf(to, "visits a second       %-15.1f %.1f\n", least.visits_a_second,
            most.visits_a_second);
    fprintf(to, "connections a second  %-15.0f %.0f, at %d a visit\n", least.connections_a_second,
            most.connections_a_second, CONNECTIONS_A_VISIT);
    fprintf(to, "cores                 %-15.3f %.3f, at %.2f ms of CPU a visit\n\n", least.cores,
            most.cores, (VISIT_CPU_S + SETTLE_CPU_S) * 1e3);
    write_rate(to, most.connections_a_second);
    write_disk(to, origins, keep_scans);
    fprintf(
        to,
        "memory                %d MiB at most with %d visits in flight (max_in_flight), however "
        "many origins\n\n",
        memory_mib, IN_FLIGHT_DEFAULT);
    fputs(
        "Computed from figures measured on one core of a virtual Intel Xeon, each origin a zone of "
        "its own; see\nBENCHMARKS.md, \"What the daemon costs\". Slow origins and names to resolve "
        "take time, not cores. One process\nprobes with one core.\n",
        to);
}
