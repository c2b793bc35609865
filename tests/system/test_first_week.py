"""An operator's first week with 300 origins, HAProxy and nginx: the commands of docs/operating.md, "The first week",
run as they are printed and in that order, without editor, SQL or sed. The days pass on a clock of the test's."""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

from client_hello import HYBRID, P256, P384, X25519
from hello_relay import Relay
from originscan import PROGRAM
from population import ENDS_WITHIN_S, serve, wait_until
from proxy import Proxy
from servers import (SOURCE, TIED, Start, _need, free_port, newer_debian, nginx, openssl30, own_address)
from test_export_fits import make_certificates

SECTION = (SOURCE / "docs/operating.md").read_text(encoding="utf-8").split("\n## The first week\n")[1].split("\n## ")[0]
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
COMMANDS = "".join(text for form, text in BLOCKS if form == "sh").splitlines()
(CONFIG,) = (text for form, text in BLOCKS if not form)

# The lab is on loopback, and nobody has to be spared there.
OF_THE_LAB = "".join(f"{key} = 0\n" for key in ("rate", "per_address_rate", "per_prefix_rate", "per_prefix_in_flight",
                                               "per_address_in_flight")) + "timeout_ms = 3000\n"
ODD = ("size-close size-reset large-first-only large-second-only version-fallback wrong-backend first-segment-reset "
       "first-segment-close unknown-group-alert unknown-share-alert hybrid-refused handshake-refused retry-alert "
       "retry-close p256-first p384-first hybrid-not-chosen draft client-order hybrid-tuples").split()
KINDS = (["modern"] * 146 + ["classical-only"] * 54 + ["client-certificate"] * 19 + ["tls12"] * 35 + ODD * 2)
HAPROXY = """defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    retries 0
frontend all
    bind {listen}
    use_backend originscan_%[req.hdr(host)] if {{ req.hdr(host) partner }}
    default_backend shop
backend shop
    server s1 {shop} ssl verify required ca-file corp-ca.pem sni str(shop.example) verifyhost shop.example {curves}
"""
(CURVES,) = re.findall(r'`(curves "[^`]+")`', SECTION)
NGINX = """daemon off;
{user}worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
{temporary}
    upstream shop {{ server {shop}; }}
    upstream partner {{ server {partner}; }}
    server {{
        listen {listen};
        location / {{
            proxy_pass https://shop;
            proxy_ssl_name shop.example;
            include pq/shop.conf;
        }}
        location /partner {{
            proxy_pass https://partner;
            proxy_ssl_name shop.example;
            include pq/partner.conf;
        }}
    }}
}}
"""
SYSTEMCTL = "#!/bin/sh\necho \"$@\" >>reloads\n"  # the test does what the service manager would


def openssl(folder, program, *options):
    """An OpenSSL server with the certificate of the private CA."""
    return Start("corp", "ecdsa", lambda address, port, _: [
        program, "s_server", "-www", "-accept", f"{address}:{port}", "-cert", folder / "origin.crt",
        "-key", folder / "origin.key", *options])


class Origin:
    """An origin as the operator's last list has it."""

    def __init__(self, host, port, address="", zone=None, sni=None):
        self.host, self.port, self.address, self.zone = host, port, address, zone or host
        self.sni = sni if sni is not None else "" if host[0].isdigit() else host


class FirstWeek(unittest.TestCase):
    maxDiff = None

    # ---- the place ---------------------------------------------------------------------------------------

    def setUp(self):
        self.clock = os.environ.get("WALL_CLOCK")
        if not self.clock:
            self.skipTest("no library that sets the wall clock")
        folder = tempfile.TemporaryDirectory(prefix="originscan-week-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for name in ("bin", "test", "pq"):
            (self.folder / name).mkdir()
        self.hours = 0
        self.pass_hours(0)
        self.left = list(COMMANDS)
        self.seen = {}
        self.make_programs()
        self.start_servers()
        self.write_lists()
        self.write_proxies()

    def write(self, name, text, mode=0o644):
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(mode)

    def make_programs(self):
        wrapper = "#!/bin/sh\n{}exec '{}' \"$@\"\n"
        clock = f"LD_PRELOAD='{self.clock}' WALL_CLOCK_OFFSET='{self.folder}/offset' "
        self.write("bin/originscan", wrapper.format(f"export {clock}\n", PROGRAM), 0o755)
        for name in ("haproxy", "nginx"):
            self.write(f"bin/{name}", wrapper.format("", newer_debian(name)), 0o755)
        self.write("bin/systemctl", SYSTEMCTL, 0o755)
        self.write("originscan.conf", CONFIG.replace("10.20.0.0/16", "127.0.0.0/8") + OF_THE_LAB)

    def start_servers(self):
        """The shop, behind a firewall that may break; a partner, who wants a certificate; old ones; the lab."""
        make_certificates(self.folder)
        for new, old in (("corp-ca.pem", "ca.pem"), ("proxy.pem", "client.pem")):
            (self.folder / new).symlink_to(old)
        program = newer_debian("openssl")
        self.shop = self.enterContext(Relay(self.enterContext(openssl(self.folder, program))))
        self.partner = self.enterContext(Relay(self.enterContext(openssl(
            self.folder, program, "-Verify", "1", "-verify_return_error", "-CAfile", self.folder / "ca.pem"))))
        self.old = [self.enterContext(start) for start in (openssl30("-tls1_2"), openssl30(), nginx())]
        self.addresses = [f"127.{114 + n // 200}.{os.getpid() % 250}.{n % 200 + 1}" for n in range(len(KINDS) + 1)]
        self.lab = serve(self, self.folder, [f"{address} {kind}" for address, kind in
                                             zip(self.addresses, KINDS + ["modern"])])

    def write_lists(self):
        """The same origins as an operator has them: in lists of every form, and at last in one of all."""
        port, listed = self.lab.port, [Origin(f"app{n}.corp.example", self.lab.port, address)
                                       for n, address in enumerate(self.addresses[:-1])]
        for origin in listed[:12]:
            origin.zone = "web"
        listed += [Origin(f"old{n}.corp.example", server.port, server.address) for n, server in enumerate(self.old)]
        rest = [listed.pop(20) for _ in range(50)]
        csv, cmdb, urls, ini, yml, targets = listed, rest[:10], rest[10:20], rest[20:30], rest[30:40], rest[40:]
        self.write("fleet.csv", "zone;host;port;address;owner\n" + "".join(
            f"{o.zone};{o.host};{o.port};{o.address};kim\n" for o in csv))
        self.write("cmdb.csv", "hostname,ip,port,rack\n" + "".join(f"{o.host},{o.address},{o.port},7\n" for o in cmdb))
        for o in urls + targets:
            o.host, o.address, o.sni = o.address, "", ""
            o.zone = o.host
        self.write("urls.txt", "# what monitoring asks\n" + "".join(
            f"https://{o.host}:{o.port}/status  # up\n" for o in urls))
        self.write("hosts", f"127.0.0.1 localhost\n{own_address()} gone.corp.example gone\n")
        self.write("inventory.ini", "[db]\n" + "".join(
            f"{o.host} ansible_host={o.address} https_port={port}\n" for o in ini))
        self.write("inventory.yml", "all:\n  children:\n    mq:\n      hosts:\n" + "".join(
            f"        {o.host}:\n          ansible_host: {o.address}\n          https_port: {port}\n" for o in yml))
        self.write("targets.json", json.dumps([{"targets": [f"{o.host}:{port}" for o in targets],
                                                "labels": {"job": "search"}}]))
        for group, zone in ((ini, "db"), (yml, "mq"), (targets, "search")):
            for origin in group:
                origin.zone = zone
        # the shop is a backend of HAProxy and what nginx passes to
        proxied = [Origin(self.shop.address, self.shop.port, zone="shop", sni="shop.example"),
                   Origin(self.partner.address, self.partner.port, zone="partner", sni="shop.example")]
        everything = [o for o in listed + rest + proxied if o.host != "app100.corp.example"]
        self.write("all.csv", "zone,host,port,sni,address\n" + "".join(
            f"{'intranet' if o.zone == 'web' else o.zone},{o.host},{o.port},{o.sni},{o.address}\n" for o in everything))
        self.write("new.csv", f"host,port,address\nnew.corp.example,{port},{self.addresses[-1]}\n")
        self.write("canary.ndjson", "".join(json.dumps({"zone": "shop", "arm": arm, "handshakes": 1000, "failures": 0,
                                                        "retries": 0}) + "\n" for arm in ("canary", "control")))

    def write_proxies(self):
        """Their configurations, which are inventories too; nginx' a second time for the check of an export."""
        self.listen = {name: (own_address(), free_port()) for name in ("haproxy", "nginx")}
        where = {name: f"{relay.address}:{relay.port}"
                 for name, relay in (("shop", self.shop), ("partner", self.partner))}
        temporary = "".join(f"    {name}_temp_path {self.folder}/{name};\n"
                            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;\n" if os.geteuid() == 0 else ""
        self.write("haproxy.cfg", HAPROXY.format(curves=CURVES, listen="%s:%d" % self.listen["haproxy"], **where))
        for name in ("nginx.conf", "test/nginx.conf"):
            self.write(name, NGINX.format(user=user, folder=self.folder, temporary=temporary,
                                          listen="%s:%d" % self.listen["nginx"], **where))

    # ---- the operator ------------------------------------------------------------------------------------

    def pass_hours(self, hours):
        self.hours += hours
        (self.folder / "offset").write_text(f"{int(self.hours * 3600)}\n")

    def environment(self):
        return {**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", "HOME": str(self.folder)}

    def run_command(self, command, status=0):
        done = subprocess.run(command, shell=True, cwd=self.folder, capture_output=True, text=True, timeout=120,
                              env=self.environment())
        self.assertEqual(done.returncode, status, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def next_command(self, *words):
        """The next command of the document, which has these words."""
        self.assertTrue(self.left, f"the document has no more commands, wanted: {words}")
        command = self.left.pop(0)
        for word in words:
            self.assertIn(word, command)
        return command

    def do(self, *words, status=0):
        return self.run_command(self.next_command(*words), status)

    def explain(self, zone):
        return self.run_command(f"originscan explain --db origins.db {zone}")

    # ---- the wire ----------------------------------------------------------------------------------------

    def ask(self, proxy, relay, host="shop", path="/"):
        """The status of a request, and the groups and shares of the hello that it caused."""
        before = len(relay.of("shop.example"))
        status = proxy.ask(host, path)
        came = relay.of("shop.example")[before:]
        return status, *((came[-1].first.groups(), came[-1].first.shares()) if came else ([], []))

    def start_haproxy(self, *options):
        files = [word for name in ("pq-env.cfg", "haproxy.cfg", "pq.cfg") for word in ("-f", name)]
        return self.enterContext(Proxy([newer_debian("haproxy"), "-db", *files, *options], self.folder,
                                       *self.listen["haproxy"], log="haproxy.log"))

    def export_and_reload(self):
        """What an operator runs every few minutes; returns which proxies were reloaded, and by how many commands."""
        reloads = self.folder / "reloads"
        reloads.write_text("")
        for command in self.exports:
            self.run_command(f"{command} || test $? = 3")
        told = reloads.read_text().splitlines()
        if "reload haproxy" in told:
            old, self.haproxy = self.haproxy.process, None
            self.haproxy = self.start_haproxy("-sf", old.pid)
            old.wait(ENDS_WITHIN_S)
        if "reload nginx" in told:
            self.nginx.process.send_signal(signal.SIGHUP)
        return told

    def wait_for_wire(self, relay, groups, shares, host="shop", path="/"):
        """A proxy that was told to reload takes a moment."""
        for proxy in (self.haproxy, self.nginx):
            deadline = time.monotonic() + 60
            while True:
                answer = self.ask(proxy, relay, host, path if proxy is self.nginx else "/")
                if answer == (200, groups, shares):
                    break
                self.assertLess(time.monotonic(), deadline, f"{answer}, wanted {groups} {shares}: {proxy.said()}")
                time.sleep(0.05)

    # ---- the week ----------------------------------------------------------------------------------------

    def test_week(self):
        self.import_lists()
        self.look()
        self.keep_the_list_right()
        self.wait_for_settings()
        self.start_daemon()
        self.give_orders()
        self.start_proxies()
        self.report_traffic()
        self.break_and_repair()
        self.restore()
        self.assertEqual(self.left, [], "commands that were not run")

    def import_lists(self):
        self.assertEqual(self.do("--check-config"), "originscan.conf: configuration OK\n")
        for form, name, count in (("csv", "fleet.csv", 247), ("csv", "cmdb.csv", 10), ("list", "urls.txt", 10),
                                  ("hosts", "hosts", 1), ("haproxy", "haproxy.cfg", 1), ("nginx", "nginx.conf", 1),
                                  ("ansible", "inventory.ini", 10), ("ansible", "inventory.yml", 10),
                                  ("file_sd", "targets.json", 10)):
            said = self.do("import", name)
            self.assertIn(f"read as {form}: {count} origin{'s' if count > 1 else ''} added, 0 updated", said)
            self.assertIn("; 0 bad lines", said)

    def look(self):
        said = self.do("scan", "--verbose", status=1)
        self.assertIn("300 origins scanned in ", said)
        self.assertIn("not measured: 1 unreachable\n", said)
        said = self.do("report")
        for word in ("size-limit", "gone.corp.example:443", "tls12-only"):
            self.assertIn(word, said)
        for _ in range(20):  # what a busy machine hears late proves nothing
            if "no advice" not in self.explain("shop"):
                break
            self.run_command("originscan scan --config originscan.conf shop")
        said = self.do("explain", "shop")
        self.assertIn("off, first share X25519", said)
        self.assertIn("needs-more", said)

    def keep_the_list_right(self):
        self.assertEqual(self.do("remove"), "1 origin removed, and 1 zone\n")
        self.do("rename")
        said = self.do("--replace")
        self.assertRegex(said, "read as csv: 0 origins added, 0 updated, 298 unchanged, 1 removed")

    def wait_for_settings(self):
        hourly = self.next_command("scan")
        self.pass_hours(1)
        # nothing is new, but where a busy machine heard too late what was said at first
        news = [line for line in self.run_command(hourly).splitlines() if line.startswith("  ")]
        self.assertEqual([line for line in news if not re.search(r": setting none -> |^  and \d+ more$", line)], [])
        for _ in range(4 * 4):
            self.pass_hours(6)
            self.run_command(f"{hourly} shop partner")
        self.assertIn("supported, first share X25519", self.explain("shop"))

    def start_daemon(self):
        command = self.next_command("daemon")
        self.daemon = subprocess.Popen([*TIED, "sh", "-c", f"exec {command}"], cwd=self.folder, env=self.environment(),
                                       stdin=subprocess.DEVNULL)
        self.addCleanup(self.stop_daemon)
        wait_until(lambda: "event=started" in self.said(), "the daemon's start")
        self.assertIn("1 origin added", self.do("import", "new.csv"))
        self.do("scan", "new.corp.example")
        wait_until(lambda: " zone=new.corp.example host=new.corp.example " in self.said(), "the line of that scan")

    def stop_daemon(self):
        if self.daemon.poll() is None:
            self.daemon.terminate()
        return self.daemon.wait(ENDS_WITHIN_S)

    def said(self):
        log = self.folder / "originscan.log"
        return log.read_text() if log.exists() else ""

    def give_orders(self):
        self.do("deny preferred")
        self.do("pin preferred")
        said = self.do("zone", "list")
        for zone, order, comment in (("shop", "deny preferred", "CHG-1234"), ("partner", "pin preferred", "Kim")):
            (line,) = [line for line in said.splitlines() if line.startswith(zone + " ")]
            self.assertIn(order, " ".join(line.split()))
            self.assertIn(comment, line)
        self.assertIn("operator-pin", self.do("explain", "partner"))

    def start_proxies(self):
        self.do("--format haproxy ", "--check-command")
        self.do("--format haproxy-env", "--check-command")
        self.do("--format nginx", "--check-command")
        self.assertTrue((self.folder / "pq/shop.conf").exists())
        self.haproxy = self.start_haproxy()
        self.nginx = self.enterContext(Proxy([newer_debian("nginx"), "-p", self.folder, "-e", "stderr", "-c",
                                              self.folder / "nginx.conf"], self.folder, *self.listen["nginx"]))
        self.wait_for_wire(self.shop, [HYBRID, X25519, P256, P384], [X25519])
        self.wait_for_wire(self.partner, [HYBRID, X25519, P256, P384], [HYBRID], "partner", "/partner")
        self.exports = [self.next_command("--format haproxy ", "--exit-changed", "reload haproxy"),
                        self.next_command("--format haproxy-env", "--exit-changed", "reload haproxy"),
                        self.next_command("--format nginx", "--exit-changed", "reload nginx")]

    def report_traffic(self):
        self.assertEqual(self.do("feedback"), "2 reports accepted, 0 lines rejected, 0 zones rolled back\n")
        self.assertRegex(self.do("explain", "shop"), r"  ramp +for 10? % of the traffic; ")

    def break_and_repair(self):
        self.shop.refuses = lambda offer: HYBRID in offer.groups()
        self.assertEqual(self.ask(self.haproxy, self.shop)[0], 503)
        self.assertEqual(self.ask(self.nginx, self.shop)[0], 502)
        scan = self.next_command("scan", "shop")
        self.assertIn("verdict ready -> hybrid-refused", self.run_command(scan))
        said = ""
        for _ in range(3):  # twice, where midnight is between the failures of a day
            self.pass_hours(0.2)
            said += self.run_command(scan)
            if "new=off" in self.said():
                break
        self.assertIn("shop: setting supported -> off", said)
        alert = self.do("grep").splitlines()[-1]
        self.assertIn(" zone=shop old=supported new=off ", alert)
        self.assertIn(" reason=reproducible-failure", alert)
        self.assertIn("hybrid-refused", self.do("explain"))
        self.assertEqual(self.export_and_reload(), ["reload haproxy", "reload haproxy", "reload nginx"])
        self.wait_for_wire(self.shop, [X25519, P256, P384], [X25519])
        self.assertIn("unchanged", self.run_command(self.exports[0], status=3))  # nothing to reload for
        self.shop.refuses = lambda offer: False
        self.do("pin supported")
        self.assertEqual(self.export_and_reload(), ["reload haproxy", "reload haproxy", "reload nginx"])
        self.wait_for_wire(self.shop, [HYBRID, X25519, P256, P384], [X25519])

    def restore(self):
        self.do("backup")
        self.run_command("originscan zone --db origins.db clear partner")  # by mistake
        self.assertIn("in use by another originscan", self.run_command(self.left[0], status=1))
        self.assertEqual(self.stop_daemon(), 0)
        self.do("restore")
        self.assertEqual(self.do("check"), "ok\n")
        orders = self.run_command("originscan zone --db origins.db list partner")
        self.assertIn("pin preferred", " ".join(orders.split()))


if __name__ == "__main__":
    unittest.main()
