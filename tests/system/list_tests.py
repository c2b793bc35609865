"""Prints the tests of a file as unittest finds them, a line each: by class ("Trouble") or each ("Trouble.test_x").

usage: list_tests.py class|test FILE

CMake asks, so that ctest runs the parts of a file side by side and none is forgotten.
"""
import importlib
import os
import pathlib
import sys
import unittest

for name in ("ORIGINSCAN", "LAB", "BSSL", "WALL_CLOCK", "SETTLE_REPLAY"):  # the files want to know; nothing is run here
    os.environ.setdefault(name, "")


def each(suite):
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from each(part)
        else:
            yield part


by, path = sys.argv[1], pathlib.Path(sys.argv[2])
found = []
loader = unittest.TestLoader()
for test in each(loader.loadTestsFromModule(importlib.import_module(path.stem))):
    names = test.id().split(".")[1:]
    found.append(names[0] if by == "class" else ".".join(names))
if loader.errors:
    sys.exit("\n".join(loader.errors))
print("\n".join(dict.fromkeys(found)))
