"""Rules, alerts and dashboard for Prometheus: sound by promtool, and true of a running daemon that a real Prometheus
scrapes."""

import contextlib
import json
import pathlib
import re
import shutil
import sqlite3
import subprocess
import time
import unittest
import urllib.parse

from http_client import get
from population import Daemon, Database, Folder, serve, wait_until
from servers import SOURCE, TIED, free_port

DEPLOY = pathlib.Path(SOURCE, "deploy")
ORIGINS = 120

# A test cannot wait for minutes: the same rules with every span shorter.
SPANS = ((r"\[\d+[mh]\]", "[5s]"), (r"for: \d+m", "for: 0s"))

CONFIG = """global: {{scrape_interval: 250ms, evaluation_interval: 250ms}}
rule_files: [rules.yml, alerts.yml]
scrape_configs:
  - job_name: originscan
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


def names_in(text):
    """The metrics that an expression or a rule file speaks of."""
    return set(re.findall(r"\b(?:originscan|process)_[a-z_0-9]+\b", text))


@unittest.skipUnless(shutil.which("promtool"), "no promtool: apt-get install prometheus")
class Rules(unittest.TestCase):
    def promtool(self, *arguments):
        said = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=60)
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)

    def test_promtool_checks_and_tests_them(self):
        self.promtool("check", "rules", DEPLOY / "prometheus/rules.yml", DEPLOY / "prometheus/alerts.yml")
        self.promtool("test", "rules", DEPLOY / "prometheus/tests.yml")


class Dashboard(unittest.TestCase):
    def test_its_form(self):
        board = json.loads((DEPLOY / "grafana/originscan.json").read_text())
        self.assertLessEqual(len(board["panels"]), 12)
        self.assertEqual([(variable["name"], variable["type"]) for variable in board["templating"]["list"]],
                         [("datasource", "datasource"), ("job", "query")])
        places = set()
        for panel in board["panels"]:
            self.assertTrue(panel["title"] and panel["description"])
            self.assertEqual(panel["datasource"]["uid"], "${datasource}")
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & places, panel["title"])
            self.assertLessEqual(at["x"] + at["w"], 24)
            places |= cells


@unittest.skipUnless(shutil.which("prometheus"), "no prometheus: apt-get install prometheus")
class Scraped(unittest.TestCase):
    def setUp(self):
        self.folder = Folder(self)
        self.database = Database(self.folder / "a.db")
        self.lab = serve(self, self.folder, ["127.95.0.0/16 modern"])
        self.database.import_(f"127.95.0.{i + 1}:{self.lab.port}" for i in range(ORIGINS))
        self.port = free_port()
        self.daemon = Daemon(self, self.folder, self.database, period_s=2, http_listen=self.port)
        wait_until(lambda: " http_listening " in self.daemon.said(), "the server")
        self.prometheus = free_port()
        self.start_prometheus()

    def start_prometheus(self):
        for name in ("rules.yml", "alerts.yml"):
            text = (DEPLOY / "prometheus" / name).read_text()
            for pattern, short in SPANS:
                text = re.sub(pattern, short, text)
            self.folder.write(name, text)
        config = self.folder.write("prometheus.yml", CONFIG.format(port=self.port))
        process = subprocess.Popen([*TIED, "prometheus", f"--config.file={config}", "--log.level=error",
                                    f"--storage.tsdb.path={self.folder / 'data'}",
                                    f"--web.listen-address=127.0.0.1:{self.prometheus}"])
        self.addCleanup(lambda: (process.kill(), process.wait()))

    def query(self, expression):
        try:
            reply = get(self.prometheus, "/api/v1/query?query=" + urllib.parse.quote(expression))
        except ConnectionRefusedError:
            return []
        if reply.status == 503:  # it is still starting
            return []
        self.assertEqual(reply.status, 200, (expression, reply.body))
        return reply.json()["data"]["result"]

    def firing(self):
        return {one["metric"]["alertname"] for one in self.query('ALERTS{alertstate="firing"}')}

    def expect_metrics_of_files_to_exist(self):
        board = (DEPLOY / "grafana/originscan.json").read_text()
        rules = "".join((DEPLOY / "prometheus" / name).read_text() for name in ("rules.yml", "alerts.yml"))
        recorded = set(re.findall(r"record: job:(\w+):", rules))
        said = names_in(re.sub(r'"outcome"|#.*', "", get(self.port, "/metrics").body.decode()))
        types = names_in("".join(line for line in get(self.port, "/metrics").body.decode().splitlines(True)
                                 if line.startswith("# TYPE")))
        optional = {"originscan_origins_oldest_due_timestamp_seconds"}  # absent where nothing is due
        self.assertEqual(names_in(board + rules) - said - types - recorded - optional, set())

    def expect_panels_to_show_something(self):
        for panel in json.loads((DEPLOY / "grafana/originscan.json").read_text())["panels"]:
            for target in panel["targets"]:
                expression = target["expr"].replace("$__rate_interval", "3s").replace("$job", "originscan")
                if panel["title"] in ("Control probes that fail", "Settings that moved"):
                    self.query(expression)  # it is one
                else:
                    wait_until(lambda: self.query(expression), expression)  # a scrape may have come late

    def fail_again(self):
        """Each origin fails once and would be asked again in an hour: too short a wave for a busy Prometheus."""
        with contextlib.closing(sqlite3.connect(self.database.path, timeout=10)) as other:
            with other:
                other.execute("UPDATE origin SET due_at = 0 WHERE due_at > 0")
        time.sleep(0.5)

    def test_alerts_fire_for_a_stalled_scanner_and_a_wave_of_failures(self):
        wait_until(lambda: self.query("job:originscan_scans:rate5m > 1"), "scans, as it sees them")
        wait_until(lambda: self.query("job:originscan_controls_failed:ratio_rate10m == 0"), "and their controls")
        self.expect_metrics_of_files_to_exist()
        self.expect_panels_to_show_something()
        wait_until(lambda: self.firing() == set(), "that nothing fires")  # a slow scrape looks like a dead daemon
        with contextlib.closing(sqlite3.connect(self.database.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # nothing can be committed any more
            wait_until(lambda: "OriginscanNotScanning" in self.firing(), "the alert of a stalled scanner")
        wait_until(lambda: "OriginscanNotScanning" not in self.firing(), "its end")
        self.lab.stop()
        fired = 'count_over_time(ALERTS{alertname="OriginscanFailureWave", alertstate="firing"}[30s])'
        wait_until(lambda: self.fail_again() or self.query(fired), "the alert of a wave of failures")


if __name__ == "__main__":
    unittest.main()
