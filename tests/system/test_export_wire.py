"""Proxies that are configured with our export, and the ClientHello that arrives at their origin: the groups
that it lists and the shares that it carries have to be those of the zone's setting."""

import pathlib
import re
import subprocess
import tempfile
import threading
import unittest

import peers
import settings_db
from client_hello import HYBRID, P256, P384, X25519, Hello
from originscan import run
from proxy import Proxy
from servers import SOURCE, _need, free_port, newer_debian, nginx_command, own_address
from settings_db import Zone
from target_programs import ats_root

CLASSICAL = ["X25519", "P-256", "P-384"]
P256_FIRST = ["P-256", "X25519", "P-384"]
ALL = ["X25519MLKEM768", *CLASSICAL]

# Zones, and for each variant what has to arrive: supported_groups and key shares.
OFF = ([X25519, P256, P384], [X25519])
OFF_P256 = ([P256, X25519, P384], [P256])
SUPPORTED = ([HYBRID, X25519, P256, P384], [X25519])
SUPPORTED_P256 = ([HYBRID, P256, X25519, P384], [P256])
SINGLE = ([HYBRID, X25519, P256, P384], [HYBRID])
DUAL = ([HYBRID, X25519, P256, P384], [HYBRID, X25519])
ZONES = [
    (Zone("off.zone", "off", "X25519", CLASSICAL), OFF, OFF),
    (Zone("off-p256.zone", "off", "P-256", P256_FIRST), OFF_P256, OFF_P256),
    (Zone("supported.zone", "supported", "X25519", ALL), SUPPORTED, SUPPORTED),
    (Zone("supported-p256.zone", "supported", "P-256", ["X25519MLKEM768", *P256_FIRST]),
     SUPPORTED_P256, SUPPORTED_P256),
    (Zone("preferred.zone", "preferred", "X25519MLKEM768", ALL, variant="dual"), DUAL, DUAL),
    (Zone("preferred-single.zone", "preferred", "X25519MLKEM768", ALL, variant="single"), SINGLE, SINGLE),
]
HOSTILE = ["evil\"zone\\; } # $x `id`\r\nserver { listen 80; }\n", "x\": preferred", "*", "~^(.+)$", "-rf",
           "../../etc/passwd", "b\u00fccher.example", "\u202eelpmaxe", "UPPER.zone", "upper.zone",
           "a-very-long-name." * 12 + "zone", "{block}", "(paren)", "${variable}", "%[env(PATH)]"]


class Recorder:
    """An origin that reads hellos and refuses everybody; the last hello by server name."""

    def __init__(self):
        self.hellos = {}
        self.arrived = threading.Condition()
        self.peer = peers.Peer(self.record)

    def __enter__(self):
        self.peer.__enter__()
        self.address, self.port = self.peer.address, self.peer.port
        return self

    def __exit__(self, *everything):
        self.peer.__exit__(*everything)

    def record(self, connection):
        hello = Hello(connection)
        with self.arrived:
            self.hellos[hello.server_name()] = (hello.groups(), hello.shares())
            self.arrived.notify_all()
        connection.sendall(peers.ALERT_HANDSHAKE_FAILURE)

    def take(self, name, within_s=60):
        """The groups and shares of the hello for that name, waiting for it."""
        with self.arrived:
            if not self.arrived.wait_for(lambda: name in self.hellos, within_s):
                raise AssertionError(f"no hello for {name} arrived, only for {list(self.hellos)}")
            return self.hellos.pop(name)

    def take_any(self, within_s=60):
        """The same for whatever name comes next."""
        with self.arrived:
            if not self.arrived.wait_for(lambda: self.hellos, within_s):
                raise AssertionError("no hello arrived")
            return self.hellos.popitem()[1]


class Wire(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="originscan-wire-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.recorder = self.enterContext(Recorder())
        self.db = self.folder / "settings.db"
        settings_db.make(self.db, [zone for zone, _, _ in ZONES], self.recorder.address,
                         self.recorder.port)

    def export(self, form, *options):
        done = run("export", "--db", self.db, "--format", form, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def check_zones(self, proxy, host_of, expected):
        """Asks for each zone; what arrives is what is expected of it."""
        for number, (zone, want) in enumerate(expected):
            with self.subTest(zone=zone.name):
                proxy.ask(host_of(zone))
                groups, shares = self.recorder.take(f"sni{number}.example")
                self.assertEqual((groups, shares), want)

    @staticmethod
    def expected(variant):
        return [(zone, single if variant == "single" else dual) for zone, single, dual in ZONES]

    # ---- nginx ------------------------------------------------------------------------------------------

    def nginx_running(self, program, text):
        (self.folder / "export.conf").write_text(text)
        return nginx_command(program, self.folder, f"    include {self.folder}/export.conf;\n")

    def test_nginx(self):
        program = newer_debian("nginx")
        for variant in ("single", "dual"):
            address, port = own_address(), free_port()
            text = self.export("nginx", "--variant", variant, "--listen", f"{address}:{port}")
            with Proxy(self.nginx_running(program, text), self.folder, address, port) as proxy:
                self.check_zones(proxy, lambda zone: zone.name, self.expected(variant))

    def test_nginx_snippet(self):
        """The bare directives do the same inside a location of one's own."""
        program = newer_debian("nginx")
        address, port = own_address(), free_port()
        text = self.export("nginx", "--snippet", "--zone", "supported-p256.zone")
        (self.folder / "snippet.conf").write_text(text)
        server = (f"server {{ listen {address}:{port};\n location / {{\n"
                  f"  proxy_pass https://{self.recorder.address}:{self.recorder.port};\n"
                  f"  proxy_ssl_name own.example;\n  include {self.folder}/snippet.conf;\n }}\n}}\n")
        with Proxy(self.nginx_running(program, server), self.folder, address, port) as proxy:
            proxy.ask("any")
            self.assertEqual(self.recorder.take("own.example"), SUPPORTED_P256)

    def test_nginx_folder(self):
        """A snippet for each zone in a folder, each included by the location of its zone."""
        program = newer_debian("nginx")
        address, port = own_address(), free_port()
        self.export("nginx", "--output", f"{self.folder}/pq/")
        names = sorted(path.name for path in (self.folder / "pq").iterdir())
        self.assertEqual(names, sorted(f"{zone.name}.conf" for zone, _, _ in ZONES))
        servers = "".join(
            f"server {{ listen {address}:{port}; server_name {zone.name};\n location / {{\n"
            f"  proxy_pass https://{self.recorder.address}:{self.recorder.port};\n"
            f"  proxy_ssl_name sni{number}.example;\n  include {self.folder}/pq/{zone.name}.conf;\n }}\n}}\n"
            for number, (zone, _, _) in enumerate(ZONES))
        with Proxy(self.nginx_running(program, servers), self.folder, address, port) as proxy:
            self.check_zones(proxy, lambda zone: zone.name, self.expected("single"))

    def accept_nginx(self, program, text):
        done = subprocess.run([*map(str, self.nginx_running(program, text)), "-t"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_nginx_accepts_every_file(self):
        program = newer_debian("nginx")
        golden = (SOURCE / "tests/golden/export_nginx.txt").read_text()
        golden = re.sub(r"(?m)^(    server )[\w.-]+:", r"\g<1>127.0.0.1:", golden)  # nobody knows its names
        self.accept_nginx(program, golden)
        self.add_hostile_zones()
        for options in ((), ("--variant", "dual"), ("--place", "0"), ("--openssl", "3.0")):
            self.accept_nginx(program, self.export("nginx", *options))
        for zone, _, _ in ZONES:
            self.accept_nginx(program, self.export("nginx", "--snippet", "--zone", zone.name))

    def test_nginx_with_openssl_30_accepts_every_file(self):
        program = _need("nginx", "-v", "nginx/1.22")
        self.add_hostile_zones()
        self.accept_nginx(program, self.export("nginx", "--openssl", "3.0"))

    def add_hostile_zones(self):
        settings_db.make(self.db, [Zone(name, "supported", "X25519", ALL) for name in HOSTILE],
                         "127.0.0.1", 9)

    # ---- HAProxy ----------------------------------------------------------------------------------------

    def haproxy_command(self, address, port, text):
        (self.folder / "export.cfg").write_text(text)
        (self.folder / "haproxy.cfg").write_text(
            "global\n    maxconn 64\ndefaults\n    mode http\n    timeout connect 5s\n    timeout client 10s\n"
            f"    timeout server 10s\n    retries 0\nfrontend all\n    bind {address}:{port}\n"
            "    use_backend originscan_%[req.hdr(host)]\n")
        return ["-db", "-f", self.folder / "haproxy.cfg", "-f", self.folder / "export.cfg"]

    def test_haproxy(self):
        program = newer_debian("haproxy")
        for variant in ("single", "dual"):
            address, port = own_address(), free_port()
            text = self.export("haproxy", "--variant", variant)
            with Proxy([program, *self.haproxy_command(address, port, text)], self.folder, address,
                       port) as proxy:
                self.check_zones(proxy, lambda zone: zone.name, self.expected(variant))

    def test_haproxy_accepts_every_file(self):
        program = newer_debian("haproxy")
        self.add_hostile_zones()
        texts = [self.export("haproxy", *options)
                 for options in ((), ("--variant", "dual"), ("--place", "0"), ("--openssl", "3.0"))]
        texts.append((SOURCE / "tests/golden/export_haproxy.txt").read_text())
        for text in texts:
            command = self.haproxy_command("127.0.0.1", free_port(), text)
            done = subprocess.run([program, "-c", *map(str, command)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def haproxy_env_command(self, address, port, text, variables):
        """Server lines of one's own, one a zone, each with the variable of its zone."""
        (self.folder / "export.cfg").write_text(text)
        backends = "".join(f"backend z{number}\n    server s {self.recorder.address}:{self.recorder.port} ssl "
                           f"verify none sni str(sni{number}.example) ssl-max-ver TLSv1.3 curves \"{variable}\"\n"
                           for number, variable in enumerate(variables))
        (self.folder / "haproxy.cfg").write_text(
            "global\n    maxconn 64\ndefaults\n    mode http\n    timeout connect 5s\n    timeout client 10s\n"
            f"    timeout server 10s\n    retries 0\nfrontend all\n    bind {address}:{port}\n"
            f"    use_backend %[req.hdr(host)]\n{backends}")
        return ["-db", "-f", self.folder / "export.cfg", "-f", self.folder / "haproxy.cfg"]

    def test_haproxy_env(self):
        """HAProxy itself expands the variables, and its hellos are those of the settings."""
        program = newer_debian("haproxy")
        names = ["OFF_ZONE", "OFF__P256_ZONE", "SUPPORTED_ZONE", "SUPPORTED__P256_ZONE", "PREFERRED_ZONE",
                 "PREFERRED__SINGLE_ZONE"]
        variables = [f"${{ORIGINSCAN_{name}}}" for name in names]
        for variant in ("single", "dual"):
            address, port = own_address(), free_port()
            text = self.export("haproxy-env", "--variant", variant, "--haproxy", "3.0")
            command = self.haproxy_env_command(address, port, text, variables)
            with Proxy([program, *command], self.folder, address, port) as proxy:
                numbers = {zone.name: f"z{number}" for number, (zone, _, _) in enumerate(ZONES)}
                self.check_zones(proxy, lambda zone, numbers=numbers: numbers[zone.name], self.expected(variant))

    def test_haproxy_env_without_a_setting(self):
        """A variable that is not there has the value that the server line gives it, as the header says."""
        program = newer_debian("haproxy")
        address, port = own_address(), free_port()
        text = self.export("haproxy-env")
        self.assertIn('"${ORIGINSCAN_SHOP-X25519:P-256:P-384}"', text)
        command = self.haproxy_env_command(address, port, text, ["${ORIGINSCAN_SHOP-X25519:P-256:P-384}"])
        with Proxy([program, *command], self.folder, address, port) as proxy:
            proxy.ask("z0")
            self.assertEqual(self.recorder.take("sni0.example"), OFF)

    def test_haproxy_env_accepts_every_file(self):
        program = newer_debian("haproxy")
        self.add_hostile_zones()
        names = set()
        for text in (self.export("haproxy-env"), self.export("haproxy-env", "--openssl", "3.0"),
                     (SOURCE / "tests/golden/export_haproxy-env.txt").read_text()):
            command = self.haproxy_env_command("127.0.0.1", free_port(), text, ["X25519"])
            done = subprocess.run([program, "-c", *map(str, command)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            lines = [line.split()[1] for line in text.splitlines() if line.startswith("    setenv ")]
            self.assertEqual(len(lines), len(set(lines)))
            names.update(lines)
        self.assertGreater(len(names), len(HOSTILE))

    def test_haproxy_26_is_refused(self):
        """Its `server` lines have no `curves`."""
        done = run("export", "--db", self.db, "--format", "haproxy", "--haproxy", "2.6")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("HAProxy 2.6 has no `curves` on server lines: the export needs 2.9 or later", done.stderr)

    # ---- Caddy ------------------------------------------------------------------------------------------

    # What Caddy can say: no `supported`, and `preferred` with two shares only. Its order is Go's own, and
    # it is told to leave X25519 out only where every origin is known to take another group.
    CADDY = {"off.zone": ({X25519, P256, P384}, [X25519]), "supported.zone": ({X25519, P256, P384}, [X25519]),
             "preferred.zone": ({HYBRID, X25519, P256, P384}, [HYBRID, X25519]),
             "preferred-single.zone": ({X25519, P256, P384}, [X25519])}

    def test_caddy(self):
        program = newer_debian("caddy")
        address, port = own_address(), free_port()
        (self.folder / "export.caddy").write_text(self.export("caddy"))
        handles = "".join(
            f"\t@z{number} host {zone.name}\n\thandle @z{number} {{\n"
            f"\t\treverse_proxy https://{self.recorder.address}:{self.recorder.port} {{\n"
            f"\t\t\timport originscan_{zone.name}\n\t\t}}\n\t}}\n"
            for number, (zone, _, _) in enumerate(ZONES))
        (self.folder / "Caddyfile").write_text(
            "{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n}\n"
            f"import {self.folder}/export.caddy\nhttp://:{port} {{\n\tbind {address}\n{handles}}}\n")
        # Debian builds Caddy with the hybrid turned off in Go; upstream's has it on
        command = ["env", f"HOME={self.folder}", "GODEBUG=tlsmlkem=1", program, "run", "--adapter", "caddyfile", "--config",
                   self.folder / "Caddyfile"]
        with Proxy(command, self.folder, address, port) as proxy:
            for number, (zone, _, _) in enumerate(ZONES):
                if zone.name not in self.CADDY:
                    continue
                with self.subTest(zone=zone.name):
                    self.recorder.hellos.clear()
                    proxy.ask(zone.name)
                    groups, shares = self.recorder.take_any()
                    self.assertEqual((set(groups), shares), self.CADDY[zone.name])

    def test_caddy_accepts_every_file(self):
        program = newer_debian("caddy")
        self.add_hostile_zones()
        golden = (SOURCE / "tests/golden/export_caddy.txt").read_text()
        for text in (golden, self.export("caddy"), self.export("caddy", "--variant", "dual")):
            (self.folder / "Caddyfile").write_text(text)
            done = subprocess.run([program, "adapt", "--adapter", "caddyfile", "--config",
                                   self.folder / "Caddyfile"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    # ---- Apache Traffic Server --------------------------------------------------------------------------

    def ats_folder(self, program, port, lines):
        root = self.folder / f"ats-{port}"
        ats_root(program, root, lines, self.recorder, port)
        return root

    def test_ats(self):
        program = newer_debian("trafficserver")
        for variant, row in [("single", row) for row in range(5)] + [("dual", 4)]:
            zone, single, dual = ZONES[row]
            with self.subTest(zone=zone.name, variant=variant):
                text = self.export("ats", "--ats", "9", "--variant", variant, "--zone", zone.name)
                port = free_port()
                root = self.ats_folder(program, port, text)
                with Proxy([program, f"--run-root={root}/runroot.yaml"], root, "127.0.0.1",
                           port) as proxy:
                    proxy.ask("own.example")
                    self.assertEqual(self.recorder.take_any(), single if variant == "single" else dual)

    # ---- OpenSSL ----------------------------------------------------------------------------------------

    def test_openssl(self):
        program = newer_debian("openssl")
        for variant in ("single", "dual"):
            self.check_openssl(program, self.export("openssl", "--variant", variant),
                               self.expected(variant))

    def test_openssl_30(self):
        """Plain names, one share, and `off` for what it cannot say."""
        program = _need("openssl", "version", "OpenSSL 3.0")
        self.check_openssl(program, self.export("openssl", "--openssl", "3.0"),
                           [(zone, OFF_P256 if "p256" in zone.name else OFF) for zone, _, _ in ZONES])

    def check_openssl(self, program, text, expected):
        for zone, want in expected:
            section = text.split(f"[originscan_{zone.name}]\n")[1].split("\n\n")[0]
            values = dict(line.split(" = ") for line in section.splitlines() if " = " in line)
            self.assertEqual((values["MinProtocol"], values["MaxProtocol"]), ("TLSv1.2", "TLSv1.3"))
            with self.subTest(zone=zone.name, groups=values["Groups"]):
                subprocess.run([program, "s_client", "-groups", values["Groups"], "-servername", "x.example",
                                "-connect", f"{self.recorder.address}:{self.recorder.port}"],
                               stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
                self.assertEqual(self.recorder.take("x.example"), want)

    def test_openssl_section(self):
        """The section itself, named as the default of a program that reads openssl.cnf."""
        program = newer_debian("openssl")
        config = self.folder / "openssl.cnf"
        config.write_text("openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\n"
                          "system_default = originscan_supported-p256.zone\n" + self.export("openssl"))
        root = pathlib.Path(program).parent
        loader = next(root.glob("usr/lib/*-linux-gnu/ld-*.so.*"))
        subprocess.run([loader, "--inhibit-cache", "--library-path", loader.parent, root / "usr/bin/openssl",
                        "s_client", "-servername", "x.example",
                        "-connect", f"{self.recorder.address}:{self.recorder.port}"],
                       env={"OPENSSL_CONF": str(config)}, stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=60)
        self.assertEqual(self.recorder.take("x.example"), SUPPORTED_P256)


if __name__ == "__main__":
    unittest.main()
