"""The lab seen by other people's clients (openssl s_client, bssl client) and by a bare socket, and
what its log says about them. Usage: test_lab_tools.py LAB OPENSSL BSSL"""
import json
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

LAB, OPENSSL, BSSL = sys.argv[1:4]
PATIENCE_S = 60  # of a busy machine
claims = []


def free_ports(count):
    """The first of so many ports in a row that nobody uses, below those that the kernel gives to connections."""
    while True:
        first = random.randrange(22000, 32000)
        try:
            for port in range(first, first + count):
                with socket.socket(socket.AF_INET6) as probe:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
                    probe.bind(("::", port))
                claim = socket.socket(socket.AF_UNIX)  # as tests/system/servers.py claims its ports
                claims.append(claim)
                claim.bind(f"\0originscan-test-port-{port}")
            return first
        except OSError:  # somebody has it
            continue


BASE = free_ports(3)
TABLE = """
127.77.3.0/24      modern
127.77.3.1         tls12-rsa
127.77.3.2         long-chain
127.77.3.3         wrong-backend
127.77.3.4         p384-only
127.77.3.5         http
127.77.3.6         ssh
127.77.3.7         first-segment-close
127.77.3.8         size-close size=600
127.77.3.9         retry-silence groups=P-256
127.77.3.10        size-reset percent=50
127.77.3.11        reset-at-once sticky=50
127.77.3.12        endless
127.77.3.13        refuse-tls alert=71
127.77.3.14        ban after=1 ban_ms=1000
127.77.3.15:+1     closed-port
[::1]:+2           p256-only
"""


class Lab:
    """The lab as a process, with its log."""

    def __init__(self, table, *options):
        self.folder = tempfile.TemporaryDirectory()
        path = os.path.join(self.folder.name, "table")
        self.log_path = os.path.join(self.folder.name, "log")
        with open(path, "w", encoding="ascii") as file:
            file.write(table)
        self.process = subprocess.Popen(
            [LAB, "--table", path, "--log", self.log_path, "--port-base", str(BASE), "--listen",
             "::", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.first_line = self.process.stdout.readline()

    def log(self, address, wanted=1, seconds=PATIENCE_S):
        """The lines about an address, once there are as many as wanted."""
        end = time.monotonic() + seconds
        while True:
            with open(self.log_path, encoding="ascii") as file:
                whole = [line for line in file if line.endswith("\n")]
            lines = [line for line in map(json.loads, whole) if line["address"] == address]
            if len(lines) >= wanted:
                return lines
            if time.monotonic() > end:
                raise AssertionError(f"{address}: {len(lines)} lines instead of {wanted}")
            time.sleep(0.02)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out, err

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.folder.cleanup()


def s_client(address, *options, port=BASE):
    done = subprocess.run([OPENSSL, "s_client", "-connect", f"{address}:{port}", *options],
                          input="", capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    return done.stdout + done.stderr


def bssl(address, *options, port=BASE):
    done = subprocess.run([BSSL, "client", "-connect", f"{address}:{port}", *options],
                          input="", capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    return done.stdout + done.stderr


def connect(address, port=BASE):
    return socket.create_connection((address, port), timeout=PATIENCE_S)


def hello_bytes():
    """A hello of openssl's own making, caught by a socket that says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with subprocess.Popen([OPENSSL, "s_client", "-connect", f"127.0.0.1:{port}"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as client:
            peer, _ = server.accept()
            with peer:
                data = peer.recv(65536)
            client.kill()
    return data


class LabTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(TABLE)
        cls.hello = hello_bytes()

    @classmethod
    def tearDownClass(cls):
        cls.lab.close()

    def test_ready(self):
        self.assertEqual(self.lab.first_line, "ready\n")

    def test_openssl_finishes(self):
        out = s_client("127.77.3.20", "-servername", "a.example", "-alpn", "h2,http/1.1")
        self.assertIn("Server Temp Key: X25519", out)
        self.assertIn("ALPN protocol: http/1.1", out)
        line = self.lab.log("127.77.3.20")[0]
        self.assertEqual((line["finished"], line["group"], line["retry"]), (True, 29, False))
        self.assertEqual(line["hello"]["sni"], "a.example")
        self.assertEqual(line["hello"]["alpn"], "h2,http/1.1")
        self.assertEqual(line["hello"]["shares"], [29])
        self.assertEqual(line["tls_version"], "TLSv1.3")

    def test_openssl_is_asked_for_a_retry(self):
        out = s_client("127.77.3.4")
        self.assertIn("Server Temp Key: ECDH, secp384r1", out)
        line = self.lab.log("127.77.3.4")[0]
        self.assertEqual((line["retry"], line["group"], line["finished"]), (True, 24, True))
        self.assertEqual(line["hello2"]["shares"], [24])

    def test_tls12_with_rsa(self):
        out = s_client("127.77.3.1")
        self.assertRegex(out, r"Cipher is ECDHE-RSA-\w+")
        self.assertIn("TLSv1.2", out)
        self.assertIn("RSA-PSS", out)

    def test_long_chain(self):
        out = s_client("127.77.3.2", "-showcerts")
        self.assertEqual(out.count("BEGIN CERTIFICATE"), 9)
        read = int(re.search(r"has read (\d+) bytes", out).group(1))
        self.assertGreater(read, 22000)
        self.assertLess(read, 27000)

    def test_wrong_backend_shows_another_certificate(self):
        small = bssl("127.77.3.3", "-curves", "X25519")
        large = bssl("127.77.3.3", "-curves", "X25519MLKEM768:X25519")
        self.assertIn("CN = origin.lab.test", small)
        self.assertIn("CN = other.lab.test", large)

    def test_hybrid(self):
        self.assertIn("X25519MLKEM768", bssl("127.77.3.21", "-curves", "X25519MLKEM768:X25519"))
        line = self.lab.log("127.77.3.21")[0]
        self.assertEqual(line["group_name"], "X25519MLKEM768")
        self.assertEqual(line["hello"]["groups"], [4588, 29])
        self.assertGreater(line["hello"]["bytes"], 1216)

    def test_ipv6(self):
        self.assertIn("P-256", bssl("[::1]", "-curves", "X25519:P-256", port=BASE + 2))
        self.assertEqual(self.lab.log("::1")[0]["port"], BASE + 2)

    def test_alert(self):
        self.assertIn("alert insufficient security", s_client("127.77.3.13"))
        self.assertEqual(self.lab.log("127.77.3.13")[0]["alert_out"], 71)

    def test_http_and_ssh(self):
        with connect("127.77.3.5") as peer:
            peer.sendall(b"\x16\x03\x01")
            data = b""
            while piece := peer.recv(4096):
                data += piece
        self.assertTrue(data.startswith(b"HTTP/1.1 400 "), data)
        with connect("127.77.3.6") as peer:
            self.assertTrue(peer.recv(4096).startswith(b"SSH-2.0-"))

    def test_split_hello_is_closed_by_the_first_read(self):
        with connect("127.77.3.7") as peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.sendall(self.hello[:200])
            self.assertEqual(peer.recv(4096), b"")
        self.assertIn("Server Temp Key", s_client("127.77.3.7"))
        self.assertIsNone(self.lab.log("127.77.3.7")[0]["hello"])

    def test_hello_byte_by_byte_is_served(self):
        with connect("127.77.3.22") as peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(len(self.hello)):
                peer.sendall(self.hello[at:at + 1])
            self.assertEqual(peer.recv(1), b"\x16")
        hello = self.lab.log("127.77.3.22")[0]["hello"]
        self.assertEqual(hello["bytes"], len(self.hello))
        self.assertGreater(hello["segments"], 1)
        self.assertEqual(hello["records"], 1)

    def test_limit_is_exact(self):
        padded = bytearray(self.hello)

        def of_size(size):
            extra = size - len(padded)
            hello = bytearray(padded)
            hello += struct.pack(">HH", 21, extra - 4) + bytes(extra - 4)
            hello[3:5] = struct.pack(">H", size - 5)
            hello[5:9] = struct.pack(">I", size - 9 | 1 << 24)
            at = 9 + 2 + 32
            at += 1 + hello[at]
            at += 2 + struct.unpack(">H", hello[at:at + 2])[0]
            at += 1 + hello[at]
            hello[at:at + 2] = struct.pack(">H", size - at - 2)
            return hello

        with connect("127.77.3.8") as peer:
            peer.sendall(of_size(600))
            self.assertEqual(peer.recv(1), b"\x16")
        with connect("127.77.3.8") as peer:
            peer.sendall(of_size(601))
            self.assertEqual(peer.recv(1), b"")

    def test_silence_after_the_retry(self):
        for number, timeout_s in enumerate((1, 5, 25), 1):  # until it gets as far as that
            with self.assertRaises(subprocess.TimeoutExpired):
                subprocess.run([BSSL, "client", "-connect", f"127.77.3.9:{BASE}", "-curves",
                                "X25519:P-256"], input=b"", capture_output=True, timeout=timeout_s, check=False)
            line = self.lab.log("127.77.3.9", number)[-1]
            if line["retry"]:
                break
        self.assertTrue(line["retry"])
        self.assertEqual(line["hello2"]["act"], "hang")
        self.assertIn(line["closed"], ("peer_fin", "peer_reset"))

    def test_closed_port(self):
        with self.assertRaises(ConnectionRefusedError):
            connect("127.77.3.15", BASE + 1)

    def test_stray_is_reset(self):
        with self.assertRaises(ConnectionResetError):
            with connect("127.78.0.1") as peer:
                peer.recv(1)

    def test_endless_talker_survives_a_client_that_goes(self):
        with connect("127.77.3.12") as peer:
            peer.sendall(self.hello)
            got = 0
            while got < 1 << 20:
                got += len(peer.recv(65536))
        self.assertGreaterEqual(self.lab.log("127.77.3.12")[0]["bytes_out"], 1 << 20)

    def test_percentage_and_its_seed(self):
        for _ in range(200):
            with connect("127.77.3.10"):
                pass
        lines = self.lab.log("127.77.3.10", 200)
        first = [line["misbehaved"] for line in sorted(lines, key=lambda x: x["connection"])]
        self.assertTrue(60 < sum(first) < 140, sum(first))

    def test_sticky_by_source_port(self):
        port = 0
        for number in range(60):
            with socket.socket() as peer:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                peer.bind(("127.0.0.1", port if number % 3 else 0))
                port = peer.getsockname()[1]
                peer.connect(("127.77.3.11", BASE))
                self.lab.log("127.77.3.11", number)  # the one before is over
        moods = {}
        for line in self.lab.log("127.77.3.11", 60):
            moods.setdefault(line["source_port"], set()).add(line["misbehaved"])
        self.assertTrue(all(len(mood) == 1 for mood in moods.values()), moods)
        self.assertEqual(set.union(*moods.values()), {False, True})

    def test_ban_ends(self):
        def served():
            with connect("127.77.3.14") as peer:
                peer.sendall(self.hello)
                return peer.recv(1) == b"\x16"

        self.assertEqual([served(), served(), served()], [True, False, False])
        end = time.monotonic() + PATIENCE_S
        while not served():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        self.assertFalse(served())


class ProcessTest(unittest.TestCase):
    def test_counters_and_end(self):
        lab = Lab("127.77.4.0/24 modern\n", "--counters")
        try:
            for _ in range(3):
                s_client("127.77.4.1")
            s_client("127.77.4.2")
            lab.process.send_signal(signal.SIGUSR1)
            self.assertEqual(lab.log("127.77.4.1")[0]["connections"], 3)
            status, out, err = lab.stop()
            self.assertEqual((status, err), (0, ""))
            self.assertIn("connections=4 finished=4 ", out)
            line = lab.log("127.77.4.2")[0]
            self.assertEqual((line["connections"], line["finished"]), (1, 1))
        finally:
            lab.close()

    def run_lab(self, *options):
        return subprocess.run([LAB, *options], capture_output=True, text=True, timeout=PATIENCE_S,
                              check=False)

    def test_wrong_usage(self):
        for options, text in (((), "--table FILE is missing"),
                              (("--table", "/nonexistent"), "/nonexistent: No such file"),
                              (("--table", os.devnull), "no origin in it"),
                              (("--port-base", "x"), "`x` is no number"),
                              (("--colour",), "unrecognized option")):
            done = self.run_lab(*options)
            self.assertEqual(done.returncode, 2, options)
            self.assertIn(text, done.stderr)

    def test_port_in_use(self):
        lab = Lab("127.77.4.0/24 modern\n")
        try:
            with tempfile.NamedTemporaryFile("w") as table:
                table.write("127.0.0.1 modern\n")
                table.flush()
                done = self.run_lab("--table", table.name, "--port-base", str(BASE))
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"port {BASE}: Address already in use", done.stderr)
        finally:
            lab.close()

    def test_list_and_truth(self):
        names = [line.split()[0] for line in self.run_lab("--list").stdout.split("\nkeys:")[0]
                 .splitlines() if line.strip()]
        self.assertGreaterEqual(len(names), 48)
        here = os.path.dirname(os.path.abspath(__file__))
        done = self.run_lab("--truth", "--table", os.path.join(here, "all.table"))
        truth = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(sorted(set(names)), sorted({line["behaviour"] for line in truth}))
        by_name = {}
        for line in truth:
            by_name.setdefault(line["behaviour"], line)
        self.assertEqual(by_name["modern"]["verdict"], "ready")
        self.assertEqual(by_name["size-hang"]["probes"]["preferred"],
                         {"outcome": "timeout", "stage": "hello", "group": None, "retry": False,
                          "retry_group": None, "alert": None, "tls_version": None})

    def test_truth_of_blocks(self):
        with tempfile.NamedTemporaryFile("w") as table:
            table.write("127.77.5.0/30 modern\n127.77.5.2 p256-only # inside\n")
            table.flush()
            done = self.run_lab("--truth", "--table", table.name)
        self.assertEqual([(line["address"], line["behaviour"]) for line in
                          map(json.loads, done.stdout.splitlines())],
                         [("127.77.5.0", "modern"), ("127.77.5.1", "modern"),
                          ("127.77.5.3", "modern"), ("127.77.5.2", "p256-only")])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
