/* Prints what a correct scanner finds at each address of a table. */
#include "lab_truth.h"

#include "lab_judge.h"

#include <jansson.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

static json_t *group_json(uint16_t group) {
    const char *name = lab_foresee_group_name(group);
    return name ? json_string(name) : json_null();
}

static json_t *truth_json(int truth) {
    if (truth == -2)
        return json_string("any");
    return truth < 0 ? json_null() : json_boolean(truth);
}

static json_t *text_json(const char *text) {
    return text ? json_string(text) : json_null();
}

static json_t *sight_json(const struct lab_sight *seen) {
    if (!seen->outcome)
        return json_null();
    const char *version = seen->version == TLS1_3_VERSION   ? "TLSv1.3"
                          : seen->version == TLS1_2_VERSION ? "TLSv1.2"
                                                            : NULL;
    return json_pack("{s:s, s:s, s:o, s:b, s:o, s:o, s:o}", "outcome", seen->outcome, "stage",
                     seen->stage, "group", group_json(seen->group), "retry", (int)seen->retry,
                     "retry_group", group_json(seen->retry_group), "alert",
                     seen->alert < 0 ? json_null() : json_integer(seen->alert), "tls_version",
                     text_json(version));
}

static json_t *modes_json(const struct lab_judged *truth) {
    static const char *const names[] = {"off", "supported", "preferred", "preferred-dual"};
    json_t *modes = json_object();
    for (unsigned i = 0; i < 4; i++) {
        const struct lab_sight *seen = &truth->seen[i];
        bool ok = lab_judge_saw(seen, "ok");
        uint16_t group = seen->group != 0 ? seen->group : seen->retry_group;
        if (i == 3 && ok && !lab_judge_finishes_dual(truth)) {
            json_object_set_new(
                modes, names[i],
                json_pack("{s:n, s:n, s:n}", "works", "group", "retry")); /* an answer is no more */
            continue;
        }
        json_object_set_new(modes, names[i],
                            !seen->outcome || (truth->forgets && i > 0)
                                ? json_null()
                                : json_pack("{s:b, s:o, s:b}", "works", (int)ok, "group",
                                            group_json(ok ? group : 0), "retry", (int)seen->retry));
    }
    return modes;
}

static json_t *probes_json(const struct lab_judged *truth, bool drill_down) {
    size_t n;
    const struct lab_shape *shapes = lab_foresee_shapes(&n);
    json_t *probes = json_object();
    for (size_t i = 0; i < n; i++)
        if (shapes[i].drill_down == drill_down)
            json_object_set_new(probes, shapes[i].name,
                                lab_judge_sends(truth, i) ? sight_json(&truth->seen[i])
                                                          : json_string("not-sent"));
    return probes;
}

static bool one_of(const char *verdict, const char *const names[]) {
    for (unsigned i = 0; verdict && names[i]; i++)
        if (strcmp(names[i], verdict) == 0)
            return true;
    return false;
}

static json_t *bugs_json(const struct lab_judged *truth, const char *verdict) {
    static const char *const split[] = {"split-hello", "size-limit", "large-drop",
                                        "large-first-only", NULL};
    static const char *const share[] = {"unknown-share", "unknown-group", NULL};
    if (!verdict)
        return json_null();
    return json_pack("{s:b, s:b, s:b}", "hrrFailure",
                     strncmp(verdict, "retry-", 6) == 0 ||
                         strcmp(verdict, "large-second-only") == 0 ||
                         (strcmp(verdict, "hybrid-unusable") == 0 && lab_judge_second_fails(truth)),
                     "splitClientHello", (int)one_of(verdict, split), "unknownKeyshare",
                     (int)one_of(verdict, share));
}

/* What the full plan finds beside the main verdict, whatever that is. */
static json_t *beside_json(const struct lab_entry *entry) {
    json_t *beside = json_array();
    if (entry->profile.client_cert != LAB_CLIENT_CERT_NO)
        json_array_append_new(beside, json_string("client-certificate"));
    if (lab_behaviour_has(entry->behaviour, LAB_IF_TWO_RECORDS))
        json_array_append_new(beside, json_string("record-split"));
    if (lab_behaviour_has(entry->behaviour, LAB_IF_QUIRK))
        json_array_append_new(beside, json_string("length-quirk"));
    return beside;
}

/* What is the same for all addresses of a line. */
static json_t *entry_json(const struct lab_entry *entry) {
    struct lab_judged truth;
    lab_judge_entry(entry, &truth);
    json_t *groups = json_object();
    for (unsigned i = 0; i < LAB_JUDGE_ASKED; i++) {
        json_object_set_new(groups, SSL_get_group_name(lab_judge_asked[i]),
                            truth_json(truth.groups[i]));
    }
    bool told = !truth.moody && truth.status && strcmp(truth.status, "complete") == 0;
    json_t *object = json_pack(
        "{s:s, s:i, s:s, s:b, s:o, s:o, s:o, s:b, s:o, s:o}", "address", "", "port",
        (int)entry->port, "behaviour", entry->behaviour->name, "moody", (int)truth.moody, "status",
        text_json(truth.status), "verdict", text_json(truth.verdict), "verdict_full",
        text_json(truth.full), "hybrid_only_if_first", told && truth.only_if_first, "bugs",
        bugs_json(&truth, truth.verdict), "groups", told ? json_incref(groups) : json_null());
    json_object_set_new(object, "beside", beside_json(entry));
    json_object_set_new(object, "group_order", told ? text_json(truth.order) : json_null());
    json_object_set_new(object, "preferred_group",
                        !told ? json_null()
                        : truth.order && strcmp(truth.order, "any") == 0
                            ? json_string("any")
                            : group_json(truth.preferred));
    json_object_set_new(object, "connections",
                        truth.connections ? json_integer(truth.connections) : json_null());
    json_object_set_new(object, "modes", told ? modes_json(&truth) : json_null());
    json_object_set_new(object, "probes", truth.moody ? json_null() : probes_json(&truth, false));
    json_object_set_new(object, "drill_down",
                        truth.moody ? json_null() : probes_json(&truth, true));
    json_decref(groups);
    return object;
}

/* True if no line with a longer prefix takes the address away. */
static bool owns(const struct lab_table *table, const struct lab_entry *entry,
                 const struct lab_address *address) {
    return lab_table_find(table, address, entry->port) == entry;
}

void lab_truth_print(const struct lab_table *table, FILE *out) {
    size_t n;
    const struct lab_entry *entries = lab_table_entries(table, &n);
    for (size_t i = 0; i < n; i++) {
        const struct lab_entry *entry = &entries[i];
        json_t *object = entry_json(entry);
        struct lab_address address = entry->address;
        do {
            char text[LAB_ADDRESS_TEXT_SIZE];
            if (owns(table, entry, &address)) {
                json_object_set_new(object, "address",
                                    json_string(lab_address_text(&address, text)));
                json_dumpf(object, out, JSON_COMPACT);
                fputc('\n', out);
            }
            address = lab_address_next(&address);
            struct lab_address block = lab_address_mask(&address, entry->bits);
            if (memcmp(&block, &entry->address, sizeof block) != 0)
                break;
        } while (!ferror(out));
        json_decref(object);
    }
}
