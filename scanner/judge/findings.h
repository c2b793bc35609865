/* What the rules behind the verdicts look at, and the questions that many of them ask. Pure. */
#pragma once

#include "scanner/judge/judgement.h"
#include "scanner/visit/scan.h"

/* What a rule may look at: the scan, what was already read from it, and the probes by name (NULL
 * where one was not sent). */
struct findings {
    const struct scan *scan;
    const struct judgement *facts;
    const struct probe_result *probes[PROBE_COUNT];
};

/* Looks up the probes; scan and facts are borrowed. */
void findings_init(struct findings *f, const struct scan *scan, const struct judgement *facts);

/* The probe ended in that alert; false where it was not sent. */
bool findings_got_alert(const struct probe_result *result, int alert);

/* The opening control worked in that version. */
bool findings_control_spoke(const struct findings *f, uint16_t version);

/* The opening control worked in TLS 1.3, so what fails beside it fails for its own reason. */
bool findings_control13(const struct findings *f);

/* The scan came to its end. */
bool findings_is_complete(const struct findings *f);

/* That probe ended well with the hybrid. */
bool findings_finished_hybrid(const struct findings *f, enum probe_id id);

/* It holds for some result of the scan. */
bool findings_any(const struct findings *f, bool (*holds)(const struct probe_result *));
