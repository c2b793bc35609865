/* The status page: how things stand, as one page that loads nothing and runs nothing. */
#pragma once

#include "scanner/base/err.h"

#include <stdbool.h>
#include <stdio.h>

struct store;

/* As in struct http_snapshot_kind. */
bool http_page_make(struct store *store, FILE *to, struct err *err);
const char *http_page_style(void);
