/* A finished scan as a person reads it. */
#include "report/view/scan_text.h"

#include "report/view/explain.h"
#include "report/view/probe_words.h"
#include "report/view/remedy.h"
#include "report/view/reproduce.h"
#include "report/view/verdict_text.h"
#include "report/view/wrap.h"
#include "report/zone/recommend.h"
#include "scanner/base/clock.h"
#include "scanner/base/quote.h"
#include "scanner/judge/control.h"
#include "scanner/probe/certificate.h"
#include "scanner/visit/drill_plan.h"

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

/* Good, worth a look, broken. */
enum mood { MOOD_GOOD, MOOD_FAIR, MOOD_BAD };

static enum mood mood_of(enum verdict verdict) {
    if (verdict == VERDICT_READY)
        return MOOD_GOOD;
    switch (verdict_class(verdict)) {
    case VERDICT_CLASS_SOUND:
    case VERDICT_CLASS_NOTE:
        return MOOD_FAIR;
    case VERDICT_CLASS_ENDED:
    case VERDICT_CLASS_FAILING:
    case VERDICT_CLASS_FAULT:
        break;
    }
    return MOOD_BAD;
}

static const char *color_on(enum mood mood, const struct scan_text_options *options) {
    static const char *const codes[] = {
        [MOOD_GOOD] = "\033[1;32m", [MOOD_FAIR] = "\033[1;33m", [MOOD_BAD] = "\033[1;31m"};
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

static void print_hello_size(FILE *to, const struct probe_result *result) {
    if (!result || !result->hello_bytes)
        return;
    if (result->in_pieces)
        fprintf(to, "%u B in pieces", result->hello_bytes);
    else
        fprintf(to, "%u B in %u segment%s", result->hello_bytes, result->segments,
                result->segments == 1 ? "" : "s");
    if (result->hello2_bytes)
        fprintf(to, ", second hello %u B", result->hello2_bytes);
}

/* What a row that worked does not show by itself; NULL for nothing. */
static const char *find_reservation(const struct judgement *judgement,
                                    const struct probe_result *result, enum mode mode) {
    bool large = mode == MODE_PREFERRED || mode == MODE_PREFERRED_DUAL;
    if (!probe_result_worked(result))
        return NULL;
    if (judgement->alpn_alert && result->no_alpn)
        return "without ALPN";
    if (judgement->modes[mode].works == TRUTH_UNKNOWN)
        return "answered, but no handshake with that group finishes";
    if (large && verdict_holds(judgement, VERDICT_WRONG_BACKEND))
        return "not the certificate that the small hello got";
    if (judgement->tls_version >= 0x0304 && result->tls_version && result->tls_version < 0x0304)
        return "in TLS 1.2 only";
    if (judgement->resumed_works == TRUTH_FALSE && judgement->modes[mode].resumes != TRUTH_TRUE)
        return "but not when a session is resumed";
    if (judgement->modes[mode].tolerated == TRUTH_FALSE)
        return "but not with a proxy's longest hello";
    if (verdict_holds(judgement, VERDICT_CLIENT_CERTIFICATE))
        return "then asks for a client certificate";
    return NULL;
}

static void print_mode(FILE *to, const struct judgement *judgement, enum mode mode,
                       const struct probe_result *result) {
    const struct mode_fact *fact = &judgement->modes[mode];
    const char *reservation = find_reservation(judgement, result, mode);
    char name[GROUP_NAME_SIZE];
    fprintf(to, WRAP_LABEL "%-6s %-22s %-6s ", mode_name(mode),
            reservation && fact->works == TRUTH_TRUE ? "yes!" : yes_no(fact->works),
            group_or_dash(fact->group, name), yes_no(fact->retry));
    print_hello_size(to, result);
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
        const struct probe_result *result = mode == MODE_OFF && !judgement->alpn_alert
                                                ? control_find(scan)
                                                : scan_probe(scan, judgement_mode_probe(mode));
        if (result)
            print_mode(to, judgement, mode, result);
    }
}

/* The longest hello with the hybrid's share among those that were sent first, or after a retry; NULL if there was none. */
static const struct probe_result *find_longest(const struct scan *scan, bool second) {
    const struct probe_result *longest = NULL;
    for (size_t i = 0; i < scan->probes_n; i++) {
        const struct probe_result *result = &scan->probes[i];
        bool first = result->probe == PROBE_PREFERRED || result->probe == PROBE_PREFERRED_DUAL;
        bool asked = result->retry && result->retry_group == scan->hybrid && result->hello2_bytes;
        if (second ? !asked : !first || !result->hello_bytes)
            continue;
        if (!longest || (second ? result->hello2_bytes > longest->hello2_bytes
                                : result->hello_bytes > longest->hello_bytes))
            longest = result;
    }
    return longest;
}

static const char *acceptance_words(const struct probe_result *result, bool accepted) {
    if (accepted)
        return "accepted";
    if (probe_result_worked(result))
        return "answered with a retry";
    return result->outcome == OUTCOME_ALERT ? "refused" : "failed";
}

static void write_longest(FILE *to, const struct scan *scan, uint16_t largest, bool second) {
    const struct probe_result *longest = find_longest(scan, second);
    if (!longest)
        return;
    uint32_t bytes = second ? longest->hello2_bytes : longest->hello_bytes;
    bool in_pieces = second ? longest->probe == PROBE_CHOOSE || longest->probe == PROBE_WIDE_RETRY
                            : longest->in_pieces;
    fprintf(to, "%s hello of %u B%s: %s", second ? "; second" : "first", bytes,
            in_pieces ? " in pieces" : "", acceptance_words(longest, largest >= bytes));
    if (largest && largest < bytes)
        fprintf(to, " (up to %u B: accepted)", largest);
}

static void write_tried(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    const struct probe_result *resumed = scan_probe(scan, PROBE_RESUMED);
    if (!find_longest(scan, false))
        fputs("no hello with the hybrid's share", to);
    write_longest(to, scan, judgement->largest_first, false);
    write_longest(to, scan, judgement->largest_second, true);
    if (resumed)
        fprintf(to, "; resumption: %s",
                !probe_result_worked(resumed) ? "fails"
                : resumed->resumed            ? "works"
                                              : "not taken up");
    if (judgement->alpn_refused)
        fprintf(to, "; without ALPN after `classical`, %s",
                judgement->alpn_alert
                    ? "which was refused for it"
                    : "to which the origin chose a protocol that was not offered");
    if (scan->address[0])
        fprintf(to, "; %s %s", strchr(scan->address, ':') ? "IPv6" : "IPv4", scan->address);
    if (scan->addresses_n > 1)
        fprintf(to, ", one of %u addresses", scan->addresses_n);
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
    write_tried(paragraph.stream, scan, judgement);
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
        fprintf(to, WRAP_LABEL "%s%s%s: %s\n", "verdict", color_on(mood_of(verdict), options),
                verdict_name(verdict), color_off(options), remedy_meaning(verdict, scan));
    for (enum verdict other = 0; other < VERDICT_COUNT; other++)
        if (other != verdict && verdict_holds(judgement, other))
            fprintf(to, WRAP_LABEL "%s: %s\n", "", verdict_name(other),
                    verdict_text(other)->meaning);
}

/* A buffer's size can be told from where between two hellos the limit lies. */
static void print_size_limit(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    uint16_t passed, failed;
    if (verdict_holds(judgement, VERDICT_SIZE_LIMIT) &&
        drill_plan_bracket(scan->probes, scan->probes_n, &passed, &failed))
        fprintf(to, WRAP_LABEL "a hello of %u B passes, one of %u B fails\n", "limit", passed,
                failed);
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

/* What a client that verifies has against it, as far as the certificate itself shows. */
static void write_objections(FILE *to, const struct scan *scan,
                             const struct certificate *certificate) {
    const char *between = "";
    if (certificate->not_after_ms < scan->started_ms) {
        fputs("it has expired", to);
        between = ", ";
    } else if (certificate->not_before_ms > scan->started_ms) {
        fputs("it is not valid yet", to);
        between = ", ";
    }
    if (!certificate->named) {
        fprintf(to, "%sit is not for ", between);
        fputs(scan->origin.sni[0] ? scan->origin.sni : scan->origin.host, to);
        between = ", ";
    }
    if (certificate->self_issued)
        fprintf(to, "%sit is issued by itself", between);
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
    fputs("A proxy that verifies would refuse it: ", objections.stream);
    long before = ftell(objections.stream);
    write_objections(objections.stream, scan, certificate);
    bool any = ftell(objections.stream) > before;
    fputc('.', objections.stream);
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
