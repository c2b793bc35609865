/* The names of the settings. */
#include "report/rule/rule_level.h"

#include "scanner/base/same_text.h"

#include <assert.h>
#include <stddef.h>

static const char *const level_names[LEVEL_COUNT] = {
    [LEVEL_NONE] = "none",
    [LEVEL_OFF] = "off",
    [LEVEL_SUPPORTED] = "supported",
    [LEVEL_PREFERRED] = "preferred",
};

const char *rule_level_name(enum rule_level level) {
    assert(level < LEVEL_COUNT);
    return level_names[level];
}

bool rule_level_parse(const char *name, enum rule_level *out) {
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (same_text(level_names[i], name)) {
            *out = (enum rule_level)i;
            return true;
        }
    }
    return false;
}
