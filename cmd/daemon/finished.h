/* Finished scans that wait to be written: copies that stay until the store has taken them. */
#pragma once

#include "store/store_schedule.h"

struct finished;

/* Starts empty. */
struct finished *finished_new(void);
void finished_free(struct finished *finished); /* NULL is fine; what waits is lost */

/* Copies the scan with all it points to, and judges it. The judgement is valid until the scan is
 * committed. */
const struct judgement *finished_add(struct finished *finished, int64_t origin_id,
                                     const struct scan *scan);

/* Forgets scans that began later than now, and calls `each` with the origin of each visit that ended
 * with one of them. */
void finished_drop_later(struct finished *finished, int64_t now_ms,
                         void (*each)(void *arg, int64_t origin_id), void *arg);

/* How many wait. */
size_t finished_count(const struct finished *finished);

/* Hands the oldest `commit->n` at most to the store with the rest of `commit` as given; on STORE_OK
 * they are forgotten, else they stay. `commit->finished` and `n` are set. */
STORE_RESULT finished_commit(struct finished *finished, struct store *store,
                             struct store_commit *commit, struct err *err);
