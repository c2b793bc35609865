/* Prints the scans of `originscan probe`, an origin at a time. */
#include "cmd/probe_print.h"

#include "cmd/probe_page.h"
#include "cmd/probe_watch.h"
#include "cmd/standard_output.h"
#include "report/view/scan_json.h"
#include "scanner/base/alloc.h"
#include "scanner/judge/control.h"
#include "scanner/probe/certificate.h"
#include "scanner/probe/leaf_shelf.h"
#include "scanner/visit/visit_addresses.h"

#include <stdlib.h>
#include <string.h>

/* An origin of which something is known but not printed. */
struct pending {
    char *text; /* of the addresses so far */
    char *summary;
    unsigned addresses;
    enum verdict verdict; /* of the first address */
    bool differ;          /* another address has another one */
    bool measured;
    bool finished;
};

struct probe_print {
    const struct probe_options *run;
    const struct leaf_shelf *leaves;
    struct pending **pending;  /* by ticket */
    size_t printed;            /* in order up to here */
    struct probe_watch *watch; /* NULL: there is one round only */
    struct probe_page *page;   /* NULL: none is wanted */
    bool broken;
};

struct probe_print *probe_print_new(const struct probe_options *run,
                                    const struct leaf_shelf *leaves) {
    struct probe_print *print = alloc_zero(1, sizeof *print);
    print->run = run;
    print->leaves = leaves;
    print->pending = alloc_zero(run->texts_n, sizeof(struct pending *));
    print->watch = run->watch ? probe_watch_new() : NULL;
    print->page = run->html ? probe_page_new(run->html) : NULL;
    return print;
}

static void free_pending(struct pending *pending) {
    if (!pending)
        return;
    free(pending->text);
    free(pending->summary);
    free(pending);
}

void probe_print_free(struct probe_print *print) {
    if (!print)
        return;
    for (size_t i = 0; i < print->run->texts_n; i++)
        free_pending(print->pending[i]);
    free(print->pending);
    probe_watch_free(print->watch);
    probe_page_free(print->page);
    free(print);
}

bool probe_print_finish_round(struct probe_print *print) {
    print->printed = 0;
    if (print->watch)
        probe_watch_next_round(print->watch);
    return !print->page || probe_page_write(print->page);
}

bool probe_print_broken(const struct probe_print *print) {
    return print->broken;
}

/* Appends to a text that may be NULL; takes both over. */
static char *append_text(char *text, char *more) {
    char *joined = NULL;
    if (!text)
        return more;
    if (asprintf(&joined, "%s%s", text, more) < 0)
        joined = alloc_string("");
    free(text);
    free(more);
    return joined;
}

static char *render_json(const struct probe_print *print, const struct scan *scan,
                         const struct judgement *judgement, uint64_t ticket) {
    char *line = print->watch ? probe_watch_take_json(print->watch, scan, judgement, ticket)
                              : scan_json_line(scan, judgement);
    return append_text(line, alloc_string("\n"));
}

/* That of the control, or whichever came first; false where none was shown or it is not there any more. */
static bool read_certificate(const struct probe_print *print, const struct scan *scan,
                             struct certificate *out) {
    const struct probe_result *shown = control_find(scan);
    for (size_t i = 0; i < scan->probes_n && !(shown && shown->has_leaf); i++)
        shown = &scan->probes[i];
    CRYPTO_BUFFER *leaf =
        shown && shown->has_leaf ? leaf_shelf_find(print->leaves, shown->leaf_sha256) : NULL;
    return leaf &&
           certificate_read(leaf, scan->origin.sni[0] ? scan->origin.sni : scan->origin.host, out);
}

static char *render_text(const struct scan *scan, const struct judgement *judgement,
                         const struct scan_text_options *options) {
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to)
        return alloc_string("");
    scan_text_print(to, scan, judgement, options);
    fclose(to);
    return text;
}

/* A scan as it is to be printed, which the page and the watch get to see, too. */
static char *render_scan(struct probe_print *print, const struct scan *scan,
                         const struct judgement *judgement, uint64_t ticket) {
    struct certificate certificate;
    char source[ORIGIN_ADDRESS_SIZE];
    struct scan_text_options options = print->run->text;
    options.certificate = read_certificate(print, scan, &certificate) ? &certificate : NULL;
    options.version = ORIGINSCAN_VERSION;
    options.source = visit_addresses_source(scan->address, source);
    if (print->page)
        probe_page_add(print->page, scan, judgement, &options, ticket);
    if (print->run->json)
        return render_json(print, scan, judgement, ticket);
    char *changes = print->watch ? probe_watch_take(print->watch, scan, judgement, ticket) : NULL;
    return changes ? changes : render_text(scan, judgement, &options);
}

static void note_address(struct pending *pending, const struct scan *scan,
                         const struct judgement *judgement) {
    const char *name = verdict_name(judgement->verdict);
    char *item = NULL;
    if (asprintf(&item, "%s%s %s", pending->addresses ? ", " : "", scan->address,
                 name ? name : "without a verdict") >= 0)
        pending->summary = append_text(pending->summary, item);
    if (pending->addresses++ == 0)
        pending->verdict = judgement->verdict;
    pending->differ = pending->differ || pending->verdict != judgement->verdict;
    pending->measured = pending->measured || judgement->status == STATUS_COMPLETE;
}

/* What several addresses come to; they may be more than may be dialled. */
static void add_summary(struct pending *pending, const struct scan *scan) {
    char where[ORIGIN_TEXT_SIZE], *line = NULL;
    if (asprintf(&line, "%s: %u of %u addresses scanned: %s%s\n\n",
                 origin_format(&scan->origin, where), pending->addresses, scan->addresses_n,
                 pending->summary,
                 pending->differ ? "; they differ, so use what all of them take" : "") >= 0)
        pending->text = append_text(pending->text, line);
}

static void print_origin(struct probe_print *print, uint64_t ticket) {
    fputs(print->pending[ticket]->text, stdout);
    free_pending(print->pending[ticket]);
    print->pending[ticket] = NULL;
}

/* Prints what is next in order, as far as it is there. */
static void print_in_turn(struct probe_print *print) {
    while (print->printed < print->run->texts_n && print->pending[print->printed] &&
           print->pending[print->printed]->finished)
        print_origin(print, print->printed++);
}

static void check_output(struct probe_print *print) {
    if (!print->broken && !standard_output_flush())
        print->broken = true;
}

struct probe_print_state probe_print_take(struct probe_print *print, const struct scan *scan,
                                          const struct judgement *judgement, uint64_t ticket) {
    const struct probe_options *run = print->run;
    if (!print->pending[ticket])
        print->pending[ticket] = alloc_zero(1, sizeof(struct pending));
    struct pending *pending = print->pending[ticket];
    pending->text = append_text(pending->text, render_scan(print, scan, judgement, ticket));
    note_address(pending, scan, judgement);
    if (scan->more)
        return (struct probe_print_state){0};
    bool again = print->watch && probe_watch_is_again(print->watch);
    if (run->all_addresses && scan->addresses_n > 1 && !run->json && !again)
        add_summary(pending, scan);
    pending->finished = true;
    struct probe_print_state state = {.finished = true, .measured = pending->measured};
    if (run->ordered)
        print_in_turn(print);
    else
        print_origin(print, ticket);
    check_output(print);
    return state;
}
