/* What is different between two scans of one address, for whoever watches it. Pure. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* Prints a line for each fact that changed, behind the time of the later scan and the origin; nothing where none did.
 * Both are objects of schema originscan.scan/1; `before` is NULL for an address that was not there before, and for a
 * name of which none was found any more. */
void scan_changes_print(FILE *to, const json_t *before, const json_t *now);

/* Prints a line for an address that the name had before, but that no scan had dialled yet. */
void scan_changes_print_first(FILE *to, const json_t *now);

/* Prints a line that the address of scan `last` is none of the name's any more; `now` is a later scan of the name. */
void scan_changes_print_gone(FILE *to, const json_t *last, const json_t *now);
