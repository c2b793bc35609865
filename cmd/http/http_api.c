/* The JSON API, as far as it reads. */
#include "cmd/http/http_api.h"

#include "cmd/http/http_origin_json.h"
#include "report/json_value.h"
#include "scanner/base/clock.h"
#include "store/store_lever.h"
#include "store/store_read.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT = 100, LIMIT_MAX = 1000 };

void http_api_send(struct http_reply *reply, unsigned status, json_t *document) {
    char *text = json_value_dump(document, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(document);
    http_reply_set(reply, status, "application/json", text, strlen(text));
}

json_t *http_api_setting(const char *zone, const struct store_setting *setting) {
    json_t *object = json_object();
    json_object_set_new(object, "zone", json_value_text(zone));
    json_object_set_new(object, "setting",
                        json_value_text_or_null(setting ? setting->setting : "none"));
    if (!setting)
        return object;
    json_object_set_new(object, "variant", json_value_text_or_null(setting->variant));
    json_object_set_new(object, "first_share", json_value_group(setting->first_share));
    json_object_set_new(object, "groups", json_value_groups(setting->groups, setting->groups_n));
    json_object_set_new(object, "reason", json_value_text_or_null(setting->reason));
    json_object_set_new(object, "since", json_value_time(setting->since_ms));
    json_object_set_new(object, "evidence_scans", json_integer(setting->evidence_scans));
    json_object_set_new(object, "valid_until", json_value_time(setting->valid_until_ms));
    json_object_set_new(object, "previous", json_value_text_or_null(setting->previous));
    json_object_set_new(object, "stage_percent", json_integer(setting->stage_percent));
    json_object_set_new(object, "hybrid_fraction", json_real(setting->hybrid_fraction));
    json_object_set_new(object, "retry_fraction", json_real(setting->retry_fraction));
    return object;
}

/* A parameter that is a number; `missing` where there is none. False where it is anything else. */
static bool read_number(const struct http_asked *asked, const char *name, int64_t missing,
                        int64_t *out) {
    char text[19]; /* as many digits as never overflow */
    bool good = http_request_parameter(asked->call->request, name, text, sizeof text);
    *out = text[0] ? strtoll(text, NULL, 10) : missing;
    return good && strspn(text, "0123456789") == strlen(text);
}

/* ?limit: false, with 400, where it is no number in range. */
static bool read_limit(const struct http_asked *asked, size_t *limit, struct http_reply *reply) {
    int64_t number;
    bool good = read_number(asked, "limit", LIMIT, &number);
    *limit = (size_t)number;
    if (good && number >= 1 && number <= LIMIT_MAX)
        return true;
    http_reply_error(reply, 400, "limit is a number from 1 to 1000");
    return false;
}

/* ---- zones ---- */

struct listing {
    json_t *list;
    size_t limit;
    bool more;
    int64_t last_id; /* of the last origin that is listed */
};

/* Notes that there are more where the list is full. */
static bool has_room(struct listing *listing) {
    listing->more = json_array_size(listing->list) == listing->limit;
    return !listing->more;
}

/* NULL, with the answer, where the store cannot be had. */
static struct store *begin_listing(struct http_site *site, struct listing *listing,
                                   struct http_reply *reply) {
    struct store *store = http_site_reader(site, reply);
    if (store)
        listing->list = json_array();
    return store;
}

/* False, with the answer and without the list, where the store failed. */
static bool end_listing(struct http_site *site, struct listing *listing, enum store_result result,
                        const struct err *err, struct http_reply *reply) {
    bool good = http_site_done(site, result, err, reply);
    if (!good)
        json_decref(listing->list);
    return good;
}

static bool add_zone(void *arg, int64_t id, const char *name, const struct store_setting *setting) {
    struct listing *listing = arg;
    (void)id;
    bool room = has_room(listing);
    if (room)
        json_array_append_new(listing->list, http_api_setting(name, setting));
    return room;
}

static json_t *begin_document(const char *schema) {
    json_t *document = json_object();
    json_object_set_new(document, "schema", json_string(schema));
    json_object_set_new(document, "generated_at", json_value_time(clock_wall_ms()));
    return document;
}

void http_api_zones(struct http_site *site, const struct http_asked *asked,
                    struct http_reply *reply) {
    char after[512];
    struct err err;
    struct listing listing = {0};
    if (!read_limit(asked, &listing.limit, reply))
        return;
    if (!http_request_parameter(asked->call->request, "after", after, sizeof after)) {
        http_reply_error(reply, 400, "after is the name of a zone");
        return;
    }
    struct store *store = begin_listing(site, &listing, reply);
    if (!store)
        return;
    enum store_result result =
        store_zones_after(store, after, listing.limit + 1, add_zone, &listing, &err);
    if (!end_listing(site, &listing, result, &err, reply))
        return;
    json_t *document = begin_document("originscan.zones/1");
    json_t *last = json_array_get(listing.list, json_array_size(listing.list) - 1);
    json_object_set_new(document, "next",
                        listing.more ? json_incref(json_object_get(last, "zone")) : json_null());
    json_object_set_new(document, "zones", listing.list);
    http_api_send(reply, 200, document);
}

/* ---- one zone ---- */

struct finding {
    int64_t id; /* 0: it is not there */
    json_t *zone;
};

static bool take_zone(void *arg, int64_t id, const char *name,
                      const struct store_setting *setting) {
    struct finding *finding = arg;
    finding->id = id;
    finding->zone = http_api_setting(name, setting);
    return false;
}

static bool add_lever(void *arg, const struct store_lever *lever) {
    json_t *one = json_object();
    json_object_set_new(one, "name", json_value_text(lever->name));
    json_object_set_new(one, "value", json_value_text(lever->value));
    json_object_set_new(one, "set_at", json_value_time(lever->set_ms));
    json_object_set_new(one, "until", json_value_time(lever->until_ms));
    json_object_set_new(one, "ended", json_boolean(lever->ended));
    json_object_set_new(one, "comment", json_value_text_or_null(lever->comment));
    json_array_append_new(arg, one);
    return true;
}

static bool add_origin(void *arg, const struct store_origin *origin) {
    struct listing *listing = arg;
    bool room = has_room(listing);
    if (!room)
        return false;
    json_array_append_new(listing->list, http_origin_json(origin));
    listing->last_id = origin->id;
    return true;
}

/* The origins behind that of origins->last_id. */
static enum store_result read_zone(struct store *store, const char *zone, struct finding *finding,
                                   struct listing *origins, json_t *levers, struct err *err) {
    enum store_result result = store_zone_by_name(store, zone, take_zone, finding, err);
    if (result == STORE_OK && finding->id)
        result = store_levers(store, finding->id, add_lever, levers, err);
    if (result == STORE_OK && finding->id)
        result = store_origins_of_zone_after(store, finding->id, origins->last_id, add_origin,
                                             origins, err);
    return result;
}

void http_api_send_zone(struct http_site *site, const char *zone, size_t limit, int64_t after,
                        struct http_reply *reply) {
    struct err err;
    struct finding finding = {0};
    struct store *store = http_site_reader(site, reply);
    if (!store)
        return;
    struct listing origins = {.list = json_array(), .limit = limit, .last_id = after};
    json_t *levers = json_array();
    enum store_result result = read_zone(store, zone, &finding, &origins, levers, &err);
    json_t *document = begin_document("originscan.zone/1");
    if (finding.zone)
        json_object_update(document, finding.zone);
    json_object_set_new(document, "levers", levers);
    json_object_set_new(document, "origins", origins.list);
    json_object_set_new(document, "more_origins", json_boolean(origins.more));
    json_object_set_new(document, "next",
                        origins.more ? json_integer(origins.last_id) : json_null());
    json_decref(finding.zone);
    bool good = http_site_done(site, result, &err, reply);
    if (good && finding.id) {
        http_api_send(reply, 200, document);
        return;
    }
    json_decref(document);
    if (good)
        http_reply_error(reply, 404, "there is no zone of that name");
}

void http_api_zone(struct http_site *site, const struct http_asked *asked,
                   struct http_reply *reply) {
    size_t limit;
    int64_t after;
    if (!read_limit(asked, &limit, reply))
        return;
    if (read_number(asked, "after", 0, &after))
        http_api_send_zone(site, asked->name, limit, after, reply);
    else
        http_reply_error(reply, 400, "after is the number that `next` gives");
}

/* ---- origins ---- */

void http_api_origins(struct http_site *site, const struct http_asked *asked,
                      struct http_reply *reply) {
    struct err err;
    struct origin named;
    struct listing listing = {0};
    if (!read_limit(asked, &listing.limit, reply))
        return;
    if (!origin_parse_any_port(asked->name, &named)) {
        http_reply_error(reply, 400, "not the name of an origin");
        return;
    }
    struct store *store = begin_listing(site, &listing, reply);
    if (!store)
        return;
    enum store_result result =
        store_origins_by_host(store, named.host, named.port, add_origin, &listing, &err);
    if (!end_listing(site, &listing, result, &err, reply))
        return;
    if (json_array_size(listing.list) == 0) {
        json_decref(listing.list);
        http_reply_error(reply, 404, "there is no origin of that host");
        return;
    }
    json_t *document = begin_document("originscan.origins/1");
    json_object_set_new(document, "origins", listing.list);
    json_object_set_new(document, "more_origins", json_boolean(listing.more));
    http_api_send(reply, 200, document);
}
