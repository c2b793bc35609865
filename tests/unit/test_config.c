/* The configuration file: what it says wrongly is named by file, line and key; what is dumped is
 * read back as it was. */
#include "cmd/daemon/config_dump.h"

#include "scanner/base/alloc.h"
#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/originscan-config-XXXXXX";

static void write_file(const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* Loads a file of that text, which must be sound. */
static struct config load(const char *text) {
    struct config config;
    struct err err = {{0}};
    struct config_source source = {.path = path};
    write_file(text);
    if (!config_load(&source, &config, &err))
        fail_msg("%s", err.text);
    return config;
}

/* Loads a file of that text with that setting; the error is `path` and what is wanted. */
static void expect_error(const char *text, const char *wanted) {
    struct config config;
    struct err err = {{0}};
    char expected[512];
    struct config_source source = {.path = path};
    write_file(text);
    snprintf(expected, sizeof expected, "%s%s", path, wanted);
    assert_false(config_load(&source, &config, &err));
    assert_string_equal(err.text, expected);
    assert_null(config.database);
}

static void test_defaults(void **state) {
    (void)state;
    struct config config = load("database = a.db\n");
    assert_string_equal(config.database, "a.db");
    assert_int_equal(config.max_in_flight, 2000);
    assert_true(config.rate == 200);
    assert_true(config.per_address_rate == 1);
    assert_false(config.all_addresses);
    assert_int_equal(config.hybrid, GROUP_X25519MLKEM768);
    assert_int_equal(config.plan, PLAN_DAILY);
    assert_int_equal(config.compliance, COMPLIANCE_NONE);
    assert_false(config.shadow);
    assert_int_equal(config.log_level, LOG_LEVEL_INFO);
    assert_int_equal(config.log_format, LOG_FORMAT_TEXT);
    assert_null(config.blocklist);
    assert_null(config.allow[0]);
    config_clear(&config);
}

static void test_values(void **state) {
    (void)state;
    struct config config = load("# what a file may hold\n"
                                "database = \"/var/lib/a b.db\" # with a blank\n"
                                "rate = 12.5\n"
                                "max_in_flight = 7\n"
                                "allow = {\"127.0.0.0/8\",\n"
                                "         \"::1\"}\n"
                                "log_format = json\n"
                                "log_level = debug\n"
                                "addresses = all\n"
                                "plan = full\n"
                                "hybrid = MLKEM1024\n"
                                "compliance = \"pqh+fips\"\n"
                                "shadow = yes\n");
    assert_string_equal(config.database, "/var/lib/a b.db");
    assert_true(config.rate == 12.5);
    assert_int_equal(config.max_in_flight, 7);
    assert_string_equal(config.allow[0], "127.0.0.0/8");
    assert_string_equal(config.allow[1], "::1");
    assert_null(config.allow[2]);
    assert_int_equal(config.log_format, LOG_FORMAT_JSON);
    assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
    assert_true(config.all_addresses);
    assert_int_equal(config.plan, PLAN_FULL);
    assert_int_equal(config.hybrid, GROUP_MLKEM1024);
    assert_int_equal(config.compliance, COMPLIANCE_PQH_FIPS);
    assert_true(config.shadow);
    config_clear(&config);
}

static void test_thresholds_of_the_rule(void **state) {
    (void)state;
    struct config config = load("database = a\nhybrid = MLKEM1024\nblind_ramp = yes\n"
                                "rule {\n  window_days = 20\n  failure_bound = 0.05\n}\n");
    assert_int_equal(config.rule.profile, PROFILE_CAREFUL);
    assert_int_equal(config.rule.window_days, 20);
    assert_true(config.rule.failure_bound > 0.0499 && config.rule.failure_bound < 0.0501);
    assert_int_equal(config.rule.preferred_trials, 56); /* the default stays */
    assert_int_equal(config.rule.hybrid, 514);
    assert_true(config.rule.blind_ramp);
    config_clear(&config);
    const char *const set[] = {"rule.window_days=21", "profile=fast", "rule.memory_days=22"};
    struct config_source source = {.path = path, .set = set, .set_n = 3};
    struct err err = {{0}};
    write_file("database = a\nrule {\n  window_days = 20\n  supported_trials = 2\n}\n");
    if (!config_load(&source, &config, &err))
        fail_msg("%s", err.text);
    assert_int_equal(config.rule.window_days, 21);
    assert_int_equal(config.rule.memory_days, 22);
    assert_int_equal(config.rule.supported_trials, 2);
    assert_int_equal(config.rule.supported_days, 1); /* of the profile */
    config_clear(&config);
}

static void test_errors_name_file_line_and_key(void **state) {
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"database = a\nspeed = 5\n", ":2: no such option 'speed'"},
        {"database = a\n\nrate = fast\n", ":3: invalid floating point value for option 'rate'"},
        {"mss = 1.5\ndatabase = a\n", ":1: invalid integer value for option 'mss'"},
        {"database = a\nmax_in_flight = 0\n",
         ":2: max_in_flight = 0 is out of range (1 to 100000)"},
        {"database = a\nmax_in_flight = 100001\n",
         ":2: max_in_flight = 100001 is out of range (1 to 100000)"},
        {"database = a\nrate = -1\n", ":2: rate = -1 is out of range (0 to 1e+06)"},
        {"database = a\nrate = nan\n", ":2: rate = nan is out of range (0 to 1e+06)"},
        {"database = a\nplan = hourly\n",
         ":2: plan: unknown value \"hourly\"; use daily, quick or full"},
        {"database = a\nplan = dail\n",
         ":2: plan: unknown value \"dail\"; use daily, quick or full"},
        {"database = a\nplan = quick\nmss = 500\nplan = daily\n", ":4: plan is set twice"},
        {"database = a\nmss = 500\nmss = 500\n", ":3: mss is set twice"},
        {"database = a\nallow = {\"10.0.0.1\"}\nallow = {\"10.0.0.2\"}\n",
         ":3: allow is set twice"},
        {"database = a\nallow = {\"10.0.0.1\"}\nallow = {\"10.0.0.1\"}\n",
         ":3: allow is set twice"},
        {"database = a\nallow = \"10.0.0.1\"\nallow = \"10.0.0.2\"\n", ":3: allow is set twice"},
        {"database = a\nmss = 87\n", ": mss = 87 is below 88, the smallest that Linux accepts"},
        {"profile = bold\n", ":1: profile: unknown value \"bold\"; use careful or fast"},
        {"log_level = Debug\n",
         ":1: log_level: unknown value \"Debug\"; use error, warning, info or debug"},
        {"log_format = \"\"\n", ":1: log_format: unknown value \"\"; use text, logfmt or json"},
        {"rule {\n  window_days = 29\n}\n", ":2: window_days = 29 is out of range (1 to 28)"},
        {"rule {\n  stale_days = 3\n  stale_days = 4\n}\n", ":3: stale_days is set twice"},
        {"rule {\n  hybrid = 29\n}\n", ":2: no such option 'hybrid'"},
        {"database = a\nrule {\n  memory_days = 13\n}\n",
         ": rule: memory_days (13) is less than window_days (14)"},
        {"", ": database is not set"},
        {"database = \"\"\n", ": database is not set"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_error(cases[i].text, cases[i].error);
}

/* The texts are libconfuse's own; the line is what counts. */
static void test_syntax_errors_name_the_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *line;
    } cases[] = {
        {"database = a\nblocklist = \"never closed\n", ":"},
        {"database = a\nmss 500\n", ":2:"},
        {"database = a\nmss =\n", ":"},
        {"database = a\nallow = {\"10.0.0.1\"\nmss = 500\n", ":3:"},
        {"database = a\nallow = {\"10.0.0.1/8\"}\n", ":2: allow:"},
        {"database = a\nallow = {\"10.0.0.1\",\n \"everybody\"}\n", ":3: allow:"},
        {"database = a\nsection {\n}\n", ":2:"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config config;
        struct err err = {{0}};
        char start[128];
        struct config_source source = {.path = path};
        write_file(cases[i].text);
        snprintf(start, sizeof start, "%s%s", path, cases[i].line);
        assert_false(config_load(&source, &config, &err));
        assert_int_equal(strncmp(err.text, start, strlen(start)), 0);
    }
}

/* What stands behind it would be passed over without a word. */
static void test_a_comment_without_an_end(void **state) {
    (void)state;
    expect_error("database = \"a.db\"\n/* why\nrate = 3\n",
                 ": a comment that begins with /* has no end");
    static const char *const sound[] = {
        "database = \"a.db\"\n/* why */\nrate = 3",
        "/* one */ database = \"a.db\"\nrate = 3 /* two\n lines */",
        "database = \"a.db\"\nrate = 3\n# /* of a line",
        "database = \"a.db\"\nrate = 3\n// /* of a line",
        "alpn = \"/*\"\ndatabase = \"a.db\"\nallow += \"10.0.0.0/8\"\nrate = 3\nrule {\n}\n/* */",
    };
    for (size_t i = 0; i < sizeof sound / sizeof *sound; i++) {
        struct config config = load(sound[i]);
        assert_true(config.rate == 3);
        assert_true(!config.allow[0] || !config.allow[1]);
        config_clear(&config);
    }
}

static void test_files_that_cannot_be_read(void **state) {
    (void)state;
    struct config config;
    struct err err = {{0}};
    struct config_source source = {.path = "/no/such/file"};
    assert_false(config_load(&source, &config, &err));
    assert_string_equal(err.text, "/no/such/file: No such file or directory");
    source.path = "/tmp";
    assert_false(config_load(&source, &config, &err));
    assert_string_equal(err.text, "/tmp: Is a directory");
}

/* Of a file that opens. A daemon reads it again at each SIGHUP, so this must not end the process. */
static void test_files_that_fail_while_they_are_read(void **state) {
    (void)state;
    struct config config;
    struct err err = {{0}};
    struct config_source source = {.path = "/proc/self/mem"};
    assert_false(config_load(&source, &config, &err));
    assert_string_equal(err.text, "/proc/self/mem: Input/output error");
    source.path = "/dev/zero";
    assert_false(config_load(&source, &config, &err));
    assert_string_equal(err.text, "/dev/zero: longer than 4194304 bytes");
    static const char zeros[] = "database = \"a.db\"\nrate = 100\0000\n# \0\n";
    FILE *file = fopen(path, "w");
    assert_int_equal(fwrite(zeros, 1, sizeof zeros - 1, file), sizeof zeros - 1);
    assert_int_equal(fclose(file), 0);
    source.path = path;
    assert_false(config_load(&source, &config, &err));
    assert_non_null(strstr(err.text, ": it contains a NUL byte"));
}

static void test_settings_of_a_command_line(void **state) {
    (void)state;
    static const char *const set[] = {"rate=0.5", "database=/a b/\"c\".db", "plan=quick",
                                      "allow=127.0.0.0/8,::1", "mss=0"};
    struct config config;
    struct err err = {{0}};
    struct config_source source = {
        .base = "mss = 500\nlog_level = warning\n", .path = path, .set = set, .set_n = 5};
    write_file("database = a\nrate = 7\nallow = {\"10.0.0.0/8\"}\nmax_in_flight = 3\n");
    if (!config_load(&source, &config, &err))
        fail_msg("%s", err.text);
    assert_true(config.rate == 0.5);
    assert_string_equal(config.database, "/a b/\"c\".db");
    assert_int_equal(config.plan, PLAN_QUICK);
    assert_string_equal(config.allow[0], "127.0.0.0/8");
    assert_string_equal(config.allow[1], "::1");
    assert_null(config.allow[2]);
    assert_int_equal(config.mss, 0);
    assert_int_equal(config.max_in_flight, 3);
    assert_int_equal(config.log_level, LOG_LEVEL_WARNING);
    config_clear(&config);
    const char *const as_in_a_file[] = {"allow={\"127.0.0.0/8\", \"::1\"}"};
    source.set = as_in_a_file, source.set_n = 1;
    if (!config_load(&source, &config, &err))
        fail_msg("%s", err.text);
    assert_string_equal(config.allow[0], "127.0.0.0/8");
    assert_string_equal(config.allow[1], "::1");
    assert_null(config.allow[2]);
    config_clear(&config);
    const char *const none[] = {"allow={}"};
    source.set = none;
    assert_true(config_load(&source, &config, &err));
    assert_null(config.allow[0]);
    config_clear(&config);
    source.database = "over.db";
    assert_true(config_load(&source, &config, &err));
    assert_string_equal(config.database, "over.db");
    config_clear(&config);
}

static void test_bad_settings(void **state) {
    (void)state;
    static const struct {
        const char *setting, *error;
    } cases[] = {
        {"rate", "--set rate: not of the form KEY=VALUE"},
        {"speed=5", "--set speed: no such key"},
        {"=5", "--set : no such key"},
        {"rate=fast", "--set rate: invalid floating point value for option 'rate'"},
        {"mss=1\nrate=5", "--set mss: invalid integer value for option 'mss'"},
        {"mss=40000", "--set mss: mss = 40000 is out of range (0 to 32767)"},
        {"plan=", "--set plan: plan: unknown value \"\"; use daily, quick or full"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config config;
        struct err err = {{0}};
        const char *const set[] = {cases[i].setting};
        struct config_source source = {.set = set, .set_n = 1, .database = "a.db"};
        assert_false(config_load(&source, &config, &err));
        assert_string_equal(err.text, cases[i].error);
    }
}

/* The words are those by which the types are known elsewhere: in the database and on options. */
static void test_words_of_choices(void **state) {
    (void)state;
    char group[GROUP_NAME_SIZE];
    const struct config_choice *hybrid = config_key_named("hybrid")->choices;
    const struct config_choice *plan = config_key_named("plan")->choices;
    const struct config_choice *profile = config_key_named("profile")->choices;
    const struct config_choice *compliance = config_key_named("compliance")->choices;
    for (; hybrid->word; hybrid++)
        assert_string_equal(hybrid->word, group_name((uint16_t)hybrid->value, group));
    for (; plan->word; plan++)
        assert_string_equal(plan->word, plan_name(plan->value));
    for (; profile->word; profile++)
        assert_string_equal(profile->word, rule_params_profile_name(profile->value));
    for (; compliance->word; compliance++)
        assert_string_equal(compliance->word, compliance_name(compliance->value));
}

static void test_what_changes_settings(void **state) {
    (void)state;
    static const struct {
        const char *setting;
        bool expected;
    } cases[] = {
        {"profile=fast", true},        {"compliance=fips", true},
        {"shadow=no", true},           {"blind_ramp=yes", true},
        {"rule.window_days=20", true}, {"rule.nothing=1", false},
        {"hybrid=MLKEM1024", false},   {"rate=5", false},
        {"profiles=fast", false},
    };
    struct config_source file = {.path = "a.conf"}, nothing = {.database = "a.db"};
    assert_true(config_source_has_settings(&file));
    assert_false(config_source_has_settings(&nothing));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const set[] = {"rate=6", cases[i].setting};
        struct config_source source = {.set = set, .set_n = 2};
        assert_int_equal(config_source_has_settings(&source), cases[i].expected);
    }
}

static char *dump(const struct config *config) {
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    config_dump(config, to);
    fclose(to);
    return text;
}

static void test_a_dump_is_read_back(void **state) {
    (void)state;
    struct config config = load("database = \"a \\\"b\\\" \\\\ c.db\"\n"
                                "rate = 0.125\nallow = {\"127.0.0.0/8\", \"::1\"}\n"
                                "plan = full\nmss = 0\nkeep_days = 36500\n");
    char *first = dump(&config);
    struct config again = load(first);
    char *second = dump(&again);
    assert_string_equal(again.database, "a \"b\" \\ c.db");
    assert_string_equal(first, second);
    assert_null(config_needs_restart(&config, &again));
    free(first);
    free(second);
    config_clear(&config);
    config_clear(&again);
}

/* Every key with its default, range and meaning: a change here is a change of the interface. */
static void test_golden_dump(void **state) {
    (void)state;
    struct config config = load("database = /var/lib/originscan/originscan.db\n");
    char *text = dump(&config);
    golden_expect("config.txt", text);
    free(text);
    config_clear(&config);
}

static void test_what_needs_a_restart(void **state) {
    (void)state;
    struct config now = load("database = a.db\n");
    struct config reloadable = load("database = a.db\nrate = 5\nallow = {\"::1\"}\n"
                                    "blocklist = b\nmax_in_flight = 4\nlog_level = debug\n");
    struct config other = load("database = b.db\nrate = 5\n");
    struct config period = load("database = a.db\nperiod_s = 60\n");
    assert_null(config_needs_restart(&now, &reloadable));
    assert_string_equal(config_needs_restart(&now, &other), "database");
    assert_string_equal(config_needs_restart(&now, &period), "period_s");
    config_clear(&now);
    config_clear(&reloadable);
    config_clear(&other);
    config_clear(&period);
}

/* Every key has a name of its own, a help, and a default that is in its range. */
static void test_the_table_is_sound(void **state) {
    (void)state;
    size_t n;
    const struct config_key *keys = config_keys(&n);
    for (size_t i = 0; i < n; i++) {
        assert_true(keys[i].help && keys[i].help[0]);
        bool number = keys[i].kind == CONFIG_COUNT || keys[i].kind == CONFIG_REAL;
        if (number)
            assert_true(keys[i].number >= keys[i].min && keys[i].number <= keys[i].max);
        assert_int_equal(keys[i].kind == CONFIG_CHOICE, keys[i].choices != NULL);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(keys[i].name, keys[k].name);
            assert_int_not_equal(keys[i].offset, keys[k].offset);
        }
    }
}

static int make_path(void **state) {
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 || close(fd) != 0;
}

static int remove_path(void **state) {
    (void)state;
    return unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_thresholds_of_the_rule),
        cmocka_unit_test(test_errors_name_file_line_and_key),
        cmocka_unit_test(test_syntax_errors_name_the_line),
        cmocka_unit_test(test_a_comment_without_an_end),
        cmocka_unit_test(test_files_that_cannot_be_read),
        cmocka_unit_test(test_files_that_fail_while_they_are_read),
        cmocka_unit_test(test_settings_of_a_command_line),
        cmocka_unit_test(test_bad_settings),
        cmocka_unit_test(test_words_of_choices),
        cmocka_unit_test(test_what_changes_settings),
        cmocka_unit_test(test_a_dump_is_read_back),
        cmocka_unit_test(test_golden_dump),
        cmocka_unit_test(test_what_needs_a_restart),
        cmocka_unit_test(test_the_table_is_sound),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
