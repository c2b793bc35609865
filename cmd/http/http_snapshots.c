/* Documents that take longer to make than a request may wait. */
#include "cmd/http/http_snapshots.h"

#include "cmd/http/http_style.h"
#include "cmd/settle/fleet_view.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { AGE_US = 5000000, ASKED_US = 60000000, EFFORT = 10, BUSY_MS = 2000, CACHE_KB = 8192 };

static const struct http_snapshot_kind kinds[HTTP_SNAPSHOTS_N] = {
    [HTTP_SNAPSHOT_SUMMARY] = {"application/json", fleet_view_make_json, NULL},
    [HTTP_SNAPSHOT_PAGE] = {"text/html; charset=utf-8", fleet_view_make_page, http_style_hash},
};

struct kept {
    char *text; /* NULL: none yet */
    size_t n;
    struct err why; /* it could not be made */
    uint64_t made_us;
    uint64_t took_us;
    uint64_t asked_us;
};

struct http_snapshots {
    const char *database;
    pthread_t thread;
    pthread_mutex_t mutex; /* of all that follows */
    pthread_cond_t wake;   /* asked for, or to end */
    bool ending;
    struct store *store; /* of the thread; NULL: not open */
    struct kept kept[HTTP_SNAPSHOTS_N];
};

static bool is_wanted(const struct kept *kept, uint64_t now_us) {
    uint64_t rest_us = EFFORT * kept->took_us > AGE_US ? EFFORT * kept->took_us : AGE_US;
    if (kept->made_us == 0)
        return true;
    return now_us - kept->asked_us < ASKED_US && now_us - kept->made_us >= rest_us;
}

static bool make_text(struct store *store, const struct http_snapshot_kind *kind, char **text,
                      size_t *n, struct err *err) {
    FILE *to = open_memstream(text, n);
    if (!to)
        return err_set(err, "no memory for the document");
    bool good = kind->make(store, to, err);
    if (fclose(to) == 0 && good)
        return true;
    free(*text);
    *text = NULL;
    return false;
}

/* With the mutex free. */
static void open_reader(struct http_snapshots *s, struct err *err) {
    struct store_options options = {
        .path = s->database, .access = STORE_READ, .busy_ms = BUSY_MS, .cache_kb = CACHE_KB};
    pthread_mutex_unlock(&s->mutex);
    struct store *store = store_open(&options, err);
    pthread_mutex_lock(&s->mutex);
    s->store = store;
}

static void close_reader(struct http_snapshots *s) {
    store_close(s->store);
    s->store = NULL;
}

/* Makes one with the mutex free, and keeps it. */
static void make_one(struct http_snapshots *s, enum http_snapshot which) {
    struct kept *kept = &s->kept[which];
    struct err err = {{0}};
    char *text = NULL;
    size_t n = 0;
    uint64_t began_us = clock_mono_us();
    if (!s->store)
        open_reader(s, &err);
    struct store *store = s->store;
    pthread_mutex_unlock(&s->mutex);
    bool good = store && make_text(store, &kinds[which], &text, &n, &err);
    uint64_t now_us = clock_mono_us();
    pthread_mutex_lock(&s->mutex);
    if (!good)
        close_reader(s);
    free(kept->text);
    kept->text = text;
    kept->n = n;
    kept->why = err;
    kept->made_us = now_us;
    kept->took_us = now_us - began_us;
}

static void wait_some(struct http_snapshots *s) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 1;
    pthread_cond_timedwait(&s->wake, &s->mutex, &until);
}

static void *make_all(void *arg) {
    struct http_snapshots *s = arg;
    pthread_mutex_lock(&s->mutex);
    while (!s->ending) {
        for (enum http_snapshot which = 0; which < HTTP_SNAPSHOTS_N && !s->ending; which++)
            if (is_wanted(&s->kept[which], clock_mono_us()))
                make_one(s, which);
        if (!s->ending)
            wait_some(s);
    }
    close_reader(s);
    pthread_mutex_unlock(&s->mutex);
    return NULL;
}

struct http_snapshots *http_snapshots_new(const char *database) {
    struct http_snapshots *s = alloc_zero(1, sizeof *s);
    pthread_condattr_t attributes;
    s->database = database;
    pthread_mutex_init(&s->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&s->thread, NULL, make_all, s) == 0)
        return s;
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->mutex);
    free(s);
    return NULL;
}

/* A document of a million origins takes its time, which nobody waits for any more. */
static void end_thread(struct http_snapshots *s) {
    struct timespec until;
    do {
        pthread_mutex_lock(&s->mutex);
        s->ending = true;
        if (s->store)
            store_interrupt(s->store);
        pthread_cond_signal(&s->wake);
        pthread_mutex_unlock(&s->mutex);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += until.tv_nsec >= 950000000;
        until.tv_nsec = (until.tv_nsec + 50000000) % 1000000000;
    } while (pthread_timedjoin_np(s->thread, NULL, &until) == ETIMEDOUT);
}

void http_snapshots_free(struct http_snapshots *snapshots) {
    if (!snapshots)
        return;
    end_thread(snapshots);
    for (enum http_snapshot which = 0; which < HTTP_SNAPSHOTS_N; which++)
        free(snapshots->kept[which].text);
    pthread_cond_destroy(&snapshots->wake);
    pthread_mutex_destroy(&snapshots->mutex);
    free(snapshots);
}

void http_snapshots_answer(struct http_snapshots *snapshots, enum http_snapshot which,
                           struct http_reply *reply) {
    struct kept *kept = &snapshots->kept[which];
    pthread_mutex_lock(&snapshots->mutex);
    kept->asked_us = clock_mono_us();
    pthread_cond_signal(&snapshots->wake);
    if (kept->text) {
        char *copy = alloc_zero(1, kept->n + 1);
        memcpy(copy, kept->text, kept->n);
        http_reply_set(reply, 200, kinds[which].type, copy, kept->n);
        reply->style = kinds[which].style ? kinds[which].style() : NULL;
    } else {
        http_reply_error(reply, 503, kept->why.text[0] ? kept->why.text : HTTP_SNAPSHOTS_FIRST);
    }
    pthread_mutex_unlock(&snapshots->mutex);
}
