/* A line of `originscan feedback`: a report of what real traffic met, as JSON. Pure. */
#pragma once

#include "report/zone/zone_feedback.h"
#include "scanner/base/err.h"
#include "scanner/words/origin.h"
#include "store/store_traffic.h"

#include <jansson.h>

/* A report as it stands in a line. */
struct feedback_line {
    json_t *object;
    const char *zone; /* borrowed from the object */
    struct feedback feedback;
    int64_t until_ms; /* 0: of no period */
    size_t origins_n;
    struct store_traffic *origins; /* their hosts point into `hosts` */
    char (*hosts)[ORIGIN_HOST_SIZE];
};

/* Reads the `n` bytes of a line without its end. False with a reason in `err`. Clear `out` either way. */
bool feedback_line_read(const char *line, size_t n, struct feedback_line *out, struct err *err);

void feedback_line_clear(struct feedback_line *line);
