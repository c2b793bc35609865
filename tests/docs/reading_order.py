#!/usr/bin/env python3
"""Checks the reading order of docs/architecture.md: it names every product file once, and whatever a file includes
comes before it.

usage: reading_order.py [--fix] [TREE]

With --fix it repairs the list: new units are inserted where they can stand, with the first sentence of their file
as their text; units that are gone are deleted; those that moved keep their text. Look at what it made of it.

The list is what stands under "## Reading order": a heading "### `folder/`" for each folder, and below it a line
"- `name`: text" for each unit, which is name.h and then name.c, whichever there are. "- `name.h`: text" stands for
one file, where header and source cannot stand together.
"""
import pathlib
import re
import sys

FOLDERS = ("scanner", "store", "report", "cmd")
DOCUMENT = "docs/architecture.md"
TITLE = "## Reading order"
HEADING = re.compile(r"^### `([\w/]+)/`")
ENTRY = re.compile(r"^- `([\w.]+)`(.*)$")
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)


class Tree:
    """The product's files: by path, which of our files each includes."""

    def __init__(self, root):
        self.root = root
        paths = sorted(str(path.relative_to(root)) for folder in FOLDERS for ending in "ch"
                       for path in (root / folder).rglob(f"*.{ending}"))
        self.includes = {path: [name for name in INCLUDE.findall(self.text(path)) if name in set(paths)]
                         for path in paths}

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8")

    def units(self):
        return sorted({path[:-2] for path in self.includes})

    def files(self, name):
        """The files that an entry stands for: of a unit, or one with its ending."""
        if name in self.includes:
            return [name]
        return [name + ending for ending in (".h", ".c") if name + ending in self.includes]

    def sentence(self, name):
        """What the first file of an entry says of itself."""
        found = re.match(r"/\*(.*?)\*/", self.text(self.files(name)[0]), re.DOTALL)
        comment = " ".join(re.sub(r"\n \*", " ", found[1] if found else "").split())
        sentence = re.split(r"(?<=[.:?])\s", comment + " ")[0].rstrip(".: ")
        return sentence[:1].lower() + sentence[1:] if re.match(r"[A-Z]([a-z]| )", sentence) else sentence


class Entry:
    def __init__(self, line, folder, name):
        self.line, self.name = line, f"{folder}/{name}"


def order_lines(document):
    """The numbers of the first and behind the last line of the list, from 0."""
    lines = document.splitlines()
    if TITLE not in lines:
        return None
    first = lines.index(TITLE) + 1
    last = next((number for number in range(first, len(lines)) if lines[number].startswith("## ")), len(lines))
    return first, last


def entries(document):
    """The entries of the list, each with its line's number from 1."""
    first, last = order_lines(document)
    folder, found = "", []
    for number, line in enumerate(document.splitlines()[first:last], first + 1):
        if heading := HEADING.match(line):
            folder = heading[1]
        elif entry := ENTRY.match(line):
            found.append(Entry(number, folder, entry[1]))
    return found


def where(unit, tree, places):
    """Where a unit that is missing can be inserted."""
    files = tree.files(unit)
    needs = [places[name].line for path in files for name in tree.includes[path] if name in places]
    needed = [places[path].line for path in places if set(tree.includes[path]) & set(files)]
    folder, name = unit.rsplit("/", 1)
    bounds = ([f"below line {max(needs)}"] if needs else []) + ([f"above line {min(needed)}"] if needed else [])
    return f'insert "- `{name}`: …" under "### `{folder}/`"' + (", " if bounds else "") + " and ".join(bounds)


def breaches(document, tree):
    """Everything that is wrong with the list, each with the line to be touched."""
    if order_lines(document) is None:
        return [f'{DOCUMENT}: there is no line "{TITLE}"']
    listed, places, found = entries(document), {}, []
    for entry in listed:
        files = tree.files(entry.name)
        if not files:
            found.append(f"{DOCUMENT}:{entry.line}: there is no {entry.name}: delete the line")
        for path in files:
            if path in places:
                found.append(f"{DOCUMENT}:{entry.line}: {path} is already in line {places[path].line}: "
                             "delete one of the two")
            places.setdefault(path, entry)
    missing = [path for path in tree.includes if path not in places]
    for unit in sorted({path[:-2] if not set(tree.files(path[:-2])) & set(places) else path for path in missing}):
        found.append(f"{DOCUMENT}: {unit} is missing: {where(unit, tree, places)}")
    seen = set()
    for entry in listed:
        for path in tree.files(entry.name):
            seen.add(path)
            for name in tree.includes[path]:
                if name in places and name not in seen:
                    found.append(f"{DOCUMENT}:{entry.line}: {path} includes {name}, which comes later: "
                                 f"move line {entry.line} below line {places[name].line}, or that one up")
    return found


class Section:
    def __init__(self, folder, head):
        self.folder, self.head, self.texts, self.tail = folder, head, {}, []


def sections(lines):
    """The list as it is, cut into folders; in front, what stands before the first."""
    front, found = [], []
    for line in lines:
        heading, entry = HEADING.match(line), ENTRY.match(line)
        if heading:
            found.append(Section(heading[1], [line]))
        elif entry and found:
            found[-1].texts[f"{found[-1].folder}/{entry[1]}"] = entry[2]
        elif found and line and not found[-1].texts:
            found[-1].head.append(line)
        elif found and line and line.startswith("  "): # the text goes on
            last = list(found[-1].texts)[-1]
            found[-1].texts[last] += "\n" + line
        elif line and not found:
            front.append(line)
    return front, found


def sort_stable(names, needs):
    """The names in an order in which each one's needs come first, and otherwise as they were."""
    rest, done = list(names), []
    while rest:
        ready = next((name for name in rest if not needs(name) & set(rest) - {name}), None)
        if ready is None:
            return None, rest
        rest.remove(ready)
        done.append(ready)
    return done, []


def complete(found, tree):
    """Gone units out, new ones in."""
    known = {name.rsplit("/", 1)[1]: text for section in found for name, text in section.texts.items()}
    for section in found:
        section.texts = {name: text for name, text in section.texts.items() if tree.files(name)}
    listed = {path for section in found for name in section.texts for path in tree.files(name)}
    for path in tree.includes:
        if path in listed:
            continue
        unit = path if set(tree.files(path[:-2])) & listed else path[:-2]
        folder, name = unit.rsplit("/", 1)
        section = next((section for section in found if section.folder == folder), None)
        if section is None:
            section = Section(folder, [f"### `{folder}/`: …"])
            found.append(section)
        section.texts[unit] = known.get(name, f": {tree.sentence(unit)}")
        listed.update(tree.files(unit))


def order_section(section, tree):
    """Sorts a folder's entries; splits one into header and source where they cannot stand together."""
    def needs(name):
        included = {other for path in tree.files(name) for other in tree.includes[path]}
        return {other for other in section.texts if set(tree.files(other)) & included}
    while True:
        done, stuck = sort_stable(section.texts, needs)
        if done is not None:
            section.texts = {name: section.texts[name] for name in done}
            return
        name = next(name for name in stuck if len(tree.files(name)) == 2
                    and not {other for other in stuck if other != name
                             and set(tree.files(other)) & set(tree.includes[name + ".h"])})
        text = section.texts.pop(name)
        section.texts = {name + ".h": text, **section.texts, name + ".c": text}


def fixed(document, tree):
    lines = document.splitlines()
    first, last = order_lines(document)
    front, found = sections(lines[first:last])
    complete(found, tree)
    found = [section for section in found if section.texts]
    folders = {section.folder: section for section in found}

    def needs(folder):
        return {name.rsplit("/", 1)[0] for unit in folders[folder].texts for path in tree.files(unit)
                for name in tree.includes[path]} - {folder}
    done, stuck = sort_stable(folders, needs)
    if done is None:
        sys.exit(f"these folders include each other: {', '.join(stuck)}")
    out = ["", *front, ""] if front else [""]
    for folder in done:
        section = folders[folder]
        order_section(section, tree)
        out += [*section.head, ""] + [f"- `{name.rsplit('/', 1)[1]}`{text}" for name, text in section.texts.items()]
        out.append("")
    return "\n".join(lines[:first] + out + lines[last:]).rstrip("\n") + "\n"


def main(arguments):
    fix = "--fix" in arguments
    others = [argument for argument in arguments if argument != "--fix"]
    if len(others) > 1 or any(argument.startswith("-") for argument in others):
        sys.exit(__doc__)
    root = pathlib.Path(others[0] if others else pathlib.Path(__file__).resolve().parents[2])
    path, tree = root / DOCUMENT, Tree(root)
    if fix:
        path.write_text(fixed(path.read_text(encoding="utf-8"), tree), encoding="utf-8")
    found = breaches(path.read_text(encoding="utf-8"), tree)
    for breach in found:
        print(breach)
    if found and not fix:
        print("\nMost of this is mended by: tests/docs/reading_order.py --fix (then look at what it wrote)")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
