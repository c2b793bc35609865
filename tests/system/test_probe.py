"""originscan probe as a person uses it: how long it takes, what it says first, what it does with many origins."""

import concurrent.futures
import datetime
import ipaddress
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import confusion
import peers
import settings_db
from lab import ALL, Lab
from originscan import LOOPBACK, PROGRAM, run, scans
from population import ENDS_WITHIN_S, Daemon, Database, Folder, serve, wait_until
from servers import SOURCE, newer_debian

WITHIN_S = 25  # a person waits that long for a silent drop


def confusion_matrix():
    """By behaviour: the verdict of the daily plan, as the golden file has it."""
    text = pathlib.Path(SOURCE, "tests/golden/confusion.txt").read_text()
    table = text.split("\n\n")[1].splitlines()
    head, rows = table[0], table[1:]
    start, end = head.index("daily plan"), head.index("full plan")
    return {row[:head.index(" is ")].strip(): row[start:end].strip(" *") for row in rows}


class DefaultOptions(unittest.TestCase):
    """Every behaviour of the lab, with the time-out that is there without options."""

    @staticmethod
    def late(seen):
        return [line for line, scan in seen.items() if scan["duration_ms"] >= WITHIN_S * 1000]

    def test_each_verdict_in_time(self):
        wanted = confusion_matrix()
        with Lab(ALL) as lab:
            seen = lab.scan(timeout=())
            for line in self.late(seen) + self.late(seen):  # where the machine was late, once or twice more
                if line in self.late(seen):
                    seen[line], = scans(run("probe", "--json", *LOOPBACK, lab.origins()[line]))
        for line, scan in seen.items():
            with self.subTest(line):
                self.assertLess(scan["duration_ms"], WITHIN_S * 1000)
                if wanted[line] != confusion.VARIES:
                    self.assertEqual(confusion.seen(scan), wanted[line])


def sections(text):
    """By the first words of each line: `verdict`, `what to do`, `groups`, in order, as one line each."""
    found, label = {}, None
    for line in text.splitlines()[1:]:
        label = line[2:17].strip() or label
        found[label] = (found.get(label, "") + " " + line[18:].strip()).strip()
    return found


class Reading(unittest.TestCase):
    """What a person sees first, and what goes into a ticket."""

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(ALL)
        cls.lab.start()
        cls.addClassCleanup(cls.lab.stop)
        cls.origins = cls.lab.origins()

    def text(self, line, *options):
        return run("probe", *LOOPBACK, "--timeout", "2", *options, self.origins[line]).stdout

    def test_a_url_is_an_origin(self):
        with Lab("127.78.0.1 modern\n") as lab:
            (truth,) = lab.truths()
            done = run("probe", "--json", "--plan", "quick", "--port", "1", *LOOPBACK,
                       f"https://kim@{truth['address']}:{truth['port']}/cart?item=1#top")
        self.assertEqual((done.returncode, [scan["status"] for scan in scans(done)]), (0, ["complete"]), done.stderr)
        for url, why in (("http://a.example/", "a URL without TLS; use https://"), ("https://", "host is empty")):
            done = run("probe", *LOOPBACK, url)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(why, done.stderr)

    def test_verdict_and_what_to_do_come_before_the_facts(self):
        for line in ("modern", "size-close", "http"):
            with self.subTest(line):
                labels = list(sections(self.text(line)))
                self.assertEqual(labels[:4], ["scanned", "verdict", "what to do", "recommendation"])

    def test_circumstances(self):
        before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        said = sections(self.text("modern"))["scanned"]
        version = run("--version").stdout.split()[1]
        moment, = re.fullmatch(rf"(.+) UTC by originscan {re.escape(version)} from 127\.0\.0\.1", said).groups()
        seen = datetime.datetime.fromisoformat(moment).replace(tzinfo=datetime.timezone.utc)
        self.assertTrue(before <= seen <= datetime.datetime.now(datetime.timezone.utc), (before, seen))

    def test_certificate(self):
        """Whom it names, who issued it, until when; and what a proxy that verifies would have against it."""
        expires = datetime.date.today() + datetime.timedelta(days=365)
        said = sections(self.text("modern"))["certificate"]
        self.assertIn(f'"origin.lab.test", issued by itself, expires {expires.year}-', said)
        self.assertIn("it is not for 127.77.1.1, it is issued by itself.", said)
        named = sections(self.text("modern", "--sni", "origin.lab.test"))["certificate"]
        self.assertNotIn("it is not for", named)
        self.assertNotIn("certificate", sections(self.text("http")))

    def test_reproduce(self):
        """The real OpenSSL fails as said, and works as said."""
        openssl = newer_debian("openssl")
        with tempfile.TemporaryDirectory() as folder:
            tool = pathlib.Path(folder, "openssl")
            tool.write_text(f'#!/bin/sh\nexec {shlex.quote(str(openssl))} "$@"\n')
            tool.chmod(0o755)
            environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}

            def status(command):
                return subprocess.run(["sh", "-c", command], capture_output=True, env=environment).returncode

            def check(line):
                said = sections(self.text(line)).get("reproduce:")
                if not said:
                    return line, None, None
                command, _, contrast = said.partition(" (OpenSSL 3.5: it fails, and works with ")
                good = re.sub(r"( -groups \S+)? </dev/null", f" {contrast.rstrip(')')} </dev/null", command)
                return line, status(command), status(good) if contrast else None

            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                results = list(pool.map(check, self.lab.lines))
        shown = {line for line, fails, _ in results if fails is not None}
        self.assertEqual([(line, fails) for line, fails, _ in results if fails == 0], [])
        self.assertEqual([(line, works) for line, _, works in results if works not in (None, 0)], [])
        self.assertLessEqual({"size-close", "size-hang", "retry-reset", "large-second-only", "handshake-refused",
                              "http"}, shown)
        self.assertNotIn("modern", shown)


class Addresses(unittest.TestCase):
    """A name with a sound address, one with a limit, and one of the other family where nobody answers."""

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab("127.77.1.1 modern\n127.77.1.30 size-close\n")
        cls.names = peers.EveryName("127.77.1.1", "127.77.1.30", "::1")
        for server in (cls.lab, cls.names):
            cls.enterClassContext(server)
        cls.origin = f"two.example:{cls.lab.port}"

    def probe(self, *options, allow=(*LOOPBACK, "--allow", "::1")):
        return run("probe", *allow, "--dns", self.names.where(), *options, self.origin)

    def verdicts(self, *options):
        return {scan["origin"]["address"]: scan["verdict"] for scan in scans(self.probe("--json", *options))}

    def test_each_has_its_own_verdict(self):
        both = {"127.77.1.1": "ready", "127.77.1.30": "size-limit"}
        self.assertEqual(self.verdicts(), {**both, "::1": "unreachable"})
        self.assertEqual(self.verdicts("--addresses", "all", "-4"), both)
        self.assertEqual(self.verdicts("-6"), {"::1": "unreachable"})
        self.assertEqual(list(self.verdicts("--addresses", "first", "-4").values())[0], "ready")
        self.assertEqual(len(self.verdicts("--addresses", "first")), 1)

    def test_summary(self):
        said = self.probe("-4").stdout.splitlines()
        summary = [line for line in said if "addresses scanned" in line]
        self.assertEqual(summary, [f"{self.origin}: 2 of 2 addresses scanned: 127.77.1.1 ready, 127.77.1.30 size-limit; "
                                   "they differ, so use what all of them take"])
        self.assertNotIn("addresses scanned", self.probe("-6").stdout)

    def test_those_that_may_not_be_dialled_are_counted(self):
        said = self.probe("-4", allow=("--allow", "127.77.1.1")).stdout
        self.assertIn("1 of 2 addresses scanned: 127.77.1.1 ready\n", said)

    def test_an_origin_is_measured_if_one_address_is(self):
        self.assertEqual(self.probe("-4").returncode, 0)
        self.assertEqual(self.probe("--fail-on", "size-limit").returncode, 3)
        with peers.EveryName("127.77.1.1", "127.77.1.99") as names:
            finished = run("probe", *LOOPBACK, "--dns", names.where(), self.origin)
        self.assertEqual(finished.returncode, 0, finished.stdout)
        self.assertIn("127.77.1.1 ready, 127.77.1.99 unreachable", finished.stdout)
        with peers.EveryName("127.77.1.98", "127.77.1.99") as names:
            self.assertEqual(run("probe", *LOOPBACK, "--dns", names.where(), self.origin).returncode, 1)

    def test_no_address_of_the_family(self):
        finished = run("probe", "--json", *LOOPBACK, "-6", f"127.77.1.1:{self.lab.port}")
        self.assertEqual(finished.returncode, 1)
        self.assertEqual(scans(finished)[0]["probes"][0]["detail"], "no IPv6 address")


class Watch(unittest.TestCase):
    def watch(self, *options):
        watching = subprocess.Popen([PROGRAM, "probe", *LOOPBACK, "--watch", "--interval", "1", *map(str, options)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(watching.stdout.close)
        self.addCleanup(watching.stderr.close)
        self.addCleanup(watching.wait)
        self.addCleanup(watching.kill)
        return watching

    def test_what_changed_is_told_until_it_is_interrupted(self):
        folder = Folder(self)
        lab = serve(self, folder, ["127.77.8.1 modern"])
        origin, page = f"127.77.8.1:{lab.port}", folder / "a.html"
        watching = self.watch("--plan", "quick", "--html", page, origin)
        first = "".join(iter(watching.stdout.readline, "\n"))
        self.assertIn("ready: ", first)
        lab.stop()
        stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  "
        self.assertRegex(watching.stdout.readline(), f"^{stamp}{origin}  status: complete -> unreachable\n$")
        self.assertRegex(watching.stdout.readline(), f"^{stamp}{origin}  verdict: ready -> unreachable\n$")
        wait_until(lambda: "unreachable: " in page.read_text(), "the page")
        watching.send_signal(signal.SIGINT)
        self.assertEqual(watching.communicate(timeout=ENDS_WITHIN_S), ("", ""))
        self.assertEqual(watching.returncode, 1)

    def test_addresses_come_and_go(self):
        folder = Folder(self)
        lab = serve(self, folder, ["127.77.8.3 modern", "127.77.8.4 modern"])
        origin = f"watched.example:{lab.port}"
        both = [ipaddress.ip_address(f"127.77.8.{i}") for i in (3, 4)]
        with peers.EveryName(*both) as names:
            dns = ("--plan", "quick", "--dns", names.where())
            text, lines = self.watch(*dns, origin), self.watch("--json", *dns, origin)
            head = list(iter(text.stdout.readline, "\n"))
            while "addresses scanned" not in head[-1]:
                head += iter(text.stdout.readline, "\n")
            self.assertNotIn("addresses_gone", lines.stdout.readline() + lines.stdout.readline())
            names.addresses = both[:1]
            self.assertRegex(text.stdout.readline(),
                             rf" UTC  {origin} \(127\.77\.8\.4\)  the name no longer has this address\n$")
            scan = self.gone(lines)
            self.assertEqual((scan["origin"]["address"], scan["addresses_gone"]), ("127.77.8.3", ["127.77.8.4"]))
            names.addresses = []
            self.assertRegex(text.stdout.readline(), f" UTC  {origin}  no address was found: unreachable\n$")
            names.addresses = both[1:]
            self.assertRegex(text.stdout.readline(), rf" UTC  {origin} \(127\.77\.8\.4\)  a new address: ready\n$")
        for watching in (text, lines):
            watching.send_signal(signal.SIGINT)

    def gone(self, lines):
        """The next scan of a round in which an address went away."""
        for line in lines.stdout:
            scan = json.loads(line)
            if "addresses_gone" in scan:
                return scan

    def test_interrupted_where_all_is_well(self):
        folder = Folder(self)
        lab = serve(self, folder, ["127.77.8.2 modern"])
        watching = self.watch("--plan", "quick", "--html", folder / "a.html", f"127.77.8.2:{lab.port}")
        wait_until((folder / "a.html").exists, "the end of a round")
        time.sleep(0.1)  # the page is the last of a round but one
        watching.send_signal(signal.SIGINT)
        self.assertEqual(watching.communicate(timeout=ENDS_WITHIN_S)[1], "")
        self.assertEqual(watching.returncode, 0)


class Save(unittest.TestCase):
    """probe --save: a visit like any other, which moves no due time."""

    def setUp(self):
        self.folder = Folder(self)
        self.lab = Lab("127.77.1.1 modern\n127.77.1.30 size-close\n")
        self.enterContext(self.lab)
        self.database = Database(self.folder / "a.db")
        self.origins = [f"127.77.1.1:{self.lab.port}", f"127.77.1.30:{self.lab.port}"]
        self.database.import_(self.origins)

    def save(self, *arguments):
        return run("probe", *LOOPBACK, "--timeout", "2", "--save", self.database.path, *arguments)

    def due(self):
        return self.database.rows("SELECT host, due_at, due_plan FROM origin ORDER BY id")

    def check(self, visits):
        seen = dict(self.database.rows("SELECT host, verdict FROM v_origin"))
        self.assertEqual(seen, {"127.77.1.1": "ready", "127.77.1.30": "size-limit"})
        self.assertEqual([n for n, in self.database.rows("SELECT visits FROM origin")], [visits, visits])
        self.assertEqual(self.database.value("SELECT count(*) FROM scan"), 2 * visits)
        self.assertEqual(self.database.value("SELECT count(*) FROM lease"), 0)
        check = run("db", "check", "--db", self.database.path)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)

    def test_saved(self):
        before = self.due()
        for visits in (1, 2):
            finished = self.save(*self.origins)
            self.assertEqual((finished.returncode, finished.stderr), (0, ""))
            self.check(visits)
            self.assertEqual(self.due(), before)
        self.assertGreater(self.database.value("SELECT count(*) FROM zone_setting"), 0)

    def test_beside_a_daemon(self):
        daemon = Daemon(self, self.folder, self.database, period_s=86400)
        wait_until(lambda: "started" in daemon.said(), "the daemon runs")
        finished = self.save(*self.origins)
        self.assertEqual((finished.returncode, finished.stderr), (0, ""))
        self.check(1)
        self.assertEqual(daemon.stop(), 0)

    def test_what_is_not_there(self):
        finished = self.save(self.origins[0], f"127.77.1.31:{self.lab.port}")
        self.assertEqual(finished.returncode, 1)
        self.assertIn("127.77.1.31", finished.stderr)
        self.assertIn("import it first", finished.stderr)
        self.assertEqual(self.database.value("SELECT count(*) FROM scan"), 1)
        finished = run("probe", *LOOPBACK, "--save", self.folder / "none.db", self.origins[0])
        self.assertEqual((finished.returncode, finished.stdout), (2, ""))
        finished = self.save("--hybrid", "MLKEM1024", self.origins[0])
        self.assertEqual(finished.returncode, 2)
        self.assertIn("X25519MLKEM768", finished.stderr)

    def test_an_origin_that_is_being_scanned(self):
        """It is waited for."""

        def execute(sql):
            with settings_db.opened(self.database.path) as db:
                db.execute(sql)

        execute("INSERT INTO lease (origin_id, claimed_at) SELECT id, 0 FROM origin")
        timer = threading.Timer(3, execute, ["DELETE FROM lease"])
        timer.start()
        finished = self.save(*self.origins)
        timer.join()
        self.assertEqual((finished.returncode, finished.stderr), (0, ""))
        self.check(1)


if __name__ == "__main__":
    unittest.main()
