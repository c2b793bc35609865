/* Reads lists of origins, whatever their form. */
#include "store/import/import_reader.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "store/import/import_form.h"
#include "store/import/import_line.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const struct import_form *form;
    const struct import_form *document; /* where the same format comes in two forms */
} formats[] = {
    [IMPORT_AUTO] = {"auto", NULL, NULL},
    [IMPORT_LIST] = {"list", &import_list_form, NULL},
    [IMPORT_CSV] = {"csv", &import_csv_form, NULL},
    [IMPORT_NDJSON] = {"ndjson", &import_ndjson_form, NULL},
    [IMPORT_HOSTS] = {"hosts", &import_hosts_form, NULL},
    [IMPORT_HAPROXY] = {"haproxy", &import_haproxy_form, NULL},
    [IMPORT_NGINX] = {"nginx", &import_nginx_form, NULL},
    [IMPORT_ANSIBLE] = {"ansible", &import_ansible_form, &import_groups_form},
    [IMPORT_FILE_SD] = {"file_sd", &import_targets_form, NULL},
};

struct import_reader {
    enum import_format format;
    const struct import_map *map;
    const struct import_form *form; /* NULL before the first line */
    void *state;
    struct import_out *out;
    bool finishing; /* behind the last line or the document */
    bool ended;
    uint64_t told; /* the line that was spoken of last */
    struct import_line line;
};

bool import_reader_format(const char *name, enum import_format *out) {
    for (size_t i = 0; i < COUNT_OF(formats); i++)
        if (strcmp(formats[i].name, name) == 0) {
            *out = (enum import_format)i;
            return true;
        }
    return false;
}

const char *import_reader_format_name(enum import_format format) {
    return formats[format].name;
}

struct import_reader *import_reader_new(FILE *in, enum import_format format,
                                        const struct import_map *map) {
    static const struct import_map no_names = {{NULL}};
    struct import_reader *reader = alloc_zero(1, sizeof *reader);
    reader->line.in = in;
    reader->format = format;
    reader->map = map ? map : &no_names;
    reader->out = import_out_new();
    return reader;
}

void import_reader_free(struct import_reader *reader) {
    if (!reader)
        return;
    if (reader->form && reader->form->destroy)
        reader->form->destroy(reader->state);
    import_out_free(reader->out);
    free(reader);
}

uint64_t import_reader_line(const struct import_reader *reader) {
    return reader->told;
}

enum import_format import_reader_found(const struct import_reader *reader) {
    return reader->format;
}

const char *import_reader_note(struct import_reader *reader, size_t i) {
    return import_out_note(reader->out, i);
}

/* ---- which form ---- */

/* False where the input is in no encoding that can be read. */
static bool choose_form(struct import_reader *reader) {
    size_t n;
    const char *text = import_line_peek(&reader->line, &n);
    const struct import_encoding *encoding = import_guess_encoding(text, n);
    if (encoding) {
        import_out_fail(reader->out, 1, "the text is %s; convert it first: %s < FILE",
                        encoding->name, encoding->command);
        return false;
    }
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        n -= 3;
    }
    if (reader->format == IMPORT_AUTO)
        reader->format = import_guess(text, n, reader->map);
    bool document = formats[reader->format].document && import_guess_is_document(text, n);
    reader->form = document ? formats[reader->format].document : formats[reader->format].form;
    if (reader->form->create)
        reader->state = reader->form->create(reader->map);
    return true;
}

/* ---- documents ---- */

static void fail_unreadable(struct import_reader *reader) {
    import_out_fail(reader->out, reader->line.number, "cannot be read: %s", strerror(errno));
}

static void take_text(struct import_reader *reader, char *text, size_t n) {
    bool marked = n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
    if (n >= IMPORT_DOCUMENT_MAX)
        import_out_fail(reader->out, 1, "longer than 64 MiB; split it, or make it CSV or NDJSON");
    else if (memchr(text, 0, n))
        import_out_fail(reader->out, 1, "the text contains a NUL byte");
    else
        reader->form->take_document(reader->state, reader->out, text + (marked ? 3 : 0),
                                    n - (marked ? 3 : 0));
}

static void read_document(struct import_reader *reader) {
    char *text = NULL;
    size_t n = 0, room = 0, more;
    const char *from;
    while ((from = import_line_peek(&reader->line, &more)), more > 0 && n < IMPORT_DOCUMENT_MAX) {
        text = array_reserve(text, n + more + 1, &room, 1);
        memcpy(text + n, from, more);
        n += more;
        import_line_skip(&reader->line, more);
    }
    if (ferror(reader->line.in)) {
        fail_unreadable(reader);
    } else if (n > 0) {
        text[n] = '\0';
        take_text(reader, text, n);
    }
    free(text);
}

/* ---- lines ---- */

static void finish_list(struct import_reader *reader) {
    reader->finishing = true;
    reader->ended = !reader->form->finish || !reader->form->finish(reader->state, reader->out);
}

/* Reads on, by one line or the whole document. */
static void read_more(struct import_reader *reader) {
    struct import_line *line = &reader->line;
    if (!reader->form && !choose_form(reader)) {
        reader->ended = true;
        return;
    }
    if (reader->finishing) {
        finish_list(reader);
        return;
    }
    if (reader->form->take_document) {
        read_document(reader);
        finish_list(reader);
        return;
    }
    switch (import_line_next(line)) {
    case IMPORT_LINE_END:
        finish_list(reader);
        return;
    case IMPORT_LINE_UNREADABLE:
        fail_unreadable(reader);
        reader->ended = true;
        return;
    case IMPORT_LINE_BAD:
        import_out_bad(reader->out, line->number, "%s", line->why);
        return;
    case IMPORT_LINE_TEXT:
        reader->form->take_line(reader->state, reader->out, line->number, line->text, line->n);
        return;
    }
}

enum import_step import_reader_next(struct import_reader *reader, struct origin *out,
                                    struct err *err) {
    struct import_out_entry entry;
    while (!import_out_next(reader->out, &entry)) {
        if (reader->ended)
            return IMPORT_END;
        read_more(reader);
    }
    reader->told = entry.line;
    switch (entry.kind) {
    case IMPORT_FOUND_ORIGIN:
        return import_fields_origin(&entry.fields, out, err) ? IMPORT_ORIGIN : IMPORT_BAD;
    case IMPORT_FOUND_BAD:
        err_set(err, "%s", entry.message);
        return IMPORT_BAD;
    case IMPORT_FOUND_FAILURE:
        if (entry.line > 0)
            err_set(err, "line %llu: %s", (unsigned long long)entry.line, entry.message);
        else
            err_set(err, "%s", entry.message);
        reader->ended = true;
        return IMPORT_FAILED;
    }
    assert(false);
    return IMPORT_FAILED;
}
