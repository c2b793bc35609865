/* One setting for all zones: over random sets of zones, every target of that kind writes nothing
 * that an origin of any of them was seen to break on. */
#include "report/export/export.h"
#include "report/export/export_format.h"
#include "tests/unit/advised.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_MS INT64_C(1795424400123)
enum { ZONES = 4, ORIGINS = 2, ROUNDS = 20000 };

/* Each target that has one setting for all of its zones, and what stands before its groups. */
static const struct target {
    const char *format;
    const char *mark;
} targets[] = {{"ats", "groups_list: \""}};

struct fleet {
    size_t zones_n;
    struct rule_params params;
    struct origin_advice advice[ZONES][ORIGINS];
    struct export_origin origins[ZONES][ORIGINS];
    struct export_zone zones[ZONES];
    struct zone_target targets[ZONES];
    char names[ZONES][16];
};

static uint64_t next_random(uint64_t *state, uint64_t below) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*state >> 33) % below;
}

/* An origin of any kind; what fails is rarer than what works. */
static struct origin_advice any_advice(uint64_t *random) {
    struct origin_advice advice = {.last_ms = NOW_MS, .reason = REASON_SUPPORTED_WORKS};
    advice.level = (enum rule_level)(LEVEL_OFF + next_random(random, 3));
    advice.supported_ok = advice.level == LEVEL_SUPPORTED ||
                          (advice.level == LEVEL_PREFERRED && next_random(random, 3) > 0);
    advice.dual_ok = advice.level == LEVEL_PREFERRED && next_random(random, 2);
    advice.always_hybrid = advice.level == LEVEL_PREFERRED && next_random(random, 2);
    bool fails = next_random(random, 3) == 0;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++)
        advice.shares[i] = fails && next_random(random, 2)
                               ? SHARE_FAILED
                               : (enum share_answer)next_random(random, 3);
    return advised(advice);
}

static void make_zone(struct fleet *fleet, size_t which, uint64_t *random) {
    static const enum compliance filters[] = {COMPLIANCE_NONE, COMPLIANCE_NONE, COMPLIANCE_NONE,
                                              COMPLIANCE_FIPS, COMPLIANCE_PQH};
    struct zone_origin members[ORIGINS];
    size_t n = 1 + next_random(random, ORIGINS);
    enum compliance compliance = filters[next_random(random, 5)];
    for (size_t i = 0; i < n; i++) {
        fleet->advice[which][i] = any_advice(random);
        members[i] = (struct zone_origin){1, &fleet->advice[which][i]};
        fleet->origins[which][i] = (struct export_origin){.host = "a.example",
                                                          .port = 443,
                                                          .sni = "a.example",
                                                          .address = "",
                                                          .weight = 1,
                                                          .advice = &fleet->advice[which][i]};
    }
    zone_target_choose(&fleet->params, compliance, members, n, &fleet->targets[which]);
    const struct zone_target target = fleet->targets[which];
    snprintf(fleet->names[which], sizeof fleet->names[which], "z%zu.example", which);
    fleet->zones[which] = (struct export_zone){
        .name = fleet->names[which],
        .advice = {.setting = target.setting,
                   .previous = target.setting,
                   .stage_percent = ZONE_WHOLE,
                   .reason = target.reason},
        .params = &fleet->params,
        .compliance = compliance,
        .classical_share = target.classical_share,
        .off_fails = target.off_fails,
        .measured = target.measured,
        .target = &fleet->targets[which],
        .always_hybrid = target.always_hybrid,
        .origins_n = n,
        .origins = fleet->origins[which],
    };
    memcpy(fleet->zones[which].share_fails, target.share_fails, sizeof target.share_fails);
}

static bool give_zones(void *arg, export_sink *sink, void *sink_arg, struct err *err) {
    (void)err;
    const struct fleet *fleet = arg;
    for (size_t i = 0; i < fleet->zones_n && sink(sink_arg, &fleet->zones[i]); i++)
        continue;
    return true;
}

/* The groups that the export has; "" if it has none. */
static void read_groups(struct fleet *fleet, const struct target *target, bool dual,
                        enum export_openssl openssl, char groups[128]) {
    struct export_options options = export_defaults();
    struct export_summary summary;
    struct err err;
    char *line = NULL;
    size_t room = 0;
    options.format = export_find(target->format);
    options.now_ms = NOW_MS;
    options.dual = dual;
    options.openssl = openssl;
    FILE *body = export_body(&options, give_zones, fleet, &summary, &err);
    assert_non_null(body);
    groups[0] = '\0';
    rewind(body);
    while (getline(&line, &room, body) > 0) {
        const char *at = strstr(line, target->mark);
        if (at)
            assert_int_equal(sscanf(at + strlen(target->mark), "%127[^\"]", groups), 1);
    }
    free(line);
    fclose(body);
}

/* The setting in a string of OpenSSL's. */
struct read {
    enum rule_level level;
    bool sent[CLASSICAL_COUNT]; /* the classical shares */
    bool classical;             /* any classical group is listed */
};

static struct read read_string(const char *groups) {
    static const char *const names[CLASSICAL_COUNT] = {"X25519", "P-256", "P-384", "P-521"};
    struct read out = {.level = strstr(groups, "*X25519MLKEM768")  ? LEVEL_PREFERRED
                                : strstr(groups, "X25519MLKEM768") ? LEVEL_SUPPORTED
                                                                   : LEVEL_OFF};
    bool stars = strchr(groups, '*'), first = true;
    char copy[128];
    snprintf(copy, sizeof copy, "%s", groups);
    for (char *name = strtok(copy, ":"); name; name = strtok(NULL, ":"), first = false) {
        bool star = *name == '*';
        for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
            if (strcmp(name + star, names[i]) != 0)
                continue;
            out.classical = true;
            out.sent[i] = stars ? star : first;
        }
    }
    return out;
}

/* Why the origin breaks on it; NULL if it does not. */
static const char *breaks_on(const struct origin_advice *origin, const struct read *setting) {
    if (setting->level > origin->level)
        return "the level is above the origin's";
    if (setting->level == LEVEL_SUPPORTED && !origin->supported_ok)
        return "it breaks on supported";
    if (!setting->classical && !origin->always_hybrid)
        return "it may need a classical group";
    bool dual = setting->level == LEVEL_PREFERRED && memchr(setting->sent, true, CLASSICAL_COUNT);
    if (dual && !origin->dual_ok)
        return "it is not known to take both shares";
    for (unsigned i = 0; !dual && i < CLASSICAL_COUNT; i++) {
        if (setting->sent[i] && origin->shares[i] == SHARE_FAILED)
            return "it fails on the first share";
    }
    return NULL;
}

static void no_origin_of_any_zone_breaks(void **state) {
    (void)state;
    struct fleet *fleet = calloc(1, sizeof *fleet);
    uint64_t random = 3, written[LEVEL_COUNT] = {0}, nothing = 0;
    rule_params_init(&fleet->params, PROFILE_CAREFUL);
    for (size_t round = 0; round < ROUNDS * (sizeof targets / sizeof *targets); round++) {
        const struct target *target = &targets[round / ROUNDS];
        char groups[128];
        fleet->zones_n = 1 + next_random(&random, ZONES);
        for (size_t i = 0; i < fleet->zones_n; i++)
            make_zone(fleet, i, &random);
        bool dual = next_random(&random, 2);
        read_groups(fleet, target, dual, round % 4 ? EXPORT_OPENSSL_35 : EXPORT_OPENSSL_30, groups);
        if (!groups[0]) {
            nothing++;
            continue;
        }
        struct read setting = read_string(groups);
        written[setting.level]++;
        for (size_t i = 0; i < fleet->zones_n * ORIGINS; i++) {
            size_t z = i / ORIGINS, o = i % ORIGINS;
            if (o >= fleet->zones[z].origins_n)
                continue;
            const char *why = breaks_on(&fleet->advice[z][o], &setting);
            if (why)
                fail_msg("%s, round %zu: \"%s\", but of an origin of zone %zu: %s", target->format,
                         round, groups, z, why);
        }
    }
    free(fleet);
    assert_true(nothing > 100);
    for (enum rule_level level = LEVEL_OFF; level < LEVEL_COUNT; level++)
        assert_true(written[level] > 100);
}

/* A zone that real traffic rolled back takes no part in a bolder setting before its time, though probes
 * see nothing wrong and it would gain nothing by it. */
static void a_rollback_holds_the_common_setting_down(void **state) {
    (void)state;
    struct fleet *fleet = calloc(1, sizeof *fleet);
    uint64_t random = 3;
    char groups[128];
    rule_params_init(&fleet->params, PROFILE_CAREFUL);
    fleet->zones_n = 2;
    for (size_t i = 0; i < 2; i++) {
        struct origin_advice *advice = &fleet->advice[i][0];
        struct zone_origin member = {1, advice};
        make_zone(fleet, i, &random);
        *advice = advised((struct origin_advice){
            .last_ms = NOW_MS, .level = LEVEL_PREFERRED, .supported_ok = true, .dual_ok = true});
        advice->shares[CLASSICAL_X25519] = SHARE_ACCEPTED;
        if (i == 1) {
            advice->gains[MODE_SUPPORTED] = advice->gains[MODE_PREFERRED] = false;
            advice->duals[CLASSICAL_X25519].gains = advice->duals[CLASSICAL_P256].gains = false;
        }
        zone_target_choose(&fleet->params, COMPLIANCE_NONE, &member, 1, &fleet->targets[i]);
        struct export_zone *zone = &fleet->zones[i];
        zone->compliance = COMPLIANCE_NONE;
        zone->origins_n = 1;
        zone->measured = true;
        zone->off_fails = false;
        zone->advice = (struct recommendation){.setting = fleet->targets[i].setting,
                                               .previous = fleet->targets[i].setting,
                                               .stage_percent = ZONE_WHOLE};
    }
    assert_int_equal(fleet->targets[1].setting.level, LEVEL_SUPPORTED);
    read_groups(fleet, &targets[0], false, EXPORT_OPENSSL_35, groups);
    assert_int_equal(read_string(groups).level, LEVEL_PREFERRED);
    fleet->zones[1].advice.held_until_ms = NOW_MS + 1;
    read_groups(fleet, &targets[0], false, EXPORT_OPENSSL_35, groups);
    assert_int_equal(read_string(groups).level, LEVEL_SUPPORTED);
    fleet->zones[1].advice.held_until_ms = NOW_MS;
    read_groups(fleet, &targets[0], false, EXPORT_OPENSSL_35, groups);
    assert_int_equal(read_string(groups).level, LEVEL_PREFERRED);
    free(fleet);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_origin_of_any_zone_breaks),
        cmocka_unit_test(a_rollback_holds_the_common_setting_down),
    };
    return cmocka_run_group_tests_name("export common", tests, NULL, NULL);
}
