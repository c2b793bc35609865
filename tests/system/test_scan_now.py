"""`originscan scan HOST|ZONE…`: what is named is scanned now, due or not, alone or by the daemon that has the
database."""

import signal
import subprocess
import unittest

import originscan
from population import EAGER, ENDS_WITHIN_S, Daemon, Database, Folder, options, serve, wait_until
from servers import TIED
from settings_db import opened

YEAR_S = 31536000  # nothing comes due by itself


class ScanNow(unittest.TestCase):
    def setUp(self):
        self.folder = Folder(self)
        self.database = Database(self.folder / "a.db")

    def import_zones(self, zones, behaviour="modern", special=()):
        self.lab = serve(self, self.folder, [f"127.117.0.0/24 {behaviour}", *special], log=True)
        self.database.import_(["zone,host,port"] + [f"{zone},{host},{self.lab.port}" for zone, hosts in zones.items()
                                                    for host in hosts], "--format", "csv")

    def scan(self, *names, **settings):
        settings = {**EAGER, "period_s": YEAR_S, **settings}
        return originscan.run("scan", "--db", self.database.path, *options(settings), *names)

    def visits(self):
        return {row["host"]: row["visits"] for row in self.database.rows("SELECT host, visits FROM origin")}

    def daemon(self, **settings):
        daemon = Daemon(self, self.folder, self.database, **{"period_s": YEAR_S, **settings})
        wait_until(lambda: "started database=" in daemon.said() or "event=started " in daemon.said(), "the start")
        return daemon

    def test_alone_what_is_named_and_nothing_else(self):
        self.import_zones({"shop": ["127.117.0.1", "127.117.0.2"], "blog": ["127.117.0.3"], "wiki": ["127.117.0.4"]})
        said = self.scan("--verbose", "shop")
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        self.assertIn("2 origins scanned in ", said.stdout)
        self.assertEqual(self.visits(), {"127.117.0.1": 1, "127.117.0.2": 1, "127.117.0.3": 0, "127.117.0.4": 0})
        # not due any more, named twice, one with its port
        said = self.scan("--verbose", "127.117.0.1", f"127.117.0.3:{self.lab.port}", "shop")
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        self.assertIn("3 origins scanned in ", said.stdout)
        self.assertEqual(self.visits(), {"127.117.0.1": 2, "127.117.0.2": 2, "127.117.0.3": 1, "127.117.0.4": 0})
        self.assertEqual(self.scan().returncode, 0)  # the one that was never scanned
        self.assertEqual(self.visits(), {"127.117.0.1": 2, "127.117.0.2": 2, "127.117.0.3": 1, "127.117.0.4": 1})
        self.assertRegex(self.scan("--verbose").stdout, r"^0 origins scanned in .*\nchanged: 0\nnothing is due before "
                         r"\d{4}-\d\d-\d\dT\d\d:\d\dZ; what is named is scanned at once\n$")
        self.assertEqual(self.database.problems(), "")

    def test_more_than_are_claimed_at_once(self):
        self.lab = serve(self, self.folder, ["127.116.0.0/16 modern"])
        self.database.import_(["zone,host,port"] + [f"many,127.116.{i // 200}.{i % 200 + 1},{self.lab.port}"
                                                    for i in range(600)] + [f"one,127.116.9.9,{self.lab.port}"],
                              "--format", "csv")
        self.assertEqual(self.scan("many").returncode, 0)
        self.assertEqual(self.scan("many").returncode, 0)
        (row,) = self.database.rows("SELECT min(visits), max(visits), count(*) FROM origin WHERE host <> '127.116.9.9'")
        self.assertEqual(tuple(row), (2, 2, 600))
        self.assertEqual(self.visits()["127.116.9.9"], 0)

    def test_a_crowded_address_is_waited_for(self):
        self.lab = serve(self, self.folder, ["127.117.0.0/24 modern"])
        self.database.import_([f"a{i}.test:{self.lab.port}@127.117.0.1" for i in range(1, 6)])
        said = self.scan("--verbose", *[f"a{i}.test" for i in range(1, 6)], per_address_in_flight=1, max_in_flight=2)
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        self.assertIn("5 origins scanned in ", said.stdout)

    def test_unknown_names(self):
        self.import_zones({"shop": ["127.117.0.1"]})
        for names in (["nobody.test"], ["shop", "127.117.0.2"], [f"127.117.0.1:{self.lab.port + 1}"], ["a b"]):
            with self.subTest(names):
                said = self.scan(*names)
                self.assertEqual(said.returncode, 2)
                self.assertIn("there is no zone or origin named ", said.stderr)
                self.assertEqual(len(said.stderr.splitlines()), 1)
        self.assertEqual(self.visits(), {"127.117.0.1": 0})

    def test_beside_the_daemon_it_is_the_daemon_that_scans(self):
        self.import_zones({"shop": ["127.117.0.1", "127.117.0.2"], "blog": ["127.117.0.3"]})
        self.assertEqual(self.scan().returncode, 0)
        daemon = self.daemon(log_format="logfmt")
        asked = self.database.value("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")
        said = self.scan("--verbose", "shop")
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        self.assertIn("2 origins scanned in ", said.stdout)
        self.assertIn("verdicts: 2 ready", said.stdout)
        self.assertEqual(self.visits(), {"127.117.0.1": 2, "127.117.0.2": 2, "127.117.0.3": 1})
        for row in self.database.rows("SELECT * FROM v_origin WHERE zone = 'shop'"):
            self.assertGreater(row["scanned_at"], asked)
        wait_until(lambda: daemon.said().count("event=scan ") >= 2, "a line for each")
        self.assertEqual(daemon.said().count("event=scan "), 2)
        # one that fails is said
        self.lab.stop()
        said = self.scan("127.117.0.3")
        self.assertEqual((said.returncode, said.stderr), (1, ""))
        self.assertIn("not measured: 1 unreachable", said.stdout)
        self.assertIn("status complete -> unreachable", said.stdout)
        self.assertEqual(said.stdout.count("changed: 1\n"), 1)
        self.assertEqual(self.scan("nobody.test").returncode, 2)
        self.assertEqual(self.scan().returncode, 2)  # without names there is nothing to be done beside it
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(self.database.problems(), "")

    def test_a_visit_that_had_begun_is_made_once_more(self):
        self.import_zones({"slow": ["127.117.0.9"]}, special=["127.117.0.9 never-answers"])
        daemon = self.daemon(timeout_ms=1500)
        first = subprocess.Popen(TIED + [originscan.PROGRAM, "scan", "--db", self.database.path, "slow"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_until(lambda: self.database.value("SELECT count(*) FROM lease"), "the visit")
        said = self.scan("slow")
        self.assertEqual(said.returncode, 1, said.stderr)
        self.assertEqual(first.wait(60), 1)
        first.communicate()
        self.assertEqual(self.visits(), {"127.117.0.9": 2})
        self.assertEqual(daemon.stop(), 0)

    def test_it_goes_before_a_backlog(self):
        """After what the daemon has taken on already: `max_in_flight` origins, and 256 that are claimed."""
        self.lab = serve(self, self.folder, ["127.116.0.0/16 modern"])
        self.database.import_(["zone,host,port", f"shop,127.116.9.9,{self.lab.port}"]
                              + [f"backlog,127.116.{i // 200}.{i % 200 + 1},{self.lab.port}" for i in range(900)],
                              "--format", "csv")
        self.assertEqual(self.scan("shop").returncode, 0)
        with opened(self.database.path) as db:  # all of them due for a year
            db.execute("UPDATE origin SET due_at = due_at - 31536000000 * 2 WHERE host <> '127.116.9.9'")
        daemon = self.daemon(rate=300, max_in_flight=20)
        left = "SELECT count(*) FROM v_origin WHERE zone = 'backlog' AND status IS NULL"
        wait_until(lambda: self.database.value(left) < 900, "the backlog begins")
        said = self.scan("shop")
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertEqual(self.visits()["127.116.9.9"], 2)
        self.assertGreater(self.database.value(left), 200)
        self.assertEqual(daemon.stop(), 0)

    def test_the_daemon_goes_away(self):
        self.import_zones({"shop": ["127.117.0.1"], "slow": ["127.117.0.9"]}, special=["127.117.0.9 never-answers"])
        daemon = self.daemon(timeout_ms=60000)
        waiting = subprocess.Popen(
            TIED + [originscan.PROGRAM, "scan", "--db", self.database.path, "--verbose",
                    *options({**EAGER, "timeout_ms": 1000, "period_s": YEAR_S}), "shop", "slow"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: self.visits()["127.117.0.1"] == 1, "the healthy one")
        daemon.kill()
        out, errors = waiting.communicate(timeout=60)
        self.assertEqual((waiting.returncode, errors), (1, ""))
        self.assertIn("2 origins scanned in ", out)
        self.assertEqual(self.visits(), {"127.117.0.1": 1, "127.117.0.9": 1})
        self.assertEqual(self.database.value("SELECT count(*) FROM lease"), 0)

    def test_stopped_it_leaves_the_rest_to_the_daemon(self):
        self.import_zones({"slow": ["127.117.0.9"]}, special=["127.117.0.9 never-answers"])
        daemon = self.daemon(timeout_ms=2000)
        waiting = subprocess.Popen(TIED + [originscan.PROGRAM, "scan", "--db", self.database.path, "slow"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: self.database.value("SELECT count(*) FROM lease"), "the visit")
        waiting.send_signal(signal.SIGINT)
        _, errors = waiting.communicate(timeout=ENDS_WITHIN_S)
        self.assertEqual(waiting.returncode, 1)
        self.assertIn("not waiting any longer", errors)
        wait_until(lambda: self.visits()["127.117.0.9"] == 1, "the daemon's visit", 60)
        self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()
