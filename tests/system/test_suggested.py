"""The commands that status and report suggest run as they are printed: with the database they were made from, and names
that a shell would take apart."""

import os
import pathlib
import re
import subprocess
import unittest

import originscan
import settings_db
from population import Database, Folder

ZONE = "it's `one`; $(touch forged)"


class Suggested(unittest.TestCase):
    def setUp(self):
        self.folder = Folder(self)
        (self.folder / "my data").mkdir()
        self.database = Database(self.folder / "my data" / "a b.db")
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        (self.bin / "originscan").symlink_to(pathlib.Path(originscan.PROGRAM).resolve())

    def shell(self, command, stdin=""):
        """As a person who has copied it into a shell of the folder."""
        return subprocess.run(["bash", "-c", command], cwd=self.folder.path, input=stdin, capture_output=True, text=True,
                              timeout=30, env={**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}"})

    def suggestions(self, command):
        """The first of each subcommand that is between backticks in the output."""
        said = self.shell(command)
        self.assertIn(said.returncode, (0, 1), said.stderr)
        found = re.findall(r"`(originscan .*?)`", said.stdout)
        return {re.match(r"originscan (\w+)", line)[1]: line for line in reversed(found)}

    def assert_runs(self, command, says, stdin=""):
        said = self.shell(command, stdin)
        self.assertEqual(said.returncode, 0, command + "\n" + said.stderr)
        self.assertIn(says, said.stdout + said.stderr)

    def test_an_empty_database(self):
        self.assertEqual(self.shell("originscan import --db 'my data/a b.db' /dev/null").returncode, 0)
        command = self.suggestions("originscan status --db 'my data/a b.db'")["import"]
        self.assertEqual(command, "originscan import --db 'my data/a b.db'")
        self.assert_runs(command, "1 ", "127.99.7.1:9\n")
        self.assertEqual(self.database.value("SELECT count(*) FROM origin"), 1)

    def test_zones_in_need_and_a_scanner_that_lags(self):
        self.database.import_([f'{{"zone": "{ZONE}", "host": "127.99.7.1", "port": 9}}',
                               *(f'{{"zone": "z{i}", "host": "127.99.7.{i}", "port": 9}}' for i in range(2, 60))])
        with settings_db.opened(self.database.path) as db:
            db.execute("UPDATE origin SET due_at = 1")
        self.assertEqual(self.database.scan(profile="fast").returncode, 1)
        with settings_db.opened(self.database.path) as db:
            db.execute("UPDATE origin SET failures = 5, due_at = 1")
        status = self.suggestions("originscan status --db 'my data/a b.db'")
        self.assertEqual(set(status), {"explain", "report", "db"})
        self.assert_runs(status["report"], "Settings")
        self.assert_runs(status["db"], "59 origins")
        self.assertIn("one", status["explain"])
        self.assert_runs(status["explain"], "unreachable")
        report = self.suggestions(status["report"])
        self.assert_runs(report["export"], "z59")
        self.assert_runs(report["explain"], "unreachable")
        self.assertFalse((self.folder / "forged").exists())


if __name__ == "__main__":
    unittest.main()
