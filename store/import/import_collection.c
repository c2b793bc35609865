/* Collects the groups and hosts of an Ansible inventory, and finds what holds for each host. */
#include "store/import/import_collection.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "store/import/import_inventory.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32 }; /* of groups within groups */

struct import_group {
    char *name;
    char *variables[IMPORT_KEYS]; /* owned; NULL: not said */
    struct import_group **parents;
    size_t parents_n, parents_room;
    bool resolved;                                  /* has the two below */
    int depth;                                      /* of the longest way from "all", which is 0 */
    const struct import_group *source[IMPORT_KEYS]; /* the group that says it; NULL: none */
};

/* A name or range, wherever it is named. */
struct named_host {
    const char *pattern;
    struct import_inventory_host *said; /* on any line, the last one first; NULL: nothing */
    const struct import_group *source[IMPORT_KEYS];
};

struct host_line {
    uint64_t number;
    struct import_group *group;
    struct named_host *host;
    struct import_inventory_host *said; /* on this line; NULL: nothing */
};

struct import_collection {
    const struct import_map *map;
    void *groups; /* trees, by name */
    void *hosts;
    struct import_group *all;
    struct host_line *lines;
    size_t n, room, told;
};

/* ---- groups ---- */

static int compare_groups(const void *left, const void *right) {
    return strcmp(((const struct import_group *)left)->name,
                  ((const struct import_group *)right)->name);
}

struct import_group *import_collection_group(struct import_collection *collection,
                                             const char *name) {
    const struct import_group wanted = {.name = (char *)(uintptr_t)name};
    struct import_group *const *found = tfind(&wanted, &collection->groups, compare_groups);
    if (found)
        return *found;
    struct import_group *made = alloc_zero(1, sizeof *made);
    made->name = alloc_string(name);
    if (!tsearch(made, &collection->groups, compare_groups))
        abort();
    return made;
}

static void free_group(void *arg) {
    struct import_group *group = arg;
    for (size_t i = 0; i < IMPORT_KEYS; i++)
        free(group->variables[i]);
    free(group->parents);
    free(group->name);
    free(group);
}

void import_collection_nest(struct import_group *parent, struct import_group *child) {
    child->parents = array_reserve(child->parents, child->parents_n + 1, &child->parents_room,
                                   sizeof(struct import_group *));
    child->parents[child->parents_n++] = parent;
}

void import_collection_group_variable(struct import_collection *collection,
                                      struct import_group *group, const char *name,
                                      const char *value) {
    struct import_inventory_host said = {.line = 0};
    import_inventory_variable(&said, collection->map, name, value);
    for (size_t key = 0; key < IMPORT_KEYS; key++)
        if (said.variables.text[key]) {
            free(group->variables[key]);
            group->variables[key] = alloc_string(said.variables.text[key]);
        }
}

/* Takes those sources of a group that go before what is there. */
static void merge_sources(const struct import_group *sources[IMPORT_KEYS],
                          const struct import_group *group) {
    for (size_t key = 0; key < IMPORT_KEYS; key++) {
        const struct import_group *known = sources[key], *other = group->source[key];
        if (other && (!known || other->depth > known->depth ||
                      (other->depth == known->depth && strcmp(other->name, known->name) > 0)))
            sources[key] = other;
    }
}

/* Finds which of a group and those around it says each key. */
static void resolve_group(const struct import_collection *collection, struct import_group *group,
                          int ways) {
    if (group->resolved || ways == DEPTH_MAX)
        return;
    group->resolved = true; /* a group within itself ends here */
    if (group != collection->all) {
        merge_sources(group->source, collection->all);
        group->depth = 1;
        for (size_t i = 0; i < group->parents_n; i++) {
            struct import_group *parent = group->parents[i];
            resolve_group(collection, parent, ways + 1);
            merge_sources(group->source, parent);
            if (parent->depth >= group->depth)
                group->depth = parent->depth + 1;
        }
    }
    for (size_t key = 0; key < IMPORT_KEYS; key++)
        if (group->variables[key])
            group->source[key] = group;
}

/* ---- hosts ---- */

static int compare_hosts(const void *left, const void *right) {
    return strcmp(((const struct named_host *)left)->pattern,
                  ((const struct named_host *)right)->pattern);
}

static struct named_host *find_host(struct import_collection *collection, const char *pattern) {
    const struct named_host wanted = {.pattern = pattern};
    struct named_host *const *found = tfind(&wanted, &collection->hosts, compare_hosts);
    if (found)
        return *found;
    struct named_host *made = alloc_zero(1, sizeof *made);
    made->pattern = pattern;
    if (!tsearch(made, &collection->hosts, compare_hosts))
        abort();
    return made;
}

static void free_host(void *arg) {
    struct named_host *host = arg;
    free(host->said);
    free(host);
}

void import_collection_host(struct import_collection *collection, struct import_group *group,
                            uint64_t line, char *pattern) {
    import_inventory_drop_port(pattern);
    collection->lines = array_reserve(collection->lines, collection->n + 1, &collection->room,
                                      sizeof *collection->lines);
    collection->lines[collection->n++] =
        (struct host_line){.number = line, .group = group, .host = find_host(collection, pattern)};
}

static void note_variable(struct import_inventory_host **said, const struct import_map *map,
                          const char *name, const char *value) {
    struct import_inventory_host noted = {.line = 0};
    if (*said)
        noted = **said;
    if (!import_inventory_variable(&noted, map, name, value))
        return;
    if (!*said)
        *said = alloc_zero(1, sizeof **said);
    **said = noted;
}

void import_collection_host_variable(struct import_collection *collection, const char *name,
                                     const char *value) {
    struct host_line *line = &collection->lines[collection->n - 1];
    note_variable(&line->said, collection->map, name, value);
    note_variable(&line->host->said, collection->map, name, value);
}

/* ---- what holds for a host ---- */

/* A host has a weight in each zone; where it is reached and by what name is its own. */
static bool is_of_zone(size_t key) {
    return key == IMPORT_ZONE || key == IMPORT_WEIGHT;
}

static bool names_zone(const struct import_group *group) {
    return strcmp(group->name, "ungrouped") != 0 && strcmp(group->name, "all") != 0;
}

static void resolve_hosts(struct import_collection *collection) {
    resolve_group(collection, collection->all, 0);
    for (size_t i = 0; i < collection->n; i++) {
        struct host_line *line = &collection->lines[i];
        resolve_group(collection, line->group, 0);
        merge_sources(line->host->source, line->group);
    }
}

static void tell_line(const struct host_line *line, struct import_out *out) {
    const struct named_host *named = line->host;
    struct import_inventory_host host = {.line = line->number,
                                         .pattern = named->pattern,
                                         .group =
                                             names_zone(line->group) ? line->group->name : NULL};
    for (size_t key = 0; key < IMPORT_KEYS; key++) {
        const struct import_group *source =
            is_of_zone(key) ? line->group->source[key] : named->source[key];
        if (line->said && line->said->variables.text[key])
            host.variables.text[key] = line->said->variables.text[key];
        else if (!is_of_zone(key) && named->said && named->said->variables.text[key])
            host.variables.text[key] = named->said->variables.text[key];
        else if (source)
            host.variables.text[key] = source->variables[key];
    }
    if (line->said && line->said->ansible_host)
        host.ansible_host = line->said->ansible_host;
    else if (named->said)
        host.ansible_host = named->said->ansible_host;
    import_inventory_add(&host, out);
}

bool import_collection_tell(struct import_collection *collection, struct import_out *out) {
    if (collection->told == 0)
        resolve_hosts(collection);
    if (collection->told < collection->n)
        tell_line(&collection->lines[collection->told++], out);
    return collection->told < collection->n;
}

/* ---- the whole ---- */

struct import_collection *import_collection_new(const struct import_map *map) {
    struct import_collection *collection = alloc_zero(1, sizeof *collection);
    collection->map = map;
    collection->all = import_collection_group(collection, "all");
    return collection;
}

void import_collection_free(struct import_collection *collection) {
    for (size_t i = 0; i < collection->n; i++)
        free(collection->lines[i].said);
    free(collection->lines);
    tdestroy(collection->hosts, free_host);
    tdestroy(collection->groups, free_group);
    free(collection);
}
