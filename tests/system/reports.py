"""Public reports about origins and boxes on the way to them, each with its whole kind: the same fault answered by every
alert that was seen for it, by close, by reset and by silence, to a first hello, a second one or a resumed one.

A report is a function whose text names the public report and what the product did; it yields its variants. What is
right about each follows from what the server behind the box is and what the box kills, and from nothing that the
program said."""

import zlib

from boxes import ABRUPT, ALERTS, ENDS, ODD, RETRY_RANDOM, SERVER_HELLO, SERVER_KEY_EXCHANGE, Box, alert
from client_hello import ALPN, DRAFT, HYBRID as HYBRID_ID, P256, P384, P521, X25519
from population import LONG
from report_servers import HYBRID, KINDS

PRE_SHARED_KEY, PADDING = 41, 21
CLASSICAL_IDS = {X25519, P256, P384, P521}
LARGE = 1400  # bytes; a classical hello has less, and one with the hybrid's share more
FEW = {name: ENDS[name] for name in ("alert 40", "alert 47", "alert 80", *ABRUPT)}
REPORTS = {}

OFF_TOO = {"alert 70": ("off",)}  # where it looks like a matter of versions
ABOUT_GROUPS = {f"alert {number}" for number in (40, 47, 50, 109, 110)}
READY = "ready"
CLASSICAL_FIRST = ("supported", "off")
ANY = ("preferred", "supported", "off", None)


class Variant:
    """A box, and what is right about it.

    `has` is what the server has, by name: none of it may be reported as missing, nothing else as there (None: it has
    no such facts). `verdict` is what the main verdict may be, `setting` what may be recommended; `want` has paths into
    the JSON with the values that are right, and `fault` says whether a fault has to be named (None: either is right).
    `client` is whether a client with what is exported has to get through, `resumes` whether with a ticket, too."""

    def __init__(self, name, box, verdict=None, setting=ANY, has="server", want=None, fault=None,
                 client=True, resumes=True, options=()):
        self.name, self.box, self.verdict, self.setting = name, box, verdict, setting
        self.has = KINDS[box.server].has if has == "server" else has
        self.want, self.fault, self.options = want or {}, fault, options
        self.client, self.resumes = client, resumes
        self.waits = name.endswith("is silent")  # its probes wait for their deadline
        self.report = None


def report(function):
    REPORTS[function.__name__] = function
    return function


def is_chosen(variant):
    """Of the alerts that end the same variant, two are enough for every day, and of silences, which take long, and odd
    ends some. Which ones, their names decide: all of them are somebody's."""
    what, _, number = variant.name.rpartition("alert ")
    first = zlib.crc32(f"{variant.report} {what or variant.name}".encode())
    if LONG or not what or not number.isdigit():
        return LONG or first % 3 == 0 or not (variant.waits or variant.name.endswith(tuple(ODD)))
    return int(number) in (ALERTS[first % len(ALERTS)], ALERTS[(first // 9 + 4) % len(ALERTS)])


def variants():
    for name, function in REPORTS.items():
        for variant in function():
            variant.report = name
            if is_chosen(variant):
                yield variant


# ---- Rules -----------------------------------------------------------------------------------------------


def when(condition, end):
    return lambda hello: end if condition(hello) else None


def tls13(hello):
    return 43 in hello.extensions


def offers(hello, *groups):
    return set(hello.groups()) & set(groups)


def sends(hello, group):
    return group in (hello.shares() or ())


def large(hello):
    return hello.bytes > LARGE


def resumed(hello):
    return PRE_SHARED_KEY in hello.extensions


def protocols(hello):
    data, at, found = hello.extensions.get(ALPN, b""), 2, []
    while at < len(data):
        found.append(data[at + 1:at + 1 + data[at]])
        at += 1 + data[at]
    return found


IDS = {HYBRID: HYBRID_ID, "X25519": X25519, "P-256": P256, "P-384": P384, "P-521": P521,
       "SecP256r1MLKEM768": 4587, "SecP384r1MLKEM1024": 4589, "MLKEM768": 513, "MLKEM1024": 514}


def nothing_in_common(server):
    known = {IDS[name] for name in KINDS[server].has}
    return lambda hello: not offers(hello, *known)


# ---- Manners of asking that are refused ------------------------------------------------------------------


@report
def empty_list_of_shares():
    """certmonitor#33, mitm.watch#4: servers refuse a hello whose list of key shares is empty, whatever it offers."""
    def empty(hello):
        return tls13(hello) and hello.shares() == []
    for name, end in ENDS.items():
        yield Variant(f"modern, {name}", Box("modern", first=when(empty, end)), verdict=(READY,), fault=False,
                      setting=("preferred",), want={"groups/X25519": True, f"groups/{HYBRID}": True,
                                                    "group_order": None})
        yield Variant(f"P-256 first, {name}", Box("nist", first=when(empty, end)), fault=False,
                      setting=CLASSICAL_FIRST, want={"groups/P-256": True, "recommendation/first_share": "P-256"})


@report
def no_retry():
    """fizz#158, firedancer#3741: stacks that never send a HelloRetryRequest refuse what has no share that fits."""
    def stack(end, *known):
        one = {HYBRID_ID: "hybrid-only", X25519: "x25519-only", P256: "p256-only"}
        return lambda hello: next((one[group] for group in hello.shares() or () if group in known), end)
    for name, end in ENDS.items():
        yield Variant(f"X25519 and the hybrid, {name}", Box("modern", first=stack(end, X25519, HYBRID_ID)),
                      has={"X25519", HYBRID}, verdict=(READY,), setting=("preferred",), fault=False,
                      want={"group_order": (None, "client")})
        yield Variant(f"X25519, {name}", Box("modern", first=stack(end, X25519)), has={"X25519"},
                      setting=CLASSICAL_FIRST, want={"groups/X25519": True})
        # An origin that never answers a hello is left alone soon: then there is no advice, which is none to `off`.
        first = ("P-256",) if name in {*ABOUT_GROUPS, "alert 80"} else ("P-256", None)
        yield Variant(f"P-256, {name}", Box("modern", first=stack(end, P256)), has={"P-256"},
                      setting=(*CLASSICAL_FIRST, None), want={"recommendation/first_share": first})
        yield Variant(f"P-256 and the hybrid, {name}", Box("modern", first=stack(end, P256, HYBRID_ID)),
                      has={"P-256", HYBRID}, setting=("preferred", None))


@report
def no_common_group():
    """F5 and others: where no group is in common, each stack has its own way to say so."""
    for name, end in ENDS.items():
        known = ABOUT_GROUPS | {"closes", "resets", "says close_notify", "resets behind an alert"}
        hybrid = False if name in known else None
        yield Variant(name, Box("classical", first=when(nothing_in_common("classical"), end)), fault=False,
                      verdict=("classical",) if name in known else (None,), setting=CLASSICAL_FIRST,
                      want={"groups/X25519": True, f"groups/{HYBRID}": hybrid, "groups/P-521": hybrid})
        yield Variant(f"OpenSSL 3.0, {name}", Box("old", first=when(nothing_in_common("old"), end)), fault=False,
                      setting=CLASSICAL_FIRST, want={"groups/P-256": True, f"groups/{HYBRID}": hybrid})


@report
def hybrid_only():
    """Service meshes with a post-quantum policy, nginx with `ssl_ecdh_curve X25519MLKEM768`: no classical group."""
    for name, end in ENDS.items():
        left_alone = name in ABRUPT or name in ODD  # twice no answer to the first question, or none in TLS
        yield Variant(name, Box("hybrid-only", first=when(nothing_in_common("hybrid-only"), end)),
                      setting=("preferred", None) if left_alone else ("preferred",),
                      want={} if name in ("is silent", "answers in HTTP") else
                      {"modes/off/works": False, f"groups/{HYBRID}": True})


@report
def other_hybrids():
    """kubevirt-plugin#3773: FIPS and CNSA lists have SecP256r1MLKEM768 or SecP384r1MLKEM1024, others pure ML-KEM."""
    for name, end in FEW.items():
        for server in ("fips", "fips-only", "pure"):
            yield Variant(f"{server}, {name}", Box(server, first=when(nothing_in_common(server), end)),
                          verdict=("other-hybrid",) if name.startswith("alert") else
                          ("other-hybrid", "unreachable", "not_tls"),
                          setting=(None,) if server == "fips-only" else (*CLASSICAL_FIRST, None))


@report
def application_protocol():
    """Databases, message brokers, gRPC servers: every hello without their own protocol is refused."""
    def foreign(hello):
        return b"http/1.0" not in protocols(hello)
    unknown = {f"groups/{group}": None for group in ("X25519", "P-256", "P-384", "P-521", HYBRID)}
    for name, end in ENDS.items():
        yield Variant(name, Box("modern", first=when(foreign, end)), setting=(None,), want=unknown)
        yield Variant(f"its own offered, {name}", Box("modern", first=when(foreign, end)), verdict=(READY,),
                      setting=("preferred",), options=("--alpn", "http/1.0"), fault=False)
        yield Variant(f"none at all, {name}", Box("modern", first=when(protocols, end)), setting=(None,), want=unknown)


@report
def server_name():
    """Servers with certificates by name: no handshake under a name that they do not know, whatever it offers."""
    unknown = {f"groups/{group}": None for group in ("X25519", "P-256", "P-384", "P-521", HYBRID)}
    for name, end in ENDS.items():
        yield Variant(name, Box("modern", first=lambda hello, end=end: end), setting=(None,), want=unknown)


# ---- TLS 1.2 ---------------------------------------------------------------------------------------------


@report
def wrong_curve():
    """ssllabs-scan#1009: accelerators name X25519MLKEM768 or 0xffff as the curve of a TLS 1.2 key exchange."""
    def naming(curve, condition):
        def answer(hello, message):
            if message[0] != SERVER_KEY_EXCHANGE or not condition(hello):
                return message
            return message[:5] + curve.to_bytes(2, "big") + message[7:]
        return answer
    for curve in (HYBRID_ID, 0xffff, DRAFT, 30, 21):
        for name, condition, setting in (
                ("always", lambda hello: True, (None,)),
                ("if the hybrid is listed", lambda hello: offers(hello, HYBRID_ID), ("off",)),
                ("if a share of it is sent", lambda hello: sends(hello, HYBRID_ID), ("off",)),
                ("if P-256 is missing", lambda hello: not offers(hello, P256), ("off",))):
            never = name == "always"
            yield Variant(f"names {curve} {name}", Box("tls12", answer=naming(curve, condition)), setting=setting,
                          has=set() if never else {"X25519", "P-256", "P-384"},
                          want={"modes/off/works": not never, "tls_version": ("TLSv1.2", None) if never else "TLSv1.2"})


@report
def certificate_curve():
    """TLS 1.2 with an ECDSA certificate: refused where the certificate's curve is not listed, whatever else is."""
    for server, curve in (("tls12-p256", P256), ("tls12-p384", P384), ("tls12-p521", P521)):
        for name, end in ENDS.items():
            yield Variant(f"{server}, {name}", verdict=("tls12-only",), setting=("off",),
                          box=Box(server, first=when(lambda hello, curve=curve: not offers(hello, curve), end)),
                          want={"groups/X25519": True, "modes/off/works": True}, fault=False)


@report
def large_hello_hangs_tls12():
    """openssl#27557, openssl#27601: TLS 1.2 servers that hang or close on a large hello."""
    for server in ("tls12", "old-tls12"):
        for name, end in FEW.items():
            yield Variant(f"{server}, {name}", Box(server, first=when(large, end)), setting=("off",),
                          verdict=("large-hello-hangs-tls12",), fault=True)


@report
def version_fallback():
    """ssllabs-scan#1009, F5: a large hello is answered as if it did not offer TLS 1.3."""
    fallback = dict(verdict=("version-fallback",), setting=CLASSICAL_FIRST, fault=True)
    yield Variant("TLS 1.2", Box("modern", first=when(large, "tls12-p256")), **fallback)
    yield Variant("alert 70", Box("modern", first=when(large, alert(70))), **fallback)
    yield Variant("TLS 1.2, classical", Box("classical", first=when(large, "tls12-p256")), **fallback)


# ---- Pools -----------------------------------------------------------------------------------------------


@report
def half_upgraded_pool():
    """testssl.sh#2893: behind one address some servers have the hybrid and others do not, in turns."""
    for other in ("classical", "old", "tls12"):
        for turn in (2, 3):
            yield Variant(f"every {turn}. is {other}", has=KINDS["modern"].has, setting=(*CLASSICAL_FIRST, None),
                          box=Box("modern", first=lambda hello, other=other, turn=turn:
                                  other if hello.number % turn == 0 else None),
                          verdict=("unstable",) if turn == 2 else None, want={})


@report
def one_bad_node():
    """haproxy#3148, pools: a connection fails now and then, whatever it says."""
    for name, end in ENDS.items():
        for turn in (2, 3, 5):
            yield Variant(f"every {turn}., {name}", client=False, has={"X25519", "P-256", "P-384", HYBRID},
                          box=Box("modern", first=lambda hello, end=end, turn=turn:
                                  end if hello.number % turn == 0 else None))


@report
def banned():
    """sslscan#316: a firewall that has seen enough answers nobody any more: after a large hello, or after some."""
    def after(condition, end):
        seen = []

        def rule(hello):
            if seen:
                return end
            if condition(hello):
                seen.append(hello)
            return None
        return rule
    for name, end in ENDS.items():
        yield Variant(f"a large hello, {name}", Box("modern", first=after(large, end)),
                      client=False)
        yield Variant(f"eight connections, {name}", Box("modern", first=after(lambda hello: hello.number == 8, end)),
                      client=False)


# ---- The hybrid itself -----------------------------------------------------------------------------------


@report
def hybrid_share_killed():
    """tailscale#20777: a filter kills hellos with a share of X25519MLKEM768, of any size; others pass."""
    def shared(hello):
        return sends(hello, HYBRID_ID)
    for name, end in ENDS.items():
        kill = when(shared, end)
        fault = name != "alert 70" or None  # which may be read as a matter of versions
        yield Variant(f"classical, {name}", Box("classical", first=kill), setting=CLASSICAL_FIRST, fault=fault,
                      want={"modes/supported/works": True})
        yield Variant(f"first hello, {name}", Box("modern", first=kill), fault=fault,
                      setting=("supported", *OFF_TOO.get(name, ())))
        yield Variant(f"both hellos, {name}", Box("modern", first=kill, second=kill), setting=("off",), fault=fault,
                      want={"modes/supported/works": False})
        yield Variant(f"second hello, {name}", Box("modern", second=kill), setting=("preferred",), fault=True,
                      want={"modes/supported/works": False})
        yield Variant(f"listed, {name}", Box("modern", first=when(lambda hello: offers(hello, HYBRID_ID), end)),
                      setting=("off",), fault=True)


@report
def share_altered():
    """bitcart-docker#50: something on the way, or the server's own ML-KEM code, spoils the hybrid's key exchange."""
    def spoil(hello, place):
        share = HYBRID_ID.to_bytes(2, "big") + (1216).to_bytes(2, "big")
        at = hello.raw.find(share)
        if at < 0:
            return hello.raw
        at += 4 + place
        return hello.raw[:at] + bytes([hello.raw[at] ^ 1]) + hello.raw[at + 1:]
    # The lowest bit of a coefficient: a higher one would make one key in a dozen invalid, which a server says by an alert.
    for name, place in (("ML-KEM", 3), ("X25519", 1200)):
        yield Variant(f"the {name} part", setting=("off",), fault=True, verdict=("hybrid-unusable",),
                      box=Box("modern", forward=lambda hello, place=place: spoil(hello, place)))


# ---- Servers behind the hello ----------------------------------------------------------------------------


def server_hello_of(group):
    """Whether a message is the ServerHello with a share of that group; of any where it is None."""
    def holds(message):
        if message[0] != SERVER_HELLO or message[6:38] == RETRY_RANDOM:
            return False
        at = message.find(b"\0\x33", 38)
        return at >= 0 and group in (None, int.from_bytes(message[at + 4:at + 6], "big"))
    return holds


@report
def dies_behind_server_hello():
    """bitcart-docker#50, firedancer: the ServerHello comes, and the handshake dies behind it, for a group or for all."""
    def cut(group, end):
        holds = server_hello_of(group)
        return lambda hello, message: end if holds(message) else None
    # A reset may come behind the whole flight or throw it away before it is read: no two connections are alike.
    for name, end in ((name, end) for name, end in FEW.items() if name != "resets"):
        yield Variant(f"hybrid, {name}", Box("modern", cut=cut(HYBRID_ID, end)), setting=("off",), fault=True,
                      verdict=("hybrid-unusable",), want={"modes/preferred/works": False, f"groups/{HYBRID}": True})
        yield Variant(f"X25519, {name}", Box("modern", cut=cut(X25519, end)), setting=("preferred", None),
                      want={"modes/off/works": False})
        yield Variant(f"all, {name}", Box("modern", cut=cut(None, end)), setting=(None,),
                      verdict=("never-finishes", "handshake-refused"), fault=True)
        yield Variant(f"TLS 1.2, {name}", setting=(None,), verdict=("never-finishes", "handshake-refused"),
                      box=Box("tls12", cut=lambda hello, message, end=end: end if message[0] == SERVER_HELLO else None))


@report
def broken_share_of_the_server():
    """Stacks with ML-KEM code of their own: the server's share is altered, too short, or of a wrong group."""
    def changed(group, change):
        holds = server_hello_of(group)

        def answer(hello, message):
            if not holds(message):
                return message
            body = change(message[4:])
            return bytes([SERVER_HELLO]) + len(body).to_bytes(3, "big") + body
        return answer
    changes = {"altered": lambda body: body[:-1] + bytes([body[-1] ^ 1]), "too short": lambda body: body[:-1],
               "of another group": lambda body: rename_share(body, 30)}
    for name, change in changes.items():
        yield Variant(f"hybrid, {name}", Box("modern", answer=changed(HYBRID_ID, change)), setting=("off",),
                      verdict=("hybrid-unusable",), want={"modes/off/works": True}, fault=True)
        yield Variant(f"all, {name}", Box("modern", answer=changed(None, change)), setting=(None,))


def rename_share(body, group):
    at = body.index(b"\0\x33", 34) + 4
    return body[:at] + group.to_bytes(2, "big") + body[at + 2:]


@report
def client_certificate():
    """Servers that insist on a client certificate: what was agreed before they say so is known."""
    for name, end in ENDS.items():
        yield Variant(f"TLS 1.3, {name}", Box("mtls", flight=end), resumes=False, client=False,
                      want={"groups/X25519": True, f"groups/{HYBRID}": True,
                            "verdicts": lambda got: "client-certificate" in got})
        yield Variant(f"TLS 1.2, {name}", Box("mtls-tls12", flight=end), setting=(None,),
                      want={"verdicts": lambda got: "client-certificate" in got})


@report
def few_groups():
    """FIPS builds and closed lists: one classical group, or none that is asked for daily."""
    yield Variant("P-384", Box("p384-only"), setting=CLASSICAL_FIRST, fault=False,
                  want={"groups/P-384": True, "recommendation/first_share": "P-384"})
    yield Variant("P-521", Box("p521-only"), setting=CLASSICAL_FIRST, fault=False,
                  want={"groups/P-521": True, "recommendation/groups": lambda got: "P-521" in got})
    yield Variant("X448", Box("x448-only"), setting=(None,), want={"groups/X25519": None, f"groups/{HYBRID}": None})
    yield Variant("the hybrid and X448", Box("hybrid-x448"), setting=("preferred",), verdict=(READY,), fault=False)
    yield Variant("another hybrid asked for", Box("pure"), setting=("preferred",), verdict=(READY,), fault=False,
                  options=("--hybrid", "MLKEM1024"))
    yield Variant("another hybrid asked for in vain", Box("modern"), verdict=("other-hybrid",), fault=False,
                  setting=CLASSICAL_FIRST, options=("--hybrid", "MLKEM1024"))
    yield Variant("no tickets", Box("no-tickets"), setting=("preferred",), verdict=(READY,), fault=False)
    yield Variant("TLS 1.2 with the hybrid in its list", Box("tls12-hybrid"), setting=("off",), fault=False,
                  verdict=("tls12-only",))
    yield Variant("held back by inspection", Box("modern", delay=lambda hello: 0.4 if large(hello) else 0),
                  setting=("preferred",), verdict=(READY,), fault=False)
