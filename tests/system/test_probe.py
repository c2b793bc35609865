"""originscan probe as a person uses it: how long it takes, what it says first, what it does with many origins."""

import pathlib
import unittest

import confusion
from lab import ALL, Lab
from servers import SOURCE

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


if __name__ == "__main__":
    unittest.main()
