#!/usr/bin/env python3
"""The house rules that a machine can check. Prints every breach under its rule and fails if there is one.

usage: lint.py TREE BUILD_DIRECTORY BORINGSSL_INCLUDE_DIRECTORY
"""
import sys

import arrows
import names
import texts
from tree import Tree


def rules(build, boringssl):
    return [
        *arrows.RULES,
        ("headers compile alone", texts.headers_alone(boringssl)),
        ("foo.c exports only foo_*", names.exports(build)),
        *names.RULES,
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
