/* Scans for tests of the decision rule, built from one letter each. */
#pragma once

#include "report/rule/origin_rule.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_DAY_MS INT64_C(86400000)

static inline struct rule_trial history_works(uint16_t group) {
    return (struct rule_trial){.tries = 1, .works = true, .group = group};
}

/* A healthy visit to an origin that picks the hybrid. */
static inline struct observation history_good(int64_t time_ms) {
    struct observation scan = {.time_ms = time_ms,
                               .address = 1,
                               .kind = KIND_EXTRA,
                               .conclusive = true,
                               .tls13 = true,
                               .hybrid_known = true,
                               .controls = 2,
                               .ceiling = LEVEL_PREFERRED};
    for (unsigned m = MODE_SUPPORTED; m < MODE_COUNT; m++)
        scan.trials[m] = history_works(GROUP_X25519MLKEM768);
    scan.trials[MODE_SUPPORTED].retry = true;
    scan.shares[CLASSICAL_X25519] = SHARE_ACCEPTED;
    scan.confirmed[CLASSICAL_X25519] = true;
    return scan;
}

/* What each letter means:
 *   g good                          d good, the daily scan              a good, on another address
 *   f preferred fails once, redial works          F supported the same
 *   R preferred fails reproducibly                S supported the same
 *   B both fail reproducibly                      D preferred-dual fails reproducibly
 *   w preferred-dual fails once, redial works
 *   h preferred fails, its redial too (not confirmed yet)
 *   x confirming visit: preferred fails twice     y confirming visit: preferred works
 *   k a control failed once                       i inconclusive, everything failed
 *   s went silent after a large hello             e went silent elsewhere
 *   c no hybrid: ends classical                   n hybrid known, not chosen
 *   t TLS 1.2                                     o a fault whose safe setting is off
 *   u a fault whose safe setting is supported     L an operator releases the origin */
static inline struct observation history_scan(char letter, int64_t time_ms) {
    struct observation scan = history_good(time_ms);
    const struct rule_trial once = {.tries = 2, .failed = 1, .works = true};
    const struct rule_trial twice = {.tries = 2, .failed = 2};
    const struct rule_trial broken = {.tries = 4, .failed = 4};
    struct rule_trial *preferred = &scan.trials[MODE_PREFERRED];
    struct rule_trial *supported = &scan.trials[MODE_SUPPORTED];
    switch (letter) {
    case 'g':
        break;
    case 'd':
        scan.kind = KIND_DAILY;
        break;
    case 'a':
        scan.address = 2;
        break;
    case 'f':
        *preferred = once;
        break;
    case 'F':
        *supported = once;
        break;
    case 'R':
        *preferred = broken;
        break;
    case 'S':
        *supported = broken;
        break;
    case 'B':
        *preferred = *supported = broken;
        break;
    case 'D':
        scan.trials[MODE_PREFERRED_DUAL] = broken;
        break;
    case 'w':
        scan.trials[MODE_PREFERRED_DUAL] = once;
        break;
    case 'h':
        *preferred = twice;
        break;
    case 'x':
        scan.kind = KIND_CONFIRM;
        *preferred = twice;
        break;
    case 'y':
        scan.kind = KIND_CONFIRM;
        break;
    case 'k':
        scan.controls_failed = 1;
        break;
    case 'i':
        scan.conclusive = false;
        *preferred = *supported = broken;
        break;
    case 's':
    case 'e':
        scan.conclusive = false;
        scan.silence = letter == 's' ? SILENCE_AFTER_LARGE : SILENCE_ELSEWHERE;
        break;
    case 'c':
    case 'n':
        scan.hybrid_known = letter == 'n';
        for (unsigned m = MODE_SUPPORTED; m < MODE_COUNT; m++)
            scan.trials[m] = history_works(GROUP_X25519);
        break;
    case 't':
        scan.tls13 = false;
        break;
    case 'o':
        scan.ceiling = LEVEL_OFF;
        break;
    case 'u':
        scan.ceiling = LEVEL_SUPPORTED;
        break;
    case 'L':
        scan.kind = KIND_RELEASE;
        break;
    default:
        abort(); /* no such letter */
    }
    return scan;
}

/* Plays a script from midnight of `day` on and returns the day after its last. Words are days: a
 * run of letters, each with an optional count before it ("7gR": seven good visits and a failure);
 * "5*8g" repeats the day, "-3" lets days pass. */
static inline int32_t history_play(struct origin_state *state, const struct rule_params *params,
                                   int32_t day, const char *script) {
    char copy[256];
    assert(strlen(script) < sizeof copy);
    strcpy(copy, script);
    char *rest = NULL;
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (*word == '-') {
            day += (int32_t)strtol(word + 1, NULL, 10);
            continue;
        }
        char *star = strchr(word, '*');
        long days = star ? strtol(word, NULL, 10) : 1;
        for (long i = 0; i < days; i++, day++) {
            int64_t time_ms = day * HISTORY_DAY_MS;
            for (char *c = star ? star + 1 : word; *c; c++) {
                long count = 1;
                if (*c >= '0' && *c <= '9')
                    count = strtol(c, &c, 10);
                for (long k = 0; k < count; k++, time_ms += 60000) {
                    struct observation scan = history_scan(*c, time_ms);
                    origin_rule_step(state, params, &scan);
                }
            }
        }
    }
    return day;
}
