"""The store made to fail at each call in turn, once or from there on, of a whole scan and of a daemon's first
seconds: the program ends with a reason or goes on, never hangs, never says READY without work, and nothing that was
committed is lost. By itself a sample; with ORIGINSCAN_LONG=1 every call (some minutes)."""

import collections
import concurrent.futures
import contextlib
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import unittest

import originscan
from population import EAGER, ENDS_WITHIN_S, LONG, Database, Folder, config_text, options, serve

ORIGINS = 6
KINDS = ("eio", "full", "locked", "short")
FOREVER = 1_000_000
DAEMON_S = 3.5  # a few periods of a second
AT_ONCE = 12


class Fault:
    """One run: which call fails, how, and how often from there on."""

    def __init__(self, at, kind, n):
        self.at, self.kind, self.n = at, kind, n

    def __str__(self):
        return f"{self.kind} at call {self.at}{'' if self.n == 1 else ' and from there on'}"

    def environment(self, folder):
        return {"LD_PRELOAD": os.environ["STORE_FAULTS"], "STORE_FAULT_FILE": f"{folder}/store.db",
                "STORE_FAULT_AT": str(self.at), "STORE_FAULT_KIND": self.kind, "STORE_FAULT_FOR": str(self.n),
                "STORE_FAULT_COUNT": f"{folder}/count"}


NONE = Fault(0, "eio", 1)


class Run:
    """A copy of the database in a folder of its own, and what became of a program on it."""

    def __init__(self, before, number, fault):
        self.before, self.fault = before, fault
        self.folder = before.folder / f"{before.name}{number}"
        self.folder.mkdir()
        self.database = Database(self.folder / "store.db")
        shutil.copy(before.path, self.database.path)
        self.ready = False
        self.stopped = False
        self.wrong = []

    def expect(self, good, what):
        if not good:
            self.wrong.append(what)

    def calls(self):
        """How many there were, and how many of them failed."""
        return [int(part) for part in (self.folder / "count").read_text().split()]

    def start(self, *arguments, **environment):
        with open(self.folder / "said", "wb") as said, open(self.folder / "summary", "wb") as summary:
            return subprocess.Popen([originscan.PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL,
                                    stdout=summary, stderr=said,
                                    env={**os.environ, **self.fault.environment(self.folder), **environment})

    def said(self):
        return (self.folder / "said").read_text(errors="replace")

    def end(self, process, within_s):
        """The exit status; a program that does not end when it should is wrong."""
        try:
            return process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.wrong.append(f"did not end within {within_s} s")
            process.kill()
            return process.wait()

    def scan(self):
        process = self.start("scan", "--db", self.database.path, *options({
            **EAGER, "log_level": "warning", "timeout_ms": 2000}))
        if self.fault.n > 1:  # it waits for its store; a person does not
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                process.terminate()
                self.stopped = True
        self.conclude(self.end(process, ENDS_WITHIN_S))
        return self

    def has_scanned(self):
        with contextlib.suppress(sqlite3.Error):
            return self.database.value("SELECT count(*) FROM scan") > self.before.scans
        return False

    def watch(self, process):
        """Until it ended, or did its seconds and some work, or said why not: which takes a busy machine its time."""
        began = time.monotonic()
        while process.poll() is None:
            time.sleep(0.1)
            seconds = time.monotonic() - began
            excused = self.fault.n > 1 and " store_" in self.said()
            if seconds > 30 or seconds > DAEMON_S and (excused or self.has_scanned()):
                break

    def daemon(self):
        config = self.folder / "daemon.conf"
        config.write_text(config_text(self.database.path, {"period_s": 1, "commit_ms": 100}))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(self.folder / "notify"))
            manager.setblocking(False)
            process = self.start("daemon", "--config", config, NOTIFY_SOCKET=str(self.folder / "notify"))
            self.watch(process)
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                self.stopped = True
            status = self.end(process, ENDS_WITHIN_S)
            try:
                while not self.ready:
                    self.ready = manager.recv(4096).startswith(b"READY=1")
            except BlockingIOError:
                pass
        self.conclude(status)
        scanned = self.has_scanned()
        if self.ready:
            self.expect(scanned or " store_" in self.said(), "READY and no work")
        if self.stopped and self.fault.n == 1:
            self.expect(scanned, "goes on and scans nothing")
        return self

    def conclude(self, status):
        killed = self.stopped and status == -signal.SIGTERM  # a scan that had not begun
        self.expect(killed or 0 <= status <= 2, f"status {status}")
        # A busy machine may leave an origin unmeasured, which the summary of a scan says.
        unmeasured = "not measured" in (self.folder / "summary").read_text(errors="replace")
        self.expect(killed or status == 0 or unmeasured or self.said().strip(), "no reason")
        self.expect(self.database.problems() == "", self.database.problems())
        self.expect(self.before.kept_in(self.database), "a committed scan is lost")
        self.expect(self.before.settings == settings_of(self.database), "a setting changed")
        self.status = status


def settings_of(database):
    return [tuple(row) for row in database.rows("SELECT zone, setting FROM v_zone_setting ORDER BY zone")]


class Before:
    """A database with a scan of each origin, and zones that an operator set."""

    def __init__(self, test):
        self.folder = Folder(test).path
        lab = serve(test, Folder(test), ["127.96.0.0/16 modern"])
        self.name = "run"
        self.path = self.folder / "before.db"
        database = Database(self.path)
        database.import_(f"127.96.0.{i + 1}:{lab.port}" for i in range(ORIGINS))
        test.assertEqual(database.scan().returncode, 0)
        for number, level in enumerate(("preferred", "supported")):
            said = originscan.run("zone", "set", f"--pin={level}", "--db", self.path, f"127.96.0.{number + 1}:{lab.port}")
            test.assertEqual(said.returncode, 0, said.stderr)
        for row in database.rows("PRAGMA journal_mode"):
            test.assertEqual(row[0], "wal")
        said = originscan.run("db", "backup", "--db", self.path, self.folder / "one.db")
        test.assertEqual(said.returncode, 0, said.stderr)
        self.path = self.folder / "one.db"  # without a log beside it
        self.ids = [row[0] for row in Database(self.path).rows("SELECT id FROM scan")]
        self.scans = len(self.ids)
        self.settings = settings_of(Database(self.path))
        self.make_due()

    def make_due(self):
        connection = sqlite3.connect(self.path)
        connection.execute("UPDATE origin SET due_at = 0")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def kept_in(self, database):
        return set(self.ids) <= {row[0] for row in database.rows("SELECT id FROM scan")}


@unittest.skipUnless(os.environ.get("STORE_FAULTS"), "faults cannot be preloaded into this build")
class StoreFaults(unittest.TestCase):
    def faults(self, program, calls, few):
        """Each call once and for good: in a scan in each way, in a daemon, whose runs take their time, in one way
        after the other. Or a fair sample of so many."""
        faults = [Fault(at, kind, n) for at in range(1, calls + 1) for k, kind in enumerate(KINDS)
                  for n in (1, FOREVER) if program == "scan" or (at + (n == 1)) % len(KINDS) == k]
        return faults if LONG else random.sample(faults, few)

    def run_all(self, program, few):
        before = Before(self)
        before.name = program
        whole = getattr(Run(before, 0, NONE), program)()
        self.assertEqual((whole.wrong, whole.status), ([], 0), whole.said())
        calls, _ = whole.calls()
        faults = self.faults(program, calls, few)
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            runs = list(pool.map(lambda pair: getattr(Run(before, pair[0] + 1, pair[1]), program)(),
                                 enumerate(faults)))
        how = collections.Counter(
            ("once" if run.fault.n == 1 else "for good",
             "went on" if run.stopped or run.status == 0 else "ended with a reason") for run in runs)
        print(f"{program}: {calls} calls, {len(runs)} runs in {time.monotonic() - began:.0f} s; {dict(how)}")
        wrong = [f"{run.fault}: {', '.join(run.wrong)}; status {run.status}\n{run.said()}" for run in runs if run.wrong]
        self.assertEqual(wrong, [], "\n".join(wrong[:20]))
        return runs

    def test_scan(self):
        self.run_all("scan", 24)

    def test_daemon(self):
        for run in self.run_all("daemon", 12):
            if run.fault.n == FOREVER and not run.stopped:
                self.assertNotEqual(run.status, 0)


if __name__ == "__main__":
    unittest.main()
