/* What is dialled next for one origin, what once more, and how the scan ends: one visit a line. */
#include "scanner/visit/scan_steps.h"

#include "tests/support/golden.h"
#include "tests/support/scan_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Stretches of a visit. A word is `probe=result` as in scan_words.h; `probe!=result` is a redial.
 */
static const struct {
    const char *name, *words;
} stretches[] = {
    {"four", "classical=ok:X25519 supported=ok:hybrid,>hybrid preferred=ok:hybrid "
             "preferred-dual=ok:hybrid"},
    {"p256-four", "classical=ok:P-256,>P-256 supported=ok:P-256,>P-256 preferred=ok:P-256,>P-256 "
                  "preferred-dual=ok:P-256,>P-256"},
    {"tls12-four",
     "classical=ok:P-256,tls12,curve=P-256 supported=ok:P-256,tls12 preferred=ok:P-256,tls12 "
     "preferred-dual=ok:P-256,tls12"},
    {"only", "only-p256=ok:>P-256 only-p384=ok:>P-384 only-p521=alert40 only-hybrid=ok:>hybrid "
             "only-other=alert40"},
    {"answers", "only choose=ok:>hybrid"},
    {"closing", "closing=ok:X25519"},
    {"preferred-on", "preferred=ok:hybrid preferred-dual=ok:hybrid answers closing"},
    {"preferred-on-resumed",
     "preferred=ok:hybrid preferred-dual=ok:hybrid answers resumed=ok:hybrid,resumed closing"},
    {"supported-on", "supported=ok:hybrid,>hybrid preferred-on"},
    /* after `supported` failed at its hello: is it the unknown number? */
    {"drilled-on", "preferred=ok:hybrid preferred-dual=ok:hybrid answers unknown-group=ok:X25519 "
                   "closing"},
};

/* What the next opening control is said to have taken. */
static uint32_t first_took_us;

static void record(struct scan_steps *scan, const struct probe_shape *shape, const char *result) {
    struct probe_result attempt = scan_words_result(shape->id, result);
    attempt.parameter = shape->parameter;
    if (shape->id == PROBE_SIZE)
        attempt.hello_bytes = shape->parameter;
    if (first_took_us && shape->id == PROBE_CLASSICAL)
        attempt.duration_us = first_took_us;
    scan_steps_record(scan, &attempt);
}

/* Dials what comes next, which must be that probe, and takes the result. */
static void dial(struct scan_steps *scan, const char *probe, bool redial, const char *result) {
    struct scan_steps_step step;
    if (!scan_steps_next(scan, &step))
        fail_msg("ends before %s", probe);
    char name[PROBE_NAME_SIZE];
    const char *dialled = probe_full_name(step.shape.id, step.shape.parameter, name);
    if (strcmp(dialled, probe) != 0 || step.redial != redial)
        fail_msg("dials %s%s instead of %s%s", dialled, step.redial ? " again" : "", probe,
                 redial ? " again" : "");
    record(scan, &step.shape, result);
}

static void dial_middle(struct scan_steps *scan, bool twice, const char *result) {
    for (enum probe_id id = PROBE_SUPPORTED; id <= PROBE_CHOOSE; id++)
        for (int redial = 0; redial <= twice; redial++)
            dial(scan, probe_name(id), redial, result);
}

static struct scan_steps_options options_of(enum plan plan) {
    return (struct scan_steps_options){
        .plan = plan, .hybrid = SCAN_WORDS_HYBRID, .hello_max = 2048};
}

static struct scan_steps *new_steps(enum plan plan, bool resume) {
    struct scan_steps_options options = options_of(plan);
    options.resume = resume;
    return scan_steps_new(&options);
}

static void play(struct scan_steps *scan, const char *visit);

static void play_stretch(struct scan_steps *scan, const char *name) {
    for (size_t i = 0; i < sizeof stretches / sizeof *stretches; i++)
        if (strcmp(stretches[i].name, name) == 0) {
            play(scan, stretches[i].words);
            return;
        }
    fail_msg("no stretch: %s", name);
}

/* Plays one visit: every word is what must be dialled now, and what comes of it. */
static void play(struct scan_steps *scan, const char *visit) {
    char copy[2048];
    assert_true((size_t)snprintf(copy, sizeof copy, "%s", visit) < sizeof copy);
    char *rest = copy;
    for (char *word; (word = strsep(&rest, " "));) {
        char *result = strchr(word, '=');
        if (!word[0])
            continue;
        if (!result) {
            play_stretch(scan, word);
            continue;
        }
        bool redial = result[-1] == '!';
        result[redial ? -1 : 0] = '\0';
        if (strcmp(word, "middle") == 0)
            dial_middle(scan, redial, result + 1);
        else
            dial(scan, word, redial, result + 1);
    }
}

static void check_line(char *line) {
    char *status = strstr(line, " => ");
    char *visit = strstr(line, ": ");
    enum plan plan;
    assert_true(status && visit && visit < status);
    *status = *visit = '\0';
    bool resume = strstr(line, "+resume"), dual = strstr(line, "+dual");
    bool share = strstr(line, "+share");
    line[strcspn(line, "+")] = '\0';
    assert_true(plan_parse(line, &plan));
    struct scan_steps_options options = options_of(plan);
    options.resume = resume;
    options.proof_dual = dual;
    options.proof_share = dual || share ? GROUP_P256 : GROUP_NONE;
    struct scan_steps *scan = scan_steps_new(&options);
    struct scan_steps_step step;
    play(scan, visit + 2);
    if (scan_steps_next(scan, &step))
        fail_msg("goes on with %s", probe_name(step.shape.id));
    assert_string_equal(status_name(scan_steps_status(scan)), status + 4);
    scan_steps_free(scan);
}

static void test_visits(void **state) {
    (void)state;
    FILE *file = fopen(ORIGINSCAN_SOURCE_DIR "/tests/tables/visits.txt", "r");
    assert_non_null(file);
    char line[2048];
    size_t cases = 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        /* printed before it is played, so that a failure is told under its line */
        print_message("%s\n", line);
        check_line(line);
        cases++;
    }
    fclose(file);
    assert_true(cases > 80);
}

/* The full plan asks a sound origin everything: the whole visit in a golden text. */
static void test_full_visit(void **state) {
    (void)state;
    struct scan_steps *scan = new_steps(PLAN_FULL, false);
    struct scan_steps_step step;
    struct golden golden;
    golden_open(&golden);
    while (scan_steps_next(scan, &step)) {
        char name[PROBE_NAME_SIZE];
        fprintf(golden.stream, "%s\n", probe_full_name(step.shape.id, step.shape.parameter, name));
        record(scan, &step.shape, "ok:X25519");
    }
    golden_close(&golden, "full_visit.txt");
    assert_int_equal(scan_steps_status(scan), STATUS_COMPLETE);
    scan_steps_free(scan);
}

/* Not only with the hello of `supported`, although that works. */
static void test_full_plan_resumes_every_mode(void **state) {
    (void)state;
    struct scan_steps *scan = new_steps(PLAN_FULL, true);
    struct scan_steps_step step;
    unsigned asked[PROBE_COUNT] = {0};
    while (scan_steps_next(scan, &step)) {
        asked[step.shape.id]++;
        record(scan, &step.shape, step.shape.wait_for_ticket ? "ok:X25519,ticket" : "ok:X25519");
    }
    assert_int_equal(asked[PROBE_RESUMED], 1);
    assert_int_equal(asked[PROBE_RESUMED_PREFERRED], 1);
    assert_int_equal(asked[PROBE_RESUMED_CLASSICAL], 1);
    scan_steps_free(scan);
}

/* ---- shapes ---- */

static const struct {
    const char *before; /* the visit so far */
    enum probe_id like; /* what is dialled next is shaped like this probe … */
    uint16_t also;      /* … with this group behind its own */
    uint16_t share;     /* … and, for `confirm`, with this share */
} shapes[] = {
    {"", PROBE_CLASSICAL, 0, 0},
    {"classical=reset", PROBE_CLASSICAL, 0, 0},
    {"four", PROBE_ONLY_P256, 0, 0},
    {"four only-p256=ok:>P-256", PROBE_ONLY_P384, 0, 0},
    {"four only-p256=ok:>P-256 only-p384=reset", PROBE_ONLY_P384, 0, 0},
    {"tls12-four", PROBE_ONLY_P256, 0, 0},
    {"tls12-four only-p256=ok:P-256,tls12", PROBE_ONLY_P384, GROUP_P256, 0},
    {"tls12-four only-p256=ok:P-256,tls12 only-p384=reset", PROBE_ONLY_P384, GROUP_P256, 0},
    {"tls12-four only-p256=ok:P-256,tls12 only-p384=alert40", PROBE_ONLY_P521, GROUP_P256, 0},
    {"tls12-four only-p256=ok:P-256,tls12 only-p384=alert40 only-p521=alert40", PROBE_ONLY_HYBRID,
     0, 0},
    /* only a finished opening control says that the origin speaks TLS 1.2 */
    {"classical=alert40:tls12 supported=alert40 preferred=alert40 preferred-dual=alert40 "
     "only-p256=alert40",
     PROBE_ONLY_P384, 0, 0},
    {"four answers", PROBE_CLOSING, 0, 0},
    {"four answers closing=reset", PROBE_CLASSICAL, 0, 0},
    {"tls12-four only choose=alert40 closing=closed", PROBE_CLASSICAL, 0, 0},
    {"p256-four answers closing", PROBE_CONFIRM, 0, GROUP_P256},
    {"p256-four answers closing confirm=reset", PROBE_CONFIRM, 0, GROUP_P256},
};

static bool same_shape(const struct probe_shape *a, const struct probe_shape *b) {
    return a->id == b->id && a->end == b->end && a->groups_n == b->groups_n &&
           a->shares_n == b->shares_n && memcmp(a->groups, b->groups, sizeof a->groups) == 0 &&
           memcmp(a->shares, b->shares, sizeof a->shares) == 0 && a->raw == b->raw &&
           a->mss == b->mss && a->parameter == b->parameter;
}

static void test_shapes(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct scan_steps *scan = new_steps(PLAN_DAILY, false);
        play(scan, shapes[i].before);
        struct scan_steps_step step;
        assert_true(scan_steps_next(scan, &step));
        struct probe_shape want =
            probe_plan_shape(shapes[i].like, SCAN_WORDS_HYBRID, GROUP_NONE, shapes[i].share);
        if (shapes[i].also)
            want.groups[want.groups_n++] = shapes[i].also;
        if (step.redial && shapes[i].like == PROBE_CLASSICAL && i > 1)
            want.id = PROBE_CLOSING; /* it keeps its name */
        if (!same_shape(&want, &step.shape))
            fail_msg("after %s\n  %s is not in the shape of %s", shapes[i].before,
                     probe_name(step.shape.id), probe_name(shapes[i].like));
        scan_steps_free(scan);
    }
}

/* ---- what is kept of two attempts ---- */

static const struct {
    const char *first, *second;
    const char *outcome;
    bool flapped;
} attempts[] = {
    {"reset", "ok:X25519", "ok", true},
    {"closed", "alert40", "alert", true},
    {"timeout", "malformed", "malformed", true},
    {"reset", "reset", "reset", false},
    {"reset", "timeout", "timeout", false},
    {"timeout:@retry,>hybrid", "closed", "closed", false},
    {"reset", "refused", "refused", true},
    /* our own trouble is no answer */
    {"reset", "cancelled", "cancelled", false},
};

static void test_two_attempts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        struct scan_steps *scan = new_steps(PLAN_DAILY, false);
        struct probe_result first = scan_words_result(PROBE_CLASSICAL, attempts[i].first);
        struct probe_result second = scan_words_result(PROBE_CLASSICAL, attempts[i].second);
        scan_steps_record(scan, &first);
        scan_steps_record(scan, &second);
        size_t count;
        const struct probe_result *result = scan_steps_results(scan, &count);
        assert_int_equal(count, 1);
        assert_string_equal(outcome_name(result->outcome), attempts[i].outcome);
        assert_int_equal(result->attempts, 2);
        assert_int_equal(result->first_outcome, first.outcome);
        assert_int_equal(result->first_stage, first.stage);
        assert_int_equal(result->stage, second.stage);
        assert_false(result->shape_changed);
        if (result->flapped != attempts[i].flapped)
            fail_msg("%s, then %s: flapped is %d", attempts[i].first, attempts[i].second,
                     result->flapped);
        scan_steps_free(scan);
    }
}

static void test_closing_in_another_shape(void **state) {
    (void)state;
    struct scan_steps *scan = new_steps(PLAN_DAILY, false);
    play(scan, "four answers closing=reset closing!=ok:P-256,>P-256");
    size_t count;
    const struct probe_result *closing = &scan_steps_results(scan, &count)[10];
    assert_int_equal(count, 11);
    assert_int_equal(closing->probe, PROBE_CLOSING);
    assert_true(closing->shape_changed);
    assert_false(closing->flapped); /* another question may get another answer */
    assert_int_equal(closing->attempts, 2);
    scan_steps_free(scan);
}

/* ---- how long is waited for the next answer ---- */

static const struct {
    const char *before;  /* the visit so far … */
    unsigned slowest_ms; /* … of which the first probe took this long */
    const char *next;
    unsigned patience_ms; /* 0: all the time there is */
} patience[] = {
    {"", 0, "classical", 0},
    {"classical=timeout", 0, "classical", 5000},
    {"classical=reset", 1, "classical", 0},
    {"classical=alert120", 1, "no-alpn", 0},
    {"classical=ok:X25519", 10, "supported", 2000},
    {"classical=ok:X25519", 500, "supported", 2000},
    {"classical=ok:X25519", 900, "supported", 2800},
    {"classical=ok:X25519", 3000, "supported", 7000},
    {"classical=ok:X25519 supported=timeout", 10, "supported", 2000},
    {"classical=ok:X25519 supported=timeout supported!=ok:X25519", 10, "preferred", 2000},
    /* once an answer did not come twice, half of that … */
    {"classical=ok:X25519 supported=timeout supported!=timeout", 10, "preferred", 1000},
    {"classical=ok:X25519 supported=timeout supported!=timeout preferred=timeout", 10, "preferred",
     1000},
    /* … but never less than a slow origin takes */
    {"classical=ok:X25519 supported=timeout supported!=timeout", 400, "preferred", 1600},
    {"classical=ok:X25519 supported=timeout supported!=timeout", 900, "preferred", 2800},
    {"four answers", 10, "closing", 0},
    {"four answers closing=reset", 10, "closing", 0},
    {"four answers closing=timeout", 10, "closing", 5000},
    /* nothing was ever answered: `closing` has nothing to be compared with */
    {"classical=timeout classical!=timeout", 0, "closing", 1000},
    {"classical=timeout classical!=timeout closing=timeout", 0, "closing", 1000},
};

static void test_patience(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof patience / sizeof *patience; i++) {
        struct scan_steps *scan = new_steps(PLAN_DAILY, false);
        struct scan_steps_step step;
        first_took_us = patience[i].slowest_ms * 1000;
        play(scan, patience[i].before);
        first_took_us = 0;
        assert_true(scan_steps_next(scan, &step));
        assert_string_equal(probe_name(step.shape.id), patience[i].next);
        if (step.shape.patience_ms != patience[i].patience_ms)
            fail_msg("after %s (%u ms): %s waits %u ms instead of %u", patience[i].before,
                     patience[i].slowest_ms, patience[i].next, step.shape.patience_ms,
                     patience[i].patience_ms);
        scan_steps_free(scan);
    }
}

/* ---- the rest ---- */

static void test_give_up(void **state) {
    (void)state;
    static const struct {
        enum outcome outcome;
        enum stage stage;
        enum scan_status status;
    } ends[] = {
        {OUTCOME_DNS_FAILURE, STAGE_RESOLVE, STATUS_UNREACHABLE},
        {OUTCOME_BLOCKED, STAGE_CONNECT, STATUS_BLOCKED},
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct scan_steps *scan = new_steps(PLAN_DAILY, false);
        struct scan_steps_step step;
        scan_steps_give_up(scan, ends[i].outcome, ends[i].stage, "because");
        assert_false(scan_steps_next(scan, &step));
        assert_int_equal(scan_steps_status(scan), ends[i].status);
        size_t count;
        const struct probe_result *result = scan_steps_results(scan, &count);
        assert_int_equal(count, 1);
        assert_int_equal(result->outcome, ends[i].outcome);
        assert_int_equal(result->stage, ends[i].stage);
        assert_string_equal(result->detail, "because");
        assert_int_equal(result->alert, -1);
        scan_steps_free(scan);
    }
}

static const struct {
    const char *visit;
    bool may;
} address_changes[] = {
    {"classical=refused", true},
    {"classical=unreachable", true},
    {"classical=timeout:@connect", true},
    {"classical=timeout:@connect classical!=timeout:@connect", true},
    {"classical=blocked", true},
    {"classical=cancelled:@connect", false},
    {"classical=reset", false},
    {"classical=timeout", false},
    {"classical=ok:X25519", false},
    {"classical=ok:X25519 supported=refused", false},
};

static void test_addresses(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof address_changes / sizeof *address_changes; i++) {
        struct scan_steps *scan = new_steps(PLAN_DAILY, false);
        play(scan, address_changes[i].visit);
        if (scan_steps_may_change_address(scan) != address_changes[i].may)
            fail_msg("%s", address_changes[i].visit);
        if (address_changes[i].may) {
            scan_steps_restart(scan);
            play(scan, "four answers closing"); /* as if nothing had been */
            assert_int_equal(scan_steps_status(scan), STATUS_COMPLETE);
        }
        scan_steps_free(scan);
    }
}

/* Whatever comes back, a visit ends, dials no probe more than twice and asking changes nothing. */
static void test_random_visits(void **state) {
    (void)state;
    static const char *const results[] = {
        "ok:X25519",
        "ok:hybrid",
        "ok:P-256,>P-256",
        "ok:P-256,tls12",
        "alert40",
        "reset",
        "closed",
        "timeout",
        "malformed",
        "not_tls",
        "refused",
        "timeout:@connect",
        "reset:@retry,>P-256",
        "malformed:hrr>none",
        "cancelled",
        "ok:nokx,tls12",
    };
    unsigned seed = 7;
    for (int round = 0; round < 20000; round++) {
        enum plan plan = (enum plan)(round % 3);
        size_t most = plan == PLAN_QUICK   ? 5
                      : plan == PLAN_DAILY ? 11 + 3 + 1 + 1 + 8
                                           : SCAN_PROBES_MAX;
        struct scan_steps *scan = new_steps(plan, round % 2);
        struct scan_steps_step step, again;
        int dials = 0;
        while (scan_steps_next(scan, &step)) {
            assert_true(scan_steps_next(scan, &again));
            assert_true(same_shape(&step.shape, &again.shape) && step.redial == again.redial);
            /* mostly sound, so that visits become long */
            size_t pick = (size_t)rand_r(&seed) % (round % 5 ? 16 : 4);
            record(scan, &step.shape, results[pick]);
            assert_true(++dials <= 2 * SCAN_PROBES_MAX);
        }
        size_t count;
        const struct probe_result *result = scan_steps_results(scan, &count);
        assert_true(count >= 1 && count <= most);
        assert_true(scan_steps_status(scan) < STATUS_COUNT);
        for (size_t i = 0; i < count; i++)
            assert_true(result[i].attempts == 1 + outcome_is_abrupt(result[i].first_outcome));
        scan_steps_free(scan);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_visits),       cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_two_attempts), cmocka_unit_test(test_closing_in_another_shape),
        cmocka_unit_test(test_patience),     cmocka_unit_test(test_give_up),
        cmocka_unit_test(test_addresses),    cmocka_unit_test(test_random_visits),
        cmocka_unit_test(test_full_visit),   cmocka_unit_test(test_full_plan_resumes_every_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
