/* Which zones an export tells something else of than an earlier generation of the same file did. */
#pragma once

#include "report/output/export_previous.h"

/* What the earlier generation said. Free with export_since_clear. */
struct export_since {
    const struct export_format *format;
    struct export_previous then;
    uint64_t changed; /* zones that passed */
    uint64_t matched; /* zones that it had, too */
};

/* Reads generation `generation` of the export `path`: the file itself if it is that one, else the copy
 * that export_file.h kept of it. False with the reason if neither is there and whole, or if the
 * format's zones do not stand by themselves. */
bool export_since_open(struct export_since *since, const char *path, uint64_t generation,
                       const struct export_format *format, struct err *err);

/* An export_filter for options.filter; `arg` is the struct export_since. */
bool export_since_passes(void *arg, char *block, size_t n);

void export_since_clear(struct export_since *since);
