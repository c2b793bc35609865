/* HelloRetryRequests: what one said, and what is wrong with it. */
#include "scanner/hello/hrr.h"

#include "scanner/words/words.h"

void hrr_add(struct hrr *hrr, const struct server_hello *hello, const uint16_t *groups,
             size_t groups_n) {
    if (hrr->count++ > 0)
        return;
    *hrr = (struct hrr){
        .count = 1,
        .group = hello->group,
        .cipher = hello->cipher,
        .cookie_bytes = hello->cookie_bytes,
        .session_id_echoed = hello->session_id_echoed,
        .group_offered = group_is_among(groups, groups_n, hello->group),
    };
}

enum hrr_fault hrr_fault(const struct hrr *hrr, const uint16_t *shares, size_t shares_n) {
    if (hrr->count > 1)
        return HRR_SECOND;
    if (!hrr->session_id_echoed)
        return HRR_NO_SESSION_ID;
    if (hrr->group == GROUP_NONE)
        return hrr->cookie_bytes == 0 ? HRR_EMPTY : HRR_SOUND;
    if (!hrr->group_offered)
        return HRR_GROUP_NOT_OFFERED;
    return group_is_among(shares, shares_n, hrr->group) ? HRR_GROUP_SHARED : HRR_SOUND;
}

const char *hrr_fault_text(enum hrr_fault fault) {
    switch (fault) {
    case HRR_SOUND:
        return NULL;
    case HRR_SECOND:
        return "second HelloRetryRequest";
    case HRR_NO_SESSION_ID:
        return "HelloRetryRequest without our session id";
    case HRR_EMPTY:
        return "HelloRetryRequest that asks for nothing";
    case HRR_GROUP_NOT_OFFERED:
        return "HelloRetryRequest for a group not offered";
    case HRR_GROUP_SHARED:
        return "HelloRetryRequest for a group already shared";
    }
    return NULL;
}
