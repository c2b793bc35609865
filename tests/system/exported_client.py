"""A real OpenSSL client that sends what an export says, with a fresh session and with a resumed one."""

import re
import subprocess

from servers import newer_debian


class Client:
    """OpenSSL 3.5 with the groups of one zone. `request` is what it says once connected; where it is not None, the
    client stays until the server closes, so that a ticket that comes late is seen."""

    def __init__(self, folder, address, port, groups, alpn="h2,http/1.1", request=None):
        self.command = [newer_debian("openssl"), "s_client", "-connect", f"{address}:{port}", "-servername",
                        "origin.example", "-groups", groups, *(["-alpn", alpn] if alpn else []),
                        *(["-ign_eof"] if request else [])]
        self.session, self.request = folder / f"{address}.session", request or "Q\n"

    def talk(self, *options):
        """What the client says of the connection; "" where it came to no end."""
        try:
            return subprocess.run([*map(str, self.command), *map(str, options)], input=self.request,
                                  capture_output=True, text=True, timeout=60).stdout
        except subprocess.TimeoutExpired:
            return ""

    @staticmethod
    def is_finished(said):
        return "Cipher is (NONE)" not in said and "Cipher is " in said

    def connect(self, *options):
        """Whether the handshake was finished, and whether a session was resumed."""
        said = self.talk(*options)
        return self.is_finished(said), "\nReused, " in said

    def fails(self):
        """What went wrong, in a word; "" if nothing did."""
        fresh, _ = self.connect("-sess_out", self.session)
        if not fresh:
            return "fresh"
        if not self.session.exists() or self.session.stat().st_size == 0:
            return ""
        resumed, _ = self.connect("-sess_in", self.session)
        return "" if resumed else "resumed"


def sections(text):
    """The groups that an OpenSSL export has for each zone."""
    return dict(re.findall(r"^\[originscan_(\S+)\]\n(?:.*\n)*?Groups = (\S+)$", text, re.M))
