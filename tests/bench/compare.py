#!/usr/bin/env python3
"""Measures what a scan costs: the scanner and the floor by turns against one lab, then other tools.

The lab's servers run on one core and the clients on another. What counts is the CPU time of the
client process, not the time that passes: the kernel charges it the same whether or not the machine
does something else meanwhile, and the servers' share is not in it.
"""

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile

CLASSICAL = ["X25519", "P-256", "P-384", "P-521"]
HYBRID = "X25519MLKEM768"
DRAFT = "X25519Kyber768Draft00"
# The daily plan: supported_groups and key shares of the eleven probes.
PLAN = [
    (CLASSICAL, ["X25519"]),
    ([HYBRID] + CLASSICAL, ["X25519"]),
    ([HYBRID] + CLASSICAL, [HYBRID]),
    ([HYBRID] + CLASSICAL, [HYBRID, "X25519"]),
    (["P-256"], []),
    (["P-384"], []),
    (["P-521"], []),
    ([HYBRID], []),
    ([DRAFT], []),
    (["P-521", "P-384", "P-256", "X25519", DRAFT, HYBRID], []),
    (["X25519"], ["X25519"]),
]
NETWORK = "127.60.0.0/16"
FIRST = "127.60.0.1"
SNI = "bench.example"
ALPN = "h2,http/1.1"
LIMIT_RATIO = 1.2
LIMIT_BASE_KIB = 32 * 1024
LIMIT_SCAN_KIB = 64


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--floor", required=True, help="the program that only makes connections")
    parser.add_argument("--scanner", required=True, help="the program that scans")
    parser.add_argument("--lab", required=True, help="the server of fake origins")
    parser.add_argument("--bssl", help="BoringSSL's command-line tool")
    parser.add_argument("--openssl", action="append", help="may be repeated (default openssl)")
    parser.add_argument("--sslscan", default="sslscan")
    parser.add_argument("--scans", type=int, default=4000, help="scans a run (default 4000)")
    parser.add_argument("--concurrency", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7, help="runs of each (default 7)")
    parser.add_argument("--behaviour", default="modern", help="what the origins are (default modern)")
    parser.add_argument("--client-core", type=int, default=0)
    parser.add_argument("--server-core", type=int, default=1)
    parser.add_argument("--markdown", metavar="FILE", help="write the tables there as well")
    args = parser.parse_args()
    args.openssl = args.openssl or ["openssl"]
    return args


def on_core(core):
    return lambda: os.sched_setaffinity(0, {core})


def free_port():
    with socket.socket() as s:
        s.bind(("0.0.0.0", 0))
        return s.getsockname()[1]


class Lab:
    """One server process for a whole /16 of origins."""

    def __init__(self, args):
        self.port = free_port()
        self.table = tempfile.NamedTemporaryFile("w", suffix=".table")
        self.table.write(f"{NETWORK}:{self.port} {args.behaviour}\n")
        self.table.flush()
        self.process = subprocess.Popen(
            [args.lab, "--table", self.table.name], stdout=subprocess.PIPE, text=True,
            preexec_fn=on_core(args.server_core))

    def __enter__(self):
        for line in self.process.stdout:
            if line.strip() == "ready":
                return self
        sys.exit("compare.py: the lab did not become ready")

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.communicate()
        self.table.close()


def run_program(program, lab, args, scans, concurrency):
    command = [program, "--port", str(lab.port), "--first", FIRST, "--scans", str(scans),
               "--concurrency", str(concurrency), "--sni", SNI]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                          preexec_fn=on_core(args.client_core))
    if done.returncode != 0:
        sys.exit(f"compare.py: {os.path.basename(program)} ended with {done.returncode}")
    return json.loads(done.stdout)


def tool_run(command, core):
    """CPU time in ms of one process and whether it ended well."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, preexec_fn=on_core(core))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return (usage.ru_utime + usage.ru_stime) * 1000, process.returncode == 0


def known_groups(openssl):
    """The groups of the plan that this openssl takes; an unknown one makes it refuse to start."""
    known = []
    for group in CLASSICAL + [HYBRID, DRAFT]:
        done = subprocess.run([openssl, "s_client", "-groups", group, "-connect", "127.0.0.1:1"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if "SSL_CONF_cmd" not in done.stdout + done.stderr:
            known.append(group)
    return known


def openssl_commands(openssl, target, known):
    """Eleven command lines, as near to the plan as it gets: a probe of which no group is known is
    sent with the classical groups."""
    for groups, shares in PLAN:
        kept = [g for g in groups if g in known] or CLASSICAL
        if HYBRID in known:  # OpenSSL 3.5: an asterisk asks for a key share
            kept = ["*" + g if g in shares else g for g in kept]
        yield [openssl, "s_client", "-connect", target, "-servername", SNI, "-alpn", ALPN,
               "-groups", ":".join(kept)]


def bssl_commands(bssl, target):
    for groups, _ in PLAN:
        yield [bssl, "client", "-connect", target, "-server-name", SNI, "-alpn-protos", ALPN,
               "-curves", ":".join(groups)]


def tool_row(name, commands, args):
    """All commands in each round: the median of their sums."""
    sums, good = [], 0
    for _ in range(args.rounds):
        results = [tool_run(command, args.client_core) for command in commands]
        sums.append(sum(ms for ms, _ in results))
        good = sum(ok for _, ok in results)
    return {"name": name, "ms": sums, "note": f"{good} of {len(commands)} ended well"}


def first_line(command):
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout or done.stderr).strip().splitlines()[0] if done.returncode == 0 else "?"


def tool_rows(lab, args):
    target = f"{FIRST}:{lab.port}"
    for openssl in filter(shutil.which, args.openssl):
        version = " ".join(first_line([openssl, "version"]).split()[:2])
        known = known_groups(openssl)
        missing = [g for g in (HYBRID, DRAFT) if g not in known]
        without = f", without {' and '.join(missing)}" if missing else ""
        yield tool_row(f"`openssl s_client` ({version}{without}), 11 runs",
                       list(openssl_commands(openssl, target, known)), args)
    if args.bssl and shutil.which(args.bssl):
        yield tool_row("`bssl client`, 11 runs", list(bssl_commands(args.bssl, target)), args)
    if shutil.which(args.sslscan):
        yield tool_row("`sslscan`, 1 run",
                       [[args.sslscan, "--no-colour", f"--sni-name={SNI}", target]], args)
    else:
        print("sslscan is not installed: no row", file=sys.stderr)


def compare(lab, args):
    """Rounds in which both programs run, each first in every other one."""
    programs = {"floor": args.floor, "scanner": args.scanner}
    results = {name: [] for name in programs}
    for number in range(args.rounds):
        order = list(programs) if number % 2 == 0 else list(reversed(programs))
        for name in order:
            results[name].append(run_program(programs[name], lab, args, args.scans,
                                             args.concurrency))
        ratio = results["scanner"][-1]["cpu_us"] / results["floor"][-1]["cpu_us"]
        print(f"round {number + 1} of {args.rounds}: {ratio:.3f} times the floor", file=sys.stderr)
    return results


def per_scan_ms(runs, key):
    return [run[key] / run["scans"] / 1000 for run in runs]


def cost_table(results, tools):
    base = statistics.median(per_scan_ms(results["floor"], "cpu_us"))
    lines = ["| what | CPU a scan, ms (median) | least to most | user | system | times the floor |",
             "|---|---:|---:|---:|---:|---:|"]
    for name, title in (("floor", "the floor: the connections alone"),
                        ("scanner", "originscan: scan, judge, discard")):
        cpu = per_scan_ms(results[name], "cpu_us")
        user = statistics.median(per_scan_ms(results[name], "user_us"))
        system = statistics.median(per_scan_ms(results[name], "system_us"))
        middle = statistics.median(cpu)
        lines.append(f"| {title} | {middle:.3f} | {min(cpu):.3f} to {max(cpu):.3f} "
                     f"| {user:.3f} | {system:.3f} | {middle / base:.2f} |")
    for row in tools:
        middle = statistics.median(row["ms"])
        lines.append(f"| {row['name']} ({row['note']}) | {middle:.1f} | {min(row['ms']):.1f} to "
                     f"{max(row['ms']):.1f} | | | {middle / base:.0f} |")
    return lines


def ratio_lines(results):
    ratios = [s["cpu_us"] / f["cpu_us"] for f, s in zip(results["floor"], results["scanner"])]
    middle = statistics.median(ratios)
    verdict = "kept" if middle <= LIMIT_RATIO else "MISSED"
    return [f"Scanner to floor, round by round: median {middle:.3f}, {min(ratios):.3f} to "
            f"{max(ratios):.3f} in {len(ratios)} rounds. Limit {LIMIT_RATIO}: {verdict}."]


def memory_lines(results, single, args):
    """Peak of resident memory with one scan in flight and with many."""
    peak = max(run["peak_kib"] for run in results["scanner"])
    each = (peak - single["peak_kib"]) / (args.concurrency - 1) if args.concurrency > 1 else 0
    limit = LIMIT_BASE_KIB + LIMIT_SCAN_KIB * args.concurrency
    verdict = "kept" if peak <= limit else "MISSED"
    return ["| scans in flight | peak resident, KiB |", "|---:|---:|",
            f"| 1 | {single['peak_kib']} |", f"| {args.concurrency} | {peak} |", "",
            f"That is {each:.1f} KiB for each further scan in flight. Limit {limit} KiB "
            f"({LIMIT_SCAN_KIB} KiB a scan and {LIMIT_BASE_KIB // 1024} MiB): {verdict}."]


def processor():
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
            for line in info:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine()


def machine_lines(args):
    return [f"{processor()}, {os.cpu_count()} cores, Linux {platform.release()}; "
            f"{args.rounds} rounds of {args.scans} scans, {args.concurrency} in flight, origins "
            f"`{args.behaviour}`; clients on core {args.client_core}, servers on core "
            f"{args.server_core}."]


def main():
    args = arguments()
    if not {args.client_core, args.server_core} <= os.sched_getaffinity(0):
        sys.exit("compare.py: needs two cores; see --client-core and --server-core")
    with Lab(args) as lab:
        results = compare(lab, args)
        single = run_program(args.scanner, lab, args, max(args.scans // 10, 1), 1)
        tools = list(tool_rows(lab, args))
    text = "\n".join(machine_lines(args) + [""] + cost_table(results, tools) + [""] +
                     ratio_lines(results) + [""] + memory_lines(results, single, args)) + "\n"
    print(text, end="")
    if args.markdown:
        with open(args.markdown, "w", encoding="utf-8") as out:
            out.write(text)


if __name__ == "__main__":
    main()
