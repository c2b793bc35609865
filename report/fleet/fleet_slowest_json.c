/* The slowest origins as JSON. */
#include "report/fleet/fleet_slowest_json.h"

#include "report/json_value.h"

/* Null for a time that is not known. */
static json_t *us_to_ms_json(uint32_t us) {
    return us > 0 ? json_real(us / 1000.0) : json_null();
}

static json_t *place_json(const struct fleet_slowest_place *place) {
    json_t *object = json_object();
    json_value_set(object, "zone", json_value_text_or_null(place->zone));
    json_value_set(object, "host", json_value_text(place->host));
    json_value_set(object, "port", json_integer(place->port));
    json_value_set(object, "handshake_ms", us_to_ms_json(place->handshake_us));
    json_value_set(object, "connect_ms", us_to_ms_json(place->connect_us));
    return object;
}

json_t *fleet_slowest_json(const struct fleet_slowest *slowest) {
    json_t *object = json_object(), *list = json_array();
    for (size_t i = 0; i < slowest->list_n; i++)
        json_array_append_new(list, place_json(&slowest->list[i]));
    json_value_set(object, "origins", json_value_count(slowest->origins));
    json_value_set(object, "median_ms", us_to_ms_json(slowest->median_us));
    json_value_set(object, "p95_ms", us_to_ms_json(slowest->p95_us));
    json_value_set(object, "longest", list);
    return object;
}
