"""More public reports for test_reports: what becomes of large hellos, of second ones and of resumed ones."""

from boxes import CHANGE_CIPHER_SPEC, ENDS, RETRY_RANDOM, SERVER_HELLO, Box, alert, asks_again
from client_hello import HYBRID as HYBRID_ID, P256, P521, X25519
from population import LONG
from report_servers import HYBRID, KINDS
from reports import (CLASSICAL_FIRST, CLASSICAL_IDS, FEW, LARGE, OFF_TOO, PADDING, READY, Variant, large, report,
                     resumed, sends, when)



# ---- Sizes and pieces ------------------------------------------------------------------------------------


@report
def large_hello():
    """go#70047, cloud-sql-proxy#2296, naiveproxy#641, lxd#14839, tldr.fail#23: no large hello gets through."""
    for size in (LARGE, 1500, 1600, 1750, 2000) if LONG else (LARGE, 1600, 2000):
        for name, end in (ENDS if size != 2000 else FEW).items():
            kill = when(lambda hello, size=size: hello.bytes > size, end)
            yield Variant(f"both above {size}, {name}", Box("modern", first=kill, second=kill), fault=True,
                          setting=("off", None), want={"largest_hello/second": lambda got: not got or got <= size})
            yield Variant(f"the first above {size}, {name}", Box("modern", first=kill), fault=True,
                          setting=("supported", *OFF_TOO.get(name, ())))
            yield Variant(f"the second above {size}, {name}", Box("modern", second=kill), fault=True,
                          setting=("preferred",))
            yield Variant(f"classical, above {size}, {name}", Box("classical", first=kill), fault=True,
                          setting=CLASSICAL_FIRST, want={f"groups/{HYBRID}": False, "groups/X25519": True})


@report
def wrong_backend():
    """ingress-nginx#11424, Traffic Server#11758: a router misses the name in a large hello and takes the default."""
    wrong = dict(want={"verdicts": lambda got: "wrong-backend" in got}, setting=CLASSICAL_FIRST, fault=True)
    yield Variant("another certificate", Box("modern", first=when(large, "other-name")), **wrong)
    yield Variant("alert 112", Box("modern", first=when(large, alert(112))), **wrong)


@report
def unknown_numbers():
    """Fortinet, strict parsers: a group that they do not know, listed or with a share, ends the connection."""
    def unknown_share(hello):
        return bool(set(hello.shares() or ()) - CLASSICAL_IDS)
    for name, end in ENDS.items():
        yield Variant(f"listed, {name}", setting=("off",),
                      box=Box("classical", first=when(lambda hello: set(hello.groups()) - CLASSICAL_IDS, end)),
                      fault=True, verdict=("unknown-group",) if name != "alert 70" else None)
        yield Variant(f"with a share, {name}", Box("classical", first=when(unknown_share, end)), fault=True,
                      setting=CLASSICAL_FIRST, verdict=("unknown-share",) if name != "alert 70" else None,
                      want={"modes/supported/works": True})


@report
def parsers_with_limits():
    """Parsers of fixed room: no more than five groups, one share, or no hello without a share of X25519 or of the first
    group."""
    for name, end in ENDS.items():
        yield Variant(f"six groups, {name}", Box("modern", first=when(lambda hello: len(hello.groups()) > 5, end)),
                      verdict=(READY,), setting=("preferred", "supported"))
        yield Variant(f"two shares, {name}", fault=True, setting=("supported", *OFF_TOO.get(name, ())),
                      want={f"groups/{HYBRID}": True},
                      box=Box("modern", first=when(lambda hello: len(hello.shares() or ()) > 1, end)))
        yield Variant(f"no share of the first group, {name}", setting=("preferred",), verdict=(READY,),
                      box=Box("modern", first=when(lambda hello: hello.shares() and not sends(hello, hello.groups()[0]),
                                                   end)))
        # which may as well be a pool of two kinds
        yield Variant(f"no X25519 share, {name}", setting=("supported", None, *OFF_TOO.get(name, ())), has=None,
                      want={"groups/X25519": True},
                      box=Box("modern", first=when(lambda hello: not sends(hello, X25519), end)))
        yield Variant(f"padding in the second hello, {name}", setting=("preferred",),
                      box=Box("modern", second=when(lambda hello: PADDING in hello.extensions, end)))


# ---- Retries ---------------------------------------------------------------------------------------------


@report
def retry_then_fail():
    """haproxy 336170007, s2n before PR#1575, shared hosting in 2023: a retry is asked for, and then nothing works."""
    for name, end in ENDS.items():
        always = lambda hello, end=end: end
        yield Variant(f"P-256 first, {name}", Box("nist", second=always), fault=True, verdict=("retry-then-fail",),
                      setting=(*CLASSICAL_FIRST, None), want={"recommendation/first_share": ("P-256", None)})
        yield Variant(f"classical, {name}", Box("classical", second=always), fault=True,
                      verdict=("retry-then-fail",), setting=CLASSICAL_FIRST, want={"bugs/hrrFailure": True})
        yield Variant(f"modern, {name}", Box("modern", second=always), fault=True, setting=("preferred", "off"),
                      want={"bugs/hrrFailure": True, "modes/supported/works": False})
        yield Variant(f"only to classical groups, {name}", fault=None, setting=("preferred",),
                      box=Box("modern", second=lambda hello, end=end: None if sends(hello, HYBRID_ID) else end))


def changed_retry(change):
    """What changes the body of a HelloRetryRequest."""
    def answer(hello, message):
        if message[0] != SERVER_HELLO or message[6:38] != RETRY_RANDOM:
            return message
        body = change(hello, message[4:])
        return bytes([SERVER_HELLO]) + len(body).to_bytes(3, "big") + body
    return answer


def rename(body, group):
    at = body.index(b"\0\x33\0\2") + 4
    return body[:at] + group.to_bytes(2, "big") + body[at + 2:]


@report
def broken_retry():
    """rustls#1373, openssl#21157, go#65686: the HelloRetryRequest itself breaks the standard."""
    changes = {
        "no session id": (lambda hello, body: body[:34] + b"\0" + body[35 + body[34]:], "retry-malformed"),
        "another cipher": (lambda hello, body: body[:35 + body[34]] + b"\x13\x09" + body[37 + body[34]:],
                           "retry-malformed"),
        "a byte too many": (lambda hello, body: body + b"\0", "retry-malformed"),
        "a group that was not offered": (lambda hello, body: rename(body, 30), "retry-wrong-group"),
        "a group whose share is there": (lambda hello, body: rename(body, (hello.shares() or [30])[0]),
                                         "retry-wrong-group"),
    }
    for name, (change, verdict) in changes.items():
        for server in ("modern", "classical", "nist"):
            yield Variant(f"{name}, {server}", Box(server, answer=changed_retry(change)), fault=True,
                          verdict=(verdict,), want={"bugs/hrrFailure": True})


@report
def retry_loop():
    """openssl#17934, picotls PR#608: a second HelloRetryRequest, for the same group or for another one."""
    for name, group in (("the same", lambda hello: (hello.shares() or [X25519])[0]), ("P-256", lambda hello: P256),
                        ("P-521", lambda hello: P521)):
        for server in ("modern", "classical", "nist"):
            yield Variant(f"{name}, {server}", want={"bugs/hrrFailure": True}, fault=True, verdict=("retry-loop",),
                          box=Box(server, second=lambda hello, group=group: asks_again(hello, group(hello))))


# ---- Resumption ------------------------------------------------------------------------------------------


@report
def resumption():
    """h2o/picotls#124, utls#389, erlang/otp#8489: a hello with a ticket breaks, always or after a retry only."""
    for name, end in ENDS.items():
        kill = when(resumed, end)
        yield Variant(f"always, {name}", Box("modern", first=kill, second=kill), resumes=False, fault=True,
                      verdict=("resumption-fails",), want={"resumed_works": False})
        yield Variant(f"after a retry, {name}", Box("modern", second=kill), fault=True, setting=("preferred",),
                      verdict=("resumption-fails",), want={"resumed_works": False})
        yield Variant(f"classical, {name}", Box("classical", first=kill), resumes=False, fault=True,
                      verdict=("resumption-fails",), want={"resumed_works": False})
    yield Variant("with the hybrid's share, closes", setting=("supported",), fault=True, verdict=("resumption-fails",),
                  box=Box("modern", first=when(lambda hello: resumed(hello) and sends(hello, HYBRID_ID),
                                               FEW["closes"])), options=("--plan", "full"))


# ---- Sound origins that look odd -------------------------------------------------------------------------


@report
def sound():
    """CVE-2026-2673, OpenSSL up to 3.4: nothing is broken, and the first share that can be used is taken."""
    for server in sorted(set(KINDS) - {"x448-only"}):  # with which nobody agrees on a group
        yield Variant(f"{server} without a box", Box(server), fault=False)
    yield Variant("no dummy change_cipher_spec (jdk PR#18372, mbedtls#5229)", Box("modern", drop=CHANGE_CIPHER_SPEC),
                  verdict=(READY,), setting=("preferred",), fault=False)
    yield Variant("modern", Box("modern"), verdict=(READY,), setting=("preferred",), fault=False)
    yield Variant("flat", Box("flat"), verdict=(READY,), setting=("preferred",), fault=False)
    yield Variant("OpenSSL 3.0", Box("old"), verdict=("classical",), setting=CLASSICAL_FIRST, fault=False)
    yield Variant("TLS 1.2", Box("old-tls12"), verdict=("tls12-only",), setting=("off",), fault=False)
