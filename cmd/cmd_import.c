/* originscan import: add origins to a database, or update them. */
#include "cmd/cmd.h"

#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "scanner/base/quote.h"
#include "store/import/import_reader.h"
#include "store/store_import.h"
#include "store/store_remove.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A batch is one transaction, for which a daemon beside it waits. */
enum { BATCH = 1000, BAD_SHOWN = 20 };

enum { KEY_DB = 256, KEY_FORMAT, KEY_MAP, KEY_STRICT, KEY_REPLACE, KEY_FORCE };

#define FORMATS "auto, list, csv, ndjson, hosts, haproxy, nginx, ansible or file_sd"

static const struct argp_option options[] = {
    {"db", KEY_DB, "FILE", 0, "The database; created if it does not exist", 0},
    {"format", KEY_FORMAT, "FORMAT", 0,
     "auto (default: found out); list: one host[:port] or URL per line; csv: with a header of zone,"
     "host,port,sni,address,weight in any order; ndjson: one object per line with the same keys; "
     "hosts: a hosts file; haproxy, nginx: the servers in a configuration; ansible: an inventory; "
     "file_sd: targets of Prometheus",
     0},
    {"map", KEY_MAP, "KEY=COLUMN", 0,
     "Take zone, host, port, sni, address or weight from the column, key, variable or label of "
     "that name (may be repeated): --map host=hostname",
     0},
    {"strict", KEY_STRICT, NULL, 0, "Import nothing if any line is bad", 0},
    {"replace", KEY_REPLACE, NULL, 0,
     "Take origins out of zones in which the list no longer names them, and remove those that are "
     "in no zone any more; refused if any line is bad or if that is more than a tenth of all",
     0},
    {"force", KEY_FORCE, NULL, 0, "With --replace: do it all the same", 0},
    {0},
};

struct arguments {
    const char *db;
    const char *file;
    enum import_format format;
    struct import_map map;
    bool strict;
    bool replace;
    bool force;
};

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    struct err why;
    switch (key) {
    case KEY_DB:
        arguments->db = text;
        return 0;
    case KEY_FORMAT:
        if (!import_reader_format(text, &arguments->format))
            cmd_unknown_value(state, "--format", text, FORMATS);
        return 0;
    case KEY_MAP:
        if (!import_fields_map(&arguments->map, text, &why))
            cmd_usage_error(state, "--map: %s", why.text);
        return 0;
    case KEY_STRICT:
        arguments->strict = true;
        return 0;
    case KEY_REPLACE:
        arguments->replace = true;
        return 0;
    case KEY_FORCE:
        arguments->force = true;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->file)
            cmd_usage_error(state, "more than one FILE given");
        arguments->file = text;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->db)
            cmd_usage_error(state, "--db FILE is missing");
        if (arguments->force && !arguments->replace)
            cmd_usage_error(state, "--force goes with --replace");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

struct import {
    const struct arguments *arguments;
    struct store *store;
    struct import_reader *reader;
    struct origin *origins; /* read and not yet stored */
    uint64_t *numbers;      /* of their lines */
    size_t n;
    uint64_t bad;
    bool good; /* neither the input nor the store failed */
    struct store_import_counts counts;
    struct store_removed removed;
};

static const char *input_name(const struct import *import) {
    const char *file = import->arguments->file;
    return file && strcmp(file, "-") != 0 ? file : "standard input";
}

__attribute__((format(printf, 3, 4))) static void tell_bad(struct import *import, uint64_t line,
                                                           const char *format, ...) {
    va_list args;
    char what[sizeof(struct err)];
    if (++import->bad > BAD_SHOWN)
        return;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    cmd_say("import", "%s:%" PRIu64 ": %s", input_name(import), line, what);
}

static void tell_conflict(void *arg, const struct store_import_conflict *conflict) {
    struct import *import = arg;
    const struct origin *origin = conflict->origin;
    char text[ORIGIN_TEXT_SIZE], zone[QUOTE_SIZE];
    tell_bad(import, conflict->line,
             "%s has weight %g here, but weight %g on line %" PRIu64 ", in the same zone %s; the "
             "first one counts",
             origin_format(origin, text), origin->weight, conflict->first_weight,
             conflict->first_line, quote_text(origin->zone, zone));
}

static bool store_batch(struct import *import, struct err *err) {
    struct store_import_lines lines = {.origins = import->origins,
                                       .numbers = import->numbers,
                                       .n = import->n,
                                       .conflict = tell_conflict,
                                       .arg = import};
    enum store_result result =
        store_import_lines(import->store, &lines, clock_wall_ms(), &import->counts, err);
    import->n = 0;
    return result == STORE_OK;
}

/* Reads to the end; false where the input or the store fails, with `err`. */
static bool read_all(struct import *import, struct err *err) {
    for (;;) {
        struct err why;
        switch (import_reader_next(import->reader, &import->origins[import->n], &why)) {
        case IMPORT_ORIGIN:
            import->numbers[import->n] = import_reader_line(import->reader);
            if (++import->n == BATCH && !store_batch(import, err))
                return false;
            break;
        case IMPORT_BAD:
            tell_bad(import, import_reader_line(import->reader), "%s", why.text);
            break;
        case IMPORT_END:
            return import->n == 0 || store_batch(import, err);
        case IMPORT_FAILED:
            store_batch(import, NULL); /* what was read so far is sound */
            return err_set(err, "%s: %s", input_name(import), why.text);
        }
    }
}

/* A list that lacks a tenth is more likely to be broken than the fleet to be that much smaller. */
static bool is_too_much(const struct import *import, const struct store_unnamed *unnamed,
                        struct err *err) {
    if (import->arguments->force || unnamed->unnamed * 10 <= unnamed->memberships)
        return false;
    err_set(err,
            "the list leaves out %" PRIu64 " of %" PRIu64
            " origins, each counted in each of its zones: more than a tenth; if that is meant, use "
            "--force",
            unnamed->unnamed, unnamed->memberships);
    return true;
}

/* The tenth is one of what was there before. */
static bool remove_unnamed(struct import *import, struct err *err) {
    struct store_unnamed unnamed;
    if (store_remove_count(import->store, &unnamed, err) != STORE_OK)
        return false;
    unnamed.memberships -= import->counts.added + import->counts.joined;
    return !is_too_much(import, &unnamed, err) &&
           store_remove_unnamed(import->store, clock_wall_ms(), &import->removed, err) == STORE_OK;
}

static bool tolerates_bad_lines(const struct arguments *arguments) {
    return !arguments->strict && (!arguments->replace || arguments->force);
}

/* All or nothing. */
static enum store_result import_whole(void *arg, struct err *err) {
    struct import *import = arg;
    import->good = read_all(import, err);
    if (!import->good || (import->bad > 0 && !tolerates_bad_lines(import->arguments)))
        return STORE_BROKEN;
    if (import->arguments->replace)
        import->good = remove_unnamed(import, err);
    return import->good ? STORE_OK : STORE_BROKEN;
}

static void print_notes(struct import *import) {
    const char *note;
    if (import->bad > BAD_SHOWN)
        cmd_say("import", "%s: %" PRIu64 " more bad lines are not shown", input_name(import),
                import->bad - BAD_SHOWN);
    for (size_t i = 0; (note = import_reader_note(import->reader, i)); i++)
        cmd_say("import", "%s: %s", input_name(import), note);
}

/* An origin may be in several zones: what a list adds to that is to be seen. */
static void print_counts(const struct import *import) {
    const struct store_import_counts *counts = &import->counts;
    printf("%" PRIu64 " origin%s added, ", counts->added, counts->added == 1 ? "" : "s");
    if (counts->joined)
        printf("%" PRIu64 " put into a further zone, ", counts->joined);
    printf("%" PRIu64 " updated, %" PRIu64 " unchanged", counts->updated, counts->same);
    if (import->arguments->replace)
        printf(", %" PRIu64 " removed", import->removed.origins);
    if (import->removed.memberships)
        printf(", %" PRIu64 " taken out of a zone", import->removed.memberships);
}

static int print_summary(struct import *import, bool kept, const struct err *err) {
    print_notes(import);
    if (!import->good)
        cmd_fail("import", err);
    else if (!kept && import->arguments->replace)
        cmd_say("import", "with --replace a bad line may be an origin that would be removed; "
                          "correct the list, or use --force");
    enum import_format format = import_reader_found(import->reader);
    if (format != IMPORT_AUTO) /* nothing was read */
        printf("read as %s: ", import_reader_format_name(format));
    if (kept) {
        print_counts(import);
    } else
        printf("nothing imported");
    printf("; %" PRIu64 " bad line%s\n", import->bad, import->bad == 1 ? "" : "s");
    return kept && import->good && import->bad == 0 ? CMD_DONE : CMD_SOME_FAILED;
}

static int import_all(struct import *import) {
    struct err err = {{0}};
    const struct arguments *arguments = import->arguments;
    bool kept = true;
    if (store_import_begin(import->store, &err) != STORE_OK) {
        kept = import->good = false;
    } else if (arguments->strict || arguments->replace) {
        kept = store_transaction(import->store, import_whole, import, &err) == STORE_OK;
        import->good = kept || (import->good && import->bad > 0);
    } else {
        import->good = read_all(import, &err);
    }
    return print_summary(import, kept, &err);
}

static int import_from(const struct arguments *arguments, FILE *in) {
    struct import import = {.arguments = arguments,
                            .store = cmd_open_inventory("import", arguments->db)};
    if (!import.store)
        return CMD_USAGE;
    import.reader = import_reader_new(in, arguments->format, &arguments->map);
    import.numbers = alloc_zero(BATCH, sizeof *import.numbers);
    import.origins = alloc_zero(BATCH, sizeof *import.origins);
    int status = import_all(&import);
    free(import.origins);
    free(import.numbers);
    import_reader_free(import.reader);
    store_close(import.store);
    return status;
}

int cmd_import(int argc, char **argv) {
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .args_doc = "[FILE]",
        .doc =
            "Adds the origins listed in FILE, or on standard input, to a database; origins it "
            "already has are updated. May be used while a daemon runs.\v"
            "Zone and server name default to the host. An origin may be in several zones, with "
            "a weight in each: it is scanned once, and stays in those that the list does not "
            "name. Bad lines are reported by number and skipped; if an origin has two weights in "
            "one zone, the first one counts.\n\n"
            "Exit status: 0 every line was imported, 1 some were not, 2 wrong usage or no "
            "usable database.",
    };
    struct arguments arguments = {.format = IMPORT_AUTO};
    cmd_parse(&argp, argc, argv, 0, &arguments);
    if (!arguments.file || strcmp(arguments.file, "-") == 0)
        return import_from(&arguments, stdin);
    FILE *in = fopen(arguments.file, "re");
    if (!in) {
        cmd_say("import", "%s: %s", arguments.file, strerror(errno));
        return CMD_USAGE;
    }
    int status = import_from(&arguments, in);
    fclose(in);
    return status;
}
