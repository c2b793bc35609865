/* The table of reasons. */
#include "report/rule/rule_reason.h"

#include "scanner/base/same_text.h"

#include <assert.h>
#include <stddef.h>

struct reason {
    const char *name;
    const char *sentence;
};

static const struct reason reasons[REASON_COUNT] = {
    [REASON_NONE] = {"", "Nothing stands in the way."},
    [REASON_NO_EVIDENCE] = {"no-evidence", "No conclusive scan has been made yet."},
    [REASON_TLS12_ONLY] = {"tls12-only",
                           "The origin speaks no TLS 1.3, and hybrid groups exist only there."},
    [REASON_NO_SUCCESS] = {"no-success",
                           "No handshake that lists the hybrid has succeeded in the window."},
    [REASON_SUPPORTED_WORKS] = {"supported-works",
                                "Listing the hybrid with a classical first share works."},
    [REASON_PREFERRED_WORKS] = {"preferred-works",
                                "The hybrid's key share in the first hello does no harm."},
    [REASON_HYBRID_IN_ONE_ROUND_TRIP] = {"hybrid-in-one-round-trip",
                                         "The origin takes the hybrid share in the first hello."},
    [REASON_STALE] = {"stale", "The last conclusive scan is too old for a move up."},
    [REASON_REPRODUCIBLE_FAILURE] = {"reproducible-failure",
                                     "A handshake failed and failed again on further tries while "
                                     "the controls worked."},
    [REASON_FAILURE_RATE] = {"failure-rate",
                             "Handshakes fail more often than the controls can explain."},
    [REASON_DIAGNOSED_FAULT] = {"diagnosed-fault",
                                "The scans diagnosed a fault that this setting would run into."},
    [REASON_DARK_AFTER_LARGE_HELLO] = {"dark-after-large-hello",
                                       "On visits of different days the origin went silent right "
                                       "after a large hello, and only then."},
    [REASON_NO_HYBRID] = {"no-hybrid", "The origin does not know the hybrid."},
    [REASON_HYBRID_NOT_CHOSEN] = {"hybrid-not-chosen",
                                  "The origin does not pick the hybrid when it is offered, so that "
                                  "its share would only cost a retry."},
    [REASON_HOLD_DOWN] = {"hold-down", "A recent demotion keeps it from moving up."},
    [REASON_PINNED_AFTER_DEMOTIONS] = {"pinned-after-demotions",
                                       "Too many demotions: it stays where it is until an operator "
                                       "releases it."},
    [REASON_NEEDS_MORE_DAYS] = {"needs-more-days",
                                "It has not worked on enough different days yet."},
    [REASON_NEEDS_MORE_TRIALS] = {"needs-more-trials", "It has not been tried often enough yet."},
    [REASON_FAILURE_BOUND] = {"failure-bound",
                              "The upper bound of its failure rate is not low enough yet."},
    [REASON_ABOVE_CONTROL] = {"above-control", "It fails more often than the controls do."},
    [REASON_ADDRESS_COVERAGE] = {"address-coverage",
                                 "Not every known address has been tried often enough yet."},
    [REASON_TOO_MANY_ADDRESSES] = {"too-many-addresses",
                                   "The name has more addresses than can be proven one by one."},
    [REASON_NEEDS_DUAL_TRIALS] = {"needs-dual-trials",
                                  "The hybrid's key share has not been tried often enough together "
                                  "with this classical one."},
    [REASON_DUAL_BREAKS] = {"dual-breaks", "The hybrid's key share failed together with this "
                                           "classical one."},
    [REASON_SHARE_BREAKS] = {"share-breaks", "This classical first share fails, or is not known to "
                                             "work where another one was refused."},
    [REASON_VERDICT] = {"verdict", "The scan's verdict allows no more."},
    [REASON_HYBRID_AFTER_RETRY] = {"hybrid-after-retry",
                                   "The origin takes the hybrid after a retry, not in the first "
                                   "hello."},
    [REASON_HYBRID_TOLERATED] = {"hybrid-tolerated",
                                 "Listing the hybrid does no harm, although the origin "
                                 "does not choose it."},
    [REASON_HYBRID_BREAKS] = {"hybrid-breaks", "Handshakes that list the hybrid fail."},
    [REASON_NO_SHARE_WORKS] = {"no-share-works", "No classical first share was seen to work."},
    [REASON_CONTROL_FAILED] = {"control-failed",
                               "A control probe failed, so the scan proves nothing."},
    [REASON_NO_ORIGINS] = {"no-origins", "The zone has no origin that carries weight."},
    [REASON_MIXED_ORIGINS] =
        {"mixed-origins",
         "No single setting suits all origins of the zone as well as one of its own suits each."},
    [REASON_COMPLIANCE] = {"compliance", "Nothing that is proven satisfies the compliance filter."},
    [REASON_OPERATOR_PIN] = {"operator-pin", "An operator pinned this setting."},
    [REASON_OPERATOR_DENY] = {"operator-deny", "An operator denied the higher setting."},
    [REASON_FROZEN] = {"frozen", "An operator froze the setting."},
    [REASON_BRAKE] = {"brake", "The global brake is on, so no setting moves."},
    [REASON_UPWARD_BUDGET] = {"upward-budget", "As many zones as may move up today have done so."},
    [REASON_STAGE_TIME] = {"stage-time",
                           "The current stage of the ramp has not lasted long enough yet."},
    [REASON_WAITS_FOR_EVIDENCE] =
        {"waits-for-evidence",
         "The current evidence of at least one origin does not allow this move."},
    [REASON_NO_FEEDBACK] =
        {"no-feedback",
         "The ramp goes no further without feedback from canary traffic (or blind_ramp)."},
    [REASON_FEEDBACK_UNCLEAR] = {"feedback-unclear",
                                 "The canary fails a little more often than the control arm."},
    [REASON_FEEDBACK_FAILURES] = {"feedback-failures",
                                  "The canary failed far more often than the control arm."},
    [REASON_FEEDBACK_RETRIES] = {"feedback-retries",
                                 "The canary needed far more retries than the control arm."},
};

const char *rule_reason_name(enum rule_reason reason) {
    assert(reason < REASON_COUNT);
    return reasons[reason].name;
}

bool rule_reason_parse(const char *name, enum rule_reason *out) {
    for (size_t i = 0; i < REASON_COUNT; i++) {
        if (same_text(reasons[i].name, name)) {
            *out = (enum rule_reason)i;
            return true;
        }
    }
    return false;
}

const char *rule_reason_sentence(enum rule_reason reason) {
    assert(reason < REASON_COUNT);
    return reasons[reason].sentence;
}
