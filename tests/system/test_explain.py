"""`originscan explain` on a database: the evidence of the last scan, in the words of `probe --explain`."""

import unittest

from examples import steady
from lab import Lab
from originscan import LOOPBACK, run
from servers import workshop

TABLE = "127.77.8.1 size-close\n127.77.8.2 modern\n"


class Explain(unittest.TestCase):
    def succeed(self, *arguments, stdin=""):
        finished = run(*arguments, stdin=stdin)
        self.assertEqual((finished.returncode, finished.stderr), (0, ""), finished.stdout)
        return finished.stdout

    def test_evidence_of_the_last_scan(self):
        database = workshop() / "explain.db"
        with Lab(TABLE) as lab:
            origins = lab.origins()
            self.succeed("import", "--db", database, "-", stdin="".join(f"{at}\n" for at in origins.values()))
            self.succeed("scan", "--db", database, "--set", "allow=127.0.0.0/8")
            probed = self.succeed("probe", "--explain", *LOOPBACK, origins["size-close"])
        told = self.succeed("explain", "--db", database, origins["size-close"])
        self.assertIn(f"scan of {origins['size-close']} at ", told)
        self.assertNotIn(origins["modern"], told)
        self.assertIn("  candidates      value = hybrid - 0.5 x retries", told)
        evidence = steady(told[told.index("\n  classical  "):])
        self.assertIn(evidence[:evidence.index(" why ")], steady(probed))
        self.assertIn(evidence[evidence.index(" why "):], steady(probed))


if __name__ == "__main__":
    unittest.main()
