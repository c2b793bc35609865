"""A relay in front of a TLS 1.3 server that keeps the ClientHellos of those who come: a program believes that it
talks to the server, finishes its handshake and gets a ticket, and we see what it sent first."""

import contextlib
import socket
import threading

import peers
from client_hello import Offer
from servers import Start, certificate, newer_debian, nginx_command

PRE_SHARED_KEY = 41
HANDSHAKE, CHANGE_CIPHER_SPEC, CLIENT_HELLO = 22, 20, 1


def origin():
    """The server behind the relay: answers each request with 204 and closes; its tickets are OpenSSL 3.5's."""
    def command(address, port, folder):
        made = certificate("ecdsa")
        return nginx_command(
            newer_debian("nginx"), folder,
            f"    keepalive_timeout 0;\n    ssl_protocols TLSv1.3;\n"
            f"    ssl_certificate {made.cert};\n    ssl_certificate_key {made.key};\n"
            f"    server {{ listen {address}:{port} ssl; return 204; }}\n", connections=256)
    return Start("hello-origin", "ecdsa", command)


def second_hello(sent):
    """The hello that answers a retry, from what a client sent behind its first one; None if there is none."""
    at = 0
    while len(sent) >= at + 9 and sent[at] in (CHANGE_CIPHER_SPEC, HANDSHAKE):
        end = at + 5 + int.from_bytes(sent[at + 3:at + 5], "big")
        if sent[at] == HANDSHAKE:
            return Offer(sent[at + 9:end], end - at) if sent[at + 5] == CLIENT_HELLO else None
        at = end
    return None


class Visit:
    """One connection: the first hello, and what the client sent later."""

    def __init__(self, first):
        self.first, self.sent = first, b""

    def second(self):
        return second_hello(self.sent)

    def resumes(self):
        return PRE_SHARED_KEY in self.first.extensions


class Relay(contextlib.AbstractContextManager):
    """`refuses` says of a first hello whether the connection is closed on it, as a firewall would."""

    def __init__(self, server):
        self.server, self.visits = server, {}
        self.refuses = lambda offer: False
        self.peer = peers.Peer(self._pass_on)

    def __enter__(self):
        self.peer.__enter__()
        self.address, self.port = self.peer.address, self.peer.port
        return self

    def __exit__(self, *everything):
        self.peer.__exit__(*everything)

    def of(self, name):
        """The visits under that server name, in order."""
        return self.visits.get(name, [])

    def _pass_on(self, connection):
        taken, body = peers.read_hello(connection)
        visit = Visit(Offer(body, len(taken)))
        self.visits.setdefault(visit.first.server_name(), []).append(visit)
        if self.refuses(visit.first):
            return
        with socket.create_connection((self.server.address, self.server.port)) as origin:
            origin.sendall(taken)
            back = threading.Thread(target=peers.copy, args=(origin, connection), daemon=True)
            back.start()
            try:
                while data := connection.recv(65536):
                    visit.sent += data
                    origin.sendall(data)
                origin.shutdown(socket.SHUT_WR)
            except OSError:  # one end went away, which it may
                pass
            back.join(10)
