/* Why a scan was judged as it was. */
#include "report/view/explain.h"

#include "report/view/explain_text.h"
#include "report/view/probe_words.h"
#include "report/view/remedy.h"
#include "report/view/wrap.h"
#include "scanner/base/clock.h"
#include "scanner/visit/drill_plan.h"

#include <stdlib.h>

/* More of the same kind say no more. */
#define CITED_MAX 3

/* A line under construction: write to `stream`, then print_line once. */
struct line {
    FILE *stream;
    char *text;
    size_t size;
};

static bool open_line(struct line *line) {
    *line = (struct line){0};
    line->stream = open_memstream(&line->text, &line->size);
    return line->stream != NULL;
}

static void print_line(struct line *line, FILE *to, const char *label) {
    fclose(line->stream);
    if (line->size > 0)
        wrap_print(to, label, line->text);
    free(line->text);
}

void explain_evidence(FILE *to, const struct scan *scan) {
    char name[PROBE_NAME_SIZE];
    for (size_t i = 0; i < scan->probes_n; i++) {
        struct line line;
        if (!open_line(&line))
            return;
        probe_words_print(line.stream, &scan->probes[i]);
        print_line(&line, to,
                   probe_full_name(scan->probes[i].probe, scan->probes[i].parameter, name));
    }
}

static bool is_retry_fault(const struct probe_result *result) {
    return (result->stage == STAGE_RETRY && result->outcome != OUTCOME_OK) ||
           (result->outcome == OUTCOME_MALFORMED && result->hrr.count > 0);
}

static bool requested_certificate(const struct probe_result *result) {
    return result->certificate_requested;
}

static bool any_flapped(const struct scan *scan) {
    for (size_t i = 0; i < scan->probes_n; i++)
        if (scan->probes[i].flapped)
            return true;
    return false;
}

static bool is_cited(const struct scan *scan, const struct explain_text *text,
                     const struct probe_result *result) {
    if (text->others == EXPLAIN_FLAPPED && any_flapped(scan))
        return result->flapped;
    for (size_t i = 0; i < EXPLAIN_CITED && text->cited[i] != EXPLAIN_END; i++)
        if (result->probe == (enum probe_id)(text->cited[i] - 1))
            return true;
    switch (text->others) {
    case EXPLAIN_NO_OTHERS:
        return false;
    case EXPLAIN_RETRY_FAULTS:
        return is_retry_fault(result);
    case EXPLAIN_FLAPPED:
        return false;
    case EXPLAIN_ASKED:
        return requested_certificate(result);
    case EXPLAIN_SIZED:
        return probe_result_is_sized(result);
    }
    return false;
}

static void print_cited_probes(FILE *to, const struct scan *scan, const struct explain_text *text) {
    size_t count = 0;
    size_t most = text->others == EXPLAIN_SIZED ? SCAN_PROBES_MAX : CITED_MAX;
    if (text->cited[0] != EXPLAIN_END)
        most = EXPLAIN_CITED;
    for (size_t i = 0; i < scan->probes_n && count < most; i++) {
        if (!is_cited(scan, text, &scan->probes[i]))
            continue;
        fputs(count++ ? ", " : "", to);
        probe_words_cite(to, &scan->probes[i]);
    }
    if (count)
        fputs(": ", to);
}

/* Where between two hellos the limit lies: a buffer's size can be told from it. */
static void print_bracket(FILE *to, const struct scan *scan) {
    uint16_t passed, failed;
    if (!drill_plan_bracket(scan->probes, scan->probes_n, &passed, &failed) || passed == 0 ||
        drill_plan_only_length(scan->probes, scan->probes_n))
        return;
    fprintf(to, " The limit lies between %u and %u B.", passed, failed);
}

static const struct explain_text *find_text(const struct scan *scan, enum verdict verdict) {
    if (remedy_is_about_alpn(verdict, scan))
        return explain_text_alpn();
    if (remedy_is_about_us(verdict, scan))
        return explain_text_starved();
    if (remedy_is_behind_answer(verdict, scan))
        return explain_text_behind_answer();
    return remedy_is_about_retry(verdict, scan) ? explain_text_retry() : explain_text(verdict);
}

static void print_explanation(FILE *to, const struct scan *scan, enum verdict verdict) {
    const struct explain_text *text = find_text(scan, verdict);
    struct line line;
    if (!text->so || !open_line(&line))
        return;
    fprintf(line.stream, "%s: ", verdict_name(verdict));
    print_cited_probes(line.stream, scan, text);
    fputs(text->so, line.stream);
    if (text->bracket)
        print_bracket(line.stream, scan);
    print_line(&line, to, "why");
    if (text->where)
        wrap_print(to, "where to look", text->where);
}

void explain_verdicts(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
        if (verdict_holds(judgement, verdict))
            print_explanation(to, scan, verdict);
}

/* Without this "none yet" of a scan's evidence would be a riddle beside its good verdict. */
static void print_late(FILE *to, const struct scan *scan) {
    char name[PROBE_NAME_SIZE];
    struct line line;
    const char *before = "";
    if (!scan_ran_late(scan) || !open_line(&line))
        return;
    for (size_t i = 0; i < scan->probes_n; i++) {
        const struct probe_result *result = &scan->probes[i];
        if (!result->late)
            continue;
        fprintf(line.stream, "%s`%s`", before,
                probe_full_name(result->probe, result->parameter, name));
        before = ", ";
    }
    fputs(": this machine had too little processor time to hear the answer when it came, which "
          "makes it no evidence.",
          line.stream);
    print_line(&line, to, "late");
}

void explain_scan(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    char where[ORIGIN_TEXT_SIZE];
    char when[CLOCK_ISO_SIZE];
    bool named =
        scan->address[0] && !scan->origin.address[0] && !origin_host_is_address(&scan->origin);
    fprintf(to, "scan of %s%s%s%s at %s: %s\n", origin_format(&scan->origin, where),
            named ? " (" : "", named ? scan->address : "", named ? ")" : "",
            clock_iso(scan->started_ms, when),
            judgement->verdict == VERDICT_COUNT ? "no verdict" : verdict_name(judgement->verdict));
    explain_evidence(to, scan);
    print_late(to, scan);
    explain_verdicts(to, scan, judgement);
    fputc('\n', to);
}
