/* The origins that a command line names: by host, host:port or zone. */
#pragma once

#include "store/store.h"

#include <stddef.h>
#include <stdint.h>

/* Starts as {0}. */
struct scan_names {
    size_t n; /* origins, each once, by id */
    size_t room;
    int64_t *ids;
    size_t subjects_n; /* they and all their zones, as changes name them, in order */
    size_t subjects_room;
    char **subjects;
};

/* Adds what a name stands for. False with `err` if there is no such zone or origin, or the database
 * failed. */
bool scan_names_add(struct scan_names *names, struct store *store, const char *name,
                    struct err *err);

/* To be called when all are in. */
void scan_names_sort(struct scan_names *names);

/* True if a change of that subject is one of theirs; a scan_summary_filter. */
bool scan_names_has_subject(void *names, const char *subject);

void scan_names_clear(struct scan_names *names);
