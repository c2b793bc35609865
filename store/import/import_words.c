/* Words, comments and URLs of lists. */
#include "store/import/import_words.h"

#include "scanner/base/array.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

void import_words_drop_comment(char *text) {
    for (char *at = text; *at; at++)
        if (*at == '#' && (at == text || is_blank(at[-1]))) {
            *at = '\0';
            return;
        }
}

size_t import_words_split(char *text, char **words, size_t max) {
    size_t n = 0;
    for (size_t end = strlen(text); end && is_blank(text[end - 1]); end--)
        text[end - 1] = '\0';
    for (char *at = text + strspn(text, " \t"); *at;) {
        words[n++] = at;
        if (n == max)
            break;
        at += strcspn(at, " \t");
        if (!*at)
            break;
        *at++ = '\0';
        at += strspn(at, " \t");
    }
    return n;
}

/* Copies one word over the text's own start; returns where the next begins, NULL at the end. */
static char *unquote_word(char *at, char *to) {
    char quote = '\0';
    for (; *at && (quote || !is_blank(*at)); at++) {
        if (*at == '\\' && quote != '\'' && at[1])
            *to++ = *++at;
        else if (quote ? *at == quote : *at == '"' || *at == '\'')
            quote = quote ? '\0' : *at;
        else
            *to++ = *at;
    }
    char *next = *at ? at + 1 : NULL;
    *to = '\0';
    return next;
}

size_t import_words_unquote(char *text, char **words, size_t max) {
    size_t n = 0;
    char *next = text;
    while (next) {
        char *at = next + strspn(next, " \t");
        if (!*at)
            break;
        if (n == max)
            return max + 1;
        words[n++] = at;
        next = unquote_word(at, at);
    }
    return n;
}

/* The schemes whose URLs name TLS endpoints, and those that surely do not. */
static const struct {
    const char *scheme;
    const char *port; /* NULL: no TLS */
} schemes[] = {
    {"https", "443"}, {"wss", "443"},   {"tls", "443"},   {"grpcs", "443"},
    {"ldaps", "636"}, {"imaps", "993"}, {"pop3s", "995"}, {"smtps", "465"},
    {"http", NULL},   {"ws", NULL},     {"ftp", NULL},
};

static bool has_port(const char *authority) {
    const char *bracket = strrchr(authority, ']');
    return strchr(bracket ? bracket : authority, ':') != NULL;
}

const char *import_words_url(char *text, struct import_fields *fields) {
    char *mark = strstr(text, "://");
    fields->endpoint = text;
    if (!mark)
        return NULL;
    size_t i = 0;
    while (i < COUNT_OF(schemes) && (strlen(schemes[i].scheme) != (size_t)(mark - text) ||
                                     strncasecmp(schemes[i].scheme, text, (size_t)(mark - text))))
        i++;
    if (i == COUNT_OF(schemes))
        return "unknown URL scheme; use https://";
    if (!schemes[i].port)
        return "a URL without TLS; use https://";
    char *authority = mark + 3;
    authority[strcspn(authority, "/?#")] = '\0';
    char *user = strrchr(authority, '@');
    if (user)
        authority = user + 1;
    size_t n = strlen(authority);
    if (n && authority[n - 1] == ':')
        authority[n - 1] = '\0';
    fields->endpoint = authority;
    if (!has_port(authority) && !fields->text[IMPORT_PORT])
        fields->text[IMPORT_PORT] = schemes[i].port;
    return NULL;
}
