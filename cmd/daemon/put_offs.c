/* Visits that were put off and of which the store does not know yet. */
#include "cmd/daemon/put_offs.h"

#include "scanner/base/alloc.h"

#include <stdlib.h>

void put_offs_add(struct put_offs *put_offs, int64_t origin_id, int64_t until_ms) {
    if (put_offs->n == put_offs->room) {
        put_offs->room = put_offs->room ? 2 * put_offs->room : 64;
        put_offs->rows = alloc_resize(put_offs->rows, put_offs->room, sizeof *put_offs->rows);
    }
    put_offs->rows[put_offs->n++] =
        (struct store_later){.origin_id = origin_id, .until_ms = until_ms};
}

enum store_result put_offs_flush(struct put_offs *put_offs, struct store *store, struct err *err) {
    if (put_offs->n == 0)
        return STORE_OK;
    enum store_result result = store->ops->put_off(store, put_offs->rows, put_offs->n, err);
    if (result == STORE_OK)
        put_offs->n = 0;
    return result;
}

void put_offs_clear(struct put_offs *put_offs) {
    free(put_offs->rows);
    *put_offs = (struct put_offs){0};
}
