/* What scanning needs besides origins, made from a configuration: who may be dialled, how often,
 * how names are resolved, how probes are sent. */
#pragma once

#include "cmd/daemon/config.h"
#include "scanner/visit/engine.h"
#include "store/store_schedule.h"

struct address_policy;
struct event_base;

/* A redial waits this long, drawn at random. */
enum { SCAN_PARTS_PAUSE_MIN_MS = 100, SCAN_PARTS_PAUSE_MAX_MS = 400 };

struct scan_parts {
    struct address_policy *policy;
    struct politeness *politeness;
    struct resolver *resolver;
    struct tls_prober *prober;
};

/* On false `err` says what cannot be had (a blocklist that cannot be read, no name server), and
 * nothing is left to clear. */
bool scan_parts_init(struct scan_parts *parts, struct event_base *base, const struct config *config,
                     struct err *err);
void scan_parts_clear(struct scan_parts *parts);

/* Takes the reloadable keys and reads the blocklist again; on false all stays as it was. */
bool scan_parts_reload(struct scan_parts *parts, const struct config *config, struct err *err);

/* As many visits at a time as are wanted, but no more than there are file descriptors for: some are
 * kept for the database, for name servers and for readers. */
uint32_t scan_parts_in_flight(uint32_t wanted, uint32_t descriptors);

/* How many visits there may be with that many file descriptors. */
struct engine_limits scan_parts_limits(const struct config *config, uint32_t descriptors);

/* How each scan is made. */
struct visit_options scan_parts_task(const struct scan_parts *parts, struct event_base *base,
                                     const struct config *config);

/* What is asked of an origin that is due. */
struct visit_request scan_parts_request(const struct config *config,
                                        const struct store_claim *claim);
