/* What the lab really did, as JSON lines. */
#include "lab_log.h"

#include "scanner/base/alloc.h"

#include <errno.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

struct lab_log {
    FILE *file; /* NULL: nobody listens */
    bool counters_only;
    struct event *flush;
};

static const char *const closed_names[] = {
    [LAB_CLOSED_PEER_FIN] = "peer_fin", [LAB_CLOSED_PEER_RESET] = "peer_reset",
    [LAB_CLOSED_FIN] = "fin",           [LAB_CLOSED_RESET] = "reset",
    [LAB_CLOSED_EXPIRED] = "expired",   [LAB_CLOSED_STOPPED] = "stopped",
};

static void on_flush(evutil_socket_t fd, short what, void *arg) {
    (void)fd;
    (void)what;
    struct lab_log *log = arg;
    fflush(log->file);
}

struct lab_log *lab_log_new(struct event_base *base, const char *path, bool counters_only,
                            struct err *err) {
    struct lab_log *log = alloc_zero(1, sizeof *log);
    log->counters_only = counters_only;
    if (!path)
        return log;
    log->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    if (!log->file) {
        err_set(err, "%s: %s", path, strerror(errno));
        free(log);
        return NULL;
    }
    log->flush = evtimer_new(base, on_flush, log);
    return log;
}

void lab_log_free(struct lab_log *log) {
    if (!log)
        return;
    if (log->flush)
        event_free(log->flush);
    if (log->file && log->file != stdout)
        fclose(log->file);
    free(log);
}

bool lab_log_wants_records(const struct lab_log *log) {
    return log->file && !log->counters_only;
}

/* Writes one line and sees to it that it reaches the file soon. Takes over the reference. */
static void put(struct lab_log *log, json_t *object) {
    if (!object)
        abort(); /* our own format string is wrong */
    json_dumpf(object, log->file, JSON_COMPACT);
    fputc('\n', log->file);
    json_decref(object);
    if (!evtimer_pending(log->flush, NULL))
        evtimer_add(log->flush, &(struct timeval){.tv_usec = 20000});
}

static json_t *numbers(const uint16_t *groups, unsigned n) {
    json_t *array = json_array();
    for (unsigned i = 0; i < n; i++)
        json_array_append_new(array, json_integer(groups[i]));
    return array;
}

static json_t *hello_json(const struct lab_record_hello *from) {
    const struct lab_hello *hello = from->hello;
    if (!hello)
        return json_null();
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:o, s:o, s:s, s:s, s:b, s:s}", "bytes",
                     (int)hello->bytes, "message_bytes", (int)hello->message_bytes, "records",
                     (int)hello->records, "reads", (int)from->reads, "segments",
                     (int)from->segments, "groups", numbers(hello->groups, hello->groups_n),
                     "shares", numbers(hello->shares, hello->shares_n), "sni", hello->sni, "alpn",
                     hello->alpn, "tls13", (int)hello->tls13, "act",
                     lab_behaviour_act_name(from->act));
}

static json_t *alert_json(int alert) {
    return alert < 0 ? json_null() : json_integer(alert);
}

static const char *version_name(uint16_t version) {
    return version == TLS1_3_VERSION ? "TLSv1.3" : version == TLS1_2_VERSION ? "TLSv1.2" : NULL;
}

void lab_log_connection(struct lab_log *log, const struct lab_record *record) {
    if (!lab_log_wants_records(log))
        return;
    char to[LAB_ADDRESS_TEXT_SIZE], from[LAB_ADDRESS_TEXT_SIZE];
    const struct lab_site *site = record->site;
    json_t *object = json_pack(
        "{s:s, s:i, s:s, s:I, s:s, s:i, s:b, s:o, s:o, s:i, s:s?, s:b, s:b, s:s?, s:o, s:o}",
        "address", lab_address_text(&site->address, to), "port", (int)site->port, "behaviour",
        site->entry->behaviour->name, "connection", (json_int_t)record->number, "source",
        lab_address_text(&record->source, from), "source_port", (int)record->source_port,
        "misbehaved", (int)record->misbehaved, "hello", hello_json(&record->hello[0]), "hello2",
        hello_json(&record->hello[1]), "group", (int)record->group, "group_name",
        record->group ? SSL_get_group_name(record->group) : NULL, "retry", (int)record->retry,
        "finished", (int)record->finished, "tls_version", version_name(record->version), "alert_in",
        alert_json(record->alert_in), "alert_out", alert_json(record->alert_out));
    json_t *more = json_pack(
        "{s:I, s:s, s:s, s:I, s:I, s:I, s:I}", "beside", (json_int_t)record->beside, "act",
        lab_behaviour_act_name(record->act), "closed", closed_names[record->closed], "bytes_in",
        (json_int_t)record->bytes_in, "bytes_out", (json_int_t)record->bytes_out, "accepted_us",
        (json_int_t)record->accepted_us, "closed_us", (json_int_t)record->closed_us);
    if (!object || !more)
        abort(); /* our own format string is wrong */
    json_object_update(object, more);
    json_decref(more);
    put(log, object);
}

static void put_site(const struct lab_site *site, void *arg) {
    put(arg, lab_site_json(site));
}

void lab_log_counters(struct lab_log *log, const struct lab_sites *sites) {
    if (log->file && log->counters_only)
        lab_site_each(sites, put_site, log);
    if (log->file)
        fflush(log->file);
}
