/* What exports tell a person. */
#include "report/export/export_remark.h"

#include "report/export/export_text.h"
#include "scanner/base/clock.h"

/* The share that goes with the first one; GROUP_NONE where that is sent alone. */
static uint16_t second_share(const struct export_choice *choice) {
    uint16_t first = export_choice_first_share(choice);
    for (uint8_t i = 0; i < choice->groups_n; i++)
        if (choice->shares[i] && choice->groups[i] != first)
            return choice->groups[i];
    return GROUP_NONE;
}

char *export_remark_setting(const struct export_choice *choice,
                            char out[EXPORT_REMARK_SETTING_SIZE]) {
    char first[GROUP_NAME_SIZE], second[GROUP_NAME_SIZE];
    const char *variant = choice->level != LEVEL_PREFERRED ? ""
                          : choice->dual                   ? " dual"
                                                           : " single";
    uint16_t other = choice->dual ? second_share(choice) : GROUP_NONE;
    if (choice->level == LEVEL_NONE)
        snprintf(out, EXPORT_REMARK_SETTING_SIZE, "none");
    else
        snprintf(out, EXPORT_REMARK_SETTING_SIZE, "%s%s, first share %s%s%s",
                 rule_level_name(choice->level), variant,
                 group_name(export_choice_first_share(choice), first), other ? " and " : "",
                 other ? group_name(other, second) : "");
    return out;
}

static const char *plural_end(uint32_t n) {
    return n == 1 ? "" : "s";
}

static char *trials_text(const struct recommendation *advice, char *out, size_t size) {
    if (advice->trials == 0)
        snprintf(out, size, "no trials yet");
    else
        snprintf(out, size, "%u trial%s on %u day%s, %u failed, upper bound %.1f %%",
                 advice->trials, plural_end(advice->trials), advice->days, plural_end(advice->days),
                 advice->failures, 100 * advice->upper95);
    return out;
}

static char *reason_text(const struct export_zone *zone, char *out, size_t size) {
    const struct recommendation *advice = &zone->advice;
    char trials[EXPORT_REMARK_SETTING_SIZE], since[CLOCK_ISO_SIZE], until[CLOCK_ISO_SIZE];
    const char *reason = rule_reason_name(advice->reason);
    snprintf(out, size, "%s; %s%s%s%s%s%s", reason[0] ? reason : "no reason",
             trials_text(advice, trials, sizeof trials), advice->since_ms ? "; since " : "",
             advice->since_ms ? clock_iso(advice->since_ms, since) : "",
             advice->not_after_ms ? "; valid until " : "",
             advice->not_after_ms ? clock_iso(advice->not_after_ms, until) : "",
             advice->provisional ? "; provisional" : "");
    return out;
}

static bool in_ramp(const struct export_zone *zone) {
    return zone->advice.stage_percent < ZONE_WHOLE;
}

static char *ramp_text(const struct export_zone *zone, const struct export_options *options,
                       char *out, size_t size) {
    const struct recommendation *advice = &zone->advice;
    snprintf(out, size, "%s for %u %% of the traffic, %s for the rest; this is place %u of 0-%d",
             rule_level_name(advice->setting.level), advice->stage_percent,
             rule_level_name(advice->previous.level), options->place, EXPORT_PLACE_LAST);
    return out;
}

/* Where the options show none, the connection may end in 502. */
static void write_requests(const struct export_render *render, const struct export_zone *zone) {
    const struct export_options *options = render->options;
    if (!(options->format->takes & EXPORT_TAKES_TLS) || options->tls.client_cert)
        return;
    for (size_t i = 0; i < zone->origins_n; i++) {
        if (!zone->origins[i].asks_certificate)
            continue;
        fprintf(render->to, "%s   origin ", options->format->comment);
        export_text_comment(render->to, zone->origins[i].host);
        fprintf(render->to, ", port %u, asks for a client certificate: see --client-cert\n",
                zone->origins[i].port);
    }
}

void export_remark_zone(const struct export_render *render, const struct export_zone *zone,
                        const struct export_choice *choice) {
    const char *comment = render->options->format->comment;
    char setting[EXPORT_REMARK_SETTING_SIZE], text[EXPORT_REMARK_TEXT_SIZE];
    fprintf(render->to, "\n%s zone ", comment);
    export_text_comment(render->to, zone->name);
    fprintf(render->to, ": %s\n", export_remark_setting(choice, setting));
    fprintf(render->to, "%s   %s\n", comment, reason_text(zone, text, sizeof text));
    if (in_ramp(zone))
        fprintf(render->to, "%s   ramp: %s\n", comment,
                ramp_text(zone, render->options, text, sizeof text));
    if (choice->note[0])
        fprintf(render->to, "%s   note: %s\n", comment, choice->note);
    write_requests(render, zone);
}

void export_remark_exceptions(const struct export_render *render, const struct export_zone *zone) {
    for (size_t i = 0; i < zone->origins_n; i++) {
        const struct export_origin *origin = &zone->origins[i];
        if (!origin->exception)
            continue;
        struct export_choice own = {.level = origin->setting.level};
        char setting[EXPORT_REMARK_SETTING_SIZE];
        own.groups[own.groups_n] = origin->setting.first_share;
        own.shares[own.groups_n++] = true;
        own.dual = origin->setting.dual_share != GROUP_NONE;
        own.groups[own.groups_n] = origin->setting.dual_share;
        own.shares[own.groups_n++] = own.dual;
        fprintf(render->to, "%s   origin ", render->options->format->comment);
        export_text_comment(render->to, origin->host);
        fprintf(render->to, ", port %u, needs %s, which cannot be set for one origin here\n",
                origin->port, export_remark_setting(&own, setting));
    }
}

void export_remark_left_out(const struct export_render *render,
                            const struct export_origin *origin) {
    bool host = export_text_is_host(origin->host);
    fprintf(render->to, "%s   skipped: not a valid %s: ", render->options->format->comment,
            host ? "address" : "host name");
    export_text_comment(render->to, host ? origin->address : origin->host);
    putc('\n', render->to);
}

char *export_remark_text(const struct export_render *render, const struct export_zone *zone,
                         const struct export_choice *choice, char out[EXPORT_REMARK_TEXT_SIZE]) {
    char setting[EXPORT_REMARK_SETTING_SIZE], why[256], stage[128] = "";
    export_remark_setting(choice, setting);
    reason_text(zone, why, sizeof why);
    if (in_ramp(zone))
        ramp_text(zone, render->options, stage, sizeof stage);
    snprintf(out, EXPORT_REMARK_TEXT_SIZE, "%s; %s%s%s%s%s", setting, why,
             stage[0] ? "; ramp: " : "", stage, choice->note[0] ? "; note: " : "", choice->note);
    return out;
}

void export_remark_exception(const struct export_render *render, const struct export_origin *origin,
                             const struct export_choice *choice, const char *indent) {
    char setting[EXPORT_REMARK_SETTING_SIZE], endpoint[EXPORT_ENDPOINT_SIZE];
    fprintf(render->to, "%s%s" EXPORT_EXCEPTION_MARK "%s: %s%s%s\n", indent,
            render->options->format->comment,
            export_text_endpoint(origin->host, origin->port, endpoint),
            export_remark_setting(choice, setting), choice->note[0] ? "; " : "", choice->note);
}

static void write_exception(const struct export_render *render, const struct export_zone *zone,
                            const struct export_origin *origin, export_remark_put *put) {
    struct export_choice choice;
    char endpoint[EXPORT_ENDPOINT_SIZE];
    if (!export_text_is_host(origin->host)) {
        export_remark_left_out(render, origin);
        return;
    }
    export_choice_origin(zone, origin, render->options, &render->options->format->target, &choice);
    export_text_endpoint(origin->host, origin->port, endpoint);
    export_remark_exception(render, origin, &choice, "");
    export_format_count(render, choice.level, choice.exact);
    if (choice.level != LEVEL_NONE)
        put(render, endpoint, &choice);
}

void export_remark_each(const struct export_render *render, const struct export_zone *zone,
                        const struct export_choice *choice, export_remark_put *put) {
    export_remark_zone(render, zone, choice);
    export_format_count(render, choice->level, choice->exact);
    if (choice->level != LEVEL_NONE)
        put(render, zone->name, choice);
    for (size_t i = 0; i < zone->origins_n; i++) {
        if (zone->origins[i].exception)
            write_exception(render, zone, &zone->origins[i], put);
    }
}
