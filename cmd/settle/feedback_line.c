/* A report in a line of JSON. */
#include "cmd/settle/feedback_line.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool take_number(json_t *object, const char *name, uint64_t *out, struct err *err) {
    json_t *value = json_object_get(object, name);
    if (!value)
        return err_set(err, "\"%s\" is missing", name);
    if (!json_is_integer(value))
        return err_set(err, "\"%s\" is not a whole number", name);
    if (json_integer_value(value) < 0)
        return err_set(err, "\"%s\" is negative", name);
    *out = (uint64_t)json_integer_value(value);
    return true;
}

/* "2026-11-23T09:00:00Z"; a fraction of a second is passed over. */
static bool take_until(json_t *value, int64_t *out, struct err *err) {
    struct tm tm = {0};
    const char *text = json_string_value(value);
    const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    if (end && *end == '.')
        end += 1 + strspn(end + 1, "0123456789");
    if (!end || strcmp(end, "Z") != 0)
        return err_set(err, "\"until\" is not a time of the form 2026-11-23T09:00:00Z");
    *out = (int64_t)timegm(&tm) * 1000;
    return true;
}

static bool check_keys(json_t *object, const char *const *known, size_t known_n, struct err *err) {
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        bool found = false;
        for (size_t i = 0; i < known_n; i++)
            found = found || strcmp(key, known[i]) == 0;
        if (!found)
            return err_set(err, "unknown key \"%.40s\"", key);
    }
    return true;
}

static bool take_host(json_t *object, char host[ORIGIN_HOST_SIZE], struct err *err) {
    const char *text = json_string_value(json_object_get(object, "host"));
    struct origin origin = {.weight = 1};
    if (!text)
        return err_set(err, "\"host\" of an origin is missing or not a string");
    if (!origin_set_host(&origin, text, err))
        return false;
    memcpy(host, origin.host, sizeof origin.host);
    return true;
}

static bool take_origin(json_t *object, char host[ORIGIN_HOST_SIZE], struct store_traffic *out,
                        struct err *err) {
    static const char *const known[] = {"host", "port", "handshakes"};
    uint64_t port = 443;
    if (!json_is_object(object))
        return err_set(err, "\"origins\" holds something that is not an object");
    if (!check_keys(object, known, COUNT_OF(known), err) || !take_host(object, host, err) ||
        (json_object_get(object, "port") && !take_number(object, "port", &port, err)) ||
        !take_number(object, "handshakes", &out->handshakes, err))
        return false;
    if (port < 1 || port > UINT16_MAX)
        return err_set(err, "\"port\" is not between 1 and 65535");
    out->host = host;
    out->port = (uint16_t)port;
    return true;
}

static bool take_origins(json_t *list, struct feedback_line *out, struct err *err) {
    uint64_t left = out->feedback.handshakes;
    if (!list)
        return true;
    if (!json_is_array(list))
        return err_set(err, "\"origins\" is not an array");
    size_t n = json_array_size(list);
    out->origins = alloc_zero(n + 1, sizeof *out->origins);
    out->hosts = alloc_zero(n + 1, sizeof *out->hosts);
    for (; out->origins_n < n; out->origins_n++) {
        struct store_traffic *origin = &out->origins[out->origins_n];
        if (!take_origin(json_array_get(list, out->origins_n), out->hosts[out->origins_n], origin,
                         err))
            return false;
        if (origin->handshakes > left)
            return err_set(err, "the origins have more handshakes than the report");
        left -= origin->handshakes;
    }
    return true;
}

static bool read_report(json_t *object, struct feedback_line *out, struct err *err) {
    static const char *const known[] = {"zone",    "arm",   "handshakes", "failures",
                                        "retries", "until", "origins"};
    const char *zone = json_string_value(json_object_get(object, "zone"));
    const char *arm = json_string_value(json_object_get(object, "arm"));
    json_t *until = json_object_get(object, "until");
    if (!json_is_object(object))
        return err_set(err, "not a JSON object");
    if (!check_keys(object, known, COUNT_OF(known), err))
        return false;
    if (!zone)
        return err_set(err, "\"zone\" is missing or not a string");
    if (!arm)
        return err_set(err, "\"arm\" is missing or not a string");
    if (!zone_feedback_arm_parse(arm, &out->feedback.arm))
        return err_set(err, "unknown arm \"%.40s\"; use control or canary", arm);
    if (!take_number(object, "handshakes", &out->feedback.handshakes, err) ||
        !take_number(object, "failures", &out->feedback.failures, err) ||
        !take_number(object, "retries", &out->feedback.retries, err) ||
        (until && !take_until(until, &out->until_ms, err)) ||
        !zone_feedback_check(&out->feedback, err) ||
        !take_origins(json_object_get(object, "origins"), out, err))
        return false;
    out->zone = zone;
    return true;
}

bool feedback_line_read(const char *line, size_t n, struct feedback_line *out, struct err *err) {
    json_error_t why;
    *out = (struct feedback_line){.object = json_loadb(line, n, JSON_REJECT_DUPLICATES, &why)};
    if (!out->object)
        return err_set(err, "malformed: %.200s", why.text);
    return read_report(out->object, out, err);
}

void feedback_line_clear(struct feedback_line *line) {
    free(line->origins);
    free(line->hosts);
    json_decref(line->object);
}
