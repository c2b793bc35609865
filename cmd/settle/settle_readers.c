/* Whether what the rule keeps in the store can be read. */
#include "cmd/settle/settle_readers.h"

#include "report/rule/origin_history.h"
#include "report/zone/zone_pack.h"

static bool can_read_state(const uint8_t *bytes, size_t n) {
    struct origin_history history;
    return origin_history_read(bytes, n, &history);
}

static bool can_read_visits(const uint8_t *bytes, size_t n) {
    struct origin_visits visits;
    return origin_visits_read(bytes, n, &visits);
}

static bool can_read_zone(const uint8_t *bytes, size_t n) {
    struct zone_state state;
    return zone_pack_read(bytes, n, &state);
}

const struct store_readers settle_readers = {can_read_state, can_read_visits, can_read_zone};
