/* From a judged scan to what the decision rule needs to know of the visit. Pure.
 *
 * The controls are `classical` and `closing`. `confirm` stands in for a `classical` that died of a
 * retry, and `preferred` for one that was refused by an alert (an origin with nothing but the
 * hybrid): these are the origin's nature and no trouble of the moment. And `closing` is no control
 * of an origin that is not known to take X25519, the only group that it offers: its first try may
 * then end abruptly every time. An alert to `closing` is an answer: TLS 1.2 with an ECDSA
 * certificate gives it for want of P-256. */
#pragma once

#include "report/rule/observation.h"
#include "report/rule/rule_params.h"
#include "scanner/judge/verdict.h"

/* By profile `fast`, a scan of an origin that answers now so, now so is not conclusive: one scan
 * must not decide by half of what it saw; many may count it. `kind` is KIND_DAILY or KIND_EXTRA by
 * the plan; the caller, who knows the history, tells which extra visits confirm a failure. */
void observe(const struct scan *scan, const struct judgement *judgement, enum rule_profile profile,
             struct observation *out);

/* For a quick scan beside which no longer one is made: `supported` is not proven by it, for it lacks the second hello
 * that a proxy may send, and each classical group of which it knows nothing may be needed. */
void observe_quick_alone(const struct judgement *judgement, struct observation *out);

/* For a stored scan that is observed again. The first version of the plan had no hello as long as a
 * proxy's, so a mode that worked in such a scan is not proven by it; but neither was it asked. Where
 * `out` therefore knows nothing of a mode, the mode stays as `before`, the visit that was kept of the
 * scan, has it: nothing is taken back for want of a question, and nothing is added. */
void observe_keep_unasked(const struct scan *scan, const struct observation *before,
                          struct observation *out);
