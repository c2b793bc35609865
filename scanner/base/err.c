/* An error for the person who has to act on it. */
#include "scanner/base/err.h"

#include "scanner/base/quote.h"

#include <stdarg.h>
#include <stdio.h>

bool err_set(struct err *err, const char *format, ...) {
    char text[sizeof err->text]; /* err may be among the arguments */
    if (!err)
        return false;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    char *at = err->text, *end = err->text + sizeof err->text - QUOTE_BYTE_MAX;
    for (size_t i = 0; text[i] && at < end; i++)
        at = quote_byte(at, text[i], "");
    *at = '\0';
    return false;
}
