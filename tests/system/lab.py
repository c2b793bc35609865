"""The lab of fake origins as a process: what lives where, what a correct scanner finds there, what came."""

import json
import os
import pathlib
import random
import socket
import subprocess
import time

from originscan import LOOPBACK, run, scans
from servers import SOURCE, TIED, workshop

PROGRAM = os.environ["LAB"]
ALL = pathlib.Path(SOURCE, "tests/lab/all.table").read_text()

# No behaviour of the tables answers later than 0.6 s.
TIMEOUT = ("--timeout", "1.5")


def _port_base():
    """Two ports in a row that nobody has; the second is for lines on a port where nobody listens."""
    while True:
        base = random.randrange(20000, 30000)
        try:
            for port in (base, base + 1):
                with socket.socket() as probe:
                    probe.bind(("", port))
            return base
        except OSError:
            continue


def lines(table):
    """What a table's lines say behind the address: `behaviour key=value …`, in order."""
    texts = (line.split("#")[0].split(None, 1) for line in table.splitlines())
    return [" ".join(words[1].split()) for words in texts if words]


class Lab:
    """Serves a table whose lines are single addresses, within a `with` block. `inside` is the command that
    runs another somewhere else."""

    def __init__(self, table, inside=()):
        self._inside = list(inside)
        self.lines = lines(table)
        self.port_base = _port_base()
        self.log_path = workshop() / f"lab-{self.port_base}.log"
        self.table_path = workshop() / f"lab-{self.port_base}.table"
        self.table_path.write_text(table)
        self._command = [PROGRAM, "--table", str(self.table_path), "--port-base", str(self.port_base)]

    def __enter__(self):
        self.process = subprocess.Popen(TIED + self._inside + self._command + ["--log", str(self.log_path)],
                                        stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            self.__exit__()
            raise AssertionError(f"the lab did not start: {self._command}")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate(timeout=10)

    def truth(self):
        """By line: what a correct scanner must find (the lab's README says how to read it)."""
        said = subprocess.run(self._command + ["--truth"], capture_output=True, text=True, check=True)
        truth = [json.loads(line) for line in said.stdout.splitlines()]
        if len(truth) != len(self.lines):
            raise AssertionError("a line of the table is no single address")
        return dict(zip(self.lines, truth))

    def origins(self):
        return {line: f"{truth['address']}:{truth['port']}" for line, truth in self.truth().items()}

    def scan(self, *options, timeout=TIMEOUT):
        """By line: the scan of its address. All are scanned at the same time."""
        origins = self.origins()
        finished = run("probe", "--json", *LOOPBACK, *timeout, *options, "-",
                       stdin="\n".join(origins.values()), within_s=300)
        if finished.stderr:
            raise AssertionError(finished.stderr)
        return dict(zip(origins, scans(finished)))

    def connections(self, wanted=0, within_s=5):
        """By line: the log's lines about its address; waits until each has as many as `wanted` says."""
        where = {truth["address"]: line for line, truth in self.truth().items()}
        deadline = time.monotonic() + within_s
        while True:
            found = {line: [] for line in self.lines}
            for text in self.log_path.read_text().splitlines(keepends=True):
                if text.endswith("\n"):
                    record = json.loads(text)
                    found[where[record["address"]]].append(record)
            if not wanted or all(len(found[line]) >= n for line, n in wanted.items()):
                return found
            if time.monotonic() > deadline:
                raise AssertionError({line: (len(found[line]), n) for line, n in wanted.items()
                                      if len(found[line]) < n})
            time.sleep(0.05)


def quirky():
    """The `quirk` at which the large hellos of this build are disliked, and no other."""
    with Lab("127.77.9.1 modern\n") as lab:
        scan = lab.scan("--plan", "quick")["modern"]
    preferred = next(probe for probe in scan["probes"] if probe["name"] == "preferred")
    return (preferred["hello_bytes"] - 5) % 256
