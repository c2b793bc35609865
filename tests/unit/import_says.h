/* What a reader of lists says about a text. */
#pragma once

#include "store/import/import_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Everything that a reader says about a text: the format, and one line per origin, bad line and
 * note. */
static inline char *read_all_bytes(const char *bytes, size_t n, enum import_format format,
                                   const struct import_map *map) {
    char *said;
    size_t said_n;
    FILE *out = open_memstream(&said, &said_n);
    FILE *in = fmemopen((void *)(uintptr_t)bytes, n, "r");
    assert_non_null(in);
    struct import_reader *reader = import_reader_new(in, format, map);
    enum import_step step;
    do {
        struct origin origin;
        struct err err = {""};
        step = import_reader_next(reader, &origin, &err);
        unsigned long long line = import_reader_line(reader);
        if (step == IMPORT_ORIGIN)
            fprintf(out, "%llu %s %s %u %s %s %g\n", line, origin.zone, origin.host, origin.port,
                    *origin.sni ? origin.sni : "-", *origin.address ? origin.address : "-",
                    origin.weight);
        else if (step != IMPORT_END)
            fprintf(out, "%llu %s %s\n", line, step == IMPORT_BAD ? "BAD" : "FAILED", err.text);
    } while (step == IMPORT_ORIGIN || step == IMPORT_BAD);
    fprintf(out, "%s\n", import_reader_format_name(import_reader_found(reader)));
    const char *note;
    for (size_t i = 0; (note = import_reader_note(reader, i)); i++)
        fprintf(out, "%s\n", note);
    import_reader_free(reader);
    fclose(in);
    fclose(out);
    return said;
}

static inline void assert_reads(const char *text, const char *want) {
    char *said = read_all_bytes(text, strlen(text), IMPORT_AUTO, NULL);
    assert_string_equal(said, want);
    free(said);
}
