"""Three weeks of `careful` under a virtual clock on origins that do not change: no verdict changes, and report, views
and `explain` say the same, cell by cell. The scans are real ones of the lab, played again."""

import collections
import json
import os
import re
import subprocess
import time
import unittest

import originscan
from population import Database, Folder, serve
from test_settle import KINDS

REPLAY = os.environ["SETTLE_REPLAY"]
START_S = 1795446000  # of the replay
DAYS = 21
EACH = 6  # origins of a kind
RESUMING = "resume-close resume-reset resume-alert resume-retry-close resume-retry-alert tickets".split()
FAILING = {"handshake-refused", "never-finishes", "unstable"}  # and the faults
SOUND = {"tls12-only", "ready", "ready-after-retry", "hybrid-not-chosen", "other-hybrid", "draft-only", "classical",
         "hybrid-only-if-first", "client-certificate", "record-split", "length-quirk"}


class Truth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        library = os.environ.get("WALL_CLOCK")
        if not library:
            raise unittest.SkipTest("no library that sets the wall clock")
        cls.folder = Folder(cls)
        offset = cls.folder.write("offset", f"{START_S + DAYS * 86400 - int(time.time())}\n")
        cls.clock = {"LD_PRELOAD": library, "WALL_CLOCK_OFFSET": str(offset)}
        kinds = KINDS + RESUMING
        cls.kind_of = {f"127.112.{k}.{i + 1}": kind for k, kind in enumerate(kinds) for i in range(EACH)}
        cls.lab = serve(cls, cls.folder, [f"{address} {kind}" for address, kind in cls.kind_of.items()])
        cls.daily, quick = cls.record("daily", 2), cls.record("quick", 1)
        cls.database = Database(cls.folder / "settled.db")
        subprocess.run([REPLAY, "play", cls.daily.path, quick.path, cls.database.path, str(DAYS)], check=True)
        cls.origins = cls.database.rows("SELECT * FROM v_origin")
        cls.settings = {row["zone"]: row for row in cls.database.rows("SELECT * FROM v_zone_setting")}
        cls.report = json.loads(cls.say("report", "--format", "json", "--since", "2026-01-01"))
        cls.page = cls.say("report")

    @classmethod
    def addCleanup(cls, function, *arguments, **named):
        cls.addClassCleanup(function, *arguments, **named)

    @classmethod
    def record(cls, plan, scans):
        """Real scans of the whole population: each origin a zone, but the last two of a kind share one."""
        database = Database(cls.folder / f"{plan}.db")
        lines = [f"{kind if host[-1] in '56' else host},{host},{cls.lab.port}" for host, kind in cls.kind_of.items()]
        database.import_(["zone,host,port"] + lines, "--format", "csv")
        for _ in range(scans):
            # few at a time and with patience, so that a busy machine makes no scan unstable
            database.scan(plan=plan, period_s=1, timeout_ms=3000, max_in_flight=30)
            time.sleep(1.1)
        return database

    @classmethod
    def say(cls, command, *arguments):
        said = originscan.run(command, "--db", cls.database.path, *arguments, environment=cls.clock)
        if said.returncode != 0:
            raise AssertionError(f"{command}: {said.stderr}")
        return said.stdout

    def test_three_weeks_were_played(self):
        self.assertEqual(len(self.origins), EACH * (len(KINDS) + len(RESUMING)))
        self.assertGreaterEqual(len(self.origins), 300)
        visits = self.database.value("SELECT sum(visits) FROM origin")
        self.assertGreater(visits, len(self.origins) * DAYS)  # extra visits among them
        self.assertGreater(self.database.value("SELECT count(*) FROM v_zone_setting WHERE setting = 'preferred'"), 20)

    def test_no_verdict_of_an_origin_that_did_not_change_changes(self):
        changes = self.database.rows("SELECT subject, field, old, new FROM v_change WHERE subject LIKE '%:%'")
        seen = collections.Counter(
            (self.kind_of[row["subject"].rsplit(":", 1)[0]], row["field"], row["old"], row["new"]) for row in changes)
        self.assertEqual(seen, {})
        self.assertEqual(self.report["flapping"]["total"], 0)

    def test_the_verdict_is_that_of_the_recorded_full_scans(self):
        recorded = {row["host"]: row["verdict"] for row in self.daily.rows("SELECT host, verdict FROM v_origin")}
        wrong = [(self.kind_of[row["host"]], row["verdict"], recorded[row["host"]]) for row in self.origins
                 if row["verdict"] != recorded[row["host"]]]
        self.assertEqual(wrong, [])

    def test_report_lists_the_slowest_that_the_database_has(self):
        rows = [tuple(row) for row in self.database.rows(
            "SELECT host, handshake_us, connect_us FROM origin WHERE status = 'complete' AND handshake_us"
            " ORDER BY handshake_us DESC, id")]
        slowest = self.report["slowest"]
        self.assertGreater(len(rows), 200)
        self.assertEqual(slowest["origins"], len(rows))
        self.assertEqual(slowest["median_ms"], rows[len(rows) // 2][1] / 1000)
        self.assertEqual(slowest["p95_ms"], rows[len(rows) // 20][1] / 1000)
        self.assertEqual([(one["host"], one["handshake_ms"], one["connect_ms"]) for one in slowest["longest"]],
                         [(host, handshake / 1000, connect / 1000) for host, handshake, connect in rows[:20]])

    def test_report_counts_what_the_views_show(self):
        report = self.report
        statuses = collections.Counter(row["status"] for row in self.origins)
        self.assertEqual(report["origins"]["total"], len(self.origins))
        for status, n in statuses.items():
            self.assertEqual(report["origins"][status], n, status)
        complete = [row for row in self.origins if row["status"] == "complete"]
        self.assertEqual({one["verdict"]: one["origins"] for one in report["verdicts"]},
                         collections.Counter(row["verdict"] for row in complete if row["verdict"]))
        failures = collections.Counter(row["status"] for row in self.origins if row["status"] != "complete")
        failures.update(row["verdict"] for row in complete if row["verdict"] and row["verdict"] not in SOUND)
        self.assertEqual({one["class"]: one["origins"] for one in report["failures"]}, failures)
        shares = {row["group_name"]: row for row in self.database.rows("SELECT * FROM v_group_share")}
        for one in report["shares"]:
            row = shares[one["group"]]
            self.assertEqual((one["origins"], one["supported"], one["preferred"]),
                             (row["origins"], row["supported"], row["preferred"]), one["group"])
        self.assertTrue(all(0 <= one["fraction"] <= 1 for one in report["verdicts"]))

    def test_adoption_is_what_the_modes_do(self):
        hybrid = [row for row in self.origins if row["status"] == "complete" and row["hybrid"]]
        once = [row for row in hybrid if row["preferred_works"] and row["preferred_retry"] == 0]
        retried = [row for row in hybrid if row not in once and row["supported_works"] and row["supported_retry"]
                   and row["preferred_group"] == "X25519MLKEM768"]
        said = self.report["hybrid"]
        self.assertEqual((said["supported"], said["in_one_round_trip"], said["after_retry"], said["not_chosen"]),
                         (len(hybrid), len(once), len(retried), len(hybrid) - len(once) - len(retried)))
        self.assertGreater(len(once), sum(row["verdict"] == "ready" for row in self.origins))
        self.assertTrue(retried)

    def test_settings_are_those_of_the_view(self):
        listed = {one["zone"]: one for one in self.report["settings"]["zones"]}
        self.assertEqual(listed.keys(), self.settings.keys())
        for zone, row in self.settings.items():
            one = listed[zone]
            self.assertEqual((one["setting"] or "none", one["variant"], one["first_share"], one["reason"], one["since"]),
                             (row["setting"], row["variant"], row["first_share"], row["reason"], row["since"]), zone)
        counts = collections.Counter(row["setting"] for row in self.settings.values())
        self.assertEqual({word: n for word, n in self.report["settings"]["counts"].items() if n}, counts)

    def test_changes_are_those_of_the_view(self):
        rows = self.database.rows("SELECT * FROM v_change")
        self.assertEqual(self.report["changes"]["total"], len(rows))
        for one in self.report["changes"]["latest"]:
            self.assertIn(tuple(one[key] for key in ("changed_at", "subject", "field", "old", "new", "reason")),
                          [tuple(row) for row in rows])

    def test_the_page_has_the_numbers_of_the_document(self):
        (base,) = re.findall(r"the (\d+) whose last scan is complete", self.page)
        for one in self.report["verdicts"]:
            self.assertRegex(self.page, rf"\n  {one['verdict']} +[#.]+ +{100 * one['origins'] / int(base):.1f} % +{one['origins']}\n")

    def test_explain_says_the_same_of_each_zone_and_origin(self):
        by_zone = collections.defaultdict(list)
        for row in self.origins:
            by_zone[row["zone"]].append(row)
        wrong = []
        for zone, setting in self.settings.items():
            text = self.say("explain", zone)
            wrong += [f"{zone}: {what}" for what in self.contradictions(text, setting, by_zone[zone])]
        self.assertEqual(wrong[:20], [])

    def contradictions(self, text, setting, origins):
        head, _, rest = text.partition("\n\n")
        (said, share), = re.findall(r'^zone ".*": (no advice|off|supported|preferred)(?:.*?first share ([\w-]+))?', head)
        if (setting["setting"] if setting["setting"] != "none" else "no advice") != said:
            yield f"setting {setting['setting']}, explained as {said}"
        if share and share != setting["first_share"]:
            yield f"first share {setting['first_share']}, explained as {share}"
        reason = re.search(r"^  reason +([\w-]+):", head, re.M)
        if not reason or reason[1] != setting["reason"]:
            yield f"reason {setting['reason']}, explained as {reason and reason[1]}"
        since = re.search(r"^  since +(\S+)$", head, re.M)
        if setting["setting"] != "none" and since[1] != setting["since"]:
            yield f"since {setting['since']}, explained as {since[1]}"
        for row in origins:
            name = re.escape(f"{row['host']}:{row['port']}")
            part = re.search(rf'^origin "{name}", weight .*\n  last scan +(\S+?)(?: of \S+)?, (\w+)(?:, verdict (\S+))?$', rest, re.M)
            if not part or (part[1], part[2], part[3]) != (row["scanned_at"], row["status"], row["verdict"]):
                yield f"{name}: {row['scanned_at']} {row['status']} {row['verdict']}, explained as {part and part.groups()}"
            scan = re.search(rf"^scan of {name}(?: \(\S+\))? at (\S+): (\S+)$", rest, re.M)
            wanted = row["verdict"] if row["status"] == "complete" else row["status"]
            if not scan or scan[1] != row["scanned_at"] or (row["verdict"] and scan[2] != wanted):
                yield f"{name}: {row['scanned_at']} {wanted}, its scan is {scan and scan.groups()}"


if __name__ == "__main__":
    unittest.main()
