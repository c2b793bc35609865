/* What needs somebody. */
#include "report/fleet/fleet_status.h"

#include "report/view/verdict_text.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/duration.h"
#include "scanner/base/quote.h"
#include "scanner/base/shell_word.h"
#include "scanner/words/origin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *fleet_status_need_name(enum fleet_need need) {
    static const char *const names[NEED_COUNT] = {
        [NEED_FELL] = "fell",         [NEED_NO_SETTING] = "no-setting",
        [NEED_FAULT] = "fault",       [NEED_UNMEASURED] = "unmeasured",
        [NEED_UNSTABLE] = "unstable", [NEED_FEEDBACK] = "waits-for-feedback",
    };
    return names[need];
}

void fleet_status_init(struct fleet_status *status, int64_t now_ms, int64_t since_ms) {
    *status = (struct fleet_status){.now_ms = now_ms, .since_ms = since_ms};
}

static void clear_need(void *member) {
    struct fleet_status_need *need = member;
    free(need->zone);
    free(need->host);
    free(need->sni);
    free(need->address);
    *need = (struct fleet_status_need){0};
}

void fleet_status_clear(struct fleet_status *status) {
    for (size_t i = 0; i < status->needs_n; i++)
        clear_need(&status->needs[i]);
    status->needs_n = 0;
    clear_need(&status->current);
    free(status->database);
    status->database = NULL;
}

/* The gravest first, of those the newest, of those the first by name. */
static bool goes_before(const struct fleet_status_need *a, const struct fleet_status_need *b) {
    if (a->need != b->need)
        return a->need < b->need;
    return a->since_ms != b->since_ms ? a->since_ms > b->since_ms : a->zone_place < b->zone_place;
}

static void keep_need(struct fleet_status *status, struct fleet_status_need *need) {
    size_t at = status->needs_n;
    while (at > 0 && goes_before(need, &status->needs[at - 1]))
        at--;
    struct fleet_status_need *place = array_insert(
        status->needs, &status->needs_n, FLEET_STATUS_LIST, at, sizeof *place, clear_need);
    if (place)
        *place = *need;
    else
        clear_need(need);
    *need = (struct fleet_status_need){0};
}

static void end_zone(struct fleet_status *status) {
    if (status->current_needs) {
        status->zones_in_need++;
        status->by_need[status->current.need]++;
        keep_need(status, &status->current);
    } else {
        clear_need(&status->current);
    }
    status->current_needs = false;
}

static bool was_ordered(enum rule_reason reason) {
    return reason == REASON_OPERATOR_PIN || reason == REASON_OPERATOR_DENY ||
           reason == REASON_COMPLIANCE || reason == REASON_FROZEN;
}

/* What is the matter with the zone itself; NEED_COUNT: nothing. */
static enum fleet_need need_of_zone(const struct fleet_status *status,
                                    const struct fleet_status_zone *zone) {
    if (zone->level < zone->previous && zone->since_ms >= status->since_ms &&
        !was_ordered(zone->reason))
        return NEED_FELL;
    if (zone->level == LEVEL_NONE && zone->measured && !was_ordered(zone->reason))
        return NEED_NO_SETTING;
    if (zone->stage_percent < 100 && zone->waits_for == REASON_NO_FEEDBACK)
        return NEED_FEEDBACK;
    return NEED_COUNT;
}

void fleet_status_zone(struct fleet_status *status, const struct fleet_status_zone *zone) {
    end_zone(status);
    status->zones++;
    status->by_level[zone->level]++;
    status->ramping += zone->level != LEVEL_NONE && zone->stage_percent < 100;
    status->pinned += zone->pinned;
    enum fleet_need need = need_of_zone(status, zone);
    status->current_needs = need != NEED_COUNT;
    status->current_named = NEED_COUNT;
    status->current = (struct fleet_status_need){
        .need = need,
        .zone = alloc_string(zone->name),
        .zone_place = zone->place,
        .level = zone->level,
        .previous = zone->previous,
        .stage_percent = zone->stage_percent,
        .reason = zone->reason,
        .since_ms = zone->since_ms,
    };
}

/* Put off again and again, for our own trouble or for a crowded address: without that it is due a period after its last
 * scan, or a day where that failed. A due time to come says nothing, nor does the time
 * before the period was what it is. */
static bool is_put_off(const struct fleet_status *status,
                       const struct fleet_status_origin *origin) {
    int64_t wait_ms = status->period_ms;
    if (origin->missed > 0 && wait_ms < DAY_MS)
        wait_ms = DAY_MS;
    int64_t until_ms = origin->due_ms < status->now_ms ? origin->due_ms : status->now_ms;
    int64_t since_ms =
        origin->scanned_ms > status->period_since_ms ? origin->scanned_ms : status->period_since_ms;
    return status->period_ms > 0 && until_ms - since_ms > FLEET_STATUS_DEFERRED_PERIODS * wait_ms;
}

/* What is the matter with the origin; NEED_COUNT: nothing. */
static enum fleet_need need_of_origin(const struct fleet_status *status,
                                      const struct fleet_status_origin *origin) {
    if (origin->status == STATUS_BLOCKED) /* no further visit will get any further */
        return NEED_UNMEASURED;
    if (origin->status != STATUS_COMPLETE && origin->missed > FLEET_STATUS_MISSED_MAX)
        return NEED_UNMEASURED;
    switch (verdict_class(origin->verdict)) {
    case VERDICT_CLASS_FAULT:
        return NEED_FAULT;
    case VERDICT_CLASS_FAILING:
        return origin->verdict == VERDICT_UNSTABLE ? NEED_UNSTABLE : NEED_FAULT;
    case VERDICT_CLASS_ENDED:
    case VERDICT_CLASS_SOUND:
    case VERDICT_CLASS_NOTE:
        break;
    }
    if (is_put_off(status, origin))
        return NEED_UNMEASURED;
    bool stale = status->now_ms - origin->concluded_ms >= FLEET_STATUS_STALE_DAYS * DAY_MS;
    return stale && origin->missed > FLEET_STATUS_MISSED_MAX ? NEED_UNMEASURED : NEED_COUNT;
}

static const char *const deferred = "deferred";
static const char *const unscanned = "no scan yet";

static const char *word_of(const struct fleet_status *status, enum fleet_need need,
                           const struct fleet_status_origin *origin) {
    if (!origin->scanned)
        return unscanned;
    if (need == NEED_UNMEASURED && is_put_off(status, origin))
        return deferred;
    return origin->status != STATUS_COMPLETE ? status_name(origin->status)
                                             : verdict_name(origin->verdict);
}

/* What is graver than what is known of the zone's origins takes its place; they are the reason why a zone fell, which
 * stays its need. */
static void add_need(struct fleet_status *status, enum fleet_need need,
                     const struct fleet_status_origin *origin) {
    struct fleet_status_need *current = &status->current;
    if (need > status->current_named)
        return;
    if (need < status->current_named) {
        free(current->host);
        current->host = NULL;
        current->affected = 0;
        status->current_named = need;
        if (current->need > NEED_NO_SETTING)
            current->need = need;
    }
    current->affected++;
    if (current->host)
        return;
    current->host = alloc_string(origin->host);
    current->port = origin->port;
    current->origin_id = origin->id;
    current->word = word_of(status, need, origin);
}

/* A zone without evidence waits for the origins that were not measured, which else would need nobody yet. */
static bool is_waited_for(const struct fleet_status *status,
                          const struct fleet_status_origin *origin) {
    return status->current.need <= NEED_NO_SETTING &&
           status->current.reason == REASON_NO_EVIDENCE &&
           (!origin->scanned || origin->status != STATUS_COMPLETE);
}

static void count_age(struct fleet_status *status, const struct fleet_status_origin *origin) {
    int64_t age_ms = status->now_ms - origin->scanned_ms;
    status->within_day += age_ms <= DAY_MS;
    status->within_two_days += age_ms <= 2 * DAY_MS;
    if (status->oldest_scan_ms == 0 || origin->scanned_ms < status->oldest_scan_ms)
        status->oldest_scan_ms = origin->scanned_ms;
}

void fleet_status_origin(struct fleet_status *status, const struct fleet_status_origin *origin) {
    status->current.origins++;
    if (!origin->again)
        status->origins++;
    if (!origin->scanned) {
        status->never_scanned += !origin->again;
        if (is_waited_for(status, origin))
            add_need(status, NEED_UNMEASURED, origin);
        return;
    }
    if (!origin->again)
        count_age(status, origin);
    status->matrix[status->current.level][origin->verdict]++;
    enum fleet_need need = need_of_origin(status, origin);
    if (need == NEED_COUNT && is_waited_for(status, origin))
        need = NEED_UNMEASURED;
    if (need == NEED_COUNT)
        return;
    status->current_needs = true;
    add_need(status, need, origin);
}

void fleet_status_finish(struct fleet_status *status) {
    end_zone(status);
}

bool fleet_status_lags(const struct fleet_status *status) {
    return status->oldest_due_ms &&
           status->now_ms - status->oldest_due_ms > FLEET_STATUS_OVERDUE_MS;
}

/* ---- in words -------------------------------------------------------------------------------- */

static void write_origins(FILE *to, const struct fleet_status_need *need) {
    char name[ORIGIN_SHOWN_SIZE];
    origin_show(need->host, need->port, name);
    if (need->origins == 1)
        fprintf(to, "%s on its origin %s", need->word, name);
    else
        fprintf(to, "%s on %" PRIu64 " of %" PRIu64 " origins, such as %s", need->word,
                need->affected, need->origins, name);
}

void fleet_status_write_why(FILE *to, const struct fleet_status_need *need) {
    switch (need->need) {
    case NEED_FELL:
    case NEED_NO_SETTING:
        if (need->host)
            write_origins(to, need);
        else
            fputs(rule_reason_name(need->reason), to);
        return;
    case NEED_FAULT:
    case NEED_UNMEASURED:
    case NEED_UNSTABLE:
        write_origins(to, need);
        return;
    case NEED_FEEDBACK:
        fprintf(to,
                "stays at %u %% of its traffic: no proxy has reported what its connections meet",
                need->stage_percent);
        return;
    case NEED_COUNT:
        return;
    }
}

static void write_command(FILE *to, const char *command, const char *database,
                          const char *argument) {
    char *line = shell_word_command(command, database, argument);
    fprintf(to, "`%s`", line);
    free(line);
}

/* With the name and the address of that origin: others may well work. */
static void write_probe(FILE *to, const struct fleet_status_need *need) {
    char name[ORIGIN_SHOWN_SIZE], argument[ORIGIN_SHOWN_SIZE + ORIGIN_ADDRESS_SIZE];
    char *sni = need->sni ? shell_word_new(need->sni) : NULL, *command;
    if (asprintf(&command, "probe%s%s", sni ? " --sni " : "", sni ? sni : "") < 0)
        abort();
    snprintf(argument, sizeof argument, "%s%s%.*s", origin_show(need->host, need->port, name),
             need->address ? "@" : "", ORIGIN_ADDRESS_SIZE - 1, need->address ? need->address : "");
    write_command(to, command, NULL, argument);
    free(command);
    free(sni);
}

void fleet_status_write_remedy(FILE *to, const struct fleet_status *status,
                               const struct fleet_status_need *need) {
    enum verdict verdict;
    if (need->need == NEED_FEEDBACK) {
        fputs("Report what real connections meet: ", to);
        write_command(to, "feedback", status->database, NULL);
        putc('.', to);
    } else if (need->host && strcmp(need->word, status_name(STATUS_BLOCKED)) == 0) {
        fputs("The configuration forbids its address: `allow` admits what is not public, but the "
              "blocklist always wins.",
              to);
    } else if (need->host && need->word == deferred) {
        fputs(
            "This machine has put off its visits for three periods: `local_trouble` in the log "
            "and the metric originscan_visits_deferred_total say what was lacking (processor time, "
            "descriptors, name servers, or room at a crowded address).",
            to);
    } else if (need->host && verdict_parse(need->word, &verdict) &&
               verdict_class(verdict) != VERDICT_CLASS_ENDED) {
        fprintf(to, "%s ", verdict_text(verdict)->remedy);
        write_probe(to, need);
        fputs(" shows more.", to);
    } else {
        write_command(to, "explain", status->database, need->zone);
        fputs(" shows the evidence.", to);
    }
}
