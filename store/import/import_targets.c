/* Prometheus file_sd: a list of {targets, labels}, in JSON or YAML. */
#include "store/import/import_document.h"
#include "store/import/import_form.h"
#include "store/import/import_words.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct walk {
    struct import_document *document;
    const struct import_map *map;
    struct import_out *out;
};

/* `zone` is an availability zone in many files: a label is a key's only where the map says so, or
 * where it begins with originscan_. */
static void take_labels(const struct walk *walk, import_node labels, struct import_fields *fields) {
    static const struct import_map keys_only = {{NULL}};
    static const char prefix[] = "originscan_";
    import_node key, value;
    for (size_t i = 0; import_document_member(walk->document, labels, i, &key, &value); i++) {
        enum import_key found;
        const char *name = import_document_text(walk->document, key);
        bool own = strncasecmp(name, prefix, sizeof prefix - 1) == 0 &&
                   import_fields_find(&keys_only, name + sizeof prefix - 1, &found);
        if (own || (import_fields_find(walk->map, name, &found) && walk->map->column[found]))
            fields->text[found] = import_document_text(walk->document, value);
    }
}

static void add_target(const struct walk *walk, import_node target,
                       const struct import_fields *labels) {
    struct import_fields fields = *labels;
    uint64_t line = import_document_line(walk->document, target);
    char *text = import_document_text(walk->document, target);
    if (!*text) {
        import_out_bad(walk->out, line, "a target must be a text");
        return;
    }
    const char *why = import_words_url(text, &fields);
    if (why)
        import_out_bad(walk->out, line, "%s", why);
    else
        import_out_add(walk->out, line, &fields);
}

static void walk_entry(const struct walk *walk, import_node entry) {
    struct import_fields labels = {0};
    import_node targets = import_document_find(walk->document, entry, "targets"), key, target;
    if (import_document_kind(walk->document, targets) != IMPORT_NODE_LIST) {
        import_out_bad(walk->out, import_document_line(walk->document, entry),
                       "an entry without a list of targets");
        return;
    }
    take_labels(walk, import_document_find(walk->document, entry, "labels"), &labels);
    for (size_t i = 0; import_document_member(walk->document, targets, i, &key, &target); i++)
        add_target(walk, target, &labels);
}

static void walk_list(const struct walk *walk) {
    import_node root = import_document_root(walk->document), key, entry;
    if (import_document_kind(walk->document, root) != IMPORT_NODE_LIST) {
        import_out_fail(walk->out, import_document_line(walk->document, root),
                        "a file_sd document is a list of targets");
        return;
    }
    for (size_t i = 0; import_document_member(walk->document, root, i, &key, &entry); i++)
        walk_entry(walk, entry);
}

/* The map is the state. */
static void *create_state(const struct import_map *map) {
    return (void *)(uintptr_t)map;
}

static void take_document(void *state, struct import_out *out, char *text, size_t n) {
    struct walk walk = {.document = import_document_new(text, n, out), .map = state, .out = out};
    if (walk.document)
        walk_list(&walk);
    import_document_free(walk.document);
}

const struct import_form import_targets_form = {.create = create_state,
                                                .take_document = take_document};
