/* Ansible's YAML inventory, and the JSON of `ansible-inventory --list` and dynamic inventories. */
#include "store/import/import_document.h"
#include "store/import/import_form.h"
#include "store/import/import_inventory.h"

#include <stdbool.h>
#include <string.h>

enum { DEPTH_MAX = 32 }; /* of groups within groups */

struct walk {
    struct import_document *document;
    const struct import_map *map;
    struct import_out *out;
    import_node hostvars; /* _meta.hostvars of dynamic inventories; 0: none */
};

static void take_variables(struct walk *walk, import_node variables,
                           struct import_inventory_host *host) {
    import_node key, value;
    if (import_document_kind(walk->document, variables) != IMPORT_NODE_MAP)
        return;
    for (size_t i = 0; import_document_member(walk->document, variables, i, &key, &value); i++)
        import_inventory_variable(host, walk->map, import_document_text(walk->document, key),
                                  import_document_text(walk->document, value));
}

/* `group`: the name, and what the variables of this group and of those around it say. */
static void add_host(struct walk *walk, const struct import_inventory_host *group, import_node name,
                     import_node variables) {
    struct import_inventory_host host = *group;
    host.line = import_document_line(walk->document, name);
    host.pattern = import_document_text(walk->document, name);
    host.ansible_host = NULL;
    if (!variables && walk->hostvars)
        variables = import_document_find(walk->document, walk->hostvars, host.pattern);
    take_variables(walk, variables, &host);
    if (*host.pattern)
        import_inventory_add(&host, walk->out);
    else
        import_out_bad(walk->out, host.line, "a host without a name");
}

static void add_hosts(struct walk *walk, const struct import_inventory_host *group,
                      import_node hosts) {
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

static bool is_no_group(const char *name) {
    return strcmp(name, "all") == 0 || strcmp(name, "ungrouped") == 0;
}

static void walk_group(struct walk *walk, import_node name, import_node group,
                       const struct import_inventory_host *around, int depth) {
    struct import_document *document = walk->document;
    const char *text = import_document_text(document, name);
    struct import_inventory_host own = *around;
    import_node key, value;
    if (depth == DEPTH_MAX) {
        import_out_bad(walk->out, import_document_line(document, name),
                       "groups within groups, %d deep", DEPTH_MAX);
        return;
    }
    own.group = is_no_group(text) ? NULL : text;
    take_variables(walk, import_document_find(document, group, "vars"), &own);
    if (import_document_kind(document, group) == IMPORT_NODE_LIST)
        add_hosts(walk, &own, group);
    add_hosts(walk, &own, import_document_find(document, group, "hosts"));
    import_node children = import_document_find(document, group, "children");
    if (import_document_kind(document, children) != IMPORT_NODE_MAP)
        return; /* a list of names: the groups stand elsewhere */
    for (size_t i = 0; import_document_member(document, children, i, &key, &value); i++)
        walk_group(walk, key, value, &own, depth + 1);
}

static void walk_groups(struct walk *walk) {
    struct import_document *document = walk->document;
    import_node root = import_document_root(document), key, value;
    if (import_document_kind(document, root) != IMPORT_NODE_MAP) {
        import_out_fail(walk->out, import_document_line(document, root),
                        "an Ansible inventory is a mapping of groups");
        return;
    }
    struct import_inventory_host around = {.line = 0};
    import_node all = import_document_find(document, root, "all");
    take_variables(walk, import_document_find(document, all, "vars"), &around);
    walk->hostvars =
        import_document_find(document, import_document_find(document, root, "_meta"), "hostvars");
    for (size_t i = 0; import_document_member(document, root, i, &key, &value); i++)
        if (strcmp(import_document_text(document, key), "_meta") != 0)
            walk_group(walk, key, value, &around, 0);
}

/* The map is the state. */
static void *create_state(const struct import_map *map) {
    return (void *)(uintptr_t)map;
}

static void take_document(void *state, struct import_out *out, char *text, size_t n) {
    struct walk walk = {.document = import_document_new(text, n, out), .map = state, .out = out};
    if (walk.document)
        walk_groups(&walk);
    import_document_free(walk.document);
}

const struct import_form import_groups_form = {.create = create_state,
                                               .take_document = take_document};
