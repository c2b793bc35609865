"""The ClientHellos as they arrive: read by a server that only takes them, compared with the plan and with
what originscan says about them."""

import socket
import struct
import unittest

import peers
from originscan import probe

X25519, P256, P384, P521, HYBRID, DRAFT = 29, 23, 24, 25, 4588, 25497
CLASSICAL = [X25519, P256, P384, P521]

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
    "only-draft": ([DRAFT], []),
    "choose": ([P521, P384, P256, X25519, DRAFT, HYBRID], []),
    "closing": ([X25519], [X25519]),
}
QUICK = ["classical", "supported", "preferred", "closing"]
SERVER_NAME, GROUPS, SIGNATURES, ALPN, PADDING, VERSIONS, SHARES = 0, 10, 13, 16, 21, 43, 51


class Segments:
    """What the kernel counted on an accepted socket (struct tcp_info of linux/tcp.h)."""

    def __init__(self, connection):
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        self.largest = struct.unpack_from("=I", info, 20)[0]  # tcpi_rcv_mss
        self.with_data = struct.unpack_from("=I", info, 152)[0]  # tcpi_data_segs_in


def numbers(data):
    return list(struct.unpack(f">{len(data) // 2}H", data))


class Hello:
    def __init__(self, connection):
        taken, body = peers.read_hello(connection)
        self.segments = Segments(connection)
        self.bytes = len(taken)
        at = 34 + 1 + body[34]
        ciphers = int.from_bytes(body[at:at + 2], "big")
        self.ciphers = numbers(body[at + 2:at + 2 + ciphers])
        at += 2 + ciphers
        at += 1 + body[at] + 2
        self.extensions = {}
        while at < len(body):
            kind, n = struct.unpack_from(">HH", body, at)
            self.extensions[kind] = body[at + 4:at + 4 + n]
            at += 4 + n

    def groups(self):
        return numbers(self.extensions[GROUPS][2:])

    def shares(self):
        data, at, groups = self.extensions[SHARES], 2, []
        while at < len(data):
            group, n = struct.unpack_from(">HH", data, at)
            groups.append(group)
            at += 4 + n
        return groups

    def server_name(self):
        return self.extensions[SERVER_NAME][5:].decode() if SERVER_NAME in self.extensions else None

    def alike(self):
        """All that must not differ between probes. Padding (RFC 7685) follows from the length."""
        own = (GROUPS, SHARES, PADDING)
        return self.ciphers, {kind: data for kind, data in self.extensions.items() if kind not in own}


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
        _, hellos = self.hellos()
        for hello in hellos:
            self.assertEqual(hello.alike(), hellos[0].alike())
        first = hellos[0]
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
        self.assertEqual({hello.segments.with_data for hello in hellos if HYBRID in hello.shares()}, {3})

    def test_unclamped(self):
        """Without the clamp loopback splits nothing, and that is what is reported."""
        scan, _ = self.hellos("--mss", "0")
        self.assertEqual({result["segments"] for result in scan["probes"]}, {1})


if __name__ == "__main__":
    unittest.main()
