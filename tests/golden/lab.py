"""The lab as a process on free ports, and originscan pointed at it."""
import json
import os
import re
import signal
import socket
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
LAB_DIRECTORY = os.path.join(HERE, "..", "lab")


def free_ports(count):
    """The first of `count` neighbouring ports that nobody uses on 127.0.0.1 now. Below those that the other
    tests take, and below the ephemeral range, from which outgoing connections take theirs."""
    start = 10000 + os.getpid() * 7 % 1000
    for base in range(start, start + 1000, count):
        sockets = []
        try:
            for port in range(base, base + count):
                sockets.append(socket.socket())
                sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sockets[-1].bind(("0.0.0.0", port))
            return base
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise RuntimeError("no free ports")


def origins_of(table):
    """(address, port offset, behaviour and its settings) for each line of a table that names one
    address."""
    found = []
    with open(table, encoding="utf-8") as lines:
        for line in lines:
            words = line.split("#")[0].split()
            match = words and re.fullmatch(r"([0-9.]+)(?::\+(\d+))?", words[0])
            if match:
                found.append((match[1], int(match[2] or 0), " ".join(words[1:])))
    return found


class Lab:
    """Serves a table from `with` to its end."""

    def __init__(self, program, table, ports=8):
        self.base = free_ports(ports)
        self.arguments = [program, "--table", table, "--port-base", str(self.base)]

    def __enter__(self):
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise RuntimeError("the lab is not ready")
        return self

    def __exit__(self, *unused):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)

    def truth(self):
        """What a correct scanner finds: a list of objects, one an origin."""
        printed = subprocess.run(self.arguments + ["--truth"], capture_output=True, text=True,
                                 check=True)
        return [json.loads(line) for line in printed.stdout.splitlines()]


def probe(program, origins, *options):
    """originscan probe --json: a list of scans in the order of the origins, and the exit status."""
    done = subprocess.run(
        [program, "probe", "--json", "--ordered", "--allow", "127.0.0.0/8", *options, "-"],
        input="".join(origin + "\n" for origin in origins), capture_output=True, text=True,
        timeout=240, check=False)
    if done.stderr:
        raise RuntimeError(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()], done.returncode
