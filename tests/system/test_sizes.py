"""Limits on a hello's size, at every sixteen bytes between what the scanner's own hellos have and the longest that
a proxy sends: whatever is recommended and exported, a real OpenSSL client with the exported groups connects with
it, with a fresh session and with a resumed one."""

import concurrent.futures
import subprocess
import unittest

from exported_client import Client, sections
from population import Database, Folder, serve
from servers import newer_debian

LIMITS = range(1200, 2049, 16)
KINDS = {"both": "size-close", "first": "large-first-only", "second": "large-second-only"}
TIMEOUT_MS = 10000  # nobody here is silent


def lines():
    """A line of the lab's table for each limit, and what it is called."""
    for number, (kind, behaviour) in enumerate(KINDS.items()):
        for place, size in enumerate(LIMITS):
            yield f"{kind}-{size}", f"127.80.{number}.{place + 1} {behaviour} size={size} tickets=yes"


class Limits(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        newer_debian("openssl")

    def setUp(self):
        self.folder = Folder(self)
        self.table = list(lines())
        self.lab = serve(self, self.folder.path, [line for _, line in self.table])
        self.db = Database(self.folder / "origins.db")
        self.db.import_(["zone,host,port,sni,address,weight"] +
                        [f"{name},{name}.example,{self.lab.port},origin.example,{line.split()[0]},1"
                         for name, line in self.table])
        done = self.db.scan(profile="fast", timeout_ms=TIMEOUT_MS)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_exported_setting_connects(self):
        found = {row["zone"]: row["setting"] for row in self.db.rows("SELECT zone, setting FROM v_zone_setting")}
        exported = subprocess.run([*originscan_export(self.db.path)], capture_output=True, text=True)
        self.assertEqual(exported.returncode, 0, exported.stderr)
        groups = sections(exported.stdout)
        self.assertGreater(len(groups), 2 * len(LIMITS))
        clients = {name: Client(self.folder.path, line.split()[0], self.lab.port, groups[name])
                   for name, line in self.table if name in groups}
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            failures = dict(zip(clients, pool.map(Client.fails, clients.values())))
        self.assertEqual({name: (why, found.get(name), groups[name]) for name, why in failures.items() if why}, {})
        # and it is not that everything is off: where nothing limits the first hello, its share is sent at once
        self.assertEqual(found["both-2048"], "preferred")
        self.assertEqual({found[f"second-{size}"] for size in LIMITS}, {"preferred"})
        self.assertEqual(found["first-1200"], "supported")
        self.assertNotEqual(found["both-1504"], "preferred")


def originscan_export(path):
    from originscan import PROGRAM
    return PROGRAM, "export", "--db", path, "--format", "openssl"


if __name__ == "__main__":
    unittest.main()
