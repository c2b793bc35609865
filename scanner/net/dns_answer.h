/* What may be taken for the answer to a question, and the addresses in it. Pure.
 *
 * A question is the message that was sent; its letters are mixed, and an answer has to repeat them
 * as they are. Records are read by glibc's ns_parserr: c-ares 1.18 follows a CNAME whoever owns it.
 * Messages come from strangers; this is fuzzed. */
#pragma once

#include "scanner/net/resolved.h"

#include <netinet/in.h>
#include <stddef.h>

/* Why there is no address. Ordered by what says most: a name that does not exist has neither family;
 * a failure that passes leaves it open whether there are addresses; no data is the least. */
enum dns_fault {
    DNS_FAULT_NONE,
    DNS_UNASKABLE,
    DNS_NO_NAME,
    DNS_SERVER_FAILED,
    DNS_REFUSED,
    DNS_NOT_UNDERSTOOD,
    DNS_NOT_SUPPORTED,
    DNS_CUT,         /* truncated, and not to be had over TCP */
    DNS_UNSENT,      /* we had no socket or no route: our trouble */
    DNS_SILENT,      /* nobody answered */
    DNS_OTHER_CASE,  /* the servers repeat the name in letters of their own */
    DNS_OTHER_OWNER, /* there are addresses, but none of this name */
    DNS_MALFORMED,
    DNS_NO_ADDRESS,
};

/* As a person would want to read it; static. NULL for DNS_FAULT_NONE. */
const char *dns_answer_why(enum dns_fault fault);

struct dns_answer {
    enum dns_fault fault; /* DNS_FAULT_NONE if count > 0 */
    uint32_t ttl_s;       /* the smallest of the address records; 0 where the top bit is set */
    uint8_t count;
    uint8_t addresses[RESOLVER_ADDRESSES_MAX][sizeof(struct in6_addr)];
};

enum dns_match {
    DNS_MATCH_STRANGER,   /* no answer to this: too short, another id, or a question itself */
    DNS_MATCH_LETTERS,    /* the right question in other letters: worth waiting for a better one */
    DNS_MATCH_MALFORMED,  /* the right id with another question, or with none */
    DNS_MATCH_BARE_FAULT, /* a header alone that says what is wrong with the server */
    DNS_MATCH_CUT,        /* our question, but not all of the answer */
    DNS_MATCH_WHOLE,
};

/* Of messages from the server that was asked. `question` is what was sent to it: a header and one
 * question without compression. */
enum dns_match dns_answer_match(const uint8_t *question, size_t question_n, const uint8_t *answer,
                                size_t answer_n);

/* What the response code in a header means; DNS_FAULT_NONE for 0. At least 12 bytes are needed. */
enum dns_fault dns_answer_code(const uint8_t *answer);

/* Fills `out` from a message of the server that was asked. Only records of the asked type (A or
 * AAAA, as in the question), of class IN, owned by the asked name or by the end of its chain of
 * CNAMEs are taken, in whatever order they stand. */
void dns_answer_read(const uint8_t *question, size_t question_n, const uint8_t *answer,
                     size_t answer_n, struct dns_answer *out);
