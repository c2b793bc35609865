/* The origins that a command line names. */
#include "cmd/scan/scan_names.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/quote.h"
#include "store/store_read.h"

#include <stdlib.h>
#include <string.h>

static void add_subject(struct scan_names *names, const char *subject) {
    names->subjects = array_reserve(names->subjects, names->subjects_n + 1, &names->subjects_room,
                                    sizeof *names->subjects);
    names->subjects[names->subjects_n++] = alloc_string(subject);
}

static bool add_zone(void *arg, int64_t id, const char *name) {
    (void)id;
    add_subject(arg, name);
    return true;
}

/* What is said of an origin may move each of its zones. */
static enum store_result add_zones(struct scan_names *names, size_t from, struct store *store,
                                   struct err *err) {
    enum store_result result = STORE_OK;
    for (size_t i = from; i < names->n && result == STORE_OK; i++)
        result = store_zones_of_origin(store, names->ids[i], add_zone, names, err);
    return result;
}

static bool add_origin(void *arg, const struct store_origin *origin) {
    struct scan_names *names = arg;
    char text[ORIGIN_TEXT_SIZE];
    names->ids = array_reserve(names->ids, names->n + 1, &names->room, sizeof *names->ids);
    names->ids[names->n++] = origin->id;
    add_subject(names, origin_format(&origin->origin, text));
    return true;
}

static bool note_zone_id(void *arg, int64_t id, const char *name,
                         const struct store_setting *setting) {
    (void)name;
    (void)setting;
    *(int64_t *)arg = id;
    return false;
}

/* Without a port in it, a host is meant with all of its ports. */
static enum store_result add_host(struct scan_names *names, struct store *store, const char *name,
                                  struct err *err) {
    struct origin origin;
    if (!origin_parse_any_port(name, &origin))
        return STORE_OK;
    return store_origins_by_host(store, origin.host, origin.port, add_origin, names, err);
}

bool scan_names_add(struct scan_names *names, struct store *store, const char *name,
                    struct err *err) {
    char quoted[QUOTE_SIZE];
    int64_t zone_id = 0;
    size_t before = names->n;
    enum store_result result = store_zone_by_name(store, name, note_zone_id, &zone_id, err);
    if (result == STORE_OK && zone_id)
        result = store_origins_of_zone(store, zone_id, add_origin, names, err);
    if (result == STORE_OK)
        result = add_host(names, store, name, err);
    if (result == STORE_OK)
        result = add_zones(names, before, store, err);
    if (result != STORE_OK)
        return false;
    if (names->n > before)
        return true;
    if (zone_id)
        return err_set(err, "the zone %s has no origins", quote_text(name, quoted));
    return err_set(err, "there is no zone or origin named %s", quote_text(name, quoted));
}

static int compare_ids(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static int compare_subjects(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

void scan_names_sort(struct scan_names *names) {
    size_t n = 0;
    if (names->n == 0)
        return;
    qsort(names->ids, names->n, sizeof *names->ids, compare_ids);
    for (size_t i = 0; i < names->n; i++)
        if (i == 0 || names->ids[i] != names->ids[n - 1])
            names->ids[n++] = names->ids[i];
    names->n = n;
    qsort(names->subjects, names->subjects_n, sizeof *names->subjects, compare_subjects);
}

bool scan_names_has_subject(void *arg, const char *subject) {
    const struct scan_names *names = arg;
    return bsearch(&subject, names->subjects, names->subjects_n, sizeof *names->subjects,
                   compare_subjects) != NULL;
}

void scan_names_clear(struct scan_names *names) {
    for (size_t i = 0; i < names->subjects_n; i++)
        free(names->subjects[i]);
    free(names->subjects);
    free(names->ids);
    *names = (struct scan_names){0};
}
