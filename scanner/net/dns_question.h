/* A question to a name server, as bytes that cannot be guessed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dns_type { DNS_TYPE_A = 1, DNS_TYPE_AAAA = 28 };

/* Where things stand in a message, and the bits there (RFC 1035 4.1). */
enum {
    DNS_AT_FLAGS = 2,
    DNS_AT_CODE = 3,
    DNS_AT_QUESTIONS = 4,
    DNS_HEADER_SIZE = 12,
    DNS_ID_SIZE = 2,
    DNS_TYPE_AND_CLASS_SIZE = 4,
    DNS_IS_RESPONSE = 0x80, /* of the flags */
    DNS_IS_CUT = 0x02,
    DNS_OPERATION = 0x78,
    DNS_CODE_MASK = 0x0f,
    DNS_QUESTION_MAX = DNS_HEADER_SIZE + 255 + DNS_TYPE_AND_CLASS_SIZE,
};

struct dns_question {
    size_t n;
    uint8_t bytes[DNS_QUESTION_MAX]; /* a header and one question, recursion desired, no EDNS */
};

/* Writes a question with a random id and every letter in a random case. False where the name cannot
 * be asked for: empty, too long, a label of more than 63 bytes, or below .onion (RFC 7686). */
bool dns_question_write(const char *name, enum dns_type type, struct dns_question *out);
