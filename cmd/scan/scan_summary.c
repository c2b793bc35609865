/* What a run of `originscan scan` did, for a person. */
#include "cmd/scan/scan_summary.h"

#include "cmd/settle/stored_change.h"
#include "scanner/base/array.h"
#include "scanner/visit/scan.h"
#include "store/store_read.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum store_result scan_summary_begin(struct scan_summary *summary, struct store *store,
                                     struct err *err) {
    *summary = (struct scan_summary){0};
    return store_change_last(store, &summary->change, err);
}

void scan_summary_clear(struct scan_summary *summary) {
    for (size_t i = 0; i < summary->kept_n; i++)
        change_line_clear(&summary->kept[i]);
    free(summary->kept);
    change_line_clear(&summary->last);
}

void scan_summary_count(struct scan_summary *summary, enum scan_status status,
                        enum verdict verdict) {
    summary->by_status[status]++;
    if (status == STATUS_COMPLETE && verdict < VERDICT_COUNT)
        summary->by_verdict[verdict]++;
}

void scan_summary_note(struct scan_summary *summary, const struct scan *scan,
                       const struct judgement *judgement) {
    if (!scan->more)
        scan_summary_count(summary, judgement->status, judgement->verdict);
}

uint64_t scan_summary_origins(const struct scan_summary *summary) {
    uint64_t n = 0;
    for (enum scan_status status = 0; status < STATUS_COUNT; status++)
        n += summary->by_status[status];
    return n;
}

uint64_t scan_summary_not_measured(const struct scan_summary *summary) {
    return scan_summary_origins(summary) - summary->by_status[STATUS_COMPLETE];
}

/* ---- what changed ---------------------------------------------------------------------------- */

/* Fields of a zone's setting or of an origin; the others in table change are operators' orders. */
static bool is_own_field(const char *field) {
    static const char *const fields[] = {"setting",     "variant",     "first_share",
                                         "groups",      "status",      "verdict",
                                         "tls_version", "group_order", "preferred_group"};
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (strcmp(field, fields[i]) == 0)
            return true;
    for (size_t i = 0; i < JUDGED_GROUPS; i++)
        if (strcmp(field, facts_group_columns[i]) == 0)
            return true;
    for (size_t i = 0; i < FACTS_MODES; i++)
        if (strcmp(field, facts_works_columns[i]) == 0 ||
            strcmp(field, facts_retry_columns[i]) == 0)
            return true;
    return false;
}

struct reading {
    struct scan_summary *summary;
    size_t limit;
    scan_summary_filter *filter;
    void *arg;
};

static void begin_line(struct reading *reading, const struct change_row *row) {
    struct scan_summary *summary = reading->summary;
    change_line_clear(&summary->last);
    change_line_add(&summary->last, row);
    summary->lines++;
    if (summary->kept_n == reading->limit)
        return;
    summary->kept =
        array_reserve(summary->kept, summary->kept_n + 1, &summary->room, sizeof *summary->kept);
    summary->kept[summary->kept_n] = (struct change_line){0};
    change_line_add(&summary->kept[summary->kept_n++], row);
}

static bool take_change(void *arg, const struct store_change *change) {
    struct reading *reading = arg;
    struct scan_summary *summary = reading->summary;
    struct change_row row = stored_change_row(change);
    if (!is_own_field(row.field) ||
        (reading->filter && !reading->filter(reading->arg, row.subject)))
        return true;
    if (!change_line_has(&summary->last, &row))
        begin_line(reading, &row);
    else if (summary->kept_n == summary->lines)
        change_line_add(&summary->kept[summary->kept_n - 1], &row);
    return true;
}

enum store_result scan_summary_read(struct scan_summary *summary, struct store *store, bool all,
                                    scan_summary_filter *filter, void *arg, struct err *err) {
    struct reading reading = {summary, all ? SIZE_MAX : SCAN_SUMMARY_LINES, filter, arg};
    return store_changes_after(store, summary->change, take_change, &reading, err);
}

/* ---- printing -------------------------------------------------------------------------------- */

static const char *plural(uint64_t n) {
    return n == 1 ? "" : "s";
}

static void print_failures(FILE *to, const struct scan_summary *summary) {
    const char *before = "not measured: ";
    for (enum scan_status status = 0; status < STATUS_COUNT; status++) {
        if (status == STATUS_COMPLETE || !summary->by_status[status])
            continue;
        fprintf(to, "%s%" PRIu64 " %s", before, summary->by_status[status], status_name(status));
        before = ", ";
    }
    if (*before == ',')
        putc('\n', to);
    if (summary->by_status[STATUS_BLOCKED])
        fputs("  blocked: `allow` admits addresses that are not public, unless a blocklist has "
              "them\n",
              to);
}

static void print_verdicts(FILE *to, const struct scan_summary *summary) {
    const char *before = "verdicts: ";
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++) {
        if (!summary->by_verdict[verdict])
            continue;
        fprintf(to, "%s%" PRIu64 " %s", before, summary->by_verdict[verdict],
                verdict_name(verdict));
        before = ", ";
    }
    if (*before == ',')
        putc('\n', to);
}

static void print_changes(FILE *to, const struct scan_summary *summary) {
    fprintf(to, "changed: %" PRIu64 "\n", summary->lines);
    for (size_t i = 0; i < summary->kept_n; i++) {
        fputs("  ", to);
        change_line_print(to, &summary->kept[i]);
        putc('\n', to);
    }
    if (summary->lines > summary->kept_n)
        fprintf(to, "  and %" PRIu64 " more: `--verbose' lists them, and so does v_change\n",
                summary->lines - summary->kept_n);
}

void scan_summary_print(FILE *to, const struct scan_summary *summary, double seconds) {
    uint64_t origins = scan_summary_origins(summary);
    fprintf(to, "%" PRIu64 " origin%s scanned in %.1f s, %" PRIu64 " measured\n", origins,
            plural(origins), seconds, summary->by_status[STATUS_COMPLETE]);
    print_failures(to, summary);
    print_verdicts(to, summary);
    print_changes(to, summary);
}
