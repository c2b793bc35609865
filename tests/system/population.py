"""A population of the lab's origins in a database: the lab that serves it, and originscan on it."""

import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

import originscan
from servers import TIED, free_port

LAB = os.environ["LAB"]
LONG = bool(os.environ.get("ORIGINSCAN_LONG"))

# No limits but those that a test sets: a lab is nobody's server.
EAGER = {"allow": "127.0.0.0/8", "rate": 0, "per_address_rate": 0, "per_prefix_rate": 0,
         "per_prefix_in_flight": 0, "per_address_in_flight": 0}


class Folder:
    """A directory that is gone at the end of the test."""

    def __init__(self, test):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="originscan-population-"))
        test.addCleanup(shutil.rmtree, self.path, ignore_errors=True)

    def write(self, name, text):
        (self.path / name).write_text(text)
        return self.path / name

    def __truediv__(self, name):
        return self.path / name


class Lab:
    """The lab serving the lines of a table on a port of its own until the test ends."""

    def __init__(self, test, folder, lines, log=False, counters=False):
        self.table = folder.write("table", "".join(line + "\n" for line in lines))
        self.port, self.log = free_port(), folder / "lab.log"
        command = [LAB, "--table", self.table, "--port-base", self.port]
        if log or counters:
            command += ["--log", self.log]
        if counters:
            command += ["--counters"]
        self.process = subprocess.Popen(TIED + list(map(str, command)), stdout=subprocess.PIPE, text=True)
        test.addCleanup(self.stop)
        if self.process.stdout.readline() != "ready\n":
            raise AssertionError("the lab did not start")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self.process.stdout.close()

    def truth(self):
        said = subprocess.run([LAB, "--table", self.table, "--port-base", str(self.port), "--truth"],
                              capture_output=True, text=True, check=True)
        return [json.loads(line) for line in said.stdout.splitlines()]

    def connections(self, since_byte=0):
        """What was done so far, a connection each, from whole lines behind that byte."""
        with open(self.log, "rb") as file:
            file.seek(since_byte)
            text = file.read()
        text = text[text.find(b"\n") + 1 if since_byte else 0:text.rfind(b"\n") + 1]
        return [json.loads(line) for line in text.splitlines()]

    def accepted_since(self, start_s, since_byte):
        """When connections began after that moment of the monotonic clock, of the log's new lines."""
        times = [one["accepted_us"] / 1e6 for one in self.connections(since_byte)]
        return [time_s for time_s in times if time_s > start_s]


class Database:
    """A database, and originscan on it."""

    def __init__(self, path):
        self.path = path

    def import_(self, lines, *options):
        said = originscan.run("import", "--db", self.path, *options, stdin="".join(f"{l}\n" for l in lines))
        if said.returncode != 0:
            raise AssertionError(f"exit status {said.returncode}: {said.stderr}{said.stdout}")

    def scan(self, within_s=300, **settings):
        return originscan.run("scan", "--db", self.path, *options({**EAGER, **settings}), within_s=within_s)

    def rows(self, sql):
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=30)
        connection.row_factory = sqlite3.Row
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def value(self, sql):
        return self.rows(sql)[0][0]

    def problems(self):
        said = originscan.run("db", "check", "--db", self.path)
        return said.stdout if said.returncode else ""


def options(settings):
    return [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]


def config_text(database, settings):
    values = {"database": database, **EAGER, **settings}
    return "".join(f'{key} = "{value}"\n' for key, value in values.items())


class Daemon:
    """A running daemon. It is killed when the test ends, if it has not ended before."""

    def __init__(self, test, folder, database, environment=None, wrapper=(), **settings):
        self.folder, self.database = folder, database
        self.config = folder.write("daemon.conf", config_text(database.path, settings))
        self.said_path = folder / "daemon.log"
        self.before = self.said_path.stat().st_size if self.said_path.exists() else 0
        self.started = time.monotonic()
        with open(self.said_path, "ab") as said:
            self.process = subprocess.Popen(
                TIED + list(wrapper) + [originscan.PROGRAM, "daemon", "--config", str(self.config)],
                stderr=said, stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
        test.addCleanup(self.kill)

    def configure(self, **settings):
        self.folder.write("daemon.conf", config_text(self.database.path, settings))

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def stop(self, within_s=6):
        self.signal(signal.SIGTERM)
        return self.process.wait(within_s)

    def said(self):
        """What it wrote to standard error; a daemon before it is left out."""
        return self.said_path.read_bytes()[self.before:].decode(errors="replace")


def wait_until(true, what, within_s=20):
    deadline = time.monotonic() + within_s
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what}")
        time.sleep(0.02)
