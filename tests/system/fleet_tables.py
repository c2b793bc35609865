"""The tables of a report in its three formats, read back from what a person or a program gets."""

import html.parser
import json
import re

import originscan


class _Tables(html.parser.HTMLParser):
    """By the label of its region: a table's rows, each the texts of its cells by the titles of their columns."""

    def __init__(self):
        super().__init__()
        self.found, self._name, self._head, self._row, self._cell = {}, None, [], None, None

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if attributes.get("role") == "region":
            self._name, self._head = attributes["aria-label"], []
            self.found[self._name] = []
        elif tag == "tr":
            self._row = []
        elif tag in ("th", "td"):
            self._cell = ""

    def handle_data(self, data):
        if self._cell is not None:
            self._cell += data

    def handle_endtag(self, tag):
        if tag in ("th", "td"):
            self._row.append(self._cell.strip())
            self._cell = None
        elif tag == "tr" and not self._head:
            self._head = self._row
        elif tag == "tr":
            self.found[self._name].append(dict(zip(self._head, self._row)))


def of_page(text):
    parser = _Tables()
    parser.feed(text)
    return parser.found


def whole_number(cell):
    return int(cell.replace("\u202f", ""))


def of_text(text, title):
    """The rows below a title: by name, the whole numbers behind it."""
    (block,) = re.findall(rf"^{re.escape(title)}\n(.*?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^  (\S.*?) +(?:[#.]{30}|not measured)(.*)$", block, re.MULTILINE)
    return {name: [int(number) for number in re.findall(r"(?<![\d.])\d+(?![\d.])", rest)] for name, rest in rows}


def reports(database):
    """What `report` prints, by format."""
    said = {kind: originscan.run("report", "--db", database.path, "--format", kind) for kind in ("text", "html", "json")}
    for kind, one in said.items():
        if one.returncode or one.stderr:
            raise AssertionError(f"{kind}: {one.returncode}: {one.stderr}")
    return {kind: json.loads(one.stdout) if kind == "json" else one.stdout for kind, one in said.items()}


def shares(said):
    """The share table of each format: how many origins support a group, and how many prefer it, by group."""
    text = of_text(said["text"], "Groups that origins support, and that they prefer")
    page = of_page(said["html"])["shares"]
    return {
        "text": {group: tuple(numbers[:2]) for group, numbers in text.items()},
        "html": {row["Group"]: (whole_number(row["Origins that support it"]), whole_number(row["Origins that prefer it"]))
                 for row in page},
        "json": {row["group"]: (row["supported"], row["preferred"]) for row in said["json"]["shares"]},
    }
