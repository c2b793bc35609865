/* What the daemon's HTTP answers with: the database, opened to read; snapshots of what takes longer;
 * the checks of health. Belongs to the thread that answers. */
#pragma once

#include "cmd/http/http_connections.h"
#include "cmd/http/http_snapshots.h"
#include "scanner/base/err.h"
#include "store/store.h"

#include <stdbool.h>

/* A check of the process's health; `ask` is called from the thread that answers and does not wait.
 * False with `why`, one sentence without a full stop. */
struct http_check {
    const char *name;
    bool live;  /* counts for /livez */
    bool ready; /* counts for /readyz */
    bool (*ask)(void *arg, struct err *why);
    void *arg;
};

struct http_site {
    const char *database; /* all borrowed */
    /* names that requests may be sent to, with commas between; NULL: none besides the address
     * itself and localhost */
    const char *hosts;
    const char *listen; /* as configured; NULL: no TCP */
    const struct http_check *checks;
    size_t checks_n;
    struct http_snapshots *snapshots;
    struct store *reader; /* NULL: not open */
};

/* A request for a resource. */
struct http_asked {
    const struct http_call *call;
    const char *name; /* the part of the path that names a zone or a host; "" if it has none */
};

/* The database, opened to read. NULL, with 503 in `reply`, where that cannot be done now. */
struct store *http_site_reader(struct http_site *site, struct http_reply *reply);

/* True if the store answered; else 503 is in `reply` and the database is opened anew the next time. */
bool http_site_done(struct http_site *site, enum store_result result, const struct err *err,
                    struct http_reply *reply);

/* The database, opened to write beside the daemon; close with store_close. NULL, with 503. */
struct store *http_site_writer(const struct http_site *site, struct http_reply *reply);

void http_site_close(struct http_site *site);

/* True if requests may be sent to that host: a page of another name that resolves to us must not read
 * what we answer (DNS rebinding). */
bool http_site_has_host(const struct http_site *site, const char *host);
