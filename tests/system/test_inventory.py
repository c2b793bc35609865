"""Inventories as they are: lists of the trade, contradictions, length, and a daemon that goes on meanwhile."""

import json
import os
import pathlib
import subprocess
import textwrap
import time
import unittest

import originscan
from population import EAGER, Daemon, Database, Folder, serve, wait_until

ENDPOINTS = "SELECT zone, host, port FROM v_origin ORDER BY host, port"


class Inventory(unittest.TestCase):
    def setUp(self):
        self.folder = Folder(self)
        self.database = Database(self.folder / "a.db")

    def run_import(self, text, *arguments, status=0):
        said = originscan.run("import", "--db", self.database.path, *arguments, stdin=textwrap.dedent(text))
        self.assertEqual(said.returncode, status, said.stderr + said.stdout)
        return said

    def weights(self, host):
        return [tuple(row) for row in self.database.rows(
            "SELECT zone.name, weight FROM membership JOIN origin ON origin.id = origin_id"
            f" JOIN zone ON zone.id = zone_id WHERE host = '{host}' ORDER BY 1")]

    def endpoints(self):
        return [tuple(row) for row in self.database.rows(ENDPOINTS)]


class Forms(Inventory):
    def assert_read(self, said, name, added):
        self.assertTrue(said.stdout.startswith(f"read as {name}: {added} origin{'s' if added != 1 else ''} added, "), said.stdout)

    def test_a_csv_with_one_more_column(self):
        said = self.run_import("zone,host,port,owner\nshop,a.example,443,bob\nshop,b.example,443,eve\n")
        self.assert_read(said, "csv", 2)
        self.assertEqual(said.stderr.count("owner"), 1)

    def test_a_csv_with_other_names(self):
        text = "hostname,ip,port\na.example,192.0.2.1,8443\n"
        said = self.run_import(text, status=1)
        self.assertIn("--map host=COLUMN", said.stderr)
        said = self.run_import(text, "--map", "host=hostname", "--map", "address=ip")
        self.assert_read(said, "csv", 1)
        self.assertEqual(self.endpoints(), [("a.example", "a.example", 8443)])
        self.assertEqual(self.database.value("SELECT address FROM origin"), "192.0.2.1")
        said = self.run_import(text, "--map", "hots=hostname", status=2)
        self.assertIn("host=hostname", said.stderr)

    def test_semicolons_and_tabs(self):
        self.assert_read(self.run_import("host;port;weight\na.example;443;0,5\n"), "csv", 1)
        self.assert_read(self.run_import("host\tport\nb.example\t443\n"), "csv", 1)
        self.assertEqual(self.weights("a.example"), [("a.example", 0.5)])

    def test_a_hosts_file(self):
        said = self.run_import("""\
            127.0.0.1\tlocalhost
            ::1 ip6-localhost ip6-loopback
            10.20.0.5  app.corp.example app # the shop
            """)
        self.assert_read(said, "hosts", 1)
        self.assertEqual(self.endpoints(), [("app.corp.example", "app.corp.example", 443)])

    def test_a_configuration_of_haproxy(self):
        said = self.run_import("""\
            defaults
                mode http
                timeout connect 5s
            frontend www
                bind :443 ssl crt /etc/server.pem
                default_backend shop
            backend shop
                server s1 app1.example:443 check weight 10 ssl verify none sni str(shop.example)
                server s2 app2.example:8443 check backup ssl verify none
            """)
        self.assert_read(said, "haproxy", 2)
        self.assertEqual(self.endpoints(), [("shop", "app1.example", 443), ("shop", "app2.example", 8443)])
        self.assertEqual([tuple(row) for row in self.database.rows(
            "SELECT sni, weight FROM origin JOIN membership ON origin_id = id ORDER BY host")],
                         [("shop.example", 10), ("=", 1)])

    def test_upstreams_of_nginx(self):
        said = self.run_import("""\
            upstream shop {
                least_conn;
                server app1.example:443 weight=3 max_fails=2;
                server 10.20.0.5:8443 backup;
                keepalive 16;
            }
            """)
        self.assert_read(said, "nginx", 2)
        self.assertEqual(self.endpoints(), [("shop", "10.20.0.5", 8443), ("shop", "app1.example", 443)])

    def test_inventories_of_ansible(self):
        self.assert_read(self.run_import("[web]\nwww[1:2].example ansible_port=22\n[web:vars]\na=b\n"), "ansible", 2)
        self.assert_read(self.run_import("all:\n  children:\n    db:\n      hosts:\n        db1.example:\n"),
                         "ansible", 1)
        self.assert_read(self.run_import(json.dumps({"_meta": {"hostvars": {}}, "mq": {"hosts": ["mq1.example"]}})),
                         "ansible", 1)
        self.assertEqual(self.endpoints(), [("db", "db1.example", 443), ("mq", "mq1.example", 443),
                                            ("web", "www1.example", 443), ("web", "www2.example", 443)])

    def test_a_host_in_several_groups_of_ansible(self):
        said = self.run_import("[web]\na.example\nb.example\n[paris]\nb.example\na.example\n[db]\na.example\n")
        self.assertEqual(said.stdout, "read as ansible: 2 origins added, 3 put into a further zone, 0 updated, "
                                      "0 unchanged; 0 bad lines\n")
        self.assertEqual(self.weights("a.example"), [("db", 1), ("paris", 1), ("web", 1)])
        self.assertEqual(self.weights("b.example"), [("paris", 1), ("web", 1)])
        said = self.run_import("[web]\na.example\n[db]\na.example originscan_weight=2\n")
        self.assertEqual(self.weights("a.example"), [("db", 2), ("paris", 1), ("web", 1)])
        said = self.run_import("[db]\na.example\na.example originscan_weight=2\n", status=1)
        self.assertIn("on line 2", said.stderr)

    def test_targets_of_prometheus(self):
        said = self.run_import(json.dumps([{"targets": ["a.example:8443", "b.example"], "labels": {"job": "shop"}}]),
                               "--map", "zone=job")
        self.assert_read(said, "file_sd", 2)
        self.assertEqual(self.endpoints(), [("shop", "a.example", 8443), ("shop", "b.example", 443)])

    def test_urls_and_comments(self):
        said = self.run_import("# ours\na.example # behind\nhttps://b.example:8443/path\nc.example 8444\n")
        self.assert_read(said, "list", 3)
        self.assertEqual([row[1:] for row in self.endpoints()],
                         [("a.example", 443), ("b.example", 8443), ("c.example", 8444)])

    def test_utf16_is_named(self):
        path = self.folder / "excel.csv"
        path.write_bytes("host;port\na.example;443\n".encode("utf-16"))
        said = originscan.run("import", "--db", self.database.path, path)
        self.assertEqual(said.returncode, 1)
        self.assertIn("the text is UTF-16", said.stderr)
        self.assertIn("iconv -f UTF-16 -t UTF-8", said.stderr)
        self.assertEqual(self.endpoints(), [])


class Lines(Inventory):
    def test_many_bad_lines_are_summed_up(self):
        said = self.run_import("good.example\n" + "b@d:0\n" * 300, status=1)
        lines = said.stderr.splitlines()
        self.assertEqual(len(lines), 21)
        self.assertIn("standard input:21: ", lines[19])
        self.assertIn("280 more bad lines", lines[20])
        self.assertEqual(said.stdout, "read as list: 1 origin added, 0 updated, 0 unchanged; 300 bad lines\n")

    def test_contradictions_are_named_with_both_lines(self):
        text = "zone,host,weight\nz,a.example,1\nz,b.example,1\nz,a.example,2\ny,b.example,1\nz,a.example,1\n"
        said = self.run_import(text, status=1)
        (line,) = said.stderr.splitlines()
        self.assertIn(':4: a.example:443 has weight 2 here, but weight 1 on line 2, in the same zone "z"; '
                      'the first one counts', line)
        self.assertIn("2 origins added, 1 put into a further zone, 0 updated, 1 unchanged; 1 bad line", said.stdout)
        self.assertEqual(self.weights("a.example"), [("z", 1)])
        self.assertEqual(self.weights("b.example"), [("y", 1), ("z", 1)])
        said = self.run_import("zone,host,weight\nz,a.example,2\n")  # another list may say something else
        self.assertIn("1 updated", said.stdout)
        said = self.run_import(text, "--strict", status=1)
        self.assertIn("nothing imported; 1 bad line", said.stdout)
        self.assertEqual(self.weights("a.example"), [("z", 2)])

    def test_a_long_list_takes_little_memory(self):
        count = 300_000
        process = subprocess.Popen([originscan.PROGRAM, "import", "--db", self.database.path],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.stdin.write("host,weight\n")
        for n in range(count):
            process.stdin.write(f"h{n}.example,1\n")
        process.stdin.write("h0.example,2\n")
        process.stdin.close()
        said, wrong = process.stdout.read(), process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        process.stderr.close()
        self.assertEqual(said, f"read as csv: {count} origins added, 0 updated, 0 unchanged; 1 bad line\n")
        self.assertIn(f":{count + 2}: h0.example:443 has weight 2 here, but weight 1 on line 2", wrong)
        if b"__asan_init" in pathlib.Path(originscan.PROGRAM).read_bytes():
            self.skipTest("AddressSanitizer has a memory of its own: only the answer was looked at")
        self.assertLess(usage.ru_maxrss, 40_000)  # KiB


class Replacing(Inventory):
    def setUp(self):
        super().setUp()
        self.names = [f"h{n}.example" for n in range(20)]
        self.database.import_(self.names)

    def hosts(self):
        return sorted(row[1] for row in self.endpoints())

    def test_what_is_left_out_goes(self):
        said = self.run_import("\n".join(self.names[2:] + ["new.example"]) + "\n", "--replace")
        self.assertEqual(said.stdout,
                         "read as list: 1 origin added, 0 updated, 18 unchanged, 2 removed; 0 bad lines\n")
        self.assertEqual(self.hosts(), sorted(self.names[2:] + ["new.example"]))
        self.assertEqual(self.database.value("SELECT count(*) FROM zone"), 19)
        self.assertEqual([tuple(row) for row in self.database.rows(
            "SELECT subject, field, old, new, reason FROM v_change ORDER BY subject")],
            [(f"{name}:443", "zone", name, None, "left out of the list") for name in self.names[:2]])

    def test_more_than_a_tenth_is_refused(self):
        text = "\n".join(self.names[3:] + ["new.example"]) + "\n"
        said = self.run_import(text, "--replace", status=1)
        self.assertIn("leaves out 3 of 20 origins", said.stderr)
        self.assertIn("--force", said.stderr)
        self.assertEqual(self.hosts(), sorted(self.names))
        self.run_import("", "--replace", status=1)
        self.assertEqual(self.hosts(), sorted(self.names))
        self.run_import(text, "--replace", "--force")
        self.assertEqual(self.hosts(), sorted(self.names[3:] + ["new.example"]))

    def test_a_bad_line_may_be_an_origin(self):
        text = "\n".join(self.names[1:] + ["h0.example:0"]) + "\n"
        said = self.run_import(text, "--replace", status=1)
        self.assertIn("nothing imported; 1 bad line", said.stdout)
        self.assertEqual(self.hosts(), sorted(self.names))
        self.run_import(text, "--replace", "--force", status=1)
        self.assertEqual(self.hosts(), sorted(self.names[1:]))
        said = self.run_import("x.example\n", "--force", status=2)
        self.assertIn("--force goes with --replace", said.stderr)


class Removing(Inventory):
    def setUp(self):
        super().setUp()
        self.database.import_(["zone,host,port", "shop,a.example,443", "shop,a.example,8443", "shop,b.example,443",
                               "solo,c.example,443", "d.example,d.example,443"])

    def remove(self, *names, status=0):
        said = originscan.run("remove", "--db", self.database.path, *names)
        self.assertEqual(said.returncode, status, said.stderr)
        return said

    def zones(self):
        return [row[0] for row in self.database.rows("SELECT name FROM zone ORDER BY name")]

    def orders(self, action, *arguments, status=0):
        said = originscan.run("zone", action, "--db", self.database.path, *arguments)
        self.assertEqual(said.returncode, status, said.stderr)
        return said

    def test_a_host_with_or_without_its_port(self):
        self.assertEqual(self.remove("A.example:8443").stdout, "1 origin removed\n")
        self.assertEqual(self.remove("a.example").stdout, "1 origin removed\n")
        self.assertEqual(self.remove("c.example").stdout, "1 origin removed, and 1 zone\n")
        self.assertEqual(self.zones(), ["d.example", "shop"])
        said = originscan.run("db", "check", "--db", self.database.path)
        self.assertEqual((said.returncode, said.stdout), (0, "ok\n"))

    def test_zones_and_what_is_not_there(self):
        said = self.remove("shop", "d.example", "nothing", status=1)
        self.assertEqual(said.stdout, "4 origins removed, and 2 zones\n")
        self.assertIn('no zone or host "nothing"', said.stderr)
        self.assertEqual(self.zones(), ["solo"])
        self.remove(status=2)

    def test_orders_outlive_the_origins_of_a_zone(self):
        self.orders("set", "solo", "--pin", "off")
        self.assertEqual(self.remove("c.example").stdout, "1 origin removed\n")
        self.assertEqual(self.orders("list").stdout.split()[:3], ["solo", "pin", "off"])
        said = originscan.run("export", "--db", self.database.path, "--format", "haproxy")
        self.assertNotIn("backend originscan_solo", said.stdout)
        self.assertEqual(self.remove("solo").stdout, "0 origins removed, and 1 zone with 1 order\n")
        self.assertEqual(self.orders("list").stdout, "")

    def test_rename(self):
        self.orders("set", "shop", "--pin", "off")
        self.orders("rename", "shop", "store")
        self.assertEqual(self.zones(), ["d.example", "solo", "store"])
        self.assertEqual(self.orders("list").stdout.split()[:3], ["store", "pin", "off"])
        self.assertIn("already a zone", self.orders("rename", "store", "solo", status=1).stderr)
        self.assertIn("no zone", self.orders("rename", "shop", "other", status=1).stderr)
        self.orders("rename", "shop", status=2)


class BesideADaemon(Inventory):
    def setUp(self):
        super().setUp()
        self.lab = serve(self, self.folder, ["127.112.0.1 modern", "127.112.0.2 modern"])
        self.database.import_([f"127.112.0.1:{self.lab.port}"])
        self.daemon = Daemon(self, self.folder, self.database, period_s=2, **EAGER)
        self.wait_for_scans("127.112.0.1")

    def wait_for_scans(self, *hosts):
        wait_until(lambda: set(hosts) == {row[0] for row in self.database.rows(
            "SELECT host FROM origin WHERE visits > 0")}, f"scans of {hosts}", 30)

    def test_what_is_imported_is_scanned(self):
        self.run_import(f"127.112.0.2:{self.lab.port}\n", "--strict")
        self.wait_for_scans("127.112.0.1", "127.112.0.2")
        self.assertEqual(self.daemon.stop(), 0, self.daemon.said())

    def test_what_is_removed_while_it_is_visited_is_passed_over(self):
        hosts = [f"127.112.1.{n}" for n in range(1, 40)]
        silent = serve(self, self.folder, [f"{host} never-answers" for host in hosts])
        self.run_import("".join(f"{host}:{silent.port}\n" for host in hosts))
        wait_until(lambda: self.database.value("SELECT count(*) FROM lease") > 5, "visits of silent origins", 30)
        said = originscan.run("remove", "--db", self.database.path, *hosts)
        self.assertEqual((said.returncode, said.stdout), (0, "39 origins removed, and 39 zones\n"), said.stderr)
        self.run_import("".join(f"127.112.2.{n}:{silent.port}\n" for n in range(1, 40)))
        time.sleep(3)
        self.assertEqual(self.database.value("SELECT count(*) FROM origin WHERE host LIKE '127.112.1.%'"), 0)
        self.assertEqual(self.daemon.stop(), 0, self.daemon.said())
        check = originscan.run("db", "check", "--db", self.database.path)
        self.assertEqual((check.returncode, check.stdout), (0, "ok\n"), check.stdout)


if __name__ == "__main__":
    unittest.main()
