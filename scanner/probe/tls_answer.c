/* What the server's first answer means for an answer probe. */
#include "scanner/probe/tls_answer.h"

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

static enum outcome read_server_hello(const struct first_flight_answer *answer,
                                      const struct probe_shape *shape,
                                      struct probe_result *result) {
    if (!group_is_among(shape->shares, shape->shares_n, answer->group))
        return note_malformed(result, "ServerHello for a key share not sent");
    return read_group(answer, shape, result);
}

enum outcome tls_answer_read(const struct first_flight_answer *answer,
                             const struct probe_shape *shape, struct probe_result *result) {
    result->tls_version = answer->version;
    result->certificate_requested = answer->certificate_requested;
    switch (answer->kind) {
    case FIRST_FLIGHT_RETRY:
        return read_retry(answer, shape, result);
    case FIRST_FLIGHT_SERVER_HELLO:
        return read_server_hello(answer, shape, result);
    case FIRST_FLIGHT_KEY_EXCHANGE:
        return read_group(answer, shape, result);
    case FIRST_FLIGHT_NO_KEY_EXCHANGE:
        result->cipher = answer->cipher;
        result->no_key_exchange = true;
        snprintf(result->detail, sizeof result->detail, "no key exchange on a named curve");
        return OUTCOME_OK;
    case FIRST_FLIGHT_ALERT:
        result->alert = answer->alert;
        return OUTCOME_ALERT;
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
