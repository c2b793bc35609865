/* What one probe sent and what came back, in plain words. */
#include "report/view/probe_words.h"

#include "scanner/base/quote.h"
#include "scanner/words/alert.h"

#include <string.h>

/* Bytes of a leaf's hash that tell two certificates apart for a reader. */
#define LEAF_SHOWN 4

static const char *group_or_none(uint16_t group, char out[GROUP_NAME_SIZE]) {
    return group == GROUP_NONE ? "no group" : group_name(group, out);
}

static double us_to_ms(uint32_t us) {
    return us / 1000.0;
}

static void print_alert(FILE *to, int code) {
    const char *name = alert_name(code);
    fprintf(to, "alert %d%s%s", code, name ? " " : "", name ? name : "");
}

/* A reason is ours or the library's; whoever stored it, it cannot move the terminal's cursor. */
static void print_detail(FILE *to, const char *detail) {
    fputs(" (", to);
    quote_print(to, detail, "");
    fputc(')', to);
}

static void print_quoted(FILE *to, const char *text, size_t n) {
    char quoted[QUOTE_SIZE];
    fputs(quote_bytes(text, n, quoted), to);
}

/* ---- what was sent ---- */

static void print_size(FILE *to, uint32_t bytes, uint16_t segments) {
    fprintf(to, "%u B", bytes);
    if (segments)
        fprintf(to, " in %u segment%s", segments, segments == 1 ? "" : "s");
}

static void print_sent(FILE *to, const struct probe_result *result) {
    if (result->in_pieces) /* on purpose; who closes at once never gets the second */
        fprintf(to, "%u B in pieces", result->hello_bytes);
    else
        print_size(to, result->hello_bytes, result->segments);
    if (result->hello2_bytes) {
        fputs(", second hello ", to);
        print_size(to, result->hello2_bytes, result->segments2);
    }
}

/* ---- what came back ---- */

/* What the origin reacted to. */
static const char *place_words(enum stage stage) {
    switch (stage) {
    case STAGE_RESOLVE:
        return "while resolving its name";
    case STAGE_CONNECT:
        return "while connecting";
    case STAGE_HELLO:
        return "on the first hello";
    case STAGE_RETRY:
        return "on the second hello";
    case STAGE_SERVER_FLIGHT:
        return "after its ServerHello";
    case STAGE_DONE:
    case STAGE_COUNT:
        break;
    }
    return "";
}

static const char *ending_words(enum outcome outcome) {
    switch (outcome) {
    case OUTCOME_OK:
        return "ok";
    case OUTCOME_ALERT:
        return "alert";
    case OUTCOME_RESET:
        return "reset (RST)";
    case OUTCOME_CLOSED:
        return "closed (FIN, no alert)";
    case OUTCOME_TIMEOUT:
        return "silence";
    case OUTCOME_MALFORMED:
        return "bytes that violate TLS";
    case OUTCOME_NOT_TLS:
        return "bytes that are not TLS";
    case OUTCOME_REFUSED:
        return "connection refused";
    case OUTCOME_UNREACHABLE:
        return "unreachable";
    case OUTCOME_DNS_FAILURE:
        return "the name has no address";
    case OUTCOME_BLOCKED:
        return "connection not attempted";
    case OUTCOME_CANCELLED:
    case OUTCOME_COUNT:
        break;
    }
    return "cancelled by the scanner";
}

static void print_attempts(FILE *to, const struct probe_result *result) {
    if (result->attempts < 2)
        return;
    if (result->first_outcome == result->outcome && result->first_stage == result->stage)
        fputs(", twice", to);
    else if (result->first_stage == result->stage || !*place_words(result->first_stage))
        fprintf(to, ", but %s at first", ending_words(result->first_outcome));
    else
        fprintf(to, ", but %s %s at first", ending_words(result->first_outcome),
                place_words(result->first_stage));
}

/* What says nothing beside the ending's own name: the library's word for an alert, the system's for
 * a reset. */
static bool detail_tells_more(const struct probe_result *result) {
    return result->detail[0] && result->outcome != OUTCOME_ALERT &&
           result->outcome != OUTCOME_RESET && result->outcome != OUTCOME_OK;
}

static void print_ending(FILE *to, const struct probe_result *result, bool with_time) {
    if (result->outcome == OUTCOME_ALERT)
        print_alert(to, result->alert);
    else
        fputs(ending_words(result->outcome), to);
    if (result->outcome != OUTCOME_BLOCKED && result->outcome != OUTCOME_DNS_FAILURE &&
        *place_words(result->stage))
        fprintf(to, " %s", place_words(result->stage));
    if (with_time && result->duration_us)
        fprintf(to, " %s %.1f ms", result->outcome == OUTCOME_TIMEOUT ? "for" : "after",
                us_to_ms(result->duration_us));
    print_attempts(to, result);
    if (detail_tells_more(result))
        print_detail(to, result->detail);
}

void probe_words_print_failure(FILE *to, const struct probe_result *result) {
    print_ending(to, result, false);
}

static void print_retry(FILE *to, const struct probe_result *result) {
    char name[GROUP_NAME_SIZE];
    if (!result->retry)
        return;
    fprintf(to, "retry to %s", group_or_none(result->retry_group, name));
    if (result->hrr.cookie_bytes)
        fprintf(to, " with a cookie of %u B", result->hrr.cookie_bytes);
}

static void print_version(FILE *to, const struct probe_result *result) {
    const char *version = tls_version_name(result->tls_version);
    if (version)
        fprintf(to, ", %s", version);
}

static bool finishes_handshake(enum probe_id id) {
    return probe_plan_shape(id, GROUP_NONE, false, GROUP_NONE).end == PROBE_END_FINISH;
}

static void print_success(FILE *to, const struct probe_result *result) {
    char name[GROUP_NAME_SIZE];
    bool finished = finishes_handshake(result->probe);
    print_retry(to, result);
    if (result->retry && (finished || result->group != GROUP_NONE))
        fputs(", then ", to);
    if (result->resumed && result->group == GROUP_NONE)
        fputs("session resumed", to); /* TLS 1.2 agrees on no new key then */
    else if (finished)
        fprintf(to, "%s on %s", result->resumed ? "session resumed" : "handshake finished",
                group_or_none(result->group, name));
    else if (result->no_key_exchange)
        fputs("answered without a key exchange on a named curve", to);
    else if (result->group != GROUP_NONE)
        fprintf(to, "answered with %s", group_name(result->group, name));
    print_version(to, result);
    if (result->has_leaf) {
        fputs(", leaf ", to);
        for (size_t i = 0; i < LEAF_SHOWN; i++)
            fprintf(to, "%02x", result->leaf_sha256[i]);
    }
    if (result->certificate_requested)
        fputs(", asks for a client certificate", to);
    fprintf(to, ", %.1f ms", us_to_ms(result->duration_us));
}

/* Did it arrive? Only the peer's kernel can say, and silence has no other witness. */
static void print_acknowledged(FILE *to, const struct probe_tcp *tcp) {
    if (tcp->unacked == 0) {
        fputs(", every segment was acknowledged", to);
        return;
    }
    fprintf(to, ", %u segment%s of up to %u B never acknowledged although retransmitted %u time%s",
            tcp->unacked, tcp->unacked == 1 ? "" : "s", tcp->mss, tcp->retransmissions,
            tcp->retransmissions == 1 ? "" : "s");
}

static void print_end(FILE *to, const struct probe_result *result) {
    if (result->outcome == OUTCOME_ALERT)
        fputs("the origin sent ", to);
    print_ending(to, result, true);
    if (result->outcome == OUTCOME_MALFORMED && result->own_alert >= 0) {
        fputs("; the scanner rejected it with ", to);
        print_alert(to, result->own_alert);
    }
    if (result->outcome == OUTCOME_NOT_TLS) {
        fputs(", which began with ", to);
        print_quoted(to, (const char *)result->first_bytes, result->first_bytes_n);
    }
    if (result->outcome == OUTCOME_TIMEOUT && result->stage >= STAGE_HELLO)
        print_acknowledged(to, &result->tcp);
}

void probe_words_print(FILE *to, const struct probe_result *result) {
    if (result->hello_bytes) {
        print_sent(to, result);
        fputs("; ", to);
    }
    if (result->outcome == OUTCOME_OK) {
        print_success(to, result);
        print_attempts(to, result);
        return;
    }
    if (result->retry) {
        print_retry(to, result);
        fputs(", then ", to);
    }
    print_end(to, result);
}

void probe_words_cite(FILE *to, const struct probe_result *result) {
    char name[PROBE_NAME_SIZE];
    fprintf(to, "`%s` %s (", probe_full_name(result->probe, result->parameter, name),
            result->outcome == OUTCOME_OK ? "passed" : "failed");
    print_sent(to, result);
    if (result->outcome == OUTCOME_OK) {
        if (result->retry)
            fputs(", ", to);
        print_retry(to, result);
        print_attempts(to, result);
    } else {
        fputs(": ", to);
        probe_words_print_failure(to, result);
    }
    fputc(')', to);
}
