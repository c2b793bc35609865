/* The section `rule { … }` of the configuration: every threshold of the decision rule, by the keys
 * of report/rule/rule_params.h. */
#pragma once

#include "cmd/daemon/config.h"

struct cfg_t;
struct cfg_opt_t;

/* Declares the section to libconfuse. `place` is the option to be filled in; what it points to
 * stays in memory. */
void config_rule_declare(struct cfg_opt_t *place);

/* To be called before each text is read: a key that one text sets twice is an error. */
void config_rule_begin(void);

/* The key of that name but for "rule." before it, or NULL. */
const struct rule_key *config_rule_key(const char *name);

/* The defaults of the profile, the section's values over them, and the keys that lie outside of it;
 * `config` has its texts already. False with `err` if they contradict each other. */
bool config_rule_take(const struct cfg_t *cfg, struct config *config, const char *place,
                      struct err *err);

/* Prints the section as a file has it. */
void config_rule_dump(const struct config *config, FILE *to);
