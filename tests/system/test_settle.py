"""From a population with known faults to settings, and back: the settings that virtual days of recorded
scans end in are those of the table of truth, and connecting as they say breaks no connection."""

import json
import os
import subprocess
import time
import unittest

import originscan
from population import Database, Folder, serve

REPLAY = os.environ["SETTLE_REPLAY"]
HYBRID = "X25519MLKEM768"
DAYS = 35

# Every behaviour of which the lab foresees the whole daily plan.
KINDS = ("modern everything hybrid-tuples hybrid-flat hybrid-not-chosen client-order classical-only "
         "classical-flat p256-first p384-first x25519-only p256-only p384-only p521-only hybrid-only draft tls13-only tls12 tls12-rsa rsa "
         "client-certificate size-close size-reset large-first-only large-second-only version-fallback "
         "wrong-backend first-segment-reset first-segment-close record-split-fail unknown-group-alert "
         "unknown-group-close unknown-share-alert unknown-share-close hybrid-refused handshake-refused "
         "retry-alert retry-close retry-reset retry-no-session-id retry-wrong-cipher http garbage "
         "close-at-once").split()

# Zones of several origins: what most traffic gains from, of what all of them tolerate.
MIXED = {"mixed-size": ("modern", "modern", "large-first-only"),
         "mixed-tls12": ("modern", "tls12"),
         "mixed-share": ("modern", "p256-first", "p256-first")}
MIXED_WANTED = {"mixed-size": "supported", "mixed-tls12": "preferred", "mixed-share": "supported"}

# What a fault leaves, whatever worked once (reference: how origins fail). Others limit nothing.
OFF = {"large-hello-hangs-tls12", "version-fallback", "unknown-group", "retry-then-fail", "retry-malformed",
       "retry-wrong-group", "retry-loop", "hybrid-refused", "tls12-only"}
NOT_FIRST = {"unknown-share", "split-hello", "size-limit", "large-drop", "path-mtu", "large-first-only",
             "wrong-backend"}


def deserved(truth):
    """The setting of an origin by the truth; None where nothing can be advised."""
    if truth["status"] != "complete" or truth["verdict"] == "handshake-refused":
        return None
    modes = truth["modes"]
    if not any(mode["works"] for mode in modes.values()):
        return None
    hybrid_first = modes["preferred"]["works"] and modes["preferred"]["group"] == HYBRID \
        and not modes["preferred"]["retry"]
    if truth["verdict"] in OFF:
        return "off"
    if hybrid_first and truth["verdict"] not in NOT_FIRST:
        return "preferred"
    return "supported" if modes["supported"]["works"] else "off"


class Settling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Folder(cls)
        cls.zones, lines = {}, []
        for number, kind in enumerate(KINDS):
            cls.zones[kind] = [f"127.110.0.{number + 1}"]
            lines.append(f"127.110.0.{number + 1} {kind}")
        number = 0
        for zone, kinds in MIXED.items():
            cls.zones[zone] = []
            for kind in kinds:
                number += 1
                cls.zones[zone].append(f"127.110.1.{number}")
                lines.append(f"127.110.1.{number} {kind}")
        cls.lab = serve(cls, cls.folder, lines)
        cls.truth = {one["address"]: one for one in cls.lab.truths()}
        daily, quick = cls.record("daily", 2), cls.record("quick", 1)
        cls.database = Database(cls.folder / "settled.db")
        subprocess.run([REPLAY, "play", daily.path, quick.path, cls.database.path, str(DAYS)], check=True)
        cls.settings = {row["zone"]: row for row in cls.database.rows("SELECT * FROM v_zone_setting")}

    @classmethod
    def addCleanup(cls, function, *arguments, **named):
        cls.addClassCleanup(function, *arguments, **named)

    @classmethod
    def record(cls, plan, scans):
        """Real scans of the whole population."""
        database = Database(cls.folder / f"{plan}.db")
        lines = [f"{zone},{host},{cls.lab.port}" for zone, hosts in cls.zones.items() for host in hosts]
        database.import_(["zone,host,port"] + lines, "--format", "csv")
        for _ in range(scans):
            # none of them is silent: few at a time and with patience, so that a busy machine makes no scan unstable
            database.scan(plan=plan, period_s=1, timeout_ms=10000, max_in_flight=30)
            time.sleep(1.1)
        return database

    def test_each_zone_ends_in_the_setting_that_the_truth_says(self):
        wrong = []
        for zone, hosts in self.zones.items():
            each = [deserved(self.truth[host]) for host in hosts]
            row = self.settings[zone]
            if None in each:  # no advice: nothing was seen to work
                if row["setting"] != "none" or row["valid_until"] is not None:
                    wrong.append(f"{zone}: {dict(row)}, no advice expected")
                continue
            wanted = MIXED_WANTED.get(zone, each[0])
            if row["setting"] != wanted:
                wrong.append(f"{zone}: {row['setting']} ({row['reason']}), {wanted} expected")
        self.assertEqual(wrong, [])

    def test_by_name(self):
        """The same for a few, without a rule between."""
        wanted = {"modern": ("preferred", HYBRID), "hybrid-flat": ("preferred", HYBRID),
                  "hybrid-not-chosen": ("supported", "X25519"), "p256-first": ("supported", "P-256"),
                  "tls12": ("off", "X25519"), "large-first-only": ("supported", "X25519"),
                  "large-second-only": ("preferred", HYBRID), "hybrid-refused": ("off", "X25519"),
                  "unknown-group-alert": ("off", "X25519"), "unknown-share-alert": ("supported", "X25519"),
                  "version-fallback": ("off", "X25519"), "mixed-size": ("supported", "X25519"),
                  "mixed-tls12": ("preferred", HYBRID), "mixed-share": ("supported", "P-256")}
        self.assertEqual({zone: (self.settings[zone]["setting"], self.settings[zone]["first_share"])
                          for zone in wanted}, wanted)

    def test_the_settings_break_no_connection(self):
        said = subprocess.run([REPLAY, "connect", self.database.path], check=True, capture_output=True,
                              text=True)
        tried = [json.loads(line) for line in said.stdout.splitlines()]
        self.assertEqual(len(tried), sum(map(len, self.zones.values())))
        broken = []
        for one in tried:
            alone = deserved(self.truth[one["host"]])
            works = alone is not None
            if works and one["outcome"] != "ok":
                broken.append(one)
            if one["setting"] == "preferred" and (one["retry"] or
                                                  (alone == "preferred" and one["group"] != HYBRID)):
                broken.append(one)
        self.assertEqual(broken, [])

    def test_rebuilding_changes_nothing(self):
        before = [tuple(row) for row in self.database.rows("SELECT * FROM evidence ORDER BY origin_id")]
        for more in ([], ["--scans"]):
            said = originscan.run("zone", "recompute", "--db", self.database.path, *more)
            self.assertEqual(said.returncode, 0, said.stderr)
            self.assertIn("0 origins changed their level", said.stdout)
            after = [tuple(row) for row in self.database.rows("SELECT * FROM evidence ORDER BY origin_id")]
            self.assertEqual(before, after)
        self.assertEqual(self.database.problems(), "")


if __name__ == "__main__":
    unittest.main()
