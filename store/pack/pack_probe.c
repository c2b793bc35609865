/* One probe inside a packed scan: only what differs from one before that ended alike. */
#include "store/pack/pack_probe.h"

#include "scanner/base/array.h"
#include "store/pack/pack_codes.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum form { NUMBER, SIGNED_NUMBER, CODE, FLAGS, TEXT };
enum text_field { FIRST_BYTES, LEAF, DETAIL, SERVER_GROUPS };

/* What a field most likely holds. */
enum guess {
    AS_ALIKE, /* what it held in the probe that ended alike */
    NEXT_OF_PLAN,
    AS_STAGE, /* what another field says that comes earlier in the order of bits */
    AS_OUTCOME,
    AS_RETRY_GROUP,
};

struct field {
    const char *name;
    enum form form;
    enum guess guess;
    size_t offset;
    size_t size;
    unsigned which; /* enum pack_kind of a code, enum text_field of a text */
};

#define AT(member)                                                                                 \
    .name = #member, .offset = offsetof(struct probe_result, member),                              \
    .size = sizeof((struct probe_result *)0)->member

/* The index is the bit in the map and stays for ever; new fields go to the end and raise the
 * version. What changes with almost every probe comes first, since the map is a varint. */
static const struct field fields[] = {
    [0] = {AT(probe), .form = CODE, .which = PACK_PROBE, .guess = NEXT_OF_PLAN},
    [1] = {AT(duration_us), .form = NUMBER},
    [2] = {AT(connect_us), .form = NUMBER},
    [3] = {AT(tcp.rtt_us), .form = NUMBER},
    [4] = {AT(hello_bytes), .form = NUMBER},
    [5] = {AT(retry_group), .form = NUMBER},
    [6] = {AT(bytes_in), .form = NUMBER},
    [7] = {AT(group), .form = NUMBER},
    [8] = {.name = "flags", .form = FLAGS},
    [9] = {AT(tls_version), .form = NUMBER},
    [10] = {AT(cipher), .form = NUMBER},
    [11] = {AT(hello2_bytes), .form = NUMBER},
    [12] = {AT(segments), .form = NUMBER},
    [13] = {AT(segments2), .form = NUMBER},
    [14] = {.name = "first_bytes", .form = TEXT, .which = FIRST_BYTES},
    [15] = {AT(stage), .form = CODE, .which = PACK_STAGE},
    [16] = {AT(outcome), .form = CODE, .which = PACK_OUTCOME},
    [17] = {AT(alert), .form = SIGNED_NUMBER},
    [18] = {.name = "detail", .form = TEXT, .which = DETAIL},
    [19] = {.name = "leaf_sha256", .form = TEXT, .which = LEAF},
    [20] = {AT(first_stage), .form = CODE, .which = PACK_STAGE, .guess = AS_STAGE},
    [21] = {AT(first_outcome), .form = CODE, .which = PACK_OUTCOME, .guess = AS_OUTCOME},
    [22] = {AT(hrr.count), .form = NUMBER},
    [23] = {AT(hrr.group), .form = NUMBER, .guess = AS_RETRY_GROUP},
    [24] = {AT(hrr.cipher), .form = NUMBER},
    [25] = {AT(own_alert), .form = SIGNED_NUMBER},
    [26] = {AT(hrr.cookie_bytes), .form = NUMBER},
    [27] = {AT(tcp.mss), .form = NUMBER},
    [28] = {AT(tcp.unacked), .form = NUMBER},
    [29] = {AT(tcp.retransmissions), .form = NUMBER},
    [30] = {AT(sys_errno), .form = SIGNED_NUMBER},
    [31] = {AT(attempts), .form = NUMBER},
    [32] = {.name = "server_groups", .form = TEXT, .which = SERVER_GROUPS},
    [33] = {AT(parameter), .form = NUMBER},
    [34] = {AT(leaf_curve), .form = NUMBER}, /* from form 2 on */
};
enum { FIELDS = COUNT_OF(fields) };

/* The bits of `flags`; they too stay for ever. */
static const struct {
    const char *name;
    size_t offset;
} flags[] = {
#define FLAG(member)                                                                               \
    { #member, offsetof(struct probe_result, member) }
    [0] = FLAG(retry),
    [1] = FLAG(flapped),
    [2] = FLAG(shape_changed),
    [3] = FLAG(has_leaf),
    [4] = FLAG(certificate_requested),
    [5] = FLAG(no_key_exchange),
    [6] = FLAG(hrr.session_id_echoed),
    [7] = FLAG(hrr.group_offered),
    [8] = FLAG(in_pieces), /* from form 2 on, as all behind it */
    [9] = FLAG(no_alpn),
    [10] = FLAG(alpn_answer_refused),
    [11] = FLAG(ticket),
    [12] = FLAG(resumed),
    [13] = FLAG(late), /* from form 3 on */
};
enum { FLAGS_N = COUNT_OF(flags) };

/* Who adds a member has to add a field here; padding can hide a small one from this. */
_Static_assert(sizeof(struct probe_result) == 280, "each member has its field");

void pack_probe_start(struct pack_memory *memory) {
    memory->probes_n = 1;
    memory->probes[0] = (struct probe_result){.alert = -1, .own_alert = -1, .attempts = 1};
    memory->texts_n = 1;
    memory->texts[0].n = 0;
}

static int64_t flags_of(const struct probe_result *probe) {
    int64_t bits = 0;
    for (unsigned i = 0; i < FLAGS_N; i++)
        if (*(const bool *)((const char *)probe + flags[i].offset))
            bits |= INT64_C(1) << i;
    return bits;
}

static bool set_flags(struct probe_result *probe, int64_t bits) {
    if (bits < 0 || bits >> FLAGS_N)
        return false;
    for (unsigned i = 0; i < FLAGS_N; i++)
        *(bool *)((char *)probe + flags[i].offset) = bits >> i & 1;
    return true;
}

/* A number of 1, 2 or 4 bytes anywhere in the probe. */
static int64_t number_of(const struct field *field, const void *at) {
    uint32_t wide = 0;
    uint16_t half = 0;
    bool is_signed = field->form == SIGNED_NUMBER;
    if (field->size == sizeof wide) {
        memcpy(&wide, at, sizeof wide);
        return is_signed ? (int64_t)(int32_t)wide : (int64_t)wide;
    }
    if (field->size == sizeof half) {
        memcpy(&half, at, sizeof half);
        return is_signed ? (int64_t)(int16_t)half : (int64_t)half;
    }
    assert(field->size == 1 && !is_signed);
    return *(const uint8_t *)at;
}

static bool number_fits(const struct field *field, int64_t value) {
    int64_t span = INT64_C(1) << (8 * field->size - (field->form == SIGNED_NUMBER));
    return value < span && value >= (field->form == SIGNED_NUMBER ? -span : 0);
}

static bool set_number(const struct field *field, void *at, int64_t value) {
    if (!number_fits(field, value))
        return false;
    uint32_t wide = (uint32_t)value;
    uint16_t half = (uint16_t)value;
    uint8_t byte = (uint8_t)value;
    if (field->size == sizeof wide)
        memcpy(at, &wide, sizeof wide);
    else if (field->size == sizeof half)
        memcpy(at, &half, sizeof half);
    else
        memcpy(at, &byte, sizeof byte);
    return true;
}

/* What is stored for a field that is a number, a code or the flags. */
static int64_t value_of(const struct field *field, const struct probe_result *probe) {
    if (field->form == FLAGS)
        return flags_of(probe);
    int64_t number = number_of(field, (const char *)probe + field->offset);
    return field->form == CODE ? pack_code((enum pack_kind)field->which, (unsigned)number) : number;
}

static bool set_value(const struct field *field, struct probe_result *probe, int64_t value) {
    if (field->form == FLAGS)
        return set_flags(probe, value);
    if (field->form == CODE) {
        unsigned enumerator;
        if (value < 0 ||
            !pack_code_read((enum pack_kind)field->which, (uint64_t)value, &enumerator))
            return false;
        value = enumerator;
    }
    return set_number(field, (char *)probe + field->offset, value);
}

static struct pack_text text_from(const void *bytes, size_t n) {
    struct pack_text text = {.n = (uint8_t)n};
    memcpy(text.bytes, bytes, n);
    return text;
}

static struct pack_text read_text(enum text_field which, const struct probe_result *probe) {
    struct pack_text text = {0};
    switch (which) {
    case FIRST_BYTES:
        return text_from(probe->first_bytes, probe->first_bytes_n);
    case LEAF:
        return text_from(probe->leaf_sha256, sizeof probe->leaf_sha256);
    case DETAIL:
        return text_from(probe->detail, strnlen(probe->detail, sizeof probe->detail - 1));
    case SERVER_GROUPS:
        for (unsigned i = 0; i < probe->server_groups_n; i++) {
            text.bytes[text.n++] = (uint8_t)(probe->server_groups[i] >> 8);
            text.bytes[text.n++] = (uint8_t)probe->server_groups[i];
        }
        return text;
    }
    return text;
}

static bool set_text(enum text_field which, struct probe_result *probe,
                     const struct pack_text *text) {
    switch (which) {
    case FIRST_BYTES:
        if (text->n > PROBE_FIRST_BYTES)
            return false;
        memset(probe->first_bytes, 0, sizeof probe->first_bytes);
        memcpy(probe->first_bytes, text->bytes, text->n);
        probe->first_bytes_n = text->n;
        return true;
    case LEAF:
        if (text->n != sizeof probe->leaf_sha256)
            return false;
        memcpy(probe->leaf_sha256, text->bytes, text->n);
        return true;
    case DETAIL:
        if (text->n >= PROBE_DETAIL_SIZE || memchr(text->bytes, 0, text->n))
            return false;
        memset(probe->detail, 0, sizeof probe->detail);
        memcpy(probe->detail, text->bytes, text->n);
        return true;
    case SERVER_GROUPS:
        if (text->n % 2 || text->n / 2 > PROBE_SERVER_GROUPS)
            return false;
        memset(probe->server_groups, 0, sizeof probe->server_groups);
        probe->server_groups_n = text->n / 2;
        for (unsigned i = 0; i < probe->server_groups_n; i++)
            probe->server_groups[i] = (uint16_t)(text->bytes[2 * i] << 8 | text->bytes[2 * i + 1]);
        return true;
    }
    return false;
}

static bool texts_equal(const struct pack_text *a, const struct pack_text *b) {
    return a->n == b->n && memcmp(a->bytes, b->bytes, a->n) == 0;
}

/* 0 and the text itself, or its place among those that were met, counted from 1. */
static void put_text(const struct pack_text *text, struct pack_memory *memory, struct bytes *out) {
    for (unsigned i = 0; i < memory->texts_n; i++)
        if (texts_equal(&memory->texts[i], text)) {
            bytes_put_number(out, i + 1);
            return;
        }
    assert(memory->texts_n < PACK_TEXTS);
    memory->texts[memory->texts_n++] = *text;
    bytes_put_u8(out, 0);
    bytes_put_u8(out, text->n);
    bytes_put(out, text->bytes, text->n);
}

static const struct pack_text *get_text(struct bytes_reader *in, struct pack_memory *memory) {
    uint64_t place = bytes_get_number(in);
    if (place)
        return place <= memory->texts_n ? &memory->texts[place - 1] : NULL;
    uint8_t n = bytes_get_u8(in);
    const uint8_t *bytes = bytes_get(in, n);
    if (!bytes || n > PROBE_DETAIL_SIZE || memory->texts_n == PACK_TEXTS)
        return NULL;
    memory->texts[memory->texts_n] = text_from(bytes, n);
    return &memory->texts[memory->texts_n++];
}

/* What has no leaf takes that of the probe before along, for the next one that has. */
static void remember_probe(const struct probe_result *probe, struct pack_memory *memory) {
    struct probe_result *kept = &memory->probes[memory->probes_n];
    assert(memory->probes_n <= SCAN_PROBES_MAX);
    *kept = *probe;
    if (!probe->has_leaf)
        memcpy(kept->leaf_sha256, kept[-1].leaf_sha256, sizeof kept->leaf_sha256);
    memory->probes_n++;
}

/* How many probes back one ended alike; the one before if none did. */
static unsigned find_alike(const struct probe_result *probe, const struct pack_memory *memory) {
    for (unsigned back = 1; back < memory->probes_n; back++) {
        const struct probe_result *other = &memory->probes[memory->probes_n - back];
        if (other->outcome == probe->outcome && other->retry == probe->retry &&
            other->has_leaf == probe->has_leaf)
            return back;
    }
    return 1;
}

static int64_t expected_value(const struct field *field, const struct probe_result *probe,
                              const struct probe_result *alike, const struct pack_memory *memory) {
    switch (field->guess) {
    case AS_ALIKE:
        break;
    case NEXT_OF_PLAN:
        return value_of(field, &memory->probes[memory->probes_n - 1]) + (memory->probes_n > 1);
    case AS_STAGE:
        return pack_code(PACK_STAGE, probe->stage);
    case AS_OUTCOME:
        return pack_code(PACK_OUTCOME, probe->outcome);
    case AS_RETRY_GROUP:
        return probe->retry_group;
    }
    return value_of(field, alike);
}

static bool text_differs(enum text_field which, const struct probe_result *probe,
                         const struct probe_result *alike) {
    switch (which) {
    case FIRST_BYTES:
        return probe->first_bytes_n != alike->first_bytes_n ||
               memcmp(probe->first_bytes, alike->first_bytes, probe->first_bytes_n) != 0;
    case LEAF:
        return probe->has_leaf &&
               memcmp(probe->leaf_sha256, alike->leaf_sha256, sizeof probe->leaf_sha256) != 0;
    case DETAIL:
        return strncmp(probe->detail, alike->detail, sizeof probe->detail - 1) != 0;
    case SERVER_GROUPS:
        return probe->server_groups_n != alike->server_groups_n ||
               memcmp(probe->server_groups, alike->server_groups,
                      probe->server_groups_n * sizeof *probe->server_groups) != 0;
    }
    return false;
}

/* Which words of 8 bytes are not the same in two probes, a bit for each. A field that lies in one that
 * is the same needs no closer look. */
static uint64_t differing_words(const struct probe_result *a, const struct probe_result *b) {
    enum { WORDS = sizeof *a / sizeof(uint64_t) };
    static_assert(WORDS <= 64 && WORDS * sizeof(uint64_t) == sizeof *a, "a bit for each word");
    uint64_t differing = 0;
    for (size_t i = 0; i < WORDS; i++) {
        uint64_t left, right;
        memcpy(&left, (const char *)a + i * sizeof left, sizeof left);
        memcpy(&right, (const char *)b + i * sizeof right, sizeof right);
        differing |= (uint64_t)(left != right) << i;
    }
    return differing;
}

/* The fields that differ from what they most likely hold. */
static uint64_t differing_fields(const struct probe_result *probe, const struct probe_result *alike,
                                 const struct pack_memory *memory) {
    uint64_t words = differing_words(probe, alike), map = 0;
    for (unsigned i = 0; i < FIELDS; i++) {
        const struct field *field = &fields[i];
        bool differs;
        if (field->form == TEXT)
            differs = text_differs((enum text_field)field->which, probe, alike);
        else if (field->guess == AS_ALIKE && field->form != FLAGS &&
                 !(words >> field->offset / sizeof words & 1))
            differs = false;
        else
            differs = value_of(field, probe) != expected_value(field, probe, alike, memory);
        map |= (uint64_t)differs << i;
    }
    return map;
}

void pack_probe(const struct probe_result *probe, struct pack_memory *memory, struct bytes *out) {
    unsigned back = find_alike(probe, memory);
    const struct probe_result *alike = &memory->probes[memory->probes_n - back];
    uint64_t map = differing_fields(probe, alike, memory);
    bytes_put_u8(out, (uint8_t)back);
    bytes_put_number(out, map);
    for (unsigned i = 0; i < FIELDS; i++) {
        if (!(map >> i & 1))
            continue;
        if (fields[i].form == TEXT) {
            struct pack_text text = read_text((enum text_field)fields[i].which, probe);
            put_text(&text, memory, out);
        } else {
            bytes_put_signed(out, value_of(&fields[i], probe) -
                                      expected_value(&fields[i], probe, alike, memory));
        }
    }
    remember_probe(probe, memory);
}

/* A field that is not in the map holds what was expected. */
static bool read_field(const struct field *field, bool differing, struct bytes_reader *in,
                       const struct probe_result *alike, struct pack_memory *memory,
                       struct probe_result *out) {
    if (field->form == TEXT) {
        if (!differing)
            return true;
        const struct pack_text *text = get_text(in, memory);
        return text && set_text((enum text_field)field->which, out, text);
    }
    int64_t change = differing ? bytes_get_signed(in) : 0;
    if (in->bad || change > UINT32_MAX || change < -(int64_t)UINT32_MAX)
        return false;
    return set_value(field, out, expected_value(field, out, alike, memory) + change);
}

bool pack_read_probe(struct bytes_reader *in, struct pack_memory *memory,
                     struct probe_result *out) {
    unsigned back = bytes_get_u8(in);
    uint64_t map = bytes_get_number(in);
    if (in->bad || back == 0 || back > memory->probes_n || map >> FIELDS)
        return false;
    const struct probe_result *alike = &memory->probes[memory->probes_n - back];
    *out = *alike;
    for (unsigned i = 0; i < FIELDS; i++)
        if (!read_field(&fields[i], map >> i & 1, in, alike, memory, out))
            return false;
    remember_probe(out, memory);
    if (!out->has_leaf)
        memset(out->leaf_sha256, 0, sizeof out->leaf_sha256);
    return true;
}

static void describe_number(struct bytes *out, const char *what, unsigned number,
                            const char *name) {
    char line[96];
    int n = snprintf(line, sizeof line, "%s %u %s\n", what, number, name);
    bytes_put(out, line, (size_t)n);
}

void pack_probe_describe(struct bytes *out) {
    for (unsigned i = 0; i < FIELDS; i++)
        describe_number(out, "field", i, fields[i].name);
    for (unsigned i = 0; i < FLAGS_N; i++)
        describe_number(out, "flag", i, flags[i].name);
}
