/* Shows text that came from outside inside a message for people. */
#include "scanner/base/quote.h"

#include <stdlib.h>
#include <string.h>

static char *append_raw(char *at, const char *text, size_t n) {
    memcpy(at, text, n);
    return at + n;
}

char *quote_byte(char *at, char byte, const char *barred) {
    static const char hex[] = "0123456789abcdef";
    unsigned char value = (unsigned char)byte;
    if (byte >= ' ' && byte <= '~' && !strchr(barred, byte)) {
        *at++ = byte;
        return at;
    }
    const char escaped[] = {'\\', 'x', hex[value >> 4], hex[value & 15]};
    return append_raw(at, escaped, sizeof escaped);
}

char *quote_bytes(const char *text, size_t n, char out[QUOTE_SIZE]) {
    size_t shown = n < QUOTE_SHOWN_MAX ? n : QUOTE_SHOWN_MAX;
    char *at = append_raw(out, "\"", 1);
    for (size_t i = 0; i < shown; i++) {
        if (text[i] == '"' || text[i] == '\\')
            *at++ = '\\';
        at = quote_byte(at, text[i], "");
    }
    at = append_raw(at, "\"", 1);
    if (shown < n)
        at = append_raw(at, "...", 3);
    *at = '\0';
    return out;
}

char *quote_text(const char *text, char out[QUOTE_SIZE]) {
    return quote_bytes(text, strlen(text), out);
}

const char *quote_unless_plain(const char *text, char out[QUOTE_SIZE]) {
    size_t n = strlen(text);
    if (n > 0 && n <= QUOTE_SHOWN_MAX &&
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") == n)
        return text;
    return quote_text(text, out);
}

void quote_print(FILE *to, const char *text, const char *barred) {
    char shown[QUOTE_BYTE_MAX];
    for (; *text; text++)
        fwrite(shown, 1, (size_t)(quote_byte(shown, *text, barred) - shown), to);
}

void quote_vline(FILE *to, const char *before, const char *format, va_list args) {
    char *text = NULL, *line = NULL;
    size_t n = 0;
    FILE *shown = open_memstream(&line, &n); /* standard error has no buffer */
    if (!shown || vasprintf(&text, format, args) < 0)
        abort();
    quote_print(shown, before, "");
    quote_print(shown, text, "");
    putc('\n', shown);
    fclose(shown);
    fwrite(line, 1, n, to);
    free(line);
    free(text);
}

void quote_line(FILE *to, const char *format, ...) {
    va_list args;
    va_start(args, format);
    quote_vline(to, "", format, args);
    va_end(args);
}
