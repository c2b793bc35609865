/* The lab of fake origins: a server that behaves as its table says for the address it is reached
 * on. README.md is its manual. */
#include "lab_cert.h"
#include "lab_conn.h"
#include "lab_flight.h"
#include "lab_truth.h"
#include "scanner/base/alloc.h"

#include <argp.h>
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { BACKLOG = 65535, ACCEPTS_A_TURN = 64 };

struct options {
    const char *table;
    const char *log;
    const char *listen;
    uint16_t port_base;
    uint64_t seed;
    int mss;
    bool counters;
    bool list;
    bool truth;
};

struct listener {
    struct lab_server *server;
    struct event *event;
};

struct lab {
    struct lab_server server;
    struct lab_table *table;
    struct listener *listeners;
    size_t listeners_n;
    int mss; /* 0: the system's */
};

enum { KEY_COUNTERS = 256, KEY_LIST, KEY_TRUTH, KEY_LISTEN, KEY_SEED, KEY_MSS };

static const struct argp_option option_table[] = {
    {"table", 't', "FILE", 0, "Who lives where (- for standard input)", 0},
    {"log", 'l', "FILE", 0, "Write what was really done, JSON lines (- for standard output)", 0},
    {"counters", KEY_COUNTERS, NULL, 0,
     "Log one line of counters for each destination, at the end and at SIGUSR1", 0},
    {"port-base", 'p', "N", 0, "Port of lines without one, and base of :+K (default 4433)", 0},
    {"seed", KEY_SEED, "N", 0, "Seed of percent= and sticky= (default 1)", 0},
    {"listen", KEY_LISTEN, "ADDRESS", 0, "Listen on this address (default 0.0.0.0; :: for both)",
     0},
    {"mss", KEY_MSS, "N", 0, "Announce this segment size to clients (default: the system's)", 0},
    {"list", KEY_LIST, NULL, 0, "Print all behaviours and keys", 0},
    {"truth", KEY_TRUTH, NULL, 0, "Print what a correct scanner finds in this table", 0},
    {0},
};

static uint64_t number(const char *text, uint64_t max, struct argp_state *state) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno || value > max)
        argp_error(state, "`%s` is no number from 0 to %" PRIu64, text, max);
    return value;
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    struct options *options = state->input;
    switch (key) {
    case 't':
        options->table = arg;
        return 0;
    case 'l':
        options->log = arg;
        return 0;
    case 'p':
        options->port_base = (uint16_t)number(arg, 65535, state);
        return 0;
    case KEY_SEED:
        options->seed = number(arg, UINT64_MAX, state);
        return 0;
    case KEY_MSS:
        options->mss = (int)number(arg, 65535, state);
        return 0;
    case KEY_LISTEN:
        options->listen = arg;
        return 0;
    case KEY_COUNTERS:
        options->counters = true;
        return 0;
    case KEY_LIST:
        options->list = true;
        return 0;
    case KEY_TRUTH:
        options->truth = true;
        return 0;
    case ARGP_KEY_END:
        if (!options->table && !options->list)
            argp_error(state, "--table FILE is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void on_accept(evutil_socket_t fd, short what, void *arg) {
    (void)what;
    const struct listener *listener = arg;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage peer;
        socklen_t n = sizeof peer;
        int accepted = accept4(fd, (struct sockaddr *)&peer, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) {
            lab_conn_accept(listener->server, accepted, &peer);
        } else if (errno == EMFILE || errno == ENFILE) {
            usleep(1000); /* better a slow lab than one that spins */
            return;
        } else if (errno != ECONNABORTED) {
            return;
        }
    }
}

static bool listen_on(struct lab *lab, const struct lab_address *address, bool v6, uint16_t port,
                      struct err *err) {
    int on = 1, off = 0;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&in.sin_addr, address->bytes + 12, 4);
    memcpy(&in6.sin6_addr, address->bytes, 16);
    const struct sockaddr *to = v6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in;
    int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 || /* is inherited */
        (lab->mss > 0 &&
         setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &lab->mss, sizeof lab->mss) != 0) ||
        (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) ||
        bind(fd, to, v6 ? sizeof in6 : sizeof in) != 0 || listen(fd, BACKLOG) != 0) {
        err_set(err, "port %u: %s", port, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    struct listener *listener = &lab->listeners[lab->listeners_n++];
    listener->server = &lab->server;
    listener->event = event_new(lab->server.base, fd, EV_READ | EV_PERSIST, on_accept, listener);
    event_add(listener->event, NULL);
    return true;
}

/* One listener for each port that the table names. */
static bool listen_all(struct lab *lab, const char *where, struct err *err) {
    static bool wanted[65536];
    struct lab_address address;
    if (!lab_address_parse(where, &address))
        return err_set(err, "--listen: `%s` is no address", where);
    size_t n, ports = 0;
    const struct lab_entry *entries = lab_table_entries(lab->table, &n);
    for (size_t i = 0; i < n; i++) {
        if (lab_table_closed(&entries[i]) || wanted[entries[i].port])
            continue;
        wanted[entries[i].port] = true;
        ports++;
    }
    lab->listeners = alloc_zero(ports, sizeof *lab->listeners);
    for (unsigned port = 1; port < 65536; port++)
        if (wanted[port] &&
            !listen_on(lab, &address, lab_address_offset(&address) == 0, (uint16_t)port, err))
            return false;
    return true;
}

/* Makes all keys before anybody waits for them. */
static void make_contexts(const struct lab_table *table) {
    size_t n;
    const struct lab_entry *entries = lab_table_entries(table, &n);
    for (size_t i = 0; i < n; i++)
        lab_cert_context(&entries[i].profile, entries[i].profile.cert, entries[i].profile.tls13);
}

static void on_stop(evutil_socket_t fd, short what, void *arg) {
    (void)fd;
    (void)what;
    event_base_loopbreak(arg);
}

static void on_counters(evutil_socket_t fd, short what, void *arg) {
    (void)fd;
    (void)what;
    const struct lab *lab = arg;
    lab_log_counters(lab->server.log, lab->server.sites);
}

static void run(struct lab *lab) {
    struct event_base *base = lab->server.base;
    struct event *signals[] = {evsignal_new(base, SIGTERM, on_stop, base),
                               evsignal_new(base, SIGINT, on_stop, base),
                               evsignal_new(base, SIGUSR1, on_counters, lab)};
    for (size_t i = 0; i < 3; i++)
        event_add(signals[i], NULL);
    puts("ready");
    fflush(stdout);
    event_base_dispatch(base);
    lab_conn_stop(&lab->server);
    lab_log_counters(lab->server.log, lab->server.sites);
    printf("connections=%" PRIu64 " finished=%" PRIu64 " retries=%" PRIu64 " misbehaved=%" PRIu64
           " strays=%" PRIu64 " open_max=%" PRIu32 "\n",
           lab->server.connections, lab->server.finished, lab->server.retries,
           lab->server.misbehaved, lab->server.strays, lab->server.open_max);
    for (size_t i = 0; i < 3; i++)
        event_free(signals[i]);
}

static void clear(struct lab *lab) {
    for (size_t i = 0; i < lab->listeners_n; i++) {
        close(event_get_fd(lab->listeners[i].event));
        event_free(lab->listeners[i].event);
    }
    free(lab->listeners);
    lab_log_free(lab->server.log);
    lab_site_free(lab->server.sites);
    lab_table_free(lab->table);
    lab_cert_clear();
    if (lab->server.base)
        event_base_free(lab->server.base);
    libevent_global_shutdown();
}

static bool start(struct lab *lab, const struct options *options, struct err *err) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    signal(SIGPIPE, SIG_IGN);
    lab->server.base = event_base_new();
    lab->server.sites = lab_site_new(lab->table, options->seed);
    lab->server.log = lab_log_new(lab->server.base, options->log, options->counters, err);
    if (!lab->server.log)
        return false;
    make_contexts(lab->table);
    return listen_all(lab, options->listen, err);
}

int main(int argc, char **argv) {
    static const struct argp argp = {.options = option_table,
                                     .parser = parse_option,
                                     .doc = "Serves the fake origins of a table."};
    struct options options = {.listen = "0.0.0.0", .port_base = 4433, .seed = 1};
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    if (options.list) {
        lab_behaviour_help(stdout);
        puts("\nkeys:");
        lab_profile_help(stdout);
        puts("\nfaults:");
        lab_flight_help(stdout);
        return 0;
    }
    struct err err;
    struct lab lab = {.mss = options.mss,
                      .table = lab_table_read(options.table, options.port_base, &err)};
    if (!lab.table) {
        fprintf(stderr, "lab: %s\n", err.text);
        return 2;
    }
    int status = 0;
    if (options.truth) {
        lab_truth_print(lab.table, stdout);
    } else if (start(&lab, &options, &err)) {
        run(&lab);
    } else {
        fprintf(stderr, "lab: %s\n", err.text);
        status = 1;
    }
    clear(&lab);
    return status;
}
