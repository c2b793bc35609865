"""Pools that are half upgraded: behind one address some servers have the hybrid and others do not, and each
connection meets one of them. Where what was seen cannot come from one server, nobody is told to prefer the hybrid."""

import asyncio
import collections
import json
import random
import socket
import threading
import unittest

from originscan import LOOPBACK, run
from servers import Start, certificate, free_port, newer_debian, nginx_command

POOLS = 1000
NEW, OLD, TLS12 = range(3)  # what a server of a pool is; each listens on a port of its own
HYBRID = "X25519MLKEM768"
SERVERS = {
    NEW: f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ecdh_curve {HYBRID}:X25519:prime256v1:secp384r1;",
    OLD: "ssl_protocols TLSv1.2 TLSv1.3; ssl_ecdh_curve X25519:prime256v1:secp384r1;",
    TLS12: "ssl_protocols TLSv1.2; ssl_ecdh_curve X25519:prime256v1:secp384r1;",
}


def servers():
    """One nginx on OpenSSL 3.5 that is all of them, on ports in a row."""
    def command(address, port, folder):
        made = certificate("ecdsa")
        listen = "".join(f"    server {{ listen {address}:{port + kind} ssl backlog=4096; {tls} return 204; }}\n"
                         for kind, tls in SERVERS.items())
        return nginx_command(
            newer_debian("nginx"), folder,
            f"    ssl_certificate {made.cert};\n    ssl_certificate_key {made.key};\n{listen}", 4096, "crit")
    return Start("pools", "ecdsa", command, ports=len(SERVERS))


class Pool:
    """One address: which servers stand behind it, and whose turn it is. The same number draws the same."""

    def __init__(self, number):
        self.address = f"127.90.{number >> 8}.{number & 255}"
        self.random = random.Random(number)
        self.rest = self.random.choice((OLD, TLS12))
        self.share = self.random.uniform(0.1, 0.9)

    def draw(self):
        return NEW if self.random.random() < self.share else self.rest


class Half(asyncio.Protocol):
    """One side of a relayed connection; what comes before the other side is there waits."""

    def __init__(self, other=None):
        self.other, self.transport, self.waiting = other, None, []

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if self.other:
            self.other.transport.write(data)
        else:
            self.waiting.append(data)

    def connection_lost(self, _):
        if self.other and self.other.transport:
            self.other.transport.close()


class Relay:
    """Takes connections to all pools' addresses on one port, and hands each to the server whose turn it is."""

    def __init__(self, pools, server):
        self.pools, self.server = {pool.address: pool for pool in pools}, server

    def __enter__(self):
        self.listener = socket.create_server(("0.0.0.0", free_port()), backlog=4096)
        self.port = self.listener.getsockname()[1]
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.listener.close()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.loop.create_server(self._accept, sock=self.listener, backlog=4096))
        self.loop.run_forever()

    def _accept(self):
        front = Half()
        self.loop.call_soon(lambda: self.loop.create_task(self._connect(front)))
        return front

    async def _connect(self, front):
        pool = self.pools.get(front.transport.get_extra_info("sockname")[0])
        if not pool:
            return front.transport.close()
        try:
            _, back = await self.loop.create_connection(lambda: Half(front), self.server.address,
                                                        self.server.port + pool.draw())
        except OSError:
            return front.transport.abort()
        for data in front.waiting:
            back.transport.write(data)
        front.other = back
        if front.transport.is_closing():
            back.transport.close()


def contradicts_itself(scan):
    """Whether two probes of this scan cannot both be the answers of one server, so that it has to be `unstable`; and
    whether they can only be those of an unusual one, to which nobody may say `preferred` either."""
    probes = {probe["name"]: probe for probe in scan["probes"]}
    negotiated = any(probes[name]["group"] == HYBRID for name in ("supported", "preferred", "preferred-dual"))
    only, alone = probes["only-hybrid"], probes["preferred"]
    asked, refused = only["retry_group"] == HYBRID, only["outcome"] == "alert"
    refuses_share = alone["retry"] and alone["group"] == "X25519"
    versions = {(probe["hello_bytes"] > 1000, probe["tls_version"]) for probe in scan["probes"]
                if probe["outcome"] == "ok" and probe["tls_version"]}
    of_one_size = any(((large, "TLSv1.2") in versions) and ((large, "TLSv1.3") in versions) for large in (True, False))
    # OpenSSL 3.5 with the hybrid in a later tuple than X25519 asks for it where it is alone, and only there; servers
    # that go back to TLS 1.2 by the size of the hello exist
    unusual = (asked and refuses_share) or len({version for _, version in versions}) > 1
    return bool((negotiated and refuses_share) or of_one_size), bool(unusual or (negotiated and refused))


class Pools(unittest.TestCase):
    maxDiff = None

    def scan(self):
        pools = [Pool(number) for number in range(1, POOLS + 1)]
        with servers() as server, Relay(pools, server) as relay:
            done = run("probe", "--json", *LOOPBACK, "--timeout", "10", "-",
                       stdin="".join(f"pool.example:{relay.port}@{pool.address}\n" for pool in pools), within_s=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_no_preferred_from_a_contradiction(self):
        found, wrong = collections.Counter(), {}
        scans = self.scan()
        self.assertEqual(len(scans), POOLS)
        for scan in scans:
            setting = (scan["recommendation"] or {}).get("setting")
            impossible, unusual = contradicts_itself(scan)
            found[impossible, unusual, scan["verdict"], setting] += 1
            if (impossible and scan["verdict"] != "unstable") or ((impossible or unusual) and setting == "preferred"):
                wrong[scan["origin"]["address"]] = (scan["verdicts"], setting, [
                    (probe["name"], probe["tls_version"], probe["outcome"], probe["group"], probe["retry_group"])
                    for probe in scan["probes"]])
        self.assertEqual(wrong, {}, found)
        impossible = sum(number for key, number in found.items() if key[0])
        self.assertGreater(impossible, POOLS // 4, found)  # the pools do what they are for


if __name__ == "__main__":
    unittest.main()
