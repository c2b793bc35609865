/* What `probe --watch` tells of two scans. */
#include "report/view/scan_changes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ORIGIN "'origin':{'host':'a.example','port':443,'address':'192.0.2.7'}"
#define AT "'started_at':'2026-11-29T10:11:12.123Z'"
#define SUBJECT "2026-11-29 10:11:12 UTC  a.example:443 (192.0.2.7)  "

/* With ' for ". */
static json_t *parsed(const char *text) {
    char *copy = strdup(text);
    for (char *at = copy; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_t *value = json_loads(copy, 0, NULL);
    assert_non_null(value);
    free(copy);
    return value;
}

static void expect(const char *before_text, const char *now_text, const char *want) {
    json_t *before = before_text ? parsed(before_text) : NULL, *now = parsed(now_text);
    char *text = NULL;
    size_t n;
    FILE *to = open_memstream(&text, &n);
    scan_changes_print(to, before, now);
    fclose(to);
    assert_string_equal(text, want);
    free(text);
    json_decref(before);
    json_decref(now);
}

#define SCAN(status, verdict, p521, works, setting, leaf)                                          \
    "{" ORIGIN "," AT ",'status':'" status "','verdict':" verdict ",'groups':{'P-521':" p521       \
    "},'modes':{'preferred':{'works':" works ",'group':'X25519'}},'recommendation':" setting       \
    ",'probes':[{'leaf_sha256':null},{'leaf_sha256':'" leaf "'}]}"
#define PREFERRED "{'setting':'preferred','groups':['X25519'],'reason':'r','provisional':true}"
#define OFF "{'setting':'off','groups':[],'reason':'s','provisional':true}"

static void a_line_for_each_fact(void **state) {
    (void)state;
    expect(SCAN("complete", "'ready'", "true", "true", PREFERRED, "aa"),
           SCAN("complete", "'size-limit'", "null", "false", OFF, "bb"),
           SUBJECT "verdict: ready -> size-limit\n" SUBJECT "P-521: yes -> unknown\n" SUBJECT
                   "mode preferred works: yes -> no\n" SUBJECT
                   "recommended setting: preferred -> off\n" SUBJECT "certificate: aa -> bb\n");
}

static void nothing_for_nothing(void **state) {
    (void)state;
    expect(SCAN("complete", "null", "null", "true", PREFERRED, "aa"),
           SCAN("complete", "null", "null", "true", PREFERRED, "aa"), "");
}

static void what_was_not_measured_did_not_change(void **state) {
    (void)state;
    expect(SCAN("complete", "'ready'", "true", "true", PREFERRED, "aa"),
           SCAN("unreachable", "'unreachable'", "null", "null", "null", "aa"),
           SUBJECT "status: complete -> unreachable\n" SUBJECT "verdict: ready -> unreachable\n");
}

static void a_new_address_is_told(void **state) {
    (void)state;
    expect(NULL, SCAN("complete", "'ready'", "true", "true", PREFERRED, "aa"),
           SUBJECT "a new address: ready\n");
}

static void a_name_without_an_address_is_told(void **state) {
    (void)state;
    expect(NULL,
           "{'origin':{'host':'a.example','port':443,'address':null}," AT
           ",'status':'unreachable','verdict':'unreachable'}",
           "2026-11-29 10:11:12 UTC  a.example:443  no address was found: unreachable\n");
}

/* At the time of the name's scan, not of the last one of the address. */
static void an_address_that_is_gone_is_told(void **state) {
    (void)state;
    json_t *last = parsed("{" ORIGIN ",'started_at':'2026-11-29T09:00:00.000Z'}");
    json_t *now = parsed("{'origin':{'host':'a.example','port':443,'address':'192.0.2.8'}," AT "}");
    char *text = NULL;
    size_t n;
    FILE *to = open_memstream(&text, &n);
    scan_changes_print_gone(to, last, now);
    fclose(to);
    assert_string_equal(text, SUBJECT "the name no longer has this address\n");
    free(text);
    json_decref(last);
    json_decref(now);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_for_each_fact),
        cmocka_unit_test(nothing_for_nothing),
        cmocka_unit_test(what_was_not_measured_did_not_change),
        cmocka_unit_test(a_new_address_is_told),
        cmocka_unit_test(a_name_without_an_address_is_told),
        cmocka_unit_test(an_address_that_is_gone_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
