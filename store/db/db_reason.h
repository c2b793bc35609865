/* Why SQLite could not do what it was asked to, for an operator. */
#pragma once

struct sqlite3;

/* After a call on `handle` that gave `code`; valid until the next one. */
const char *db_reason_text(struct sqlite3 *handle, int code);
