/* What each verdict means and what to do about it. */
#include "report/view/verdict_text.h"

#include <assert.h>

static const struct verdict_text texts[VERDICT_COUNT] = {
    [VERDICT_UNREACHABLE] = {"no TLS answer could be had from this origin",
                             "Check the name, the port and the firewall from this machine."},
    [VERDICT_BLOCKED] = {"the address policy forbids to dial it",
                         "Allow the address with --allow CIDR if it is yours to scan."},
    [VERDICT_NOT_TLS] = {"something answers, but not in TLS",
                         "Check the port: the service behind it speaks another protocol."},
    [VERDICT_INTERRUPTED] = {"it stopped answering us during the scan",
                             "Nothing is concluded. A firewall may have throttled the scanner: "
                             "scan again later or allow its address."},
    [VERDICT_UNSTABLE] =
        {"the same question got different answers within one visit",
         "Look for one bad node in the pool, or for a proxy rule that decides "
         "before the whole hello has arrived (HAProxy: tcp-request inspect-delay)."},
    [VERDICT_LARGE_HELLO_HANGS_TLS12] = {"a TLS 1.2 server that fails on a large hello",
                                         "Keep the hybrid off and upgrade the TLS library."},
    [VERDICT_VERSION_FALLBACK] = {"a large hello is answered as if it had not offered TLS 1.3",
                                  "Keep the hybrid off. The device in front reads only the first "
                                  "segment of the hello: upgrade it."},
    [VERDICT_UNKNOWN_GROUP] = {"it fails when an unknown group is merely listed",
                               "Keep the hybrid off. Its parser has to skip group numbers that it "
                               "does not know (RFC 8446 4.2.7): upgrade it."},
    [VERDICT_UNKNOWN_SHARE] = {"it fails on a key share of an unknown group",
                               "Send only classical shares. Its parser has to skip key shares that "
                               "it does not know (RFC 8446 4.2.8): upgrade it."},
    [VERDICT_SPLIT_HELLO] = {"it fails when the hello arrives in more than one piece",
                             "It must read until the TLS record is complete. Look for a proxy or "
                             "SNI router that peeks once."},
    [VERDICT_SIZE_LIMIT] = {"it fails above a certain hello size, however it is written",
                            "Enlarge the buffer for the first hello to 16 KiB at least."},
    [VERDICT_LARGE_DROP] = {"a large hello is acknowledged and then nothing comes back",
                            "An inspecting firewall discards hellos that span segments: upgrade "
                            "it or exempt this traffic."},
    [VERDICT_PATH_MTU] = {"large segments never arrive",
                          "A network fault, not TLS: let ICMP \"packet too big\" through or clamp "
                          "the MSS on the path."},
    [VERDICT_LARGE_FIRST_ONLY] = {"a large first hello fails, a large second one passes",
                                  "Use `supported`, exactly. A firewall that inspects only the "
                                  "first packet of a connection is the usual cause."},
    [VERDICT_LARGE_SECOND_ONLY] = {"a large second hello fails, a large first one passes",
                                   "Never use `supported` here: it leads into the failure. The "
                                   "server's buffer for the second hello is too small."},
    [VERDICT_RETRY_THEN_FAIL] = {"it asks for another share and then fails on the second hello",
                                 "Send first the share that it takes without a retry, and upgrade "
                                 "its TLS stack."},
    [VERDICT_RETRY_MALFORMED] = {"its HelloRetryRequest breaks the standard",
                                 "Keep the hybrid off and upgrade its TLS library (rustls before "
                                 "0.21.7 and 0.20.9 is known for it)."},
    [VERDICT_RETRY_WRONG_GROUP] = {"its HelloRetryRequest names a group it must not name",
                                   "Keep the hybrid off and upgrade its TLS library."},
    [VERDICT_RETRY_LOOP] = {"it sends a second HelloRetryRequest",
                            "Keep the hybrid off and upgrade its TLS library."},
    [VERDICT_HYBRID_REFUSED] = {"it refuses exactly the hybrid group, neither its size nor unknown "
                                "groups",
                                "Keep the hybrid off. Look for a pinned group list or an "
                                "accelerator's policy."},
    [VERDICT_WRONG_BACKEND] = {"a large hello is routed to another backend than a small one",
                               "Send classical shares first. The SNI router has to buffer the "
                               "whole hello before it decides."},
    [VERDICT_RECORD_SPLIT] = {"it fails on a hello in two TLS records",
                              "No effect on the setting, but worth an upgrade."},
    [VERDICT_LENGTH_QUIRK] = {"only hellos of certain lengths fail",
                              "Not the hybrid's fault: an old device misreads these lengths."},
    [VERDICT_CLIENT_CERTIFICATE] = {"it asks for a client certificate",
                                    "Nothing to mend: what was measured before that holds."},
    [VERDICT_HANDSHAKE_REFUSED] = {"every handshake ends in the same alert, whatever the group",
                                   "Check the SNI name. If it is right, the origin may have only "
                                   "certificates that we cannot verify (ML-DSA): try --plan full."},
    [VERDICT_TLS12_ONLY] = {"it speaks TLS 1.2 at most, which has no hybrid key agreement",
                            "Enable TLS 1.3."},
    [VERDICT_READY] = {"the hybrid is agreed on in one round trip",
                       "Nothing to mend: the hybrid's share can be sent at once."},
    [VERDICT_READY_AFTER_RETRY] = {"the hybrid is agreed on after a retry",
                                   "Advertise the hybrid; find out why it is not taken at once."},
    [VERDICT_HYBRID_NOT_CHOSEN] = {"it has the hybrid but picks a classical group whenever it can",
                                   "Put the hybrid first in the origin's group list."},
    [VERDICT_DRAFT_ONLY] = {"it has only the outdated draft X25519Kyber768Draft00",
                            "Upgrade its TLS library: the draft is no longer sent by browsers and "
                            "proxies; X25519MLKEM768 replaced it."},
    [VERDICT_CLASSICAL] = {"it speaks TLS 1.3 with classical groups only",
                           "Upgrade its TLS library to get X25519MLKEM768 (OpenSSL 3.5, Go 1.24, "
                           "rustls 0.23.27, BoringSSL)."},
    [VERDICT_HYBRID_ONLY_IF_FIRST] = {"the hybrid is used only if its share comes first",
                                      "Use `preferred`: with `supported` it stays classical. "
                                      "OpenSSL 3.5.0-3.5.5 and 3.6.0-3.6.1 are known for it."},
};

const struct verdict_text *verdict_text(enum verdict verdict) {
    assert(verdict < VERDICT_COUNT);
    return &texts[verdict];
}
