/* What scanning needs besides origins, made from a configuration. */
#include "cmd/daemon/scan_parts.h"

#include "cmd/metrics/scan_metrics.h"
#include "scanner/net/address_policy.h"
#include "scanner/net/politeness.h"
#include "scanner/net/resolver.h"
#include "scanner/probe/tls_probe.h"

#include <string.h>

/* Descriptors that are not for probes: standard streams, epoll, the database with its log and
 * locks, sockets for name servers and for readers. */
#define DESCRIPTORS_RESERVED 40

/* A name takes two descriptors for each name server that is asked, and most names need one. */
#define DESCRIPTORS_A_NAME 4

/* Scans that queue for one prefix: enough to keep it busy for minutes. */
#define PREFIX_QUEUE 64

static struct politeness_limits limits_of(const struct config *config) {
    return (struct politeness_limits){
        .global_per_s = config->rate,
        .prefix_per_s = config->per_prefix_rate,
        .address_per_s = config->per_address_rate,
        .prefix_in_flight = config->per_prefix_in_flight,
        .address_in_flight = config->per_address_in_flight,
        .waiting = PREFIX_QUEUE,
    };
}

/* NULL with `err`. */
static struct address_policy *policy_of(const struct config *config, struct err *err) {
    struct address_policy *policy = address_policy_new();
    bool good = !config->blocklist || address_policy_block_file(policy, config->blocklist, err);
    for (char **cidr = config->allow; good && *cidr; cidr++)
        good = address_policy_allow(policy, *cidr, err);
    if (good)
        return policy;
    address_policy_free(policy);
    return NULL;
}

bool scan_parts_init(struct scan_parts *parts, struct event_base *base, const struct config *config,
                     struct err *err) {
    struct politeness_limits limits = limits_of(config);
    memset(parts, 0, sizeof *parts);
    parts->policy = policy_of(config, err);
    if (!parts->policy)
        return false;
    parts->politeness = politeness_new(&limits);
    struct resolver_options resolver = {.servers = config->dns_servers,
                                        .cache_entries = config->dns_cache};
    parts->resolver = resolver_new(base, &resolver, err);
    struct tls_prober_options prober = {.base = base,
                                        .policy = parts->policy,
                                        .timeout_ms = config->timeout_ms,
                                        .mss = (uint16_t)config->mss,
                                        .hello_max = (uint16_t)config->hello_max,
                                        .alpn = config->alpn};
    parts->prober = parts->resolver ? tls_prober_new(&prober, err) : NULL;
    if (parts->prober)
        return true;
    scan_parts_clear(parts);
    return false;
}

void scan_parts_clear(struct scan_parts *parts) {
    tls_prober_free(parts->prober);
    resolver_free(parts->resolver);
    politeness_free(parts->politeness);
    address_policy_free(parts->policy);
    memset(parts, 0, sizeof *parts);
}

bool scan_parts_reload(struct scan_parts *parts, const struct config *config, struct err *err) {
    struct politeness_limits limits = limits_of(config);
    struct address_policy *fresh = policy_of(config, err);
    if (!fresh)
        return false;
    address_policy_replace(parts->policy, fresh);
    politeness_set_limits(parts->politeness, &limits);
    return true;
}

static uint32_t room_of(uint32_t descriptors) {
    return descriptors > DESCRIPTORS_RESERVED ? descriptors - DESCRIPTORS_RESERVED : 1;
}

static uint32_t smaller_of(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

uint32_t scan_parts_in_flight(uint32_t wanted, uint32_t descriptors) {
    return smaller_of(wanted, room_of(descriptors));
}

struct engine_limits scan_parts_limits(const struct config *config, uint32_t descriptors) {
    return (struct engine_limits){
        .in_flight = scan_parts_in_flight(config->max_in_flight, descriptors),
        .resolving =
            smaller_of(config->dns_in_flight, 1 + room_of(descriptors) / DESCRIPTORS_A_NAME),
        .waiting = config->max_in_flight,
    };
}

struct visit_options scan_parts_task(const struct scan_parts *parts, struct event_base *base,
                                     const struct config *config) {
    return (struct visit_options){
        .base = base,
        .prober = parts->prober,
        .resolver = parts->resolver,
        .politeness = parts->politeness,
        .hybrid = config->hybrid,
        .resolve_timeout_ms = config->timeout_ms,
        .pause_min_ms = SCAN_PARTS_PAUSE_MIN_MS,
        .pause_max_ms = SCAN_PARTS_PAUSE_MAX_MS,
        .all_addresses = config->all_addresses,
        .waited = scan_metrics_waited,
    };
}

/* Full visits until one is conclusive, and every seventh, ask whether a session is resumed. */
static bool asks_for_resumption(const struct store_claim *claim) {
    enum { EVERY = 7 };
    return claim->plan != PLAN_QUICK && (!claim->concluded || claim->visits % EVERY == 0);
}

struct visit_request scan_parts_request(const struct config *config,
                                        const struct store_claim *claim) {
    return (struct visit_request){.origin = claim->origin,
                                  .plan = claim->plan == PLAN_QUICK ? PLAN_QUICK : config->plan,
                                  .resume = asks_for_resumption(claim),
                                  .proof_share = claim->proof_share,
                                  .proof_dual = claim->proof_dual,
                                  .rotate = true,
                                  .turn = claim->visits - claim->again};
}
