"""Nothing hangs alive: whatever breaks and whenever, a program ends with its reason or goes on, and what it says
of its health is true."""

import os
import signal
import socket
import sqlite3
import subprocess
import time
import unittest

import originscan
from population import Daemon, Database, Folder, serve, wait_until


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
        self.assertEqual(daemon.process.wait(5), 1)
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
            said = self.database.scan(*names, within_s=5)
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
        self.assertEqual(daemon.process.wait(12), 1)
        self.assertIn(" store_failed ", daemon.said())

    def test_ready_is_not_said_before_the_store_answers(self):
        self.lab(3)
        holder = sqlite3.connect(self.database.path, isolation_level=None)
        manager = Manager(self, self.folder)
        daemon = Daemon(self, self.folder, self.database, environment=manager.environment, period_s=1)
        wait_until(lambda: " started " in daemon.said(), "the start")
        holder.execute("BEGIN IMMEDIATE")
        locked_before = not manager.told_ready()
        time.sleep(1)
        if locked_before:
            self.assertFalse(manager.told_ready())
        holder.execute("ROLLBACK")
        holder.close()
        wait_until(manager.told_ready, "readiness")
        wait_until(lambda: b"WATCHDOG=1" in manager.told(), "the watchdog is fed")
        self.assertEqual(daemon.stop(), 0)


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
                self.assertEqual(daemon.process.wait(2), 0)
            daemon.config.unlink()


if __name__ == "__main__":
    unittest.main()
