/* The file of `originscan probe --html`. */
#pragma once

#include "report/view/scan_text.h"

struct probe_page;

/* `path` is borrowed. */
struct probe_page *probe_page_new(const char *path);
void probe_page_free(struct probe_page *page); /* NULL is fine */

/* The page has the origins in the order of their tickets. */
void probe_page_add(struct probe_page *page, const struct scan *scan,
                    const struct judgement *judgement, const struct scan_text_options *options,
                    uint64_t ticket);

/* Replaces the file by the page of what was added, and forgets that. False, and standard error says why, where that
 * cannot be done. */
bool probe_page_write(struct probe_page *page);
