/* THE TABLE of explanations. */
#include "report/view/explain_text.h"

#include <assert.h>

#define P(name) EXPLAIN_PROBE(PROBE_##name)

static const struct explain_text texts[VERDICT_COUNT] = {
    [VERDICT_UNREACHABLE] = {.cited = {P(CLASSICAL), P(CLOSING)},
                             .so = "no probe got an answer that tells what is there."},
    [VERDICT_BLOCKED] =
        {.so = "the scanner does not connect to addresses of this block unless they are allowed."},
    [VERDICT_NOT_TLS] =
        {.cited = {P(CLASSICAL)},
         .so = "the answer does not begin like a TLS record, or it violates TLS in every probe."},
    [VERDICT_INTERRUPTED] =
        {.cited = {P(CLASSICAL), P(CLOSING)},
         .so = "the opening control and the closing one ask for nearly the same thing; only the "
               "closing one failed, so what happened in between proves nothing.",
         .where = "A firewall or a rate limit on the path that counts connections from one source "
                  "(sslscan issue 316 is an example), or an outage at that moment."},
    [VERDICT_UNSTABLE] =
        {.cited = {P(CLASSICAL), P(SUPPORTED), P(PREFERRED), P(PREFERRED_DUAL), P(ONLY_HYBRID)},
         .others = EXPLAIN_FLAPPED,
         .so = "no single sound server gives both answers: the same hello was answered in two "
               "ways, or what one hello was granted another one was refused.",
         .where = "Pools with one bad node or half upgraded, with or without sticky sessions; "
                  "HAProxy with a content rule but without inspect-delay (issue "
                  "3148), which decides on whatever has arrived by then."},
    [VERDICT_LARGE_HELLO_HANGS_TLS12] =
        {.cited = {P(CLASSICAL), P(PREFERRED)},
         .so = "a server without TLS 1.3 need not know the hybrid, but it has to read a hello of "
               "any size, and this one does not.",
         .where = "TLS 1.2 servers on certain OpenSSL releases (issues 27557 and 27601): upgrade "
                  "the library, or the device that terminates TLS in front of it."},
    [VERDICT_VERSION_FALLBACK] = {.cited = {P(CLASSICAL), P(PREFERRED)},
                                  .so = "the small hello got TLS 1.3 and the large one did not: "
                                        "supported_versions is in the part that was not read.",
                                  .where = "Seen with F5 BIG-IP (ssllabs-scan issue 1009): upgrade "
                                           "the device or the profile that handles ClientHellos."},
    [VERDICT_UNKNOWN_GROUP] =
        {.cited = {P(CLASSICAL), P(SUPPORTED), P(UNKNOWN_GROUP)},
         .so = "one unknown number in the list of groups is enough, even in a small hello and "
               "without a key share for it.",
         .where = "Old TLS stacks, accelerators and hand-written ClientHello parsers. Servers must "
                  "ignore groups that they do not know (RFC 8446 4.2.7)."},
    [VERDICT_UNKNOWN_SHARE] =
        {.cited = {P(LARGE_CLASSICAL), P(UNKNOWN_GROUP), P(UNKNOWN_SHARE)},
         .so = "an unknown group may be listed, and a hello may be that large; what fails is a key "
               "share of an unknown group, even a short one.",
         .where = "Fortinet's flow-based inspection, and stacks that treat an unknown key share as "
                  "an error: unknown shares must be skipped (RFC 8446 4.2.8)."},
    [VERDICT_SPLIT_HELLO] =
        {.cited = {P(CLASSICAL), P(PREFERRED), P(PREFERRED_DUAL), P(SPLIT), P(DUAL_SMALL)},
         .so =
             "a hello passes in one piece and fails in two: a middlebox reads once and treats that "
             "as the whole hello.",
         .where =
             "SNI routers and proxies that look only at the first packet (sslsplit issue 342; "
             "Vercel's edge until 2023): they must keep reading until the record is complete."},
    [VERDICT_SIZE_LIMIT] =
        {.cited = {P(PREFERRED), P(PREFERRED_DUAL), P(SPLIT), P(LARGE_CLASSICAL), P(SIZE)},
         .bracket = true,
         .so =
             "two segments do no harm, and the large hello that failed contains only classical "
             "groups and padding: the cause is the size, not the fragmentation and not the hybrid.",
         .where = "Fixed buffers for the hello: about 1,000 B (met by Cloudflare in 2023), 1,024 B "
                  "(sslsplit), 8 KB (caddy-l4 issue 346), limits of Envoy's TLS inspector."},
    [VERDICT_LARGE_DROP] = {.cited = {P(PREFERRED), P(SPLIT), P(LARGE_CLASSICAL)},
                            .bracket = true,
                            .so = "the peer's kernel acknowledged the large hellos to the last "
                                  "byte, but no answer came: something behind it discards them.",
                            .where =
                                "Inspecting firewalls: Palo Alto (go issue 70047), AWS Network "
                                "Firewall with Suricata 6; also cloud-sql-proxy (issue 2296)."},
    [VERDICT_PATH_MTU] =
        {.cited = {P(PREFERRED), P(LARGE_CLASSICAL), P(SMALL_MSS)},
         .so = "large segments, of the hello or of the answer to it, never arrive; in segments of "
               "1,200 B both do. They are lost on the path without any error message.",
         .where =
             "A tunnel or link with a smaller MTU behind a filter that drops ICMP \"fragmentation "
             "needed\" (start-technologies issue 3262): let it through, or clamp the MSS there."},
    [VERDICT_LARGE_FIRST_ONLY] =
        {.cited = {P(SUPPORTED), P(PREFERRED)},
         .so = "the hybrid key share passes in a second hello and fails in a first one.",
         .where = "Firewalls that look only at the first packet of a connection (tldr.fail issue "
                  "23, amazon-vpc-cni-k8s issue 3311)."},
    [VERDICT_LARGE_SECOND_ONLY] = {.cited = {P(SUPPORTED), P(PREFERRED)},
                                   .so = "the hybrid key share passes in a first hello and fails "
                                         "in a second one, after the origin has asked for it.",
                                   .where =
                                       "The server's own TLS stack or accelerator: its buffer for "
                                       "the second hello is smaller than the one for the first."},
    [VERDICT_RETRY_THEN_FAIL] =
        {.others = EXPLAIN_RETRY_FAULTS,
         .so = "the HelloRetryRequest is valid, the second hello repeats the first with the key "
               "share that was asked for, and that is where the handshake fails.",
         .where = "Most of the failures that Cloudflare saw in 2023, on shared hosting; HAProxy "
                  "(error 336170007); s2n-tls before pull request 1575."},
    [VERDICT_RETRY_MALFORMED] =
        {.others = EXPLAIN_RETRY_FAULTS,
         .so = "a client must abort the handshake on such a HelloRetryRequest (RFC 8446 4.1.4).",
         .where = "rustls before 0.21.7 and 0.20.9 (issue 1373) did not echo the session id."},
    [VERDICT_RETRY_WRONG_GROUP] = {.others = EXPLAIN_RETRY_FAULTS,
                                   .so = "a HelloRetryRequest may ask only for a group that was "
                                         "listed and came without a key share (RFC 8446 4.2.8).",
                                   .where = "OpenSSL issue 21157, go issue 65686."},
    [VERDICT_RETRY_LOOP] =
        {.others = EXPLAIN_RETRY_FAULTS,
         .so = "a second HelloRetryRequest in one handshake is forbidden (RFC 8446 4.1.4).",
         .where = "The server's TLS stack: nothing else sends a HelloRetryRequest."},
    [VERDICT_HYBRID_REFUSED] =
        {.cited = {P(PREFERRED), P(LARGE_CLASSICAL), P(UNKNOWN_SHARE)},
         .so = "a hello of that size passes, and so does a key share of an unassigned group: it is "
               "the hybrid group itself that is refused.",
         .where = "Pinned group lists, and TLS accelerators or policies that know the group and "
                  "forbid it."},
    [VERDICT_HYBRID_UNUSABLE] =
        {.cited = {P(SUPPORTED), P(PREFERRED), P(ONLY_HYBRID)},
         .so = "the origin names the hybrid, size and pieces are no obstacle, and every handshake "
               "with the hybrid ends before it is finished.",
         .where = "Broken ML-KEM code in the origin's library, and filters that alter or drop "
                  "connections with this key share (bitcart-docker issue 50)."},
    [VERDICT_RESUMPTION_FAILS] =
        {.cited = {P(SUPPORTED), P(RESUMED), P(RESUMED_PREFERRED), P(RESUMED_CLASSICAL)},
         .so = "the only difference between the hello that works and the one that fails is the "
               "session ticket.",
         .where =
             "TLS stacks that mishandle a pre-shared key, above all after a retry (h2o/picotls "
             "issue 124, utls issue 389)."},
    [VERDICT_WRONG_BACKEND] =
        {.cited = {P(CLASSICAL), P(PREFERRED)},
         .so = "both finished, but with different certificates: the large hello was routed by its "
               "first segment, which does not contain the name.",
         .where = "SNI routing in ingress-nginx (issue 11424) and Traffic Server (issue 11758)."},
    [VERDICT_RECORD_SPLIT] =
        {.cited = {P(CLASSICAL), P(SPLIT), P(RECORD_SPLIT)},
         .so = "two segments pass and two TLS records do not. No proxy sends such hellos today.",
         .where = "Traefik before pull request 12787."},
    [VERDICT_LENGTH_QUIRK] =
        {.others = EXPLAIN_SIZED,
         .so = "a longer hello passes where a shorter one fails: certain lengths fail, whatever "
               "the hello contains.",
         .where = "Devices that fail when the message length modulo 256 is 10 (testssl.sh pull "
                  "request 1113); old F5 devices between 256 and 511 B (RFC 7685)."},
    [VERDICT_CLIENT_CERTIFICATE] = {.others = EXPLAIN_ASKED,
                                    .so =
                                        "it asks for a client certificate, but only after the key "
                                        "agreement: the groups and modes are valid as measured."},
    [VERDICT_HANDSHAKE_REFUSED] =
        {.cited = {P(CLASSICAL), P(ONLY_HYBRID), P(CHOOSE), P(CLOSING)},
         .so = "it speaks TLS and names groups, but refuses to finish a handshake on any of them: "
               "it objects to the name, or to the certificate algorithms that the scanner accepts.",
         .where = "Servers that choose the certificate by name and have none for this name, or "
                  "that only have ML-DSA certificates (Botan and OpenSSL 3.5 behave this way)."},
    [VERDICT_NEVER_FINISHES] =
        {.cited = {P(CLASSICAL), P(PREFERRED), P(CLOSING)},
         .so =
             "the origin agrees on a group and sends a ServerHello, and then no handshake gets to "
             "its end, whatever the group.",
         .where = "Servers without the key of their certificate, and broken TLS stacks."},
    [VERDICT_TLS12_ONLY] = {.cited = {P(CLASSICAL)}, .so = "the hybrid exists in TLS 1.3 only."},
    [VERDICT_READY] = {.cited = {P(PREFERRED)}, .so = "one round trip, no retry."},
    [VERDICT_READY_AFTER_RETRY] =
        {.cited = {P(SUPPORTED), P(PREFERRED)},
         .so = "the hybrid is reached, at the cost of a HelloRetryRequest."},
    [VERDICT_HYBRID_NOT_CHOSEN] =
        {.cited = {P(PREFERRED), P(ONLY_HYBRID)},
         .so = "it supports the hybrid, but asks for a classical key share although it was sent "
               "the hybrid one.",
         .where = "Servers whose own order puts a classical group first: BoringSSL with server "
                  "preference, OpenSSL 3.5 with X25519 in an earlier tuple."},
    [VERDICT_OTHER_HYBRID] =
        {.cited = {P(ONLY_HYBRID), P(ONLY_OTHER)},
         .so = "asked for any post-quantum group, the origin names one that is not the configured "
               "hybrid.",
         .where = "Group lists of FIPS and CNSA policies (kubevirt-plugin issue 3773)."},
    [VERDICT_DRAFT_ONLY] = {.cited = {P(ONLY_HYBRID), P(ONLY_OTHER), P(ONLY_DRAFT)},
                            .so = "the draft of 2023 has a different group number and does not "
                                  "interoperate with the standardized hybrid."},
    [VERDICT_CLASSICAL] = {.cited = {P(CLASSICAL), P(ONLY_HYBRID), P(ONLY_OTHER)},
                           .so = "every post-quantum group was refused."},
    [VERDICT_HYBRID_ONLY_IF_FIRST] =
        {.cited = {P(SUPPORTED), P(PREFERRED)},
         .so = "a classical key share that was sent is used before the order of the groups is "
               "considered.",
         .where = "A group list without a `/` between the hybrid and the rest, in every release of "
                  "OpenSSL since 3.5. Only a list that contains DEFAULT is the fault of a release "
                  "(CVE-2026-2673: 3.5.0-3.5.5, 3.6.0-3.6.1)."},
};

const struct explain_text *explain_text(enum verdict verdict) {
    assert(verdict < VERDICT_COUNT);
    return &texts[verdict];
}

const struct explain_text *explain_text_alpn(void) {
    static const struct explain_text text = {
        .cited = {P(CLASSICAL), P(NO_ALPN)},
        .so = "it speaks TLS, and alert 120 says that it knows none of the application protocols "
              "(ALPN) that were offered.",
        .where =
            "Servers of one protocol that insist on its name (PostgreSQL, DNS over TLS, mail)."};
    return &text;
}

const struct explain_text *explain_text_starved(void) {
    static const struct explain_text text = {
        .so =
            "the scanner was too late to listen, again and again, so that the origin may have lost "
            "patience with it; what was seen proves nothing.",
        .where =
            "The processors of this machine: other programs that use them, or too many origins "
            "at a time."};
    return &text;
}

const struct explain_text *explain_text_retry(void) {
    static const struct explain_text text = {
        .cited = {P(SUPPORTED), P(PREFERRED)},
        .so = "the hybrid key share passes in a first hello; the second one, which the origin has "
              "asked for, is read and refused by an alert, so it is not too long for a buffer.",
        .where = "The server's own TLS stack: it mishandles the hello after its own "
                 "HelloRetryRequest."};
    return &text;
}

const struct explain_text *explain_text_behind_answer(void) {
    static const struct explain_text text = {
        .cited = {P(SUPPORTED), P(PREFERRED)},
        .so = "one of them finishes with the hybrid, and the other is answered by a ServerHello "
              "and breaks off behind it: its hello was read whole, so that its size is not the "
              "cause.",
        .where = "The server's own TLS stack, or a middlebox that closes the connection once it "
                 "has seen the ServerHello."};
    return &text;
}
