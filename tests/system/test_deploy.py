"""deploy/test as a process: told to stop, it leaves nothing behind."""

import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

from population import Folder
from servers import SOURCE

# In place of the builds: that under sanitizers takes for ever.
LIBRARY = """
progress() { :; }
die() { exit 1; }
build_originscan() { [ "$1" = ci ] || sleep 300; }
"""

# In place of ctest: a test that runs for ever. Both say who they are.
CTEST = """#!/bin/sh
sleep 300 &
echo "$$ $!" >"$0.started"
wait
"""


def runs(process):
    """A zombie does not run any more."""
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition, what, within_s=60):
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not in time: {what}")
        time.sleep(0.02)


class Stopped(unittest.TestCase):
    def stop_by(self, number):
        folder = Folder(self)
        scripts = folder / "deploy"
        scripts.mkdir()
        shutil.copy(SOURCE / "deploy/test", scripts)
        folder.write("deploy/lib.sh", LIBRARY)
        ctest = folder.write("ctest", CTEST)
        os.chmod(ctest, 0o755)
        process = subprocess.Popen([scripts / "test"], cwd=scripts, stderr=subprocess.DEVNULL,
                                   env={**os.environ, "PATH": f"{ctest.parent}:{os.environ['PATH']}"})
        started = pathlib.Path(f"{ctest}.started")
        wait_until(lambda: started.exists() and started.read_text().endswith("\n"), "the tests run")
        below = [*map(int, started.read_text().split()), *self.children_of(process.pid)]
        self.assertTrue(all(map(runs, below)))
        process.send_signal(number)
        self.assertEqual(process.wait(60), 128 + number)
        wait_until(lambda: not any(map(runs, below)), "the tests and the build have ended")

    def children_of(self, process):
        children = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()
        return [int(child) for child in children]

    def test_sigterm(self):
        self.stop_by(signal.SIGTERM)

    def test_sigint(self):
        self.stop_by(signal.SIGINT)


if __name__ == "__main__":
    unittest.main()
