"""Headers, words, sizes and layout."""
import concurrent.futures
import os
import re
import shutil
import subprocess

MOST_LINES = 500
MOST_FUNCTION_LINES = 60
TEXTS = ("c", "h", "sh", "py", "cmake", "txt", "md", "json")
# Taken apart, so that this file does not break its own rules.
UNFINISHED = r"\b(" + "|".join(("TO" "DO", "FIX" "ME", "X" "XX")) + r")\b"
MACHINE = "|".join(("/ro" "ot/", "/wo" "rk/", "/ho" "me/[a-z]"))


def at_once(work, things):
    """work(thing) of each, several at a time: they wait for compilers."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return [found for found in pool.map(work, things) if found]


def headers_alone(boringssl):
    """Each header says all that it needs."""
    def rule(tree):
        compiler = os.environ.get("CC", "cc")

        def alone(header):
            made = subprocess.run(
                [compiler, "-std=gnu17", "-D_GNU_SOURCE", '-DORIGINSCAN_SOURCE_DIR=""', "-I.", "-Itests/lab",
                 "-Itests/bench", "-Itests/unit", "-isystem", boringssl, "-fsyntax-only", "-x", "c", "-"],
                input=f'#include "{header}"\n', cwd=tree.root, capture_output=True, text=True, check=False)
            complaint = re.search(r"^.*(error|warning).*$", made.stderr, re.MULTILINE)
            return complaint and f"{header}: {complaint[0]}"
        return at_once(alone, tree.ending("h"))
    return rule


def pragma_once(tree):
    return [f"{path}:1" for path in tree.ending("h") if not any(
        line.startswith("#pragma once") for line in tree.lines(path))]


def first_line(tree):
    return [f"{path}:1" for path in tree.sources if not "".join(tree.lines(path)[:1]).startswith("/*")]


def found(pattern, *endings):
    return lambda tree: tree.grep(tree.ending(*endings), pattern)


def no_default(tree):
    return tree.grep(tree.product, r"^\s*default:\s*$")


def long_files(tree):
    for path in tree.ending("c", "h", "sh", "py"):
        if len(tree.lines(path)) > MOST_LINES:
            yield f"{path}:{len(tree.lines(path))} lines"


def long_functions(tree):
    for function in tree.all_functions():
        if function.lines > MOST_FUNCTION_LINES:
            yield f"{function.path}:{function.line}: {function.name} has {function.lines} lines"


def has_clang_format():
    """Another version decides otherwise."""
    return shutil.which("clang-format") and "version 14" in subprocess.run(
        ["clang-format", "--version"], capture_output=True, text=True, check=False).stdout


def layout(tree):
    def wrong(paths):
        made = subprocess.run(["clang-format", "--dry-run", "-Werror", *paths], cwd=tree.root, capture_output=True,
                              text=True, check=False)
        return sorted(set(re.findall(r"^.*error:.*$", made.stderr, re.MULTILINE)))
    parts = os.cpu_count() or 1
    return sum(at_once(wrong, [tree.sources[part::parts] for part in range(parts)]), [])


def messages_apart(tree):
    """What is said on standard error goes through quote_line(), which shows foreign text harmlessly; progress has
    nothing foreign in it, and needs a terminal's own commands."""
    own = ("cmd/cmd.c", "cmd/scan/scan_progress.c", "cmd/probe_run.c", "cmd/standard_output.c", "cmd/daemon/log.c",
           "scanner/base/alloc.c")
    return tree.grep([path for path in tree.product if path not in own and path.endswith(".c")],
                     r"\bstderr\b(?! is no terminal)|\bperror\(|\bargp_parse\(")


RULES = [
    ("headers say #pragma once", pragma_once),
    ("the first line says what the file is", first_line),
    ("no typedefs of structs", found(r"typedef (struct|union|enum)[^(]*$", "c", "h")),
    ('assert(false && "why"), for clang refuses assert(!"why")', found(r'\bassert\(!"', "c", "h")),
    ("event_new only", found(r"\bevent_assign\b|\bevtimer_assign\b", "c", "h")),
    ("no default in a switch over an enum (over a number: say why beside it)", no_default),
    ("messages go through cmd_say() or the log", messages_apart),
    ("nothing unfinished", found(UNFINISHED, *TEXTS)),
    ("no paths of one machine", found(MACHINE, *TEXTS)),
    (f"files have at most {MOST_LINES} lines", long_files),
    (f"functions have at most {MOST_FUNCTION_LINES} lines", long_functions),
]
