/* What the daemon's HTTP answers with. */
#include "cmd/http/http_site.h"

#include <string.h>
#include <strings.h>

/* Waiting for another program's lock keeps all others waiting, too. */
enum { READER_BUSY_MS = 50, WRITER_BUSY_MS = 2000, READER_CACHE_KB = 2048 };

static struct store *open_store(const struct http_site *site, enum store_access access,
                                unsigned busy_ms, struct http_reply *reply) {
    struct err err;
    struct store_options options = {
        .path = site->database, .access = access, .cache_kb = READER_CACHE_KB, .busy_ms = busy_ms};
    struct store *store = store_open(&options, &err);
    if (!store)
        http_reply_error(reply, 503, err.text);
    return store;
}

struct store *http_site_reader(struct http_site *site, struct http_reply *reply) {
    if (!site->reader)
        site->reader = open_store(site, STORE_READ, READER_BUSY_MS, reply);
    return site->reader;
}

bool http_site_done(struct http_site *site, enum store_result result, const struct err *err,
                    struct http_reply *reply) {
    if (result == STORE_OK)
        return true;
    http_reply_error(reply, 503, err->text);
    http_site_close(site);
    return false;
}

struct store *http_site_writer(const struct http_site *site, struct http_reply *reply) {
    return open_store(site, STORE_BESIDE, WRITER_BUSY_MS, reply);
}

void http_site_close(struct http_site *site) {
    store_close(site->reader);
    site->reader = NULL;
}

/* Without the dot at the end that a browser leaves where one was typed. */
static size_t name_length(const char *name, size_t n) {
    return n > 1 && name[n - 1] == '.' ? n - 1 : n;
}

static bool is_among(const char *list, const char *host) {
    size_t n = name_length(host, strlen(host));
    while (list && *list) {
        size_t entry_n = strcspn(list, ", ");
        if (name_length(list, entry_n) == n && n > 0 && strncasecmp(list, host, n) == 0)
            return true;
        list += entry_n + (list[entry_n] ? 1 : 0);
    }
    return false;
}

/* Without its port and brackets. */
static bool is_listened_to(const char *listen, const char *host) {
    const char *colon = listen ? strrchr(listen, ':') : NULL;
    if (!colon)
        return false;
    size_t n = (size_t)(colon - listen);
    if (n >= 2 && listen[0] == '[') {
        listen++;
        n -= 2;
    }
    return strlen(host) == n && strncasecmp(listen, host, n) == 0;
}

bool http_site_has_host(const struct http_site *site, const char *host) {
    return is_among("localhost,127.0.0.1,::1", host) || is_listened_to(site->listen, host) ||
           is_among(site->hosts, host);
}
