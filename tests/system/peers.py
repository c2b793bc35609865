"""Peers that are no TLS servers, played by threads of the test: each behaviour is a function of one
connection, and a Peer serves it on an address and port of its own."""

import ipaddress
import socket
import struct
import threading
import time

from servers import own_address

ALERT_HANDSHAKE_FAILURE = bytes([21, 3, 3, 0, 2, 2, 40])  # fatal, in its record
HANDSHAKE_RECORD = 22


def is_open(connection):
    """The kernel's view, which is exact where a thread's would lag: the caller has not closed it yet."""
    established = 1
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == established


def copy(source, target):
    """Passes on what comes until its end, and then the end."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # one end went away, which it may
        pass


class Peer:
    """Serves `behave(connection)` to every caller inside a `with` block, each in a thread."""

    def __init__(self, behave):
        self.behave = behave
        self.accepted = 0  # all connections
        self.open_most = 0  # at the same time
        self.failures = []  # what a behaviour raised, but for a caller's going away
        self._lock = threading.Lock()
        self._threads, self._connections = [], set()

    def __enter__(self):
        self.listener = socket.create_server((own_address(), 0), backlog=64)
        self.address, self.port = self.listener.getsockname()
        self._spawn(self._accept)
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self._lock:
            for connection in filter(is_open, self._connections):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        if self.failures:
            raise self.failures[0]

    def at(self, name):
        """The origin's text for a name that resolves to this peer."""
        return f"{name}:{self.port}@{self.address}"

    def _spawn(self, target, *arguments):
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:  # closed
                return
            self._spawn(self._serve, connection)

    def _serve(self, connection):
        with self._lock:
            self._connections.add(connection)
            self.accepted += 1
            self.open_most = max(self.open_most, sum(map(is_open, self._connections)))
        try:
            self.behave(connection)
        except OSError:  # the caller went away, which it may
            pass
        except Exception as error:  # shown when the block is left
            self.failures.append(error)
        finally:
            with self._lock:
                self._connections.discard(connection)
                connection.close()


def read_hello(connection):
    """The records of one ClientHello and its message: all bytes, and the body without headers."""
    taken = message = b""
    while len(message) < 4 or len(message) < 4 + int.from_bytes(message[1:4], "big"):
        header = connection.recv(5, socket.MSG_WAITALL)
        if len(header) < 5 or header[0] != HANDSHAKE_RECORD:
            raise AssertionError(f"no handshake record: {header!r}")
        body = connection.recv(int.from_bytes(header[3:5], "big"), socket.MSG_WAITALL)
        taken, message = taken + header + body, message + body
    return taken, message[4:]


# ---- Behaviours ------------------------------------------------------------------------------------------


def tarpit(connection):
    """Takes everything, says nothing, until the caller leaves."""
    while connection.recv(65536):
        pass


def talker(connection):
    """Sends bytes that are no TLS record for as long as they are taken."""
    connection.settimeout(20)
    while True:
        connection.sendall(b"talk " * 4096)


def record_talker(connection):
    """Sends TLS records of one handshake message that never ends."""
    connection.settimeout(20)
    record = struct.pack(">BHH", HANDSHAKE_RECORD, 0x0303, 16384)
    connection.sendall(record + bytes([11, 255, 255, 255]) + bytes(16380))
    while True:
        connection.sendall(record + bytes(16384))


def dripper(connection):
    """Sends a handshake record byte by byte, so that something comes all the time."""
    server_hello = struct.pack(">BBHH", 2, 0, 508, 0x0303) + bytes(506)
    connection.sendall(struct.pack(">BHH", HANDSHAKE_RECORD, 0x0303, len(server_hello)))
    for byte in server_hello:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def http(connection):
    read_hello(connection)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def closes(connection):
    """Reads the hello to its end first: closing on unread bytes would send a reset."""
    read_hello(connection)


# ---- A name server ---------------------------------------------------------------------------------------


class NoSuchName:
    """A DNS server that knows no name: NXDOMAIN (RFC 1035 4.1.1, code 3) to every question."""

    def __enter__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((own_address(), 0))
        self.socket.settimeout(0.1)
        self.asked = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(10)
        self.socket.close()

    def where(self):
        return "%s:%d" % self.socket.getsockname()

    def _answer(self):
        while not self._stop.is_set():
            try:
                query, caller = self.socket.recvfrom(1500)
            except TimeoutError:
                continue
            self.asked += 1
            end = query.index(b"\0", 12) + 5  # the question: name, type, class
            self.socket.sendto(self.reply(query, end), caller)

    def reply(self, query, end):
        return query[:2] + struct.pack(">HHHHH", 0x8183, 1, 0, 0, 0) + query[12:end]


class EveryName(NoSuchName):
    """A DNS server to which every name has these addresses."""

    def __init__(self, *addresses):
        self.addresses = [ipaddress.ip_address(address) for address in addresses]

    def reply(self, query, end):
        wanted = {1: 4, 28: 6}.get(int.from_bytes(query[end - 4:end - 2], "big"))  # A and AAAA
        found = [address for address in self.addresses if address.version == wanted]
        records = (struct.pack(">HHHIH", 0xC00C, 1 if wanted == 4 else 28, 1, 60, len(address.packed)) + address.packed
                   for address in found)
        return (query[:2] + struct.pack(">HHHHH", 0x8180, 1, len(found), 0, 0) + query[12:end] + b"".join(records))
