/* The groups and hosts of an Ansible inventory, whatever the form of the file: collected to its end,
 * for what is said of a group may stand anywhere, then told. */
#pragma once

#include "store/import/import_out.h"

#include <stdbool.h>
#include <stdint.h>

struct import_collection;
struct import_group;

/* Borrows the map. Free what the texts of hosts point into after the collection. */
struct import_collection *import_collection_new(const struct import_map *map);
void import_collection_free(struct import_collection *collection);

/* The group of that name, made where it is new; the name is copied. All others are within "all". */
struct import_group *import_collection_group(struct import_collection *collection,
                                             const char *name);

/* Says that one group is within another. */
void import_collection_nest(struct import_group *parent, struct import_group *child);

/* Notes a variable of all hosts of a group, if it says something; the texts are copied. */
void import_collection_group_variable(struct import_collection *collection,
                                      struct import_group *group, const char *name,
                                      const char *value);

/* Adds a name or range to a group. The pattern is cut at its port, and borrowed. */
void import_collection_host(struct import_collection *collection, struct import_group *group,
                            uint64_t line, char *pattern);

/* Notes a variable of the host that was added last, if it says something; the texts are borrowed. */
void import_collection_host_variable(struct import_collection *collection, const char *name,
                                     const char *value);

/* Tells the hosts of one line, once all is collected; true while there are more. Each group that
 * names a host is a zone with it; it has the group's weight. All else is of the host wherever it is
 * named: what the line says, or else another line, or else the groups that name it and those around
 * them, of which the innermost goes before, then the last by name. Ranges are the same host only if
 * they are written alike. */
bool import_collection_tell(struct import_collection *collection, struct import_out *out);
