/* Which resource a request is for. */
#include "cmd/http/http_routes.h"

#include "cmd/http/http_api.h"
#include "cmd/http/http_orders.h"
#include "cmd/http/http_probes.h"
#include "scanner/base/array.h"

#include <string.h>

enum { NAME_SIZE = 512 };

#define BIT(method) (1u << (method))
#define READ (BIT(HTTP_GET) | BIT(HTTP_HEAD))

/* The page, or its document: ?format=json or html, else what the client accepts. */
static void answer_page(struct http_site *site, const struct http_asked *asked,
                        struct http_reply *reply) {
    const struct http_request *request = asked->call->request;
    char format[8];
    bool good = http_request_parameter(request, "format", format, sizeof format);
    bool json = strcmp(format, "json") == 0, html = strcmp(format, "html") == 0;
    if (!good || (format[0] && !json && !html)) {
        http_reply_error(reply, 400, "format is json or html");
        return;
    }
    if (!format[0])
        json = strstr(request->accept, "application/json") && !strstr(request->accept, "text/html");
    http_snapshots_answer(site->snapshots, json ? HTTP_SNAPSHOT_SUMMARY : HTTP_SNAPSHOT_PAGE,
                          reply);
}

static void answer_summary(struct http_site *site, const struct http_asked *asked,
                           struct http_reply *reply) {
    (void)asked;
    http_snapshots_answer(site->snapshots, HTTP_SNAPSHOT_SUMMARY, reply);
}

/* A `*` stands for one part of a path, the name. */
static const struct route {
    const char *path;
    unsigned methods;
    unsigned local; /* methods over the Unix socket only */
    void (*answer)(struct http_site *site, const struct http_asked *asked,
                   struct http_reply *reply);
} routes[] = {
    {"/", READ, 0, answer_page},
    {"/metrics", READ, 0, http_probes_metrics},
    {"/livez", READ, 0, http_probes_live},
    {"/readyz", READ, 0, http_probes_ready},
    {"/api/v1/summary", READ, 0, answer_summary},
    {"/api/v1/zones", READ, 0, http_api_zones},
    {"/api/v1/zones/*", READ, 0, http_api_zone},
    {"/api/v1/zones/*/setting", READ, BIT(HTTP_PUT), http_orders_setting},
    {"/api/v1/origins/*", READ, 0, http_api_origins},
    {"/api/v1/rescan/*", 0, BIT(HTTP_POST), http_orders_rescan},
};

/* True if the path is the route's; the name is at *name then. */
static bool match_path(const char *pattern, const char *path, const char **name, size_t *name_n) {
    size_t n = strlen(path), star = strcspn(pattern, "*");
    *name_n = 0;
    if (!pattern[star])
        return strlen(pattern) == n && memcmp(pattern, path, n) == 0;
    if (n <= star || memcmp(pattern, path, star) != 0)
        return false;
    const char *behind = pattern + star + 1;
    *name = path + star;
    *name_n = strcspn(*name, "/");
    return *name_n > 0 && n == star + *name_n + strlen(behind) &&
           memcmp(*name + *name_n, behind, strlen(behind)) == 0;
}

/* As in the header Allow. */
static const char *list_methods(unsigned methods) {
    if (methods & BIT(HTTP_PUT))
        return "GET, HEAD, PUT, OPTIONS";
    if (methods & BIT(HTTP_POST))
        return "POST, OPTIONS";
    return methods ? "GET, HEAD, OPTIONS" : "OPTIONS";
}

static void answer_route(struct http_site *site, const struct route *route,
                         const struct http_asked *asked, struct http_reply *reply) {
    unsigned methods = route->methods | (asked->call->local ? route->local : 0);
    enum http_method method = asked->call->request->method;
    if (methods & BIT(method)) {
        route->answer(site, asked, reply);
        return;
    }
    reply->allow = list_methods(methods);
    if (method == HTTP_OPTIONS)
        http_reply_set(reply, 204, NULL, NULL, 0);
    else
        http_reply_error(reply, 405,
                         route->local & BIT(method) ? "orders are taken on http_socket alone"
                                                    : NULL);
}

void http_routes_answer(void *arg, const struct http_call *call, struct http_reply *reply) {
    struct http_site *site = arg;
    const struct http_request *request = call->request;
    if (!call->local && request->host[0] && !http_site_has_host(site, request->host)) {
        http_reply_error(reply, 421, "this server does not answer for that host; see http_hosts");
        return;
    }
    if (strcmp(request->path, "*") == 0) {
        reply->allow = list_methods(READ);
        http_reply_set(reply, 204, NULL, NULL, 0);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        const char *name;
        size_t name_n;
        char decoded[NAME_SIZE] = "";
        if (!match_path(routes[i].path, request->path, &name, &name_n))
            continue;
        if (name_n > 0 && !http_request_decode(name, name_n, decoded, sizeof decoded))
            http_reply_error(reply, 400, NULL);
        else
            answer_route(site, &routes[i], &(struct http_asked){call, decoded}, reply);
        return;
    }
    if (request->method == HTTP_OTHER) {
        reply->allow = list_methods(READ);
        http_reply_error(reply, 405, NULL);
    } else {
        http_reply_error(reply, 404, NULL);
    }
}
