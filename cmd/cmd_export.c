/* originscan export: the settings of zones in the form that a proxy or CDN takes. */
#include "cmd/cmd.h"

#include "cmd/settle/zone_view.h"
#include "cmd/standard_output.h"
#include "report/output/export_folder.h"
#include "report/output/export_since.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { EXPORT_UNCHANGED = 3 };

enum {
    KEY_DB = 256,
    KEY_FORMAT,
    KEY_ZONE,
    KEY_OUTPUT,
    KEY_CHECK,
    KEY_FORCE,
    KEY_OPENSSL,
    KEY_VARIANT,
    KEY_NONE,
    KEY_PLACE,
    KEY_SNIPPET,
    KEY_LISTEN,
    KEY_ATS,
    KEY_HAPROXY,
    KEY_EXIT_CHANGED,
    KEY_KEEP,
    KEY_SINCE,
    KEY_VERIFY,
    KEY_CA_FILE,
    KEY_CLIENT_CERT,
    KEY_CLIENT_KEY,
    KEY_HEALTH_CHECKS,
    KEY_RESOLVERS
};

static const struct argp_option argp_options[] = {
    {"db", KEY_DB, "FILE", 0, "The database", 0},
    {"format", KEY_FORMAT, "FORMAT", 0, "What to write; see below", 0},
    {"zone", KEY_ZONE, "ZONE", 0, "Only this zone (may be repeated)", 0},
    {"output", KEY_OUTPUT, "FILE", 0,
     "Replace this file atomically (default: standard output); nginx: or this folder, where it "
     "ends in / or is one, with a snippet for each zone",
     1},
    {"check-command", KEY_CHECK, "COMMAND", 0,
     "Run with /bin/sh before the file is replaced, with the new file's name appended or in place "
     "of each `{}'; if it fails, the file stays as it is",
     1},
    {"force", KEY_FORCE, NULL, 0,
     "Replace the file even if more than 10 % of its zones would be missing or lowered, or if it "
     "is damaged or was edited; export even if the global brake is on",
     1},
    {"keep", KEY_KEEP, "N", 0,
     "With --output: keep this many older generations beside the file, as FILE.~GENERATION~", 1},
    {"since", KEY_SINCE, "GENERATION", 0,
     "With --output: also write to standard output those zones that differ from that generation "
     "of the file",
     1},
    {"exit-changed", KEY_EXIT_CHANGED, NULL, 0,
     "With --output: exit with 3 if nothing changed for the target of the file", 1},
    {"variant", KEY_VARIANT, "VARIANT", 0,
     "single (default): `preferred' sends only the hybrid's key share; dual: a classical one as "
     "well, where that is proven",
     2},
    {"none", KEY_NONE, "SETTING", 0,
     "leave (default): leave out zones without advice, unless a scan has shown that `off' works "
     "there; off: write `off' for them, unless it is known to fail there",
     2},
    {"openssl", KEY_OPENSSL, "VERSION", 0,
     "OpenSSL used by nginx, haproxy, ats and openssl: 3.5 (default) for 3.5 and later, 3.0 for "
     "1.1.1 to 3.4, which lack the hybrid",
     2},
    {"place", KEY_PLACE, "N", 0,
     "This proxy's place in ramps, 0 to 99: 0 takes new settings first (default 99, last)", 2},
    {"snippet", KEY_SNIPPET, NULL, 0, "nginx, one --zone: bare directives to include", 2},
    {"listen", KEY_LISTEN, "ADDRESS", 0,
     "nginx: where server blocks listen (default 127.0.0.1:8480)", 2},
    {"ats", KEY_ATS, "VERSION", 0, "ats: 10 (default, records.yaml) or 9 (records.config)", 2},
    {"haproxy", KEY_HAPROXY, "VERSION", 0,
     "haproxy, haproxy-env: the release that reads the file, such as 3.0; older than 2.9 is "
     "refused",
     2},
    {"verify", KEY_VERIFY, "HOW", 0,
     "haproxy, nginx, caddy, envoy: required or none, whether the origin's certificate is verified "
     "(default: all but nginx verify with the system's CAs, nginx only with --ca-file)",
     3},
    {"ca-file", KEY_CA_FILE, "FILE", 0,
     "haproxy, nginx, caddy, envoy: verify with the CAs in this file", 3},
    {"client-cert", KEY_CLIENT_CERT, "FILE", 0,
     "haproxy, nginx, caddy, envoy: show this certificate to origins; the file also has the key "
     "unless --client-key names another",
     3},
    {"client-key", KEY_CLIENT_KEY, "FILE", 0, "nginx, caddy, envoy: the key of --client-cert", 3},
    {"health-checks", KEY_HEALTH_CHECKS, NULL, 0, "haproxy: add `check' to each server line", 3},
    {"resolvers", KEY_RESOLVERS, "NAME", 0,
     "haproxy: the `resolvers' section that servers without a fixed address use; nginx: addresses "
     "of DNS servers, which look names up for each request (default: when nginx starts)",
     3},
    {0},
};

struct arguments {
    const char *db;
    struct export_options options;
    struct export_file_options file;
    const char **zones;
    bool exit_changed;
    bool folder;    /* --output names one */
    uint64_t since; /* 0: --since was not given */
    enum export_file_outcome outcome;
};

static void parse_format(struct arguments *arguments, struct argp_state *state, const char *text) {
    arguments->options.format = export_find(text);
    if (!arguments->options.format)
        cmd_usage_error(state, "--format: unknown format \"%s\"; --help lists them", text);
}

static void parse_openssl(struct arguments *arguments, struct argp_state *state, const char *text) {
    if (strcmp(text, "3.5") == 0)
        arguments->options.openssl = EXPORT_OPENSSL_35;
    else if (strcmp(text, "3.0") == 0)
        arguments->options.openssl = EXPORT_OPENSSL_30;
    else
        cmd_usage_error(state, "--openssl: unknown value \"%s\"; use 3.5 or 3.0", text);
}

/* "2.6", or "2.6.12", of which the end is of no interest. */
static void parse_haproxy(struct arguments *arguments, struct argp_state *state, const char *text) {
    char *end;
    unsigned long major = strtoul(text, &end, 10), minor = 0;
    bool good = text[0] >= '0' && text[0] <= '9' && *end == '.' && end[1] >= '0' && end[1] <= '9';
    if (good)
        minor = strtoul(end + 1, &end, 10);
    if (!good || (*end && *end != '.' && *end != '-') || major < 1 || major > 99 || minor > 99)
        cmd_usage_error(state, "--haproxy: \"%s\" is not a release such as 3.0", text);
    arguments->options.haproxy = (unsigned)(100 * major + minor);
}

static void parse_variant(struct arguments *arguments, struct argp_state *state, const char *text) {
    arguments->options.dual = strcmp(text, "dual") == 0;
    if (!arguments->options.dual && strcmp(text, "single") != 0)
        cmd_usage_error(state, "--variant: unknown value \"%s\"; use single or dual", text);
}

static void parse_none(struct arguments *arguments, struct argp_state *state, const char *text) {
    arguments->options.none_off = strcmp(text, "off") == 0;
    if (!arguments->options.none_off && strcmp(text, "leave") != 0)
        cmd_usage_error(state, "--none: unknown value \"%s\"; use off or leave", text);
}

static void parse_verify(struct arguments *arguments, struct argp_state *state, const char *text) {
    if (strcmp(text, "required") == 0)
        arguments->options.tls.verify = EXPORT_VERIFY_REQUIRED;
    else if (strcmp(text, "none") == 0)
        arguments->options.tls.verify = EXPORT_VERIFY_NONE;
    else
        cmd_usage_error(state, "--verify: unknown value \"%s\"; use required or none", text);
}

/* What goes into the lines of a template as it is. */
static bool parse_template_option(struct arguments *arguments, struct argp_state *state, int key,
                                  const char *text) {
    struct export_origin_tls *tls = &arguments->options.tls;
    switch (key) {
    case KEY_VERIFY:
        parse_verify(arguments, state, text);
        return true;
    case KEY_CA_FILE:
        tls->ca_file = text;
        return true;
    case KEY_CLIENT_CERT:
        tls->client_cert = text;
        return true;
    case KEY_CLIENT_KEY:
        tls->client_key = text;
        return true;
    case KEY_HEALTH_CHECKS:
        tls->checks = true;
        return true;
    case KEY_RESOLVERS:
        tls->resolvers = text;
        return true;
    }
    return false;
}

static bool names_folder(const char *path) {
    struct stat info;
    size_t n = path ? strlen(path) : 0;
    return n > 0 && (path[n - 1] == '/' || (stat(path, &info) == 0 && S_ISDIR(info.st_mode)));
}

/* A folder holds a snippet for each zone there is. */
static void check_folder(struct arguments *arguments, struct argp_state *state) {
    arguments->folder = names_folder(arguments->file.path);
    if (!arguments->folder)
        return;
    if (strcmp(export_name(arguments->options.format), "nginx") != 0)
        cmd_usage_error(
            state, "--output: only nginx has a file for each zone, so \"%s\" must not be a folder",
            arguments->file.path);
    if (arguments->options.zones_n > 0)
        cmd_usage_error(state, "--zone: a folder holds the snippets of all zones");
    arguments->options.snippet = arguments->options.folder = true;
}

static void check_arguments(struct arguments *arguments, struct argp_state *state) {
    struct err err;
    if (!arguments->db)
        cmd_usage_error(state, "--db FILE is missing");
    if (!arguments->options.format)
        cmd_usage_error(state, "--format FORMAT is missing");
    if (!arguments->file.path && arguments->file.check_command)
        cmd_usage_error(state, "--check-command needs --output");
    check_folder(arguments, state);
    if ((!arguments->file.path || arguments->folder) && (arguments->since || arguments->file.keep))
        cmd_usage_error(state, "--since and --keep need --output FILE");
    if (!arguments->file.path && arguments->exit_changed)
        cmd_usage_error(state, "--exit-changed needs --output");
    if (!export_check(&arguments->options, &err))
        cmd_usage_error(state, "%s", err.text);
}

/* About the file that is written. */
static bool parse_file_option(struct arguments *arguments, struct argp_state *state, int key,
                              char *text) {
    switch (key) {
    case KEY_OUTPUT:
        arguments->file.path = text;
        return true;
    case KEY_CHECK:
        arguments->file.check_command = text;
        return true;
    case KEY_KEEP:
        arguments->file.keep = cmd_number(state, "keep", text, 0, 1000);
        return true;
    case KEY_SINCE:
        arguments->since = cmd_number(state, "since", text, 1, UINT32_MAX);
        return true;
    case KEY_EXIT_CHANGED:
        arguments->exit_changed = true;
        return true;
    case KEY_FORCE:
        arguments->file.force = true;
        return true;
    }
    return false;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    struct export_options *options = &arguments->options;
    if (parse_template_option(arguments, state, key, text) ||
        parse_file_option(arguments, state, key, text))
        return 0;
    switch (key) {
    case KEY_DB:
        arguments->db = text;
        return 0;
    case KEY_FORMAT:
        parse_format(arguments, state, text);
        return 0;
    case KEY_ZONE:
        arguments->zones[options->zones_n++] = text;
        return 0;
    case KEY_OPENSSL:
        parse_openssl(arguments, state, text);
        return 0;
    case KEY_HAPROXY:
        parse_haproxy(arguments, state, text);
        return 0;
    case KEY_VARIANT:
        parse_variant(arguments, state, text);
        return 0;
    case KEY_NONE:
        parse_none(arguments, state, text);
        return 0;
    case KEY_PLACE:
        options->place = cmd_number(state, "place", text, 0, EXPORT_PLACE_LAST);
        return 0;
    case KEY_SNIPPET:
        options->snippet = true;
        return 0;
    case KEY_LISTEN:
        options->listen = text;
        return 0;
    case KEY_ATS:
        options->ats = cmd_number(state, "ats", text, 9, 10);
        return 0;
    case ARGP_KEY_ARG:
        cmd_usage_error(state, "unexpected argument \"%s\"", text);
    case ARGP_KEY_END:
        check_arguments(arguments, state);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static char *list_formats(int key, const char *text, void *input) {
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)text;
    char *out = NULL;
    size_t n, room = 0;
    const struct export_format *const *formats = export_formats(&n);
    FILE *to = open_memstream(&out, &room);
    if (!to)
        return (char *)text;
    fputs("Formats:\n", to);
    for (size_t i = 0; i < n; i++)
        fprintf(to, "  %-12s %s\n", export_name(formats[i]), export_help(formats[i]));
    fputs("\nExamples:\n"
          "  originscan export --db origins.db --format haproxy --output pq.cfg \\\n"
          "      --check-command 'haproxy -c -f /etc/haproxy/haproxy.cfg -f'\n"
          "  originscan export --db origins.db --format haproxy-env \\\n"
          "      --output pq-env.cfg --exit-changed\n"
          "  originscan export --db origins.db --format nginx --output pq/\n",
          to);
    fputs(
        "\nIf a format cannot express a setting, the nearest safe one is written and a comment "
        "says why.\n\n"
        "Exit status: 0 done, 1 refused or failed, 2 wrong usage or no usable database, 3 nothing "
        "changed (with --exit-changed).",
        to);
    fclose(to);
    return out;
}

static bool write_stdout(struct export_options *options, struct zone_view_source *source,
                         struct export_summary *summary, struct err *err) {
    FILE *body = export_body(options, zone_view_export, source, summary, err);
    if (!body)
        return false;
    bool done = export_write(stdout, options, summary, body, err);
    if (!done)
        standard_output_told();
    fclose(body);
    return done;
}

static void report_file(const struct arguments *arguments, const struct export_summary *summary) {
    static const char *const words[] = {[EXPORT_FILE_CHANGED] = "changed",
                                        [EXPORT_FILE_REFRESHED] =
                                            "unchanged except for its evidence",
                                        [EXPORT_FILE_UNTOUCHED] = "unchanged"};
    cmd_say("export",
            "%s: %s, generation %" PRIu64 ", %" PRIu64 " zones; settings: %" PRIu64
            " preferred, %" PRIu64 " supported, %" PRIu64 " off",
            arguments->file.path, words[arguments->outcome], arguments->options.generation,
            summary->zones, summary->by_level[LEVEL_PREFERRED], summary->by_level[LEVEL_SUPPORTED],
            summary->by_level[LEVEL_OFF]);
}

static int finish_folder(const struct arguments *arguments,
                         const struct export_folder_summary *summary) {
    cmd_say("export",
            "%s: %" PRIu64 " files, %" PRIu64 " changed, %" PRIu64 " removed; settings: %" PRIu64
            " preferred, %" PRIu64 " supported, %" PRIu64 " off",
            arguments->file.path, summary->files, summary->changed, summary->removed,
            summary->settings.by_level[LEVEL_PREFERRED],
            summary->settings.by_level[LEVEL_SUPPORTED], summary->settings.by_level[LEVEL_OFF]);
    bool changed = summary->outcome == EXPORT_FILE_CHANGED;
    return arguments->exit_changed && !changed ? EXPORT_UNCHANGED : CMD_DONE;
}

static int fail_export(const struct arguments *arguments, const struct err *err) {
    const char *path = arguments->file.path;
    cmd_say("export", "%s%s%s", path ? path : "", path ? ": " : "", err->text);
    return CMD_SOME_FAILED;
}

/* While the global brake is on nothing is to change anywhere. */
static bool open_source(const struct arguments *arguments, struct store *store,
                        struct zone_view_source *source, struct err *err) {
    char why[64], since[CLOCK_ISO_SIZE];
    int64_t since_ms;
    if (!zone_view_source_init(source, store, arguments->options.now_ms, err) ||
        !zone_view_brake(source, why, &since_ms, err))
        return false;
    source->zones = arguments->zones;
    source->zones_n = arguments->options.zones_n;
    source->certificates = export_shows_certificates(arguments->options.format);
    source->holds = export_tells_of_origins(arguments->options.format);
    if (!why[0] || arguments->file.force)
        return true;
    return err_set(err,
                   "the global brake has been on since %s (%s): exports stay as they are; --force "
                   "exports all the same",
                   clock_iso(since_ms, since), why);
}

static bool write_export(struct arguments *arguments, struct zone_view_source *source,
                         struct export_summary *summary, struct err *err) {
    if (!arguments->file.path)
        return write_stdout(&arguments->options, source, summary, err);
    return export_file_write(&arguments->file, &arguments->options, zone_view_export, source,
                             summary, &arguments->outcome, err);
}

/* The file as ever, and then what of it is new since that generation. */
static bool write_since(struct arguments *arguments, struct zone_view_source *source,
                        struct export_summary *summary, struct err *err) {
    struct export_since since;
    struct export_options options;
    struct export_summary part;
    if (!export_since_open(&since, arguments->file.path, arguments->since,
                           arguments->options.format, err))
        return false;
    bool done = write_export(arguments, source, summary, err);
    options = arguments->options;
    options.filter = export_since_passes;
    options.filter_arg = &since;
    done = done && write_stdout(&options, source, &part, err);
    if (done)
        cmd_say("export",
                "%" PRIu64 " zone%s changed since generation %" PRIu64 ", %zu no longer exported",
                since.changed, since.changed == 1 ? "" : "s", arguments->since,
                since.then.zones_n - (size_t)since.matched);
    export_since_clear(&since);
    return done;
}

static int export_zones(struct arguments *arguments, struct store *store) {
    struct err err;
    struct zone_view_source source;
    struct export_summary summary;
    struct export_folder_summary folder;
    if (!open_source(arguments, store, &source, &err))
        return fail_export(arguments, &err);
    if (arguments->folder)
        return export_folder_write(&arguments->file, &arguments->options, zone_view_export, &source,
                                   &folder, &err)
                   ? finish_folder(arguments, &folder)
                   : fail_export(arguments, &err);
    if (!(arguments->since ? write_since : write_export)(arguments, &source, &summary, &err))
        return fail_export(arguments, &err);
    if (arguments->file.path)
        report_file(arguments, &summary);
    bool changed = arguments->outcome == EXPORT_FILE_CHANGED;
    return arguments->exit_changed && !changed ? EXPORT_UNCHANGED : CMD_DONE;
}

int cmd_export(int argc, char **argv) {
    const struct argp argp = {
        .options = argp_options,
        .parser = parse_option,
        .doc = "Writes the settings of zones in the format of a proxy or CDN.\v",
        .help_filter = list_formats,
    };
    struct arguments arguments = {
        .options = export_defaults(),
        .zones = alloc_zero((size_t)argc, sizeof(char *)),
    };
    arguments.options.generator = "originscan " ORIGINSCAN_VERSION;
    arguments.options.now_ms = clock_wall_ms();
    arguments.options.zones = arguments.zones;
    cmd_parse(&argp, argc, argv, 0, &arguments);
    struct store *store = cmd_open_store("export", arguments.db, STORE_READ);
    int status = store ? export_zones(&arguments, store) : CMD_USAGE;
    store_close(store);
    free(arguments.zones);
    return status;
}
