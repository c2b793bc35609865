"""The examples in docs/diagnosis.md: what `probe --explain` prints about origins of the lab."""

import re

from lab import ALL, Lab
from originscan import LOOPBACK, run
from servers import SOURCE

DOCUMENT = SOURCE / "docs/diagnosis.md"
EXAMPLE = re.compile(r"(<!-- example: (.+?) -->\n```text\n)(.*?)(```\n)", re.DOTALL)


def printed(names):
    """By name: the command and its output."""
    wanted = [line for line in ALL.splitlines() if line.split("#")[0].split()[1:] in [[name] for name in names]]
    texts = {}
    with Lab("\n".join(wanted) + "\n") as lab:
        for name, origin in lab.origins().items():
            finished = run("probe", "--explain", *LOOPBACK, "--timeout", "1.5", origin)
            if finished.returncode != 0:
                raise AssertionError(finished.stderr + finished.stdout)
            texts[name] = f"$ originscan probe --explain {origin}\n{finished.stdout.rstrip()}\n"
    return texts


def documented():
    return {name: text for _, name, text, _ in EXAMPLE.findall(DOCUMENT.read_text())}


def update():
    texts = printed(list(documented()))
    DOCUMENT.write_text(EXAMPLE.sub(lambda found: found[1] + texts[found[2]] + found[4], DOCUMENT.read_text()))


def steady(text):
    """Without times, ports, hashes and line breaks, which a longer number moves."""
    for volatile, mark in ((r"\d+(\.\d)?\s+ms", "N ms"), (r"(127\.\d+\.\d+\.\d+):\d+", r"\1:PORT"),
                           (r"leaf\s+[0-9a-f]{8}", "leaf HASH")):
        text = re.sub(volatile, mark, text)
    return " ".join(text.split())
