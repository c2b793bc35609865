/* What names cost: so many in flight at a time, each answered after the same delay by a name server
 * in a process of its own. Prints time, CPU time and memory of the asking side.
 *
 * usage: bench_resolver [NAMES [IN_FLIGHT [DELAY_MS]]] */
#include "scanner/base/clock.h"
#include "scanner/net/resolver.h"
#include "tests/unit/dns_raw_server.h"

#include <stdlib.h>
#include <sys/resource.h>

static unsigned names = 20000, in_flight = 200, delay_ms = 20;

/* ---- The server: what came goes back after the delay, in order ---- */

struct late {
    struct raw_server *server;
    struct sockaddr_in to;
    size_t n;
    uint8_t bytes[512];
};

static void send_late(evutil_socket_t fd, short what, void *arg) {
    struct late *late = arg;
    (void)fd;
    (void)what;
    sendto(late->server->udp, late->bytes, late->n, 0, (struct sockaddr *)&late->to,
           sizeof late->to);
    free(late);
}

static void on_question(struct raw_server *server, const uint8_t *question, size_t n,
                        const struct sockaddr_in *from) {
    static struct message message;
    struct timeval after = {delay_ms / 1000, (suseconds_t)(delay_ms % 1000) * 1000};
    struct late *late = malloc(sizeof *late);
    begin_answer(&message, question, n);
    put_address(&message, NULL, type_of(question, n), 300, "192.0.2.1", "2001:db8::1");
    *late = (struct late){.server = server, .to = *from, .n = message.n};
    memcpy(late->bytes, message.bytes, message.n);
    event_base_once(server->base, -1, EV_TIMEOUT, send_late, late, &after);
}

/* ---- The asking side ---- */

static struct {
    struct event_base *base;
    struct resolver *resolver;
    unsigned started, ended, failed;
} run;

static void start_name(void);

static void on_answer(const struct resolver_answer *answer, void *arg) {
    (void)arg;
    run.failed += answer->count != 2;
    if (++run.ended == names)
        event_base_loopbreak(run.base);
    start_name();
}

static void start_name(void) {
    char name[64];
    if (run.started == names)
        return;
    snprintf(name, sizeof name, "n%u.shop.example", run.started++);
    resolver_start(run.resolver, name, 10000, on_answer, NULL);
}

static long kib_now(void) {
    long kib = 0;
    char line[128];
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    if (file)
        fclose(file);
    return kib;
}

int main(int argc, char **argv) {
    unsigned *const wishes[] = {&names, &in_flight, &delay_ms};
    for (int i = 1; i < argc && i <= 3; i++)
        *wishes[i - 1] = (unsigned)strtoul(argv[i], NULL, 10);
    struct raw_server server = {.on_udp = on_question};
    start_raw_server(&server);
    struct resolver_options options = {.servers = server.where, .hosts_file = "/dev/null"};
    struct err err = {""};
    run.base = event_base_new();
    run.resolver = resolver_new(run.base, &options, &err);
    if (!run.resolver)
        return 1;
    long kib_before = kib_now();
    uint64_t started_us = clock_mono_us();
    while (run.started < in_flight && run.started < names)
        start_name();
    event_base_dispatch(run.base);
    double seconds = (double)(clock_mono_us() - started_us) / 1e6;
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double cpu = (double)used.ru_utime.tv_sec + (double)used.ru_utime.tv_usec / 1e6 +
                 (double)used.ru_stime.tv_sec + (double)used.ru_stime.tv_usec / 1e6;
    printf("%u names, %u in flight, %u ms: %.2f s, CPU %.1f us a name, +%ld KiB, %u failed\n",
           names, in_flight, delay_ms, seconds, cpu * 1e6 / names, kib_now() - kib_before,
           run.failed);
    resolver_free(run.resolver);
    event_base_free(run.base);
    stop_raw_server(&server);
    return run.failed > 0;
}
