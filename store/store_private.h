/* What the files of the store share; nothing outside store/ includes this. */
#pragma once

#include "store/db/db.h"
#include "store/store.h"

struct store {
    struct db *db;
    struct schedule schedule;
    unsigned keep_scans;
    unsigned migrated;
    uint16_t hybrid; /* as in table meta; 0 not read yet */
};

struct store_change;
struct store_setting;

/* The columns of store_setting_read(), from `zone_setting s`. */
#define STORE_SETTING_COLUMNS                                                                      \
    "s.setting, s.variant, s.first_share, s.groups, s.reason, s.since, s.evidence_scans,"          \
    " s.valid_until, s.previous, s.stage_percent, s.hybrid_fraction, s.retry_fraction"

/* Of origins, since when the longest waiting one is due. One that was hastened has a time of more than a period back,
 * and is due since it was hastened. */
#define STORE_OLDEST_DUE                                                                           \
    "min(CASE WHEN unseen = 1 THEN max(due_at, ifnull((SELECT value FROM meta"                     \
    " WHERE key = 'hastened'), 0)) ELSE due_at END)"

/* Of the row that the query stands on, whose texts are borrowed; false if the zone has no setting. */
bool store_setting_read(struct db_query *query, struct store_setting *out);

enum store_result store_result(enum db_fault fault);

/* For the result of a part of the running transaction whose failure that transaction keeps, and tells
 * at its end. */
static inline void store_told_at_end(enum store_result result) {
    (void)result;
}

/* Appends a row to table change. */
void store_change_note(struct db *db, const struct store_change *change);

/* Deletes the scans of one origin beyond `keep` and older than `before_ms` (0: no limit), not the
 * newest. Returns how many. */
uint64_t store_prune_origin(struct db *db, int64_t origin_id, int64_t last_scan, unsigned keep,
                            int64_t before_ms);
