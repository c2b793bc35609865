"""The documents say what the program does: examples as printed now, every option that there is."""

import re
import unittest

import examples
from originscan import run
from servers import SOURCE


class Documents(unittest.TestCase):
    maxDiff = None

    def test_examples_are_as_printed(self):
        """If the change is meant: docs/update-examples ORIGINSCAN LAB."""
        for document, least in ((examples.DIAGNOSIS, 10), (examples.README, 1)):
            documented = examples.documented(document)
            self.assertGreaterEqual(len(documented), least)
            for name, text in examples.printed(examples.options(document)).items():
                with self.subTest(f"{document.name}: {name}"):
                    self.assertEqual(examples.steady(documented[name]), examples.steady(text))

    def test_the_confusion_matrix_is_explained(self):
        """What is off its diagonal, and verdicts that are not the behaviour's own, as the golden matrix has them."""
        section = examples.DIAGNOSIS.read_text().split("## The confusion matrix")[1].split("## What it cannot")[0]
        off, lent = section.split("Some behaviours have no verdict")
        lines = (SOURCE / "tests/golden/confusion.txt").read_text().split("\n\n")[1].splitlines()
        start, end = (lines[0].index(f" {title} ") + 1 for title in ("is", "daily plan"))
        verdicts = {line[:start].strip(): line[start:end].split("+")[0].strip(" ()") for line in lines[1:]}
        starred = {line[:start].strip() for line in lines[1:] if "*" in line[end:]}
        unsettled = {name for name, verdict in verdicts.items() if verdict == "none"}
        self.assertEqual(set(re.findall(r"^\| `([^`]+)` \|", off, re.MULTILINE)), starred)
        rows = [(re.findall(r"`([^`]+)`", names), verdict) for names, verdict in
                re.findall(r"^\| (`.+?) \| `?([\w-]+)`? \|", lent, re.MULTILINE)]
        self.assertGreater(len(rows), 7)
        self.assertEqual({name: verdict for names, verdict in rows for name in names},
                         {name: verdicts.get(name) for names, _ in rows for name in names})
        self.assertLessEqual(unsettled, {name for names, _ in rows for name in names})

    def test_every_option_of_an_operator_is_documented(self):
        """docs/operating.md names every export format, every lever and every subcommand."""
        text = (SOURCE / "docs/operating.md").read_text()
        formats = re.findall(r"^  (\w+) +\S", run("export", "--help").stdout.split("Formats:")[1], re.MULTILINE)
        levers = re.findall(r"^ +(--[\w-]+)\S* +set: ", run("zone", "--help").stdout, re.MULTILINE)
        commands = re.findall(r"^  (\w+) +\S", run("--help").stdout.split("Commands:")[1], re.MULTILINE)
        for names, least in ((formats, 13), (commands, 10)):
            self.assertGreaterEqual(len(names), least)
            for name in names:
                self.assertRegex(text, rf"`(originscan )?{name}\b|(?m:^originscan {name}\b)")
        self.assertGreaterEqual(len(levers), 6)
        for lever in levers:
            self.assertIn(f"| `{lever}", text)

    def test_every_example_shows_its_signature(self):
        titles = re.findall(r"^### ([\w-]+)\n\n.*\n\n<!-- example: (.+) -->", examples.DIAGNOSIS.read_text(),
                            re.MULTILINE)
        documented = examples.documented(examples.DIAGNOSIS)
        self.assertEqual([name for _, name in titles], list(documented))
        for verdict, name in titles:
            self.assertIn(f"\n  verdict         {verdict}: ", documented[name])
            self.assertIn(f"\n  why             {verdict}: ", documented[name])


if __name__ == "__main__":
    unittest.main()
