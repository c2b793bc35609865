/* The only place that asks what time it is. */
#include "scanner/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static uint64_t read_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_mono_us(void) {
    return read_us(CLOCK_MONOTONIC);
}

uint64_t clock_boot_us(void) {
    return read_us(CLOCK_BOOTTIME);
}

uint64_t clock_cpu_us(void) {
    return read_us(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t clock_thread_cpu_us(void) {
    return read_us(CLOCK_THREAD_CPUTIME_ID);
}

int64_t clock_wall_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What has four digits for its year, as all who read it expect. */
static int64_t within_iso(int64_t wall_ms) {
    const int64_t first = INT64_C(-30610224000000), last = INT64_C(253402300799999);
    return wall_ms < first ? first : wall_ms > last ? last : wall_ms;
}

char *clock_iso(int64_t wall_ms, char out[CLOCK_ISO_SIZE]) {
    wall_ms = within_iso(wall_ms);
    time_t seconds = (time_t)(wall_ms / 1000);
    int64_t rest = wall_ms % 1000;
    if (rest < 0) {
        rest += 1000;
        seconds--;
    }
    struct tm utc;
    char date[CLOCK_ISO_SIZE - 8];
    gmtime_r(&seconds, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out, CLOCK_ISO_SIZE, "%s.%03" PRId64 "Z", date, rest);
    return out;
}
