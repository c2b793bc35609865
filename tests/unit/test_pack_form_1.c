/* Scans and judgements that versions before wrote, in forms 1 and 2, are read: here are bytes of their time. */
#include "store/pack/pack.h"

#include "tests/support/same_scan.h"

#include <stdlib.h>

static void read_hex(const char *hex, struct bytes *out) {
    out->n = 0;
    for (; hex[0] && hex[1]; hex += 2) {
        char digits[3] = {hex[0], hex[1], '\0'};
        bytes_put_u8(out, (uint8_t)strtoul(digits, NULL, 16));
    }
}

/* `two`: with what came with form 2. */
static void expect_scan(const char *hex, bool two) {
    struct probe_result want[] = {
        {.probe = PROBE_CLASSICAL,
         .outcome = OUTCOME_OK,
         .stage = STAGE_DONE,
         .group = 29,
         .alert = -1,
         .own_alert = -1,
         .tls_version = 0x0304,
         .cipher = 0x1301,
         .hello_bytes = 301,
         .segments = 1,
         .bytes_in = 4321,
         .first_bytes_n = 3,
         .first_bytes = {0x16, 3, 3},
         .attempts = 1,
         .first_outcome = OUTCOME_OK,
         .first_stage = STAGE_DONE,
         .has_leaf = true,
         .certificate_requested = true,
         .server_groups_n = 2,
         .server_groups = {4588, 29},
         .tcp = {0, 0, 1348, 20123},
         .connect_us = 20456,
         .duration_us = 61234},
        {.probe = PROBE_PREFERRED,
         .outcome = OUTCOME_ALERT,
         .stage = STAGE_RETRY,
         .retry = true,
         .retry_group = 23,
         .alert = 47,
         .own_alert = -1,
         .tls_version = 0x0304,
         .hello_bytes = 1434,
         .hello2_bytes = 350,
         .segments = 2,
         .segments2 = 1,
         .bytes_in = 99,
         .attempts = 2,
         .flapped = true,
         .first_outcome = OUTCOME_TIMEOUT,
         .first_stage = STAGE_HELLO,
         .hrr = {1, 23, 0x1302, 32, true, true},
         .tcp = {2, 3, 1348, 20500},
         .sys_errno = 104,
         .connect_us = 21000,
         .duration_us = 99999,
         .detail = "SSLV3_ALERT_ILLEGAL_PARAMETER"},
        {.probe = PROBE_ONLY_DRAFT,
         .parameter = 7,
         .outcome = OUTCOME_MALFORMED,
         .stage = STAGE_HELLO,
         .alert = -1,
         .own_alert = 50,
         .no_key_exchange = true,
         .shape_changed = true,
         .hello_bytes = 206,
         .segments = 1,
         .attempts = 1,
         .first_outcome = OUTCOME_MALFORMED,
         .first_stage = STAGE_HELLO,
         .detail = "DECODE ERROR"},
    };
    for (unsigned i = 0; i < sizeof want[0].leaf_sha256; i++)
        want[0].leaf_sha256[i] = (uint8_t)(i + 1);
    want[0].resumed = want[1].in_pieces = two;
    struct scan scan = {.plan = PLAN_FULL,
                        .hybrid = 4588,
                        .address = "2001:db8::7",
                        .duration_ms = 1234,
                        .status = STATUS_COMPLETE,
                        .probes_n = 3,
                        .probes = want};
    struct bytes bytes = {0};
    struct scan back;
    struct err err;
    read_hex(hex, &bytes);
    if (!pack_read_scan(bytes.at, bytes.n, &back, &err))
        fail_msg("%s", err.text);
    assert_scans_equal(&scan, &back); /* what its form did not have is false and 0 */
    pack_scan_clear(&back);
    bytes_clear(&bytes);
}

static void a_scan_of_form_1_is_read(void **state) {
    (void)state;
    static const char hex[] = "010301ec23d2091020010db80000000000000000000000070301deafa3c010e4bc07"
                              "d0bf02b6ba02da04c2433a30"
                              "880c824c0200031603030a00200102030405060708090a0b0c0d0e0f101112131415"
                              "161718191a1b1c1d1e1f2088"
                              "15000411ec001d01fffbdfab1f02dadd04c008f205da112efb4139d602814cbc0502"
                              "0201030260001d53534c5633"
                              "5f414c4552545f494c4c4547414c5f504152414d45544552010602844c400406d001"
                              "020101fff69efa2f0abd9a0c"
                              "8fc802a7c00297132dc501bd02870cbb05010101085f000c4445434f444520455252"
                              "4f5201834c663f87150305cf"
                              "01010ea83d2542";
    expect_scan(hex, false);
}

static void a_scan_of_form_2_is_read(void **state) {
    (void)state;
    static const char hex[] = "020301ec23d2091020010db80000000000000000000000070301deafa3c010e4"
                              "bc07d0bf02b6ba02da04c2433ab040880c824c0200031603030a002001020304"
                              "05060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2088150004"
                              "11ec001d01fffbdfab1f02dadd04c008f205da112efb4139a939814cbc050202"
                              "01030260001d53534c56335f414c4552545f494c4c4547414c5f504152414d45"
                              "544552010602844c400406d001020101fff69efa2f0abd9a0c8fc802a7c00297"
                              "132dc501bd06870cbb05010101085f000c4445434f4445204552524f5201834c"
                              "663f87150305cf01010eb5df4de0";
    expect_scan(hex, true);
}

static void a_judgement_of_form_1_is_read(void **state) {
    (void)state;
    struct judgement want = {
        .status = STATUS_COMPLETE,
        .verdict = VERDICT_CLIENT_CERTIFICATE, /* might be the main one then */
        .verdicts = UINT64_C(1) << VERDICT_CLIENT_CERTIFICATE |
                    UINT64_C(1) << VERDICT_RETRY_THEN_FAIL |
                    UINT64_C(1) << VERDICT_HYBRID_ONLY_IF_FIRST,
        .tls_version = 0x0304,
        .group_ids = {29, 23, 24, 25, 4587, 25497},
        .groups = {TRUTH_TRUE, TRUTH_FALSE, TRUTH_UNKNOWN, TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN},
        .order = ORDER_SERVER,
        .preferred_group = 4587,
        .server_groups_n = 2,
        .server_groups = {4587, 29},
        .modes = {{.works = TRUTH_TRUE, .group = 29, .retry = TRUTH_FALSE},
                  {.works = TRUTH_TRUE, .group = 4587, .retry = TRUTH_TRUE},
                  {.works = TRUTH_FALSE, .group = 0, .retry = TRUTH_TRUE}},
        .hrr_failure = true,
        .unknown_keyshare = true,
    };
    struct bytes bytes = {0};
    struct judgement back;
    struct err err;
    read_hex("0101188080828408158406eb23eb23981202eb231d091d0aeb2306000000", &bytes);
    if (!pack_read_judgement(bytes.at, bytes.n, &back, &err))
        fail_msg("%s", err.text);
    assert_judgements_equal(&want, &back);
    for (size_t n = 0; n < bytes.n; n++)
        assert_false(pack_read_judgement(bytes.at, n, &back, NULL));
    bytes_clear(&bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scan_of_form_1_is_read),
        cmocka_unit_test(a_scan_of_form_2_is_read),
        cmocka_unit_test(a_judgement_of_form_1_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
