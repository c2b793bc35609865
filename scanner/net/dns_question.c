/* A question to a name server, as bytes that cannot be guessed. */
#include "scanner/net/dns_question.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <openssl/rand.h>
#include <string.h>

enum { RECURSION_WANTED = 1, WITHOUT_EDNS = 0, CASE_BIT = 'a' ^ 'A' };

/* Lengths of labels are no letters: they are below 64. */
static void mix_letters(uint8_t *name, size_t n) {
    uint8_t bits[DNS_QUESTION_MAX];
    RAND_bytes(bits, n);
    for (size_t i = 0; i < n; i++)
        if ((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z'))
            name[i] ^= bits[i] & CASE_BIT;
}

bool dns_question_write(const char *name, enum dns_type type, struct dns_question *out) {
    unsigned char *bytes = NULL;
    int n = 0;
    if (*name == '\0' || ares_create_query(name, ns_c_in, (int)type, 0, RECURSION_WANTED, &bytes,
                                           &n, WITHOUT_EDNS) != ARES_SUCCESS)
        return false;
    bool fits = n > DNS_HEADER_SIZE + DNS_TYPE_AND_CLASS_SIZE && n <= DNS_QUESTION_MAX;
    if (fits) {
        out->n = (size_t)n;
        memcpy(out->bytes, bytes, out->n);
        mix_letters(out->bytes + DNS_HEADER_SIZE,
                    out->n - DNS_HEADER_SIZE - DNS_TYPE_AND_CLASS_SIZE);
        RAND_bytes(out->bytes, DNS_ID_SIZE);
    }
    ares_free_string(bytes);
    return fits;
}
