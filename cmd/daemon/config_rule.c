/* Thresholds of the decision rule in the configuration. */
#include "cmd/daemon/config_rule.h"

#include <confuse.h>

#include <assert.h>
#include <string.h>

#define RULE_KEYS_MAX 64

static bool was_set[RULE_KEYS_MAX]; /* in the text that is being read */

void config_rule_begin(void) {
    memset(was_set, 0, sizeof was_set);
}

/* Yes and no lie outside the section: `blind_ramp`. */
static bool is_inside(const struct rule_key *key) {
    return key->kind != RULE_KEY_BOOL;
}

static const struct rule_key *key_inside(const char *name) {
    size_t n;
    const struct rule_key *keys = rule_params_keys(&n);
    for (size_t i = 0; i < n; i++)
        if (is_inside(&keys[i]) && strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

const struct rule_key *config_rule_key(const char *name) {
    return strncmp(name, "rule.", 5) == 0 ? key_inside(name + 5) : NULL;
}

static double value_of(cfg_opt_t *opt, const struct rule_key *key) {
    return key->kind == RULE_KEY_WHOLE ? (double)cfg_opt_getnint(opt, 0)
                                       : cfg_opt_getnfloat(opt, 0);
}

static int check_threshold(cfg_t *cfg, cfg_opt_t *opt) {
    const struct rule_key *key = key_inside(cfg_opt_name(opt));
    struct rule_params scratch = {0};
    struct err err;
    size_t n;
    bool *before = &was_set[key - rule_params_keys(&n)];
    if (*before) {
        cfg_error(cfg, "%s is set twice", key->name);
        return -1;
    }
    *before = true;
    if (rule_params_set(&scratch, key, value_of(opt, key), &err))
        return 0;
    cfg_error(cfg, "%s", err.text);
    return -1;
}

void config_rule_declare(cfg_opt_t *place) {
    static cfg_opt_t opts[RULE_KEYS_MAX + 1];
    size_t n, made = 0;
    const struct rule_key *keys = rule_params_keys(&n);
    assert(n <= RULE_KEYS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (!is_inside(&keys[i]))
            continue;
        const cfg_opt_t count = CFG_INT((char *)keys[i].name, 0, CFGF_NODEFAULT);
        const cfg_opt_t rate = CFG_FLOAT((char *)keys[i].name, 0, CFGF_NODEFAULT);
        opts[made] = keys[i].kind == RULE_KEY_WHOLE ? count : rate;
        opts[made++].validcb = check_threshold;
    }
    opts[made] = (cfg_opt_t)CFG_END();
    *place = (cfg_opt_t)CFG_SEC("rule", opts, CFGF_NONE);
}

bool config_rule_read(const cfg_t *cfg, struct rule_params *params, const char *place,
                      struct err *err) {
    struct err why;
    size_t n;
    const struct rule_key *keys = rule_params_keys(&n);
    cfg_t *section = cfg_getsec((cfg_t *)cfg, "rule");
    for (size_t i = 0; section && i < n; i++) {
        cfg_opt_t *opt = is_inside(&keys[i]) ? cfg_getopt(section, keys[i].name) : NULL;
        if (opt && cfg_opt_size(opt) > 0)
            rule_params_set(params, &keys[i], value_of(opt, &keys[i]), NULL);
    }
    return rule_params_check(params, &why) || err_set(err, "%s: rule: %s", place, why.text);
}

void config_rule_dump(const struct rule_params *params, FILE *to) {
    size_t n;
    const struct rule_key *keys = rule_params_keys(&n);
    fputs("# thresholds of the decision rule; reloadable\nrule {\n", to);
    for (size_t i = 0; i < n; i++) {
        const struct rule_key *key = &keys[i];
        if (!is_inside(key))
            continue;
        double number = params->profile == PROFILE_FAST ? key->fast : key->careful;
        fprintf(to, "    # %s; %.15g to %.15g, default %.15g\n    %s = %.15g\n\n", key->help,
                key->min, key->max, number, key->name, rule_params_get(params, key));
    }
    fputs("}\n", to);
}
