/* Documents that take longer to make than a request may wait: made by a thread of its own that reads
 * the database, kept whole, and answered from memory. They are made again every few seconds while
 * somebody asks for them, and ten times as long is waited as making them took. */
#pragma once

#include "cmd/http/http_reply.h"
#include "scanner/base/err.h"

#include <stdbool.h>
#include <stdio.h>

struct store;
struct http_snapshots;

enum http_snapshot {
    HTTP_SNAPSHOT_SUMMARY, /* /api/v1/summary: the document of the report */
    HTTP_SNAPSHOT_PAGE,    /* /: its page */
    HTTP_SNAPSHOTS_N
};

/* How one is made. Called from the thread of the snapshots, with the database opened to read. */
struct http_snapshot_kind {
    const char *type; /* of its content */
    /* False with `err` if the store fails, as it does when the thread is to end. */
    bool (*make)(struct store *store, FILE *to, struct err *err);
    const char *(*style)(void); /* as in struct http_reply; NULL: none */
};

/* The thread begins. `database` is borrowed. */
struct http_snapshots *http_snapshots_new(const char *database);
void http_snapshots_free(struct http_snapshots *snapshots); /* waits for its end; NULL is fine */

/* What the first 503s say: the document is being made, and asking again will have it. */
#define HTTP_SNAPSHOTS_FIRST "the daemon is still reading its database for the first report"

/* Answers with the last one; where there is none, 503 with that sentence, or with why it could not be made. */
void http_snapshots_answer(struct http_snapshots *snapshots, enum http_snapshot which,
                           struct http_reply *reply);
