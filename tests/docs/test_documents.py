"""What the documents name exists: links, files, arrows between folders, log events with their fields, verdicts,
formats, limits with their defaults, the unit of systemd."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from reading_order import Tree

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "BENCHMARKS.md", *sorted((ROOT / "docs").glob("*.md")),
             *sorted((ROOT / "tests").rglob("*.md"))]
OPERATING = ROOT / "docs/operating.md"
DIAGNOSIS = ROOT / "docs/diagnosis.md"
ARCHITECTURE = ROOT / "docs/architecture.md"
TOPS = "scanner|store|report|cmd|tests|deploy|docs|share|cmake"
CODE_BLOCK = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def prose(document):
    return CODE_BLOCK.sub("", document.read_text(encoding="utf-8"))


def anchors(document):
    """As GitHub makes them of headings."""
    titles = re.findall(r"^#+ (.*)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def rows(document, section):
    """The cells of each row of the section's table, below its head."""
    text = re.split(r"\n##+ ", document.read_text(encoding="utf-8").split(f"# {section}\n")[1])[0]
    table = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def marked(cell):
    return re.findall(r"`([^`]+)`", cell)


def logged():
    """By event: the fields with which some file of cmd/ logs it."""
    found = {}
    for path in sorted((ROOT / "cmd").rglob("*.c")):
        text = path.read_text(encoding="utf-8")
        for call in re.findall(r"log_(?:event|write)\((.*?)\);", text, re.DOTALL):
            event = re.match(r'[^"]*?LOG_LEVEL_\w+,\s*"(\w+)"', call)
            if event:
                fields = re.findall(r'log_(?:text|count|real)\("(\w+)"', call)
                found.setdefault(event[1], set()).update(fields)
    return found


class Documents(unittest.TestCase):
    maxDiff = None

    def test_links_lead_somewhere(self):
        links = 0
        for document in DOCUMENTS:
            for target in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
                if "://" in target:
                    continue
                links += 1
                path, _, anchor = target.partition("#")
                there = document.parent / path if path else document
                with self.subTest(f"{document.relative_to(ROOT)}: {target}"):
                    self.assertFalse(path.startswith("/"), "a link is relative")
                    self.assertTrue(there.exists(), "there is no such file")
                    if anchor:
                        self.assertIn(anchor, anchors(there))
        self.assertGreater(links, 15)

    def test_contents_name_each_section(self):
        text = prose(OPERATING)
        self.assertEqual(re.findall(r"^- \[(.*)\]\(#", text.split("\n## ")[0], re.MULTILINE),
                         re.findall(r"^## (.*)$", text, re.MULTILINE))

    def test_files_exist(self):
        names = 0
        for document in DOCUMENTS:
            for name in re.findall(rf"`((?:{TOPS})/[\w./-]*)`", prose(document)):
                names += 1
                with self.subTest(f"{document.relative_to(ROOT)}: {name}"):
                    self.assertTrue((ROOT / name).exists(), "renamed? then the document has to follow")
        self.assertGreater(names, 15)

    def test_each_defect_has_its_tests(self):
        """docs/reliability.md names files of tests, and behind each of them classes or functions that it has."""
        table = rows(ROOT / "docs/reliability.md", "Reliability: what must not happen, and which test says that it does not")
        self.assertEqual([row[0] for row in table], [f"D{number}" for number in range(1, 27)])
        later = rows(ROOT / "docs/reliability.md", "Found later")
        self.assertGreater(len(later), 2)
        for row in table + later:
            text = ""
            for name in marked(row[-1]):
                kind, _, rest = name.partition("/")
                if rest:
                    file, _, part = rest.partition("/")
                    path = ROOT / "tests" / {"fuzz": f"fuzz/{file.replace('replay', 'fuzz')}.c", "unit": f"unit/{file}.c",
                                             "system": f"system/{file}.py"}[kind]
                    text = path.read_text(encoding="utf-8")
                    self.assertIn(part, text, (row[0], name))
                elif name != "lint":
                    self.assertRegex(text, rf"\b{name}\b", (row[0], name))

    def test_arrows(self):
        """docs/architecture.md has a row with a reason for each folder that another one includes, and no other."""
        documented = [(marked(folder)[0], marked(seen)[0]) for folder, seen, reason in rows(ARCHITECTURE, "The arrows")
                      if reason]
        tree = Tree(ROOT)
        real = {(path.rpartition("/")[0], name.rpartition("/")[0]) for path in tree.includes
                for name in tree.includes[path]}
        real = {(folder, seen) for folder, seen in real if seen not in (folder, "scanner/base")}
        self.assertGreater(len(real), 30)
        self.assertEqual(sorted(documented), sorted(real))

    def test_log_events(self):
        """docs/operating.md has a row for each event that the program logs, with all of its fields."""
        documented = {marked(row[0])[0]: set(marked(row[3])) for row in rows(OPERATING, "The log")}
        self.assertGreater(len(documented), 10)
        self.assertEqual(documented, logged())

    def test_verdicts(self):
        """docs/diagnosis.md has a row for each verdict, in the order in which the main one is chosen."""
        header = (ROOT / "scanner/words/words.h").read_text(encoding="utf-8")
        words = dict(re.findall(r"\[(VERDICT_\w+)\] = \{\"([\w-]+)\"",
                                (ROOT / "scanner/words/words.c").read_text(encoding="utf-8")))
        order = re.findall(r"^    (VERDICT_\w+)", header.split("enum verdict {")[1].split("};")[0], re.MULTILINE)
        names = [words[verdict] for verdict in order if verdict != "VERDICT_COUNT"]
        self.assertGreater(len(names), 30)
        self.assertEqual([marked(row[0])[0] for row in rows(DIAGNOSIS, "Every verdict")], names)

    def test_formats(self):
        """docs/operating.md names each format of the export."""
        header = (ROOT / "report/export/export_format.h").read_text(encoding="utf-8")
        formats = [name.replace("_", "-") for name in re.findall(r"export_(\w+)_format;", header)]
        self.assertGreater(len(formats), 10)
        self.assertEqual(sorted(name for row in rows(OPERATING, "Exports") for name in marked(row[0])), sorted(formats))

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd on this machine")
    def test_the_unit_is_one(self):
        """deploy/originscan.service, with a program that is there."""
        unit = (ROOT / "deploy/originscan.service").read_text(encoding="utf-8")
        self.assertIn("ExecStart=/usr/local/bin/originscan daemon --config ", unit)
        with tempfile.TemporaryDirectory(prefix="originscan-unit-") as folder:
            path = pathlib.Path(folder) / "originscan.service"
            path.write_text(unit.replace("ExecStart=/usr/local/bin/originscan", "ExecStart=/bin/true"))
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True)
        # It also tells what it misses on a machine that systemd did not start.
        self.assertEqual([line for line in done.stderr.splitlines() if "originscan.service" in line], [])

    def test_limits(self):
        """The defaults of the table are those of the configuration."""
        configuration = (ROOT / "tests/golden/config.txt").read_text(encoding="utf-8")
        limits = rows(OPERATING, "Whom it may dial, and how often")
        self.assertGreater(len(limits), 5)
        for _, default, key in limits:
            self.assertRegex(configuration, rf"(?m)^{marked(key)[0]} = {default.replace(',', '')}$")


if __name__ == "__main__":
    unittest.main()
