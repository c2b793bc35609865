/* Arrays: how many members a table has, and room for more in one that grows. */
#pragma once

#include <stddef.h>

/* The members of an array whose definition is in sight; never of a pointer. */
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Returns `items` with room for at least `needed` members of `size` bytes, and writes the new room
 * to *room. The room at least doubles when it grows, so that appending one by one costs little; new
 * members are not cleared. NULL with a room of 0 is the empty array; the caller frees with free().
 *
 *     list->rows = array_reserve(list->rows, list->n + 1, &list->room, sizeof *list->rows);
 *     list->rows[list->n++] = row;
 */
void *array_reserve(void *items, size_t needed, size_t *room, size_t size);
