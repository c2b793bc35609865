/* Reads and writes one TLS endpoint as people write it: host:port@address. */
#include "scanner/words/origin.h"

#include <arpa/inet.h>
#include <assert.h>
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LABEL_MAX = 63, /* RFC 1035 2.3.4 */
    NAME_MAX_CHARACTERS = 253,
    NAME_MAX_UTF8 = NAME_MAX_CHARACTERS * 4, /* a longer U-label name cannot fit as A-labels */
    PORT_DIGITS_MAX = 5,
};

/* Part of the caller's text. */
struct piece {
    const char *text;
    size_t n;
};

static struct piece piece_of(const char *text) {
    return (struct piece){text, strlen(text)};
}

static bool refuse_piece(struct err *err, const char *what, struct piece piece, const char *why) {
    char quoted[QUOTE_SIZE];
    return err_set(err, "%s %s: %s", what, quote_bytes(piece.text, piece.n, quoted), why);
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Copies where the text is no longer than any address. */
static bool copy_short(struct piece piece, char out[ORIGIN_ADDRESS_SIZE]) {
    if (piece.n >= ORIGIN_ADDRESS_SIZE)
        return false;
    memcpy(out, piece.text, piece.n);
    out[piece.n] = '\0';
    return true;
}

/* Reads an address literal without brackets of one family into its canonical form. */
static bool read_literal(int family, struct piece piece, char out[ORIGIN_ADDRESS_SIZE]) {
    char text[ORIGIN_ADDRESS_SIZE];
    unsigned char binary[sizeof(struct in6_addr)];
    return copy_short(piece, text) && inet_pton(family, text, binary) == 1 &&
           inet_ntop(family, binary, out, ORIGIN_ADDRESS_SIZE) != NULL;
}

static bool read_v6(const char *what, struct piece piece, char out[ORIGIN_ADDRESS_SIZE],
                    struct err *err) {
    if (memchr(piece.text, '%', piece.n))
        return refuse_piece(err, what, piece,
                            "an address with a zone id is only valid on one machine");
    if (!read_literal(AF_INET6, piece, out))
        return refuse_piece(err, what, piece, "not an IPv6 address");
    return true;
}

/* Takes the brackets off `[…]`. */
static bool without_brackets(struct piece *piece) {
    if (piece->n < 2 || piece->text[0] != '[' || piece->text[piece->n - 1] != ']')
        return false;
    *piece = (struct piece){piece->text + 1, piece->n - 2};
    return true;
}

/* "256", "0x7f": what inet_aton and browsers take for a part of an IPv4 address. */
static bool is_number(struct piece label) {
    bool hex = label.n >= 2 && label.text[0] == '0' && label.text[1] == 'x';
    for (size_t i = hex ? 2 : 0; i < label.n; i++)
        if (!is_digit(label.text[i]) && !(hex && label.text[i] >= 'a' && label.text[i] <= 'f'))
            return false;
    return true;
}

/* Says what is wrong with one label of a lower-case name, or NULL. */
static const char *label_fault(struct piece label) {
    if (label.n == 0)
        return "a label is empty";
    if (label.n > LABEL_MAX)
        return "a label is longer than 63 characters";
    for (size_t i = 0; i < label.n; i++) {
        char c = label.text[i];
        if (c == '*')
            return "a wildcard is not a host name";
        if (c == ' ' || c == '\t')
            return "spaces are not allowed";
        if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_')
            return "only letters, digits, hyphens, underscores and dots are allowed";
    }
    if (label.text[0] == '-' || label.text[label.n - 1] == '-')
        return "a label may not begin or end with a hyphen";
    return NULL;
}

/* Says what is wrong with a lower-case name in ASCII, or NULL. */
static const char *name_fault(struct piece name) {
    if (name.n > NAME_MAX_CHARACTERS)
        return "longer than 253 characters";
    const char *at = name.text, *end = name.text + name.n;
    for (;;) {
        const char *dot = memchr(at, '.', (size_t)(end - at));
        struct piece label = {at, (size_t)((dot ? dot : end) - at)};
        const char *fault = label_fault(label);
        if (fault)
            return fault;
        if (!dot)
            return is_number(label) ? "ends in a number, but is not an IPv4 address" : NULL;
        at = dot + 1;
    }
}

static const char *idn_fault(int status) {
    if (status == IDN2_ENCODING_ERROR || status == IDN2_ICONV_FAIL)
        return "not valid UTF-8";
    if (status == IDN2_TOO_BIG_LABEL || status == IDN2_PUNYCODE_BIG_OUTPUT)
        return "a label is longer than 63 characters as an A-label";
    if (status == IDN2_TOO_BIG_DOMAIN)
        return "longer than 253 characters as A-labels";
    return idn2_strerror(status);
}

/* Writes the name in lower-case ASCII with A-labels; it may still be a bad name. */
static bool to_ascii(const char *what, struct piece name, char out[NAME_MAX_UTF8 + 1],
                     struct err *err) {
    bool ascii = true;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char byte = (unsigned char)name.text[i];
        if (byte < ' ' || byte == 0x7f)
            return refuse_piece(err, what, name, "control characters are not allowed");
        if (byte >= 0x80)
            ascii = false;
        out[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : (char)byte;
    }
    out[name.n] = '\0';
    if (ascii)
        return true;
    uint8_t *labels = NULL;
    int status =
        idn2_lookup_u8((const uint8_t *)out, &labels, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (status != IDN2_OK)
        return refuse_piece(err, what, name, idn_fault(status));
    snprintf(out, NAME_MAX_UTF8 + 1, "%s", (const char *)labels);
    idn2_free(labels);
    return true;
}

/* Reads a name that is not an address literal. */
static bool read_name(const char *what, struct piece name, char out[ORIGIN_HOST_SIZE],
                      struct err *err) {
    char ascii[NAME_MAX_UTF8 + 1];
    if (name.n == 0)
        return err_set(err, "%s is empty", what);
    if (name.n > NAME_MAX_UTF8)
        return refuse_piece(err, what, name, "longer than 253 characters");
    if (!to_ascii(what, name, ascii, err))
        return false;
    struct piece made = piece_of(ascii);
    if (made.n > 0 && ascii[made.n - 1] == '.')
        ascii[--made.n] = '\0';
    const char *fault = name_fault(made);
    if (fault)
        return refuse_piece(err, what, name, fault);
    memcpy(out, ascii, made.n + 1);
    return true;
}

/* Reads a name or an address literal; says which. */
static bool read_host(struct piece host, char out[ORIGIN_HOST_SIZE], bool *literal,
                      struct err *err) {
    char address[ORIGIN_ADDRESS_SIZE];
    struct piece inside = host;
    bool v6 = without_brackets(&inside) || memchr(host.text, ':', host.n);
    if (v6 && !read_v6("host", inside, address, err))
        return false;
    *literal = v6 || read_literal(AF_INET, host, address);
    if (!*literal)
        return read_name("host", host, out, err);
    snprintf(out, ORIGIN_HOST_SIZE, "%s", address);
    return true;
}

static bool set_host(struct origin *origin, struct piece text, struct err *err) {
    bool literal;
    if (!read_host(text, origin->host, &literal, err))
        return false;
    memcpy(origin->zone, origin->host, sizeof origin->zone);
    memcpy(origin->sni, origin->host, sizeof origin->sni);
    if (literal)
        origin->sni[0] = '\0';
    return true;
}

bool origin_set_host(struct origin *origin, const char *text, struct err *err) {
    return set_host(origin, piece_of(text), err);
}

bool origin_set_sni(struct origin *origin, const char *text, struct err *err) {
    char address[ORIGIN_ADDRESS_SIZE];
    struct piece name = piece_of(text), inside = name;
    if (name.n == 0) {
        origin->sni[0] = '\0';
        return true;
    }
    without_brackets(&inside);
    if (read_literal(AF_INET, name, address) || read_literal(AF_INET6, inside, address))
        return refuse_piece(err, "sni", name,
                            "an address cannot be sent as SNI (RFC 6066 section 3)");
    return read_name("sni", name, origin->sni, err);
}

/* `192.0.2.7:443`, where an address alone is meant. */
static bool is_v4_with_port(struct piece whole) {
    char address[ORIGIN_ADDRESS_SIZE];
    const char *colon = memchr(whole.text, ':', whole.n);
    return colon &&
           read_literal(AF_INET, (struct piece){whole.text, (size_t)(colon - whole.text)}, address);
}

bool origin_set_address(struct origin *origin, const char *text, struct err *err) {
    struct piece whole = piece_of(text), inside = whole;
    bool v6 = without_brackets(&inside) || memchr(text, ':', whole.n);
    if (whole.n == 0) {
        origin->address[0] = '\0';
        return true;
    }
    if (is_v4_with_port(whole))
        return refuse_piece(err, "address", whole, "the port belongs after the host");
    if (v6)
        return read_v6("address", inside, origin->address, err);
    if (!read_literal(AF_INET, whole, origin->address))
        return refuse_piece(err, "address", whole, "not an IPv4 or IPv6 address");
    return true;
}

static bool read_port(struct piece text, uint16_t *out, struct err *err) {
    uint32_t port = 0;
    bool sound = text.n >= 1 && text.n <= PORT_DIGITS_MAX;
    for (size_t i = 0; sound && i < text.n; i++) {
        sound = is_digit(text.text[i]);
        port = port * 10 + (uint32_t)(text.text[i] - '0');
    }
    if (!sound || port < 1 || port > UINT16_MAX)
        return refuse_piece(err, "port", text, "not a number between 1 and 65535");
    *out = (uint16_t)port;
    return true;
}

bool origin_parse_port(const char *text, uint16_t *out, struct err *err) {
    return read_port(piece_of(text), out, err);
}

/* The pieces of `host`, `host:port`, `[v6]`, `[v6]:port` or a bare v6. */
struct endpoint {
    struct piece host, port;
    bool has_port;
};

static bool cut_endpoint(struct piece whole, struct endpoint *out, struct err *err) {
    const char *end = whole.text + whole.n;
    const char *colon = memchr(whole.text, ':', whole.n);
    if (whole.n > 0 && whole.text[0] == '[') {
        const char *bracket = memchr(whole.text, ']', whole.n);
        if (!bracket)
            return refuse_piece(err, "host", whole, "the closing bracket is missing");
        colon = bracket + 1 < end ? bracket + 1 : NULL;
        if (colon && *colon != ':')
            return refuse_piece(err, "host", whole,
                                "only :port or @address may follow the bracket");
    } else if (colon && memchr(colon + 1, ':', (size_t)(end - colon - 1))) {
        colon = NULL;
    }
    *out = (struct endpoint){.host = {whole.text, whole.n}};
    if (colon) {
        out->has_port = true;
        out->host.n = (size_t)(colon - whole.text);
        out->port = (struct piece){colon + 1, (size_t)(end - colon - 1)};
    }
    return true;
}

bool origin_parse(const char *text, uint16_t default_port, struct origin *out, struct err *err) {
    assert(default_port > 0);
    struct origin made = {.port = default_port, .weight = 1};
    const char *at = strchr(text, '@');
    struct piece whole = {text, at ? (size_t)(at - text) : strlen(text)};
    struct endpoint endpoint = {0};
    if (strstr(text, "://"))
        return refuse_piece(err, "origin", piece_of(text), "give host or host:port, not a URL");
    if (at && at[1] == '\0')
        return refuse_piece(err, "origin", piece_of(text), "no address follows the @");
    if (!cut_endpoint(whole, &endpoint, err) || !set_host(&made, endpoint.host, err))
        return false;
    if (endpoint.has_port && !read_port(endpoint.port, &made.port, err))
        return false;
    if (at && !origin_set_address(&made, at + 1, err))
        return false;
    *out = made;
    return true;
}

bool origin_host_is_address(const struct origin *origin) {
    char address[ORIGIN_ADDRESS_SIZE];
    struct piece host = piece_of(origin->host);
    return read_literal(AF_INET, host, address) || read_literal(AF_INET6, host, address);
}

double origin_bound_weight(double weight) {
    if (!(weight > 0)) /* NaN too */
        return 0;
    return weight < ORIGIN_WEIGHT_MAX ? weight : ORIGIN_WEIGHT_MAX;
}

bool origin_parse_any_port(const char *text, struct origin *out) {
    struct origin first, second;
    if (!origin_parse(text, 1, &first, NULL) || !origin_parse(text, 2, &second, NULL))
        return false;
    *out = first;
    if (first.port != second.port)
        out->port = 0;
    return true;
}

char *origin_format(const struct origin *origin, char out[ORIGIN_TEXT_SIZE]) {
    bool v6 = strchr(origin->host, ':') != NULL;
    bool fixed = origin->address[0] != '\0';
    snprintf(out, ORIGIN_TEXT_SIZE, "%s%s%s:%u%s%s", v6 ? "[" : "", origin->host, v6 ? "]" : "",
             (unsigned)origin->port, fixed ? "@" : "", origin->address);
    return out;
}

char *origin_show(const char *host, uint16_t port, char out[ORIGIN_SHOWN_SIZE]) {
    char quoted[QUOTE_SIZE];
    const char *shown = quote_unless_plain(host, quoted);
    bool v6 = shown == host && strchr(host, ':') && host[0] != '[';
    snprintf(out, ORIGIN_SHOWN_SIZE, "%s%s%s:%u", v6 ? "[" : "", shown, v6 ? "]" : "",
             (unsigned)port);
    return out;
}
