/* Ansible's INI inventory: hosts under [group]; [group:vars] and [group:children] name none. */
#include "scanner/base/alloc.h"
#include "store/import/import_form.h"
#include "store/import/import_inventory.h"
#include "store/import/import_words.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 128 };

struct reading {
    const struct import_map *map;
    bool names_hosts; /* the section that is being read */
    char group[256];
};

static void *create_state(const struct import_map *map) {
    struct reading *reading = alloc_zero(1, sizeof *reading);
    reading->map = map;
    reading->names_hosts = true;
    return reading;
}

static void enter_section(struct reading *reading, struct import_out *out, uint64_t line,
                          char *text) {
    char *end = strchr(text, ']');
    if (!end || end == text + 1) {
        import_out_bad(out, line, "a section that is not closed, or has no name");
        reading->names_hosts = false;
        return;
    }
    *end = '\0';
    const char *kind = strchr(text, ':');
    reading->names_hosts = !kind;
    bool has_name = strcmp(text + 1, "ungrouped") != 0 && strcmp(text + 1, "all") != 0;
    snprintf(reading->group, sizeof reading->group, "%s", has_name ? text + 1 : "");
}

/* A host may begin with a range, but something follows it. */
static bool is_section(const char *text) {
    const char *close = strrchr(text, ']');
    return *text == '[' && (!close || close[1 + strspn(close + 1, " \t")] == '\0' ||
                            strchr("#;", close[1 + strspn(close + 1, " \t")]));
}

static void take_line(void *state, struct import_out *out, uint64_t line, char *text, size_t n) {
    struct reading *reading = state;
    char *words[WORDS_MAX];
    (void)n;
    char *first = text + strspn(text, " \t");
    if (*first == ';' || *first == '#')
        return;
    if (is_section(first)) {
        enter_section(reading, out, line, first);
        return;
    }
    import_words_drop_comment(text);
    size_t words_n = import_words_unquote(text, words, WORDS_MAX);
    if (words_n == 0 || !reading->names_hosts)
        return;
    struct import_inventory_host host = {
        .line = line, .pattern = words[0], .group = *reading->group ? reading->group : NULL};
    for (size_t i = 1; i < words_n && i < WORDS_MAX; i++) {
        char *equals = strchr(words[i], '=');
        if (equals) {
            *equals = '\0';
            import_inventory_variable(&host, reading->map, words[i], equals + 1);
        }
    }
    import_inventory_add(&host, out);
}

const struct import_form import_ansible_form = {
    .create = create_state, .destroy = free, .take_line = take_line};
