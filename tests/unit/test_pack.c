/* Packed scans and judgements: what goes in comes out, and damage is refused. */
#include "store/pack/pack.h"

#include "tests/support/golden.h"
#include "tests/support/same_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A small generator with a fixed seed, so that a failure can be repeated. */
static uint64_t seed;

static uint64_t any(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static uint64_t below(uint64_t n) {
    return any() % n;
}

/* Mostly small, sometimes all bits. */
static uint32_t number(void) {
    return (uint32_t)(any() >> below(64));
}

static void random_probe(struct probe_result *probe) {
    *probe = (struct probe_result){
        .probe = (enum probe_id)below(PROBE_COUNT),
        .outcome = (enum outcome)below(OUTCOME_COUNT),
        .stage = (enum stage)below(STAGE_COUNT),
        .group = (uint16_t)number(),
        .retry = below(2),
        .retry_group = (uint16_t)number(),
        .alert = (int16_t)number(),
        .own_alert = (int16_t)number(),
        .tls_version = (uint16_t)number(),
        .cipher = (uint16_t)number(),
        .hello_bytes = number(),
        .hello2_bytes = number(),
        .segments = (uint16_t)number(),
        .segments2 = (uint16_t)number(),
        .parameter = (uint16_t)number(),
        .bytes_in = number(),
        .first_bytes_n = (uint8_t)below(PROBE_FIRST_BYTES + 1),
        .attempts = (uint8_t)number(),
        .flapped = below(2),
        .first_outcome = (enum outcome)below(OUTCOME_COUNT),
        .first_stage = (enum stage)below(STAGE_COUNT),
        .shape_changed = below(2),
        .has_leaf = below(2),
        .certificate_requested = below(2),
        .no_key_exchange = below(2),
        .in_pieces = below(2),
        .no_alpn = below(2),
        .alpn_answer_refused = below(2),
        .ticket = below(2),
        .resumed = below(2),
        .late = below(2),
        .leaf_curve = (uint16_t)number(),
        .server_groups_n = (uint8_t)below(PROBE_SERVER_GROUPS + 1),
        .hrr = {(uint8_t)number(), (uint16_t)number(), (uint16_t)number(), (uint16_t)number(),
                below(2), below(2)},
        .tcp = {number(), number(), number(), number()},
        .sys_errno = (int)number(),
        .connect_us = number(),
        .duration_us = number(),
    };
    for (unsigned i = 0; i < probe->first_bytes_n; i++)
        probe->first_bytes[i] = (uint8_t)any();
    for (unsigned i = 0; i < probe->server_groups_n; i++)
        probe->server_groups[i] = (uint16_t)any();
    for (unsigned i = 0; probe->has_leaf && i < sizeof probe->leaf_sha256; i++)
        probe->leaf_sha256[i] = (uint8_t)any();
    uint64_t detail_n = below(PROBE_DETAIL_SIZE);
    for (unsigned i = 0; i < detail_n; i++)
        probe->detail[i] = (char)(' ' + below(95));
}

static void random_scan(struct scan *scan, struct probe_result probes[SCAN_PROBES_MAX]) {
    *scan = (struct scan){
        .plan = (enum plan)below(PLAN_FULL + 1),
        .hybrid = (uint16_t)number(),
        .duration_ms = number(),
        .status = (enum scan_status)below(STATUS_COUNT),
        .probes_n = (uint8_t)below(SCAN_PROBES_MAX + 1),
        .probes = probes,
    };
    static const char *const addresses[] = {
        "",          "192.0.2.7",    "203.0.113.254", "::1",
        "001.2.3.4", "2001:db8::7f", "2001:DB8::7F",  "::ffff:1.2.3.4"};
    snprintf(scan->address, sizeof scan->address, "%s", addresses[below(8)]);
    for (unsigned i = 0; i < scan->probes_n; i++) {
        random_probe(&probes[i]);
        if (i && below(3)) /* often almost the probe before, as in life */
            probes[i] = probes[i - 1], probes[i].duration_us = number();
    }
}

static void random_scans_come_back(void **state) {
    (void)state;
    seed = 20261123;
    static struct probe_result probes[SCAN_PROBES_MAX];
    struct bytes bytes = {0};
    for (int i = 0; i < 5000; i++) {
        struct scan scan, back;
        struct err err;
        random_scan(&scan, probes);
        bytes.n = 0;
        pack_scan(&scan, &bytes);
        if (!pack_read_scan(bytes.at, bytes.n, &back, &err))
            fail_msg("scan %d: %s", i, err.text);
        assert_scans_equal(&scan, &back);
        pack_scan_clear(&back);
    }
    bytes_clear(&bytes);
}

static void each_cut_and_each_changed_bit_is_refused(void **state) {
    (void)state;
    seed = 7;
    static struct probe_result probes[SCAN_PROBES_MAX];
    struct bytes bytes = {0};
    struct scan scan, back;
    do
        random_scan(&scan, probes);
    while (scan.probes_n < 5);
    pack_scan(&scan, &bytes);
    for (size_t n = 0; n < bytes.n; n++) {
        struct err err = {""};
        uint8_t *cut = malloc(n ? n : 1); /* of that size, so that a sanitizer sees overreading */
        memcpy(cut, bytes.at, n);
        assert_false(pack_read_scan(cut, n, &back, &err));
        assert_non_null(strstr(err.text, "damaged ("));
        assert_null(back.probes);
        free(cut);
    }
    for (size_t bit = 0; bit < 8 * bytes.n; bit++) {
        struct err err = {""};
        bytes.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(pack_read_scan(bytes.at, bytes.n, &back, &err));
        bytes.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_true(pack_read_scan(bytes.at, bytes.n, &back, NULL));
    pack_scan_clear(&back);
    bytes_clear(&bytes);
}

/* Damage that carries a right checksum must not be believed blindly either. */
static void damage_behind_a_right_checksum_ends_in_an_answer(void **state) {
    (void)state;
    seed = 99;
    static struct probe_result probes[SCAN_PROBES_MAX];
    struct bytes bytes = {0};
    int refused = 0;
    for (int i = 0; i < 10000; i++) {
        struct scan scan, back;
        random_scan(&scan, probes);
        bytes.n = 0;
        pack_scan(&scan, &bytes);
        size_t body = bytes.n - 4;
        for (uint64_t k = 1 + below(4); k; k--)
            bytes.at[1 + below(body - 1)] = (uint8_t)any();
        uint32_t sum = bytes_checksum(bytes.at, body);
        for (unsigned b = 0; b < 4; b++)
            bytes.at[body + b] = (uint8_t)(sum >> 8 * b);
        if (pack_read_scan(bytes.at, bytes.n, &back, NULL))
            pack_scan_clear(&back);
        else
            refused++;
    }
    assert_true(refused > 2000);
    bytes_clear(&bytes);
}

static void a_newer_form_is_named(void **state) {
    (void)state;
    struct probe_result none;
    struct scan scan = {.probes = &none}, back;
    struct err err;
    struct bytes bytes = {0};
    pack_scan(&scan, &bytes);
    bytes.at[0] = 4;
    assert_false(pack_read_scan(bytes.at, bytes.n, &back, &err));
    assert_non_null(strstr(err.text, "newer"));
    bytes.n = 0;
    pack_judgement(&(struct judgement){0}, &bytes);
    bytes.at[0] = 3;
    struct judgement judgement;
    assert_false(pack_read_judgement(bytes.at, bytes.n, &judgement, &err));
    assert_non_null(strstr(err.text, "newer"));
    bytes_clear(&bytes);
}

static enum truth random_truth(void) {
    return (enum truth)below(TRUTH_TRUE + 1);
}

static void random_judgement(struct judgement *judgement) {
    *judgement = (struct judgement){
        .status = (enum scan_status)below(STATUS_COUNT),
        .verdict = (enum verdict)below(VERDICT_COUNT + 1), /* none, too */
        .verdicts = any() & ((UINT64_C(1) << VERDICT_COUNT) - 1),
        .tls_version = (uint16_t)any(),
        .order = (enum group_order)below(ORDER_SERVER + 1),
        .preferred_group = (uint16_t)any(),
        .server_groups_n = (uint8_t)below(PROBE_SERVER_GROUPS + 1),
        .hrr_failure = below(2),
        .split_client_hello = below(2),
        .unknown_keyshare = below(2),
        .others_n = (uint8_t)below(JUDGED_OTHERS_MAX + 1),
        .largest_first = (uint16_t)any(),
        .largest_second = (uint16_t)any(),
        .size_passed = (uint16_t)any(),
        .size_failed = (uint16_t)any(),
        .resumes = random_truth(),
        .resumed_works = random_truth(),
        .alpn_refused = below(2),
        .alpn_alert = below(2),
        .contradicts = below(2),
        .dark_after_large = below(2),
    };
    for (unsigned i = 0; i < judgement->others_n; i++) {
        judgement->other_ids[i] = (uint16_t)any();
        judgement->others[i] = random_truth();
    }
    for (unsigned i = 0; i < JUDGED_GROUPS; i++) {
        judgement->group_ids[i] = (uint16_t)any();
        judgement->groups[i] = random_truth();
    }
    for (unsigned i = 0; i < judgement->server_groups_n; i++)
        judgement->server_groups[i] = (uint16_t)any();
    for (unsigned i = 0; i < MODE_COUNT; i++)
        judgement->modes[i] = (struct mode_fact){random_truth(), (uint16_t)any(), random_truth(),
                                                 random_truth(), random_truth()};
}

static void random_judgements_come_back_and_cuts_are_refused(void **state) {
    (void)state;
    seed = 3;
    struct bytes bytes = {0};
    for (int i = 0; i < 5000; i++) {
        struct judgement judgement, back;
        random_judgement(&judgement);
        bytes.n = 0;
        pack_judgement(&judgement, &bytes);
        assert_true(pack_read_judgement(bytes.at, bytes.n, &back, NULL));
        assert_judgements_equal(&judgement, &back);
        for (size_t n = 0; n < bytes.n; n++)
            assert_false(pack_read_judgement(bytes.at, n, &back, NULL));
        bytes.at[below(bytes.n)] = (uint8_t)any();
        pack_read_judgement(bytes.at, bytes.n, &back, NULL);
    }
    bytes_clear(&bytes);
}

/* The eleven probes of a healthy origin over a real network, with its times. */
static void a_daily_scan_is_small(void **state) {
    (void)state;
    seed = 11;
    struct probe_result probes[11];
    uint8_t leaf[32];
    for (unsigned i = 0; i < sizeof leaf; i++)
        leaf[i] = (uint8_t)any();
    for (unsigned i = 0; i < 11; i++) {
        bool finish = i < 4 || i == 10;
        probes[i] = (struct probe_result){.probe = (enum probe_id)i,
                                          .outcome = OUTCOME_OK,
                                          .first_outcome = OUTCOME_OK,
                                          .stage = STAGE_DONE,
                                          .first_stage = STAGE_DONE,
                                          .alert = -1,
                                          .own_alert = -1,
                                          .group = finish ? 4588 : GROUP_NONE,
                                          .tls_version = finish ? 0x0304 : 0,
                                          .cipher = 0x1301,
                                          .hello_bytes = 300 + (uint32_t)below(1300),
                                          .segments = 1 + (i == 2),
                                          .bytes_in = (uint32_t)(finish ? 4000 : 99),
                                          .first_bytes_n = PROBE_FIRST_BYTES,
                                          .first_bytes = {0x16, 3, 3, 0, 0x7a, 2, 0, 0},
                                          .attempts = 1,
                                          .has_leaf = finish,
                                          .retry = !finish,
                                          .retry_group = (uint16_t)(finish ? GROUP_NONE : 23 + i),
                                          .tcp.mss = 1360,
                                          .tcp.rtt_us = 20000 + (uint32_t)below(999),
                                          .connect_us = 20000 + (uint32_t)below(999),
                                          .duration_us = 60000 + (uint32_t)below(9999)};
        if (!finish)
            probes[i].hrr = (struct hrr){1, (uint16_t)(23 + i), 0x1301, 0, true, true};
        if (finish)
            memcpy(probes[i].leaf_sha256, leaf, sizeof leaf);
    }
    struct scan scan = {.plan = PLAN_DAILY,
                        .hybrid = 4588,
                        .address = "203.0.113.254",
                        .duration_ms = 700,
                        .probes_n = 11,
                        .probes = probes};
    struct bytes bytes = {0};
    pack_scan(&scan, &bytes);
    print_message("a daily scan takes %zu bytes\n", bytes.n);
    assert_true(bytes.n <= 280);
    bytes_clear(&bytes);
}

/* A stored number that changed its meaning would turn old evidence into nonsense. */
static void numbers_and_fields_are_those_of_the_golden_text(void **state) {
    (void)state;
    struct bytes text = {0};
    pack_describe(&text);
    bytes_put_u8(&text, 0);
    golden_expect("pack.txt", (const char *)text.at);
    bytes_clear(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_scans_come_back),
        cmocka_unit_test(each_cut_and_each_changed_bit_is_refused),
        cmocka_unit_test(damage_behind_a_right_checksum_ends_in_an_answer),
        cmocka_unit_test(a_newer_form_is_named),
        cmocka_unit_test(random_judgements_come_back_and_cuts_are_refused),
        cmocka_unit_test(a_daily_scan_is_small),
        cmocka_unit_test(numbers_and_fields_are_those_of_the_golden_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
