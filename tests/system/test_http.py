"""The daemon's HTTP: what is there, what it says, who may order what."""

import base64
import contextlib
import datetime
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import threading
import time
import unittest
import urllib.parse

try:
    import jsonschema
except ImportError:
    jsonschema = None

import originscan
from http_client import ask, exchange, get, statuses
from population import ENDS_WITHIN_S, Daemon, Database, Folder, OfClass, serve, wait_until
from servers import SOURCE, free_port

YEAR_S = 31536000  # so that hardly any origin's own time comes during a test
KINDS = {"127.119.0.1": "modern", "127.119.0.2": "classical-only", "127.119.0.3": "p256-first"}

HOSTILE = "a/b?c=<script>alert(1)</script>&%2e%2e;\"'\u202e"


class Http(unittest.TestCase):
    """One daemon for all of them: a lab of three origins, scanned once before it and once by it."""

    @classmethod
    def setUpClass(cls):
        all_tests = OfClass(cls)
        cls.folder = Folder(all_tests)
        cls.database = Database(cls.folder / "a.db")
        cls.lab = serve(all_tests, cls.folder, [f"{address} {kind}" for address, kind in KINDS.items()])
        cls.database.import_(f"{address}:{cls.lab.port}" for address in KINDS)
        assert cls.database.scan(profile="fast").returncode == 0
        cls.port, cls.socket = free_port(), cls.folder / "http.sock"
        cls.daemon = Daemon(all_tests, cls.folder, cls.database, profile="fast", period_s=YEAR_S, http_listen=cls.port,
                            http_socket=cls.socket, http_hosts="scanner.example, other.example", per_prefix_in_flight=1)
        wait_until(lambda: " http_listening " in cls.daemon.said(), "the server")
        for address in KINDS:
            assert ask(cls.socket, "POST", f"/api/v1/rescan/{address}").status == 202
        wait_until(lambda: cls.database.value("SELECT min(visits) FROM origin") == 2, "a second scan of each")

    @classmethod
    def settings(cls):
        zones = get(cls.port, "/api/v1/zones").json()["zones"]
        return {zone["zone"]: zone["setting"] for zone in zones if zone["setting"] != "none"}

    def test_each_resource(self):
        for path, kind in (("/", "text/html; charset=utf-8"), ("/metrics", "text/plain; version=0.0.4; charset=utf-8"),
                           ("/livez", "text/plain; charset=utf-8"), ("/readyz", "text/plain; charset=utf-8"),
                           ("/api/v1/summary", "application/json"), ("/api/v1/zones", "application/json"),
                           ("/api/v1/zones/127.119.0.1", "application/json"),
                           ("/api/v1/origins/127.119.0.1", "application/json")):
            for where in (self.port, self.socket):
                reply = get(where, path)
                self.assertEqual((path, reply.status, reply.headers["content-type"]), (path, 200, kind))
                self.assertEqual(int(reply.headers["content-length"]), len(reply.body))
                self.assertTrue(reply.headers["content-security-policy"].startswith("default-src 'none'"))
                self.assertIn("frame-ancestors 'none'", reply.headers["content-security-policy"])
                self.assertEqual(reply.headers["x-content-type-options"], "nosniff")
                self.assertEqual(reply.headers["cache-control"], "no-store")
                self.assertNotIn("access-control-allow-origin", reply.headers)
                bare = ask(where, "HEAD", path)
                self.assertEqual((bare.status, bare.body), (200, b""))
                self.assertEqual(bare.headers["content-type"], kind)
                self.assertIn("content-length", bare.headers)

    def test_zones_a_page_at_a_time(self):
        seen, after = [], ""
        while after is not None:
            page = get(self.port, f"/api/v1/zones?limit=2&after={after}").json()
            self.assertLessEqual(len(page["zones"]), 2)
            seen += page["zones"]
            after = page["next"]
        self.assertEqual([zone["zone"] for zone in seen], sorted(KINDS))
        rows = {row["zone"]: row for row in self.database.rows("SELECT * FROM v_zone_setting")}
        for zone in seen:
            row = rows[zone["zone"]]
            for key in ("setting", "variant", "first_share", "reason", "since", "evidence_scans", "hybrid_fraction"):
                self.assertEqual(zone[key], row[key], key)
            self.assertEqual(",".join(zone["groups"]), row["groups"])
        for wrong in ("0", "1001", "x", "-1", "1x", "%zz"):
            self.assertEqual(get(self.port, f"/api/v1/zones?limit={wrong}").status, 400, wrong)
        self.assertEqual(get(self.port, "/api/v1/zones?after=%00").status, 400)

    def test_the_origins_of_a_zone_a_page_at_a_time(self):
        hosts = [f"127.119.0.{i}" for i in range(20, 25)]
        self.database.import_(["zone,host,port", *(f"paged,{host},9" for host in hosts)])
        self.addCleanup(originscan.run, "remove", "--db", self.database.path, "paged")
        for limit, pages in ((2, 3), (5, 1), (4, 2)):
            seen, after, n = [], 0, 0
            while after is not None:
                page = get(self.port, f"/api/v1/zones/paged?limit={limit}&after={after}").json()
                seen += [origin["host"] for origin in page["origins"]]
                after, n = page["next"], n + 1
                self.assertEqual(page["more_origins"], after is not None)
            self.assertEqual((n, sorted(seen)), (pages, hosts))
        self.assertEqual(get(self.port, "/api/v1/zones/paged?after=999999999999999999").json()["origins"], [])
        for wrong in ("-1", "x", "1.5", "9999999999999999999", "%00"):
            self.assertEqual(get(self.port, f"/api/v1/zones/paged?after={wrong}").status, 400, wrong)

    def test_an_origin(self):
        (origin,) = get(self.port, "/api/v1/origins/127.119.0.1").json()["origins"]
        (row,) = self.database.rows("SELECT * FROM v_origin WHERE host = '127.119.0.1'")
        for key in ("zone", "host", "port", "status", "verdict", "tls_version", "preferred_group", "group_order",
                    "scanned_at"):
            self.assertEqual(origin[key], row[key], key)
        self.assertEqual(set(origin["groups"]), {"X25519", "P-256", "P-384", "P-521", "X25519MLKEM768",
                                                 "X25519Kyber768Draft00"})
        self.assertEqual(origin["groups"]["X25519MLKEM768"], True)
        self.assertEqual(origin["modes"]["supported"], {"works": True, "retry": True})
        same = get(self.port, f"/api/v1/origins/127.119.0.1:{self.lab.port}").json()
        self.assertEqual(same["origins"], [origin])
        self.assertEqual(get(self.port, "/api/v1/origins/127.119.0.1:9").status, 404)
        self.assertEqual(get(self.port, "/api/v1/origins/absent.example").status, 404)
        self.assertEqual(get(self.port, "/api/v1/origins/not%20a%20name").status, 400)
        self.assertEqual(get(self.port, "/api/v1/zones/absent").status, 404)

    def test_what_is_not_there(self):
        for path in ("/x", "/api", "/api/v1/zones/", "/api/v1/zones/a/b", "/api/v1/zones/a/setting/x", "/../etc/passwd",
                     "/api/v1/../../etc/passwd", "/%2e%2e/etc/passwd", "//", "/livez/", "/api/v1/zones/.."):
            self.assertEqual(get(self.port, path).status, 404, path)

    def test_methods(self):
        for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE"):
            reply = ask(self.port, method, "/livez")
            self.assertEqual((method, reply.status, reply.headers["allow"]), (method, 405, "GET, HEAD, OPTIONS"))
        reply = ask(self.port, "OPTIONS", "/metrics")
        self.assertEqual((reply.status, reply.headers["allow"], reply.body), (204, "GET, HEAD, OPTIONS", b""))
        self.assertEqual(ask(self.port, "OPTIONS", "*").status, 204)
        # orders come over the Unix socket only
        body = b'{"value": "off"}'
        reply = ask(self.port, "PUT", "/api/v1/zones/127.119.0.1/setting", body=body)
        self.assertEqual((reply.status, reply.headers["allow"]), (405, "GET, HEAD, OPTIONS"))
        self.assertIn("http_socket", reply.json()["error"])
        self.assertEqual(ask(self.port, "POST", "/api/v1/rescan/127.119.0.1").status, 405)
        self.assertEqual(ask(self.socket, "OPTIONS", "/api/v1/zones/a/setting").headers["allow"],
                         "GET, HEAD, PUT, OPTIONS")
        self.assertEqual(ask(self.socket, "GET", "/api/v1/rescan/127.119.0.1").headers["allow"], "POST, OPTIONS")

    def test_hosts(self):
        for host in ("localhost", "127.0.0.1", f"127.0.0.1:{self.port}", "LOCALHOST", "scanner.example:80",
                     "other.example", "[::1]:80", "localhost.", f"Scanner.Example.:{self.port}"):
            self.assertEqual(get(self.port, "/livez", host=host).status, 200, host)
        for host in ("evil.example", "localhost.evil.example", "127.0.0.2", "example", "scanner.example.evil", ",", ".", "localhost..",
                     "::1", "[::2]:80"):
            self.assertEqual(get(self.port, "/livez", host=host).status, 421, host)
        self.assertEqual(get(self.socket, "/livez", host="evil.example").status, 200)
        absolute = b"GET http://evil.example/livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        self.assertEqual(statuses(exchange(self.port, absolute)), [421])
        begin = b"GET /livez HTTP/1.%d\r\nConnection: close\r\n"
        for hosts in (b"", b"Host: localhost\r\nHost: localhost\r\n", b"Host: localhost\r\nhost: evil.example\r\n"):
            self.assertEqual(statuses(exchange(self.port, begin % 1 + hosts + b"\r\n")), [400], hosts)
        self.assertTrue(exchange(self.port, begin % 0 + b"\r\n").startswith(b"HTTP/1.0 200 "))

    @unittest.skipUnless(jsonschema, "python3-jsonschema is not installed")
    def test_documents_are_as_their_schema_says(self):
        schema = json.loads((SOURCE / "share/schema/originscan.api-1.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        quoted = HOSTILE.replace('"', '""')
        self.database.import_(["zone,host,port", f'"{quoted}",127.119.0.9,9'])
        self.addCleanup(originscan.run, "remove", "--db", self.database.path, HOSTILE)
        zone = urllib.parse.quote(HOSTILE, safe="")
        documents = [get(self.port, path) for path in (
            "/api/v1/zones", f"/api/v1/zones/{zone}", "/api/v1/zones/127.119.0.1",
            "/api/v1/origins/127.119.0.1", "/api/v1/origins/127.119.0.9", "/api/v1/zones/absent", "/x")]
        documents.append(ask(self.socket, "POST", "/api/v1/rescan/127.119.0.9"))
        documents.append(ask(self.socket, "PUT", f"/api/v1/zones/{zone}/setting", body=b'{"value": "off"}'))
        self.assertEqual([reply.status for reply in documents], [200] * 5 + [404] * 2 + [202, 200])
        for reply in documents:
            jsonschema.Draft202012Validator(schema).validate(reply.json())
            self.assertNotIn("\u202e".encode(), reply.body)  # nothing turns a terminal's text around
        self.assertEqual(documents[1].json()["zone"], HOSTILE)

    @unittest.skipUnless(jsonschema, "python3-jsonschema is not installed")
    def test_the_summary_is_the_document_of_the_report(self):
        schema = json.loads((SOURCE / "share/schema/originscan.report-1.json").read_text())
        # it is of some seconds ago, when tests before may have had origins of their own
        wait_until(lambda: get(self.port, "/api/v1/summary").json()["origins"]["total"] == len(KINDS), "our origins")
        for where, headers in (("/api/v1/summary", ()), ("/?format=json", ()), ("/", ("Accept: application/json",))):
            reply = ask(self.port, "GET", where, headers)
            self.assertEqual((reply.status, reply.headers["content-type"]), (200, "application/json"), where)
            jsonschema.Draft202012Validator(schema).validate(reply.json())
            self.assertEqual(reply.json()["origins"]["total"], len(KINDS))
        self.assertEqual(get(self.port, "/?format=xml").status, 400)

    def test_the_page_may_use_its_own_style_alone(self):
        reply = ask(self.port, "GET", "/", ("Accept: text/html,application/json;q=0.9",))
        self.assertEqual(reply.headers["content-type"], "text/html; charset=utf-8")
        style = reply.body.partition(b"<style>")[2].partition(b"</style>")[0]
        wanted = base64.b64encode(hashlib.sha256(style).digest()).decode()
        self.assertTrue(reply.headers["content-security-policy"].endswith(f"; style-src 'sha256-{wanted}'"))
        self.assertNotIn(b"style=", reply.body)

    def test_health(self):
        self.assertEqual(get(self.port, "/livez").body, b"ok\n")
        for query in ("verbose", "verbose=1", "a=b&verbose"):
            self.assertEqual(get(self.port, f"/readyz?{query}").body,
                             b"[+]live ok\n[+]ready ok\nreadyz check passed\n", query)
        for query in ("", "verbosely", "a=verbose"):
            self.assertEqual(get(self.port, f"/readyz?{query}").body, b"ok\n", query)

    def metrics(self):
        return dict(line.rsplit(" ", 1) for line in get(self.port, "/metrics").body.decode().splitlines()
                    if not line.startswith("#"))

    def test_metrics_count_what_was_scanned(self):
        # an order of another test may be holding the database this very moment
        wait_until(lambda: self.metrics()["originscan_store_available"] == "1", "the database")

        def scans_are_counted():  # what is counted already may be written a moment later
            scans = self.database.value("SELECT count(*) FROM scan") - len(KINDS)  # without those before it
            return scans == float(self.metrics()['originscan_scans_total{status="complete"}'])
        wait_until(scans_are_counted, "as many scans counted as stored")
        lines = self.metrics()
        self.assertEqual(lines['originscan_probes_total{probe="classical",outcome="ok"}'],
                         lines['originscan_scans_total{status="complete"}'])
        self.assertGreater(float(lines['originscan_probes_by_group_total{group="X25519MLKEM768"}']), 0)
        self.assertGreater(float(lines["originscan_store_commit_duration_seconds_count"]), 0)
        self.assertGreater(float(lines["originscan_limiter_waits_total"]), 0)  # one at a time in their prefix
        self.assertGreater(float(lines["originscan_store_wal_bytes"]), 0)

        def descriptors_are_counted():  # connections of tests before may still be closing between the two counts
            said = float(self.metrics()["process_open_fds"])
            return abs(said - len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))) <= 3
        wait_until(descriptors_are_counted, "process_open_fds near what /proc lists")
        open_ = get(self.port, "/metrics", headers=["Accept: application/openmetrics-text; version=1.0.0"])
        self.assertTrue(open_.headers["content-type"].startswith("application/openmetrics-text"))
        self.assertTrue(open_.body.endswith(b"# EOF\n"))

    @unittest.skipUnless(shutil.which("promtool"), "no promtool: apt-get install prometheus")
    def test_promtool_finds_nothing(self):
        said = subprocess.run(["promtool", "check", "metrics"], input=get(self.port, "/metrics").body,
                              capture_output=True, timeout=30)
        self.assertEqual((said.returncode, said.stdout + said.stderr), (0, b""))

    def test_orders(self):
        path = "/api/v1/zones/127.119.0.1/setting"
        for value, setting, reason in (("off", "off", "operator-pin"), ("supported", "supported", "operator-pin"),
                                       ("auto", "preferred", "hybrid-in-one-round-trip")):
            reply = ask(self.socket, "PUT", path, body=b'{"value": "%s"}' % value.encode())
            self.assertEqual(reply.status, 200, reply.body)
            zone = reply.json()
            self.assertEqual((zone["setting"], zone["reason"]), (setting, reason))
            self.assertEqual([lever["value"] for lever in zone["levers"]], [] if value == "auto" else [value])
            self.assertEqual(self.settings()["127.119.0.1"], setting)
        for body in (b"", b"{}", b'{"value": 1}', b'{"value": "on"}', b"[", b'{"value": "off", "value": "off"}'):
            self.assertEqual(ask(self.socket, "PUT", path, body=body).status, 400, body)
        self.assertEqual(ask(self.socket, "PUT", "/api/v1/zones/absent/setting", body=b'{"value": "off"}').status, 404)

    def order_while_locked(self):
        """Whether an order still waited when others had been answered, its status, and how long all that took."""
        body = b'{"value": "auto"}'
        answers, began = [], time.monotonic()
        with contextlib.closing(sqlite3.connect(self.database.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            order = threading.Thread(target=lambda: answers.append(
                ask(self.socket, "PUT", "/api/v1/zones/127.119.0.1/setting", body=body)))
            order.start()
            time.sleep(0.2)
            for path in ("/livez", "/metrics", "/api/v1/zones"):
                self.assertEqual(get(self.port, path).status, 200)
            waited = order.is_alive()
        took_s = time.monotonic() - began
        order.join()
        return waited, answers[0].status, took_s

    def test_an_order_that_has_to_wait_keeps_nobody_waiting(self):
        for _ in range(10):
            waited, status, took_s = self.order_while_locked()
            if took_s < 1.5:  # an order waits for two seconds, in which a busy machine may not have answered the others
                break
        self.assertEqual((waited, status), (True, 200))
        wait_until(lambda: b"originscan_store_available 1\n" in get(self.port, "/metrics").body, "commits again")

    def test_the_command_status(self):
        """The same screen from the socket as from the database, but for what the last seconds moved."""
        needs_nothing = f"All {len(KINDS)} zones need nothing."
        # what is shown is of some seconds ago, when tests before may have had zones of their own
        wait_until(lambda: needs_nothing in originscan.run("status", "--socket", self.socket).stdout, needs_nothing)
        live = originscan.run("status", "--socket", self.socket)
        stored = originscan.run("status", "--db", self.database.path)
        self.assertEqual((live.stderr, live.returncode), ("", stored.returncode))
        self.assertEqual(*([line.split()[:2] for line in re.sub(r"\d+", "n", said.stdout).splitlines()]
                           for said in (live, stored)))
        document = json.loads(originscan.run("status", "--json", "--socket", self.socket).stdout)
        self.assertEqual(document["schema"], "originscan.report/1")
        absent = originscan.run("status", "--socket", self.folder / "absent.sock")
        self.assertEqual((absent.returncode, absent.stdout), (2, ""))
        self.assertIn("absent.sock: ", absent.stderr)
        self.assertEqual(originscan.run("status", "--socket", self.socket, "--db", self.database.path).returncode, 2)

    def test_a_rescan(self):
        self.database.import_(["zone,host,port", f"also,127.119.0.2,{self.lab.port}"])  # one origin all the same
        self.addCleanup(originscan.run, "remove", "--db", self.database.path, "also")
        before = self.database.value("SELECT visits FROM origin WHERE host = '127.119.0.2'")
        reply = ask(self.socket, "POST", "/api/v1/rescan/127.119.0.2")
        self.assertEqual((reply.status, reply.json()["origins"]), (202, 1))
        wait_until(lambda: self.database.value("SELECT visits FROM origin WHERE host = '127.119.0.2'") > before, "it")
        self.assertEqual(ask(self.socket, "POST", "/api/v1/rescan/absent.example").status, 404)

    def rescan(self, *arguments):
        return originscan.run("rescan", "--socket", self.socket, *arguments)

    def test_the_command_rescan(self):
        self.database.import_(["zone,host,port", f"twice,127.119.0.3,{self.lab.port}"])
        self.addCleanup(originscan.run, "remove", "--db", self.database.path, "twice")
        said = self.rescan("127.119.0.3", f"127.119.0.1:{self.lab.port}")
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        port = self.lab.port
        self.assertEqual(sorted(said.stdout.splitlines()), [f"127.119.0.1:{port}  complete  ready",
                                                            f"127.119.0.3:{port}  complete  classical"])
        said = self.rescan("absent.example")
        self.assertEqual((said.returncode, said.stdout), (1, ""))
        self.assertIn("absent.example: there is no origin of that host", said.stderr)
        self.assertEqual(self.rescan("--no-wait", "127.119.0.2").stdout, "")
        self.assertEqual(self.rescan("a b/../%").returncode, 1)
        said = originscan.run("rescan", "--socket", self.folder / "nobody", "127.119.0.2")
        self.assertEqual((said.returncode, said.stdout), (1, ""))
        self.assertIn("No such file or directory", said.stderr)
        self.assertEqual(originscan.run("rescan", "127.119.0.2").returncode, 2)


class Sockets(unittest.TestCase):
    def setUp(self):
        self.folder = Folder(self)
        self.database = Database(self.folder / "a.db")
        self.database.import_(["127.119.1.1:9"])
        self.socket = self.folder / "http.sock"

    def daemon(self, **settings):
        return Daemon(self, self.folder, self.database, http_socket=self.socket, **settings)

    def listening(self, daemon):
        wait_until(lambda: " http_listening " in daemon.said(), f"the server: {daemon.said()}")
        self.assertEqual(get(self.socket, "/livez").status, 200)

    def test_the_socket_comes_and_goes(self):
        daemon = self.daemon(http_socket_mode="0600")
        self.listening(daemon)
        self.assertEqual(stat.S_IMODE(self.socket.stat().st_mode), 0o600)
        daemon.process.kill()
        daemon.process.wait()
        self.assertTrue(self.socket.exists())
        daemon = self.daemon()  # nobody answers on the one that is left
        self.listening(daemon)
        self.assertEqual(stat.S_IMODE(self.socket.stat().st_mode), 0o660)
        self.assertEqual(daemon.stop(), 0)
        self.assertFalse(self.socket.exists())

    def test_waits_for_the_rate_are_measured(self):
        lab = serve(self, self.folder, ["127.119.1.2 modern"])
        self.database.import_([f"127.119.1.2:{lab.port}"])
        daemon = self.daemon(profile="fast", rate=5)
        self.listening(daemon)
        said = originscan.run("rescan", "--socket", self.socket, "127.119.1.2")
        self.assertEqual(said.returncode, 0, said.stderr)
        lines = dict(line.rsplit(" ", 1) for line in get(self.socket, "/metrics").body.decode().splitlines())
        buckets = {float(line.split('"')[1]): float(n) for line, n in lines.items()
                   if line.startswith("originscan_limiter_wait_duration_seconds_bucket")}
        waits, seconds = (float(lines[f"originscan_limiter_wait_duration_seconds_{of}"]) for of in ("count", "sum"))
        probes = sum(float(n) for line, n in lines.items() if line.startswith("originscan_probes_by_stage_total"))
        self.assertGreaterEqual(probes, 10)
        self.assertGreaterEqual(waits, probes / 2)  # probes on loopback take less than the 200 ms between them
        self.assertLessEqual(waits, 2 * probes)  # one abrupt failure is dialled twice
        self.assertGreater(seconds, waits * 0.01)
        self.assertEqual(buckets[0.001], 0, buckets)
        self.assertGreater(buckets[0.25], waits / 2, buckets)

    def test_an_idle_daemon_ends_soon(self):
        """Five seconds are documented; a busy machine may take twice as long."""
        daemon = self.daemon(http_listen=free_port())
        self.listening(daemon)
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.process.wait(10), 0)

    def test_what_is_in_the_way_stays(self):
        self.socket.write_text("precious")
        daemon = self.daemon()
        self.assertEqual(daemon.process.wait(ENDS_WITHIN_S), 2)
        self.assertIn("exists and is not a socket", daemon.said())
        self.assertEqual(self.socket.read_text(), "precious")
        self.socket.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(self.socket))
            other.listen()
            daemon = self.daemon()
            self.assertEqual(daemon.process.wait(ENDS_WITHIN_S), 2)
            self.assertIn("another program listens on it", daemon.said())

    def test_a_port_that_is_taken_and_keys_that_mean_nothing(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            daemon = self.daemon(http_listen=other.getsockname()[1])
            self.assertEqual(daemon.process.wait(ENDS_WITHIN_S), 2)
            self.assertIn("Address already in use", daemon.said())
        for key, value in (("http_listen", "example.com:80"), ("http_listen", "70000"), ("http_socket_mode", "rw")):
            config = self.folder.write("wrong.conf", f'database = "{self.database.path}"\n{key} = "{value}"\n')
            said = originscan.run("daemon", "--config", config, "--check-config")
            self.assertEqual(said.returncode, 2, said.stdout)
            self.assertIn(key, said.stderr)


class AfterAPause(unittest.TestCase):
    """`status --socket` when nobody has looked for hours: the daemon still has the document of then."""

    def setUp(self):
        self.folder = Folder(self)
        database = Database(self.folder / "a.db")
        database.import_(["a.example"])
        self.report = json.loads(originscan.run("report", "--format", "json", "--db", database.path).stdout)
        del self.report["generated_at"]
        self.asked = 0

    @staticmethod
    def made(seconds_ago):
        """The text of a report's time."""
        at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=seconds_ago)
        return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def serve(self, documents):
        """Answers each request with the next one, the last one again and again; one without a time is just made."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.folder / "s.sock"))
        listener.listen()

        def answer():
            with contextlib.suppress(OSError):
                while True:
                    with listener.accept()[0] as peer:
                        peer.recv(65536)
                        document = documents[min(self.asked, len(documents) - 1)]
                        body = json.dumps({"generated_at": self.made(0), **document}).encode()
                        self.asked += 1
                        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                     b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))

        thread = threading.Thread(target=answer)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(listener.close)
        self.addCleanup(listener.shutdown, socket.SHUT_RDWR)

    def status(self, *options):
        return originscan.run("status", "--json", "--socket", self.folder / "s.sock", *options)

    def test_the_new_document_is_waited_for(self):
        self.serve([{**self.report, "generated_at": "2026-01-01T00:00:00.000Z"}, self.report])
        said = self.status()
        self.assertGreater(json.loads(said.stdout)["generated_at"], "2026-01-01T00:00:00.000Z")
        self.assertEqual((said.stderr, self.asked), ("", 2))

    def test_one_of_minutes_ago_is_new_enough(self):
        """One that takes long to make is not made again for minutes."""
        two_minutes_ago = self.made(120)
        self.serve([{**self.report, "generated_at": two_minutes_ago}])
        said = self.status("--timeout", "1")
        self.assertEqual((json.loads(said.stdout)["generated_at"], said.stderr, self.asked), (two_minutes_ago, "", 1))

    def test_but_not_for_ever(self):
        self.serve([{**self.report, "generated_at": "2026-01-01T00:00:00.000Z"}])
        said = self.status("--timeout", "1")
        self.assertEqual(json.loads(said.stdout)["generated_at"], "2026-01-01T00:00:00.000Z")
        self.assertEqual(said.stderr, "originscan status: as of 2026-01-01T00:00:00.000Z: the daemon has not made a newer "
                                      "one yet\n")


if __name__ == "__main__":
    unittest.main()
