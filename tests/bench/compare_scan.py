#!/usr/bin/env python3
"""Measures what the daemon's work costs: `originscan scan` and the bare probes by turns.

Both scan the same lab. The bare probes judge each scan and throw it away; `originscan scan` takes the
origins from a database, commits what it finds and settles every zone, and all that is its process's:
its CPU time is taken from its start to its end, as is that of the bare probes. A first scan finds a
new database, a further one the same database with all its origins due again.
"""

import argparse
import os
import pathlib
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

from compare import FIRST, SNI, Lab, machine_lines, on_core

LIMIT_RATIO = 1.25
LIMIT_RATE = 500
LIMIT_MEMORY = 0.05
HOUR_MS = 3600000
NAMES = {"bare": "bare probes: scan, judge, discard", "first": "`originscan scan`, a first scan",
         "further": "`originscan scan`, a further scan"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--originscan", required=True)
    parser.add_argument("--bare", required=True, help="the program that scans without a database")
    parser.add_argument("--lab", required=True, help="the server of fake origins")
    parser.add_argument("--filler", help="the program that fills a database with scans; without it "
                        "memory is not measured")
    parser.add_argument("--scans", type=int, default=4000, help="scans a run (default 4000)")
    parser.add_argument("--concurrency", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7, help="runs of each (default 7)")
    parser.add_argument("--sizes", default="10000,1000000",
                        help="origins that are not due, for memory (default 10000,1000000)")
    parser.add_argument("--memory-runs", type=int, default=3)
    parser.add_argument("--directory", default="/tmp", help="for the databases (default /tmp)")
    parser.add_argument("--behaviour", default="modern", help="what the origins are (default modern)")
    parser.add_argument("--client-core", type=int, default=0)
    parser.add_argument("--server-core", type=int, default=1)
    parser.add_argument("--markdown", metavar="FILE", help="write the tables there as well")
    return parser.parse_args()


def lab_cpu_s(lab):
    fields = pathlib.Path(f"/proc/{lab.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(command, lab, args):
    """One process from start to end: times in seconds, its peak of resident memory."""
    begun_s, lab_begun_s = time.monotonic(), lab_cpu_s(lab)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               preexec_fn=on_core(args.client_core))
    _, status, usage = os.wait4(process.pid, 0)
    wall_s, lab_s = time.monotonic() - begun_s, lab_cpu_s(lab) - lab_begun_s
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"compare_scan.py: {' '.join(command[:2])} ended with {process.returncode}")
    # A process starts with its parent's mark.
    if usage.ru_maxrss <= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
        usage.ru_maxrss = 0
    return {"cpu": usage.ru_utime + usage.ru_stime, "user": usage.ru_utime,
            "system": usage.ru_stime, "wall": wall_s, "lab": lab_s, "peak_kib": usage.ru_maxrss}


def run_bare(lab, args):
    return measured([args.bare, "--port", str(lab.port), "--first", FIRST, "--scans",
                     str(args.scans), "--concurrency", str(args.concurrency), "--sni", SNI],
                    lab, args)


def run_scan(database, lab, args):
    settings = ["allow=127.0.0.0/8", "rate=0", "per_address_rate=0", "per_address_in_flight=0",
                "per_prefix_rate=0", "per_prefix_in_flight=0", "dns_servers=127.0.0.1", f"max_in_flight={args.concurrency}",
                "timeout_ms=60000"]  # on a busy machine a lab is late, not broken
    command = [args.originscan, "scan", "--db", database]
    for setting in settings:
        command += ["--set", setting]
    return measured(command, lab, args)


def sql(database, statement, *values):
    connection = sqlite3.connect(database)
    with connection:
        rows = connection.execute(statement, values).fetchall()
    connection.close()
    return rows


def add_origins(database, lab, args):
    """As many origins as there are scans, each a zone of its own, at addresses of the lab."""
    lines = ["zone,host,port,sni,address,weight"]
    for i in range(args.scans):
        address = f"127.60.{(i % 16000 + 1) >> 8}.{(i % 16000 + 1) & 255}"
        lines.append(f"o{i}.{SNI},o{i}.{SNI},{lab.port},{SNI},{address},1")
    subprocess.run([args.originscan, "import", "--db", database, "--format", "csv"],
                   input="\n".join(lines) + "\n", text=True, check=True, stdout=subprocess.DEVNULL)


def check(database, scans, args):
    """What was to be measured was done: so many scans are stored, all origins of the lab ready."""
    stored = sql(database, "SELECT count(*) FROM scan")[0][0]
    ready = sql(database, "SELECT count(*) FROM v_origin WHERE host LIKE ? AND verdict = 'ready'",
                f"o%.{SNI}")[0][0]
    if stored != scans or ready != args.scans:
        sys.exit(f"compare_scan.py: {stored} scans of {scans} are stored, {ready} origins of "
                 f"{args.scans} are ready")


def run_daemon_work(lab, args):
    """A first and a further scan of all origins in a new database."""
    with tempfile.TemporaryDirectory(dir=args.directory) as folder:
        database = f"{folder}/scan.db"
        add_origins(database, lab, args)
        first = run_scan(database, lab, args)
        check(database, args.scans, args)
        sql(database, "UPDATE origin SET due_plan = NULL, due_at = ?", int(time.time() * 1000) - HOUR_MS)
        further = run_scan(database, lab, args)
        check(database, 2 * args.scans, args)
    return first, further


def compare(lab, args):
    """Rounds in which both run, each first in every other one."""
    results = {name: [] for name in NAMES}
    for number in range(args.rounds):
        if number % 2 == 0:
            results["bare"].append(run_bare(lab, args))
        for name, result in zip(("first", "further"), run_daemon_work(lab, args)):
            results[name].append(result)
        if number % 2 == 1:
            results["bare"].append(run_bare(lab, args))
        bare, first, further = (results[name][-1]["cpu"] for name in NAMES)
        print(f"round {number + 1} of {args.rounds}: {first / bare:.3f} and {further / bare:.3f} "
              "times the bare probes", file=sys.stderr)
    return results


def spread(values, digits):
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"


def cost_table(results, args):
    lines = ["| what | CPU a scan, ms (median) | least to most | user | system | times the bare probes |",
             "|---|---:|---:|---:|---:|---:|"]
    for name, title in NAMES.items():
        ms = {key: [run[key] / args.scans * 1000 for run in results[name]]
              for key in ("cpu", "user", "system")}
        ratios = [run["cpu"] / bare["cpu"] for run, bare in zip(results[name], results["bare"])]
        lines.append(f"| {title} | {statistics.median(ms['cpu']):.3f} | {spread(ms['cpu'], 3)} "
                     f"| {statistics.median(ms['user']):.3f} | {statistics.median(ms['system']):.3f} "
                     f"| {statistics.median(ratios):.3f} ({spread(ratios, 3)}) |")
    worst = max(statistics.median(run["cpu"] / bare["cpu"]
                                  for run, bare in zip(results[name], results["bare"]))
                for name in ("first", "further"))
    return lines + ["", f"Limit {LIMIT_RATIO}: {'kept' if worst <= LIMIT_RATIO else 'MISSED'}."]


def rate_table(results, args):
    """What passed each second, and how much of its core each side had meanwhile."""
    lines = ["| what | origins a second (median) | least to most | client's core used by it, % "
             "| server's core used by the lab, % |", "|---|---:|---:|---:|---:|"]
    for name, title in NAMES.items():
        runs = results[name]
        rates = [args.scans / run["wall"] for run in runs]
        client = [100 * run["cpu"] / run["wall"] for run in runs]
        server = [100 * run["lab"] / run["wall"] for run in runs]
        lines.append(f"| {title} | {statistics.median(rates):.0f} | {spread(rates, 0)} "
                     f"| {statistics.median(client):.0f} ({spread(client, 0)}) "
                     f"| {statistics.median(server):.0f} ({spread(server, 0)}) |")
    lab_ms = [1000 * run["lab"] / args.scans for runs in results.values() for run in runs]
    return lines + ["", f"The lab's CPU time for a scan: median {statistics.median(lab_ms):.3f} ms, "
                    f"{spread(lab_ms, 3)}. Wanted are {LIMIT_RATE} a second, or a full core of "
                    "either side."]


def memory_of(size, lab, args):
    """Scans that find so many other origins in the database, scanned and not due."""
    runs = []
    with tempfile.TemporaryDirectory(dir=args.directory) as folder:
        subprocess.run([args.filler, "-k", "-s", "1", "-d", folder, str(size)], check=True,
                       stdout=subprocess.DEVNULL)
        database = str(next(pathlib.Path(folder).glob("*.db")))
        now_ms = int(time.time() * 1000)
        sql(database, "UPDATE origin SET unseen = 0, due_at = ? + id % 72000000", now_ms + HOUR_MS)
        stored = sql(database, "SELECT count(*) FROM scan")[0][0]
        add_origins(database, lab, args)
        for number in range(args.memory_runs):
            sql(database, "UPDATE origin SET due_plan = NULL, due_at = ? WHERE host LIKE ?",
                int(time.time() * 1000) - HOUR_MS, f"o%.{SNI}")
            runs.append(run_scan(database, lab, args))
            check(database, stored + (number + 1) * args.scans, args)
            print(f"{size} origins that are not due: {runs[-1]['peak_kib']} KiB", file=sys.stderr)
    return runs


def memory_table(lab, args):
    sizes = [int(size) for size in args.sizes.split(",")]
    runs = {size: memory_of(size, lab, args) for size in sizes}
    lines = ["| origins not due | origins scanned | peak resident, KiB (median) | least to most "
             "| CPU a scan, ms (median) |", "|---:|---:|---:|---:|---:|"]
    off = base = 0
    for size in sizes:
        peaks = [run["peak_kib"] for run in runs[size]]
        middle = statistics.median(peaks)
        base = base or middle
        off = max(off, abs(middle / base - 1))
        cpu_ms = statistics.median(1000 * run["cpu"] / args.scans for run in runs[size])
        lines.append(f"| {size:,} | {args.scans:,} | {middle:,.0f} | {min(peaks):,} to "
                     f"{max(peaks):,} | {cpu_ms:.3f} |")
    return lines + ["", f"They differ by {100 * off:.1f} %. Limit {100 * LIMIT_MEMORY:.0f} %: "
                    f"{'kept' if off <= LIMIT_MEMORY else 'MISSED'}."]


def main():
    args = arguments()
    if not {args.client_core, args.server_core} <= os.sched_getaffinity(0):
        sys.exit("compare_scan.py: needs two cores; see --client-core and --server-core")
    with Lab(args) as lab:
        lines = machine_lines(args)
        if args.rounds:
            results = compare(lab, args)
            lines += [""] + cost_table(results, args) + [""] + rate_table(results, args)
        if args.filler:
            lines += [""] + memory_table(lab, args)
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if args.markdown:
        with open(args.markdown, "w", encoding="utf-8") as out:
            out.write(text)


if __name__ == "__main__":
    main()
