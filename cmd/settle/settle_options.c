/* Keeping the rule's parameters in the database. */
#include "cmd/settle/settle_options.h"

#include "scanner/base/array.h"
#include "scanner/words/words.h"
#include "store/store_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void settle_options_init(struct settle_options *options, enum rule_profile profile) {
    memset(options, 0, sizeof *options);
    rule_params_init(&options->params, profile);
}

bool settle_options_equal(const struct settle_options *a, const struct settle_options *b) {
    return rule_params_equal(&a->params, &b->params) && a->compliance == b->compliance &&
           a->shadow == b->shadow && a->quick == b->quick;
}

static const struct rule_key *find_threshold(const char *name) {
    size_t n;
    const struct rule_key *keys = rule_params_keys(&n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

static bool take_profile(void *arg, const char *name, const char *value) {
    struct settle_options *options = arg;
    enum rule_profile profile;
    if (strcmp(name, "profile") == 0 && rule_params_profile_parse(value, &profile))
        rule_params_init(&options->params, profile);
    return true;
}

/* Values of another version of this program that mean nothing any more are passed over. */
static bool take_option(void *arg, const char *name, const char *value) {
    struct settle_options *options = arg;
    const struct rule_key *key = find_threshold(name);
    if (key)
        rule_params_set(&options->params, key, strtod(value, NULL), NULL);
    else if (strcmp(name, "compliance") == 0)
        compliance_parse(value, &options->compliance);
    else if (strcmp(name, "shadow") == 0)
        options->shadow = strcmp(value, "yes") == 0;
    else if (strcmp(name, "quick") == 0)
        options->quick = strcmp(value, "yes") == 0;
    else if (strcmp(name, "hybrid") == 0 && group_parse(value) != GROUP_NONE)
        options->params.hybrid = group_parse(value);
    return true;
}

enum store_result settle_options_load(struct settle_options *options, struct store *store,
                                      struct err *err) {
    settle_options_init(options, PROFILE_CAREFUL);
    enum store_result result = store_rule_values(store, take_profile, options, err);
    return result == STORE_OK ? store_rule_values(store, take_option, options, err) : result;
}

static enum store_result write_all_options(const struct settle_options *options,
                                           struct store *store, struct err *err) {
    size_t n;
    const struct rule_key *keys = rule_params_keys(&n);
    char text[GROUP_NAME_SIZE];
    const char *const named[][2] = {
        {"profile", rule_params_profile_name(options->params.profile)},
        {"compliance", compliance_name(options->compliance)},
        {"shadow", options->shadow ? "yes" : "no"},
        {"quick", options->quick ? "yes" : "no"},
        {"hybrid", group_name(options->params.hybrid, text)},
    };
    enum store_result result = STORE_OK;
    for (size_t i = 0; i < COUNT_OF(named) && result == STORE_OK; i++)
        result = store_rule_value_put(store, named[i][0], named[i][1], err);
    for (size_t i = 0; i < n && result == STORE_OK; i++) {
        char number[32];
        snprintf(number, sizeof number, "%.17g", rule_params_get(&options->params, &keys[i]));
        result = store_rule_value_put(store, keys[i].name, number, err);
    }
    return result;
}

struct saving {
    const struct settle_options *options;
    struct store *store;
};

static enum store_result replace_options(void *arg, struct err *err) {
    struct saving *saving = arg;
    struct settle_options before;
    enum store_result result = settle_options_load(&before, saving->store, err);
    if (result == STORE_OK)
        result = write_all_options(saving->options, saving->store, err);
    if (result == STORE_OK && !settle_options_equal(&before, saving->options))
        result = store_zone_touch(saving->store, 0, err);
    return result;
}

enum store_result settle_options_save(const struct settle_options *options, struct store *store,
                                      struct err *err) {
    struct saving saving = {options, store};
    return store_transaction(store, replace_options, &saving, err);
}
