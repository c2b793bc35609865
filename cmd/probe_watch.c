/* The last scan of each address. */
#include "cmd/probe_watch.h"

#include "report/view/scan_changes.h"
#include "report/view/scan_json.h"
#include "scanner/base/alloc.h"

#include <inttypes.h>
#include <stdlib.h>

struct probe_watch {
    json_t *last; /* by ticket and address */
    bool begun;   /* one round is over */
};

struct probe_watch *probe_watch_new(void) {
    struct probe_watch *watch = alloc_zero(1, sizeof *watch);
    watch->last = json_object();
    return watch;
}

void probe_watch_free(struct probe_watch *watch) {
    if (!watch)
        return;
    json_decref(watch->last);
    free(watch);
}

void probe_watch_next_round(struct probe_watch *watch) {
    watch->begun = true;
}

bool probe_watch_is_again(const struct probe_watch *watch) {
    return watch->begun;
}

static char *tell_changes(const json_t *before, const json_t *now) {
    char *text = NULL;
    size_t n;
    FILE *to = open_memstream(&text, &n);
    if (!to)
        return alloc_string("");
    scan_changes_print(to, before, now);
    fclose(to);
    return text;
}

/* An address that could not be learned has no scans to compare with but those of its name. */
char *probe_watch_take(struct probe_watch *watch, const struct scan *scan,
                       const struct judgement *judgement, uint64_t ticket) {
    char key[32 + ORIGIN_ADDRESS_SIZE];
    snprintf(key, sizeof key, "%" PRIu64 " %s", ticket, scan->address);
    json_t *now = scan_json(scan, judgement);
    char *text = watch->begun ? tell_changes(json_object_get(watch->last, key), now) : NULL;
    json_object_set_new(watch->last, key, now);
    return text;
}
