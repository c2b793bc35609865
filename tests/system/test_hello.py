"""The ClientHellos as they arrive: read by a server that only takes them, compared with the plan and with
what originscan says about them."""

import unittest

import peers
from client_hello import (ALPN, DRAFT, HYBRID, P256, P384, P521, SERVER_NAME, SIGNATURES, VERSIONS, X25519,
                          Hello, numbers)
from originscan import probe

CLASSICAL = [X25519, P256, P384, P521]
OTHER = [0x11eb, 0x11ed, 0x0202, 0x0201, 0x0200]  # SecP256r1MLKEM768, SecP384r1MLKEM1024, MLKEM1024, 768, 512

# The daily plan: supported_groups and key shares of each probe, in the order in which they are sent.
PLAN = {
    "classical": (CLASSICAL, [X25519]),
    "supported": ([HYBRID, *CLASSICAL], [X25519]),
    "preferred": ([HYBRID, *CLASSICAL], [HYBRID]),
    "preferred-dual": ([HYBRID, *CLASSICAL], [HYBRID, X25519]),
    "only-p256": ([P256], []),
    "only-p384": ([P384], []),
    "only-p521": ([P521], []),
    "only-hybrid": ([HYBRID], []),
    "only-other": ([DRAFT, *OTHER], []),
    "choose": ([P521, P384, P256, X25519, DRAFT, HYBRID], []),
    "closing": ([X25519], [X25519]),
}
QUICK = ["classical", "supported", "preferred", "preferred-dual", "closing"]
# Not of the shape that BoringSSL gives to the others; the first is as long as a proxy's longest.
BYTE_LEVEL = {"preferred-dual", "only-other", "choose"}
HELLO_MAX = 2048


class ClientHello(unittest.TestCase):
    def hellos(self, *options, name="a.example"):
        """One scan of a server that refuses everybody with an alert, and the hellos that it got."""
        got = []

        def refuse(connection):
            got.append(Hello(connection))
            connection.sendall(peers.ALERT_HANDSHAKE_FAILURE)

        with peers.Peer(refuse) as peer:
            origin = peer.at(name) if name else f"{peer.address}:{peer.port}"
            scan = probe(origin, *options)
        self.assertEqual(len(got), len(scan["probes"]))
        return scan, got

    def test_plan(self):
        scan, hellos = self.hellos()
        sent = {result["name"]: (hello.groups(), hello.shares())
                for result, hello in zip(scan["probes"], hellos) if result["name"] in PLAN}
        self.assertEqual(sent, PLAN)
        self.assertEqual(list(sent), list(PLAN))

    def test_only_groups_and_shares_differ(self):
        scan, hellos = self.hellos()
        by_name = {result["name"]: hello for result, hello in zip(scan["probes"], hellos)}
        first = hellos[0]
        for name in PLAN.keys() - BYTE_LEVEL:
            with self.subTest(name):
                self.assertEqual(by_name[name].alike(), first.alike())
        for name in BYTE_LEVEL:
            with self.subTest(name):
                for extension in (ALPN, SERVER_NAME):
                    self.assertEqual(by_name[name].extensions[extension], first.extensions[extension])
                self.assertEqual(numbers(by_name[name].extensions[VERSIONS][1:]), [0x0304, 0x0303])
        self.assertEqual(by_name["preferred-dual"].bytes, HELLO_MAX)
        self.assertEqual(first.extensions[ALPN][2:], b"\x02h2\x08http/1.1")
        self.assertEqual(numbers(first.extensions[VERSIONS][1:]), [0x0304, 0x0303])
        self.assertIn(SIGNATURES, first.extensions)

    def test_server_name(self):
        for name, options, expected in (("A.Example.", (), "a.example"), ("a.example", ("--sni", ""), None),
                                        ("a.example", ("--sni", "b.example"), "b.example"), ("", (), None),
                                        ("", ("--sni", "b.example"), "b.example")):
            with self.subTest(name=name, options=options):
                scan, hellos = self.hellos("--plan", "quick", *options, name=name)
                self.assertEqual({hello.server_name() for hello in hellos}, {expected})
                self.assertEqual(scan["origin"]["sni"], expected)

    def test_quick_plan(self):
        scan, hellos = self.hellos("--plan", "quick")
        self.assertEqual([result["name"] for result in scan["probes"]], QUICK)
        self.assertEqual([(hello.groups(), hello.shares()) for hello in hellos],
                         [PLAN[name] for name in QUICK])

    def check_segments(self, scan, hellos, segment_bytes):
        """What originscan says it sent is what came, and no segment was larger than it may be."""
        for result, hello in zip(scan["probes"], hellos):
            self.assertEqual(result["hello_bytes"], hello.bytes, result)
            self.assertEqual(result["segments"], hello.segments.with_data, result)
            self.assertLessEqual(hello.segments.largest, segment_bytes)
            self.assertEqual(hello.segments.with_data, -(-hello.bytes // (segment_bytes - 12)), result)

    def test_large_hellos_are_really_split(self):
        """Loopback's own segments would carry 40 KB. The kernel takes 12 bytes of a segment for the time
        stamp option (RFC 7323)."""
        scan, hellos = self.hellos()
        self.check_segments(scan, hellos, 1360)
        for result, hello in zip(scan["probes"], hellos):
            large = HYBRID in hello.shares()
            self.assertEqual(hello.segments.with_data, 2 if large else 1, result)

    def test_mss_option(self):
        scan, hellos = self.hellos("--mss", "536")
        self.check_segments(scan, hellos, 536)
        by_name = {result["name"]: hello.segments.with_data for result, hello in zip(scan["probes"], hellos)}
        self.assertEqual((by_name["preferred"], by_name["preferred-dual"]), (3, 4))

    def test_unclamped(self):
        """Without the clamp loopback splits nothing, and that is what is reported: two segments are two writes."""
        scan, _ = self.hellos("--mss", "0")
        in_two = {result["name"] for result in scan["probes"] if result["segments"] != 1}
        self.assertEqual(in_two, {"preferred-dual"})


if __name__ == "__main__":
    unittest.main()
