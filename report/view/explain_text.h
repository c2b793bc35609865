/* THE TABLE of explanations: for each verdict the probes whose contrast decides it, what follows
 * from them, and where such faults were met. */
#pragma once

#include "scanner/probe/probe_plan.h"
#include "scanner/words/words.h"

#define EXPLAIN_CITED 5

/* A list holds each probe's number plus one: 0 is the number of a probe, but also what stands in the
 * entries that a row does not fill in, and there it ends the list. */
#define EXPLAIN_END 0
#define EXPLAIN_PROBE(id) ((id) + 1)

/* Probes that are cited because of what they saw, whatever they are. */
enum explain_others {
    EXPLAIN_NO_OTHERS,
    EXPLAIN_RETRY_FAULTS, /* failed on the second hello, or on a retry that breaks the standard */
    EXPLAIN_FLAPPED, /* two attempts, two answers; the list of the row only where there are none */
    EXPLAIN_ASKED,   /* got a CertificateRequest */
    EXPLAIN_SIZED,   /* padded to a certain size */
};

struct explain_text {
    int cited[EXPLAIN_CITED]; /* in the order in which they were sent, as EXPLAIN_PROBE */
    enum explain_others others;
    bool bracket;      /* name the size limit as far as it is known */
    const char *so;    /* what follows, one or two sentences; NULL: nothing to explain */
    const char *where; /* kinds of product and sources; NULL if there is none */
};

/* Static; never NULL. */
const struct explain_text *explain_text(enum verdict verdict);

/* In place of that of handshake-refused where the alert is about application protocols. */
const struct explain_text *explain_text_alpn(void);

/* In place of that of interrupted where our own slowness ended the scan. */
const struct explain_text *explain_text_starved(void);

/* In place of that of large-second-only where the second hello was refused by an alert. */
const struct explain_text *explain_text_retry(void);

/* In place of that of large-first-only or large-second-only where a ServerHello answered what fails. */
const struct explain_text *explain_text_behind_answer(void);
