/* Keeping the slowest. */
#include "report/fleet/fleet_slowest.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"

#include <stdlib.h>
#include <string.h>

/* Where zones overlap, the origin is listed under the one that comes first by name. */
static void rename_zone(struct fleet_slowest *slowest, const struct fleet_slowest_origin *origin) {
    for (size_t i = 0; i < slowest->list_n; i++) {
        struct fleet_slowest_place *place = &slowest->list[i];
        if (place->origin_id != origin->id || strcmp(origin->zone, place->zone) >= 0)
            continue;
        free(place->zone);
        place->zone = alloc_string(origin->zone);
    }
}

static void clear_place(void *member) {
    struct fleet_slowest_place *place = member;
    free(place->zone);
    free(place->host);
}

static bool goes_before(const struct fleet_slowest_origin *origin,
                        const struct fleet_slowest_place *place) {
    if (origin->handshake_us != place->handshake_us)
        return origin->handshake_us > place->handshake_us;
    return origin->id < place->origin_id;
}

static void list_origin(struct fleet_slowest *slowest, const struct fleet_slowest_origin *origin) {
    size_t at = slowest->list_n;
    while (at > 0 && goes_before(origin, &slowest->list[at - 1]))
        at--;
    struct fleet_slowest_place *place =
        array_insert(slowest->list, &slowest->list_n, FLEET_SLOWEST_LIST, at, sizeof *slowest->list,
                     clear_place);
    if (!place)
        return;
    *place = (struct fleet_slowest_place){
        .origin_id = origin->id,
        .zone = alloc_string(origin->zone),
        .host = alloc_string(origin->host),
        .port = origin->port,
        .handshake_us = origin->handshake_us,
        .connect_us = origin->connect_us,
    };
}

void fleet_slowest_origin(struct fleet_slowest *slowest,
                          const struct fleet_slowest_origin *origin) {
    if (origin->handshake_us == 0)
        return;
    if (origin->again) {
        rename_zone(slowest, origin);
        return;
    }
    slowest->times = array_reserve(slowest->times, slowest->times_n + 1, &slowest->times_room,
                                   sizeof *slowest->times);
    slowest->times[slowest->times_n++] = origin->handshake_us;
    list_origin(slowest, origin);
}

static int compare_times(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* The least of the sorted times that so many of 100 do not exceed. */
static uint32_t pick_percentile(const struct fleet_slowest *slowest, size_t percent) {
    return slowest->times[(slowest->times_n * percent + 99) / 100 - 1];
}

void fleet_slowest_finish(struct fleet_slowest *slowest) {
    slowest->origins = slowest->times_n;
    if (slowest->times_n > 0) {
        qsort(slowest->times, slowest->times_n, sizeof *slowest->times, compare_times);
        slowest->median_us = pick_percentile(slowest, 50);
        slowest->p95_us = pick_percentile(slowest, 95);
    }
    free(slowest->times);
    slowest->times = NULL;
    slowest->times_n = slowest->times_room = 0;
}

void fleet_slowest_clear(struct fleet_slowest *slowest) {
    for (size_t i = 0; i < slowest->list_n; i++)
        clear_place(&slowest->list[i]);
    free(slowest->times);
}
