"""Runs the originscan under test; where it is, the environment variable ORIGINSCAN says."""

import json
import os
import subprocess

PROGRAM = os.environ["ORIGINSCAN"]
LOOPBACK = ("--allow", "127.0.0.0/8")


def run(*arguments, stdin="", within_s=60, environment=None):
    """The finished run. Longer than `within_s` is a failure of its own: no probe outlives its deadline."""
    return subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          timeout=within_s, env={**os.environ, **(environment or {})})


def scans(finished):
    """The JSON objects of a run's output, one a line."""
    return [json.loads(line) for line in finished.stdout.splitlines()]


def probe(origin, *options):
    """The scan of one origin on loopback that is expected to be measured."""
    finished = run("probe", "--json", *LOOPBACK, *options, origin)
    if finished.returncode != 0:
        raise AssertionError(f"exit status {finished.returncode}: {finished.stderr}{finished.stdout}")
    (scan,) = scans(finished)
    return scan
