/* HelloRetryRequests (RFC 8446 4.1.4): what one said, and what is wrong with it. Pure. */
#pragma once

#include "scanner/hello/server_hello.h"

/* A HelloRetryRequest as it was seen. */
struct hrr {
    uint8_t count;          /* how many were seen: 2 is against the standard; 0 if none came */
    uint16_t group;         /* selected_group, GROUP_NONE if the extension was missing */
    uint16_t cipher;        /* cipher_suite */
    uint16_t cookie_bytes;  /* length of the cookie, 0 if none */
    bool session_id_echoed; /* legacy_session_id_echo equals what CH1 sent */
    bool group_offered;     /* selected_group was among our supported_groups */
};

/* Notes one more, after a hello that offered these groups. What the first one said is kept: a second one breaks the
 * standard, and what it names is no answer. */
void hrr_add(struct hrr *hrr, const struct server_hello *hello, const uint16_t *groups,
             size_t groups_n);

/* What a client may not accept. Other faults, such as a cipher that was not offered, are left to
 * the library. */
enum hrr_fault {
    HRR_SOUND,
    HRR_SECOND,            /* 4.1.4: only one in a handshake */
    HRR_NO_SESSION_ID,     /* 4.1.3: the echo of legacy_session_id */
    HRR_EMPTY,             /* 4.1.4: it would change nothing in the hello */
    HRR_GROUP_NOT_OFFERED, /* 4.2.8: selected_group has to be among supported_groups */
    HRR_GROUP_SHARED,      /* 4.2.8: and have no share yet */
};

/* The first of these faults, after a hello with shares for these groups. Needs only what is kept of
 * a probe, so that stored ones can be asked again. */
enum hrr_fault hrr_fault(const struct hrr *hrr, const uint16_t *shares, size_t shares_n);

/* The fault for a person, NULL for HRR_SOUND. Static; nothing may depend on its wording. */
const char *hrr_fault_text(enum hrr_fault fault);
