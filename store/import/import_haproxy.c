/* The servers of an HAProxy configuration; the zone is the name of their backend. */
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "store/import/import_form.h"
#include "store/import/import_words.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 128, NAME_SIZE = 256 };

/* What a server line or `default-server` says; "" and false are not said. */
struct server_options {
    bool ssl;
    char weight[24];
    char sni[NAME_SIZE];
};

/* A section `defaults`, whose default-server lines hold for the sections after it, or for those that
 * name it: `backend shop from web`. */
struct defaults {
    char name[NAME_SIZE]; /* "" has none */
    struct server_options options;
};

struct reading {
    bool in_proxy;    /* in a section whose servers count */
    bool in_defaults; /* in the last one of these */
    char backend[NAME_SIZE];
    struct defaults *defaults;
    size_t defaults_n, defaults_room;
    struct server_options own; /* of this section, with what it takes from a `defaults` */
};

static void *create_state(const struct import_map *map) {
    (void)map;
    return alloc_zero(1, sizeof(struct reading));
}

static void destroy_state(void *state) {
    struct reading *reading = state;
    free(reading->defaults);
    free(reading);
}

/* Every section that HAProxy 3.0 knows. */
static const char *const sections[] = {
    "backend", "cache",       "crt-list", "crt-store",   "defaults",    "fcgi-app", "frontend",
    "global",  "http-errors", "listen",   "log-forward", "log-profile", "mailers",  "peers",
    "program", "resolvers",   "ring",     "traces",      "userlist",    "acme",
};

/* What a section begins with: the section that it is said to come from; without a word about that
 * the last `defaults`, which another `defaults` does not go by. */
static struct server_options find_defaults(const struct reading *reading, char **words, size_t n) {
    static const struct server_options none;
    size_t from = 1;
    while (from + 1 < n && strcmp(words[from], "from") != 0)
        from++;
    if (from + 1 >= n)
        return reading->in_defaults || reading->defaults_n == 0
                   ? none
                   : reading->defaults[reading->defaults_n - 1].options;
    for (size_t i = reading->defaults_n; i > 0; i--)
        if (strcmp(reading->defaults[i - 1].name, words[from + 1]) == 0)
            return reading->defaults[i - 1].options;
    return none;
}

static void add_defaults(struct reading *reading, const char *name) {
    reading->defaults = array_reserve(reading->defaults, reading->defaults_n + 1,
                                      &reading->defaults_room, sizeof *reading->defaults);
    struct defaults *defaults = &reading->defaults[reading->defaults_n++];
    snprintf(defaults->name, sizeof defaults->name, "%s", name);
    defaults->options = reading->own;
}

static bool enter_section(struct reading *reading, char **words, size_t n) {
    size_t i = 0;
    while (i < COUNT_OF(sections) && strcmp(sections[i], words[0]) != 0)
        i++;
    if (i == COUNT_OF(sections))
        return false;
    reading->in_defaults = strcmp(words[0], "defaults") == 0;
    reading->in_proxy = strcmp(words[0], "backend") == 0 || strcmp(words[0], "listen") == 0;
    snprintf(reading->backend, sizeof reading->backend, "%s", n > 1 ? words[1] : "");
    reading->own = find_defaults(reading, words, n);
    if (reading->in_defaults)
        add_defaults(reading, n > 1 && strcmp(words[1], "from") != 0 ? words[1] : "");
    return true;
}

/* Of an expression only `str(name)` is a name that is known before a request comes; one from the
 * environment is not known here. */
static void take_sni(struct server_options *options, const char *expression) {
    size_t n = strlen(expression);
    *options->sni = '\0';
    if (strncmp(expression, "str(", 4) == 0 && n > 5 && expression[n - 1] == ')' &&
        !strchr(expression, '$'))
        snprintf(options->sni, sizeof options->sni, "%.*s", (int)(n - 5), expression + 4);
}

static void take_options(struct server_options *options, char **words, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (strcmp(words[i], "ssl") == 0)
            options->ssl = true;
        else if (strcmp(words[i], "no-ssl") == 0)
            options->ssl = false;
        else if (strcmp(words[i], "weight") == 0 && i + 1 < n)
            snprintf(options->weight, sizeof options->weight, "%s", words[++i]);
        else if (strcmp(words[i], "sni") == 0 && i + 1 < n)
            take_sni(options, words[++i]);
    }
}

/* Takes off what HAProxy may put before an address; NULL for what is none. */
static char *bare_address(char *text) {
    static const char *const families[] = {"ipv4@", "ipv6@",  "tcp@",    "tcp4@",
                                           "tcp6@", "mptcp@", "mptcp4@", "mptcp6@"};
    for (size_t i = 0; i < COUNT_OF(families); i++)
        if (strncmp(families[i], text, strlen(families[i])) == 0)
            return text + strlen(families[i]);
    return *text == '/' || strchr(text, '@') ? NULL : text;
}

/* "2001:db8::1:443": what is behind the last colon is the port. */
static char *split_port(char *text) {
    char *colon = strrchr(text, ':');
    char *bracket = strrchr(text, ']');
    if (!colon || colon < bracket)
        return NULL;
    *colon = '\0';
    return colon + 1;
}

static void take_server(struct reading *reading, struct import_out *out, uint64_t line, char *text,
                        const struct server_options *options) {
    struct import_fields fields = {.text = {[IMPORT_ZONE] = reading->backend}};
    char *address = bare_address(text);
    if (!address) {
        import_out_pass(out, "servers that are not on the network (sockets)");
        return;
    }
    if (strchr(address, '$')) {
        import_out_pass(out, "servers whose address is a variable");
        return;
    }
    char *port = split_port(address);
    if (port && strcmp(port, "80") == 0 && !options->ssl) {
        import_out_pass(out, "servers on port 80 without ssl");
        return;
    }
    fields.text[IMPORT_HOST] = address;
    fields.text[IMPORT_PORT] = port && *port != '+' && *port != '-' ? port : NULL;
    fields.text[IMPORT_SNI] = *options->sni ? options->sni : NULL;
    fields.text[IMPORT_WEIGHT] = *options->weight ? options->weight : NULL;
    import_out_add(out, line, &fields);
}

static void take_line(void *state, struct import_out *out, uint64_t line, char *text, size_t n) {
    struct reading *reading = state;
    char *words[WORDS_MAX];
    (void)n;
    import_words_drop_comment(text);
    size_t words_n = import_words_unquote(text, words, WORDS_MAX);
    if (words_n == 0)
        return;
    if (words_n > WORDS_MAX)
        words_n = WORDS_MAX;
    if (enter_section(reading, words, words_n))
        return;
    if (strcmp(words[0], "default-server") == 0) {
        take_options(&reading->own, words + 1, words_n - 1);
        if (reading->in_defaults)
            reading->defaults[reading->defaults_n - 1].options = reading->own;
        return;
    }
    bool template = strcmp(words[0], "server-template") == 0;
    size_t place =
        template ? 3 : 2; /* server NAME ADDRESS, server-template PREFIX NUMBER ADDRESS */
    if (!reading->in_proxy || (!template && strcmp(words[0], "server") != 0))
        return;
    if (words_n <= place) {
        import_out_bad(out, line, "a server without an address");
        return;
    }
    struct server_options options = reading->own;
    take_options(&options, words + place + 1, words_n - place - 1);
    take_server(reading, out, line, words[place], &options);
}

const struct import_form import_haproxy_form = {
    .create = create_state, .destroy = destroy_state, .take_line = take_line};
