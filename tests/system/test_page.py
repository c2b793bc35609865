"""The pages as a browser shows them: the report, the daemon's status page, the page of one origin."""

import collections
import json
import os
import pathlib
import random
import re
import unittest
import urllib.parse

try:
    import jsonschema
except ImportError:
    jsonschema = None

import fleet_tables
import hostile_texts
import originscan
from browser import Browser
from http_client import get
from population import LONG, Daemon, Database, Folder, OfClass, mixture, serve, wait_until
from servers import SOURCE, free_port

AUDIT = pathlib.Path(__file__).with_name("page_audit.js").read_text()
# Tables that have to be moved sideways to be read: on a desktop, and on a phone if they have sentences.
CUT = """[...document.querySelectorAll('.scroll')].filter(frame => frame.scrollWidth > frame.clientWidth &&
    (innerWidth > 1000 || frame.querySelector('.cards'))).map(frame => frame.ariaLabel)"""
# What a folded part shows all the same: it has a height.
SHOWN = """[...document.querySelectorAll('details')].filter(part => [...part.children].slice(1).some(
    child => child.checkVisibility({contentVisibilityAuto: true}) && child.getBoundingClientRect().height > 0))
    .map(part => part.firstElementChild.innerText)"""
# Where screenshots for the documentation go; they are not made in the suite.
PICTURES = os.environ.get("ORIGINSCAN_PICTURES")

HOSTILE_N = 500


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
            self.assertEqual(BROWSER.run(CUT), [], (name, place))
            if PICTURES and name != "report":  # which looks as the status page does
                BROWSER.run("document.querySelectorAll('details').forEach(part => part.open = false)")
                pathlib.Path(PICTURES, f"{name}-{place}.png").write_bytes(BROWSER.screenshot(height))
        BROWSER.look(1280, "dark")  # what is left of the contrasts
        self.assertEqual(BROWSER.run(AUDIT), [], name)
        self.check_paper(name)

    def check_paper(self, name):
        """As wide as A4 between its margins: nothing is cut off, and what is folded is printed, but for programs' JSON."""
        folded = BROWSER.run("document.querySelectorAll('details').forEach(part => part.open = false), "
                             "[...document.querySelectorAll('summary')].map(part => part.innerText)")
        printed = [part for part in folded if "JSON" not in part]
        wait_until(lambda: BROWSER.run(SHOWN) == [], f"folded parts of {name}")
        BROWSER.look(718)
        BROWSER.call("Emulation.setEmulatedMedia", media="print")
        self.addCleanup(BROWSER.call, "Emulation.setEmulatedMedia", media="")
        # a long page takes a while to be laid out anew
        wait_until(lambda: BROWSER.run(SHOWN) == printed, f"{printed} on the paper of {name}", 60)
        wait_until(lambda: BROWSER.run("document.documentElement.scrollWidth") <= 718, f"{name} within the paper")

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
    """Texts that would run, fetch, hide or forge something if they were taken for more than text, in every output."""

    @classmethod
    def setUpClass(cls):
        of_class = OfClass(cls)
        cls.folder = Folder(of_class)
        cls.names = hostile_texts.names(HOSTILE_N)
        cls.database = cls.filled("names.db")
        cls.poisoned = cls.filled("poisoned.db")
        hostile_texts.poison(cls.poisoned.path, [text.decode(errors="replace") for text in hostile_texts.texts(HOSTILE_N)])
        cls.port, cls.socket = free_port(), cls.folder / "http.sock"
        daemon = Daemon(of_class, cls.folder, cls.poisoned, period_s=86400, http_listen=cls.port, http_socket=cls.socket)
        wait_until(lambda: " http_listening " in daemon.said() and get(cls.port, "/").status == 200, "the page")

    @classmethod
    def filled(cls, name):
        database = Database(cls.folder / name)
        database.import_(lines_of((name, f"127.0.{i // 250}.{i % 250 + 1}", 9, 1) for i, name in enumerate(cls.names)))
        assert database.value("SELECT count(*) FROM zone") == HOSTILE_N
        return database

    def check_page(self, url, title):
        BROWSER.look(1280)
        self.assertEqual(BROWSER.load(url), ([], []))
        self.assertEqual(BROWSER.run(AUDIT), [])
        self.assertEqual(BROWSER.run("document.title"), title)

    def report(self, database, *options):
        said = originscan.run("report", "--db", database.path, *options)
        self.assertEqual((said.returncode, said.stderr), (0, ""), options)
        self.assertEqual(hostile_texts.raw_lines(said.stdout), [], options)
        return said.stdout

    def test_no_name_is_more_than_text(self):
        shown = json.loads(self.report(self.database, "--format", "json"))["settings"]["zones"]
        self.assertEqual({zone["zone"] for zone in shown}, set(self.names))
        page = self.folder.write("names.html", self.report(self.database, "--format", "html"))
        self.check_page(page.as_uri(), "originscan report")

    def test_no_row_of_a_database_is_more_than_text(self):
        for options in ((), ("--json",)):
            for where in (("--db", self.poisoned.path), ("--socket", self.socket)):
                said = originscan.run("status", *where, *options)
                self.assertEqual((said.returncode, said.stderr), (1, ""), (where, options))
                self.assertEqual(hostile_texts.raw_lines(said.stdout), [], (where, options))
        for kind in ("text", "json"):
            self.report(self.poisoned, "--format", kind)
        said = originscan.run("zone", "list", "--db", self.poisoned.path)
        self.assertEqual((said.returncode, said.stderr, hostile_texts.raw_lines(said.stdout)), (0, "", []))
        page = self.folder.write("poisoned.html", self.report(self.poisoned, "--format", "html"))
        self.check_page(page.as_uri(), "originscan report")

    def test_nothing_that_the_daemon_says_is_more_than_text(self):
        self.check_page(f"http://127.0.0.1:{self.port}/", "originscan report")
        hosts = [row["host"] for row in self.poisoned.rows("SELECT host FROM origin ORDER BY id LIMIT 44")]
        paths = ["/api/v1/summary", "/api/v1/zones?limit=1000", "/metrics", "/readyz?verbose", "/livez",
                 *[f"/api/v1/zones/{urllib.parse.quote(name, safe='')}" for name in self.names[::1 if LONG else 10]],
                 *[f"/{place}{urllib.parse.quote(text, safe='')}" for text in hosts
                   for place in ("", "api/v1/origins/", "api/v1/zones/absent", "api/v1/zones?after=", "api/v1/zones?limit=")]]
        kinds = collections.Counter()
        for path in paths:
            reply = get(self.port, path)
            self.assertEqual(hostile_texts.raw_lines(reply.body.decode()), [], path)
            self.assertEqual(reply.headers["x-content-type-options"], "nosniff")
            kind = reply.headers["content-type"].partition(";")[0]
            kinds[kind, reply.status] += 1
            if kind == "application/json":
                reply.json()
        self.assertEqual({kind for kind, _ in kinds}, {"application/json", "text/plain"}, kinds)
        listed = get(self.port, "/api/v1/zones?limit=1000").json()["zones"]
        self.assertEqual({zone["zone"] for zone in listed}, set(self.names))
        for path in (paths[1], paths[6], *paths[-5:]):  # as whoever follows a link sees it
            asked, said = BROWSER.load(f"http://127.0.0.1:{self.port}{path}")
            self.assertEqual([url for url in asked if not url.startswith(f"http://127.0.0.1:{self.port}/")], [], path)
            self.assertEqual([text for text in said if "status of 4" not in text], [], path)
            self.assertEqual(BROWSER.run("document.querySelectorAll('script,img,svg,iframe,a,link,base,style').length"), 0, path)

    def test_no_label_of_an_alert_is_a_foreign_text(self):
        rules = "".join(path.read_text() for path in (SOURCE / "deploy/prometheus").glob("[ar]*.yml"))
        self.assertEqual(set(re.findall(r"\$labels\.(\w+)", rules)), {"instance"})
        said = get(self.port, "/metrics").body.decode()
        for name in self.names:
            if len(name) > 12:
                self.assertNotIn(name, said)

    def test_no_certificate_is_more_than_text(self):
        texts = hostile_texts.texts(HOSTILE_N if LONG else 48)
        makers = hostile_texts.Certificates(self.folder)
        kinds = (makers.common_name, makers.organisation, makers.dns_name)
        contexts = {f"n{i}.example": kinds[i % len(kinds)](text) for i, text in enumerate(texts)}
        port = hostile_texts.serve_names(self, contexts)
        raw = [hostile_texts.serve_bytes(self, text) for text in texts[:3] + texts[-3:]]
        page = self.folder / "certificates.html"
        said = originscan.run("probe", *originscan.LOOPBACK, "--plan", "quick", "--html", page, "--concurrency", 4, "--explain",
                              *(f"{name}:{port}@127.0.0.1" for name in contexts), *(f"127.0.0.1:{port}" for port in raw))
        self.assertEqual((said.returncode, said.stderr), (1, ""))  # some are no TLS servers
        self.assertEqual(hostile_texts.raw_lines(said.stdout), [], "text")
        self.assertEqual(hostile_texts.raw_lines(page.read_text()), [], "page")
        self.assertEqual(len(re.findall("(?m)^  certificate ", said.stdout)), len(texts))
        self.check_page(page.as_uri(), "originscan probe")
        shown = BROWSER.run("[...document.querySelectorAll('p > bdi:first-child')].map(name => name.textContent)")
        plain = {text.decode() for text in texts if text.isascii() and text.decode().isprintable()}
        self.assertEqual(len(shown), len(texts))
        self.assertIn("good.example\\x00.evil.example 14", shown)
        self.assertLessEqual(plain, set(shown))


if __name__ == "__main__":
    unittest.main()
