/* Ansible's host ranges: www[01:50].example.com, db-[a:f], host[1:9:2]. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Called for each name; the text is valid during the call. */
typedef void import_range_each(void *arg, const char *name);

/* Calls `each` for every name that the pattern stands for, itself if it has no range. False, with
 * `why`, for a range that means nothing or for more than 65,536 names, and then none was told. */
bool import_range_expand(const char *pattern, import_range_each *each, void *arg, const char **why);
