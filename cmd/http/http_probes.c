/* What machines ask often. */
#include "cmd/http/http_probes.h"

#include "cmd/metrics/metrics.h"

#include <string.h>

#define PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define PLAIN "text/plain; charset=utf-8"

void http_probes_metrics(struct http_site *site, const struct http_asked *asked,
                         struct http_reply *reply) {
    (void)site;
    bool open = strstr(asked->call->request->accept, "application/openmetrics-text") != NULL;
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to) {
        http_reply_error(reply, 503, NULL);
        return;
    }
    metrics_write(to, open ? METRICS_OPENMETRICS : METRICS_PROMETHEUS);
    fclose(to);
    http_reply_set(reply, 200, open ? OPENMETRICS : PROMETHEUS, text, n);
}

/* ?verbose, with or without a value, wherever it stands. */
static bool wants_verbose(const struct http_request *request) {
    static const char name[] = "verbose";
    for (const char *at = request->query; *at; at += strcspn(at, "&"), at += *at == '&')
        if (strcspn(at, "=&") == sizeof name - 1 && strncmp(at, name, sizeof name - 1) == 0)
            return true;
    return false;
}

static void answer_checks(const struct http_site *site, const struct http_asked *asked,
                          const char *what, bool live, struct http_reply *reply) {
    char *text = NULL;
    size_t n = 0, failed = 0;
    bool verbose = wants_verbose(asked->call->request);
    FILE *to = open_memstream(&text, &n);
    for (size_t i = 0; to && i < site->checks_n; i++) {
        const struct http_check *check = &site->checks[i];
        struct err why;
        if (!(live ? check->live : check->ready))
            continue;
        bool good = check->ask(check->arg, &why);
        failed += !good;
        if (!good)
            fprintf(to, "[-]%s failed: %s\n", check->name, why.text);
        else if (verbose)
            fprintf(to, "[+]%s ok\n", check->name);
    }
    if (!to) {
        http_reply_error(reply, 503, NULL);
        return;
    }
    if (verbose || failed)
        fprintf(to, "%s check %s\n", what, failed ? "failed" : "passed");
    else
        fputs("ok\n", to);
    fclose(to);
    http_reply_set(reply, failed ? 503 : 200, PLAIN, text, n);
}

void http_probes_live(struct http_site *site, const struct http_asked *asked,
                      struct http_reply *reply) {
    answer_checks(site, asked, "livez", true, reply);
}

void http_probes_ready(struct http_site *site, const struct http_asked *asked,
                       struct http_reply *reply) {
    answer_checks(site, asked, "readyz", false, reply);
}
