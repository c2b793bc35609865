/* What a scan comes to, in phrases. */
#include "report/view/scan_phrases.h"

#include "scanner/judge/control.h"
#include "scanner/probe/certificate.h"
#include "scanner/visit/drill_plan.h"

#include <string.h>

enum scan_mood scan_phrases_mood(enum verdict verdict) {
    if (verdict == VERDICT_READY)
        return SCAN_MOOD_GOOD;
    switch (verdict_class(verdict)) {
    case VERDICT_CLASS_SOUND:
    case VERDICT_CLASS_NOTE:
        return SCAN_MOOD_FAIR;
    case VERDICT_CLASS_ENDED:
    case VERDICT_CLASS_FAILING:
    case VERDICT_CLASS_FAULT:
        break;
    }
    return SCAN_MOOD_BAD;
}

const struct probe_result *scan_phrases_mode_probe(const struct scan *scan,
                                                   const struct judgement *judgement,
                                                   enum mode mode) {
    return mode == MODE_OFF && !judgement->alpn_alert
               ? control_find(scan)
               : scan_probe(scan, judgement_mode_probe(mode));
}

void scan_phrases_write_hello(FILE *to, const struct probe_result *result) {
    if (!result || !result->hello_bytes)
        return;
    if (result->in_pieces)
        fprintf(to, "%u B in pieces", result->hello_bytes);
    else
        fprintf(to, "%u B in %u segment%s", result->hello_bytes, result->segments,
                result->segments == 1 ? "" : "s");
    if (result->hello2_bytes)
        fprintf(to, ", second hello %u B", result->hello2_bytes);
}

const char *scan_phrases_reservation(const struct judgement *judgement,
                                     const struct probe_result *result, enum mode mode) {
    bool large = mode == MODE_PREFERRED || mode == MODE_PREFERRED_DUAL;
    if (!probe_result_worked(result))
        return NULL;
    if (judgement->alpn_alert && result->no_alpn)
        return "without ALPN";
    if (judgement->modes[mode].works == TRUTH_UNKNOWN)
        return "answered, but no handshake with that group finishes";
    if (large && verdict_holds(judgement, VERDICT_WRONG_BACKEND))
        return "not the certificate that the small hello got";
    if (judgement->tls_version >= 0x0304 && result->tls_version && result->tls_version < 0x0304)
        return "in TLS 1.2 only";
    if (judgement->resumed_works == TRUTH_FALSE && judgement->modes[mode].resumes != TRUTH_TRUE)
        return "but not when a session is resumed";
    if (judgement->modes[mode].tolerated == TRUTH_FALSE)
        return "but not with a proxy's longest hello";
    if (verdict_holds(judgement, VERDICT_CLIENT_CERTIFICATE))
        return "then asks for a client certificate";
    return NULL;
}

/* The longest hello with the hybrid's share among those sent first, or after a retry; NULL if none. */
static const struct probe_result *find_longest(const struct scan *scan, bool second) {
    const struct probe_result *longest = NULL;
    for (size_t i = 0; i < scan->probes_n; i++) {
        const struct probe_result *result = &scan->probes[i];
        bool first = result->probe == PROBE_PREFERRED || result->probe == PROBE_PREFERRED_DUAL;
        bool asked = result->retry && result->retry_group == scan->hybrid && result->hello2_bytes;
        if (second ? !asked : !first || !result->hello_bytes)
            continue;
        if (!longest || (second ? result->hello2_bytes > longest->hello2_bytes
                                : result->hello_bytes > longest->hello_bytes))
            longest = result;
    }
    return longest;
}

static const char *acceptance_words(const struct probe_result *result, bool accepted) {
    if (accepted)
        return "accepted";
    if (probe_result_worked(result))
        return "answered with a retry";
    return result->outcome == OUTCOME_ALERT ? "refused" : "failed";
}

static void write_longest(FILE *to, const struct scan *scan, uint16_t largest, bool second) {
    const struct probe_result *longest = find_longest(scan, second);
    if (!longest)
        return;
    uint32_t bytes = second ? longest->hello2_bytes : longest->hello_bytes;
    bool in_pieces = second ? longest->probe == PROBE_CHOOSE || longest->probe == PROBE_WIDE_RETRY
                            : longest->in_pieces;
    fprintf(to, "%s hello of %u B%s: %s", second ? "; second" : "first", bytes,
            in_pieces ? " in pieces" : "", acceptance_words(longest, largest >= bytes));
    if (largest && largest < bytes)
        fprintf(to, " (up to %u B: accepted)", largest);
}

void scan_phrases_write_tried(FILE *to, const struct scan *scan,
                              const struct judgement *judgement) {
    const struct probe_result *resumed = scan_probe(scan, PROBE_RESUMED);
    if (!find_longest(scan, false))
        fputs("no hello with the hybrid's share", to);
    write_longest(to, scan, judgement->largest_first, false);
    write_longest(to, scan, judgement->largest_second, true);
    if (resumed)
        fprintf(to, "; resumption: %s",
                judgement->resumed_works == TRUTH_FALSE     ? "fails"
                : judgement->resumed_works == TRUTH_UNKNOWN ? "not known"
                : resumed->resumed                          ? "works"
                                                            : "not taken up");
    if (judgement->alpn_refused)
        fprintf(to, "; without ALPN after `classical`, %s",
                judgement->alpn_alert
                    ? "which was refused for it"
                    : "to which the origin chose a protocol that was not offered");
    if (scan->address[0])
        fprintf(to, "; %s %s", strchr(scan->address, ':') ? "IPv6" : "IPv4", scan->address);
    if (scan->addresses_n > 1)
        fprintf(to, ", one of %u addresses", scan->addresses_n);
}

bool scan_phrases_write_limit(FILE *to, const struct scan *scan,
                              const struct judgement *judgement) {
    uint16_t passed, failed;
    if (!verdict_holds(judgement, VERDICT_SIZE_LIMIT) ||
        !drill_plan_bracket(scan->probes, scan->probes_n, &passed, &failed))
        return false;
    fprintf(to, "a hello of %u B passes, one of %u B fails", passed, failed);
    return true;
}

static void write_objections(FILE *to, const struct scan *scan,
                             const struct certificate *certificate) {
    const char *between = "";
    if (certificate->not_after_ms < scan->started_ms) {
        fputs("it has expired", to);
        between = ", ";
    } else if (certificate->not_before_ms > scan->started_ms) {
        fputs("it is not valid yet", to);
        between = ", ";
    }
    if (!certificate->named) {
        fprintf(to, "%sit is not for ", between);
        fputs(scan->origin.sni[0] ? scan->origin.sni : scan->origin.host, to);
        between = ", ";
    }
    if (certificate->self_issued)
        fprintf(to, "%sit is issued by itself", between);
}

bool scan_phrases_write_objections(FILE *to, const struct scan *scan,
                                   const struct certificate *certificate) {
    if (certificate->named && !certificate->self_issued &&
        certificate->not_after_ms >= scan->started_ms &&
        certificate->not_before_ms <= scan->started_ms)
        return false;
    fputs("A proxy that verifies would refuse it: ", to);
    write_objections(to, scan, certificate);
    fputc('.', to);
    return true;
}
