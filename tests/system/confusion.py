"""The confusion matrix: what each behaviour of the lab is, and what originscan takes it for."""

from lab import ALL, Lab, lines, quirky  # lines: for those who import this

VARIES = "(varies)"


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


def expected(line, truth):
    if line.startswith("length-quirk"):
        return "length-quirk"
    return truth["verdict_full"] or VARIES


def matrix(title, wanted, found):
    """Counts: a row for what it is, a column for what it was taken for, both in the order of the rows."""
    names = list(dict.fromkeys([*wanted.values(), *found.values()]))
    rows = [title, ""]
    rows.append(" " * 28 + "".join(f"{i:4}" for i in range(1, len(names) + 1)))
    for i, row in enumerate(names, 1):
        counts = [sum(wanted[line] == row and found[line] == column for line in wanted) for column in names]
        rows.append(f"{i:3} {row:24}" + "".join(f"{n or '.':>4}" for n in counts))
    return "\n".join(rows) + "\n"


def render(truth, daily, full):
    wanted = {line: expected(line, truth[line]) for line in truth}
    found = {plan: {line: VARIES if wanted[line] == VARIES else scan["verdict"]
                    for line, scan in scans.items()} for plan, scans in (("daily", daily), ("full", full))}
    rows = ["Main verdict of every behaviour of the lab; * marks what is off the diagonal.", "",
            f"{'behaviour':58} {'is':24} {'daily plan':26} full plan"]
    for line, verdict in wanted.items():
        shown = [seen[line] + (" *" if seen[line] != verdict else "") for seen in found.values()]
        rows.append(f"{name(line):58} {verdict:24} {shown[0]:26} {shown[1]}")
    counts = [matrix(f"{plan.capitalize()} plan: rows are what it is, columns what it was taken for.", wanted,
                     seen) for plan, seen in found.items()]
    return "\n".join([*rows, "", *counts])
