/* The document /api/v1/summary: how many zones and origins there are, and how they stand. */
#pragma once

#include "scanner/base/err.h"

#include <stdbool.h>
#include <stdio.h>

struct store;

/* As in struct http_snapshot_kind. */
bool http_summary_make(struct store *store, FILE *to, struct err *err);
