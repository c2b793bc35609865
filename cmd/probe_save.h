/* Stores the scans of `originscan probe --save` as visits of their origins, beside a running daemon. */
#pragma once

#include "scanner/visit/scan.h"

struct err;
struct probe_save;

/* NULL with `err` if there is no such database, or if its origins are asked about another hybrid. */
struct probe_save *probe_save_new(const char *path, uint16_t hybrid, struct err *err);

/* Takes a copy of a scan; those of one visit belong together. An origin that the database does not have is named on
 * standard error. */
void probe_save_add(struct probe_save *save, const struct scan *scan, uint64_t ticket);

/* Stores what was taken and settles the zones; false if something could not be stored, which standard error says.
 * Waits a while for an origin that is being scanned. */
bool probe_save_finish(struct probe_save *save);
void probe_save_free(struct probe_save *save); /* NULL is fine */
