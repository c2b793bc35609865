"""The confusion matrix: what each behaviour of the lab is, and what originscan takes it for."""

from lab import ALL, Lab, lines, quirky  # lines: for those who import this

VARIES = "(varies)"
NONE = "(none)"  # what was not shown is not known


def table():
    """All behaviours of the lab, and a length quirk that this build's large hellos do meet."""
    return ALL + f"127.77.9.1 length-quirk quirk={quirky()}\n"


def name(line):
    """The quirk follows from the size of BoringSSL's hello, which is no matter of the matrix."""
    return line.split("=")[0] + "=…" if line.startswith("length-quirk quirk=") else line


def scan_all(text):
    """The truth and the scans of the daily and of the full plan, each by line; a lab for each plan, since
    bans must not outlive it."""
    with Lab(text) as lab:
        truth, daily = lab.truth(), lab.scan()
    with Lab(text) as lab:
        return truth, daily, lab.scan("--plan", "full")


# Verdicts that never are the main one and say that something fails or is asked for.
BESIDE = ("client-certificate", "record-split", "length-quirk")


def expected(line, truth):
    """A quirk that the large hellos meet leaves the hybrid to a retry."""
    quirky = {"length-quirk": "ready", "length-quirk quirk=…": "ready-after-retry"}
    main = quirky.get(name(line)) or truth["verdict_full"]
    if not main and truth["status"] == "complete" and not truth["moody"]:
        return NONE
    return " + ".join([main, *truth["beside"]]) if main else VARIES


def seen(scan):
    """The main verdict and what stands beside it."""
    return " + ".join([scan["verdict"] or NONE, *(v for v in BESIDE if v in scan["verdicts"])])


def matrix(title, wanted, found):
    """Counts: a row for what it is, a column for what it was taken for, both in the order of the rows."""
    names = list(dict.fromkeys([*wanted.values(), *found.values()]))
    rows = [title, ""]
    rows.append(" " * 42 + "".join(f"{i:4}" for i in range(1, len(names) + 1)))
    for i, row in enumerate(names, 1):
        counts = [sum(wanted[line] == row and found[line] == column for line in wanted) for column in names]
        rows.append(f"{i:3} {row:38}" + "".join(f"{n or '.':>4}" for n in counts))
    return "\n".join(rows) + "\n"


def render(truth, daily, full):
    wanted = {line: expected(line, truth[line]) for line in truth}
    found = {plan: {line: VARIES if wanted[line] == VARIES else seen(scan)
                    for line, scan in scans.items()} for plan, scans in (("daily", daily), ("full", full))}
    rows = ["Verdict of every behaviour of the lab, + what stands beside it; * marks what is off the diagonal.", "",
            f"{'behaviour':58} {'is':38} {'daily plan':38} full plan"]
    for line, verdict in wanted.items():
        shown = [by[line] + (" *" if by[line] != verdict else "") for by in found.values()]
        rows.append(f"{name(line):58} {verdict:38} {shown[0]:38} {shown[1]}")
    counts = [matrix(f"{plan.capitalize()} plan: rows are what it is, columns what it was taken for.", wanted,
                     by) for plan, by in found.items()]
    return "\n".join([*rows, "", *counts])
