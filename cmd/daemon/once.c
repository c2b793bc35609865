/* One run of `originscan scan`. */
#include "cmd/daemon/once.h"

void once_begin(struct once *once, int64_t now_ms) {
    *once = (struct once){.due_until_ms = now_ms};
}

void once_wait_until(struct once *once, int64_t until_ms) {
    if (until_ms > once->deferred_until_ms)
        once->deferred_until_ms = until_ms;
}

/* Origins have slots all over a period; those that were never scanned do not wait for theirs. */
enum store_result once_claim(struct once *once, struct store *store, size_t limit,
                             struct store_claim *out, size_t *n, struct err *err) {
    size_t hastened = 0;
    enum store_result result;
    do {
        result = store_claim(store, once->due_until_ms, limit, out, n, err);
        if (result != STORE_OK || *n > 0)
            return result;
        result = store_hasten(store, once->due_until_ms, &once->hastened_ms, limit, &hastened, err);
    } while (result == STORE_OK && hastened > 0);
    return result;
}

enum once_next once_next(struct once *once, int64_t now_ms) {
    if (once->due_until_ms >= once->deferred_until_ms)
        return ONCE_OVER;
    if (now_ms < once->deferred_until_ms)
        return ONCE_WAIT;
    once->due_until_ms = once->deferred_until_ms;
    return ONCE_CLAIM;
}
