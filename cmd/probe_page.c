/* The page of scanned origins as a file. */
#include "cmd/probe_page.h"

#include "cmd/cmd.h"
#include "report/page/scan_page.h"
#include "report/view/scan_json.h"
#include "report/view/scan_texts.h"
#include "scanner/base/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct probe_page {
    const char *path;
    json_t *scans;
};

struct probe_page *probe_page_new(const char *path) {
    struct probe_page *page = alloc_zero(1, sizeof *page);
    page->path = path;
    page->scans = json_array();
    return page;
}

void probe_page_free(struct probe_page *page) {
    if (!page)
        return;
    json_decref(page->scans);
    free(page);
}

static uint64_t ticket_of(const json_t *item) {
    return (uint64_t)json_integer_value(json_object_get(item, "ticket"));
}

void probe_page_add(struct probe_page *page, const struct scan *scan,
                    const struct judgement *judgement, const struct scan_text_options *options,
                    uint64_t ticket) {
    json_t *item = json_object();
    json_object_set_new(item, "ticket", json_integer((json_int_t)ticket));
    json_object_set_new(item, "scan", scan_json(scan, judgement));
    json_object_set_new(item, "texts", scan_texts_json(scan, judgement, options));
    size_t at = json_array_size(page->scans);
    while (at > 0 && ticket_of(json_array_get(page->scans, at - 1)) > ticket)
        at--;
    json_array_insert_new(page->scans, at, item);
}

static bool write_to(const char *path, const json_t *scans) {
    FILE *to = fopen(path, "we");
    bool written = to && scan_page_write(to, scans);
    return (!to || fclose(to) == 0) && written;
}

/* Whoever has the file open while it is made anew sees the old one whole. */
static bool replace_file(const char *path, const json_t *scans) {
    char *temporary = NULL;
    if (asprintf(&temporary, "%s.new", path) < 0)
        abort();
    bool written = write_to(temporary, scans) && rename(temporary, path) == 0;
    int why = errno;
    if (!written)
        remove(temporary);
    errno = why;
    free(temporary);
    return written;
}

/* A symbolic link is followed; what is no file, such as a terminal or a pipe, is written to and stays. */
bool probe_page_write(struct probe_page *page) {
    char *real = realpath(page->path, NULL);
    const char *path = real ? real : page->path;
    struct stat found;
    bool is_file = stat(path, &found) != 0 || S_ISREG(found.st_mode);
    bool written = is_file ? replace_file(path, page->scans) : write_to(path, page->scans);
    if (!written)
        cmd_say("probe", "cannot write %s: %s", page->path, strerror(errno));
    free(real);
    json_array_clear(page->scans);
    return written;
}
