/* Ansible's INI inventory: hosts under [group], and what [group:vars] say of all hosts of a group and
 * of the groups that [group:children] name. Hosts are told behind the last line, for variables may
 * stand anywhere. */
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "store/import/import_form.h"
#include "store/import/import_inventory.h"
#include "store/import/import_words.h"

#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 128, DEPTH_MAX = 32 }; /* of groups within groups */

struct host_group {
    char *name;
    char *variables[IMPORT_KEYS]; /* owned, as the names of the parents are not; NULL: not said */
    struct host_group **parents;
    size_t parents_n, parents_room;
    bool resolved; /* has what its parents say, too */
};

/* A line of a host, as it stands. */
struct host_line {
    uint64_t number;
    struct host_group *group; /* NULL: in none */
    char *text;
};

enum section { SECTION_HOSTS, SECTION_VARIABLES, SECTION_CHILDREN, SECTION_UNKNOWN };

struct reading {
    const struct import_map *map;
    enum section section; /* that is being read, and its group */
    struct host_group *group;
    void *groups; /* a tree, by name */
    struct host_group *all;
    struct host_line *hosts;
    size_t n, room, told;
};

/* ---- groups ---- */

static int compare_groups(const void *left, const void *right) {
    return strcmp(((const struct host_group *)left)->name,
                  ((const struct host_group *)right)->name);
}

static struct host_group *find_group(struct reading *reading, const char *name) {
    const struct host_group wanted = {.name = (char *)(uintptr_t)name};
    struct host_group *const *found = tfind(&wanted, &reading->groups, compare_groups);
    if (found)
        return *found;
    struct host_group *made = alloc_zero(1, sizeof *made);
    made->name = alloc_string(name);
    if (!tsearch(made, &reading->groups, compare_groups))
        abort();
    return made;
}

static void free_group(void *arg) {
    struct host_group *group = arg;
    for (size_t i = 0; i < IMPORT_KEYS; i++)
        free(group->variables[i]);
    free(group->parents);
    free(group->name);
    free(group);
}

static void add_parent(struct host_group *child, struct host_group *parent) {
    child->parents = array_reserve(child->parents, child->parents_n + 1, &child->parents_room,
                                   sizeof(struct host_group *));
    child->parents[child->parents_n++] = parent;
}

static void set_variable(char **variable, const char *value) {
    free(*variable);
    *variable = alloc_string(value);
}

/* What a group itself says goes before what its parents say, and of these the last one's. */
static void resolve_group(struct host_group *group, int depth) {
    char *own[IMPORT_KEYS];
    if (group->resolved || depth == DEPTH_MAX)
        return;
    group->resolved = true; /* a group within itself ends here */
    memcpy(own, group->variables, sizeof own);
    for (size_t i = 0; i < group->parents_n; i++) {
        const struct host_group *parent = group->parents[i];
        resolve_group(group->parents[i], depth + 1);
        for (size_t key = 0; key < IMPORT_KEYS; key++)
            if (!own[key] && parent->variables[key])
                set_variable(&group->variables[key], parent->variables[key]);
    }
}

/* ---- the file ---- */

static void *create_state(const struct import_map *map) {
    struct reading *reading = alloc_zero(1, sizeof *reading);
    reading->map = map;
    reading->all = find_group(reading, "all");
    return reading;
}

static void destroy_state(void *state) {
    struct reading *reading = state;
    for (size_t i = 0; i < reading->n; i++)
        free(reading->hosts[i].text);
    free(reading->hosts);
    tdestroy(reading->groups, free_group);
    free(reading);
}

static enum section find_section(const char *kind) {
    if (!kind)
        return SECTION_HOSTS;
    if (strcmp(kind, "vars") == 0)
        return SECTION_VARIABLES;
    return strcmp(kind, "children") == 0 ? SECTION_CHILDREN : SECTION_UNKNOWN;
}

static void enter_section(struct reading *reading, struct import_out *out, uint64_t line,
                          char *text) {
    char *end = strchr(text, ']');
    reading->section = SECTION_UNKNOWN;
    if (!end || end == text + 1) {
        import_out_bad(out, line, "a section that is not closed, or has no name");
        return;
    }
    *end = '\0';
    char *kind = strchr(text, ':');
    if (kind)
        *kind++ = '\0';
    reading->section = find_section(kind);
    reading->group = find_group(reading, text + 1);
}

/* A host may begin with a range, but something follows it. */
static bool is_section(const char *text) {
    const char *close = strrchr(text, ']');
    return *text == '[' && (!close || close[1 + strspn(close + 1, " \t")] == '\0' ||
                            strchr("#;", close[1 + strspn(close + 1, " \t")]));
}

/* "name = value", in quotation marks or not. */
static void take_variable(struct reading *reading, char *text) {
    struct import_inventory_host said = {.line = 0};
    char *words[2];
    char *equals = strchr(text, '=');
    if (!equals)
        return;
    *equals = '\0';
    if (import_words_split(text, words, 1) == 0)
        return;
    const char *name = words[0];
    bool has_value = import_words_unquote(equals + 1, words, 2) >= 1;
    import_inventory_variable(&said, reading->map, name, has_value ? words[0] : "");
    for (size_t key = 0; key < IMPORT_KEYS; key++)
        if (said.variables.text[key])
            set_variable(&reading->group->variables[key], said.variables.text[key]);
}

static void keep_host(struct reading *reading, uint64_t line, const char *text) {
    reading->hosts =
        array_reserve(reading->hosts, reading->n + 1, &reading->room, sizeof *reading->hosts);
    reading->hosts[reading->n++] = (struct host_line){line, reading->group, alloc_string(text)};
}

static void take_line(void *state, struct import_out *out, uint64_t line, char *text, size_t n) {
    struct reading *reading = state;
    char *word;
    (void)n;
    char *first = text + strspn(text, " \t");
    if (*first == ';' || *first == '#' || !*first)
        return;
    if (is_section(first)) {
        enter_section(reading, out, line, first);
        return;
    }
    import_words_drop_comment(text);
    switch (reading->section) {
    case SECTION_HOSTS:
        keep_host(reading, line, first);
        return;
    case SECTION_VARIABLES:
        take_variable(reading, first);
        return;
    case SECTION_CHILDREN:
        if (import_words_split(first, &word, 1) == 1)
            add_parent(find_group(reading, word), reading->group);
        return;
    case SECTION_UNKNOWN:
        return;
    }
}

/* ---- the hosts ---- */

static bool names_zone(const struct host_group *group) {
    return group && strcmp(group->name, "ungrouped") != 0 && strcmp(group->name, "all") != 0;
}

static void take_group_variables(struct import_inventory_host *host,
                                 const struct host_group *group) {
    for (size_t key = 0; key < IMPORT_KEYS; key++)
        if (group->variables[key])
            host->variables.text[key] = group->variables[key];
}

static void tell_host(struct reading *reading, struct import_out *out,
                      const struct host_line *line) {
    char *words[WORDS_MAX];
    struct import_inventory_host host = {
        .line = line->number, .group = names_zone(line->group) ? line->group->name : NULL};
    size_t words_n = import_words_unquote(line->text, words, WORDS_MAX);
    if (words_n == 0)
        return;
    host.pattern = words[0];
    take_group_variables(&host, reading->all);
    if (line->group) {
        resolve_group(line->group, 0);
        take_group_variables(&host, line->group);
    }
    for (size_t i = 1; i < words_n && i < WORDS_MAX; i++) {
        char *equals = strchr(words[i], '=');
        if (equals) {
            *equals = '\0';
            import_inventory_variable(&host, reading->map, words[i], equals + 1);
        }
    }
    import_inventory_add(&host, out);
}

/* One line at a time, for its range may stand for 65,536 hosts. */
static bool finish_list(void *state, struct import_out *out) {
    struct reading *reading = state;
    if (reading->told < reading->n)
        tell_host(reading, out, &reading->hosts[reading->told++]);
    return reading->told < reading->n;
}

const struct import_form import_ansible_form = {.create = create_state,
                                                .destroy = destroy_state,
                                                .take_line = take_line,
                                                .finish = finish_list};
