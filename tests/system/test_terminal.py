"""Nothing that others wrote obeys a terminal or forges a line: every command with hostile arguments, names in its
database, contents and names of files, and nothing raw on either stream."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import settings_db
from originscan import PROGRAM, run
from settings_db import Zone

ALL = ["X25519MLKEM768", "X25519", "P-256", "P-384"]
# a colour, a bell, a line of its own, the beginning of a line, DEL, NEL, CSI of C1, a mark of direction, a separator
EVIL = "E\x1b[31mR\x07\nFORGED line\rFORGED\x7f\u0085\u009b2J\u202etxt\u2028FORGED\t\x0bx"
# and as bytes that are no UTF-8
BYTES = EVIL.encode() + b"\x9b\xff\x85"
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")


class Terminal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="originscan-terminal-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name) / os.fsdecode(BYTES.replace(b"/", b""))
        cls.folder.mkdir()
        cls.db = cls.folder / "a.db"
        cls.commands = re.findall(r"(?m)^  ([a-z]+) {2,}[A-Z]", run("--help").stdout)
        settings_db.make(cls.db, [Zone(EVIL, "preferred", "X25519MLKEM768", ALL, host="h.example"),
                                  Zone("shop", "off", "X25519", ALL, host="other.example")], "127.0.0.1", 443)
        run("zone", "set", "--db", cls.db, "--freeze", "--comment", "why", "shop")
        with settings_db.opened(cls.db) as db:  # as somebody else may have written it
            db.execute("UPDATE lever SET value = ?, comment = ?", (EVIL, EVIL))
            db.execute("INSERT INTO lever (zone_id, name, value, set_at) SELECT id, 'freeze', 'yes', 1 FROM zone"
                       " WHERE name = ?", (EVIL,))
            db.execute("UPDATE origin SET host = ? || id, sni = ?, address = ?", (EVIL, EVIL, EVIL))
            db.execute("INSERT INTO change (changed_at, subject, field, old, new, reason) VALUES"
                       " (1, ?, 'verdict', ?, ?, ?)", (EVIL,) * 4)

    def check(self, *arguments, stdin=b"", says=None):
        """Runs it; what it prints is lines of visible text, and none of them was written by others."""
        done = subprocess.run([os.fsencode(os.path.abspath(PROGRAM)), *[os.fsencode(argument) for argument in arguments]],
                              input=stdin, capture_output=True, timeout=60, cwd=self.folder)
        with self.subTest(arguments=[ascii(argument) for argument in arguments][:3]):
            self.assertGreaterEqual(done.returncode, 0)
            for stream in (done.stdout, done.stderr):
                text = stream.decode()  # or it is no UTF-8
                self.assertIsNone(RAW.search(text), ascii(text[:600]))
                self.assertNotRegex(text, "(?m)^ *FORGED")
            if says:
                self.assertIn(says, (done.stdout + done.stderr).decode())
        return done

    def file(self, content, name="list"):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def copy(self):
        path = self.folder / "copy.db"
        for part in ("", "-wal", "-shm"):
            pathlib.Path(f"{path}{part}").unlink(missing_ok=True)
        self.check("db", "backup", "--db", self.db, path)
        return path

    def test_every_command_takes_hostile_arguments(self):
        self.assertGreaterEqual(len(self.commands), 11)
        for hostile in (BYTES, b"--" + BYTES, b"-" + BYTES, b"--db=" + BYTES, b"-\x1b"):
            self.check(hostile)
            for command in self.commands:
                self.check(command, hostile)
                self.check(command, "--db", self.db, hostile)
                self.check(command, "--db", hostile, hostile)

    def test_options(self):
        for command in self.commands:
            help_text = run(command, "--help").stdout
            for option in sorted(set(re.findall(r"--([a-z][a-z-]*)=", help_text))):
                self.check(command, "--db", self.db, b"--" + option.encode() + b"=" + BYTES, "set", "x")

    def test_lists(self):
        broken = [b"host,port\n%s,1\n", b"host,%s\na.example,1\n", b"zone,host\n%s,a.example\n", b"zone,host\n\"%s\",b\n",
                  b"{\"host\":\"%s\"}\n", b"{\"%s\":1}\n", b"{%s}\n", b"%s\n", b"a.example:%s\n",
                  b"backend b%s\n  server s%s a.example:443 ssl sni str(%s)\n", b"upstream u%s { server %s:443; }\n",
                  b"http { upstream \"%s\" { server a.example:443; } %s {", b"[g%s]\nh%s ansible_host=%s\n",
                  b"all:\n  hosts:\n    %s: {ansible_host: \"%s\"}\n", b"[{\"targets\":[\"%s\"],\"labels\":{}}]",
                  b"{\"%s\":{\"hosts\":[\"%s\"]}}", b"- targets: [\"%s\"]\n  labels: {zone: \"%s\"}\n", b"127.0.0.1 %s\n"]
        escaped = json.dumps(EVIL)[1:-1].encode()
        forms = re.search(r"--format=FORMAT +([^-]*)", run("import", "--help").stdout)
        formats = ["auto", "list", "csv", "ndjson", "hosts", "haproxy", "nginx", "ansible", "file_sd"]
        self.assertTrue(forms and all(name in forms[1] for name in formats[1:]), forms)
        target = self.folder / "lists.db"
        for number, text in enumerate(broken):
            for hostile in (BYTES, escaped, EVIL.encode().replace(b"\n", b"")):
                path = self.file(text.replace(b"%s", hostile), f"list{number}")
                self.check("import", "--db", target, path)
            self.check("import", "--db", target, "--format", formats[number % len(formats)], path)
        self.check("import", "--db", target, self.folder / "nowhere", says="No such file")

    def test_reports_of_real_connections(self):
        lines = [{"zone": EVIL}, {"zone": "nowhere" + EVIL, "arm": "canary", "handshakes": 1, "failures": 0, "retries": 0},
                 {EVIL: 1}, {"zone": "shop", "arm": EVIL},
                 {"zone": EVIL, "arm": "canary", "handshakes": 9, "failures": 0, "retries": 0,
                  "origins": [{"host": "a.example", "port": 1, "handshakes": 9}]},
                 {"zone": EVIL, "arm": "canary", "handshakes": 99999, "failures": 90000, "retries": 0},
                 {"zone": "shop", "arm": "canary", "handshakes": 1, "failures": 0, "retries": 0, "until": EVIL}]
        text = b"".join(json.dumps(line).encode() + b"\n" for line in lines) + BYTES + b"\n{" + BYTES + b"\n"
        self.check("feedback", "--db", self.copy(), stdin=text, says="accepted")
        self.check("feedback", "--db", self.copy(), self.file(text, "reports"))
        self.check("feedback", "--db", self.db, self.folder / "nowhere", says="No such file")

    def test_zones(self):
        db = self.copy()
        for action in ("list", "recompute"):
            self.check("zone", action, "--db", db)
        for name in (EVIL, BYTES, "new" + EVIL):
            self.check("zone", "set", "--db", db, "--freeze", "--", name)
            self.check("zone", "list", "--db", db, "--", name)
            self.check("zone", "clear", "--db", db, "--", name)
            self.check("explain", "--db", db, "--", name)
            self.check("scan", "--db", db, "--", name)
            self.check("zone", "rename", "--db", db, "--", "shop", name, says="control character")
        self.check("zone", "rename", "--db", db, EVIL, "plain")
        self.check("remove", "--db", db, "plain", EVIL, BYTES)

    def test_reports_and_exports(self):
        for options in ((), ("--format", "json")):
            self.check("report", "--db", self.db, "--since", "1970-01-01", *options)
        for form in re.findall(r"(?m)^  ([a-z-]+) {2,}", run("export", "--help").stdout.split("Formats:")[1]):
            if form == "caddy":
                continue  # its layout has tabs
            self.check("export", "--db", self.db, "--format", form)
            self.check("export", "--db", self.db, "--format", form, "--zone", EVIL)
            self.check("export", "--db", self.db, "--format", form, "--output", self.folder / f"out.{form}")
            self.check("export", "--db", self.db, "--format", form, "--output", self.folder, says="folder")
        for name in ("explain", "scan"):
            self.check(name, "--db", self.db, EVIL)
            self.check(name, "--db", self.db, "shop")

    def test_databases(self):
        copy = self.copy()
        with settings_db.opened(copy) as db:
            db.execute(f"CREATE TABLE \"{EVIL}\" (\"{EVIL}\")")
            db.execute("UPDATE origin SET visits = 7")
        self.check("db", "check", "--db", copy)
        self.check("db", "restore", "--db", self.folder / "restored.db", self.db, says="restored")
        self.check("db", "restore", "--db", self.folder / "restored.db", self.file(BYTES, "none"))
        self.check("db", "check", "--db", self.file(BYTES * 40, "none"))
        for action in ("prune", "migrate"):
            self.check("db", action, "--db", copy)

    def test_configurations(self):
        for text in (BYTES, b"database = \"%s\"\n" % BYTES, b"%s = 1\n" % BYTES, b"rule { %s = 1 }\n" % BYTES,
                     b"log_level = \"%s\"\n" % BYTES, b"resolvers = {\"%s\"}\n" % BYTES, b"include(\"%s\")\n" % BYTES,
                     b"blocklist = \"%s\"\n" % BYTES, b"rate = %s\n" % BYTES):
            path = self.file(text, "conf")
            for option in ("--check-config", "--dump-config"):
                self.check("daemon", "--config", path, option)
            self.check("scan", "--config", path, "x")
        for what in (b"database=" + BYTES, BYTES + b"=1", b"log_level=" + BYTES):
            self.check("daemon", "--check-config", "--set", what)
            self.check("daemon", "--dump-config", "--set", what)
        self.check("daemon", "--config", self.folder / "nowhere", says="No such file")

    def test_a_dumped_configuration_says_the_same(self):
        told = "/tmp/a\x1b[31m\t\u0085\u202e\"\\x/$x.db"
        dump = self.check("daemon", "--dump-config", "--set", "database=" + told).stdout
        self.assertEqual(self.check("daemon", "--dump-config", "--config", self.file(dump, "dump")).stdout, dump)

    def test_probes(self):
        for origin in (EVIL, BYTES, b"127.0.0.1:" + BYTES, b"127.0.0.1:1@" + BYTES):
            for options in ((), ("--json",), ("--explain",)):
                self.check("probe", *options, "--allow", "127.0.0.0/8", "--timeout", "1", "--", origin)
        self.check("probe", "-", stdin=BYTES + b"\n127.0.0.1:" + BYTES)


if __name__ == "__main__":
    unittest.main()
