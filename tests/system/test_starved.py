"""`probe` while others have nearly all of the processor: what it did not listen for is no evidence against anybody.
ORIGINSCAN_LONG=1 keeps it starved to the end."""

import collections
import os
import subprocess
import sys
import threading
import unittest

import originscan
from lab import ALL, Lab, lines
from population import LONG

ORIGINS = 294 if LONG else 60
BUSY = 2 * os.cpu_count()  # loops without end, at the usual priority
BUSY_S = 600 if LONG else 4
LEFT_OUT = ("closed-port", "tarpit")  # nobody listens; minutes go by


def table():
    """The lab's behaviours again and again, an address each."""
    kinds = [line for line in lines(ALL) if line.split()[0] not in LEFT_OUT]
    return "".join(f"127.92.{i // 250}.{i % 250 + 1} {kinds[i % len(kinds)]}\n" for i in range(2 * ORIGINS + 100))


class Starved(unittest.TestCase):
    def setUp(self):
        self.busy = []
        self.addCleanup(self.leave_alone)

    def leave_alone(self):
        for process in self.busy:
            process.kill()
            process.wait()
        self.busy = []

    def probe_starved(self, origins):
        """The finished run at nice 19, which gets a hundredth of a processor while the loops run."""
        self.busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY)]
        relief = threading.Timer(BUSY_S, self.leave_alone)
        relief.start()
        try:
            return subprocess.run(["nice", "-n", "19", originscan.PROGRAM, "probe", "--json", *originscan.LOOPBACK,
                                   "--timeout", "2", "-"], input="\n".join(origins), text=True, capture_output=True,
                                  timeout=900)
        finally:
            relief.cancel()
            relief.join()

    def test_no_verdict_is_wrong(self):
        with Lab(table(), log=False) as lab:
            known = [truth for truth in lab.truths() if truth["verdict"] and not truth["moody"]][:ORIGINS]
            wanted = {truth["address"]: truth["verdict"] for truth in known}
            found = originscan.scans(self.probe_starved(f"{truth['address']}:{truth['port']}" for truth in known))
        self.assertEqual(len(found), ORIGINS)
        told = {scan["origin"]["address"]: scan["verdict"] for scan in found}
        counts = collections.Counter("right" if told[address] == verdict else told[address]
                                     for address, verdict in wanted.items())
        print(dict(counts), file=sys.stderr)
        self.assertEqual(set(counts) - {"right", "interrupted"}, set(), counts)
        self.assertGreater(counts["right"], 0 if LONG else ORIGINS / 2)


if __name__ == "__main__":
    unittest.main()
