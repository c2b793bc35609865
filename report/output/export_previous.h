/* Reads an export's file back: is it whole, which generation is it, what did it say of each zone?
 */
#pragma once

#include "report/export/export_layout.h"

#include <sys/stat.h>

/* A zone as an export had it. */
struct export_previous_zone {
    uint64_t key;           /* of the name as it was written */
    enum rule_level level;  /* as written */
    enum rule_level lowest; /* the lowest of it and its exceptions, as written */
    uint64_t told;          /* of what the target acts on of it (export_told.h) */
};

/* What an export says. Free with export_previous_clear. */
struct export_previous {
    bool ours;           /* something of an export of ours is in it */
    bool whole;          /* nothing is missing and nothing was changed */
    uint64_t generation; /* as far as it could be read, else 0 */
    char sha256[65];     /* "" if it could not be read */
    char told[65];       /* SHA-256 of what of it the target acts on (export_told.h), and of
                            its zones and their levels */
    char not_after[32];  /* as it says of the whole file; "" where it does not, "-" for no limit */
    size_t zones_n;
    struct export_previous_zone *zones; /* sorted by key; those that could be read */
};

/* Opens a file that may be an export. What is no regular file is refused, and a FIFO that nobody
 * writes is not waited for. NULL with the reason; errno is ENOENT where there is none, and only
 * there. */
FILE *export_previous_open(const char *path, struct stat *info, struct err *err);

/* Reads an export of that format; whatever else the file is gives `ours` false. False if it cannot
 * be read. */
bool export_previous_read(FILE *from, const struct export_format *format,
                          struct export_previous *out);

/* Reads what a renderer wrote of one zone, without header; the text is changed while it is read. False
 * if there is no zone in it. */
bool export_previous_block(char *block, size_t n, const struct export_format *format,
                           struct export_previous_zone *out);
void export_previous_clear(struct export_previous *previous);
