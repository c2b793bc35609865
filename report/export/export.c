/* The table of formats, and one run of one of them. */
#include "report/export/export.h"

#include "report/export/export_layout.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/quote.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct export_format *const formats[] = {
    &export_json_format,
    &export_ndjson_format,
    &export_csv_format,
    &export_cloudflare_format,
    &export_akamai_format,
    &export_nginx_format,
    &export_haproxy_format,
    &export_haproxy_env_format,
    &export_envoy_format,
    &export_caddy_format,
    &export_ats_format,
    &export_pingora_format,
    &export_openssl_format,
    &export_svcb_format,
};
/* clang-format on */
enum { FORMATS = COUNT_OF(formats) };

const struct export_format *export_find(const char *name) {
    for (size_t i = 0; i < FORMATS; i++) {
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    }
    return NULL;
}

const struct export_format *const *export_formats(size_t *n) {
    *n = FORMATS;
    return formats;
}

const char *export_name(const struct export_format *format) {
    return format->name;
}

const char *export_help(const struct export_format *format) {
    return format->help;
}

bool export_shows_certificates(const struct export_format *format) {
    return format->takes & EXPORT_TAKES_TLS;
}

bool export_tells_of_origins(const struct export_format *format) {
    return format->of_origins;
}

struct export_options export_defaults(void) {
    return (struct export_options){
        .generator = "originscan",
        .ats = 10,
        .place = EXPORT_PLACE_LAST,
        .listen = "127.0.0.1:8480",
        .generation = 1,
    };
}

/* What nginx takes as an address to listen on; nothing that could end the directive. */
static bool is_listen(const char *text) {
    return text[0] && !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789.:[]/_-*")];
}

bool export_check(const struct export_options *options, struct err *err) {
    const char *name = options->format->name;
    char quoted[QUOTE_SIZE];
    if (options->place > EXPORT_PLACE_LAST)
        return err_set(err, "a place in the ramp is a number from 0 to %d", EXPORT_PLACE_LAST);
    if (!is_listen(options->listen))
        return err_set(err, "%s is not an address that nginx can listen on",
                       quote_text(options->listen, quoted));
    if (options->haproxy && options->format->oldest != export_haproxy_oldest)
        return err_set(err, "--haproxy goes with the formats haproxy and haproxy-env");
    if (options->haproxy && options->haproxy < EXPORT_HAPROXY_OLDEST)
        return err_set(
            err, "HAProxy %u.%u has no `curves` on server lines: the export needs 2.9 or later",
            options->haproxy / 100, options->haproxy % 100);
    if (options->snippet && strcmp(name, "nginx") != 0)
        return err_set(err, "only the format nginx has snippets");
    if (options->snippet && !options->folder && options->zones_n != 1)
        return err_set(err, "a snippet is for exactly one zone: name it with --zone");
    if (options->snippet && options->tls.resolvers)
        return err_set(err, "a snippet names no origins: put the `resolver` in your own server");
    return export_origin_tls_check(&options->tls, name, options->format->takes, err);
}

/* ---- one run --------------------------------------------------------------------------------- */

struct run {
    struct export_render render;
    bool *seen; /* one for each of options.zones */
    struct export_origin *origins;
    size_t origins_room;
};

static bool is_wanted(struct run *run, const char *name) {
    const struct export_options *options = run->render.options;
    bool wanted = options->zones_n == 0;
    for (size_t i = 0; i < options->zones_n; i++) {
        if (strcmp(options->zones[i], name) != 0)
            continue;
        run->seen[i] = true;
        wanted = true;
    }
    return wanted;
}

static void count_zone(const struct run *run, const struct export_zone *zone) {
    struct export_summary *summary = run->render.summary;
    int64_t until = zone->advice.not_after_ms;
    if (until <= run->render.options->now_ms)
        until = 0; /* lapsed: what is written needs no end */
    summary->zones++;
    if (zone->data_ms > summary->data_ms)
        summary->data_ms = zone->data_ms;
    if (until && (!summary->not_after_ms || until < summary->not_after_ms))
        summary->not_after_ms = until;
}

/* A copy of the zone's origins in which those are marked that need a setting of their own. A target
 * that takes both sides of a ramp gets what suits both. */
static const struct export_origin *tell_apart(struct run *run, const struct export_zone *zone) {
    const struct export_options *options = run->render.options;
    struct zone_place at = export_choice_place(zone, options);
    run->origins =
        array_reserve(run->origins, zone->origins_n, &run->origins_room, sizeof *run->origins);
    for (size_t i = 0; i < zone->origins_n; i++) {
        struct export_origin *origin = &run->origins[i];
        *origin = zone->origins[i];
        origin->exception =
            origin->advice &&
            (options->format->target.exact
                 ? zone_place_exception_of_both(&at, origin->advice, &origin->setting)
                 : zone_place_exception(&at, origin->advice, &origin->setting));
    }
    return run->origins;
}

/* What does not pass is not counted either. */
static bool write_filtered(struct run *run, const struct export_zone *zone,
                           const struct export_choice *choice) {
    const struct export_options *options = run->render.options;
    struct export_summary before = *run->render.summary;
    struct export_render render = run->render;
    char *block = NULL;
    size_t n = 0;
    render.to = open_memstream(&block, &n);
    if (!render.to)
        return false;
    count_zone(run, zone);
    options->format->write_zone(&render, zone, choice);
    bool done = fclose(render.to) == 0;
    if (done && options->filter(options->filter_arg, block, n))
        done = fwrite(block, 1, n, run->render.to) == n;
    else
        *run->render.summary = before;
    free(block);
    return done;
}

static bool append_zone(void *arg, const struct export_zone *given) {
    struct run *run = arg;
    const struct export_format *format = run->render.options->format;
    struct export_zone told = *given;
    const struct export_zone *zone = &told;
    if (!is_wanted(run, zone->name))
        return true;
    if (zone->shadow) {
        run->render.summary->shadow++;
        return true;
    }
    told.origins = tell_apart(run, given);
    struct export_choice choice;
    export_choice_zone(zone, run->render.options, &format->target, &choice);
    if (run->render.options->filter)
        return write_filtered(run, zone, &choice);
    count_zone(run, zone);
    format->write_zone(&run->render, zone, &choice);
    return !ferror(run->render.to);
}

static bool all_seen(const struct run *run, struct err *err) {
    const struct export_options *options = run->render.options;
    char quoted[QUOTE_SIZE];
    for (size_t i = 0; i < options->zones_n; i++) {
        if (!run->seen[i])
            return err_set(err, "there is no zone %s", quote_text(options->zones[i], quoted));
    }
    return true;
}

static bool write_body(struct run *run, export_source *source, void *source_arg, struct err *err) {
    const struct export_format *format = run->render.options->format;
    FILE *to = run->render.to;
    if (format->oldest)
        fprintf(to, "%s Needs at least %s.\n", format->comment,
                format->oldest(run->render.options));
    if (format->write_head)
        format->write_head(&run->render);
    if (!source(source_arg, append_zone, run, err) || !all_seen(run, err))
        return false;
    if (format->write_tail)
        format->write_tail(&run->render);
    if (fflush(to) != 0 || ferror(to) || !export_layout_hash(to, run->render.summary->sha256))
        return err_set(err, "cannot write a temporary file: %s", strerror(errno));
    return true;
}

FILE *export_body(const struct export_options *given, export_source *source, void *source_arg,
                  struct export_summary *summary, struct err *err) {
    const struct export_format *format = given->format;
    struct export_options options = *given;
    *summary = (struct export_summary){0};
    if (format->target.exact)
        options.place = 0; /* these carry both settings of a ramp */
    FILE *body = tmpfile();
    if (!body) {
        err_set(err, "cannot make a temporary file: %s", strerror(errno));
        return NULL;
    }
    struct run run = {
        .render = {.to = body, .options = &options, .summary = summary},
        .seen = alloc_zero(options.zones_n + 1, sizeof(bool)),
    };
    run.render.state = alloc_zero(format->state_size + 1, 1);
    if (!write_body(&run, source, source_arg, err)) {
        fclose(body);
        body = NULL;
    }
    free(run.render.state);
    free(run.seen);
    free(run.origins);
    return body;
}

bool export_write(FILE *to, const struct export_options *options,
                  const struct export_summary *summary, FILE *body, struct err *err) {
    if (!export_layout_write(to, options, summary, body))
        return err_set(err, "cannot read a temporary file: %s", strerror(errno));
    if (fflush(to) != 0 || ferror(to))
        return err_set(err, "cannot write the export: %s", strerror(errno));
    return true;
}
