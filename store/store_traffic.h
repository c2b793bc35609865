/* Handshakes of real traffic by zone and origin, as counts that halve each day: the last days
 * decide. */
#pragma once

#include "store/store_lever.h"

/* How many a report of a zone counts for one of its origins. */
struct store_traffic {
    const char *host; /* in the form of struct origin */
    uint16_t port;
    uint64_t handshakes;
    bool unknown; /* out: the zone has no such origin, and nothing was counted */
};

/* Adds what a report says, which holds for its period's end, or for when it was reported if it names
 * none or one that is yet to come. Origins of one host and port that differ in name or address share
 * it alike. Fills in `unknown`. */
STORE_RESULT store_traffic_add(struct store *store, const struct store_feedback *report,
                               struct store_traffic *origins, size_t origins_n, struct err *err);

/* Whether anything was counted from then on. */
STORE_RESULT store_traffic_any(struct store *store, int64_t since_ms, bool *any, struct err *err);

/* An origin's count in a zone as of now, and the time of the last report in it. */
typedef bool store_each_traffic(void *arg, int64_t origin_id, double handshakes,
                                int64_t counted_ms);

/* Those of a zone's origins that have one, in the order of their ids. */
STORE_RESULT store_traffic_of_zone(struct store *store, int64_t zone_id, int64_t now_ms,
                                   store_each_traffic *each, void *arg, struct err *err);
