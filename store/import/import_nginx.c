/* The servers of nginx's upstreams, and what proxy_pass and grpc_pass reach by TLS without one. */
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "store/import/import_form.h"
#include "store/import/import_words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WORDS_MAX = 64, DEPTH_MAX = 64 };

/* The directives that pass requests on by TLS, and what names the server of each. */
enum pass { PASS_PROXY, PASS_GRPC, PASSES };

static const struct {
    const char *directive;
    const char *scheme;
    const char *name_directive;
} passes[PASSES] = {
    [PASS_PROXY] = {"proxy_pass", "https://", "proxy_ssl_name"},
    [PASS_GRPC] = {"grpc_pass", "grpcs://", "grpc_ssl_name"},
};

/* A server of an upstream, or a target of one of these. Texts point into the document. */
struct server {
    uint64_t line;
    const char *upstream; /* NULL: a target */
    char *address;        /* of a target: behind the scheme of its URL */
    char *url;            /* of a target */
    const char *weight;
    enum pass pass;
    const char *ssl_name; /* of a target: what names it where it stands */
};

struct block {
    uint64_t line;
    const char *upstream; /* NULL: another block */
    const char *ssl_name[PASSES];
    size_t targets_from; /* servers that begin in it */
};

struct reading {
    struct import_out *out;
    char *at;
    uint64_t line;
    uint64_t statement_line;
    size_t words_n;
    char *words[WORDS_MAX];
    size_t depth;
    struct block blocks[DEPTH_MAX]; /* 0 is the file */
    struct server *servers;
    size_t n, room;
};

/* ---- words ---- */

static bool ends_word(char c) {
    return c == '\0' || strchr(" \t\r\n;{}", c) != NULL;
}

/* Reads a word in place; *end is what stopped it, which is overwritten by the zero. */
static char *read_word(struct reading *reading, char *end) {
    char *start = reading->at, *from = start, *to = start, quote = '\0';
    if (*from == '"' || *from == '\'')
        quote = *from++;
    for (; *from && (quote ? *from != quote : !ends_word(*from)); from++) {
        reading->line += *from == '\n';
        if (*from == '\\' && from[1])
            from++;
        else if (!quote && *from == '$' && from[1] == '{') /* a variable's braces are no block */
            while (*from && *from != '}')
                *to++ = *from++;
        if (!*from)
            break;
        *to++ = *from;
    }
    if (quote && *from)
        from++;
    *end = *from;
    reading->at = *from ? from + 1 : from;
    *to = '\0';
    return start;
}

/* ---- statements ---- */

static void add_server(struct reading *reading, const struct server *server) {
    reading->servers =
        array_reserve(reading->servers, reading->n + 1, &reading->room, sizeof *server);
    reading->servers[reading->n++] = *server;
}

static void take_upstream_server(struct reading *reading, const struct block *block) {
    struct server server = {.line = reading->statement_line, .upstream = block->upstream};
    if (reading->words_n < 2) {
        import_out_bad(reading->out, reading->statement_line, "a server without an address");
        return;
    }
    server.address = reading->words[1];
    for (size_t i = 2; i < reading->words_n; i++)
        if (strncmp(reading->words[i], "weight=", 7) == 0)
            server.weight = reading->words[i] + 7;
    add_server(reading, &server);
}

static void take_pass(struct reading *reading, struct block *block) {
    const char *name = reading->words[0];
    char *value = reading->words[1];
    for (enum pass pass = 0; pass < PASSES; pass++) {
        size_t scheme_n = strlen(passes[pass].scheme);
        if (strcmp(name, passes[pass].name_directive) == 0 && !strchr(value, '$'))
            block->ssl_name[pass] = value;
        else if (strcmp(name, passes[pass].directive) == 0 &&
                 strncasecmp(value, passes[pass].scheme, scheme_n) == 0)
            add_server(reading, &(struct server){.line = reading->statement_line,
                                                 .address = value + scheme_n,
                                                 .url = value,
                                                 .pass = pass});
    }
}

static void take_statement(struct reading *reading) {
    struct block *block = &reading->blocks[reading->depth];
    const char *name = reading->words_n ? reading->words[0] : "";
    if (block->upstream && strcmp(name, "server") == 0)
        take_upstream_server(reading, block);
    else if (reading->words_n >= 2 && strcmp(name, "include") == 0)
        import_out_pass(reading->out, "include lines, whose files are not read");
    else if (reading->words_n >= 2)
        take_pass(reading, block);
}

static bool open_block(struct reading *reading) {
    if (reading->depth + 1 == DEPTH_MAX) {
        import_out_fail(reading->out, reading->line, "blocks within blocks, %d deep", DEPTH_MAX);
        return false;
    }
    bool is_upstream = reading->words_n == 2 && strcmp(reading->words[0], "upstream") == 0;
    const struct block *outer = &reading->blocks[reading->depth++];
    struct block *block = &reading->blocks[reading->depth];
    *block = (struct block){.line = reading->statement_line,
                            .upstream = is_upstream ? reading->words[1] : NULL,
                            .targets_from = reading->n};
    memcpy(block->ssl_name, outer->ssl_name, sizeof block->ssl_name);
    return true;
}

/* What such a name says holds for the whole block, also for what stands before it. */
static void name_targets(struct reading *reading) {
    const struct block *block = &reading->blocks[reading->depth];
    for (size_t i = block->targets_from; i < reading->n; i++) {
        struct server *server = &reading->servers[i];
        if (!server->upstream && !server->ssl_name)
            server->ssl_name = block->ssl_name[server->pass];
    }
}

static void close_block(struct reading *reading) {
    if (reading->depth == 0) {
        import_out_bad(reading->out, reading->line, "a } without its {");
        return;
    }
    name_targets(reading);
    reading->depth--;
}

/* ---- what was found ---- */

static const char not_on_the_network[] = "servers that are not on the network (sockets)";

/* Of "shop:8443/path" without port and path. */
static size_t name_length(const char *address) {
    return strcspn(address, ":/?");
}

static bool is_upstream(const struct reading *reading, const char *address) {
    size_t n = name_length(address);
    for (size_t i = 0; i < reading->n; i++) {
        const char *upstream = reading->servers[i].upstream;
        if (upstream && strlen(upstream) == n && strncmp(upstream, address, n) == 0)
            return true;
    }
    return false;
}

/* The name that is sent to the servers of this upstream; NULL if nothing says. */
static const char *find_ssl_name(const struct reading *reading, const char *upstream) {
    for (size_t i = 0; i < reading->n; i++) {
        const struct server *target = &reading->servers[i];
        const char *address = target->upstream ? "" : target->address;
        if (target->ssl_name && strlen(upstream) == name_length(address) &&
            strncmp(upstream, address, strlen(upstream)) == 0)
            return target->ssl_name;
    }
    return NULL;
}

static void emit_target(struct reading *reading, const struct server *target) {
    struct import_fields fields = {.text = {[IMPORT_SNI] = target->ssl_name}};
    if (strncmp(target->address, "unix:", 5) == 0) {
        import_out_pass(reading->out, not_on_the_network);
        return;
    }
    if (is_upstream(reading, target->address))
        return;
    if (strchr(target->address, '$')) {
        import_out_pass(reading->out, "targets with a variable");
        return;
    }
    const char *why = import_words_url(target->url, &fields);
    if (why)
        import_out_bad(reading->out, target->line, "%s", why);
    else
        import_out_add(reading->out, target->line, &fields);
}

static void emit_server(struct reading *reading, const struct server *server) {
    struct import_fields fields = {
        .endpoint = server->address,
        .text = {[IMPORT_ZONE] = server->upstream,
                 [IMPORT_WEIGHT] = server->weight,
                 [IMPORT_SNI] = find_ssl_name(reading, server->upstream)}};
    const char *port = strrchr(server->address, ':');
    if (strncmp(server->address, "unix:", 5) == 0)
        import_out_pass(reading->out, not_on_the_network);
    else if (port && strcmp(port, ":80") == 0)
        import_out_pass(reading->out, "servers on port 80");
    else
        import_out_add(reading->out, server->line, &fields);
}

/* Targets first: what they say of the names of upstreams is asked before their texts are cut. */
static void emit_all(struct reading *reading) {
    for (size_t i = 0; i < reading->n; i++)
        if (reading->servers[i].upstream)
            emit_server(reading, &reading->servers[i]);
    for (size_t i = 0; i < reading->n; i++)
        if (!reading->servers[i].upstream)
            emit_target(reading, &reading->servers[i]);
}

/* ---- the file ---- */

static void skip_comment(struct reading *reading) {
    while (*reading->at && *reading->at != '\n')
        reading->at++;
}

/* Deals with what stands between words. False where nothing more can be read. */
static bool take_mark(struct reading *reading, char mark) {
    bool readable = true;
    if (mark == '\n')
        reading->line++;
    if (mark == ';')
        take_statement(reading);
    else if (mark == '{')
        readable = open_block(reading);
    else if (mark == '}')
        close_block(reading);
    if (mark == ';' || mark == '{' || mark == '}')
        reading->words_n = 0;
    return readable;
}

static bool take_word(struct reading *reading) {
    char end;
    if (reading->words_n == 0)
        reading->statement_line = reading->line;
    char *word = read_word(reading, &end);
    if (reading->words_n < WORDS_MAX)
        reading->words[reading->words_n++] = word;
    return take_mark(reading, end);
}

static void take_document(void *state, struct import_out *out, char *text, size_t n) {
    struct reading reading = {.out = out, .at = text, .line = 1};
    bool readable = true;
    (void)state;
    (void)n;
    while (readable && *reading.at) {
        char c = *reading.at;
        if (c == '#')
            skip_comment(&reading);
        else if (ends_word(c))
            readable = take_mark(&reading, *reading.at++);
        else
            readable = take_word(&reading);
    }
    if (readable && reading.depth > 0)
        import_out_bad(out, reading.blocks[reading.depth].line, "a block that is never closed");
    for (; reading.depth > 0; reading.depth--)
        name_targets(&reading);
    emit_all(&reading);
    free(reading.servers);
}

const struct import_form import_nginx_form = {.take_document = take_document};
