"""Boxes in front of real TLS servers, each on an address of its own: they read the hellos that pass, hand the
connection on to a server, and spoil what their rules say, in every way in which a connection can end."""

import asyncio
import socket
import struct
import threading

from client_hello import SHARES, Offer
from servers import free_port

CHANGE_CIPHER_SPEC, HANDSHAKE, APPLICATION_DATA = 20, 22, 23
CLIENT_HELLO, SERVER_HELLO, SERVER_KEY_EXCHANGE = 1, 2, 12
RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
PATIENCE_S = 30  # longer than any client waits


# ---- How a connection ends -------------------------------------------------------------------------------


async def close(reader, writer):
    """A FIN that unread bytes do not turn into a RST."""
    writer.write_eof()
    while await reader.read(65536):
        pass


async def reset(reader, writer):
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def silence(reader, writer):
    while await reader.read(65536):
        pass


def alert(number):
    async def end(reader, writer):
        writer.write(bytes([21, 3, 3, 0, 2, 2, number]))
        await close(reader, writer)
    return end


def retry_request(hello, group):
    """A HelloRetryRequest of TLS 1.3 that asks for that group."""
    versions, share = b"\0\x2b\0\2\3\4", b"\0\x33\0\2" + group.to_bytes(2, "big")
    body = (b"\3\3" + RETRY_RANDOM + bytes([len(hello.session_id)]) + hello.session_id + b"\x13\1\0" +
            (len(versions) + len(share)).to_bytes(2, "big") + versions + share)
    message = bytes([SERVER_HELLO]) + len(body).to_bytes(3, "big") + body
    return bytes([HANDSHAKE, 3, 3]) + len(message).to_bytes(2, "big") + message


def asks_again(hello, group):
    async def end(reader, writer):
        writer.write(retry_request(hello, group))
        await silence(reader, writer)
    return end


async def http(reader, writer):
    """What a web server says to bytes that it takes for a request."""
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await close(reader, writer)


async def alert_and_reset(reader, writer):
    writer.write(bytes([21, 3, 3, 0, 2, 2, 40]))
    await writer.drain()
    await asyncio.sleep(0.02)
    await reset(reader, writer)


ALERTS = (40, 47, 50, 70, 80, 109, 110, 112, 120)
ABRUPT = {"closes": close, "resets": reset, "is silent": silence}
ODD = {"says close_notify": alert(0), "resets behind an alert": alert_and_reset, "answers in HTTP": http}
ENDS = {**{f"alert {number}": alert(number) for number in ALERTS}, **ABRUPT, **ODD}


class Nobody:
    """In place of a reader where another one reads already."""

    @staticmethod
    async def read(_):
        return b""


# ---- Boxes -----------------------------------------------------------------------------------------------


class Box:
    """`server` is where connections go. `first(hello)` and `second(hello)` say what becomes of a ClientHello: None
    (it passes), an ending, or the name of another server. `answer(hello, message)` may change a handshake message of
    the server that is in the clear; `forward(hello)` the bytes of a hello. `drop` is the type of
    the server's records that are lost, `cut(hello, message)` the ending behind a message of the server, and `flight`
    that at the client's first record behind its hellos; a hello is held back for `delay(hello)` seconds."""

    def __init__(self, server, first=None, second=None, answer=None, forward=None, drop=None,
                 cut=None, flight=None, delay=None):
        self.server, self.first, self.second = server, first, second
        self.answer, self.forward, self.drop = answer, forward, drop
        self.cut, self.flight, self.delay = cut, flight, delay
        self.connections = 0

    def verdict(self, rule, hello):
        """The ending and the server that the rule gives."""
        said = rule(hello) if rule else None
        return (said, None) if callable(said) else (None, said or self.server)


class Hello(Offer):
    """A ClientHello as it came; `raw` is its records, `number` counts the connections to the box."""

    def __init__(self, raw, message, number):
        super().__init__(message[4:], len(raw))
        self.raw, self.number = raw, number
        self.session_id = message[39:39 + message[38]]

    def shares(self):
        return super().shares() if SHARES in self.extensions else None


def is_whole(message):
    return len(message) >= 4 and len(message) >= 4 + int.from_bytes(message[1:4], "big")


async def read_record(reader):
    header = await reader.readexactly(5)
    return header, await reader.readexactly(int.from_bytes(header[3:], "big"))


async def read_hello(reader, number, header=None, body=b""):
    """The next ClientHello, of which one record may have been read."""
    raw, message = (header or b"") + body, body
    while not is_whole(message):
        header, body = await read_record(reader)
        if header[0] != HANDSHAKE:
            raise ConnectionError("no ClientHello")
        raw, message = raw + header + body, message + body
    return Hello(raw, message, number)


def is_hello(body):
    """Not a message of TLS 1.2 that is encrypted and begins alike."""
    return body[:1] == bytes([CLIENT_HELLO]) and body[4:6] == b"\3\3"


def messages_of(body):
    at = 0
    while at + 4 <= len(body):
        end = at + 4 + int.from_bytes(body[at + 1:at + 4], "big")
        yield body[at:end]
        at = end


class Boxes:
    """Serves the boxes, by their address, on one port, inside a `with` block."""

    def __init__(self, boxes, servers):
        self.boxes, self.servers = boxes, servers

    def __enter__(self):
        self.listener = socket.create_server(("0.0.0.0", free_port()), backlog=4096)
        self.port = self.listener.getsockname()[1]
        self.loop = asyncio.new_event_loop()
        self.thread, self.serving = threading.Thread(target=self._run, daemon=True), threading.Event()
        self.thread.start()
        self.serving.wait(10)
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.listener.close()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(asyncio.start_server(self._serve, sock=self.listener, backlog=4096))
        self.loop.call_soon(self.serving.set)
        self.loop.run_forever()
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self.loop.close()

    async def _serve(self, reader, writer):
        box = self.boxes[writer.get_extra_info("sockname")[0]]
        box.connections += 1
        try:
            await asyncio.wait_for(self._meet(box, box.connections, reader, writer), PATIENCE_S)
        except (OSError, EOFError, asyncio.TimeoutError):  # one side went away, which it may
            pass
        finally:
            writer.close()

    async def _meet(self, box, number, reader, writer):
        hello = await read_hello(reader, number)
        if box.delay:
            await asyncio.sleep(box.delay(hello))
        end, server = box.verdict(box.first, hello)
        if end:
            return await end(reader, writer)
        back_reader, back_writer = await asyncio.open_connection(*self.servers[server])
        try:
            back_writer.write(box.forward(hello) if box.forward else hello.raw)
            back = asyncio.ensure_future(self._answer(box, hello, back_reader, writer))
            try:
                await self._pass_on(box, number, reader, writer, back_writer)
            finally:
                if back_writer.can_write_eof() and not back_writer.is_closing():
                    back_writer.write_eof()
                await back
        finally:
            back_writer.close()

    @staticmethod
    async def _pass_on(box, number, reader, writer, back_writer):
        """What follows the first hello, record by record as long as that is in the clear."""
        encrypted = answered = False
        while not encrypted:
            try:
                header, body = await read_record(reader)
            except asyncio.IncompleteReadError:
                return
            encrypted = header[0] == APPLICATION_DATA
            if header[0] == HANDSHAKE and not answered and is_hello(body):
                answered = True
                hello = await read_hello(reader, number, header, body)
                end, _ = box.verdict(box.second, hello)
                if end:
                    return await end(reader, writer)
                back_writer.write(box.forward(hello) if box.forward else hello.raw)
            elif box.flight and header[0] != CHANGE_CIPHER_SPEC:
                return await box.flight(reader, writer)
            else:
                back_writer.write(header + body)
        while data := await reader.read(65536):
            back_writer.write(data)

    @staticmethod
    async def _answer(box, hello, back_reader, writer):
        """The server's side, record by record where something may be changed."""
        try:
            while box.answer or box.drop or box.cut:
                header, body = await read_record(back_reader)
                if header[0] == box.drop:
                    continue
                if box.cut and header[0] == HANDSHAKE and (end := box.cut(hello, body)):
                    writer.write(header + body)
                    await writer.drain()
                    return await end(Nobody, writer)
                if header[0] == HANDSHAKE and box.answer:
                    body = b"".join(box.answer(hello, message) for message in messages_of(body))
                    header = header[:3] + len(body).to_bytes(2, "big")
                writer.write(header + body)
            while data := await back_reader.read(65536):
                writer.write(data)
            if writer.can_write_eof() and not writer.is_closing():
                writer.write_eof()
        except (OSError, EOFError):
            pass
