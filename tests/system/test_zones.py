"""Zones of several real servers: what is recommended for all of them together is the best that all of them
tolerate, and a real OpenSSL client that is told so reaches the hybrid wherever it can be reached, with no retry."""

import pathlib
import re
import tempfile
import time
import unittest

import exported_client
import originscan
from population import Database
from servers import newer_debian, openssl30, openssl35

HYBRID = "X25519MLKEM768"


class Client(exported_client.Client):
    """It counts its hellos, too."""

    def __init__(self, folder, server, groups):
        super().__init__(folder, server.address, server.port, groups)

    def meet(self, *options):
        """Whether the handshake was finished, its group, and how many ClientHellos it took."""
        said = self.talk("-msg", *options)
        group = re.search(r"Negotiated TLS1\.3 group: (\S+)|(?:Peer|Server) Temp Key: (?:ECDH, )?([^,]+),", said)
        return (self.is_finished(said), next(filter(None, group.groups()), None) if group else None,
                len(re.findall(r"^>>> .*ClientHello$", said, re.M)))


class Zones(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        newer_debian("openssl")
        folder = tempfile.TemporaryDirectory(prefix="originscan-zones-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.db = Database(self.folder / "origins.db")

    def start(self, *programs):
        return [self.enterContext(program) for program in programs]

    def settle(self, weights, servers, visits=3):
        """Scans the zone so often that what it wishes to be proven is proven, and returns its row."""
        self.db.import_(["zone,host,port,weight"] + [
            f"shop,{server.address},{server.port},{weight}"
            for weight, server in zip(weights, servers, strict=True)])
        for _ in range(visits):
            done = self.db.scan(profile="fast", period_s=1, timeout_ms=5000)
            self.assertEqual(done.returncode, 0, done.stderr)
            time.sleep(1.1)
        (row,) = self.db.rows("SELECT * FROM v_zone_setting")
        return row

    def groups(self):
        done = originscan.run("export", "--db", self.db.path, "--format", "openssl")
        self.assertEqual(done.returncode, 0, done.stderr)
        return re.search(r"^Groups = (\S+)$", done.stdout, re.M).group(1)

    def clients(self, servers):
        """What each of the servers makes of the exported groups, fresh; and that it takes its session back."""
        groups, met = self.groups(), []
        for server in servers:
            client = Client(self.folder, server, groups)
            met.append(client.meet("-sess_out", client.session))
            if client.session.exists():  # s_client writes none where the server gave no ticket in time
                resumed = client.meet("-sess_in", client.session)
                self.assertEqual((resumed[0], resumed[2]), (True, 1), (groups, server.port))
        return met

    def test_one_is_ready_and_one_has_p256_alone(self):
        """The hybrid's share with that of P-256: no connection pays a retry."""
        servers = self.start(openssl35(), openssl30("-groups", "P-256"))
        row = self.settle((1, 1), servers)
        self.assertEqual((row["setting"], row["variant"], row["first_share"], row["hybrid_fraction"],
                          row["retry_fraction"]), ("preferred", "dual", HYBRID, 0.5, 0))
        self.assertTrue(self.groups().startswith(f"*{HYBRID}:*P-256:"), self.groups())
        self.assertEqual(self.clients(servers), [(True, HYBRID, 1), (True, "prime256v1", 1)])

    def test_one_has_only_tls12(self):
        """It gains nothing, tolerates the hello, and does not lower the one that is ready."""
        servers = self.start(openssl35(), openssl30("-tls1_2"))
        row = self.settle((9, 1), servers, visits=1)
        self.assertEqual((row["setting"], row["variant"], row["hybrid_fraction"], row["retry_fraction"]),
                         ("preferred", "single", 0.9, 0))
        (ready, old) = self.clients(servers)
        self.assertEqual(ready, (True, HYBRID, 1))
        self.assertEqual((old[0], old[2]), (True, 1))

    def test_one_is_classical(self):
        """X25519's share beside the hybrid's saves the retry that the hybrid's alone would cost it."""
        servers = self.start(openssl35(), openssl30("-groups", "X25519:P-256"))
        row = self.settle((1, 2), servers, visits=1)
        self.assertEqual((row["setting"], row["variant"], round(row["hybrid_fraction"], 6), row["retry_fraction"]),
                         ("preferred", "dual", round(1 / 3, 6), 0))
        self.assertEqual(self.clients(servers), [(True, HYBRID, 1), (True, "X25519", 1)])

    def test_tls12_alone_is_off(self):
        servers = self.start(openssl30("-tls1_2"), openssl30("-tls1_2"))
        row = self.settle((1, 1), servers, visits=1)
        self.assertEqual((row["setting"], row["reason"], row["hybrid_fraction"]), ("off", "tls12-only", 0))


if __name__ == "__main__":
    unittest.main()
