/* Why a setting is what it is, and why it is not higher. Stored and exported by name. */
#pragma once

#include <stdbool.h>

/* Why a setting is what it is (reason), or why it is not higher (blocker). */
enum rule_reason {
    REASON_NONE, /* nothing stands in the way */
    /* of an origin: what it is */
    REASON_NO_EVIDENCE,
    REASON_TLS12_ONLY,
    REASON_NO_SUCCESS,
    REASON_SUPPORTED_WORKS,
    REASON_PREFERRED_WORKS,
    REASON_HYBRID_IN_ONE_ROUND_TRIP,
    REASON_STALE,
    /* of an origin: what pulled it down, or holds it */
    REASON_REPRODUCIBLE_FAILURE,
    REASON_FAILURE_RATE,
    REASON_DIAGNOSED_FAULT,
    REASON_DARK_AFTER_LARGE_HELLO,
    REASON_NO_HYBRID,
    REASON_HYBRID_NOT_CHOSEN,
    REASON_HOLD_DOWN,
    REASON_PINNED_AFTER_DEMOTIONS,
    REASON_NEEDS_MORE_DAYS,
    REASON_NEEDS_MORE_TRIALS,
    REASON_FAILURE_BOUND,
    REASON_ABOVE_CONTROL,
    REASON_ADDRESS_COVERAGE,
    REASON_TOO_MANY_ADDRESSES,
    REASON_NEEDS_DUAL_TRIALS,
    REASON_DUAL_BREAKS,
    REASON_SHARE_BREAKS,
    /* of one scan by itself, as `probe` prints it */
    REASON_VERDICT, /* its verdict allows no more: that verdict's name is printed */
    REASON_HYBRID_AFTER_RETRY,
    REASON_HYBRID_TOLERATED,
    REASON_HYBRID_BREAKS,
    REASON_NO_SHARE_WORKS,
    REASON_CONTROL_FAILED,
    /* of a zone */
    REASON_NO_ORIGINS,
    REASON_MIXED_ORIGINS,
    REASON_COMPLIANCE,
    REASON_OPERATOR_PIN,
    REASON_OPERATOR_DENY,
    REASON_FROZEN,
    REASON_BRAKE,
    REASON_UPWARD_BUDGET,
    REASON_STAGE_TIME,
    REASON_WAITS_FOR_EVIDENCE,
    REASON_NO_FEEDBACK,
    REASON_FEEDBACK_UNCLEAR,
    REASON_FEEDBACK_FAILURES,
    REASON_FEEDBACK_RETRIES,
    REASON_COUNT
};

/* "hybrid-in-one-round-trip" and so on; "" for REASON_NONE. */
const char *rule_reason_name(enum rule_reason reason);
bool rule_reason_parse(const char *name, enum rule_reason *out);

/* One sentence for a person, without the numbers (the advice has those). */
const char *rule_reason_sentence(enum rule_reason reason);
