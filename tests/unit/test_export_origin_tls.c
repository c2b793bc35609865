/* Options of the templates: what each format writes for them, and which do not fit. */
#include "tests/support/golden.h"
#include "tests/unit/export_zones.h"

#include "report/export/export_text.h"
#include "scanner/base/array.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct zone_list all_zones = {export_zones, EXPORT_ZONES};

static char *render_zones(const struct export_options *options, struct zone_list *zones) {
    struct err err = {""};
    struct export_summary summary;
    char *text = NULL;
    size_t n = 0;
    if (!export_check(options, &err))
        fail_msg("%s", err.text);
    FILE *body = export_body(options, zone_list_source, zones, &summary, &err);
    assert_non_null(body);
    FILE *to = open_memstream(&text, &n);
    assert_true(export_write(to, options, &summary, body, &err));
    fclose(to);
    fclose(body);
    return text;
}

static char *render(const struct export_options *options) {
    return render_zones(options, &all_zones);
}

static void templates_are_as_the_golden_texts(void **state) {
    (void)state;
    static const char *const one[] = {"preferred.example"};
    static const char *const formats[] = {"haproxy", "nginx", "caddy", "envoy"};
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        struct export_options options = export_test_options(formats[i]);
        char file[64];
        bool haproxy = strcmp(formats[i], "haproxy") == 0;
        options.zones = one;
        options.zones_n = 1;
        options.tls =
            (struct export_origin_tls){.ca_file = "/etc/pki/corp-ca.pem",
                                       .client_cert = "/etc/pki/proxy.pem",
                                       .client_key = haproxy ? NULL : "/etc/pki/proxy.key",
                                       .resolvers = haproxy ? "dns" : NULL,
                                       .checks = haproxy};
        char *text = render(&options);
        snprintf(file, sizeof file, "export_%s_tls.txt", formats[i]);
        golden_expect(file, text);
        free(text);
    }
}

/* nginx looks names up when it starts, or when a request comes; an address not at all. */
static void nginx_finds_origins(void **state) {
    (void)state;
    static const struct {
        const char *host, *address, *resolvers, *want, *not_want;
    } rows[] = {
        {"a.example", "", NULL, "upstream originscan_shop_1 {\n    server a.example:443;\n}\n",
         NULL},
        {"a.example", "", NULL, "set $originscan_origin originscan_shop_1;", "    resolver"},
        {"a.example", "192.0.2.7", NULL, "set $originscan_origin 192.0.2.7:443;",
         "upstream origin"},
        {"192.0.2.7", "", NULL, "set $originscan_origin 192.0.2.7:443;", "upstream origin"},
        {"2001:db8::7", "", NULL, "set $originscan_origin [2001:db8::7]:443;", "upstream origin"},
        {"a.example", "", "127.0.0.1 [::1]", "    resolver 127.0.0.1 [::1];\n", "upstream origin"},
        {"a.example", "", "127.0.0.1", "set $originscan_origin a.example:443;", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct export_origin origin = export_zones[5].origins[0];
        struct export_zone zone = export_zones[5];
        struct zone_list one = {&zone, 1};
        struct export_options options = export_test_options("nginx");
        origin.host = rows[i].host;
        origin.address = rows[i].address;
        zone.name = "shop";
        zone.origins = &origin;
        options.tls.resolvers = rows[i].resolvers;
        char *text = render_zones(&options, &one);
        if (!strstr(text, rows[i].want))
            fail_msg("\"%s\" is not written", rows[i].want);
        if (rows[i].not_want && strstr(text, rows[i].not_want))
            fail_msg("\"%s\" is written", rows[i].not_want);
        free(text);
    }
}

static void assert_trusts(const char *format, enum export_verify verify, const char *want,
                          const char *not_want) {
    struct export_options options = export_test_options(format);
    options.tls.verify = verify;
    char *text = render(&options);
    if (want && !strstr(text, want))
        fail_msg("%s: \"%s\" is not written", format, want);
    if (not_want && strstr(text, not_want))
        fail_msg("%s: \"%s\" is written", format, not_want);
    free(text);
}

/* Without options each target keeps its own default. */
static void verification_by_default_and_by_order(void **state) {
    (void)state;
    assert_trusts("haproxy", EXPORT_VERIFY_DEFAULT, "verify required ca-file @system-ca", NULL);
    assert_trusts("haproxy", EXPORT_VERIFY_REQUIRED, "verify required ca-file @system-ca", NULL);
    assert_trusts("haproxy", EXPORT_VERIFY_NONE, "verify none", "verifyhost");
    assert_trusts("nginx", EXPORT_VERIFY_DEFAULT, NULL, "proxy_ssl_verify");
    assert_trusts("nginx", EXPORT_VERIFY_NONE, "proxy_ssl_verify off;", NULL);
    assert_trusts("caddy", EXPORT_VERIFY_DEFAULT, NULL, "tls_insecure_skip_verify");
    assert_trusts("caddy", EXPORT_VERIFY_NONE, "tls_insecure_skip_verify", NULL);
    assert_trusts("envoy", EXPORT_VERIFY_DEFAULT, "trusted_ca", NULL);
    assert_trusts("envoy", EXPORT_VERIFY_NONE, NULL, "trusted_ca");
}

static void options_that_do_not_fit_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *format;
        struct export_origin_tls tls;
        const char *why;
    } rows[] = {
        {"csv", {.ca_file = "x"}, "--ca-file: the format csv has no place for it"},
        {"ats", {.verify = EXPORT_VERIFY_NONE}, "--verify: the format ats"},
        {"nginx", {.checks = true}, "--health-checks: the format nginx"},
        {"caddy", {.resolvers = "dns"}, "--resolvers: the format caddy"},
        {"haproxy", {.client_cert = "a", .client_key = "b"}, "with .key at the end of its name"},
        {"nginx", {.client_key = "b"}, "--client-key needs --client-cert"},
        {"nginx", {.verify = EXPORT_VERIFY_REQUIRED}, "add --ca-file"},
        {"haproxy", {.ca_file = "a", .verify = EXPORT_VERIFY_NONE}, "contradict each other"},
        {"haproxy", {.ca_file = "a b"}, "--ca-file: \"a b\" contains characters"},
        {"nginx", {.ca_file = "a;"}, "contains characters"},
        {"caddy", {.client_cert = "a\n"}, "contains characters"},
        {"haproxy", {.resolvers = "-x"}, "begins with a hyphen"},
        {"haproxy", {.ca_file = ""}, "contains characters"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct export_options options = export_test_options(rows[i].format);
        struct err err = {""};
        options.tls = rows[i].tls;
        assert_false(export_check(&options, &err));
        if (!strstr(err.text, rows[i].why))
            fail_msg("\"%s\" does not say \"%s\"", err.text, rows[i].why);
    }
}

static void variables_are_safe_and_differ(void **state) {
    (void)state;
    static const struct {
        const char *text, *want; /* NULL: ends in a digest */
    } rows[] = {
        {"shop", "SHOP"},
        {"shop.example.com", "SHOP_EXAMPLE_COM"},
        {"shop-example.com", "SHOP__EXAMPLE_COM"},
        {"4u", "4U"},
        {"Shop", NULL},
        {"shop_example.com", NULL},
        {"shop.-x", NULL},
        {"shop--x", NULL},
        {"-shop", NULL},
        {"shop.", NULL},
        {"", NULL},
        {"2001:db8::1", NULL},
        {"a\"b $c\n", NULL},
        {"\xff", NULL},
        {"a-very-long-name.of-a-zone.that-goes-on-and-on-and-on.example.com", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char name[EXPORT_VARIABLE_SIZE], other[EXPORT_VARIABLE_SIZE];
        export_text_variable(rows[i].text, name);
        assert_int_equal(name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_xabcdef")], '\0');
        assert_true(strlen(name) < EXPORT_VARIABLE_SIZE);
        if (rows[i].want)
            assert_string_equal(name, rows[i].want);
        else
            assert_non_null(strstr(name, "_x"));
        for (size_t k = 0; k < EXPORT_ZONES; k++) {
            if (strcmp(export_zones[k].name, rows[i].text) != 0)
                assert_string_not_equal(name, export_text_variable(export_zones[k].name, other));
        }
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(name, export_text_variable(rows[k].text, other));
    }
}

static void an_old_haproxy_is_refused(void **state) {
    (void)state;
    struct err err = {""};
    struct export_options options = export_test_options("haproxy-env");
    options.haproxy = 206;
    assert_false(export_check(&options, &err));
    assert_string_equal(
        err.text, "HAProxy 2.6 has no `curves` on server lines: the export needs 2.9 or later");
    options.haproxy = 209;
    assert_true(export_check(&options, &err));
    options.format = export_find("nginx");
    assert_false(export_check(&options, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_are_as_the_golden_texts),
        cmocka_unit_test(nginx_finds_origins),
        cmocka_unit_test(verification_by_default_and_by_order),
        cmocka_unit_test(options_that_do_not_fit_are_refused),
        cmocka_unit_test(variables_are_safe_and_differ),
        cmocka_unit_test(an_old_haproxy_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
