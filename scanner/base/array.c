/* Room for more in an array that grows. */
#include "scanner/base/array.h"

#include "scanner/base/alloc.h"

enum { FIRST_ROOM = 8 };

void *array_reserve(void *items, size_t needed, size_t *room, size_t size) {
    if (needed <= *room)
        return items;
    size_t doubled = *room ? 2 * *room : FIRST_ROOM;
    *room = needed > doubled ? needed : doubled;
    return alloc_resize(items, *room, size);
}
