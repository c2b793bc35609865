/* Groups by what they consist of. */
#include "report/zone/compliance.h"

#include "scanner/base/array.h"
#include "scanner/words/words.h"

#include <stddef.h>
#include <string.h>

/* Groups of the IANA registry that the scanner itself has no constant for. */
enum {
    SECP256R1_MLKEM768 = 4587,
    SECP384R1_MLKEM1024 = 4589,
    CURVESM2_MLKEM768 = 4590,
};

struct constituents {
    uint16_t group;
    bool hybrid;   /* a classical and a post-quantum part */
    bool approved; /* at least one part is approved by FIPS 140 */
};

/* Anything that is not listed complies with no filter. */
static const struct constituents table[] = {
    {.group = GROUP_P256, .approved = true},
    {.group = GROUP_P384, .approved = true},
    {.group = GROUP_P521, .approved = true},
    {.group = GROUP_X25519},
    {.group = SECP256R1_MLKEM768, .hybrid = true, .approved = true},
    {.group = GROUP_X25519MLKEM768, .hybrid = true, .approved = true},
    {.group = SECP384R1_MLKEM1024, .hybrid = true, .approved = true},
    {.group = CURVESM2_MLKEM768, .hybrid = true, .approved = true},
    {.group = GROUP_X25519KYBER768DRAFT00, .hybrid = true},
};

static const char *const names[] = {
    [COMPLIANCE_NONE] = "none",
    [COMPLIANCE_PQH] = "pqh",
    [COMPLIANCE_FIPS] = "fips",
    [COMPLIANCE_PQH_FIPS] = "pqh+fips",
};

const char *compliance_name(enum compliance compliance) {
    return names[compliance];
}

bool compliance_parse(const char *name, enum compliance *out) {
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum compliance)i;
            return true;
        }
    }
    if (strcmp(name, "fips+pqh") != 0)
        return false;
    *out = COMPLIANCE_PQH_FIPS;
    return true;
}

static struct constituents find_constituents(uint16_t group) {
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        if (table[i].group == group)
            return table[i];
    }
    return (struct constituents){.group = group};
}

bool compliance_allows(enum compliance compliance, uint16_t group) {
    struct constituents of = find_constituents(group);
    switch (compliance) {
    case COMPLIANCE_NONE:
        return true;
    case COMPLIANCE_PQH:
        return of.hybrid;
    case COMPLIANCE_FIPS:
        return of.approved;
    case COMPLIANCE_PQH_FIPS:
        return of.hybrid && of.approved;
    }
    return false;
}

bool compliance_falls_back(enum compliance compliance) {
    return compliance_allows(compliance, GROUP_P256);
}

bool compliance_allows_level(enum compliance compliance, uint16_t hybrid, enum rule_level level) {
    if (level == LEVEL_NONE)
        return true;
    bool classical = compliance_falls_back(compliance);
    if (level == LEVEL_OFF)
        return classical;
    /* `supported` sends a classical share; `preferred` needs none. */
    return compliance_allows(compliance, hybrid) && (classical || level == LEVEL_PREFERRED);
}

bool compliance_check(enum compliance compliance, uint16_t hybrid, enum rule_level pin,
                      uint16_t first_share, struct err *err) {
    const char *filter = compliance_name(compliance);
    char spelt[GROUP_NAME_SIZE];
    if (!compliance_allows(compliance, hybrid))
        return err_set(err, "compliance %s excludes the configured hybrid %s", filter,
                       group_name(hybrid, spelt));
    if (!compliance_allows_level(compliance, hybrid, pin))
        return err_set(err, "compliance %s excludes the setting %s", filter, rule_level_name(pin));
    if (first_share == GROUP_NONE)
        return true;
    if (!compliance_allows(compliance, first_share))
        return err_set(err, "compliance %s excludes the first share %s", filter,
                       group_name(first_share, spelt));
    if (pin != LEVEL_NONE && (pin == LEVEL_PREFERRED) != (first_share == hybrid))
        return err_set(err, "the setting %s cannot be combined with the first share %s",
                       rule_level_name(pin), group_name(first_share, spelt));
    return true;
}
