/* Origins as people write them: one case a line, then properties over random text. */
#include "scanner/words/origin.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define L63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define L61 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy"
#define NAME253 L63 "." L63 "." L63 "." L61
#define LIMIT_UTF8 "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"

static const struct {
    const char *text, *host, *sni;
    uint16_t port;
    const char *address;
} good[] = {
    /* text, host, sni, port, address; the default port is 443 */
    {"example.com", "example.com", "example.com", 443, ""},
    {"Example.COM", "example.com", "example.com", 443, ""},
    {"example.com.", "example.com", "example.com", 443, ""},
    {"example.com.:8443", "example.com", "example.com", 8443, ""},
    {"localhost", "localhost", "localhost", 443, ""},
    {"x", "x", "x", 443, ""},
    {"example.com:1", "example.com", "example.com", 1, ""},
    {"example.com:65535", "example.com", "example.com", 65535, ""},
    {"example.com:00443", "example.com", "example.com", 443, ""},
    {"_sip._tls.example.com", "_sip._tls.example.com", "_sip._tls.example.com", 443, ""},
    {"r3---sn-x.example", "r3---sn-x.example", "r3---sn-x.example", 443, ""},
    {"3com.example", "3com.example", "3com.example", 443, ""},
    {"1.2.3.4.example", "1.2.3.4.example", "1.2.3.4.example", 443, ""},
    {"a.1x", "a.1x", "a.1x", 443, ""},
    {"a.0xg", "a.0xg", "a.0xg", 443, ""},
    {L63 ".example", L63 ".example", L63 ".example", 443, ""},
    {NAME253, NAME253, NAME253, 443, ""},
    {NAME253 ".", NAME253, NAME253, 443, ""},
    {"xn--bcher-kva.example", "xn--bcher-kva.example", "xn--bcher-kva.example", 443, ""},
    {"b\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example", "xn--bcher-kva.example", 443, ""},
    {"B\xc3\x9c"
     "CHER.example:444",
     "xn--bcher-kva.example", "xn--bcher-kva.example", 444, ""},
    {"bu\xcc\x88"
     "cher.example", /* u and a combining diaeresis */
     "xn--bcher-kva.example", "xn--bcher-kva.example", 443, ""},
    {"fa\xc3\x9f.de", "xn--fa-hia.de", "xn--fa-hia.de", 443, ""}, /* not "fass": nontransitional */
    {"\xe4\xbe\x8b\xe3\x81\x88\xe3\x80\x82\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88",
     "xn--r8jz45g.xn--zckzah", "xn--r8jz45g.xn--zckzah", 443, ""}, /* ideographic full stop */
    {"192.0.2.7", "192.0.2.7", "", 443, ""},
    {"192.0.2.7:8443", "192.0.2.7", "", 8443, ""},
    {"0.0.0.0", "0.0.0.0", "", 443, ""},
    {"2001:db8::1", "2001:db8::1", "", 443, ""},
    {"2001:DB8:0:0:0:0:0:1", "2001:db8::1", "", 443, ""},
    {"::", "::", "", 443, ""},
    {"::1", "::1", "", 443, ""},
    {"::ffff:192.0.2.7", "::ffff:192.0.2.7", "", 443, ""},
    {"[2001:db8::1]", "2001:db8::1", "", 443, ""},
    {"[2001:db8::1]:8443", "2001:db8::1", "", 8443, ""},
    {"example.com@192.0.2.7", "example.com", "example.com", 443, "192.0.2.7"},
    {"example.com:8443@192.0.2.7", "example.com", "example.com", 8443, "192.0.2.7"},
    {"example.com:8443@2001:DB8::1", "example.com", "example.com", 8443, "2001:db8::1"},
    {"example.com:8443@[2001:db8::1]", "example.com", "example.com", 8443, "2001:db8::1"},
    {"example.com@::1", "example.com", "example.com", 443, "::1"},
    {"[2001:db8::1]:443@192.0.2.7", "2001:db8::1", "", 443, "192.0.2.7"},
    {"[2001:db8::1]@[2001:db8::2]", "2001:db8::1", "", 443, "2001:db8::2"},
    {"2001:db8::1@2001:db8::2", "2001:db8::1", "", 443, "2001:db8::2"},
    {"192.0.2.7:1@192.0.2.8", "192.0.2.7", "", 1, "192.0.2.8"},
};

static void test_good(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct origin origin;
        struct err err = {"untouched"};
        if (!origin_parse(good[i].text, 443, &origin, &err))
            fail_msg("%s: %s", good[i].text, err.text);
        assert_string_equal(origin.host, good[i].host);
        assert_string_equal(origin.zone, good[i].host);
        assert_string_equal(origin.sni, good[i].sni);
        assert_int_equal(origin.port, good[i].port);
        assert_string_equal(origin.address, good[i].address);
        assert_true(origin.weight == 1);
        assert_int_equal(origin_host_is_address(&origin), good[i].sni[0] == '\0');
        assert_string_equal(err.text, "untouched");
    }
}

static const struct {
    const char *text, *says;
} bad[] = {
    /* text, what the message must contain */
    {"", "host is empty"},
    {".", "a label is empty"},
    {"..", "a label is empty"},
    {".example.com", "a label is empty"},
    {"a..b", "a label is empty"},
    {"example.com..", "a label is empty"},
    {" example.com", "spaces"},
    {"example.com ", "spaces"},
    {"exam ple.com", "spaces"},
    {"exam\tple.com", "control"},
    {"example.com\n", "host \"example.com\\x0a\": control"},
    {"example.com\r\n", "\\x0d\\x0a"},
    {"a\x01", "control"},
    {"a\x7f", "control"},
    {"a\x1b[31m", "\"a\\x1b[31m\""},
    {"a,b", "only letters"},
    {"a/b", "only letters"},
    {"a\"b", "\"a\\\"b\""},
    {"a\\b", "\"a\\\\b\""},
    {"https://example.com/", "not a URL"},
    {"*.example.com", "wildcard"},
    {"*", "wildcard"},
    {"a*.example.com", "wildcard"},
    {"-a.example", "hyphen"},
    {"a-.example", "hyphen"},
    {"-", "hyphen"},
    {"a" L63 ".example", "63"},
    {"a" NAME253, "253"},
    {"a." NAME253, "253"},
    {NAME253 "." NAME253 "." NAME253 "." NAME253 "." NAME253, "...: longer than 253"},
    {"256.1.1.1", "ends in a number"},
    {"1.2.3", "ends in a number"},
    {"1.2.3.4.5", "ends in a number"},
    {"01.2.3.4", "ends in a number"},
    {"1.2.3.4.", "ends in a number"},
    {"0x7f.1", "ends in a number"},
    {"127.0.0.0x1", "ends in a number"},
    {"127.0.0.0X", "ends in a number"},
    {"2130706433", "ends in a number"},
    {"example.42", "ends in a number"},
    {"\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1", "ends in a number"}, /* fullwidth 127 */
    {"a\xef\xbc\xa0"
     "b.example",
     "only letters"}, /* fullwidth @ */
    {"a\xff.example", "not valid UTF-8"},
    {"a\xc3.example", "not valid UTF-8"},
    {"a\xc0\xaf.example", "not valid UTF-8"},
    {"a\xed\xa0\x80.example", "not valid UTF-8"},
    {"a\xe2\x80\xae.example", "host \"a\\xe2\\x80\\xae.example\""}, /* right-to-left override */
    {LIMIT_UTF8 LIMIT_UTF8 LIMIT_UTF8 LIMIT_UTF8 LIMIT_UTF8 LIMIT_UTF8 LIMIT_UTF8 LIMIT_UTF8,
     "63 characters as an A-label"},
    {"example.com:", "port \"\""},
    {"example.com:0", "port \"0\": not a number between 1 and 65535"},
    {"example.com:65536", "port"},
    {"example.com:99999", "port"},
    {"example.com:100000", "port"},
    {"example.com:4294967739", "port"},
    {"example.com:+443", "port"},
    {"example.com:-443", "port"},
    {"example.com: 443", "port"},
    {"example.com:443 ", "port"},
    {"example.com:443x", "port"},
    {"example.com:0x1bb", "port"},
    {"example.com:https", "port"},
    {":443", "host is empty"},
    {"[]", "not an IPv6"},
    {"[]:443", "not an IPv6"},
    {"[", "closing bracket"},
    {"]", "only letters"},
    {"[2001:db8::1", "closing bracket"},
    {"[2001:db8::1]443", "may follow the bracket"},
    {"[2001:db8::1]:", "port"},
    {"[2001:db8::1]:0", "port"},
    {"[192.0.2.7]", "not an IPv6"},
    {"[example.com]", "not an IPv6"},
    {"2001:db8:::1", "not an IPv6"},
    {"1:2:3:4:5:6:7:8:9", "not an IPv6"},
    {"2001:db8::g", "not an IPv6"},
    {"example.com:443:444", "not an IPv6"},
    {"fe80::1%eth0", "zone id"},
    {"[fe80::1%1]:443", "zone id"},
    {"[fe80::1%25eth0]", "zone id"},
    {"@192.0.2.7", "host is empty"},
    {"example.com@", "no address follows"},
    {"example.com@other.example", "address \"other.example\": not an IPv4 or IPv6"},
    {"example.com@192.0.2.7:443", "address \"192.0.2.7:443\": the port belongs after the host"},
    {"example.com@192.0.2.256", "not an IPv4 or IPv6"},
    {"example.com@192.0.2", "not an IPv4 or IPv6"},
    {"example.com@ 192.0.2.7", "not an IPv4 or IPv6"},
    {"example.com@[192.0.2.7]", "not an IPv6"},
    {"example.com@[::1", "not an IPv6"},
    {"example.com@fe80::1%eth0", "zone id"},
    {"example.com@192.0.2.7@192.0.2.8", "not an IPv4 or IPv6"},
};

static void assert_printable(const char *text) {
    assert_int_not_equal(text[0], '\0');
    for (; *text; text++)
        assert_true(isprint((unsigned char)*text));
}

static void test_bad(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct origin origin, before;
        struct err err = {""};
        memset(&origin, 0x5a, sizeof origin);
        before = origin;
        if (origin_parse(bad[i].text, 443, &origin, &err))
            fail_msg("\"%s\" was taken", bad[i].text);
        assert_printable(err.text);
        if (!strstr(err.text, bad[i].says))
            fail_msg("\"%s\" said: %s", bad[i].text, err.text);
        assert_memory_equal(&origin, &before, sizeof origin);
        assert_false(origin_parse(bad[i].text, 443, &origin, NULL));
    }
}

static void test_error_is_cut(void **state) {
    (void)state;
    char text[4096];
    struct origin origin;
    struct err err;
    memset(text, '\xff', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(origin_parse(text, 443, &origin, &err));
    assert_printable(err.text);
    assert_non_null(strstr(err.text, "\\xff\"...: longer than 253 characters"));
}

static const struct {
    const char *text;
    const char *sni; /* NULL: refused */
} snis[] = {
    {"", ""},
    {"Other.Example.", "other.example"},
    {"b\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example"},
    {"_x.example", "_x.example"},
    {"192.0.2.7", NULL},
    {"2001:db8::1", NULL},
    {"[2001:db8::1]", NULL},
    {"1.2.3", NULL},
    {"*.example", NULL},
    {"a b", NULL},
    {"other.example:443", NULL},
    {"a" L63, NULL},
};

static void test_sni(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof snis / sizeof snis[0]; i++) {
        struct origin origin;
        struct err err = {""};
        assert_true(origin_parse("example.com", 443, &origin, &err));
        bool taken = origin_set_sni(&origin, snis[i].text, &err);
        if (taken != (snis[i].sni != NULL))
            fail_msg("sni \"%s\": %s", snis[i].text, taken ? "taken" : err.text);
        assert_string_equal(origin.sni, taken ? snis[i].sni : "example.com");
        assert_string_equal(origin.host, "example.com");
        if (!taken)
            assert_memory_equal(err.text, "sni ", 4);
    }
}

static void test_pieces(void **state) {
    (void)state;
    struct origin origin = {.port = 444, .weight = 2};
    struct err err;
    uint16_t port = 7;
    assert_true(origin_set_host(&origin, "[2001:DB8::1]", &err));
    assert_string_equal(origin.host, "2001:db8::1");
    assert_string_equal(origin.sni, "");
    assert_true(origin_set_host(&origin, "2001:db8::2", &err));
    assert_string_equal(origin.zone, "2001:db8::2");
    assert_true(origin_set_host(&origin, "Example.com.", &err));
    assert_string_equal(origin.zone, "example.com");
    assert_string_equal(origin.sni, "example.com");
    assert_false(origin_set_host(&origin, "other.example:443", &err));
    assert_false(origin_set_host(&origin, "other.example@192.0.2.1", &err));
    assert_string_equal(origin.host, "example.com");
    assert_true(origin_set_address(&origin, "[2001:DB8::3]", &err));
    assert_string_equal(origin.address, "2001:db8::3");
    assert_false(origin_set_address(&origin, "192.0.2.1 ", &err));
    assert_string_equal(origin.address, "2001:db8::3");
    assert_true(origin_set_address(&origin, "", &err));
    assert_string_equal(origin.address, "");
    assert_int_equal(origin.port, 444);
    assert_true(origin.weight == 2);
    assert_false(origin_parse_port("", &port, &err));
    assert_false(origin_parse_port("0443\n", &port, &err));
    assert_int_equal(port, 7);
    assert_true(origin_parse_port("0443", &port, &err));
    assert_int_equal(port, 443);
}

/* xorshift64: the same sequence on every run. */
static uint32_t next_random(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 32);
}

static void assert_any_port(const char *text, const char *host, uint16_t port) {
    struct origin origin;
    assert_true(origin_parse_any_port(text, &origin));
    assert_string_equal(origin.host, host);
    assert_int_equal(origin.port, port);
}

static void test_any_port(void **state) {
    (void)state;
    struct origin origin;
    assert_any_port("Example.com", "example.com", 0);
    assert_any_port("example.com:443", "example.com", 443);
    assert_any_port("example.com:1", "example.com", 1);
    assert_any_port("2001:db8::1", "2001:db8::1", 0);
    assert_any_port("[2001:db8::1]:2", "2001:db8::1", 2);
    assert_false(origin_parse_any_port("a b", &origin));
    assert_false(origin_parse_any_port("example.com:0", &origin));
}

static void assert_shown(const char *host, uint16_t port, const char *wanted) {
    char out[ORIGIN_SHOWN_SIZE];
    assert_string_equal(origin_show(host, port, out), wanted);
}

static void test_show(void **state) {
    (void)state;
    char longest[300];
    assert_shown("example.com", 443, "example.com:443");
    assert_shown("192.0.2.1", 65535, "192.0.2.1:65535");
    assert_shown("2001:db8::1", 443, "[2001:db8::1]:443");
    assert_shown("a\x1b:\n", 1, "\"a\\x1b:\\x0a\":1");
    memset(longest, '\x01', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    char out[ORIGIN_SHOWN_SIZE];
    origin_show(longest, 65535, out);
    assert_string_equal(out + strlen(out) - 10, "\"...:65535");
}

static void random_bytes(uint64_t *seed, unsigned char *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = next_random(seed) % 3 ? (unsigned char)next_random(seed) : 0;
}

static void random_address(uint64_t *seed, char out[ORIGIN_ADDRESS_SIZE]) {
    unsigned char binary[16];
    random_bytes(seed, binary, sizeof binary);
    inet_ntop(next_random(seed) % 2 ? AF_INET : AF_INET6, binary, out, ORIGIN_ADDRESS_SIZE);
}

static void random_name(uint64_t *seed, char out[ORIGIN_HOST_SIZE]) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t n = 0, want = 1 + next_random(seed) % 249, label = 0;
    while (n < want) {
        bool inner = label > 0 && label < 62;
        bool dot = inner && out[n - 1] != '-' && next_random(seed) % 9 == 0;
        out[n++] = dot ? '.' : letters[next_random(seed) % (inner ? 38 : 37)];
        label = dot ? 0 : label + 1;
        if (label == 63 && n < want) {
            out[n++] = '.';
            label = 0;
        }
    }
    memcpy(out + n, "_z", 3); /* no number and no hyphen at the end */
    if (label > 61)
        out[n] = '.';
}

static void assert_round_trip(const struct origin *origin) {
    char text[ORIGIN_TEXT_SIZE];
    struct origin again;
    struct err err = {""};
    assert_ptr_equal(origin_format(origin, text), text);
    if (!origin_parse(text, 9, &again, &err))
        fail_msg("%s: %s", text, err.text);
    assert_string_equal(again.host, origin->host);
    assert_string_equal(again.sni, origin->sni);
    assert_string_equal(again.address, origin->address);
    assert_int_equal(again.port, origin->port);
}

static void test_format_then_parse(void **state) {
    (void)state;
    uint64_t seed = 0x9e3779b97f4a7c15;
    for (int i = 0; i < 20000; i++) {
        struct origin origin = {.port = (uint16_t)(1 + next_random(&seed) % 65535)};
        if (next_random(&seed) % 3 == 0) {
            random_address(&seed, origin.host);
        } else {
            random_name(&seed, origin.host);
            memcpy(origin.sni, origin.host, sizeof origin.sni);
        }
        if (next_random(&seed) % 2)
            random_address(&seed, origin.address);
        assert_round_trip(&origin);
    }
}

/* Whatever is taken is in its canonical form already; whatever is refused is explained. */
static void test_any_text(void **state) {
    (void)state;
    static const char alphabet[] = "aB1.0:[]@-_*% x\xc3\xbc\xff\x01/:f2.";
    uint64_t seed = 42;
    int taken = 0;
    for (int i = 0; i < 200000; i++) {
        char text[24];
        size_t n = next_random(&seed) % (sizeof text - 1);
        for (size_t k = 0; k < n; k++)
            text[k] = alphabet[next_random(&seed) % (sizeof alphabet - 1)];
        text[n] = '\0';
        struct origin origin;
        struct err err = {""};
        if (origin_parse(text, 443, &origin, &err)) {
            taken++;
            assert_round_trip(&origin);
        } else {
            assert_printable(err.text);
        }
    }
    assert_true(taken > 1000); /* else the alphabet tests nothing */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),         cmocka_unit_test(test_bad),
        cmocka_unit_test(test_error_is_cut), cmocka_unit_test(test_sni),
        cmocka_unit_test(test_pieces),       cmocka_unit_test(test_any_port),
        cmocka_unit_test(test_any_text),     cmocka_unit_test(test_format_then_parse),
        cmocka_unit_test(test_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
