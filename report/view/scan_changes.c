/* What is different between two scans. */
#include "report/view/scan_changes.h"

#include "scanner/base/array.h"
#include "scanner/base/quote.h"
#include "scanner/words/origin.h"

#include <stdbool.h>
#include <string.h>

struct member {
    const char *key;
    const char *shown; /* "" where the names in the object say it */
};

/* Where nothing was measured there is nothing else to compare. */
static const struct member always[] = {
    {"status", "status"},
    {"verdict", "verdict"},
};

/* Of an object with members of its own each of these. */
static const struct member measured[] = {
    {"tls_version", "TLS version"},
    {"groups", ""},
    {"other_groups", ""},
    {"group_order", "order"},
    {"preferred_group", "preferred group"},
    {"modes", "mode"},
    {"resumed_works", "resumption works"},
    {"alpn_refused", "ALPN refused"},
    {"recommendation", "recommended"},
};

struct printing {
    FILE *to;
    const json_t *scan; /* the later one */
};

static const char *text_at(const json_t *object, const char *key) {
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

/* The time, and which origin. */
static void print_origin(FILE *to, const char *at, const json_t *origin) {
    char name[ORIGIN_SHOWN_SIZE];
    const char *host = text_at(origin, "host"), *address = text_at(origin, "address");
    fprintf(to, "%.10s %.8s UTC  %s", at, at + 11,
            origin_show(host, (uint16_t)json_integer_value(json_object_get(origin, "port")), name));
    if (address[0] && strcmp(address, host) != 0)
        fprintf(to, " (%s)", address);
    fputs("  ", to);
}

static void print_subject(const struct printing *printing) {
    print_origin(printing->to, text_at(printing->scan, "started_at"),
                 json_object_get(printing->scan, "origin"));
}

static const char *show_value(const json_t *value, char out[QUOTE_SIZE]) {
    if (json_is_string(value))
        return quote_unless_plain(json_string_value(value), out);
    if (json_is_true(value))
        return "yes";
    return json_is_false(value) ? "no" : "unknown";
}

static void print_change(const struct printing *printing, const char *name, const json_t *before,
                         const json_t *now) {
    char old[QUOTE_SIZE], new[QUOTE_SIZE];
    print_subject(printing);
    fprintf(printing->to, "%s: %s -> %s\n", name, show_value(before, old), show_value(now, new));
}

static bool is_same(const json_t *before, const json_t *now) {
    bool nothing = (!before || json_is_null(before)) && (!now || json_is_null(now));
    return nothing || (before && now && json_equal(before, now));
}

/* Values and, in objects, their values; lists are how something is said, not what. */
static void compare_members(const struct printing *printing, const char *name, const json_t *before,
                            const json_t *now) {
    const json_t *either = json_is_object(now) ? now : before;
    if (is_same(before, now) || json_is_array(either))
        return;
    if (!json_is_object(either)) {
        print_change(printing, name, before, now);
        return;
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)either, key, value) {
        if (strcmp(key, "reason") == 0 || strcmp(key, "provisional") == 0)
            continue; /* of advice: not what it is */
        char longer[128];
        snprintf(longer, sizeof longer, "%s%s%s", name, name[0] ? " " : "", key);
        compare_members(printing, longer, json_object_get(before, key), json_object_get(now, key));
    }
}

/* Of the first handshake that got so far; NULL where none did. */
static const json_t *find_leaf(const json_t *scan) {
    size_t at;
    json_t *probe;
    json_array_foreach(json_object_get(scan, "probes"), at, probe) {
        const json_t *leaf = json_object_get(probe, "leaf_sha256");
        if (json_is_string(leaf))
            return leaf;
    }
    return NULL;
}

static void compare_all(const struct printing *printing, const struct member *members, size_t n,
                        const json_t *before) {
    for (size_t i = 0; i < n; i++)
        compare_members(printing, members[i].shown, json_object_get(before, members[i].key),
                        json_object_get(printing->scan, members[i].key));
}

static bool is_complete(const json_t *scan) {
    return strcmp(text_at(scan, "status"), "complete") == 0;
}

/* Where there is nothing to compare with. */
static void print_verdict(const struct printing *printing, const char *what) {
    char verdict[QUOTE_SIZE];
    print_subject(printing);
    fprintf(printing->to, "%s: %s\n", what,
            show_value(json_object_get(printing->scan, "verdict"), verdict));
}

void scan_changes_print_first(FILE *to, const json_t *now) {
    print_verdict(&(struct printing){to, now}, "probed for the first time");
}

void scan_changes_print(FILE *to, const json_t *before, const json_t *now) {
    struct printing printing = {to, now};
    if (!before) {
        bool has_address = text_at(json_object_get(now, "origin"), "address")[0];
        print_verdict(&printing, has_address ? "a new address" : "no address was found");
        return;
    }
    compare_all(&printing, always, COUNT_OF(always), before);
    if (!is_complete(before) || !is_complete(now))
        return;
    compare_all(&printing, measured, COUNT_OF(measured), before);
    const json_t *old_leaf = find_leaf(before), *new_leaf = find_leaf(now);
    if (old_leaf && new_leaf && !json_equal(old_leaf, new_leaf))
        print_change(&printing, "certificate", old_leaf, new_leaf);
}

void scan_changes_print_gone(FILE *to, const json_t *last, const json_t *now) {
    print_origin(to, text_at(now, "started_at"), json_object_get(last, "origin"));
    fputs("the name no longer has this address\n", to);
}
