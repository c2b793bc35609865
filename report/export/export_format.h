/* What a format of the export is: a row with a layout and three functions that write the body. */
#pragma once

#include "report/export/export_choice.h"

#include <jansson.h>

/* How header and body make a file; export_layout.h has the details. */
enum export_layout {
    EXPORT_COMMENTS, /* comment lines, then the body */
    EXPORT_DOCUMENT, /* one JSON document around the body's lines */
    EXPORT_LINES,    /* a JSON object a line, each with generation, time and hash */
    EXPORT_TABLE,    /* CSV, the same in its last columns */
};

/* What a renderer gets with each zone. */
struct export_render {
    FILE *to; /* the body */
    const struct export_options *options;
    struct export_summary *summary;
    void *state; /* state_size bytes, zeroed at the beginning, for formats that need some */
};

/* Counts a setting that is written into the file, of a zone or of an origin of its own, for the
 * file's header. `exact` is false where it is not the one that is recommended. */
static inline void export_format_count(const struct export_render *render, enum rule_level level,
                                       bool exact) {
    render->summary->by_level[level]++;
    render->summary->inexact += !exact;
}

#define EXPORT_EXCEPTION_MARK " exception for "

struct export_format {
    const char *name;
    const char *help; /* one line for --help */
    enum export_layout layout;
    const char *comment; /* what begins a comment line; EXPORT_COMMENTS only */
    /* The oldest release of the target that takes what is written, with these options; EXPORT_COMMENTS
     * only. NULL: the target has no releases. */
    const char *(*oldest)(const struct export_options *options);
    struct export_target target;
    unsigned takes;   /* bits of export_origin_tls.h: what else its templates can be given */
    bool of_origins;  /* it tells what origins can do, whatever zone they are in */
    bool zones_apart; /* what is written of a zone does not depend on other zones */
    size_t state_size;

    /* Where a zone's name and what is written for it stand in the first line of its body, so that a
     * later run can tell what the file said: `mark` NAME `separator` WORD. Escaped names contain no
     * separator. EXPORT_TABLE: the first two columns. */
    const char *mark;
    const char *separator;

    /* EXPORT_TABLE: the columns that a program acts on, as bits; the others explain. */
    uint32_t told_columns;

    /* An exception of the zone stands in a comment line with EXPORT_EXCEPTION_MARK after the
     * comment's beginning, indented or not, then `: ` and a word; in a row with an origin; or in
     * JSON as an object in the zone's "exceptions". */

    /* EXPORT_DOCUMENT: the array that holds the zones, and what stands before it as JSON. */
    const char *array;
    json_t *(*make_head)(const struct export_options *options,
                         const struct export_summary *summary);

    void (*write_head)(const struct export_render *render); /* NULL: nothing */
    /* Writes a zone and counts each of its settings (export_format_count). */
    void (*write_zone)(const struct export_render *render, const struct export_zone *zone,
                       const struct export_choice *choice);
    void (*write_tail)(const struct export_render *render); /* NULL: nothing */
};

/* What both formats of HAProxy need: `curves` on server lines came with 2.9. */
#define EXPORT_HAPROXY_OLDEST 209 /* as in options.haproxy */
const char *export_haproxy_oldest(const struct export_options *options);

extern const struct export_format export_json_format;
extern const struct export_format export_ndjson_format;
extern const struct export_format export_csv_format;
extern const struct export_format export_cloudflare_format;
extern const struct export_format export_akamai_format;
extern const struct export_format export_nginx_format;
extern const struct export_format export_haproxy_format;
extern const struct export_format export_haproxy_env_format;
extern const struct export_format export_envoy_format;
extern const struct export_format export_caddy_format;
extern const struct export_format export_ats_format;
extern const struct export_format export_pingora_format;
extern const struct export_format export_openssl_format;
extern const struct export_format export_svcb_format;
