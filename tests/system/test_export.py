"""originscan export, report and explain from outside, and their documents against the schemas."""

import csv
import io
import json
import os
import pathlib
import stat
import tempfile
import unittest

try:
    import jsonschema
except ImportError:
    jsonschema = None
try:
    import yaml
except ImportError:
    yaml = None

import settings_db
from originscan import LOOPBACK, run, scans
from servers import SOURCE, openssl30
from settings_db import Zone

ALL = ["X25519MLKEM768", "X25519", "P-256", "P-384"]
FORMATS = ["json", "ndjson", "csv", "cloudflare", "akamai", "nginx", "haproxy", "haproxy-env", "envoy", "caddy", "ats",
           "pingora", "openssl", "svcb"]
HOSTILE = ["x\",\"setting\":\"off", "a,b\n\"c\"", "\u202eelpmaxe", "=1+1"]


def preferred(name, **more):
    return Zone(name, "preferred", "X25519MLKEM768", ALL, variant="dual", **more)


def schema(name):
    return json.loads((SOURCE / f"share/schema/originscan.{name}-1.json").read_text())


class Base(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="originscan-export-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.db = self.folder / "settings.db"

    def originscan(self, *arguments, status=0):
        done = run(*arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def export(self, form, *options, status=0):
        return self.originscan("export", "--db", self.db, "--format", form, *options, status=status)


class Export(Base):
    def setUp(self):
        super().setUp()
        self.names = [f"zone-{number:02}.example" for number in range(20)] + HOSTILE
        settings_db.make(self.db, [preferred(name) for name in self.names], "192.0.2.7", 443)

    def test_json_formats_agree(self):
        document = json.loads(self.export("json").stdout)
        lines = [json.loads(line) for line in self.export("ndjson").stdout.splitlines()]
        self.assertEqual(sorted(zone["zone"] for zone in document["zones"]), sorted(self.names))
        self.assertEqual([{key: line[key] for key in zone}
                          for zone, line in zip(document["zones"], lines, strict=True)], document["zones"])
        self.assertEqual({line["sha256"] for line in lines}, {document["sha256"]})
        for zone in document["zones"]:
            self.assertEqual((zone["setting"], zone["variant"], zone["first_share"], zone["groups"]),
                             ("preferred", "dual", "X25519MLKEM768", ALL))

    def test_csv(self):
        rows = list(csv.DictReader(io.StringIO(self.export("csv").stdout)))
        self.assertEqual(len(rows), len(self.names))
        shown = {"a,b\n\"c\"": "a,b\\x0a\"c\"", "=1+1": "'=1+1", "\u202eelpmaxe": "\\xe2\\x80\\xaeelpmaxe"}
        self.assertEqual(sorted(row["zone"] for row in rows), sorted(shown.get(n, n) for n in self.names))
        self.assertEqual({(row["setting"], row["groups"]) for row in rows}, {("preferred", " ".join(ALL))})

    def test_cloudflare_and_akamai(self):
        lines = [json.loads(line) for line in self.export("cloudflare").stdout.splitlines()]
        self.assertEqual({(line["method"], line["path"], json.dumps(line["body"])) for line in lines},
                         {("PUT", "/zones/{zone_id}/cache/origin_post_quantum_encryption",
                           '{"value": "preferred"}')})
        rules = json.loads(self.export("akamai").stdout)["children"]
        self.assertEqual(len(rules), len(self.names))
        for rule in rules:  # a rule without criteria would hold for everything
            self.assertEqual(bool(rule["criteria"]), bool(rule["behaviors"]))
        self.assertEqual([rule["behaviors"][0]["options"] for rule in rules if rule["behaviors"]],
                         [{"enabled": True, "pqcClientHelloKeys": True}] * 20)

    @unittest.skipUnless(yaml, "python3-yaml is not installed")
    def test_yaml_formats(self):
        for form, key, name in (("envoy", "resources", "name"), ("pingora", "zones", "zone")):
            rows = yaml.safe_load(self.export(form, "--variant", "dual").stdout)[key]
            self.assertEqual(len({row[name] for row in rows}), len(self.names))
        for row in yaml.safe_load(self.export("envoy").stdout)["resources"]:
            tls = row["transport_socket"]["typed_config"]
            self.assertEqual(tls["common_tls_context"]["tls_params"],
                             {"tls_minimum_protocol_version": "TLSv1_2",
                              "tls_maximum_protocol_version": "TLSv1_3", "ecdh_curves": ALL})
            self.assertRegex(tls["sni"], r"^sni[0-9]+\.example$")
        golden = yaml.safe_load((SOURCE / "tests/golden/export_envoy.txt").read_text())["resources"]
        mixed = next(row for row in golden if row["name"] == "originscan_mixed.example")
        endpoints = mixed["load_assignment"]["endpoints"][0]["lb_endpoints"]
        self.assertEqual([row["load_balancing_weight"] for row in endpoints], [500, 1000, 500, 250])
        self.assertEqual([row["match"]["origin"] for row in mixed["transport_socket_matches"]],
                         [row["metadata"]["filter_metadata"]["envoy.transport_socket_match"]["origin"]
                          for row in endpoints])

    def test_every_format_names_its_maker_and_age(self):
        for form in FORMATS:
            text = self.export(form).stdout
            with self.subTest(format=form):
                self.assertIn("generated_at", text)
                self.assertIn("sha256", text)
                if form not in ("ndjson", "csv", "cloudflare"):
                    self.assertIn("originscan 0.", text)
                    self.assertIn("Do not edit", text)

    def test_one_zone(self):
        zones = json.loads(self.export("json", "--zone", "zone-03.example", "--zone", HOSTILE[0]).stdout)["zones"]
        self.assertEqual([zone["zone"] for zone in zones], ["zone-03.example", HOSTILE[0]])
        self.assertIn('there is no zone "other"', self.export("json", "--zone", "other", status=1).stderr)

    def test_output_and_guard(self):
        for form in FORMATS:
            with self.subTest(format=form):
                self.check_output(form)

    def check_output(self, form):
        out = self.folder / f"out.{form}"
        self.export(form, "--output", out)
        before = out.read_bytes()
        self.assertEqual(stat.S_IMODE(out.stat().st_mode), 0o666 & ~self.umask())
        self.assertIn("would be missing", self.export(form, "--output", out, "--zone", self.names[0], status=1).stderr)
        for name in self.names[:3]:
            settings_db.settle(self.db, name, "off")
        if form != "svcb":  # which tells of origins, not of settings
            self.assertIn("lower setting", self.export(form, "--output", out, status=1).stderr)
        self.assertEqual(out.read_bytes(), before)
        for name in self.names[:3]:
            settings_db.settle(self.db, name, "preferred")
        self.export(form, "--output", out, "--zone", self.names[0], "--force")
        self.assertNotEqual(out.read_bytes(), before)
        out.write_bytes(before[:-20])
        self.assertIn("damaged", self.export(form, "--output", out, "--zone", self.names[0], status=1).stderr)
        self.assertEqual(out.read_bytes(), before[:-20])

    @staticmethod
    def umask():
        mask = os.umask(0)
        os.umask(mask)
        return mask

    def test_orders_of_the_operator(self):
        """Zones in shadow mode are left out; while the global brake is on, nothing changes."""
        self.originscan("zone", "set", "--db", self.db, "--shadow", self.names[0])
        document = json.loads(self.export("json").stdout)
        self.assertEqual((len(document["zones"]), document["counts"]["shadow"]), (len(self.names) - 1, 1))
        out = self.folder / "out.conf"
        self.export("nginx", "--output", out)
        before = out.read_bytes()
        with settings_db.opened(self.db) as db:
            db.execute("INSERT INTO lever (zone_id, name, value, set_at) VALUES (NULL, 'brake', 'too many', 1)")
        for options in (("--output", out), ()):
            self.assertIn("global brake", self.export("nginx", *options, status=1).stderr)
        self.assertEqual(out.read_bytes(), before)
        self.export("nginx", "--output", out, "--force")

    def test_exit_changed(self):
        """The exit status tells a loop whether to reload; what is the same leaves the file alone."""
        out = self.folder / "out.cfg"
        self.export("haproxy", "--output", out, "--exit-changed")
        def picture():
            now = out.stat()
            return now.st_ino, now.st_mtime_ns, now.st_ctime_ns  # reading it may change the time of access

        before = picture()
        said = self.export("haproxy", "--output", out, "--exit-changed", status=3).stderr
        self.assertIn("out.cfg: unchanged, generation 1,", said)
        self.assertEqual(picture(), before)
        settings_db.settle(self.db, self.names[0], "off")
        self.assertIn(": changed, generation 2,", self.export("haproxy", "--output", out, "--exit-changed").stderr)

    def test_folder(self):
        out = self.folder / "pq"
        said = self.export("nginx", "--output", f"{out}/", "--exit-changed").stderr
        self.assertIn(f"{len(self.names)} files, {len(self.names)} changed, 0 removed", said)
        self.assertEqual(len(list(out.iterdir())), len(self.names))
        self.export("nginx", "--output", out, "--exit-changed", status=3)
        settings_db.settle(self.db, self.names[0], "off")
        self.assertIn(" 1 changed, 0 removed", self.export("nginx", "--output", out, "--exit-changed").stderr)
        self.assertIn("must not be a folder", self.export("haproxy", "--output", out, status=2).stderr)
        self.assertIn("all zones", self.export("nginx", "--output", out, "--zone", "x", status=2).stderr)

    APART = ["json", "ndjson", "csv", "cloudflare", "akamai", "haproxy", "haproxy-env", "envoy", "caddy", "pingora",
             "openssl", "svcb"]

    def test_since(self):
        """A zone that changed, and a new one, in a file of their own; what is written anew is not what changed."""
        for form in self.APART:
            with self.subTest(form):
                self.check_since(form)

    def check_since(self, form):
        out = self.folder / f"since.{form}"
        more = ("--keep", "2", "--since")
        self.export(form, "--output", out, "--force")
        settings_db.settle(self.db, "zone-01.example", "off")
        with settings_db.opened(self.db) as db:
            db.execute("UPDATE zone_setting SET since = since + 1000")  # a reason, no change
        done = self.export(form, "--output", out, *more, "1")
        self.assertIn("zone-01.example", done.stdout)
        self.assertNotIn("zone-02.example", done.stdout)
        self.assertIn("1 zone changed since generation 1, 0 no longer exported", done.stderr)
        self.assertIn("zone-02.example", out.read_text())
        self.assertNotIn("zone-01.example", self.export(form, "--output", out, *more, "2").stdout)
        settings_db.settle(self.db, "zone-01.example", "preferred")
        settings_db.settle(self.db, "zone-02.example", "off")
        again = self.export(form, "--output", out, *more, "1")  # now generation 3
        self.assertIn("zone-02.example", again.stdout)
        self.assertNotIn("zone-01.example", again.stdout, "it is again what it was")
        self.assertIn("zone-01.example", self.export(form, "--output", out, *more, "2").stdout)
        settings_db.settle(self.db, "zone-02.example", "preferred")
        self.export(form, "--output", out, *more, "3")  # now 4, beside 3 and 2
        self.assertEqual(sorted(path.name for path in self.folder.glob(f"since.{form}*")),
                         [f"since.{form}", f"since.{form}.~2~", f"since.{form}.~3~"])
        self.assertIn("generation 1 is neither", self.export(form, "--output", out, *more, "1", status=1).stderr)
        for path in self.folder.glob(f"since.{form}*"):
            path.unlink()

    def test_since_needs_a_file(self):
        out = self.folder / "out"
        self.assertIn("need --output", self.export("csv", "--since", "1", status=2).stderr)
        self.assertIn("is neither in the file", self.export("csv", "--output", out, "--since", "1", status=1).stderr)
        self.assertFalse(out.exists())
        for form in ("nginx", "ats"):
            self.assertIn("zones together", self.export(form, "--output", out, "--since", "1", status=1).stderr)

    def test_edited_file(self):
        out = self.folder / "out.cfg"
        self.export("haproxy", "--output", out)
        edited = out.read_text().replace("verify required ca-file @system-ca", "verify none", 1)
        out.write_text(edited)
        self.assertIn("was edited", self.export("haproxy", "--output", out, status=1).stderr)
        self.assertEqual(out.read_text(), edited)
        self.export("haproxy", "--output", out, "--force")
        self.assertNotIn("verify none", out.read_text())

    def test_check_command(self):
        out = self.folder / "out.conf"
        self.assertIn("check command rejected", self.export(
            "nginx", "--output", out, "--check-command", "false", status=1).stderr)
        self.assertFalse(out.exists())
        self.export("nginx", "--output", out, "--check-command", "grep -q zone-03.example {} && test -s")
        self.assertIn("zone-03.example", out.read_text())
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()
                                if "settings.db" not in path.name), ["out.conf"])

    def test_wrong_usage(self):
        for options in (("--format", "apache"), (), ("--format", "json", "--place", "100"),
                        ("--format", "json", "--openssl", "2"), ("--format", "json", "--variant", "triple"),
                        ("--format", "json", "--check-command", "true"), ("--format", "nginx", "--snippet"),
                        ("--format", "json", "extra")):
            self.originscan("export", "--db", self.db, *options, status=2)
        self.originscan("export", "--format", "json", status=2)
        self.originscan("export", "--db", self.folder / "none.db", "--format", "json", status=2)


class Report(Base):
    @classmethod
    def setUpClass(cls):
        """One scan for all: an origin that works and one that does not."""
        folder = tempfile.TemporaryDirectory(prefix="originscan-report-")
        cls.addClassCleanup(folder.cleanup)
        cls.scanned_db = pathlib.Path(folder.name) / "scanned.db"
        with openssl30() as server:
            lines = "zone,host,port,address\n" + "".join(
                f"shop,{host}.example,{port},{server.address}\n"
                for host, port in (("good", server.port), ("gone", 1)))
            for arguments, status in ((("import", "--db", cls.scanned_db, "-"), 0),
                                      (("scan", "--db", cls.scanned_db, "--set", "allow=127.0.0.0/8"), 1)):
                done = run(*arguments, stdin=lines)
                if done.returncode != status:
                    raise AssertionError(f"{arguments}: {done.stderr}")

    def scanned(self):
        self.originscan("db", "backup", "--db", self.scanned_db, self.db)

    def test_report(self):
        self.scanned()
        document = json.loads(self.originscan("report", "--db", self.db, "--format", "json").stdout)
        self.assertEqual(document["schema"], "originscan.report/1")
        self.assertEqual((document["origins"]["total"], document["origins"]["complete"],
                          document["origins"]["unreachable"]), (2, 1, 1))
        shares = {row["group"]: (row["supported"], row["supported_fraction"]) for row in document["shares"]}
        self.assertEqual((shares["X25519"], shares["X25519MLKEM768"]), ((1, 1.0), (0, 0.0)))
        # fractions are of the origins that were measured: this one was not
        self.assertEqual([(row["class"], row["origins"], row["fraction"], row["examples"][0]["host"])
                          for row in document["failures"]], [("unreachable", 1, None, "gone.example")])
        traffic = document["traffic"]  # the origin that is gone may yet take X25519 at once
        self.assertEqual((traffic["zones"], traffic["weight"], traffic["hybrid"]),
                         (1, 2.0, {"now": 0.0, "recommended": 0.0, "possible": 0.0}))
        self.assertEqual(traffic["retry"], {"now": 0.5, "recommended": 0.5, "unavoidable": 0.0})
        page = self.originscan("report", "--db", self.db).stdout
        self.assertRegex(page, r"X25519 +#{30} 100\.0 %")
        self.assertIn("gone.example:1", page)
        self.assertTrue(page.isascii())

    def test_changes_since_a_date(self):
        self.scanned()
        with settings_db.opened(self.db) as db:
            db.executemany("INSERT INTO change (changed_at, subject, field, old, new, reason)"
                           " VALUES (?, 'good.example:443', 'verdict', 'ready', 'classical', NULL)",
                           [(1767225600000 + day * 86400000,) for day in range(10)])  # from 2026-01-01 on
        for since, changes in (("2026-01-01", 10), ("2026-01-08", 3), ("2026-01-31", 0), ("0", 0)):
            document = json.loads(self.originscan("report", "--db", self.db, "--format", "json", "--since",
                                                  since).stdout)
            self.assertEqual(sum(change["subject"] == "good.example:443"
                                 for change in document["changes"]["latest"]), changes)
            self.assertEqual(document["flapping"]["total"], int(changes >= 4))

    def test_explain(self):
        self.scanned()
        for what in ("shop", "good.example", "GOOD.example."):
            text = self.originscan("explain", "--db", self.db, what).stdout
            self.assertIn('zone "shop"', text)
            self.assertIn("verdict classical", text)
        self.assertIn('"nope\\x0a"', self.originscan("explain", "--db", self.db, "nope\n", status=1).stderr)
        self.originscan("explain", "--db", self.db, status=2)

    def test_wrong_usage(self):
        self.scanned()
        self.assertIn("unknown value \"xml\"; use text, html or json",
                      self.originscan("report", "--db", self.db, "--format", "xml", status=2).stderr)
        for wrong in ("yesterday", "2026-13-40", ""):
            self.assertIn(f'unknown value "{wrong}"; use a date such as 2026-11-23, or a number of days',
                          self.originscan("report", "--db", self.db, "--since", wrong, status=2).stderr)
        self.originscan("report", status=2)


@unittest.skipUnless(jsonschema, "python3-jsonschema is not installed")
class Schemas(Base):
    def accepts(self, name, document, part=None):
        whole = schema(name)
        jsonschema.Draft202012Validator.check_schema(whole)
        if part:
            whole = {"$schema": whole["$schema"], "$defs": whole["$defs"], "$ref": f"#/$defs/{part}"}
        return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
                for error in jsonschema.Draft202012Validator(whole).iter_errors(document)]

    def test_scans(self):
        with openssl30() as server:
            for origin, options in ((f"a.example:{server.port}@{server.address}", ()),
                                    (f"a.example:{server.port}@{server.address}", ("--plan", "full")),
                                    (f"a.example:1@{server.address}", ()), ("192.0.2.1", ())):
                allow = () if origin == "192.0.2.1" else LOOPBACK
                for scan in scans(run("probe", "--json", *allow, *options, origin)):
                    self.assertEqual(self.accepts("scan", scan), [])

    def test_settings(self):
        golden = json.loads((SOURCE / "tests/golden/export_json.txt").read_text())
        self.assertEqual(self.accepts("settings", golden), [])
        for line in (SOURCE / "tests/golden/export_ndjson.txt").read_text().splitlines():
            self.assertEqual(self.accepts("settings", json.loads(line), "line"), [])
        settings_db.make(self.db, [preferred("a"), Zone("b", "off", "P-256", ALL[1:])], "192.0.2.7", 443)
        self.assertEqual(self.accepts("settings", json.loads(self.export("json").stdout)), [])

    def test_report(self):
        golden = json.loads((SOURCE / "tests/golden/report_json.txt").read_text())
        self.assertEqual(self.accepts("report", golden), [])
        settings_db.make(self.db, [preferred("a")], "192.0.2.7", 443)
        done = self.originscan("report", "--db", self.db, "--format", "json")
        self.assertEqual(self.accepts("report", json.loads(done.stdout)), [])

    def test_they_refuse(self):
        """A missing, an additional or a wrong member is found in each of them."""
        golden = {"settings": json.loads((SOURCE / "tests/golden/export_json.txt").read_text()),
                  "report": json.loads((SOURCE / "tests/golden/report_json.txt").read_text())}
        with openssl30() as server:
            (golden["scan"],) = scans(run("probe", "--json", *LOOPBACK,
                                          f"a.example:{server.port}@{server.address}"))
        for name, document in golden.items():
            for change in ({"schema": "originscan.other/1"}, {"additional": 1}):
                self.assertNotEqual(self.accepts(name, {**document, **change}), [])
            for key in document:
                without = {other: value for other, value in document.items() if other != key}
                self.assertNotEqual(self.accepts(name, without), [], key)
                self.assertNotEqual(self.accepts(name, {**document, key: object}), [], key)


if __name__ == "__main__":
    unittest.main()
