/* Shows text that came from outside inside a message for people. */
#include "scanner/base/quote.h"

#include <string.h>

static char *put(char *at, const char *text, size_t n) {
    memcpy(at, text, n);
    return at + n;
}

static char *put_byte(char *at, unsigned char byte) {
    static const char hex[] = "0123456789abcdef";
    const char escaped[] = {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
    if (byte == '"' || byte == '\\')
        *at++ = '\\';
    else if (byte < ' ' || byte > '~')
        return put(at, escaped, sizeof escaped);
    *at++ = (char)byte;
    return at;
}

char *quote_bytes(const char *text, size_t n, char out[QUOTE_SIZE]) {
    size_t shown = n < QUOTE_SHOWN_MAX ? n : QUOTE_SHOWN_MAX;
    char *at = put(out, "\"", 1);
    for (size_t i = 0; i < shown; i++)
        at = put_byte(at, (unsigned char)text[i]);
    at = put(at, "\"", 1);
    if (shown < n)
        at = put(at, "...", 3);
    *at = '\0';
    return out;
}

char *quote_text(const char *text, char out[QUOTE_SIZE]) {
    return quote_bytes(text, strlen(text), out);
}
