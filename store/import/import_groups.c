/* Ansible's YAML inventory, and the JSON of `ansible-inventory --list` and dynamic inventories. */
#include "scanner/base/alloc.h"
#include "store/import/import_collection.h"
#include "store/import/import_document.h"
#include "store/import/import_form.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32 }; /* of groups within groups */

struct walk {
    struct import_document *document; /* NULL before it is read, or if it cannot be */
    struct import_collection *collection;
    struct import_out *out;
    import_node hostvars; /* _meta.hostvars of dynamic inventories; 0: none */
};

/* Of a group, or of the host that was added last where it is NULL. */
static void take_variables(struct walk *walk, import_node variables, struct import_group *group) {
    struct import_document *document = walk->document;
    import_node key, value;
    if (import_document_kind(document, variables) != IMPORT_NODE_MAP)
        return;
    for (size_t i = 0; import_document_member(document, variables, i, &key, &value); i++) {
        const char *name = import_document_text(document, key);
        const char *text = import_document_text(document, value);
        if (group)
            import_collection_group_variable(walk->collection, group, name, text);
        else
            import_collection_host_variable(walk->collection, name, text);
    }
}

static void add_host(struct walk *walk, struct import_group *group, import_node name,
                     import_node variables) {
    uint64_t line = import_document_line(walk->document, name);
    char *pattern = import_document_text(walk->document, name);
    if (!*pattern) {
        import_out_bad(walk->out, line, "a host without a name");
        return;
    }
    if (!variables && walk->hostvars)
        variables = import_document_find(walk->document, walk->hostvars, pattern);
    import_collection_host(walk->collection, group, line, pattern);
    take_variables(walk, variables, NULL);
}

static void add_hosts(struct walk *walk, struct import_group *group, import_node hosts) {
    import_node key, value;
    bool named = import_document_kind(walk->document, hosts) == IMPORT_NODE_MAP;
    if (import_document_kind(walk->document, hosts) == IMPORT_NODE_TEXT &&
        *import_document_text(walk->document, hosts)) {
        add_host(walk, group, hosts, 0);
        return;
    }
    for (size_t i = 0; import_document_member(walk->document, hosts, i, &key, &value); i++)
        if (named)
            add_host(walk, group, key,
                     import_document_kind(walk->document, value) == IMPORT_NODE_MAP ? value : 0);
        else
            add_host(walk, group, value, 0);
}

static void walk_group(struct walk *walk, import_node name, import_node content,
                       struct import_group *around, int depth);

/* The groups within one: here as a whole, or by their names alone, which stand elsewhere. */
static void walk_children(struct walk *walk, struct import_group *group, import_node children,
                          int depth) {
    struct import_document *document = walk->document;
    import_node key, value;
    for (size_t i = 0; import_document_member(document, children, i, &key, &value); i++)
        if (key)
            walk_group(walk, key, value, group, depth);
        else
            walk_group(walk, value, 0, group, depth);
}

static void walk_group(struct walk *walk, import_node name, import_node content,
                       struct import_group *around, int depth) {
    struct import_document *document = walk->document;
    if (depth == DEPTH_MAX) {
        import_out_bad(walk->out, import_document_line(document, name),
                       "groups within groups, %d deep", DEPTH_MAX);
        return;
    }
    struct import_group *group =
        import_collection_group(walk->collection, import_document_text(document, name));
    if (around)
        import_collection_nest(around, group);
    take_variables(walk, import_document_find(document, content, "vars"), group);
    if (import_document_kind(document, content) == IMPORT_NODE_LIST)
        add_hosts(walk, group, content);
    add_hosts(walk, group, import_document_find(document, content, "hosts"));
    walk_children(walk, group, import_document_find(document, content, "children"), depth + 1);
}

static void walk_groups(struct walk *walk) {
    struct import_document *document = walk->document;
    import_node root = import_document_root(document), key, value;
    if (import_document_kind(document, root) != IMPORT_NODE_MAP) {
        import_out_fail(walk->out, import_document_line(document, root),
                        "an Ansible inventory is a mapping of groups");
        return;
    }
    walk->hostvars =
        import_document_find(document, import_document_find(document, root, "_meta"), "hostvars");
    for (size_t i = 0; import_document_member(document, root, i, &key, &value); i++)
        if (strcmp(import_document_text(document, key), "_meta") != 0)
            walk_group(walk, key, value, NULL, 0);
}

static void *create_state(const struct import_map *map) {
    struct walk *walk = alloc_zero(1, sizeof *walk);
    walk->collection = import_collection_new(map);
    return walk;
}

static void destroy_state(void *state) {
    struct walk *walk = state;
    import_collection_free(walk->collection);
    import_document_free(walk->document);
    free(walk);
}

static void take_document(void *state, struct import_out *out, char *text, size_t n) {
    struct walk *walk = state;
    walk->document = import_document_new(text, n, out);
    walk->out = out;
    if (walk->document)
        walk_groups(walk);
}

static bool finish_document(void *state, struct import_out *out) {
    struct walk *walk = state;
    return import_collection_tell(walk->collection, out);
}

const struct import_form import_groups_form = {.create = create_state,
                                               .destroy = destroy_state,
                                               .take_document = take_document,
                                               .finish = finish_document};
