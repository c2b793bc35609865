"""Exports behind what real fleets have: a private CA, clients that have to show a certificate, names of /etc/hosts.
Each is run by the real proxy, and a request has to come back from the origin."""

import http.server
import pathlib
import re
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import settings_db
from originscan import run
from population import wait_until
from proxy import Proxy
from servers import free_port, newer_debian, nginx_command, own_address
from settings_db import Zone

ALL = ["X25519MLKEM768", "X25519", "P-256", "P-384"]
ZONE = Zone("shop", "supported", "X25519", ALL, sni="shop.example")


def make_certificates(folder):
    """ca.pem; origin.pem of shop.example; client.pem; each but the first with its key in the same file, and
    client.key and client.crt apart."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")
    openssl("req", "-x509", *key, "-days", "2", "-subj", "/CN=corp", "-keyout", "ca.key", "-out", "ca.pem")
    for name, host in (("origin", "shop.example"), ("client", "proxy.example")):
        (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n")
        openssl("req", *key, "-subj", f"/CN={host}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
                "-extfile", f"{name}.ext", "-out", f"{name}.crt")
        (folder / f"{name}.pem").write_text((folder / f"{name}.crt").read_text() +
                                            (folder / f"{name}.key").read_text())


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Origin:
    """A server with a certificate of the private CA, that wants one of it from whoever comes."""

    def __init__(self, folder, address=None, wants_certificate=True):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "origin.pem")
        if wants_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(folder / "ca.pem")
        self.address = address or own_address()
        self.server = http.server.ThreadingHTTPServer((self.address, 0), Answer)
        self.server.handle_error = lambda *_: None  # who comes without a certificate is refused
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.port = self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Fits(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="originscan-fits-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        make_certificates(self.folder)
        self.origin = self.enterContext(Origin(self.folder))
        self.db = self.folder / "settings.db"
        settings_db.make(self.db, [ZONE], self.origin.address, self.origin.port)

    def export(self, form, *options):
        done = run("export", "--db", self.db, "--format", form, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def status(self, command, address, port, ask=True, until=None):
        """Of a request; with `until` of one after the other, until it is that."""
        with Proxy(command, self.folder, address, port) as proxy:
            if until:
                time.sleep(0.5)  # in which it is not that by chance
                wait_until(lambda: proxy.ask("shop") == until, f"status {until}: {proxy.said()}")
                return until
            return proxy.ask("shop") if ask else None

    # ---- HAProxy ----------------------------------------------------------------------------------------

    def haproxy(self, text, own="", until=None):
        address, port = own_address(), free_port()
        (self.folder / "export.cfg").write_text(text)
        (self.folder / "haproxy.cfg").write_text(
            "global\n    maxconn 64\ndefaults\n    mode http\n    timeout connect 5s\n    timeout client 10s\n"
            f"    timeout server 10s\n    retries 0\n    default-server inter 50ms fall 1\nfrontend all\n    bind {address}:{port}\n"
            f"    use_backend originscan_shop\n{own}")
        command = [newer_debian("haproxy"), "-db", "-f", self.folder / "haproxy.cfg", "-f", self.folder / "export.cfg"]
        return self.status(command, address, port, until=until)

    def test_haproxy(self):
        trust = ("--ca-file", self.folder / "ca.pem")
        show = ("--client-cert", self.folder / "client.pem")
        self.assertEqual(self.haproxy(self.export("haproxy", *trust, *show)), 204)
        self.assertEqual(self.haproxy(self.export("haproxy", "--verify", "none", *show)), 204)
        self.assertNotEqual(self.haproxy(self.export("haproxy", *trust)), 204)
        self.assertNotEqual(self.haproxy(self.export("haproxy", *show)), 204, "the system's CAs do not know it")

    def test_haproxy_checks_and_resolvers(self):
        """A health check with the same name and certificate finds the server up; `resolvers` names a section."""
        options = ("--ca-file", self.folder / "ca.pem", "--client-cert", self.folder / "client.pem",
                   "--health-checks", "--resolvers", "dns")
        own = "resolvers dns\n    nameserver one 127.0.0.1:1\n"
        self.haproxy(self.export("haproxy", *options), own, until=204)
        bad = ("--client-cert", self.folder / "client.pem", "--health-checks")
        self.haproxy(self.export("haproxy", *bad), until=503)  # it is down
        with settings_db.opened(self.db) as db:  # a name to be looked up
            db.execute("UPDATE origin SET address = '', host = 'localhost'")
        text = self.export("haproxy", *options)
        self.assertIn(" check resolvers dns\n", text)
        self.haproxy(text, own)  # starts

    def test_origins_that_ask_for_a_certificate_are_named(self):
        """Who finds a 502 finds the reason beside the server line."""
        db = self.folder / "scanned.db"
        plain = self.enterContext(Origin(self.folder, wants_certificate=False))
        for arguments, text in (
                (("import", "--db", db, "-"), f"shop.example:{self.origin.port}@{self.origin.address}\n"
                                              f"plain.example:{plain.port}@{plain.address}\n"),
                (("scan", "--db", db, "--set", "profile=fast", "--set", "allow=127.0.0.0/8", "--set", "rate=0",
                  "--set", "per_address_rate=0", "--set", "per_prefix_rate=0"), None)):
            done = run(*arguments, stdin=text)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        remark = f'origin "shop.example", port {self.origin.port}, asks for a client certificate: see --client-cert\n'
        for form in ("haproxy", "nginx", "caddy", "envoy"):
            with self.subTest(form):
                done = run("export", "--db", db, "--format", form)
                self.assertEqual(re.findall(r".*asks for a client certificate.*\n", done.stdout), [f"#   {remark}"])
                done = run("export", "--db", db, "--format", form, "--client-cert", self.folder / "client.pem")
                self.assertNotIn("asks for a client certificate", done.stdout)

    # ---- nginx ------------------------------------------------------------------------------------------

    def nginx(self, text, ask=True):
        address, port = own_address(), free_port()
        (self.folder / "export.conf").write_text(text.replace("127.0.0.1:8480", f"{address}:{port}"))
        command = nginx_command(newer_debian("nginx"), self.folder, f"    include {self.folder}/export.conf;\n")
        return self.status(command, address, port, ask=ask)

    def test_nginx(self):
        trust = ("--ca-file", self.folder / "ca.pem")
        show = ("--client-cert", self.folder / "client.crt", "--client-key", self.folder / "client.key")
        self.assertEqual(self.nginx(self.export("nginx", *trust, *show)), 204)
        self.assertEqual(self.nginx(self.export("nginx", "--client-cert", self.folder / "client.pem")), 204)
        self.assertEqual(self.nginx(self.export("nginx", *trust)), 502, "no certificate was shown")
        (self.folder / "other").mkdir()
        make_certificates(self.folder / "other")
        other = ("--ca-file", self.folder / "other/ca.pem")
        self.assertEqual(self.nginx(self.export("nginx", *other, *show)), 502, "another CA")

    def test_nginx_with_a_name(self):
        """A name of /etc/hosts, which nginx' own resolver would never find."""
        origin = self.enterContext(Origin(self.folder, address="127.0.0.1", wants_certificate=False))
        with settings_db.opened(self.db) as db:
            db.execute("UPDATE origin SET address = '', host = 'localhost', port = ?", (origin.port,))
        text = self.export("nginx")
        self.assertIn(f"    server localhost:{origin.port};\n", text)
        self.assertEqual(self.nginx(text), 204)

    def test_nginx_with_a_name_that_nobody_knows(self):
        """It stops nginx, unless names are looked up later."""
        with settings_db.opened(self.db) as db:
            db.execute("UPDATE origin SET address = '', host = 'nobody.invalid'")
        with self.assertRaisesRegex(AssertionError, 'host not found in upstream "nobody.invalid'):
            self.nginx(self.export("nginx"), ask=False)
        self.nginx(self.export("nginx", "--resolvers", "127.0.0.1:1"), ask=False)

    # ---- Caddy ------------------------------------------------------------------------------------------

    def caddy(self, text):
        address, port = own_address(), free_port()
        (self.folder / "Caddyfile").write_text(
            f"{{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n}}\n{text}\n"
            f"http://:{port} {{\n\tbind {address}\n\treverse_proxy https://{self.origin.address}:{self.origin.port} "
            "{\n\t\timport originscan_shop\n\t}\n}\n")
        command = ["env", f"HOME={self.folder}", newer_debian("caddy"), "run", "--adapter", "caddyfile", "--config",
                   self.folder / "Caddyfile"]
        return self.status(command, address, port)

    def test_caddy(self):
        show = ("--client-cert", self.folder / "client.crt", "--client-key", self.folder / "client.key")
        self.assertEqual(self.caddy(self.export("caddy", "--verify", "none", *show)), 204)
        self.assertNotEqual(self.caddy(self.export("caddy", *show)), 204)


if __name__ == "__main__":
    unittest.main()
