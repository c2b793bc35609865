/* Replaces an export's file by a new one, at once and only if nothing speaks against it.
 *
 *   previous file -> its generation and settings
 *   source        -> a new file beside it, fsync
 *   guard, check command on the new file
 *   rename, fsync of the folder
 *
 * On any failure the previous file stays as it is and the new one is removed. */
#pragma once

#include "report/export/export.h"
#include "scanner/base/duration.h"

/* Refused, unless forced, is what export_guard.h names, and
 *   - any file in place of an export that is damaged or was edited, and
 *   - any file in place of one that is no export of that format. */
struct export_file_options {
    const char *path;
    const char *check_command; /* run by /bin/sh: `{}` and `$1` stand for the new file, which is
                                  appended where neither is there; NULL: none */
    bool force;                /* pass the guard; the check command is not passed over */
    unsigned keep;             /* so many older generations stay, as `path`.~GENERATION~ */
};

/* What became of the file. */
enum export_file_outcome {
    EXPORT_FILE_CHANGED,   /* it tells its target something else than before, or is new */
    EXPORT_FILE_REFRESHED, /* replaced: it tells the same, by newer evidence */
    EXPORT_FILE_UNTOUCHED, /* not even that: it is as it was */
};

/* A file that would tell the same stays as it is, unless what it says of itself lapses within this
 * time (or it does not say). */
#define EXPORT_FILE_REFRESH_MS (24 * HOUR_MS)

/* The name under which a generation is kept. False if it is too long; `out` has room for PATH_MAX. */
bool export_file_kept(const char *path, uint64_t generation, char *out);

/* Writes the export to a file. The generation is the previous file's if the same is told (see
 * export_told.h), one more if not, and 1 for the first; `options->generation` is set to it. The file keeps
 * the mode and owner of the previous one; a symbolic link is followed. False with the reason. */
bool export_file_write(const struct export_file_options *file, struct export_options *options,
                       export_source *source, void *source_arg, struct export_summary *summary,
                       enum export_file_outcome *outcome, struct err *err);
