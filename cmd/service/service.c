/* What the service manager hears of a daemon. */
#include "cmd/service/service.h"

#include "cmd/daemon/health.h"
#include "cmd/daemon/log.h"
#include "cmd/daemon/scan_loop.h"
#include "cmd/metrics/metrics.h"
#include "cmd/service/notify.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "store/store_read.h"

#include <event2/event.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { STATUS_EVERY_S = 10, LOOK_EVERY_US = 1000000, LOOK_FOR_START_US = 50000 };

struct service {
    struct scan_loop *loop; /* borrowed, as the next */
    struct store *store;
    struct event *status, *look;
    uint64_t status_us; /* when the last status was told, and how many scans there were */
    uint64_t status_scans;
    uint64_t look_us;      /* between two looks at the health */
    const char *owed;      /* READY=1 is to be told with that; NULL: it was */
    bool started;          /* it was ready once */
    bool unready;          /* and is not now, as the log knows */
    bool feeds_a_watchdog; /* somebody waits for WATCHDOG=1 */
};

static struct timeval to_timeval(uint64_t us) {
    return (struct timeval){(time_t)(us / 1000000), (suseconds_t)(us % 1000000)};
}

static void ask_backlog(struct service *service, struct store_backlog *out) {
    struct err err;
    enum store_result result = store_backlog(service->store, clock_wall_ms(), out, &err);
    if (result != STORE_OK) {
        scan_loop_store_failed(service->loop, "status", result, &err);
        return;
    }
    metrics_set(METRIC_DUE, (double)out->due_now);
    if (out->due_now > 0)
        metrics_set(METRIC_OLDEST_DUE, (double)out->oldest_due_ms / 1e3);
    else
        metrics_unset(METRIC_OLDEST_DUE);
}

static void tell_status(evutil_socket_t fd, short what, void *arg) {
    struct service *service = arg;
    struct store_backlog backlog = {0};
    struct err why;
    struct scan_loop_numbers numbers = scan_loop_numbers(service->loop);
    uint64_t now_us = clock_mono_us();
    double seconds = (double)(now_us - service->status_us) / 1e6;
    char text[400];
    (void)fd;
    (void)what;
    ask_backlog(service, &backlog);
    bool ready = health_is_ready(scan_loop_health(service->loop), now_us, &why);
    snprintf(text, sizeof text,
             "%s%.100s%s%" PRIu64 " origins due, %zu in flight, %zu waiting, %zu to be written, "
             "%.1f scans per second",
             numbers.store_late ? "The database is unavailable. " : "",
             ready || numbers.store_late ? "" : why.text, ready || numbers.store_late ? "" : "; ",
             backlog.due_now, numbers.in_flight, numbers.waiting, numbers.uncommitted,
             seconds > 0 ? (double)(numbers.scans - service->status_scans) / seconds : 0.0);
    service->status_us = now_us;
    service->status_scans = numbers.scans;
    notify_status(text);
    log_event(LOG_LEVEL_DEBUG, "status", log_text("text", text));
}

static void log_readiness(struct service *service, bool ready, const struct err *why) {
    if (ready == !service->unready)
        return;
    service->unready = !ready;
    if (ready)
        log_write(LOG_LEVEL_INFO, "ready_again", NULL, 0);
    else
        log_event(LOG_LEVEL_WARNING, "not_ready", log_text("reason", why->text));
}

static void look_at_health(evutil_socket_t fd, short what, void *arg) {
    struct service *service = arg;
    const struct health *health = scan_loop_health(service->loop);
    uint64_t now_us = clock_mono_us();
    struct err why;
    (void)fd;
    (void)what;
    log_flush();
    notify_flush();
    bool ready = health_is_ready(health, now_us, &why);
    if (ready && service->owed) {
        notify_ready(service->owed);
        service->owed = NULL;
        service->started = true;
    }
    if (service->started && !health->stopping && !health->ended)
        log_readiness(service, ready, &why);
    if (service->started && service->feeds_a_watchdog && health_is_live(health, now_us, &why))
        notify_watchdog();
    struct timeval wait = to_timeval(service->owed ? LOOK_FOR_START_US : service->look_us);
    event_add(service->look, &wait);
}

struct service *service_new(struct event_base *base, struct scan_loop *loop, struct store *store) {
    struct service *service = alloc_zero(1, sizeof *service);
    struct timeval every = {STATUS_EVERY_S, 0};
    struct store_backlog backlog;
    uint64_t watchdog_us = notify_watchdog_us();
    service->loop = loop;
    service->store = store;
    service->status_us = clock_mono_us();
    service->feeds_a_watchdog = watchdog_us > 0;
    service->look_us = LOOK_EVERY_US;
    if (watchdog_us > 0 && watchdog_us / 2 < service->look_us)
        service->look_us = watchdog_us / 2;
    service->status = event_new(base, -1, EV_PERSIST, tell_status, service);
    event_add(service->status, &every);
    service->look = evtimer_new(base, look_at_health, service);
    service_tell_ready(service, "Scanning");
    ask_backlog(service, &backlog); /* its gauges are there from the start */
    return service;
}

void service_free(struct service *service) {
    if (!service)
        return;
    event_free(service->status);
    event_free(service->look);
    free(service);
}

void service_tell_ready(struct service *service, const char *status) {
    struct timeval at_once = {0, 0};
    service->owed = status;
    event_add(service->look, &at_once);
}
