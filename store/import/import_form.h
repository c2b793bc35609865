/* The forms of lists: each reads lines, or a document as a whole, and says what it found. */
#pragma once

#include "store/import/import_out.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A form's state is made for one list; NULL functions are not needed. Lines come without their ends,
 * are valid UTF-8 and may be written to. */
struct import_form {
    void *(*create)(const struct import_map *map); /* borrows the map */
    void (*destroy)(void *state);
    void (*take_line)(void *state, struct import_out *out, uint64_t line, char *text, size_t n);
    /* Behind the last line or the document, and again while it returns true: that more is to be told once what was
     * told so far has been read. */
    bool (*finish)(void *state, struct import_out *out);
    /* In place of lines: all bytes, with a zero behind them. */
    void (*take_document)(void *state, struct import_out *out, char *text, size_t n);
};

extern const struct import_form import_list_form;    /* host[:port] or a URL per line */
extern const struct import_form import_csv_form;     /* any separator, a header */
extern const struct import_form import_ndjson_form;  /* one object per line */
extern const struct import_form import_hosts_form;   /* hosts(5) */
extern const struct import_form import_haproxy_form; /* servers of backend and listen */
extern const struct import_form import_nginx_form;   /* servers of upstream, proxy_pass */
extern const struct import_form import_ansible_form; /* the INI inventory */
extern const struct import_form import_groups_form;  /* the YAML and JSON inventory of Ansible */
extern const struct import_form import_targets_form; /* file_sd of Prometheus, JSON or YAML */
