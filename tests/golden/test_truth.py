"""originscan against the lab's own forecast: what a correct scanner finds at each of its origins,
worked out from the rules of the behaviour without a connection. Usage: test_truth.py ORIGINSCAN LAB"""
import os
import sys
import unittest

import lab

ORIGINSCAN, LAB = sys.argv[1:3]
TABLE = os.path.join(lab.LAB_DIRECTORY, "all.table")
ANY = "any"


# An answer probe ends at the server's first answer, and an alert is one: stage `done`. The forecast
# says how far the handshake came.
ANSWER_PROBES = ("only-p256", "only-p384", "only-p521", "only-hybrid", "only-draft", "choose", "split",
                 "large-classical", "unknown-share", "unknown-group", "record-split")


def expected(name, want):
    """The forecast of one probe in the words of the report."""
    want = dict(want)
    if name in ANSWER_PROBES and want["outcome"] == "alert":
        want["stage"] = "done"
    if want["outcome"] == "malformed":  # nothing was agreed on, though a version may have been named
        want["tls_version"] = ANY
    return want


def differences(path, want, got):
    """Where `got` is not what was foreseen. None in the forecast of a probe or a verdict, and "any",
    stand for what is not determined; None for a group means that a scanner must not know it."""
    if want == ANY:
        return
    if isinstance(want, dict) and isinstance(got, dict):
        for key, inner in want.items():
            if key in got:
                yield from differences(f"{path}.{key}", inner, got[key])
            else:
                yield f"{path}.{key} is missing"
    elif want != got:
        yield f"{path}: {got} instead of {want}"


def may_know(scan, full, difference):
    """True for a group that the daily probes leave open and another one settles."""
    if not difference.startswith("groups.") or not difference.endswith(" instead of None"):
        return False
    # The drill-down of the full plan negotiates X25519. `confirm` finishes a handshake: then it is
    # the group that `closing` is refused for, not the name.
    return full or any(probe["name"] == "confirm" for probe in scan["probes"])


def compare(truth, scan, full):
    """All differences between one forecast and one scan."""
    found = []
    for key in ("status", "bugs", "groups", "group_order", "preferred_group", "modes"):
        if truth.get(key) is not None:
            found += differences(key, truth[key], scan[key])
    found = [one for one in found if not may_know(scan, full, one)]
    verdict = truth["verdict_full" if full else "verdict"]
    if verdict is not None:
        found += differences("verdict", verdict, scan["verdict"])
    probes = {probe["name"]: probe for probe in scan["probes"]}
    foreseen = {**(truth["probes"] or {}), **(truth["drill_down"] or {})}
    for name, want in foreseen.items():
        if want is not None and name in probes:
            found += differences(name, expected(name, want), probes[name])
    return found


class Truth(unittest.TestCase):
    def check(self, plan):
        with lab.Lab(LAB, TABLE) as served:
            truths = served.truth()
            texts = [f"{truth['address']}:{truth['port']}" for truth in truths]
            # Most of the time goes into origins that never answer: they are waited for together. The
            # tarpit needs 1.4 s for an alert.
            scans, _ = lab.probe(ORIGINSCAN, texts, "--plan", plan, "--timeout", "2")
        self.assertEqual(len(scans), len(truths))
        for truth, scan in zip(truths, scans):
            with self.subTest(truth["behaviour"], address=truth["address"]):
                found = compare(truth, scan, plan == "full")
                self.assertFalse(found, "\n  ".join([""] + found))

    def test_daily(self):
        self.check("daily")

    def test_full(self):
        self.check("full")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
