/* Lists of origins as people and programs write them, good and bad, and 10,000,000 lines. */
#include "scanner/base/array.h"
#include "store/import/import_line.h"
#include "store/import/import_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

/* Everything that a reader says about a text, line by line: "1 zone host port sni address weight" or
 * "2 BAD why". */
static char *read_all_bytes(const char *bytes, size_t n, enum import_format format) {
    char *said;
    size_t said_n;
    FILE *out = open_memstream(&said, &said_n);
    FILE *in = fmemopen((void *)(uintptr_t)bytes, n, "r");
    assert_non_null(in);
    struct import_reader *reader = import_reader_new(in, format, NULL);
    for (;;) {
        struct origin origin;
        struct err err = {""};
        enum import_step step = import_reader_next(reader, &origin, &err);
        unsigned long long line = import_reader_line(reader);
        if (step == IMPORT_END)
            break;
        if (step == IMPORT_ORIGIN)
            fprintf(out, "%llu %s %s %u %s %s %g\n", line, origin.zone, origin.host, origin.port,
                    *origin.sni ? origin.sni : "-", *origin.address ? origin.address : "-",
                    origin.weight);
        else
            fprintf(out, "%llu %s %s\n", line, step == IMPORT_BAD ? "BAD" : "FAILED", err.text);
        if (step == IMPORT_FAILED)
            break;
    }
    import_reader_free(reader);
    fclose(in);
    fclose(out);
    return said;
}

#define READ(text, format) read_all_bytes(text, sizeof(text) - 1, format)

static void assert_said(char *said, const char *want) {
    assert_string_equal(said, want);
    free(said);
}

/* Line `number` is bad, and its text has `why` in it. */
static void assert_bad(const char *said, unsigned number, const char *why) {
    char start[32];
    snprintf(start, sizeof start, "%u BAD ", number);
    const char *line = strstr(said, start);
    assert_non_null(line);
    const char *found = strstr(line, why);
    if (!found || memchr(line, '\n', (size_t)(found - line)))
        fail_msg("'%s' is not in the message of line %u:\n%s", why, number, said);
}

static size_t count(const char *said, const char *word) {
    size_t n = 0;
    for (const char *at = said; (at = strstr(at, word)); at++)
        n++;
    return n;
}

static void lists(void **state) {
    (void)state;
    assert_said(READ("\xef\xbb\xbf"
                     "example.com\r\n"
                     "\n"
                     "# a comment\n"
                     "  Example.ORG.:8443\t\n"
                     "[2001:DB8::1]:443\n"
                     "192.0.2.7\n"
                     "b\xc3\xbc"
                     "cher.example\n"
                     "a.example:1@192.0.2.9",
                     IMPORT_AUTO),
                "1 example.com example.com 443 example.com - 1\n"
                "4 example.org example.org 8443 example.org - 1\n"
                "5 2001:db8::1 2001:db8::1 443 - - 1\n"
                "6 192.0.2.7 192.0.2.7 443 - - 1\n"
                "7 xn--bcher-kva.example xn--bcher-kva.example 443 xn--bcher-kva.example - 1\n"
                "8 a.example a.example 1 a.example 192.0.2.9 1\n");
}

static void bad_lines_of_a_list_spoil_only_themselves(void **state) {
    (void)state;
    char *said = READ("ok1.example\n"
                      "a.example:0\n"
                      "a.example:65536\n"
                      "a.ex\0ample\n"
                      "a.ex\xff\xfe.example\n"
                      "two words\n"
                      "\xed\xa0\x80.example\n"
                      "ok2.example\n",
                      IMPORT_LIST);
    assert_int_equal(count(said, "BAD"), 6);
    assert_bad(said, 2, "port");
    assert_bad(said, 3, "port");
    assert_bad(said, 4, "NUL");
    assert_bad(said, 5, "UTF-8");
    assert_bad(said, 6, "");
    assert_bad(said, 7, "UTF-8");
    assert_non_null(strstr(said, "1 ok1.example"));
    assert_non_null(strstr(said, "8 ok2.example"));
    free(said);
}

static void a_line_of_a_megabyte_is_passed_over(void **state) {
    (void)state;
    size_t n = (1 << 20) + 100;
    char *text = malloc(n);
    memset(text, 'a', n);
    memcpy(text + n - 30, "\nnext.example\n", 14);
    char *said = read_all_bytes(text, n - 16, IMPORT_AUTO);
    assert_bad(said, 1, "longer than");
    assert_non_null(strstr(said, "2 next.example"));
    free(said);
    free(text);
}

static void the_longest_line_and_one_byte_more(void **state) {
    (void)state;
    char text[IMPORT_LINE_MAX + 3];
    memset(text, ' ', sizeof text);
    memcpy(text, "a.example", 9);
    text[IMPORT_LINE_MAX] = '\n';
    assert_said(read_all_bytes(text, IMPORT_LINE_MAX + 1, IMPORT_LIST),
                "1 a.example a.example 443 a.example - 1\n");
    text[IMPORT_LINE_MAX] = ' ';
    text[IMPORT_LINE_MAX + 1] = '\n';
    char *said = read_all_bytes(text, IMPORT_LINE_MAX + 2, IMPORT_LIST);
    assert_bad(said, 1, "longer than");
    free(said);
}

static void csv(void **state) {
    (void)state;
    assert_said(READ("zone,host,port,sni,address,weight\r\n"
                     "shop,a.example,8443,b.example,192.0.2.1,2.5\r\n"
                     ",a.example,,,,\r\n"
                     "\r\n"
                     "\"a \"\"zone\"\", with a comma\",a.example,443,\"\",\"2001:DB8::1\",0\r\n"
                     "z,192.0.2.2,443,,,1e2\r\n",
                     IMPORT_AUTO),
                "2 shop a.example 8443 b.example 192.0.2.1 2.5\n"
                "3 a.example a.example 443 a.example - 1\n"
                "5 a \"zone\", with a comma a.example 443 - 2001:db8::1 0\n"
                "6 z 192.0.2.2 443 - - 100\n");
    assert_said(READ("Port, HOST\n1,a.example\n", IMPORT_AUTO),
                "2 a.example a.example 1 a.example - 1\n");
    assert_said(READ("host\na.example\n", IMPORT_AUTO),
                "2 a.example a.example 443 a.example - 1\n");
}

/* Fractions of a zone's traffic are quotients of sums of weights. */
static void weights_can_be_added_up(void **state) {
    (void)state;
    char *said =
        READ("host,weight\na.example,1e308\nb.example,1000000001\nc.example,1e9\n", IMPORT_CSV);
    assert_int_equal(count(said, "BAD"), 2);
    assert_bad(said, 2, "weight");
    assert_bad(said, 3, "weight");
    free(said);
}

/* Exports have to escape what names hold, but some things no list means. */
static void names_of_zones(void **state) {
    (void)state;
    char *said = READ("{\"zone\":\"a\\u0085\",\"host\":\"a.example\"}\n"
                      "{\"zone\":\"a\\u007f\",\"host\":\"a.example\"}\n"
                      "{\"zone\":\"a\\u2028\",\"host\":\"a.example\"}\n"
                      "{\"zone\":\"a\\ufffe\",\"host\":\"a.example\"}\n"
                      "{\"zone\":\"a\\u202e{$\\ufffd\",\"host\":\"a.example\"}\n",
                      IMPORT_NDJSON);
    assert_bad(said, 1, "control character, U+0085");
    assert_bad(said, 2, "control character, U+007F");
    assert_bad(said, 3, "line separator, U+2028");
    assert_bad(said, 4, "U+FFFE, which is not a character");
    assert_non_null(strstr(said, "5 a\xe2\x80\xae{$\xef\xbf\xbd a.example"));
    free(said);
    said = READ("zone,host\na\xff,a.example\na\xed\xa0\x80,a.example\n", IMPORT_CSV);
    assert_bad(said, 2, "not valid UTF-8");
    assert_bad(said, 3, "not valid UTF-8");
    free(said);
}

static void bad_lines_of_a_csv_spoil_only_themselves(void **state) {
    (void)state;
    char *said = READ("zone,host,port,weight\n"
                      "z,a.example,443\n"
                      "z,a.example,443,1,1\n"
                      "z,,443,1\n"
                      "z,a.example,443,-1\n"
                      "z,a.example,443,nan\n"
                      "z,a.example,443,0x10\n"
                      "z,a.example,443,1e999\n"
                      "z,\"a.example,443,1\n"
                      "z,a\"b\",443,1\n"
                      "z,a.ex\rample,443,1\n"
                      "z\x01z,a.example,443,1\n"
                      "z,a.example,443x,1\n"
                      "z,good.example,443,1\n",
                      IMPORT_CSV);
    assert_int_equal(count(said, "BAD"), 12);
    assert_bad(said, 2, "3 fields, but the header has 4");
    assert_bad(said, 3, "5 fields, but the header has 4");
    assert_bad(said, 4, "host is missing");
    for (unsigned line = 5; line <= 8; line++)
        assert_bad(said, line, "weight");
    assert_bad(said, 9, "quote");
    assert_bad(said, 10, "quote");
    assert_bad(said, 11, "line break");
    assert_bad(said, 12, "control");
    assert_bad(said, 13, "port");
    assert_non_null(strstr(said, "14 z good.example"));
    free(said);
}

static void a_csv_needs_a_header_that_is_understood(void **state) {
    (void)state;
    const char *const bad[] = {"zone,port\na,1\n", "hostname,ip,port\na.example,192.0.2.1,443\n",
                               "host,host\na,b\n", "\"host,port\na,1\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *said = read_all_bytes(bad[i], strlen(bad[i]), IMPORT_CSV);
        assert_non_null(strstr(said, "1 FAILED"));
        assert_non_null(strstr(said, "header"));
        free(said);
    }
    assert_said(READ("", IMPORT_CSV), "");
}

static void ndjson(void **state) {
    (void)state;
    assert_said(READ("{\"host\":\"a.example\"}\n"
                     "{\"zone\":\"z\",\"host\":\"a.example\",\"port\":8443,\"sni\":\"\","
                     "\"address\":\"192.0.2.1\",\"weight\":0.25}\r\n"
                     "\n"
                     "{\"host\":\"a.example\",\"port\":\"1\",\"sni\":null,\"weight\":3}\n"
                     "{\"host\":\"b\\u00fccher.example\"}",
                     IMPORT_AUTO),
                "1 a.example a.example 443 a.example - 1\n"
                "2 z a.example 8443 - 192.0.2.1 0.25\n"
                "4 a.example a.example 1 a.example - 3\n"
                "5 xn--bcher-kva.example xn--bcher-kva.example 443 xn--bcher-kva.example - 1\n");
}

static void bad_lines_of_ndjson_spoil_only_themselves(void **state) {
    (void)state;
    char *said = READ("{\"host\":\"a.example\",\"port\":0}\n"
                      "{\"host\":\"a.example\",\"port\":65536}\n"
                      "{\"host\":\"a.example\",\"port\":443.5}\n"
                      "{\"host\":1}\n"
                      "{\"host\":\"a.example\",\"adress\":\"192.0.2.1\"}\n"
                      "{\"host\":\"a.example\",\"host\":\"b.example\"}\n"
                      "[\"a.example\"]\n"
                      "{\"host\":\"a.example\"\n"
                      "{\"host\":\"a\\u0000b\"}\n"
                      "{}\n"
                      "{\"host\":\"a.example\",\"weight\":-1}\n"
                      "{\"host\":\"good.example\"} \n",
                      IMPORT_NDJSON);
    assert_int_equal(count(said, "BAD"), 11);
    assert_bad(said, 1, "port");
    assert_bad(said, 2, "port");
    assert_bad(said, 3, "port");
    assert_bad(said, 4, "host");
    assert_bad(said, 5, "key");
    assert_bad(said, 7, "object");
    assert_bad(said, 10, "host is missing");
    assert_bad(said, 11, "weight");
    assert_non_null(strstr(said, "12 good.example"));
    free(said);
}

static void deep_json_is_refused(void **state) {
    (void)state;
    char text[IMPORT_LINE_MAX];
    memset(text, '[', sizeof text);
    char *said = read_all_bytes(text, sizeof text, IMPORT_NDJSON);
    assert_bad(said, 1, "JSON");
    free(said);
}

static void names_of_formats(void **state) {
    (void)state;
    enum import_format format;
    assert_true(import_reader_format("auto", &format) && format == IMPORT_AUTO);
    assert_true(import_reader_format("list", &format) && format == IMPORT_LIST);
    assert_true(import_reader_format("csv", &format) && format == IMPORT_CSV);
    assert_true(import_reader_format("ndjson", &format) && format == IMPORT_NDJSON);
    assert_false(import_reader_format("CSV", &format));
}

/* A stream that is never in memory as a whole. */
struct endless {
    uint64_t line;
    uint64_t lines;
    char text[64];
    size_t at;
    size_t n;
};

static ssize_t more(void *arg, char *out, size_t size) {
    struct endless *endless = arg;
    size_t made = 0;
    while (made < size) {
        if (endless->at == endless->n) {
            if (endless->line == endless->lines)
                break;
            endless->n =
                (size_t)snprintf(endless->text, sizeof endless->text, "host%llu.example:%llu\n",
                                 (unsigned long long)endless->line,
                                 (unsigned long long)endless->line % 1000 ? 443ULL : 0ULL);
            endless->line++;
            endless->at = 0;
        }
        size_t n = endless->n - endless->at < size - made ? endless->n - endless->at : size - made;
        memcpy(out + made, endless->text + endless->at, n);
        endless->at += n;
        made += n;
    }
    return (ssize_t)made;
}

static void ten_million_lines_take_bounded_memory(void **state) {
    (void)state;
    struct endless endless = {.lines = 10 * 1000 * 1000};
    FILE *in = fopencookie(&endless, "r", (cookie_io_functions_t){.read = more});
    struct import_reader *reader = import_reader_new(in, IMPORT_LIST, NULL);
    uint64_t good = 0, bad = 0;
    struct origin origin;
    struct err err;
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    for (;;) {
        enum import_step step = import_reader_next(reader, &origin, &err);
        if (step == IMPORT_END)
            break;
        good += step == IMPORT_ORIGIN;
        bad += step == IMPORT_BAD;
        if (step == IMPORT_BAD && bad == 2)
            assert_int_equal(import_reader_line(reader), 1001);
    }
    getrusage(RUSAGE_SELF, &after);
    import_reader_free(reader);
    fclose(in);
    assert_int_equal(good, 9990000);
    assert_int_equal(bad, 10000);
    assert_true(after.ru_maxrss - before.ru_maxrss < 4096); /* KiB */
}

/* Twelve lines are 786,432 hosts, of which memory needs to hold but one line's. */
static void ranges_of_hosts_take_bounded_memory(void **state) {
    (void)state;
    enum { LINES = 12, NAMES = 65536 };
    char text[512] = "[web]\n";
    size_t n = strlen(text), hosts = 0;
    for (int i = 0; i < LINES; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "w%d-[0:65535].example\n", i);
    FILE *in = fmemopen(text, n, "r");
    struct import_reader *reader = import_reader_new(in, IMPORT_ANSIBLE, NULL);
    struct origin origin;
    struct err err;
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    while (import_reader_next(reader, &origin, &err) == IMPORT_ORIGIN)
        hosts++;
    getrusage(RUSAGE_SELF, &after);
    import_reader_free(reader);
    fclose(in);
    assert_int_equal(hosts, LINES * NAMES);
    assert_true(after.ru_maxrss - before.ru_maxrss < 48 * 1024); /* KiB */
}

/* 10,000 origins in each form, whose names are h0.example and so on. */
static const struct {
    const char *head, *before, *after, *tail;
} long_lists[] = {
    {"", "https://h", ".example:443/  # ours\n", ""},
    {"owner;host\n", "kim;h", ".example\n", ""},
    {"", "{\"host\":\"h", ".example\"}\n", ""},
    {"127.0.0.1 localhost\n", "10.0.0.1 h", ".example\n", ""},
    {"backend b\n", "    server s h", ".example:443 ssl\n", ""},
    {"upstream b {\n", "    server h", ".example:443;\n", "}\n"},
    {"[web]\n", "h", ".example ansible_user=root\n", ""},
    {"all:\n  hosts:\n", "    h", ".example:\n", ""},
    {"{\n\"web\": {\"hosts\": [\n", "\"h", ".example\",\n", "\"last\"]}}\n"},
    {"[{\"targets\": [\n", "\"h", ".example:443\",\n", "\"last\"]}]\n"},
};

static void a_long_list_of_each_form_is_read_to_its_end(void **state) {
    (void)state;
    enum { COPIES = 10000 };
    for (size_t i = 0; i < COUNT_OF(long_lists); i++) {
        char *text = NULL;
        size_t n = 0;
        FILE *to = open_memstream(&text, &n);
        fputs(long_lists[i].head, to);
        for (int k = 0; k < COPIES; k++)
            fprintf(to, "%s%d%s", long_lists[i].before, k, long_lists[i].after);
        fputs(long_lists[i].tail, to);
        fclose(to);
        char *said = read_all_bytes(text, n, IMPORT_AUTO);
        if (count(said, ".example 443 ") != COPIES || count(said, "BAD") || count(said, "FAILED"))
            fail_msg("list %zu: %.200s", i, said);
        assert_non_null(strstr(said, " h9999.example 443 "));
        free(said);
        free(text);
    }
}

static void a_document_beyond_the_limit_is_refused(void **state) {
    (void)state;
    size_t n = IMPORT_DOCUMENT_MAX + 1;
    char *text = malloc(n);
    memset(text, '\n', n);
    memcpy(text, "upstream a {", 12);
    assert_said(read_all_bytes(text, n, IMPORT_NGINX),
                "1 FAILED line 1: longer than 64 MiB; split it, or make it CSV or NDJSON\n");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(bad_lines_of_a_list_spoil_only_themselves),
        cmocka_unit_test(a_line_of_a_megabyte_is_passed_over),
        cmocka_unit_test(the_longest_line_and_one_byte_more),
        cmocka_unit_test(csv),
        cmocka_unit_test(weights_can_be_added_up),
        cmocka_unit_test(names_of_zones),
        cmocka_unit_test(bad_lines_of_a_csv_spoil_only_themselves),
        cmocka_unit_test(a_csv_needs_a_header_that_is_understood),
        cmocka_unit_test(ndjson),
        cmocka_unit_test(bad_lines_of_ndjson_spoil_only_themselves),
        cmocka_unit_test(deep_json_is_refused),
        cmocka_unit_test(names_of_formats),
        cmocka_unit_test(ten_million_lines_take_bounded_memory),
        cmocka_unit_test(ranges_of_hosts_take_bounded_memory),
        cmocka_unit_test(a_long_list_of_each_form_is_read_to_its_end),
        cmocka_unit_test(a_document_beyond_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
