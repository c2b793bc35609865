#!/usr/bin/env python3
"""Breaks every rule of lint once in a copy of the tree and shows that lint finds each breach and names it.

usage: test_lint.py BUILD_DIRECTORY BORINGSSL_INCLUDE_DIRECTORY
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
BUILD = BORINGSSL = None  # from the command line

HEADER = "/* Planted. */\n#pragma once\n"
SOURCE = "/* Planted. */\n"
LONG = SOURCE + "int planted_long(void) {\n" + "\treturn 0;\n" * 60 + "}\n"
WORDY = SOURCE + "static int fetch(void) {\n\treturn 1;\n}\n"
MANY = SOURCE + "".join(f"static int w{number}(void) {{\n\treturn 1;\n}}\n" for number in range(400))

# What is planted: file, its text, and what lint says of it under which rule. Several files may make one breach.
PLANTS = [
    ("scanner/words/planted_up.c", SOURCE + '#include "scanner/net/resolver.h"\n',
     "arrows between folders", "scanner/words/planted_up.c:2: scanner/words must not see scanner/net/resolver.h"),
    ("report/export/planted_view.c", SOURCE + '#include "report/view/scan_text.h"\n',
     "arrows between folders", "report/export/planted_view.c:2: report/export must not see report/view/scan_text.h"),
    ("report/rule/planted_store.c", SOURCE + '#include "store/store.h"\n',
     "arrows between folders", "report/rule/planted_store.c:2: report/rule must not see store/store.h"),
    ("store/planted_rule.c", SOURCE + '#include "report/rule/brake.h"\n',
     "arrows between folders", "store/planted_rule.c:2: store must not see report/rule/brake.h"),
    ("scanner/attic/planted.c", SOURCE, "arrows between folders", "scanner/attic/planted.c:1: the folder"),
    ("report/view/planted_engine.c", SOURCE + '#include "scanner/visit/engine.h"\n',
     "never its engine", "report/view/planted_engine.c:2"),
    ("store/planted_engine.c", SOURCE + '#include "scanner/net/resolver.h"\n',
     "never its engine", "store/planted_engine.c:2"),
    ("store/planted_sqlite.c", SOURCE + "#include <sqlite3.h>\n",
     "knows SQLite", "store/planted_sqlite.c:2"),
    ("scanner/base/planted_yaml.c", SOURCE + "#include <yaml.h>\n",
     "reads YAML", "scanner/base/planted_yaml.c:2"),
    ("scanner/base/planted_page.c", SOURCE + "#include <libxml/tree.h>\n",
     "writes HTML", "scanner/base/planted_page.c:2"),
    ("scanner/base/planted_json.c", SOURCE + "#include <jansson.h>\n",
     "write JSON", "scanner/base/planted_json.c:2"),
    ("report/planted_one.h", HEADER + '#include "report/planted_two.h"\n',
     "no cycle of units", "report/planted_one -> report/planted_two -> report/planted_one"),
    ("report/planted_two.h", HEADER, None, None),
    ("report/planted_two.c", SOURCE + '#include "report/planted_one.h"\n', None, None),
    *((f"store/db/planted_{number}.h", HEADER, None, None) for number in range(40)),
    (None, None, "a folder has at most", "store/db: "),
    ("report/planted_alone.h", HEADER + "uint16_t planted_alone(void);\n",
     "headers compile alone", "report/planted_alone.h: "),
    ("report/planted_twice.h", "/* Planted. */\n", "#pragma once", "report/planted_twice.h:1"),
    ("report/planted_bare.c", "int planted_bare;\n", "the first line says", "report/planted_bare.c:1"),
    ("report/planted_symbol.c", SOURCE + "int stray(void);\nint stray(void) {\n\treturn 1;\n}\n",
     "exports only foo_*", "planted_symbol.c: stray"),
    ("report/planted_first.c", WORDY, "another file uses too",
     "report/planted_first.c:2: fetch, as in report/planted_second.c"),
    ("report/planted_second.c", WORDY, None, None),
    ("report/planted_many.c", MANY, "have a name of one word", "functions), such as:"),
    ("report/planted_typedef.c", SOURCE + "typedef struct planted planted;\n",
     "no typedefs", "report/planted_typedef.c:2"),
    ("report/planted_assert.c", SOURCE + '\tassert(!"planted");\n', "for clang refuses", "report/planted_assert.c:2"),
    ("scanner/net/planted_event.c", SOURCE + "\tevent_assign(NULL);\n",
     "event_new only", "scanner/net/planted_event.c:2"),
    ("report/planted_default.c", SOURCE + "\tdefault:\n", "no default in a switch", "report/planted_default.c:2"),
    ("cmd/planted_message.c", SOURCE + '\tfprintf(stderr, "%s", NULL);\n', "messages go through cmd_say()",
     "cmd/planted_message.c:2"),
    ("docs/planted.md", "TO" "DO: write it\n", "nothing unfinished", "docs/planted.md:1"),
    ("tests/unit/planted.py", "PLACE = '/ro" "ot/here'\n", "no paths of one machine", "tests/unit/planted.py:1"),
    ("deploy/planted.sh", "true\n" * 501, "files have at most", "deploy/planted.sh:501 lines"),
    ("report/planted_long.c", LONG, "functions have at most", "report/planted_long.c:2: planted_long has 62 lines"),
    ("report/planted_layout.c", SOURCE + "int   planted_layout;\n", "clang-format decides layout",
     "report/planted_layout.c:2"),
]


def lint(tree, build):
    return subprocess.run([tree / "tests/lint.sh", build, BORINGSSL], capture_output=True, text=True, check=False)


def by_rule(output):
    """What lint prints, as a dictionary from rule to its breaches."""
    sections = [section.partition(":\n") for section in output.split("\n\n") if ":\n" in section]
    return {title: breaches.splitlines() for title, _, breaches in sections}


class Planted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="originscan-lint-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.copy = pathlib.Path(cls.folder.name, "tree")
        shutil.copytree(TREE, cls.copy, ignore=shutil.ignore_patterns("build", ".git", "__pycache__"))
        for name, text, _, _ in PLANTS:
            if name:
                path = cls.copy / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        cls.build_symbol()
        cls.linted = lint(cls.copy, cls.copy / "build")
        cls.rules = by_rule(cls.linted.stdout)

    @classmethod
    def build_symbol(cls):
        """The libraries of the build, and one with a symbol that its file may not export."""
        for library in pathlib.Path(BUILD).glob("*/lib*.a"):
            (cls.copy / "build" / library.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(library, cls.copy / "build" / library.parent.name)
        thing = cls.copy / "build/planted_symbol.c.o"
        subprocess.run(["cc", "-c", "-o", thing, cls.copy / "report/planted_symbol.c"], check=True)
        subprocess.run(["ar", "rc", cls.copy / "build/report/libplanted.a", thing], check=True)

    def test_each_breach_is_found_and_named(self):
        self.assertEqual(self.linted.returncode, 1, self.linted.stderr)
        for name, _, rule, message in PLANTS:
            if rule and not (rule.startswith("clang-format") and "layout is not checked" in self.linted.stdout):
                with self.subTest(rule=rule, planted=name):
                    titles = [title for title in self.rules if rule in title]
                    self.assertEqual(len(titles), 1, self.linted.stdout)
                    self.assertTrue(any(message in line for line in self.rules[titles[0]]), self.rules[titles[0]])

    def test_no_rule_is_left_out(self):
        """So that who adds a rule adds a breach of it here."""
        self.assertRegex(self.linted.stdout, r"\n(\d+) rules, \1 broken\n$")


if __name__ == "__main__":
    BUILD, BORINGSSL = sys.argv[1:3]
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
