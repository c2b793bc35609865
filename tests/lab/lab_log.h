/* What the lab really did: one JSON line for each connection, or counters for each destination. */
#pragma once

#include "lab_behaviour.h"
#include "lab_site.h"

/* Who ended a connection, and how. */
enum lab_closed {
    LAB_CLOSED_PEER_FIN,   /* the client closed first */
    LAB_CLOSED_PEER_RESET, /* the client reset */
    LAB_CLOSED_FIN,        /* the lab closed */
    LAB_CLOSED_RESET,      /* the lab reset */
    LAB_CLOSED_EXPIRED,    /* nothing happened for ten minutes */
    LAB_CLOSED_STOPPED,    /* the lab ended */
};

struct lab_record_hello {
    const struct lab_hello *hello; /* NULL if it did not come */
    uint16_t reads;                /* recv calls that it took */
    uint32_t segments;             /* TCP segments that it came in (TCP_INFO), 0 if not known */
    enum lab_act act;              /* what the rules said to it */
};

struct lab_record {
    const struct lab_site *site;
    uint32_t number; /* of the connection at this site, from 1 */
    uint32_t beside; /* connections of this site that its client had not closed yet at the accept */
    struct lab_address source;
    uint16_t source_port;
    bool misbehaved;  /* was one of those to be treated badly, whether or not a rule applied */
    enum lab_act act; /* what was done in the end */
    struct lab_record_hello hello[2];
    uint16_t group; /* agreed to or named in a retry, 0 if none */
    bool retry;
    bool finished;
    uint16_t version;
    int alert_in, alert_out; /* -1 if none */
    uint64_t bytes_in, bytes_out;
    enum lab_closed closed;
    uint64_t accepted_us, closed_us; /* monotonic */
};

struct lab_log;
struct event_base;

/* Opens the file, `-` for standard output; NULL path writes nothing. With `counters_only` the file
 * gets one line a destination when lab_log_counters is called, else one a connection. Lines reach
 * the file within 20 ms. On NULL `err` says why. */
struct lab_log *lab_log_new(struct event_base *base, const char *path, bool counters_only,
                            struct err *err);
void lab_log_free(struct lab_log *log);

/* True if somebody reads the records: their costly fields are wanted. */
bool lab_log_wants_records(const struct lab_log *log);

void lab_log_connection(struct lab_log *log, const struct lab_record *record);

/* Writes the counters of all sites if the log is for counters. */
void lab_log_counters(struct lab_log *log, const struct lab_sites *sites);
