"""The command line of originscan from outside: exit status, messages, bad peers, many origins."""

import contextlib
import os
import re
import socket
import subprocess
import tempfile
import time
import unittest

import peers
from lab import Lab
from originscan import LOOPBACK, PROGRAM, run, scans
from servers import openssl30, own_address

BUSY_S = 2  # a machine's way of being late
PATIENT_S = 10  # where nobody has to be waited for
LONG_LABEL, LONG_NAME = "a" * 64, ".".join(["abcdefgh"] * 30)
NO_ORIGIN = "a.example:1@127.0.0.1"  # where the fault is in an option


class Usage(unittest.TestCase):
    """Whatever is malformed is named on standard error, exit status 2, and nothing is dialled."""

    ORIGINS = {  # text: what the message must name
        "": "empty",
        "a b.example": "a b.example",
        "a..example": "a..example",
        "-": None,  # standard input, which is empty here
        ":443": "host",
        "a.example:": "a.example:",
        "a.example:0": "0",
        "a.example:65536": "65536",
        "a.example:https": "https",
        "a.example:-1": "-1",
        "a.example:443@": "a.example:443@",
        "a.example:443@nonsense": "nonsense",
        "a.example:443@127.0.0.256": "127.0.0.256",
        "[::1": "[::1",
        "[::1]443": "443",
        "[nonsense]:443": "nonsense",
        LONG_LABEL + ".example": LONG_LABEL[:16],
        LONG_NAME: LONG_NAME[:16],
        "a.example\n:443": "a.example",
    }

    OPTIONS = {  # options: what the message must name
        ("--port", "0"): "--port",
        ("--port", "65536"): "65536",
        ("--port", "https"): "https",
        ("--timeout", "soon"): "soon",
        ("--timeout", "0"): "--timeout",
        ("--timeout", "-1"): "-1",
        ("--timeout", "nan"): "nan",
        ("--timeout", "1e99"): "1e99",
        ("--concurrency", "0"): "--concurrency",
        ("--concurrency", "many"): "many",
        ("--plan", "weekly"): "weekly",
        ("--color", "blue"): "blue",
        ("--allow", "300.0.0.0/8"): "300.0.0.0/8",
        ("--allow", "10.0.0.0/33"): "10.0.0.0/33",
        ("--allow", "10.0.0.0/"): "10.0.0.0/",
        ("--allow", "2001:db8::/129"): "2001:db8::/129",
        ("--allow", ""): "--allow",
        ("--sni", "a..example"): "a..example",
        ("--nonsense",): "--nonsense",
        ("--rate", "0"): "--rate",
        ("--rate", "-1"): "-1",
        ("--rate", "nan"): "nan",
        ("--rate", "1e9"): "1e9",
        ("--rate", "often"): "often",
        ("--alpn", "h2,,h3"): "--alpn",
        ("--alpn", "a" * 256): "--alpn",
        ("--fail-on", "ready,nonsense"): "nonsense",
        ("--fail-on", ""): "--fail-on",
        ("--hybrid", "X25519"): "X25519",
        ("--hello-max", "100"): "100",
        ("--timeout",): "--timeout",
    }

    def refused(self, finished, named):
        self.assertEqual(finished.returncode, 2, finished)
        self.assertEqual(finished.stdout, "")
        self.assertIn(named, finished.stderr)
        self.assertRegex(finished.stderr, r"^originscan")

    def test_malformed_origins(self):
        for text, named in self.ORIGINS.items():
            with self.subTest(origin=text):
                self.refused(run("probe", *LOOPBACK, "--", text), named or "origin")

    def test_malformed_options(self):
        for options, named in self.OPTIONS.items():
            with self.subTest(options=options):
                origin = () if options == ("--timeout",) else (NO_ORIGIN,)
                self.refused(run("probe", *origin, *options), named)

    def test_no_origin_no_command(self):
        self.refused(run("probe"), "origin")
        self.refused(run("porbe", NO_ORIGIN), "porbe")
        finished = run()
        self.assertEqual((finished.returncode, finished.stdout), (2, ""))
        self.assertIn("originscan", finished.stderr)

    def test_every_bad_origin_is_named_and_none_is_dialled(self):
        with peers.Peer(peers.closes) as peer:
            finished = run("probe", *LOOPBACK, peer.at("a.example"), "b.example:0", "-",
                           stdin=f"{peer.at('c.example')}\nd.example:x\n")
            self.assertEqual(peer.accepted, 0)
        self.refused(finished, "b.example:0")
        self.assertIn("d.example:x", finished.stderr)

    def test_control_characters_do_not_reach_the_terminal(self):
        finished = run("probe", "--", "a.example\x1b[2J:443")
        self.assertEqual(finished.returncode, 2)
        self.assertNotIn("\x1b", finished.stderr)

    def test_blocklist(self):
        self.refused(run("probe", NO_ORIGIN, "--blocklist", "/nonexistent/list"), "/nonexistent/list")
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("# comment\n192.0.2.0/24\n192.0.2.0/x\n")
            file.flush()
            self.refused(run("probe", NO_ORIGIN, "--blocklist", file.name), ":3:")


class Help(unittest.TestCase):
    def test_help(self):
        for arguments in (["--help"], ["probe", "--help"]):
            finished = run(*arguments)
            self.assertEqual((finished.returncode, finished.stderr), (0, ""))
            self.assertIn("Usage: " + " ".join(["originscan", *arguments[:-1]]), finished.stdout)
        for option in ("json", "sni", "port", "timeout", "allow", "explain", "plan", "color",
                       "concurrency"):
            self.assertIn(f"--{option}", finished.stdout)
        self.assertIn("probe", run("--help").stdout)

    def test_version_names_boringssl(self):
        for arguments in (["--version"], ["probe", "--version"]):
            finished = run(*arguments)
            self.assertEqual((finished.returncode, finished.stderr), (0, ""))
            self.assertRegex(finished.stdout, r"^originscan \d+\.\d+.*BoringSSL [0-9a-f]{40}")


class Results(unittest.TestCase):
    """What cannot be measured is a result and exit status 1."""

    def scan(self, *arguments):
        finished = run("probe", "--json", *arguments)
        self.assertEqual(finished.stderr, "")
        (scan,) = scans(finished)
        self.assertEqual(finished.returncode, 0 if scan["status"] == "complete" else 1)
        return scan

    def one_probe(self, scan, status, outcome, *stages):
        """The scan ended at its first probe."""
        self.assertEqual((scan["status"], scan["verdict"]), (status, status))
        self.assertEqual(scan["verdicts"], [status])
        (result,) = scan["probes"]
        self.assertEqual((result["name"], result["outcome"]), ("classical", outcome))
        self.assertIn(result["stage"], stages)
        self.assertEqual(set(scan["groups"].values()), {None})
        self.assertEqual({fact["works"] for fact in scan["modes"].values()} - {None, False}, set())
        self.assertIsNone(scan["tls_version"])
        self.assertIsNone(scan["group_order"])
        return result

    def test_closed_port(self):
        with socket.create_server((own_address(), 0)) as listener:
            address, port = listener.getsockname()
        scan = self.scan(*LOOPBACK, f"{address}:{port}")
        self.one_probe(scan, "unreachable", "refused", "connect")
        self.assertEqual(scan["origin"]["address"], address)

    @unittest.skipUnless(os.path.exists("/proc/net/if_inet6"), "this kernel has no IPv6")
    def test_closed_port_on_ipv6(self):
        scan = self.scan("--allow", "::1", "[::1]:1")
        self.one_probe(scan, "unreachable", "refused", "connect")
        self.assertEqual((scan["origin"]["host"], scan["origin"]["sni"]), ("::1", None))

    def test_unresolvable_name(self):
        with peers.NoSuchName() as name_server:
            scan = self.scan("--dns", name_server.where(), "nowhere.example")
            self.assertGreaterEqual(name_server.asked, 1)
        result = self.one_probe(scan, "unreachable", "dns_failure", "resolve")
        self.assertTrue(result["detail"])
        self.assertIsNone(scan["origin"]["address"])

    def test_forbidden_address(self):
        with peers.Peer(peers.tarpit) as peer:
            scan = self.scan(peer.at("a.example"))
            self.assertEqual(peer.accepted, 0)
        result = self.one_probe(scan, "blocked", "blocked", "resolve", "connect")
        self.assertIn(f"--allow {peer.address}/32", result["detail"])

    def test_a_refusal_says_what_would_permit_it(self):
        for address, option in (("127.0.0.1", "--allow 127.0.0.1/32"), ("[::1]", "--allow ::1/128"),
                                ("10.1.2.3", "--allow 10.1.2.3/32")):
            with self.subTest(address):
                text = run("probe", address).stdout
                self.assertIn(option, text)
                allowed = run("probe", "--timeout", "0.2", *option.split(), f"{address}:1")
                self.assertNotIn("blocked", allowed.stdout)

    def test_blocklist_wins_over_allow(self):
        with peers.Peer(peers.tarpit) as peer, tempfile.NamedTemporaryFile("w") as file:
            file.write(f"{peer.address}/32\n")
            file.flush()
            scan = self.scan(*LOOPBACK, "--blocklist", file.name, peer.at("a.example"))
            self.assertEqual(peer.accepted, 0)
        result = self.one_probe(scan, "blocked", "blocked", "resolve", "connect")
        self.assertEqual(result["detail"], "blocklist")

    def fails_within_deadline(self, behave, outcome, status, timeout_s=1):
        """Every probe ends by its deadline; a redial's pause of less than half a second comes on top, and up to two
        seconds for which a busy machine does something else: without a deadline none would end in half a minute."""
        started = time.monotonic()
        with peers.Peer(behave) as peer:
            scan = self.scan(*LOOPBACK, "--timeout", timeout_s, peer.at("a.example"))
            self.assertEqual(peer.open_most, 1)  # never two connections to one origin
            self.assertEqual(peer.accepted, sum(result["attempts"] for result in scan["probes"]))
        self.assertLess(time.monotonic() - started, (timeout_s + 0.5 + BUSY_S) * peer.accepted + 1)
        self.assertEqual((scan["status"], scan["verdict"]), (status, status))
        for result in scan["probes"]:
            self.assertEqual((result["outcome"], result["stage"]), (outcome, "hello"))
            self.assertLess(result["duration_ms"], 1000 * (timeout_s + BUSY_S))
            if outcome == "timeout":
                self.assertGreater(result["duration_ms"], 950 * timeout_s)
        self.assertEqual({fact["works"] for fact in scan["modes"].values()} - {None, False}, set())
        return scan

    def test_tarpit(self):
        scan = self.fails_within_deadline(peers.tarpit, "timeout", "unreachable")
        self.assertEqual({result["attempts"] for result in scan["probes"]}, {2})

    def test_dripper(self):
        """The deadline is the probe's, not one of silence."""
        self.fails_within_deadline(peers.dripper, "timeout", "unreachable", timeout_s=0.3)

    def test_talker(self):
        self.fails_within_deadline(peers.talker, "not_tls", "not_tls", PATIENT_S)

    def test_record_talker(self):
        self.fails_within_deadline(peers.record_talker, "malformed", "not_tls", PATIENT_S)

    def test_http(self):
        self.fails_within_deadline(peers.http, "not_tls", "not_tls", PATIENT_S)

    def test_closes(self):
        scan = self.fails_within_deadline(peers.closes, "closed", "unreachable", PATIENT_S)
        self.assertEqual({result["attempts"] for result in scan["probes"]}, {2})


class ManyOrigins(unittest.TestCase):
    def test_order_and_exit_status(self):
        """With --ordered printed in the order given although the slowest comes first; one that could not be measured
        makes the exit status 1 and leaves the others as they are."""
        with peers.Peer(peers.tarpit) as slow, peers.Peer(peers.http) as http, openssl30() as server:
            good = f"good.example:{server.port}@{server.address}"
            given = [slow.at("slow.example"), good, http.at("http.example")]
            for concurrency in (1, 200):
                finished = run("probe", "--json", "--ordered", *LOOPBACK, "--timeout", "0.5", "--concurrency",
                               concurrency, "-", stdin="\n".join(given))
                self.assertEqual((finished.returncode, finished.stderr), (1, ""))
                self.assertEqual([(scan["origin"]["host"], scan["status"]) for scan in scans(finished)],
                                 [("slow.example", "unreachable"), ("good.example", "complete"),
                                  ("http.example", "not_tls")])
            self.assertEqual(run("probe", "--json", *LOOPBACK, good).returncode, 0)

    def test_concurrency(self):
        with peers.Peer(peers.tarpit) as peer:
            origins = [peer.at(f"a{n}.example") for n in range(8)]
            for concurrency in (3, 8):
                peer.open_most = 0
                finished = run("probe", "--json", "--ordered", *LOOPBACK, "--timeout", "0.5", "--concurrency",
                               concurrency, *origins)
                self.assertEqual(peer.open_most, concurrency)
                self.assertEqual([scan["origin"]["host"] for scan in scans(finished)],
                                 [f"a{n}.example" for n in range(8)])

    def test_arguments_and_list_together(self):
        with peers.Peer(peers.http) as peer:
            finished = run("probe", "--json", "--ordered", *LOOPBACK, peer.at("a.example"), "-", peer.at("d.example"),
                           stdin=f"{peer.at('b.example')}\r\n\n{peer.at('c.example')}\n")
        self.assertEqual([scan["origin"]["host"] for scan in scans(finished)],
                         ["a.example", "b.example", "c.example", "d.example"])

    def test_each_as_it_finishes(self):
        """The fast one does not wait for the slow one that was named before it."""
        with peers.Peer(peers.tarpit) as slow, peers.Peer(peers.http) as fast:
            finished = run("probe", "--json", *LOOPBACK, "--timeout", "0.5", slow.at("slow.example"),
                           fast.at("fast.example"))
        self.assertEqual([scan["origin"]["host"] for scan in scans(finished)], ["fast.example", "slow.example"])

    def test_bad_lines_do_not_stop_the_others(self):
        """Each is named with its number; exit status 1, since not every origin was measured."""
        with openssl30() as server:
            good = f"good.example:{server.port}@{server.address}"
            finished = run("probe", "--json", *LOOPBACK, "-",
                           stdin=f"a.example:x\n# a comment\n{good}  # behind it\n\nb..example\nnul\0\n")
            self.assertEqual(finished.returncode, 1)
            self.assertEqual([scan["verdict"] for scan in scans(finished)], ["classical"])
            named = finished.stderr.splitlines()
            self.assertEqual(len(named), 3, named)
            for line, what in (("line 1: ", "a.example:x"), ("line 5: ", "b..example"), ("line 6: ", "NUL")):
                self.assertTrue(any(line in text and what in text for text in named), (line, named))
            self.assertEqual(run("probe", "--json", *LOOPBACK, "-", stdin=f"{good} # fine\n").returncode, 0)
            finished = run("probe", *LOOPBACK, "-", stdin="a..example\n")
            self.assertEqual((finished.returncode, finished.stdout), (1, ""))

    def test_a_list_is_read_as_import_reads_it(self):
        """URLs, a comma behind an origin, host and port apart, comments, a byte order mark; what is no origin is
        named and does not stop the others."""
        with openssl30() as server:
            at = f"{server.port}@{server.address}"
            lines = [f"\ufeffa.example:{at}  # the shop", f"https://{server.address}:{server.port}/cart?item=1#top",
                     f"c.example:{at},", f"{server.address} {server.port}", "http://d.example/", "https://e..example/",
                     "f.example and more", "# nothing", "", f"g.example@{server.address}\t{server.port};"]
            finished = run("probe", "--json", "--ordered", "--plan", "quick", "--port", "1", *LOOPBACK, "-",
                           stdin="\r\n".join(lines))
        self.assertEqual(finished.returncode, 1, finished.stderr)
        self.assertEqual([(scan["origin"]["host"], scan["status"]) for scan in scans(finished)],
                         [(host, "complete") for host in ("a.example", server.address, "c.example", server.address,
                                                          "g.example")])
        named = finished.stderr.splitlines()
        self.assertEqual(len(named), 3, named)
        for text, line, what in zip(named, (5, 6, 7), ("without TLS", "e..example", "more than one word")):
            self.assertIn(f"line {line}: ", text)
            self.assertIn(what, text)

    def test_a_list_in_another_encoding(self):
        """Named, with the command that converts it."""
        finished = run("probe", "-", stdin="a\0.\0e\0x\0")
        self.assertEqual((finished.returncode, finished.stdout), (2, ""))
        self.assertIn("UTF-16; convert it first: iconv -f UTF-16 -t UTF-8", finished.stderr)


class Output(unittest.TestCase):
    """Results that cannot be written are no success, and nobody is probed for them any longer."""

    def probe_to(self, peer, count, **streams):
        """The finished run over `count` origins, one after the other."""
        return subprocess.run([PROGRAM, "probe", "--json", *LOOPBACK, "--concurrency", "1",
                               *(peer.at(f"a{n}.example") for n in range(count))],
                              stderr=subprocess.PIPE, text=True, timeout=60, **streams)

    def test_full_device(self):
        with peers.Peer(peers.http) as peer, open("/dev/full", "w") as full:
            finished = self.probe_to(peer, 20, stdout=full)
            self.assertLess(peer.accepted, 20)
        self.assertEqual(finished.returncode, 1)
        self.assertIn("No space left", finished.stderr)

    def test_reader_that_goes_away(self):
        read_end, write_end = os.pipe()
        os.close(read_end)
        with peers.Peer(peers.http) as peer, open(write_end, "w") as pipe:
            finished = self.probe_to(peer, 20, stdout=pipe)
            self.assertLess(peer.accepted, 20)
        self.assertEqual((finished.returncode, finished.stderr), (1, ""))

    def test_closed_standard_streams(self):
        """No socket may take the place of a standard stream: the results would go to the peer."""
        heard = []

        def listens(connection):
            with contextlib.suppress(OSError):
                while bytes_in := connection.recv(65536):
                    heard.append(bytes_in)

        def close_streams():
            for descriptor in (0, 1):
                os.close(descriptor)

        with peers.Peer(listens) as peer:
            finished = subprocess.run([PROGRAM, "probe", "--json", *LOOPBACK, "--timeout", "0.2",
                                       peer.at("a.example")], stderr=subprocess.PIPE, text=True,
                                      preexec_fn=close_streams, timeout=60)
        self.assertEqual(finished.returncode, 1)
        self.assertIn("standard output", finished.stderr)
        self.assertNotIn(b"originscan.scan", b"".join(heard))

    def on_terminal(self, *options):
        """What a terminal shows on standard error while one of two origins keeps us waiting."""
        ours, theirs = os.openpty()
        with peers.Peer(peers.http) as fast, peers.Peer(peers.tarpit) as slow, \
                open(theirs, "w") as terminal:
            finished = subprocess.run([PROGRAM, "probe", *LOOPBACK, "--timeout", "0.5", *options,
                                       fast.at("a.example"), slow.at("b.example")],
                                      stdout=subprocess.PIPE, stderr=terminal, text=True, timeout=60)
        shown = b""
        with contextlib.suppress(OSError):  # what a terminal says at its end
            while piece := os.read(ours, 65536):  # 4 KB at most
                shown += piece
        os.close(ours)
        self.assertEqual(finished.returncode, 1)
        return shown.decode()

    def test_progress_while_one_keeps_us_waiting(self):
        """On a terminal, and also when the others were printed long ago."""
        shown = self.on_terminal()
        self.assertIn("1 of 2 origins scanned, 1 in flight", shown)
        self.assertTrue(shown.endswith("\r\x1b[K"), shown)
        self.assertEqual(self.on_terminal("--quiet"), "")


class Text(unittest.TestCase):
    """The text that a person reads names what was found; its layout is nobody's interface."""

    def test_table(self):
        with openssl30() as server:
            origin = f"a.example:{server.port}@{server.address}"
            plain = run("probe", *LOOPBACK, origin)
            explained = run("probe", *LOOPBACK, "--explain", origin)
            coloured = run("probe", *LOOPBACK, "--color", "always", origin)
            uncoloured = run("probe", *LOOPBACK, "--color", "always", "--color", "auto", origin)
        self.assertEqual((plain.returncode, plain.stderr), (0, ""))
        for word in ("a.example", "X25519", "P-256", "P-384", "P-521", "X25519MLKEM768", "off",
                     "supported", "preferred", "preferred-dual", "classical"):
            self.assertIn(word, plain.stdout)
        self.assertNotIn("\x1b", plain.stdout)  # standard output is no terminal here
        for word in ("only-p384", "choose", "closing"):
            self.assertIn(word, explained.stdout)
        self.assertIn("\x1b[", coloured.stdout)
        self.assertNotIn("\x1b", uncoloured.stdout)  # the last word holds
        bare = re.sub(r"\x1b\[[0-9;]*m", "", coloured.stdout)
        times = r"\d+(\.\d+)? ms|\d\d:\d\d:\d\d"
        self.assertEqual(re.sub(times, "", bare), re.sub(times, "", plain.stdout))


class Measuring(unittest.TestCase):
    """Options that say how it is measured, as the origin sees them."""

    TABLE = ("127.77.8.1 modern\n127.77.8.2 size-close\n127.77.8.3:+1 closed-port\n"
             "127.77.8.4 fips-hybrid\n")

    def setUp(self):
        self.lab = Lab(self.TABLE)
        self.lab.start()
        self.addCleanup(self.lab.stop)
        self.origins = self.lab.origins()

    def probe(self, line, *options):
        return run("probe", *LOOPBACK, "--timeout", PATIENT_S, *options, self.origins[line])

    def test_rate(self):
        started = time.monotonic()
        self.assertEqual(self.probe("modern", "--rate", "20").returncode, 0)
        took_s = time.monotonic() - started
        self.lab.stop()
        came = len(self.lab.records())
        self.assertGreaterEqual(came, 11)
        self.assertGreater(took_s, (came - 1) / 20)

    def test_alpn(self):
        wanted = {(): "h2,http/1.1", ("--alpn", "http/1.1"): "http/1.1",
                  ("--alpn", "postgresql,h3"): "postgresql,h3", ("--alpn", "none"): ""}
        for options, protocols in wanted.items():
            with self.subTest(options):
                before = len(self.lab.connections()["modern"])
                self.assertEqual(self.probe("modern", "--plan", "quick", *options).returncode, 0)
                came = self.lab.connections({"modern": before + 5})["modern"][before:]
                self.assertEqual({record["hello"]["alpn"] for record in came}, {protocols})

    def test_fail_on(self):
        for line, verdicts, status in [
            ("modern", "size-limit,split-hello", 0),
            ("modern", "split-hello,ready", 3),
            ("size-close", "ready", 0),
            ("size-close", "size-limit", 3),
            ("closed-port", "size-limit", 1),
            ("closed-port", "unreachable", 3),
        ]:
            with self.subTest((line, verdicts)):
                finished = self.probe(line, "--fail-on", verdicts)
                self.assertEqual((finished.returncode, finished.stderr), (status, ""))
                self.assertIn("verdict", finished.stdout)  # printed all the same

    def test_hybrid(self):
        """What the text says to set can be set."""
        said = self.probe("modern", "--hybrid", "MLKEM1024").stdout
        self.assertIn("other-hybrid", said)
        self.assertNotIn("pgrade", said)  # its library has what is needed
        (named,) = re.findall(r"To use (\S+), name it as the hybrid", " ".join(said.split()))
        self.assertIn(" ready: ", self.probe("modern", "--hybrid", named).stdout)
        said = " ".join(self.probe("fips-hybrid").stdout.split())
        (named,) = re.findall(r"The origin has (\S+), which cannot be asked for", said)
        self.assertEqual(self.probe("fips-hybrid", "--hybrid", named).returncode, 2)

    def test_one_verdict_among_many_origins_is_enough(self):
        origins = [self.origins[line] for line in ("modern", "closed-port", "size-close")]
        finished = run("probe", "--json", "--ordered", *LOOPBACK, "--timeout", PATIENT_S, "--fail-on", "size-limit",
                       *origins)
        self.assertEqual(finished.returncode, 3)
        self.assertEqual([scan["verdict"] for scan in scans(finished)], ["ready", "unreachable", "size-limit"])


if __name__ == "__main__":
    unittest.main()
