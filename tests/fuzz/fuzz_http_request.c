/* Fuzz target: whatever a client sends as a head, it is refused with a status that we send, or what was
 * read of it is within bounds, and the same head is read alike once more. */
#include "cmd/http/http_request.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "http_request: %s\n", what);
    abort();
}

static bool is_refusal(unsigned status) {
    static const unsigned refusals[] = {400, 413, 414, 417, 431, 501, 505};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (status == refusals[i])
            return true;
    return false;
}

/* No control character, no blank, no end before the end. */
static void check_text(const char *text, size_t size, const char *what) {
    must(memchr(text, 0, size) != NULL, what);
    for (; *text; text++)
        must((unsigned char)*text > ' ' && (unsigned char)*text < 0x7f, what);
}

static void check_request(const struct http_request *request) {
    char value[64];
    check_text(request->target, sizeof request->target, "the target");
    check_text(request->host, sizeof request->host, "the host");
    must(request->target[0] == '/' || request->method == HTTP_OTHER ||
             (request->method == HTTP_OPTIONS && strcmp(request->target, "*") == 0),
         "a target that is no path");
    must(request->body_n <= HTTP_BODY_MAX, "a body that is too long");
    must(memchr(request->accept, 0, sizeof request->accept) != NULL, "accept");
    if (http_request_parameter(request, "limit", value, sizeof value))
        must(memchr(value, 0, sizeof value) != NULL, "a parameter");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct http_request request, again;
    char *head = malloc(n ? n : 1); /* so that reading beyond it is seen */
    must(head != NULL, "no memory");
    memcpy(head, data, n);
    unsigned status = http_request_parse(head, n, &request);
    must(http_request_parse(head, n, &again) == status, "another status the second time");
    if (status != 0)
        must(is_refusal(status), "a status that is no refusal");
    else
        check_request(&request);
    must(memcmp(&request, &again, sizeof request) == 0, "read differently the second time");
    free(head);
    return 0;
}
