/* A play of the scanning loop with a real store and a real engine, hours in a second. Include it in the
 * one file of a test (virtual_time.h). */
#pragma once

#include "cmd/daemon/scan_loop.h"

#include "cmd/daemon/log.h"
#include "scanner/base/clock.h"
#include "tests/support/store_fixture.h"
#include "tests/unit/virtual_time.h"

#include <event2/event.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define SECOND INT64_C(1000)
#define HOUR (3600 * SECOND)

/* Nothing listens there: a visit ends at once, and the next ones come an hour and six later. */
#define REFUSING "127.0.0.1:1"

struct play {
    struct fixture *fixture;
    struct event_base *base;
    struct store *store;
    struct config config;
    struct scan_loop *loop;
    char *log;
    size_t log_size;
    FILE *log_file;
    int silent; /* a socket that takes connections and never says a word; -1: none */
    bool ended;
    enum scan_loop_end end;
};

static inline int set_up(void **state) {
    struct play *play = alloc_zero(1, sizeof *play);
    void *fixture = NULL;
    struct err err = {""};
    if (fixture_set_up(&fixture) != 0)
        return -1;
    play->fixture = fixture;
    play->silent = -1;
    play->base = event_base_new();
    play->log_file = open_memstream(&play->log, &play->log_size);
    log_redirect(play->log_file, false);
    struct store_options options = {.path = play->fixture->path,
                                    .access = STORE_CREATE,
                                    .schedule = schedule_every(10 * HOUR),
                                    .busy_ms = 1};
    play->store = store_open(&options, &err);
    *state = play;
    return play->store ? 0 : -1;
}

static inline int tear_down(void **state) {
    struct play *play = *state;
    void *fixture = play->fixture;
    scan_loop_free(play->loop);
    store_close(play->store);
    config_clear(&play->config);
    event_base_free(play->base);
    log_redirect(NULL, false);
    fclose(play->log_file);
    free(play->log);
    if (play->silent >= 0)
        close(play->silent);
    free(play);
    return fixture_tear_down(&fixture);
}

#define PLAY_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static inline void on_ended(void *arg, enum scan_loop_end end) {
    struct play *play = arg;
    assert_false(play->ended);
    play->ended = true;
    play->end = end;
    event_base_loopbreak(play->base);
}

/* A configuration for tests, with up to two settings of their own (NULL: none). */
static inline struct config load_config(const struct play *play, const char *one, const char *two) {
    struct config config;
    struct err err = {""};
    const char *const set[] = {one, two};
    struct config_source source = {
        .base = "allow = {\"127.0.0.0/8\"}\ndns_servers = \"127.0.0.1:9\"\nperiod_s = 36000\n"
                "rate = 0\nper_address_rate = 0\nper_address_in_flight = 0\n"
                "per_prefix_rate = 0\nper_prefix_in_flight = 0\n",
        .set = set,
        .set_n = two   ? 2
                 : one ? 1
                       : 0,
        .database = play->fixture->path};
    if (!config_load(&source, &config, &err))
        fail_msg("%s", err.text);
    return config;
}

static inline void start_loop(struct play *play, bool once, const char *one, const char *two) {
    struct err err = {""};
    play->config = load_config(play, one, two);
    struct scan_loop_options options = {.base = play->base,
                                        .store = play->store,
                                        .config = &play->config,
                                        .descriptors = 1000,
                                        .once = once,
                                        .ended = on_ended,
                                        .arg = play};
    play->loop = scan_loop_new(&options, &err);
    if (!play->loop)
        fail_msg("%s", err.text);
    scan_loop_start(play->loop);
}

/* Until the loop ends, but no longer than that. */
static inline void run_for(struct play *play, int64_t ms) {
    struct timeval limit = {ms / 1000, ms % 1000 * 1000};
    event_base_loopexit(play->base, &limit);
    event_base_dispatch(play->base);
}

static inline void import_many(struct play *play, unsigned n, uint16_t port) {
    for (unsigned i = 0; i < n; i++) {
        char text[64];
        snprintf(text, sizeof text, "127.0.%u.%u:%u", i / 250, i % 250 + 1, port);
        fixture_import(play->store, text, text);
    }
}

/* Origins whose port is of a socket that answers nothing. */
static inline void import_silent(struct play *play, unsigned n) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    play->silent = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(play->silent >= 0);
    assert_int_equal(bind(play->silent, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(play->silent, 1000), 0);
    assert_int_equal(getsockname(play->silent, (struct sockaddr *)&address, &size), 0);
    import_many(play, n, ntohs(address.sin_port));
}

static inline void make_all_due(const struct play *play) {
    fixture_write_sql(play->fixture->path, "UPDATE origin SET due_at = 0");
}

static inline int64_t count(const struct play *play, const char *sql) {
    char *text = fixture_sql(play->fixture, sql);
    int64_t number = strtoll(text, NULL, 10);
    free(text);
    return number;
}

#define COUNT_IS(play, sql, expected) assert_int_equal(count(play, sql), expected)
#define LEASED "SELECT count(*) FROM lease"

static inline unsigned logged(const struct play *play, const char *event) {
    unsigned n = 0;
    fflush(play->log_file);
    for (const char *at = play->log; at && (at = strstr(at, event)); at++)
        n++;
    return n;
}

static inline sqlite3 *lock_store(const struct play *play) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(play->fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}
