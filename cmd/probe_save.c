/* Stores the scans of `originscan probe --save`. */
#include "cmd/probe_save.h"

#include "cmd/cmd.h"
#include "cmd/daemon/finished.h"
#include "cmd/settle/settle.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/clock.h"
#include "store/store_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* As long as a scan takes that another process makes of the same origin. */
enum { TRIES = 60, TRY_EVERY_MS = 500, BUSY_MS = 250 };

/* The scans of one visit. */
struct visit_scans {
    uint64_t ticket;
    struct origin origin;
    int64_t origin_id; /* 0: not in the database */
    bool whole;        /* the last address is in */
    struct finished *scans;
};

struct probe_save {
    struct store *store;
    struct settle_options options;
    struct visit_scans *visits;
    size_t visits_n;
    size_t visits_room;
    bool failed;
};

struct probe_save *probe_save_new(const char *path, uint16_t hybrid, struct err *err) {
    struct store_options options = {.path = path, .access = STORE_BESIDE, .busy_ms = BUSY_MS};
    struct probe_save *save = alloc_zero(1, sizeof *save);
    save->store = store_open(&options, err);
    if (save->store && settle_options_load(&save->options, save->store, err) == STORE_OK) {
        if (save->options.params.hybrid == hybrid)
            return save;
        char asked[GROUP_NAME_SIZE], kept[GROUP_NAME_SIZE];
        err_set(err, "--save: %s is about the hybrid %s, not %s", path,
                group_name(save->options.params.hybrid, kept), group_name(hybrid, asked));
    }
    probe_save_free(save);
    return NULL;
}

void probe_save_free(struct probe_save *save) {
    if (!save)
        return;
    for (size_t i = 0; i < save->visits_n; i++)
        finished_free(save->visits[i].scans);
    free(save->visits);
    store_close(save->store);
    free(save);
}

static void tell_unsaved(struct probe_save *save, const struct origin *origin, const char *why) {
    char where[ORIGIN_TEXT_SIZE];
    cmd_say("probe", "%s is not saved: %s", origin_format(origin, where), why);
    save->failed = true;
}

static bool match_origin(void *arg, const struct store_origin *found) {
    struct visit_scans *visit = arg;
    if (strcmp(found->origin.sni, visit->origin.sni) != 0 ||
        strcmp(found->origin.address, visit->origin.address) != 0)
        return true;
    visit->origin_id = found->id;
    return false;
}

static struct visit_scans *find_visit(struct probe_save *save, uint64_t ticket) {
    for (size_t i = save->visits_n; i-- > 0;)
        if (save->visits[i].ticket == ticket)
            return &save->visits[i];
    return NULL;
}

static struct visit_scans *new_visit(struct probe_save *save, const struct scan *scan,
                                     uint64_t ticket) {
    struct err err;
    save->visits =
        array_reserve(save->visits, save->visits_n + 1, &save->visits_room, sizeof *save->visits);
    struct visit_scans *visit = &save->visits[save->visits_n++];
    *visit =
        (struct visit_scans){.ticket = ticket, .origin = scan->origin, .scans = finished_new()};
    if (store_origins_by_host(save->store, scan->origin.host, scan->origin.port, match_origin,
                              visit, &err) != STORE_OK)
        tell_unsaved(save, &scan->origin, err.text);
    else if (visit->origin_id == 0)
        tell_unsaved(save, &scan->origin, "it is not in the database; import it first");
    return visit;
}

struct storing {
    struct probe_save *save;
    struct visit_scans *visit;
    bool stored;
};

static enum store_result store_scans(void *arg, struct err *err) {
    struct storing *storing = arg;
    struct store *store = storing->save->store;
    struct store_commit commit = {.n = finished_count(storing->visit->scans),
                                  .now_ms = clock_wall_ms(),
                                  .observe = settle_observe,
                                  .observe_arg = &storing->save->options};
    struct store_beside beside;
    enum store_result result =
        store_beside_begin(store, storing->visit->origin_id, commit.now_ms, &beside, err);
    if (result != STORE_OK || !beside.free)
        return result;
    result = finished_commit(storing->visit->scans, store, &commit, err);
    if (result == STORE_OK)
        result = store_beside_end(store, &beside, err);
    storing->stored = result == STORE_OK;
    return result;
}

/* True once there is nothing more to be done about that visit. */
static bool try_to_store(struct probe_save *save, struct visit_scans *visit, bool last_try) {
    struct storing storing = {.save = save, .visit = visit};
    struct err err = {{0}};
    if (visit->origin_id == 0 || finished_count(visit->scans) == 0)
        return true;
    enum store_result result = store_transaction(save->store, store_scans, &storing, &err);
    if (result == STORE_OK && storing.stored)
        return true;
    if (result != STORE_BROKEN && !last_try)
        return false;
    tell_unsaved(save, &visit->origin,
                 result == STORE_OK ? "it is being scanned by another process" : err.text);
    return true;
}

static void forget_visit(struct probe_save *save, struct visit_scans *visit) {
    finished_free(visit->scans);
    *visit = save->visits[--save->visits_n];
}

void probe_save_add(struct probe_save *save, const struct scan *scan, uint64_t ticket) {
    struct visit_scans *visit = find_visit(save, ticket);
    if (!visit)
        visit = new_visit(save, scan, ticket);
    if (visit->origin_id != 0)
        finished_add(visit->scans, visit->origin_id, scan);
    visit->whole = !scan->more;
    if (visit->whole && try_to_store(save, visit, false))
        forget_visit(save, visit);
}

static void store_rest(struct probe_save *save, bool last_try) {
    for (size_t i = save->visits_n; i-- > 0;)
        if (!save->visits[i].whole || try_to_store(save, &save->visits[i], last_try))
            forget_visit(save, &save->visits[i]);
}

bool probe_save_finish(struct probe_save *save) {
    const struct timespec pause = {.tv_nsec = TRY_EVERY_MS * 1000000L};
    struct err err;
    for (int i = 1; save->visits_n > 0 && i <= TRIES; i++) {
        store_rest(save, i == TRIES);
        if (save->visits_n > 0)
            nanosleep(&pause, NULL);
    }
    if (settle_all(save->store, &save->options, clock_wall_ms(), NULL, &err) == STORE_OK)
        return !save->failed;
    cmd_say("probe", "settings are not up to date: %s", err.text);
    return false;
}
