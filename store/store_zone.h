/* Zones as rows: making, finding, renaming, dropping them. */
#pragma once

#include "store/store.h"

#include <stdint.h>

struct db;

/* Makes a zone, which may have orders before it has origins, or finds the one of that name. */
STORE_RESULT store_zone_make(struct store *store, const char *name, int64_t *id, struct err *err);

/* Gives a zone another name; all else of it stays. STORE_BROKEN if there is no zone `old`, or already
 * one of the new name. */
STORE_RESULT store_zone_rename(struct store *store, const char *old, const char *name,
                               int64_t now_ms, struct err *err);

/* Deletes a zone that has neither origins nor orders; any other stays. */
STORE_RESULT store_zone_drop(struct store *store, int64_t zone_id, struct err *err);

/* Within a transaction, for the files of the store. */
int64_t store_zone_find(struct db *db, const char *name);   /* 0: none */
int64_t store_zone_insert(struct db *db, const char *name); /* or the one of that name */
void store_zone_touch_id(struct db *db, int64_t zone_id);   /* it has to be settled again */
void store_zone_touch_of(struct db *db, int64_t origin_id); /* so have all zones of that origin */

bool store_zone_drop_if_empty(struct db *db, int64_t zone_id); /* true if it went */
