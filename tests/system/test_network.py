"""Faults that no server can play: they lie on the path. Each in network namespaces of its own."""

import concurrent.futures
import json
import socket
import subprocess
import threading
import unittest

import network
import peers
from lab import Lab
from network import ORIGIN, PREFIX, Network
from originscan import PROGRAM
from population import Folder
from servers import newer_debian

SMALL_MTU = 1280
# Tunnels, VPNs, and PPPoE last; there and back, or only on the way there.
PATH_MTUS = [(mtu, way) for mtu in (1280, 1340, 1400, 1420, 1440, 1460, 1480, 1492) for way in ("both", "there")]
ETHERNET_SEGMENT = 1448  # of an MTU of 1500, with time stamps
INSPECTED_BYTES = 1300
PORT = 8443
SILENCE = r"preferred 1452 B in 2 segments; silence on the first hello for \S+ ms, twice, "


def setUpModule():
    network.require()


def scan(net, port, *options):
    return scan_of(net, f"o.example:{port}@{ORIGIN}", *options)


def scan_of(net, origin, *options):
    finished = subprocess.run(
        [*net.inside("scanner"), PROGRAM, "probe", "--allow", PREFIX, "--timeout", "1", *options, origin],
        capture_output=True, text=True, timeout=300)
    if finished.returncode != 0:
        raise AssertionError(f"exit status {finished.returncode}: {finished.stderr}{finished.stdout}")
    return finished.stdout


def explained(net, port):
    """The explanation as one line."""
    return " ".join(scan(net, port, "--explain").split())


def scan_json(net, port):
    return json.loads(scan(net, port, "--json"))


def outcomes(found):
    return {probe["name"]: probe["outcome"] for probe in found["probes"]}


class Inspector:
    """A firewall that terminates TCP in front of the origin, takes a large first hello and never passes it
    on; everything else it forwards. It runs in the origin's namespace."""

    def __init__(self, net, port):
        self.net, self.port, self.swallowed = net, port, 0

    def __enter__(self):
        ready = threading.Event()
        self._thread = threading.Thread(target=self._listen, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(10)
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._thread.join(10)

    def _listen(self, ready):
        self.net.enter("origin")
        self.listener = socket.create_server((ORIGIN, PORT), backlog=64)
        ready.set()
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._inspect, args=(connection,), daemon=True).start()

    def _inspect(self, connection):
        self.net.enter("origin")
        with connection:
            header = connection.recv(5, socket.MSG_WAITALL | socket.MSG_PEEK)
            if len(header) < 5:
                return
            if int.from_bytes(header[3:5], "big") > INSPECTED_BYTES:
                self.swallowed += 1
                while connection.recv(65536):
                    pass
                return
            with socket.create_connection((ORIGIN, self.port)) as origin:
                back = threading.Thread(target=peers.copy, args=(origin, connection), daemon=True)
                back.start()
                peers.copy(connection, origin)
                back.join(10)


def too_large(packet):
    """A hop with a small MTU behind which nobody hears of it: the ICMP is filtered."""
    return packet.bytes > SMALL_MTU


# What a zone of each setting is exported with (test_hellos holds that against the export).
GROUPS = {
    ("off", "single"): "X25519:P-256:P-384",
    ("supported", "single"): "X25519MLKEM768:*X25519:P-256:P-384",
    ("preferred", "single"): "*X25519MLKEM768:X25519:P-256:P-384",
    ("preferred", "dual"): "*X25519MLKEM768:*X25519:P-256:P-384",
}


class Client:
    """OpenSSL 3.5 at the scanner's end of the wire."""

    def __init__(self, net, port, groups, session):
        self.session = session
        self.command = [*net.inside("scanner"), newer_debian("openssl"), "s_client", "-connect", f"{ORIGIN}:{port}",
                        "-servername", "o.example", "-groups", groups]

    def connects(self, *options, within_s=60):
        try:
            done = subprocess.run([*self.command, *map(str, options)], input="Q\n", capture_output=True, text=True,
                                  timeout=within_s)
        except subprocess.TimeoutExpired:
            return False
        return "Cipher is TLS_" in done.stdout

    def connects_twice(self):
        """Fresh, and with a ticket where one came in time."""
        return self.connects("-sess_out", self.session) and (
            not self.session.exists() or self.connects("-sess_in", self.session))


class SecondSegment:
    """Drops what follows the first segment of a connection until the origin has answered."""

    def __init__(self):
        self.start, self.answered = {}, set()

    def __call__(self, packet):
        if packet.from_scanner and packet.opens:
            self.start[packet.connection] = packet.number + 1
            self.answered.discard(packet.connection)
        elif not packet.from_scanner and packet.data > 0:
            self.answered.add(packet.connection)
        return (packet.from_scanner and packet.data > 0 and packet.connection not in self.answered and
                packet.number != self.start.get(packet.connection))


class Path(unittest.TestCase):
    def test_healthy_path(self):
        """The neighbour of all that follow: the same wire without a fault."""
        with Network() as net, Lab(f"{ORIGIN} modern\n", net.inside("origin")) as lab:
            found = scan_json(net, lab.port)
        self.assertEqual(found["verdicts"], ["ready"])
        self.assertEqual(len(found["probes"]), 11)
        self.assertEqual(net.dropped, 0)

    def test_path_mtu(self):
        with Network(too_large) as net, Lab(f"{ORIGIN} modern\n", net.inside("origin")) as lab:
            found = scan_json(net, lab.port)
            text = explained(net, lab.port)
        self.assertGreater(net.dropped, 0)
        self.assertEqual(found["verdict"], "path-mtu")
        self.assertEqual(found["verdicts"], ["path-mtu"])
        seen = outcomes(found)
        self.assertEqual([seen[name] for name in ("classical", "preferred", "split", "large-classical",
                                                  "small-mss")],
                         ["ok", "timeout", "ok", "timeout", "ok"])
        self.assertEqual(found["bugs"], {"hrrFailure": False, "splitClientHello": False,
                                         "unknownKeyshare": False})
        self.assertRegex(text, SILENCE + r"2 segments of up to 1448 B never acknowledged although retransmitted "
                               r"[2-9] times")

    def test_no_path_mtu_gets_an_unsafe_setting(self):
        """With default options, whatever the path's MTU: it is found, or what is recommended gets through."""
        newer_debian("openssl")
        folder = Folder(self).path
        with concurrent.futures.ThreadPoolExecutor(len(PATH_MTUS)) as pool:
            found = dict(zip(PATH_MTUS, pool.map(lambda path: self.behind(*path, folder), PATH_MTUS)))
        self.assertEqual({path: row for path, row in found.items() if not row[-1]}, {})
        # a proxy's own hello does not get through any of them, so none is healthy
        self.assertEqual({path: row[:2] for path, row in found.items()},
                         {path: ("path-mtu", False) for path in PATH_MTUS})

    @staticmethod
    def behind(mtu, way, folder):
        """The verdict, whether a client that sends the hybrid's share gets through, and whether one with what is
        recommended does (or nothing is)."""
        def too_large(packet):
            return packet.bytes > mtu and (way == "both" or packet.from_scanner)

        with Network(too_large) as net, \
                Lab(f"{ORIGIN} modern tickets=yes\n", net.inside("origin"), folder=folder) as lab:
            # without a name our hellos are shorter than those that a proxy sends, and fit into a segment
            found = json.loads(scan_of(net, f"{ORIGIN}:{lab.port}", "--json"))
            advice = found["recommendation"]
            bold = Client(net, lab.port, GROUPS["preferred", "dual"], folder / f"{mtu}-{way}.bold").connects(within_s=5)
            if not advice or not advice["setting"]:
                return found["verdict"], bold, None, True
            said = advice["setting"], advice["variant"] or "single"
            client = Client(net, lab.port, GROUPS[said], folder / f"{mtu}-{way}.session")
            return found["verdict"], bold, said, client.connects_twice()

    def test_nothing_is_clamped_off_loopback(self):
        """A large hello fills the path's own segments; what leaves in pieces is cut to them as well."""
        data = []

        def record(packet):
            if packet.from_scanner:
                data.append(packet.data)
            return False

        with Network(record) as net, Lab(f"{ORIGIN} modern\n", net.inside("origin")) as lab:
            found = scan_json(net, lab.port)
        self.assertEqual(max(data), ETHERNET_SEGMENT)
        large = [probe for probe in found["probes"] if probe["hello_bytes"] > ETHERNET_SEGMENT]
        self.assertEqual([probe["name"] for probe in large], ["preferred", "preferred-dual"])
        self.assertEqual({probe["segments"] for probe in large}, {2})
        self.assertEqual(data.count(ETHERNET_SEGMENT), 4)  # and the second hellos of `supported` and `choose`

    def test_large_drop(self):
        """The hello is acknowledged by a machine on the path and goes no further."""
        with Network() as net, Lab(f"{ORIGIN} modern\n", net.inside("origin")) as lab, \
                Inspector(net, lab.port) as inspector:
            found = scan_json(net, PORT)
            text = explained(net, PORT)
        self.assertGreater(inspector.swallowed, 0)
        self.assertEqual(found["verdict"], "large-drop")
        # The inspector looks at the first hello only, so a large second one passes.
        self.assertEqual(found["verdicts"], ["large-drop", "large-first-only", "ready-after-retry"])
        self.assertTrue(found["bugs"]["splitClientHello"])
        self.assertRegex(text, SILENCE + "every segment was acknowledged")

    def test_second_segment_is_dropped(self):
        """However small the pieces are, only the first arrives: a split hello, not a large one."""
        with Network(SecondSegment()) as net, Lab(f"{ORIGIN} modern\n", net.inside("origin")) as lab:
            found = scan_json(net, lab.port)
        self.assertGreater(net.dropped, 0)
        self.assertEqual(found["verdict"], "split-hello")
        seen = outcomes(found)
        self.assertEqual([seen[name] for name in ("classical", "preferred", "split", "small-mss")],
                         ["ok", "timeout", "timeout", "timeout"])
        self.assertTrue(found["bugs"]["splitClientHello"])


if __name__ == "__main__":
    unittest.main()
