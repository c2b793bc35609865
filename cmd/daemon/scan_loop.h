/* Between store and engine: claims what is due, keeps the engine fed, commits what is finished.
 *
 * A scan counts as done when it is committed. While the store cannot take scans (locked, disk full)
 * they are kept in memory, nothing more is claimed, and the commit is tried again until it works.
 * When the process was stopped or the machine slept, whatever was in flight is thrown away and due
 * again: time-outs that we slept through say nothing about an origin. */
#pragma once

#include "cmd/daemon/config.h"
#include "cmd/daemon/health.h"
#include "scanner/base/err.h"
#include "store/store_schedule.h"

struct event_base;
struct scan_loop;

enum scan_loop_end {
    SCAN_LOOP_FINISHED, /* `once` and everything due was scanned, or it was told to stop */
    SCAN_LOOP_LOST,     /* told to stop, but the store did not take the last scans in time */
    SCAN_LOOP_BROKEN,   /* the store needs an operator */
};

struct scan_loop_options {
    struct event_base *base; /* borrowed, as the next two */
    struct store *store;
    const struct config *config;
    uint32_t descriptors;
    bool once;           /* scan what is due now or was never scanned, then end */
    const int64_t *only; /* with once: of these origins, borrowed; NULL: of all */
    size_t only_n;
    store_observe *observe; /* as in struct store_commit; may be NULL */
    void *observe_arg;
    /* each finished scan, before it is written; may be NULL */
    void (*scanned)(void *arg, const struct scan *scan, const struct judgement *judgement);
    /* exactly once and from the event loop, also if the end came before that ran */
    void (*ended)(void *arg, enum scan_loop_end end);
    void *arg;
};

/* Everything since the start. */
struct scan_loop_numbers {
    uint64_t scans;    /* committed */
    uint64_t complete; /* of these with status complete */
    uint64_t deferred; /* deferred visits: crowded addresses or our own trouble */
    uint64_t troubled; /* of these for own trouble */
    uint64_t stalls;
    uint64_t waits; /* visits that had to wait for a limit on their address or prefix */
    size_t in_flight;
    size_t waiting; /* for their turn */
    size_t uncommitted;
    bool store_late; /* the store does not take anything now */
};

/* NULL with `err`. Nothing happens before scan_loop_start. */
struct scan_loop *scan_loop_new(const struct scan_loop_options *options, struct err *err);
void scan_loop_free(struct scan_loop *loop);

void scan_loop_start(struct scan_loop *loop);

/* Claims nothing more; what is in flight may finish for a moment, then it is cancelled and due
 * again; what is finished is committed; `ended` follows within 5 s. */
void scan_loop_stop(struct scan_loop *loop);

/* Takes the reloadable keys of another configuration, which is borrowed from now on in place of the
 * old one. On false all stays as it was. */
bool scan_loop_reload(struct scan_loop *loop, const struct config *config, struct err *err);

/* Somebody else of this process asked the store for `what` and did not get it: as if the loop had. */
void scan_loop_store_failed(struct scan_loop *loop, const char *what, enum store_result result,
                            const struct err *err);

/* How it is; borrowed, for as long as the loop. */
const struct health *scan_loop_health(const struct scan_loop *loop);

struct scan_loop_numbers scan_loop_numbers(const struct scan_loop *loop);
