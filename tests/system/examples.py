"""The examples in the documents: what `probe` prints about origins of the lab, with the options that the example's
own first line shows."""

import concurrent.futures
import re

from lab import ALL, Lab
from originscan import LOOPBACK, run
from servers import SOURCE

DIAGNOSIS = SOURCE / "docs/diagnosis.md"
README = SOURCE / "README.md"
EXAMPLE = re.compile(r"(<!-- example: (.+?) -->\n```text\n)(\$ originscan probe (?:(--\S+) )?\S+\n.*?)(```\n)", re.DOTALL)


def printed(wanted):
    """By name: the command and its output. `wanted` has the option of each name, "" for none."""
    table = [line for line in ALL.splitlines() if line.split("#")[0].split()[1:] in [[name] for name in wanted]]

    def print_one(name, origin):
        shown = ["probe", *wanted[name].split()]
        finished = run(*shown, *LOOPBACK, "--timeout", "1.5", origin)
        if finished.returncode != 0:
            raise AssertionError(finished.stderr + finished.stdout)
        return name, f"$ originscan {' '.join(shown)} {origin}\n{finished.stdout.rstrip()}\n"

    with Lab("\n".join(table) + "\n") as lab, concurrent.futures.ThreadPoolExecutor(8) as pool:
        return dict(pool.map(print_one, *zip(*lab.origins().items())))


def documented(document):
    """By name: an example as it stands in the document."""
    return {name: text for _, name, text, _, _ in EXAMPLE.findall(document.read_text())}


def options(document):
    return {name: option for _, name, _, option, _ in EXAMPLE.findall(document.read_text())}


def update():
    for document in (DIAGNOSIS, README):
        texts = printed(options(document))
        document.write_text(EXAMPLE.sub(lambda found, texts=texts: found[1] + texts[found[2]] + found[5],
                                        document.read_text()))


def steady(text):
    """Without times, dates, ports, hashes and line breaks, which a longer number moves."""
    for volatile, mark in ((r"\d+(\.\d)?\s+ms", "N ms"), (r"(127\.\d+\.\d+\.\d+):\d+", r"\1:PORT"),
                           (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "DATE"), (r"expires \d{4}-\d\d-\d\d", "expires DATE"), (r"leaf\s+[0-9a-f]{8}", "leaf HASH")):
        text = re.sub(volatile, mark, text)
    return " ".join(text.split())
