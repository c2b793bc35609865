/* What `originscan probe` was asked for: which origins, how to measure them, how to print what was found. */
#pragma once

#include "report/view/scan_text.h"
#include "scanner/words/origin.h"

struct address_policy;

/* An origin as given. */
struct probe_text {
    char *text;
    size_t line; /* of standard input; 0: an argument */
};

struct probe_options {
    struct probe_text *texts; /* each of which probe_run_origin takes */
    size_t texts_n;
    size_t texts_room;
    size_t bad_lines;   /* of standard input that were left out: they were not measured either */
    bool ordered;       /* print them in this order, else each as soon as it is finished */
    bool all_addresses; /* of a name; else the first that takes a connection */
    int family;         /* AF_INET or AF_INET6 only; AF_UNSPEC: both */
    bool quiet;         /* no progress */
    uint16_t port;      /* of a text without one */
    const char *sni;    /* instead of the host; NULL: the host, "": none */
    enum plan plan;
    uint16_t hybrid;
    uint32_t timeout_ms;
    uint32_t concurrency;
    uint16_t mss;
    uint16_t hello_max;
    const char *alpn;        /* NULL: the default */
    double rate;             /* connections a second to each address; 0: no limit */
    uint64_t fail_on;        /* bit (1 << verdict) of those that make the exit status 3 */
    const char *dns_servers; /* NULL: the system's */
    const char *save;        /* the database that gets the scans; NULL: none */
    const char *html;        /* the file that gets the scans as a page; NULL: none */
    bool watch;              /* scan again until interrupted, and tell what changed */
    uint32_t interval_s;     /* from the beginning of a round to that of the next */
    bool json;
    struct scan_text_options text;
    struct address_policy *policy;
};
