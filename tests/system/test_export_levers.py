"""What a zone may have at a moment and a place holds for each of its origins, in every format that could tell
them apart: under each lever, a proxy that is configured with the export sends what the zone may send."""

import csv
import io
import json
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

try:
    import yaml
except ImportError:
    yaml = None

import settings_db
from client_hello import HYBRID
from originscan import run
from population import Database, Folder, config_text, serve
from proxy import Proxy
from servers import free_port, newer_debian, nginx_command, own_address
from test_export_wire import Recorder

OFF, SUPPORTED, PREFERRED = "off", "supported", "preferred"

# Each zone with its origins' kinds, and what it may have at place 0 and at the last one; None: it is not
# exported. But in `weaker`, an origin could have `preferred` by itself.
ZONES = {
    "free": (["modern"], PREFERRED, PREFERRED),
    "pin-off": (["modern"], OFF, OFF),
    "pin-off-two": (["modern", "modern"], OFF, OFF),
    "pin-supported": (["modern", "modern"], SUPPORTED, SUPPORTED),
    "weaker": (["unknown-share-alert"], PREFERRED, PREFERRED),  # pinned above what its origin takes
    "deny-preferred": (["modern", "modern"], SUPPORTED, SUPPORTED),
    "deny-both": (["modern"], OFF, OFF),
    "frozen": (["modern", "modern"], SUPPORTED, SUPPORTED),
    "kept": (["modern", "breaks"], PREFERRED, PREFERRED),  # frozen before one of its origins broke
    "shadow": (["modern"], None, None),
    "pqh": (["modern"], PREFERRED, PREFERRED),
    "mixed": (["modern", "unknown-share-alert"], SUPPORTED, SUPPORTED),
    "demoted": (["modern", "demoted"], SUPPORTED, SUPPORTED),
    "rolled-back": (["modern", "modern"], OFF, OFF),
    "lapsed": (["modern", "modern"], OFF, OFF),
    "no-advice": (["modern", "gone"], OFF, OFF),
    "ramp": (["modern", "modern"], PREFERRED, OFF),
    "budget": (["modern", "modern"], OFF, OFF),
}
EXCEPTIONS = {"o1.kept.example": SUPPORTED}  # and nothing but this
REASONS = {"free": "hybrid-in-one-round-trip", "pin-off": "operator-pin", "weaker": "operator-pin",
           "deny-both": "operator-deny", "frozen": "operator-deny", "kept": "hybrid-in-one-round-trip",
           "pqh": "compliance", "demoted": "supported-works", "rolled-back": "feedback-failures",
           "no-advice": "no-evidence", "ramp": "hybrid-in-one-round-trip"}
LATE = ("ramp", "budget")  # imported when all others have their settings
PLACES = (0, 99)


def level_of(groups, shares):
    """What a hello says of the hybrid."""
    if HYBRID in shares:
        return PREFERRED
    return SUPPORTED if HYBRID in groups else OFF


def level_of_string(groups):
    """The same of a group string of OpenSSL's."""
    names = groups.split(":")
    if "*X25519MLKEM768" in names:
        return PREFERRED
    return SUPPORTED if "X25519MLKEM768" in names else OFF


class Levers(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        """One database, scanned in a lab; then its origins move to a recorder of hellos."""
        super().setUpClass()
        cls.folder = Folder(cls)
        cls.database = Database(cls.folder / "levers.db")
        cls.broken = False
        cls.origins = []  # (zone, host, address, kind)
        for zone, (kinds, _, _) in ZONES.items():
            for number, kind in enumerate(kinds):
                cls.origins.append((zone, f"o{number}.{zone}.example", f"127.114.0.{len(cls.origins) + 1}", kind))
        cls.measure()
        cls.order()
        cls.recorder = Recorder()
        cls.recorder.__enter__()
        cls.addClassCleanup(cls.recorder.__exit__, None, None, None)
        with settings_db.opened(cls.database.path) as db:
            db.execute("UPDATE origin SET address = ?, port = ?", (cls.recorder.address, cls.recorder.port))

    @classmethod
    def addCleanup(cls, function, *arguments, **named):
        cls.addClassCleanup(function, *arguments, **named)

    @classmethod
    def serve_lab(cls, demoted):
        """The lab, in which one kind is what is said, and one breaks for good when that is not `modern`."""
        cls.broken = cls.broken or demoted != "modern"
        kinds = {"demoted": demoted, "breaks": "unknown-share-alert" if cls.broken else "modern"}
        lines = [f"{address} {kinds.get(kind, kind)}" for _, _, address, kind in cls.origins if kind != "gone"]
        lab = serve(cls, cls.folder, lines)
        with settings_db.opened(cls.database.path) as db:
            db.execute("UPDATE origin SET port = ?", (lab.port,))
        return lab

    @classmethod
    def import_(cls, lab, chosen):
        cls.database.import_(["zone,host,port,address"] +
                             [f"{zone},{host},{lab.port},{address}" for zone, host, address, _ in cls.origins
                              if chosen(zone)], "--format", "csv")

    @classmethod
    def zone(cls, *arguments):
        done = run("zone", *arguments, "--db", cls.database.path)
        if done.returncode != 0:
            raise AssertionError(f"{arguments}: {done.stderr}")

    @classmethod
    def scan(cls, profile="fast", **rule):
        """The origin that is gone makes it 1; anything else is a mistake of the test."""
        text = config_text(cls.database.path, {"profile": profile, "period_s": 1})
        text += "rule {\n" + "".join(f"{key} = {value}\n" for key, value in rule.items()) + "}\n"
        done = run("scan", "--config", cls.folder.write("scan.conf", text))
        if done.returncode > 1:
            raise AssertionError(f"scan: {done.returncode} {done.stderr}")

    @classmethod
    def measure(cls):
        cls.database.import_(["zone,host,port,address"] +
                             [f"{zone},{host},1,{address}" for zone, host, address, _ in cls.origins
                              if zone not in LATE], "--format", "csv")
        kept = {"hold_days": 7, "hold_days_max": 7, "dual_trials": 1}
        lab = None
        for behaviour in ("modern", "unknown-share-alert", "modern"):
            if lab:
                lab.stop()
                time.sleep(1.1)  # until all are due again
            lab = cls.serve_lab(behaviour)
            cls.scan(**kept)
            cls.zone("set", "kept", "--freeze")
        cls.import_(lab, lambda zone: zone == "ramp")
        cls.scan(**kept, ramp_start_percent=10)
        cls.import_(lab, lambda zone: zone == "budget")
        cls.scan("careful", **kept, supported_days=1, supported_trials=1, preferred_days=1, preferred_trials=1,
                 failure_bound=1, address_trials=0, settle_days=0, up_share=0, up_zones=0)
        lab.stop()

    @classmethod
    def order(cls):
        cls.zone("set", "pin-off", "pin-off-two", "--pin", OFF)
        cls.zone("set", "pin-supported", "--pin", SUPPORTED)
        cls.zone("set", "weaker", "--pin", PREFERRED)
        cls.zone("set", "deny-preferred", "frozen", "--deny", PREFERRED)
        cls.zone("set", "deny-both", "--deny", f"{SUPPORTED},{PREFERRED}")
        cls.zone("set", "frozen", "--freeze")
        cls.zone("clear", "frozen", "--lever", "deny")
        cls.zone("set", "shadow", "--shadow")
        cls.zone("set", "pqh", "--compliance", "pqh")
        said = run("feedback", "--db", cls.database.path,
                   stdin=json.dumps({"zone": "rolled-back", "arm": "canary", "handshakes": 1000, "failures": 300,
                                     "retries": 0}) + "\n")
        if "rolled back" not in said.stdout:
            raise AssertionError(f"no rollback: {said.stdout}{said.stderr}")
        with settings_db.opened(cls.database.path) as db:
            db.execute("UPDATE zone_setting SET valid_until = 1 WHERE zone_id ="
                       " (SELECT id FROM zone WHERE name = 'lapsed')")

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="originscan-levers-")
        self.addClassCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.recorder.hellos.clear()

    def export(self, form, *options):
        done = run("export", "--db", self.database.path, "--format", form, *map(str, options))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    @staticmethod
    def zones(place):
        """The zones that are exported, with what each may have there."""
        return {zone: levels[PLACES.index(place)] for zone, (_, *levels) in ZONES.items()
                if levels[PLACES.index(place)]}

    @staticmethod
    def dual_only(zone, level):
        """What is left of a setting where `supported` cannot be said, nor the hybrid's share alone."""
        return PREFERRED if level == PREFERRED and zone != "weaker" else OFF

    def hosts(self, zone):
        return [host for of, host, _, _ in self.origins if of == zone]

    def of_origin(self, zone, host, place):
        return EXCEPTIONS.get(host, self.zones(place)[zone])

    def test_the_rule_is_in_that_state(self):
        """Each lever holds what it is meant to hold: otherwise the rest proves nothing."""
        rows = {row["zone"]: (row["setting"], row["reason"])
                for row in self.database.rows("SELECT zone, setting, reason FROM v_zone_setting")}
        self.assertEqual({zone: reason for zone, (_, reason) in rows.items() if zone in REASONS}, REASONS)
        for zone, (kinds, *_) in ZONES.items():
            if zone != "lapsed":
                self.assertEqual(rows[zone][0], ZONES[zone][1] or PREFERRED, zone)

    def test_haproxy(self):
        program = newer_debian("haproxy")
        for place in PLACES:
            address, port = own_address(), free_port()
            text = self.export("haproxy", "--place", place)
            self.check_header(text)
            (self.folder / "export.cfg").write_text(text)
            (self.folder / "haproxy.cfg").write_text(
                "global\n    maxconn 64\ndefaults\n    mode http\n    timeout connect 5s\n"
                f"    timeout client 10s\n    timeout server 10s\n    retries 0\nfrontend all\n    bind {address}:{port}\n"
                "    use_backend originscan_%[req.hdr(host)]\n")
            command = [program, "-db", "-f", self.folder / "haproxy.cfg", "-f", self.folder / "export.cfg"]
            with Proxy(command, self.folder, address, port) as proxy:
                for zone in self.zones(place):
                    for _ in self.hosts(zone):
                        proxy.ask(zone)
                    for host in self.hosts(zone):
                        with self.subTest(host=host, place=place):
                            self.assertEqual(level_of(*self.recorder.take(host)), self.of_origin(zone, host, place))

    def test_haproxy_env(self):
        """Each variable, a zone's and the exception's own, in a server line of one's own."""
        program = newer_debian("haproxy")
        for place in PLACES:
            address, port = own_address(), free_port()
            text = self.export("haproxy-env", "--place", place)
            names = re.findall(r"^    setenv (\S+) ", text, re.M)
            (self.folder / "export.cfg").write_text(text)
            backends = "".join(f"backend {name}\n    server s {self.recorder.address}:{self.recorder.port} ssl verify none"
                               f" sni str({number}.example) curves \"${{{name}}}\"\n"
                               for number, name in enumerate(names))
            (self.folder / "haproxy.cfg").write_text(
                "global\n    maxconn 64\ndefaults\n    mode http\n    timeout connect 5s\n"
                f"    timeout client 10s\n    timeout server 10s\n    retries 0\nfrontend all\n    bind {address}:{port}\n"
                f"    use_backend %[req.hdr(host)]\n{backends}")
            command = [program, "-db", "-f", self.folder / "export.cfg", "-f", self.folder / "haproxy.cfg"]
            levels = {}
            with Proxy(command, self.folder, address, port) as proxy:
                for number, name in enumerate(names):
                    proxy.ask(name)
                    levels[name] = level_of(*self.recorder.take(f"{number}.example"))
            wanted = {f"ORIGINSCAN_{zone.upper().replace('-', '__')}": level
                      for zone, level in self.zones(place).items()}
            exceptions = {name: level for name, level in levels.items() if name not in wanted}
            self.assertEqual({name: level for name, level in levels.items() if name in wanted}, wanted)
            self.assertEqual(list(exceptions.values()), list(EXCEPTIONS.values()))
            self.assertRegex(next(iter(exceptions)), "^ORIGINSCAN_KEPT_at_O1_KEPT_EXAMPLE_port_")

    def check_header(self, text):
        """The numbers of the header are those of the server lines."""
        found = [level_of_string(groups) for groups in re.findall(r" curves (\S+)", text)]
        counts = [f"{found.count(level)} {level}" for level in (PREFERRED, SUPPORTED, OFF)]
        self.assertIn(f"Settings: {', '.join(counts)}, 0 none;", text)

    def test_nginx(self):
        """It has one setting a zone."""
        program = newer_debian("nginx")
        for place in PLACES:
            address, port = own_address(), free_port()
            (self.folder / "export.conf").write_text(
                self.export("nginx", "--place", place, "--listen", f"{address}:{port}"))
            command = nginx_command(program, self.folder, f"    include {self.folder}/export.conf;\n")
            with Proxy(command, self.folder, address, port) as proxy:
                self.ask_zones(proxy, place, lambda zone, level: level)

    def ask_zones(self, proxy, place, said):
        for zone, level in self.zones(place).items():
            with self.subTest(zone=zone, place=place):
                self.recorder.hellos.clear()
                proxy.ask(zone)
                self.assertEqual(level_of(*self.recorder.take_any()), said(zone, level))

    def test_caddy(self):
        program = newer_debian("caddy")
        for place in PLACES:
            address, port = own_address(), free_port()
            text = self.export("caddy", "--place", place)
            self.assertEqual(len(re.findall(r"^\(originscan_", text, re.M)), len(self.zones(place)) + len(EXCEPTIONS))
            (self.folder / "export.caddy").write_text(text)
            handles = "".join(
                f"\t@z{number} host {zone}\n\thandle @z{number} {{\n"
                f"\t\treverse_proxy https://{self.recorder.address}:{self.recorder.port} {{\n"
                f"\t\t\timport originscan_{zone}\n\t\t}}\n\t}}\n" for number, zone in enumerate(self.zones(place)))
            (self.folder / "Caddyfile").write_text(
                "{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n}\n"
                f"import {self.folder}/export.caddy\nhttp://:{port} {{\n\tbind {address}\n{handles}}}\n")
            command = ["env", f"HOME={self.folder}", "GODEBUG=tlsmlkem=1", program, "run", "--adapter", "caddyfile",
                       "--config", self.folder / "Caddyfile"]
            with Proxy(command, self.folder, address, port) as proxy:
                self.ask_zones(proxy, place, self.dual_only)

    def test_openssl(self):
        """Each section's string, by a client; an exception's section comes after its zone's."""
        program = newer_debian("openssl")
        for place in PLACES:
            text = self.export("openssl", "--place", place)
            strings = re.findall(r"^\[originscan_(\S+)\]\n(?:.+\n)*?Groups = (\S+)", text, re.M)
            wanted = list(self.zones(place).values())
            at = [zone for zone, _ in strings].index("kept") + 1
            self.assertEqual(len(strings), len(wanted) + len(EXCEPTIONS))
            self.assertIn("exception for", text.split("[originscan_kept]")[1].split("[originscan_")[0])
            levels = {}
            for number, (name, groups) in enumerate(strings):
                subprocess.run([program, "s_client", "-groups", groups, "-servername", f"s{number}.example",
                                "-connect", f"{self.recorder.address}:{self.recorder.port}"],
                               stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
                levels[name if number != at else "exception"] = level_of(*self.recorder.take(f"s{number}.example"))
            self.assertEqual(levels, {**self.zones(place), "exception": SUPPORTED})

    @unittest.skipUnless(yaml, "python3-yaml is not installed")
    def test_envoy(self):
        for place in PLACES:
            clusters = yaml.safe_load(self.export("envoy", "--place", place))["resources"]
            found = {}
            for cluster in clusters:
                zone = cluster["name"].removeprefix("originscan_")
                for socket in [cluster, *cluster.get("transport_socket_matches", [])]:
                    tls = socket["transport_socket"]["typed_config"]
                    curves = tls["common_tls_context"]["tls_params"]["ecdh_curves"]
                    found[tls.get("sni", zone)] = PREFERRED if "X25519MLKEM768" in curves else OFF
            wanted = {}
            for zone, level in self.zones(place).items():
                wanted.update({host: self.dual_only(zone, self.of_origin(zone, host, place))
                               for host in self.hosts(zone)})
                if len(self.hosts(zone)) > 1:
                    wanted[zone] = self.dual_only(zone, level)
            self.assertEqual(found, wanted)

    @unittest.skipUnless(yaml, "python3-yaml is not installed")
    def test_pingora(self):
        def said(options):
            names = options["curves"].split(":")
            return PREFERRED if names[0] == "X25519MLKEM768" else SUPPORTED if "X25519MLKEM768" in names else OFF

        for place in PLACES:
            zones = yaml.safe_load(self.export("pingora", "--place", place))["zones"]
            self.assertEqual({zone["zone"]: said(zone["options"]) for zone in zones}, self.zones(place))
            self.assertEqual({peer["host"]: said(peer["options"]) for zone in zones for peer in zone["exceptions"]},
                             EXCEPTIONS)

    def test_documents(self):
        """They have both sides of a ramp, and exceptions that suit both."""
        document = json.loads(self.export("json"))["zones"]
        lines = [json.loads(line) for line in self.export("ndjson").splitlines()]
        for zones in (document, lines):
            self.assertEqual({zone["zone"]: zone["setting"] for zone in zones}, self.zones(0))
            self.assertEqual({one["host"]: one["setting"] for zone in zones for one in zone["exceptions"]}, EXCEPTIONS)
        rows = list(csv.DictReader(io.StringIO(self.export("csv"))))
        self.assertEqual({row["zone"]: row["setting"] for row in rows if not row["origin"]}, self.zones(0))
        self.assertEqual({row["origin"].split(":")[0]: row["setting"] for row in rows if row["origin"]}, EXCEPTIONS)

    def test_brake(self):
        """Under the brake only --force writes at all, and then what stood before."""
        before = self.export("haproxy", "--place", 0).splitlines()[3:]
        braked = self.folder / "braked.db"
        done = run("db", "backup", "--db", self.database.path, braked)
        self.assertEqual(done.returncode, 0, done.stderr)
        run("zone", "set", "free", "--expect", OFF, "--db", braked)
        command = ["export", "--db", braked, "--format", "haproxy", "--place", "0"]
        self.assertIn("global brake", run(*command).stderr)
        self.assertEqual(run(*command, "--force").stdout.splitlines()[3:], before)


if __name__ == "__main__":
    unittest.main()
