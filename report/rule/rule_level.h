/* What can be recommended, from careful to bold. Stored and exported by name. */
#pragma once

#include <stdbool.h>

/* From careful to bold; comparing with < means "more careful". NONE is "no advice yet" (or no
 * longer): whoever needs a setting all the same takes `off`. */
enum rule_level { LEVEL_NONE, LEVEL_OFF, LEVEL_SUPPORTED, LEVEL_PREFERRED, LEVEL_COUNT };

/* "none", "off", "supported", "preferred". */
const char *rule_level_name(enum rule_level level);
bool rule_level_parse(const char *name, enum rule_level *out);
