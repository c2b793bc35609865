/* From the texts of a line to an origin. */
#include "store/import/import_fields.h"

#include "scanner/base/quote.h"
#include "scanner/words/zone_name.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const key_names[IMPORT_KEYS] = {
    [IMPORT_ZONE] = "zone", [IMPORT_HOST] = "host",       [IMPORT_PORT] = "port",
    [IMPORT_SNI] = "sni",   [IMPORT_ADDRESS] = "address", [IMPORT_WEIGHT] = "weight",
};

const char *import_fields_key(enum import_key key) {
    return key_names[key];
}

bool import_fields_find(const struct import_map *map, const char *column, enum import_key *out) {
    for (unsigned i = 0; i < IMPORT_KEYS; i++) {
        const char *wanted = map->column[i] ? map->column[i] : key_names[i];
        if (strcasecmp(wanted, column) == 0) {
            *out = (enum import_key)i;
            return true;
        }
    }
    return false;
}

bool import_fields_map(struct import_map *map, const char *text, struct err *err) {
    const char *equals = strchr(text, '=');
    for (unsigned i = 0; equals && equals[1] && i < IMPORT_KEYS; i++)
        if (strlen(key_names[i]) == (size_t)(equals - text) &&
            strncmp(key_names[i], text, (size_t)(equals - text)) == 0) {
            map->column[i] = equals + 1;
            return true;
        }
    char quoted[QUOTE_SIZE];
    return err_set(err,
                   "%s is not KEY=COLUMN; KEY is zone, host, port, sni, address or weight, as in"
                   " host=hostname",
                   quote_text(text, quoted));
}

static bool set_zone(const char *text, struct origin *out, struct err *err) {
    _Static_assert(ZONE_NAME_MAX < sizeof out->zone, "a zone's name fits");
    if (!zone_name_check(text, err))
        return false;
    memset(out->zone, 0, sizeof out->zone);
    memcpy(out->zone, text, strlen(text));
    return true;
}

/* A decimal number as people write it; not hex, inf or nan. */
static bool set_weight(const char *text, struct origin *out, struct err *err) {
    char *end;
    size_t n = strspn(text, "0123456789.eE+-");
    double weight = strtod(text, &end);
    if (end == text || *end || text[n] || !isfinite(weight) || weight < 0 ||
        weight > ORIGIN_WEIGHT_MAX)
        return err_set(err, "the weight must be a number from 0 to 10^9");
    out->weight = weight == 0 ? 0 : weight; /* no -0 */
    return true;
}

static bool set_endpoint(const struct import_fields *fields, struct origin *out, struct err *err) {
    const char *host = fields->text[IMPORT_HOST];
    memset(out, 0, sizeof *out);
    if (fields->endpoint)
        return origin_parse(fields->endpoint, IMPORT_PORT_DEFAULT, out, err);
    out->port = IMPORT_PORT_DEFAULT;
    out->weight = 1;
    if (!host || !*host)
        return err_set(err, "the host is missing");
    if (!origin_set_host(out, host, err))
        return false;
    return origin_host_is_address(out) || origin_set_sni(out, out->host, err);
}

bool import_fields_origin(const struct import_fields *fields, struct origin *out, struct err *err) {
    const char *zone = fields->text[IMPORT_ZONE], *port = fields->text[IMPORT_PORT],
               *sni = fields->text[IMPORT_SNI], *address = fields->text[IMPORT_ADDRESS],
               *weight = fields->text[IMPORT_WEIGHT];
    return set_endpoint(fields, out, err) && (!zone || !*zone || set_zone(zone, out, err)) &&
           (!port || !*port || origin_parse_port(port, &out->port, err)) &&
           (!sni || origin_set_sni(out, sni, err)) &&
           (!address || !*address || origin_set_address(out, address, err)) &&
           (!weight || !*weight || set_weight(weight, out, err));
}
