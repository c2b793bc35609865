"""Who may include whom: folders, units, libraries; and how much stands in a folder."""
import collections
import re

# A row for every folder with sources: what it may see besides itself. "scanner" stands for all its folders.
SCANNER = ("scanner/base", "scanner/words", "scanner/net", "scanner/hello", "scanner/probe", "scanner/visit",
           "scanner/judge")
SEES = {
    "scanner/base": (),
    "scanner/words": SCANNER[:1],
    "scanner/net": SCANNER[:2],
    "scanner/hello": SCANNER[:2],
    "scanner/probe": SCANNER[:4],
    "scanner/visit": SCANNER[:5],
    "scanner/judge": SCANNER[:6],
    "store/db": ("scanner/base",),
    "store/pack": SCANNER,
    "store/import": SCANNER[:2],
    "store": (*SCANNER, "store/db", "store/pack", "store/import"),
    "store/upkeep": (*SCANNER, "store", "store/db", "store/pack"),
    "report": SCANNER[:2],
    "report/rule": SCANNER,
    "report/zone": (*SCANNER, "report/rule"),
    "report/export": (*SCANNER, "report", "report/rule", "report/zone"),
    "report/output": (*SCANNER, "report/rule", "report/zone", "report/export"),
    "report/view": (*SCANNER, "report", "report/rule", "report/zone"),
    "report/fleet": (*SCANNER, "report", "report/rule", "report/zone", "report/view"),
    "report/page": (*SCANNER[:2], "report", "report/export"),
    "cmd/settle": (*SCANNER, "store", "store/import", "store/upkeep", "report", "report/rule", "report/zone",
                   "report/export", "report/view", "report/fleet", "report/page"),
    "cmd/metrics": SCANNER,
    "cmd/http": (*SCANNER, "store", "report", "report/rule", "report/zone", "report/export", "report/view",
                 "report/fleet", "report/page", "cmd/settle", "cmd/metrics"),
    "cmd/daemon": (*SCANNER, "store", "store/import", "report", "report/rule", "report/zone", "report/export",
                   "report/output", "report/view", "report/fleet", "cmd/settle", "cmd/metrics"),
    "cmd/service": (*SCANNER, "store", "cmd/daemon", "cmd/metrics", "cmd/http"),
    "cmd/scan": (*SCANNER, "store", "report/fleet", "cmd/settle", "cmd/service"),
    "cmd": (*SCANNER, "store", "store/import", "store/upkeep", "report", "report/rule", "report/zone",
            "report/export", "report/output", "report/view", "report/fleet", "report/page", "cmd/settle", "cmd/daemon",
            "cmd/metrics", "cmd/http", "cmd/service", "cmd/scan"),
}

# What works, next to values: who reads scans must not be able to start one.
ENGINE = re.compile(r"scanner/(visit/(engine|visit)|probe/(tls_probe|tls_prober)|net/resolver)\.h")
WITHOUT_ENGINE = ("store", "report")

# A library's header and the files that may know it.
LIBRARIES = {
    "sqlite3.h": (r"store/(db/)?(db(_[a-z0-9_]+)?|lock|migrations)\.[ch]", "only store/db*.c knows SQLite"),
    "yaml.h": (r"store/import/.*", "only store/import reads YAML"),
    "libxml/tree.h": (r"report/page/.*", "only report/page writes HTML"),
    "jansson.h": (r"(report|cmd|store/import)/.*", "report and cmd write JSON, store/import reads it, nobody else"),
}
WIDEST = 40


def folder(path):
    return path.rpartition("/")[0]


def folders(tree):
    """Includes go along the arrows: a folder sees only what its row names."""
    for path in tree.product:
        here = folder(path)
        if here not in SEES:
            yield f"{path}:1: the folder {here} has no row in tests/lint/arrows.py"
            continue
        for line, name, ours in tree.includes(path):
            there = folder(name)
            if ours and there != here and there not in SEES[here]:
                yield f"{path}:{line}: {here} must not see {name}"


def engine(tree):
    for path in tree.product:
        if path.split("/")[0] in WITHOUT_ENGINE:
            for line, name, _ in tree.includes(path):
                if ENGINE.fullmatch(name):
                    yield f"{path}:{line}: {name}"


def library(header):
    """The rule that only some files know this library."""
    allowed, _ = LIBRARIES[header]

    def rule(tree):
        for path in tree.product:
            for line, name, _ in tree.includes(path):
                if name == header and not re.fullmatch(allowed, path):
                    yield f"{path}:{line}: {header}"
    return rule


def unit(path):
    return path.rpartition(".")[0]


def graph(tree):
    """Which units each unit (foo.c with foo.h) includes."""
    edges = {unit(path): set() for path in tree.product}
    for path in tree.product:
        for _, name, _ in tree.includes(path):
            if unit(name) in edges and unit(name) != unit(path):
                edges[unit(path)].add(unit(name))
    return edges


def way(edges, start, goal):
    """The shortest way from a unit to another, both named."""
    previous, queue = {start: None}, collections.deque([start])
    while queue:
        here = queue.popleft()
        for there in sorted(edges[here]):
            if there == goal:
                steps = [goal, here]
                while previous[here]:
                    here = previous[here]
                    steps.append(here)
                return steps[::-1]
            if there not in previous:
                previous[there] = here
                queue.append(there)
    return []


def cycles(tree):
    """A unit that comes back to itself; each cycle once, by its first unit."""
    edges, told = graph(tree), set()
    for start in sorted(edges):
        steps = [] if start in told else way(edges, start, start)
        if steps:
            told.update(steps)
            yield " -> ".join(steps)


def width(tree):
    count = collections.Counter(folder(path) for path in tree.product)
    for name in sorted(count):
        if count[name] > WIDEST:
            yield f"{name}: {count[name]} files"


RULES = [
    ("includes go along the arrows between folders", folders),
    ("store and report see the scanner's values, never its engine", engine),
    *((title, library(header)) for header, (_, title) in LIBRARIES.items()),
    ("no cycle of units, foo.c with foo.h", cycles),
    (f"a folder has at most {WIDEST} source files", width),
]
