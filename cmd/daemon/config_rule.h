/* The section `rule { … }` of the configuration: every threshold of the decision rule, by the keys
 * of report/rule/rule_params.h. */
#pragma once

#include "report/rule/rule_params.h"

#include <stdio.h>

struct cfg_t;
struct cfg_opt_t;

/* Declares the section to libconfuse. `place` is the option to be filled in; what it points to
 * stays in memory. */
void config_rule_declare(struct cfg_opt_t *place);

/* To be called before each text is read: a key that one text sets twice is an error. */
void config_rule_begin(void);

/* The key of that name but for "rule." before it, or NULL. */
const struct rule_key *config_rule_key(const char *name);

/* Reads the section's values into `params`, where they stand over what is there: the defaults of a
 * profile. False with `err`, which begins with `place`, if they contradict each other. */
bool config_rule_read(const struct cfg_t *cfg, struct rule_params *params, const char *place,
                      struct err *err);

/* Prints the section as a file has it. */
void config_rule_dump(const struct rule_params *params, FILE *to);
