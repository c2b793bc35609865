/* A finished scan as a JSON object, schema `originscan.scan/1`. */
#pragma once

#include "scanner/judge/verdict.h"

#include <jansson.h>

/* A new object; the caller calls json_decref. */
json_t *scan_json(const struct scan *scan, const struct judgement *judgement);

/* The same on one line, without the newline; the caller frees it with free(). */
char *scan_json_line(const struct scan *scan, const struct judgement *judgement);
