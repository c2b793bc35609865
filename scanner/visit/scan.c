/* A finished scan. */
#include "scanner/visit/scan.h"

#include <stddef.h>

const struct probe_result *scan_probe(const struct scan *scan, enum probe_id id) {
    for (size_t i = 0; i < scan->probes_n; i++)
        if (scan->probes[i].probe == id)
            return &scan->probes[i];
    return NULL;
}
