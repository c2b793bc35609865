"""The programs whose hellos an origin meets, each told to connect with given groups, ALPN and name, twice: with a
fresh session, and with the ticket of the first connection where the program keeps it.

Every function takes the relay and the cases, and returns when all of them have been sent. A program that this machine
lacks raises unittest.SkipTest with the reason."""

import os
import pathlib
import re
import subprocess
import unittest

from proxy import Proxy
from servers import _need, free_port, newer_debian, nginx_command, own_address

REQUEST = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
WEB = "h2,http/1.1"


class Case:
    """What is asked of a program. `name` is the server name, which tells the cases apart."""

    def __init__(self, groups, alpn, name):
        self.groups, self.alpn, self.name = groups, alpn, name



def visit_through(proxy, cases):
    """Two requests for each case, each of which the server behind the relay has to answer."""
    for case in cases:
        for _ in range(2):
            status = proxy.ask(case.name)
            if status != 204:
                raise AssertionError(f"{case.name} {case.groups}: status {status}: {proxy.said()}")


def nginx(relay, cases, folder):
    address, port = own_address(), free_port()
    # an upstream of its own for each name: sessions are kept by upstream
    servers = "".join(
        f"    upstream case{number} {{ server {relay.address}:{relay.port}; }}\n"
        f"    server {{ listen {address}:{port}; server_name {case.name};\n"
        f"        location / {{ proxy_pass https://case{number}; proxy_ssl_name {case.name};\n"
        f"            proxy_ssl_server_name on; proxy_ssl_protocols TLSv1.2 TLSv1.3;\n"
        f"            proxy_ssl_conf_command Groups {case.groups}; }} }}\n"
        for number, case in enumerate(cases))
    command = nginx_command(newer_debian("nginx"), folder, f"    server_names_hash_bucket_size 128;\n{servers}", 256)
    with Proxy(command, folder, address, port) as proxy:
        visit_through(proxy, cases)


def haproxy(relay, cases, folder):
    address, port = own_address(), free_port()
    backends = "".join(
        f"backend {case.name}\n    server s {relay.address}:{relay.port} ssl verify none sni str({case.name})"
        f" curves {case.groups}{f' alpn {case.alpn}' if case.alpn else ''}\n" for case in cases)
    (folder / "haproxy.cfg").write_text(
        "global\n    maxconn 64\ndefaults\n    mode http\n    timeout connect 5s\n    timeout client 10s\n"
        f"    timeout server 10s\n    retries 0\nfrontend all\n    bind {address}:{port}\n"
        f"    use_backend %[req.hdr(host)]\n{backends}")
    with Proxy([newer_debian("haproxy"), "-db", "-f", folder / "haproxy.cfg"], folder, address, port) as proxy:
        visit_through(proxy, cases)


def ats_root(program, root, lines, relay, port):
    """A run root of Traffic Server 9 with no more than what it needs to pass requests on."""
    config = root / "etc"
    for name in ("etc/body/default", "run", "log", "cache"):
        (root / name).mkdir(parents=True)
    keys = ("prefix exec_prefix bindir sbindir datadir includedir libdir libexecdir localstatedir mandir "
            "infodir")
    places = {key: root for key in keys.split()}
    places.update(sysconfdir=config, runtimedir=root / "run", logdir=root / "log", cachedir=root / "cache",
                  localstatedir=root / "run")
    (root / "runroot.yaml").write_text("".join(f"{key}: {place}\n" for key, place in places.items()))
    for name in ("cache", "hosting", "parent", "plugin", "socks", "splitdns", "ssl_multicert", "volume"):
        (config / f"{name}.config").touch()
    for name in ("logging", "sni", "strategies"):
        (config / f"{name}.yaml").touch()
    original = pathlib.Path(program).parent / "etc/trafficserver"
    (config / "ip_allow.yaml").write_text((original / "ip_allow.yaml").read_text())
    for page in (original / "body_factory/default").iterdir():
        (config / "body/default" / page.name).write_bytes(page.read_bytes())
    (config / "storage.config").write_text(f"{root}/cache 256M\n")  # sparse: it stays small
    (config / "remap.config").write_text(f"map / https://{relay.address}:{relay.port}/\n")
    (config / "records.config").write_text(
        f"CONFIG proxy.config.http.server_ports STRING {port}:ip-in=127.0.0.1\n"
        "CONFIG proxy.config.admin.user_id STRING #-1\nCONFIG proxy.config.http.cache.http INT 0\n"
        "CONFIG proxy.config.exec_thread.autoconfig INT 0\nCONFIG proxy.config.exec_thread.limit INT 1\n"
        "CONFIG proxy.config.http.connect_attempts_max_retries INT 0\n"
        f"CONFIG proxy.config.body_factory.template_sets_dir STRING {config}/body\n" + lines)


def traffic_server(relay, cases, folder):
    """Its groups are for all origins, so each list has a run of its own."""
    program = newer_debian("trafficserver")
    for number, groups in enumerate(dict.fromkeys(case.groups for case in cases)):
        port, root = free_port(), folder / f"ats{number}"
        ats_root(program, root,
                 f"CONFIG proxy.config.ssl.client.groups_list STRING {groups}\n"
                 "CONFIG proxy.config.ssl.client.verify.server.policy STRING DISABLED\n"
                 "CONFIG proxy.config.url_remap.pristine_host_hdr INT 1\n", relay, port)
        with Proxy([program, f"--run-root={root}/runroot.yaml"], root, "127.0.0.1", port) as proxy:
            visit_through(proxy, [case for case in cases if case.groups == groups])


GO_NAMES = {"X25519MLKEM768": "x25519mlkem768", "X25519": "x25519", "P-256": "secp256r1", "P-384": "secp384r1"}


def caddy(relay, cases, folder):
    address, port = own_address(), free_port()
    handles = "".join(
        f"\t@c{number} host {case.name}\n\thandle @c{number} {{\n"
        f"\t\treverse_proxy https://{relay.address}:{relay.port} {{\n\t\t\ttransport http {{\n"
        f"\t\t\t\ttls_insecure_skip_verify\n\t\t\t\ttls_server_name {case.name}\n"
        f"\t\t\t\ttls_curves {' '.join(GO_NAMES[group] for group in re.split('[:*]+', case.groups) if group)}\n"
        f"{'' if case.alpn else '				versions 1.1' + chr(10)}"
        f"\t\t\t}}\n\t\t}}\n\t}}\n" for number, case in enumerate(cases))
    (folder / "Caddyfile").write_text(
        "{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n}\n"
        f"http://:{port} {{\n\tbind {address}\n{handles}}}\n")
    # Debian builds Caddy with the hybrid turned off in Go; upstream's has it on
    command = ["env", f"HOME={folder}", "GODEBUG=tlsmlkem=1", newer_debian("caddy"), "run", "--adapter", "caddyfile",
               "--config", folder / "Caddyfile"]
    with Proxy(command, folder, address, port) as proxy:
        visit_through(proxy, cases)


def run_client(command, stdin=""):
    subprocess.run([str(part) for part in command], input=stdin, capture_output=True, text=True, timeout=20)


def curl(relay, cases, _):
    """Both connections are of one run: curl keeps its tickets in memory."""
    program = _need("curl", "--version", "OpenSSL/3.0")
    for case in cases:
        url = f"https://{case.name}:{relay.port}/"
        run_client([program, "-sk", "--noproxy", "*", "--resolve", f"{case.name}:{relay.port}:{relay.address}",
                    "--curves", case.groups, "-H", "Connection: close", *([] if case.alpn else ["--no-alpn"]),
                    url, url])


def s_client(program, relay, cases, folder):
    for case in cases:
        session = folder / case.name
        command = [program, "s_client", "-connect", f"{relay.address}:{relay.port}", "-servername", case.name,
                   "-groups", case.groups, "-ign_eof", *(["-alpn", case.alpn] if case.alpn else [])]
        run_client([*command, "-sess_out", session], REQUEST)
        run_client([*command, "-sess_in", session], REQUEST)


def openssl30(relay, cases, folder):
    s_client(_need("openssl", "version", "OpenSSL 3.0"), relay, cases, folder)


def openssl35(relay, cases, folder):
    s_client(newer_debian("openssl"), relay, cases, folder)


def bssl(relay, cases, folder):
    """BoringSSL's own client. It has no marks for shares and sends one, of the first group."""
    program = os.environ.get("BSSL", "")
    if not os.access(program, os.X_OK):
        raise unittest.SkipTest(f"BSSL='{program}' is no program (deploy/boringssl builds it)")
    for case in cases:
        session = folder / case.name
        command = [program, "client", "-connect", f"{relay.address}:{relay.port}", "-server-name", case.name,
                   "-curves", case.groups.replace("*", ""), *(["-alpn-protos", case.alpn] if case.alpn else [])]
        run_client([*command, "-session-out", session], REQUEST)
        run_client([*command, "-session-in", session], REQUEST)
