/* The numbers that stand for enumerators inside packed scans. */
#include "store/pack/pack_codes.h"

#include <assert.h>
#include <stdio.h>

/* Append only: stored scans hold these numbers. 0 is none, so that a missing entry is found. */
static const uint8_t probes[] = {
    [PROBE_CLASSICAL] = 1,
    [PROBE_SUPPORTED] = 2,
    [PROBE_PREFERRED] = 3,
    [PROBE_PREFERRED_DUAL] = 4,
    [PROBE_ONLY_P256] = 5,
    [PROBE_ONLY_P384] = 6,
    [PROBE_ONLY_P521] = 7,
    [PROBE_ONLY_HYBRID] = 8,
    [PROBE_ONLY_DRAFT] = 9,
    [PROBE_CHOOSE] = 10,
    [PROBE_CLOSING] = 11,
    [PROBE_CONFIRM] = 12,
    [PROBE_SPLIT] = 13,
    [PROBE_LARGE_CLASSICAL] = 14,
    [PROBE_UNKNOWN_SHARE] = 15,
    [PROBE_UNKNOWN_GROUP] = 16,
    [PROBE_FORCED_RETRY] = 17,
    [PROBE_RECORD_SPLIT] = 18,
    [PROBE_SMALL_MSS] = 19,
    [PROBE_MLDSA] = 20,
    [PROBE_SIZE] = 21,
    [PROBE_GROUP] = 22,
    [PROBE_ONLY_OTHER] = 23,
    [PROBE_WIDE_RETRY] = 24,
    [PROBE_RESUMED] = 25,
    [PROBE_NO_ALPN] = 26,
    [PROBE_DUAL_SMALL] = 27,
    [PROBE_SHARED_P256] = 28,
    [PROBE_SHARED_P384] = 29,
    [PROBE_SHARED_P521] = 30,
    [PROBE_RESUMED_PREFERRED] = 31,
    [PROBE_RESUMED_CLASSICAL] = 32,
    [PROBE_SHAPE_OPENSSL] = 33,
    [PROBE_SHAPE_GO] = 34,
    [PROBE_SHAPE_BORINGSSL] = 35,
    [PROBE_CONFIRM_DUAL] = 36,
};
static const uint8_t outcomes[] = {
    [OUTCOME_OK] = 1,           [OUTCOME_ALERT] = 2,    [OUTCOME_RESET] = 3,
    [OUTCOME_CLOSED] = 4,       [OUTCOME_TIMEOUT] = 5,  [OUTCOME_MALFORMED] = 6,
    [OUTCOME_NOT_TLS] = 7,      [OUTCOME_REFUSED] = 8,  [OUTCOME_UNREACHABLE] = 9,
    [OUTCOME_DNS_FAILURE] = 10, [OUTCOME_BLOCKED] = 11, [OUTCOME_CANCELLED] = 12,
};
static const uint8_t stages[] = {
    [STAGE_RESOLVE] = 1, [STAGE_CONNECT] = 2,       [STAGE_HELLO] = 3,
    [STAGE_RETRY] = 4,   [STAGE_SERVER_FLIGHT] = 5, [STAGE_DONE] = 6,
};
static const uint8_t statuses[] = {
    [STATUS_COMPLETE] = 1, [STATUS_INTERRUPTED] = 2, [STATUS_UNREACHABLE] = 3,
    [STATUS_NOT_TLS] = 4,  [STATUS_BLOCKED] = 5,
};
static const uint8_t plans[] = {
    [PLAN_DAILY] = 1,
    [PLAN_QUICK] = 2,
    [PLAN_FULL] = 3,
};
static const uint8_t verdicts[] = {
    [VERDICT_UNREACHABLE] = 1,
    [VERDICT_BLOCKED] = 2,
    [VERDICT_NOT_TLS] = 3,
    [VERDICT_INTERRUPTED] = 4,
    [VERDICT_UNSTABLE] = 5,
    [VERDICT_LARGE_HELLO_HANGS_TLS12] = 6,
    [VERDICT_VERSION_FALLBACK] = 7,
    [VERDICT_UNKNOWN_GROUP] = 8,
    [VERDICT_UNKNOWN_SHARE] = 9,
    [VERDICT_SPLIT_HELLO] = 10,
    [VERDICT_SIZE_LIMIT] = 11,
    [VERDICT_LARGE_DROP] = 12,
    [VERDICT_PATH_MTU] = 13,
    [VERDICT_LARGE_FIRST_ONLY] = 14,
    [VERDICT_LARGE_SECOND_ONLY] = 15,
    [VERDICT_RETRY_THEN_FAIL] = 16,
    [VERDICT_RETRY_MALFORMED] = 17,
    [VERDICT_RETRY_WRONG_GROUP] = 18,
    [VERDICT_RETRY_LOOP] = 19,
    [VERDICT_HYBRID_REFUSED] = 20,
    [VERDICT_WRONG_BACKEND] = 21,
    [VERDICT_RECORD_SPLIT] = 22,
    [VERDICT_LENGTH_QUIRK] = 23,
    [VERDICT_CLIENT_CERTIFICATE] = 24,
    [VERDICT_HANDSHAKE_REFUSED] = 25,
    [VERDICT_TLS12_ONLY] = 26,
    [VERDICT_READY] = 27,
    [VERDICT_READY_AFTER_RETRY] = 28,
    [VERDICT_HYBRID_NOT_CHOSEN] = 29,
    [VERDICT_DRAFT_ONLY] = 30,
    [VERDICT_CLASSICAL] = 31,
    [VERDICT_HYBRID_ONLY_IF_FIRST] = 32,
    [VERDICT_HYBRID_UNUSABLE] = 33,
    [VERDICT_RESUMPTION_FAILS] = 34,
    [VERDICT_NEVER_FINISHES] = 35,
    [VERDICT_OTHER_HYBRID] = 36,
};

/* PLAN_FULL is the last of its enum, which has no count. */
_Static_assert(sizeof probes == PROBE_COUNT, "each probe has its number");
_Static_assert(sizeof outcomes == OUTCOME_COUNT, "each outcome has its number");
_Static_assert(sizeof stages == STAGE_COUNT, "each stage has its number");
_Static_assert(sizeof statuses == STATUS_COUNT, "each status has its number");
_Static_assert(sizeof plans == PLAN_FULL + 1, "each plan has its number");
_Static_assert(sizeof verdicts == VERDICT_COUNT, "each verdict has its number");

static const char *name_of_probe(unsigned value) {
    return probe_name((enum probe_id)value);
}
static const char *name_of_outcome(unsigned value) {
    return outcome_name((enum outcome)value);
}
static const char *name_of_stage(unsigned value) {
    return stage_name((enum stage)value);
}
static const char *name_of_status(unsigned value) {
    return status_name((enum scan_status)value);
}
static const char *name_of_plan(unsigned value) {
    return plan_name((enum plan)value);
}
static const char *name_of_verdict(unsigned value) {
    return verdict_name((enum verdict)value);
}

static const struct {
    const char *name;
    const uint8_t *codes;
    unsigned count;
    const char *(*value_name)(unsigned value);
} kinds[PACK_KINDS] = {
    [PACK_PROBE] = {"probe", probes, sizeof probes, name_of_probe},
    [PACK_OUTCOME] = {"outcome", outcomes, sizeof outcomes, name_of_outcome},
    [PACK_STAGE] = {"stage", stages, sizeof stages, name_of_stage},
    [PACK_STATUS] = {"status", statuses, sizeof statuses, name_of_status},
    [PACK_PLAN] = {"plan", plans, sizeof plans, name_of_plan},
    [PACK_VERDICT] = {"verdict", verdicts, sizeof verdicts, name_of_verdict},
};

uint8_t pack_code(enum pack_kind kind, unsigned value) {
    assert(value < kinds[kind].count && kinds[kind].codes[value]);
    return kinds[kind].codes[value];
}

bool pack_code_read(enum pack_kind kind, uint64_t code, unsigned *value) {
    for (unsigned i = 0; i < kinds[kind].count; i++)
        if (kinds[kind].codes[i] == code) {
            *value = i;
            return true;
        }
    return false;
}

void pack_codes_describe(struct bytes *out) {
    for (int kind = 0; kind < PACK_KINDS; kind++)
        for (unsigned i = 0; i < kinds[kind].count; i++) {
            char line[96];
            int n = snprintf(line, sizeof line, "%s %u %s\n", kinds[kind].name,
                             kinds[kind].codes[i], kinds[kind].value_name(i));
            bytes_put(out, line, (size_t)n);
        }
}
