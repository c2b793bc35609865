"""An origin in several zones: imported in any order, scanned once, and in each zone by that zone's own weights and
orders."""

import json
import re
import unittest

import originscan
from population import EAGER, Database, Folder, options, serve

READY, OLD = "127.113.0.1", "127.113.0.2"
ENDPOINTS = "SELECT zone, host FROM v_origin ORDER BY 1, 2"


class SharedOrigins(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = Folder(self)
        self.db = Database(self.folder / "origins.db")
        self.lab = serve(self, self.folder, [f"{READY} modern", f"{OLD} tls12"])

    def run_(self, command, *arguments, stdin="", status=0):
        said = originscan.run(command, "--db", self.db.path, *arguments, stdin=stdin)
        self.assertEqual(said.returncode, status, said.stderr + said.stdout)
        return said.stdout

    def zone(self, name, ready, old):
        """The list of a zone, by the weights of its origins."""
        port = self.lab.port
        return f"zone,host,port,weight\n{name},{READY},{port},{ready}\n{name},{OLD},{port},{old}\n"

    def settings(self):
        return {row["zone"]: (row["setting"], row["reason"], round(row["hybrid_fraction"], 6))
                for row in self.db.rows("SELECT * FROM v_zone_setting")}

    def weights(self):
        return [tuple(row) for row in self.db.rows(
            "SELECT zone.name, host, weight FROM membership JOIN origin ON origin.id = origin_id"
            " JOIN zone ON zone.id = zone_id ORDER BY 1, 2")]

    def scans(self):
        return [row[0] for row in self.db.rows("SELECT count(*) FROM scan GROUP BY origin_id")]

    def import_all(self):
        self.run_("import", stdin=self.zone("a", 1, 3))
        self.run_("import", stdin=self.zone("b", 3, 1))
        self.run_("import", stdin=self.zone("c", 1, 3))

    def test_lists_in_any_order(self):
        self.run_("import", stdin=self.zone("a", 1, 3))
        self.run_("zone", "set", "a", "--pin", "off")
        said = self.run_("import", stdin=self.zone("b", 3, 1))
        self.assertEqual(said, "read as csv: 0 origins added, 2 put into a further zone, 0 updated, 0 unchanged; "
                               "0 bad lines\n")
        want = [("a", READY, 1), ("a", OLD, 3), ("b", READY, 3), ("b", OLD, 1)]
        self.assertEqual(self.weights(), want)
        for weight in (1, 5):
            self.run_("import", stdin=self.zone("a", 1, 3))
            self.run_("import", stdin=self.zone("b", 3, weight))
        self.assertEqual(self.weights(), want[:-1] + [("b", OLD, 5)])
        self.assertEqual(self.run_("zone", "list").split()[:3], ["a", "pin", "off"])
        both = self.zone("b", 3, 5) + "".join(self.zone("a", 1, 3).splitlines(True)[1:])
        self.assertIn(" 4 unchanged, 0 removed; 0 bad lines", self.run_("import", "--replace", stdin=both))
        self.assertEqual(self.run_("zone", "list").split()[:3], ["a", "pin", "off"])
        self.run_("import", "--replace", stdin=self.zone("b", 3, 5), status=1)
        said = self.run_("import", "--replace", "--force", stdin=self.zone("b", 3, 5))
        self.assertIn(" 2 unchanged, 0 removed, 2 taken out of a zone; 0 bad lines", said)
        self.assertEqual(self.weights(), [("b", READY, 3), ("b", OLD, 5)])
        self.assertEqual(self.run_("zone", "list").split()[:3], ["a", "pin", "off"])  # it waits for origins
        self.assertEqual(self.db.problems(), "")

    def test_one_scan_and_a_setting_for_each_zone(self):
        self.import_all()
        self.run_("zone", "set", "a", "--pin", "off")
        done = self.db.scan(profile="fast")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.scans(), [1, 1])
        want = {"a": ("off", "operator-pin", 0), "b": ("preferred", "hybrid-in-one-round-trip", 0.75),
                "c": ("preferred", "hybrid-in-one-round-trip", 0.25)}
        self.assertEqual(self.settings(), want)

        haproxy = self.run_("export", "--format", "haproxy")
        for name in "abc":
            (backend,) = re.findall(rf"^backend \S*_{name}\n((?: .*\n)+)", haproxy, re.M)
            servers = re.findall(r"^ *server \S+ (\S+) (.*)$", backend, re.M)
            self.assertEqual(sorted(server[0] for server in servers),
                             [f"{host}:{self.lab.port}" for host in (READY, OLD)])
            for _, rest in servers:
                self.assertEqual("X25519MLKEM768" in rest, name != "a", rest)
        nginx = self.run_("export", "--format", "nginx")
        for name in "abc":
            part = nginx[nginx.index(f'# zone "{name}"'):].split('\n# zone "')[0]
            percent, first, rest = re.search(r" (\d\d)\.00% (\S+):\d+;\n +\* (\S+):\d+;", part).groups()
            self.assertEqual({first, rest}, {READY, OLD})  # in the order in which they are scanned
            self.assertEqual(int(percent), 75 if (first == READY) == (name == "b") else 25, part)
            (groups,) = re.findall(r"proxy_ssl_conf_command Groups (\S+);", part)
            self.assertEqual("X25519MLKEM768" in groups, name != "a", groups)

        report = json.loads(self.run_("report", "--format", "json"))
        self.assertEqual(report["origins"]["total"], 2)
        said = self.run_("explain", READY)
        self.assertEqual(re.findall(r'^zone "?([abc])', said, re.M), ["a", "b", "c"])
        self.assertEqual(re.findall(r"^  also in zone +(.*)$", said, re.M),
                         [others for others in ('"b", "c"', '"a", "c"', '"a", "b"') for _ in (READY, OLD)])

        self.feed_back("b")
        self.assertEqual(self.settings(), {**want, "b": (*want["b"][:2], 0.1)})
        eager = options({**EAGER, "profile": "fast"})
        self.run_("scan", READY, *eager)
        self.run_("scan", "c", *eager)
        self.assertEqual(sorted(self.scans()), [2, 3])
        self.assertEqual(self.settings(), {**want, "b": (*want["b"][:2], 0.1)})

    def feed_back(self, zone):
        report = {"zone": zone, "arm": "canary", "handshakes": 1000, "failures": 0, "retries": 0,
                  "origins": [{"host": READY, "port": self.lab.port, "handshakes": 100},
                              {"host": OLD, "port": self.lab.port, "handshakes": 900}]}
        self.run_("feedback", stdin=json.dumps(report) + "\n")

    def test_what_is_removed_from_one_zone_stays_in_the_other(self):
        self.import_all()
        self.run_("import", stdin=f"zone,host\nb,{OLD}\n")  # another port, in that zone alone
        self.assertEqual(self.run_("remove", "b"), "1 origin removed, 2 kept in other zones, and 1 zone\n")
        self.assertEqual(self.weights(), [("a", READY, 1), ("a", OLD, 3), ("c", READY, 1), ("c", OLD, 3)])
        self.assertEqual(self.run_("remove", OLD), "1 origin removed\n")
        self.assertEqual(self.run_("remove", READY), "1 origin removed, and 2 zones\n")
        self.assertEqual((self.weights(), self.db.problems()), ([], ""))

    def test_one_origin_leaves_one_zone(self):
        self.import_all()
        self.run_("import", stdin=f"zone,host\nb,{OLD}\nsolo,only.example\n")
        self.run_("zone", "set", "b", "--pin", "off")
        old = f"{OLD}:{self.lab.port}"
        self.assertEqual(self.run_("remove", "--zone", "b", old), "0 origins removed, 1 kept in other zones\n")
        self.assertEqual(self.run_("remove", "--zone", "b", "--zone", "c", OLD),
                         "1 origin removed, 1 kept in other zones\n")
        want = [("a", READY, 1), ("a", OLD, 3), ("b", READY, 3), ("c", READY, 1), ("solo", "only.example", 1)]
        self.assertEqual(self.weights(), want)
        self.assertEqual(self.db.value(f"SELECT reason FROM v_change WHERE subject = '{old}' AND old = 'c'"), "removed")
        self.assertEqual(self.run_("remove", "--zone", "b", READY), "0 origins removed, 1 kept in other zones\n")
        self.assertEqual(self.run_("zone", "list").split()[:3], ["b", "pin", "off"])  # it waits for origins
        self.assertEqual(self.run_("remove", "--zone", "solo", "only.example"), "1 origin removed, and 1 zone\n")
        said = originscan.run("remove", "--db", self.db.path, "--zone", "a", "--zone", "none", "only.example", "a b")
        self.assertEqual((said.returncode, said.stdout), (1, "0 origins removed\n"))
        self.assertEqual(said.stderr, "".join(f"originscan remove: {line}\n" for line in (
            'zone "a" has no host "only.example"', 'zone "a" has no host "a b"', 'there is no zone "none"')))
        self.run_("remove", "--zone", "a", status=2)
        self.assertEqual(self.db.problems(), "")


if __name__ == "__main__":
    unittest.main()
