"""Every command of docs/operating.md, run as it is printed: each by itself, on a copy of the same database. Those of the
first week are run in a row by test_first_week, those of exports with the real proxies by test_export_commands, and what
needs a daemon with a status page by test_http."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from lab import Lab
from originscan import PROGRAM
from servers import SOURCE
from test_readme import WRAPPER

ELSEWHERE = ("The first week", "Exports", "Status page, API, metrics")
SECTIONS = re.split(r"\n## ", (SOURCE / "docs/operating.md").read_text(encoding="utf-8"))[1:]
BLOCKS = [text for section in SECTIONS if section.split("\n")[0] not in ELSEWHERE
          for text in re.findall(r"^```\w*\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)]
COMMANDS = [line for text in BLOCKS for line in text.splitlines() if re.match(r"(originscan|sqlite3) ", line)]
RUNS_FOR_EVER = "originscan daemon --config originscan.conf"


@unittest.skipUnless(shutil.which("sqlite3"), "no sqlite3 on this machine")
class Operating(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="originscan-operating-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        lab = self.enterContext(Lab("127.79.0.1 modern\n127.79.0.2 p256-first\n127.79.0.3 tls12\n"))
        (shop, old, api) = (f"{truth['port']},{truth['address']}" for truth in lab.truths())
        at = ["{1}:{0}".format(*where.split(",")) for where in (shop, old, api)]
        self.write("origins.txt", "".join(f"https://{where}/  # ours\n" for where in at))
        self.write("inventory.csv", f"zone,host,port,address\nshop,shop.example.com,{shop}\n"
                   f"old.example.com,old.example.com,{old}\napi.example.com,api.example.com,8443,192.0.2.1\n"
                   f"www.example.com,www.example.com,8443,{api.split(',')[1]}\n"
                   f"blog,www.example.com,8443,{api.split(',')[1]}\n")
        self.write("cmdb.csv", f"hostname,port,ip\ncmdb.example.com,{api}\n")
        self.write("haproxy.cfg", f"backend shop\n    server one {at[0]} ssl verify none\n")
        self.write("blocklist.txt", "192.0.2.0/24\n")
        self.write("originscan.conf", "".join(text for text in BLOCKS if text.startswith("database = ")))
        self.write("canary.ndjson", '{"zone":"shop","arm":"canary","handshakes":1000,"failures":2,"retries":0}\n')
        (self.folder / "bin").mkdir()
        example = f"example.com:{shop.split(',')[0]}@{shop.split(',')[1]}"
        self.write("bin/originscan", WRAPPER.format(program=PROGRAM, example=example))
        (self.folder / "bin/originscan").chmod(0o755)
        for arguments in (("import", "--db", "made.db", "inventory.csv"),
                          ("scan", "--db", "made.db", "shop", "old.example.com", "--set", "allow=127.0.0.0/8", "--set",
                           "per_address_rate=0", "--set", "profile=fast"),
                          ("db", "--db", "made.db", "backup", "backup.db")):
            done = subprocess.run([PROGRAM, *arguments], cwd=self.folder, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def test_every_command(self):
        self.assertGreaterEqual(len(COMMANDS), 24)
        self.assertIn(RUNS_FOR_EVER, COMMANDS)
        environment = {**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        for command in COMMANDS:
            for name in self.folder.glob("origins.db*"):
                name.unlink()
            shutil.copy(self.folder / "made.db", self.folder / "origins.db")
            if command == RUNS_FOR_EVER:  # test_daemon's
                continue
            with self.subTest(command):
                done = subprocess.run(command.replace("/etc/haproxy/", f"{self.folder}/"), shell=True, cwd=self.folder,
                                      capture_output=True, text=True, timeout=60, env=environment)
                # nobody is at port 8443, which a scan has to say
                wanted = 1 if command.startswith("originscan scan ") else 0
                self.assertEqual(done.returncode, wanted, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
