"""A ClientHello as it arrives, read from a connection: what it offers, and how it came."""

import socket
import struct

import peers

X25519, P256, P384, P521, HYBRID, DRAFT = 29, 23, 24, 25, 4588, 25497
SERVER_NAME, GROUPS, SIGNATURES, ALPN, PADDING, VERSIONS, SHARES = 0, 10, 13, 16, 21, 43, 51


class Segments:
    """What the kernel counted on an accepted socket (struct tcp_info of linux/tcp.h)."""

    def __init__(self, connection):
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        self.largest = struct.unpack_from("=I", info, 20)[0]  # tcpi_rcv_mss
        self.with_data = struct.unpack_from("=I", info, 152)[0]  # tcpi_data_segs_in


def numbers(data):
    return list(struct.unpack(f">{len(data) // 2}H", data))


class Offer:
    """What a hello offers, from its message without header; `wire_bytes` are those of its records."""

    def __init__(self, body, wire_bytes):
        self.bytes = wire_bytes
        at = 34 + 1 + body[34]
        ciphers = int.from_bytes(body[at:at + 2], "big")
        self.ciphers = numbers(body[at + 2:at + 2 + ciphers])
        at += 2 + ciphers
        at += 1 + body[at] + 2
        self.extensions = {}
        while at < len(body):
            kind, n = struct.unpack_from(">HH", body, at)
            self.extensions[kind] = body[at + 4:at + 4 + n]
            at += 4 + n

    def order(self):
        """The types of the extensions as they came."""
        return list(self.extensions)

    def groups(self):
        return numbers(self.extensions[GROUPS][2:])

    def shares(self):
        data, at, groups = self.extensions[SHARES], 2, []
        while at < len(data):
            group, n = struct.unpack_from(">HH", data, at)
            groups.append(group)
            at += 4 + n
        return groups

    def server_name(self):
        return self.extensions[SERVER_NAME][5:].decode() if SERVER_NAME in self.extensions else None

    def alike(self):
        """All that must not differ between probes. Padding (RFC 7685) follows from the length."""
        own = (GROUPS, SHARES, PADDING)
        return self.ciphers, {kind: data for kind, data in self.extensions.items() if kind not in own}


class Hello(Offer):
    def __init__(self, connection):
        taken, body = peers.read_hello(connection)
        super().__init__(body, len(taken))
        self.segments = Segments(connection)
