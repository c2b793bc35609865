/* What may be ordered over the Unix socket: a zone's pin, a scan now. */
#pragma once

#include "cmd/http/http_site.h"

/* PUT {"value": "off"|"supported"|"preferred"|"auto"}: pins the zone, or takes its pin away, settles
 * it, and answers with the zone as it now stands; 409 where a compliance filter forbids it. GET answers
 * with the zone. */
void http_orders_setting(struct http_site *site, const struct http_asked *asked,
                         struct http_reply *reply);

/* POST: the origins of HOST or HOST:PORT that are in the inventory are due now, for a full visit and
 * before all others. 202 with {"requested_at", "origins": how many}; 404 if there are none. */
void http_orders_rescan(struct http_site *site, const struct http_asked *asked,
                        struct http_reply *reply);
