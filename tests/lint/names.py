"""What things are called: exported symbols by their file, file-local functions by what they do to what."""
import collections
import pathlib
import re
import subprocess

# The vocabularies name their words.
ALSO_EXPORTS = {
    "words": ("group", "outcome", "stage", "status", "order", "mode", "verdict", "tls_version"),
    "probe_plan": ("probe", "plan"),
}
MOST_ONE_WORD_PERCENT = 10
FEWEST_SYMBOLS = 50  # fewer: the libraries were not found
SYMBOL = re.compile(r":([a-z0-9_]+)\.c\.o:.* [A-Z] (\w+)$")


def symbols(build):
    """(unit, symbol) of what the libraries export."""
    archives = [str(path) for part in ("scanner", "report", "store")
                for path in sorted(pathlib.Path(build, part).rglob("lib*.a"))]
    listed = subprocess.run(["nm", "-A", "-g", "--defined-only", *archives], capture_output=True, text=True,
                            check=False).stdout if archives else ""
    return sorted({found.groups() for line in listed.splitlines() if (found := SYMBOL.search(line))})


def exports(build):
    """foo.c exports foo_*; where there is a bar.h, bar_foo.c may export bar_*."""
    def rule(tree):
        found = symbols(build)
        if len(found) < FEWEST_SYMBOLS:
            yield f"{build}: too few symbols in the libraries to check their names"
        units = {path.rpartition("/")[2][:-2] for path in tree.product if path.endswith(".h")}
        for unit, symbol in found:
            families = [unit, *ALSO_EXPORTS.get(unit, ())]
            if unit.split("_")[0] in units:
                families.append(unit.split("_")[0])
            if not any(symbol == family or symbol.startswith(family + "_") for family in families):
                yield f"{unit}.c: {symbol}"
    return rule


def one_word(functions):
    """The file-local functions with a name of one word. main and its like are no choice of ours."""
    return [function for function in functions if function.static and "_" not in function.name]


def shared(tree):
    """One-word names of file-local functions that a function of another file bears as well."""
    functions = tree.all_functions()
    files = collections.defaultdict(set)
    for function in functions:
        files[function.name].add(function.path)
    for function in sorted(one_word(functions), key=lambda function: (function.name, function.path)):
        others = sorted(files[function.name] - {function.path})
        if others:
            yield f"{function.path}:{function.line}: {function.name}, as in {', '.join(others)}"


def short(tree):
    """Too large a share of all file-local functions has a name of one word."""
    functions = tree.all_functions()
    found = one_word(functions)
    percent = 100 * len(found) / max(1, sum(function.static for function in functions))
    if percent > MOST_ONE_WORD_PERCENT:
        yield f"{percent:.1f} % ({len(found)} functions), such as:"
        for function in found[:20]:
            yield f"{function.path}:{function.line}: {function.name}"


RULES = [
    ("no one-word name of a file-local function that another file uses too", shared),
    (f"at most {MOST_ONE_WORD_PERCENT} % of the file-local functions have a name of one word", short),
]
