/* Scans and judgements as short byte strings for the database. */
#include "store/pack/pack.h"

#include "scanner/base/alloc.h"
#include "store/pack/pack_codes.h"
#include "store/pack/pack_probe.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { SCAN_VERSION = 3, JUDGEMENT_VERSION = 2, CHECKSUM_SIZE = 4, ADDRESS_TEXT = 64 };

static void put_checksum(struct bytes *out, size_t from) {
    uint32_t sum = bytes_checksum(out->at + from, out->n - from);
    for (unsigned i = 0; i < CHECKSUM_SIZE; i++)
        bytes_put_u8(out, (uint8_t)(sum >> 8 * i));
}

static bool checksum_fits(const uint8_t *bytes, size_t n) {
    uint32_t sum = 0;
    for (unsigned i = 0; i < CHECKSUM_SIZE; i++)
        sum |= (uint32_t)bytes[n - CHECKSUM_SIZE + i] << 8 * i;
    return sum == bytes_checksum(bytes, n - CHECKSUM_SIZE);
}

/* 4 or 16 bytes where that gives the same text again, else 64 + length and the text. */
static void put_address(struct bytes *out, const char *text) {
    const int families[] = {AF_INET, AF_INET6};
    const uint8_t sizes[] = {4, 16};
    uint8_t binary[16];
    char back[ORIGIN_ADDRESS_SIZE];
    for (int i = 0; i < 2; i++)
        if (inet_pton(families[i], text, binary) == 1 &&
            inet_ntop(families[i], binary, back, sizeof back) && strcmp(back, text) == 0) {
            bytes_put_u8(out, sizes[i]);
            bytes_put(out, binary, sizes[i]);
            return;
        }
    size_t n = strlen(text);
    bytes_put_u8(out, (uint8_t)(ADDRESS_TEXT + n));
    bytes_put(out, text, n);
}

static bool get_address(struct bytes_reader *in, char out[ORIGIN_ADDRESS_SIZE]) {
    uint8_t n = bytes_get_u8(in);
    bool is_text = n >= ADDRESS_TEXT;
    const uint8_t *bytes = bytes_get(in, is_text ? n - ADDRESS_TEXT : n);
    memset(out, 0, ORIGIN_ADDRESS_SIZE);
    if (!bytes)
        return false;
    if (!is_text)
        return (n == 4 || n == 16) &&
               inet_ntop(n == 4 ? AF_INET : AF_INET6, bytes, out, ORIGIN_ADDRESS_SIZE);
    n -= ADDRESS_TEXT;
    if (n >= ORIGIN_ADDRESS_SIZE || memchr(bytes, 0, n))
        return false;
    memcpy(out, bytes, n);
    return true;
}

void pack_scan(const struct scan *scan, struct bytes *out) {
    size_t from = out->n;
    bytes_put_u8(out, SCAN_VERSION);
    bytes_put_u8(out, pack_code(PACK_PLAN, scan->plan));
    bytes_put_u8(out, pack_code(PACK_STATUS, scan->status));
    bytes_put_number(out, scan->hybrid);
    bytes_put_number(out, scan->duration_ms);
    put_address(out, scan->address);
    bytes_put_u8(out, scan->probes_n);
    struct pack_memory memory;
    pack_probe_start(&memory);
    for (unsigned i = 0; i < scan->probes_n; i++)
        pack_probe(&scan->probes[i], &memory, out);
    put_checksum(out, from);
}

void pack_scan_clear(struct scan *scan) {
    free(scan->probes);
    scan->probes = NULL;
    scan->probes_n = 0;
}

static bool get_code(struct bytes_reader *in, enum pack_kind kind, unsigned *value) {
    return pack_code_read(kind, bytes_get_u8(in), value);
}

static bool read_head(struct bytes_reader *in, struct scan *out) {
    unsigned plan, status;
    if (!get_code(in, PACK_PLAN, &plan) || !get_code(in, PACK_STATUS, &status))
        return false;
    out->plan = (enum plan)plan;
    out->status = (enum scan_status)status;
    uint64_t hybrid = bytes_get_number(in);
    uint64_t duration_ms = bytes_get_number(in);
    bool has_address = get_address(in, out->address);
    out->probes_n = bytes_get_u8(in);
    if (in->bad || !has_address || hybrid > UINT16_MAX || duration_ms > UINT32_MAX ||
        out->probes_n > SCAN_PROBES_MAX)
        return false;
    out->hybrid = (uint16_t)hybrid;
    out->duration_ms = (uint32_t)duration_ms;
    return true;
}

static bool read_probes(struct bytes_reader *in, struct scan *out) {
    out->probes = alloc_zero(out->probes_n, sizeof *out->probes);
    struct pack_memory memory;
    pack_probe_start(&memory);
    for (unsigned i = 0; i < out->probes_n; i++)
        if (!pack_read_probe(in, &memory, &out->probes[i]))
            return false;
    return !in->bad && in->at == in->end;
}

bool pack_read_scan(const uint8_t *bytes, size_t n, struct scan *out, struct err *err) {
    out->probes = NULL;
    out->probes_n = 0;
    if (n && bytes[0] > SCAN_VERSION)
        return err_set(err, "stored by a newer originscan (format %u)", bytes[0]);
    if (n < 1 + CHECKSUM_SIZE || !bytes[0] || !checksum_fits(bytes, n))
        return err_set(err, "damaged (%zu bytes): the checksum is wrong", n);
    struct bytes_reader in = {bytes + 1, bytes + n - CHECKSUM_SIZE, false};
    if (!read_head(&in, out)) {
        out->probes_n = 0;
        return err_set(err, "damaged (%zu bytes): the header is invalid", n);
    }
    if (read_probes(&in, out))
        return true;
    pack_scan_clear(out);
    return err_set(err, "damaged (%zu bytes): a probe is invalid", n);
}

static void put_truths(struct bytes *out, const enum truth *truths, size_t n) {
    unsigned bits = 0;
    for (size_t i = 0; i < n; i++)
        bits = bits << 2 | (truths[i] == TRUTH_TRUE ? 2U : truths[i] == TRUTH_FALSE ? 1U : 0U);
    bytes_put_number(out, bits);
}

static bool get_truths(struct bytes_reader *in, enum truth *truths, size_t n) {
    static const enum truth of[] = {TRUTH_UNKNOWN, TRUTH_FALSE, TRUTH_TRUE};
    uint64_t bits = bytes_get_number(in);
    for (size_t i = n; i-- > 0; bits >>= 2) {
        if ((bits & 3) > 2)
            return false;
        truths[i] = of[bits & 3];
    }
    return bits == 0;
}

/* The set of verdicts, bit by code instead of bit by enumerator. */
static void put_verdicts(struct bytes *out, uint64_t verdicts) {
    uint64_t coded = 0;
    for (unsigned v = 0; v < VERDICT_COUNT; v++)
        if (verdicts >> v & 1)
            coded |= UINT64_C(1) << (pack_code(PACK_VERDICT, v) - 1);
    bytes_put_number(out, coded);
}

static bool get_verdicts(struct bytes_reader *in, uint64_t *verdicts) {
    uint64_t coded = bytes_get_number(in);
    *verdicts = 0;
    for (unsigned code = 1; coded; code++, coded >>= 1) {
        unsigned verdict;
        if (!(coded & 1))
            continue;
        if (!pack_code_read(PACK_VERDICT, code, &verdict))
            return false;
        *verdicts |= UINT64_C(1) << verdict;
    }
    return true;
}

/* Who adds a member has to store it here; padding can hide a small one from this. */
_Static_assert(sizeof(struct judgement) == 256, "each member is stored");

enum {
    FLAG_HRR = 1,
    FLAG_SPLIT = 2,
    FLAG_SHARE = 4,
    FLAG_CLIENT = 8,
    FLAG_SERVER = 16,
    FLAG_OTHER_GROUPS = 32,
    FLAGS = 63,
};

/* From form 2 on. */
enum {
    FACT_ALPN_REFUSED = 1,
    FACT_ALPN_ALERT = 2,
    FACT_CONTRADICTS = 4,
    FACT_DARK_AFTER_LARGE = 8,
    FACTS = 15,
};

/* Stands for a main verdict where none holds; from form 2 on. */
#define NO_VERDICT 0

/* The hybrid is configured and always stored. */
static bool groups_are_usual(const struct judgement *judgement) {
    for (enum judged_group i = 0; i < JUDGED_GROUPS; i++)
        if (i != JUDGED_HYBRID && judgement->group_ids[i] != judgement_group(i, GROUP_NONE))
            return false;
    return true;
}

static uint8_t judgement_flags(const struct judgement *judgement) {
    return (uint8_t)((judgement->hrr_failure ? FLAG_HRR : 0) |
                     (judgement->split_client_hello ? FLAG_SPLIT : 0) |
                     (judgement->unknown_keyshare ? FLAG_SHARE : 0) |
                     (judgement->order == ORDER_CLIENT ? FLAG_CLIENT : 0) |
                     (judgement->order == ORDER_SERVER ? FLAG_SERVER : 0) |
                     (groups_are_usual(judgement) ? 0 : FLAG_OTHER_GROUPS));
}

static uint8_t judgement_facts(const struct judgement *judgement) {
    return (uint8_t)((judgement->alpn_refused ? FACT_ALPN_REFUSED : 0) |
                     (judgement->alpn_alert ? FACT_ALPN_ALERT : 0) |
                     (judgement->contradicts ? FACT_CONTRADICTS : 0) |
                     (judgement->dark_after_large ? FACT_DARK_AFTER_LARGE : 0));
}

/* What came with form 2. */
static void put_proofs(struct bytes *out, const struct judgement *judgement) {
    const enum truth resumption[] = {judgement->resumes, judgement->resumed_works};
    bytes_put_u8(out, judgement_facts(judgement));
    bytes_put_u8(out, judgement->others_n);
    for (unsigned i = 0; i < judgement->others_n; i++)
        bytes_put_number(out, judgement->other_ids[i]);
    put_truths(out, judgement->others, judgement->others_n);
    for (unsigned i = 0; i < MODE_COUNT; i++) {
        const enum truth truths[] = {judgement->modes[i].tolerated, judgement->modes[i].resumes};
        put_truths(out, truths, 2);
    }
    put_truths(out, resumption, 2);
    bytes_put_number(out, judgement->largest_first);
    bytes_put_number(out, judgement->largest_second);
    bytes_put_number(out, judgement->size_passed);
    bytes_put_number(out, judgement->size_failed);
}

void pack_judgement(const struct judgement *judgement, struct bytes *out) {
    bytes_put_u8(out, JUDGEMENT_VERSION);
    bytes_put_u8(out, pack_code(PACK_STATUS, judgement->status));
    bytes_put_u8(out, judgement->verdict == VERDICT_COUNT
                          ? NO_VERDICT
                          : pack_code(PACK_VERDICT, judgement->verdict));
    put_verdicts(out, judgement->verdicts);
    bytes_put_u8(out, judgement_flags(judgement));
    bytes_put_number(out, judgement->tls_version);
    bytes_put_number(out, judgement->preferred_group);
    for (unsigned i = 0; i < JUDGED_GROUPS; i++)
        if (i == JUDGED_HYBRID || !groups_are_usual(judgement))
            bytes_put_number(out, judgement->group_ids[i]);
    put_truths(out, judgement->groups, JUDGED_GROUPS);
    bytes_put_u8(out, judgement->server_groups_n);
    for (unsigned i = 0; i < judgement->server_groups_n; i++)
        bytes_put_number(out, judgement->server_groups[i]);
    for (unsigned i = 0; i < MODE_COUNT; i++) {
        const struct mode_fact *mode = &judgement->modes[i];
        const enum truth truths[] = {mode->works, mode->retry};
        put_truths(out, truths, 2);
        bytes_put_number(out, mode->group);
    }
    put_proofs(out, judgement);
}

static uint16_t get_u16(struct bytes_reader *in) {
    uint64_t value = bytes_get_number(in);
    if (value > UINT16_MAX)
        in->bad = true;
    return (uint16_t)value;
}

static bool get_main_verdict(struct bytes_reader *in, enum verdict *out) {
    unsigned verdict, code = bytes_get_u8(in);
    *out = VERDICT_COUNT;
    if (code == NO_VERDICT)
        return true;
    if (!pack_code_read(PACK_VERDICT, code, &verdict))
        return false;
    *out = (enum verdict)verdict;
    return true;
}

static bool read_verdict(struct bytes_reader *in, struct judgement *out, unsigned *flags) {
    unsigned status;
    if (!get_code(in, PACK_STATUS, &status) || !get_main_verdict(in, &out->verdict) ||
        !get_verdicts(in, &out->verdicts))
        return false;
    out->status = (enum scan_status)status;
    *flags = bytes_get_u8(in);
    out->hrr_failure = *flags & FLAG_HRR;
    out->split_client_hello = *flags & FLAG_SPLIT;
    out->unknown_keyshare = *flags & FLAG_SHARE;
    if (*flags & FLAG_CLIENT)
        out->order = ORDER_CLIENT;
    else if (*flags & FLAG_SERVER)
        out->order = ORDER_SERVER;
    return *flags <= FLAGS && (~*flags & (FLAG_CLIENT | FLAG_SERVER));
}

static bool read_facts(struct bytes_reader *in, unsigned flags, struct judgement *out) {
    out->tls_version = get_u16(in);
    out->preferred_group = get_u16(in);
    for (enum judged_group i = 0; i < JUDGED_GROUPS; i++)
        out->group_ids[i] = i == JUDGED_HYBRID || flags & FLAG_OTHER_GROUPS
                                ? get_u16(in)
                                : judgement_group(i, GROUP_NONE);
    if (!get_truths(in, out->groups, JUDGED_GROUPS))
        return false;
    out->server_groups_n = bytes_get_u8(in);
    if (out->server_groups_n > PROBE_SERVER_GROUPS)
        return false;
    for (unsigned i = 0; i < out->server_groups_n; i++)
        out->server_groups[i] = get_u16(in);
    for (unsigned i = 0; i < MODE_COUNT; i++) {
        enum truth truths[2];
        if (!get_truths(in, truths, 2))
            return false;
        out->modes[i] =
            (struct mode_fact){.works = truths[0], .group = get_u16(in), .retry = truths[1]};
    }
    return true;
}

static bool read_proofs(struct bytes_reader *in, struct judgement *out) {
    enum truth pair[2];
    unsigned facts = bytes_get_u8(in);
    out->alpn_refused = facts & FACT_ALPN_REFUSED;
    out->alpn_alert = facts & FACT_ALPN_ALERT;
    out->contradicts = facts & FACT_CONTRADICTS;
    out->dark_after_large = facts & FACT_DARK_AFTER_LARGE;
    out->others_n = bytes_get_u8(in);
    if (facts > FACTS || out->others_n > JUDGED_OTHERS_MAX)
        return false;
    for (unsigned i = 0; i < out->others_n; i++)
        out->other_ids[i] = get_u16(in);
    if (!get_truths(in, out->others, out->others_n))
        return false;
    for (unsigned i = 0; i < MODE_COUNT; i++) {
        if (!get_truths(in, pair, 2))
            return false;
        out->modes[i].tolerated = pair[0];
        out->modes[i].resumes = pair[1];
    }
    if (!get_truths(in, pair, 2))
        return false;
    out->resumes = pair[0];
    out->resumed_works = pair[1];
    out->largest_first = get_u16(in);
    out->largest_second = get_u16(in);
    out->size_passed = get_u16(in);
    out->size_failed = get_u16(in);
    return true;
}

bool pack_read_judgement(const uint8_t *bytes, size_t n, struct judgement *out, struct err *err) {
    *out = (struct judgement){0};
    if (n && bytes[0] > JUDGEMENT_VERSION)
        return err_set(err, "judgement stored by a newer originscan (format %u)", bytes[0]);
    if (!n || !bytes[0])
        return err_set(err, "damaged judgement (%zu bytes)", n);
    struct bytes_reader in = {bytes + 1, bytes + n, false};
    unsigned flags;
    if (read_verdict(&in, out, &flags) && read_facts(&in, flags, out) &&
        (bytes[0] < 2 || read_proofs(&in, out)) && !in.bad && in.at == in.end)
        return true;
    return err_set(err, "damaged judgement (%zu bytes)", n);
}

void pack_describe(struct bytes *out) {
    pack_codes_describe(out);
    pack_probe_describe(out);
}
