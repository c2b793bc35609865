/* What one scan means: which group and which probe stand behind each part. */
#include "scanner/judge/judgement.h"

#include <assert.h>

uint16_t judgement_group(enum judged_group which, uint16_t hybrid) {
    switch (which) {
    case JUDGED_X25519:
        return GROUP_X25519;
    case JUDGED_P256:
        return GROUP_P256;
    case JUDGED_P384:
        return GROUP_P384;
    case JUDGED_P521:
        return GROUP_P521;
    case JUDGED_HYBRID:
        return hybrid;
    case JUDGED_DRAFT:
        return GROUP_X25519KYBER768DRAFT00;
    }
    assert(false && "a judged group");
    return GROUP_NONE;
}

enum probe_id judgement_mode_probe(enum mode mode) {
    switch (mode) {
    case MODE_OFF:
        return PROBE_CLASSICAL;
    case MODE_SUPPORTED:
        return PROBE_SUPPORTED;
    case MODE_PREFERRED:
        return PROBE_PREFERRED;
    case MODE_PREFERRED_DUAL:
        return PROBE_PREFERRED_DUAL;
    case MODE_COUNT:
        break;
    }
    assert(false && "a mode");
    return PROBE_CLASSICAL;
}
