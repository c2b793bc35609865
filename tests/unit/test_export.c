/* Every format against a golden text, with settings of every kind and names that try to break out.
 */
#include "tests/support/golden.h"
#include "tests/unit/export_zones.h"

#include "report/export/export_choice.h"
#include "report/export/export_format.h"
#include "report/export/export_text.h"
#include "report/output/export_previous.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct zone_list all_zones = {export_zones, EXPORT_ZONES};

/* The export as text; free it. */
static char *render(const struct export_options *options, struct export_summary *summary) {
    struct err err = {""};
    char *text = NULL;
    size_t n = 0;
    assert_true(export_check(options, &err));
    FILE *body = export_body(options, zone_list_source, &all_zones, summary, &err);
    assert_non_null(body);
    FILE *to = open_memstream(&text, &n);
    assert_true(export_write(to, options, summary, body, &err));
    fclose(to);
    fclose(body);
    assert_int_equal(strlen(text), n);
    return text;
}

static void expect_golden(const char *name, const char *text) {
    char file[64];
    snprintf(file, sizeof file, "export_%s.txt", name);
    golden_expect(file, text);
}

static void formats_are_as_the_golden_texts(void **state) {
    (void)state;
    size_t n;
    const struct export_format *const *formats = export_formats(&n);
    assert_int_equal(n, 14);
    for (size_t i = 0; i < n; i++) {
        struct export_options options = export_test_options(export_name(formats[i]));
        struct export_summary summary;
        char *text = render(&options, &summary);
        assert_int_equal(summary.zones, EXPORT_ZONES - 1);
        assert_int_equal(summary.shadow, 1);
        expect_golden(export_name(formats[i]), text);
        free(text);
    }
}

static void options_are_as_the_golden_texts(void **state) {
    (void)state;
    static const char *const one[] = {"preferred.example"};
    static const char *const some[] = {"supported.example", "preferred.example", "ramp.example",
                                       "mixed.example", "supported-p256.example"};
    static const char *const none[] = {"none.example", "off-fails.example", "off.example"};
    struct export_summary summary;
    struct export_options options[] = {
        export_test_options("nginx"),   export_test_options("openssl"),
        export_test_options("openssl"), export_test_options("ats"),
        export_test_options("nginx"),   export_test_options("pingora"),
        export_test_options("ats"),     export_test_options("caddy"),
    };
    static const char *const names[] = {"nginx_snippet", "openssl_3.0",   "openssl_dual",
                                        "ats_9",         "nginx_place",   "pingora_dual",
                                        "ats_some",      "caddy_none_off"};
    options[0].snippet = true;
    options[0].zones = one;
    options[0].zones_n = 1;
    options[1].openssl = EXPORT_OPENSSL_30;
    options[2].dual = true;
    options[3].ats = 9;
    options[3].zones = options[6].zones = some;
    options[3].zones_n = options[6].zones_n = sizeof some / sizeof *some;
    options[4].place = 9;
    options[5].dual = true;
    options[7].none_off = true;
    options[7].zones = none;
    options[7].zones_n = sizeof none / sizeof *none;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        char *text = render(&options[i], &summary);
        expect_golden(names[i], text);
        free(text);
    }
}

/* The facts that matter most, spelt out: what OpenSSL is told for each setting. */
static void openssl_strings(void **state) {
    (void)state;
    static const struct {
        struct zone_setting setting;
        bool dual;
        enum export_openssl openssl;
        const char *want;
    } rows[] = {
        {OFF_X, false, EXPORT_OPENSSL_35, "X25519:P-256:P-384"},
        {OFF_P256, false, EXPORT_OPENSSL_35, "P-256:X25519:P-384"},
        {SUPPORTED_X, false, EXPORT_OPENSSL_35, "X25519MLKEM768:*X25519:P-256:P-384"},
        {SUPPORTED_P256, false, EXPORT_OPENSSL_35, "X25519MLKEM768:*P-256:X25519:P-384"},
        {PREFERRED(true), false, EXPORT_OPENSSL_35, "*X25519MLKEM768:X25519:P-256:P-384"},
        {PREFERRED(true), true, EXPORT_OPENSSL_35, "*X25519MLKEM768:*X25519:P-256:P-384"},
        {PREFERRED(false), true, EXPORT_OPENSSL_35, "*X25519MLKEM768:X25519:P-256:P-384"},
        {OFF_P256, false, EXPORT_OPENSSL_30, "P-256:X25519:P-384"},
        {SUPPORTED_P256, false, EXPORT_OPENSSL_30, "P-256:X25519:P-384"},
        {PREFERRED(true), true, EXPORT_OPENSSL_30, "X25519:P-256:P-384"},
    };
    static const struct export_target target = {.who = "it",
                                                .library = EXPORT_NAMES_OPENSSL,
                                                .supported = true,
                                                .single = true,
                                                .dual = true};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct export_options options = export_test_options("openssl");
        struct export_choice choice;
        char text[EXPORT_LIST_SIZE];
        options.dual = rows[i].dual;
        options.openssl = rows[i].openssl;
        export_choice_setting_of(&rows[i].setting, COMPLIANCE_NONE, &options, &target, &choice);
        assert_string_equal(export_choice_openssl(&choice, options.openssl, text), rows[i].want);
        bool said = rows[i].openssl == EXPORT_OPENSSL_35 || rows[i].setting.level == LEVEL_OFF;
        assert_int_equal(choice.exact, said);
        assert_int_equal(choice.note[0] == '\0', said);
    }
}

/* An operator's order is written as it is, and the file says what is known of it. */
static void a_pin_that_is_known_to_fail_is_marked(void **state) {
    (void)state;
    static const struct {
        struct export_zone zone;
        const char *note;
    } rows[] = {
        {{.advice = ADVICE(OFF_X, REASON_OPERATOR_PIN)}, ""},
        {{.advice = ADVICE(OFF_X, REASON_OPERATOR_PIN), .share_fails = {[CLASSICAL_P256] = true}},
         ""},
        {{.advice = ADVICE(OFF_X, REASON_OPERATOR_PIN), .share_fails = {[CLASSICAL_X25519] = true}},
         "the key share of X25519 was measured to fail; it is written because it is pinned"},
        {{.advice = ADVICE(OFF_X, REASON_OPERATOR_PIN),
          .off_fails = true,
          .share_fails = {true, true, true, true}},
         "`off` was measured to fail; it is written because it is pinned"},
        {{.advice = ADVICE(SUPPORTED_P256, REASON_OPERATOR_PIN),
          .off_fails = true,
          .share_fails = {true, true, true, true}},
         "`supported` was measured to fail; it is written because it is pinned"},
        {{.advice = ADVICE(PREFERRED(true), REASON_OPERATOR_PIN),
          .off_fails = true,
          .share_fails = {true, true, true, true}},
         ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct export_options options = export_test_options("openssl");
        struct export_choice choice;
        struct zone_setting pinned = rows[i].zone.advice.setting;
        export_choice_zone(&rows[i].zone, &options, &options.format->target, &choice);
        assert_string_equal(choice.note, rows[i].note);
        assert_int_equal(choice.level, pinned.level);
        assert_int_equal(export_choice_first_share(&choice), pinned.first_share);
        assert_true(choice.exact);
    }
}

/* Nothing above what was proven ever comes out, whatever the target and the options. */
static void targets_never_say_more(void **state) {
    (void)state;
    size_t n;
    const struct export_format *const *formats = export_formats(&n);
    for (size_t i = 0; i < n * 8 * EXPORT_ZONES; i++) {
        const struct export_zone *zone = &export_zones[i % EXPORT_ZONES];
        unsigned bits = (unsigned)(i / EXPORT_ZONES % 8);
        struct export_options options =
            export_test_options(export_name(formats[i / EXPORT_ZONES / 8]));
        options.openssl = bits & 1 ? EXPORT_OPENSSL_30 : EXPORT_OPENSSL_35;
        options.dual = bits & 2;
        options.place = bits & 4 ? 0 : EXPORT_PLACE_LAST;
        struct zone_setting setting = export_choice_setting(zone, &options);
        struct export_choice choice;
        export_choice_zone(zone, &options, &options.format->target, &choice);
        assert_true(choice.level == setting.level || choice.level <= LEVEL_OFF);
        assert_true(!choice.dual || setting.dual_ok);
        for (unsigned g = 0; g < choice.groups_n; g++)
            assert_true(compliance_allows(zone->compliance, choice.groups[g]));
        assert_int_equal(choice.groups_n > 0, choice.level != LEVEL_NONE);
        assert_true(choice.exact || choice.note[0]);
    }
}

static void options_that_do_not_fit_are_refused(void **state) {
    (void)state;
    static const char *const two[] = {"a", "b"};
    struct err err;
    struct export_options options = export_test_options("nginx");
    options.snippet = true;
    assert_false(export_check(&options, &err));
    options.zones = two;
    options.zones_n = 2;
    assert_false(export_check(&options, &err));
    options.zones_n = 1;
    assert_true(export_check(&options, &err));
    options.format = export_find("haproxy");
    assert_false(export_check(&options, &err));
    options = export_test_options("nginx");
    options.listen = "80; include /etc/shadow";
    assert_false(export_check(&options, &err));
    options.listen = "unix:/run/originscan.sock";
    assert_true(export_check(&options, &err));
    options.place = 100;
    assert_false(export_check(&options, &err));
    assert_null(export_find("apache"));
}

static void a_zone_that_is_not_there_is_an_error(void **state) {
    (void)state;
    static const char *const names[] = {"off.example", "no\nsuch"};
    struct export_options options = export_test_options("json");
    struct export_summary summary;
    struct err err = {""};
    options.zones = names;
    options.zones_n = 2;
    assert_null(export_body(&options, zone_list_source, &all_zones, &summary, &err));
    assert_string_equal(err.text, "there is no zone \"no\\x0asuch\"");
}

/* The settings in a text, told apart by what a program would read, not by its comments. */
struct written {
    const char *format;
    const char *mark;      /* what stands before the groups of a setting */
    const char *preferred; /* what follows if it is preferred */
    const char *hybrid;    /* what is among the groups if it is supported; else it is off */
};

static void count_written(const struct written *row, const char *text,
                          uint64_t by_level[LEVEL_COUNT]) {
    for (const char *at = strstr(text, row->mark); at; at = strstr(at, row->mark)) {
        at += strlen(row->mark);
        const char *found = strstr(at, row->hybrid);
        bool listed = found && found < at + strcspn(at, " \";]\n");
        if (strncmp(at, row->preferred, strlen(row->preferred)) == 0)
            by_level[LEVEL_PREFERRED]++;
        else
            by_level[listed ? LEVEL_SUPPORTED : LEVEL_OFF]++;
    }
}

/* A header counts the settings in its file, those of exceptions included. */
static void headers_count_what_is_written(void **state) {
    (void)state;
    static const char hybrid[] = "X25519MLKEM768", sent[] = "*X25519MLKEM768";
    static const struct written rows[] = {
        {"nginx", "conf_command Groups ", sent, hybrid},
        {"haproxy", " curves ", sent, hybrid},
        {"openssl", "\nGroups = ", sent, hybrid},
        {"ats", "groups_list: \"", sent, hybrid},
        {"pingora", "\"curves\":\"", hybrid, hybrid},
        {"envoy", "ecdh_curves: [", hybrid, hybrid},
        {"caddy", "\ttls_curves ", "x25519mlkem768", "x25519mlkem768"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct export_options options = export_test_options(rows[i].format);
        struct export_summary summary;
        uint64_t by_level[LEVEL_COUNT] = {0};
        char *text = render(&options, &summary);
        char *body = strchr(strchr(strchr(text, '\n') + 1, '\n') + 1, '\n');
        char counts[128];
        count_written(&rows[i], body, by_level);
        snprintf(counts, sizeof counts, "Settings: %d preferred, %d supported, %d off, ",
                 (int)by_level[LEVEL_PREFERRED], (int)by_level[LEVEL_SUPPORTED],
                 (int)by_level[LEVEL_OFF]);
        if (!strstr(text, counts))
            fail_msg("%s: the file has \"%s\", its header says: %.400s", rows[i].format, counts,
                     text);
        free(text);
    }
}

static struct export_previous read_back(const char *text, size_t n, const char *format) {
    struct export_previous previous;
    FILE *from = n ? fmemopen((void *)text, n, "r") : fopen("/dev/null", "r");
    assert_non_null(from);
    assert_true(export_previous_read(from, export_find(format), &previous));
    fclose(from);
    return previous;
}

/* What each zone gets as a whole. */
static void count_zones(const struct export_options *given, uint64_t by_level[LEVEL_COUNT]) {
    struct export_options options = *given;
    if (options.format->target.exact)
        options.place = 0;
    for (size_t i = 0; i < EXPORT_ZONES; i++) {
        struct export_choice choice;
        export_choice_zone(&export_zones[i], &options, &options.format->target, &choice);
        if (!export_zones[i].shadow)
            by_level[choice.level]++;
    }
}

/* Every format can be read back: the same zones with the level that was written. */
static void exports_are_read_back(void **state) {
    (void)state;
    size_t n;
    const struct export_format *const *formats = export_formats(&n);
    for (size_t i = 0; i < n; i++) {
        const char *name = export_name(formats[i]);
        struct export_options options = export_test_options(name);
        struct export_summary summary;
        char *text = render(&options, &summary);
        struct export_previous back = read_back(text, strlen(text), name);
        uint64_t by_level[LEVEL_COUNT] = {0}, wanted[LEVEL_COUNT] = {0};
        count_zones(&options, wanted);
        for (size_t z = 0; z < back.zones_n; z++) {
            by_level[back.zones[z].level]++;
            assert_true(z == 0 || back.zones[z].key > back.zones[z - 1].key);
        }
        assert_true(back.ours && back.whole);
        assert_int_equal(back.generation, 7);
        assert_string_equal(back.sha256, summary.sha256);
        assert_int_equal(back.zones_n, summary.zones);
        assert_memory_equal(by_level, wanted, sizeof by_level);
        export_previous_clear(&back);
        free(text);
    }
}

/* A file that lacks its end, or in which a byte of the body is another, is not whole. */
static void damage_is_found(void **state) {
    (void)state;
    size_t n;
    const struct export_format *const *formats = export_formats(&n);
    for (size_t i = 0; i < n; i++) {
        const char *name = export_name(formats[i]);
        struct export_options options = export_test_options(name);
        struct export_summary summary;
        char *text = render(&options, &summary);
        size_t length = strlen(text);
        for (size_t cut = 1; cut < length; cut += 97) {
            struct export_previous back = read_back(text, cut, name);
            assert_false(back.whole);
            export_previous_clear(&back);
        }
        for (size_t at = length / 2; at < length - 300; at += 211) {
            if (strchr("\n\\", text[at]))
                continue;
            text[at] ^= 1;
            struct export_previous back = read_back(text, length, name);
            bool whole = back.whole;
            export_previous_clear(&back);
            text[at] ^= 1;
            if (whole)
                fail_msg("%s: byte %zu of %zu may change (%.40s)", name, at, length, text + at);
        }
        free(text);
    }
}

static void foreign_files_are_not_ours(void **state) {
    (void)state;
    static const char *const texts[] = {
        "server { listen 80; }\n", "{}\n",           "[]",
        "\xff\xfe\n\n\n\n",        "a,b,c\n1,2,3\n", "{\"zone\":\"x\",\"setting\":\"off\"}\n"};
    size_t n;
    const struct export_format *const *formats = export_formats(&n);
    for (size_t i = 0; i < n; i++) {
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
            struct export_previous back =
                read_back(texts[t], strlen(texts[t]), export_name(formats[i]));
            assert_false(back.ours || back.whole);
            export_previous_clear(&back);
        }
    }
}

/* ---- what would be possible ---- */

static bool give_zone(void *arg, export_sink *sink, void *sink_arg, struct err *err) {
    (void)err;
    sink(sink_arg, arg);
    return true;
}

static void assert_export_has(struct export_zone *zone, const char *format, const char *want) {
    struct err err;
    struct export_summary summary;
    struct export_options options = export_test_options(format);
    FILE *body = export_body(&options, give_zone, zone, &summary, &err);
    char text[8192];
    assert_non_null(body);
    rewind(body);
    text[fread(text, 1, sizeof text - 1, body)] = '\0';
    fclose(body);
    if (!strstr(text, want))
        fail_msg("%s is not in %s", want, text);
}

/* Three quarters could have the hybrid at once, if the rest had been seen to take it for some days
 * more; until then they get it by a retry. */
static void who_holds_a_zone_back_is_named(void **state) {
    (void)state;
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    struct origin_advice ready = takes_preferred, late = takes_preferred;
    late.level = late.standing = LEVEL_SUPPORTED;
    late.gains[MODE_SUPPORTED] = late.gains[MODE_PREFERRED] = false;
    late.tolerates[LEVEL_PREFERRED] = false;
    late.provable[LEVEL_PREFERRED] = true;
    late.bars[LEVEL_PREFERRED] = REASON_NEEDS_MORE_DAYS;
    late.duals[CLASSICAL_X25519] = (struct dual_evidence){.proven = true};
    struct export_origin origins[] = {{.host = "ready.example",
                                       .port = 443,
                                       .sni = "",
                                       .address = "",
                                       .weight = 3,
                                       .advice = &ready},
                                      {.host = "2001:db8::7",
                                       .port = 8443,
                                       .sni = "",
                                       .address = "",
                                       .weight = 1,
                                       .advice = &late}};
    struct zone_origin weighed[] = {{3, &ready}, {1, &late}};
    struct zone_target target;
    zone_target_choose(&params, COMPLIANCE_NONE, weighed, 2, &target);
    struct export_zone zone = {.name = "shop.example",
                               .advice = ADVICE(SUPPORTED_X, REASON_SUPPORTED_WORKS),
                               .params = &params,
                               .target = &target,
                               .measured = true,
                               ORIGINS(origins)};
    assert_export_has(&zone, "ndjson",
                      "\"expected\":{\"hybrid\":0.75,\"retry\":0.75},"
                      "\"possible\":{\"hybrid\":0.75,\"retry\":0.0,"
                      "\"setting\":\"preferred\",\"variant\":\"dual\","
                      "\"share\":\"X25519\","
                      "\"held_back_by\":\"[2001:db8::7]:8443\","
                      "\"reason\":\"needs-more-days\"}");
    assert_export_has(
        &zone, "csv",
        ",0.75,0.75,0.75,0,preferred,dual,X25519,[2001:db8::7]:8443,needs-more-days\n");
    zone.advice.trials = zone.advice.days = 1;
    assert_export_has(&zone, "nginx", "; 1 trial on 1 day, 0 failed");
    target.measured = false;
    assert_export_has(&zone, "ndjson", "\"expected\":null,\"possible\":null");
}

/* The record is the origin's: it says the same in each of its zones, as the one that is held has it. */
static void an_origin_is_held_by_any_of_its_zones(void **state) {
    (void)state;
    struct export_origin origin = mixed_origins[0];
    struct export_zone zone = export_zones[0];
    const struct zone_list list = all_zones;
    struct export_options options = export_test_options("svcb");
    origin.groups_n = 2;
    origin.groups[0] = GROUP_X25519MLKEM768;
    origin.groups[1] = GROUP_X25519;
    origin.advice = &takes_preferred;
    zone.origins = &origin;
    zone.origins_n = 1;
    all_zones = (struct zone_list){&zone, 1};
    for (int held = 0; held < 2; held++) {
        struct export_summary summary;
        origin.held_until_ms = EXPORT_NOW_MS + held;
        char *text = render(&options, &summary);
        assert_non_null(strstr(text, held ? "groups=29\n" : "groups=4588,29\n"));
        free(text);
    }
    all_zones = list;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_as_the_golden_texts),
        cmocka_unit_test(options_are_as_the_golden_texts),
        cmocka_unit_test(an_origin_is_held_by_any_of_its_zones),
        cmocka_unit_test(who_holds_a_zone_back_is_named),
        cmocka_unit_test(openssl_strings),
        cmocka_unit_test(a_pin_that_is_known_to_fail_is_marked),
        cmocka_unit_test(targets_never_say_more),
        cmocka_unit_test(options_that_do_not_fit_are_refused),
        cmocka_unit_test(a_zone_that_is_not_there_is_an_error),
        cmocka_unit_test(headers_count_what_is_written),
        cmocka_unit_test(exports_are_read_back),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(foreign_files_are_not_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
