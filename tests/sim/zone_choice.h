/* What a zone's choice is measured by: an oracle that knows the truth, and the rule of before. */
#pragma once

#include "report/zone/zone_target.h"
#include "tests/sim/population.h"

/* What truly comes of each candidate for the zone's traffic. */
struct zone_truth {
    bool works[CANDIDATE_COUNT]; /* no origin fails on it */
    bool tolerated
        [CANDIDATE_COUNT]; /* the same, and it is not above the safe setting of any origin's
                                        fault: retries that break bar all but `off`, even where a hello
                                        would need none */
    struct candidate_sum sums[CANDIDATE_COUNT];
    bool all_tls12;
};

void zone_choice_truth(const struct population_zone *zone, struct zone_truth *out);

/* The best of the allowed candidates (`works` or `tolerated`), by brute force; CANDIDATE_NONE if there
 * is none. A zone of TLS 1.2 alone is `off`. */
unsigned zone_choice_oracle(const struct zone_truth *truth, const bool allowed[CANDIDATE_COUNT],
                            double retry_price);

/* The rule of before zones were weighed: the lowest level that any origin would have alone; below
 * `preferred` with the classical share that the most weight accepts and no origin fails on, else with
 * the hybrid's share alone. CANDIDATE_NONE for no advice. */
unsigned zone_choice_before(const struct zone_origin *origins, size_t origins_n);
