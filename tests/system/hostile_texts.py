"""Texts that would run, fetch, hide or forge something if a page or a terminal took them for more than text, and whoever
sends them: zones, rows of a database, certificates, servers that speak no TLS."""

import contextlib
import re
import socket
import ssl
import subprocess
import threading

import settings_db
import strange_names

PAYLOADS = (
    "<script>alert(%d)</script>", "</style><script>alert(%d)</script>", "<img src=x onerror=alert(%d)>",
    "\"><svg onload=alert(%d)>", "' onmouseover='alert(%d)", "javascript:alert(%d)", "<!--%d", "]]><b>%d", "&lt;b>%d",
    "&#60;script>alert(%d)&#60;/script>", "</title><script>alert(%d)</script>", "<a href=//evil.example/%d>x</a>",
    "<link rel=stylesheet href=http://127.0.0.1:9/%d>", "<meta http-equiv=refresh content=0;url=http://127.0.0.1:9/%d>",
    "</details></table><iframe src=http://127.0.0.1:9/%d>", "<style>@import 'http://127.0.0.1:9/%d'</style>",
    "{{%d*7}}${7*7}", "data:text/html,<script>alert(%d)</script>", "\u202e<b>%d\u2066",
    "<base href=http://127.0.0.1:9/%d>", "=cmd|'/c calc'!A%d", "%%3Cscript%%3Ealert(%d)%%3C/script%%3E",
)
# What a terminal obeys or shows out of order, a line that only looks like ours, what is no UTF-8.
OBEYED = (
    b"\x1b[31mR%d", b"\x1b]0;title%d\x07", b"a\nFORGED %d", b"a\rFORGED %d", b"\xc2\x9b2J%d", b"\x9b2J%d", b"\xc2\x85FORGED %d",
    b"\xe2\x80\xa8FORGED %d", b"\xe2\x80\xaetxt.%d", b"\xe2\x81\xa6%d", b"\xe2\x80\x8f%d", b"\xff\xfe%d", b"\t\x08\x7f%d",
    b"\xc3(%d", b"good.example\0.evil.example %d", b"\xef\xbb\xbf%d",
)
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Nothing of the kind may be in any output, but for the ends of lines.
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")


def raw_lines(text):
    """The lines in which something raw stands, or that only look like ours."""
    return [line for line in text.split("\n") if RAW.search(line) or re.match(r"\s*FORGED", line)]


def payloads(n):
    """So many texts, all different."""
    return [PAYLOADS[i % len(PAYLOADS)] % i for i in range(n)]


def texts(n):
    """So many of bytes, turn about of both kinds."""
    obeyed = (OBEYED[i % len(OBEYED)].replace(b"%d", b"%d" % i) for i in range(n))
    return [text for pair in zip(map(str.encode, payloads(n)), obeyed) for text in pair][:n]


def names(n):
    """As many names of zones that mean harm or that nobody would choose. A control character is refused in a name."""
    drawn = dict.fromkeys(name for name in payloads(n) + strange_names.draw(n, 7)
                          if name.strip() and not CONTROL.search(name))
    return list(drawn)[:n]


def poison(path, texts):
    """Puts the texts wherever the database has text, as somebody else may have written it: a zone each."""
    with settings_db.opened(path) as db:
        zones = [row[0] for row in db.execute("SELECT id FROM zone ORDER BY id LIMIT ?", (len(texts),))]
        rows = list(zip(texts, zones))
        db.executemany("INSERT INTO lever (zone_id, name, value, set_at, comment) SELECT ?2, 'pin', 'off', 1, ?1", rows)
        db.executemany("INSERT INTO zone_setting (zone_id, setting, variant, first_share, groups, reason, since,"
                       " evidence_scans, previous, stage_percent) VALUES (?2, 'off', ?1, 29, '29', ?1, 1, 1, ?1, 100)", rows)
        db.executemany("UPDATE origin SET host = ?1 || id, sni = ?1, dialled = ?1, status = 'complete', verdict = 'size-limit',"
                       " scanned_at = 1, last_scan = 1, conclusive = 1, concluded_at = 1, decided_at = 1, group_order = ?1"
                       " WHERE id = (SELECT origin_id FROM membership WHERE zone_id = ?2)", rows)
        db.executemany("INSERT INTO failure (origin_id, position, verdict, probe, outcome, stage, detail, scanned_at)"
                       " SELECT origin_id, 1, 'size-limit', ?1, ?1, ?1, ?1, 1 FROM membership WHERE zone_id = ?2", rows)
        db.executemany("INSERT INTO change (changed_at, subject, field, old, new, reason)"
                       " SELECT CAST(unixepoch() AS INTEGER) * 1000, 'zone:' || ?2, 'setting', ?1, ?1, ?1", rows)


# ---- certificates: made byte by byte, for no tool writes such names ----

UTF8, LATIN1, UTF16, DNS = 0x0c, 0x14, 0x1e, 0x82  # UTF8String, TeletexString, BMPString, [2] of a GeneralName
COMMON_NAME, ORGANISATION, ALTERNATIVE_NAMES = bytes.fromhex("550403"), bytes.fromhex("55040a"), bytes.fromhex("551d11")
ALGORITHM = bytes.fromhex("300a06082a8648ce3d040302")  # ecdsa-with-SHA256
VALID = b"260101000000Z", b"491231235959Z"


def _der(tag, *parts):
    content = b"".join(parts)
    n = len(content)
    length = bytes([n]) if n < 128 else bytes([0x80 + (n.bit_length() + 7) // 8]) + n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag]) + length + content


def _sequence(*parts):
    return _der(0x30, *parts)


def _name(kind, tag, text):
    """A distinguished name of one part. OpenSSL loads no UTF8String that is none."""
    if tag == UTF8 and "\ufffd" in text.decode(errors="replace"):
        tag = LATIN1
    return _sequence(_der(0x31, _sequence(_der(0x06, kind), _der(tag, text))))


def _certificate(key_der, subject, issuer, dns):
    names = _sequence(*[_der(DNS, name) for name in dns])
    extensions = _der(0xa3, _sequence(_sequence(_der(0x06, ALTERNATIVE_NAMES), _der(0x04, names))))
    told = _sequence(_der(0xa0, b"\x02\x01\x02"), b"\x02\x01\x01", ALGORITHM, issuer,
                     _sequence(*[_der(0x17, day) for day in VALID]), subject, key_der, extensions)
    return _sequence(told, ALGORITHM, _der(0x03, b"\0" + _sequence(b"\x02\x01\x01", b"\x02\x01\x01")))


class Certificates:
    """Servers' TLS with a key in common and a certificate for each name. Signed by nobody, which is not looked at."""

    def __init__(self, folder):
        self.folder, self.key = folder, folder / "server.key"
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.key], check=True)
        self.key_der = subprocess.run(["openssl", "pkey", "-in", self.key, "-pubout", "-outform", "DER"], check=True,
                                      capture_output=True).stdout

    def _context(self, subject, issuer, dns=(b"x",)):
        path = self.folder / "server.crt"
        path.write_text(ssl.DER_cert_to_PEM_cert(_certificate(self.key_der, subject, issuer, dns)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path, self.key)
        return context

    def common_name(self, text):
        return self._context(_name(COMMON_NAME, UTF8, text), _name(COMMON_NAME, UTF8, b"issuer " + text))

    def organisation(self, text):
        """In two other codes of characters: one byte and two bytes for each."""
        wide = b"".join(bytes((0, byte)) for byte in text)
        return self._context(_name(ORGANISATION, LATIN1, text), _name(ORGANISATION, UTF16, b"\0i" + wide))

    def dns_name(self, text):
        return self._context(_sequence(), _name(COMMON_NAME, UTF8, text), (text, b"second " + text))


def serve_names(test, contexts):
    """A server on 127.0.0.1 with a certificate for each name, until the test ends. Returns its port."""
    def choose(connection, name, _):
        connection.context = contexts.get(name, first)

    def answer(peer):
        with contextlib.suppress(OSError), first.wrap_socket(peer, server_side=True) as connection:
            connection.recv(1)

    first = next(iter(contexts.values()))
    first.sni_callback = choose
    return _serve(test, answer)


def serve_bytes(test, data):
    """A server that says the same to everybody, without TLS. Returns its port."""
    def answer(peer):
        with contextlib.suppress(OSError), peer:
            peer.recv(4096)
            peer.sendall(data)
    return _serve(test, answer)


def _serve(test, answer):
    def accept():
        with contextlib.suppress(OSError):
            while True:
                peer = listener.accept()[0]
                peer.settimeout(5)
                threading.Thread(target=answer, args=(peer,), daemon=True).start()

    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    test.addCleanup(listener.close)
    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]
