/* The shortest command of OpenSSL that shows the failure of a scan. */
#include "report/view/reproduce.h"

#include "scanner/base/shell_word.h"
#include "scanner/judge/control.h"

#include <string.h>

/* Longer than any server thinks, and what a person sits out. */
#define SILENCE_S 5

static bool failed_in_tls(const struct probe_result *result) {
    return probe_result_failed(result) && !result->flapped;
}

static const struct probe_result *find_failed(const struct scan *scan, enum probe_id id) {
    const struct probe_result *result = scan_probe(scan, id);
    return failed_in_tls(result) ? result : NULL;
}

/* What a plain client meets already, then the hybrid's share, then the retry to it. Padded hellos, those in pieces and
 * resumption are not OpenSSL's to send on demand; nor is a protocol that was refused, for it offers none. */
static const struct probe_result *choose_failure(const struct scan *scan,
                                                 const struct judgement *judgement) {
    static const enum probe_id in_order[] = {PROBE_CLASSICAL, PROBE_PREFERRED, PROBE_SUPPORTED};
    bool comparable = judgement->status == STATUS_COMPLETE || judgement->status == STATUS_NOT_TLS ||
                      judgement->status == STATUS_UNREACHABLE;
    if (!comparable || judgement->alpn_refused || judgement->verdict == VERDICT_UNSTABLE ||
        verdict_holds(judgement, VERDICT_SPLIT_HELLO) || !scan->address[0])
        return NULL;
    /* OpenSSL offers the hybrid by itself: it only fails where that does, too. */
    bool plain_works = probe_result_worked(scan_probe(scan, PROBE_PREFERRED));
    for (size_t i = 0; i < sizeof in_order / sizeof *in_order; i++) {
        const struct probe_result *failed = find_failed(scan, in_order[i]);
        if (failed && !(in_order[i] == PROBE_CLASSICAL && plain_works))
            return failed;
    }
    return NULL;
}

/* OpenSSL 3.5 has the ML-KEM groups, not the draft. */
static bool is_known_to_openssl(uint16_t group) {
    return group != GROUP_X25519KYBER768DRAFT00;
}

static void write_target(FILE *to, const struct scan *scan) {
    char address[ORIGIN_ADDRESS_SIZE + 16];
    bool v6 = strchr(scan->address, ':') != NULL;
    snprintf(address, sizeof address, v6 ? "[%s]:%u" : "%s:%u", scan->address, scan->origin.port);
    fputs("openssl s_client -connect ", to);
    shell_word_write(to, address);
    if (scan->origin.sni[0]) {
        fputs(" -servername ", to);
        shell_word_write(to, scan->origin.sni);
    }
}

/* Where it is known to have the hybrid, nothing else need be offered. */
static void write_groups(FILE *to, const struct scan *scan, const struct judgement *judgement,
                         enum probe_id id) {
    char name[GROUP_NAME_SIZE], words[4 * GROUP_NAME_SIZE];
    const char *hybrid = group_name(scan->hybrid, name);
    bool alone = judgement->groups[JUDGED_HYBRID] == TRUTH_TRUE;
    if (id == PROBE_SUPPORTED) /* the star is where the share goes */
        snprintf(words, sizeof words, "%s:*X25519:P-256:P-384:P-521", hybrid);
    else
        snprintf(words, sizeof words, alone ? "%s" : "%s:X25519:P-256:P-384:P-521", hybrid);
    fputs(" -groups ", to);
    shell_word_write(to, words);
}

bool reproduce_write(FILE *to, const struct scan *scan, const struct judgement *judgement) {
    const struct probe_result *failed = choose_failure(scan, judgement);
    if (!failed || !is_known_to_openssl(scan->hybrid))
        return false;
    if (failed->outcome == OUTCOME_TIMEOUT)
        fprintf(to, "timeout %d ", SILENCE_S);
    write_target(to, scan);
    if (failed->probe != PROBE_CLASSICAL)
        write_groups(to, scan, judgement, failed->probe);
    fputs(" </dev/null", to);
    return true;
}

bool reproduce_write_contrast(FILE *to, const struct scan *scan,
                              const struct judgement *judgement) {
    char name[GROUP_NAME_SIZE];
    const struct probe_result *failed = choose_failure(scan, judgement);
    const struct probe_result *control = control_find(scan);
    if (!failed || failed->probe == PROBE_CLASSICAL || !probe_result_worked(control) ||
        control->group == GROUP_NONE)
        return false;
    fputs("-groups ", to);
    shell_word_write(to, group_name(control->group, name));
    return true;
}
