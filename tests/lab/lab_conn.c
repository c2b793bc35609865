/* One connection from accept to its end: reads hellos, obeys the rules, serves. */
#include "lab_conn.h"

#include "lab_out.h"
#include "lab_raw.h"
#include "lab_socket.h"
#include "lab_tls.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum lab_phase {
    PHASE_HELLO,  /* gathering the first hello */
    PHASE_HELLO2, /* a retry was sent: gathering the second one */
    PHASE_TLS,    /* everything goes to the handshake */
    PHASE_SILENT, /* what comes is read and thrown away */
    PHASE_DRAIN,  /* our FIN is out; reading on, so that no RST overtakes what we sent */
};

enum {
    HELLO_MAX = 1 << 16, /* more without a complete hello is given up */
    READ_SIZE = 1 << 14,
    DRAIN_MS = 2000,
    IDLE_S = 600,
};

struct lab_conn {
    struct lab_server *server;
    struct lab_conn *prev, *next;
    int fd;
    enum lab_phase phase;
    struct event *read, *timer; /* the timer only where needed */
    struct lab_out out;
    struct lab_site *site;
    uint8_t *in; /* of the hello being gathered */
    size_t in_n, in_room;
    bool delayed; /* the timer runs for the answer to a complete hello */
    bool closing; /* FIN once all is written */
    struct lab_hello *hellos[2];
    struct lab_pick pick;
    struct lab_tls *tls;
    uint32_t segments_before; /* sent before the hello that is being gathered */
    struct lab_record record;
};

static void on_timer(evutil_socket_t fd, short what, void *arg);

static const struct lab_profile *profile_of(const struct lab_conn *conn) {
    return &conn->site->entry->profile;
}

/* ---- the end ---- */

static void take_report(struct lab_conn *conn) {
    if (!conn->tls)
        return;
    const struct lab_tls_report *report = lab_tls_report(conn->tls);
    conn->record.finished = report->finished;
    conn->record.version = report->version;
    if (report->alert_in >= 0)
        conn->record.alert_in = report->alert_in;
    if (report->alert_out >= 0)
        conn->record.alert_out = report->alert_out;
}

static void count(struct lab_conn *conn) {
    const struct lab_record *record = &conn->record;
    struct lab_site *site = conn->site;
    site->misbehaved += record->misbehaved;
    site->hellos += record->hello[0].hello != NULL;
    site->retries += record->retry;
    site->finished += record->finished;
    site->alerts_in += record->alert_in >= 0;
    site->resets_in += record->closed == LAB_CLOSED_PEER_RESET;
    conn->server->misbehaved += record->misbehaved;
    conn->server->retries += record->retry;
    conn->server->finished += record->finished;
}

static void conn_free(struct lab_conn *conn, enum lab_closed closed) {
    if (closed == LAB_CLOSED_RESET)
        setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
                   sizeof(struct linger));
    take_report(conn);
    conn->record.closed = conn->phase == PHASE_DRAIN ? LAB_CLOSED_FIN : closed;
    conn->record.closed_us = clock_mono_us();
    conn->record.bytes_out = conn->out.bytes;
    count(conn);
    lab_log_connection(conn->server->log, &conn->record);
    if (conn->next)
        conn->next->prev = conn->prev;
    if (conn->prev)
        conn->prev->next = conn->next;
    else
        conn->server->conns = conn->next;
    conn->server->open--;
    event_free(conn->read);
    if (conn->timer)
        event_free(conn->timer);
    lab_out_clear(&conn->out);
    close(conn->fd);
    lab_tls_free(conn->tls);
    free(conn->hellos[0]);
    free(conn->hellos[1]);
    free(conn->in);
    free(conn);
}

static void start_timer(struct lab_conn *conn, uint32_t ms) {
    if (!conn->timer)
        conn->timer = evtimer_new(conn->server->base, on_timer, conn);
    const struct timeval wait = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};
    evtimer_add(conn->timer, &wait);
}

/* Sends FIN once all is written, and reads on: closing with unread data would send RST instead,
 * which can destroy what is still on its way to the client (RFC 1122 4.2.2.13). */
static void close_softly(struct lab_conn *conn) {
    conn->closing = true;
    if (!lab_out_is_empty(&conn->out))
        return;
    shutdown(conn->fd, SHUT_WR);
    conn->phase = PHASE_DRAIN;
    start_timer(conn, DRAIN_MS);
}

/* ---- writing ---- */

static void send_from_tls(const uint8_t *bytes, size_t n, void *arg) {
    struct lab_conn *conn = arg;
    lab_out_send(&conn->out, bytes, n);
}

static void on_drained(void *arg) {
    struct lab_conn *conn = arg;
    if (conn->closing)
        close_softly(conn);
}

static void on_failed(void *arg) {
    conn_free(arg, LAB_CLOSED_PEER_RESET);
}

/* ---- acting ---- */

static void send_raw_retry(struct lab_conn *conn, enum lab_act act) {
    uint8_t bytes[LAB_RAW_MAX];
    const struct lab_hello *hello = conn->hellos[0];
    conn->record.retry = true;
    conn->record.group = lab_raw_retry_group(act, hello, conn->pick.group);
    lab_out_send(&conn->out, bytes, lab_raw_retry(act, hello, conn->pick.group, bytes));
    conn->phase = PHASE_SILENT;
    if ((act == LAB_ACT_HRR_AGAIN || act == LAB_ACT_HRR_FIPS) && !conn->hellos[1])
        conn->phase = PHASE_HELLO2;
    conn->in_n = 0;
}

/* Hands what was gathered to the handshake. May free the connection. */
static void feed_tls(struct lab_conn *conn, const uint8_t *bytes, size_t n) {
    conn->in_n = 0;
    switch (lab_tls_feed(conn->tls, bytes, n)) {
    case LAB_TLS_MORE:
        return;
    case LAB_TLS_CUT:
        if (conn->record.act == LAB_ACT_FLIGHT_CLOSE || conn->record.act == LAB_ACT_FLIGHT_FAULT)
            close_softly(conn);
        else if (conn->record.act == LAB_ACT_FLIGHT_RESET)
            conn_free(conn, LAB_CLOSED_RESET);
        else
            conn->phase = PHASE_SILENT;
        return;
    case LAB_TLS_CLOSED:
        close_softly(conn);
    }
}

static void serve(struct lab_conn *conn, enum lab_act act) {
    struct lab_profile other = lab_profile_as(profile_of(conn), act == LAB_ACT_SERVE_TLS12,
                                              act == LAB_ACT_SERVE_CLASSICAL);
    conn->pick = lab_profile_pick(&other, conn->hellos[0]);
    conn->record.group = conn->pick.group;
    conn->record.retry = conn->pick.retry;
    conn->tls = lab_tls_new(&other, act, &conn->pick, send_from_tls, conn);
    bool retry = conn->pick.retry; /* then nothing is cut yet, and what is sent is one segment */
    conn->phase = retry ? PHASE_HELLO2 : PHASE_TLS;
    if (retry)
        conn->segments_before = lab_socket_segments_out(conn->fd) + 1;
    feed_tls(conn, conn->in, conn->in_n);
    if (retry)
        lab_socket_acknowledge(conn->fd);
}

/* Does what a rule says. May free the connection. */
static void act_on(struct lab_conn *conn, enum lab_act act) {
    conn->record.act = act;
    conn->phase = PHASE_SILENT;
    switch (act) {
    case LAB_ACT_SERVE:
    case LAB_ACT_SERVE_TLS12:
    case LAB_ACT_SERVE_OTHER_CERT:
    case LAB_ACT_SERVE_CLASSICAL:
    case LAB_ACT_WRONG_CURVE:
    case LAB_ACT_FLIGHT_NOISE:
    case LAB_ACT_FLIGHT_FAULT:
    case LAB_ACT_FLIGHT_CLOSE:
    case LAB_ACT_FLIGHT_RESET:
    case LAB_ACT_FLIGHT_HANG:
        serve(conn, act);
        return;
    case LAB_ACT_BAN:
        lab_site_ban(conn->site, clock_mono_us());
        close_softly(conn);
        return;
    case LAB_ACT_CLOSE:
        close_softly(conn);
        return;
    case LAB_ACT_RESET:
    case LAB_ACT_NO_LISTENER:
        conn_free(conn, LAB_CLOSED_RESET);
        return;
    case LAB_ACT_HANG:
        return;
    case LAB_ACT_ALERT:
        conn->record.alert_out = profile_of(conn)->alert;
        __attribute__((fallthrough));
    case LAB_ACT_HTTP:
    case LAB_ACT_SSH:
    case LAB_ACT_GARBAGE:
    case LAB_ACT_ENDLESS_GARBAGE:
    case LAB_ACT_ENDLESS_RECORDS:
    case LAB_ACT_ENDLESS_WARNINGS:
    case LAB_ACT_ENDLESS_EMPTY:
        if (lab_raw_say(act, profile_of(conn)->alert, &conn->out))
            close_softly(conn);
        return;
    case LAB_ACT_HRR_NO_SESSION_ID:
    case LAB_ACT_HRR_EMPTY:
    case LAB_ACT_HRR_CIPHER:
    case LAB_ACT_HRR_TRAILING:
    case LAB_ACT_HRR_EXCESS:
    case LAB_ACT_HRR_NOT_OFFERED:
    case LAB_ACT_HRR_SHARED:
    case LAB_ACT_HRR_AGAIN:
    case LAB_ACT_HRR_FIPS:
        send_raw_retry(conn, act);
    }
}

static enum lab_act look(const struct lab_conn *conn, enum lab_point point,
                         const struct lab_hello *hello) {
    if (!conn->record.misbehaved)
        return LAB_ACT_SERVE;
    return lab_behaviour_act(conn->site->entry->behaviour, profile_of(conn), point, hello,
                             &conn->pick);
}

/* The answer to a complete hello. May free the connection. */
static void answer(struct lab_conn *conn) {
    unsigned i = conn->phase == PHASE_HELLO2 ? 1 : 0;
    const struct lab_hello *hello = conn->hellos[i];
    if (i == 0)
        conn->pick = lab_profile_pick(profile_of(conn), hello);
    enum lab_act act = look(conn, i == 0 ? LAB_AT_HELLO : LAB_AT_HELLO2, hello);
    conn->record.hello[i].act = act;
    if (i == 1 && conn->tls && (act == LAB_ACT_SERVE || lab_behaviour_cuts_flight(act))) {
        if (act != LAB_ACT_SERVE)
            lab_tls_misbehave(conn->tls, conn->record.act = act);
        conn->phase = PHASE_TLS;
        feed_tls(conn, conn->in, conn->in_n);
    } else if (i == 1 && act == LAB_ACT_SERVE) {
        /* no handshake stands behind a retry made by hand: the same once more */
        conn->record.hello[i].act = conn->record.act;
        send_raw_retry(conn, conn->record.act);
    } else {
        act_on(conn, act);
    }
}

/* ---- reading ---- */

/* Segments that carried data so far, by the kernel's count. */
static uint32_t segments_in(const struct lab_conn *conn) {
    return lab_log_wants_records(conn->server->log) ? lab_socket_segments_in(conn->fd) : 0;
}

static void hello_complete(struct lab_conn *conn, const struct lab_hello *hello) {
    unsigned i = conn->phase == PHASE_HELLO2 ? 1 : 0;
    conn->hellos[i] = alloc_zero(1, sizeof *hello);
    *conn->hellos[i] = *hello;
    struct lab_record_hello *record = &conn->record.hello[i];
    record->hello = conn->hellos[i];
    record->segments = segments_in(conn) - conn->record.hello[0].segments;
    if (profile_of(conn)->delay_ms > 0) {
        conn->delayed = true;
        event_del(conn->read);
        start_timer(conn, profile_of(conn)->delay_ms);
    } else {
        answer(conn);
    }
}

/* What comes instead of a hello: after a retry often an alert in the clear. */
static void no_hello(struct lab_conn *conn) {
    if (conn->in_n >= 7 && conn->in[0] == SSL3_RT_ALERT)
        conn->record.alert_in = conn->in[6];
    close_softly(conn);
}

static void append(struct lab_conn *conn, const uint8_t *bytes, size_t n) {
    if (conn->in_n + n > conn->in_room) {
        conn->in_room = conn->in_n + n < 2048 ? 2048 : (conn->in_n + n) * 2;
        conn->in = alloc_resize(conn->in, conn->in_room, 1);
    }
    memcpy(conn->in + conn->in_n, bytes, n);
    conn->in_n += n;
}

/* What came was acknowledged more than once: it came bit by bit, however late it is read. */
static bool came_in_pieces(const struct lab_conn *conn) {
    return lab_socket_segments_out(conn->fd) > conn->segments_before + 1;
}

/* May free the connection. */
static void gather(struct lab_conn *conn, const uint8_t *bytes, size_t n) {
    unsigned i = conn->phase == PHASE_HELLO2 ? 1 : 0;
    bool first = conn->record.hello[i].reads++ == 0;
    append(conn, bytes, n);
    struct lab_hello hello;
    size_t used;
    enum lab_hello_state state = lab_hello_read(conn->in, conn->in_n, &hello, &used);
    if (first) {
        const struct lab_hello *read = state == LAB_HELLO_DONE ? &hello : NULL;
        enum lab_act act = look(conn, i == 0 ? LAB_AT_ONE_READ : LAB_AT_ONE_READ2,
                                came_in_pieces(conn) ? NULL : read);
        if (i == 0 && act == LAB_ACT_SERVE)
            act = look(conn, LAB_AT_FIRST_READ, read);
        if (act != LAB_ACT_SERVE) {
            act_on(conn, act);
            return;
        }
    }
    switch (state) {
    case LAB_HELLO_MORE:
        if (conn->in_n > HELLO_MAX)
            close_softly(conn);
        return;
    case LAB_HELLO_DONE:
        hello_complete(conn, &hello);
        return;
    case LAB_HELLO_NOT_TLS:
    case LAB_HELLO_BROKEN:
        no_hello(conn);
    }
}

/* How much the next recv takes. Where a rule asks about the first read it is one segment, as on a
 * network where segments arrive one by one; on loopback both halves of a hello are there at once.
 */
static size_t read_size(const struct lab_conn *conn) {
    int mss;
    socklen_t n = sizeof mss;
    if (conn->record.bytes_in > 0 || !conn->record.misbehaved ||
        !lab_behaviour_looks_at(conn->site->entry->behaviour, LAB_AT_FIRST_READ) ||
        getsockopt(conn->fd, IPPROTO_TCP, TCP_MAXSEG, &mss, &n) != 0 || mss <= 0 || mss > READ_SIZE)
        return READ_SIZE;
    return (size_t)mss;
}

static void take(struct lab_conn *conn, const uint8_t *bytes, size_t n) {
    switch (conn->phase) {
    case PHASE_HELLO:
    case PHASE_HELLO2:
        gather(conn, bytes, n);
        return;
    case PHASE_TLS:
        feed_tls(conn, bytes, n);
        return;
    case PHASE_SILENT:
    case PHASE_DRAIN:
        return;
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg) {
    static uint8_t bytes[READ_SIZE]; /* one thread */
    struct lab_conn *conn = arg;
    if (what & EV_TIMEOUT) {
        conn_free(conn, LAB_CLOSED_EXPIRED);
        return;
    }
    ssize_t n = recv(fd, bytes, read_size(conn), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        conn_free(conn, n == 0 ? LAB_CLOSED_PEER_FIN : LAB_CLOSED_PEER_RESET);
        return;
    }
    conn->record.bytes_in += (uint64_t)n;
    take(conn, bytes, (size_t)n);
}

static void watch(struct lab_conn *conn) {
    event_add(conn->read, &(struct timeval){.tv_sec = IDLE_S});
}

static void on_timer(evutil_socket_t fd, short what, void *arg) {
    (void)fd;
    (void)what;
    struct lab_conn *conn = arg;
    if (conn->delayed) {
        conn->delayed = false;
        watch(conn);
        answer(conn);
    } else {
        conn_free(conn, LAB_CLOSED_FIN); /* drained for long enough */
    }
}

/* ---- the beginning ---- */

static struct lab_site *site_of(struct lab_server *server, int fd) {
    struct sockaddr_storage local;
    socklen_t n = sizeof local;
    struct lab_address address;
    uint16_t port;
    if (getsockname(fd, (struct sockaddr *)&local, &n) != 0 ||
        !lab_address_of(&local, &address, &port))
        return NULL;
    return lab_site_at(server->sites, &address, port);
}

static void link_conn(struct lab_server *server, struct lab_conn *conn) {
    conn->next = server->conns;
    if (conn->next)
        conn->next->prev = conn;
    server->conns = conn;
    if (++server->open > server->open_max)
        server->open_max = server->open;
}

/* For the log only: it looks at all connections. */
static uint32_t count_beside(const struct lab_server *server, const struct lab_site *site) {
    uint32_t count = 0;
    if (!lab_log_wants_records(server->log))
        return 0;
    for (const struct lab_conn *conn = server->conns; conn; conn = conn->next)
        count += conn->site == site && lab_socket_is_established(conn->fd);
    return count;
}

void lab_conn_accept(struct lab_server *server, int fd, const struct sockaddr_storage *peer) {
    server->connections++;
    struct lab_site *site = site_of(server, fd);
    if (!site) {
        server->strays++;
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
                   sizeof(struct linger));
        close(fd);
        return;
    }
    struct lab_conn *conn = alloc_zero(1, sizeof *conn);
    conn->server = server;
    conn->fd = fd;
    conn->site = site;
    conn->record = (struct lab_record){
        .site = site, .alert_in = -1, .alert_out = -1, .accepted_us = clock_mono_us()};
    lab_address_of(peer, &conn->record.source, &conn->record.source_port);
    conn->record.misbehaved =
        lab_site_misbehaves(server->sites, site, &conn->record.source, conn->record.source_port,
                            conn->record.accepted_us);
    conn->record.number = site->connections;
    conn->record.beside = count_beside(server, site);
    static const struct lab_out_events out_events = {on_drained, on_failed};
    const struct lab_profile *profile = profile_of(conn);
    lab_out_init(&conn->out, server->base, fd, profile->chunk, profile->chunk_ms, &out_events,
                 conn);
    conn->read = event_new(server->base, fd, EV_READ | EV_PERSIST, on_readable, conn);
    link_conn(server, conn);
    watch(conn);
    enum lab_act act = look(conn, LAB_AT_ACCEPT, NULL);
    if (conn->record.misbehaved && lab_behaviour_does(site->entry->behaviour, LAB_ACT_BAN) &&
        lab_site_is_banned(site, conn->record.accepted_us))
        act = LAB_ACT_CLOSE;
    if (act != LAB_ACT_SERVE)
        act_on(conn, act);
}

void lab_conn_stop(struct lab_server *server) {
    while (server->conns)
        conn_free(server->conns, LAB_CLOSED_STOPPED);
}
