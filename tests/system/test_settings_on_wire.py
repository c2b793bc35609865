"""Every setting that the confusion matrix leads to, proven on the wire: a real OpenSSL client sends what the setting
says to the behaviour that it was made for, with a fresh session and with the one that it got, and meets what the scan
has foreseen. Rows without a setting are listed with their verdict, so that none is silently left out.

The lab finishes handshakes (BoringSSL does them), so nothing less than a finished one is proof."""

import collections
import concurrent.futures
import re
import subprocess
import time
import unittest

import confusion
import settings_db
from lab import TIMEOUT, Lab
from originscan import run
from population import Database
from servers import newer_debian, workshop

HYBRID = "X25519MLKEM768"
SMALL_HELLOS_GET = "origin.lab.test"  # the lab's other certificate is for `wrong-backend`
PLANS = "daily", "quick", "full"
WORKERS = 4
# The scans wait for each other's first seconds, in which all origins but the silent ones are computed with.
APART_S = 7
# The full plan has forty questions, for each of which these let the scanner wait.
SILENT = re.compile("hang|silence|tarpit|never|endless|slow|drip")
TICKET_WITHIN_S = 2  # where none is known to come
TICKET_PATIENCE_S = 30  # where one is

# Beyond the matrix: the same faults on origins with other groups, where another setting or none is left.
MORE = """
127.78.1.1   large-first-only groups=X25519MLKEM768
127.78.1.2   large-second-only groups=X25519MLKEM768
127.78.1.3   size-close size=1500 groups=X25519MLKEM768
127.78.1.4   size-hang size=1600 groups=X25519MLKEM768,P-256
127.78.1.5   first-segment-close groups=X25519MLKEM768
127.78.1.6   one-read-both groups=X25519MLKEM768
127.78.1.7   wrong-backend groups=X25519MLKEM768,P-256
127.78.1.8   version-fallback groups=X25519MLKEM768,P-256
127.78.1.9   unknown-share-alert groups=P-384
127.78.1.10  hybrid-share-close groups=P-384,P-256
127.78.1.11  resume-close groups=P-256
127.78.1.12  resume-close groups=X25519MLKEM768
127.78.1.13  resume-close groups=X25519,P-256
127.78.1.14  resume-retry-close groups=P-256,X25519
127.78.1.15  resume-retry-close groups=X25519MLKEM768
127.78.1.16  resume-retry-alert groups=P-384,X25519MLKEM768
127.78.1.17  no-retry groups=P-384,P-256
127.78.1.18  no-retry-close groups=X25519MLKEM768
127.78.1.19  tls12 client_cert=require
127.78.1.20  retry-close groups=X25519MLKEM768
127.78.1.21  hybrid-both-close groups=X25519MLKEM768
127.78.1.22  flight-close groups=P-256,X25519
127.78.1.23  tls12-large-hang groups=P-521,P-384
127.78.1.24  wrong-backend groups=P-256,X25519MLKEM768
127.78.1.25  no-retry pref=server groups=P-384,P-256
127.78.1.26  no-retry-close pref=server groups=P-384,P-256
127.78.1.27  retry-close groups=P-384,P-256
127.78.1.28  retry-alert groups=P-521,P-384,P-256
"""

# By verdict: the rows for which nothing is advised.
UNADVISED = {
    # nothing in common
    "draft-only": ["draft-only"],
    "other-hybrid": ["other-hybrid groups=MLKEM1024"],
    # a client certificate, a protocol or a name that was not there; or nobody gets through
    "handshake-refused": ["refuse-tls", "handshake-refused", "handshake-refused alert=80", "handshake-refused alert=40",
                          "tls12-rsa client_cert=require", "alpn-strict", "alpn-required", "name-required", "name-known",
                          "alpn-required alert=40", "name-required alert=80", "tls12 client_cert=require"],
    "never-finishes": ["never-finishes", "broken-flight", "tls12-wrong-curve", "tls12-wrong-curve curve=65535"],
    # the scan is no ground for advice
    "interrupted": ["ban", "large-ban"],
    "not_tls": ["http", "ssh", "garbage", "endless", "endless-tls", "endless-warnings", "endless-empty"],
    "unreachable": ["never-answers", "close-at-once", "reset-at-once", "closed-port", "tarpit", "alpn-required-close"],
    "unstable": ["unstable", "pool-classical", "pool-tls12"],
    # no session is ever resumed
    "resumption-fails": ["resume-close", "resume-reset", "resume-alert", "resume-hang", "resume-close groups=P-256",
                         "resume-close groups=X25519MLKEM768", "resume-close groups=X25519,P-256",
                         "size-close size=1500 groups=X25519MLKEM768"],
    # no control: the hello of `classical` is refused or breaks off, and that of `preferred` as well
    "ready-after-retry": ["flight-close", "flight-reset", "flight-hang", "large-first-only groups=X25519MLKEM768",
                          "first-segment-close groups=X25519MLKEM768"],
    "ready": ["one-read-both groups=X25519MLKEM768"],
    # nor is it known which of two shares would be taken without a retry
    confusion.NONE: ["hybrid-both-close groups=X25519MLKEM768", "no-retry groups=P-384,P-256",
                     "no-retry pref=server groups=P-384,P-256", "no-retry-close pref=server groups=P-384,P-256"],
}


def with_tickets(table):
    """The matrix's table, where every origin that can gives tickets: else nothing would be resumed."""
    return "".join(f"{line} tickets=yes\n" for line in table.splitlines() if line.split("#")[0].strip())


class Row:
    """A behaviour, where it lives, what the scan says of it."""

    def __init__(self, number, line, scan):
        self.zone, self.line, self.scan = f"row-{number}", line, scan
        self.name = confusion.name(line)
        self.address = scan["origin"]["address"]
        self.advice = scan["recommendation"]

    def mode(self, setting):
        """What the scan says that this setting meets: the group and whether there is a retry; None where it was
        measured with another share."""
        fact = self.scan["modes"][setting]
        return (fact["group"], fact["retry"]) if fact["works"] else None


class World:
    """Both ways to a setting, once for all tests: `probe`, and `scan` with a database and `export`; and what clients
    met, by address and groups."""

    met = {}

    @classmethod
    def visit(cls):
        newer_debian("openssl")
        table = confusion.table() + MORE
        cls.lines = confusion.lines(table)
        cls.table = with_tickets(table)
        with concurrent.futures.ThreadPoolExecutor(len(PLANS) + 1) as pool:
            scanned, probed = pool.submit(cls.scan), {}
            for plan in PLANS:
                time.sleep(APART_S)
                probed[plan] = pool.submit(cls.probe, plan)
            cls.by_plan = {plan: rows.result() for plan, rows in probed.items()}
            cls.zones, cls.single, cls.dual = scanned.result()
        cls.rows = cls.by_plan["daily"]
        cls.scan_late_ones_again()
        cls.with_tickets = {row.address for row in cls.rows if row.scan["resumed_works"] is not None}

    @classmethod
    def probe(cls, plan):
        asked = [number for number, line in enumerate(cls.lines) if plan != "full" or not SILENT.search(line)]
        with Lab("".join(cls.table.splitlines(True)[number] for number in asked)) as lab:
            return [Row(number, cls.lines[number], scan)
                    for number, scan in zip(asked, lab.scan("--plan", plan).values())]

    @classmethod
    def scan(cls):
        """The zones' settings, a zone a row, and the exported groups of both variants."""
        with Lab(cls.table) as lab:
            cls.port, db = lab.port, Database(workshop() / "scanned.db")
            db.import_(["zone,host,port"] + [f"row-{number},{origin.replace(':', ',')}"
                                             for number, origin in enumerate(lab.origins().values())])
            return cls.settle(db)

    @staticmethod
    def settle(db, *names):
        done = db.scan(*names, profile="fast", timeout_ms=int(TIMEOUT[1]) * 1000)
        if done.returncode > 1:
            raise AssertionError(done.stderr)
        zones = {row["zone"]: dict(row) for row in db.rows("SELECT * FROM v_zone_setting")}
        return zones, exported(db.path), exported(db.path, "--variant", "dual")

    @classmethod
    def scan_late_ones_again(cls):
        """What a busy machine hears late is no trial, so that a zone may have a lower setting or none from its first
        visit; a later one brings the rest."""
        db = Database(workshop() / "scanned.db")
        for _ in range(3):
            late = [row.zone for row in cls.rows if not BothWays.varies(row)
                    and BothWays.of_zone(row) != BothWays.of_scan(row)]
            if not late:
                break
            with Lab(cls.table) as lab:
                with settings_db.opened(db.path) as rows:
                    rows.execute("UPDATE origin SET port = port + ?", (lab.port - cls.port,))
                cls.port = lab.port
                cls.zones, cls.single, cls.dual = cls.settle(db, *late)


def exported(path, *options):
    """The group string of each zone, as the program writes it for OpenSSL 3.5."""
    done = run("export", "--db", path, "--format", "openssl", *options)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return dict(re.findall(r"^\[originscan_(\S+)\]\n(?:.*\n)*?Groups = (\S+)$", done.stdout, re.M))


def setUpModule():
    World.visit()


class Connection:
    """Whether the handshake was finished, whether a session was resumed by it, in which version, with whom. Of a
    session that it was given, s_client tells even if nobody answered: then only its exit status says so."""

    def __init__(self, said, status):
        ended = re.search(r"^(New|Reused), (\S+), Cipher is (\S+)$", said, re.M)
        subject = re.search(r"^subject=CN ?= ?(\S+)$", said, re.M)
        self.finished = bool(ended) and ended[3] != "(NONE)"
        self.ended_well = self.finished and status == 0
        self.resumed = self.ended_well and ended[1] == "Reused"
        self.version = ended[2] if self.finished else None
        self.who = subject[1] if subject else None


class Client:
    """OpenSSL 3.5 with a group string, at one origin."""

    def __init__(self, address, port, groups):
        self.command = [newer_debian("openssl"), "s_client", "-connect", f"{address}:{port}", "-noservername",
                        "-alpn", "h2,http/1.1", "-groups", groups]
        self.patience_s = TICKET_PATIENCE_S if address in World.with_tickets else TICKET_WITHIN_S
        self.session = workshop() / f"{address}.session"

    def connect(self, *options):
        """What s_client said of the connection."""
        with subprocess.Popen([*map(str, self.command), *map(str, options)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            if "-sess_out" in options:
                self.wait_for_ticket(process)
            said, _ = process.communicate("Q\n", timeout=60)
        return Connection(said, process.returncode)

    def has_ticket(self):
        return self.session.exists() and self.session.stat().st_size > 0

    def wait_for_ticket(self, process):
        deadline = time.monotonic() + self.patience_s
        while process.poll() is None and not self.has_ticket() and time.monotonic() < deadline:
            time.sleep(0.02)

    def fresh(self):
        self.session.unlink(missing_ok=True)
        return self.connect("-sess_out", self.session)

    def resumed(self):
        return self.connect("-sess_in", self.session)


class Meeting:
    """What a client met at an address with one group string: with a fresh session, and with the one that it got."""

    def __init__(self, address, port, groups):
        client = Client(address, port, groups)
        self.fresh = client.fresh()
        self.has_ticket = self.fresh.finished and client.has_ticket()
        self.again = client.resumed() if self.has_ticket else None
        self.record = None  # the lab's, of the fresh connection


def meet(wanted):
    """The meetings for addresses and groups. What was met in an earlier test is not tried again."""
    missing = [key for key in wanted if key not in World.met]
    with Lab(World.table) as lab, concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        World.met.update(zip(missing, pool.map(lambda key: Meeting(key[0], lab.port, key[1]), missing)))
        lab.stop()
        first = {record["address"]: record for record in lab.records() if record["connection"] == 1}
    for address, groups in missing:
        World.met[address, groups].record = first[address]
    return [World.met[key] for key in wanted]


def numbers(names):
    return [settings_db.NUMBERS[name] for name in names]


def find_faults(row, meeting):
    """What of the connections contradicts the scan, whatever the setting."""
    fresh, again, scan = meeting.fresh, meeting.again, row.scan
    if not fresh.finished:
        yield "no handshake with a fresh session"
        return
    if fresh.version != scan["tls_version"]:
        yield f"only {fresh.version}"
    if fresh.who != SMALL_HELLOS_GET:
        yield f"the certificate of {fresh.who}"
    if not meeting.has_ticket and scan["resumed_works"] is not None:
        yield "no ticket came"
    if again and not again.ended_well:
        yield "no handshake with the session that it got"
    if again and scan["resumes"] and not again.resumed:
        yield "the session was not resumed"


def find_contradictions(row, setting, groups, record):
    """What the lab saw of the fresh connection otherwise than the setting says or the scan foresaw."""
    names = [name.lstrip("*") for name in re.split("[:/]", groups)]
    marked = [part[1:] for part in re.split("[:/]", groups) if part[0] == "*"] or names[:1]
    hello = record["hello"]
    if (hello["groups"], hello["shares"]) != (numbers(names), numbers(marked)):
        yield f"the hello had groups {hello['groups']}, shares {hello['shares']}"
    foreseen = row.mode(setting)
    if record["tls_version"] != "TLSv1.3" or foreseen is None:
        return
    usual = ["X25519"] if setting != "preferred" else [HYBRID]
    if marked == usual and (record["group_name"], record["retry"]) != foreseen:
        yield f"{foreseen} was foreseen, {record['group_name']}, {record['retry']} came"
    if marked not in (usual, [HYBRID, "X25519"]) and record["retry"]:
        yield f"a retry in spite of {marked}"


def prove(test, wanted):
    """`wanted`: (row, setting, groups) each."""
    meetings = meet([(row.address, groups) for row, _, groups in wanted])
    faults = {row.name: (row.scan["verdict"], setting, groups, found)
              for (row, setting, groups), meeting in zip(wanted, meetings)
              if (found := [*find_faults(row, meeting),
                            *find_contradictions(row, setting, groups, meeting.record)])}
    test.assertEqual(faults, {})
    return meetings


class OnTheWire(unittest.TestCase):
    maxDiff = None

    def check_recommended(self, plan, resumed_least):
        """In the words of the `openssl` export, as if each recommendation were a zone's setting."""
        db = workshop() / f"{plan}.db"
        advised = [row for row in World.by_plan[plan] if row.advice]
        zones = [settings_db.Zone(row.zone, row.advice["setting"], row.advice["first_share"], row.advice["groups"],
                                  row.advice["variant"]) for row in advised]
        settings_db.make(db, zones, "127.0.0.1", 443)
        groups = exported(db)
        self.assertEqual(set(groups), {row.zone for row in advised})
        meetings = prove(self, [(row, row.advice["setting"], groups[row.zone]) for row in advised])
        # it is neither all the same nor ever fresh
        settings = collections.Counter(row.advice["setting"] for row in advised)
        self.assertGreater(min(settings["off"], settings["supported"], settings["preferred"]), 10)
        self.assertGreater(sum(meeting.again.resumed for meeting in meetings if meeting.again), resumed_least)

    def test_what_probe_recommends(self):
        self.check_recommended("daily", 60)

    def test_what_probe_recommends_by_its_quick_plan(self):
        self.check_recommended("quick", 60)

    def test_what_probe_recommends_by_its_full_plan(self):
        self.check_recommended("full", 60)

    def test_what_is_exported(self):
        self.check_exported(World.single)

    def test_what_is_exported_with_two_shares(self):
        dual = {zone: groups for zone, groups in World.dual.items() if groups != World.single[zone]}
        self.assertGreater(len(dual), 10)
        self.check_exported(dual)

    def check_exported(self, groups):
        """Where no setting stands, the one that is written is `off`."""
        settings = {zone: row["setting"] if row["setting"] != "none" else "off" for zone, row in World.zones.items()}
        prove(self, [(row, settings[row.zone], groups[row.zone]) for row in World.rows if row.zone in groups])


class BothWays(unittest.TestCase):
    maxDiff = None

    def test_a_scan_and_a_zone_of_one_origin_get_the_same(self):
        """By a single scan and by profile `fast`."""
        found = {row.name: self.of_zone(row) for row in World.rows if not self.varies(row)}
        self.assertEqual(found, {row.name: self.of_scan(row) for row in World.rows if not self.varies(row)})

    @staticmethod
    def of_zone(row):
        zone = World.zones.get(row.zone, {})
        return zone.get("setting") or "none", zone.get("variant"), zone.get("first_share")

    @staticmethod
    def of_scan(row):
        advice = row.advice or {}
        return advice.get("setting") or "none", advice.get("variant"), advice.get("first_share")

    @staticmethod
    def varies(row):
        return row.line == "rate-limit"

    def test_rows_without_a_setting(self):
        """Each is one of those that are meant to have none."""
        found = {}
        for row in World.rows:
            if not row.advice and not self.varies(row):
                found.setdefault(row.scan["verdict"] or confusion.NONE, []).append(row.name)
        self.assertEqual({verdict: sorted(names) for verdict, names in found.items()},
                         {verdict: sorted(names) for verdict, names in UNADVISED.items()})


if __name__ == "__main__":
    unittest.main()
