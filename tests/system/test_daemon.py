"""originscan daemon under load and in trouble: nothing lost, nothing doubled, nothing invented."""

import functools
import os
import random
import signal
import socket
import sqlite3
import subprocess
import time
import unittest

import originscan
import test_scan
from population import EAGER, ENDS_WITHIN_S, LONG, Daemon, Database, Folder, config_text, options, serve, wait_until
from servers import TIED

JITTER = 0.01  # of the period, as schedule_every() has it


SECOND_US = 1_000_000
# The server's own closing of a connection may come a little after the next one's beginning.
CLOSING_US = 5000


def most_in(times, window_us):
    """The most of the times that lie within a window of that length."""
    times = sorted(times)
    most = first = 0
    for last, time_us in enumerate(times):
        while times[first] <= time_us - window_us:
            first += 1
        most = max(most, last - first + 1)
    return most


def most_open(spans):
    """The most connections that were open at a time."""
    moments = sorted([(start, 1) for start, _ in spans] +
                     [(max(start, end - CLOSING_US), -1) for start, end in spans])
    most = now = 0
    for _, step in moments:
        now += step
        most = max(most, now)
    return most


class DaemonTest(unittest.TestCase):
    def setUp(self):
        self.folder = Folder(self)
        self.database = Database(self.folder / "a.db")

    def lab(self, n, *lines, **kind):
        """Serves and imports n origins, of which the lines may change a few."""
        lab = serve(self, self.folder, ["127.96.0.0/16 modern", *lines], **kind)
        self.database.import_(f"127.96.{i // 250}.{i % 250 + 1}:{lab.port}" for i in range(n))
        return lab

    def daemon(self, **settings):
        return Daemon(self, self.folder, self.database, **settings)

    def dial_log(self):
        """The environment in which originscan notes what it dials and closes; {} where it cannot (sanitizers)."""
        library = os.environ.get("DIAL_LOG_LIBRARY")
        return {"LD_PRELOAD": library, "DIAL_LOG": str(self.folder / "dialled")} if library else {}

    def connections(self, seen):
        """By address: when each connection began and ended. As originscan itself did both: a busy server notes a
        beginning when it gets to it, and an end perhaps behind the beginning that it made room for."""
        spans = {}
        if not self.dial_log():
            for one in seen:
                spans.setdefault(one["address"], []).append((one["accepted_us"], one["closed_us"]))
            return spans
        for line in (self.folder / "dialled").read_text().splitlines():
            address, begun_us, ended_us = line.split()
            # most_open() forgives a server's lateness, which there is none of
            spans.setdefault(address, []).append((int(begun_us), int(ended_us) + CLOSING_US))
        self.assertGreaterEqual(sum(map(len, spans.values())), len(seen), "connections that were not noted")
        return spans

    def scans(self):
        return self.database.value("SELECT count(*) FROM scan")

    def all_scanned(self, n):
        return self.database.value("SELECT count(*) FROM origin WHERE visits > 0") == n

    def expect_no_judgement_but_ready(self):
        """Whatever happened: no failure, no change and no other verdict was written. A zone that was first visited while
        the machine was busy has its first share and its groups from a later visit."""
        self.assertEqual({row[0] for row in self.database.rows(
            "SELECT verdict FROM v_origin WHERE verdict IS NOT NULL")}, {"ready"})
        self.assertEqual(self.database.value("SELECT count(*) FROM v_failure"), 0)
        self.assertEqual([tuple(row) for row in self.database.rows(
            "SELECT * FROM v_change WHERE field <> 'setting'"
            " AND NOT (field IN ('first_share', 'groups') AND old IS NULL)")], [])
        self.assertEqual(self.database.problems(), "")


class Schedule(DaemonTest):
    def starts(self):
        """The times of all scans of each origin, and its next due time, in milliseconds."""
        scans, due = {}, {}
        for row in self.database.rows("SELECT origin_id, started_at FROM scan ORDER BY started_at"):
            scans.setdefault(row[0], []).append(row[1])
        for row in self.database.rows("SELECT id, due_at FROM origin"):
            due[row[0]] = row[1]
        return scans, due

    def expect_once_a_period(self, period_ms):
        """No origin has two scans in one of its slots or none in one. A slot begins up to a jitter late,
        so that a start near its edge may belong to either: only what is certain is held against it."""
        jitter_ms = period_ms * JITTER
        scans, due = self.starts()
        for origin, starts in scans.items():
            phase_ms = due[origin] % period_ms - jitter_ms  # at most one jitter early
            for one, two in zip(starts, starts[1:]):
                last = (two - phase_ms) // period_ms
                first = (one - phase_ms - 2 * jitter_ms) // period_ms
                self.assertGreater(last, first, f"origin {origin}: {one} and {two} in one slot")
                last = (two - phase_ms - 2 * jitter_ms) // period_ms
                first = (one - phase_ms) // period_ms
                self.assertLessEqual(last - first, 1, f"origin {origin}: none between {one} and {two}")

    def test_each_origin_once_a_period(self):
        self.lab(300)
        daemon = self.daemon(period_s=5)
        time.sleep(16)
        wait_until(lambda: self.database.value("SELECT min(visits) FROM origin") >= 2, "two visits of each")
        self.assertEqual(daemon.stop(), 0)
        slots = 1 + (time.monotonic() - daemon.started) // 5
        self.expect_once_a_period(5000)
        self.assertLessEqual(self.database.value("SELECT max(visits) FROM origin"), slots)
        self.expect_no_judgement_but_ready()

    def test_killed_at_any_moment(self):
        kills, period_s, n = (200 if LONG else 50), 8, (800 if LONG else 240)
        lab = self.lab(n, log=True)
        seen = set()
        slowest_s = 0.0
        for number in range(kills):
            end = lab.log_path.stat().st_size
            daemon = self.daemon(period_s=period_s, commit_ms=random.choice([1, 50, 250]))
            if number % 5 == 0:
                wait_until(lambda: lab.accepted_since(daemon.started, end), "a probe after a restart")
                first = min(lab.accepted_since(daemon.started, end))
                slowest_s = max(slowest_s, first - daemon.started)
            time.sleep(random.uniform(0.05, 1.2))
            daemon.signal(signal.SIGKILL)
            daemon.process.wait()
            connection = sqlite3.connect(f"file:{self.database.path}?mode=ro", uri=True)
            self.assertEqual(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            now = set(connection.execute("SELECT id, origin_id, started_at FROM scan"))
            connection.close()
            self.assertEqual(seen - now, set(), "a committed scan is lost")
            seen = now
        self.assertLessEqual(slowest_s, 2.0)
        self.assertEqual(self.database.problems(), "")
        daemon = self.daemon(period_s=period_s)
        wait_until(lambda: " started " in daemon.said() and self.all_scanned(n), "every origin scanned")
        self.assertEqual(daemon.stop(), 0)
        self.expect_once_a_period(period_s * 1000)
        self.expect_no_judgement_but_ready()
        self.assertGreater(self.scans(), n)


class Signals(DaemonTest):
    def test_stopped_it_ends_within_five_seconds(self):
        self.lab(200, "127.96.0.0/25 tarpit delay_ms=600000")
        daemon = self.daemon(period_s=2)
        wait_until(lambda: self.scans() > 20, "some scans")
        began = time.monotonic()
        self.assertEqual(daemon.stop(), 0)
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(self.database.value("SELECT count(*) FROM lease"), 0)
        self.assertIn(" stopped ", daemon.said())
        self.assertIn("unwritten=0", daemon.said())
        self.assertEqual(self.database.problems(), "")

    def test_the_second_signal_ends_it_at_once(self):
        self.lab(100, "127.96.0.0/17 tarpit delay_ms=600000")
        daemon = self.daemon(period_s=1)
        wait_until(lambda: "started" in daemon.said(), "start")
        time.sleep(1.2)
        daemon.signal(signal.SIGTERM)
        time.sleep(0.3)
        daemon.signal(signal.SIGTERM)
        # by itself it would end later, and well
        self.assertEqual(daemon.process.wait(ENDS_WITHIN_S), 128 + signal.SIGTERM)
        self.assertEqual(self.database.problems(), "")

    def test_reload(self):
        lab = self.lab(50)
        daemon = self.daemon(period_s=2)
        wait_until(lambda: self.all_scanned(50), "every origin scanned")
        blocklist = self.folder.write("blocklist", "127.96.0.0/16 # all of them\n")
        daemon.configure(period_s=2, blocklist=blocklist)
        daemon.signal(signal.SIGHUP)
        wait_until(lambda: " reloaded " in daemon.said(), "reloading")
        blocked = "SELECT count(*) FROM v_origin WHERE status = 'blocked'"
        wait_until(lambda: self.database.value(blocked) == 50, "every origin blocked")
        # a verdict stays when an origin may not be dialled any more
        self.assertEqual(self.database.value("SELECT count(*) FROM v_origin WHERE verdict = 'ready'"), 50)
        self.assertEqual(daemon.stop(), 0)
        lab.stop()

    def test_a_bad_reload_changes_nothing(self):
        self.lab(20)
        daemon = self.daemon(period_s=2)
        wait_until(lambda: self.all_scanned(20), "every origin scanned")
        cases = [
            (config_text(self.database.path, {"period_s": 2}) + "speed = 5\n", "no such option 'speed'"),
            (config_text(self.database.path, {"period_s": 3}), "period_s cannot be changed without a restart"),
            (config_text(self.folder / "b.db", {"period_s": 2}), "database cannot be changed"),
            (config_text(self.database.path, {"period_s": 2, "blocklist": "/no/such"}), "/no/such"),
        ]
        for number, (text, wanted) in enumerate(cases):
            self.folder.write("daemon.conf", text)
            daemon.signal(signal.SIGHUP)
            wait_until(lambda: daemon.said().count("reload_failed") == number + 1, wanted)
            self.assertIn(wanted, daemon.said())
        scans = self.scans()
        wait_until(lambda: self.scans() > scans + 20, "scanning goes on")
        self.assertEqual(daemon.stop(), 0)

    def test_the_service_manager_is_told(self):
        self.lab(5)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(self.folder / "notify"))
            manager.settimeout(ENDS_WITHIN_S)
            daemon = self.daemon(period_s=2, environment={
                "NOTIFY_SOCKET": str(self.folder / "notify"), "WATCHDOG_USEC": "1000000"})
            self.assertEqual(manager.recv(4096), b"READY=1\nSTATUS=Scanning")
            self.assertEqual(manager.recv(4096), b"WATCHDOG=1")
            daemon.signal(signal.SIGHUP)
            told = []
            while not told or not told[-1].startswith(b"READY=1"):
                told.append(manager.recv(4096))
            self.assertTrue(any(one.startswith(b"RELOADING=1\nMONOTONIC_USEC=") for one in told))
            self.assertEqual(told[-1], b"READY=1\nSTATUS=Reloaded")
            daemon.signal(signal.SIGTERM)
            while manager.recv(4096) != b"STOPPING=1":
                pass
            self.assertEqual(daemon.process.wait(ENDS_WITHIN_S), 0)

    def test_configuration_without_a_daemon(self):
        config = self.folder.write("c.conf", config_text(self.database.path, {"rate": 5}))
        said = originscan.run("daemon", "--config", config, "--check-config")
        self.assertEqual((said.returncode, said.stdout), (0, f"{config}: configuration OK\n"))
        self.assertFalse(os.path.exists(self.database.path))
        said = originscan.run("daemon", "--config", config, "--dump-config")
        self.assertIn("\nrate = 5\n", said.stdout)
        dumped = self.folder.write("dumped.conf", said.stdout)
        again = originscan.run("daemon", "--config", dumped, "--dump-config")
        self.assertEqual(again.stdout, said.stdout)
        for text, wanted in [("rate = 5\n", "database is not set"),
                             ("database = a\nrate = x\n", "c.conf:2: "),
                             ("database = a\ndns_servers = nonsense\n", "nonsense")]:
            self.folder.write("c.conf", text)
            said = originscan.run("daemon", "--config", config, "--check-config")
            self.assertEqual(said.returncode, 2)
            self.assertIn(wanted, said.stderr)


class Trouble(DaemonTest):
    def test_database_locked(self):
        self.lab(200)
        daemon = self.daemon(period_s=2)
        wait_until(lambda: self.all_scanned(200), "every origin scanned")
        connection = sqlite3.connect(self.database.path, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(60 if LONG else 6)
        wait_until(lambda: " store_unavailable " in daemon.said(), "it cannot write")
        scans = self.scans()
        connection.execute("ROLLBACK")
        connection.close()
        wait_until(lambda: self.scans() > scans, "it recovers")
        wait_until(lambda: " store_available " in daemon.said(), "and says so")
        self.assertEqual(daemon.said().count(" store_unavailable "), 1)
        self.assertEqual(daemon.stop(), 0)
        self.expect_no_judgement_but_ready()

    def small_disk(self, size):
        place = self.folder / "disk"
        place.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"no file system can be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", place], check=True)
        return place

    def test_disk_full(self):
        place = self.small_disk("32m")
        self.database = Database(place / "a.db")
        self.lab(200)
        daemon = self.daemon(period_s=1)
        wait_until(lambda: self.all_scanned(200), "every origin scanned")
        ballast = place / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        wait_until(lambda: " store_unavailable " in daemon.said(), "the disk is full")
        time.sleep(3)
        self.assertIsNone(daemon.process.poll())
        ballast.unlink()
        wait_until(lambda: " store_available " in daemon.said(), "it recovers")
        scans = self.scans()
        wait_until(lambda: self.scans() > scans, "and goes on")
        self.assertEqual(daemon.stop(), 0)
        self.expect_no_judgement_but_ready()

    def test_read_only_directory(self):
        place = self.small_disk("4m")
        self.database = Database(place / "a.db")
        self.database.import_(["127.96.0.1:1"])
        before = self.database.path.read_bytes()
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        daemon = self.daemon()
        self.assertEqual(daemon.process.wait(ENDS_WITHIN_S), 1)
        self.assertEqual(len(daemon.said().splitlines()), 1)
        self.assertIn("start_failed", daemon.said())
        self.assertEqual(self.database.path.read_bytes(), before)
        self.assertEqual(sorted(os.listdir(place))[0], "a.db")

    def test_stopped_for_a_while(self):
        # probes that wait for an answer when the process is stopped
        self.lab(200, "127.96.0.0/17 modern delay_ms=300")
        daemon = self.daemon(period_s=3, timeout_ms=2000)
        wait_until(lambda: self.scans() > 50, "some scans")
        for _ in range(3):
            daemon.signal(signal.SIGSTOP)
            time.sleep(60 if LONG else 5)
            daemon.signal(signal.SIGCONT)
            time.sleep(4)
        self.assertEqual(daemon.said().count(" stalled "), 3)
        scans = self.scans()
        wait_until(lambda: self.scans() > scans + 100, "scanning goes on")
        self.assertEqual(daemon.stop(), 0)
        self.expect_no_judgement_but_ready()

    def test_wall_clock_jumps(self):
        clock, dials = os.environ.get("WALL_CLOCK"), self.dial_log()
        if not clock:
            self.skipTest("the clock cannot be preloaded into this build")
        offset = self.folder.write("offset", "0")
        n, period_s, rate = 100, 4, 400
        lab = self.lab(n, log=True)
        daemon = self.daemon(period_s=period_s, rate=rate, environment={
            **dials, "LD_PRELOAD": f"{clock}:{dials['LD_PRELOAD']}", "WALL_CLOCK_OFFSET": str(offset)})
        wait_until(lambda: self.all_scanned(n), "every origin scanned")
        for jump in (100_000, 0, -100_000, 0):
            offset.write_text(str(jump))
            before = self.scans()
            wait_until(lambda: self.scans() > before + n, "scanning goes on")
        wait_until(lambda: daemon.said().count("wall_clock_jumped") == 4, "every jump is noticed")
        self.assertEqual(daemon.stop(), 0)
        self.expect_no_judgement_but_ready()
        # The rate holds whatever the clock says, and never are two scans of an origin under way.
        lab.stop()
        connections = self.connections(lab.records())
        starts = [start for spans in connections.values() for start, _ in spans]
        self.assertLessEqual(most_in(starts, SECOND_US), rate + rate // 10)
        for of_one in connections.values():
            self.assertLessEqual(most_open(of_one), 1)

    def test_resolver_dead_and_back(self):
        test_scan.Names.setUp(self)
        self.addresses = ["127.98.0.1"]
        lab = serve(self, self.folder, ["127.98.0.0/24 modern"])
        self.database.import_([f"{name}.test:{lab.port}" for name in "abc"] + [f"127.98.0.9:{lab.port}"])
        daemon = self.daemon(period_s=2, dns_servers=self.servers, timeout_ms=1500)
        literal = "SELECT visits FROM origin WHERE host = '127.98.0.9'"
        wait_until(lambda: self.database.value(literal) > 1, "an address literal needs no resolver")
        wait_until(lambda: "local_trouble" in daemon.said(), "a dead resolver")
        self.assertEqual(self.scans(), self.database.value(literal))
        if LONG:
            self.answer_all = functools.partial(test_scan.Names.answer_all, self)
            test_scan.Names.serve(self)
            wait_until(lambda: self.all_scanned(4), "it recovers", within_s=150)
        else:
            self.socket.close()
        self.assertEqual(daemon.stop(), 0)
        self.expect_no_judgement_but_ready()


class Politeness(DaemonTest):
    """A herd of due origins on a few addresses, and what the servers saw of it."""

    LIMITS = {"rate": 150, "per_prefix_rate": 60, "per_prefix_in_flight": 4, "per_address_rate": 8,
              "per_address_in_flight": 1, "plan": "quick"}

    def herd(self, hosts, addresses):
        """So many hosts share so many addresses in five prefixes; all of them are due."""
        lab = serve(self, self.folder, ["127.95.0.0/16 modern"], log=True)
        self.database.import_(
            f"h{i}.test:{lab.port}@127.95.{i % addresses % 5}.{i % addresses // 5 + 1}" for i in range(hosts))
        return lab

    def expect_limits_kept(self, seen):
        by_address, by_prefix, everything = {}, {}, []
        connections = self.connections(seen)
        for address, spans in connections.items():
            starts = by_address[address] = [start for start, _ in spans]
            by_prefix.setdefault(address.rsplit(".", 1)[0], []).extend(starts)
            everything += starts
        # What was allowed is dialled a moment later, so that those of a tenth of a second before may be late.
        self.assertLessEqual(most_in(everything, SECOND_US), self.LIMITS["rate"] + self.LIMITS["rate"] // 10)
        for starts in by_prefix.values():
            self.assertLessEqual(most_in(starts, SECOND_US), self.LIMITS["per_prefix_rate"] + 5)
        for starts in by_address.values():
            self.assertLessEqual(most_in(starts, SECOND_US), self.LIMITS["per_address_rate"] + 2)
        open_in_prefix = {}
        for address, spans in connections.items():
            self.assertLessEqual(most_open(spans), self.LIMITS["per_address_in_flight"])
            open_in_prefix.setdefault(address.rsplit(".", 1)[0], []).extend(spans)
        for spans in open_in_prefix.values():
            self.assertLessEqual(most_open(spans), self.LIMITS["per_prefix_in_flight"])
        return by_address

    def test_a_herd_never_exceeds_the_limits(self):
        hosts, addresses = 600, 60
        lab = self.herd(hosts, addresses)
        said = self.database.scan(within_s=120, environment=self.dial_log(), **self.LIMITS)
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        lab.stop()
        seen = lab.records()
        self.assertEqual(self.database.value("SELECT count(*) FROM origin WHERE visits > 0"), hosts)
        self.assertGreaterEqual(len(seen), 4 * hosts)
        self.assertEqual(len(self.expect_limits_kept(seen)), addresses)

    def test_nor_does_the_start_of_a_hundred_thousand(self):
        """All at once are due; what the servers saw of the first while is held against the limits."""
        lab = self.herd(100_000, 1_000)
        run = subprocess.Popen(TIED + [originscan.PROGRAM, "scan", "--db", self.database.path,
                                       *options({**EAGER, **self.LIMITS})], stderr=subprocess.DEVNULL,
                               env={**os.environ, **self.dial_log()})
        time.sleep(120 if LONG else 20)
        run.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(ENDS_WITHIN_S), 1)
        lab.stop()
        seen = lab.records()
        self.assertGreater(len(seen), 15 * self.LIMITS["rate"] // 2)  # it was at work, not only careful
        self.expect_limits_kept(seen)
        self.assertGreater(self.database.value("SELECT count(*) FROM origin WHERE visits = 0"), 90_000)


if __name__ == "__main__":
    unittest.main()
