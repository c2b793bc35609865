/* An origin as the API shows it. */
#include "cmd/http/http_origin_json.h"

#include "report/json_value.h"
#include "scanner/judge/judgement.h"

/* The hybrid is known by its number only after a scan. */
static json_t *make_groups(const struct facts *facts) {
    uint16_t groups[JUDGED_GROUPS];
    for (enum judged_group i = 0; i < JUDGED_GROUPS; i++)
        groups[i] = judgement_group(i, facts->hybrid);
    return json_value_truths_of(groups, facts->groups, JUDGED_GROUPS);
}

static json_t *make_modes(const struct facts *facts) {
    json_t *modes = json_object();
    for (enum mode mode = MODE_OFF; mode < FACTS_MODES; mode++)
        json_object_set_new(modes, mode_name(mode),
                            json_pack("{s:o,s:o}", "works", json_value_truth(facts->works[mode]),
                                      "retry", json_value_truth(facts->retry[mode])));
    return modes;
}

json_t *http_origin_json(const struct store_origin *origin) {
    static const struct facts unknown = {.verdict = VERDICT_COUNT};
    const struct facts *facts = &origin->facts;
    json_t *object = json_object();
    json_object_set_new(object, "zone", json_value_text(origin->origin.zone));
    json_object_set_new(object, "host", json_value_text(origin->origin.host));
    json_object_set_new(object, "port", json_integer(origin->origin.port));
    json_object_set_new(object, "sni", json_value_text(origin->origin.sni));
    json_object_set_new(object, "address", json_value_text_or_null(origin->dialled));
    json_object_set_new(object, "weight", json_real(origin->origin.weight));
    json_object_set_new(object, "due_at", json_value_time(origin->due_ms));
    json_object_set_new(object, "visits", json_integer(origin->visits));
    json_object_set_new(object, "scanned_at",
                        json_value_time(origin->scanned ? origin->scanned_ms : 0));
    json_object_set_new(object, "status",
                        origin->scanned ? json_string(status_name(origin->status)) : json_null());
    if (!origin->scanned || !facts->any)
        facts = &unknown;
    json_object_set_new(object, "verdict", json_value_text_or_null(verdict_name(facts->verdict)));
    json_object_set_new(object, "tls_version",
                        json_value_text_or_null(tls_version_name(facts->tls_version)));
    json_object_set_new(object, "preferred_group", json_value_group(facts->preferred_group));
    json_object_set_new(object, "group_order", json_value_text_or_null(order_name(facts->order)));
    json_object_set_new(object, "groups", make_groups(facts));
    json_object_set_new(object, "modes", make_modes(facts));
    return object;
}
