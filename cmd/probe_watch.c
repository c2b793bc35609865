/* The addresses of each name, and their last scans. */
#include "cmd/probe_watch.h"

#include "report/json_value.h"
#include "report/view/scan_changes.h"
#include "report/view/scan_json.h"
#include "scanner/base/alloc.h"
#include "scanner/net/resolved.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct probe_watch {
    json_t *last;   /* by ticket and then by address, "" where none was found: the scan */
    json_t *listed; /* by ticket and then by address: in which round the name got it */
    uint32_t round; /* rounds that are over */
};

struct probe_watch *probe_watch_new(void) {
    struct probe_watch *watch = alloc_zero(1, sizeof *watch);
    watch->last = json_object();
    watch->listed = json_object();
    return watch;
}

void probe_watch_free(struct probe_watch *watch) {
    if (!watch)
        return;
    json_decref(watch->last);
    json_decref(watch->listed);
    free(watch);
}

void probe_watch_next_round(struct probe_watch *watch) {
    watch->round++;
}

bool probe_watch_is_again(const struct probe_watch *watch) {
    return watch->round > 0;
}

/* What is kept of an origin, by address. */
static json_t *find_origin(json_t *kept, uint64_t ticket) {
    char key[32];
    snprintf(key, sizeof key, "%" PRIu64, ticket);
    if (!json_object_get(kept, key))
        json_object_set_new(kept, key, json_object());
    return json_object_get(kept, key);
}

static bool has_address(const struct scan *scan, const char *address) {
    for (size_t i = 0; i < scan->addresses_n; i++)
        if (strcmp(scan->addresses[i], address) == 0)
            return true;
    return false;
}

/* Where no address was found, the name begins anew: whichever it has later is new. */
static void remember_scan(json_t *known, const struct scan *scan, const json_t *now) {
    if (!scan->address[0])
        json_object_clear(known);
    else
        json_object_del(known, "");
    json_object_set(known, scan->address, (json_t *)now);
}

/* A new array of the last scans of the addresses that the name has no longer, which are forgotten. Of the longest
 * answer nobody knows whether it is whole. */
static json_t *forget_gone(json_t *known, const struct scan *scan) {
    json_t *gone = json_array(), *last;
    const char *address;
    void *next;
    if (scan->more || scan->addresses_n == 0 || scan->addresses_n == RESOLVER_ADDRESSES_MAX)
        return gone;
    json_object_foreach_safe(known, next, address, last) {
        if (has_address(scan, address))
            continue;
        json_array_append(gone, last);
        json_object_del(known, address);
    }
    return gone;
}

/* Notes which addresses the name has; whether it had the scanned one before this round. */
static bool note_listed(struct probe_watch *watch, const struct scan *scan, uint64_t ticket) {
    json_t *listed = find_origin(watch->listed, ticket), *round;
    const char *address;
    void *next;
    bool whole = scan->addresses_n < RESOLVER_ADDRESSES_MAX;
    json_object_foreach_safe(listed, next, address, round) {
        if (whole && !has_address(scan, address))
            json_object_del(listed, address);
    }
    for (size_t i = 0; i < scan->addresses_n; i++)
        if (!json_object_get(listed, scan->addresses[i]))
            json_object_set_new(listed, scan->addresses[i], json_integer(watch->round));
    round = json_object_get(listed, scan->address);
    return round && json_integer_value(round) < watch->round;
}

/* `before` is NULL where the address was not scanned before, although the name may have had it. */
static char *tell_changes(const json_t *before, const json_t *now, bool had, const json_t *gone) {
    char *text = NULL;
    size_t n, i;
    json_t *last;
    FILE *to = open_memstream(&text, &n);
    if (!to)
        return alloc_string("");
    if (!before && had)
        scan_changes_print_first(to, now);
    else
        scan_changes_print(to, before, now);
    json_array_foreach(gone, i, last) scan_changes_print_gone(to, last, now);
    fclose(to);
    return text;
}

char *probe_watch_take(struct probe_watch *watch, const struct scan *scan,
                       const struct judgement *judgement, uint64_t ticket) {
    json_t *known = find_origin(watch->last, ticket);
    json_t *before = json_incref(json_object_get(known, scan->address));
    json_t *now = scan_json(scan, judgement);
    remember_scan(known, scan, now);
    json_t *gone = forget_gone(known, scan);
    bool had = note_listed(watch, scan, ticket);
    char *text = watch->round > 0 ? tell_changes(before, now, had, gone) : NULL;
    json_decref(gone);
    json_decref(now);
    json_decref(before);
    return text;
}

char *probe_watch_take_json(struct probe_watch *watch, const struct scan *scan,
                            const struct judgement *judgement, uint64_t ticket) {
    json_t *known = find_origin(watch->last, ticket);
    json_t *now = scan_json(scan, judgement), *addresses = json_array(), *last;
    size_t i;
    remember_scan(known, scan, now);
    json_t *gone = forget_gone(known, scan);
    json_array_foreach(gone, i, last)
        json_array_append(addresses, json_object_get(json_object_get(last, "origin"), "address"));
    if (json_array_size(addresses) > 0)
        json_value_set(now, "addresses_gone", json_incref(addresses));
    char *line = json_value_dump(now, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(addresses);
    json_decref(gone);
    json_decref(now);
    return line;
}
