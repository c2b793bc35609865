/* Judging the scans of an origin again. */
#include "cmd/settle/origin_update.h"
#include "cmd/settle/settle.h"
#include "report/rule/observe.h"
#include "scanner/base/duration.h"
#include "scanner/base/hash.h"

#include <assert.h>
#include <string.h>

struct rejudging {
    const struct origin_visits *before;
    struct origin_update made;
    struct settle_rejudged *out;
    uint32_t old_n; /* visits of `before` that the scans do not reach back to */
    uint32_t old_i;
};

static uint32_t count_scans(const struct origin_visits *visits) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < visits->scans_n; i++)
        n += visits->scans[i].kind != KIND_RELEASE;
    return n;
}

static bool count_scan(void *arg, const struct scan *scan) {
    (void)scan;
    ++*(uint32_t *)arg;
    return true;
}

/* Releases, and what is older than the kept scans, stay as they are. */
static void keep_older_visits(struct rejudging *r, int64_t until_ms) {
    const struct origin_visits *before = r->before;
    for (; r->old_i < before->scans_n; r->old_i++) {
        struct observation scan = before->scans[r->old_i];
        bool release = scan.kind == KIND_RELEASE;
        if (!release && r->old_n == 0)
            continue; /* there is the scan itself */
        if (release && scan.time_ms > until_ms)
            return;
        r->old_n -= !release;
        if (scan.kind == KIND_CONFIRM)
            scan.kind = KIND_EXTRA;
        origin_update_keep(&r->made, &scan);
    }
}

/* The visit that was kept of the scan, NULL if there is none. Visits keep times to the second. */
static const struct observation *find_kept_visit(const struct origin_visits *visits,
                                                 const struct scan *scan) {
    uint32_t address = hash_text_32(scan->address);
    for (uint32_t i = 0; i < visits->scans_n; i++) {
        const struct observation *kept = &visits->scans[i];
        if (kept->kind != KIND_RELEASE && kept->address == address &&
            kept->time_ms / SECOND_MS == scan->started_ms / SECOND_MS)
            return kept;
    }
    return NULL;
}

static bool rejudge_scan(void *arg, const struct scan *scan) {
    struct rejudging *r = arg;
    keep_older_visits(r, scan->started_ms);
    struct judgement judgement;
    verdict_judge(scan, &judgement);
    origin_update_again(&r->made, scan, &judgement, find_kept_visit(r->before, scan));
    return true;
}

/* From where the kept visits begin; `n` of them are scans. */
static void begin_at_base(struct rejudging *r, uint32_t n) {
    struct origin_visits empty = {.visits = r->before->visits - n, .base = r->before->base};
    r->made.history.state = empty.base;
    r->made.history.visits = empty.visits;
    r->made.rule->visits_n = origin_visits_write(&empty, r->made.rule->visits);
}

static enum store_result rejudge_scans(struct rejudging *r, struct err *err) {
    struct store *store = r->made.store;
    int64_t id = r->made.origin_id;
    uint32_t n = count_scans(r->before), kept = 0;
    uint8_t before[ORIGIN_HISTORY_MAX], after[ORIGIN_HISTORY_MAX];
    struct origin_history stored;
    size_t before_n = 0;
    if (n == 0)
        return STORE_OK;
    begin_at_base(r, n);
    enum store_result result =
        store_history_sound(store, id, n, count_scan, &kept, &r->out->damaged, err);
    if (r->out->damaged.n > 0)
        return result;
    r->old_n = n - kept;
    if (result == STORE_OK)
        result = store_history(store, id, n, rejudge_scan, r, err);
    if (result == STORE_OK)
        result = store_origin_state_get(store, id, before, sizeof before, &before_n, err);
    if (result != STORE_OK)
        return result;
    keep_older_visits(r, INT64_MAX);
    origin_history_read(before, before_n <= sizeof before ? before_n : 0, &stored);
    r->made.history.state.wish = stored.state.wish; /* the zone's: it comes from no scan */
    size_t after_n = origin_history_write(&r->made.history, after);
    r->out->changed = before_n != after_n || memcmp(before, after, after_n) != 0;
    return origin_update_save(&r->made, err);
}

static enum store_result rejudge_origin(void *arg, struct err *err) {
    static_assert(ORIGIN_VISITS_SIZE < 8192, "the bytes of the visits are on the stack");
    struct rejudging *r = arg;
    uint8_t bytes[ORIGIN_VISITS_SIZE];
    size_t n = 0;
    struct origin_visits before;
    enum store_result result =
        store_origin_visits_get(r->made.store, r->made.origin_id, bytes, sizeof bytes, &n, err);
    if (result != STORE_OK)
        return result;
    origin_visits_read(bytes, n <= sizeof bytes ? n : 0, &before);
    r->before = &before;
    return rejudge_scans(r, err);
}

enum store_result settle_rejudge(struct store *store, const struct settle_options *options,
                                 int64_t origin_id, struct settle_rejudged *out, struct err *err) {
    struct rejudging r = {.out = out};
    *out = (struct settle_rejudged){.changed = false};
    origin_update_init(&r.made, options, store, origin_id, NULL);
    enum store_result result = store_transaction(store, rejudge_origin, &r, err);
    origin_update_clear(&r.made);
    return result;
}
