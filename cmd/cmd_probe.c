/* originscan probe: scan the named origins once, now, and print what they take. */
#include "cmd/cmd.h"

#include "cmd/probe_run.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/quote.h"
#include "scanner/hello/alpn.h"
#include "scanner/net/address_policy.h"
#include "scanner/probe/tls_prober.h"
#include "store/import/import_guess.h"
#include "store/import/import_line.h"
#include "store/import/import_list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    KEY_JSON = 256,
    KEY_SNI,
    KEY_PORT,
    KEY_TIMEOUT,
    KEY_ALLOW,
    KEY_BLOCKLIST,
    KEY_EXPLAIN,
    KEY_PLAN,
    KEY_COLOR,
    KEY_CONCURRENCY,
    KEY_MSS,
    KEY_HYBRID,
    KEY_DNS,
    KEY_ALPN,
    KEY_HELLO_MAX,
    KEY_RATE,
    KEY_FAIL_ON,
    KEY_ORDERED,
    KEY_SAVE,
    KEY_ADDRESSES,
    KEY_QUIET,
    KEY_HTML,
    KEY_WATCH,
    KEY_INTERVAL,
};

/* A page of more is none that somebody reads. */
enum { PAGE_ORIGINS_MAX = 1000, INTERVAL_S = 60 };

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "Print one JSON object per line (schema originscan.scan/1)", 0},
    {"ordered", KEY_ORDERED, NULL, 0,
     "Print the origins in the order given (default: each as soon as it is finished)", 0},
    {"addresses", KEY_ADDRESSES, "WHICH", 0,
     "Of a name, scan all addresses (default), or the first that takes a connection", 0},
    {"ipv4", '4', NULL, 0, "IPv4 addresses only", 0},
    {"ipv6", '6', NULL, 0, "IPv6 addresses only", 0},
    {"save", KEY_SAVE, "DB", 0,
     "Store each scan in this database, which must have the origin; may be used while a daemon "
     "runs",
     0},
    {"html", KEY_HTML, "FILE", 0,
     "Write the scans to this file as a page to send to whoever runs the origin", 0},
    {"watch", KEY_WATCH, NULL, 0,
     "Scan again and again until interrupted, and print each change on a line", 0},
    {"interval", KEY_INTERVAL, "SECONDS", 0,
     "With --watch: from the start of one round to the start of the next (default 60)", 0},
    {"quiet", KEY_QUIET, NULL, 0,
     "Show no progress (it is shown on standard error if that is a terminal)", 0},
    {"explain", KEY_EXPLAIN, NULL, 0, "Show every probe with its numbers", 0},
    {"plan", KEY_PLAN, "PLAN", 0,
     "daily (default): eleven probes; quick: five of them; full: daily and every drill-down probe",
     0},
    {"sni", KEY_SNI, "NAME", 0, "Server name to send instead of the host ('' for none)", 0},
    {"port", KEY_PORT, "PORT", 0, "Port for origins given without one (default 443)", 0},
    {"timeout", KEY_TIMEOUT, "SECONDS", 0,
     "Deadline of a probe (default 10); less for those that follow a quick answer", 0},
    {"allow", KEY_ALLOW, "CIDR", 0,
     "Allow connections to this block although it is not globally reachable (may be repeated)", 0},
    {"blocklist", KEY_BLOCKLIST, "FILE", 0,
     "Never connect to the blocks listed in this file (ZMap's format)", 0},
    {"concurrency", KEY_CONCURRENCY, "N", 0, "Origins scanned at the same time (default 200)", 0},
    {"mss", KEY_MSS, "BYTES", 0,
     "TCP segment size towards loopback, so that large hellos are split there (default 1360; 0: "
     "the system's)",
     0},
    {"hello-max", KEY_HELLO_MAX, "BYTES", 0,
     "Longest ClientHello that a proxy may send (default 2048)", 0},
    {"alpn", KEY_ALPN, "LIST", 0,
     "Application protocols to offer, comma-separated (default h2,http/1.1; none: no ALPN)", 0},
    {"rate", KEY_RATE, "N", 0, "Connections per second to each address (default: no limit)", 0},
    {"fail-on", KEY_FAIL_ON, "VERDICT[,...]", 0,
     "Exit with status 3 if an origin has one of these verdicts", 0},
    {"hybrid", KEY_HYBRID, "GROUP", 0, "Hybrid group to ask for (default X25519MLKEM768)", 0},
    {"dns", KEY_DNS, "SERVERS", 0, "DNS servers, comma-separated (default: /etc/resolv.conf)", 0},
    {"color", KEY_COLOR, "WHEN", 0, "auto (default), always or never", 0},
    {0},
};

struct arguments {
    struct probe_options run;
    bool bad; /* an argument is no origin */
};

/* Texts are kept until all options are known: --port and --sni hold for every origin. */
static void add_text(struct probe_options *run, const char *text, size_t line) {
    run->texts = array_reserve(run->texts, run->texts_n + 1, &run->texts_room, sizeof *run->texts);
    run->texts[run->texts_n++] = (struct probe_text){alloc_string(text), line};
}

static void name_bad_line(struct arguments *arguments, uint64_t number, const char *why) {
    cmd_say("probe", "line %" PRIu64 ": %s", number, why);
    arguments->run.bad_lines++;
}

/* A line of a list, or a URL that is an argument (0). What it says of the port goes into the text, so that
 * --port is for the others alone. NULL, or why it names no origin. */
static const char *read_line(struct arguments *arguments, char *line, size_t number,
                             struct err *err) {
    char text[ORIGIN_TEXT_SIZE];
    struct import_fields fields;
    struct origin origin;
    const char *why = import_list_read(line, &fields);
    if (why)
        return why;
    if (!fields.endpoint)
        return NULL;
    if (!fields.text[IMPORT_PORT])
        add_text(&arguments->run, fields.endpoint, number);
    else if (import_fields_origin(&fields, &origin, err))
        add_text(&arguments->run, origin_format(&origin, text), number);
    else
        return err->text;
    return NULL;
}

static void take_line(struct arguments *arguments, struct import_line *line) {
    struct err err;
    const char *why = read_line(arguments, line->text, line->number, &err);
    if (why)
        name_bad_line(arguments, line->number, why);
}

static void take_url(struct arguments *arguments, struct argp_state *state, const char *url) {
    struct err err;
    char quoted[QUOTE_SIZE];
    char *copy = alloc_string(url);
    const char *why = read_line(arguments, copy, 0, &err);
    if (why)
        cmd_usage_error(state, "origin %s: %s", quote_text(url, quoted), why);
    free(copy);
}

static void refuse_encoding(struct import_line *line, struct argp_state *state) {
    size_t n;
    const char *text = import_line_peek(line, &n);
    const struct import_encoding *encoding = import_guess_encoding(text, n);
    if (encoding)
        cmd_usage_error(state, "standard input is %s; convert it first: %s < FILE", encoding->name,
                        encoding->command);
}

/* The lines that `import` reads as a list. */
static void read_list(struct arguments *arguments, struct argp_state *state) {
    struct import_line *line = alloc_zero(1, sizeof *line);
    line->in = stdin;
    refuse_encoding(line, state);
    for (;;) {
        switch (import_line_next(line)) {
        case IMPORT_LINE_TEXT:
            take_line(arguments, line);
            break;
        case IMPORT_LINE_BAD:
            name_bad_line(arguments, line->number, line->why);
            break;
        case IMPORT_LINE_UNREADABLE:
            name_bad_line(arguments, line->number + 1, strerror(errno));
            free(line);
            return;
        case IMPORT_LINE_END:
            free(line);
            return;
        }
    }
}

/* https://no-color.org */
static bool color_by_itself(void) {
    const char *no_color = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(no_color && no_color[0]);
}

static void parse_color(struct arguments *arguments, struct argp_state *state, const char *text) {
    if (strcmp(text, "always") == 0)
        arguments->run.text.color = true;
    else if (strcmp(text, "never") == 0)
        arguments->run.text.color = false;
    else if (strcmp(text, "auto") == 0)
        arguments->run.text.color = color_by_itself();
    else
        cmd_unknown_value(state, "--color", text, "auto, always or never");
}

static void parse_hybrid(struct arguments *arguments, struct argp_state *state, const char *text) {
    const struct group *group = group_find(group_parse(text));
    if (!group || !group->post_quantum || !group->finishable ||
        group->id == GROUP_X25519KYBER768DRAFT00)
        cmd_usage_error(state, "--hybrid: \"%s\" is not a post-quantum group that can be probed",
                        text);
    arguments->run.hybrid = group->id;
}

static void parse_mss(struct arguments *arguments, struct argp_state *state, const char *text) {
    uint16_t mss = (uint16_t)cmd_number(state, "mss", text, 0, 32767);
    if (mss && mss < 88)
        cmd_usage_error(state, "--mss: %s is below 88, the smallest that Linux accepts", text);
    arguments->run.mss = mss;
}

static void parse_alpn(struct arguments *arguments, struct argp_state *state, const char *text) {
    struct alpn alpn;
    struct err err;
    if (!alpn_parse(text, &alpn, &err))
        cmd_usage_error(state, "--alpn: %s", err.text);
    arguments->run.alpn = text;
}

static void parse_addresses(struct arguments *arguments, struct argp_state *state,
                            const char *text) {
    bool all = strcmp(text, "all") == 0;
    if (!all && strcmp(text, "first") != 0)
        cmd_unknown_value(state, "--addresses", text, "all or first");
    arguments->run.all_addresses = all;
}

static void parse_rate(struct arguments *arguments, struct argp_state *state, const char *text) {
    char *end;
    double rate = strtod(text, &end);
    if (end == text || *end || !(rate > 0 && rate <= 1e6))
        cmd_usage_error(state, "--rate: \"%s\" is not a number above 0 and up to 1000000", text);
    arguments->run.rate = rate;
}

static void parse_fail_on(struct arguments *arguments, struct argp_state *state, const char *text) {
    char *copy = alloc_string(text), *rest = copy;
    enum verdict verdict;
    for (char *name; (name = strsep(&rest, ","));) {
        if (!verdict_parse(name, &verdict))
            cmd_usage_error(state, "--fail-on: \"%s\" is not a verdict", name);
        arguments->run.fail_on |= UINT64_C(1) << verdict;
    }
    free(copy);
}

static void add_origin(struct arguments *arguments, struct argp_state *state, char *text) {
    if (strcmp(text, "-") == 0)
        read_list(arguments, state);
    else if (strstr(text, "://"))
        take_url(arguments, state, text);
    else
        add_text(&arguments->run, text, 0);
}

/* How it is measured. */
static error_t parse_measuring(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    struct probe_options *run = &arguments->run;
    switch (key) {
    case KEY_MSS:
        parse_mss(arguments, state, text);
        return 0;
    case KEY_HYBRID:
        parse_hybrid(arguments, state, text);
        return 0;
    case KEY_ALPN:
        parse_alpn(arguments, state, text);
        return 0;
    case KEY_HELLO_MAX:
        run->hello_max = (uint16_t)cmd_number(state, "hello-max", text, 1600, 16384);
        return 0;
    case KEY_RATE:
        parse_rate(arguments, state, text);
        return 0;
    case KEY_ADDRESSES:
        parse_addresses(arguments, state, text);
        return 0;
    case '4':
        run->family = AF_INET;
        return 0;
    case '6':
        run->family = AF_INET6;
        return 0;
    case KEY_TIMEOUT:
        run->timeout_ms = cmd_seconds_ms(state, "timeout", text, 10, 300000);
        return 0;
    case KEY_DNS:
        run->dns_servers = text;
        return 0;
    case KEY_CONCURRENCY:
        run->concurrency = cmd_number(state, "concurrency", text, 1, 100000);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* What becomes of the results. */
static error_t parse_printing(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    struct probe_options *run = &arguments->run;
    switch (key) {
    case KEY_JSON:
        run->json = true;
        return 0;
    case KEY_SAVE:
        run->save = text;
        return 0;
    case KEY_HTML:
        run->html = text;
        return 0;
    case KEY_ORDERED:
        run->ordered = true;
        return 0;
    case KEY_QUIET:
        run->quiet = true;
        return 0;
    case KEY_EXPLAIN:
        run->text.explain = true;
        return 0;
    case KEY_FAIL_ON:
        parse_fail_on(arguments, state, text);
        return 0;
    case KEY_COLOR:
        parse_color(arguments, state, text);
        return 0;
    }
    return parse_measuring(key, text, state);
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    struct probe_options *run = &arguments->run;
    struct err err;
    switch (key) {
    case KEY_WATCH:
        run->watch = true;
        return 0;
    case KEY_INTERVAL:
        run->interval_s = cmd_number(state, "interval", text, 1, 86400);
        return 0;
    case KEY_PLAN:
        if (!plan_parse(text, &run->plan))
            cmd_unknown_value(state, "--plan", text, "daily, quick or full");
        return 0;
    case KEY_SNI:
        run->sni = text;
        return 0;
    case KEY_PORT:
        if (!origin_parse_port(text, &run->port, &err))
            cmd_usage_error(state, "--port: %s", err.text);
        return 0;
    case KEY_ALLOW:
        if (!address_policy_allow(run->policy, text, &err))
            cmd_usage_error(state, "--allow: %s", err.text);
        return 0;
    case KEY_BLOCKLIST:
        if (!address_policy_block_file(run->policy, text, &err))
            cmd_usage_error(state, "--blocklist: %s", err.text);
        return 0;
    case ARGP_KEY_ARG:
        add_origin(arguments, state, text);
        return 0;
    case ARGP_KEY_END:
        if (run->texts_n == 0 && run->bad_lines == 0)
            cmd_usage_error(state, "no origin given");
        if (run->html && run->texts_n > PAGE_ORIGINS_MAX)
            cmd_usage_error(state, "--html: a page holds at most %d origins", PAGE_ORIGINS_MAX);
        return 0;
    }
    return parse_printing(key, text, state);
}

/* The error names the piece that is wrong, which at times is the whole text. */
static void name_bad_origin(const struct probe_text *text, const struct err *err) {
    char quoted[QUOTE_SIZE];
    char line[32] = "";
    bool named = strncmp(err->text, "origin ", 7) == 0;
    if (text->line)
        snprintf(line, sizeof line, "line %zu: ", text->line);
    cmd_say("probe", "%s%s%s%s%s", line, named ? "" : "origin ",
            named ? "" : quote_text(text->text, quoted), named ? "" : ": ", err->text);
}

/* Names every text that is no origin, and leaves it out. A bad argument is wrong usage; a bad line of a list, which
 * may come from anywhere, does not stop the others. */
static void check_origins(struct arguments *arguments) {
    struct probe_options *run = &arguments->run;
    size_t kept = 0;
    for (size_t i = 0; i < run->texts_n; i++) {
        struct origin origin;
        struct err err;
        if (probe_run_origin(run, run->texts[i].text, &origin, &err)) {
            run->texts[kept++] = run->texts[i];
            continue;
        }
        name_bad_origin(&run->texts[i], &err);
        if (run->texts[i].line)
            run->bad_lines++;
        else
            arguments->bad = true;
        free(run->texts[i].text);
    }
    run->texts_n = kept;
}

static void clear_run(struct probe_options *run) {
    for (size_t i = 0; i < run->texts_n; i++)
        free(run->texts[i].text);
    free(run->texts);
    address_policy_free(run->policy);
}

int cmd_probe(int argc, char **argv) {
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .args_doc = "ORIGIN...",
        .doc = "Probes each ORIGIN and prints what it supports, as soon as it is known.\v"
               "ORIGIN is host, host:port, [v6]:port, host:port@address or a URL; `-' reads a list "
               "from standard input as `import' does: one origin or URL per line, `#' begins a "
               "comment. Bad lines are reported and skipped. Each address of a name is scanned and "
               "has a verdict of its own; the origin was measured if one of them was.\n\n"
               "Exit status: 0 every origin was measured, 1 some were not or a line was bad, 2 "
               "wrong usage, 3 an origin has a verdict of --fail-on. With --watch the last whole "
               "round counts.",
    };
    struct arguments arguments = {
        .run = {.plan = PLAN_DAILY,
                .hybrid = GROUP_X25519MLKEM768,
                .timeout_ms = 10000,
                .concurrency = 200,
                .mss = 1360,
                .all_addresses = true,
                .hello_max = TLS_PROBER_HELLO_MAX,
                .interval_s = INTERVAL_S,
                .port = 443},
    };
    arguments.run.text.color = color_by_itself();
    arguments.run.policy = address_policy_new();
    cmd_parse(&argp, argc, argv, 0, &arguments);
    check_origins(&arguments);
    int status = CMD_USAGE;
    if (!arguments.bad)
        status = arguments.run.texts_n > 0 ? probe_run(&arguments.run) : CMD_SOME_FAILED;
    clear_run(&arguments.run);
    return status;
}
