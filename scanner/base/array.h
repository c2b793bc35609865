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

/* Makes room at `at` in a list of `*n` members of `size` bytes that keeps the first `most` of all that come: what stands
 * there moves on by one, and where the list is full its last member is given to `clear` and leaves. Returns the place,
 * which the caller has to fill, or NULL if `at` is `most`: the new member comes after all of them. `items` has room for
 * `most` members.
 *
 *     size_t at = list->n;
 *     while (at > 0 && goes_before(&row, &list->rows[at - 1]))
 *         at--;
 *     struct row *place = array_insert(list->rows, &list->n, MOST, at, sizeof row, clear_row);
 */
void *array_insert(void *items, size_t *n, size_t most, size_t at, size_t size,
                   void (*clear)(void *member));
