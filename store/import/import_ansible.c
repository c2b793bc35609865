/* Ansible's INI inventory: hosts under [group], and what [group:vars] say of all hosts of a group and
 * of the groups that [group:children] name. Hosts are told behind the last line, for variables may
 * stand anywhere. */
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "store/import/import_collection.h"
#include "store/import/import_form.h"
#include "store/import/import_words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 128 };

enum section { SECTION_HOSTS, SECTION_VARIABLES, SECTION_CHILDREN, SECTION_UNKNOWN };

struct reading {
    struct import_collection *collection;
    enum section section; /* that is being read, and its group */
    struct import_group *group;
    char **texts; /* the lines of hosts, into which the collection points */
    size_t n, room;
};

static void *create_state(const struct import_map *map) {
    struct reading *reading = alloc_zero(1, sizeof *reading);
    reading->collection = import_collection_new(map);
    reading->group = import_collection_group(reading->collection, "all");
    return reading;
}

static void destroy_state(void *state) {
    struct reading *reading = state;
    import_collection_free(reading->collection);
    for (size_t i = 0; i < reading->n; i++)
        free(reading->texts[i]);
    free(reading->texts);
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
    reading->group = import_collection_group(reading->collection, text + 1);
}

/* A host may begin with a range, but something follows it. */
static bool is_section(const char *text) {
    const char *close = strrchr(text, ']');
    return *text == '[' && (!close || close[1 + strspn(close + 1, " \t")] == '\0' ||
                            strchr("#;", close[1 + strspn(close + 1, " \t")]));
}

/* "name = value", in quotation marks or not. */
static void take_variable(struct reading *reading, char *text) {
    char *words[2];
    char *equals = strchr(text, '=');
    if (!equals)
        return;
    *equals = '\0';
    if (import_words_split(text, words, 1) == 0)
        return;
    const char *name = words[0];
    bool has_value = import_words_unquote(equals + 1, words, 2) >= 1;
    import_collection_group_variable(reading->collection, reading->group, name,
                                     has_value ? words[0] : "");
}

static void take_host(struct reading *reading, uint64_t line, const char *text) {
    char *words[WORDS_MAX];
    char *kept = alloc_string(text);
    reading->texts =
        array_reserve(reading->texts, reading->n + 1, &reading->room, sizeof *reading->texts);
    reading->texts[reading->n++] = kept;
    size_t words_n = import_words_unquote(kept, words, WORDS_MAX);
    if (words_n == 0)
        return;
    import_collection_host(reading->collection, reading->group, line, words[0]);
    for (size_t i = 1; i < words_n && i < WORDS_MAX; i++) {
        char *equals = strchr(words[i], '=');
        if (equals) {
            *equals = '\0';
            import_collection_host_variable(reading->collection, words[i], equals + 1);
        }
    }
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
        take_host(reading, line, first);
        return;
    case SECTION_VARIABLES:
        take_variable(reading, first);
        return;
    case SECTION_CHILDREN:
        if (import_words_split(first, &word, 1) == 1)
            import_collection_nest(reading->group,
                                   import_collection_group(reading->collection, word));
        return;
    case SECTION_UNKNOWN:
        return;
    }
}

static bool finish_list(void *state, struct import_out *out) {
    struct reading *reading = state;
    return import_collection_tell(reading->collection, out);
}

const struct import_form import_ansible_form = {.create = create_state,
                                                .destroy = destroy_state,
                                                .take_line = take_line,
                                                .finish = finish_list};
