"""Nothing hangs alive: whatever breaks and whenever, a program ends with its reason or goes on, and what it says
of its health is true."""

import contextlib
import fcntl
import os
import pty
import signal
import socket
import sqlite3
import subprocess
import time
import unittest

import originscan
from population import ENDS_WITHIN_S, Daemon, Database, Folder, config_text, serve, wait_until


class Manager:
    """A service manager's socket; what it was told."""

    def __init__(self, test, folder):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        test.addCleanup(self.socket.close)
        self.socket.bind(str(folder / "notify"))
        self.socket.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "200000"}
        self.all = []

    def told(self):
        """All messages so far."""
        while True:
            try:
                self.all.append(self.socket.recv(4096))
            except BlockingIOError:
                return self.all

    def told_ready(self):
        return any(one.startswith(b"READY=1") for one in self.told())


class Alive(unittest.TestCase):
    def setUp(self):
        self.folder = Folder(self)
        self.database = Database(self.folder / "a.db")

    def lab(self, n):
        lab = serve(self, self.folder, ["127.96.0.0/16 modern"])
        self.database.import_(f"127.96.{i // 250}.{i % 250 + 1}:{lab.port}" for i in range(n))
        return lab

    def write(self, sql):
        connection = sqlite3.connect(self.database.path, timeout=10)
        connection.execute(sql)
        connection.commit()
        connection.close()

    def scans(self):
        return self.database.value("SELECT count(*) FROM scan")


class BrokenStore(Alive):
    """No query of due origins works without this index: as one damaged page of it, but for certain."""
    BREAK = "DROP INDEX origin_due"

    def expect_end(self, daemon, manager):
        self.assertEqual(daemon.process.wait(ENDS_WITHIN_S), 1)
        self.assertRegex(daemon.said(), r" store_failed during=.* reason=")
        return manager.told()

    def test_before_the_loop_turns(self):
        self.lab(3)
        self.write(self.BREAK)
        manager = Manager(self, self.folder)
        daemon = Daemon(self, self.folder, self.database, environment=manager.environment, period_s=1)
        told = self.expect_end(daemon, manager)
        self.assertFalse(manager.told_ready(), told)
        self.assertNotIn(b"WATCHDOG=1", told)
        for names in ((), ("127.96.0.1",)):
            said = self.database.scan(*names, within_s=ENDS_WITHIN_S)
            self.assertNotEqual(said.returncode, 0)
            self.assertIn("no such index: origin_due", said.stderr)

    def test_while_scanning(self):
        self.lab(3)
        manager = Manager(self, self.folder)
        daemon = Daemon(self, self.folder, self.database, environment=manager.environment, period_s=1)
        wait_until(lambda: self.scans() > 3, "some scans")
        self.assertTrue(manager.told_ready())
        self.write(self.BREAK)
        self.expect_end(daemon, manager)

    def test_while_settling(self):
        """Nothing else needs that view: a store that breaks there is as broken."""
        self.lab(3)
        daemon = Daemon(self, self.folder, self.database, period_s=3600)
        wait_until(lambda: " started " in daemon.said(), "the start")
        self.write("DROP TABLE zone_memo")
        self.write("UPDATE origin SET due_at = 0")
        self.assertEqual(daemon.process.wait(ENDS_WITHIN_S), 1)
        self.assertIn(" store_failed ", daemon.said())


class Starting(Alive):
    """A daemon whose configuration is a FIFO that nobody writes to yet is past its first instruction and has not
    started."""

    def start(self):
        self.lab(3)
        daemon = Daemon(self, self.folder, self.database, period_s=2)
        daemon.kill()
        text = daemon.config.read_text()
        daemon.config.unlink()
        os.mkfifo(daemon.config)
        with open(daemon.said_path, "ab") as said:
            daemon.process = subprocess.Popen([originscan.PROGRAM, "daemon", "--config", str(daemon.config)],
                                              stderr=said, stdin=subprocess.DEVNULL)
        return daemon, text

    def test_hangup_is_a_reload_after_the_start(self):
        daemon, text = self.start()
        with open(daemon.config, "w", encoding="ascii") as config:
            daemon.signal(signal.SIGHUP)
            time.sleep(0.1)
            config.write(text)
        wait_until(lambda: " started " in daemon.said(), "the start")  # whose reader is gone now
        with open(daemon.config, "w", encoding="ascii") as config:  # read again: the reload
            config.write(text)
        wait_until(lambda: " reloaded " in daemon.said(), "the reload")
        self.assertEqual(daemon.said().count(" reloaded "), 1)
        self.assertEqual(daemon.stop(), 0)

    def test_termination_ends_it_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            daemon, _ = self.start()
            with open(daemon.config, "w", encoding="ascii"):
                daemon.signal(number)
                self.assertEqual(daemon.process.wait(ENDS_WITHIN_S), 0)
            daemon.config.unlink()


class Log(Alive):
    """A log that nobody reads holds up nothing."""

    def unread(self):
        """Descriptors to read and write of each kind, by name; the first has little room."""
        ends = {"pipe": os.pipe(), "terminal": pty.openpty(), "socket": tuple(
            one.detach() for one in socket.socketpair())}
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        ends["fifo"] = (os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), os.open(fifo, os.O_WRONLY))
        for kind in ("pipe", "fifo"):
            fcntl.fcntl(ends[kind][1], fcntl.F_SETPIPE_SZ, 4096)
        with socket.socket(fileno=os.dup(ends["socket"][1])) as writer:
            writer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        for pair in ends.values():
            for end in pair:
                self.addCleanup(os.close, end)
        return ends

    def fill(self, end):
        """Takes all room that is left."""
        os.set_blocking(end, False)
        with contextlib.suppress(BlockingIOError):
            while os.write(end, b"filled\n"):
                pass
        os.set_blocking(end, True)

    def test_nobody_reads(self):
        lab = self.lab(10)
        running = []
        for kind, (_, writer) in self.unread().items():
            database = Database(self.folder / f"{kind}.db")
            database.import_(f"127.96.0.{i + 1}:{lab.port}" for i in range(40))
            config = self.folder.write(f"{kind}.conf", config_text(database.path, {
                "period_s": 1, "log_level": "debug"}))
            self.fill(writer)
            process = subprocess.Popen([originscan.PROGRAM, "daemon", "--config", str(config)],
                                       stderr=writer, stdin=subprocess.DEVNULL)
            self.addCleanup(process.kill)
            running.append((kind, database, process))
        for kind, database, process in running:
            with self.subTest(kind):
                wait_until(lambda: database.value("SELECT count(*) FROM scan") > 50, "scanning goes on")
            process.terminate()
        for kind, _, process in running:
            with self.subTest(kind):
                self.assertEqual(process.wait(ENDS_WITHIN_S), 0)

    def test_the_reader_comes_back(self):
        """What was kept comes whole and in order."""
        self.lab(60)
        reader, writer = self.unread()["pipe"]
        config = self.folder.write("a.conf", config_text(self.database.path, {"period_s": 1}))
        process = subprocess.Popen([originscan.PROGRAM, "daemon", "--config", str(config)],
                                   stderr=writer, stdin=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        wait_until(lambda: self.scans() > 50, "scanning goes on")
        said = b""
        with open(os.dup(reader), "rb", buffering=0) as log:
            while said.count(b" info scan ") < 40:
                said += log.read(65536)
        process.terminate()
        self.assertEqual(process.wait(ENDS_WITHIN_S), 0)
        lines = said.decode().splitlines()
        self.assertIn(" info started ", lines[0])
        for line in lines[:-1]:
            self.assertRegex(line, r"^20[0-9-]+T[0-9:.]+Z (info|warning|error) [a-z_]+ ")


class Limits(Alive):
    def test_a_limit_on_the_size_of_files_is_a_full_disk(self):
        self.lab(50)
        limit = self.database.path.stat().st_size + 100_000
        daemon = Daemon(self, self.folder, self.database, period_s=1, wrapper=[
            "prlimit", f"--fsize={limit}:"])
        wait_until(lambda: " store_unavailable " in daemon.said(), "it cannot write")
        subprocess.run(["prlimit", f"--pid={daemon.process.pid}", f"--fsize={2 * limit}:"], check=True)
        wait_until(lambda: " store_available " in daemon.said(), "it can write again")
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(self.database.problems(), "")


class StandardOutput(Alive):
    """Whatever prints to it."""

    def commands(self):
        self.lab(3)
        self.assertEqual(self.database.scan().returncode, 0)
        db = ("--db", str(self.database.path))
        said = originscan.run("zone", "set", "--pin=off", *db, "127.96.0.1")
        self.assertEqual(said.returncode, 0, said.stderr)
        return [["zone", "list", *db], ["db", "check", *db], ["db", "sizing", "10"],
                ["report", *db], ["report", "--format=json", *db], ["report", "--format=html", *db], ["explain", *db, "127.96.0.1"],
                ["scan", *db, "--verbose"], ["export", *db, "--format", "json"],
                ["export", *db, "--format", "nginx"], ["daemon", "--dump-config"],
                ["--help"], ["--version"], ["scan", "--help"]]

    def test_full_device(self):
        for command in self.commands():
            with self.subTest(command), open("/dev/full", "w", encoding="ascii") as full:
                said = subprocess.run([originscan.PROGRAM, *command], stdout=full, timeout=60,
                                      stderr=subprocess.PIPE, text=True)
                self.assertEqual(said.returncode, 1, said.stderr)
                self.assertEqual(said.stderr.count("No space left on device"), 1, said.stderr)

    def test_a_reader_that_goes_away(self):
        for command in self.commands():
            if command[0] == "export":
                continue  # half a configuration is a failure, whoever reads it
            with self.subTest(command):
                reader, writer = os.pipe()
                os.close(reader)
                said = subprocess.run([originscan.PROGRAM, *command], stdout=writer, timeout=60,
                                      stderr=subprocess.PIPE, text=True)
                os.close(writer)
                self.assertEqual((said.returncode, said.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
