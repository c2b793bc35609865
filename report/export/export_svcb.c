/* DNS: what each origin supports, as the tls-supported-groups parameter of an HTTPS record
 * (draft-ietf-tls-key-share-prediction), for those who run both the origin and its name. */
#include "report/export/export_remark.h"
#include "report/export/export_text.h"

#include <string.h>

#define TTL_S 3600

/* The groups to tell: a client that reads of the hybrid sends its large share at once, so it is only
 * told where `preferred` is proven to be tolerated, and not while real traffic that failed holds a
 * zone of it down: in all of its zones the same record is written. */
static unsigned choose_groups(const struct export_origin *origin, bool held,
                              uint16_t out[ZONE_GROUPS_MAX]) {
    bool large = !held && origin->advice && origin->advice->tolerates[LEVEL_PREFERRED];
    unsigned n = 0;
    for (unsigned i = 0; i < origin->groups_n; i++) {
        const struct group *group = group_find(origin->groups[i]);
        if (large || (group && !group->post_quantum))
            out[n++] = origin->groups[i];
    }
    return n;
}

enum { PREFIX_SIZE = 32, NAME_LONGEST = 253 };

/* Port 443 is the name itself, others _PORT._https.NAME (RFC 9460 9.1). */
static size_t write_prefix(const struct export_origin *origin, char out[PREFIX_SIZE]) {
    out[0] = '\0';
    if (origin->port != 443)
        snprintf(out, PREFIX_SIZE, "_%u._https.", origin->port);
    return strlen(out);
}

static void write_record(FILE *to, const struct export_origin *origin, const uint16_t *groups,
                         unsigned groups_n) {
    char prefix[PREFIX_SIZE];
    write_prefix(origin, prefix);
    fprintf(to, "%s%s. %d IN HTTPS 1 . ", prefix, origin->host, TTL_S);
    if (origin->port != 443)
        fprintf(to, "port=%u ", origin->port);
    fputs("tls-supported-groups=", to);
    for (unsigned i = 0; i < groups_n; i++)
        fprintf(to, "%s%u", i ? "," : "", groups[i]);
    putc('\n', to);
}

static void write_origin(FILE *to, const struct export_origin *origin, bool held) {
    uint16_t groups[ZONE_GROUPS_MAX];
    char prefix[PREFIX_SIZE];
    unsigned n = choose_groups(origin, held, groups);
    if (write_prefix(origin, prefix) + strlen(origin->host) > NAME_LONGEST)
        fprintf(to, ";   %s: the name of its record, with %s before it, would be too long\n",
                origin->host, prefix);
    else if (n > 0)
        write_record(to, origin, groups, n);
    else
        fprintf(to, ";   %s: only post-quantum groups, and `preferred` is not proven\n",
                origin->host);
}

static void write_zone(const struct export_render *render, const struct export_zone *zone,
                       const struct export_choice *choice) {
    bool held = render->options->now_ms < zone->advice.held_until_ms;
    export_remark_zone(render, zone, choice);
    export_format_count(render, choice->level, choice->exact);
    if (choice->level == LEVEL_NONE)
        return;
    for (size_t i = 0; i < zone->origins_n; i++) {
        const struct export_origin *origin = &zone->origins[i];
        if (!export_text_is_host(origin->host))
            export_remark_left_out(render, origin);
        else if (export_text_is_address(origin->host))
            fprintf(render->to, ";   %s is an IP address, which has no record\n", origin->host);
        else if (origin->groups_n == 0)
            fprintf(render->to, ";   %s: groups unknown\n", origin->host);
        else
            write_origin(render->to, origin,
                         held || render->options->now_ms < origin->held_until_ms);
    }
}

static void write_head(const struct export_render *render) {
    fputs("; Records for a DNS zone file. Older software writes the parameter as key9. They say "
          "which groups an\n; origin supports, in its order; the setting of a zone is for the "
          "proxy and cannot be expressed in the DNS.\n",
          render->to);
}

/* The first BIND release with these records; others know them since RFC 9460 was a draft. */
static const char *find_oldest_svcb(const struct export_options *options) {
    (void)options;
    return "a name server with HTTPS records (RFC 9460), such as BIND 9.18";
}

const struct export_format export_svcb_format = {
    .name = "svcb",
    .help = "HTTPS records that tell which groups an origin supports",
    .layout = EXPORT_COMMENTS,
    .comment = ";",
    .oldest = find_oldest_svcb,
    .target = {.who = "DNS", .exact = true},
    .of_origins = true,
    .zones_apart = true,
    .mark = "; zone \"",
    .separator = "\": ",
    .write_head = write_head,
    .write_zone = write_zone,
};
