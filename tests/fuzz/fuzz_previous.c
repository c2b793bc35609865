/* Fuzz target: any file where an export was is read to its end, and only whole ones pass as whole. The
 * first byte of an input chooses the format, the rest is the file. */
#include "report/export/export.h"
#include "report/output/export_previous.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "previous: %s\n", what);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    size_t formats_n;
    const struct export_format *const *formats = export_formats(&formats_n);
    struct export_previous previous = {.ours = false};
    if (n < 2)
        return 0;
    FILE *from = fmemopen((void *)(data + 1), n - 1, "r");
    must(from != NULL, "no memory");
    must(export_previous_read(from, formats[data[0] % formats_n], &previous), "not read");
    must(!previous.whole || previous.ours, "whole, but not ours");
    must(!previous.whole || strlen(previous.sha256) == 64, "whole, but without a hash");
    for (size_t i = 1; i < previous.zones_n; i++)
        must(previous.zones[i - 1].key <= previous.zones[i].key, "zones out of order");
    export_previous_clear(&previous);
    fclose(from);
    return 0;
}
