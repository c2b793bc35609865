"""The lab of fake origins as a process: what lives where, what a correct scanner finds there, what came."""

import json
import os
import pathlib
import subprocess
import time

from originscan import LOOPBACK, run, scans
from servers import SOURCE, TIED, free_port, workshop

PROGRAM = os.environ["LAB"]
ALL = pathlib.Path(SOURCE, "tests/lab/all.table").read_text()

# No behaviour of the tables answers later than 0.6 s.
TIMEOUT = ("--timeout", "2")


def lines(table):
    """What a table's lines say behind the address: `behaviour key=value …`, in order."""
    texts = (line.split("#")[0].split(None, 1) for line in table.splitlines())
    return [" ".join(words[1].split()) for words in texts if words]


class Lab:
    """Serves a table: within a `with` block, or from start() to stop(). Its two ports are `port` and the next.
    `inside` is the command that runs another somewhere else; without `log` nothing is written about what
    came, with `counters` counters are added to it."""

    def __init__(self, table, inside=(), folder=None, log=True, counters=False):
        folder = folder or workshop()
        self.lines = lines(table)
        self.port = free_port(2)  # the second is for lines on a port where nobody listens
        self.log_path = folder / f"lab-{self.port}.log"
        self.table_path = folder / f"lab-{self.port}.table"
        self.table_path.write_text(table)
        self._table_options = ["--table", str(self.table_path), "--port-base", str(self.port)]
        self._command = [*TIED, *inside, PROGRAM, *self._table_options,
                         *(["--log", str(self.log_path)] if log or counters else []),
                         *(["--counters"] if counters else [])]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            self.stop()
            raise AssertionError(f"the lab did not start: {self._command}")

    def stop(self):
        """Ends it, if that was not done before; its log is whole then."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self.process.stdout.close()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def truths(self):
        """What a correct scanner must find, an object for each line (the lab's README says how to read it)."""
        printed = subprocess.run([PROGRAM, *self._table_options, "--truth"], capture_output=True, text=True,
                                 check=True)
        return [json.loads(line) for line in printed.stdout.splitlines()]

    def truth(self):
        """The same by line, where each line is a single address."""
        truths = self.truths()
        if len(truths) != len(self.lines):
            raise AssertionError("a line of the table is no single address")
        return dict(zip(self.lines, truths))

    def origins(self):
        return {line: f"{truth['address']}:{truth['port']}" for line, truth in self.truth().items()}

    def scan(self, *options, timeout=TIMEOUT):
        """By line: the scan of its address. All are scanned at the same time."""
        origins = self.origins()
        finished = run("probe", "--json", "--ordered", *LOOPBACK, *timeout, *options, "-",
                       stdin="\n".join(origins.values()), within_s=300)
        if finished.stderr:
            raise AssertionError(finished.stderr)
        return dict(zip(origins, scans(finished)))

    def records(self, since_byte=0):
        """What came so far, a connection each, from the log's whole lines behind that byte."""
        with open(self.log_path, "rb") as file:
            file.seek(since_byte)
            text = file.read()
        text = text[text.find(b"\n") + 1 if since_byte else 0:text.rfind(b"\n") + 1]
        return [json.loads(line) for line in text.splitlines()]

    def accepted_since(self, start_s, since_byte):
        """When connections began after that moment of the monotonic clock, of the log's new lines."""
        times = [record["accepted_us"] / 1e6 for record in self.records(since_byte)]
        return [time_s for time_s in times if time_s > start_s]

    def connections(self, wanted=0, within_s=30):
        """By line: the records about its address; waits until each has as many as `wanted` says."""
        where = {truth["address"]: line for line, truth in self.truth().items()}
        deadline = time.monotonic() + within_s
        while True:
            found = {line: [] for line in self.lines}
            for record in self.records():
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
