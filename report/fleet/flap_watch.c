/* Whether an origin flaps. */
#include "report/fleet/flap_watch.h"

#include "scanner/base/duration.h"

#include <string.h>

enum { NOWHERE = -1 };

/* Where the value of a field is kept, or NOWHERE. */
static int place_of(const char *field, const char *value) {
    enum verdict verdict;
    enum scan_status status;
    if (!value)
        return NOWHERE;
    if (strcmp(field, "verdict") == 0 && verdict_parse(value, &verdict))
        return (int)verdict;
    if (strcmp(field, "status") == 0 && status_parse(value, &status))
        return VERDICT_COUNT + (int)status;
    return NOWHERE;
}

static void note_return(struct flap_watch *watch, int64_t at_ms) {
    memmove(watch->returned_ms, watch->returned_ms + 1,
            sizeof watch->returned_ms - sizeof *watch->returned_ms);
    watch->returned_ms[FLAP_WATCH_RETURNS - 1] = at_ms;
    int64_t first_ms = watch->returned_ms[0];
    if (first_ms && at_ms - first_ms <= FLAP_WATCH_DAYS * DAY_MS)
        watch->flapping = true;
}

void flap_watch_note(struct flap_watch *watch, int64_t changed_ms, const char *field,
                     const char *old, const char *new) {
    int from = place_of(field, old), to = place_of(field, new);
    if (from == NOWHERE && to == NOWHERE)
        return;
    watch->changes++;
    if (from != NOWHERE)
        watch->had_ms[from] = changed_ms;
    if (to == NOWHERE)
        return;
    int64_t had_ms = watch->had_ms[to];
    if (had_ms && changed_ms - had_ms <= FLAP_WATCH_DAYS * DAY_MS)
        note_return(watch, changed_ms);
    watch->had_ms[to] = changed_ms;
}
