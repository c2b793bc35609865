#!/usr/bin/env python3
"""The house rules that a machine can check. Prints every breach under its rule and fails if there is one.

usage: lint.py TREE BUILD_DIRECTORY BORINGSSL_INCLUDE_DIRECTORY
"""
import pathlib
import sys

import arrows
import names
import texts
from tree import Tree


def limits():
    """What is not yet as it should be may only become better: today's numbers, from the file `limits`."""
    lines = pathlib.Path(__file__).with_name("limits").read_text(encoding="utf-8").splitlines()
    return {name: float(number) for name, number in (line.split() for line in lines if line[:1] not in ("", "#"))}


def falling(title, rule, most):
    """The rule, with so many breaches tolerated."""
    def judged(tree):
        breaches = list(rule(tree))
        return breaches if len(breaches) > most else []
    return title + (f" ({most:.0f} tolerated)" if most else ""), judged


def rules(build, boringssl):
    most = limits()
    return [
        *arrows.RULES,
        ("headers compile alone", texts.headers_alone(boringssl)),
        ("foo.c exports only foo_*", names.exports(build)),
        falling("no cycle of units, foo.c with foo.h", arrows.cycles, most["cycles"]),
        falling("no one-word name of a file-local function that another file uses too", names.shared,
                most["shared"]),
        (f"at most {most['one-word-percent']:g} % of the file-local functions have a name of one word",
         names.short(most["one-word-percent"])),
        *texts.RULES,
        *([("clang-format decides layout", texts.layout)] if texts.has_clang_format() else []),
    ]


def main():
    root, build, boringssl = sys.argv[1:]
    tree, broken = Tree(root), 0
    checked = rules(build, boringssl)
    for title, rule in checked:
        breaches = list(rule(tree))
        if breaches:
            broken += 1
            print(f"{title}:", *breaches, "", sep="\n")
    if not texts.has_clang_format():
        print("no clang-format 14 here: layout is not checked")
    print(f"{len(checked)} rules, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
