/* The compliance filter of a zone: which groups may ever be advised. It goes before everything
 * else.
 *
 *   none      no limit
 *   pqh       the post-quantum hybrid only: no connection without it, so that no classical group is
 *             even listed. Leaves `preferred`, and no advice where that is not proven.
 *   fips      only key agreement that FIPS 140 can approve: P-256, P-384, P-521 (SP 800-56A), and
 *             hybrids with an approved part. SP 800-56C rev. 2 lets an approved shared secret be
 *             combined with any other, and ML-KEM is approved (FIPS 203), so X25519MLKEM768,
 *             SecP256r1MLKEM768 and SecP384r1MLKEM1024 are in. X25519 alone is out, and so is
 *             X25519Kyber768Draft00, neither part of which is approved.
 *   pqh+fips  both: the hybrids with an approved part. With the default hybrid that is
 *             X25519MLKEM768 alone.
 */
#pragma once

#include "report/rule/rule_level.h"
#include "scanner/base/err.h"

#include <stdint.h>

enum compliance { COMPLIANCE_NONE, COMPLIANCE_PQH, COMPLIANCE_FIPS, COMPLIANCE_PQH_FIPS };

/* "none", "pqh", "fips", "pqh+fips". */
const char *compliance_name(enum compliance compliance);

/* Also takes "fips+pqh". */
bool compliance_parse(const char *name, enum compliance *out);

/* Whether that group may be listed, or its share be sent. */
bool compliance_allows(enum compliance compliance, uint16_t group);

/* Whether any classical group may be listed. Where none may, each connection has to reach the hybrid. */
bool compliance_falls_back(enum compliance compliance);

/* Whether any hello of that setting can comply, given the configured hybrid. LEVEL_NONE, which
 * sends nothing, always does. */
bool compliance_allows_level(enum compliance compliance, uint16_t hybrid, enum rule_level level);

/* Refuses what cannot be: a filter that the configured hybrid makes empty, a pinned setting or a
 * pinned first share that the filter excludes, or a first share that its setting does not list.
 * `pin` is LEVEL_NONE and `first_share` GROUP_NONE where nothing is pinned. */
bool compliance_check(enum compliance compliance, uint16_t hybrid, enum rule_level pin,
                      uint16_t first_share, struct err *err);
