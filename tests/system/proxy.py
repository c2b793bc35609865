"""A proxy that a test runs between itself and an origin."""

import http.client
import socket
import subprocess
import time

from servers import TIED


class Proxy:
    """A proxy in the foreground, ended with the block. It is ready when it listens. What it says is in a file of the
    folder, `log`."""

    def __init__(self, command, folder, address, port, log="proxy.log"):
        self.command, self.folder, self.address, self.port = command, folder, address, port
        self.log_path = folder / log

    def __enter__(self):
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen(TIED + [str(part) for part in self.command], cwd=self.folder,
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection((self.address, self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)
        said = self.said()
        self.__exit__()
        raise AssertionError(f"{self.command[0]} did not listen: {said}")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def said(self):
        return self.log_path.read_text(errors="replace")[-3000:]

    def ask(self, host, path="/"):
        """A request; the status of its answer, 0 if none came."""
        connection = http.client.HTTPConnection(self.address, self.port, timeout=60)
        try:
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()
