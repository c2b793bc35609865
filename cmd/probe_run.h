/* Runs the scans of `originscan probe` and prints each as it finishes, or in its turn. */
#pragma once

#include "report/view/scan_text.h"
#include "scanner/words/origin.h"

struct address_policy;

/* An origin as given. */
struct probe_text {
    char *text;
    size_t line; /* of standard input; 0: an argument */
};

struct probe_run {
    struct probe_text *texts; /* each of which probe_run_origin takes */
    size_t texts_n;
    size_t texts_room;
    size_t bad_lines; /* of standard input that were left out: they were not measured either */
    bool ordered;     /* print them in this order, else each as soon as it is finished */
    bool quiet;       /* no progress */
    uint16_t port;    /* of a text without one */
    const char *sni;  /* instead of the host; NULL: the host, "": none */
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
    bool json;
    struct scan_text_options text;
    struct address_policy *policy;
};

/* Reads one of the texts; on false `err` says what is wrong with it. A million texts take far less
 * memory than a million origins, so each is read when its turn comes. */
bool probe_run_origin(const struct probe_run *run, const char *text, struct origin *out,
                      struct err *err);

/* Returns the exit status: 0 every origin measured, 1 some not, 2 where it could not begin, 3 an origin has a verdict
 * of `fail_on`. */
int probe_run(const struct probe_run *run);
