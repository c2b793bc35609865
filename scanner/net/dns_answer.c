/* What may be taken for the answer to a question, and the addresses in it. */
#include "scanner/net/dns_answer.h"

#include "scanner/net/dns_question.h"

#include <arpa/nameser.h>
#include <assert.h>
#include <event2/util.h>
#include <stdio.h>
#include <string.h>

enum { CHAIN_MAX = 12 }; /* CNAMEs; as many as unbound follows */

static const char *const whys[] = {
    [DNS_UNASKABLE] = "not a name that DNS can look up",
    [DNS_NO_NAME] = "the name does not exist (NXDOMAIN)",
    [DNS_SERVER_FAILED] = "the name servers failed (SERVFAIL)",
    [DNS_REFUSED] = "the name server refused to answer (REFUSED)",
    [DNS_NOT_UNDERSTOOD] = "the name server did not understand the query (FORMERR)",
    [DNS_NOT_SUPPORTED] = "the name server does not support this query (NOTIMP)",
    [DNS_CUT] = "the answer was truncated",
    [DNS_UNSENT] = "the name servers could not be asked",
    [DNS_SILENT] = "no answer from the name servers in time",
    [DNS_OTHER_CASE] = "the name server does not preserve the letter case of questions",
    [DNS_OTHER_OWNER] = "the answer was about another name",
    [DNS_MALFORMED] = "the answer was malformed",
    [DNS_NO_ADDRESS] = "the name has no address",
};

const char *dns_answer_why(enum dns_fault fault) {
    return whys[fault];
}

enum dns_fault dns_answer_code(const uint8_t *answer) {
    switch (answer[DNS_AT_CODE] & DNS_CODE_MASK) {
    case ns_r_noerror:
        return DNS_FAULT_NONE;
    case ns_r_formerr:
        return DNS_NOT_UNDERSTOOD;
    case ns_r_servfail:
        return DNS_SERVER_FAILED;
    case ns_r_nxdomain:
        return DNS_NO_NAME;
    case ns_r_notimpl:
        return DNS_NOT_SUPPORTED;
    case ns_r_refused:
        return DNS_REFUSED;
    default: /* a number from outside: 11 of its 16 values mean nothing here */
        return DNS_MALFORMED;
    }
}

/* Says only that the server cannot help, so that nothing is lost by believing it. */
static bool is_bare_fault(const uint8_t *answer, size_t n) {
    enum dns_fault fault = dns_answer_code(answer);
    return n == DNS_HEADER_SIZE && answer[DNS_AT_QUESTIONS] == 0 &&
           answer[DNS_AT_QUESTIONS + 1] == 0 && fault != DNS_FAULT_NONE && fault != DNS_NO_NAME &&
           fault != DNS_MALFORMED;
}

enum dns_match dns_answer_match(const uint8_t *question, size_t question_n, const uint8_t *answer,
                                size_t answer_n) {
    assert(question_n > DNS_HEADER_SIZE);
    if (answer_n < DNS_HEADER_SIZE || memcmp(answer, question, DNS_ID_SIZE) != 0 ||
        !(answer[DNS_AT_FLAGS] & DNS_IS_RESPONSE))
        return DNS_MATCH_STRANGER;
    if (is_bare_fault(answer, answer_n))
        return DNS_MATCH_BARE_FAULT;
    if ((answer[DNS_AT_FLAGS] & DNS_OPERATION) != 0 || answer_n < question_n ||
        memcmp(answer + DNS_AT_QUESTIONS, question + DNS_AT_QUESTIONS, sizeof(uint16_t)) != 0)
        return DNS_MATCH_MALFORMED;
    const uint8_t *asked = question + DNS_HEADER_SIZE, *repeated = answer + DNS_HEADER_SIZE;
    size_t name_n = question_n - DNS_HEADER_SIZE - DNS_TYPE_AND_CLASS_SIZE;
    if (memcmp(asked + name_n, repeated + name_n, DNS_TYPE_AND_CLASS_SIZE) != 0)
        return DNS_MATCH_MALFORMED;
    if (memcmp(asked, repeated, name_n) != 0)
        /* Up to the first zero, which is where the asked name ends. */
        return evutil_ascii_strncasecmp((const char *)asked, (const char *)repeated, name_n) == 0
                   ? DNS_MATCH_LETTERS
                   : DNS_MATCH_MALFORMED;
    return answer[DNS_AT_FLAGS] & DNS_IS_CUT ? DNS_MATCH_CUT : DNS_MATCH_WHOLE;
}

static bool is_owned_by(const ns_rr *record, const char *name) {
    return ns_rr_class(*record) == ns_c_in &&
           evutil_ascii_strcasecmp(ns_rr_name(*record), name) == 0;
}

/* Puts the target of the name's CNAME in its place; false if it has none. */
static bool follow_alias(ns_msg *message, char name[NS_MAXDNAME]) {
    ns_rr record;
    for (int i = 0; i < ns_msg_count(*message, ns_s_an); i++)
        if (ns_parserr(message, ns_s_an, i, &record) == 0 && ns_rr_type(record) == ns_t_cname &&
            is_owned_by(&record, name))
            return ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message),
                                      ns_rr_rdata(record), name, NS_MAXDNAME) >= 0;
    return false;
}

static void take_record(const ns_rr *record, struct dns_answer *out) {
    uint32_t ttl_s = ns_rr_ttl(*record) <= INT32_MAX ? ns_rr_ttl(*record) : 0; /* RFC 2181 8 */
    if (out->count == RESOLVER_ADDRESSES_MAX)
        return;
    if (out->count == 0 || ttl_s < out->ttl_s)
        out->ttl_s = ttl_s;
    memcpy(out->addresses[out->count++], ns_rr_rdata(*record), ns_rr_rdlen(*record));
}

static void take_records(ns_msg *message, ns_type type, const char *name, struct dns_answer *out) {
    size_t size = type == ns_t_a ? sizeof(struct in_addr) : sizeof(struct in6_addr);
    bool foreign = false;
    ns_rr record;
    for (int i = 0; i < ns_msg_count(*message, ns_s_an); i++) {
        bool sound = ns_parserr(message, ns_s_an, i, &record) == 0;
        if (sound && (ns_rr_class(record) != ns_c_in || ns_rr_type(record) != type))
            continue;
        if (!sound || ns_rr_rdlen(record) != size) {
            *out = (struct dns_answer){.fault = DNS_MALFORMED};
            return;
        }
        if (is_owned_by(&record, name))
            take_record(&record, out);
        else
            foreign = true;
    }
    if (out->count == 0)
        out->fault = foreign ? DNS_OTHER_OWNER : DNS_NO_ADDRESS;
}

static enum dns_fault fault_of(enum dns_match match, const uint8_t *answer) {
    switch (match) {
    case DNS_MATCH_LETTERS:
        return DNS_OTHER_CASE;
    case DNS_MATCH_CUT:
        return DNS_CUT;
    case DNS_MATCH_BARE_FAULT:
    case DNS_MATCH_WHOLE:
        return dns_answer_code(answer);
    case DNS_MATCH_STRANGER:
    case DNS_MATCH_MALFORMED:
        break;
    }
    return DNS_MALFORMED;
}

void dns_answer_read(const uint8_t *question, size_t question_n, const uint8_t *answer,
                     size_t answer_n, struct dns_answer *out) {
    ns_msg message;
    ns_rr asked;
    char name[NS_MAXDNAME];
    *out = (struct dns_answer){
        .fault = fault_of(dns_answer_match(question, question_n, answer, answer_n), answer)};
    if (out->fault != DNS_FAULT_NONE)
        return;
    if (answer_n > NS_MAXMSG || ns_initparse(answer, (int)answer_n, &message) != 0 ||
        ns_parserr(&message, ns_s_qd, 0, &asked) != 0) {
        out->fault = DNS_MALFORMED;
        return;
    }
    snprintf(name, sizeof name, "%s", ns_rr_name(asked)); /* "." is a literal of two bytes */
    for (int hops = 0; hops < CHAIN_MAX && follow_alias(&message, name); hops++)
        continue;
    take_records(&message, (ns_type)ns_rr_type(asked), name, out);
}
