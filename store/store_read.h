/* Reading what is kept: origins, their scans, zones and settings, groups, changes. */
#pragma once

#include "scanner/visit/scan.h"
#include "store/facts.h"
#include "store/store.h"

/* An origin in one of its zones, and what is known of it. */
struct store_origin {
    int64_t id;
    int64_t zone_id;
    struct origin origin; /* zone and weight are those of that zone */
    uint32_t visits;
    uint32_t failures; /* visits without a complete scan, in a row */
    int64_t due_ms;
    bool scanned;            /* the rest is valid */
    enum scan_status status; /* of the last scan, at scanned_ms */
    int64_t scanned_ms;
    int64_t concluded_ms; /* of the last conclusive full scan, 0 if there was none */
    /* Of several addresses that whose verdict decides, and the time of its scan where something else
     * was scanned since (another address, or the same by a short extra visit), else 0; after a scan
     * that was not conclusive, the one dialled. */
    char dialled[ORIGIN_ADDRESS_SIZE];
    int64_t decided_ms;
    struct facts facts;
    /* scan_median_handshake() of the last complete full scan, behind its TCP connection, and that
     * connection; 0: none was finished, or an older version scanned last */
    uint32_t handshake_us;
    uint32_t connect_us;
};

typedef bool store_each_origin(void *arg, const struct store_origin *origin);

/* All origins with that host (and port, unless 0), each once for every zone that it is in, one after
 * the other; or those of that zone, in the order of their ids. None is no error. */
STORE_RESULT store_origins_by_host(struct store *store, const char *host, uint16_t port,
                                   store_each_origin *each, void *arg, struct err *err);
STORE_RESULT store_origins_of_zone(struct store *store, int64_t zone_id, store_each_origin *each,
                                   void *arg, struct err *err);
/* Of these only the ones behind that id. */
STORE_RESULT store_origins_of_zone_after(struct store *store, int64_t zone_id, int64_t after,
                                         store_each_origin *each, void *arg, struct err *err);

/* An address of an origin's name, and what its last conclusive full scan said. */
struct store_origin_address {
    const char *address;
    enum verdict verdict; /* VERDICT_COUNT: none, or it was not scanned yet */
    int64_t scanned_ms;   /* 0: not known */
};

typedef bool store_each_address(void *arg, const struct store_origin_address *address);

/* The addresses that the name has, as far as it was seen, in their order. */
STORE_RESULT store_origin_addresses(struct store *store, int64_t origin_id,
                                    store_each_address *each, void *arg, struct err *err);

/* The zones that an origin is in. */
typedef bool store_each_name(void *arg, int64_t id, const char *name);
STORE_RESULT store_zones_of_origin(struct store *store, int64_t origin_id, store_each_name *each,
                                   void *arg, struct err *err);

/* How many origins there are. */
STORE_RESULT store_origin_count(struct store *store, uint64_t *n, struct err *err);

typedef bool store_each_scan(void *arg, const struct scan *scan);

/* The newest `limit` scans that are kept, oldest first; 1 is the last one. Their origin, address
 * and started_ms are filled; judge them with verdict_judge(). STORE_BROKEN at one that is damaged. */
STORE_RESULT store_history(struct store *store, int64_t origin_id, size_t limit,
                           store_each_scan *each, void *arg, struct err *err);

/* Scans that were passed over because they are damaged. */
struct store_damaged {
    size_t n;
    int64_t scan_id; /* the first of them, and why it cannot be read */
    struct err why;
};

/* The same, passing over what is damaged. */
STORE_RESULT store_history_sound(struct store *store, int64_t origin_id, size_t limit,
                                 store_each_scan *each, void *arg, struct store_damaged *damaged,
                                 struct err *err);

#define STORE_SETTING_GROUPS 8

/* A zone's setting. The texts are borrowed by store_setting_put (store_rule.h) and valid during a
 * callback. */
struct store_setting {
    const char *setting;  /* off, supported, preferred */
    const char *variant;  /* single, dual; NULL where it means nothing */
    uint16_t first_share; /* GROUP_NONE if not known */
    uint8_t groups_n;
    uint16_t groups[STORE_SETTING_GROUPS];
    const char *reason;
    int64_t since_ms; /* store_setting_put keeps the old one while the setting stays */
    uint32_t evidence_scans;
    int64_t valid_until_ms; /* 0 for ever */
    const char *previous;   /* the setting before this one, NULL if there was none; put sets it */
    uint8_t stage_percent;  /* of the ramp */
    /* of the zone's traffic by weight, what is expected to reach the hybrid, and to pay a retry */
    double hybrid_fraction;
    double retry_fraction;
};

typedef bool store_each_zone(void *arg, int64_t zone_id, const char *name,
                             const struct store_setting *setting); /* NULL if it has none */

/* All zones by name; or the one of that name, if it is there; or of that id. */
STORE_RESULT store_zones(struct store *store, store_each_zone *each, void *arg, struct err *err);
/* At most `limit` zones behind that name, by name; "" is before all. */
STORE_RESULT store_zones_after(struct store *store, const char *after, size_t limit,
                               store_each_zone *each, void *arg, struct err *err);
STORE_RESULT store_zone_by_name(struct store *store, const char *name, store_each_zone *each,
                                void *arg, struct err *err);
STORE_RESULT store_zone_by_id(struct store *store, int64_t zone_id, store_each_zone *each,
                              void *arg, struct err *err);
STORE_RESULT store_zone_count(struct store *store, uint64_t *n, struct err *err);

/* A change of a zone's setting or of a fact about an origin, as v_change shows it. */
struct store_change {
    int64_t number; /* store_change_note gives it */
    int64_t at_ms;
    const char *subject; /* zone or host:port */
    const char *field;
    const char *old; /* NULL: not known */
    const char *new;
    const char *reason; /* NULL: none is given */
};

typedef bool store_each_change(void *arg, const struct store_change *change);

/* Changes from that time on, sorted by subject, and each subject's by time. */
STORE_RESULT store_changes(struct store *store, int64_t since_ms, store_each_change *each,
                           void *arg, struct err *err);

/* For whoever follows along: the number of the newest change (0: there is none), and the changes
 * that were written after the one of a number, as they were written: the fields of one subject that
 * changed at one moment come one after the other. */
STORE_RESULT store_change_last(struct store *store, int64_t *number, struct err *err);
STORE_RESULT store_changes_after(struct store *store, int64_t number, store_each_change *each,
                                 void *arg, struct err *err);

/* How the scanner keeps up; from indexes, so quick however many origins there are. */
struct store_fleet {
    uint64_t due;
    int64_t oldest_due_ms; /* 0: nothing is due; origins that were hastened are since then */
    uint64_t in_flight;
    int64_t feedback_ms;     /* when the newest report of real traffic came; 0: none */
    int64_t period_ms;       /* of the process that scanned last; 0: not known, as the next */
    int64_t period_since_ms; /* when that became the period; 0: not known */
    double rate;             /* connections a second that it may make; 0: no limit, too */
    uint16_t hybrid;         /* the group that was measured as the hybrid last */
};

STORE_RESULT store_fleet_read(struct store *store, int64_t now_ms, struct store_fleet *out,
                              struct err *err);

/* Keeps the rate of the process that scans, for store_fleet_read. */
STORE_RESULT store_rate_put(struct store *store, double rate, struct err *err);
