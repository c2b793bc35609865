/* Memory that is there or the process stops. */
#include "scanner/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_abort(void *memory) {
    if (memory)
        return memory;
    fputs("originscan: out of memory\n", stderr);
    abort();
}

void *alloc_zero(size_t count, size_t size) {
    return or_abort(calloc(count ? count : 1, size ? size : 1));
}

void *alloc_resize(void *old, size_t count, size_t size) {
    return or_abort(reallocarray(old, count ? count : 1, size ? size : 1));
}

char *alloc_string(const char *text) {
    return or_abort(strdup(text));
}
