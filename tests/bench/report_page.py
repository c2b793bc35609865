#!/usr/bin/env python3
"""How long `originscan report --format html` takes: report_page.py --originscan FILE --filler BENCH_STORE [N]

A database of N origins (1,000,000), each a zone of its own and scanned once, is made in a temporary folder, which takes
minutes and a gigabyte. Prints the time of the clock, of the processor, and the memory."""

import argparse
import pathlib
import resource
import subprocess
import tempfile
import time


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--originscan", required=True)
    parser.add_argument("--filler", required=True)
    parser.add_argument("n", nargs="?", type=int, default=1_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="originscan-bench-") as folder:
        subprocess.run([asked.filler, "-d", folder, "-s", "1", "-k", "-z", str(asked.n)], check=True,
                       stdout=subprocess.DEVNULL)
        (database,) = pathlib.Path(folder).glob("*.db")
        before, began_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        page = subprocess.run([asked.originscan, "report", "--db", database, "--format", "html"], check=True,
                              stdout=subprocess.PIPE).stdout
        took_s, after = time.monotonic() - began_s, resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{asked.n:,} origins: {took_s:.1f} s, {after.ru_utime - before.ru_utime:.1f} s in the program, "
          f"{after.ru_stime - before.ru_stime:.1f} s in the kernel; a page of {len(page):,} bytes")


if __name__ == "__main__":
    main()
