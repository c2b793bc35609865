"""The source tree as lint sees it: files, what they include, and their functions."""
import collections
import pathlib
import re

PRODUCT = ("scanner", "store", "report", "cmd")
INCLUDE = re.compile(r'^#include ([<"])([^>"]+)[>"]')
NAME = re.compile(r"(\w+)\s*\(")
ATTRIBUTE = re.compile(r"__attribute__\s*\(\(.*?\)\)+")

Function = collections.namedtuple("Function", "path name line lines static")  # static: local to a .c file


class Tree:
    """Our own files below `root`, build trees left out. Paths are relative to it, with slashes."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.paths = sorted(self._walk(self.root))
        self.sources = self.ending("c", "h")
        self.product = [path for path in self.sources if path.split("/")[0] in PRODUCT]
        self._lines = {}

    def _walk(self, folder):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                if path.name not in ("build", ".git", "__pycache__"):
                    yield from self._walk(path)
            elif path.is_file():
                yield path.relative_to(self.root).as_posix()

    def ending(self, *endings):
        return [path for path in self.paths if path.rpartition(".")[2] in endings]

    def lines(self, path):
        """The file's lines without their ends; read once."""
        if path not in self._lines:
            self._lines[path] = (self.root / path).read_text(encoding="utf-8", errors="replace").splitlines()
        return self._lines[path]

    def grep(self, paths, pattern):
        """file:line: text of every line in which the pattern is found."""
        pattern = re.compile(pattern)
        for path in paths:
            for number, line in enumerate(self.lines(path), 1):
                if pattern.search(line):
                    yield f"{path}:{number}: {line.strip()}"

    def includes(self, path):
        """(line, name, whether it is one of ours) of each include."""
        for number, line in enumerate(self.lines(path), 1):
            if found := INCLUDE.match(line):
                yield number, found[2], found[1] == '"' or (self.root / found[2]).is_file()

    def functions(self, path):
        """The functions that the file defines. clang-format decides the layout: a definition begins in the
        first column, its head ends with a brace, and its last line is a brace in the first column."""
        lines, number = self.lines(path), 0
        while number < len(lines):
            first = number
            number += 1
            if not re.match(r"[A-Za-z_]", lines[first]) or lines[first].endswith(":"):
                continue
            head = lines[first]
            while not re.search(r"[;{}]\s*(/\*.*\*/)?$", head) and number < len(lines) and lines[number]:
                head += " " + lines[number]
                number += 1
            plain = ATTRIBUTE.sub("", head.split("{")[0])
            name = NAME.search(plain)
            if "{" not in head or not name or "=" in plain[:name.start()]:
                continue
            if "}" not in head:
                while number < len(lines) and not lines[number].startswith("}"):
                    number += 1
                number += 1
            static = path.endswith(".c") and plain.lstrip().startswith("static ")
            yield Function(path, name[1], first + 1, number - first, static)

    def all_functions(self):
        """Every function that the product defines."""
        return [function for path in self.product for function in self.functions(path)]
