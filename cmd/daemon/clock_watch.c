/* Notices that the process did not run for a while, and that the wall clock was set. */
#include "cmd/daemon/clock_watch.h"

#include "scanner/base/clock.h"

struct clock_watch clock_watch_read(void) {
    return (struct clock_watch){
        .boot_us = clock_boot_us(), .cpu_us = clock_thread_cpu_us(), .wall_ms = clock_wall_ms()};
}

uint64_t clock_watch_idle_ms(const struct clock_watch *then, const struct clock_watch *now) {
    uint64_t passed_us = now->boot_us - then->boot_us;
    uint64_t worked_us = now->cpu_us - then->cpu_us;
    return passed_us > worked_us ? (passed_us - worked_us) / 1000 : 0;
}

int64_t clock_watch_jump_ms(const struct clock_watch *then, const struct clock_watch *now) {
    int64_t passed_ms = (int64_t)((now->boot_us - then->boot_us) / 1000);
    return now->wall_ms - then->wall_ms - passed_ms;
}
