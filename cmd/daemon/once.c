/* One run of `originscan scan`. */
#include "cmd/daemon/once.h"

#include "store/store_wanted.h"

void once_begin(struct once *once, int64_t now_ms) {
    *once = (struct once){.due_until_ms = now_ms};
}

void once_begin_only(struct once *once, int64_t now_ms, const int64_t *only, size_t n) {
    once_begin(once, now_ms);
    once->only = only;
    once->only_n = n;
}

void once_wait_until(struct once *once, int64_t until_ms) {
    if (until_ms > once->deferred_until_ms)
        once->deferred_until_ms = until_ms;
}

void once_give_back(struct once *once) {
    once->given_back = true;
}

void once_shift(struct once *once, int64_t jump_ms) {
    if (once->deferred_until_ms != 0)
        once->deferred_until_ms += jump_ms;
    if (once->only && jump_ms < 0) /* each is claimed once, due as it was made by the old clock */
        return;
    once->due_until_ms += jump_ms;
    once->hastened_ms = 0;
}

static enum store_result claim_only(struct once *once, struct store *store, size_t limit,
                                    struct store_claim *out, size_t *n, struct err *err) {
    *n = 0;
    while (*n == 0 && once->only_at < once->only_n) {
        size_t left = once->only_n - once->only_at;
        size_t some = left < limit ? left : limit;
        enum store_result result = store_claim_of(
            store, once->due_until_ms, once->only + once->only_at, some, limit, out, n, err);
        if (result != STORE_OK)
            return result;
        once->only_at += some;
    }
    return STORE_OK;
}

/* Origins have slots all over a period; those that were never scanned do not wait for theirs. */
enum store_result once_claim(struct once *once, struct store *store, size_t limit,
                             struct store_claim *out, size_t *n, struct err *err) {
    size_t hastened = 0;
    enum store_result result;
    if (once->only)
        return claim_only(once, store, limit, out, n, err);
    do {
        result = store_claim(store, once->due_until_ms, limit, out, n, err);
        if (result != STORE_OK || *n > 0)
            return result;
        result = store_hasten(store, once->due_until_ms, &once->hastened_ms, limit, &hastened, err);
    } while (result == STORE_OK && hastened > 0);
    return result;
}

enum once_next once_next(struct once *once, int64_t now_ms) {
    if (once->given_back) {
        once->given_back = false;
        once->only_at = 0;
        return ONCE_CLAIM;
    }
    if (once->due_until_ms >= once->deferred_until_ms)
        return ONCE_OVER;
    if (now_ms < once->deferred_until_ms)
        return ONCE_WAIT;
    once->due_until_ms = once->deferred_until_ms;
    once->only_at = 0;
    return ONCE_CLAIM;
}
