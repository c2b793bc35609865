/* Everything that is kept: origins, when they are due, what scans found, zones and their settings.
 *
 * This header opens a store and frames transactions; the operations are in headers by subject:
 *
 *     store_import.h    origins come in
 *     store_remove.h    origins and zones go
 *     store_zone.h      zones are made and renamed
 *     store_schedule.h  which are due; their scans go into history and state
 *     store_read.h      origins, scans, zones, changes, for whoever looks
 *     store_rule.h      what the decision rule keeps: settings, states, zones to be settled, sums
 *     store_lever.h     what operators set, and what they report of their traffic
 *     store_upkeep.h    pruning, copying
 *     upkeep/           checking, restoring
 *
 * All calls are synchronous and from one thread. Every call is one transaction, or part of the one
 * that runs: on anything but STORE_OK nothing of it happened and it may be made again as it is.
 *
 * Times are wall clock milliseconds since 1970 UTC. Pointers passed to callbacks are valid during
 * the call. A callback that returns false ends the iteration. Callbacks may call the store. */
#pragma once

#include "scanner/base/err.h"
#include "store/schedule.h"

struct store;

enum store_result {
    STORE_OK,
    STORE_RETRY, /* locked, no room, read-only for now: wait and make the same call again */
    STORE_BROKEN /* an operator must act; err says what */
};

/* What a call returns: not to be ignored. */
#define STORE_RESULT __attribute__((warn_unused_result)) enum store_result

enum store_access {
    STORE_READ,   /* beside a running daemon; never changes anything */
    STORE_BESIDE, /* beside a running daemon: origins in and out, settings, levers, reports */
    STORE_WRITE,  /* the one writing process; brings an older schema up to date */
    STORE_CREATE, /* the same, and makes the file if it is not there */
};

struct store_options {
    const char *path;
    enum store_access access;
    struct schedule schedule; /* all zero: as the last writer that gave one, or every 24 hours */
    unsigned keep_scans; /* an origin; store_commit() keeps a quarter more at most; 0 for all */
    unsigned cache_kb;   /* SQLite's page cache; 0 for 8 MB, which suits the daemon */
    unsigned busy_ms;    /* wait for another program's lock this long; 0 for 250 ms */
};

/* Opens an SQLite store. NULL with one clear line where the file is missing, foreign, newer,
 * damaged, locked, in use or (to write) read-only; it is then as it was. A writer ends all leases
 * that a killed process left. */
struct store *store_open(const struct store_options *options, struct err *err);
void store_close(struct store *store);

/* The path that it was opened with, as long as it is open. */
const char *store_path(const struct store *store);

/* Ends what the store is doing now with STORE_RETRY; nothing if it does nothing. The one call that may come
 * from another thread, as long as the store is open. */
void store_interrupt(const struct store *store);

/* The process that has the file open to write (STORE_WRITE, STORE_CREATE); 0: none has. */
long store_writer(const char *path);

/* Number of schema steps that store_open applied; for `db migrate`. */
unsigned store_migrated(const struct store *store);

/* Part of what a caller wants done whole or not at all. */
typedef enum store_result store_work(void *arg, struct err *err);

/* Runs `work` as one transaction: what it did is kept if it returns STORE_OK, else undone. Returns
 * what work returned with its `err`, or else how keeping it failed. Inside another transaction it is
 * part of that, which is undone as a whole if this fails. */
STORE_RESULT store_transaction(struct store *store, store_work *work, void *arg, struct err *err);
