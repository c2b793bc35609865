"""The servers behind the boxes of test_reports: nginx on OpenSSL 3.5 and on OpenSSL 3.0, with a port for each kind."""

import contextlib

from servers import Start, certificate, newer_debian, needed_nginx, nginx_command

HYBRID = "X25519MLKEM768"
FIPS = ["SecP256r1MLKEM768", "SecP384r1MLKEM1024"]
BOTH_VERSIONS, TLS12 = "TLSv1.2 TLSv1.3", "TLSv1.2"
_CURVES = {"P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1"}


class Kind:
    """What one server is: its groups in tuples, as OpenSSL 3.5 has them, its versions and its certificate."""

    def __init__(self, *tuples, versions=BOTH_VERSIONS, leaf="ecdsa", more=""):
        self.tuples, self.versions, self.leaf, self.more = tuples, versions, leaf, more
        self.has = {group for groups in tuples for group in groups if versions != TLS12 or "MLKEM" not in group}

    def directives(self):
        groups = "/".join(":".join(_CURVES.get(group, group) for group in groups) for groups in self.tuples)
        made = certificate(self.leaf)
        return (f"ssl_protocols {self.versions}; ssl_ecdh_curve {groups}; ssl_certificate {made.cert}; "
                f"ssl_certificate_key {made.key}; {self.more}")


CLASSICAL = ["X25519", "P-256", "P-384"]
NEW = {
    "modern": Kind([HYBRID], CLASSICAL),
    "flat": Kind([HYBRID, *CLASSICAL]),
    "classical": Kind(CLASSICAL),
    "nist": Kind(["P-256", "P-384"]),
    "hybrid-only": Kind([HYBRID]),
    "x25519-only": Kind(["X25519"]),
    "p256-only": Kind(["P-256"]),
    "p384-only": Kind(["P-384"]),
    "p521-only": Kind(["P-521"]),
    "x448-only": Kind(["X448"]),
    "hybrid-x448": Kind([HYBRID, "X448"]),
    "tls13-only": Kind([HYBRID], CLASSICAL, versions="TLSv1.3"),
    "tls12-hybrid": Kind([HYBRID], CLASSICAL, versions=TLS12, leaf="rsa"),
    "no-tickets": Kind([HYBRID], CLASSICAL, more="ssl_session_tickets off;"),
    "mtls": Kind([HYBRID], CLASSICAL, more="ssl_verify_client optional_no_ca;"),
    "mtls-tls12": Kind(CLASSICAL, versions=TLS12, leaf="rsa", more="ssl_verify_client optional_no_ca;"),
    "fips": Kind([*FIPS, "P-256", "P-384"]),
    "fips-only": Kind(FIPS),
    "pure": Kind(["MLKEM768", "MLKEM1024", "X25519"]),
    "tls12": Kind(CLASSICAL, versions=TLS12, leaf="rsa"),
    "tls12-p256": Kind(CLASSICAL, versions=TLS12),
    "tls12-p384": Kind(CLASSICAL, versions=TLS12, leaf="ecdsa-p384"),
    "tls12-p521": Kind([*CLASSICAL, "P-521"], versions=TLS12, leaf="ecdsa-p521"),
    "other-name": Kind([HYBRID], CLASSICAL, leaf="rsa"),
}
OLD = {  # OpenSSL 3.0 has no hybrid
    "old": Kind(CLASSICAL),
    "old-tls12": Kind(CLASSICAL, versions=TLS12, leaf="rsa"),
}
KINDS = {**NEW, **OLD}


def _start(name, program, kinds):
    def command(address, port, folder):
        listen = "".join(f"    server {{ listen {address}:{port + place} ssl backlog=4096; {kind.directives()} "
                         "return 204; }\n" for place, kind in enumerate(kinds.values()))
        return nginx_command(program(), folder, f"    keepalive_timeout 0;\n{listen}", 4096, "crit")
    return Start(name, "ecdsa", command, ports=len(kinds))


@contextlib.contextmanager
def all_kinds():
    """Where each kind listens, by its name."""
    new = _start("reports-new", lambda: newer_debian("nginx"), NEW)
    old = _start("reports-old", needed_nginx, OLD)
    with new as on_35, old as on_30:
        yield {name: (server.address, server.port + place)
               for server, kinds in ((on_35, NEW), (on_30, OLD)) for place, name in enumerate(kinds)}
