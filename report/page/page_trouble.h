/* The last sections of a report's page: origins that are not broken and still deserve a look. */
#pragma once

#include "report/page/html.h"

#include <jansson.h>

/* Appends them, each with its table, from a document of schema originscan.report/1. */
void page_trouble(struct html *to, const json_t *document);
