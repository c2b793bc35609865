/* What the two programs of the comparison share. */
#include "bench_run.h"

#include "scanner/base/clock.h"

#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* Descriptors that are not connections: standard streams, epoll, the event base's own. */
enum { DESCRIPTORS_RESERVED = 32 };

static const struct argp_option option_table[] = {
    {"scans", 'n', "N", 0, "Scans to make (default 4000)", 0},
    {"concurrency", 'c', "N", 0, "Scans in flight (default 1000)", 0},
    {"port", 'p', "PORT", 0, "Port of all origins (default 4433)", 0},
    {"first", 'f', "ADDRESS", 0, "The first origin (default 127.60.0.1)", 0},
    {"origins", 'o', "N", 0, "How many addresses in a row (default 16000)", 0},
    {"mss", 'm', "BYTES", 0, "TCP_MAXSEG (default 1360)", 0},
    {"sni", 's', "NAME", 0, "SNI of all origins (default bench.example)", 0},
    {0},
};

static uint32_t number(const char *text, uint32_t min, uint32_t max, struct argp_state *state) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno || value < min || value > max)
        argp_error(state, "`%s` is no number from %" PRIu32 " to %" PRIu32, text, min, max);
    return (uint32_t)value;
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    struct bench_run *run = state->input;
    switch (key) {
    case 'n':
        run->scans = number(arg, 1, 100000000, state);
        return 0;
    case 'c':
        run->concurrency = number(arg, 1, 1000000, state);
        return 0;
    case 'p':
        run->port = (uint16_t)number(arg, 1, 65535, state);
        return 0;
    case 'f':
        if (inet_pton(AF_INET, arg, &run->first) != 1 || ntohl(run->first.s_addr) >> 24 != 127)
            argp_error(state, "`%s` is no address in 127.0.0.0/8", arg);
        return 0;
    case 'o':
        run->origins = number(arg, 1, 8000000, state);
        return 0;
    case 'm':
        run->mss = (uint16_t)number(arg, 0, 65495, state);
        return 0;
    case 's':
        run->sni = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void raise_descriptors(const struct bench_run *run, const char *program) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
        if (files.rlim_cur >= run->concurrency + DESCRIPTORS_RESERVED)
            return;
    }
    fprintf(stderr, "%s: too few descriptors for a concurrency of %" PRIu32 "\n", program,
            run->concurrency);
    exit(2);
}

void bench_run_options(struct bench_run *run, int argc, char **argv, const char *what) {
    const struct argp argp = {.options = option_table, .parser = parse_option, .doc = what};
    *run = (struct bench_run){.scans = 4000,
                              .concurrency = 1000,
                              .port = 4433,
                              .origins = 16000,
                              .mss = 1360,
                              .sni = "bench.example"};
    run->first.s_addr = htonl(0x7f3c0001);
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, run);
    raise_descriptors(run, argv[0]);
}

void bench_run_address(const struct bench_run *run, uint32_t n, struct sockaddr_in *out) {
    *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(run->port)};
    out->sin_addr.s_addr = htonl(ntohl(run->first.s_addr) + n % run->origins);
}

static struct rusage usage_at_begin;
static uint64_t cpu_us_at_begin;
static uint64_t mono_us_at_begin;

static uint64_t cpu_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t us_between(const struct timeval *from, const struct timeval *to) {
    return (uint64_t)(to->tv_sec - from->tv_sec) * 1000000 +
           (uint64_t)(to->tv_usec - from->tv_usec);
}

/* VmHWM rather than ru_maxrss: the latter is inherited across exec from a larger parent. */
static uint64_t peak_kib(void) {
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    uint64_t kib = 0;
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %" SCNu64, &kib) == 1)
            break;
    if (status)
        fclose(status);
    return kib;
}

void bench_run_begin(void) {
    getrusage(RUSAGE_SELF, &usage_at_begin);
    mono_us_at_begin = clock_mono_us();
    cpu_us_at_begin = cpu_us();
}

void bench_run_end(const struct bench_run *run, uint32_t connections) {
    uint64_t cpu = cpu_us() - cpu_us_at_begin;
    uint64_t wall = clock_mono_us() - mono_us_at_begin;
    struct rusage now;
    getrusage(RUSAGE_SELF, &now);
    printf("{\"scans\":%" PRIu32 ",\"concurrency\":%" PRIu32 ",\"connections\":%" PRIu32
           ",\"cpu_us\":%" PRIu64 ",\"user_us\":%" PRIu64 ",\"system_us\":%" PRIu64
           ",\"wall_us\":%" PRIu64 ",\"peak_kib\":%" PRIu64 "}\n",
           run->scans, run->concurrency, connections, cpu,
           us_between(&usage_at_begin.ru_utime, &now.ru_utime),
           us_between(&usage_at_begin.ru_stime, &now.ru_stime), wall, peak_kib());
}
