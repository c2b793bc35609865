/* Whether the scanner is alive and ready, by the work that it did. */
#include "cmd/daemon/health.h"

#include <inttypes.h>
#include <stddef.h>

#define SECOND_US UINT64_C(1000000)

void health_begin(struct health *health, uint64_t now_us) {
    *health = (struct health){.turned_us = now_us, .scanned_us = now_us, .visited_us = now_us};
}

void health_note_rate(struct health *health, double rate) {
    enum { CONNECTIONS = 40, LONGEST_S = 7 * 86400 }; /* a full visit with its second tries */
    double seconds = rate > 0 ? CONNECTIONS / rate : 0;
    health->slow_us = (uint64_t)(seconds < LONGEST_S ? seconds : LONGEST_S) * SECOND_US;
}

void health_note_turn(struct health *health, uint64_t now_us) {
    health->turned_us = now_us;
}

void health_note_store(struct health *health, bool done, uint64_t now_us) {
    if (!done && !health->late_us)
        health->late_us = now_us;
    if (!done)
        return;
    if (health->late_us) { /* nothing could be claimed meanwhile */
        health->scanned_us = now_us;
        health->visited_us = now_us;
    }
    health->late_us = 0;
    health->answered = true;
}

void health_note_scan(struct health *health, uint64_t now_us) {
    health->scanned_us = now_us;
    health->visited_us = now_us;
    health->unscanned = false;
}

void health_note_visit(struct health *health, uint64_t now_us) {
    health->visited_us = now_us;
    health->unscanned = true;
}

void health_note_idle(struct health *health, uint64_t now_us) {
    health->visited_us = now_us;
    if (!health->unscanned)
        health->scanned_us = now_us;
}

void health_note_stop(struct health *health) {
    health->stopping = true;
}

void health_note_end(struct health *health, const char *why) {
    health->ended = why;
}

/* True if that is longer ago than so many seconds; `ago_s` is how long. */
static bool is_past(uint64_t then_us, uint64_t now_us, uint64_t limit_us, uint64_t *ago_s) {
    uint64_t ago_us = now_us > then_us ? now_us - then_us : 0;
    *ago_s = ago_us / SECOND_US;
    return ago_us > limit_us;
}

static bool turns(const struct health *health, uint64_t now_us, struct err *why) {
    uint64_t ago_s;
    if (health->ended)
        return err_set(why, "%s", health->ended);
    if (is_past(health->turned_us, now_us, HEALTH_TURN_S * SECOND_US, &ago_s))
        return err_set(why, "the event loop has stood still for %" PRIu64 " seconds", ago_s);
    return true;
}

static bool has_store(const struct health *health, uint64_t now_us, uint64_t limit_s,
                      struct err *why) {
    uint64_t ago_s;
    if (!health->late_us || !is_past(health->late_us, now_us, limit_s * SECOND_US, &ago_s))
        return true;
    return err_set(why, "the database has been unavailable for %" PRIu64 " seconds", ago_s);
}

bool health_is_live(const struct health *health, uint64_t now_us, struct err *why) {
    uint64_t ago_s;
    if (!turns(health, now_us, why) || !has_store(health, now_us, HEALTH_PATIENCE_S, why))
        return false;
    uint64_t limit_us = HEALTH_PATIENCE_S * SECOND_US + health->slow_us;
    if (!health->late_us && is_past(health->visited_us, now_us, limit_us, &ago_s))
        return err_set(why, "no visit has ended for %" PRIu64 " seconds", ago_s);
    return true;
}

bool health_is_ready(const struct health *health, uint64_t now_us, struct err *why) {
    uint64_t ago_s;
    if (!turns(health, now_us, why) || !has_store(health, now_us, HEALTH_STORE_S, why))
        return false;
    if (health->stopping)
        return err_set(why, "stopping");
    if (!health->answered)
        return err_set(why, "the database has not answered yet");
    uint64_t limit_us = HEALTH_SCAN_S * SECOND_US + health->slow_us;
    if (!health->late_us && is_past(health->scanned_us, now_us, limit_us, &ago_s))
        return err_set(why, "nothing has been scanned for %" PRIu64 " seconds", ago_s);
    return true;
}
