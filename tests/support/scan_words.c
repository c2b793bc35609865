/* Scans and probe results in a few words. */
#include "tests/support/scan_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORD_SIZE 256

/* Origins from which a line can depart. */
static const struct {
    const char *name, *words;
} bases[] = {
    /* X25519MLKEM768, X25519, P-256, P-384 in the server's own order */
    {"modern", "classical=ok:X25519 supported=ok:hybrid,>hybrid preferred=ok:hybrid "
               "preferred-dual=ok:hybrid only-p256=ok:>P-256 only-p384=ok:>P-384 "
               "only-p521=alert40 only-hybrid=ok:>hybrid only-other=alert40 choose=ok:>hybrid "
               "closing=ok:X25519"},
    /* the same without the hybrid, in the client's order */
    {"old", "classical=ok:X25519 supported=ok:X25519 preferred=ok:X25519,>X25519 "
            "preferred-dual=ok:X25519 only-p256=ok:>P-256 only-p384=ok:>P-384 only-p521=alert40 "
            "only-hybrid=alert40 only-other=alert40 choose=ok:>P-384 closing=ok:X25519"},
    /* P-256 and nothing else */
    {"p256", "classical=ok:P-256,>P-256 supported=ok:P-256,>P-256 preferred=ok:P-256,>P-256 "
             "preferred-dual=ok:P-256,>P-256 only-p256=ok:>P-256 only-p384=alert40 "
             "only-p521=alert40 only-hybrid=alert40 only-other=alert40 choose=ok:>P-256 "
             "closing=alert40 confirm=ok:P-256"},
    /* TLS 1.2 with an ECDSA certificate, X25519 first */
    {"tls12", "classical=ok:X25519,tls12 supported=ok:X25519,tls12 preferred=ok:X25519,tls12 "
              "preferred-dual=ok:X25519,tls12 only-p256=ok:P-256,tls12 only-p384=ok:P-256,tls12 "
              "only-p521=alert40 only-hybrid=alert40 only-other=alert40 choose=ok:X25519,tls12 "
              "closing=alert40"},
    /* TLS 1.2 with RSA key exchange */
    {"rsa", "classical=ok:nokx,tls12 supported=ok:nokx,tls12 preferred=ok:nokx,tls12 "
            "preferred-dual=ok:nokx,tls12 only-p256=ok:nokx,tls12 only-p384=ok:nokx,tls12 "
            "only-p521=ok:nokx,tls12 only-hybrid=ok:nokx,tls12 only-other=ok:nokx,tls12 "
            "choose=ok:nokx,tls12 closing=ok:nokx,tls12"},
    /* every finished handshake ends in alert 40, every question is answered */
    {"refused", "classical=alert40 supported=alert40:>hybrid preferred=alert40 "
                "preferred-dual=alert40 only-p256=ok:>P-256 only-p384=ok:>P-384 only-p521=alert40 "
                "only-hybrid=ok:>hybrid only-other=alert40 choose=ok:>hybrid closing=alert40"},
    /* every probe ends in alert 70 */
    {"alert70", "classical=alert70 supported=alert70 preferred=alert70 preferred-dual=alert70 "
                "only-p256=alert70 only-p384=alert70 only-p521=alert70 only-hybrid=alert70 "
                "only-other=alert70 choose=alert70 closing=alert70"},
};

static bool starts(const char *text, const char *with, const char **rest) {
    size_t n = strlen(with);
    bool yes = strncmp(text, with, n) == 0;
    if (yes)
        *rest = text + n;
    return yes;
}

static uint16_t group_of(const char *word) {
    if (strcmp(word, "hybrid") == 0)
        return SCAN_WORDS_HYBRID;
    return strcmp(word, "draft") == 0 ? GROUP_X25519KYBER768DRAFT00 : group_parse(word);
}

static bool is_answer_probe(enum probe_id probe) {
    return probe_plan_shape(probe, SCAN_WORDS_HYBRID, GROUP_NONE, GROUP_P256).end ==
           PROBE_END_ANSWER;
}

/* `choose` and `wide-retry` answer a retry to the hybrid by a second hello. */
static bool sends_second(const struct probe_result *result) {
    return (result->probe == PROBE_CHOOSE || result->probe == PROBE_WIDE_RETRY) && result->retry &&
           result->retry_group == SCAN_WORDS_HYBRID;
}

/* Where a probe with that outcome usually is. */
static enum stage usual_stage(const struct probe_result *result) {
    switch (result->outcome) {
    case OUTCOME_OK:
        return STAGE_DONE;
    case OUTCOME_ALERT:
        return sends_second(result)             ? STAGE_RETRY
               : is_answer_probe(result->probe) ? STAGE_DONE
               : result->retry                  ? STAGE_RETRY
                                                : STAGE_HELLO;
    case OUTCOME_RESET:
    case OUTCOME_CLOSED:
    case OUTCOME_TIMEOUT:
    case OUTCOME_MALFORMED:
    case OUTCOME_CANCELLED:
        return result->retry ? STAGE_RETRY : STAGE_HELLO;
    case OUTCOME_NOT_TLS:
        return STAGE_HELLO;
    case OUTCOME_DNS_FAILURE:
        return STAGE_RESOLVE;
    case OUTCOME_REFUSED:
    case OUTCOME_UNREACHABLE:
    case OUTCOME_BLOCKED:
    case OUTCOME_COUNT:
        break;
    }
    return STAGE_CONNECT;
}

static void read_outcome(struct probe_result *result, const char *word) {
    const char *number;
    if (starts(word, "alert", &number) && number[0]) {
        result->outcome = OUTCOME_ALERT;
        result->alert = (int16_t)atoi(number);
    } else if (!outcome_parse(word, &result->outcome)) {
        fail_msg("no outcome: %s", word);
    }
}

static void read_retry(struct probe_result *result, const char *word) {
    bool cookie = strcmp(word, "cookie") == 0;
    result->retry = true;
    result->retry_group = cookie ? GROUP_NONE : group_of(word);
    result->hrr = (struct hrr){.count = 1,
                               .group = result->retry_group,
                               .cookie_bytes = cookie ? 32 : 0,
                               .session_id_echoed = true,
                               .group_offered = !cookie};
}

static void read_list(struct probe_result *result, const char *word) {
    char copy[WORD_SIZE];
    snprintf(copy, sizeof copy, "%s", word);
    char *rest = copy;
    for (char *name; (name = strsep(&rest, "/"));)
        result->server_groups[result->server_groups_n++] = group_of(name);
}

static void read_first(struct probe_result *result, const char *word) {
    char outcome[WORD_SIZE];
    snprintf(outcome, sizeof outcome, "%s", word);
    char *stage = strchr(outcome, '@');
    if (stage)
        *stage++ = '\0';
    if (!outcome_parse(outcome, &result->first_outcome))
        fail_msg("no outcome: %s", word);
    result->first_stage = STAGE_HELLO;
    if (stage && !stage_parse(stage, &result->first_stage))
        fail_msg("no stage: %s", word);
    result->attempts = 2;
}

static void read_detail(struct probe_result *result, const char *word) {
    snprintf(result->detail, sizeof result->detail, "%s", word);
    for (char *at = result->detail; *at; at++)
        if (*at == '_')
            *at = ' ';
}

static void read_bad_retry(struct probe_result *result, const char *word) {
    struct probe_shape shape =
        probe_plan_shape(result->probe, SCAN_WORDS_HYBRID, false, GROUP_P256);
    result->hrr.count = 1;
    result->hrr.group = strcmp(word, "none") == 0 ? GROUP_NONE : group_of(word);
    result->hrr.session_id_echoed = true;
    result->hrr.group_offered = group_is_among(shape.groups, shape.groups_n, result->hrr.group);
}

/* One thing that was seen; `staged` notes that the stage was said, `whole` that the hello did not leave in pieces. */
static void read_item(struct probe_result *result, const char *word, bool *staged, bool *whole) {
    const char *rest;
    if (starts(word, "@", &rest))
        *staged = stage_parse(rest, &result->stage);
    else if (starts(word, ">", &rest))
        read_retry(result, rest);
    else if (starts(word, "hrr>", &rest))
        read_bad_retry(result, rest);
    else if (strcmp(word, "noecho") == 0)
        result->hrr.session_id_echoed = false;
    else if (strcmp(word, "loop") == 0)
        result->hrr.count = 2;
    else if (strcmp(word, "tls12") == 0)
        result->tls_version = 0x0303;
    else if (strcmp(word, "tls13") == 0)
        result->tls_version = 0x0304;
    else if (strcmp(word, "nokx") == 0)
        result->no_key_exchange = true;
    else if (starts(word, "after-", &rest))
        read_first(result, rest);
    else if (strcmp(word, "shape") == 0)
        result->shape_changed = true;
    else if (strcmp(word, "noalpn") == 0)
        result->no_alpn = true;
    else if (strcmp(word, "badalpn") == 0)
        result->alpn_answer_refused = true;
    else if (strcmp(word, "ticket") == 0)
        result->ticket = true;
    else if (strcmp(word, "resumed") == 0)
        result->resumed = true;
    else if (strcmp(word, "whole") == 0)
        *whole = true;
    else if (starts(word, "curve=", &rest))
        result->leaf_curve = group_of(rest);
    else if (strcmp(word, "unacked") == 0)
        result->tcp.unacked = 2;
    else if (strcmp(word, "mtls") == 0)
        result->certificate_requested = true;
    else if (strcmp(word, "late") == 0)
        result->late = true;
    else if (starts(word, "leaf=", &rest))
        memset(result->leaf_sha256, *rest, sizeof result->leaf_sha256);
    else if (starts(word, "list=", &rest))
        read_list(result, rest);
    else if (starts(word, "why=", &rest))
        read_detail(result, rest);
    else if ((result->group = group_of(word)) == GROUP_NONE)
        fail_msg("unknown word: %s", word);
}

/* About what BoringSSL sends. */
static uint32_t hello_bytes(enum probe_id probe) {
    if (probe == PROBE_PREFERRED || probe == PROBE_LARGE_CLASSICAL || probe == PROBE_SMALL_MSS)
        return 1465;
    if (probe == PROBE_PREFERRED_DUAL)
        return 2048;
    if (probe == PROBE_DUAL_SMALL)
        return 1566;
    return probe >= PROBE_ONLY_P256 && probe <= PROBE_CHOOSE ? 240 : 517;
}

/* What follows from what was said. */
static void complete(struct probe_result *result, bool staged, bool whole) {
    if (!staged)
        result->stage = usual_stage(result);
    bool spoke = result->stage >= STAGE_RETRY && result->outcome != OUTCOME_ALERT;
    if (result->tls_version == 0 && (spoke || result->retry || result->hrr.count > 0))
        result->tls_version = 0x0304;
    if (result->attempts == 1) {
        result->first_outcome = result->outcome;
        result->first_stage = result->stage;
    } else {
        result->flapped = !result->shape_changed && !outcome_is_abrupt(result->outcome) &&
                          result->outcome != OUTCOME_CANCELLED;
    }
    result->has_leaf = result->leaf_sha256[0] != 0;
    if (result->stage >= STAGE_HELLO)
        result->hello_bytes = hello_bytes(result->probe);
    if (result->probe == PROBE_LARGE_CLASSICAL)
        result->parameter = (uint16_t)hello_bytes(result->probe);
    struct probe_shape shape =
        probe_plan_shape(result->probe, SCAN_WORDS_HYBRID, GROUP_NONE, GROUP_P256);
    if (result->hrr.count > 0 && result->hrr.group != GROUP_NONE)
        result->hrr.group_offered = group_is_among(shape.groups, shape.groups_n, result->hrr.group);
    result->in_pieces = result->probe == PROBE_PREFERRED_DUAL && !whole;
    if (sends_second(result)) {
        result->hello2_bytes = 2048;
        if (result->outcome == OUTCOME_OK && !result->group)
            result->group = SCAN_WORDS_HYBRID;
    } else if (result->retry && !is_answer_probe(result->probe)) {
        result->hello2_bytes = result->retry_group == SCAN_WORDS_HYBRID ? 1465 : 300;
    }
    result->bytes_in = spoke || result->alert >= 0 ? 100 : 0;
}

struct probe_result scan_words_result(enum probe_id probe, const char *text) {
    struct probe_result result = {.probe = probe, .attempts = 1, .alert = -1, .own_alert = -1};
    char copy[WORD_SIZE];
    bool staged = false, whole = false;
    snprintf(copy, sizeof copy, "%s", text);
    char *rest = copy;
    read_outcome(&result, strsep(&rest, ":"));
    for (char *word; (word = strsep(&rest, ","));)
        read_item(&result, word, &staged, &whole);
    complete(&result, staged, whole);
    return result;
}

void scan_words_init(struct scan_words *words) {
    *words = (struct scan_words){
        .scan = {.plan = PLAN_DAILY, .hybrid = SCAN_WORDS_HYBRID, .address = "192.0.2.7"}};
    struct err err;
    if (!origin_parse("origin.example", 443, &words->scan.origin, &err))
        fail_msg("%s", err.text);
    words->scan.probes = words->probes;
}

/* A probe by its name: `size-1466` and `group-X448` carry a parameter. */
static enum probe_id probe_of(const char *name, uint16_t *parameter) {
    enum probe_id id;
    const char *rest;
    *parameter = 0;
    if (starts(name, "size-", &rest)) {
        *parameter = (uint16_t)atoi(rest);
        return PROBE_SIZE;
    }
    if (starts(name, "group-", &rest)) {
        *parameter = group_of(rest);
        return PROBE_GROUP;
    }
    if (starts(name, "only-other-", &rest)) {
        *parameter = (uint16_t)atoi(rest);
        return PROBE_ONLY_OTHER;
    }
    if (!probe_parse(name, &id))
        fail_msg("no probe: %s", name);
    return id;
}

static struct probe_result *place_for(struct scan_words *words, enum probe_id id,
                                      uint16_t parameter) {
    for (size_t i = 0; i < words->scan.probes_n; i++)
        if (words->probes[i].probe == id && (!parameter || words->probes[i].parameter == parameter))
            return &words->probes[i];
    assert_true(words->scan.probes_n < SCAN_PROBES_MAX);
    return &words->probes[words->scan.probes_n++];
}

static void take_away(struct scan_words *words, enum probe_id id) {
    struct probe_result *at = place_for(words, id, 0);
    size_t behind = (size_t)(words->probes + words->scan.probes_n - at) - 1;
    memmove(at, at + 1, behind * sizeof *at);
    words->scan.probes_n--;
}

static void put(struct scan_words *words, const char *name, const char *text) {
    uint16_t parameter;
    enum probe_id id = probe_of(name, &parameter);
    struct probe_result result = scan_words_result(id, text);
    if (parameter)
        result.parameter = parameter;
    if (id == PROBE_SIZE)
        result.hello_bytes = parameter;
    *place_for(words, id, parameter) = result;
}

/* A word that stands alone: a base, or what is taken away. */
static void apply_name(struct scan_words *words, const char *name) {
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
        if (strcmp(bases[i].name, name) == 0) {
            scan_words_apply(words, bases[i].words);
            return;
        }
    if (name[0] == '-') {
        uint16_t parameter;
        take_away(words, probe_of(name + 1, &parameter));
    } else if (strcmp(name, "quick") == 0) {
        words->scan.plan = PLAN_QUICK;
        for (enum probe_id id = PROBE_ONLY_P256; id <= PROBE_CHOOSE; id++)
            take_away(words, id);
    } else {
        fail_msg("unknown word: %s", name);
    }
}

static void apply_word(struct scan_words *words, char *word) {
    char *result = word;
    const char *name = strsep(&result, "=");
    if (!result) {
        apply_name(words, name);
    } else if (strcmp(name, "status") == 0) {
        if (!status_parse(result, &words->scan.status))
            fail_msg("no status: %s", result);
    } else if (strcmp(name, "large") == 0) {
        put(words, "preferred", result);
        put(words, "preferred-dual", result);
    } else {
        put(words, name, result);
    }
}

void scan_words_apply(struct scan_words *words, const char *text) {
    char *copy = strdup(text);
    assert_non_null(copy);
    char *rest = copy;
    for (char *word; (word = strsep(&rest, " "));)
        if (word[0])
            apply_word(words, word);
    free(copy);
}

/* ---- random scans ---- */

/* Words for random results: first our own giving up, then what works, then the rest. */
static const char *const random_results[] = {
    "cancelled",
    "cancelled:>P-256",
    "cancelled:after-reset",
    "ok:X25519",
    "ok:hybrid",
    "ok:hybrid,>hybrid",
    "ok:P-256,>P-256",
    "ok:P-256,tls12",
    "ok:nokx,tls12",
    "ok:>draft",
    "ok:X25519,mtls",
    "ok:hybrid,leaf=b",
    "ok:X25519,leaf=a",
    "ok:X25519,after-reset",
    "alert40",
    "alert70",
    "alert112",
    "alert40:>P-256",
    "reset:after-reset",
    "closed:after-timeout",
    "timeout:after-timeout",
    "reset:after-reset,>hybrid",
    "reset:after-reset,>P-256",
    "malformed",
    "malformed:hrr>none",
    "malformed:hrr>X448",
    "malformed:>P-256,loop",
    "not_tls",
    "refused",
    "unreachable",
    "dns_failure",
    "blocked",
};
#define RANDOM_RESULTS (sizeof random_results / sizeof *random_results)

enum { RANDOM_OWN = 3, RANDOM_MILD = RANDOM_OWN + 4 };

/* Nobody negotiates what was not offered. */
static struct probe_result random_result(enum probe_id id, const char *text) {
    struct probe_shape shape = probe_plan_shape(id, SCAN_WORDS_HYBRID, GROUP_NONE, GROUP_P256);
    struct probe_result result = scan_words_result(id, text);
    if (result.group && !group_is_among(shape.groups, shape.groups_n, result.group))
        result.group = shape.groups[0];
    if (result.retry_group && !group_is_among(shape.groups, shape.groups_n, result.retry_group))
        result.retry_group = result.hrr.group = shape.groups[0];
    return result;
}

static void random_scan(struct scan_words *words, unsigned *seed, size_t end) {
    scan_words_init(words);
    size_t count = 1 + (size_t)rand_r(seed) % (PROBE_CONFIRM + 1);
    for (enum probe_id id = 0; id < count; id++)
        words->probes[words->scan.probes_n++] =
            random_result(id, random_results[(size_t)rand_r(seed) % end]);
}

void scan_words_random(struct scan_words *words, unsigned *seed) {
    random_scan(words, seed, RANDOM_RESULTS);
}

void scan_words_random_mild(struct scan_words *words, unsigned *seed, bool some_work) {
    random_scan(words, seed, some_work ? RANDOM_MILD : RANDOM_OWN);
}

/* ---- tables ---- */

char scan_words_letter(uint16_t group) {
    static const struct {
        uint16_t group;
        char letter;
    } letters[] = {
        {GROUP_X25519, 'X'}, {GROUP_P256, '2'},        {GROUP_P384, '3'},
        {GROUP_P521, '5'},   {SCAN_WORDS_HYBRID, 'H'}, {GROUP_X25519KYBER768DRAFT00, 'D'},
        {GROUP_NONE, '0'},
    };
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (letters[i].group == group)
            return letters[i].letter;
    return '#';
}

/* One line of the table; false if it is wrong. */
static bool check_line(const char *name, char *line, size_t number, scan_words_render *render) {
    char *want = strstr(line, " => ");
    if (!want)
        fail_msg("%s:%zu has no =>", name, number);
    *want = '\0';
    want += strlen(" => ");
    struct scan_words words;
    char got[512];
    scan_words_init(&words);
    scan_words_apply(&words, line);
    render(&words.scan, got, sizeof got);
    if (strcmp(got, want) == 0)
        return true;
    print_error("%s:%zu: %s\n  expected: %s\n  but was:  %s\n", name, number, line, want, got);
    return false;
}

size_t scan_words_table(const char *name, scan_words_render *render) {
    char path[WORD_SIZE];
    char line[1024];
    snprintf(path, sizeof path, "%s/tests/tables/%s", ORIGINSCAN_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t number = 0, cases = 0, wrong = 0;
    while (fgets(line, sizeof line, file)) {
        number++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        cases++;
        wrong += !check_line(name, line, number, render);
    }
    fclose(file);
    assert_int_equal(wrong, 0);
    return cases;
}
