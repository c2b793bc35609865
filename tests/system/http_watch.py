"""Asks for /livez again and again from a process of its own, so that what else a test does takes no time from it."""

import json
import subprocess
import sys
import threading
import time

from http_client import exchange, head
from servers import TIED


PAUSE_S = 0.002


def watch(port, ending):
    took, late, wrong = [], [], []
    asked = time.monotonic()
    while not ending.wait(PAUSE_S):
        began = time.monotonic()
        late.append(began - asked - PAUSE_S)
        try:
            data = exchange(port, head("GET", "/livez"))
        except OSError as error:
            data = repr(error).encode()
        asked = time.monotonic()
        took.append(asked - began)
        if not data.startswith(b"HTTP/1.1 200 "):
            wrong.append(repr(data))
    return took, late, wrong


class Watch:
    """Within the block it asks; then `took` has the seconds from each connect to the end of the answer, `late` by how
    many it woke too late, whoever is asked, and `wrong` each answer that was not 200."""

    def __init__(self, port):
        self.port = port

    def __enter__(self):
        self.process = subprocess.Popen([*TIED, sys.executable, "-B", __file__, str(self.port)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()  # it begins
        return self

    def __exit__(self, *_):
        said, _ = self.process.communicate("end\n", 60)
        self.took, self.late, self.wrong = json.loads(said)

    @staticmethod
    def p99_ms(seconds):
        return 1000 * sorted(seconds)[int(0.99 * len(seconds))]


def main():
    ending = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), ending.set()), daemon=True).start()
    print("ready", flush=True)
    print(json.dumps(watch(int(sys.argv[1]), ending)))


if __name__ == "__main__":
    main()
