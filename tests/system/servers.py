"""Real TLS servers on loopback: each a process of its own with its own address, port and certificate.

Every function named after a program returns a Start: nothing runs until it is entered with `with`, and what
it started is ended when the block is left. A server that this machine lacks raises unittest.SkipTest with
the reason; one that is there and does not start is a failure.
"""

import atexit
import functools
import hashlib
import itertools
import os
import pathlib
import random
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
READY_WITHIN_S = 60

# A server must not outlive a test that was killed.
TIED = ["setpriv", "--pdeathsig", "KILL", "--"]


@functools.lru_cache(maxsize=None)
def workshop():
    """The folder of this run: certificates, configurations, the servers' output. Gone at the end."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="originscan-system-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


# ---- Certificates ----------------------------------------------------------------------------------------


class Certificate:
    """A certificate's file, its key's and the SHA-256 of its DER form; a chain has the issuers' file too."""

    def __init__(self, cert, key, chain=None):
        self.cert, self.key, self.chain = cert, key, chain
        der = ssl.PEM_cert_to_DER_cert(cert.read_text())
        self.sha256 = hashlib.sha256(der).hexdigest()


def _self_signed(name, *key_options, extension=None):
    cert, key = workshop() / f"{name}.crt", workshop() / f"{name}.key"
    command = ["openssl", "req", "-x509", "-noenc", "-days", "2", "-subj", f"/CN={name}.example",
               "-out", str(cert)]
    if key.exists():
        command += ["-key", str(key)]
    else:
        command += ["-newkey", *key_options, "-keyout", str(key)]
    if extension:
        command += ["-addext", extension]
    subprocess.run(command, check=True, capture_output=True)
    return Certificate(cert, key)


CURVES = {"ecdsa": "P-256", "ecdsa-p384": "P-384", "ecdsa-p521": "P-521"}


@functools.lru_cache(maxsize=None)
def certificate(kind):
    """`rsa`; `ecdsa`, and on other curves; or `chain`: a leaf with more than 24 KB of issuers behind it."""
    if kind == "rsa":
        return _self_signed("rsa", "rsa:2048")
    if kind in CURVES:
        return _self_signed(kind, "ec", "-pkeyopt", f"ec_paramgen_curve:{CURVES[kind]}")
    # The issuers need not have issued anything: nobody judges them here, they only have to be sent.
    leaf = _self_signed("leaf", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    issuer = _self_signed("issuer", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                          extension="nsComment=" + "issuer " * 350)
    pem = issuer.cert.read_text()
    chain = workshop() / "leaf.chain"
    chain.write_text(pem * (24 * 1024 // len(ssl.PEM_cert_to_DER_cert(pem)) + 1))
    return Certificate(leaf.cert, leaf.key, chain)


# ---- Processes -------------------------------------------------------------------------------------------

_places = itertools.count()
_claims = []


def _claim(port):
    """An OSError where somebody has the port, or is about to: a test beside this one to which free_port() gave it. The
    claim is a name of the kernel's, which ends with this process."""
    with socket.socket(socket.AF_INET) as probe:
        probe.bind(("", port))
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0originscan-test-port-{port}")
    except OSError:
        claim.close()
        raise
    _claims.append(claim)


def free_port(in_a_row=1):
    """The first of so many ports that are free on every local address, for servers that cannot be told on which
    to listen. None that the kernel gives to connections: other tests may be making thousands of them."""
    while True:
        first = random.randrange(22000, 32000)
        try:
            for port in range(first, first + in_a_row):
                _claim(port)
            return first
        except OSError:  # somebody has it
            continue


def own_address():
    """An address in 127.0.0.0/8 that no other server of this or a concurrent run has."""
    n, pid = next(_places), os.getpid()
    return f"127.{64 + n % 64}.{pid >> 8 & 255}.{pid & 255}"


class Server:
    """A running server: where it is, what it shows, what it said."""

    def __init__(self, program, address, port, leaf, log):
        self.program, self.address, self.port, self.log = program, address, port, log
        self.leaf_sha256 = leaf.sha256

    def said(self):
        return self.log.read_text(errors="replace")[-4000:]


class Start:
    """What starts one server. `command` gets the address, the port, the first of so many, and the server's folder."""

    def __init__(self, program, leaf, command, ports=1):
        self.program, self.leaf, self.command, self.ports = program, leaf, command, ports

    def __enter__(self):
        address, port = own_address(), free_port(self.ports)
        folder = workshop() / f"{self.program}-{port}"
        folder.mkdir()
        leaf = certificate(self.leaf)
        self.server = Server(self.program, address, port, leaf, folder / "output")
        command = [str(part) for part in self.command(address, port, folder)]
        with open(self.server.log, "wb") as log:
            # standard input is a pipe that stays open: at its end s_server would stop
            self.process = subprocess.Popen(TIED + command, stdin=subprocess.PIPE, stdout=log,
                                            stderr=subprocess.STDOUT, cwd=folder)
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self.server

    def _wait_until_ready(self):
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"{self.program} ended at once: {self.server.said()}")
            try:
                socket.create_connection((self.server.address, self.server.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"{self.program} did not listen: {self.server.said()}")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()


# ---- Programs --------------------------------------------------------------------------------------------


def _need(program, version_option, wanted):
    """The program's path if it is of the wanted version, else a skip that says what is missing."""
    path = shutil.which(program, path=os.defpath + ":/usr/sbin:/sbin")
    if not path:
        raise unittest.SkipTest(f"{program} is not installed")
    said = subprocess.run([path, version_option], capture_output=True, text=True)
    first = (said.stdout + said.stderr).splitlines()[0]
    if wanted not in first:
        raise unittest.SkipTest(f"{program} is '{first}', the test's facts are those of {wanted}")
    return path


@functools.lru_cache(maxsize=None)
def _unpack(program):
    got = subprocess.run([SOURCE / "deploy/newer-debian", program], capture_output=True, text=True)
    why = got.stderr[got.stderr.rfind("error: "):].strip()
    return (got.stdout.strip(), "") if got.returncode == 0 else (None, why)


def newer_debian(program):
    """The path of a program of a newer Debian release, else a skip that says why it cannot be had."""
    folder, why = _unpack(program)
    if not folder:
        raise unittest.SkipTest(f"a newer {program} cannot be had: {why}")
    return f"{folder}/{program}"


def _s_server(program, address, port, leaf, options):
    made = certificate(leaf)
    chain = ["-cert_chain", made.chain] if made.chain else []
    # -www: answers requests instead of copying standard input to the client
    return [program, "s_server", "-www", "-accept", f"{address}:{port}", "-cert", made.cert,
            "-key", made.key, *chain, *options]


def openssl35(*options, leaf="ecdsa"):
    def command(address, port, _):
        return _s_server(newer_debian("openssl"), address, port, leaf, options)
    return Start("openssl35", leaf, command)


def openssl30(*options, leaf="ecdsa"):
    def command(address, port, _):
        return _s_server(_need("openssl", "version", "OpenSSL 3.0"), address, port, leaf, options)
    return Start("openssl30", leaf, command)


def needed_nginx():
    """The path of Debian's nginx 1.22, which is on OpenSSL 3.0, else a skip."""
    return _need("nginx", "-v", "nginx/1.22")


def nginx_command(program, folder, http, connections=64, level="error"):
    """Runs an nginx in the foreground as one process, whose block `http` has these lines and which writes into its
    folder alone; its configuration is written there, and what it says goes to standard error."""
    own = "".join(f"    {name}_temp_path {folder}/{name};\n"
                  for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr {level};\n"
        f"events {{ worker_connections {connections}; }}\nhttp {{\n    access_log off;\n{own}{http}}}\n")
    return [program, "-p", folder, "-e", "stderr", "-c", folder / "nginx.conf"]


def nginx(*directives, leaf="ecdsa"):
    """nginx 1.22 with only what is given here set; one process, everything it writes in its folder."""
    def command(address, port, folder):
        program = needed_nginx()
        made = certificate(leaf)
        tls = "".join(f"    {directive};\n" for directive in directives)
        return nginx_command(
            program, folder, f"    ssl_certificate {made.cert};\n    ssl_certificate_key {made.key};\n{tls}"
                             f"    server {{ listen {address}:{port} ssl; return 204; }}\n")
    return Start("nginx", leaf, command)


def haproxy(*options, leaf="ecdsa"):
    """HAProxy 3.0 on OpenSSL 3.5 that ends TLS and answers by itself; `options` are those of its `bind` line."""
    def command(address, port, folder):
        made = certificate(leaf)
        (folder / "both.pem").write_text(made.cert.read_text() + made.key.read_text())
        (folder / "haproxy.cfg").write_text(
            "global\n    maxconn 64\ndefaults\n    mode http\n    timeout connect 5s\n    timeout client 10s\n"
            f"    timeout server 10s\nfrontend all\n    bind {address}:{port} ssl crt {folder}/both.pem"
            f" {' '.join(options)}\n    http-request return status 204\n")
        return [newer_debian("haproxy"), "-db", "-f", folder / "haproxy.cfg"]
    return Start("haproxy", leaf, command)


def bssl(*options, leaf="ecdsa"):
    """BoringSSL's own test server; it listens on every address."""
    def command(_, port, __):
        program = os.environ.get("BSSL", "")
        if not os.access(program, os.X_OK):
            raise unittest.SkipTest(f"BSSL='{program}' is no program (deploy/boringssl builds it)")
        if not socket.has_ipv6 or not os.path.exists("/proc/net/if_inet6"):
            raise unittest.SkipTest("bssl server listens on an IPv6 socket, and this kernel has none")
        made = certificate(leaf)
        return [program, "server", "-accept", port, "-loop", "-www", "-key", made.key,
                "-cert", made.cert, *options]
    return Start("bssl", leaf, command)


def gnutls(*options, leaf="ecdsa"):
    """GnuTLS's own test server; it listens on every address."""
    def command(_, port, __):
        made = certificate(leaf)
        return [_need("gnutls-serv", "--version", "gnutls-serv 3.7"), "--http", "--port", port,
                "--x509certfile", made.cert, "--x509keyfile", made.key, *options]
    return Start("gnutls-serv", leaf, command)


def botan(leaf="rsa"):
    """Botan 2's own test server, which has no TLS 1.3; it listens on every address."""
    def command(_, port, __):
        made = certificate(leaf)
        return [_need("botan", "version", "2.19"), "tls_server", made.cert, made.key, f"--port={port}"]
    return Start("botan", leaf, command)
