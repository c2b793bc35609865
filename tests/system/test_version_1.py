"""A database of the version before: it is opened, its scans are judged again, and nothing becomes bolder by that."""

import os
import pathlib
import sqlite3
import time
import unittest

import originscan
from population import Database, Folder

DUMP = pathlib.Path(__file__).parent / "data" / "version_1.sql"
BOLDNESS = ["none", "off", "supported", "preferred"]
SCANNED_S = 1795890175  # when the dump was made


class Version1(unittest.TestCase):
    def setUp(self):
        library = os.environ.get("WALL_CLOCK")
        if not library:
            self.skipTest("built without wall_clock, and evidence grows old")
        self.folder = Folder(self)
        offset = self.folder.write("offset", str(int(SCANNED_S + 60 - time.time())))
        self.clock = {"LD_PRELOAD": library, "WALL_CLOCK_OFFSET": str(offset)}
        self.database = Database(self.folder / "version_1.db")
        connection = sqlite3.connect(self.database.path)
        connection.executescript(DUMP.read_text(encoding="utf-8"))
        connection.close()

    def run_ok(self, *arguments):
        said = originscan.run(*arguments, "--db", self.database.path, environment=self.clock)
        self.assertEqual((said.returncode, said.stderr), (0, ""), said.stdout)
        return said.stdout

    def column(self, sql):
        return dict(tuple(row) for row in self.database.rows(sql))

    def settings(self):
        return self.column("SELECT zone, setting FROM v_zone_setting")

    def verdicts(self):
        return self.column("SELECT zone, verdict FROM v_origin")

    def assert_explained(self):
        """`explain` says of each zone what the view says."""
        for zone, setting, reason in self.database.rows("SELECT zone, setting, reason FROM v_zone_setting"):
            with self.subTest(zone):
                said = self.run_ok("explain", zone)
                first, second = said.splitlines()[:2]
                self.assertTrue(first.startswith(f'zone "{zone}": {setting}'), first)
                self.assertRegex(second, rf"^  reason +{reason}: ")
                self.assertNotIn("no-evidence", said)  # each was scanned

    def test_settings_stay_until_an_origin_is_scanned_again(self):
        before, verdicts = self.settings(), self.verdicts()
        self.assertEqual(before["ready"], "preferred")
        self.assertEqual(before["pieces"], "supported")
        self.run_ok("db", "migrate")
        self.assertEqual((self.settings(), self.verdicts()), (before, verdicts))
        self.assert_explained()
        self.run_ok("zone", "recompute")
        self.assertEqual((self.settings(), self.verdicts()), (before, verdicts))
        self.assertEqual(self.database.problems(), "")

    def test_scans_that_are_judged_again_raise_no_setting(self):
        before = self.settings()
        self.run_ok("db", "migrate")
        self.run_ok("zone", "recompute", "--scans")
        after = self.settings()
        self.assertEqual(after.keys(), before.keys())
        for zone, setting in after.items():
            with self.subTest(zone):
                self.assertLessEqual(BOLDNESS.index(setting), BOLDNESS.index(before[zone]))
        # What they say of a mode is less than a scan of now, and still more than nothing.
        for zone in ("ready", "only-if-first", "pieces", "draft", "classical"):
            self.assertEqual(after[zone], before[zone], zone)
        self.assert_explained()
        self.assertEqual(self.database.problems(), "")
        for action in ("report", "export"):
            self.run_ok(action, "--format", "json")
        for host in range(1, 9):
            self.assertIn("last scan", self.run_ok("explain", f"127.78.0.{host}"))


if __name__ == "__main__":
    unittest.main()
