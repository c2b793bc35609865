/* Fuzz target: a line of `originscan feedback` is either refused with a reason, or adds up. */
#include "cmd/settle/feedback_line.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "feedback: %s\n", what);
    abort();
}

static void check_line(const struct feedback_line *line) {
    uint64_t handshakes = 0;
    must(line->zone != NULL, "no zone");
    must(line->feedback.failures <= line->feedback.handshakes, "more failures than handshakes");
    for (size_t i = 0; i < line->origins_n; i++) {
        must(line->origins[i].port > 0, "no port");
        must(line->origins[i].host[0] != '\0', "no host");
        handshakes += line->origins[i].handshakes;
    }
    must(handshakes <= line->feedback.handshakes,
         "the origins have more handshakes than the report");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct feedback_line line;
    struct err err = {.text = ""};
    if (feedback_line_read((const char *)data, n, &line, &err))
        check_line(&line);
    else
        must(err.text[0] != '\0', "refused without a reason");
    feedback_line_clear(&line);
    return 0;
}
