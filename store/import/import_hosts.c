/* hosts(5): an address and its names; each full name is an origin at that address. */
#include "scanner/base/array.h"
#include "store/import/import_form.h"
#include "store/import/import_words.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { WORDS_MAX = 256 };

/* What such files say of the machine itself and of groups of machines. */
static bool is_of_machine(const char *name) {
    static const char *const names[] = {"localhost", "localhost.localdomain", "broadcasthost",
                                        "ip6-localhost", "ip6-loopback"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    return strncasecmp(name, "ip6-", 4) == 0;
}

/* 127.0.1.1 is Debian's entry for the machine's own name, 0.0.0.0 that of lists of what to block. */
static bool is_no_server(const char *address) {
    struct in6_addr v6;
    if (inet_pton(AF_INET6, address, &v6) == 1)
        return IN6_IS_ADDR_MULTICAST(&v6) || IN6_IS_ADDR_UNSPECIFIED(&v6);
    return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "127.0.1.1") == 0 ||
           strcmp(address, "255.255.255.255") == 0;
}

static bool is_address(const char *text) {
    unsigned char binary[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, binary) == 1 || inet_pton(AF_INET6, text, binary) == 1;
}

static void take_name(struct import_out *out, uint64_t line, const char *address, const char *name,
                      bool first) {
    struct import_fields fields = {.text = {[IMPORT_HOST] = name, [IMPORT_ADDRESS] = address}};
    if (is_no_server(address) || is_of_machine(name))
        import_out_pass(out, "names of the machine itself or of no server");
    else if (!first && !strchr(name, '.'))
        import_out_pass(out, "short aliases");
    else
        import_out_add(out, line, &fields);
}

/* "fe80::1%lo0" is an address of a link. */
static bool drop_scope(char *address) {
    char *scope = strchr(address, '%');
    if (scope)
        *scope = '\0';
    return scope != NULL;
}

static void take_line(void *state, struct import_out *out, uint64_t line, char *text, size_t n) {
    char *words[WORDS_MAX];
    (void)state;
    (void)n;
    text[strcspn(text, "#")] = '\0';
    size_t words_n = import_words_split(text, words, WORDS_MAX);
    if (words_n == 0)
        return;
    if (drop_scope(words[0]) && is_address(words[0])) {
        import_out_pass(out, "addresses of a single link");
        return;
    }
    if (!is_address(words[0]))
        import_out_bad(out, line, "a line of a hosts file begins with an IP address");
    else if (words_n == 1)
        import_out_bad(out, line, "no host name follows the address");
    for (size_t i = 1; i < words_n && is_address(words[0]); i++)
        take_name(out, line, words[0], words[i], i == 1);
}

const struct import_form import_hosts_form = {.take_line = take_line};
