/* originscan report: the numbers over everything that is known. */
#include "cmd/cmd.h"

#include "cmd/settle/zone_view.h"
#include "report/view/flap_watch.h"
#include "report/view/fleet_report_json.h"
#include "report/view/fleet_report_text.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "scanner/base/duration.h"
#include "store/store_read.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SINCE_DAYS = 7 };

enum { KEY_DB = 256, KEY_FORMAT, KEY_SINCE };

static const struct argp_option options[] = {
    {"db", KEY_DB, "FILE", 0, "The database", 0},
    {"format", KEY_FORMAT, "FORMAT", 0,
     "text (default): a page for a terminal; json: schema originscan.report/1", 0},
    {"since", KEY_SINCE, "WHEN", 0,
     "Show changes since a date such as 2026-11-23 (UTC), or for a number of days (default 7)", 0},
    {0},
};

struct arguments {
    const char *db;
    bool json;
    int64_t now_ms;
    int64_t since_ms;
};

static void parse_format(struct arguments *arguments, struct argp_state *state, const char *text) {
    if (strcmp(text, "html") == 0)
        cmd_usage_error(state, "--format: html is not supported yet; use text or json");
    arguments->json = strcmp(text, "json") == 0;
    if (!arguments->json && strcmp(text, "text") != 0)
        cmd_unknown_value(state, "--format", text, "text or json");
}

static void parse_since(struct arguments *arguments, struct argp_state *state, const char *text) {
    struct tm day = {0};
    const char *end = strptime(text, "%Y-%m-%d", &day);
    if (end && !*end)
        arguments->since_ms = (int64_t)timegm(&day) * 1000;
    else
        arguments->since_ms =
            arguments->now_ms - cmd_number(state, "since", text, 0, 36500) * DAY_MS;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case KEY_DB:
        arguments->db = text;
        return 0;
    case KEY_FORMAT:
        parse_format(arguments, state, text);
        return 0;
    case KEY_SINCE:
        parse_since(arguments, state, text);
        return 0;
    case ARGP_KEY_ARG:
        cmd_usage_error(state, "unexpected argument \"%s\"", text);
    case ARGP_KEY_END:
        if (!arguments->db)
            cmd_usage_error(state, "--db FILE is missing");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* ---- from the store to the report ------------------------------------------------------------ */

struct filling {
    struct fleet_report *report;
    struct store *store;
    struct zone_view_source source;
    struct zone_view view; /* of the zone that is read */
    uint8_t *seen;         /* a bit for each number of an origin that was in a zone before */
    size_t seen_n;         /* bytes */
    struct err *err;
    bool failed;
};

static bool take_share(void *arg, const struct store_group_count *share) {
    struct fleet_report *report = arg;
    struct fleet_report_group group = {share->group, share->origins, share->supported,
                                       share->preferred};
    const struct group *known = group_find(share->group);
    if (known && known->post_quantum && share->group != GROUP_X25519KYBER768DRAFT00)
        report->hybrid = share->group; /* the one that was measured last */
    if (report->groups_n < FLEET_REPORT_GROUPS)
        fleet_report_group(report, &group);
    return true;
}

static enum truth has_group(const struct facts *facts, uint16_t group) {
    for (enum judged_group i = JUDGED_X25519; i <= JUDGED_HYBRID; i++)
        if (judgement_group(i, facts->hybrid) == group)
            return facts->groups[i];
    return TRUTH_UNKNOWN;
}

/* False the first time. */
static bool was_seen(struct filling *filling, int64_t origin_id) {
    size_t at = (size_t)origin_id / 8;
    uint8_t bit = (uint8_t)(1u << origin_id % 8);
    if (at >= filling->seen_n) {
        size_t n = 2 * at + 64;
        filling->seen = alloc_resize(filling->seen, n, 1);
        memset(filling->seen + filling->seen_n, 0, n - filling->seen_n);
        filling->seen_n = n;
    }
    bool seen = filling->seen[at] & bit;
    filling->seen[at] |= bit;
    return seen;
}

static void report_origin(struct filling *filling, const struct zone_view_origin *from,
                          uint16_t first_share) {
    const struct store_origin *stored = &from->stored;
    const struct facts *facts = &stored->facts;
    struct fleet_report_origin origin = {
        .host = stored->origin.host,
        .port = stored->origin.port,
        .weight = from->weight,
        .again = was_seen(filling, stored->id),
        .scanned = stored->scanned,
    };
    if (stored->scanned) {
        origin.status = stored->status;
        origin.concluded_ms = facts->any ? stored->concluded_ms : 0;
        origin.verdict = facts->any ? facts->verdict : VERDICT_COUNT;
    }
    if (origin.concluded_ms) {
        origin.preferred_group = facts->preferred_group;
        origin.tls_version = facts->tls_version;
        origin.hybrid = facts->groups[JUDGED_HYBRID];
        origin.first_share = has_group(facts, first_share);
        for (enum mode mode = MODE_OFF; mode < FACTS_MODES; mode++) {
            origin.works[mode] = facts->works[mode];
            origin.retry[mode] = facts->retry[mode];
        }
    }
    fleet_report_origin(filling->report, &origin);
}

static void report_zone(struct filling *filling, const struct store_setting *setting) {
    const struct zone_view *view = &filling->view;
    struct zone_view_expectation expectation = zone_view_expect(view);
    struct fleet_report_zone zone = {
        .name = view->name,
        .measured = view->target.measured,
        .now = expectation.now,
        .recommended = expectation.recommended,
        .possible = expectation.possible,
    };
    if (setting) {
        rule_level_parse(setting->setting, &zone.level);
        zone.variant = setting->variant;
        zone.first_share = setting->first_share;
        zone.reason = setting->reason;
        zone.since_ms = setting->since_ms;
    }
    fleet_report_zone(filling->report, &zone);
    for (size_t i = 0; i < view->origins_n; i++)
        report_origin(filling, &view->origins[i], zone.first_share);
}

static bool take_zone(void *arg, int64_t zone_id, const char *name,
                      const struct store_setting *setting) {
    struct filling *filling = arg;
    struct zone_view *view = &filling->view;
    filling->failed = !zone_view_load(view, &filling->source, zone_id, name, setting, filling->err);
    if (!filling->failed)
        report_zone(filling, setting);
    return !filling->failed;
}

static bool take_change(void *arg, const struct store_change *from) {
    struct change_row change = {
        .changed_ms = from->at_ms,
        .subject = from->subject,
        .field = from->field,
        .old = from->old,
        .new = from->new,
        .reason = from->reason,
    };
    fleet_report_change(arg, &change);
    return true;
}

/* Those before the date tell who flaps. */
static int64_t oldest_change_ms(const struct fleet_report *report) {
    int64_t flapping_ms = report->now_ms - FLAP_WATCH_DAYS * DAY_MS;
    return report->since_ms < flapping_ms ? report->since_ms : flapping_ms;
}

static bool fill_report(struct filling *filling) {
    struct store *store = filling->store;
    struct err *err = filling->err;
    bool done = zone_view_source_init(&filling->source, store, filling->report->now_ms, err) &&
                store_group_counts(store, take_share, filling->report, err) == STORE_OK &&
                store_zones(store, take_zone, filling, err) == STORE_OK && !filling->failed &&
                store_changes(store, oldest_change_ms(filling->report), take_change,
                              filling->report, err) == STORE_OK;
    zone_view_clear(&filling->view);
    free(filling->seen);
    fleet_report_finish(filling->report);
    return done;
}

static void print_report(const struct fleet_report *report, bool json) {
    if (!json)
        fleet_report_text(stdout, report);
    else
        fleet_report_json_write(stdout, report, "originscan " ORIGINSCAN_VERSION);
}

static int report_store(const struct arguments *arguments, struct store *store) {
    struct err err;
    struct filling filling = {
        .report = fleet_report_new(arguments->now_ms, arguments->since_ms, GROUP_X25519MLKEM768),
        .store = store,
        .err = &err,
    };
    int status = CMD_DONE;
    if (fill_report(&filling)) {
        print_report(filling.report, arguments->json);
    } else {
        status = cmd_fail("report", &err);
    }
    fleet_report_free(filling.report);
    return status;
}

int cmd_report(int argc, char **argv) {
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .doc = "Shows which groups origins support and choose, what fails, how often each first "
               "key share "
               "costs a retry, the settings of zones, what changed, and what is stale.\v"
               "Exit status: 0 done, 1 failed, 2 wrong usage or no usable database.",
    };
    struct arguments arguments = {.now_ms = clock_wall_ms()};
    arguments.since_ms = arguments.now_ms - SINCE_DAYS * DAY_MS;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    struct store *store = cmd_open_store("report", arguments.db, STORE_READ);
    int status = store ? report_store(&arguments, store) : CMD_USAGE;
    store_close(store);
    return status;
}
