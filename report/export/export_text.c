/* Escaping of names for every format. */
#include "report/export/export_text.h"

#include "scanner/base/array.h"
#include "scanner/base/quote.h"
#include "scanner/base/utf8.h"

#include <arpa/inet.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

static bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_name(char c) {
    return is_alnum(c) || c == '.' || c == '-' || c == '_';
}

static char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void export_text_comment(FILE *to, const char *text) {
    putc('"', to);
    quote_print(to, text, "\"\\{");
    putc('"', to);
}

enum { DIGEST = 8, SUFFIX = 2 * DIGEST + 1, KEPT = EXPORT_SLUG_MAX - SUFFIX };

/* A name that ends like one of ours could pass for another's. */
static bool ends_like_ours(const char *text, size_t n) {
    return n > SUFFIX && text[n - SUFFIX] == '-' &&
           strspn(text + n - SUFFIX + 1, "0123456789abcdef") == SUFFIX - 1;
}

/* Upper case would make two names into one identifier, so it counts as strange. */
static bool is_plain(const char *text) {
    size_t n = strlen(text);
    if (n == 0 || n > EXPORT_SLUG_MAX || !is_alnum(text[0]) || !is_alnum(text[n - 1]) ||
        ends_like_ours(text, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!is_name(text[i]) || text[i] != to_lower(text[i]))
            return false;
    }
    return !strstr(text, "..");
}

static char *write_digest(const char *text, char out[2 * DIGEST + 1]) {
    uint8_t hash[SHA256_DIGEST_LENGTH];
    SHA256((const uint8_t *)text, strlen(text), hash);
    for (size_t i = 0; i < DIGEST; i++)
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
    return out;
}

char *export_text_slug(const char *text, char out[EXPORT_SLUG_SIZE]) {
    if (is_plain(text)) {
        memcpy(out, text, strlen(text) + 1);
        return out;
    }
    size_t n = 0;
    for (size_t i = 0; text[i] && n < KEPT; i++) {
        bool again = n > 0 && text[i] == '.' && out[n - 1] == '.';
        if (is_alnum(text[i]) || (is_name(text[i]) && n > 0 && !again))
            out[n++] = to_lower(text[i]);
    }
    if (n == 0)
        out[n++] = 'x';
    out[n++] = '-';
    write_digest(text, out + n);
    return out;
}

static char to_upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Each mark stands alone between letters and digits, so that what became of it can be told. */
static bool is_plain_variable(const char *text) {
    size_t n = strlen(text);
    size_t length = n; /* of the variable */
    if (n == 0 || !is_alnum(text[0]) || !is_alnum(text[n - 1]))
        return false;
    for (size_t i = 0; i < n; i++) {
        bool mark = text[i] == '.' || text[i] == '-';
        if (text[i] != to_lower(text[i]) || !(mark ? is_alnum(text[i - 1]) : is_alnum(text[i])))
            return false;
        length += text[i] == '-';
    }
    return length < EXPORT_VARIABLE_SIZE;
}

char *export_text_variable(const char *text, char out[EXPORT_VARIABLE_SIZE]) {
    bool plain = is_plain_variable(text);
    size_t n = 0;
    for (size_t i = 0; text[i] && (plain || n < KEPT); i++) {
        if (is_alnum(text[i]))
            out[n++] = to_upper(text[i]);
        else if (n > 0 && (plain || out[n - 1] != '_'))
            out[n++] = '_';
        if (plain && text[i] == '-')
            out[n++] = '_';
    }
    out[n] = '\0';
    if (plain)
        return out;
    if (n > 0 && out[n - 1] == '_')
        n--;
    memcpy(out + n, "_x", 2);
    write_digest(text, out + n + 2);
    return out;
}

bool export_text_is_ipv6(const char *text) {
    unsigned char binary[sizeof(struct in6_addr)];
    return inet_pton(AF_INET6, text, binary) == 1;
}

bool export_text_is_address(const char *text) {
    unsigned char binary[sizeof(struct in_addr)];
    return export_text_is_ipv6(text) || inet_pton(AF_INET, text, binary) == 1;
}

static bool is_label(const char *text, size_t n) {
    if (n == 0 || n > 63 || text[0] == '-')
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!is_name(text[i]) || text[i] == '.')
            return false;
    }
    return true;
}

/* What some programs take as an address, or as a part of one. */
static bool is_number(const char *label) {
    if (strncmp(label, "0x", 2) == 0 || strncmp(label, "0X", 2) == 0)
        return !label[2 + strspn(label + 2, "0123456789abcdefABCDEF")];
    return !label[strspn(label, "0123456789")];
}

bool export_text_is_host(const char *text) {
    if (export_text_is_address(text))
        return true;
    if (strlen(text) > 253)
        return false;
    for (;;) {
        size_t n = strcspn(text, ".");
        if (!is_label(text, n))
            return false;
        if (!text[n])
            return !is_number(text);
        text += n + 1;
    }
}

char *export_text_endpoint(const char *host, uint16_t port, char out[EXPORT_ENDPOINT_SIZE]) {
    bool v6 = export_text_is_ipv6(host);
    snprintf(out, EXPORT_ENDPOINT_SIZE, "%s%s%s:%u", v6 ? "[" : "", host, v6 ? "]" : "", port);
    return out;
}

/* The length of a sign with which a spreadsheet begins a formula; 0: the text begins with none. */
static size_t formula_sign(const char *text) {
    static const char *const signs[] = {
        "=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\u2212",
    };
    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        if (strncmp(text, signs[i], strlen(signs[i])) == 0)
            return strlen(signs[i]);
    }
    return 0;
}

/* What may not stand in a row as it is. */
static bool is_hidden(uint32_t code, const char *next) {
    return code == UTF8_BAD || utf8_is_control(code) || utf8_is_separator(code) ||
           utf8_is_direction(code) || utf8_is_noncharacter(code) || (code == '\\' && *next == 'x');
}

static void write_hexadecimal(FILE *to, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++)
        fprintf(to, "\\x%02x", (unsigned char)text[i]);
}

static void write_cell(FILE *to, const char *text) {
    bool cut = false; /* behind what some reader takes as the end of a cell */
    while (*text) {
        uint32_t code;
        const char *next = utf8_next(text, &code);
        if (is_hidden(code, next) || (cut && formula_sign(text)))
            write_hexadecimal(to, text, (size_t)(next - text));
        else if (code == '"')
            fputs("\"\"", to);
        else
            fwrite(text, 1, (size_t)(next - text), to);
        cut = code == ';' || code == '|';
        text = next;
    }
}

void export_text_csv(FILE *to, const char *text) {
    bool formula = formula_sign(text) || text[0] == '\'';
    bool quoted = formula || strpbrk(text, ",;|\"");
    fputs(quoted ? "\"" : "", to);
    fputs(formula ? "'" : "", to);
    write_cell(to, text);
    fputs(quoted ? "\"" : "", to);
}
