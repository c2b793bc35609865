/* Whether the scanner is alive and ready, by the work that it did: a timer that fires says nothing.
 *
 * Alive: the event loop turns, and neither the store nor the origins have kept it from its work for
 * so long that a restart is the better try. What a watchdog wants to know.
 * Ready: the store answers, and what is due is being scanned. What a load balancer, a start-up
 * script or a person wants to know; it may come and go.
 *
 * Pure: moments are monotonic microseconds (clock_mono_us) and come from the caller. */
#pragma once

#include "scanner/base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    HEALTH_TURN_S = 10,     /* longer without a turn of the loop: neither alive nor ready */
    HEALTH_STORE_S = 10,    /* longer without a store: not ready */
    HEALTH_SCAN_S = 300,    /* longer without a scan while some are wanted: not ready */
    HEALTH_PATIENCE_S = 900 /* longer without a store, or without the end of a visit: not alive */
};

/* Written by the functions below only. */
struct health {
    uint64_t slow_us;    /* how much longer a visit may take at the limits that are set */
    uint64_t turned_us;  /* when the loop came by */
    uint64_t late_us;    /* since when the store has not taken what it is asked; 0: it does */
    uint64_t scanned_us; /* when a visit gave a scan, or nothing was due */
    uint64_t visited_us; /* when a visit ended in any way, or nothing was due */
    bool unscanned;      /* the last visit that ended gave no scan */
    bool answered;       /* the store gave its first answer: what is due is known */
    bool stopping;
    const char *ended; /* why nothing is scanned any more; NULL: it is */
};

/* Nothing is known yet, so it is alive and not ready. */
void health_begin(struct health *health, uint64_t now_us);

/* No more than so many connections a second are allowed (0: no limit): visits take the longer. */
void health_note_rate(struct health *health, double rate);

/* The loop turned. */
void health_note_turn(struct health *health, uint64_t now_us);

/* The store did what it was asked, or not. */
void health_note_store(struct health *health, bool done, uint64_t now_us);

/* A visit gave a scan; a visit ended without one; nothing is due and none is under way, which is no
 * work either if all that was due has just been deferred. */
void health_note_scan(struct health *health, uint64_t now_us);
void health_note_visit(struct health *health, uint64_t now_us);
void health_note_idle(struct health *health, uint64_t now_us);

/* Told to stop: alive until it ended, but not ready any more. */
void health_note_stop(struct health *health);

/* Nothing is scanned any more, whatever is noted later; `why` is a literal ("the database failed"). */
void health_note_end(struct health *health, const char *why);

/* False with `why`, one sentence without a full stop, as "the database has been unavailable for 12
 * seconds". */
bool health_is_live(const struct health *health, uint64_t now_us, struct err *why);
bool health_is_ready(const struct health *health, uint64_t now_us, struct err *why);
