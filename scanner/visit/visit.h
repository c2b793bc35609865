/* One visit to one origin: resolve, wait for its turn, dial probe after probe, pause before a
 * redial, end as one scan. */
#pragma once

#include "scanner/visit/scan.h"

#include <stdint.h>

struct event_base;
struct politeness;
struct resolver;
struct visit;
struct tls_prober;

/* What a visit is doing. */
enum visit_phase {
    VISIT_RESOLVING,
    VISIT_WAITING, /* until politeness lets it begin; holds no descriptor */
    VISIT_PROBING,
    VISIT_PHASES
};

/* Why a visit ended without a scan. None of it says anything about the origin. */
enum visit_reason {
    VISIT_CROWDED,  /* too many others wait for the same addresses */
    VISIT_NO_DNS,   /* no name server has said anything to anybody */
    VISIT_NO_MEANS, /* we have no descriptors, ports or memory */
    VISIT_NO_TIME,  /* we were too late to listen: too little processor time */
};

/* Called when the phase changes, from within anything but visit_start; may start other visits,
 * but not cancel this one. */
typedef void visit_phase_cb(enum visit_phase now, void *arg);

/* The visit has waited for a limit of the politeness, for its turn or to open a connection, and goes on. */
typedef void visit_waited_cb(uint64_t us);

/* The visit is over without a scan and may be made `after_ms` later. */
typedef void visit_deferred_cb(enum visit_reason reason, uint32_t after_ms, void *arg);

struct visit_options {
    struct event_base *base; /* all borrowed */
    struct tls_prober *prober;
    struct resolver *resolver;
    struct politeness *politeness; /* NULL: no limits */
    uint16_t hybrid;
    uint32_t resolve_timeout_ms;
    uint32_t pause_min_ms; /* before a redial, drawn evenly from min to max */
    uint32_t pause_max_ms;
    int family;              /* addresses of AF_INET or AF_INET6 only; AF_UNSPEC: of both */
    bool all_addresses;      /* scan each address of a name, one after the other */
    visit_phase_cb *phase;   /* NULL: nobody counts */
    visit_waited_cb *waited; /* called for each wait; NULL: nobody measures */
    visit_deferred_cb *
        deferred; /* NULL: own trouble is a scan then; the politeness, if any, has to let all wait */
};

/* Whom to visit, and how. */
struct visit_request {
    struct origin origin;
    enum plan plan;
    bool resume; /* ask for a session ticket, and whether it is taken (probe `resumed`) */
    /* what `confirm` is to prove (struct probe_shape, parameter); 0: what it would */
    uint16_t proof;
    uint16_t proof_share; /* see struct scan_steps_options */
    bool proof_dual;
    bool rotate;   /* begin with another address each time, in their order */
    uint32_t turn; /* the number of this visit, for that */
};

/* The scan and what it points to are valid only during the callback. */
typedef void visit_cb(const struct scan *scan, void *arg);

/* Starts a visit, which is copied. Exactly one callback follows, `cb` or `deferred`, never before
 * this returns, unless cancelled; with all_addresses `cb` may be called several times, each but the
 * last with scan->more. Options must live as long as the visit. At most one connection is open at a
 * time. */
struct visit *visit_start(const struct visit_options *options, const struct visit_request *request,
                          visit_cb *cb, void *arg);
void visit_cancel(struct visit *visit);
