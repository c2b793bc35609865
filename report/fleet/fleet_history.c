/* Adoption day by day. */
#include "report/fleet/fleet_history.h"

#include "scanner/base/duration.h"

#include <stdbool.h>
#include <string.h>

int64_t fleet_history_day(const struct fleet_history *history, size_t day) {
    int64_t today_ms = history->now_ms - history->now_ms % DAY_MS;
    return today_ms - ((int64_t)FLEET_HISTORY_DAYS - 1 - (int64_t)day) * DAY_MS;
}

int64_t fleet_history_since(const struct fleet_history *history) {
    return fleet_history_day(history, 0);
}

/* How many more there are of what has the value: 1, 0 or -1. */
static int64_t step(const char *value, const char *old, const char *new) {
    return (new &&strcmp(new, value) == 0) - (old && strcmp(old, value) == 0);
}

void fleet_history_note(struct fleet_history *history, int64_t changed_ms, const char *field,
                        const char *old, const char *new) {
    int64_t since_ms = fleet_history_since(history);
    if (changed_ms < since_ms || changed_ms > history->now_ms)
        return;
    size_t day = (size_t)((changed_ms - since_ms) / DAY_MS);
    if (strcmp(field, "hybrid") == 0)
        history->hybrid_delta[day] += step("1", old, new);
    else if (strcmp(field, "setting") == 0)
        history->preferred_delta[day] += step("preferred", old, new);
}

/* Back from `now`; what was removed since may have changed before: never below nothing. */
static void walk_back(const int64_t delta[FLEET_HISTORY_DAYS], uint64_t now,
                      uint64_t out[FLEET_HISTORY_DAYS]) {
    int64_t count = (int64_t)now;
    for (size_t day = FLEET_HISTORY_DAYS; day-- > 0;) {
        out[day] = count > 0 ? (uint64_t)count : 0;
        count -= delta[day];
    }
}

void fleet_history_finish(struct fleet_history *history, uint64_t hybrid, uint64_t preferred) {
    walk_back(history->hybrid_delta, hybrid, history->hybrid);
    walk_back(history->preferred_delta, preferred, history->preferred);
}
