"""What `originscan scan` says: progress on a terminal, a summary of exactly what changed, silence under cron."""

import os
import pty
import re
import select
import subprocess
import time
import unittest

import originscan
from population import EAGER, ENDS_WITHIN_S, Database, Folder, options, serve
from servers import TIED
from settings_db import opened

PROGRESS = re.compile(r"(\d+) of (\d+) origins, ([\d.]+) a second, (\d+) left(, about \d+ \w+)?; (\d+) not measured;")


def make_due(database):
    with opened(database.path) as db:
        db.execute("UPDATE origin SET due_at = due_at - 2 * 86400000, due_plan = NULL")


def on_terminal(arguments, within_s):
    """Exit status, what was written, and when its pieces came, of a run whose output is a terminal's."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(TIED + [originscan.PROGRAM, *map(str, arguments)], stdin=theirs, stdout=theirs,
                               stderr=theirs)
    os.close(theirs)
    said, times, deadline = b"", [time.monotonic()], time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not select.select([ours], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        said += piece
        times.append(time.monotonic())
    os.close(ours)
    return process.wait(ENDS_WITHIN_S), said.decode(), times


def changed_lines(said):
    """The subjects of the lines under "changed", with how often each stands there."""
    lines = said.replace("\r", "").split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("changed: "))
    listed = [line[2:] for line in lines[start + 1:] if line.startswith("  ") and not line.startswith("  and ")]
    return int(lines[start].split(": ")[1]), listed


class Speaks(unittest.TestCase):
    def setUp(self):
        self.folder = Folder(self)
        self.database = Database(self.folder / "a.db")

    def change_lab(self, lab, lines):
        """The same ports with other behaviours."""
        lab.stop()
        lab.table_path.write_text("".join(line + "\n" for line in lines))
        lab.start()

    def expected_changes(self, after):
        """Subject and fields of v_change, joined by subject and moment as the summary has them."""
        joined = {}
        for row in self.database.rows("SELECT changed_at, subject, field, old, new FROM v_change"):
            if row["changed_at"] >= after:
                joined.setdefault((row["subject"], row["changed_at"]), []).append(
                    f"{row['field']} {row['old'] or '-'} -> {row['new'] or '-'}")
        return joined

    def assert_names(self, said, after):
        joined = self.expected_changes(after)
        number, listed = changed_lines(said)
        self.assertEqual(number, len(joined))
        self.assertEqual(len(listed), len(joined))
        for (subject, _), fields in joined.items():
            (line,) = [one for one in listed if one.startswith(f"{subject}: {fields[0]}")]
            for field in fields:
                self.assertIn(field, line)

    def test_300_origins_behind_the_default_limits(self):
        """The summary names exactly what changed, progress comes every two seconds at least."""
        addresses = [f"127.{120 + i // 100}.{i % 30}.{i // 30 + 1}" for i in range(300)]
        kinds = ["modern"] * 240 + ["classical-only"] * 30 + ["tls12"] * 30
        lab = serve(self, self.folder, [f"{a} {k}" for a, k in zip(addresses, kinds)])
        self.database.import_(f"{address}:{lab.port}" for address in addresses)
        limits = options({"allow": "127.0.0.0/8", "profile": "fast"})
        status, said, times = on_terminal(["scan", "--db", self.database.path, *limits], 180)
        self.assertEqual(status, 0, said)
        self.assertGreater(times[-1] - times[0], 8)  # the limits hold
        self.assertLess(max(b - a for a, b in zip(times, times[1:])), 2)
        steps = [match.groups() for match in PROGRESS.finditer(said)]
        self.assertGreater(len(steps), 8)
        self.assertEqual({step[1] for step in steps}, {"300"})
        for done, total, _, left, _, failed in steps:
            self.assertEqual((int(done) + int(left), failed), (int(total), "0"))
        self.assertTrue(any(step[4] for step in steps))
        self.assertRegex(said, r"300 origins scanned in [\d.]+ s, 300 measured\r\n")
        self.assertIn("verdicts: 30 tls12-only, 240 ready, 30 classical", said)

        # five of them are broken or mended, one is gone
        for at, kind in ((3, "classical-only"), (77, "tls12"), (150, "size-close"), (245, "modern"),
                         (280, "modern"), (299, "reset-at-once")):
            kinds[at] = kind
        self.change_lab(lab, [f"{a} {k}" for a, k in zip(addresses, kinds)])
        make_due(self.database)
        after = self.database.value("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")
        status, said, _ = on_terminal(["scan", "--db", self.database.path, *limits], 180)
        self.assertEqual(status, 1, said)
        self.assertIn("300 origins scanned in", said)
        self.assertIn("299 measured", said)
        self.assertIn("not measured: 1 ", said)
        subjects = {subject.split(":")[0] for subject, _ in self.expected_changes(after)}
        self.assertEqual(subjects, {addresses[at] for at in (3, 77, 150, 245, 280, 299)})
        self.assert_names(said, after)
        settings = self.database.value(f"SELECT count(*) FROM v_change WHERE field = 'setting' AND changed_at >= '{after}'")
        self.assertGreaterEqual(settings, 4)

    def test_silent_without_a_terminal_unless_something_changed(self):
        lab = serve(self, self.folder, ["127.119.0.0/24 modern"])
        self.database.import_([f"127.119.0.{i}:{lab.port}" for i in range(1, 4)] + ["127.119.0.9:1"])
        said = self.database.scan()  # one is not there: that is no news for cron
        self.assertEqual((said.returncode, said.stdout, said.stderr), (1, "", ""))
        make_due(self.database)
        said = originscan.run("scan", "--db", self.database.path, "--verbose", *options(EAGER))
        self.assertEqual(said.stderr, "")
        self.assertRegex(said.stdout, r"\A4 origins scanned in [\d.]+ s, 3 measured\nnot measured: 1 unreachable\n"
                                      r"verdicts: 3 ready\nchanged: 0\n\Z")
        self.change_lab(lab, ["127.119.0.0/24 classical-only"])
        make_due(self.database)
        after = self.database.value("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")
        said = self.database.scan()
        self.assertEqual((said.returncode, said.stderr), (1, ""))
        self.assertIn("verdict ready -> classical", said.stdout)
        self.assert_names(said.stdout, after)

    def test_many_changes_are_counted(self):
        lab = serve(self, self.folder, ["127.119.1.0/24 modern"])
        self.database.import_(f"127.119.1.{i}:{lab.port}" for i in range(1, 31))
        self.assertEqual(self.database.scan().returncode, 0)
        self.change_lab(lab, ["127.119.1.0/24 tls12"])
        for verbose in (False, True):
            make_due(self.database)
            after = self.database.value("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")
            said = originscan.run("scan", "--db", self.database.path, *(["--verbose"] if verbose else []),
                                  *options(EAGER))
            number, listed = changed_lines(said.stdout)
            wanted = len(self.expected_changes(after))
            self.assertGreaterEqual(wanted, 30)
            self.assertEqual((number, len(listed)), (wanted, wanted if verbose else 20))
            self.assertEqual(f"  and {wanted - 20} more" in said.stdout, not verbose)
            self.change_lab(lab, ["127.119.1.0/24 modern"])

    def test_quiet_on_a_terminal(self):
        lab = serve(self, self.folder, ["127.119.2.0/24 modern"])
        self.database.import_([f"127.119.2.1:{lab.port}"])
        status, said, _ = on_terminal(["scan", "--db", self.database.path, "--quiet", *options(EAGER)], 30)
        self.assertEqual((status, said), (0, ""))

    def test_orders_of_operators_are_no_changes_of_the_run(self):
        lab = serve(self, self.folder, ["127.119.3.0/24 modern"])
        self.database.import_([f"127.119.3.{i}:{lab.port}" for i in range(1, 11)])
        run = subprocess.Popen([originscan.PROGRAM, "scan", "--db", self.database.path, "--verbose",
                                *options({**EAGER, "rate": 30})], stdout=subprocess.PIPE, text=True)
        time.sleep(1.5)
        said = originscan.run("zone", "--db", self.database.path, "--freeze", "set", "127.119.3.1")
        self.assertEqual(said.returncode, 0, said.stderr)
        out, _ = run.communicate(timeout=60)
        fields = {row["field"] for row in self.database.rows("SELECT field FROM v_change")}
        self.assertIn("freeze", fields)
        self.assertNotIn("freeze", out)


if __name__ == "__main__":
    unittest.main()
