/* What the kernel counts about this process. */
#include "cmd/metrics/metrics_process.h"

#include "scanner/base/clock.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static double count_descriptors(void) {
    double n = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return 0;
    while (readdir(folder))
        n++;
    closedir(folder);
    return n - 3; /* the folder's own, "." and ".." */
}

/* proc(5): field 22 of stat is the start in ticks after boot, fields 23 and 24 the sizes. */
static bool read_stat(double *start_ticks, double *virtual_bytes, double *resident_pages) {
    char text[1024];
    FILE *file = fopen("/proc/self/stat", "re");
    if (!file)
        return false;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    const char *at = strrchr(text, ')'); /* the program's name may hold anything */
    return at && sscanf(at + 1,
                        " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d"
                        " %*d %lf %lf %lf",
                        start_ticks, virtual_bytes, resident_pages) == 3;
}

bool metrics_process_read(struct metrics_process *out) {
    static double started; /* computed once: two clocks never give the same twice */
    double start_ticks, pages;
    struct rlimit limit;
    if (!read_stat(&start_ticks, &out->virtual_bytes, &pages))
        return false;
    double age = (double)clock_boot_us() / 1e6 - start_ticks / (double)sysconf(_SC_CLK_TCK);
    if (started <= 0)
        started = (double)clock_wall_ms() / 1e3 - age;
    out->start_seconds = started;
    out->resident_bytes = pages * (double)sysconf(_SC_PAGESIZE);
    out->cpu_seconds = (double)clock_cpu_us() / 1e6;
    out->open_fds = count_descriptors();
    out->max_fds = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (double)limit.rlim_cur : 0;
    return true;
}
