/* Fuzz target: whatever a name server sends, only what answers our question is taken of it. The
 * first byte says how the rest is used: bit 0 the type that was asked; bit 1 whether the question is
 * put in front of it, so that the search need not guess it. */
#include "scanner/net/dns_answer.h"

#include <arpa/nameser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const uint8_t question[] = {0x12, 0x34, 0x01, 0,   0,   1, 0,      0,   0,      0,   0,
                                   0,    3,    'w',  'W', 'w', 4, 'S',    'h', 'o',    'p', 4,
                                   't',  'E',  's',  't', 0,   0, ns_t_a, 0,   ns_c_in};
enum { QUESTION_N = sizeof question, HEADER_N = 12, TYPE_AT = QUESTION_N - 3 };

static void must(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "dns_answer: %s\n", what);
    abort();
}

/* Bytes that occur nowhere in the message cannot be an address in it. */
static void check_address(const uint8_t *address, size_t size, const uint8_t *message, size_t n) {
    must(n >= QUESTION_N + size &&
             memmem(message + QUESTION_N, n - QUESTION_N, address, size) != NULL,
         "an address that the answer does not contain");
}

static void check_answer(const uint8_t *asked, const uint8_t *message, size_t n,
                         const struct dns_answer *answer) {
    size_t size = asked[TYPE_AT] == ns_t_a ? 4 : 16;
    must((answer->count > 0) == (answer->fault == DNS_FAULT_NONE), "neither addresses nor a fault");
    must((answer->fault == DNS_FAULT_NONE) == (dns_answer_why(answer->fault) == NULL), "no words");
    must(answer->count <= RESOLVER_ADDRESSES_MAX && answer->ttl_s <= INT32_MAX, "out of bounds");
    for (size_t i = 0; i < answer->count; i++)
        check_address(answer->addresses[i], size, message, n);
    if (answer->count == 0)
        return;
    must(memcmp(message, asked, 2) == 0, "another id was taken");
    must(memcmp(message + HEADER_N, asked + HEADER_N, QUESTION_N - HEADER_N) == 0,
         "another question, or other letters, were taken");
    must((message[2] & 0xfa) == 0x80, "a query, another operation or a part was taken");
    must((message[3] & 0x0f) == 0, "a failure was taken");
}

/* The same answer with one letter, the id, the type or the class changed gives nothing. */
static void check_strictness(const uint8_t *asked, const uint8_t *message, size_t n) {
    static const struct {
        size_t at;
        uint8_t bits;
    } changes[] = {{0, 1}, {1, 0x80}, {13, 0x20}, {QUESTION_N - 1, 2}, {TYPE_AT, 2}, {5, 3}};
    struct dns_answer answer;
    uint8_t *changed = malloc(n);
    must(changed != NULL, "no memory");
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        memcpy(changed, message, n);
        changed[changes[i].at] ^= changes[i].bits;
        dns_answer_read(asked, QUESTION_N, changed, n, &answer);
        must(answer.count == 0, "an answer to something else was taken");
    }
    free(changed);
}

/* On the heap and of its exact size, so that the sanitizer sees its end. */
static uint8_t *build_message(const uint8_t *asked, bool with_question, const uint8_t *bytes,
                              size_t n, size_t *message_n) {
    size_t question_n = with_question && n >= HEADER_N ? QUESTION_N - HEADER_N : 0;
    size_t head_n = n < HEADER_N ? n : HEADER_N;
    *message_n = n + question_n;
    uint8_t *message = malloc(*message_n ? *message_n : 1);
    must(message != NULL, "no memory");
    memcpy(message, bytes, head_n);
    memcpy(message + head_n, asked + HEADER_N, question_n);
    memcpy(message + head_n + question_n, bytes + head_n, n - head_n);
    return message;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    uint8_t asked[QUESTION_N];
    struct dns_answer answer;
    size_t message_n;
    if (n == 0)
        return 0;
    memcpy(asked, question, sizeof asked);
    asked[TYPE_AT] = data[0] & 1 ? ns_t_aaaa : ns_t_a;
    uint8_t *message = build_message(asked, (data[0] & 2) != 0, data + 1, n - 1, &message_n);
    dns_answer_read(asked, QUESTION_N, message, message_n, &answer);
    check_answer(asked, message, message_n, &answer);
    if (answer.count > 0)
        check_strictness(asked, message, message_n);
    free(message);
    return 0;
}
