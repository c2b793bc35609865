/* The table file: which behaviour lives at which address. README.md has the format. */
#pragma once

#include "lab_address.h"
#include "lab_behaviour.h"

/* One line: a block of addresses on one port. */
struct lab_entry {
    struct lab_address address; /* masked */
    unsigned bits;              /* of 128 that are fixed */
    uint16_t port;
    unsigned line;
    const struct lab_behaviour *behaviour;
    struct lab_profile profile;
};

struct lab_table;

/* Reads a file, `-` for standard input. A line without a port gets `port_base`, one with `:+K` gets
 * port_base + K. On NULL `err` names file:line and what is wrong. Free with lab_table_free. */
struct lab_table *lab_table_read(const char *path, uint16_t port_base, struct err *err);
void lab_table_free(struct lab_table *table);

/* The line for a destination, NULL if there is none. The longest prefix wins. */
const struct lab_entry *lab_table_find(const struct lab_table *table,
                                       const struct lab_address *address, uint16_t port);

/* All lines in the order of the file. */
const struct lab_entry *lab_table_entries(const struct lab_table *table, size_t *n);

/* True if nobody is to listen on the entry's port. */
bool lab_table_closed(const struct lab_entry *entry);
