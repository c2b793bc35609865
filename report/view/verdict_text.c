/* What each verdict means and what to do about it. */
#include "report/view/verdict_text.h"

#include <assert.h>

static const struct verdict_text texts[VERDICT_COUNT] = {
    [VERDICT_UNREACHABLE] = {"no TLS answer could be obtained from this origin",
                             "From this machine, check the name, the port and the firewall."},
    [VERDICT_BLOCKED] = {"the address policy does not allow connecting to it",
                         "Allow the address with --allow CIDR if it is yours to scan."},
    [VERDICT_NOT_TLS] = {"the server answers, but not with TLS",
                         "Check the port: the service behind it speaks another protocol."},
    [VERDICT_INTERRUPTED] = {"it stopped answering during the scan",
                             "The scan proves nothing. A firewall may have throttled the scanner: "
                             "scan again later, or let the firewall allow the scanner's address."},
    [VERDICT_UNSTABLE] =
        {"its answers within one visit contradict each other",
         "Look for one bad node in the pool, for nodes of different versions or configurations, or "
         "for a proxy rule that decides before the whole hello has arrived (HAProxy: tcp-request "
         "inspect-delay)."},
    [VERDICT_LARGE_HELLO_HANGS_TLS12] = {"a TLS 1.2 server that fails on a large hello",
                                         "Keep the hybrid off and upgrade the TLS library."},
    [VERDICT_VERSION_FALLBACK] = {"a large hello is answered as if it had not offered TLS 1.3",
                                  "Keep the hybrid off. The device in front reads only the first "
                                  "segment of the hello: upgrade it."},
    [VERDICT_UNKNOWN_GROUP] = {"it fails as soon as an unknown group is listed",
                               "Keep the hybrid off. Its parser must skip groups that it does not "
                               "know (RFC 8446 4.2.7): upgrade it."},
    [VERDICT_UNKNOWN_SHARE] = {"it fails on a key share of an unknown group",
                               "Send only classical shares. Its parser must skip key shares of "
                               "groups that it does not know (RFC 8446 4.2.8): upgrade it."},
    [VERDICT_SPLIT_HELLO] = {"it fails when the hello arrives in more than one piece",
                             "Look for a proxy or SNI router that reads only once: it must read "
                             "until the TLS record is complete."},
    [VERDICT_SIZE_LIMIT] = {"it fails when the hello exceeds a certain size, however it is sent",
                            "Enlarge the buffer for the first hello to at least 16 KiB."},
    [VERDICT_LARGE_DROP] = {"a large hello is acknowledged, but no answer comes back",
                            "An inspecting firewall discards hellos that span segments: upgrade it "
                            "or exempt this traffic."},
    [VERDICT_PATH_MTU] = {"large segments never arrive",
                          "A network fault, not a TLS fault: let ICMP \"packet too big\" through "
                          "or clamp the MSS on the path."},
    [VERDICT_LARGE_FIRST_ONLY] = {"a large first hello fails, but a large second one passes",
                                  "Use `supported`, not `preferred`. The usual cause is a firewall "
                                  "that inspects only the first packet of a connection."},
    [VERDICT_LARGE_SECOND_ONLY] =
        {"a large second hello fails, but a large first one passes",
         "Never use `supported` here: it leads straight into the failure. The server's buffer for "
         "the second hello is too small."},
    [VERDICT_RETRY_THEN_FAIL] =
        {"it asks for another key share and then fails on the second hello",
         "Send first the key share that it accepts without a retry, and upgrade its TLS stack."},
    [VERDICT_RETRY_MALFORMED] = {"its HelloRetryRequest violates the standard",
                                 "Keep the hybrid off and upgrade its TLS library (a known case: "
                                 "rustls before 0.21.7 and 0.20.9)."},
    [VERDICT_RETRY_WRONG_GROUP] =
        {"its HelloRetryRequest asks for a group that it must not ask for",
         "Keep the hybrid off and upgrade its TLS library."},
    [VERDICT_RETRY_LOOP] = {"it sends a second HelloRetryRequest",
                            "Keep the hybrid off and upgrade its TLS library."},
    [VERDICT_HYBRID_REFUSED] =
        {"it refuses the hybrid group itself: neither the hello's size nor unknown groups trouble "
         "it",
         "Keep the hybrid off. Look for a pinned group list or an accelerator's policy."},
    [VERDICT_HYBRID_UNUSABLE] =
        {"it has the hybrid, but no handshake with it finishes",
         "Keep the hybrid off. Look at the origin's ML-KEM code, or at a device on the way that "
         "alters the key share; buffers and hello sizes are not the cause."},
    [VERDICT_RESUMPTION_FAILS] = {"a connection that resumes a session fails, although the same "
                                  "hello without a ticket works",
                                  "Switch session reuse off towards this origin (nginx: "
                                  "proxy_ssl_session_reuse off; HAProxy: "
                                  "no-ssl-reuse on the server line), and upgrade its TLS library."},
    [VERDICT_WRONG_BACKEND] = {"a large hello is routed to a different backend than a small one",
                               "Send classical shares first. The SNI router has to buffer the "
                               "whole hello before it decides."},
    [VERDICT_RECORD_SPLIT] = {"it fails on a hello that is split over two TLS records",
                              "This does not affect the setting, but is worth an upgrade."},
    [VERDICT_LENGTH_QUIRK] = {"only hellos of certain lengths fail",
                              "Not the hybrid's fault: an old device mishandles these lengths."},
    [VERDICT_CLIENT_CERTIFICATE] =
        {"it asks for a client certificate",
         "The groups are as measured, but the scanner has no certificate to send: check with one "
         "that connections are accepted."},
    [VERDICT_HANDSHAKE_REFUSED] =
        {"every handshake ends in the same alert, whatever the group",
         "Check the SNI name, and after alert 70 whether it speaks TLS 1.2 or 1.3 at all. If both "
         "are right, the origin may have only certificates of algorithms "
         "that the scanner does not offer: ML-DSA (--plan full asks), Ed25519 or, in TLS 1.3, "
         "ECDSA with P-521."},
    [VERDICT_NEVER_FINISHES] =
        {"it sends ServerHellos, but no handshake ever completes",
         "Nothing is recommended. Check the origin with openssl s_client: its key, its certificate "
         "or its TLS stack is broken."},
    [VERDICT_TLS12_ONLY] = {"it speaks TLS 1.2 at most, which has no hybrid key agreement",
                            "Enable TLS 1.3."},
    [VERDICT_READY] =
        {"the hybrid is negotiated in one round trip",
         "Nothing to fix: the hybrid key share can be sent in the first ClientHello."},
    [VERDICT_READY_AFTER_RETRY] =
        {"the hybrid is negotiated after a retry",
         "List the hybrid among the groups, and find out why it takes a retry."},
    [VERDICT_HYBRID_NOT_CHOSEN] =
        {"it supports the hybrid, but picks a classical group whenever it can",
         "Put the hybrid first in the origin's group list."},
    [VERDICT_OTHER_HYBRID] =
        {"it supports another post-quantum group, not the configured hybrid",
         "Configure one of its post-quantum groups as the hybrid, or add X25519MLKEM768 to the "
         "origin's group list."},
    [VERDICT_DRAFT_ONLY] = {"it supports only the outdated draft X25519Kyber768Draft00",
                            "Upgrade its TLS library: browsers and proxies no longer send the "
                            "draft; X25519MLKEM768 has replaced it."},
    [VERDICT_CLASSICAL] = {"it speaks TLS 1.3 with classical groups only",
                           "Add X25519MLKEM768 to the origin's group list. If its TLS library does "
                           "not have the group, upgrade it first (OpenSSL 3.5, Go 1.24, rustls "
                           "0.23.27 and BoringSSL have it)."},
    [VERDICT_HYBRID_ONLY_IF_FIRST] =
        {"the hybrid is used only if its key share comes first",
         "Use `preferred`: with `supported` connections stay classical. The usual cause is a "
         "flat group list: put the hybrid in a tuple of its own, or remove the list."},
};

const struct verdict_text *verdict_text(enum verdict verdict) {
    assert(verdict < VERDICT_COUNT);
    return &texts[verdict];
}
