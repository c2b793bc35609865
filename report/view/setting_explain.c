/* Settings and advice in words. */
#include "report/view/setting_explain.h"

#include "report/view/candidate_text.h"
#include "report/view/wrap.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "scanner/base/quote.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *time_or_dash(int64_t ms, char out[CLOCK_ISO_SIZE]) {
    return ms ? clock_iso(ms, out) : "-";
}

static void put_reason(FILE *to, const char *label, enum rule_reason reason) {
    if (reason != REASON_NONE)
        fprintf(to, WRAP_LABEL "%s: %s\n", label, rule_reason_name(reason),
                rule_reason_sentence(reason));
}

static void put_setting(FILE *to, const struct zone_setting *setting) {
    char name[GROUP_NAME_SIZE];
    if (setting->level == LEVEL_NONE) {
        fputs("no advice", to);
        return;
    }
    const char *variant = setting->level != LEVEL_PREFERRED ? ""
                          : setting->dual_share             ? " dual"
                          : setting->dual_ok                ? " (single or dual)"
                                                            : " (single only)";
    fprintf(to, "%s%s, first share %s", rule_level_name(setting->level), variant,
            group_name(setting->first_share, name));
    if (setting->level == LEVEL_PREFERRED && setting->dual_share)
        fprintf(to, " and %s", group_name(setting->dual_share, name));
}

static void put_evidence(FILE *to, uint32_t trials, uint32_t days, uint32_t failures,
                         double upper95, const char *of) {
    fprintf(to,
            WRAP_LABEL "%u trial%s of %s on %u day%s, %u failed; failure rate at most %.1f %% (95 "
                       "%% confidence)\n",
            "evidence", trials, trials == 1 ? "" : "s", of, days, days == 1 ? "" : "s", failures,
            100 * upper95);
}

/* ---- origins --------------------------------------------------------------------------------- */

/* The number that is missing, in the words of the blocker. */
static void put_missing(FILE *to, const struct origin_advice *advice) {
    if (advice->missing == 0)
        return;
    const char *end = advice->missing == 1 ? "" : "s";
    const char *what = advice->blocker == REASON_NEEDS_MORE_DAYS ? "day" : "trial";
    const char *of = advice->blocker == REASON_NEEDS_MORE_DAYS     ? ""
                     : advice->blocker == REASON_NEEDS_MORE_TRIALS ? ""
                     : advice->blocker == REASON_ADDRESS_COVERAGE  ? " of an address"
                                                                   : " without a failure";
    fprintf(to, WRAP_LABEL "%u more %s%s%s\n", "missing", advice->missing, what, end, of);
}

static void put_blocker(FILE *to, const struct origin_advice *advice) {
    char when[CLOCK_ISO_SIZE];
    if (advice->blocker == REASON_NONE)
        return;
    put_reason(to, "not higher", advice->blocker);
    put_missing(to, advice);
    if (advice->blocker_until_ms)
        fprintf(to, WRAP_LABEL "%s at the earliest\n", "higher",
                time_or_dash(advice->blocker_until_ms, when));
    else
        fprintf(to, WRAP_LABEL "not before the evidence changes\n", "higher");
}

/* What would pull it down, with the rule's own numbers. */
static void put_lower(FILE *to, const struct origin_advice *advice,
                      const struct rule_params *params) {
    char when[CLOCK_ISO_SIZE];
    char further[64] = "";
    if (params->further_failures > 0)
        snprintf(further, sizeof further, " and %u further tr%s too", params->further_failures,
                 params->further_failures == 1 ? "y fails" : "ies fail");
    if (advice->level > LEVEL_OFF)
        fprintf(to,
                WRAP_LABEL "at once if a handshake fails%s while the controls work, or on %u "
                           "failures within %u day%s\n",
                "lower", further, params->rate_failures, params->window_days,
                params->window_days == 1 ? "" : "s");
    if (advice->not_after_ms)
        fprintf(to, WRAP_LABEL "%s, unless a conclusive scan is made before then\n", "lapses",
                time_or_dash(advice->not_after_ms, when));
}

/* "no-evidence" says less than what is missing. */
static enum rule_reason reason_of_advice(const struct origin_advice *advice) {
    bool nothing = advice->level == LEVEL_NONE && advice->reason == REASON_NO_EVIDENCE;
    return nothing && advice->blocker != REASON_NONE ? advice->blocker : advice->reason;
}

static void put_advice(FILE *to, const struct origin_advice *advice,
                       const struct rule_params *params) {
    char name[GROUP_NAME_SIZE], when[CLOCK_ISO_SIZE];
    fprintf(to, WRAP_LABEL "%s", "advice", rule_level_name(advice->level));
    if (advice->level != LEVEL_NONE)
        fprintf(to, ", first share %s%s, since %s", group_name(advice->first_share, name),
                advice->first_share_confirmed ? "" : " (not confirmed)",
                time_or_dash(advice->since_ms, when));
    fprintf(to, "%s%s\n", advice->provisional ? "; provisional" : "",
            advice->stale ? "; stale" : "");
    put_reason(to, "reason", reason_of_advice(advice));
    candidate_text_origin(to, advice);
    put_evidence(to, advice->trials, advice->days, advice->failures, advice->upper95,
                 mode_name(advice->evidence_mode));
    fprintf(to, WRAP_LABEL "%u trial%s, %.2f %% failed\n", "controls", advice->control_trials,
            advice->control_trials == 1 ? "" : "s", 100 * advice->control_rate);
    put_blocker(to, advice);
    if (advice->hold_until_ms)
        fprintf(to, WRAP_LABEL "until %s, after %u demotion%s\n", "hold-down",
                time_or_dash(advice->hold_until_ms, when), advice->demotions,
                advice->demotions == 1 ? "" : "s");
    if (advice->pinned)
        fprintf(to, WRAP_LABEL "after too many demotions; an operator must release it\n", "pinned");
    put_lower(to, advice, params);
}

/* Each with its own verdict: the origin has that of the one that decides. */
static void put_addresses(FILE *to, const struct setting_explain_origin *origin) {
    char when[CLOCK_ISO_SIZE], address[QUOTE_SIZE];
    for (size_t i = 0; origin->addresses_n > 1 && i < origin->addresses_n; i++) {
        const struct setting_explain_address *one = &origin->addresses[i];
        fprintf(to, WRAP_LABEL "%s, %s", "address", quote_unless_plain(one->address, address),
                one->verdict ? one->verdict : "no verdict yet");
        if (one->scanned_ms)
            fprintf(to, ", scanned %s", time_or_dash(one->scanned_ms, when));
        putc('\n', to);
    }
}

void setting_explain_origin(FILE *to, const struct setting_explain_origin *origin,
                            const struct rule_params *params) {
    char when[CLOCK_ISO_SIZE], name[QUOTE_SIZE];
    fprintf(to, "origin %s, weight %g%s\n", quote_text(origin->name, name), origin->weight,
            origin->by_traffic ? " by its traffic" : "");
    if (origin->other_zones)
        fprintf(to, WRAP_LABEL "%s\n", "also in zone", origin->other_zones);
    if (origin->status)
        fprintf(to, WRAP_LABEL "%s%s%s, %s%s%s\n", "last scan",
                time_or_dash(origin->scanned_ms, when), origin->address ? " of " : "",
                origin->address ? quote_unless_plain(origin->address, name) : "", origin->status,
                origin->verdict ? ", verdict " : "", origin->verdict ? origin->verdict : "");
    else
        fprintf(to, WRAP_LABEL "never\n", "last scan");
    put_addresses(to, origin);
    if (origin->advised)
        put_advice(to, origin->advice, params);
    else
        fprintf(to, WRAP_LABEL "none yet\n", "evidence");
    putc('\n', to);
}

/* ---- zones ----------------------------------------------------------------------------------- */

static void put_stage(FILE *to, const struct recommendation *advice) {
    if (advice->stage_percent >= ZONE_WHOLE)
        return;
    fprintf(to, WRAP_LABEL "for %u %% of the traffic; the rest %s ", "ramp", advice->stage_percent,
            advice->previous.level == LEVEL_NONE ? "has" : "keeps");
    put_setting(to, &advice->previous);
    putc('\n', to);
}

static void put_target(FILE *to, const struct setting_explain_zone *zone) {
    char name[QUOTE_SIZE];
    const struct zone_target *target = zone->target;
    bool same = target->setting.level == zone->advice->setting.level &&
                target->setting.first_share == zone->advice->setting.first_share &&
                target->setting.dual_share == zone->advice->setting.dual_share;
    if (!same) {
        fprintf(to, WRAP_LABEL, "allowed now");
        put_setting(to, &target->setting);
        putc('\n', to);
        put_reason(to, "", target->reason);
    }
    if (target->limiting < zone->origins_n && target->setting.level < LEVEL_PREFERRED)
        fprintf(to, WRAP_LABEL "%s\n", "limited by",
                quote_text(zone->origins[target->limiting].name, name));
}

static void put_zone_setting(FILE *to, const struct setting_explain_zone *zone) {
    const struct recommendation *advice = zone->advice;
    char when[CLOCK_ISO_SIZE], name[GROUP_NAME_SIZE];
    if (zone->off_stands_in)
        fprintf(to, "off, first share %s, until there is advice",
                group_name(zone->target->classical_share, name));
    else
        put_setting(to, &advice->setting);
    fprintf(to, "%s%s\n", advice->provisional ? "; provisional" : "",
            zone->shadow ? "; shadow: not exported" : "");
    put_reason(to, "reason", advice->reason);
    for (size_t i = 0; i < zone->orders_n; i++)
        fprintf(to, WRAP_LABEL "%s\n", i == 0 ? "orders" : "", zone->orders[i]);
    put_stage(to, advice);
    put_evidence(to, advice->trials, advice->days, advice->failures, advice->upper95,
                 "its weakest origin");
    put_reason(to, "not higher", advice->waits_for);
    fprintf(to, WRAP_LABEL "%s\n", "since", time_or_dash(advice->since_ms, when));
    if (advice->not_after_ms)
        fprintf(to, WRAP_LABEL "%s, unless a conclusive scan is made before then\n", "lapses",
                time_or_dash(advice->not_after_ms, when));
}

static void put_candidates(FILE *to, const struct setting_explain_zone *zone) {
    const char **names = alloc_zero(zone->origins_n + 1, sizeof *names);
    for (size_t i = 0; i < zone->origins_n; i++)
        names[i] = zone->origins[i].name;
    candidate_text_table(to, zone->target, zone_setting_candidate(&zone->advice->setting), names,
                         zone->origins_n);
    free(names);
}

void setting_explain_zone(FILE *to, const struct setting_explain_zone *zone,
                          const struct rule_params *params) {
    char name[QUOTE_SIZE];
    fprintf(to, "zone %s: ", quote_text(zone->name, name));
    if (zone->any)
        put_zone_setting(to, zone);
    else
        fputs("no setting yet\n", to);
    if (zone->compliance != COMPLIANCE_NONE)
        fprintf(to, WRAP_LABEL "%s\n", "compliance", compliance_name(zone->compliance));
    put_target(to, zone);
    put_candidates(to, zone);
    putc('\n', to);
    for (size_t i = 0; i < zone->origins_n; i++)
        setting_explain_origin(to, &zone->origins[i], params);
}
