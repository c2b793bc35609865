"""originscan probe as a person uses it: how long it takes, what it says first, what it does with many origins."""

import concurrent.futures
import datetime
import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import unittest

import confusion
from lab import ALL, Lab
from originscan import LOOPBACK, run
from servers import SOURCE, newer_debian

WITHIN_S = 25  # a person waits that long for a silent drop


def confusion_matrix():
    """By behaviour: the verdict of the daily plan, as the golden file has it."""
    text = pathlib.Path(SOURCE, "tests/golden/confusion.txt").read_text()
    table = text.split("\n\n")[1].splitlines()
    head, rows = table[0], table[1:]
    start, end = head.index("daily plan"), head.index("full plan")
    return {row[:head.index(" is ")].strip(): row[start:end].strip(" *") for row in rows}


class DefaultOptions(unittest.TestCase):
    """Every behaviour of the lab, with the time-out that is there without options."""

    def test_each_verdict_in_time(self):
        wanted = confusion_matrix()
        with Lab(ALL) as lab:
            seen = lab.scan(timeout=())
        for line, scan in seen.items():
            with self.subTest(line):
                self.assertLess(scan["duration_ms"], WITHIN_S * 1000)
                if wanted[line] != confusion.VARIES:
                    self.assertEqual(confusion.seen(scan), wanted[line])


def sections(text):
    """By the first words of each line: `verdict`, `what to do`, `groups`, in order, as one line each."""
    found, label = {}, None
    for line in text.splitlines()[1:]:
        label = line[2:17].strip() or label
        found[label] = (found.get(label, "") + " " + line[18:].strip()).strip()
    return found


class Reading(unittest.TestCase):
    """What a person sees first, and what goes into a ticket."""

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(ALL)
        cls.lab.start()
        cls.addClassCleanup(cls.lab.stop)
        cls.origins = cls.lab.origins()

    def text(self, line, *options):
        return run("probe", *LOOPBACK, "--timeout", "2", *options, self.origins[line]).stdout

    def test_verdict_and_what_to_do_come_before_the_facts(self):
        for line in ("modern", "size-close", "http"):
            with self.subTest(line):
                labels = list(sections(self.text(line)))
                self.assertEqual(labels[:4], ["scanned", "verdict", "what to do", "recommendation"])

    def test_circumstances(self):
        before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        said = sections(self.text("modern"))["scanned"]
        version = run("--version").stdout.split()[1]
        moment, = re.fullmatch(rf"(.+) UTC by originscan {re.escape(version)} from 127\.0\.0\.1", said).groups()
        seen = datetime.datetime.fromisoformat(moment).replace(tzinfo=datetime.timezone.utc)
        self.assertTrue(before <= seen <= datetime.datetime.now(datetime.timezone.utc), (before, seen))

    def test_reproduce(self):
        """The real OpenSSL fails as said, and works as said."""
        openssl = newer_debian("openssl")
        with tempfile.TemporaryDirectory() as folder:
            tool = pathlib.Path(folder, "openssl")
            tool.write_text(f'#!/bin/sh\nexec {shlex.quote(str(openssl))} "$@"\n')
            tool.chmod(0o755)
            environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}

            def status(command):
                return subprocess.run(["sh", "-c", command], capture_output=True, env=environment).returncode

            def check(line):
                said = sections(self.text(line)).get("reproduce:")
                if not said:
                    return line, None, None
                command, _, contrast = said.partition(" (OpenSSL 3.5: it fails, and works with ")
                good = re.sub(r"( -groups \S+)? </dev/null", f" {contrast.rstrip(')')} </dev/null", command)
                return line, status(command), status(good) if contrast else None

            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                results = list(pool.map(check, self.lab.lines))
        shown = {line for line, fails, _ in results if fails is not None}
        self.assertEqual([(line, fails) for line, fails, _ in results if fails == 0], [])
        self.assertEqual([(line, works) for line, _, works in results if works not in (None, 0)], [])
        self.assertLessEqual({"size-close", "size-hang", "retry-reset", "large-second-only", "handshake-refused",
                              "http"}, shown)
        self.assertNotIn("modern", shown)


if __name__ == "__main__":
    unittest.main()
