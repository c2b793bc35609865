"""The ClientHellos that proxies really send to their origins, from the real programs: how long they are under each
setting, fresh and with a ticket, and in what order their extensions come. docs/hellos.md has the tables;
ORIGINSCAN_UPDATE_GOLDEN=1 writes them anew. What the scanner sends in the name of a library is compared with it."""

import os
import re
import unittest

import peers
import settings_db
import target_programs
from client_hello import ALPN, GROUPS, PADDING, SHARES, Hello
from hello_relay import Relay, origin
from originscan import probe, run
from population import Folder
from servers import SOURCE
from settings_db import Zone
from target_programs import WEB, Case

DOCUMENT = SOURCE / "docs/hellos.md"
UPDATE = os.environ.get("ORIGINSCAN_UPDATE_GOLDEN") == "1"
HELLO_MAX = 2048  # the scanner's default, which test_longest_probe holds
TICKET_STEP = 16  # a ticket is a whole number of cipher blocks, and numbers in it vary by a byte or two

CLASSICAL = "X25519:P-256:P-384"
SETTINGS = {
    "off": CLASSICAL,
    "supported": "X25519MLKEM768:*X25519:P-256:P-384",
    "preferred, single": "*X25519MLKEM768:X25519:P-256:P-384",
    "preferred, dual": "*X25519MLKEM768:*X25519:P-256:P-384",
    "preferred, dual with P-256": "*X25519MLKEM768:*P-256:X25519:P-384",
}
GO = {"off": CLASSICAL, "preferred, dual": SETTINGS["preferred, dual"]}
NAME_BYTES = (10, 64)

# title, what runs it, its settings, the ALPN lists that it can send to an origin
PROGRAMS = [
    ("nginx 1.26, OpenSSL 3.5", target_programs.nginx, SETTINGS, ("",)),
    ("HAProxy 3.0, OpenSSL 3.5", target_programs.haproxy, SETTINGS, ("", WEB)),
    ("Traffic Server 9.2, OpenSSL 3.5", target_programs.traffic_server, SETTINGS, ("",)),
    ("Caddy 2.11, Go", target_programs.caddy, GO, ("", WEB)),
    ("openssl s_client 3.5", target_programs.openssl35, SETTINGS, ("", WEB)),
    ("openssl s_client 3.0", target_programs.openssl30, {"off": CLASSICAL}, ("", WEB)),
    ("curl 7.88, OpenSSL 3.0", target_programs.curl, {"off": CLASSICAL}, ("", WEB)),
]


def server_name(number, size):
    """A name of that many characters that no other case has."""
    middle = size - len("00.example") - 1
    return f"{number:02}.{'n' * middle + '.' if middle > 0 else ''}example"


def cases_of(settings, alpns):
    """The cases by setting, ALPN and length of the name."""
    keys = [(setting, alpn, size) for setting in settings for alpn in alpns for size in NAME_BYTES]
    return {key: Case(settings[key[0]], key[1], server_name(number, key[2])) for number, key in enumerate(keys)}


class Measured:
    """The hellos of one program for one case; the resumed ones are None where it keeps no ticket."""

    def __init__(self, visits):
        self.fresh = visits[0]
        self.resumed = visits[1] if visits[1].resumes() else None

    def largest(self):
        visits = [visit for visit in (self.fresh, self.resumed) if visit]
        return max(hello.bytes for visit in visits for hello in (visit.first, visit.second()) if hello)


def second_bytes(visit):
    return visit.second().bytes if visit and visit.second() else None


def shown(number):
    return "–" if number is None else f"{number:,}"


def row_of(title, setting, alpn, short, long):
    last = long.resumed or long.fresh
    numbers = [short.fresh.first.bytes, long.fresh.first.bytes, short.resumed and short.resumed.first.bytes,
               long.resumed and long.resumed.first.bytes, second_bytes(last)]
    return f"| {title} | {setting} | {'yes' if alpn else 'no'} | {' | '.join(map(shown, numbers))} |"


def order_row(title, short):
    """The order of extensions. Padding is there or not as the length wants it, and a ticket comes last of all."""
    fresh = short.fresh.first.order()
    resumed = short.resumed.first.order() if short.resumed else []
    added = [kind for kind in resumed if kind not in fresh]
    rest = [kind for kind in resumed if kind in fresh]
    if resumed and rest != [kind for kind in fresh if kind != PADDING or kind in resumed]:
        raise AssertionError(f"{title}: {fresh} when fresh, {resumed} when resumed")
    return f"| {title} | {' '.join(map(str, fresh))} | {' '.join(map(str, added)) or '–'} |"


def documented():
    """The rows of the document's tables, by what stands before their first number."""
    return [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| ")]


def rewrite(title, rows):
    """Puts the rows of that program in place of those that the document has."""
    lines, out = DOCUMENT.read_text().splitlines(), []
    pending = {"sizes": rows[:-1], "extensions": rows[-1:]}
    for line in lines:
        marker = re.match(r"<!-- end of (\w+) -->", line)
        if line.startswith(f"| {title} |"):
            kind = "sizes" if line.count("|") > 5 else "extensions"
            out += pending.pop(kind, [])
            continue
        if marker:
            out += pending.pop(marker[1], [])
        out.append(line)
    DOCUMENT.write_text("\n".join(out) + "\n")


def numbers_of(row):
    """A row's text, and its numbers where they are the sizes of hellos with a ticket."""
    cells = row.split("|")
    if len(cells) < 8:
        return row, []
    sizes = [int(cell.replace(",", "")) if "–" not in cell else None for cell in cells[6:9]]
    return "|".join(cells[:6]), sizes


def alike(row, other):
    """Whether two rows say the same, but for what varies in a ticket."""
    (text, sizes), (other_text, other_sizes) = numbers_of(row), numbers_of(other)
    return text == other_text and len(sizes) == len(other_sizes) and all(
        a == b or (a and b and abs(a - b) <= TICKET_STEP) for a, b in zip(sizes, other_sizes))


def measure(test, program, cases):
    """Each case's hellos, after the program has sent all of them."""
    folder = Folder(test)
    with origin() as server, Relay(server) as relay:
        program(relay, list(cases.values()), folder.path)
        visits = {key: relay.of(case.name) for key, case in cases.items()}
    for key, found in visits.items():
        test.assertEqual(len(found), 2, f"connections for {key}")
    return {key: Measured(found) for key, found in visits.items()}


class Targets(unittest.TestCase):
    maxDiff = None

    def check(self, title, program, settings, alpns):
        cases = cases_of(settings, alpns)
        measured = measure(self, program, cases)
        for key, hellos in measured.items():
            sent = hellos.fresh.first
            self.assertEqual(ALPN in sent.extensions, bool(key[1]), key)
            self.assertLessEqual(hellos.largest(), HELLO_MAX, f"{title}, {key}: the longest probe is too short")
        rows = [row_of(title, setting, alpn, *(measured[setting, alpn, size] for size in NAME_BYTES))
                for setting in settings for alpn in alpns]
        last = list(settings)[-1]
        rows.append(order_row(title, measured[last, alpns[-1], NAME_BYTES[0]]))
        if UPDATE:
            rewrite(title, rows)
        known = [row for row in documented() if row.startswith(f"| {title} |")]
        differ = [(was, row) for was, row in zip(known, rows) if not alike(was, row)]
        self.assertEqual(differ, [])
        self.assertEqual(len(known), len(rows), known)


def test_of(row):
    return lambda self: self.check(*row)


for each in PROGRAMS:
    setattr(Targets, f"test_{each[1].__name__}", test_of(each))


class Shapes(unittest.TestCase):
    """What the scanner sends as shape-* is what the library sends, but for name, groups, ALPN and shares."""
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        got = []

        def refuse(connection):
            got.append(Hello(connection))
            connection.sendall(peers.ALERT_HANDSHAKE_FAILURE)

        with peers.Peer(refuse) as peer:
            scan = probe(peer.at("00.example"), "--plan", "full")
        cls.sent = {result["name"]: hello for result, hello in zip(scan["probes"], got)}

    def check(self, name, program, setting):
        case = Case(SETTINGS[setting], WEB, server_name(0, 10))
        real = measure(self, program, {"only": case})["only"].fresh.first
        ours = self.sent[name]
        self.assertEqual(ours.ciphers, real.ciphers)
        self.assertEqual(ours.order(), real.order())
        for kind, content in real.extensions.items():
            if kind not in (GROUPS, SHARES):
                self.assertEqual(ours.extensions[kind].hex(), content.hex(), f"extension {kind}")

    def test_openssl(self):
        self.check("shape-openssl", target_programs.openssl35, "preferred, single")

    def test_go(self):
        self.check("shape-go", target_programs.caddy, "preferred, dual")

    def test_boringssl(self):
        self.check("shape-boringssl", target_programs.bssl, "preferred, single")

    def test_longest_probe(self):
        self.assertEqual(self.sent["preferred-dual"].bytes, HELLO_MAX)


class Strings(unittest.TestCase):
    def test_groups_are_those_of_the_export(self):
        """The lists of the table are what a zone of each setting is exported with."""
        hybrid, listed = "X25519MLKEM768", CLASSICAL.split(":")
        p256 = ["P-256", "X25519", "P-384"]
        zones = {"off": ("single", Zone("off.zone", "off", "X25519", listed)),
                 "supported": ("single", Zone("supported.zone", "supported", "X25519", [hybrid, *listed])),
                 "preferred, single": ("single", Zone("single.zone", "preferred", hybrid, [hybrid, *listed])),
                 "preferred, dual": ("dual", Zone("dual.zone", "preferred", hybrid, [hybrid, *listed], variant="dual")),
                 "preferred, dual with P-256": ("dual", Zone("dual-p256.zone", "preferred", hybrid, [hybrid, *p256],
                                                             variant="dual"))}
        db = Folder(self).path / "settings.db"
        settings_db.make(db, [zone for _, zone in zones.values()], "127.0.0.1", 9)
        found = {}
        for setting, (variant, zone) in zones.items():
            done = run("export", "--db", db, "--format", "openssl", "--variant", variant, "--zone", zone.name)
            self.assertEqual(done.returncode, 0, done.stderr)
            found[setting] = re.search(r"^Groups = (\S+)$", done.stdout, re.M)[1]
        self.assertEqual(found, SETTINGS)


if __name__ == "__main__":
    unittest.main()
