/* The addresses of the name servers that are asked, from a list or from a resolv.conf. */
#include "scanner/net/dns_servers.h"

#include "scanner/base/alloc.h"
#include "scanner/base/quote.h"

#include <event2/dns.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { DNS_PORT = 53 };

size_t dns_servers_find(const struct dns_servers *servers, const struct sockaddr *address) {
    size_t i = 0;
    while (i < servers->count &&
           evutil_sockaddr_cmp((const struct sockaddr *)&servers->all[i], address, 1) != 0)
        i++;
    return i;
}

static void append_server(struct dns_servers *servers, const struct sockaddr_storage *address) {
    servers->all = alloc_resize(servers->all, servers->count + 1, sizeof *servers->all);
    servers->all[servers->count++] = *address;
}

static bool add_server(struct dns_servers *servers, char *server, struct err *err) {
    char quoted[QUOTE_SIZE];
    struct sockaddr_storage address = {0};
    int size = sizeof address;
    server += strspn(server, " \t");
    server[strcspn(server, " \t")] = '\0';
    quote_text(server, quoted);
    if (evutil_parse_sockaddr_port(server, (struct sockaddr *)&address, &size) != 0)
        return err_set(err, "name server %s: not an address or address:port", quoted);
    in_port_t *port = address.ss_family == AF_INET ? &((struct sockaddr_in *)&address)->sin_port
                                                   : &((struct sockaddr_in6 *)&address)->sin6_port;
    if (*port == 0)
        *port = htons(DNS_PORT);
    if (dns_servers_find(servers, (struct sockaddr *)&address) < servers->count)
        return err_set(err, "name server %s: given twice", quoted);
    append_server(servers, &address);
    return true;
}

bool dns_servers_read(const char *list, struct dns_servers *out, struct err *err) {
    bool sound = true;
    char *copy = alloc_string(list), *rest = copy, *server;
    *out = (struct dns_servers){0};
    while (sound && (server = strsep(&rest, ",")) != NULL)
        sound = add_server(out, server, err);
    free(copy);
    if (!sound)
        dns_servers_clear(out);
    return sound;
}

/* libevent would print what it thinks of a resolv.conf on standard error. */
static void drop_remark(int is_warning, const char *text) {
    (void)is_warning;
    (void)text;
}

void dns_servers_from_file(struct event_base *base, const char *path, struct dns_servers *out) {
    *out = (struct dns_servers){0};
    evdns_set_log_fn(drop_remark); /* the process's, like libevent's own */
    struct evdns_base *evdns = evdns_base_new(base, 0);
    if (!evdns)
        return;
    evdns_base_resolv_conf_parse(evdns, DNS_OPTION_NAMESERVERS | DNS_OPTION_NAMESERVERS_NO_DEFAULT,
                                 path);
    for (int i = 0, count = evdns_base_count_nameservers(evdns); i < count; i++) {
        struct sockaddr_storage address = {0};
        int size =
            evdns_base_get_nameserver_addr(evdns, i, (struct sockaddr *)&address, sizeof address);
        if (size > 0 && (size_t)size <= sizeof address)
            append_server(out, &address);
    }
    evdns_base_free(evdns, 0);
}

void dns_servers_clear(struct dns_servers *servers) {
    free(servers->all);
    *servers = (struct dns_servers){0};
}
