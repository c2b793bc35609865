"""Two network namespaces and a wire between them that a test's rule may cut.

The wire is a pair of TUN devices; a thread of the test carries each IP packet from one to the other, unless
the rule drops it. So a fault of the network is a few lines of Python, needs no packet filter, and nothing of
it outlives the test.
"""

import ctypes
import fcntl
import itertools
import os
import select
import shutil
import socket
import struct
import subprocess
import threading
import unittest

SCANNER, ORIGIN = "10.77.0.1", "10.77.0.2"
PREFIX = "10.77.0.0/24"

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_CLONE_NEWNET = 0x40000000
_numbers = itertools.count()


def require():
    """Skips the test, with the reason, where namespaces cannot be had."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("network namespaces need root")
    if not shutil.which("ip"):
        raise unittest.SkipTest("ip (Debian package iproute2) is not installed")
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as error:
        raise unittest.SkipTest(f"/dev/net/tun: {error.strerror}") from error
    name = f"originscan-{os.getpid()}-try"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode != 0:
        raise unittest.SkipTest(f"no network namespace can be made here: {made.stderr.strip()}")
    subprocess.run(["ip", "netns", "del", name], check=True)


class Packet:
    """An IPv4 packet with TCP in it; `data` is what TCP carries."""

    def __init__(self, raw):
        header = (raw[0] & 15) * 4
        self.bytes = len(raw)
        self.is_tcp = raw[0] >> 4 == 4 and raw[9] == socket.IPPROTO_TCP
        if not self.is_tcp:
            return
        self.source, self.target, self.number = struct.unpack_from(">HHI", raw, header)
        self.opens = bool(raw[header + 13] & 2)  # SYN
        self.data = len(raw) - header - (raw[header + 12] >> 4) * 4
        self.from_scanner = raw[12:16] == socket.inet_aton(SCANNER)
        self.connection = self.source if self.from_scanner else self.target


class Network:
    """The namespaces `scanner` and `origin` within a `with` block. `drops(packet)` is the rule."""

    def __init__(self, drops=lambda packet: False):
        self.drops, self.dropped = drops, 0
        number = f"{os.getpid()}-{next(_numbers)}"
        self.names = [f"originscan-{end}-{number}" for end in ("s", "o")]
        self._tuns = []

    def __enter__(self):
        try:
            for name, address in zip(self.names, (SCANNER, ORIGIN)):
                self._make(name, address)
        except BaseException:
            self._remove()
            raise
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(10)
        self._remove()

    def inside(self, end):
        """The command that runs another in the namespace of `scanner` or `origin`."""
        return ["ip", "netns", "exec", self.names[("scanner", "origin").index(end)]]

    def enter(self, end):
        """Moves the calling thread, and only it, into that namespace."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/run/netns/" + self.names[("scanner", "origin").index(end)], "rb") as namespace:
            if libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    def _make(self, name, address):
        def ip(*arguments):
            subprocess.run(["ip", *arguments], check=True, capture_output=True)

        ip("netns", "add", name)
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        self._tuns.append(tun)
        device = "ostun%d" % (os.getpid() % 10000000)
        fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH", device.encode(), _IFF_TUN | _IFF_NO_PI))
        ip("link", "set", device, "netns", name)  # and out of the way of the next one's name
        ip("-n", name, "link", "set", "lo", "up")
        ip("-n", name, "addr", "add", f"{address}/24", "dev", device)
        ip("-n", name, "link", "set", device, "mtu", "1500", "up")

    def _remove(self):
        for tun in self._tuns:
            os.close(tun)
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)

    def _carry(self):
        others = dict(zip(self._tuns, reversed(self._tuns)))
        while not self._stop.is_set():
            for tun in select.select(self._tuns, [], [], 0.1)[0]:
                raw = os.read(tun, 65536)
                packet = Packet(raw)
                if packet.is_tcp and self.drops(packet):
                    self.dropped += 1
                    continue
                try:
                    os.write(others[tun], raw)
                except OSError:  # the device is not up yet
                    pass
