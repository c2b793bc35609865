/* Fails the running test where two scans or two judgements differ in a member that is stored. */
#pragma once

#include "scanner/judge/verdict.h"
#include "scanner/visit/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Values have padding, so they are compared member by member. */
static inline void assert_probes_equal(const struct probe_result *a, const struct probe_result *b) {
#define SAME(member) assert_int_equal(a->member, b->member)
#define SAME_BYTES(member) assert_memory_equal(a->member, b->member, sizeof a->member)
    SAME(probe), SAME(outcome), SAME(stage), SAME(group), SAME(retry), SAME(retry_group);
    SAME(alert), SAME(own_alert), SAME(tls_version), SAME(cipher), SAME(hello_bytes);
    SAME(hello2_bytes), SAME(segments), SAME(segments2), SAME(parameter), SAME(bytes_in),
        SAME(first_bytes_n);
    SAME_BYTES(first_bytes), SAME(attempts), SAME(flapped), SAME(first_outcome);
    SAME(first_stage), SAME(shape_changed), SAME(has_leaf), SAME_BYTES(leaf_sha256);
    SAME(certificate_requested), SAME(no_key_exchange), SAME(server_groups_n);
    SAME_BYTES(server_groups), SAME(hrr.count), SAME(hrr.group), SAME(hrr.cipher);
    SAME(hrr.cookie_bytes), SAME(hrr.session_id_echoed), SAME(hrr.group_offered);
    SAME(tcp.unacked), SAME(tcp.retransmissions), SAME(tcp.mss), SAME(tcp.rtt_us);
    SAME(sys_errno), SAME(connect_us), SAME(duration_us), SAME_BYTES(detail);
    SAME(in_pieces), SAME(no_alpn), SAME(alpn_answer_refused), SAME(ticket), SAME(resumed);
    SAME(leaf_curve), SAME(late);
}

static inline void assert_scans_equal(const struct scan *a, const struct scan *b) {
    SAME(plan), SAME(hybrid), SAME(duration_ms), SAME(status), SAME(probes_n);
    assert_string_equal(a->address, b->address);
    for (unsigned i = 0; i < a->probes_n; i++)
        assert_probes_equal(&a->probes[i], &b->probes[i]);
}

static inline void assert_judgements_equal(const struct judgement *a, const struct judgement *b) {
    SAME(status), SAME(verdict), SAME(verdicts), SAME(tls_version), SAME(order);
    SAME(preferred_group), SAME(server_groups_n), SAME(hrr_failure), SAME(split_client_hello);
    SAME(unknown_keyshare), SAME_BYTES(group_ids), SAME_BYTES(groups), SAME_BYTES(server_groups);
    for (unsigned i = 0; i < MODE_COUNT; i++)
        SAME(modes[i].works), SAME(modes[i].group), SAME(modes[i].retry), SAME(modes[i].tolerated),
            SAME(modes[i].resumes);
    SAME(others_n), SAME_BYTES(other_ids), SAME_BYTES(others), SAME(largest_first);
    SAME(largest_second), SAME(size_passed), SAME(size_failed), SAME(resumes), SAME(resumed_works);
    SAME(alpn_refused), SAME(alpn_alert), SAME(contradicts), SAME(dark_after_large);
}

#undef SAME
#undef SAME_BYTES
