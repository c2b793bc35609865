/* What the server's first answer means for an answer probe. */
#include "scanner/probe/tls_answer.h"

#include "scanner/hello/hello_shape.h"
#include "scanner/probe/probe_hello.h"
#include "scanner/words/alert.h"

#include <assert.h>
#include <stdio.h>

static enum outcome note_malformed(struct probe_result *result, const char *why) {
    snprintf(result->detail, sizeof result->detail, "%s", why);
    return OUTCOME_MALFORMED;
}

static enum outcome read_retry(const struct first_flight_answer *answer,
                               const struct probe_shape *shape, struct probe_result *result) {
    const struct server_hello hello = {
        .kind = SERVER_HELLO_RETRY,
        .group = answer->group,
        .cipher = answer->cipher,
        .cookie_bytes = answer->cookie_bytes,
        .session_id_echoed = answer->session_id_echoed,
    };
    hrr_add(&result->hrr, &hello, shape->groups, shape->groups_n);
    enum hrr_fault fault = hrr_fault(&result->hrr, shape->shares, shape->shares_n);
    if (fault != HRR_SOUND)
        return note_malformed(result, hrr_fault_text(fault));
    result->retry = true;
    result->retry_group = answer->group;
    return OUTCOME_OK;
}

static enum outcome read_group(const struct first_flight_answer *answer,
                               const struct probe_shape *shape, struct probe_result *result) {
    result->cipher = answer->cipher;
    result->group = answer->group; /* kept where it is wrong: it says what the origin forces */
    if (!group_is_among(shape->groups, shape->groups_n, answer->group))
        return note_malformed(result, "key exchange on a group not offered");
    return OUTCOME_OK;
}

/* TLS 1.2 has no hybrid: its ServerKeyExchange carries a point (RFC 8422 5.4). */
static enum outcome read_key_exchange(const struct first_flight_answer *answer,
                                      const struct probe_shape *shape,
                                      struct probe_result *result) {
    const struct group *group = group_find(answer->group);
    enum outcome outcome = read_group(answer, shape, result);
    if (group && group->post_quantum)
        return note_malformed(result, "key exchange of TLS 1.2 on a group of TLS 1.3");
    return outcome;
}

/* What RFC 8446 4.1.3 and 4.2.8 ask of a ServerHello besides its group; NULL if it has all. */
static const char *fault_of_server_hello(const struct first_flight_answer *answer,
                                         const struct probe_shape *shape) {
    const struct hello_shape *library = probe_hello_library(shape->library);
    const struct group *group = group_find(answer->group);
    if (!answer->session_id_echoed)
        return "ServerHello without our session id";
    if (!group_is_among(library->ciphers, library->ciphers_n, answer->cipher))
        return "ServerHello with a cipher not offered";
    if (group && group->server_share != answer->share_bytes)
        return "ServerHello with a key share of a wrong length";
    return NULL;
}

static enum outcome read_server_hello(const struct first_flight_answer *answer,
                                      const struct probe_shape *shape,
                                      struct probe_result *result) {
    bool shared = result->hello2_bytes > 0
                      ? answer->group == result->retry_group
                      : group_is_among(shape->shares, shape->shares_n, answer->group);
    if (!shared)
        return note_malformed(result, "ServerHello for a key share not sent");
    const char *fault = fault_of_server_hello(answer, shape);
    if (fault)
        return note_malformed(result, fault);
    if (result->hello2_bytes > 0 && answer->cipher != result->hrr.cipher)
        return note_malformed(result, "ServerHello with another cipher than the retry");
    return read_group(answer, shape, result);
}

static enum outcome read_second_retry(struct probe_result *result) {
    result->hrr.count++;
    return note_malformed(result, "second HelloRetryRequest");
}

enum outcome tls_answer_read(const struct first_flight_answer *answer,
                             const struct probe_shape *shape, struct probe_result *result) {
    if (answer->version != 0 && !result->retry) /* an alert names none; a retry before it did */
        result->tls_version = answer->version;
    result->certificate_requested = answer->certificate_requested;
    switch (answer->kind) {
    case FIRST_FLIGHT_RETRY:
        if (result->hello2_bytes > 0)
            return read_second_retry(result);
        return read_retry(answer, shape, result);
    case FIRST_FLIGHT_SERVER_HELLO:
        return read_server_hello(answer, shape, result);
    case FIRST_FLIGHT_KEY_EXCHANGE:
        return read_key_exchange(answer, shape, result);
    case FIRST_FLIGHT_NO_KEY_EXCHANGE:
        result->cipher = answer->cipher;
        result->no_key_exchange = true;
        snprintf(result->detail, sizeof result->detail, "no key exchange on a named curve");
        return OUTCOME_OK;
    case FIRST_FLIGHT_ALERT:
        result->alert = answer->alert;
        return answer->alert == ALERT_CLOSE_NOTIFY ? OUTCOME_CLOSED : OUTCOME_ALERT;
    case FIRST_FLIGHT_NOT_TLS:
        return OUTCOME_NOT_TLS;
    case FIRST_FLIGHT_MALFORMED:
        return note_malformed(result, answer->why);
    case FIRST_FLIGHT_MORE:
        break;
    }
    assert(answer->kind != FIRST_FLIGHT_MORE); /* the caller waits for the decision */
    return OUTCOME_CANCELLED;
}
