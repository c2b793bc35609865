/* A folder with an export for each zone, replaced as a whole.
 *
 *   source -> a new folder beside it, one file per zone; those that tell the same are the old files
 *     themselves
 *   guard over all of them, check command on the new folder
 *   exchange of the two folders in one step; the old one is removed
 *
 * A file is called by its zone (export_text_slug) with `.conf`. Files of zones that are gone are gone
 * with the old folder. On any failure the folder stays as it is. */
#pragma once

#include "report/output/export_file.h"

/* What was done, for the operator. */
struct export_folder_summary {
    enum export_file_outcome outcome;
    uint64_t files;
    uint64_t changed;
    uint64_t removed;               /* of zones that are no longer exported */
    struct export_summary settings; /* of all files together; its hash is of no use */
};

/* Writes the folder `file->path`, which may be missing and else has exports of the format alone. The
 * format must be able to write a zone by itself (options->snippet is set). False with the reason. */
bool export_folder_write(const struct export_file_options *file,
                         const struct export_options *options, export_source *source,
                         void *source_arg, struct export_folder_summary *out, struct err *err);
