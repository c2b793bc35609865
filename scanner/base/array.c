/* Room for more in an array that grows, and in one that keeps the first. */
#include "scanner/base/array.h"

#include "scanner/base/alloc.h"

#include <string.h>

enum { FIRST_ROOM = 8 };

void *array_reserve(void *items, size_t needed, size_t *room, size_t size) {
    if (needed <= *room)
        return items;
    size_t doubled = *room ? 2 * *room : FIRST_ROOM;
    *room = needed > doubled ? needed : doubled;
    return alloc_resize(items, *room, size);
}

void *array_insert(void *items, size_t *n, size_t most, size_t at, size_t size,
                   void (*clear)(void *member)) {
    char *first = items, *place = first + at * size;
    if (at == most)
        return NULL;
    if (*n == most)
        clear(first + --*n * size);
    memmove(place + size, place, (*n - at) * size);
    ++*n;
    return place;
}
