/* The daemon's HTTP as it is configured. */
#include "cmd/service/daemon_http.h"

#include "cmd/daemon/config.h"
#include "cmd/daemon/health.h"
#include "cmd/daemon/log.h"
#include "cmd/daemon/scan_loop.h"
#include "cmd/http/http_listen.h"
#include "cmd/http/http_server.h"
#include "cmd/metrics/metrics.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/clock.h"
#include "scanner/base/quote.h"

#include <event2/event.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_US = 500000, MODE_DEFAULT = 0660 };

struct daemon_http {
    const struct config *config;
    const struct scan_loop *loop;
    char *listen, *socket, *hosts, *database; /* of the start: the configuration may be replaced */
    struct event *look;
    uint64_t looked_us;
    uint64_t waits;        /* those that are counted */
    pthread_mutex_t mutex; /* of `health` */
    struct health health;  /* as the loop showed it last */
    struct http_server *server;
};

/* ---- health ---- */

typedef bool ask_health(const struct health *health, uint64_t now_us, struct err *why);

static bool ask_copy(struct daemon_http *http, ask_health *ask, struct err *why) {
    pthread_mutex_lock(&http->mutex);
    struct health health = http->health;
    pthread_mutex_unlock(&http->mutex);
    return ask(&health, clock_mono_us(), why);
}

static bool check_live(void *arg, struct err *why) {
    return ask_copy(arg, health_is_live, why);
}

static bool check_ready(void *arg, struct err *why) {
    return ask_copy(arg, health_is_ready, why);
}

static void show_health(struct daemon_http *http) {
    pthread_mutex_lock(&http->mutex);
    http->health = *scan_loop_health(http->loop);
    pthread_mutex_unlock(&http->mutex);
}

/* ---- gauges ---- */

static void show_numbers(struct daemon_http *http) {
    struct scan_loop_numbers numbers = scan_loop_numbers(http->loop);
    metrics_add(METRIC_LIMITER_WAITS, 0, 0, numbers.waits - http->waits);
    http->waits = numbers.waits;
    metrics_set(METRIC_IN_FLIGHT, (double)numbers.in_flight);
    metrics_set(METRIC_WAITING, (double)numbers.waiting);
    metrics_set(METRIC_UNCOMMITTED, (double)numbers.uncommitted);
    metrics_set(METRIC_STORE_AVAILABLE, !numbers.store_late);
}

static void look_at_loop(evutil_socket_t fd, short what, void *arg) {
    struct daemon_http *http = arg;
    struct timeval wait = {0, LOOK_US};
    uint64_t now_us = clock_mono_us(), due_us = http->looked_us + LOOK_US;
    (void)fd;
    (void)what;
    metrics_observe(METRIC_LOOP_LAG, now_us > due_us ? now_us - due_us : 0);
    show_health(http);
    show_numbers(http);
    http->looked_us = clock_mono_us();
    event_add(http->look, &wait);
}

void daemon_http_note_load(bool good) {
    metrics_set(METRIC_RELOAD_OK, good);
    if (good)
        metrics_set(METRIC_RELOAD_TIME, (double)clock_wall_ms() / 1e3);
}

/* ---- configuration ---- */

static bool is_configured(const struct config *config) {
    return config->http_listen || config->http_socket;
}

unsigned daemon_http_descriptors(const struct config *config) {
    return is_configured(config) ? HTTP_DESCRIPTORS : 0;
}

static bool parse_mode(const char *text, unsigned *mode, struct err *err) {
    char *end, quoted[QUOTE_SIZE];
    *mode = MODE_DEFAULT;
    if (!text)
        return true;
    unsigned long number = strtoul(text, &end, 8);
    *mode = (unsigned)number;
    return (*text >= '0' && *text <= '7' && !*end && number <= 0777) ||
           err_set(err, "http_socket_mode: %s is no mode; use octal digits such as 0660",
                   quote_text(text, quoted));
}

bool daemon_http_check(const struct config *config, struct err *err) {
    unsigned mode;
    return (!config->http_listen || http_listen_check(config->http_listen, err)) &&
           parse_mode(config->http_socket_mode, &mode, err);
}

/* ---- life ---- */

static bool start_server(struct daemon_http *http, struct err *err) {
    const struct http_check checks[] = {
        {.name = "live", .live = true, .ready = true, .ask = check_live, .arg = http},
        {.name = "ready", .ready = true, .ask = check_ready, .arg = http},
    };
    struct http_server_options options = {.listen = http->listen,
                                          .socket = http->socket,
                                          .hosts = http->hosts,
                                          .database = http->database,
                                          .checks = checks,
                                          .checks_n = COUNT_OF(checks)};
    if (!daemon_http_check(http->config, err) ||
        !parse_mode(http->config->http_socket_mode, &options.socket_mode, err))
        return false;
    http->server = http_server_new(&options, err);
    if (http->server)
        log_event(LOG_LEVEL_INFO, "http_listening",
                  log_count("port", http_server_port(http->server)),
                  log_text("socket", http->socket));
    return http->server != NULL;
}

static char *copy_text(const char *text) {
    return text ? alloc_string(text) : NULL;
}

/* Commands that name it are read elsewhere than in the folder of the daemon. */
static char *copy_path(const char *path) {
    char *whole = path ? realpath(path, NULL) : NULL;
    return whole ? whole : copy_text(path);
}

struct daemon_http *daemon_http_new(struct event_base *base, const struct config *config,
                                    const struct scan_loop *loop, struct err *err) {
    struct daemon_http *http = alloc_zero(1, sizeof *http);
    http->config = config;
    http->loop = loop;
    http->listen = copy_text(config->http_listen);
    http->socket = copy_text(config->http_socket);
    http->hosts = copy_text(config->http_hosts);
    http->database = copy_path(config->database);
    pthread_mutex_init(&http->mutex, NULL);
    http->look = evtimer_new(base, look_at_loop, http);
    http->looked_us = clock_mono_us();
    show_health(http);
    show_numbers(http);
    event_add(http->look, &(struct timeval){0, LOOK_US});
    daemon_http_note_load(true);
    if (!is_configured(config) || start_server(http, err))
        return http;
    daemon_http_free(http);
    return NULL;
}

void daemon_http_free(struct daemon_http *http) {
    if (!http)
        return;
    http_server_free(http->server);
    event_free(http->look);
    pthread_mutex_destroy(&http->mutex);
    free(http->listen);
    free(http->socket);
    free(http->hosts);
    free(http->database);
    free(http);
}
