"""originscan zone and feedback: an operator's orders and reports, from outside."""

import contextlib
import json
import resource
import sqlite3
import unittest

import originscan
from population import Daemon, Database, Folder, serve, wait_until

SETTING = "SELECT setting, first_share, reason FROM v_zone_setting WHERE zone = 'shop'"


class Zones(unittest.TestCase):
    def setUp(self):
        self.folder = Folder(self)
        self.lab = serve(self, self.folder, ["127.111.0.1 modern", "127.111.0.2 p256-first"])
        self.database = Database(self.folder / "zones.db")
        self.database.import_(["zone,host,port", f"shop,127.111.0.1,{self.lab.port}",
                               f"old,127.111.0.2,{self.lab.port}"], "--format", "csv")

    def scan(self, **settings):
        said = self.database.scan(**{"profile": "fast", "period_s": 86400, **settings})
        self.assertEqual((said.returncode, said.stderr), (0, ""))

    def zone(self, *arguments, status=0):
        action, *rest = arguments
        said = originscan.run("zone", action, "--db", self.database.path, *rest)
        self.assertEqual(said.returncode, status, said.stderr)
        return said.stdout if status == 0 else said.stderr

    def setting(self):
        return tuple(self.database.rows(SETTING)[0])


class Orders(Zones):
    def test_orders_hold_at_once(self):
        self.scan()
        ready = ("preferred", "X25519MLKEM768", "hybrid-in-one-round-trip")
        self.assertEqual(self.setting(), ready)
        self.zone("set", "shop", "--pin", "supported:P-256")
        self.assertEqual(self.setting(), ("supported", "P-256", "operator-pin"))
        self.assertRegex(self.zone("list"), r"^shop +pin +supported:P-256 +set \d{4}-\d\d-\d\dT\d\d:\d\dZ\n$")
        self.zone("clear", "shop")
        self.assertEqual(self.setting(), ready)
        self.assertEqual(self.zone("list"), "")
        self.zone("set", "--global", "--deny", "preferred")
        self.assertEqual(self.setting(), ("supported", "X25519", "operator-deny"))
        self.zone("set", "shop", "--freeze")
        self.zone("clear", "--global", "--lever", "deny")
        self.assertEqual(self.setting(), ("supported", "X25519", "operator-deny"))
        self.zone("clear", "shop", "--lever", "freeze")
        self.assertEqual(self.setting(), ready)
        self.zone("set", "shop", "--compliance", "pqh+fips")
        self.assertEqual(self.database.value("SELECT groups FROM v_zone_setting WHERE zone = 'shop'"),
                         "X25519MLKEM768")
        changes = self.database.rows("SELECT field, old, new, reason FROM v_change WHERE field = 'pin'")
        self.assertEqual([tuple(row) for row in changes],
                         [("pin", None, "supported:P-256", "operator"),
                          ("pin", "supported:P-256", None, "operator")])

    def test_a_pin_on_what_fails_is_named(self):
        """It is taken all the same; a pin on what works, or was never tried, is no news."""
        self.lab.stop()
        self.lab.table_path.write_text("127.111.0.1 size-close\n127.111.0.2 p256-first\n")
        self.lab.start()
        self.assertEqual(self.said_of_pin("shop", "preferred"), "")
        self.scan(profile="careful")
        self.assertEqual(self.said_of_pin("shop", "preferred"),
                         'originscan zone: zone "shop": what was measured speaks against `preferred` at 1 of 1 origins '
                         "(diagnosed-fault); it is pinned all the same\n")
        self.assertEqual(self.setting()[0], "preferred")
        self.assertEqual(self.said_of_pin("shop", "off"), "")
        self.assertEqual(self.said_of_pin("old", "supported"), "")

    def said_of_pin(self, zone, setting):
        said = originscan.run("zone", "set", "--db", self.database.path, zone, "--pin", setting)
        self.assertEqual((said.returncode, said.stdout), (0, ""))
        return said.stderr

    def test_what_cannot_be_is_refused(self):
        self.scan()
        before = self.setting()
        self.zone("set", "shop", "--compliance", "fips")
        for arguments, text in (
                (["shop", "--pin", "off:X25519"], "X25519"),
                (["shop", "--compliance", "pqh", "--pin", "off"], "pqh"),
                (["nowhere", "--pin", "bold"], 'unknown value "bold"'),
                (["nowhere", "shop", "--pin", "off:X25519"], "X25519"),
                (["", "--pin", "off"], "the name of a zone"),
                (["shop", "--pin", "bold"], 'unknown value "bold"; use off, supported or preferred'),
                (["shop", "--deny", "off"], 'unknown value "off"; use supported, preferred'),
                (["shop", "--compliance", "iso"], 'unknown value "iso"; use none, pqh, fips or pqh+fips')):
            self.assertIn(text, self.zone("set", *arguments, status=1))
        self.assertEqual(self.zone("list").split(), ["shop", "compliance", "fips", "set", self.zone("list").split()[-1]])  # nothing half done
        self.assertIn('there is no zone "nowhere"', self.zone("clear", "nowhere", status=1))
        self.assertEqual(self.database.value("SELECT count(*) FROM zone WHERE name = 'nowhere'"), 0)
        self.zone("clear", "shop")
        self.assertEqual(self.setting(), before)
        for arguments in ([], ["set"], ["set", "shop"], ["set", "--pin", "off"], ["paint", "shop"],
                          ["set", "shop", "--global", "--freeze"], ["set", "shop", "--lever", "pin"],
                          ["clear", "shop", "--pin", "off"], ["clear", "shop", "--lever", "colour"],
                          ["set", "--global", "--expect", "off"],
                          ["set", "shop", "--freeze", "--comment", "\x1b[31m"], ["clear", "shop", "--until", "7d"],
                          ["set", "shop", "--freeze", "--comment", "x" * 201]):
            said = originscan.run("zone", *arguments, "--db", self.database.path)
            self.assertEqual(said.returncode, 2, arguments)
            self.assertIn("originscan zone: ", said.stderr)
        self.assertEqual(originscan.run("zone", "list", "--db", self.folder / "none.db").returncode, 2)
        said = originscan.run("zone", "list", "shop", "shpo", "--db", self.database.path)
        self.assertEqual((said.returncode, said.stderr), (1, 'originscan zone: there is no zone "shpo"\n'))

    def test_orders_wait_for_a_zone(self):
        said = originscan.run("zone", "set", "new", "--pin", "off", "--db", self.database.path)
        self.assertEqual(said.returncode, 0)
        self.assertIn('no zone "new" yet', said.stderr)
        for options in ([], ["--format", "json"], ["--format", "haproxy"], ["--format", "nginx"]):
            command = ("export", *options) if options else ("report",)
            said = originscan.run(*command, "--db", self.database.path)
            self.assertEqual(said.returncode, 0, said.stderr)
        self.database.import_(["zone,host,port", f"new,127.111.0.1,{self.lab.port}"], "--format", "csv")
        self.scan()
        rows = self.database.rows("SELECT setting, reason FROM v_zone_setting WHERE zone = 'new'")
        self.assertEqual([tuple(row) for row in rows], [("off", "operator-pin")])
        self.database.import_(["zone,host,port", f"shop,127.111.0.1,{self.lab.port}"], "--format", "csv", "--replace",
                              "--force")
        self.assertEqual(self.zone("list").split()[:3], ["new", "pin", "off"])  # an import takes no order away
        self.assertEqual(originscan.run("remove", "--db", self.database.path, "127.111.0.1").returncode, 0)
        self.assertEqual(self.zone("list").split()[:3], ["new", "pin", "off"])  # nor does the last origin
        self.zone("clear", "new")
        self.assertEqual(self.database.value("SELECT count(*) FROM zone WHERE name = 'new'"), 0)

    def test_orders_have_a_comment_and_an_end(self):
        self.scan()
        before = self.setting()
        self.zone("set", "shop", "--pin", "off", "--comment", "CHG-12 ü", "--until", "2w")
        self.zone("set", "shop", "--freeze", "--until", "2099-12-24T18:00")
        listed = self.zone("list").splitlines()
        self.assertRegex(listed[0], r"^shop +freeze +yes +set \S+Z  until 2099-12-24T18:00Z$")
        self.assertRegex(listed[1], r"^shop +pin +off +set \S+Z  until \S+Z  # CHG-12 \\xc3\\xbc$")
        self.assertEqual(self.database.value("SELECT reason FROM v_change WHERE field = 'pin'"),
                         "operator: CHG-12 ü")
        self.zone("clear", "shop", "--lever", "freeze")
        for wrong in ("yesterday", "2020-01-01", "7", "d", "2026-13-01", "1y"):
            said = originscan.run("zone", "set", "shop", "--freeze", "--until", wrong, "--db", self.database.path)
            self.assertEqual(said.returncode, 2, wrong)
            self.assertIn("--until", said.stderr)
        self.assertEqual(self.setting()[2], "operator-pin")
        daemon = Daemon(self, self.folder, self.database, period_s=86400, profile="fast")
        with contextlib.closing(sqlite3.connect(self.database.path, timeout=30)) as connection:
            connection.execute("UPDATE lever SET until_at = set_at + 1")
            connection.commit()
        wait_until(lambda: self.setting() == before, "the end of the order")
        self.assertEqual(daemon.stop(), 0)
        self.assertRegex(self.zone("list"), r"^shop +pin +off +set \S+Z  ended \S+Z  # CHG")
        self.assertEqual([tuple(row) for row in self.database.rows(
            "SELECT old, new, reason FROM v_change WHERE field = 'pin' ORDER BY changed_at DESC LIMIT 1")],
            [("off", None, "its end has come")])
        self.zone("set", "shop", "--pin", "off")  # the same again, but it counts
        self.assertEqual(self.setting()[2], "operator-pin")
        self.zone("set", "shop", "--pin", "off", "--comment", "still")
        self.assertIn("# still", self.zone("list"))
        said = originscan.run("explain", "--db", self.database.path, "shop")
        self.assertRegex(said.stdout, r"\n  orders +pin off  set \S+Z  # still\n")

    def test_beside_a_daemon(self):
        daemon = Daemon(self, self.folder, self.database, period_s=2, profile="fast")
        wait_until(lambda: self.database.rows(SETTING) and self.setting()[0] == "preferred", "a setting", 30)
        self.zone("set", "shop", "--pin", "off:P-256")
        self.assertEqual(self.setting(), ("off", "P-256", "operator-pin"))
        scans = self.database.value("SELECT count(*) FROM scan")
        wait_until(lambda: self.database.value("SELECT count(*) FROM scan") > scans + 2, "more scans")
        self.assertEqual(self.setting(), ("off", "P-256", "operator-pin"))
        self.assertEqual(daemon.stop(), 0)
        self.assertNotIn("error", daemon.said())

    def test_careful_is_the_default(self):
        self.scan(profile="careful")
        self.assertEqual(self.setting(), ("off", "X25519", "needs-more-days"))

    def test_the_brake_holds_exports(self):
        self.scan()
        export = ["export", "--db", self.database.path, "--format", "json"]
        self.assertEqual(originscan.run(*export).returncode, 0)
        self.zone("set", "old", "--expect", "preferred")  # it is not: our own fault, then
        said = originscan.run(*export)
        self.assertEqual((said.returncode, said.stdout), (1, ""))
        self.assertIn("brake", said.stderr)
        self.assertIn("reference", self.zone("list"))
        self.zone("clear", "old")
        self.assertEqual(originscan.run(*export).returncode, 0)

    def test_shadow_is_not_exported(self):
        self.scan()
        self.zone("set", "shop", "--shadow")
        said = originscan.run("export", "--db", self.database.path, "--format", "ndjson")
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertNotIn("shop", said.stdout)
        self.assertIn("old", said.stdout)

    def test_recompute(self):
        self.scan()
        for more in ([], ["--scans"]):
            self.assertIn("2 zones settled, 0 up, 0 down; 0 origins changed their level", self.zone("recompute", *more))

    def test_recompute_tells_of_damaged_states(self):
        self.scan()
        with contextlib.closing(sqlite3.connect(self.database.path)) as db, db:
            db.execute("UPDATE zone_memo SET memo = randomblob(50) WHERE zone_id = 1")
        said = originscan.run("zone", "recompute", "--db", self.database.path, within_s=20)
        self.assertEqual((said.returncode, said.stderr),
                         (1, "originscan zone: the stored state of 1 zone was damaged; hold-downs are lost, and ramps "
                             "begin anew\n"))

    def test_recompute_passes_over_damaged_scans(self):
        """They are named; all else is judged again and settled."""
        self.scan()
        before = self.setting()
        with contextlib.closing(sqlite3.connect(self.database.path)) as db, db:
            db.execute("UPDATE scan SET packed = randomblob(250) WHERE id = 1")
        said = originscan.run("zone", "recompute", "--db", self.database.path, "--scans", within_s=20)
        self.assertEqual(said.returncode, 1)
        self.assertIn("2 zones settled, 0 up, 0 down", said.stdout)
        self.assertRegex(said.stderr, r"127\.111\.0\.[12]:\d+: scan 1: (damaged|stored by a newer).*not judged again\n"
                                      r"originscan zone: 1 damaged scan was skipped\n$")
        self.assertEqual(self.setting(), before)


class Feedback(Zones):
    def feed(self, *lines, status=0):
        said = originscan.run("feedback", "--db", self.database.path, stdin="".join(f"{l}\n" for l in lines))
        self.assertEqual(said.returncode, status, said.stderr)
        return said

    @staticmethod
    def report(**change):
        return json.dumps({"zone": "shop", "arm": "canary", "handshakes": 1000, "failures": 1, "retries": 0,
                           **change})

    def test_bad_lines_are_named_and_skipped(self):
        self.scan()
        good = self.report()
        bad = [("{", "malformed"), ("[1]", "not a JSON object"), ("null", "malformed"),
               ('{"zone":"shop","zone":"old"}', "malformed"),
               (self.report(failures=-1), "negative"), (self.report(handshakes=1.5), "whole number"),
               (self.report(handshakes="9"), "whole number"), (self.report(failures=1001), "more failures"),
               (self.report(handshakes=0, failures=0), "no handshakes"), (self.report(zone="nowhere"), "there is no zone"),
               (self.report(zone=None), "zone"), (self.report(arm="both"), "unknown arm"),
               (self.report(speed=3), "unknown key"),
               (self.report(origins={}), "not an array"), (self.report(origins=[1]), "not an object"),
               (self.report(origins=[{"host": "a.example"}]), "handshakes"),
               (self.report(origins=[{"host": "-", "handshakes": 1}]), "-"),
               (self.report(origins=[{"host": "a.example", "handshakes": 1, "port": 0}]), "port"),
               (self.report(origins=[{"host": "a.example", "handshakes": 1, "speed": 1}]), "unknown key"),
               (self.report(origins=[{"host": "a.example", "handshakes": 501}] * 2), "more handshakes"),
               (self.report(until="today"), "until"),
               (good, "repeated"), ('{"zone":"shop","arm":"canary"}', "handshakes"), ("\x00", "malformed")]
        said = self.feed(good, "", *[line for line, _ in bad], self.report(arm="control"), status=1)
        self.assertIn(f"2 reports accepted, {len(bad)} lines rejected", said.stdout)
        named = said.stderr.splitlines()
        self.assertEqual(len(named), len(bad))
        for number, ((_, text), line) in enumerate(zip(bad, named)):
            self.assertTrue(line.startswith(f"originscan feedback: -:{number + 3}: "), line)
            self.assertIn(text, line)
        self.assertEqual(self.database.value("SELECT count(*) FROM feedback"), 2)

    def test_a_bad_canary_rolls_back(self):
        self.scan()
        until = "2026-11-23T09:00:00Z"
        self.assertIn("0 zones rolled back", self.feed(self.report(until=until)).stdout)
        self.assertIn("repeated", self.feed(self.report(until=until), status=1).stderr)
        said = self.feed(self.report(failures=400))
        self.assertIn("shop: rolled back\n", said.stdout)
        self.assertNotEqual(self.setting()[0], "preferred")
        self.assertEqual(self.setting()[2], "feedback-failures")

    def test_traffic_decides_the_first_share(self):
        """Two classical origins, one that takes X25519 alone and one that would rather have P-256."""
        lab = serve(self, self.folder, ["127.111.1.1 classical-only", "127.111.1.2 p256-first"])
        self.database.import_(["zone,host,port,address,weight",
                               f"pair,x.example,{lab.port},127.111.1.1,3",
                               f"pair,p.example,{lab.port},127.111.1.2,1"], "--format", "csv")
        self.scan()
        share = "SELECT first_share, round(retry_fraction, 4) FROM v_zone_setting WHERE zone = 'pair'"
        self.assertEqual(tuple(self.database.rows(share)[0]), ("X25519", 0.25))
        origins = [{"host": "P.example.", "port": lab.port, "handshakes": 900},
                   {"host": "x.example", "port": lab.port, "handshakes": 100},
                   {"host": "gone.example", "handshakes": 0}]
        said = self.feed(self.report(zone="pair", arm="control", origins=origins), status=1)
        self.assertEqual(said.stderr, 'originscan feedback: -:1: zone "pair" has no origin gone.example:443; '
                                      "its handshakes are not counted\n")
        self.assertIn("1 reports accepted, 0 lines rejected", said.stdout)
        self.assertEqual(tuple(self.database.rows(share)[0]), ("P-256", 0.1))
        told = originscan.run("explain", "--db", self.database.path, "pair").stdout
        self.assertIn(f'p.example:{lab.port}@127.111.1.2", weight 3.6 by its traffic\n', told)
        report = json.loads(originscan.run("report", "--db", self.database.path, "--format", "json").stdout)
        self.assertEqual(report["traffic"]["weight"], 6.0)  # traffic moves weight within a zone alone

    def test_a_file_of_a_hundred_thousand_lines(self):
        """Looking through all earlier lines for each would take a minute."""
        self.scan()
        begun = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        said = self.feed(*[self.report(zone="nowhere", handshakes=1000 + n) for n in range(100000)], status=1)
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - begun, 20)
        self.assertIn("0 reports accepted, 100000 lines rejected", said.stdout)
        self.assertNotIn("repeated", said.stderr)

    def test_usage(self):
        self.assertEqual(originscan.run("feedback").returncode, 2)
        self.assertEqual(originscan.run("feedback", "--db", self.database.path, "/nowhere").returncode, 2)
        self.assertEqual(originscan.run("feedback", "--db", "/nowhere", stdin="").returncode, 2)


if __name__ == "__main__":
    unittest.main()
