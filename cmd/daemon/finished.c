/* Finished scans that wait to be written. */
#include "cmd/daemon/finished.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/net/resolver.h"

#include <stdlib.h>
#include <string.h>

/* One scan and what it points to, in one piece of memory. */
struct kept {
    struct scan scan;
    struct judgement judgement;
    char addresses[RESOLVER_ADDRESSES_MAX][ORIGIN_ADDRESS_SIZE];
    struct probe_result probes[];
};

struct finished {
    size_t n;
    size_t room;
    struct store_finished *rows; /* in the order of their end; each points into a struct kept */
};

struct finished *finished_new(void) {
    return alloc_zero(1, sizeof(struct finished));
}

static void free_row(const struct store_finished *row) {
    free((struct kept *)row->scan); /* its first member */
}

void finished_free(struct finished *finished) {
    if (!finished)
        return;
    for (size_t i = 0; i < finished->n; i++)
        free_row(&finished->rows[i]);
    free(finished->rows);
    free(finished);
}

static struct kept *copy_scan(const struct scan *scan) {
    struct kept *kept = alloc_zero(1, sizeof *kept + scan->probes_n * sizeof *scan->probes);
    kept->scan = *scan;
    kept->scan.probes = kept->probes;
    memcpy(kept->probes, scan->probes, scan->probes_n * sizeof *scan->probes);
    for (size_t i = 0; i < scan->addresses_n; i++)
        memcpy(kept->addresses[i], scan->addresses[i], ORIGIN_ADDRESS_SIZE);
    kept->scan.addresses = (const char(*)[ORIGIN_ADDRESS_SIZE])kept->addresses;
    return kept;
}

const struct judgement *finished_add(struct finished *finished, int64_t origin_id,
                                     const struct scan *scan) {
    struct kept *kept = copy_scan(scan);
    verdict_judge(&kept->scan, &kept->judgement);
    finished->rows =
        array_reserve(finished->rows, finished->n + 1, &finished->room, sizeof *finished->rows);
    finished->rows[finished->n++] = (struct store_finished){
        .origin_id = origin_id,
        .scan = &kept->scan,
        .judgement = &kept->judgement,
        .addresses_n = scan->addresses_n,
        .addresses = kept->scan.addresses,
        .more = scan->more,
    };
    return &kept->judgement;
}

void finished_drop_later(struct finished *finished, int64_t now_ms,
                         void (*each)(void *arg, int64_t origin_id), void *arg) {
    size_t kept = 0;
    for (size_t i = 0; i < finished->n; i++) {
        const struct store_finished *row = &finished->rows[i];
        if (row->scan->started_ms <= now_ms) {
            finished->rows[kept++] = *row;
            continue;
        }
        if (!row->more)
            each(arg, row->origin_id);
        free_row(row);
    }
    finished->n = kept;
}

size_t finished_count(const struct finished *finished) {
    return finished->n;
}

enum store_result finished_commit(struct finished *finished, struct store *store,
                                  struct store_commit *commit, struct err *err) {
    commit->finished = finished->rows;
    if (commit->n > finished->n)
        commit->n = finished->n;
    enum store_result result = store_commit(store, commit, err);
    if (result != STORE_OK)
        return result;
    for (size_t i = 0; i < commit->n; i++)
        free_row(&finished->rows[i]);
    finished->n -= commit->n;
    memmove(finished->rows, finished->rows + commit->n, finished->n * sizeof *finished->rows);
    return result;
}
