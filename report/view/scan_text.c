/* A finished scan as a person reads it. */
#include "report/view/scan_text.h"

#include "report/view/explain.h"
#include "report/view/probe_words.h"
#include "report/view/verdict_text.h"
#include "report/view/wrap.h"
#include "report/zone/recommend.h"
#include "scanner/visit/drill_plan.h"

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
    if (verdict == VERDICT_READY || verdict == VERDICT_CLIENT_CERTIFICATE)
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

static void print_groups(FILE *to, const struct judgement *judgement) {
    char name[GROUP_NAME_SIZE];
    fprintf(to, WRAP_LABEL, "groups");
    for (size_t i = 0; i < JUDGED_GROUPS; i++)
        fprintf(to, "%s%s %s", i ? "   " : "", group_name(judgement->group_ids[i], name),
                yes_no(judgement->groups[i]));
    fputc('\n', to);
    if (judgement->order == ORDER_UNKNOWN)
        return;
    fprintf(to, WRAP_LABEL "%s decides: %s\n", "choice",
            judgement->order == ORDER_SERVER ? "the server's order" : "the client's order",
            group_or_dash(judgement->preferred_group, name));
}

static void print_hello_size(FILE *to, const struct probe_result *result) {
    if (!result || !result->hello_bytes)
        return;
    fprintf(to, "%u B in %u segment%s", result->hello_bytes, result->segments,
            result->segments == 1 ? "" : "s");
    if (result->hello2_bytes)
        fprintf(to, ", second hello %u B", result->hello2_bytes);
}

static void print_modes(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    char name[GROUP_NAME_SIZE];
    fprintf(to, WRAP_LABEL "%-6s %-22s %-6s %s\n", "mode", "works", "group", "retry", "hello");
    for (enum mode mode = 0; mode < MODE_COUNT; mode++) {
        const struct mode_fact *fact = &judgement->modes[mode];
        const struct probe_result *result = scan_probe(scan, judgement_mode_probe(mode));
        if (!result)
            continue;
        fprintf(to, WRAP_LABEL "%-6s %-22s %-6s ", mode_name(mode), yes_no(fact->works),
                group_or_dash(fact->group, name), yes_no(fact->retry));
        print_hello_size(to, result);
        if (result->outcome != OUTCOME_OK || result->flapped) {
            fputs(result->hello_bytes ? ": " : "", to);
            probe_words_print_failure(to, result);
        }
        fputc('\n', to);
    }
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

static void print_verdict(FILE *to, const struct judgement *judgement,
                          const struct scan_text_options *options) {
    enum verdict verdict = judgement->verdict;
    fprintf(to, WRAP_LABEL "%s%s%s: %s\n", "verdict", color_on(mood_of(verdict), options),
            verdict_name(verdict), color_off(options), verdict_text(verdict)->meaning);
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

static void print_remedy(FILE *to, const struct judgement *judgement) {
    wrap_print(to, "what to do", verdict_text(judgement->verdict)->remedy);
    if (verdict_holds(judgement, VERDICT_HYBRID_ONLY_IF_FIRST))
        wrap_print(to, "", verdict_text(VERDICT_HYBRID_ONLY_IF_FIRST)->remedy);
}

/* Where nobody spoke TLS with us there are neither groups nor modes to show. */
static bool is_measured(const struct judgement *judgement) {
    return judgement->status == STATUS_COMPLETE || judgement->status == STATUS_INTERRUPTED;
}

void scan_text_print(FILE *to, const struct scan *scan, const struct judgement *judgement,
                     const struct scan_text_options *options) {
    print_head(to, scan, judgement, options);
    if (is_measured(judgement) && scan->probes[0].stage >= STAGE_HELLO) {
        print_groups(to, judgement);
        print_modes(to, scan, judgement);
    } else {
        fprintf(to, WRAP_LABEL, "failure");
        probe_words_print_failure(to, &scan->probes[0]);
        fputc('\n', to);
    }
    if (options->explain)
        explain_evidence(to, scan);
    print_verdict(to, judgement, options);
    if (options->explain)
        explain_verdicts(to, scan, judgement);
    else
        print_size_limit(to, scan, judgement);
    print_advice(to, scan, judgement);
    print_remedy(to, judgement);
    fputc('\n', to);
}
