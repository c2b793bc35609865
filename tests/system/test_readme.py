"""What the README tells an operator to type: its sqlite3 examples, run as they are printed, on a database that
was really scanned."""

import pathlib
import shutil
import subprocess
import unittest

from lab import Lab
from originscan import run
from servers import SOURCE, workshop

README = pathlib.Path(SOURCE, "README.md").read_text(encoding="utf-8")
EXAMPLES = [line for line in README.splitlines() if line.startswith("sqlite3 -readonly -box origins.db ")]

# One origin for every example to have something to show.
TABLE = """
127.78.0.1 modern
127.78.0.2 p256-first
127.78.0.3 size-close
127.78.0.4 tls12
"""
QUICK = ["allow = {\"127.0.0.0/8\"}", "per_address_rate = 0", "per_prefix_rate = 0", "rate = 0"]


@unittest.skipUnless(shutil.which("sqlite3"), "no sqlite3 on this machine")
class Readme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = workshop() / "readme"
        cls.folder.mkdir()
        database = cls.folder / "origins.db"
        configuration = cls.folder / "originscan.conf"
        configuration.write_text("\n".join([f'database = "{database}"', *QUICK]) + "\n")
        with Lab(TABLE) as lab:
            origins = "\n".join(lab.origins().values())
            for arguments, stdin in ((("import", "--db", database, "-"), origins),
                                     (("scan", "--config", configuration), "")):
                finished = run(*arguments, stdin=stdin)
                if finished.returncode != 0:
                    raise AssertionError(finished.stderr)

    def ask(self, command):
        return subprocess.run(command, shell=True, cwd=self.folder, capture_output=True, text=True, timeout=30)

    def test_examples_run_as_printed(self):
        self.assertGreaterEqual(len(EXAMPLES), 5)
        for command in EXAMPLES:
            with self.subTest(command):
                finished = self.ask(command)
                self.assertEqual((finished.returncode, finished.stderr), (0, ""))

    def test_examples_show_what_was_scanned(self):
        answers = {command: self.ask(command).stdout for command in EXAMPLES}
        text = "".join(answers.values())
        for word in ("ready", "size-limit", "tls12-only", "X25519MLKEM768", "preferred", "closed"):
            self.assertIn(word, text)
        empty = [command for command, answer in answers.items() if "┌" not in answer and "v_change" not in command]
        self.assertEqual(empty, [])  # nothing has changed yet on a database that was scanned once


if __name__ == "__main__":
    unittest.main()
