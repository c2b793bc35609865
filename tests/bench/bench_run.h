/* What the two programs of the comparison share: their options, whom they dial, how CPU time and
 * memory are measured and printed. */
#pragma once

#include "scanner/words/origin.h"

#include <stdint.h>

struct bench_run {
    uint32_t scans;
    uint32_t concurrency;
    uint16_t port;
    struct in_addr first; /* the first origin's address */
    uint32_t origins;     /* how many addresses in a row; scan n goes to origin n mod origins */
    uint16_t mss;
    const char *sni; /* the same for all */
};

/* Reads the command line; wrong usage ends the program with 2. Raises the limit of descriptors as
 * far as it goes; fewer than the concurrency needs end the program. */
void bench_run_options(struct bench_run *run, int argc, char **argv, const char *what);

/* Where scan number n goes. */
void bench_run_address(const struct bench_run *run, uint32_t n, struct sockaddr_in *out);

/* Starts and ends the measured part. The end prints one line of JSON: CPU time of this process, in
 * user and in system mode, wall time, and the peak of resident memory since the program began. */
void bench_run_begin(void);
void bench_run_end(const struct bench_run *run, uint32_t connections);
