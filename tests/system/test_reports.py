"""Public reports rebuilt as boxes in front of real servers (reports, reports_on_the_way): what is said about each, that
nothing is called missing that is there or was never shown, and that an OpenSSL client with the exported groups gets
through, with a fresh session and with a resumed one. The same servers without a box have no fault."""

import concurrent.futures
import os
import subprocess
import unittest

import reports_on_the_way  # adds its reports
from boxes import Boxes
from exported_client import Client, sections
from originscan import LOOPBACK, PROGRAM, run, scans
from population import Database, Folder
from report_servers import all_kinds
from reports import REPORTS, variants

FAULTS = {"unstable", "interrupted", "large-hello-hangs-tls12", "version-fallback", "unknown-group", "unknown-share",
          "split-hello", "size-limit", "large-drop", "path-mtu", "large-first-only", "large-second-only",
          "retry-then-fail", "retry-malformed", "retry-wrong-group", "retry-loop", "hybrid-refused",
          "hybrid-unusable", "resumption-fails", "wrong-backend", "handshake-refused", "never-finishes",
          "record-split", "length-quirk"}
REQUEST = "GET / HTTP/1.0\r\n\r\n"


def address_of(number):
    return f"127.91.{number >> 8}.{number & 255}"


def fresh_variants():
    """All of them with boxes that nobody has met, by their address; ORIGINSCAN_REPORT picks some by the start of
    their names."""
    wanted = os.environ.get("ORIGINSCAN_REPORT", "")
    chosen = [variant for variant in variants() if f"{variant.report}: {variant.name}".startswith(wanted)]
    return {address_of(number): variant for number, variant in enumerate(chosen)}


def boxes_of(placed, servers):
    return Boxes({address: variant.box for address, variant in placed.items()}, servers)


def value_at(scan, path):
    for part in path.split("/"):
        scan = scan.get(part) if isinstance(scan, dict) else None
    return scan


def is_right(got, wanted):
    return wanted(got) if callable(wanted) else got in wanted if isinstance(wanted, tuple) else got == wanted


def batches(placed):
    """What waits for deadlines, many at a time and with short ones; the rest few at a time, for they compute."""
    for waits, concurrency, timeout_s in ((True, 40, 3), (False, 12, 8)):
        chosen = {address: variant for address, variant in placed.items() if variant.waits == waits}
        if chosen:
            yield chosen, concurrency, timeout_s


def probe_each(port, addresses, *options):
    """The JSON of each, by address."""
    done = run("probe", "--json", "--ordered", *LOOPBACK, *options, "-",
               stdin="".join(f"origin.example:{port}@{address}\n" for address in addresses), within_s=300)
    return dict(zip(addresses, scans(done)))


def came_without_ticket(variant, scan):
    """A ticket is waited for for a tenth of a second: from a busy machine none may come, and nothing is resumed."""
    return variant.report == "resumption" and scan["resumed_works"] is None


def probe_batch(port, chosen, concurrency, timeout_s):
    """The JSON of each, by address."""
    found = {}
    for options in {variant.options for variant in chosen.values()}:
        how = "--timeout", timeout_s, "--concurrency", concurrency, *options
        again = [address for address, variant in chosen.items() if variant.options == options]
        for _ in range(4):
            found.update(probe_each(port, again, *how))
            again = [address for address in again if came_without_ticket(chosen[address], found[address])]
            if not again:
                break
    return found


def export_batch(folder, port, chosen, concurrency, timeout_s):
    """The exported groups of each, by address."""
    db = Database(folder / f"origins-{concurrency}.db")
    names = {f"z{number}.example": address for number, address in enumerate(chosen)}
    db.import_(["zone,host,port,sni,address,weight"] +
               [f"{name},{name},{port},origin.example,{address},1" for name, address in names.items()])
    done = db.scan(profile="fast", timeout_ms=timeout_s * 1000, max_in_flight=concurrency)
    if done.returncode not in (0, 1):
        raise AssertionError(done.stderr)
    text = subprocess.run([PROGRAM, "export", "--db", db.path, "--format", "openssl"], capture_output=True,
                          text=True, check=True).stdout
    return {names[zone]: groups for zone, groups in sections(text).items()}


def scan_all(servers, folder):
    """The JSON and the exported groups of each variant, by address."""
    scanned, exported = {}, {}
    for_probe, for_export = fresh_variants(), fresh_variants()
    with (boxes_of(for_probe, servers) as front, boxes_of(for_export, servers) as other,
          concurrent.futures.ThreadPoolExecutor(4) as pool):
        jobs = [(scanned, pool.submit(probe_batch, front.port, *batch)) for batch in batches(for_probe)]
        jobs += [(exported, pool.submit(export_batch, folder, other.port, *batch)) for batch in batches(for_export)]
        for result, job in jobs:
            result.update(job.result())
    return scanned, exported


def connect_all(servers, folder, exported):
    """What went wrong with the exported groups of each variant, by address."""
    placed = fresh_variants()
    with boxes_of(placed, servers) as front, concurrent.futures.ThreadPoolExecutor(6) as pool:
        clients = {address: Client(folder.path, address, front.port, groups, request=REQUEST)
                   for address, groups in exported.items()
                   if placed[address].client and not placed[address].options}
        return dict(zip(clients, pool.map(Client.fails, clients.values())))


class Reports(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = Folder(cls)
        cls.placed = fresh_variants()
        with all_kinds() as servers:
            cls.scans, cls.exported = scan_all(servers, folder)
            cls.failures = connect_all(servers, folder, cls.exported)

    @classmethod
    def addCleanup(cls, *arguments, **options):  # Folder asks its test
        cls.addClassCleanup(*arguments, **options)

    def wrong_facts(self, variant, scan):
        """Groups that are there and called missing, and the other way round."""
        known = {**scan["groups"], **scan["other_groups"]}
        if variant.has is None:
            return {}
        return {group: truth for group, truth in known.items()
                if (truth is False and group in variant.has) or (truth is True and group not in variant.has)}

    def wrong_words(self, variant, scan):
        wrong = {path: value_at(scan, path) for path, wanted in variant.want.items()
                 if not is_right(value_at(scan, path), wanted)}
        setting = value_at(scan, "recommendation/setting")
        if setting not in variant.setting:
            wrong["setting"] = setting
        if variant.verdict and scan["verdict"] not in variant.verdict:
            wrong["verdict"] = scan["verdict"]
        faults = FAULTS & set(scan["verdicts"])
        if variant.fault is not None and bool(faults) != variant.fault:
            wrong["faults"] = sorted(faults)
        return wrong

    def wrong_setting(self, variant, address):
        failure = self.failures.get(address, "")
        return failure if failure == "fresh" or variant.resumes else ""

    def check(self, report):
        wrong = {}
        for address, variant in self.placed.items():
            if variant.report != report:
                continue
            scan = self.scans[address]
            found = {**self.wrong_facts(variant, scan), **self.wrong_words(variant, scan)}
            if failure := self.wrong_setting(variant, address):
                found["client"] = failure, self.exported[address]
            if found:
                wrong[variant.name] = {**found, "verdicts": scan["verdicts"], "failed": " ".join(
                    f"{probe['name']}={probe['alert'] or probe['outcome']}@{probe['stage']}"
                    for probe in scan["probes"] if probe["outcome"] != "ok")}
        if wrong:
            self.fail("\n" + "\n".join(f"{name}: {found}" for name, found in wrong.items()))


for name in REPORTS:
    setattr(Reports, f"test_{name}", lambda self, name=name: self.check(name))
    getattr(Reports, f"test_{name}").__doc__ = REPORTS[name].__doc__

if __name__ == "__main__":
    unittest.main()
