/* What is answered to a request. */
#include "cmd/http/http_reply.h"

#include "report/json_value.h"
#include "scanner/base/array.h"

#include <jansson.h>

#include <stdlib.h>
#include <string.h>

static const struct {
    unsigned status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {202, "Accepted"},
    {204, "No Content"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {421, "Misdirected Request"},
    {503, "Service Unavailable"},
};

const char *http_reply_reason(unsigned status) {
    for (size_t i = 0; i < COUNT_OF(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

void http_reply_set(struct http_reply *reply, unsigned status, const char *type, char *body,
                    size_t body_n) {
    http_reply_clear(reply);
    reply->status = status;
    reply->type = type;
    reply->body = body;
    reply->body_n = body ? body_n : 0;
}

void http_reply_error(struct http_reply *reply, unsigned status, const char *sentence) {
    json_t *object = json_object();
    json_object_set_new(object, "error",
                        json_value_text(sentence ? sentence : http_reply_reason(status)));
    char *text = json_value_dump(object, JSON_COMPACT);
    json_decref(object);
    http_reply_set(reply, status, "application/json", text, strlen(text));
}

void http_reply_clear(struct http_reply *reply) {
    free(reply->body);
    reply->body = NULL;
    reply->body_n = 0;
}
