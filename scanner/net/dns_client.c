/* Questions to the name servers, such that nobody else can answer them.
 *
 * c-ares shall ask for each question from a port of its own, and 1.18 has one socket a server. A
 * channel for each question would cost 75 kB and 0.4 ms. So there is one channel whose "sockets" are
 * only numbers, one a server; behind them each question has real ones, and what arrives there is
 * looked at before c-ares may read it. */
#include "scanner/net/dns_client.h"

#include "scanner/base/alloc.h"
#include "scanner/net/dns_channel.h"
#include "scanner/net/dns_stream.h"

#include <arpa/nameser.h>
#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    SEND_TIMES = 3,
    FIRST_TIMEOUT_MS = 1000,
    LOOK_EVERY_MS = 100, /* at what is overdue */
    US_PER_MS = 1000,
    DATAGRAM_MAX = 512, /* RFC 1035 4.2.1; more needs EDNS */
    BUCKETS = 256,
};

/* A question's own socket, connected to one server. */
struct line {
    LIST_ENTRY(line) others;
    struct question *question;
    struct event *readable;
    int fd;
    size_t server;
    bool refused; /* nobody lives there */
};

struct question {
    LIST_ENTRY(question) all;
    LIST_ENTRY(question) same_bucket; /* while c-ares has it */
    TAILQ_ENTRY(question) others_ended;
    struct dns_client *client;
    LIST_HEAD(, line) lines;
    struct dns_stream *stream; /* NULL unless it is being asked over TCP */
    dns_client_cb *cb;
    void *arg;
    bool sent;            /* at least once */
    bool cut;             /* the answer did not fit into a datagram */
    size_t cut_by;        /* the server that said so */
    enum dns_fault heard; /* what a server said that c-ares goes on from, or DNS_FAULT_NONE */
    bool malformed;
    struct dns_answer answer; /* once it has ended */
    struct dns_question message;
};

/* What c-ares takes for its UDP socket to a server. */
struct handle {
    bool open;
    size_t server;
};

struct dns_client {
    struct event_base *base;
    struct dns_servers servers;
    ares_channel channel;
    struct handle *handles; /* as many as servers */
    struct event *look;     /* pending while c-ares has questions */
    struct event *deliver;
    size_t asked; /* questions that c-ares has */
    LIST_HEAD(, question) all;
    LIST_HEAD(, question) buckets[BUCKETS]; /* by the id's second byte */
    TAILQ_HEAD(, question) ended;
    const uint8_t *datagram; /* what c-ares is to read next, or NULL */
    size_t datagram_n;
};

static struct question *find_question(struct dns_client *client, const uint8_t id[DNS_ID_SIZE]) {
    struct question *question;
    LIST_FOREACH(question, &client->buckets[id[1]], same_bucket)
    if (question->message.bytes[0] == id[0])
        return question;
    return NULL;
}

static void close_lines(struct question *question) {
    struct line *line;
    while ((line = LIST_FIRST(&question->lines)) != NULL) {
        LIST_REMOVE(line, others);
        event_free(line->readable);
        close(line->fd);
        free(line);
    }
}

static void free_question(struct question *question) {
    close_lines(question);
    dns_stream_free(question->stream);
    LIST_REMOVE(question, all);
    free(question);
}

/* ---- Behind the sockets of c-ares ---- */

static void on_readable(evutil_socket_t fd, short what, void *line);

static struct line *open_line(struct question *question, size_t server) {
    struct dns_client *client = question->client;
    const struct sockaddr_storage *to = &client->servers.all[server];
    socklen_t to_n =
        to->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int fd = socket(to->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    if (connect(fd, (const struct sockaddr *)to, to_n) != 0) {
        close(fd);
        return NULL;
    }
    struct line *line = alloc_zero(1, sizeof *line);
    *line = (struct line){.question = question, .fd = fd, .server = server};
    line->readable = event_new(client->base, fd, EV_READ | EV_PERSIST, on_readable, line);
    event_add(line->readable, NULL);
    LIST_INSERT_HEAD(&question->lines, line, others);
    return line;
}

static struct line *find_line(struct question *question, size_t server) {
    struct line *line;
    LIST_FOREACH(line, &question->lines, others)
    if (line->server == server)
        return line;
    return open_line(question, server);
}

static ares_socket_t open_handle(int family, int type, int protocol, void *arg) {
    struct dns_client *client = arg;
    (void)family;
    (void)type;
    (void)protocol;
    for (size_t i = 0; i < client->servers.count; i++)
        if (!client->handles[i].open) {
            client->handles[i].open = true;
            return (ares_socket_t)i;
        }
    errno = EMFILE;
    return ARES_SOCKET_BAD;
}

static int close_handle(ares_socket_t handle, void *arg) {
    struct dns_client *client = arg;
    client->handles[handle].open = false;
    return 0;
}

static int connect_handle(ares_socket_t handle, const struct sockaddr *to, ares_socklen_t to_n,
                          void *arg) {
    struct dns_client *client = arg;
    (void)to_n;
    client->handles[handle].server = dns_servers_find(&client->servers, to);
    assert(client->handles[handle].server < client->servers.count);
    return 0;
}

static ares_ssize_t send_by_handle(ares_socket_t handle, const struct iovec *parts, int count,
                                   void *arg) {
    struct dns_client *client = arg;
    assert(count == 1 && parts[0].iov_len > DNS_HEADER_SIZE);
    struct question *question = find_question(client, parts[0].iov_base);
    assert(question);
    struct line *line = find_line(question, client->handles[handle].server);
    ssize_t n =
        line ? send(line->fd, question->message.bytes, question->message.n, MSG_NOSIGNAL) : -1;
    /* A refusal of the sending before is told now, in place of sending. */
    if (n < 0 && line && errno == ECONNREFUSED)
        n = send(line->fd, question->message.bytes, question->message.n, MSG_NOSIGNAL);
    question->sent = question->sent || n >= 0;
    return n;
}

static ares_ssize_t read_by_handle(ares_socket_t handle, void *data, size_t size, int flags,
                                   struct sockaddr *from, ares_socklen_t *from_n, void *arg) {
    struct dns_client *client = arg;
    const struct sockaddr_storage *server = &client->servers.all[client->handles[handle].server];
    (void)flags;
    if (!client->datagram) {
        errno = EAGAIN;
        return -1;
    }
    size_t n = client->datagram_n < size ? client->datagram_n : size;
    memcpy(data, client->datagram, n);
    memcpy(from, server, *from_n < sizeof *server ? *from_n : sizeof *server);
    client->datagram = NULL;
    return (ares_ssize_t)n;
}

static const struct ares_socket_functions handle_functions = {
    .asocket = open_handle,
    .aclose = close_handle,
    .aconnect = connect_handle,
    .arecvfrom = read_by_handle,
    .asendv = send_by_handle,
};

/* Lets c-ares read a message as if it had come on its socket to that server. */
static void hand_over(struct dns_client *client, size_t server, const uint8_t *bytes, size_t n) {
    for (size_t i = 0; i < client->servers.count; i++)
        if (client->handles[i].open && client->handles[i].server == server) {
            client->datagram = bytes;
            client->datagram_n = n;
            ares_process_fd(client->channel, (ares_socket_t)i, ARES_SOCKET_BAD);
            client->datagram = NULL;
            return;
        }
}

/* Tells c-ares what it cannot read off a message: that this server gave the question up, or that it
 * is to be ended. `code` is put into our own question. */
static void report_code(const struct line *line, uint8_t code) {
    struct question *question = line->question;
    uint8_t bytes[DNS_QUESTION_MAX];
    memcpy(bytes, question->message.bytes, question->message.n);
    bytes[DNS_AT_FLAGS] |= DNS_IS_RESPONSE;
    bytes[DNS_AT_CODE] = code;
    hand_over(question->client, line->server, bytes, question->message.n);
}

/* Nobody lives there. The next server is asked at once; the last one gets its time, since it may
 * just be starting. */
static void note_refusal(struct line *line) {
    size_t refused = 0;
    struct line *other;
    line->refused = true;
    LIST_FOREACH(other, &line->question->lines, others)
    refused += other->refused;
    if (refused < line->question->client->servers.count)
        report_code(line, ns_r_servfail);
}

static void take_datagram(struct line *line, const uint8_t *bytes, size_t n) {
    struct question *question = line->question;
    switch (dns_answer_match(question->message.bytes, question->message.n, bytes, n)) {
    case DNS_MATCH_STRANGER:
        return;
    case DNS_MATCH_LETTERS:
        question->heard = DNS_OTHER_CASE;
        return;
    case DNS_MATCH_MALFORMED:
        question->malformed = true;
        report_code(line, ns_r_formerr);
        return;
    case DNS_MATCH_BARE_FAULT:
        question->heard = dns_answer_code(bytes);
        report_code(line, bytes[DNS_AT_CODE] & DNS_CODE_MASK);
        return;
    case DNS_MATCH_CUT:
        break;
    case DNS_MATCH_WHOLE:
        if (n <= DATAGRAM_MAX) {
            question->heard = dns_answer_code(bytes);
            hand_over(question->client, line->server, bytes, n);
            return;
        }
    }
    question->cut = true;
    question->cut_by = line->server;
    report_code(line, ns_r_noerror);
}

static void on_readable(evutil_socket_t fd, short what, void *arg) {
    struct line *line = arg;
    uint8_t bytes[DATAGRAM_MAX + 1];
    (void)what;
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    if (n >= 0)
        take_datagram(line, bytes, (size_t)n);
    else if (errno != EAGAIN && errno != EINTR)
        note_refusal(line);
}

/* ---- The ends of a question ---- */

/* The callback is the last thing that happens. */
static void deliver_answer(struct question *question) {
    struct dns_answer answer = question->answer;
    dns_client_cb *cb = question->cb;
    void *arg = question->arg;
    free_question(question);
    cb(&answer, arg);
}

static void on_deliver(evutil_socket_t fd, short what, void *arg) {
    struct dns_client *client = arg;
    struct question *question = TAILQ_FIRST(&client->ended);
    (void)fd;
    (void)what;
    TAILQ_REMOVE(&client->ended, question, others_ended);
    if (!TAILQ_EMPTY(&client->ended))
        event_active(client->deliver, EV_TIMEOUT, 0);
    deliver_answer(question);
}

static void on_stream(const struct dns_answer *answer, void *arg) {
    struct question *question = arg;
    question->stream = NULL;
    question->answer = *answer;
    deliver_answer(question);
}

/* c-ares is done with it, within any call of c-ares: it must not be destroyed from here. */
static void on_result(void *arg, int status, int timeouts, unsigned char *bytes, int n) {
    struct question *question = arg;
    struct dns_client *client = question->client;
    (void)timeouts;
    if (status == ARES_EDESTRUCTION)
        return;
    LIST_REMOVE(question, same_bucket);
    close_lines(question);
    if (--client->asked == 0)
        event_del(client->look);
    if (question->cut) {
        question->stream =
            dns_stream_start(client->base, &client->servers, question->cut_by,
                             question->message.bytes, question->message.n, on_stream, question);
        return;
    }
    if (question->malformed)
        question->answer.fault = DNS_MALFORMED;
    else if (status == ARES_SUCCESS)
        dns_answer_read(question->message.bytes, question->message.n, bytes, (size_t)n,
                        &question->answer);
    else if (question->heard != DNS_FAULT_NONE)
        question->answer.fault = question->heard;
    else
        question->answer.fault = question->sent ? DNS_SILENT : DNS_UNSENT;
    TAILQ_INSERT_TAIL(&client->ended, question, others_ended);
    event_active(client->deliver, EV_TIMEOUT, 0);
}

static void on_look(evutil_socket_t fd, short what, void *arg) {
    struct dns_client *client = arg;
    (void)fd;
    (void)what;
    ares_process_fd(client->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* ---- Asking ---- */

/* The id tells the questions that are on their way apart. */
static bool write_question(struct question *question, const char *name, enum dns_type type) {
    do
        if (!dns_question_write(name, type, &question->message))
            return false;
    while (find_question(question->client, question->message.bytes));
    return true;
}

bool dns_client_ask(struct dns_client *client, const char *name, enum dns_type type,
                    dns_client_cb *cb, void *arg) {
    static const struct timeval often = {0, LOOK_EVERY_MS * US_PER_MS};
    struct question *question = alloc_zero(1, sizeof *question);
    question->client = client;
    question->cb = cb;
    question->arg = arg;
    if (!write_question(question, name, type)) {
        free(question);
        return false;
    }
    LIST_INSERT_HEAD(&client->all, question, all);
    LIST_INSERT_HEAD(&client->buckets[question->message.bytes[1]], question, same_bucket);
    if (client->asked++ == 0)
        event_add(client->look, &often);
    ares_send(client->channel, question->message.bytes, (int)question->message.n, on_result,
              question);
    return true;
}

struct dns_client *dns_client_new(struct event_base *base, const struct dns_servers *servers,
                                  struct err *err) {
    struct dns_channel_wishes wishes = {.flags = ARES_FLAG_IGNTC | ARES_FLAG_STAYOPEN,
                                        .timeout_ms = FIRST_TIMEOUT_MS,
                                        .tries = SEND_TIMES,
                                        .rotate = true};
    ares_channel channel = dns_channel_open(servers, &wishes);
    if (!channel) {
        err_set(err, "cannot create a c-ares resolver");
        return NULL;
    }
    struct dns_client *client = alloc_zero(1, sizeof *client);
    client->base = base;
    client->channel = channel;
    client->servers = (struct dns_servers){.count = servers->count,
                                           .all = alloc_zero(servers->count, sizeof *servers->all)};
    memcpy(client->servers.all, servers->all, servers->count * sizeof *servers->all);
    client->handles = alloc_zero(servers->count, sizeof *client->handles);
    client->look = event_new(base, -1, EV_PERSIST, on_look, client);
    client->deliver = evtimer_new(base, on_deliver, client);
    TAILQ_INIT(&client->ended);
    ares_set_socket_functions(channel, &handle_functions, client);
    return client;
}

void dns_client_free(struct dns_client *client) {
    struct question *question;
    if (!client)
        return;
    ares_destroy(client->channel);
    while ((question = LIST_FIRST(&client->all)) != NULL)
        free_question(question);
    event_free(client->look);
    event_free(client->deliver);
    dns_servers_clear(&client->servers);
    free(client->handles);
    free(client);
}
