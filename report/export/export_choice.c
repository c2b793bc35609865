/* What a target can say of a setting. */
#include "report/export/export_choice.h"

#include "scanner/base/array.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

/* Groups by the names of each library; NULL: it does not have the group. */
static const struct spelling {
    uint16_t group;
    const char *boringssl;
    const char *openssl30;
    const char *openssl35;
    const char *go;
} spellings[] = {
    {GROUP_X25519, "X25519", "X25519", "X25519", "x25519"},
    {GROUP_P256, "P-256", "P-256", "P-256", "secp256r1"},
    {GROUP_P384, "P-384", "P-384", "P-384", "secp384r1"},
    {GROUP_P521, "P-521", "P-521", "P-521", "secp521r1"},
    {GROUP_X25519MLKEM768, "X25519MLKEM768", NULL, "X25519MLKEM768", "x25519mlkem768"},
    {4587, NULL, NULL, "SecP256r1MLKEM768", NULL},
    {4589, NULL, NULL, "SecP384r1MLKEM1024", NULL},
    {514, "MLKEM1024", NULL, "MLKEM1024", NULL},
    {GROUP_X25519KYBER768DRAFT00, "X25519Kyber768Draft00", NULL, NULL, NULL},
};

const char *export_choice_name(enum export_library library, enum export_openssl openssl,
                               uint16_t group) {
    for (size_t i = 0; i < COUNT_OF(spellings); i++) {
        if (spellings[i].group != group)
            continue;
        switch (library) {
        case EXPORT_NAMES_BORINGSSL:
            return spellings[i].boringssl;
        case EXPORT_NAMES_OPENSSL:
            return openssl == EXPORT_OPENSSL_30 ? spellings[i].openssl30 : spellings[i].openssl35;
        case EXPORT_NAMES_GO:
            return spellings[i].go;
        }
    }
    return NULL;
}

struct export_target_filter export_choice_filter(const struct export_target *target,
                                                 const struct export_options *options,
                                                 uint16_t hybrid) {
    bool spells = export_choice_name(target->library, options->openssl, hybrid) != NULL;
    return (struct export_target_filter){.target = target, .spells_hybrid = spells};
}

static bool is_classical(uint16_t group) {
    const struct group *found = group_find(group);
    return found && !found->post_quantum;
}

__attribute__((format(printf, 2, 3))) static void add_note(struct export_choice *choice,
                                                           const char *format, ...) {
    size_t used = strlen(choice->note);
    if (used && used + 3 < EXPORT_NOTE_SIZE) {
        memcpy(choice->note + used, "; ", 3);
        used += 2;
    }
    va_list args;
    va_start(args, format);
    vsnprintf(choice->note + used, EXPORT_NOTE_SIZE - used, format, args);
    va_end(args);
}

struct zone_place export_choice_place(const struct export_zone *zone,
                                      const struct export_options *options) {
    struct zone_place at = {
        .params = zone->params,
        .advice = &zone->advice,
        .compliance = zone->compliance,
        .classical_share = zone->classical_share,
        .off_fails = zone->off_fails,
        .off_stands = zone_place_off_stands(zone->measured || options->none_off, zone->off_fails),
        .kept = zone->kept,
        .place = options->place,
        .now_ms = options->now_ms,
    };
    memcpy(at.deny, zone->deny, sizeof at.deny);
    memcpy(at.needed, zone->needed, sizeof at.needed);
    return at;
}

struct zone_setting export_choice_setting(const struct export_zone *zone,
                                          const struct export_options *options) {
    struct zone_place at = export_choice_place(zone, options);
    return zone_place_setting(&at);
}

static bool lists_group(const struct zone_setting *setting, uint16_t group) {
    for (unsigned i = 0; i < setting->groups_n; i++) {
        if (setting->groups[i] == group)
            return true;
    }
    return false;
}

static void add_group(struct export_choice *out, uint16_t group, bool share) {
    out->groups[out->groups_n] = group;
    out->shares[out->groups_n++] = share;
}

/* Copies the setting; `dual` adds the share of its own classical group, or of the first one. Without the
 * hybrid the first share's group comes first, since many targets send the first one's. */
static void copy_setting(const struct zone_setting *setting, bool dual, struct export_choice *out) {
    out->level = setting->level;
    out->groups_n = 0;
    uint16_t front = setting->level == LEVEL_OFF ? setting->first_share : GROUP_NONE;
    if (front != GROUP_NONE && lists_group(setting, front))
        add_group(out, front, true);
    for (unsigned i = 0; i < setting->groups_n; i++) {
        if (setting->groups[i] != front)
            add_group(out, setting->groups[i], setting->groups[i] == setting->first_share);
    }
    for (unsigned i = 0; dual && i < setting->groups_n; i++) {
        bool own = setting->dual_share == GROUP_NONE ? is_classical(setting->groups[i])
                                                     : setting->groups[i] == setting->dual_share;
        if (own) {
            out->shares[i] = true;
            out->dual = true;
            return;
        }
    }
}

/* What is known for the case that another setting has to be written. */
struct fallback {
    const struct rule_params *params;
    const struct zone_target *target; /* what else its origins tolerate; NULL: not known */
    bool deny[LEVEL_COUNT];
    enum compliance compliance;
    uint16_t classical_share;     /* GROUP_NONE: the usual one */
    bool off_fails;               /* it must not be written either */
    bool off_stands;              /* it is written where nothing is advised */
    bool needed[CLASSICAL_COUNT]; /* an advised setting lists what is needed itself */
};

static void write_nothing(struct export_choice *out, const char *why) {
    out->level = LEVEL_NONE;
    out->dual = false;
    out->groups_n = 0;
    add_note(out, "%s", why);
}

/* `off` with the best classical share that is known, or nothing where no classical group complies.
 */
static void fall_to_off(const struct zone_setting *setting, const struct fallback *fallback,
                        struct export_choice *out) {
    struct rule_params params;
    if (fallback->off_fails) {
        write_nothing(out, "`off` was measured to fail, so nothing is written");
        return;
    }
    rule_params_init(&params, PROFILE_CAREFUL);
    uint16_t first =
        is_classical(setting->first_share) ? setting->first_share : fallback->classical_share;
    if (!compliance_allows(fallback->compliance, first))
        first = GROUP_NONE;
    bool needed[CLASSICAL_COUNT];
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++)
        needed[i] =
            setting->level == LEVEL_NONE
                ? fallback->needed[i]
                : lists_group(setting, observation_classical_group((enum classical_group)i));
    struct zone_setting off =
        zone_setting_make(&params, fallback->compliance, LEVEL_OFF, first, needed);
    out->dual = false;
    copy_setting(&off, false, out);
    if (out->groups_n > 0)
        return;
    write_nothing(out,
                  "no classical group passes the zone's compliance filter, so nothing is written");
}

static bool lists_classical(const struct zone_setting *setting) {
    for (unsigned i = 0; i < setting->groups_n; i++) {
        if (is_classical(setting->groups[i]))
            return true;
    }
    return false;
}

static bool spells_all(const struct zone_setting *setting, const struct export_options *options,
                       const struct export_target *target) {
    for (unsigned i = 0; i < setting->groups_n; i++) {
        if (!export_choice_name(target->library, options->openssl, setting->groups[i]))
            return false;
    }
    return true;
}

/* The text that says why a target cannot say that setting; NULL where it can, in one variant or the
 * other. */
static const char *find_obstacle(const struct zone_setting *setting, bool dual,
                                 const struct export_options *options,
                                 const struct export_target *target) {
    if (!spells_all(setting, options, target))
        return "lacks one of the groups";
    if (setting->level == LEVEL_SUPPORTED && !target->supported)
        return "cannot list the hybrid without sending its key share";
    if (setting->level == LEVEL_PREFERRED && setting->dual_share != GROUP_NONE)
        return export_target_pairs(target, setting->dual_share)
                   ? NULL
                   : "cannot send that classical key share with the hybrid's";
    if (setting->level == LEVEL_PREFERRED && !dual && !target->single && !setting->dual_ok &&
        lists_classical(setting))
        return "always sends a classical key share as well, which is not proven here";
    return NULL;
}

/* The best that the target can say and the origins tolerate; level NONE if there is none. */
static struct zone_setting find_next_best(const struct zone_setting *setting,
                                          const struct fallback *fallback,
                                          const struct export_options *options,
                                          const struct export_target *target) {
    if (!fallback->target || fallback->target->divided)
        return (struct zone_setting){.level = LEVEL_NONE};
    struct export_target_filter filter =
        export_choice_filter(target, options, fallback->params->hybrid);
    return zone_target_at_most(fallback->params, fallback->compliance, fallback->target,
                               fallback->deny, setting->level, export_target_says, &filter);
}

static void write_next_best(const struct zone_setting *setting, const struct fallback *fallback,
                            const struct export_options *options,
                            const struct export_target *target, struct export_choice *out) {
    struct zone_setting next = find_next_best(setting, fallback, options, target);
    if (next.level <= LEVEL_OFF) {
        fall_to_off(setting, fallback, out);
        return;
    }
    bool dual = next.dual_share != GROUP_NONE || (!target->single && next.level == LEVEL_PREFERRED);
    copy_setting(&next, dual, out);
    char name[CANDIDATE_NAME_SIZE];
    add_note(out, "the best that it can be told is `%s`",
             candidate_name(zone_setting_candidate(&next), name));
}

static void choose_setting(const struct zone_setting *setting, const struct fallback *fallback,
                           const struct export_options *options, const struct export_target *target,
                           struct export_choice *out) {
    bool want_dual = setting->level == LEVEL_PREFERRED &&
                     (setting->dual_share != GROUP_NONE || (options->dual && setting->dual_ok));
    *out = (struct export_choice){.wanted = setting->level, .exact = true};
    if (setting->level == LEVEL_NONE) {
        add_note(out, "no setting is advised at the moment");
        out->exact = false;
        if (fallback->off_stands || fallback->off_fails)
            fall_to_off(setting, fallback, out);
        else
            write_nothing(out, "no scan has shown that `off` works, so nothing is written");
        return;
    }
    if (target->exact) {
        copy_setting(setting, want_dual, out);
        return;
    }
    const char *why = find_obstacle(setting, want_dual, options, target);
    if (why) {
        char name[CANDIDATE_NAME_SIZE];
        bool dual = setting->dual_share != GROUP_NONE;
        add_note(out, "%s cannot express `%s`: it %s", target->who,
                 dual ? candidate_name(zone_setting_candidate(setting), name)
                      : rule_level_name(setting->level),
                 why);
        out->exact = false;
        write_next_best(setting, fallback, options, target, out);
        return;
    }
    bool dual = want_dual ? target->dual : !target->single;
    copy_setting(setting, dual && setting->level == LEVEL_PREFERRED, out);
    if (setting->level == LEVEL_PREFERRED && out->dual != want_dual) {
        add_note(out, "%s can only send %s", target->who,
                 out->dual ? "the hybrid's key share with a classical one"
                           : "the hybrid's key share alone");
        out->exact = false;
    }
}

uint16_t export_choice_first_share(const struct export_choice *choice) {
    for (unsigned i = 0; i < choice->groups_n; i++) {
        if (choice->shares[i])
            return choice->groups[i];
    }
    return GROUP_NONE;
}

/* The share that a target without a choice sends: the first listed one in its own order. */
static uint16_t usual_first_share(const struct export_choice *choice) {
    for (unsigned which = 0; which < CLASSICAL_COUNT; which++) {
        uint16_t group = observation_classical_group((enum classical_group)which);
        for (unsigned i = 0; i < choice->groups_n; i++) {
            if (choice->groups[i] == group)
                return group;
        }
    }
    return GROUP_NONE;
}

static bool origin_has(const struct export_origin *origin, uint16_t group) {
    for (unsigned i = 0; i < origin->groups_n; i++) {
        if (origin->groups[i] == group)
            return true;
    }
    return false;
}

static bool all_have(const struct export_zone *zone, uint16_t group) {
    for (size_t i = 0; i < zone->origins_n; i++) {
        if (!origin_has(&zone->origins[i], group))
            return false;
    }
    return zone->origins_n > 0;
}

static void drop_group(struct export_choice *choice, uint16_t group) {
    unsigned kept = 0;
    for (unsigned i = 0; i < choice->groups_n; i++) {
        if (choice->groups[i] == group)
            continue;
        choice->groups[kept] = choice->groups[i];
        choice->shares[kept++] = choice->shares[i];
    }
    choice->groups_n = (uint8_t)kept;
}

/* Whether some group that the target sends before the wanted one has to stay in the list. */
static bool needs_group_before(const struct export_zone *zone, uint16_t wanted,
                               const struct export_choice *choice) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        uint16_t group = observation_classical_group((enum classical_group)i);
        if (group == wanted)
            return false;
        for (unsigned g = 0; g < choice->groups_n; g++) {
            if (choice->groups[g] == group && zone->needed[i])
                return true;
        }
    }
    return false;
}

/* Leaves out what would be sent before the wanted share, where that is known to hurt nobody. */
static void leave_groups_out(const struct export_zone *zone, const struct export_target *target,
                             uint16_t wanted, struct export_choice *out) {
    char name[GROUP_NAME_SIZE], other[GROUP_NAME_SIZE];
    uint16_t usual = usual_first_share(out);
    if (!zone || !all_have(zone, wanted) || needs_group_before(zone, wanted, out)) {
        out->exact = false;
        add_note(out, "%s cannot send the key share of %s first: it sends that of %s", target->who,
                 group_name(wanted, name), group_name(usual, other));
        return;
    }
    while (usual_first_share(out) != wanted)
        drop_group(out, usual_first_share(out));
    add_note(out, "%s is omitted so that %s comes first; every origin supports it",
             group_name(usual, other), group_name(wanted, name));
}

static void fit_first_share(const struct export_zone *zone, const struct export_target *target,
                            struct export_choice *out) {
    char name[GROUP_NAME_SIZE];
    uint16_t wanted = export_choice_first_share(out);
    if (out->level == LEVEL_NONE || out->level == LEVEL_PREFERRED ||
        usual_first_share(out) == wanted)
        return;
    switch (target->share) {
    case EXPORT_SHARE_FREE:
        return;
    case EXPORT_SHARE_BY_ORDER:
        add_note(out, "first share %s relies on the order of the list", group_name(wanted, name));
        return;
    case EXPORT_SHARE_FIXED_ORDER:
        leave_groups_out(zone, target, wanted, out);
        return;
    case EXPORT_SHARE_OWN:
        out->exact = false;
        add_note(out, "%s chooses the first share itself, so %s cannot be set", target->who,
                 group_name(wanted, name));
        return;
    }
}

static bool first_share_fails(const struct export_zone *zone, const struct export_choice *choice) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        if (observation_classical_group((enum classical_group)i) ==
            export_choice_first_share(choice))
            return zone->share_fails[i];
    }
    return false;
}

/* A pin is an order, and is written. Whoever reads the file should know what it does. */
static void note_failing_pin(const struct export_zone *zone, struct export_choice *out) {
    char name[GROUP_NAME_SIZE];
    if (zone->advice.reason != REASON_OPERATOR_PIN || !first_share_fails(zone, out))
        return;
    if (zone->off_fails)
        add_note(out, "`%s` was measured to fail; it is written because it is pinned",
                 rule_level_name(out->level));
    else
        add_note(out,
                 "the key share of %s was measured to fail; it is written because it is pinned",
                 group_name(export_choice_first_share(out), name));
}

/* A setting that not all of the zone's origins take is for those that can tell them apart; a pin is an
 * order. */
static bool is_for_some(const struct export_zone *zone, const struct export_target *target) {
    return zone->target && zone->target->divided && !target->own_line && !target->exact &&
           zone->advice.reason != REASON_OPERATOR_PIN;
}

void export_choice_zone(const struct export_zone *zone, const struct export_options *options,
                        const struct export_target *target, struct export_choice *out) {
    struct zone_setting setting = export_choice_setting(zone, options);
    if (is_for_some(zone, target) && setting.level != LEVEL_NONE) {
        *out = (struct export_choice){.wanted = setting.level};
        write_nothing(out, "no setting works with all of its origins, so nothing is written");
        return;
    }
    struct fallback fallback = {
        .params = zone->params,
        .target = zone->target,
        .compliance = zone->compliance,
        .classical_share = zone->classical_share,
        .off_fails = zone->off_fails,
        .off_stands = zone_place_off_stands(zone->measured || options->none_off, zone->off_fails),
    };
    memcpy(fallback.deny, zone->deny, sizeof fallback.deny);
    memcpy(fallback.needed, zone->needed, sizeof fallback.needed);
    choose_setting(&setting, &fallback, options, target, out);
    fit_first_share(zone, target, out);
    note_failing_pin(zone, out);
}

void export_choice_origin(const struct export_zone *zone, const struct export_origin *origin,
                          const struct export_options *options, const struct export_target *target,
                          struct export_choice *out) {
    if (!origin->exception) {
        export_choice_zone(zone, options, target, out);
        return;
    }
    struct zone_origin alone = {.weight = 1, .advice = origin->advice};
    struct zone_target own;
    zone_target_choose(zone->params, zone->compliance, &alone, 1, &own);
    struct fallback fallback = {
        .params = zone->params,
        .target = &own,
        .compliance = zone->compliance,
        .off_fails = zone_target_off_fails(zone->compliance, origin->advice),
        .off_stands = true, /* there is no exception without a scan */
    };
    memcpy(fallback.deny, zone->deny, sizeof fallback.deny);
    memcpy(fallback.needed, origin->advice->needed, sizeof fallback.needed);
    choose_setting(&origin->setting, &fallback, options, target, out);
    struct export_zone of_its_own = {.origins_n = 1, .origins = origin};
    memcpy(of_its_own.needed, origin->advice->needed, sizeof of_its_own.needed);
    fit_first_share(&of_its_own, target, out);
}

void export_choice_setting_of(const struct zone_setting *setting, enum compliance compliance,
                              const struct export_options *options,
                              const struct export_target *target, struct export_choice *out) {
    struct fallback fallback = {.compliance = compliance};
    choose_setting(setting, &fallback, options, target, out);
    fit_first_share(NULL, target, out);
}

char *export_choice_openssl(const struct export_choice *choice, enum export_openssl openssl,
                            char out[EXPORT_LIST_SIZE]) {
    bool stars = openssl == EXPORT_OPENSSL_35 && choice->level > LEVEL_OFF;
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < choice->groups_n; i++) {
        const char *name = export_choice_name(EXPORT_NAMES_OPENSSL, openssl, choice->groups[i]);
        assert(name); /* or the choice would have been another */
        used += (size_t)snprintf(out + used, EXPORT_LIST_SIZE - used, "%s%s%s", i ? ":" : "",
                                 stars && choice->shares[i] ? "*" : "", name);
    }
    return out;
}

char *export_choice_list(const struct export_choice *choice, enum export_library library,
                         const char *separator, char out[EXPORT_LIST_SIZE]) {
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < choice->groups_n; i++) {
        const char *name = export_choice_name(library, EXPORT_OPENSSL_35, choice->groups[i]);
        assert(name);
        used +=
            (size_t)snprintf(out + used, EXPORT_LIST_SIZE - used, "%s%s", i ? separator : "", name);
    }
    return out;
}
