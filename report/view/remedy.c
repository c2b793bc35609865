/* What to do about an origin, in words that fit what was seen. */
#include "report/view/remedy.h"

#include "report/view/verdict_text.h"
#include "scanner/base/array.h"
#include "scanner/judge/scan_facts.h"
#include "scanner/words/alert.h"

#include <string.h>

/* ---- other post-quantum groups ---- */

/* Those that the origin has; or of them, those that may be set as the hybrid. Returns how many. */
static size_t write_other_groups(FILE *to, const struct judgement *judgement, bool to_be_set) {
    char name[GROUP_NAME_SIZE];
    size_t n = 0;
    for (size_t i = 0; i < judgement->others_n; i++) {
        const struct group *group = group_find(judgement->other_ids[i]);
        if (judgement->others[i] != TRUTH_TRUE || (to_be_set && !(group && group->finishable)))
            continue;
        if (to)
            fprintf(to, "%s%s", n ? (to_be_set ? " or " : " and ") : "",
                    group_name(judgement->other_ids[i], name));
        n++;
    }
    return n;
}

static void write_other_hybrid(FILE *to, const struct scan *scan,
                               const struct judgement *judgement) {
    char hybrid[GROUP_NAME_SIZE];
    fputs("The origin has ", to);
    write_other_groups(to, judgement, false);
    if (write_other_groups(NULL, judgement, true) > 0) {
        fputs(". To use ", to);
        write_other_groups(to, judgement, true);
        fputs(", name it as the hybrid (`hybrid` in the configuration, --hybrid here)", to);
    } else {
        fputs(", which cannot be asked for as the hybrid (`hybrid` in the configuration, --hybrid "
              "here), because the scanner's TLS library does not have it",
              to);
    }
    fprintf(to, ". To use %s, add it to the origin's group list.",
            group_name(scan->hybrid, hybrid));
}

static void write_classical(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    (void)judgement;
    char hybrid[GROUP_NAME_SIZE];
    if (scan->hybrid == GROUP_X25519MLKEM768)
        fputs(verdict_text(VERDICT_CLASSICAL)->remedy, to);
    else
        fprintf(
            to,
            "Add %s to the origin's group list; upgrade its TLS library if that does not have it.",
            group_name(scan->hybrid, hybrid));
}

void remedy_write_only_if_first(FILE *to, const struct scan *scan) {
    char buffer[GROUP_NAME_SIZE];
    const char *name = group_name(scan->hybrid, buffer);
    fprintf(
        to,
        "Use `preferred`: with `supported` connections stay classical. The usual cause is a flat "
        "group list: with OpenSSL 3.5 or later write %s/X25519:P-256 instead of "
        "%s:X25519:P-256, or remove the list.",
        name, name);
}

/* ---- refused handshakes ---- */

bool remedy_is_about_alpn(enum verdict verdict, const struct scan *scan) {
    const struct probe_result *classical = scan_probe(scan, PROBE_CLASSICAL);
    return verdict == VERDICT_HANDSHAKE_REFUSED && classical &&
           classical->alert == ALERT_NO_APPLICATION_PROTOCOL;
}

static void write_handshake_refused(FILE *to, const struct scan *scan,
                                    const struct judgement *judgement) {
    if (remedy_is_about_alpn(VERDICT_HANDSHAKE_REFUSED, scan)) {
        fputs(
            "Set `alpn` (--alpn here) to the protocol that your proxy uses with this origin, or to "
            "none.",
            to);
        if (judgement->alpn_refused)
            fputs(" Without ALPN it does finish handshakes.", to);
        return;
    }
    const struct probe_result *classical = scan_probe(scan, PROBE_CLASSICAL);
    if (verdict_holds(judgement, VERDICT_CLIENT_CERTIFICATE))
        fputs("It asks for a client certificate, and the scanner has none: no handshake without "
              "one can show which setting works.",
              to);
    else if (classical && classical->alert == ALERT_UNRECOGNIZED_NAME)
        fputs("Check the SNI name (`sni` in the import, --sni here): the origin knows none such.",
              to);
    else
        fputs(verdict_text(VERDICT_HANDSHAKE_REFUSED)->remedy, to);
}

/* ---- resumption ---- */

static void write_resumption_fails(FILE *to, const struct scan *scan,
                                   const struct judgement *judgement) {
    (void)scan;
    fputs(verdict_text(VERDICT_RESUMPTION_FAILS)->remedy, to);
    if (judgement->modes[MODE_OFF].tolerated == TRUTH_FALSE)
        fputs(" Until then no setting is safe: it fails with every one of them.", to);
}

/* ---- handshakes that finish after a retry only ---- */

/* What it answers without a retry, it does not finish. */
static void write_ready_after_retry(FILE *to, const struct scan *scan,
                                    const struct judgement *judgement) {
    bool breaks = judgement->modes[MODE_OFF].works == TRUTH_FALSE &&
                  probe_result_failed_at(scan_probe(scan, PROBE_PREFERRED), STAGE_SERVER_FLIGHT);
    fputs(breaks ? "Handshakes that need no retry break off behind the ServerHello, so nothing is "
                   "recommended. Look at the origin's TLS stack, or at what closes its connections."
                 : verdict_text(VERDICT_READY_AFTER_RETRY)->remedy,
          to);
}

/* ---- second hellos ---- */

static const struct probe_result *find_second_failure(const struct scan *scan) {
    static const enum probe_id ids[] = {PROBE_SUPPORTED, PROBE_CHOOSE, PROBE_WIDE_RETRY};
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        const struct probe_result *result = scan_probe(scan, ids[i]);
        if (probe_result_failed_at(result, STAGE_RETRY))
            return result;
    }
    return NULL;
}

/* What a parser says that was given only a part. */
static bool may_be_a_buffer(const struct probe_result *failed) {
    return failed->outcome != OUTCOME_ALERT || failed->alert == ALERT_RECORD_OVERFLOW ||
           failed->alert == ALERT_DECODE_ERROR || failed->alert == ALERT_INTERNAL_ERROR;
}

bool remedy_is_about_retry(enum verdict verdict, const struct scan *scan) {
    const struct probe_result *failed = find_second_failure(scan);
    return verdict == VERDICT_LARGE_SECOND_ONLY && failed && !may_be_a_buffer(failed);
}

bool remedy_is_behind_answer(enum verdict verdict, const struct scan *scan) {
    if (verdict == VERDICT_LARGE_FIRST_ONLY)
        return probe_result_failed_at(scan_probe(scan, PROBE_PREFERRED), STAGE_SERVER_FLIGHT);
    return verdict == VERDICT_LARGE_SECOND_ONLY && !find_second_failure(scan) &&
           probe_result_failed_at(scan_probe(scan, PROBE_SUPPORTED), STAGE_SERVER_FLIGHT);
}

static void write_break_off(FILE *to) {
    fputs(" breaks off behind the ServerHello. The hello was read, so its size is not the cause: "
          "look at the origin's TLS stack, or at what closes its connections.",
          to);
}

static void write_large_first(FILE *to, const struct scan *scan,
                              const struct judgement *judgement) {
    (void)judgement;
    if (remedy_is_behind_answer(VERDICT_LARGE_FIRST_ONLY, scan)) {
        fputs("Use `supported`, not `preferred`: a handshake that begins with the hybrid's share",
              to);
        write_break_off(to);
    } else {
        fputs(verdict_text(VERDICT_LARGE_FIRST_ONLY)->remedy, to);
    }
}

/* Most alerts are a decision of the TLS stack; an abrupt end may be a buffer. */
static void write_large_second(FILE *to, const struct scan *scan,
                               const struct judgement *judgement) {
    (void)judgement;
    const struct probe_result *failed = find_second_failure(scan);
    if (remedy_is_behind_answer(VERDICT_LARGE_SECOND_ONLY, scan)) {
        fputs("Never use `supported` here: the handshake after the retry", to);
        write_break_off(to);
        return;
    }
    if (remedy_is_about_retry(VERDICT_LARGE_SECOND_ONLY, scan))
        fprintf(to,
                "Never use `supported` here: it leads into the failure. The origin read the second "
                "hello and answered with alert %d (%s): its TLS stack mishandles the retry that it "
                "asked for; upgrade it.",
                failed->alert, alert_name(failed->alert) ? alert_name(failed->alert) : "unknown");
    else
        fputs(verdict_text(VERDICT_LARGE_SECOND_ONLY)->remedy, to);
}

/* ---- interrupted scans ---- */

static void write_hello(FILE *to, const struct probe_result *result) {
    char name[PROBE_NAME_SIZE];
    fprintf(
        to, "`%s`, a hello of %u bytes,", probe_full_name(result->probe, result->parameter, name),
        result->hello2_bytes > result->hello_bytes ? result->hello2_bytes : result->hello_bytes);
}

/* The hello after which, or from which on, nothing was answered any more. */
static void write_last_hello(FILE *to, const struct scan *scan) {
    size_t dark = scan_facts_first_dark(scan);
    if (dark < scan->probes_n && scan_facts_is_large(&scan->probes[dark])) {
        fputs(" From ", to);
        write_hello(to, &scan->probes[dark]);
        fputs(" on, nothing was answered.", to);
    } else if (dark > 0 && scan->probes[dark - 1].hello_bytes) {
        fputs(" After ", to);
        write_hello(to, &scan->probes[dark - 1]);
        fputs(" nothing was answered any more.", to);
    }
}

bool remedy_is_about_us(enum verdict verdict, const struct scan *scan) {
    return verdict == VERDICT_INTERRUPTED && scan->probes_n > 0 &&
           probe_result_starved(&scan->probes[scan->probes_n - 1]);
}

static void write_interrupted(FILE *to, const struct scan *scan,
                              const struct judgement *judgement) {
    fputs("Nothing is concluded.", to);
    if (remedy_is_about_us(VERDICT_INTERRUPTED, scan)) {
        fputs(
            " This machine had too little processor time to listen for the answers: give it more, "
            "or scan fewer origins at a time (`max_in_flight` in the configuration, --concurrency "
            "here), and scan again.",
            to);
        return;
    }
    write_last_hello(to, scan);
    fputs(
        judgement->dark_after_large
            ? " A firewall may ban clients for large hellos: look for one, and scan again later."
            : " A firewall may have throttled the scanner: scan again later, or allow its address.",
        to);
}

/* ---- sound, but for the longest hello ---- */

/* A short plan sees that it fails and does not ask why. */
static void write_ready(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    (void)scan;
    if (judgement->modes[MODE_PREFERRED].tolerated == TRUTH_FALSE &&
        judgement->resumed_works != TRUTH_FALSE)
        fputs("A hello as long as a proxy may send fails: scan again with the daily plan, which "
              "finds out why.",
              to);
    else
        fputs(verdict_text(VERDICT_READY)->remedy, to);
}

/* ---- no verdict ---- */

/* The question about that group was put, whatever became of it. */
static bool was_asked(const struct scan *scan, uint16_t group) {
    if (group == scan->hybrid)
        return scan_probe(scan, PROBE_ONLY_HYBRID);
    return scan_probe(scan, PROBE_ONLY_OTHER) ||
           (group == GROUP_X25519KYBER768DRAFT00 && scan_probe(scan, PROBE_ONLY_DRAFT));
}

/* The post-quantum groups of which nothing is known. */
static size_t find_unknown(const struct judgement *judgement,
                           uint16_t out[JUDGED_GROUPS + JUDGED_OTHERS_MAX]) {
    size_t n = 0;
    for (size_t i = JUDGED_HYBRID; i < JUDGED_GROUPS; i++)
        if (judgement->groups[i] == TRUTH_UNKNOWN)
            out[n++] = judgement->group_ids[i];
    for (size_t i = 0; i < judgement->others_n; i++)
        if (judgement->others[i] == TRUTH_UNKNOWN)
            out[n++] = judgement->other_ids[i];
    return n;
}

/* Those that were asked for, or those that were not; false if there are none. */
static bool write_unknown(FILE *to, const struct scan *scan, const struct judgement *judgement,
                          bool asked, const char *intro) {
    char name[GROUP_NAME_SIZE];
    uint16_t unknown[JUDGED_GROUPS + JUDGED_OTHERS_MAX];
    size_t n = find_unknown(judgement, unknown);
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (was_asked(scan, unknown[i]) != asked)
            continue;
        fprintf(to, "%s%s", any ? ", " : intro, group_name(unknown[i], name));
        any = true;
    }
    return any;
}

void remedy_write_unknown(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    bool any = write_unknown(to, scan, judgement, true, "none: no conclusive answer about ");
    any |= write_unknown(to, scan, judgement, false,
                         any ? "; not asked about " : "none: the scan did not ask about ");
    if (!any)
        fputs("none: no TLS 1.3 handshake finished", to);
}

/* The blocklist wins over every option; all else has one that permits it. */
static void write_blocked(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    (void)judgement;
    if (strcmp(scan->probes[0].detail, "blocklist") == 0)
        fputs("The blocklist forbids this address, whatever --allow says.", to);
    else if (scan->address[0])
        fprintf(to, "Allow the address with --allow %s/%d if it is yours to scan.", scan->address,
                strchr(scan->address, ':') ? 128 : 32);
    else
        fputs(verdict_text(VERDICT_BLOCKED)->remedy, to);
}

static void write_no_verdict(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    (void)judgement;
    fputs(scan->plan == PLAN_QUICK
              ? "Scan again with the daily plan, which asks about each group."
              : "Look with --explain at what was refused or met with silence, and scan again.",
          to);
}

/* ---- all ---- */

const char *remedy_meaning(enum verdict verdict, const struct scan *scan) {
    if (remedy_is_about_alpn(verdict, scan))
        return "it refuses all application protocols (ALPN) that were offered";
    if (remedy_is_about_us(verdict, scan))
        return "this machine was too busy to finish the scan";
    return verdict_text(verdict)->meaning;
}

/* The verdicts whose remedy depends on what was seen; the last place is that of none. */
static void (*const writers[VERDICT_COUNT + 1])(FILE *, const struct scan *,
                                                const struct judgement *) = {
    [VERDICT_BLOCKED] = write_blocked,
    [VERDICT_OTHER_HYBRID] = write_other_hybrid,
    [VERDICT_CLASSICAL] = write_classical,
    [VERDICT_HANDSHAKE_REFUSED] = write_handshake_refused,
    [VERDICT_LARGE_FIRST_ONLY] = write_large_first,
    [VERDICT_LARGE_SECOND_ONLY] = write_large_second,
    [VERDICT_RESUMPTION_FAILS] = write_resumption_fails,
    [VERDICT_INTERRUPTED] = write_interrupted,
    [VERDICT_READY] = write_ready,
    [VERDICT_READY_AFTER_RETRY] = write_ready_after_retry,
    [VERDICT_COUNT] = write_no_verdict,
};

void remedy_write(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    if (writers[judgement->verdict])
        writers[judgement->verdict](to, scan, judgement);
    else
        fputs(verdict_text(judgement->verdict)->remedy, to);
}
