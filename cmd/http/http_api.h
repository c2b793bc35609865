/* The JSON API, as far as it reads: zones a page at a time, one zone, the origins of a host. Each is
 * one bounded query. */
#pragma once

#include "cmd/http/http_site.h"

#include <jansson.h>
#include <stdint.h>

struct store_setting;

/* ?limit=1…1000 (100), ?after=NAME of the zone before: {"zones": […], "next": NAME or null}. */
void http_api_zones(struct http_site *site, const struct http_asked *asked,
                    struct http_reply *reply);

/* A zone with its levers and its origins: ?limit=1…1000 (100), ?after=N, what `next` gave, null on the last page. */
void http_api_zone(struct http_site *site, const struct http_asked *asked,
                   struct http_reply *reply);

/* HOST or HOST:PORT. */
void http_api_origins(struct http_site *site, const struct http_asked *asked,
                      struct http_reply *reply);

/* A zone and its setting (NULL: it has none) as an object; a new reference. */
json_t *http_api_setting(const char *zone, const struct store_setting *setting);

/* Answers with a document, which is used up. */
void http_api_send(struct http_reply *reply, unsigned status, json_t *document);

/* Answers with a zone as it stands and at most `limit` of its origins, those behind the id `after`; 404 if there is
 * none. */
void http_api_send_zone(struct http_site *site, const char *zone, size_t limit, int64_t after,
                        struct http_reply *reply);
