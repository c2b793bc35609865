/* The first-flight reader: a table of flights, flights recorded from OpenSSL, and the property that
 * neither TCP's cuts nor the records' change the answer. */
#include "scanner/hello/first_flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLIGHT_MAX 200000
#define TABLE ORIGINSCAN_SOURCE_DIR "/tests/tables/first_flight.txt"
#define RECORDED ORIGINSCAN_SOURCE_DIR "/tests/unit/data/flights/*.hex"

struct flight_case {
    char name[128];
    char answer[256];
    uint8_t bytes[FLIGHT_MAX];
    size_t n;
    bool then; /* goes on behind a retry */
    uint8_t session_id[32];
};

static void set_text(char *out, size_t size, const char *text) {
    size_t n = strlen(text) + 1;
    assert_true(n <= size);
    memcpy(out, text, n);
}

/* --- the table's notation --- */

static const uint8_t retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

static void append(struct flight_case *it, const uint8_t *bytes, size_t n) {
    assert_true(it->n + n <= FLIGHT_MAX);
    memcpy(it->bytes + it->n, bytes, n);
    it->n += n;
}

static void append_times(struct flight_case *it, uint8_t byte, size_t times) {
    assert_true(it->n + times <= FLIGHT_MAX);
    memset(it->bytes + it->n, byte, times);
    it->n += times;
}

static bool append_word(struct flight_case *it, const char **text) {
    uint8_t random[32];
    memset(random, 0x5a, sizeof random);
    const struct {
        const char *word;
        const uint8_t *bytes;
    } words[] = {{"RANDOM", random}, {"RETRY", retry_random}, {"SID", it->session_id}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(*text, words[i].word, strlen(words[i].word)) == 0) {
            append(it, words[i].bytes, 32);
            *text += strlen(words[i].word);
            return true;
        }
    return false;
}

static void close_length(struct flight_case *it, size_t at, size_t width) {
    size_t length = it->n - at - width;
    for (size_t i = 0; i < width; i++)
        it->bytes[at + i] = (uint8_t)(length >> (8 * (width - 1 - i)));
}

/* Appends one line of hex in the notation that the table's head explains. Brackets may stay open
 * over lines: `open` holds them. */
struct open_lengths {
    size_t at[16], width[16], n;
};

static void assemble(struct flight_case *it, const char *text, struct open_lengths *open) {
    while (*text) {
        if (isspace((unsigned char)*text)) {
            text++;
        } else if (*text == '[') {
            assert_true(open->n < 16);
            open->at[open->n] = it->n;
            open->width[open->n] = (size_t)(text[1] - '0');
            append_times(it, 0, open->width[open->n++]);
            text += 2;
        } else if (*text == ']') {
            assert_true(open->n > 0);
            open->n--;
            close_length(it, open->at[open->n], open->width[open->n]);
            text++;
        } else if (*text == '*') {
            char *end;
            append_times(it, it->bytes[it->n - 1], strtoul(text + 1, &end, 10) - 1);
            text = end;
        } else if (!append_word(it, &text)) {
            unsigned byte;
            if (sscanf(text, "%2x", &byte) != 1)
                fail_msg("%s: not in the notation: %s", it->name, text);
            append_times(it, (uint8_t)byte, 1);
            text += 2;
        }
    }
}

/* --- reading, cut in pieces --- */

struct reading {
    char text[256];
};

static void describe(struct reading *out, const struct first_flight *flight) {
    const struct first_flight_answer *a = &flight->answer;
    size_t cookie_n;
    const uint8_t *cookie = first_flight_cookie(flight, &cookie_n);
    char parts[4][40] = {{0}};
    if (cookie) {
        for (size_t i = 1; i < cookie_n; i++)
            assert_int_equal(cookie[i], cookie[0]);
        snprintf(parts[0], sizeof parts[0], " cookie=%zu of %02x", cookie_n, cookie[0]);
    }
    if (a->alert || a->kind == FIRST_FLIGHT_ALERT)
        snprintf(parts[1], sizeof parts[1], " alert=%u", a->alert);
    snprintf(out->text, sizeof out->text, "%s %04x %04x %04x bytes=%u%s%s%s%s%s%s",
             first_flight_kind_name(a->kind), a->version, a->cipher, a->group, a->bytes,
             a->session_id_echoed ? " echo" : "", parts[0],
             a->certificate_requested ? " certificate-request" : "", parts[1], a->why ? ": " : "",
             a->why ? a->why : "");
    assert_true((a->why != NULL) == (a->kind == FIRST_FLIGHT_MALFORMED));
}

/* Reads with a cut before each of the given offsets, which ascend. */
static struct reading read_cut(const struct flight_case *it, const size_t *cuts, size_t cuts_n) {
    static struct first_flight flight;
    first_flight_init(&flight, it->session_id, sizeof it->session_id);
    bool second = false;
    size_t from = 0;
    for (size_t i = 0; i <= cuts_n; i++) {
        size_t to = i < cuts_n ? cuts[i] : it->n;
        enum first_flight_kind kind = first_flight_feed(&flight, it->bytes + from, to - from);
        if (kind == FIRST_FLIGHT_RETRY && it->then && !second) {
            second = true;
            from = flight.answer.bytes;
            first_flight_second(&flight);
            first_flight_feed(&flight, it->bytes + from, to - from);
        }
        from = to;
    }
    struct reading out;
    describe(&out, &flight);
    return out;
}

static void must_equal(const struct flight_case *it, const char *expected, struct reading got,
                       const char *how) {
    if (strcmp(expected, got.text) != 0)
        fail_msg("%s, %s\n  expected %s\n  got      %s", it->name, how, expected, got.text);
}

static int ascending(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

/* A fixed generator: a failure must show again. */
static uint32_t next_random(void) {
    static uint32_t state = 2463534242;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static void cuts_change_nothing(const struct flight_case *it, const char *expected) {
    static size_t cuts[FLIGHT_MAX];
    must_equal(it, expected, read_cut(it, NULL, 0), "whole");
    for (size_t i = 0; i < it->n; i++)
        cuts[i] = i;
    must_equal(it, expected, read_cut(it, cuts, it->n), "byte by byte");
    size_t step = it->n > 2000 ? it->n / 500 : 1;
    for (size_t cut = 0; cut <= it->n; cut += step)
        must_equal(it, expected, read_cut(it, &cut, 1), "in two pieces");
    for (int round = 0; round < 50 && it->n > 0; round++) {
        size_t cuts_n = next_random() % 12;
        for (size_t i = 0; i < cuts_n; i++)
            cuts[i] = next_random() % (it->n + 1);
        qsort(cuts, cuts_n, sizeof *cuts, ascending);
        must_equal(it, expected, read_cut(it, cuts, cuts_n), "in random pieces");
    }
}

/* --- tests --- */

/* Runs `check` on every case of the table; returns how many there were. */
static size_t each_case(void (*check)(const struct flight_case *it)) {
    static struct flight_case it;
    static char line[16384];
    struct open_lengths open = {.n = 0};
    size_t count = 0;
    FILE *file = fopen(TABLE, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "case: ", 6) == 0) {
            memset(&it, 0, sizeof it);
            set_text(it.name, sizeof it.name, line + 6);
            for (uint8_t i = 0; i < 32; i++)
                it.session_id[i] = (uint8_t)(0xa0 + i);
        } else if (strncmp(line, "flight:", 7) == 0) {
            assemble(&it, line + 7, &open);
        } else if (strncmp(line, "then: ", 6) == 0) {
            it.then = true;
            assemble(&it, line + 6, &open);
        } else if (line[0] == ' ') {
            assemble(&it, line, &open);
        } else if (strncmp(line, "answer: ", 8) == 0) {
            assert_int_equal(open.n, 0);
            set_text(it.answer, sizeof it.answer, line + 8);
            check(&it);
            count++;
        } else if (line[0] != '#' && line[0] != '\0') {
            fail_msg("%s: %s", TABLE, line);
        }
    }
    fclose(file);
    return count;
}

static void check_cuts(const struct flight_case *it) {
    cuts_change_nothing(it, it->answer);
}

static void every_case_of_the_table(void **state) {
    (void)state;
    size_t count = each_case(check_cuts);
    print_message("%zu flights\n", count);
    assert_true(count > 80);
}

static void read_recorded(struct flight_case *it, const char *path) {
    char line[512];
    struct open_lengths open = {.n = 0};
    memset(it, 0, sizeof *it);
    set_text(it->name, sizeof it->name, strrchr(path, '/') + 1);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "# session-id: ", 14) == 0) {
            assemble(it, line + 14, &open);
            memcpy(it->session_id, it->bytes, it->n);
            it->n = 0;
        } else if (strncmp(line, "# answer: ", 10) == 0) {
            set_text(it->answer, sizeof it->answer, line + 10);
        } else if (line[0] != '#') {
            assemble(it, line, &open);
        }
    }
    fclose(file);
}

/* Writes the flight again with at most `most` bytes in a handshake record. */
static void record_again(struct flight_case *out, const struct flight_case *in, size_t most) {
    memcpy(out, in, offsetof(struct flight_case, bytes));
    memcpy(out->session_id, in->session_id, sizeof out->session_id);
    out->n = 0;
    out->then = false;
    for (size_t at = 0; at + 5 <= in->n;) {
        const uint8_t *header = in->bytes + at;
        size_t left = (size_t)(header[3] << 8 | header[4]);
        at += 5;
        for (size_t n; left > 0; left -= n, at += n) {
            n = header[0] == 22 && left > most ? most : left;
            append(out, (uint8_t[]){header[0], header[1], header[2], (uint8_t)(n >> 8), (uint8_t)n},
                   5);
            append(out, in->bytes + at, n);
        }
    }
}

/* The text without the number of bytes, which the records' headers change. */
static const char *without_bytes(char *text) {
    char *number = strstr(text, "bytes=");
    size_t n = strcspn(number, " :");
    memmove(number, number + n, strlen(number + n) + 1);
    return text;
}

static void records_change_nothing(const struct flight_case *it, const char *answer) {
    static struct flight_case other;
    char expected[256];
    set_text(expected, sizeof expected, answer);
    without_bytes(expected);
    for (size_t most = 1; most < 100; most++) {
        record_again(&other, it, most);
        struct reading got = read_cut(&other, NULL, 0);
        without_bytes(got.text);
        must_equal(it, expected, got, "in shorter records");
    }
}

static void every_recorded_flight(void **state) {
    (void)state;
    static struct flight_case it;
    glob_t paths;
    assert_int_equal(glob(RECORDED, 0, NULL, &paths), 0);
    print_message("%zu recorded flights\n", paths.gl_pathc);
    assert_true(paths.gl_pathc >= 8);
    for (size_t i = 0; i < paths.gl_pathc; i++) {
        read_recorded(&it, paths.gl_pathv[i]);
        cuts_change_nothing(&it, it.answer);
        records_change_nothing(&it, it.answer);
    }
    globfree(&paths);
}

static void nothing_is_read_after_the_decision(void **state) {
    (void)state;
    static struct first_flight flight;
    static const uint8_t alert[] = {0x15, 3, 3, 0, 2, 2, 40, 0x15, 3, 3, 0, 2, 2, 80};
    first_flight_init(&flight, NULL, 0);
    assert_int_equal(first_flight_feed(&flight, alert, sizeof alert), FIRST_FLIGHT_ALERT);
    assert_int_equal(first_flight_feed(&flight, alert, sizeof alert), FIRST_FLIGHT_ALERT);
    assert_int_equal(flight.answer.alert, 40);
    assert_int_equal(flight.answer.bytes, 7);
}

/* A longer session id than TLS knows is cut, and a copy of the reader goes on like the original. */
static void a_copy_reads_on(void **state) {
    (void)state;
    static struct first_flight flight, copy;
    uint8_t session_id[40] = {1, 2, 3};
    static const uint8_t start[] = {0x16, 3, 3, 0, 4};
    static const uint8_t rest[] = {2, 0, 0, 0};
    first_flight_init(&flight, session_id, sizeof session_id);
    assert_int_equal(flight.session_id_n, 32);
    assert_int_equal(first_flight_feed(&flight, start, sizeof start), FIRST_FLIGHT_MORE);
    copy = flight;
    assert_int_equal(first_flight_feed(&copy, rest, sizeof rest), FIRST_FLIGHT_MALFORMED);
    assert_int_equal(flight.answer.kind, FIRST_FLIGHT_MORE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_of_the_table),
        cmocka_unit_test(every_recorded_flight),
        cmocka_unit_test(nothing_is_read_after_the_decision),
        cmocka_unit_test(a_copy_reads_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
