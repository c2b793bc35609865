"""The numbers in an export's head against its body, which a reader of our own counts: what the target would get."""

import csv
import io
import json
import re
import unittest

from servers import SOURCE

HYBRID = "X25519MLKEM768"


def level_of_openssl(groups):
    """`*` marks the shares; without one the first group's is sent."""
    names = groups.split(":")
    shares = [name[1:] for name in names if name.startswith("*")] or names[:1]
    listed = [name.lstrip("*") for name in names]
    return "preferred" if HYBRID in shares else "supported" if HYBRID in listed else "off"


def level_of_list(groups, hybrid=HYBRID):
    """Of targets that send the share of the hybrid whenever they list it."""
    return "preferred" if hybrid in groups else "off"


def openssl_strings(pattern):
    return lambda text: [level_of_openssl(groups) for groups in re.findall(pattern, text, re.MULTILINE)]


def lists(pattern, hybrid=HYBRID):
    return lambda text: [level_of_list(re.split(r"[ ,]+", groups), hybrid)
                         for groups in re.findall(pattern, text, re.MULTILINE)]


def pingora(text):
    """The groups of each zone's and each exception's peers, and whether a second share is sent."""
    found = []
    for line in re.findall(r"^- (\{.*)$", text, re.MULTILINE):
        zone = json.loads(line)
        for peer in [zone, *zone["exceptions"]]:
            groups = peer["options"]["curves"].split(":")
            first = groups[0] == HYBRID
            found.append("preferred" if first else "supported" if HYBRID in groups else "off")
    return found


# How the body of a format says a setting. Zones without one stand in comments alone.
BODY = {
    "haproxy": openssl_strings(r"^    server .* curves (\S+) "),
    "haproxy-env": openssl_strings(r'^    setenv \S+ "(\S+)"$'),
    "nginx": openssl_strings(r"^ *proxy_ssl_conf_command Groups (\S+);$"),
    "nginx_place": openssl_strings(r"^ *proxy_ssl_conf_command Groups (\S+);$"),
    "nginx_snippet": openssl_strings(r"^ *proxy_ssl_conf_command Groups (\S+);$"),
    "openssl": openssl_strings(r"^Groups = (\S+)$"),
    "openssl_3.0": openssl_strings(r"^Groups = (\S+)$"),
    "openssl_dual": openssl_strings(r"^Groups = (\S+)$"),
    "ats": openssl_strings(r'^      groups_list: "(\S+)"$'),
    "ats_9": openssl_strings(r"groups_list STRING (\S+)$"),
    "ats_some": openssl_strings(r'^      groups_list: "(\S+)"$'),
    "caddy": lists(r"^\t\ttls_curves (.*)$", "x25519mlkem768"),
    "caddy_none_off": lists(r"^\t\ttls_curves (.*)$", "x25519mlkem768"),
    "envoy": lists(r"^ *ecdh_curves: \[(.*)\]$"),
}


def said(text):
    """The numbers of the head: zones, and settings by level."""
    zones = int(re.search(r"^\S+ originscan-export: .* zones=(\d+) ", text, re.MULTILINE)[1])
    numbers = re.search(r"Settings: (\d+) preferred, (\d+) supported, (\d+) off, (\d+) none; (\d+) not as", text)
    return zones, dict(zip(("preferred", "supported", "off", "none", "inexact"), map(int, numbers.groups())))


def golden(name):
    return (SOURCE / f"tests/golden/export_{name}.txt").read_text(encoding="utf-8", errors="surrogateescape")


def count(levels):
    return {level: list(levels).count(level) for level in ("preferred", "supported", "off")}


class Counts(unittest.TestCase):
    maxDiff = None

    def test_what_the_target_gets(self):
        for name, read in BODY.items():
            with self.subTest(name):
                text = golden(name)
                zones, settings = said(text)
                found = count(read(text))
                self.assertGreater(sum(found.values()) + settings["none"], 0)
                self.assertEqual(found, {level: settings[level] for level in found})
                self.assertEqual(len(re.findall(r'^# zone ".*": ', text, re.MULTILINE)), zones)

    def test_pingora(self):
        for name in ("pingora", "pingora_dual"):
            with self.subTest(name):
                text = golden(name)
                _, settings = said(text)
                found = count(pingora(text))
                self.assertEqual(found["off"], settings["off"])
                self.assertEqual(found["preferred"] + found["supported"],
                                 settings["preferred"] + settings["supported"])

    def test_none(self):
        """Zones and exceptions of which a comment says that nothing is written."""
        for name in ("haproxy", "haproxy-env", "nginx", "openssl", "caddy", "envoy", "pingora"):
            with self.subTest(name):
                text = golden(name)
                nothing = re.findall(r'^ *# (?:zone ".*"|exception for \S+): none(?:$|;)', text, re.MULTILINE)
                self.assertEqual(len(nothing), said(text)[1]["none"])
                self.assertGreater(len(nothing), 0)

    def test_svcb(self):
        """Its records are no settings: the head counts those of the zones, as the comments name them."""
        text = golden("svcb")
        zones, settings = said(text)
        found = re.findall(r'^; zone ".*": (\w+)', text, re.MULTILINE)
        self.assertEqual(len(found), zones)
        self.assertEqual({level: found.count(level) for level in ("preferred", "supported", "off", "none")},
                         {level: settings[level] for level in ("preferred", "supported", "off", "none")})

    def test_json(self):
        document = json.loads(golden("json"))
        levels = [row["setting"] or "none" for zone in document["zones"] for row in [zone, *zone["exceptions"]]]
        counts = document["counts"]
        self.assertEqual(len(document["zones"]), counts["zones"])
        for level in ("preferred", "supported", "off", "none"):
            self.assertEqual(levels.count(level), counts[level], level)

    def test_akamai(self):
        document = json.loads(golden("akamai"))
        self.assertEqual(len(document["children"]), int(re.search(r" zones=(\d+) ", document["comments"])[1]))

    def test_rows_agree_with_the_document(self):
        """NDJSON and CSV have no head; row by row they say what the document says."""
        document = json.loads(golden("json"))
        want = [(zone["zone"], zone["setting"]) for zone in document["zones"]]
        lines = [json.loads(line) for line in golden("ndjson").splitlines()]
        self.assertEqual([(line["zone"], line["setting"]) for line in lines], want)
        rows = list(csv.DictReader(io.StringIO(golden("csv"))))
        self.assertEqual([row["setting"] or None for row in rows if not row["origin"]],
                         [setting for _, setting in want])
        self.assertEqual(sum(1 for row in rows if row["origin"]), sum(len(zone["exceptions"])
                                                                     for zone in document["zones"]))

    def test_cloudflare(self):
        """A request for each zone with a setting, and a line that asks for nothing for each other one."""
        lines = [json.loads(line) for line in golden("cloudflare").splitlines()]
        self.assertEqual(len(lines), json.loads(golden("json"))["counts"]["zones"])
        for line in lines:
            self.assertEqual(line["body"] and line["body"]["value"], line["setting"])


if __name__ == "__main__":
    unittest.main()
