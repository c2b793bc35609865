/* The end of a query that has none. */
#include "store/db/db_limit.h"

#include "scanner/base/clock.h"
#include "scanner/base/duration.h"

#include <sqlite3.h>
#include <time.h>

enum {
    STEPS_EACH = 1000, /* between two looks */
    STEPS_MIN = 20000000,
    STEPS_PAGE = 30000,
    CPU_MIN_MS = 5000,
    CPU_PAGE_MS = 1,
    LOOK_MS = 100, /* at the processor's clock, which costs a system call */
    PAGE_BYTES = 4096,
    LENGTH_MAX = 128 << 20, /* of a text or blob: numbers of two million origins are 42 MB */
};

static int64_t read_clock_ms(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * SECOND_MS + now.tv_nsec / 1000000;
}

/* With what its log may hold in the end: as much again. */
static int64_t count_pages(struct sqlite3 *handle) {
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (file && file->pMethods)
        file->pMethods->xFileSize(file, &size);
    return 1 + 2 * (size / PAGE_BYTES);
}

static bool is_too_long(struct db_limit *limit) {
    int64_t now_ms = read_clock_ms(CLOCK_MONOTONIC_COARSE);
    if (now_ms - limit->looked_ms < LOOK_MS)
        return false;
    int64_t cpu_ms = read_clock_ms(CLOCK_THREAD_CPUTIME_ID) + 1;
    limit->looked_ms = now_ms;
    if (!limit->began_ms)
        limit->began_ms = cpu_ms;
    return cpu_ms - limit->began_ms > CPU_MIN_MS &&
           cpu_ms - limit->began_ms > CPU_MIN_MS + CPU_PAGE_MS * count_pages(limit->handle);
}

static int on_steps(void *arg) {
    struct db_limit *limit = arg;
    limit->steps += STEPS_EACH;
    bool many = limit->steps > STEPS_MIN &&
                limit->steps > (uint64_t)(STEPS_MIN + STEPS_PAGE * count_pages(limit->handle));
    limit->reached = limit->reached || many || is_too_long(limit);
    return limit->reached || (limit->end_us != 0 && clock_mono_us() >= limit->end_us);
}

void db_limit_begin(struct db_limit *limit, struct sqlite3 *handle) {
    *limit = (struct db_limit){.handle = handle};
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    sqlite3_progress_handler(handle, STEPS_EACH, on_steps, limit);
}

void db_limit_until(struct db_limit *limit, uint64_t end_us) {
    limit->end_us = end_us;
}

void db_limit_start(struct db_limit *limit, uint64_t steps) {
    limit->steps = steps;
    limit->began_ms = 0;
    limit->reached = false;
}

uint64_t db_limit_stop(struct db_limit *limit) {
    uint64_t steps = limit->steps;
    limit->steps = 0;
    limit->began_ms = 0;
    return steps;
}
