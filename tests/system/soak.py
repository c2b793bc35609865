#!/usr/bin/env python3
"""The daemon for ten minutes over 3,000 origins of all the lab's behaviours, each due once a minute: none is missed,
every verdict is right, and memory does not grow. No test of the suite: `cmake --build --preset ci --target soak`.

Environment: SOAK_SECONDS (600), SOAK_ORIGINS (3000)."""

import collections
import os
import pathlib
import statistics
import time
import unittest

from lab import ALL, lines
from population import Daemon, Database, Folder, serve

SECONDS = int(os.environ.get("SOAK_SECONDS", 600))
ORIGINS = int(os.environ.get("SOAK_ORIGINS", 3000))
PERIOD_S = 60
SLOPE_MAX = 1  # bytes a scan


def table():
    """Every behaviour in turn, an address each; one port serves them all, so that none of them can be a closed one."""
    kinds = [line for line in lines(ALL) if line != "closed-port"]
    return [f"127.{100 + i // 62500}.{i // 250 % 250}.{i % 250 + 1} {kinds[i % len(kinds)]}" for i in range(ORIGINS)]


def slope(points):
    """Of the straight line through them by least squares."""
    mean_x, mean_y = (statistics.fmean(axis) for axis in zip(*points))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def own_bytes(process):
    """Memory that belongs to the process alone; files that are mapped are not it."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return 1024 * int(status.partition("RssAnon:")[2].split()[0])


class Soak(unittest.TestCase):
    def test_ten_minutes(self):
        folder = Folder(self)
        lab = serve(self, folder, table())
        truths = {truth["address"]: truth for truth in lab.truths()}
        database = Database(folder / "soak.db")
        database.import_(f"{address}:{lab.port}" for address in truths)
        daemon = Daemon(self, folder, database, period_s=PERIOD_S, timeout_ms=2000, max_in_flight=1000)
        points = []
        while time.monotonic() < daemon.started + SECONDS:
            time.sleep(1)
            self.assertIsNone(daemon.process.poll(), daemon.said())
            points.append((database.value("SELECT max(id) FROM scan") or 0, own_bytes(daemon.process.pid)))
        self.assertEqual(daemon.stop(), 0)
        gaps = self.gaps(database)
        wrong, known = self.wrong(database, truths)
        late = [gap for gap in gaps if gap > 1.5 * PERIOD_S]
        print("memory in KiB, every 30 s:", *(own // 1024 for _, own in points[::30]))
        settled = points[len(points) * 7 // 10:]  # until then SQLite's page cache fills
        growth = slope(settled)
        print(f"scans {points[-1][0]}, gaps: median {statistics.median(gaps):.1f} s, longest {max(gaps):.1f} s, "
              f"missed {len(late)}; verdicts right {known - len(wrong)} of {known}; "
              f"memory {settled[-1][1] // 1024} KiB, {growth:+.2f} bytes a scan")
        self.assertEqual(collections.Counter(wrong), {})
        self.assertEqual(late, [])
        self.assertLessEqual(growth, SLOPE_MAX)
        self.assertEqual(database.problems(), "")

    def gaps(self, database):
        """Seconds between two scans of one origin."""
        times = collections.defaultdict(list)
        for origin, started_ms in database.rows("SELECT origin_id, started_at FROM scan ORDER BY started_at"):
            times[origin].append(started_ms / 1000)
        self.assertEqual(len(times), ORIGINS)
        return [two - one for row in times.values() for one, two in zip(row, row[1:])]

    def wrong(self, database, truths):
        """What is said of those of which the truth is known, where it is another, and how many are known."""
        known = {address: truth for address, truth in truths.items() if truth["verdict"] and not truth["moody"]}
        told = {row["address"]: row["verdict"] or row["status"]
                for row in database.rows("SELECT address, verdict, status FROM v_origin")}
        return [(known[address]["behaviour"], told[address]) for address in known
                if told[address] != known[address]["verdict"]], len(known)


if __name__ == "__main__":
    unittest.main()
