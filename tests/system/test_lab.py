"""originscan against every behaviour of the lab: all that the lab's truth determines, one test a line of its
table; one test a signature with a healthy neighbour; what a scan costs."""

import re
import unittest

import confusion
from lab import Lab
from originscan import run, scans
from servers import SOURCE

DAILY = ["classical", "supported", "preferred", "preferred-dual", "only-p256", "only-p384", "only-p521",
         "only-hybrid", "only-other", "choose", "closing"]
AT_TIMES = ["confirm", "wide-retry", "resumed", "no-alpn", "only-other-2", "only-other-3", "only-other-4"]
PROBE_KEYS = ["outcome", "stage", "group", "retry", "retry_group", "alert", "tls_version"]
DRILL_DOWN_MOST = 8

TABLE = confusion.table()
QUIRK = next(line for line in TABLE.splitlines() if "quirk=" in line).split(None, 1)[1]


class World:
    """What was foreseen and what was seen, once for all tests."""

    @classmethod
    def visit(cls):
        cls.truth, cls.daily, cls.full = confusion.scan_all(TABLE)


def setUpModule():
    World.visit()


def differences(truth, scan, plan):
    """What the scan says otherwise than the truth, as far as that is determined."""
    found = []

    def compare(what, wanted, got):
        if wanted not in (None, "any") and wanted != got:
            found.append(f"{what}: {wanted} expected, {got} found")

    complete = truth["status"] == "complete" and not truth["moody"]
    compare("status", truth["status"], scan["status"])
    if complete and (plan == "full" or truth["beside"] == ["client-certificate"]):
        compare("beside", truth["beside"], [verdict for verdict in confusion.BESIDE if verdict in scan["verdicts"]])
    compare("verdict", truth["verdict_full" if plan == "full" else "verdict"], scan["verdict"])
    if truth["verdict"] == truth["verdict_full"]:
        compare("bugs", truth["bugs"], scan["bugs"])
    if complete:
        compare("hybrid_only_if_first", truth["hybrid_only_if_first"], "hybrid-only-if-first" in scan["verdicts"])
        more = plan == "full" and None in truth["groups"].values()  # the full plan learns more
        for key in ("group_order", "preferred_group"):  # null says that it cannot be known
            if truth[key] != "any" and truth[key] != scan[key] and not (more and truth[key] is None):
                found.append(f"{key}: {truth[key]} expected, {scan[key]} found")
        for group, wanted in truth["groups"].items():
            learnt = plan == "full" and wanted is None  # the full plan asks more
            if wanted != "any" and not learnt and wanted != scan["groups"][group]:
                found.append(f"{group}: {wanted} expected, {scan['groups'][group]} found")
    for mode, wanted in (truth["modes"] or {}).items():
        compare(mode, wanted, scan["modes"][mode])
    probes = {probe["name"]: probe for probe in scan["probes"]}
    for name, wanted in ((truth["probes"] or {}) | (truth["drill_down"] or {})).items():
        if wanted == "not-sent":
            compare(f"probe {name}", False, name in probes)
        elif wanted and (name in DAILY or name in probes):
            got = probes.get(name, {})
            compare(f"probe {name}", wanted, {key: got.get(key) for key in PROBE_KEYS})
    return found


class EveryBehaviour(unittest.TestCase):
    """One test a line and plan, made below."""

    maxDiff = None

    def check(self, line, plan):
        scan = World.full[line] if plan == "full" else World.daily[line]
        self.assertEqual(differences(World.truth[line], scan, plan), [])
        if not World.truth[line]["moody"]:
            self.assertTrue(all(probe["attempts"] == 1 or probe["outcome"] in ("reset", "closed", "timeout")
                                or probe["alert"] == 80
                                for probe in scan["probes"]), scan["probes"])


def add_tests(plan):
    for line in confusion.lines(TABLE):
        name = re.sub(r"\W+", "_", confusion.name(line)).strip("_")
        setattr(EveryBehaviour, f"test_{plan}_{name}",
                lambda self, line=line: self.check(line, plan))


add_tests("daily")
add_tests("full")


# ---- Signatures ------------------------------------------------------------------------------------------

# Only ever beside another one.
BESIDE = ["hybrid-only-if-first", "client-certificate", "record-split", "length-quirk"]
FAULTS = ["large-hello-hangs-tls12", "version-fallback", "unknown-group", "unknown-share", "split-hello",
          "size-limit", "large-drop", "path-mtu", "large-first-only", "large-second-only", "retry-then-fail",
          "retry-malformed", "retry-wrong-group", "retry-loop", "hybrid-refused", "hybrid-unusable", "resumption-fails",
          "wrong-backend", "record-split", "length-quirk", "client-certificate"]

# Verdict: where it is found, the healthy neighbour (the same server without the fault), and which other
# faults hold there by their own definition.
SIGNATURES = {
    "unreachable": ("closed-port", "modern"),
    "not_tls": ("http", "modern"),
    "interrupted": ("ban", "modern"),
    "unstable": ("unstable", "modern"),
    "large-hello-hangs-tls12": ("tls12-large-hang", "tls12-rsa"),
    "version-fallback": ("version-fallback", "modern"),
    "unknown-group": ("unknown-group-alert", "classical-only"),
    "unknown-share": ("unknown-share-alert", "classical-only"),
    # The second hello comes to a reader that is awake: a large one passes.
    "split-hello": ("first-segment-close", "modern", "large-first-only"),
    "size-limit": ("size-close", "modern"),
    "large-drop": ("size-hang", "modern"),
    "large-first-only": ("large-first-only", "modern"),
    "large-second-only": ("large-second-only", "modern"),
    "retry-then-fail": ("retry-close", "classical-only"),
    "retry-malformed": ("retry-no-session-id", "classical-only"),
    "retry-wrong-group": ("retry-wrong-group", "classical-only"),
    "retry-loop": ("retry-loop", "classical-only"),
    "hybrid-refused": ("hybrid-refused", "classical-only"),
    "hybrid-unusable": ("hybrid-both-close", "modern"),
    "resumption-fails": ("resume-close", "tickets"),
    "never-finishes": ("never-finishes", "modern"),
    "other-hybrid": ("other-hybrid", "classical-only"),
    "wrong-backend": ("wrong-backend", "modern"),
    "length-quirk": (QUIRK, "modern"),
    "client-certificate": ("client-certificate", "modern"),
    "handshake-refused": ("handshake-refused", "modern"),
    "tls12-only": ("tls12", "modern"),
    "ready": ("modern", "classical-only"),
    # It closes on whoever needs no retry; with one it serves.
    "ready-after-retry": ("flight-close", "modern"),
    "hybrid-not-chosen": ("hybrid-not-chosen", "hybrid-tuples"),
    "draft-only": ("draft", "classical-only"),
    "classical": ("classical-only", "modern"),
    "hybrid-only-if-first": ("hybrid-flat", "hybrid-tuples"),
}

# Decided by probes that only the full plan sends.
FULL_SIGNATURES = {
    "record-split": ("record-split-fail", "modern"),
    "length-quirk": ("length-quirk", "modern"),
}


class EverySignature(unittest.TestCase):
    """The behaviour gives exactly this verdict, its neighbour does not. `path-mtu` needs a network:
    test_network.py."""

    def check(self, found, verdict, line, neighbour, *others):
        scan = found[line]
        self.assertIn(verdict, scan["verdicts"])
        if verdict not in BESIDE:
            self.assertEqual(scan["verdict"], verdict)
        self.assertEqual({fault for fault in scan["verdicts"] if fault in FAULTS} - {verdict}, set(others))
        self.assertNotIn(verdict, found[neighbour]["verdicts"])

    def test_blocked(self):
        finished = run("probe", "--json", "127.0.0.1:9")
        self.assertEqual(scans(finished)[0]["verdicts"], ["blocked"])


for _verdict, _row in SIGNATURES.items():
    setattr(EverySignature, "test_" + _verdict.replace("-", "_"),
            lambda self, verdict=_verdict, row=_row: self.check(World.daily, verdict, *row))
for _verdict, _row in FULL_SIGNATURES.items():
    setattr(EverySignature, f"test_full_{_verdict.replace('-', '_')}",
            lambda self, verdict=_verdict, row=_row: self.check(World.full, verdict, *row))


# ---- What it costs ---------------------------------------------------------------------------------------


class Cost(unittest.TestCase):
    def test_healthy_origins_cost_eleven_connections(self):
        """Twelve with `confirm`. Counted where they arrive; never two at a time."""
        wanted = {line: truth["connections"] for line, truth in World.truth.items() if truth["connections"]}
        self.assertGreater(len(wanted), 25)
        self.assertEqual(set(wanted.values()), {11, 12, 13})
        table = "\n".join(line for line in TABLE.splitlines() if " ".join(line.split()[1:]) in wanted)
        with Lab(table) as lab:
            found = lab.scan()
            seen = lab.connections(wanted)
        for line, count in wanted.items():
            with self.subTest(line=line):
                self.assertEqual(len(seen[line]), count)
                self.assertEqual(len(found[line]["probes"]), count)
                at_times = [probe["name"] for probe in found[line]["probes"] if probe["name"] in AT_TIMES]
                self.assertEqual(11 + len(at_times), count)
                self.assertEqual({record["beside"] for record in seen[line]}, {0})

    def test_drill_down_is_at_most_eight_probes(self):
        counts = {}
        for line, scan in World.daily.items():
            drill_down = [probe["name"] for probe in scan["probes"] if probe["name"] not in DAILY + AT_TIMES]
            self.assertLessEqual(len(drill_down), DRILL_DOWN_MOST, line)
            self.assertEqual(len(drill_down), len(set(drill_down)), line)
            counts[line] = len(drill_down)
        self.assertEqual(max(counts.values()), DRILL_DOWN_MOST)
        for line, truth in World.truth.items():
            if truth["connections"]:
                self.assertEqual(counts[line], 0, line)

    def test_the_limit_of_sizes_is_in_its_bracket(self):
        """size-close disliked hellos of more than 1,024 bytes."""
        sizes = {int(probe["name"][5:]): probe["outcome"] for probe in World.full["size-close"]["probes"]
                 if probe["name"].startswith("size-")}
        passed = max(size for size, outcome in sizes.items() if outcome == "ok")
        failed = min(size for size, outcome in sizes.items() if outcome != "ok")
        self.assertTrue(passed <= 1024 < failed <= passed + 16, sizes)


class ConfusionMatrix(unittest.TestCase):
    maxDiff = None

    def test_is_the_golden_one(self):
        """If this change is meant: tests/lab/confusion ORIGINSCAN LAB > tests/golden/confusion.txt, and
        explain what is new off the diagonal in docs/diagnosis.md."""
        golden = (SOURCE / "tests/golden/confusion.txt").read_text()
        self.assertEqual(confusion.render(World.truth, World.daily, World.full), golden)


if __name__ == "__main__":
    unittest.main()
