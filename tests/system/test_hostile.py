"""Servers with which no handshake ever finishes, whatever is wrong in their flight, and servers that only ever refuse:
the verdict says so, and nothing is recommended."""

import subprocess
import unittest

from lab import PROGRAM, Lab

# An origin without the hybrid sees other probes fail behind a retry, one without X25519 all of them.
GROUPS = ["", " groups=X25519", " groups=P-256,P-384"]

# Of the protocol's own, of TLS before 1.3, and of nobody.
ALERTS = [1, 10, 20, 22, 40, 42, 47, 50, 70, 71, 80, 86, 90, 109, 112, 115, 116, 120, 255]


def faults():
    """The names of all things that can be wrong in a flight of TLS 1.3."""
    said = subprocess.run([PROGRAM, "--list"], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in said.partition("\nfaults:\n")[2].splitlines()]


def places():
    """Addresses for one line of a table each."""
    return (f"127.90.{third}.{fourth} " for third in range(1, 9) for fourth in range(1, 251))


class NeverFinishes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broken = [f"broken-flight fault={fault}{groups}" for fault in faults()
                      for groups in (GROUPS if fault.startswith("hello-") else GROUPS[:1])]
        cls.refusing = [f"refuse-tls alert={alert}" for alert in ALERTS]
        table = "".join(f"{place}{line}\n" for place, line in zip(places(), cls.broken + cls.refusing))
        with Lab(table) as lab:
            cls.found = lab.scan()

    def wrong(self, lines, verdict):
        """Those whose verdict is another one, or for which something is recommended."""
        told = {line: (scan["verdict"], scan["recommendation"]) for line, scan in self.found.items()}
        return {line: told[line] for line in lines if told[line] != (verdict, None)}

    def test_every_broken_flight(self):
        self.assertGreater(len(self.broken), 90)
        by_alert = [line for line in self.broken if "fault=alert-" in line and "cut" not in line and "goodbye" not in line]
        self.assertEqual(self.wrong(set(self.broken) - set(by_alert), "never-finishes"), {})
        # the origin's own alert, always the same: it refuses
        self.assertEqual(self.wrong(by_alert, "handshake-refused"), {})

    def test_no_broken_flight_is_a_fault_of_anything_else(self):
        blamed = {line: scan["verdicts"] for line, scan in self.found.items() if len(scan["verdicts"]) != 1}
        self.assertEqual(blamed, {})
        self.assertEqual([line for line, scan in self.found.items() if any(scan["bugs"].values())], [])

    def test_an_alert_to_every_hello_says_nothing_of_versions(self):
        self.assertEqual(self.wrong(self.refusing, "handshake-refused"), {})


class CloseNotify(unittest.TestCase):
    def test_is_no_answer(self):
        with Lab("127.90.1.1 refuse-tls alert=0\n") as lab:
            (scan,) = lab.scan("--plan", "quick").values()
        self.assertEqual((scan["status"], scan["verdict"], scan["recommendation"]), ("unreachable", "unreachable", None))


if __name__ == "__main__":
    unittest.main()
