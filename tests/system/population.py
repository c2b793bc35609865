"""A population of the lab's origins in a database: the lab that serves it, and originscan on it."""

import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

import originscan
from lab import Lab
from servers import TIED

LONG = bool(os.environ.get("ORIGINSCAN_LONG"))

# What ends at once may take that long on a busy machine; what hangs does not end at all.
ENDS_WITHIN_S = 30

# No limits but those that a test sets: a lab needs no protection.
EAGER = {"allow": "127.0.0.0/8", "rate": 0, "per_address_rate": 0, "per_prefix_rate": 0,
         "per_prefix_in_flight": 0, "per_address_in_flight": 0}


# Behaviours whose every daily observation is determined, the quick ones more often than those that
# keep a probe waiting for its deadline.
QUICK = ("modern everything hybrid-tuples hybrid-flat hybrid-not-chosen client-order classical-only "
         "classical-flat p256-first p384-first x25519-only p256-only p384-only p521-only hybrid-only draft "
         "draft-only tls13-only tls12 tls12-rsa tls12-static-rsa rsa ecdsa384 long-chain client-certificate "
         "tickets size-close size-reset large-first-only unknown-group-alert unknown-share-alert "
         "hybrid-refused handshake-refused retry-close retry-alert retry-reset http ssh garbage "
         "close-at-once reset-at-once").split()
SLOW = "size-hang never-answers retry-silence".split()


def mixture(n, each=16):
    """Table lines and addresses of n origins, so many neighbours of a kind: a power of two up to 16."""
    lines, addresses = [], []
    for block in range(n // each):
        slow = block % 40 == 39
        kind = SLOW[block // 40 % len(SLOW)] if slow else QUICK[block % len(QUICK)]
        third, fourth = divmod(block, 16)
        second, third = divmod(third, 256)
        start = f"127.{101 + second}.{third}"
        lines.append(f"{start}.{16 * fourth}/{33 - each.bit_length()} {kind}")
        addresses += [f"{start}.{16 * fourth + i}" for i in range(each)]
    return lines, addresses


class OfClass:
    """Stands for a test where something is to last as long as all tests of a class."""

    def __init__(self, cls):
        self.addCleanup = cls.addClassCleanup


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


def serve(test, folder, lines, log=False, counters=False):
    """The lab serving the lines of a table until the test ends."""
    lab = Lab("".join(line + "\n" for line in lines), folder=folder, log=log, counters=counters)
    lab.start()
    test.addCleanup(lab.stop)
    return lab


class Database:
    """A database, and originscan on it."""

    def __init__(self, path):
        self.path = path

    def import_(self, lines, *options):
        said = originscan.run("import", "--db", self.path, *options, stdin="".join(f"{l}\n" for l in lines))
        if said.returncode != 0:
            raise AssertionError(f"exit status {said.returncode}: {said.stderr}{said.stdout}")

    def scan(self, *names, within_s=300, environment=None, **settings):
        return originscan.run("scan", "--db", self.path, *options({**EAGER, "max_in_flight": 200, **settings}), *names,
                              within_s=within_s, environment=environment)

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

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.process.wait(ENDS_WITHIN_S)

    def said(self):
        """What it wrote to standard error; a daemon before it is left out."""
        return self.said_path.read_bytes()[self.before:].decode(errors="replace")


def wait_until(true, what, within_s=60):
    deadline = time.monotonic() + within_s
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what}")
        time.sleep(0.02)
