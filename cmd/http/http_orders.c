/* What may be ordered over the Unix socket. */
#include "cmd/http/http_orders.h"

#include "cmd/http/http_api.h"
#include "cmd/http/http_origin_json.h"
#include "cmd/settle/settle.h"
#include "report/json_value.h"
#include "scanner/base/array.h"
#include "scanner/base/clock.h"
#include "store/store_lever.h"
#include "store/store_read.h"
#include "store/store_wanted.h"

#include <jansson.h>

#include <string.h>

enum { ORIGINS_SHOWN = 100, RESCAN_MAX = 1000 };

/* ---- a zone's pin ---- */

struct pinning {
    struct store *store;
    struct settle_options options;
    int64_t now_ms;
    int64_t zone_id;   /* 0: there is none */
    const char *value; /* NULL: none, the evidence decides */
    bool forbidden;    /* by what `err` says */
};

static bool note_zone(void *arg, int64_t id, const char *name,
                      const struct store_setting *setting) {
    struct pinning *p = arg;
    (void)name;
    (void)setting;
    p->zone_id = id;
    return false;
}

static const struct lever_kind *find_pin(void) {
    size_t n;
    const struct lever_kind *kinds = lever_set_kinds(&n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(kinds[i].name, "pin") == 0)
            return &kinds[i];
    return NULL;
}

/* A pin has to pass the filter that holds for the zone. */
static enum store_result check_pin(struct pinning *p, struct err *err) {
    struct lever_set all, own;
    enum store_result result = lever_set_read(&all, p->store, 0, err);
    if (result == STORE_OK)
        result = lever_set_read(&own, p->store, p->zone_id, err);
    if (result != STORE_OK || !p->value)
        return result;
    struct lever_set merged = lever_set_merge(&all, &own, &p->options);
    p->forbidden =
        !lever_set_check(find_pin(), p->value, merged.compliance, p->options.params.hybrid, err);
    return result;
}

static enum store_result pin_zone(void *arg, struct err *err) {
    struct pinning *p = arg;
    enum store_result result = settle_options_load(&p->options, p->store, err);
    if (result == STORE_OK)
        result = check_pin(p, err);
    if (result != STORE_OK || p->forbidden)
        return result;
    return store_lever_set(p->store, p->zone_id, "pin", p->value, p->now_ms, "api", err);
}

/* Settles the zone, with others behind it that are touched as well. */
static enum store_result settle_it(struct pinning *p, struct err *err) {
    struct settle_cycle cycle = {.after = p->zone_id - 1};
    if (cycle.after == 0)
        return settle_run(p->store, &p->options, p->now_ms, &cycle, err);
    enum store_result result = store_zone_count(p->store, &cycle.fleet, err);
    return result == STORE_OK ? settle_run(p->store, &p->options, p->now_ms, &cycle, err) : result;
}

static enum store_result carry_out(struct pinning *p, const char *zone, struct err *err) {
    enum store_result result = store_zone_by_name(p->store, zone, note_zone, p, err);
    if (result == STORE_OK && p->zone_id)
        result = store_transaction(p->store, pin_zone, p, err);
    if (result == STORE_OK && p->zone_id && !p->forbidden)
        result = settle_it(p, err);
    return result;
}

/* False, with 400, where the body is not what it should be. *value is NULL for "auto". */
static bool read_value(const struct http_call *call, const char **value, struct http_reply *reply) {
    static const char *const words[] = {"off", "supported", "preferred", "auto"};
    json_error_t error;
    json_t *body =
        json_loadb(call->request->body, call->request->body_n, JSON_REJECT_DUPLICATES, &error);
    const char *text = json_string_value(json_object_get(body, "value"));
    const char *found = NULL;
    for (size_t i = 0; text && i < COUNT_OF(words); i++)
        if (strcmp(text, words[i]) == 0)
            found = words[i];
    json_decref(body);
    *value = found && strcmp(found, "auto") != 0 ? found : NULL;
    if (!found)
        http_reply_error(reply, 400,
                         "the body is {\"value\": \"off\"}, or \"supported\", \"preferred\" or "
                         "\"auto\" in place of \"off\"");
    return found != NULL;
}

static void put_setting(struct http_site *site, const struct http_asked *asked,
                        struct http_reply *reply) {
    struct err err = {{0}};
    struct pinning p = {.now_ms = clock_wall_ms()};
    if (!read_value(asked->call, &p.value, reply))
        return;
    p.store = http_site_writer(site, reply);
    if (!p.store)
        return;
    enum store_result result = carry_out(&p, asked->name, &err);
    store_close(p.store);
    if (result != STORE_OK)
        http_reply_error(reply, 503, err.text);
    else if (p.forbidden)
        http_reply_error(reply, 409, err.text);
    else
        http_api_send_zone(site, asked->name, ORIGINS_SHOWN, 0, reply);
}

void http_orders_setting(struct http_site *site, const struct http_asked *asked,
                         struct http_reply *reply) {
    if (asked->call->request->method == HTTP_PUT)
        put_setting(site, asked, reply);
    else
        http_api_send_zone(site, asked->name, ORIGINS_SHOWN, 0, reply);
}

/* ---- a scan now ---- */

struct wanting {
    size_t n;
    int64_t ids[RESCAN_MAX];
};

static bool add_wanted(void *arg, const struct store_origin *origin) {
    struct wanting *wanting = arg;
    if (wanting->n > 0 && wanting->ids[wanting->n - 1] == origin->id)
        return true; /* it comes once for each of its zones */
    wanting->ids[wanting->n++] = origin->id;
    return wanting->n < RESCAN_MAX;
}

void http_orders_rescan(struct http_site *site, const struct http_asked *asked,
                        struct http_reply *reply) {
    struct err err;
    struct origin named;
    struct wanting wanting = {0};
    int64_t now_ms = clock_wall_ms();
    if (!origin_parse_any_port(asked->name, &named)) {
        http_reply_error(reply, 400, "not the name of an origin");
        return;
    }
    struct store *store = http_site_writer(site, reply);
    if (!store)
        return;
    enum store_result result =
        store_origins_by_host(store, named.host, named.port, add_wanted, &wanting, &err);
    if (result == STORE_OK && wanting.n > 0)
        result = store_want(store, wanting.ids, wanting.n, now_ms, &err);
    store_close(store);
    if (result != STORE_OK)
        http_reply_error(reply, 503, err.text);
    else if (wanting.n == 0)
        http_reply_error(reply, 404, "there is no origin of that host");
    else
        http_api_send(reply, 202,
                      json_pack("{s:s,s:o,s:o,s:I}", "schema", "originscan.rescan/1", "host",
                                json_value_text(asked->name), "requested_at",
                                json_value_time(now_ms), "origins", (json_int_t)wanting.n));
}
