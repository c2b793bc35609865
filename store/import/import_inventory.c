/* Hosts of an Ansible inventory: names, ranges, variables. */
#include "store/import/import_inventory.h"

#include "store/import/import_range.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static const char own_prefix[] = "originscan_";

/* A variable of an inventory is a key's only if it says so: `port` and `zone` mean anything there. */
static bool find_variable(const struct import_map *map, const char *name, enum import_key *key) {
    static const struct import_map keys_only = {{NULL}};
    size_t n = sizeof own_prefix - 1;
    if (strncasecmp(name, own_prefix, n) == 0)
        return import_fields_find(&keys_only, name + n, key);
    return import_fields_find(map, name, key) && map->column[*key];
}

bool import_inventory_variable(struct import_inventory_host *host, const struct import_map *map,
                               const char *name, const char *value) {
    enum import_key key;
    bool is_host = strcmp(name, "ansible_host") == 0 || strcmp(name, "ansible_ssh_host") == 0;
    bool is_key = find_variable(map, name, &key);
    if (is_host)
        host->ansible_host = value;
    if (is_key)
        host->variables.text[key] = value;
    return is_host || is_key;
}

struct adding {
    struct import_out *out;
    const struct import_inventory_host *host;
};

static bool is_address(const char *text) {
    unsigned char binary[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, binary) == 1 || inet_pton(AF_INET6, text, binary) == 1;
}

static void set_default(struct import_fields *fields, enum import_key key, const char *value) {
    if (!fields->text[key])
        fields->text[key] = value;
}

static void add_host(void *arg, const char *name) {
    const struct adding *adding = arg;
    const struct import_inventory_host *host = adding->host;
    struct import_fields fields = host->variables;
    const char *at = host->ansible_host;
    if (at && !strstr(at, "{{")) /* a template is for Ansible to fill */
        set_default(&fields, is_address(at) && !is_address(name) ? IMPORT_ADDRESS : IMPORT_HOST,
                    at);
    set_default(&fields, IMPORT_HOST, name);
    set_default(&fields, IMPORT_ZONE, host->group);
    if (strcasecmp(fields.text[IMPORT_HOST], "localhost") == 0)
        import_out_pass(adding->out, "entries for localhost");
    else
        import_out_add(adding->out, host->line, &fields);
}

/* "web1:2222" is SSH's port; an IPv6 address has more than one colon, a range its own. */
void import_inventory_drop_port(char *pattern) {
    char *bracket = strrchr(pattern, ']');
    char *colon = strchr(bracket ? bracket : pattern, ':');
    if (colon && !strchr(colon + 1, ':') && strspn(colon + 1, "0123456789") == strlen(colon + 1))
        *colon = '\0';
}

void import_inventory_add(const struct import_inventory_host *host, struct import_out *out) {
    struct adding adding = {out, host};
    const char *why;
    if (!import_range_expand(host->pattern, add_host, &adding, &why))
        import_out_bad(out, host->line, "%s", why);
}
