"""HTTP as bytes: a client that says exactly what a test wants said, and hears exactly what came."""

import json
import socket
import time


class Reply:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.line = lines[0]
        self.status = int(lines[0].split(" ")[1]) if lines[0].startswith("HTTP/1.1 ") else 0
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()

    def json(self):
        return json.loads(self.body)


def connect(where, within_s=60):
    """`where`: a port of 127.0.0.1, or the path of a Unix socket."""
    family = socket.AF_INET if isinstance(where, int) else socket.AF_UNIX
    peer = socket.socket(family, socket.SOCK_STREAM)
    peer.settimeout(within_s)
    try:
        peer.connect(("127.0.0.1", where) if isinstance(where, int) else str(where))
    except OSError:
        peer.close()
        raise
    return peer


def read_all(peer):
    """Everything until the other side closes."""
    data = b""
    try:
        while piece := peer.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def exchange(where, data, within_s=60):
    """Everything that is answered to these bytes."""
    with connect(where, within_s) as peer:
        try:
            peer.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return read_all(peer)


def statuses(data):
    """The statuses of the replies in a stream, each by its Content-Length."""
    found = []
    while data:
        reply = Reply(data)
        found.append(reply.status)
        data = reply.body[int(reply.headers.get("content-length", 0)):]
    return found


def head(method, path, headers=(), body=b"", host="localhost"):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "".join(line + "\r\n" for line in lines).encode() + b"\r\n" + body


def ask(where, method, path, headers=(), body=b"", host="localhost"):
    return Reply(exchange(where, head(method, path, headers, body, host)))


def get(where, path, **more):
    return ask(where, "GET", path, **more)


def seconds_of(call):
    began = time.monotonic()
    call()
    return time.monotonic() - began
