"""`originscan probe --json` against real servers: what it must say about each, one row a server.

A row's facts were measured with other programs than originscan (each library's own clients). In a row

  yes, unknown    groups that must be true or null; the others of the six must be false
  off … dual      the four modes: the group, `+R` where it costs a retry, `fails`, or `unknown` where it is
                  answered and no handshake with that answer's group finishes
  probes          the telling probes: `retry G` (answered by a retry to G), `names G` (TLS 1.2, a
                  ServerKeyExchange on G), `no group` (TLS 1.2 without one), `alert N` (which answers an
                  `answer` probe), `ok G [+R]` (finished), `alert N at STAGE` (not finished)
"""

import unittest

from originscan import probe
from servers import botan, bssl, gnutls, haproxy, nginx, openssl30, openssl35

HYBRID, DRAFT = "X25519MLKEM768", "X25519Kyber768Draft00"
GROUPS = ["X25519", "P-256", "P-384", "P-521", HYBRID, DRAFT]
DAILY = ["classical", "supported", "preferred", "preferred-dual", "only-p256", "only-p384", "only-p521",
         "only-hybrid", "only-other", "choose", "closing"]
ANSWERS = DAILY[3:10] + ["wide-retry"]
LARGEST = 2048  # hello_max
MORE = {"confirm", "wide-retry", "resumed"}  # one connection each, where there is something to ask
MODES = {"off": "classical", "supported": "supported", "preferred": "preferred", "dual": "preferred-dual"}
DEBIAN_NGINX = ("ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", "ssl_prefer_server_ciphers on")
OPENSSL35_LIST = [HYBRID, "X25519", "P-256", "X448", "P-384", "P-521", "ffdhe2048", "ffdhe3072"]

CLASSICAL = ["X25519", "P-256", "P-384", "P-521"]

ROWS = [
    # ---- OpenSSL 3.5 ------------------------------------------------------------------------------------
    # Tuples by default: a better tuple than the share's is worth a retry. It names its list where its
    # pick was not the first, so `classical` reveals it.
    dict(name="openssl35_default", server=openssl35(), tls="TLSv1.3", verdicts=["ready"],
         yes=CLASSICAL + [HYBRID], order="server", preferred_group=HYBRID, server_groups=OPENSSL35_LIST,
         off="X25519", supported=f"{HYBRID} +R", preferred=HYBRID, dual=HYBRID,
         probes={"only-p256": "retry P-256", "only-p384": "retry P-384", "only-p521": "retry P-521",
                 "only-hybrid": f"retry {HYBRID}", "only-other": "alert 40",
                 "choose": f"retry {HYBRID}", "closing": "ok X25519"}),
    # A flat list takes any share that it can use, so `supported` stays classical; without a share it goes
    # through the client's list, and X25519 is the first of `choose` that it has.
    dict(name="openssl35_flat", server=openssl35("-groups", f"{HYBRID}:X25519"), tls="TLSv1.3",
         verdicts=["ready", "hybrid-only-if-first"], yes=["X25519", HYBRID], order="client",
         preferred_group="X25519", server_groups=[HYBRID, "X25519"],
         off="X25519", supported="X25519", preferred=HYBRID, dual=HYBRID,
         probes={"only-p256": "alert 40", "only-hybrid": f"retry {HYBRID}",
                 "choose": "retry X25519", "closing": "ok X25519"}),
    # Two tuples, the hybrid's first: a retry reaches it; `choose` lists X25519 earlier and is overruled.
    dict(name="openssl35_tuples_hybrid_first", server=openssl35("-groups", f"{HYBRID}/X25519"),
         tls="TLSv1.3", verdicts=["ready"], yes=["X25519", HYBRID], order="server", preferred_group=HYBRID,
         server_groups=[HYBRID, "X25519"],
         off="X25519", supported=f"{HYBRID} +R", preferred=HYBRID, dual=HYBRID,
         probes={"only-p384": "alert 40", "only-hybrid": f"retry {HYBRID}",
                 "choose": f"retry {HYBRID}", "closing": "ok X25519"}),
    # X25519's tuple first: `preferred` is retried down to it. Every finished pick is the server's first,
    # so nothing reveals the list; X25519 is also the first of `choose` that it has.
    dict(name="openssl35_tuples_classical_first", server=openssl35("-groups", f"X25519/{HYBRID}"),
         tls="TLSv1.3", verdicts=["hybrid-not-chosen"], yes=["X25519", HYBRID], order="client",
         preferred_group="X25519", server_groups=None,
         off="X25519", supported="X25519", preferred="X25519 +R", dual="X25519",
         probes={"only-hybrid": f"retry {HYBRID}", "choose": "retry X25519", "closing": "ok X25519"}),
    # Both controls are refused by an alert, which is an answer: the scan is complete, the hybrid works in
    # one round trip, and X25519 alone was refused. One group only: the first of `choose` that it has.
    dict(name="openssl35_hybrid_only", server=openssl35("-groups", HYBRID), tls="TLSv1.3",
         verdicts=["ready"], yes=[HYBRID], order=None, preferred_group=HYBRID, server_groups=None,
         off="fails", supported=f"{HYBRID} +R", preferred=HYBRID, dual=HYBRID,
         probes={"classical": "alert 40 at hello", "only-p256": "alert 40",
                 "only-hybrid": f"retry {HYBRID}", "choose": f"retry {HYBRID}",
                 "closing": "alert 40 at hello"}),
    # Groups that TLS 1.2 cannot use leave it static RSA: an answer without ServerKeyExchange.
    dict(name="openssl35_tls12_rsa", server=openssl35("-tls1_2", leaf="rsa"), tls="TLSv1.2",
         verdicts=["tls12-only"], yes=CLASSICAL, order="client", preferred_group="X25519",
         server_groups=None, off="X25519", supported="X25519", preferred="X25519", dual="X25519",
         probes={"only-p256": "names P-256", "only-p384": "names P-384", "only-p521": "names P-521",
                 "only-hybrid": "no group", "only-other": "no group", "choose": "names P-521",
                 "closing": "ok X25519"}),
    # A P-256 certificate needs P-256 listed, which stands beside X25519 in the last probe.
    dict(name="openssl35_tls12_ecdsa", server=openssl35("-tls1_2"), tls="TLSv1.2",
         verdicts=["tls12-only"], yes=CLASSICAL, order="client", preferred_group="X25519",
         server_groups=None, off="X25519", supported="X25519", preferred="X25519", dual="X25519",
         probes={"only-p384": "names P-384", "only-p521": "names P-521",
                 "only-hybrid": "alert 40", "only-other": "alert 40",
                 "choose": "names P-521", "closing": "ok X25519"}),
    # Static RSA uses no group at all: every group is false, every mode works without one.
    dict(name="openssl35_static_rsa",
         server=openssl35("-tls1_2", "-cipher", "AES128-GCM-SHA256", leaf="rsa"), tls="TLSv1.2",
         verdicts=["tls12-only"], yes=[], order=None, preferred_group=None, server_groups=None,
         off="no group", supported="no group", preferred="no group", dual="no group",
         probes={"only-p256": "no group", "only-hybrid": "no group", "choose": "no group",
                 "closing": "no group"}),
    # TLS 1.3 asks for the certificate, and refuses its absence only after our side has finished.
    dict(name="openssl35_client_certificate", server=openssl35("-Verify", "1"), tls="TLSv1.3",
         verdicts=["ready", "client-certificate"], yes=CLASSICAL + [HYBRID], order="server",
         preferred_group=HYBRID, server_groups=OPENSSL35_LIST,
         off="X25519", supported=f"{HYBRID} +R", preferred=HYBRID, dual=HYBRID,
         probes={"only-hybrid": f"retry {HYBRID}", "closing": "ok X25519"}),
    # TLS 1.2 refuses it within the handshake: every finishing probe ends in alert 40 although the others
    # are answered. ServerKeyExchange named X25519, which counts.
    dict(name="openssl35_tls12_client_certificate", server=openssl35("-tls1_2", "-Verify", "1", leaf="rsa"),
         tls="TLSv1.2", verdicts=["handshake-refused", "tls12-only", "client-certificate"], yes=CLASSICAL,
         order="client", preferred_group=None, server_groups=None,
         off="fails", supported="fails", preferred="fails", dual="unknown",
         probes={"classical": "alert 40 at server_flight", "only-p384": "names P-384",
                 "choose": "names P-521"}),
    dict(name="openssl35_long_chain", server=openssl35(leaf="chain"), tls="TLSv1.3", verdicts=["ready"],
         yes=CLASSICAL + [HYBRID], order="server", preferred_group=HYBRID, server_groups=OPENSSL35_LIST,
         off="X25519", supported=f"{HYBRID} +R", preferred=HYBRID, dual=HYBRID,
         probes={"choose": f"retry {HYBRID}", "closing": "ok X25519"}),

    # ---- OpenSSL 3.0 ------------------------------------------------------------------------------------
    # Any usable share is taken; without one it goes by its own list, which begins with X25519.
    dict(name="openssl30_default", server=openssl30(), tls="TLSv1.3", verdicts=["classical"],
         yes=CLASSICAL, order="server", preferred_group="X25519", server_groups=None,
         off="X25519", supported="X25519", preferred="X25519 +R", dual="X25519",
         probes={"only-p256": "retry P-256", "only-p384": "retry P-384", "only-p521": "retry P-521",
                 "only-hybrid": "alert 40", "only-other": "alert 40",
                 "choose": "retry X25519", "closing": "ok X25519"}),
    # Every first share costs a retry but P-384's own, which `confirm` shows.
    dict(name="openssl30_p384_only", server=openssl30("-groups", "P-384"), tls="TLSv1.3",
         verdicts=["classical"], yes=["P-384"], order=None, preferred_group="P-384",
         server_groups=None, off="P-384 +R", supported="P-384 +R", preferred="P-384 +R", dual="P-384 +R",
         probes={"only-p256": "alert 40", "only-p384": "retry P-384", "choose": "retry P-384",
                 "closing": "alert 40 at hello", "confirm": "ok P-384"}),
    dict(name="openssl30_p521_only", server=openssl30("-groups", "P-521"), tls="TLSv1.3",
         verdicts=["classical"], yes=["P-521"], order=None, preferred_group="P-521",
         server_groups=None, off="P-521 +R", supported="P-521 +R", preferred="P-521 +R", dual="P-521 +R",
         probes={"only-p384": "alert 40", "only-p521": "retry P-521", "choose": "retry P-521",
                 "closing": "alert 40 at hello", "confirm": "ok P-521"}),
    dict(name="openssl30_tls12", server=openssl30("-tls1_2"), tls="TLSv1.2", verdicts=["tls12-only"],
         yes=CLASSICAL, order="client", preferred_group="X25519", server_groups=None,
         off="X25519", supported="X25519", preferred="X25519", dual="X25519",
         probes={"only-p384": "names P-384", "only-hybrid": "alert 40", "choose": "names P-521",
                 "closing": "ok X25519"}),
    # It uses X25519 where it gets the share and names P-384, its first, where it gets none.
    dict(name="openssl30_p384_first", server=openssl30("-groups", "P-384:X25519"), tls="TLSv1.3",
         verdicts=["classical"], yes=["X25519", "P-384"], order="client", preferred_group="X25519",
         server_groups=["P-384", "X25519"],
         off="X25519", supported="X25519", preferred="P-384 +R", dual="X25519",
         probes={"only-p256": "alert 40", "choose": "retry P-384", "closing": "ok X25519"}),

    # ---- nginx 1.22 on OpenSSL 3.0 ----------------------------------------------------------------------
    # Its own default has no TLS 1.3 (since 1.23.4 it has) …
    dict(name="nginx_default", server=nginx(), tls="TLSv1.2", verdicts=["tls12-only"], yes=CLASSICAL,
         order="client", preferred_group="X25519", server_groups=None,
         off="X25519", supported="X25519", preferred="X25519", dual="X25519",
         probes={"only-p521": "names P-521", "only-hybrid": "alert 40", "choose": "names P-521",
                 "closing": "ok X25519"}),
    # … and Debian's nginx.conf turns it on, and the server's cipher order.
    dict(name="nginx_debian", server=nginx(*DEBIAN_NGINX), tls="TLSv1.3", verdicts=["classical"],
         yes=CLASSICAL, order="server", preferred_group="X25519", server_groups=None,
         off="X25519", supported="X25519", preferred="X25519 +R", dual="X25519",
         probes={"only-p521": "retry P-521", "only-other": "alert 40", "choose": "retry X25519",
                 "closing": "ok X25519"}),
    dict(name="nginx_p384", server=nginx(*DEBIAN_NGINX, "ssl_ecdh_curve secp384r1"), tls="TLSv1.3",
         verdicts=["classical"], yes=["P-384"], order=None, preferred_group="P-384",
         server_groups=None, off="P-384 +R", supported="P-384 +R", preferred="P-384 +R", dual="P-384 +R",
         probes={"only-p256": "alert 40", "only-p384": "retry P-384",
                 "closing": "alert 40 at hello", "confirm": "ok P-384"}),
    # TLS 1.2 with P-384 alone: P-256 stands beside P-384 and P-521 in their probes and is refused too.
    dict(name="nginx_p384_tls12", server=nginx("ssl_ecdh_curve secp384r1"), tls="TLSv1.2",
         verdicts=["tls12-only"], yes=["P-384"], order=None, preferred_group="P-384",
         server_groups=None, off="P-384", supported="P-384", preferred="P-384", dual="P-384",
         probes={"only-p256": "alert 40", "only-p384": "names P-384",
                 "only-p521": "alert 40", "choose": "names P-384",
                 "closing": "alert 40 at hello"}),

    # ---- HAProxy 3.0 on OpenSSL 3.5 ---------------------------------------------------------------------
    dict(name="haproxy_default", server=haproxy(), tls="TLSv1.3", verdicts=["ready"], yes=CLASSICAL + [HYBRID],
         order="server", preferred_group=HYBRID, server_groups=OPENSSL35_LIST,
         off="X25519", supported=f"{HYBRID} +R", preferred=HYBRID, dual=HYBRID,
         probes={"only-p521": "retry P-521", "only-hybrid": f"retry {HYBRID}", "only-other": "alert 40",
                 "choose": f"retry {HYBRID}", "closing": "ok X25519"}),
    # It sets the preference of the server, so a flat list decides by its own order.
    dict(name="haproxy_x25519_first", server=haproxy("curves", "X25519:P-256"), tls="TLSv1.3",
         verdicts=["classical"], yes=["X25519", "P-256"], order="server", preferred_group="X25519",
         server_groups=None, off="X25519", supported="X25519", preferred="X25519 +R", dual="X25519",
         probes={"only-p256": "retry P-256", "only-p384": "alert 40", "choose": "retry X25519",
                 "closing": "ok X25519"}),
    dict(name="haproxy_p384", server=haproxy("curves", "P-384"), tls="TLSv1.3", verdicts=["classical"],
         yes=["P-384"], order=None, preferred_group="P-384", server_groups=None,
         off="P-384 +R", supported="P-384 +R", preferred="P-384 +R", dual="P-384 +R",
         probes={"only-p256": "alert 40", "only-p384": "retry P-384", "closing": "alert 40 at hello",
                 "confirm": "ok P-384"}),

    # ---- BoringSSL --------------------------------------------------------------------------------------
    # It goes through the client's list: P-256 is the first of `choose` that it has, the hybrid the first of
    # `supported`. Its own list's order says nothing, as the next row shows.
    dict(name="bssl_hybrid_first", server=bssl("-curves", f"{HYBRID}:X25519:P-256"), tls="TLSv1.3",
         verdicts=["ready"], yes=["X25519", "P-256", HYBRID], order="client", preferred_group=HYBRID,
         server_groups=None, off="X25519", supported=f"{HYBRID} +R", preferred=HYBRID, dual=HYBRID,
         probes={"only-p256": "retry P-256", "only-p384": "alert 40", "choose": "retry P-256",
                 "closing": "ok X25519"}),
    dict(name="bssl_client_order", server=bssl("-curves", f"P-256:P-384:X25519:{HYBRID}"), tls="TLSv1.3",
         verdicts=["ready"], yes=["X25519", "P-256", "P-384", HYBRID], order="client",
         preferred_group=HYBRID, server_groups=None,
         off="X25519", supported=f"{HYBRID} +R", preferred=HYBRID, dual=HYBRID,
         probes={"only-p384": "retry P-384", "only-p521": "alert 40", "choose": "retry P-384",
                 "closing": "ok X25519"}),
    # No finishing probe offers the draft, so all of them are refused for their groups, as the probes that
    # ask for those groups one by one confirm: the name and the certificate are not to blame.
    dict(name="bssl_draft_only", server=bssl("-curves", DRAFT), tls="TLSv1.3", verdicts=["draft-only"],
         yes=[DRAFT], unknown=["X25519"], order=None, preferred_group=None, server_groups=None,
         off="fails", supported="fails", preferred="fails", dual="fails",
         probes={"classical": "alert 40 at hello", "preferred": "alert 40 at hello",
                 "only-hybrid": "alert 40", "only-other": f"retry {DRAFT}",
                 "choose": f"retry {DRAFT}", "closing": "alert 40 at hello"}),
    dict(name="bssl_default", server=bssl(), tls="TLSv1.3", verdicts=["classical"],
         yes=["X25519", "P-256", "P-384"], order="client", preferred_group="X25519", server_groups=None,
         off="X25519", supported="X25519", preferred="X25519 +R", dual="X25519",
         probes={"only-p521": "alert 40", "choose": "retry P-384", "closing": "ok X25519"}),

    # ---- GnuTLS 3.7 -------------------------------------------------------------------------------------
    dict(name="gnutls", server=gnutls("--disable-client-cert"), tls="TLSv1.3", verdicts=["classical"],
         yes=CLASSICAL, order="client", preferred_group="X25519", server_groups=None,
         off="X25519", supported="X25519", preferred="X25519 +R", dual="X25519",
         probes={"only-p521": "retry P-521", "only-hybrid": "alert 40", "choose": "retry P-521",
                 "closing": "ok X25519"}),
    # As it comes, gnutls-serv asks for a client's certificate and does without.
    dict(name="gnutls_asks_certificate", server=gnutls(), tls="TLSv1.3",
         verdicts=["classical", "client-certificate"], yes=CLASSICAL, order="client",
         preferred_group="X25519", server_groups=None,
         off="X25519", supported="X25519", preferred="X25519 +R", dual="X25519",
         probes={"choose": "retry P-521", "closing": "ok X25519"}),
]


def seen(result):
    """A probe's result in the words of the table."""
    if result["outcome"] == "alert":
        answered = result["name"] in ANSWERS and result["stage"] == "done"
        return f"alert {result['alert']}" + ("" if answered else f" at {result['stage']}")
    if (result["outcome"], result["stage"]) != ("ok", "done"):
        return f"{result['outcome']} at {result['stage']}"
    if result["name"] in ANSWERS and result["retry"]:
        return f"retry {result['retry_group']}"
    if result["group"] is None:
        return "no group"
    if result["name"] in ANSWERS:
        return f"names {result['group']}"
    return f"ok {result['group']}" + (" +R" if result["retry"] else "")


def as_mode(words):
    """What a probe did in the words of a mode."""
    what, _, group = words.partition(" ")
    return f"{group} +R" if what == "retry" else group if what in ("ok", "names") else words


def mode(fact):
    """A mode's fact in the words of the table."""
    if fact["works"] is None:
        return "unknown"
    if not fact["works"]:
        return "fails"
    return (fact["group"] or "no group") + (" +R" if fact["retry"] else "")


class RealServers(unittest.TestCase):
    maxDiff = None

    def check(self, row):
        with row["server"] as server:
            scan = probe(f"{row['name'].replace('_', '-')}.example:{server.port}@{server.address}")
        self.check_origin(scan, row, server)
        self.check_facts(scan, row)
        self.check_modes(scan, row)
        probes = {result["name"]: result for result in scan["probes"]}
        self.assertEqual([name for name in probes if name in DAILY], DAILY)
        self.check_number(scan, probes)
        self.check_probes(probes, row)
        self.check_hellos(probes)
        self.check_leaves(probes, server)

    def check_origin(self, scan, row, server):
        name = row["name"].replace("_", "-") + ".example"
        self.assertEqual(scan["schema"], "originscan.scan/1")
        self.assertEqual(scan["origin"], {"zone": name, "host": name, "port": server.port, "sni": name,
                                          "address": server.address})

    def check_facts(self, scan, row):
        groups = {group: group in row["yes"] for group in GROUPS}
        groups.update({group: None for group in row.get("unknown", [])})
        self.assertEqual(
            {key: scan[key] for key in ("status", "tls_version", "verdict", "verdicts", "groups",
                                        "group_order", "preferred_group", "server_groups")},
            {"status": "complete", "tls_version": row["tls"], "verdict": row["verdicts"][0],
             "verdicts": row["verdicts"], "groups": groups, "group_order": row["order"],
             "preferred_group": row["preferred_group"], "server_groups": row["server_groups"]})
        self.assertEqual(list(scan["groups"]), GROUPS)
        self.assertEqual(scan["bugs"], {"hrrFailure": False, "splitClientHello": False,
                                        "unknownKeyshare": False})

    def check_modes(self, scan, row):
        modes = {"dual" if key == "preferred-dual" else key: mode(fact)
                 for key, fact in scan["modes"].items()}
        self.assertEqual(modes, {key: row[key] for key in MODES})

    def check_number(self, scan, probes):
        """A sound origin costs eleven connections and one for each thing that is left to ask: a first share, a large
        second hello, a ticket; where it has another post-quantum group, it is asked for more of them."""
        others = {name for name in probes if name.startswith("only-other-")}
        sound = scan["verdict"] not in ("handshake-refused", "draft-only")
        if sound:
            self.assertEqual(set(probes) - set(DAILY) - others - MORE, set())
        self.assertEqual(bool(others), scan["groups"][DRAFT] is True)
        self.assertEqual(len(scan["probes"]), len(probes), "a probe was sent twice")
        self.assertEqual("resumed" in probes, scan["resumes"] is not None)
        if "resumed" in probes:
            self.assertTrue(scan["resumed_works"], probes["resumed"])

    def check_probes(self, probes, row):
        self.assertEqual({name: seen(probes[name]) for name in row["probes"] if name in probes},
                         row["probes"])
        # what a mode is said to do is what its probe did
        for key, name in MODES.items():
            if row[key] == "fails":
                self.assertNotEqual(probes[name]["outcome"], "ok", name)
            elif row[key] == "unknown":
                self.assertEqual(probes[name]["outcome"], "ok", name)
            else:
                self.assertEqual(as_mode(seen(probes[name])), row[key], name)
        for result in probes.values():
            self.assertEqual(result["attempts"], 1, result)  # nothing here fails abruptly

    def check_hellos(self, probes):
        """Only a hello with the hybrid's share is large, and it really leaves in several segments; the longest are
        those that stand for a proxy's."""
        for name, result in probes.items():
            if name == "preferred-dual":
                self.assertEqual((result["hello_bytes"], result["segments"]), (LARGEST, 2), result)
            elif name == "preferred":
                self.assertTrue(1400 < result["hello_bytes"] < 2000, result)
                self.assertGreaterEqual(result["segments"], 2, result)
            elif name in DAILY:
                self.assertTrue(100 < result["hello_bytes"] < 700, result)
                self.assertEqual(result["segments"], 1, result)
            second = self.second_bytes(name, result)
            self.assertTrue(second[0] <= (result["hello2_bytes"] or 0) <= second[1], result)

    @staticmethod
    def second_bytes(name, result):
        """Between what sizes the second hello is; 0 where none is sent."""
        if name in ("choose", "wide-retry") and result["retry_group"] == HYBRID:
            return LARGEST, LARGEST
        if name in ANSWERS or not (result["retry"] and result["group"]):
            return 0, 0
        return (1400, 2000) if result["group"] == HYBRID else (200, 1400)

    def check_leaves(self, probes, server):
        for result in probes.values():
            finished = result["outcome"] == "ok" and result["name"] not in ANSWERS
            if finished or result["leaf_sha256"] is not None:
                self.assertEqual(result["leaf_sha256"], server.leaf_sha256, result)


class Botan(unittest.TestCase):
    """It answers ALPN with a protocol that nobody offered, so only a scan without ALPN sees what it can do."""

    def check(self, leaf, unknown):
        with botan(leaf) as server:
            scan = probe(f"botan.example:{server.port}@{server.address}")
        self.assertEqual((scan["status"], scan["verdicts"], scan["alpn_refused"]), ("complete", ["tls12-only"], True))
        self.assertEqual(scan["groups"], {group: None if group in unknown else group in CLASSICAL for group in GROUPS})
        self.assertEqual({mode(fact) for fact in scan["modes"].values()}, {"X25519"})
        self.assertEqual((scan["group_order"], scan["preferred_group"]), ("server", "X25519"))
        self.assertEqual(scan["probes"][0]["outcome"], "malformed")
        self.assertEqual([result["name"] for result in scan["probes"] if result["name"] not in DAILY],
                         ["no-alpn", "resumed"])

    def test_rsa(self):
        self.check("rsa", [])

    def test_ecdsa(self):
        """The certificate's curve stands beside P-384 and P-521, and is taken."""
        self.check("ecdsa", ["P-384", "P-521"])


def test_of(row):
    return lambda self: self.check(row)


for each in ROWS:
    setattr(RealServers, "test_" + each["name"], test_of(each))

if __name__ == "__main__":
    unittest.main()
