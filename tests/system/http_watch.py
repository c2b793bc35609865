"""Asks for /livez again and again from a process of its own, so that what else a test does takes no time from it."""

import json
import subprocess
import sys
import threading
import time

from http_client import exchange, head
from servers import TIED


def watch(port, ending):
    took, wrong = [], []
    while not ending.wait(0.002):
        began = time.monotonic()
        try:
            data = exchange(port, head("GET", "/livez"))
        except OSError as error:
            data = repr(error).encode()
        took.append(time.monotonic() - began)
        if not data.startswith(b"HTTP/1.1 200 "):
            wrong.append(repr(data))
    return took, wrong


class Watch:
    """Within the block it asks; then `took` has the seconds from each connect to the end of the answer, and `wrong`
    each answer that was not 200."""

    def __init__(self, port):
        self.port = port

    def __enter__(self):
        self.process = subprocess.Popen([*TIED, sys.executable, "-B", __file__, str(self.port)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()  # it begins
        return self

    def __exit__(self, *_):
        said, _ = self.process.communicate("end\n", 30)
        self.took, self.wrong = json.loads(said)

    def p99_ms(self):
        return 1000 * sorted(self.took)[int(0.99 * len(self.took))]


def main():
    ending = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), ending.set()), daemon=True).start()
    print("ready", flush=True)
    print(json.dumps(watch(int(sys.argv[1]), ending)))


if __name__ == "__main__":
    main()
