"""Debian's Chromium without a window, driven by the DevTools protocol over two pipes: JSON with a zero byte between."""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
import unittest

from servers import TIED

PROGRAM = shutil.which("chromium")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
         "--disable-dev-shm-usage", "--remote-debugging-pipe")


def _above(fd):
    """The same file under a number that 3 and 4 do not collide with; the old number is closed."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return moved


class Browser:
    """One browser with one page. What the page asked for and what it complained about is collected by load()."""

    def __init__(self):
        if not PROGRAM:
            raise unittest.SkipTest("chromium is not installed")
        self._folder = tempfile.mkdtemp(prefix="originscan-browser-")
        theirs_in, self._out = map(_above, os.pipe())
        self._in, theirs_out = map(_above, os.pipe())

        def place_pipes():
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        self._process = subprocess.Popen(
            [*TIED, PROGRAM, *FLAGS, f"--user-data-dir={self._folder}", "about:blank"], preexec_fn=place_pipes,
            pass_fds=(3, 4), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self._rest, self._number, self._session = b"", 0, None
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self):
        with contextlib.suppress(OSError):
            self._session = None
            self.call("Browser.close")
        self._process.kill()
        self._process.wait(30)
        os.close(self._in)
        os.close(self._out)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _receive(self, until_s):
        """The next message."""
        while b"\0" not in self._rest:
            left_s = until_s - time.monotonic()
            if left_s <= 0 or not select.select([self._in], [], [], left_s)[0]:
                raise AssertionError("the browser does not answer")
            piece = os.read(self._in, 1 << 20)
            if not piece:
                raise OSError("the browser has ended")
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def call(self, method, within_s=60, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data):]
        until_s = time.monotonic() + within_s
        while (answer := self._receive(until_s)).get("id") != self._number:
            self.events.append(answer)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def wait_for(self, method, within_s=60):
        until_s = time.monotonic() + within_s
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._receive(until_s))

    def _parameters(self, method):
        return [event["params"] for event in self.events if event.get("method") == method]

    def load(self, url, within_s=60):
        """Loads a page, its folded parts opened. Returns what it asked for besides itself, and its complaints."""
        self.events = []
        self.call("Page.navigate", within_s, url=url)
        self.wait_for("Page.loadEventFired", within_s)
        self.run("document.querySelectorAll('details').forEach(part => part.open = true)")
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        asked = [one["request"]["url"] for one in self._parameters("Network.requestWillBeSent")]
        if asked[:1] == [url]:
            asked = asked[1:]
        said = [one["entry"]["text"] for one in self._parameters("Log.entryAdded")]
        said += [str(one["args"]) for one in self._parameters("Runtime.consoleAPICalled")]
        said += [str(one["exceptionDetails"]) for one in self._parameters("Runtime.exceptionThrown")]
        said += [one["message"] for one in self._parameters("Page.javascriptDialogOpening")]
        return asked, said

    def run(self, script, within_s=60):
        """The value of an expression in the page."""
        result = self.call("Runtime.evaluate", within_s, expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise AssertionError(result["exceptionDetails"])
        return result["result"].get("value")

    def look(self, width, scheme="light", height=900):
        """How wide the window is, and which colours its user prefers."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, height=None):
        """The page from its top as a PNG image, so many pixels high or all of it."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"], "scale": 1}
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", clip=clip,
                                          captureBeyondViewport=True)["data"])
