/* Memory that is there or the process stops: running out of it is local trouble, never evidence. */
#pragma once

#include <stddef.h>

/* As calloc, realloc and strdup, but they print one line and abort instead of returning NULL.
 * The caller frees with free(). */
void *alloc_zero(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *alloc_resize(void *old, size_t count, size_t size) __attribute__((returns_nonnull));
char *alloc_string(const char *text) __attribute__((malloc, returns_nonnull));
