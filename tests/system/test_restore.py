"""Backups and back again: `db restore` brings back what was saved and nothing else, and a refusal changes nothing.
`db sizing` says what is documented."""

import contextlib
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

from originscan import PROGRAM, run
from servers import SOURCE, TIED


class Restore(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="originscan-restore-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.db, self.backup = self.folder / "v.db", self.folder / "backup.db"
        self.originscan("import", "--db", self.db, "-", stdin="a.example\nb.example\n")
        self.originscan("db", "--db", self.db, "backup", self.backup)
        self.originscan("zone", "--db", self.db, "--pin", "off", "set", "a.example")

    def originscan(self, *arguments, status=0, **more):
        done = run(*arguments, **more)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def restore(self, status=0, backup=None):
        return self.originscan("db", "--db", self.db, "restore", backup or self.backup, status=status)

    def pins(self, db):
        return self.originscan("zone", "--db", db, "list").stdout.count("pin")

    def names(self):
        """What is there of the database; SQLite may leave files beside a backup that it has read."""
        return sorted(path.name for path in self.folder.glob("v.db*") if path.name != "v.db.lock")

    def leave_a_log_behind(self):
        """As a crash would: commits that are in the write-ahead log alone."""
        with contextlib.closing(sqlite3.connect(self.db)) as db:
            db.execute("UPDATE lever SET set_at = set_at + 1")
            db.commit()
            for suffix in ("", "-wal", "-shm"):
                shutil.copy(f"{self.db}{suffix}", self.folder / f"crashed{suffix}")
        for suffix in ("", "-wal", "-shm"):
            (self.folder / f"crashed{suffix}").rename(f"{self.db}{suffix}")
        self.assertGreater((self.folder / "v.db-wal").stat().st_size, 0)

    def test_restore(self):
        """What was ordered after the backup is gone, be it in a log that was left behind, and kept elsewhere."""
        self.leave_a_log_behind()
        said = self.restore().stdout
        self.assertEqual(said, f"{self.db}: checked and restored from {self.backup}\n"
                               f"what was there before is kept as {self.db}.replaced-1\n")
        self.assertNotIn("v.db-wal", self.names())
        self.assertIn("v.db.replaced-1-wal", self.names())
        self.assertEqual(self.pins(self.db), 0)
        self.assertEqual(self.originscan("db", "--db", self.db, "check").stdout, "ok\n")
        self.assertEqual(self.pins(f"{self.db}.replaced-1"), 1)
        self.restore()
        self.assertIn("v.db.replaced-2", self.names())

    def test_no_log_of_another_kind_stays(self):
        """A rollback journal, as after a crash behind `PRAGMA journal_mode=DELETE`, would be rolled back into the copy."""
        (self.folder / "v.db-journal").write_bytes(b"left behind")
        self.restore()
        self.assertNotIn("v.db-journal", self.names())
        self.assertEqual((self.folder / "v.db.replaced-1-journal").read_bytes(), b"left behind")

    def test_by_a_symbolic_link(self):
        """What it leads to is replaced, and the log beside that goes, too."""
        self.leave_a_log_behind()
        link = self.folder / "link.db"
        link.symlink_to(self.db.name)
        self.originscan("db", "--db", link, "restore", self.backup)
        self.assertTrue(link.is_symlink())
        self.assertNotIn("v.db-wal", self.names())
        self.assertEqual(self.pins(self.db), 0)
        self.assertEqual(self.pins(f"{self.db}.replaced-1"), 1)

    def test_into_an_empty_place(self):
        self.db.unlink()
        self.assertNotIn("kept", self.restore().stdout)
        self.assertEqual(self.originscan("db", "--db", self.db, "check").stdout, "ok\n")

    def test_interrupted(self):
        """Between moving the former database away and putting the copy in its place: no empty one is made instead."""
        self.db.rename(self.folder / "v.db.replaced-1")
        shutil.copy(self.backup, self.folder / "v.db.restoring")
        config = self.folder / "originscan.conf"
        config.write_text(f'database = "{self.db}"\n')
        for command in (("import", "--db", self.db, "-"), ("daemon", "--config", config)):
            done = run(*command, stdin="c.example\n", within_s=10)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("is missing because a restore was interrupted; run it again", done.stderr)
            self.assertFalse(self.db.exists())
        self.restore()
        self.assertEqual(self.names(), ["v.db", "v.db.replaced-1"])

    def assert_refused(self, why, backup=None):
        before, names = self.db.read_bytes(), self.names()
        done = self.restore(status=1, backup=backup)
        self.assertIn(why, done.stdout + done.stderr)
        self.assertTrue(self.db.read_bytes() == before)
        self.assertEqual(self.names(), names)

    def test_what_is_refused(self):
        self.assert_refused("is the database itself", backup=self.db)
        self.assert_refused("none.db", backup=self.folder / "none.db")
        foreign = self.folder / "foreign.db"
        with contextlib.closing(sqlite3.connect(foreign)) as db:
            db.execute("CREATE TABLE t (x)")
        self.assert_refused("foreign.db", backup=foreign)
        cut = self.folder / "cut.db"
        cut.write_bytes(self.backup.read_bytes()[:20000])
        self.assert_refused("", backup=cut)
        newer = self.folder / "newer.db"
        shutil.copy(self.backup, newer)
        with contextlib.closing(sqlite3.connect(newer)) as db:
            db.execute("PRAGMA user_version = 9999")
        self.assert_refused("newer", backup=newer)

    def test_contradictions_are_refused(self):
        """A backup that `db check` finds fault with."""
        with contextlib.closing(sqlite3.connect(self.backup)) as db, db:
            db.execute("PRAGMA foreign_keys = OFF")
            db.execute("DELETE FROM zone WHERE name = 'a.example'")
        self.assert_refused("problems in it; nothing was restored")

    def test_beside_a_daemon(self):
        config = self.folder / "originscan.conf"
        config.write_text(f'database = "{self.db}"\n')
        daemon = subprocess.Popen([*TIED, PROGRAM, "daemon", "--config", str(config)], stderr=subprocess.PIPE)
        try:
            daemon.stderr.readline()  # it has started
            done = self.restore(status=1)
            self.assertIn(f"in use by another originscan (process {daemon.pid})", done.stderr)
        finally:
            daemon.terminate()
            daemon.communicate(timeout=60)
        self.assertEqual(self.pins(self.db), 1)
        self.restore()

    def test_sizing(self):
        said = self.originscan("db", "sizing", "2000000", "--keep-scans", "60").stdout
        for part in ("2000000 origins", "108.8", "1197, at 11 a visit", "set rate = 1800", "45.4 GB", "MiB at most",
                     "BENCHMARKS.md"):
            self.assertIn(part, said)
        few = self.originscan("db", "sizing", "300").stdout
        self.assertIn("200 connections a second, is enough", few)
        self.assertIn('originscan db: sizing: "many" is not a whole number',
                      self.originscan("db", "sizing", "many", status=2).stderr)
        self.assertIn("N is missing", self.originscan("db", "sizing", status=2).stderr)
        text = (SOURCE / "BENCHMARKS.md").read_text(encoding="utf-8")
        for figure in ("1.507", "23.9", "**1,005**", "**368**", "37,024"):
            self.assertIn(figure, text)


if __name__ == "__main__":
    unittest.main()
