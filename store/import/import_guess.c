/* Guesses the form of a list. */
#include "store/import/import_guess.h"

#include "scanner/base/array.h"
#include "store/import/import_csv.h"
#include "store/import/import_words.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <string.h>

enum { LINE_MAX_SEEN = 4096, WORDS_MAX = 4, LINES_SEEN = 2000 };

/* A line that says something, without its comment. */
struct seen {
    char text[LINE_MAX_SEEN];
    size_t n;
    char *words[WORDS_MAX];
    size_t words_n;
    char copy[LINE_MAX_SEEN]; /* what the words point into */
};

/* Reads the next line that is neither empty nor a comment; false at the end. */
static bool next_line(const char **at, const char *end, struct seen *line) {
    while (*at < end) {
        const char *stop = memchr(*at, '\n', (size_t)(end - *at));
        size_t n = (size_t)((stop ? stop : end) - *at);
        const char *from = *at;
        *at += n + (stop != NULL);
        if (n > 0 && from[n - 1] == '\r')
            n--;
        if (n >= LINE_MAX_SEEN)
            n = LINE_MAX_SEEN - 1;
        memcpy(line->text, from, n);
        line->text[n] = '\0';
        line->n = n;
        memcpy(line->copy, line->text, n + 1);
        import_words_drop_comment(line->copy);
        line->words_n = import_words_split(line->copy, line->words, WORDS_MAX);
        if (line->words_n > 0 && *line->words[0] != ';')
            return true;
    }
    return false;
}

static bool is_one_of(const char *word, const char *const *words, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

static bool is_address(const char *text) {
    unsigned char binary[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, binary) == 1 || inet_pton(AF_INET6, text, binary) == 1;
}

/* ---- what one line gives away ---- */

static bool is_hosts(const struct seen *line) {
    return line->words_n >= 2 && is_address(line->words[0]) &&
           line->words[1][strspn(line->words[1], "0123456789")] != '\0';
}

static bool is_haproxy(const struct seen *line) {
    static const char *const alone[] = {"global", "defaults"};
    static const char *const named[] = {
        "backend",  "frontend",    "listen",   "defaults",    "resolvers",
        "userlist", "peers",       "cache",    "mailers",     "ring",
        "program",  "http-errors", "fcgi-app", "log-forward", "log-profile",
        "crt-list", "crt-store",   "acme",     "traces",
    };
    static const char *const conditions[] = {".if",   ".elif",   ".else",    ".endif",
                                             ".diag", ".notice", ".warning", ".alert"};
    if (is_one_of(line->words[0], conditions, COUNT_OF(conditions)))
        return true;
    if (line->words_n == 1)
        return is_one_of(line->words[0], alone, COUNT_OF(alone));
    return line->words_n <= 4 && is_one_of(line->words[0], named, COUNT_OF(named)) &&
           !strpbrk(line->words[1], "{};,|");
}

/* "upstream a {" and "upstream a{server b:443;}". */
static bool opens_block(const struct seen *line) {
    static const char *const blocks[] = {"upstream", "http",   "server",
                                         "location", "events", "stream"};
    char name[16];
    size_t n = strcspn(line->words[0], "{");
    if (n >= sizeof name || !strchr(line->text, '{'))
        return false;
    memcpy(name, line->words[0], n);
    name[n] = '\0';
    return is_one_of(name, blocks, COUNT_OF(blocks));
}

static bool is_nginx(const struct seen *line) {
    char last = line->words[line->words_n - 1][strlen(line->words[line->words_n - 1]) - 1];
    if (line->words_n >= 2 && last == ';' && !strchr(line->words[0], '.') &&
        !strpbrk(line->words[0], ";,|:"))
        return true; /* "worker_processes auto;" */
    return opens_block(line);
}

static bool is_ini_section(const struct seen *line) {
    const char *word = line->words[0];
    size_t n = strlen(word);
    char inside[sizeof(struct in6_addr) * 4];
    if (line->words_n != 1 || n < 3 || *word != '[' || word[n - 1] != ']' || strchr("\"{", word[1]))
        return false;
    if (n - 2 >= sizeof inside)
        return true;
    memcpy(inside, word + 1, n - 2);
    inside[n - 2] = '\0';
    return !is_address(inside);
}

static bool has_ansible_variable(const struct seen *line) {
    return line->words_n >= 2 && strncmp(line->words[1], "ansible_", 8) == 0 &&
           strchr(line->words[1], '=');
}

/* "all:" and "web: {hosts: …}". */
static bool is_yaml_key(const struct seen *line) {
    const char *word = line->words[0];
    size_t n = strlen(word);
    return (n > 1 && word[n - 1] == ':' && (line->words_n == 1 || line->words[1][0] == '{')) ||
           strcmp(word, "---") == 0;
}

/* ---- JSON ---- */

/* A whole object with nothing inside its members is a line of NDJSON. */
static bool is_flat_object(const char *text, size_t n) {
    json_t *json = json_loadb(text, n, 0, NULL);
    const char *name;
    json_t *value;
    bool flat = json_is_object(json);
    json_object_foreach(json, name, value) flat =
        flat && !json_is_object(value) && !json_is_array(value);
    json_decref(json);
    return flat;
}

/* "{" alone, or with a group's name and a brace: the beginning of a document. */
static bool begins_document(const struct seen *line, const struct import_map *map) {
    const char *at = line->text + strspn(line->text, " \t{");
    char key[64];
    size_t n;
    enum import_key found;
    if (is_flat_object(line->text, line->n))
        return false;
    if (!*at)
        return true;
    if (*at != '"' || (n = strcspn(at + 1, "\"")) >= sizeof key)
        return false;
    memcpy(key, at + 1, n);
    key[n] = '\0';
    if (import_fields_find(map, key, &found))
        return false;
    at += 1 + n;
    at += *at == '"';
    at += strspn(at, " \t:");
    return *at == '{' || *at == '[' || !*at;
}

/* ---- all of it ---- */

/* "hostname<tab>ip": a header whose names have to be told, but no list of hosts and their ports. */
static bool has_tabs(const struct seen *line) {
    return line->words_n >= 2 && strchr(line->text + strspn(line->text, " \t"), '\t') &&
           line->words[1][strspn(line->words[1], "0123456789")] != '\0' && !strchr(line->text, '=');
}

static bool has_separator(const struct seen *line) {
    size_t last = strlen(line->words[line->words_n - 1]);
    const char *found = strpbrk(line->text, ",;|");
    bool only_at_end = found && line->words_n == 1 && found == strrchr(line->text, *found) &&
                       line->words[0][last - 1] == *found;
    return found && !only_at_end && !strstr(line->text, "://");
}

static enum import_format guess_by_first(const struct seen *line, const struct import_map *map) {
    char first = *line->words[0];
    if (first == '{')
        return begins_document(line, map) ? IMPORT_ANSIBLE : IMPORT_NDJSON;
    if (first == '[' && !is_ini_section(line) &&
        (strchr("[{\"", line->words[0][1]) || !line->words[0][1] ||
         strcmp(line->words[0], "[]") == 0))
        return IMPORT_FILE_SD;
    if (import_csv_is_header(map, line->text, line->n) || strncmp(line->text, "sep=", 4) == 0)
        return IMPORT_CSV;
    if (strcmp(line->words[0], "-") == 0)
        return IMPORT_FILE_SD;
    if (is_hosts(line))
        return IMPORT_HOSTS;
    if (is_haproxy(line))
        return IMPORT_HAPROXY;
    if (is_nginx(line))
        return IMPORT_NGINX;
    if (is_ini_section(line) || is_yaml_key(line) || has_ansible_variable(line))
        return IMPORT_ANSIBLE;
    return has_separator(line) ? IMPORT_CSV : IMPORT_AUTO;
}

/* What may follow a line that could be of a list too. */
static enum import_format guess_by_later(const struct seen *line) {
    if (is_ini_section(line) || has_ansible_variable(line))
        return IMPORT_ANSIBLE;
    if (is_hosts(line))
        return IMPORT_HOSTS;
    return is_nginx(line) ? IMPORT_NGINX : IMPORT_AUTO;
}

enum import_format import_guess(const char *text, size_t n, const struct import_map *map) {
    const char *at = text, *end = text + n;
    struct seen line;
    if (!next_line(&at, end, &line))
        return IMPORT_LIST;
    bool dashes = strcmp(line.words[0], "---") == 0;
    if (dashes && next_line(&at, end, &line))
        return strcmp(line.words[0], "-") == 0 ? IMPORT_FILE_SD : IMPORT_ANSIBLE;
    enum import_format format = guess_by_first(&line, map);
    enum import_format otherwise = has_tabs(&line) ? IMPORT_CSV : IMPORT_LIST;
    for (int i = 0; format == IMPORT_AUTO && i < LINES_SEEN && next_line(&at, end, &line); i++)
        format = guess_by_later(&line);
    return format == IMPORT_AUTO ? otherwise : format;
}

bool import_guess_is_document(const char *text, size_t n) {
    const char *at = text;
    struct seen line;
    return next_line(&at, text + n, &line) && (*line.words[0] == '{' || is_yaml_key(&line));
}

const struct import_encoding *import_guess_encoding(const char *text, size_t n) {
    static const struct import_encoding utf32 = {"UTF-32", "iconv -f UTF-32 -t UTF-8"},
                                        utf16 = {"UTF-16", "iconv -f UTF-16 -t UTF-8"},
                                        gzip = {"compressed by gzip", "gzip -dc"};
    if (n >= 4 && memcmp(text, "\xff\xfe\0\0", 4) == 0)
        return &utf32;
    if (n >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return &utf16;
    if (n >= 2 && memcmp(text, "\x1f\x8b", 2) == 0)
        return &gzip;
    bool low = n >= 4 && text[0] && !text[1] && text[2] && !text[3];
    bool high = n >= 4 && !text[0] && text[1] && !text[2] && text[3];
    return low || high ? &utf16 : NULL;
}
