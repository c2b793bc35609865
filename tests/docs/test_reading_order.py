"""The checker of the reading order finds each way in which the list can be wrong, and can mend it."""

import pathlib
import tempfile
import unittest

from reading_order import DOCUMENT, Tree, breaches, fixed

FILES = {
    "scanner/base/err.h": "/* An error for a person. */\n",
    "scanner/base/err.c": '/* As err.h says. */\n#include "scanner/base/err.h"\n',
    "scanner/net/dial.h": '/* Dials. One at a time. */\n#include "scanner/base/err.h"\n',
    "scanner/net/dial.c": '/* As dial.h says. */\n#include "scanner/net/dial.h"\n#include "scanner/net/rate.h"\n',
    "scanner/net/rate.h": "/* How often. */\n",
    "cmd/main.c": '/* The program. */\n#include <stdio.h>\n#include "scanner/net/dial.h"\n',
}
GOOD = """# Map

## Reading order

Headers first.

### `scanner/base/`: no subject

- `err`: an error

### `scanner/net/`: the net

- `rate`: how often
- `dial`: who is dialled,
  one at a time

### `cmd/`: commands

- `main`: the program

## More

- `nothing`: of the list
"""


class ReadingOrder(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for path, text in FILES.items():
            self.write(path, text)

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def breaches(self, document):
        return breaches(document, Tree(self.root))

    def fixed(self, document):
        text = fixed(document, Tree(self.root))
        self.assertEqual(self.breaches(text), [])
        return text

    def test_a_good_list_is_let_alone(self):
        self.assertEqual(self.breaches(GOOD), [])
        self.assertEqual(self.fixed(GOOD), GOOD)

    def test_a_missing_unit_is_told_its_place(self):
        document = GOOD.replace("- `rate`: how often\n", "")
        self.assertEqual(self.breaches(document), [
            f'{DOCUMENT}: scanner/net/rate is missing: insert "- `rate`: …" under "### `scanner/net/`", above line 13'])
        self.assertEqual(self.fixed(document), GOOD)  # how often: the file's own words
        self.write("scanner/net/wait.c", '/* Waits. */\n#include "scanner/net/rate.h"\n')
        self.assertEqual(self.breaches(GOOD), [
            f'{DOCUMENT}: scanner/net/wait is missing: insert "- `wait`: …" under "### `scanner/net/`", below line 13'])
        self.assertIn("- `wait`: waits\n", self.fixed(GOOD))

    def test_a_source_without_its_header(self):
        self.assertEqual(self.breaches(GOOD.replace("`err`", "`err.h`")), [
            f'{DOCUMENT}: scanner/base/err.c is missing: insert "- `err.c`: …" under "### `scanner/base/`", '
            "below line 9"])

    def test_a_unit_that_is_gone(self):
        (self.root / "cmd/main.c").unlink()
        self.assertEqual(self.breaches(GOOD), [f"{DOCUMENT}:19: there is no cmd/main: delete the line"])
        self.assertNotIn("cmd", self.fixed(GOOD))

    def test_a_unit_listed_twice(self):
        document = GOOD.replace("- `rate`", "- `rate`: once\n- `rate`")
        self.assertEqual(self.breaches(document),
                         [f"{DOCUMENT}:14: scanner/net/rate.h is already in line 13: delete one of the two"])

    def test_an_include_that_comes_later(self):
        document = GOOD.replace("- `rate`: how often\n", "").replace("  one at a time\n",
                                                                    "  one at a time\n- `rate`: how often\n")
        self.assertEqual(self.breaches(document), [
            f"{DOCUMENT}:13: scanner/net/dial.c includes scanner/net/rate.h, which comes later: "
            "move line 13 below line 15, or that one up"])
        self.assertEqual(self.fixed(document), GOOD)

    def test_folders_in_the_wrong_order(self):
        head, base, rest = GOOD.split("### ", 2)
        net, rest = rest.split("### ", 1)
        document = f"{head}### {net}### {base}### {rest}"
        self.assertNotEqual(self.breaches(document), [])
        self.assertEqual(self.fixed(document), GOOD)

    def test_a_new_folder(self):
        self.write("store/store.c", '/* Keeps. */\n#include "scanner/net/dial.h"\n')
        self.assertEqual(self.breaches(GOOD), [
            f'{DOCUMENT}: store/store is missing: insert "- `store`: …" under "### `store/`", below line 14'])
        self.assertEqual(self.fixed(GOOD), GOOD.replace("## More", "### `store/`: …\n\n- `store`: keeps\n\n## More"))

    def test_what_moves_keeps_its_text(self):
        (self.root / "scanner/net/rate.h").rename(self.root / "scanner/base/rate.h")
        self.write("scanner/net/dial.c", FILES["scanner/net/dial.c"].replace("net/rate", "base/rate"))
        self.assertEqual(self.fixed(GOOD), GOOD.replace("- `rate`: how often\n", "")
                         .replace("- `err`: an error\n", "- `err`: an error\n- `rate`: how often\n"))

    def test_a_header_that_has_to_stand_apart(self):
        self.write("scanner/net/rate.h", '/* How often. */\n#include "scanner/net/dial.h"\n')
        self.assertNotEqual(self.breaches(GOOD), [])
        text = self.fixed(GOOD)
        self.assertLess(text.index("- `dial.h`"), text.index("- `rate`"))
        self.assertLess(text.index("- `rate`"), text.index("- `dial.c`"))

    def test_no_list_at_all(self):
        self.assertEqual(self.breaches("# Map\n"), [f'{DOCUMENT}: there is no line "## Reading order"'])


if __name__ == "__main__":
    unittest.main()
