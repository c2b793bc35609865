/* A line of a list, for whoever reads lists that are not imported. */
#pragma once

#include "store/import/import_fields.h"

/* Reads host[:port][@address] or a URL, or host and port apart, with or without a comma behind it and a
 * comment, in place; the fields point into the text. NULL, or why that is no origin. Where there is
 * none, as in an empty line, the endpoint is NULL. */
const char *import_list_read(char *text, struct import_fields *out);
