/* A host of an Ansible inventory, whatever the form of the file. */
#pragma once

#include "store/import/import_out.h"

#include <stdbool.h>

/* The name or range, its group (NULL: none) and what its variables and those of groups say of it. The name of the host is the origin's; `ansible_host`
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

/* Notes a variable of the host or of a group; the texts are borrowed. False if it says nothing. */
bool import_inventory_variable(struct import_inventory_host *host, const struct import_map *map,
                               const char *name, const char *value);

/* Cuts a name or range at its port. */
void import_inventory_drop_port(char *pattern);

/* Appends the origins that the host stands for. */
void import_inventory_add(const struct import_inventory_host *host, struct import_out *out);
