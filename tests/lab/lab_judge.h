/* What a correct scanner makes of what it sees of an origin, by the contract and not by the scanner's code. */
#pragma once

#include "lab_foresee.h"

enum { LAB_JUDGE_SHAPES = 24, LAB_JUDGE_ASKED = 6 };

/* The groups in question. */
extern const uint16_t lab_judge_asked[LAB_JUDGE_ASKED];

struct lab_judged {
    struct lab_sight seen[LAB_JUDGE_SHAPES];
    struct lab_sight confirm; /* no outcome where there is no share to prove */
    struct lab_sight other;   /* the repeated `only-other`; no outcome where it is not repeated */
    bool forgets;             /* seen without ALPN, which says nothing about proxies that send it */
    bool moody; /* some connections are treated otherwise: no forecast for a single probe */
    bool daily_differs, any_differs; /* from a sound origin of the same profile */
    int groups[LAB_JUDGE_ASKED];     /* 1, 0, -1 unknown, -2 not determined */
    const char *order;
    uint16_t preferred;
    const char *status;         /* NULL where the behaviour does not determine it */
    const char *verdict, *full; /* of the daily plan with its drill-down, and of the full plan */
    bool only_if_first;
    int connections; /* 0: something fails, or it is not determined */
};

void lab_judge_entry(const struct lab_entry *entry, struct lab_judged *out);

bool lab_judge_saw(const struct lab_sight *seen, const char *outcome);

/* Whether the scan gets as far as to the probe of that index. */
bool lab_judge_sends(const struct lab_judged *truth, size_t shape);

/* Whether a handshake with the group that answers `preferred-dual` finishes. */
bool lab_judge_finishes_dual(const struct lab_judged *truth);

/* Whether the second hello of `supported` is what failed. */
bool lab_judge_second_fails(const struct lab_judged *truth);
