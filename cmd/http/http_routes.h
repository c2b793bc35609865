/* Which resource a request is for. The set of them is fixed; nothing is ever looked up in a file
 * system. */
#pragma once

#include "cmd/http/http_site.h"

/* An http_answer; `site` is a struct http_site. */
void http_routes_answer(void *site, const struct http_call *call, struct http_reply *reply);
