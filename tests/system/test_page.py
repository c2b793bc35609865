"""The pages as a browser shows them: the report, the daemon's status page, the page of one origin."""

import collections
import contextlib
import json
import os
import pathlib
import random
import re
import socket
import ssl
import subprocess
import threading
import unittest

try:
    import jsonschema
except ImportError:
    jsonschema = None

import fleet_tables
import originscan
import strange_names
from browser import Browser
from http_client import get
from population import LONG, Daemon, Database, Folder, OfClass, mixture, serve, wait_until
from servers import SOURCE, free_port

AUDIT = pathlib.Path(__file__).with_name("page_audit.js").read_text()
# Where screenshots for the documentation go; they are not made in the suite.
PICTURES = os.environ.get("ORIGINSCAN_PICTURES")

HOSTILE_N = 500
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
PAYLOADS = (
    "<script>alert(%d)</script>", "</style><script>alert(%d)</script>", "<img src=x onerror=alert(%d)>",
    "\"><svg onload=alert(%d)>", "' onmouseover='alert(%d)", "javascript:alert(%d)", "<!--%d", "]]><b>%d", "&lt;b>%d",
    "&#60;script>alert(%d)&#60;/script>", "</title><script>alert(%d)</script>", "<a href=//evil.example/%d>x</a>",
    "<link rel=stylesheet href=http://127.0.0.1:9/%d>", "<meta http-equiv=refresh content=0;url=http://127.0.0.1:9/%d>",
    "</details></table><iframe src=http://127.0.0.1:9/%d>", "<style>@import 'http://127.0.0.1:9/%d'</style>",
    "{{%d*7}}${7*7}", "data:text/html,<script>alert(%d)</script>", "\u202e<b>%d\u2066",
    "<base href=http://127.0.0.1:9/%d>", "=cmd|'/c calc'!A%d", "%%3Cscript%%3Ealert(%d)%%3C/script%%3E",
)


def hostile_names(n):
    """As many names of zones that mean harm or that nobody would choose. A control character is refused in a name."""
    names = [PAYLOADS[i % len(PAYLOADS)] % i for i in range(n)] + strange_names.draw(n, 7)
    names = dict.fromkeys(name for name in names if name.strip() and not CONTROL.search(name))
    return list(names)[:n]


def lines_of(zones):
    """A list to import: for each of (zone, host, port, weight) a line of CSV."""
    quoted = [",".join('"' + str(field).replace('"', '""') + '"' for field in zone) for zone in zones]
    return ["zone,host,port,weight", *quoted]


BROWSER = None


def setUpModule():
    global BROWSER  # one for all tests: it takes its time to begin
    BROWSER = Browser()
    unittest.addModuleCleanup(BROWSER.close)


class Pages(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        of_class = OfClass(cls)
        cls.folder = Folder(of_class)
        cls.database = Database(cls.folder / "a.db")
        lines, addresses = mixture(10_000) if LONG else mixture(336, each=8)
        random.Random(1).shuffle(addresses)
        lab = serve(of_class, cls.folder, lines)
        cls.database.import_(lines_of((f"zone-{i // 3}.example", address, lab.port, 1 + i % 5)
                                      for i, address in enumerate(addresses)))
        said = cls.database.scan(within_s=600, timeout_ms=3000, max_in_flight=150, profile="fast")
        assert said.stderr == "", said.stderr
        cls.origins = addresses
        cls.lab = lab
        cls.port = free_port()
        daemon = Daemon(of_class, cls.folder, cls.database, period_s=86400, http_listen=cls.port, profile="fast")
        wait_until(lambda: " http_listening " in daemon.said() and get(cls.port, "/").status == 200, "the page")

    def report(self, kind="html"):
        said = originscan.run("report", "--db", self.database.path, "--format", kind, within_s=60)
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        return said.stdout

    def written(self, name, text):
        return (self.folder.write(name, text)).as_uri()

    def check(self, url, name):
        """No request, no complaint, nothing that a reader could not read, wide and light, narrow and dark."""
        for place, width, scheme, height in (("desktop", 1280, "light", 900), ("phone", 390, "dark", 844)):
            BROWSER.look(width, scheme)
            self.assertEqual(BROWSER.load(url), ([], []), (name, place))
            self.assertEqual(BROWSER.run(AUDIT), [], (name, place))
            if PICTURES and name != "report":  # which looks as the status page does
                BROWSER.run("document.querySelectorAll('details').forEach(part => part.open = false)")
                pathlib.Path(PICTURES, f"{name}-{place}.png").write_bytes(BROWSER.screenshot(height))
        BROWSER.look(1280, "dark")  # what is left of the contrasts
        self.assertEqual(BROWSER.run(AUDIT), [], name)

    def test_the_report(self):
        self.check(self.written("report.html", self.report()), "report")

    def test_the_status_page(self):
        self.check(f"http://127.0.0.1:{self.port}/", "status")
        self.assertIn("need you", BROWSER.run("document.querySelector('.lead').innerText"))


    @unittest.skipUnless(jsonschema, "python3-jsonschema is not installed")
    def test_the_document_is_as_its_schema_says(self):
        schema = json.loads((SOURCE / "share/schema/originscan.report-1.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(fleet_tables.reports(self.database)["json"])

    def test_the_numbers_are_those_of_the_views_in_each_format(self):
        said = fleet_tables.reports(self.database)
        count = collections.Counter
        rows = self.database.rows("SELECT * FROM v_origin")
        statuses = count(row["status"] for row in rows)
        verdicts = count(row["verdict"] for row in rows if row["status"] == "complete" and row["verdict"])
        settings = count(row["setting"] for row in self.database.rows("SELECT * FROM v_zone_setting"))
        shares = {row["group_name"]: (row["supported"], row["preferred"])
                  for row in self.database.rows("SELECT * FROM v_group_share")}
        for kind, shown in fleet_tables.shares(said).items():
            self.assertEqual(shown, shares, kind)
        page = fleet_tables.of_page(said["html"])
        shown = {name: numbers[-1] for name, numbers in fleet_tables.of_text(said["text"], "Verdicts").items()}
        self.assertEqual(shown, verdicts)
        self.assertEqual({row["Verdict"]: fleet_tables.whole_number(row["Origins"]) for row in page["verdicts"]}, verdicts)
        (line,) = re.findall(r"^settings +(\d+) preferred, (\d+) supported, (\d+) off, (\d+) without", said["text"], re.M)
        self.assertEqual([int(n) for n in line], [settings[word] for word in ("preferred", "supported", "off", "none")])
        shown = {row["Setting"].replace("without advice", "none"): fleet_tables.whole_number(row["Zones"])
                 for row in page["settings"]}
        self.assertEqual({word: n for word, n in shown.items() if n}, settings)
        (line,) = re.findall(r"^\d+ origins? in \d+ zones?, (.*)$", said["text"], re.M)
        self.assertEqual({word: int(n) for n, word in re.findall(r"(\d+) (\w+)", line)}, statuses)

    def test_the_page_of_origins(self):
        folder = Folder(self)
        lab = serve(self, folder, [f"127.77.8.{i} {kind}" for i, kind in enumerate(
            ("retry-close", "modern", "size-close", "http", "client-certificate", "tls12"), 1)])
        origins = [f"127.77.8.{i}:{lab.port}" for i in range(1, 7)]
        said = originscan.run("probe", *originscan.LOOPBACK, "--html", folder / "a.html", *origins)
        self.assertEqual((said.returncode, said.stderr), (1, ""))  # one is no TLS server
        self.check((folder / "a.html").as_uri(), "origins")
        shown = BROWSER.run("document.body.innerText")
        for what in (*origins, "✓ ready: ", "✗ retry-then-fail: ", "✗ not_tls: ", "What to do", "openssl s_client -connect",
                     "issued by itself", "It works with -groups X25519."):
            self.assertIn(what, shown)
        titles = BROWSER.run("[...document.querySelectorAll('h2')].map(title => title.innerText)")
        self.assertEqual(titles, origins)
        said = originscan.run("probe", *originscan.LOOPBACK, "--html", folder / "absent" / "a.html", origins[0])
        self.assertEqual(said.returncode, 1)
        self.assertIn("cannot write", said.stderr)


class Hostile(unittest.TestCase):
    """Names that would run, fetch or hide something if they were taken for more than text."""

    def test_no_name_is_more_than_text(self):
        names = hostile_names(HOSTILE_N)
        folder = Folder(self)
        database = Database(folder / "a.db")
        database.import_(lines_of((name, f"127.0.0.{i % 250 + 1}", 9, 1) for i, name in enumerate(names)))
        self.assertEqual(database.value("SELECT count(*) FROM zone"), HOSTILE_N)
        outputs = {kind: originscan.run("report", "--db", database.path, "--format", kind)
                   for kind in ("html", "text", "json")}
        outputs["status"] = originscan.run("status", "--db", database.path)
        for kind, said in outputs.items():
            self.assertEqual(said.stderr, "", kind)
            self.assertNotRegex(said.stdout, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", kind)
        shown = {zone["zone"] for zone in json.loads(outputs["json"].stdout)["settings"]["zones"]}
        self.assertEqual(shown, set(names))
        BROWSER.look(1280)
        self.assertEqual(BROWSER.load(folder.write("a.html", outputs["html"].stdout).as_uri()), ([], []))
        self.assertEqual(BROWSER.run(AUDIT), [])
        self.assertEqual(BROWSER.run("document.title"), "originscan report")

    def test_no_certificate_is_more_than_text(self):
        folder = Folder(self)
        subjects = [payload % i for i, payload in enumerate(PAYLOADS) if len(payload) < 62 and payload.isascii()]
        contexts = {f"n{i}.example": context_of(folder, i, subject) for i, subject in enumerate(subjects)}
        port = serve_names(self, contexts)
        page = folder / "a.html"
        said = originscan.run("probe", *originscan.LOOPBACK, "--plan", "quick", "--html", page, "--concurrency", 4,
                              *(f"{name}:{port}@127.0.0.1" for name in contexts))
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        BROWSER.look(1280)
        self.assertEqual(BROWSER.load(page.as_uri()), ([], []))
        self.assertEqual(BROWSER.run(AUDIT), [])
        names = BROWSER.run("[...document.querySelectorAll('p > bdi:first-child')].map(name => name.textContent)")
        self.assertEqual(sorted(names), sorted(subjects))


def context_of(folder, number, subject):
    """A server's TLS with a new certificate of this common name."""
    name = re.sub(r"([/\\+])", r"\\\1", subject)
    certificate, key = folder / f"{number}.crt", folder / f"{number}.key"
    subprocess.run(["openssl", "req", "-x509", "-noenc", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-utf8", "-days", "2", "-subj", f"/CN={name}", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def serve_names(test, contexts):
    """A server on 127.0.0.1 with a certificate for each name, until the test ends. Returns its port."""
    def choose(connection, name, _):
        connection.context = contexts.get(name, first)

    def answer(peer):
        with contextlib.suppress(OSError), first.wrap_socket(peer, server_side=True) as connection:
            connection.recv(1)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                peer = listener.accept()[0]
                peer.settimeout(5)
                threading.Thread(target=answer, args=(peer,), daemon=True).start()

    first = next(iter(contexts.values()))
    first.sni_callback = choose
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    test.addCleanup(listener.close)
    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


if __name__ == "__main__":
    unittest.main()
