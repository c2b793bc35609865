/* originscan import: add origins to a database, or update them. */
#include "cmd/cmd.h"

#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "store/import/import_reader.h"
#include "store/store_import.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 1000 };

enum { KEY_DB = 256, KEY_FORMAT, KEY_STRICT };

static const struct argp_option options[] = {
    {"db", KEY_DB, "FILE", 0, "The database; created if it does not exist", 0},
    {"format", KEY_FORMAT, "FORMAT", 0,
     "auto (default); list: one host[:port] per line; csv: with a header of zone,host,port,sni,"
     "address,weight; ndjson: one object per line with the same keys",
     0},
    {"strict", KEY_STRICT, NULL, 0, "Import nothing if any line is bad", 0},
    {0},
};

struct arguments {
    const char *db;
    const char *file;
    enum import_format format;
    bool strict;
};

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case KEY_DB:
        arguments->db = text;
        return 0;
    case KEY_FORMAT:
        if (!import_reader_format(text, &arguments->format))
            cmd_unknown_value(state, "--format", text, "auto, list, csv or ndjson");
        return 0;
    case KEY_STRICT:
        arguments->strict = true;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->file)
            cmd_usage_error(state, "more than one FILE given");
        arguments->file = text;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->db)
            cmd_usage_error(state, "--db FILE is missing");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

struct import {
    const struct arguments *arguments;
    struct store *store;
    struct import_reader *reader;
    struct origin *origins; /* read and not yet stored */
    size_t n;
    uint64_t bad;
    bool good; /* neither the input nor the store failed */
    struct store_import_counts counts;
};

static bool store_batch(struct import *import, struct err *err) {
    enum store_result result = store_import(import->store, import->origins, import->n,
                                            clock_wall_ms(), &import->counts, err);
    import->n = 0;
    return result == STORE_OK;
}

static const char *input_name(const struct import *import) {
    const char *file = import->arguments->file;
    return file && strcmp(file, "-") != 0 ? file : "standard input";
}

static void tell_bad(struct import *import, const struct err *err) {
    import->bad++;
    fprintf(stderr, "originscan import: %s:%" PRIu64 ": %s\n", input_name(import),
            import_reader_line(import->reader), err->text);
}

/* Reads to the end; false where the input or the store fails, with `err`. */
static bool read_all(struct import *import, struct err *err) {
    for (;;) {
        struct err why;
        switch (import_reader_next(import->reader, &import->origins[import->n], &why)) {
        case IMPORT_ORIGIN:
            if (++import->n == BATCH && !store_batch(import, err))
                return false;
            break;
        case IMPORT_BAD:
            tell_bad(import, &why);
            break;
        case IMPORT_END:
            return import->n == 0 || store_batch(import, err);
        case IMPORT_FAILED:
            store_batch(import, NULL); /* what was read so far is sound */
            return err_set(err, "%s: %s", input_name(import), why.text);
        }
    }
}

/* All or nothing. */
static enum store_result import_strictly(void *arg, struct err *err) {
    struct import *import = arg;
    import->good = read_all(import, err);
    return import->good && import->bad == 0 ? STORE_OK : STORE_BROKEN;
}

static int print_summary(struct import *import, bool good, const struct err *err) {
    const struct store_import_counts *counts = &import->counts;
    if (!good)
        cmd_fail("import", err);
    if (import->arguments->strict && (!good || import->bad > 0))
        printf("nothing imported: %" PRIu64 " bad lines\n", import->bad);
    else
        printf("%" PRIu64 " origins added, %" PRIu64 " updated, %" PRIu64 " unchanged; %" PRIu64
               " bad lines\n",
               counts->added, counts->updated, counts->same, import->bad);
    return good && import->bad == 0 ? CMD_DONE : CMD_SOME_FAILED;
}

static int import_all(struct import *import) {
    struct err err = {{0}};
    if (!import->arguments->strict)
        import->good = read_all(import, &err);
    else if (store_transaction(import->store, import_strictly, import, &err) != STORE_OK)
        import->good = import->good && import->bad > 0;
    return print_summary(import, import->good, &err);
}

static int import_from(const struct arguments *arguments, FILE *in) {
    struct import import = {.arguments = arguments,
                            .store = cmd_open_store("import", arguments->db, STORE_CREATE)};
    if (!import.store)
        return CMD_USAGE;
    import.reader = import_reader_new(in, arguments->format);
    import.origins = alloc_zero(BATCH, sizeof *import.origins);
    int status = import_all(&import);
    free(import.origins);
    import_reader_free(import.reader);
    store_close(import.store);
    return status;
}

int cmd_import(int argc, char **argv) {
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .args_doc = "[FILE]",
        .doc = "Adds the origins listed in FILE, or on standard input, to a database; origins it "
               "already "
               "has are updated.\v"
               "Zone and server name default to the host. Bad lines are reported by number and "
               "skipped.\n\n"
               "Exit status: 0 every line was imported, 1 some were not, 2 wrong usage or no "
               "usable database.",
    };
    struct arguments arguments = {.format = IMPORT_AUTO};
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (!arguments.file || strcmp(arguments.file, "-") == 0)
        return import_from(&arguments, stdin);
    FILE *in = fopen(arguments.file, "re");
    if (!in) {
        fprintf(stderr, "originscan import: %s: %s\n", arguments.file, strerror(errno));
        return CMD_USAGE;
    }
    int status = import_from(&arguments, in);
    fclose(in);
    return status;
}
