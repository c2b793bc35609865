"""What originscan prints about the quickstart's origins, and its help, against golden files.
Usage: test_golden.py ORIGINSCAN LAB [UNITTEST OPTION...]

ORIGINSCAN_UPDATE_GOLDEN=1 in the environment rewrites the files: review the diff."""
import difflib
import json
import os
import subprocess
import sys
import unittest

import lab

ORIGINSCAN, LAB = sys.argv[1:3]
TABLE = os.path.join(lab.LAB_DIRECTORY, "quickstart.table")
UPDATE = os.environ.get("ORIGINSCAN_UPDATE_GOLDEN") == "1"
VOLATILE = ("started_at", "duration_ms", "connect_ms", "leaf_sha256", "port")


def masked(value):
    """The document with what differs from run to run replaced by its type."""
    if isinstance(value, list):
        return [masked(element) for element in value]
    if not isinstance(value, dict):
        return value
    return {key: f"<{type(inner).__name__}>" if key in VOLATILE and inner is not None
            else masked(inner) for key, inner in value.items()}


class Golden(unittest.TestCase):
    maxDiff = None

    def expect(self, name, text):
        path = os.path.join(lab.HERE, name)
        if UPDATE:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            return
        with open(path, encoding="utf-8") as file:
            want = file.read()
        if want != text:
            diff = difflib.unified_diff(want.splitlines(), text.splitlines(), f"golden/{name}",
                                        "printed now", lineterm="")
            self.fail("\n".join(diff))

    def test_quickstart(self):
        origins = lab.origins_of(TABLE)
        with lab.Lab(LAB, TABLE) as served:
            texts = [f"{address}:{served.base + offset}" for address, offset, _ in origins]
            scans, status = lab.probe(ORIGINSCAN, texts)
        self.assertEqual(len(scans), len(origins))
        self.assertEqual(status, 1)  # two of them could not be measured
        for (address, _, behaviour), scan in zip(origins, scans):
            with self.subTest(behaviour):
                self.assertEqual(scan["origin"]["host"], address)
                text = json.dumps(masked(scan), indent=1) + "\n"
                self.expect(f"json_{behaviour}.json", text)

    def help(self, *arguments):
        done = subprocess.run([ORIGINSCAN, *arguments], capture_output=True, text=True, check=True,
                              env={"LC_ALL": "C", "PATH": os.environ["PATH"]})
        self.assertEqual(done.stderr, "")
        return done.stdout

    def test_help(self):
        self.expect("help.txt", self.help("--help"))

    def test_probe_help(self):
        self.expect("help_probe.txt", self.help("probe", "--help"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
