"""A database with zones whose settings a test chooses, made by originscan itself but for the settings."""

import contextlib
import json
import sqlite3

from originscan import run

NUMBERS = {"X25519": 29, "P-256": 23, "P-384": 24, "P-521": 25, "X25519MLKEM768": 4588}


class Zone:
    """A zone of one origin. `groups` in the order in which they are to be listed; the first share is one of
    them. `variant` dual: a classical share beside the hybrid's is proven."""

    def __init__(self, name, setting, first_share, groups, variant=None, host=None, sni=None):
        self.name, self.setting, self.first_share, self.groups = name, setting, first_share, groups
        self.variant, self.host, self.sni = variant, host or "origin.example", sni


def make(path, zones, address, port):
    """Every zone's origin is at that address and port; an origin's SNI tells them apart."""
    lines = [json.dumps({"zone": f"{number}", "host": zone.host, "port": port, "address": address,
                         "sni": zone.sni or f"sni{number}.example"})
             for number, zone in enumerate(zones)]
    done = run("import", "--db", path, "--format", "ndjson", "-", stdin="\n".join(lines) + "\n")
    if done.returncode != 0:
        raise AssertionError(f"import: {done.stderr}")
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        for number, zone in enumerate(zones):  # import takes no control characters in a name
            db.execute("UPDATE zone SET name = ? WHERE name = ?", (zone.name, f"{number}"))
            db.execute("INSERT INTO zone_setting (zone_id, setting, variant, first_share, groups, reason,"
                       " since, evidence_scans, valid_until, previous, stage_percent)"
                       " SELECT id, ?, ?, ?, ?, 'operator-pin', 1795424400123, 60, NULL, NULL, 100"
                       " FROM zone WHERE name = ?",
                       (zone.setting, zone.variant, NUMBERS[zone.first_share],
                        ",".join(str(NUMBERS[group]) for group in zone.groups), zone.name))


def settle(path, name, setting):
    """Changes a zone's setting, as a later judgement would."""
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE zone_setting SET setting = ? WHERE zone_id ="
                   " (SELECT id FROM zone WHERE name = ?)", (setting, name))


@contextlib.contextmanager
def opened(path):
    """The database for changes of a test's own, committed at the end."""
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        yield db
