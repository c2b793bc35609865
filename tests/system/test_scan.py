"""originscan import, scan and db on populations of the lab: what is stored is what is there."""

import os
import resource
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import unittest

import fleet_tables
import originscan
from lab import Lab
from population import EAGER, ENDS_WITHIN_S, LONG, Database, Folder, mixture, options, serve, wait_until
from servers import TIED

YEAR_S = 31536000  # so that hardly any origin's own time comes during a test
FACTS = {"X25519": "x25519", "P-256": "p256", "P-384": "p384", "P-521": "p521",
         "X25519MLKEM768": "hybrid", "X25519Kyber768Draft00": "draft"}
MODES = {"off": "off", "supported": "supported", "preferred": "preferred"}


def expected(truth):
    """The truth as a row of v_origin; what is not determined is left out."""
    row = {}
    if truth["status"] is not None:
        row["status"] = truth["status"]
    if truth["verdict"] is not None:
        row["verdict"] = truth["verdict"]
    for name, known in (truth["groups"] or {}).items():
        # null: the plan cannot know it, but `confirm` or drill-down may settle it
        if known in (True, False):
            row[FACTS[name]] = int(known)
    for key in ("group_order", "preferred_group"):
        if truth[key] != "any":
            row[key] = truth[key]
    for name, column in MODES.items():
        mode = (truth["modes"] or {}).get(name)
        if not mode:
            continue
        for fact in ("works", "retry"):
            if mode[fact] != "any":
                row[f"{column}_{fact}"] = None if mode[fact] is None else int(mode[fact])
    return row


class Population(unittest.TestCase):
    """Every stored fact of thousands of origins against the lab's forecast."""

    def test_every_origin_is_stored_as_it_is(self):
        n = 100_000 if LONG else 6_000
        folder = Folder(self)
        lines, addresses = mixture(n)
        lab = serve(self, folder, lines)
        database = Database(folder / "a.db")
        database.import_(f"{address}:{lab.port}" for address in addresses)
        said = database.scan(within_s=n // 20, timeout_ms=3000, max_in_flight=120,
                             period_s=YEAR_S)
        self.assertEqual(said.stderr, "")
        self.assertEqual(said.returncode, 1)  # some of them are no TLS servers
        stored = {row["address"]: row for row in database.rows("SELECT * FROM v_origin")}
        truths = lab.truths()
        self.assertEqual(len(stored), len(addresses))
        self.assertEqual(len(truths), len(addresses))
        wrong = []
        for truth in truths:
            row = stored[truth["address"]]
            wrong += [f"{truth['behaviour']} {truth['address']}: {key} is {row[key]!r} instead of {value!r}"
                      for key, value in expected(truth).items() if row[key] != value]
        self.assertEqual(wrong[:20], [])
        self.assertEqual(database.value("SELECT count(*) FROM scan"), len(addresses))
        self.assertEqual(database.value("SELECT in_flight FROM v_backlog"), 0)
        self.assertEqual(database.problems(), "")
        # hardly anything is due now: an origin whose own time came meanwhile
        self.assertEqual(database.scan(period_s=YEAR_S).stderr, "")
        self.assertLess(database.value("SELECT count(*) FROM scan"), len(addresses) + 3 + n // 10_000)

    def test_shares_are_the_fractions_that_were_drawn(self):
        """The shares that Cloudflare published in 2023, in per mille: supported 960, 970, 890, 820 and 5,
        preferred 960, 6, 23, 1 and 5; who prefers nothing has no key agreement on a group."""
        folder = Folder(self)
        drawn = {
            "modern groups=X25519,P-256,P-384,P-521": 790,
            "modern groups=X25519,P-256,P-384": 71,
            "modern groups=X25519,P-256": 98,
            "modern groups=X25519": 1,
            "modern groups=X25519MLKEM768,P-256": 5,
            "modern groups=P-256,P-384,P-521": 6,
            "modern groups=P-384,P-521": 23,
            "modern groups=P-521": 1,
            "tls12-static-rsa": 5,
        }
        kinds = [kind for kind, n in drawn.items() for _ in range(n)]
        addresses = [f"127.100.{i // 250}.{i % 250 + 1}" for i in range(len(kinds))]
        lab = serve(self, folder, [f"{address} {kind}" for address, kind in zip(addresses, kinds)])
        database = Database(folder / "a.db")
        database.import_(f"{address}:{lab.port}" for address in addresses)
        self.assertEqual(database.scan().returncode, 0)
        rows = database.rows("SELECT * FROM v_group_share")
        self.assertEqual({row["group_name"]: (row["origins"], row["supported"], row["preferred"]) for row in rows}, {
            "X25519": (1000, 960, 960),
            "P-256": (1000, 970, 6),
            "P-384": (1000, 890, 23),
            "P-521": (1000, 820, 1),
            "X25519MLKEM768": (1000, 5, 5),
            "X25519Kyber768Draft00": (1000, 0, 0),
        })
        for row in rows:
            self.assertAlmostEqual(row["supported_fraction"], row["supported"] / 1000)
            self.assertAlmostEqual(row["preferred_fraction"], row["preferred"] / 1000)
        wanted = {row["group_name"]: (row["supported"], row["preferred"]) for row in rows}
        for kind, shown in fleet_tables.shares(fleet_tables.reports(database)).items():
            self.assertEqual(shown, wanted, kind)


class Scan(unittest.TestCase):
    def setUp(self):
        self.folder = Folder(self)
        self.database = Database(self.folder / "a.db")

    def lab(self, behaviour, n, **kind):
        lab = serve(self, self.folder, [f"127.99.0.0/16 {behaviour}"], **kind)
        self.database.import_(f"127.99.{i // 250}.{i % 250 + 1}:{lab.port}" for i in range(n))
        return lab

    def test_wrong_usage(self):
        cases = [
            (["scan"], "--db FILE or --config FILE is missing"),
            (["scan", "--db", self.folder / "none.db"], "none.db"),
            (["scan", "--db", self.database.path, "--set", "speed=5"], "--set speed: no such key"),
            (["scan", "--db", self.database.path, "--set", "rate=fast"], "--set rate:"),
            (["scan", "--db", self.database.path, "--config", self.folder / "none.conf"], "none.conf"),
            (["scan", "--db", self.database.path, "--set", "blocklist=/no/such"], "/no/such"),
            (["scan", "--db", self.database.path, "extra"], "there is no zone or origin named \"extra\""),
            (["db"], "no action given; use check, backup, restore, prune, migrate or sizing"),
            (["db", "mend", "--db", self.database.path], "use check, backup, restore, prune, migrate or sizing"),
            (["db", "backup", "--db", self.database.path], "FILE is missing"),
            (["import", self.folder / "list"], "--db FILE is missing"),
            (["import", "--db", self.database.path, self.folder / "list"], "No such file"),
        ]
        self.database.import_(["a.example"])
        for arguments, wanted in cases:
            with self.subTest(arguments):
                said = originscan.run(*arguments)
                self.assertEqual(said.returncode, 2)
                self.assertIn(wanted, said.stderr)

    def test_two_never_overlap(self):
        lab = self.lab("modern", 5)
        first = subprocess.Popen(
            TIED + [originscan.PROGRAM, "scan", "--db", self.database.path,
                    *options({**EAGER, "rate": 12})], stderr=subprocess.PIPE, text=True)
        wait_until(lambda: self.database.value("SELECT count(*) FROM lease"), "the first visits")
        second = self.database.scan()
        self.assertEqual(second.returncode, 2)
        self.assertIn(str(first.pid), second.stderr)
        self.assertEqual(len(second.stderr.splitlines()), 1)
        self.assertEqual(first.wait(60), 0)
        first.stderr.close()
        self.assertEqual(self.database.value("SELECT count(*) FROM scan"), 5)
        lab.stop()

    def test_stopped_it_writes_what_is_finished(self):
        self.lab("modern", 300)
        run = subprocess.Popen(
            TIED + [originscan.PROGRAM, "scan", "--db", self.database.path,
                    *options({**EAGER, "rate": 500, "max_in_flight": 10, "period_s": YEAR_S})], stderr=subprocess.PIPE)
        complete = "SELECT count(*) FROM v_origin WHERE status = 'complete'"
        wait_until(lambda: self.database.value(complete), "the first scans")
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(ENDS_WITHIN_S), 1)
        run.stderr.close()
        done = self.database.value(complete)
        self.assertTrue(0 < done < 300, done)
        self.assertEqual(self.database.value("SELECT count(*) FROM lease"), 0)
        # One that was scanned out of turn may have its own turn meanwhile, once in many years.
        soon_ms = 1000 * (time.time() + 10)
        again = self.database.value(f"SELECT count(*) FROM origin WHERE visits > 0 AND due_at <= {soon_ms}")
        self.assertEqual(self.database.scan(period_s=YEAR_S).returncode, 0)
        self.assertEqual(self.database.value("SELECT count(DISTINCT origin_id) FROM scan"), 300)
        self.assertLessEqual(self.database.value("SELECT count(*) FROM scan"), 300 + again)

    def test_few_descriptors(self):
        self.lab("modern", 300)
        said = subprocess.run(
            [originscan.PROGRAM, "scan", "--db", self.database.path, *options(EAGER)], timeout=120,
            stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        self.assertEqual(self.database.value(
            "SELECT count(*) FROM v_origin WHERE verdict = 'ready'"), 300)

    def test_nobody_there(self):
        self.database.import_(["127.99.0.1:1"])
        self.assertEqual(self.database.scan().returncode, 1)
        row = self.database.rows("SELECT * FROM v_origin")[0]
        self.assertEqual((row["status"], row["verdict"]), ("unreachable", "unreachable"))
        failure = self.database.rows("SELECT * FROM v_failure")[0]
        self.assertEqual((failure["probe"], failure["outcome"], failure["stage"]),
                         ("classical", "refused", "connect"))

    def test_special_addresses_need_leave(self):
        lab = self.lab("modern", 3, log=True)
        said = originscan.run("scan", "--db", self.database.path, "--verbose", *options({**EAGER, "allow": "10.0.0.0/8"}))
        self.assertEqual(said.returncode, 1)
        self.assertIn("not measured: 3 blocked\n  blocked: `allow` admits addresses that are not public", said.stdout)
        self.assertEqual({row["status"] for row in self.database.rows("SELECT status FROM v_origin")},
                         {"blocked"})
        lab.stop()
        self.assertEqual(lab.records(), [])

    def test_a_log_line_for_each_scan(self):
        self.lab("modern", 3)
        said = self.database.scan(log_level="info", log_format="logfmt")
        lines = [line for line in said.stderr.splitlines() if " event=scan " in line]
        self.assertEqual(len(lines), 3)
        for line in lines:
            self.assertIn(" verdict=ready ", line)
            self.assertIn(" probes=11 ", line)


def make_due(database):
    """As if a day had passed, and with it the time of a short extra visit."""
    connection = sqlite3.connect(database.path)
    connection.execute("UPDATE origin SET due_at = due_at - 2 * 86400000, due_plan = NULL")
    connection.commit()
    connection.close()


class Resumption(unittest.TestCase):
    """Whether a session is resumed is asked on the first complete scan and on every seventh visit."""

    def test_when(self):
        folder = Folder(self)
        database = Database(folder / "a.db")
        lab = Lab("127.98.9.1 tickets\n", folder=folder)
        self.addCleanup(lab.stop)
        database.import_([f"127.98.9.1:{lab.port}"])
        asked = []
        for visit in range(9):
            if visit == 1:
                lab.start()
            database.scan()
            said = originscan.run("explain", "--db", database.path, f"127.98.9.1:{lab.port}").stdout
            asked.append("  resumed  " in said)
            self.assertIn("complete" if visit else "unreachable", said)
            make_due(database)
        self.assertEqual([visit for visit, was in enumerate(asked) if was], [1, 7])


class Names(unittest.TestCase):
    """Names with several addresses, by a name server of the test's own."""

    def setUp(self):
        self.folder = Folder(self)
        self.database = Database(self.folder / "a.db")
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.servers = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.addresses = ["127.98.0.3", "127.98.0.1", "127.98.0.2"]
        self.asked = 0

    def serve(self):
        thread = threading.Thread(target=self.answer_all, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 5)
        self.addCleanup(self.socket.sendto, b"", self.socket.getsockname())

    def answer_all(self):
        while True:
            question, peer = self.socket.recvfrom(4096)
            if not question:
                self.socket.close()
                return
            self.asked += 1
            end = question.index(b"\0", 12) + 5
            is_a = question[end - 4:end - 2] == b"\0\1"
            # in another order each time, as name servers do
            addresses = self.addresses[self.asked % 3:] + self.addresses[:self.asked % 3] if is_a else []
            records = b"".join(b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4" + socket.inet_aton(one) for one in addresses)
            self.socket.sendto(question[:2] + b"\x81\x80\0\1" + len(addresses).to_bytes(2, "big") +
                               b"\0\0\0\0" + question[12:end] + records, peer)

    def dialled(self, lab):
        lab_seen = []
        for one in lab.records():
            if not lab_seen or lab_seen[-1] != one["address"]:
                lab_seen.append(one["address"])
        return lab_seen

    def test_addresses_take_turns(self):
        self.serve()
        lab = serve(self, self.folder, ["127.98.0.0/24 modern"], log=True)
        self.database.import_([f"many.test:{lab.port}"])
        for _ in range(4):
            self.assertEqual(self.database.scan(dns_servers=self.servers).returncode, 0)
            make_due(self.database)
        lab.stop()
        self.assertEqual(self.dialled(lab), ["127.98.0.1", "127.98.0.2", "127.98.0.3", "127.98.0.1"])
        self.assertEqual(self.database.value("SELECT count(*) FROM origin_address"), 3)

    def test_all_addresses_in_one_visit(self):
        self.serve()
        lab = serve(self, self.folder, ["127.98.0.0/24 modern", "127.98.0.2 classical-only"], log=True)
        self.database.import_([f"many.test:{lab.port}"])
        self.assertEqual(self.database.scan(dns_servers=self.servers, addresses="all").returncode, 0)
        lab.stop()
        self.assertEqual(self.dialled(lab), ["127.98.0.1", "127.98.0.2", "127.98.0.3"])
        row = self.database.rows("SELECT * FROM v_origin")[0]
        self.assertEqual((row["verdict"], row["hybrid"]), ("classical", 0))  # the most conservative
        self.assertEqual(row["address"], "127.98.0.2")  # whose time it has, and which is explained
        self.assertLess(row["scanned_at"], self.database.value(
            "SELECT strftime('%Y-%m-%dT%H:%M:%f', scanned_at / 1000.0, 'unixepoch') FROM origin"))
        said = originscan.run("explain", "--db", self.database.path, "many.test").stdout
        self.assertIn(f"{row['scanned_at']} of 127.98.0.2, complete, verdict classical", said)
        for address in self.addresses:  # each with its own
            verdict = "classical" if address == "127.98.0.2" else "ready"
            self.assertRegex(said, rf"\n  address +{address}, {verdict}, scanned 2\d{{3}}-")
        self.assertIn(f"scan of many.test:{lab.port} (127.98.0.2) at {row['scanned_at']}: classical", said)
        self.assertEqual(self.database.value("SELECT count(*) FROM scan"), 3)
        self.assertEqual(self.database.problems(), "")

    def test_a_dead_resolver_is_no_evidence(self):
        # nobody answers the socket
        self.addCleanup(self.socket.close)
        self.database.import_(["a.test", "b.test"])
        said = self.database.scan(dns_servers=self.servers, timeout_ms=1500)
        self.assertEqual(said.returncode, 1)
        self.assertIn("local_trouble reason=no_dns", said.stderr)
        self.assertEqual({row["status"] for row in self.database.rows("SELECT status FROM v_origin")}, {None})
        self.assertEqual(self.database.value("SELECT count(*) FROM scan"), 0)
        self.assertEqual(self.database.value("SELECT count(*) FROM v_change"), 0)

    def test_a_refused_resolver_is_no_evidence(self):
        self.socket.close()
        self.database.import_(["a.test"])
        said = self.database.scan(dns_servers=self.servers, timeout_ms=9000)
        self.assertEqual(said.returncode, 1)
        self.assertEqual(self.database.value("SELECT count(*) FROM scan"), 0)

    def test_a_name_without_an_address_is(self):
        self.addresses = []
        self.serve()
        self.database.import_(["a.test"])
        self.assertEqual(self.database.scan(dns_servers=self.servers).returncode, 1)
        self.assertEqual(self.database.value("SELECT status FROM v_origin"), "unreachable")
        self.assertEqual(self.database.value("SELECT outcome FROM v_failure"), "dns_failure")


class Import(unittest.TestCase):
    def setUp(self):
        self.folder = Folder(self)
        self.database = Database(self.folder / "a.db")

    def run_import(self, text, *arguments):
        return originscan.run("import", "--db", self.database.path, *arguments, stdin=text)

    def test_bad_lines_are_named_and_the_rest_is_taken(self):
        said = self.run_import("a.example\nb.example:0\n\n# note\nc.example:65536\nd.example:8443\n")
        self.assertEqual(said.returncode, 1)
        self.assertEqual([line.split(": ")[1] for line in said.stderr.splitlines()],
                         ["standard input:2", "standard input:5"])
        self.assertEqual(said.stdout, "read as list: 2 origins added, 0 updated, 0 unchanged; 2 bad lines\n")
        self.assertEqual([tuple(row) for row in self.database.rows(
            "SELECT zone, host, port FROM v_origin ORDER BY host")],
            [("a.example", "a.example", 443), ("d.example", "d.example", 8443)])

    def test_strict_takes_all_or_nothing(self):
        self.assertEqual(self.run_import("a.example\n").returncode, 0)
        said = self.run_import("b.example\nc.example:0\n", "--strict")
        self.assertEqual(said.returncode, 1)
        self.assertEqual(said.stdout, "read as list: nothing imported; 1 bad line\n")
        self.assertEqual(self.database.value("SELECT count(*) FROM origin"), 1)
        said = self.run_import("b.example\nc.example\n", "--strict")
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        self.assertEqual(self.database.value("SELECT count(*) FROM origin"), 3)

    def test_formats(self):
        list_file = self.folder.write("origins.csv",
                                      "zone,host,port,sni,address,weight\r\nshop,www.example,8443,,,2.5\r\n")
        said = originscan.run("import", "--db", self.database.path, list_file)
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        said = self.run_import('{"host":"api.example","zone":"shop"}\n{"host":"api.example","extra":1}\n')
        self.assertEqual(said.returncode, 1)
        self.assertIn("standard input:2", said.stderr)
        said = self.run_import("host\n", "--format", "list")
        self.assertEqual(said.returncode, 0)
        self.assertEqual([tuple(row) for row in self.database.rows(
            "SELECT zone, host, port FROM v_origin ORDER BY host")],
            [("shop", "api.example", 443), ("host", "host", 443), ("shop", "www.example", 8443)])

    def test_again_updates_and_never_doubles(self):
        self.assertEqual(self.run_import("a.example\nb.example\n").returncode, 0)
        said = self.run_import("host,zone\na.example,shop\nb.example,\n", "--format", "csv")
        self.assertEqual(said.stdout, "read as csv: 0 origins added, 1 put into a further zone, 0 updated, "
                                      "1 unchanged; 0 bad lines\n")
        self.assertEqual(self.database.value("SELECT count(*) FROM origin"), 2)

    def test_hostile_input(self):
        data = (b"\xef\xbb\xbfa.example\r\n" + b"x" * 1_000_000 + b"\nb.exa\0mple\n\xff\xfe.example\n"
                + "bücher.example\n".encode() + b"c.example")
        said = subprocess.run([originscan.PROGRAM, "import", "--db", self.database.path], input=data,
                              capture_output=True, timeout=60)
        self.assertEqual(said.returncode, 1)
        numbers = [line.split(b": ")[1] for line in said.stderr.splitlines()]
        self.assertEqual(numbers, [b"standard input:2", b"standard input:3", b"standard input:4"])
        self.assertTrue(said.stderr.replace(b"\n", b"").isascii())
        self.assertEqual([row[0] for row in self.database.rows("SELECT host FROM v_origin ORDER BY host")],
                         ["a.example", "c.example", "xn--bcher-kva.example"])


class Db(unittest.TestCase):
    def setUp(self):
        self.folder = Folder(self)
        self.database = Database(self.folder / "a.db")
        self.lab = serve(self, self.folder, ["127.97.0.0/24 modern"])
        self.database.import_(f"127.97.0.{i + 1}:{self.lab.port}" for i in range(20))
        self.assertEqual(self.database.scan().returncode, 0)

    def test_check(self):
        said = originscan.run("db", "check", "--db", self.database.path)
        self.assertEqual((said.returncode, said.stdout, said.stderr), (0, "ok\n", ""))
        data = bytearray(self.database.path.read_bytes())
        data[len(data) // 2:len(data) // 2 + 3000] = b"\x55" * 3000
        self.database.path.write_bytes(data)
        said = originscan.run("db", "check", "--db", self.database.path)
        self.assertIn(said.returncode, (1, 2))
        self.assertNotEqual(said.stdout + said.stderr, "")

    def test_backup(self):
        copy = Database(self.folder / "copy.db")
        said = originscan.run("db", "backup", copy.path, "--db", self.database.path)
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        self.assertEqual(copy.problems(), "")
        self.assertEqual(copy.value("SELECT count(*) FROM scan"), 20)
        said = originscan.run("db", "backup", "/no/such/place.db", "--db", self.database.path)
        self.assertEqual(said.returncode, 1)

    def test_prune(self):
        for _ in range(2):
            make_due(self.database)
            self.assertEqual(self.database.scan().returncode, 0)
        self.assertEqual(self.database.value("SELECT count(*) FROM scan"), 60)
        said = originscan.run("db", "prune", "--db", self.database.path, "--keep-scans", "1")
        self.assertEqual((said.returncode, said.stdout), (0, "40 scans and 0 changes deleted\n"))
        self.assertEqual(self.database.value("SELECT count(*) FROM scan"), 20)
        self.assertEqual(self.database.problems(), "")

    def test_migrate(self):
        said = originscan.run("db", "migrate", "--db", self.database.path)
        self.assertEqual((said.returncode, said.stdout), (0, "up to date\n"))
        foreign = self.folder.write("text", "no database at all, but long enough to be one" * 50)
        said = originscan.run("db", "migrate", "--db", foreign)
        self.assertEqual(said.returncode, 2)
        self.assertEqual(len(said.stderr.splitlines()), 1)
        self.assertEqual(os.path.exists(f"{foreign}-wal"), False)


if __name__ == "__main__":
    unittest.main()
