/* The only place that asks what time it is. Waiting is measured on the monotonic clock, which
 * includes no jumps; only due times and reports use the wall clock. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Microseconds since an arbitrary start; never goes back (CLOCK_MONOTONIC). */
uint64_t clock_mono_us(void);

/* The same, but it also runs while the machine is suspended (CLOCK_BOOTTIME). */
uint64_t clock_boot_us(void);

/* Microseconds that this process has had a processor (CLOCK_PROCESS_CPUTIME_ID). */
uint64_t clock_cpu_us(void);

/* Microseconds that the calling thread has had one (CLOCK_THREAD_CPUTIME_ID). */
uint64_t clock_thread_cpu_us(void);

/* Milliseconds since 1970-01-01 UTC (CLOCK_REALTIME); may jump. */
int64_t clock_wall_ms(void);

/* Milliseconds since 1970 of 2026-06-29, the date of the BoringSSL that is linked: a wall clock that shows less
 * has not been set yet. */
#define CLOCK_EARLIEST_MS INT64_C(1782691200000)

/* Of a moment further ahead than this, the wall clock that it was taken from was wrong; a week is waited for. */
#define CLOCK_AHEAD_DAYS 7

/* Enough for "2026-11-23T09:00:00.123Z" and its end. */
#define CLOCK_ISO_SIZE 32

/* Writes wall time as ISO 8601 in UTC with milliseconds, from year 1000 to year 9999; returns `out`. */
char *clock_iso(int64_t wall_ms, char out[CLOCK_ISO_SIZE]);
