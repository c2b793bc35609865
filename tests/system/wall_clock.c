/* Preloaded into a program: its wall clock is off by as many seconds as the file WALL_CLOCK_OFFSET
 * holds, read again at every call, so that a test can set the clock without touching the
 * machine's. Other clocks are true. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *out) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, out);
    const char *path = clock == CLOCK_REALTIME ? getenv("WALL_CLOCK_OFFSET") : NULL;
    FILE *file = path ? fopen(path, "re") : NULL;
    long offset_s = 0;
    if (!file)
        return result;
    if (fscanf(file, "%ld", &offset_s) == 1)
        out->tv_sec += offset_s;
    fclose(file);
    return result;
}
