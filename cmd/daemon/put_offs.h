/* Visits that were put off and of which the store does not know yet. */
#pragma once

#include "store/store.h"

/* Starts as {0}. */
struct put_offs {
    size_t n;
    size_t room;
    struct store_later *rows;
};

/* `until_ms` as in struct store_later. */
void put_offs_add(struct put_offs *put_offs, int64_t origin_id, int64_t until_ms);

/* Tells the store of all; on STORE_OK they are forgotten, else they stay. */
enum store_result put_offs_flush(struct put_offs *put_offs, struct store *store, struct err *err);

void put_offs_clear(struct put_offs *put_offs);
