/* A host of an Ansible inventory, whatever the form of the file. */
#pragma once

#include "store/import/import_out.h"

/* The name or range, its group (NULL: none) and what the host's variables say, or else those of its
 * group, of the groups around that, and of all. The name of the host is the origin's; `ansible_host`
 * is its address, or its name if it is one. Ansible's port is that of SSH and is passed over; a
 * variable originscan_port gives the port, and so for the other keys, or the variables that the map
 * names. */
struct import_inventory_host {
    uint64_t line;
    const char *pattern;
    const char *group;
    const char *ansible_host;
    struct import_fields variables;
};

/* Notes a variable of the host or of a group, if it says something; the texts are borrowed. */
void import_inventory_variable(struct import_inventory_host *host, const struct import_map *map,
                               const char *name, const char *value);

/* Appends the origins that the host stands for. `pattern` is cut at its port. */
void import_inventory_add(struct import_inventory_host *host, struct import_out *out);
