"""deploy/apply-cloudflare against an HTTPS server of our own that behaves as Cloudflare's API does."""

import email.utils
import functools
import http.server
import json
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

import settings_db
from originscan import run
from servers import SOURCE, own_address, workshop
from settings_db import Zone

TOKEN = "Secret-Token_1"
ALL = ["X25519MLKEM768", "X25519", "P-256", "P-384"]
SETTING = "/cache/origin_post_quantum_encryption"


@functools.lru_cache(maxsize=None)
def certificate(address):
    """For an address, which curl checks."""
    cert, key = workshop() / f"api-{address}.crt", workshop() / f"api-{address}.key"
    subprocess.run(["openssl", "req", "-x509", "-noenc", "-days", "2", "-subj", "/CN=api", "-newkey", "ec",
                    "-pkeyopt", "ec_paramgen_curve:P-256", "-addext", f"subjectAltName=IP:{address}",
                    "-out", cert, "-keyout", key], check=True, capture_output=True)
    return cert, key


class Api:
    """Zones and their values. `refuse` holds answers that come before a request is looked at."""

    def __init__(self, zones):
        self.ids = {name: f"{number:032x}" for number, name in enumerate(zones, 1)}
        self.values = {self.ids[name]: value for name, value in zones.items()}
        self.requests, self.refuse = [], []

    def __enter__(self):
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                api.answer(self, None)

            def do_PUT(self):
                api.answer(self, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def log_message(self, *_):
                pass

        self.address = own_address()
        self.server = http.server.ThreadingHTTPServer((self.address, 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.cert, key = certificate(self.address)
        context.load_cert_chain(self.cert, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"https://{self.address}:{self.server.server_port}/client/v4"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, handler, body):
        self.requests.append((handler.command, handler.path.removeprefix("/client/v4"), body))
        if handler.headers["Authorization"] != f"Bearer {TOKEN}":
            return self.send(handler, 403, {"success": False, "errors": [{"message": "wrong token"}]})
        if self.refuse:
            status, headers = self.refuse.pop(0)
            return self.send(handler, status, {"success": False, "errors": []}, headers)
        return self.send(handler, *self.result(handler, body))

    def result(self, handler, body):
        url = urllib.parse.urlparse(handler.path.removeprefix("/client/v4"))
        if url.path == "/zones":
            name = urllib.parse.parse_qs(url.query)["name"][0]
            found = [{"id": self.ids[name], "name": name}] if name in self.ids else []
            return 200, {"success": True, "result": found}
        identifier = url.path.removeprefix("/zones/").removesuffix(SETTING)
        if identifier not in self.values or not url.path.endswith(SETTING):
            return 404, {"success": False, "errors": [{"message": "no such thing"}]}
        if body is not None:
            self.values[identifier] = body["value"]
        return 200, {"success": True, "result": {"id": SETTING, "value": self.values[identifier]}}

    @staticmethod
    def send(handler, status, document, headers=()):
        data = json.dumps(document).encode()
        handler.send_response(status)
        for name, value in headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def puts(self):
        return [(path, body) for method, path, body in self.requests if method == "PUT"]

    def value(self, name):
        return self.values[self.ids[name]]


class ApplyCloudflare(unittest.TestCase):
    def setUp(self):
        for tool in ("curl", "jq"):
            if not shutil.which(tool):
                self.skipTest(f"{tool} is not installed")
        folder = tempfile.TemporaryDirectory(prefix="originscan-cloudflare-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.token = self.folder / "token"
        self.token.write_text(TOKEN + "\n")
        self.token.chmod(0o600)

    def requests(self, *zones):
        """What originscan exports for zones of these settings."""
        db = self.folder / "settings.db"
        settings_db.make(db, [Zone(name, setting, "X25519MLKEM768" if setting == "preferred" else "X25519",
                                   ALL if setting != "off" else ALL[1:]) for name, setting in zones],
                         "127.0.0.1", 443)
        done = run("export", "--db", db, "--format", "cloudflare")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def apply(self, api, requests, *options):
        return subprocess.run([SOURCE / "deploy/apply-cloudflare", "--api", api.url, "--cacert", api.cert,
                               *options], input=requests, capture_output=True, text=True, timeout=60)

    def send(self, api, requests, *options):
        return self.apply(api, requests, "--apply", "--token-file", self.token, *options)

    def test_dry_run_sends_nothing(self):
        with Api({"a.example": "off"}) as api:
            done = self.apply(api, self.requests(("a.example", "preferred")))
            self.assertEqual((done.returncode, done.stderr, api.requests), (0, "", []))
            self.assertEqual(done.stdout,
                             '"a.example": would set origin_post_quantum_encryption to preferred\n')

    def test_values_are_set_where_they_differ(self):
        zones = [("a.example", "preferred"), ("b.example", "supported"), ("c.example", "off")]
        with Api({"a.example": "off", "b.example": "supported", "c.example": "preferred"}) as api:
            done = self.send(api, self.requests(*zones))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual({name: api.value(name) for name, _ in zones}, dict(zones))
            self.assertEqual(api.puts(), [(f"/zones/{api.ids[name]}{SETTING}", {"value": value})
                                          for name, value in zones if name != "b.example"])
            self.assertEqual(done.stdout.splitlines(), [
                '"a.example": preferred, was off', '"b.example": is supported', '"c.example": off, was preferred'])

    def test_zones_without_a_setting_are_left_alone(self):
        """The export says why; nothing is asked of Cloudflare."""
        requests = self.requests(("a.example", "preferred"), ("b.example", "supported"))
        with settings_db.opened(self.folder / "settings.db") as db:
            db.execute("DELETE FROM zone_setting WHERE setting = 'supported'")
        done = run("export", "--db", self.folder / "settings.db", "--format", "cloudflare")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([(line["zone"], line["setting"], line["method"]) for line in lines],
                         [("a.example", "preferred", "PUT"), ("b.example", None, None)])
        self.assertIn("no setting is advised", lines[1]["comment"])
        with Api({"a.example": "off", "b.example": "preferred"}) as api:
            done = self.send(api, done.stdout)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(api.value("b.example"), "preferred")
            self.assertIn('"b.example": left as it is: no setting is advised', done.stdout)
        self.assertNotIn("null", requests)

    def test_identifiers_from_a_file(self):
        ids = self.folder / "ids"
        with Api({"a.example": "off", "b.example": "off"}) as api:
            ids.write_text(f"a.example {api.ids['a.example']}\n")
            done = self.send(api, self.requests(("a.example", "supported"), ("b.example", "supported")),
                             "--zone-ids", ids)
            self.assertEqual(done.returncode, 1)
            self.assertEqual((api.value("a.example"), api.value("b.example")), ("supported", "off"))
            self.assertNotIn("/zones?", str(api.requests))

    def test_429_is_waited_for(self):
        for date in (False, True):
            with self.subTest(date=date), Api({"a.example": "off"}) as api:
                requests = self.requests(("a.example", "supported"))
                begun = time.monotonic()
                header = email.utils.formatdate(time.time() + 4, usegmt=True) if date else "1"
                api.refuse = [(429, [("Retry-After", header)]), (429, [("retry-after", "0")])]
                done = self.send(api, requests)
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertEqual(api.value("a.example"), "supported")
                self.assertGreater(time.monotonic() - begun, 0.9)
                (self.folder / "settings.db").unlink()

    def test_it_gives_up(self):
        with Api({"a.example": "off", "b.example": "off"}) as api:
            api.refuse = [(429, [("Retry-After", "0")])] * 3
            done = self.send(api, self.requests(("a.example", "supported"), ("b.example", "supported")),
                             "--tries", "3")
            self.assertEqual(done.returncode, 1)
            self.assertIn('"a.example": failed: HTTP 429 after 3 tries', done.stdout)
            self.assertEqual((api.value("a.example"), api.value("b.example")), ("off", "supported"))

    def test_server_errors_are_tried_again(self):
        with Api({"a.example": "off"}) as api:
            api.refuse = [(503, [])]
            done = self.send(api, self.requests(("a.example", "supported")))
            self.assertEqual((done.returncode, api.value("a.example")), (0, "supported"))

    def test_unknown_zones_and_wrong_tokens(self):
        with Api({"a.example": "off"}) as api:
            done = self.send(api, self.requests(("nowhere.example", "off"), ("a.example", "supported")))
            self.assertEqual((done.returncode, api.value("a.example")), (1, "supported"))
            self.assertIn("knows no zone of that name", done.stdout)
            self.token.write_text("another")
            (self.folder / "settings.db").unlink()
            done = self.send(api, self.requests(("a.example", "off")))
            self.assertIn("HTTP 403: wrong token", done.stdout)
            self.assertEqual((done.returncode, api.value("a.example")), (1, "supported"))
            self.assertNotIn("another", done.stdout + done.stderr)

    def test_tokens_that_others_may_read_are_refused(self):
        with Api({"a.example": "off"}) as api:
            for mode in (0o644, 0o640, 0o604):
                self.token.chmod(mode)
                done = self.send(api, "")
                self.assertEqual(done.returncode, 1)
                self.assertIn("others may read", done.stderr)

    def test_names_stay_names(self):
        names = ['x"; touch pwned; "', "$(touch pwned)", "a&name=b.example", "../../user", "b\u00fccher.example",
                 "line\nend\n", "-X"]
        with Api(dict.fromkeys([*names, "b.example"], "off")) as api:
            done = self.send(api, self.requests(*[(name, "supported") for name in names]))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual({api.value(name) for name in names}, {"supported"})
            self.assertEqual(api.value("b.example"), "off")
            self.assertEqual(len(done.stdout.splitlines()), len(names))

    def test_identifiers_from_a_file(self):
        """A zone gets the identifier of its own name, character by character; others get none."""
        names = ["shop\\056example", "1e2", "shop.example"]
        with Api({"shop.example": "off", "100": "off"}) as api:
            ids = self.folder / "ids"
            ids.write_text("".join(f"{name} {identifier}\n" for name, identifier in api.ids.items()))
            done = self.send(api, self.requests(*[(name, "supported") for name in names]), "--zone-ids", ids)
            self.assertEqual([line.split(": ")[1] for line in done.stdout.splitlines()],
                             ["failed", "supported, was off", "failed"], done.stdout)
            self.assertEqual((done.returncode, api.value("100"), len(api.puts())), (1, "off", 1))

    def test_names_are_no_operators(self):
        with Api({"contains:shop": "off"}) as api:  # an API that finds one zone for it
            done = self.send(api, self.requests(("contains:shop", "supported")))
            self.assertIn("operator", done.stdout)
            self.assertEqual((done.returncode, api.requests), (1, []))

    def test_requests_of_another_kind_are_refused(self):
        good = json.loads(self.requests(("a.example", "supported")))
        bad = [{"method": "DELETE"}, {"path": "/zones/{zone_id}"}, {"path": "/accounts/x/y"},
               {"path": "/zones/{zone_id}/../user"}, {"body": {"value": "on"}}, {"body": {"value": "off", "x": 1}},
               {"zone": ""}, {"zone": None}, {"zone": "a\0.example"},
               {"body": {"value": "o"}}, {"body": {"value": ""}}, {"body": {"value": ["off"]}}, {"generated_at": "2026-01-01T00:00:00.000Z"}, {"generated_at": 1}]
        with Api({"a.example": "off"}) as api:
            lines = [json.dumps({**good, **change}) for change in bad] + ["no JSON", "[]", "{"]
            for line in lines:
                with self.subTest(line=line):
                    done = self.send(api, json.dumps(good) + "\n" + line + "\n")
                    self.assertEqual(done.returncode, 1)
                    self.assertIn("line 2: ", done.stderr)
            self.assertEqual(api.requests, [])

    def test_only_trusted_servers_are_told_the_token(self):
        with Api({"a.example": "off"}) as api:
            requests = self.requests(("a.example", "supported"))
            done = subprocess.run([SOURCE / "deploy/apply-cloudflare", "--api", api.url, "--apply", "--tries", "1",
                                   "--token-file", self.token], input=requests, capture_output=True, text=True,
                                  timeout=60)
            self.assertEqual((done.returncode, api.requests), (1, []))
            done = self.send(api, requests, "--api", api.url.replace("https", "http"))
            self.assertEqual((done.returncode, api.requests), (2, []))


if __name__ == "__main__":
    unittest.main()
