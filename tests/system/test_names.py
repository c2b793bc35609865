"""What is exported parses, in the parser of each target, whatever the zones are called, and no two zones become one.

The names are drawn at random (strange_names.py), 400 of them, or NAMES. They are put into a database as one that an
older release or somebody else has written may hold them. Each zone's origin has a host and an SNI with the zone's
number, so that what was written for a zone is known without its name."""

import csv
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

try:
    import yaml
except ImportError:
    yaml = None

import settings_db
import strange_names
from originscan import run
from servers import newer_debian
from settings_db import Zone

COUNT = int(os.environ.get("NAMES", 400))
ALL = ["X25519MLKEM768", "X25519", "P-256", "P-384"]
FORMATS = ["json", "ndjson", "csv", "cloudflare", "akamai", "nginx", "haproxy", "haproxy-env", "envoy", "caddy", "ats",
           "pingora", "openssl", "svcb"]
# What no text may contain, whatever reads it: controls, marks of direction, ends of lines, no characters.
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")


def system_program(name):
    path = shutil.which(name, path=os.defpath + ":/usr/sbin:/sbin")
    if not path:
        raise unittest.SkipTest(f"{name} is not installed")
    return path


def host_of(number):
    """Now and then one of 253 characters, as many as a host may have."""
    short = f"h{number}.example"
    return short if number % 100 else ".".join(["1" * 63, "_b" + "x" * 60 + "_", "h" * 63, "e" * (60 - len(short)), short])


class Names(unittest.TestCase):
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="originscan-names-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.names = strange_names.draw(COUNT, seed=11)
        zones = [Zone(name, "preferred", "X25519MLKEM768", ALL, variant="dual", host=host_of(number))
                 for number, name in enumerate(cls.names)]
        settings_db.make(cls.folder / "names.db", zones, "192.0.2.7", 8443)
        with settings_db.opened(cls.folder / "names.db") as db:  # without groups there are no records
            db.execute("UPDATE origin SET visits = 1, unseen = 0, status = 'complete', verdict = 'ready', scanned_at = 1,"
                       " concluded_at = 1, conclusive = 1, x25519 = 1, p256 = 1, dialled = address")

    def export(self, form, *options):
        """The file's path and its text."""
        out = self.folder / f"out.{form}"
        done = run("export", "--db", self.folder / "names.db", "--format", form, "--output", out, "--force", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return out, out.read_bytes().decode()

    def program(self, *command, within_s=120):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=within_s,
                              env={**os.environ, "HOME": str(self.folder)})
        self.assertEqual(done.returncode, 0, (done.stderr + done.stdout)[-2000:])
        return done.stdout + done.stderr

    def assert_all_different(self, identifiers):
        identifiers = list(identifiers)
        self.assertEqual(len(identifiers), len(self.names))
        self.assertEqual(len({text.lower() for text in identifiers}), len(self.names), "two zones share one")

    def assert_names(self, found):
        """The parser tells every name back as it is."""
        self.assertEqual(len(found), len(self.names))
        self.assertEqual(sorted(found), sorted(self.names))

    def test_nothing_raw(self):
        for form in FORMATS:
            text = re.sub("^\t+", "", self.export(form)[1], flags=re.MULTILINE)  # Caddy's indentation
            self.assertIsNone(RAW.search(text), form)

    def test_json(self):
        self.assert_names([zone["zone"] for zone in json.loads(self.export("json")[1])["zones"]])

    def test_lines(self):
        for form in ("ndjson", "cloudflare"):
            self.assert_names([json.loads(line)["zone"] for line in self.export(form)[1].split("\n") if line])

    def test_akamai(self):
        rules = json.loads(self.export("akamai")[1])["children"]
        self.assert_names([rule["name"].removeprefix("zone ") for rule in rules])

    def test_csv(self):
        """A spreadsheet takes no cell as a formula, whichever mark separates its cells."""
        text = self.export("csv")[1]
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual(len(text.split("\n")), len(self.names) + 2)
        found = [row["zone"][row["zone"].startswith("'"):].encode() for row in rows]
        self.assert_names([re.sub(rb"\\x([0-9a-f]{2})", lambda at: bytes([int(at[1], 16)]), name).decode()
                           for name in found])
        for separator in ",;\t|":
            for row in csv.reader(io.StringIO(text), delimiter=separator):
                for cell in row:
                    self.assertNotRegex(cell, "^[=+@\uff1d\uff0b\uff0d\uff20\u2212-]", f"{separator} {row}")

    @unittest.skipUnless(yaml, "python3-yaml is not installed")
    def test_pingora(self):
        zones = yaml.load(self.export("pingora", "--variant", "dual")[1], yaml.CSafeLoader)["zones"]
        self.assert_names([zone["zone"] for zone in zones])

    @unittest.skipUnless(yaml, "python3-yaml is not installed")
    def test_envoy(self):
        clusters = yaml.load(self.export("envoy")[1], yaml.CSafeLoader)["resources"]
        self.assert_all_different(cluster["name"] for cluster in clusters)
        self.assertEqual({cluster["transport_socket"]["typed_config"]["sni"] for cluster in clusters},
                         {f"sni{number}.example" for number in range(len(self.names))})

    def test_nginx(self):
        program = newer_debian("nginx")
        out, text = self.export("nginx")
        self.assert_all_different(re.findall(r"^    server_name (\S+);$", text, re.MULTILINE))
        (self.folder / "nginx.conf").write_text(
            f"daemon off; pid {self.folder}/pid; error_log stderr; events {{}}\nhttp {{ access_log off;\n"
            "server_names_hash_max_size 65536; server_names_hash_bucket_size 64;\n" + "".join(
                f"{name}_temp_path {self.folder}/{name};" for name in
                ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) + f"include {out}; }}\n")
        said = self.program(program, "-t", "-p", self.folder, "-e", "stderr", "-c", self.folder / "nginx.conf")
        self.assertNotIn("conflicting", said)
        self.assertIn("test is successful", said)

    def test_haproxy(self):
        program = newer_debian("haproxy")
        out, text = self.export("haproxy", "--verify", "none")
        self.assert_all_different(re.findall(r"^backend (\S+)$", text, re.MULTILINE))
        own = self.folder / "own.cfg"
        own.write_text("defaults\n    mode http\n    timeout connect 5s\n    timeout client 5s\n    timeout server 5s\n"
                       "listen own\n    bind 127.0.0.1:8443\n")
        self.program(program, "-c", "-f", own, "-f", out)
        variables, text = self.export("haproxy-env")
        self.assert_all_different(re.findall(r"^    setenv (\w+) \"[\w:*-]+\"$", text, re.MULTILINE))
        self.program(program, "-c", "-f", variables, "-f", own)

    def test_caddy(self):
        program = newer_debian("caddy")
        out, text = self.export("caddy", "--verify", "none")
        snippets = re.findall(r"^\((\S+)\) {$", text, re.MULTILINE)
        self.assert_all_different(snippets)
        sites = "".join(f"http://s{number}.example {{\nreverse_proxy h:443 {{\nimport {snippet}\n}}\n}}\n"
                        for number, snippet in enumerate(snippets))
        caddyfile = self.folder / "Caddyfile"
        caddyfile.write_text(f"import {out}\n{sites}")
        done = subprocess.run([program, "adapt", "--adapter", "caddyfile", "--config", caddyfile], capture_output=True,
                              text=True, timeout=300, env={**os.environ, "HOME": str(self.folder)})
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        self.assertEqual(done.stdout.count('"curves":["x25519mlkem768"'), len(self.names))

    def test_openssl(self):
        """A configuration that names all sections; the program ends if one is missing or cannot be read."""
        program = system_program("openssl")
        out, text = self.export("openssl")
        sections = re.findall(r"^\[(\S+)\]$", text, re.MULTILINE)
        self.assert_all_different(sections)
        own = self.folder / "openssl.cnf"

        def load(names):
            own.write_text("config_diagnostics = 1\nopenssl_conf = own\n[own]\nssl_conf = all\n[all]\n" + "".join(
                f"n{number} = {name}\n" for number, name in enumerate(names)) + f".include {out}\n")
            return subprocess.run([program, "ciphers"], capture_output=True, text=True, timeout=60,
                                  env={**os.environ, "OPENSSL_CONF": str(own)})

        self.assertNotEqual(load(["missing"]).returncode, 0)
        done = load(sections)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])

    def test_svcb(self):
        program = system_program("named-checkzone")
        out, text = self.export("svcb")
        (self.folder / "zone").write_text(
            "$TTL 60\nexample. IN SOA a.example. b.example. 1 2 3 4 5\nexample. IN NS a.example.\n"
            "a.example. IN A 192.0.2.1\n" + text.replace("tls-supported-groups=", "key9="))
        said = self.program(program, "-i", "none", "example", self.folder / "zone")
        self.assertIn("OK", said)
        records = sum(line.startswith("_8443._https.") for line in text.split("\n"))
        self.assertEqual(records, sum(len(host_of(number)) < 253 for number in range(len(self.names))))

    @unittest.skipUnless(yaml, "python3-yaml is not installed")
    def test_traffic_server(self):
        for version in ("9", "10"):
            text = self.export("ats", "--ats", version)[1]
            if version == "10":
                self.assertIsInstance(yaml.load(text, yaml.CSafeLoader), dict)
            else:
                for line in text.split("\n"):
                    self.assertRegex(line, "^(#.*|CONFIG [\\w.]+ (STRING|INT) .*)?$")


if __name__ == "__main__":
    unittest.main()
