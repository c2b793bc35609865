"""Two network namespaces and a wire between them that a test's rule may cut.

The wire is a pair of TUN devices; a thread of the test carries each IP packet from one to the other, unless
the rule drops it. So a fault of the network is a few lines of Python, needs no packet filter, and nothing of
it outlives the test. A namespace is held by an open file and by no mount, so that it can be had in a changed
root as well.
"""

import ctypes
import fcntl
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
_libc = ctypes.CDLL(None, use_errno=True)


def require():
    """Skips the test, with the reason, where namespaces cannot be had."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("network namespaces need root")
    for tool, package in (("ip", "iproute2"), ("nsenter", "util-linux")):
        if not shutil.which(tool):
            raise unittest.SkipTest(f"{tool} (Debian package {package}) is not installed")
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as error:
        raise unittest.SkipTest(f"/dev/net/tun: {error.strerror}") from error
    try:
        Namespace().close()
    except OSError as error:
        raise unittest.SkipTest(f"no network namespace can be made here: {error.strerror}") from error


def _called(result, name):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


class Namespace:
    """A network namespace of its own, with what `furnish()` puts in it. It lives until it is closed and
    nobody is in it any more."""

    def __init__(self, furnish=lambda: None):
        self._file, self._failure = None, None
        # A thread moves alone, and whatever it starts begins where it is.
        maker = threading.Thread(target=self._make, args=(furnish,))
        maker.start()
        maker.join()
        if self._failure:
            self.close()
            raise self._failure

    def _make(self, furnish):
        try:
            _called(_libc.unshare(_CLONE_NEWNET), "unshare")
            self._file = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
            furnish()
        except Exception as error:  # handed to the thread that asked
            self._failure = error

    def path(self):
        """Where other processes find it while it is not closed. /proc may count processes otherwise than we do."""
        return f"/proc/{os.readlink('/proc/self')}/fd/{self._file}"

    def enter(self):
        """Moves the calling thread, and only it, into it."""
        _called(_libc.setns(self._file, _CLONE_NEWNET), "setns")

    def close(self):
        if self._file is not None:
            os.close(self._file)
        self._file = None


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
        self._tuns, self._namespaces = [], {}

    def __enter__(self):
        try:
            for end, address in (("scanner", SCANNER), ("origin", ORIGIN)):
                self._namespaces[end] = Namespace(lambda address=address: self._furnish(address))
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
        return ["nsenter", "--net=" + self._namespaces[end].path()]

    def enter(self, end):
        """Moves the calling thread, and only it, into that namespace."""
        self._namespaces[end].enter()

    def _furnish(self, address):
        """The end of the wire, in the namespace of the calling thread."""
        def ip(*arguments):
            subprocess.run(["ip", *arguments], check=True, capture_output=True)

        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        self._tuns.append(tun)
        fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH", b"wire", _IFF_TUN | _IFF_NO_PI))
        ip("link", "set", "lo", "up")
        ip("addr", "add", f"{address}/24", "dev", "wire")
        ip("link", "set", "wire", "mtu", "1500", "up")

    def _remove(self):
        for tun in self._tuns:
            os.close(tun)
        for namespace in self._namespaces.values():
            namespace.close()

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
