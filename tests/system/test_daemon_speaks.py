"""What the daemon says of settings and of its own limits: lines to build an alert on."""

import shlex
import unittest

import originscan
from population import Daemon, Database, Folder, serve, wait_until

KINDS = {"127.118.0.1": "modern", "127.118.0.2": "classical-only", "127.118.0.3": "p256-first"}


def events(said, name):
    """The fields of each line with that event."""
    found = []
    for line in said.splitlines():
        fields = dict(word.partition("=")[::2] for word in shlex.split(line))
        if fields.get("event") == name:
            found.append(fields)
    return found


def in_order(ones):
    return sorted((dict(sorted(one.items())) for one in ones), key=str)


class DaemonSpeaks(unittest.TestCase):
    def setUp(self):
        self.folder = Folder(self)
        self.database = Database(self.folder / "a.db")
        self.lab = serve(self, self.folder, [f"{address} {kind}" for address, kind in KINDS.items()])
        self.database.import_(f"{address}:{self.lab.port}" for address in KINDS)

    def daemon(self, **settings):
        return Daemon(self, self.folder, self.database,
                      **{"profile": "fast", "log_format": "logfmt", "period_s": 3600, **settings})

    def changes(self):
        """v_change's rows of settings, joined by zone and moment: what each line has to say."""
        joined = {}
        for row in self.database.rows("SELECT changed_at, subject, field, old, new, reason FROM v_change"
                                      " WHERE field IN ('setting', 'variant', 'first_share', 'groups')"):
            one = joined.setdefault((row["subject"], row["changed_at"]), {"zone": row["subject"]})
            one["reason"] = row["reason"]
            if row["field"] == "setting":
                one.update({key: row[key] for key in ("old", "new") if row[key] is not None})
            elif row["new"] is not None:
                one[row["field"]] = row["new"]
        return in_order(joined.values())

    def told(self, daemon):
        keys = ("zone", "old", "new", "variant", "first_share", "groups", "reason")
        return in_order({key: line[key] for key in keys if key in line}
                        for line in events(daemon.said(), "setting_changed"))

    def test_a_line_for_each_setting_that_moved(self):
        self.assertEqual(self.database.scan().returncode, 0)  # careful: nothing may move yet
        before = len(self.changes())
        daemon = self.daemon()  # fast: all may
        wait_until(lambda: any(line["zone"] == "127.118.0.1" for line in self.told(daemon)), "a line of a zone that moves")
        # the line of a change is written behind its commit, and more may move meanwhile
        wait_until(lambda: len(self.told(daemon)) == len(self.changes()) - before, "a line for each change")
        moved = {line["zone"]: (line.get("old"), line.get("new"), line["reason"]) for line in self.told(daemon)}
        self.assertEqual(moved["127.118.0.1"], ("off", "preferred", "hybrid-in-one-round-trip"))
        # an operator's order, which another process settles
        said = originscan.run("zone", "--db", self.database.path, "--pin", "supported", "set", "127.118.0.1")
        self.assertEqual(said.returncode, 0, said.stderr)
        wait_until(lambda: "operator-pin" in daemon.said(), "the line of the order")
        (line,) = [one for one in self.told(daemon) if one["reason"] == "operator-pin"]
        self.assertEqual((line["zone"], line["old"], line["new"]), ("127.118.0.1", "preferred", "supported"))
        self.assertEqual(daemon.stop(), 0)
        again = self.daemon()  # nothing is told twice
        wait_until(lambda: events(again.said(), "started"), "the start")
        self.assertEqual(again.stop(), 0)
        self.assertEqual(self.told(again), [])

    def test_every_line_is_a_change_of_the_view(self):
        daemon = self.daemon(period_s=10)
        wait_until(lambda: self.database.value("SELECT count(*) FROM v_zone_setting WHERE setting <> 'none'") == 3,
                   "three settings")
        self.assertEqual(daemon.stop(), 0)
        self.assertTrue(self.told(daemon))
        self.assertEqual(self.told(daemon), self.changes())

    def test_a_rate_that_is_too_low_is_said(self):
        daemon = self.daemon(rate=1, period_s=30)
        wait_until(lambda: events(daemon.said(), "started"), "the start")
        wait_until(lambda: events(daemon.said(), "rate_too_low"), "the warning")
        (line,) = events(daemon.said(), "rate_too_low")
        self.assertEqual((line["level"], line["origins"], line["period_s"], line["rate"]), ("warning", "3", "30", "1"))
        self.assertAlmostEqual(float(line["needed"]), 3 * 11 / 30, places=2)
        self.assertEqual(daemon.stop(), 0)
        daemon = self.daemon(rate=2, period_s=30)
        wait_until(lambda: events(daemon.said(), "started"), "the start")
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(events(daemon.said(), "rate_too_low"), [])


if __name__ == "__main__":
    unittest.main()
