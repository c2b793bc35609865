"""The export commands that the documents and the help print, run as they are printed with the real programs: whatever
they write has to be taken by the proxy that it is for."""

import pathlib
import re
import subprocess
import tempfile
import unittest

import settings_db
from originscan import PROGRAM, run
from servers import SOURCE, newer_debian
from settings_db import Zone

ALL = ["X25519MLKEM768", "X25519", "P-256", "P-384"]
ZONES = [Zone("example.com", "preferred", "X25519MLKEM768", ALL), Zone("shop", "supported", "X25519", ALL)]

# The commands are for /etc/haproxy of a machine that this is not.
HAPROXY = """#!/bin/sh
for word; do
	shift
	[ "$word" != /etc/haproxy/haproxy.cfg ] || word='{folder}/haproxy.cfg'
	set -- "$@" "$word"
done
exec '{program}' "$@"
"""
OWN = """defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend all
    bind 127.0.0.1:1
    default_backend own
backend own
    server a 127.0.0.1:9 ssl verify none curves "${ORIGINSCAN_SHOP-X25519:P-256:P-384}"
"""
NGINX = """pid {folder}/pid;
error_log stderr;
events {{ }}
http {{ access_log off; include {folder}/test/pq.conf; }}
"""


def commands(text):
    """Lines that begin with `originscan export`, each with those that continue it."""
    joined = re.sub(r"\\\n\s*", "", text)
    return [line.strip() for line in joined.splitlines() if line.strip().startswith("originscan export --db")]


class Commands(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="originscan-commands-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.haproxy, self.nginx = newer_debian("haproxy"), newer_debian("nginx")
        for name in ("bin", "test"):
            (self.folder / name).mkdir()
        self.program("originscan", f"#!/bin/sh\nexec '{PROGRAM}' \"$@\"\n")
        self.program("haproxy", HAPROXY.format(folder=self.folder, program=self.haproxy))
        self.program("nginx", f"#!/bin/sh\nexec '{self.nginx}' \"$@\"\n")
        self.program("systemctl", f"#!/bin/sh\necho \"$@\" >>'{self.folder}/reloads'\n")
        (self.folder / "haproxy.cfg").write_text(OWN)
        (self.folder / "test/nginx.conf").write_text(NGINX.format(folder=self.folder))
        (self.folder / "token").write_text("secret\n")
        (self.folder / "token").chmod(0o600)
        (self.folder / "deploy").symlink_to(SOURCE / "deploy")
        settings_db.make(self.folder / "origins.db", ZONES, "127.0.0.1", 9)

    def program(self, name, text):
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def run_all(self, found, at_least):
        self.assertGreaterEqual(len(found), at_least)
        for command in found:
            with self.subTest(command):
                done = subprocess.run(command, shell=True, cwd=self.folder, capture_output=True, text=True, timeout=60,
                                      env={"PATH": f"{self.folder}/bin:/usr/bin:/bin", "HOME": str(self.folder)})
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def take(self, command):
        done = subprocess.run([self.folder / "bin" / command[0], *command[1:]], cwd=self.folder, capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_readme(self):
        text = (SOURCE / "README.md").read_text(encoding="utf-8")
        self.run_all(commands(text), 2)
        self.take(["haproxy", "-c", "-f", "haproxy.cfg", "-f", "pq.cfg"])
        self.take(["haproxy", "-c", "-f", "pq-env.cfg", "-f", "haproxy.cfg"])
        self.assertIn("ORIGINSCAN_EXAMPLE_COM", text)
        self.assertIn("setenv ORIGINSCAN_EXAMPLE_COM ", (self.folder / "pq-env.cfg").read_text())

    def test_operating(self):
        text = (SOURCE / "docs/operating.md").read_text(encoding="utf-8")
        text = text.split("\n## Exports\n")[1].split("\n## ")[0]
        found = commands("".join(re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)))
        # each by itself: what one of them leaves unchanged would be no change for the next
        for command in found:
            for name in ("pq.cfg", "pq-env.cfg", "pq.conf"):
                (self.folder / name).unlink(missing_ok=True)
            self.run_all([command], 1)
        self.assertGreaterEqual(len(found), 6)
        self.assertEqual((self.folder / "reloads").read_text(), "reload haproxy\n")
        self.assertEqual(sorted(path.name for path in (self.folder / "pq").iterdir()),
                         ["example.com.conf", "shop.conf"])

    def test_help(self):
        self.run_all(commands(run("export", "--help").stdout), 3)
        self.take(["haproxy", "-c", "-f", "haproxy.cfg", "-f", "pq.cfg"])


if __name__ == "__main__":
    unittest.main()
