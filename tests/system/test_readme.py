"""What the README tells an operator to type: every command of its first hour, run as it is printed and in that
order, against origins of the lab."""

import os
import re
import shutil
import signal
import subprocess
import unittest

from lab import Lab
from originscan import PROGRAM
from servers import SOURCE, workshop

README = (SOURCE / "README.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]

# One origin for every example to have something to show.
TABLE = """
127.78.0.1 modern
127.78.0.2 p256-first
127.78.0.3 size-close
127.78.0.4 tls12
"""
NAMES = ("example.com", "p256.example", "size.example", "old.example")

# The lab in place of the Internet: the names are looked up here, loopback may be dialled, and nobody has to be
# spared. Whatever else the README prints is left as it is.
WRAPPER = """#!/bin/sh
case $1 in
probe)
	shift
	for word; do
		shift
		[ "$word" != example.com ] || word='{example}'
		set -- "$@" "$word"
	done
	exec '{program}' probe --allow 127.0.0.0/8 "$@"
	;;
scan)
	exec '{program}' "$@" --set allow=127.0.0.0/8 --set per_address_rate=0 --set per_prefix_rate=0 --set rate=0
	;;
*)
	exec '{program}' "$@"
	;;
esac
"""


@unittest.skipUnless(shutil.which("sqlite3"), "no sqlite3 on this machine")
class FirstHour(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = workshop() / "readme"
        (cls.folder / "bin").mkdir(parents=True)
        (cls.folder / "originscan.conf").write_text('database = "origins.db"\n')
        cls.environment = {**os.environ, "PATH": f"{cls.folder}/bin:{os.environ['PATH']}"}
        with Lab(TABLE) as lab:
            origins = []
            for name, (address, port) in zip(NAMES, (where.split(":") for where in lab.origins().values())):
                origins.append(f"{name}:{port}@{address}")
            (cls.folder / "origins.txt").write_text("\n".join(origins) + "\n")
            for name, text in (("originscan", WRAPPER.format(program=PROGRAM, example=origins[0])),
                               ("haproxy", "#!/bin/sh\n")):  # test_export_commands runs the real one
                wrapper = cls.folder / "bin" / name
                wrapper.write_text(text)
                wrapper.chmod(0o755)
            cls.finished = [(command, cls.run_command(command)) for command in COMMANDS]

    @classmethod
    def run_command(cls, command):
        """Runs it; the daemon, which would run for ever, until it says that it has started."""
        process = subprocess.Popen(f"exec {command}", shell=True, cwd=cls.folder, env=cls.environment, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        started = ""
        if command == "originscan daemon --config originscan.conf":
            started = process.stderr.readline()
            process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=60)
        return process.returncode, out, started + errors

    def output(self, *words):
        """Of all commands that contain these words."""
        found = [out for command, (_, out, _) in self.finished if all(word in command for word in words)]
        self.assertNotEqual(found, [])
        return "".join(found)

    def test_every_command_succeeds(self):
        self.assertGreaterEqual(len(self.finished), 14)
        self.assertEqual({command.split()[1] for command, _ in self.finished if command.startswith("originscan ")},
                         {"probe", "import", "scan", "report", "export", "explain", "daemon"})
        for command, (status, _, errors) in self.finished:
            with self.subTest(command):
                self.assertEqual(status, 0, errors)

    def test_the_database_shows_what_was_scanned(self):
        answers = self.output("sqlite3 -readonly -box origins.db")
        for word in ("ready", "size-limit", "tls12-only", "X25519MLKEM768", "preferred", "closed", "example.com"):
            self.assertIn(word, answers)
        empty = [command for command, (_, out, _) in self.finished if command.startswith("sqlite3") and "┌" not in out]
        self.assertEqual(empty, [])

    def test_views_are_as_documented(self):
        """docs/operating.md names every view with every column, in order."""
        text = (SOURCE / "docs/operating.md").read_text(encoding="utf-8")
        documented = {view: re.findall(r"`(\w+)`", columns)
                      for view, columns in re.findall(r"^\| `(v_\w+)` \|[^|]*\|([^|]*)\|", text, re.MULTILINE)}
        query = ("SELECT view.name, column.name FROM sqlite_schema AS view, pragma_table_info(view.name) AS column "
                 "WHERE view.type = 'view' ORDER BY view.rowid, column.cid")
        said = subprocess.run(["sqlite3", "-readonly", "origins.db", query], cwd=self.folder, capture_output=True,
                              text=True, check=True)
        columns = {}
        for view, column in (line.split("|") for line in said.stdout.splitlines()):
            columns.setdefault(view, []).append(column)
        self.assertEqual(documented, columns)

    def test_commands_say_something_of_the_origins(self):
        self.assertIn("ready", self.output("probe example.com"))
        self.assertIn("only-hybrid", self.output("probe --explain"))
        self.assertIn("4 origins added", self.output("import"))
        self.assertIn("size-limit", self.output("report"))
        self.assertIn("example.com", self.output("explain"))
        self.assertIn("X25519MLKEM768", (self.folder / "pq.cfg").read_text())
        self.assertIn("stopped", "".join(errors for command, (_, _, errors) in self.finished if "daemon" in command))


if __name__ == "__main__":
    unittest.main()
