/* A finished scan as a person reads it. */
#include "report/view/scan_text.h"

#include "report/view/explain.h"
#include "report/view/probe_words.h"
#include "report/view/remedy.h"
#include "report/view/reproduce.h"
#include "report/view/scan_phrases.h"
#include "report/view/verdict_text.h"
#include "report/view/wrap.h"
#include "report/zone/recommend.h"
#include "scanner/base/clock.h"
#include "scanner/base/quote.h"
#include "scanner/probe/certificate.h"

#include <stdlib.h>
#include <string.h>

static const char *yes_no(enum truth value) {
    switch (value) {
    case TRUTH_UNKNOWN:
        return "?";
    case TRUTH_FALSE:
        return "no";
    case TRUTH_TRUE:
        return "yes";
    }
    return "?";
}

static const char *group_or_dash(uint16_t group, char out[GROUP_NAME_SIZE]) {
    return group == GROUP_NONE ? "-" : group_name(group, out);
}

static const char *color_on(enum scan_mood mood, const struct scan_text_options *options) {
    static const char *const codes[] = {[SCAN_MOOD_GOOD] = "\033[1;32m",
                                        [SCAN_MOOD_FAIR] = "\033[1;33m",
                                        [SCAN_MOOD_BAD] = "\033[1;31m"};
    return options->color ? codes[mood] : "";
}

static const char *color_off(const struct scan_text_options *options) {
    return options->color ? "\033[0m" : "";
}

static void print_head(FILE *to, const struct scan *scan, const struct judgement *judgement,
                       const struct scan_text_options *options) {
    char where[ORIGIN_TEXT_SIZE];
    fprintf(to, "%s%s%s", options->color ? "\033[1m" : "", origin_format(&scan->origin, where),
            color_off(options));
    if (scan->address[0] && !scan->origin.address[0] && !origin_host_is_address(&scan->origin))
        fprintf(to, " (%s)", scan->address);
    if (judgement->tls_version)
        fprintf(to, ", %s", tls_version_name(judgement->tls_version));
    fprintf(to, ", %u ms\n", scan->duration_ms);
}

/* What somebody else has to know who reads this in a ticket. */
static void print_circumstances(FILE *to, const struct scan *scan,
                                const struct scan_text_options *options) {
    char iso[CLOCK_ISO_SIZE];
    clock_iso(scan->started_ms, iso);
    fprintf(to, WRAP_LABEL "%.10s %.8s UTC", "scanned", iso, iso + 11);
    if (options->version)
        fprintf(to, " by originscan %s", options->version);
    if (options->source && options->source[0])
        fprintf(to, " from %s", options->source);
    fputc('\n', to);
}

/* Those that it has; what it has not is of no use to anybody. */
static void print_other_groups(FILE *to, const struct judgement *judgement) {
    char name[GROUP_NAME_SIZE];
    bool any = false;
    for (size_t i = 0; i < judgement->others_n; i++) {
        if (judgement->others[i] != TRUTH_TRUE)
            continue;
        if (!any)
            fprintf(to, WRAP_LABEL, "other groups");
        fprintf(to, "%s%s yes", any ? "   " : "", group_name(judgement->other_ids[i], name));
        any = true;
    }
    if (any)
        fputc('\n', to);
}

static void print_groups(FILE *to, const struct judgement *judgement) {
    char name[GROUP_NAME_SIZE];
    fprintf(to, WRAP_LABEL, "groups");
    for (size_t i = 0; i < JUDGED_GROUPS; i++)
        fprintf(to, "%s%s %s", i ? "   " : "", group_name(judgement->group_ids[i], name),
                yes_no(judgement->groups[i]));
    fputc('\n', to);
    print_other_groups(to, judgement);
    if (judgement->order == ORDER_UNKNOWN)
        return;
    fprintf(to, WRAP_LABEL "%s decides: %s\n", "choice",
            judgement->order == ORDER_SERVER ? "the server's order" : "the client's order",
            group_or_dash(judgement->preferred_group, name));
}

static void print_mode(FILE *to, const struct judgement *judgement, enum mode mode,
                       const struct probe_result *result) {
    const struct mode_fact *fact = &judgement->modes[mode];
    const char *reservation = scan_phrases_reservation(judgement, result, mode);
    char name[GROUP_NAME_SIZE];
    fprintf(to, WRAP_LABEL "%-6s %-22s %-6s ", mode_name(mode),
            reservation && fact->works == TRUTH_TRUE ? "yes!" : yes_no(fact->works),
            group_or_dash(fact->group, name), yes_no(fact->retry));
    scan_phrases_write_hello(to, result);
    if (result->outcome != OUTCOME_OK || result->flapped) {
        fputs(result->hello_bytes ? ": " : "", to);
        probe_words_print_failure(to, result);
    } else if (reservation) {
        fprintf(to, ": %s", reservation);
    }
    fputc('\n', to);
}

static void print_modes(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    fprintf(to, WRAP_LABEL "%-6s %-22s %-6s %s\n", "mode", "works", "group", "retry", "hello");
    for (enum mode mode = 0; mode < MODE_COUNT; mode++) {
        const struct probe_result *result = scan_phrases_mode_probe(scan, judgement, mode);
        if (result)
            print_mode(to, judgement, mode, result);
    }
}

/* A text that is put together, broken into lines behind its label. */
struct paragraph {
    char *text;
    size_t n;
    FILE *stream;
};

static bool open_paragraph(struct paragraph *paragraph) {
    paragraph->stream = open_memstream(&paragraph->text, &paragraph->n);
    return paragraph->stream != NULL;
}

static void print_paragraph(struct paragraph *paragraph, FILE *to, const char *label) {
    fclose(paragraph->stream);
    wrap_print(to, label, paragraph->text);
    free(paragraph->text);
}

/* What was really tried, so that limits beyond it are known to be unknown. */
static void print_tried(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    struct paragraph paragraph;
    if (!open_paragraph(&paragraph))
        return;
    scan_phrases_write_tried(paragraph.stream, scan, judgement);
    print_paragraph(&paragraph, to, "tried");
}

static void print_advice(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    char name[GROUP_NAME_SIZE];
    struct recommendation advice = recommend_scan(scan, judgement);
    const char *reason = recommend_scan_reason(&advice, judgement);
    fprintf(to, WRAP_LABEL, "recommendation");
    if (advice.setting.level == LEVEL_NONE) {
        fprintf(to, "none (%s)\n", reason);
        return;
    }
    fprintf(to, "%s, first share %s (%s; provisional, from one scan)\n",
            rule_level_name(advice.setting.level), group_name(advice.setting.first_share, name),
            reason);
}

static void print_unknown(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    struct paragraph paragraph;
    if (!open_paragraph(&paragraph))
        return;
    remedy_write_unknown(paragraph.stream, scan, judgement);
    print_paragraph(&paragraph, to, "verdict");
}

static void print_verdict(FILE *to, const struct scan *scan, const struct judgement *judgement,
                          const struct scan_text_options *options) {
    enum verdict verdict = judgement->verdict;
    if (verdict == VERDICT_COUNT)
        print_unknown(to, scan, judgement);
    else
        fprintf(to, WRAP_LABEL "%s%s%s: %s\n", "verdict",
                color_on(scan_phrases_mood(verdict), options), verdict_name(verdict),
                color_off(options), remedy_meaning(verdict, scan));
    for (enum verdict other = 0; other < VERDICT_COUNT; other++)
        if (other != verdict && verdict_holds(judgement, other))
            fprintf(to, WRAP_LABEL "%s: %s\n", "", verdict_name(other),
                    verdict_text(other)->meaning);
}

static void print_size_limit(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    struct paragraph paragraph;
    if (!open_paragraph(&paragraph))
        return;
    bool any = scan_phrases_write_limit(paragraph.stream, scan, judgement);
    fclose(paragraph.stream);
    if (any)
        fprintf(to, WRAP_LABEL "%s\n", "limit", paragraph.text);
    free(paragraph.text);
}

static void print_only_if_first(FILE *to, const struct scan *scan) {
    struct paragraph paragraph;
    if (!open_paragraph(&paragraph))
        return;
    remedy_write_only_if_first(paragraph.stream, scan);
    print_paragraph(&paragraph, to, "");
}

static void print_remedy(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    struct paragraph paragraph;
    if (!open_paragraph(&paragraph))
        return;
    remedy_write(paragraph.stream, scan, judgement);
    print_paragraph(&paragraph, to, "what to do");
    if (judgement->verdict == VERDICT_READY &&
        verdict_holds(judgement, VERDICT_HYBRID_ONLY_IF_FIRST))
        print_only_if_first(to, scan);
    if (verdict_holds(judgement, VERDICT_CLIENT_CERTIFICATE))
        wrap_print(to, "", verdict_text(VERDICT_CLIENT_CERTIFICATE)->remedy);
}

/* Where nobody spoke TLS with us there are neither groups nor modes to show. */
static bool is_measured(const struct judgement *judgement) {
    return judgement->status == STATUS_COMPLETE || judgement->status == STATUS_INTERRUPTED;
}

/* A command is never broken into lines: it is there to be copied. */
static void print_reproduction(FILE *to, const struct scan *scan,
                               const struct judgement *judgement) {
    struct paragraph command, contrast;
    if (!open_paragraph(&command))
        return;
    bool any = reproduce_write(command.stream, scan, judgement);
    fclose(command.stream);
    if (any)
        fprintf(to, WRAP_LABEL "%s\n", "reproduce:", command.text);
    free(command.text);
    if (!any || !open_paragraph(&contrast))
        return;
    fputs("OpenSSL 3.5: it fails, and works with ", contrast.stream);
    bool works = reproduce_write_contrast(contrast.stream, scan, judgement);
    fclose(contrast.stream);
    if (works)
        fprintf(to, WRAP_LABEL "(%s)\n", "", contrast.text);
    free(contrast.text);
}

/* Names come from outside. */
static void write_name(FILE *to, const char *name) {
    char quoted[QUOTE_SIZE];
    fputs(name[0] ? quote_text(name, quoted) : "nobody", to);
}

static void print_certificate(FILE *to, const struct scan *scan,
                              const struct certificate *certificate) {
    char iso[CLOCK_ISO_SIZE];
    struct paragraph objections;
    fprintf(to, WRAP_LABEL, "certificate");
    write_name(to, certificate->subject);
    fputs(", issued by ", to);
    if (certificate->self_issued)
        fputs("itself", to);
    else
        write_name(to, certificate->issuer);
    fprintf(to, ", %s %.10s\n",
            certificate->not_after_ms < scan->started_ms ? "expired" : "expires",
            clock_iso(certificate->not_after_ms, iso));
    if (!open_paragraph(&objections))
        return;
    bool any = scan_phrases_write_objections(objections.stream, scan, certificate);
    fclose(objections.stream);
    if (any)
        wrap_print(to, "", objections.text);
    free(objections.text);
}

static void print_facts(FILE *to, const struct scan *scan, const struct judgement *judgement,
                        const struct scan_text_options *options) {
    if (is_measured(judgement) && scan->probes[0].stage >= STAGE_HELLO) {
        print_groups(to, judgement);
        print_modes(to, scan, judgement);
        print_tried(to, scan, judgement);
        if (options->certificate)
            print_certificate(to, scan, options->certificate);
    } else {
        fprintf(to, WRAP_LABEL, "failure");
        probe_words_print_failure(to, &scan->probes[0]);
        fputc('\n', to);
    }
}

void scan_text_print(FILE *to, const struct scan *scan, const struct judgement *judgement,
                     const struct scan_text_options *options) {
    print_head(to, scan, judgement, options);
    print_circumstances(to, scan, options);
    print_verdict(to, scan, judgement, options);
    print_remedy(to, scan, judgement);
    print_advice(to, scan, judgement);
    if (options->explain)
        explain_verdicts(to, scan, judgement);
    else
        print_size_limit(to, scan, judgement);
    print_reproduction(to, scan, judgement);
    print_facts(to, scan, judgement, options);
    if (options->explain)
        explain_evidence(to, scan);
    fputc('\n', to);
}
