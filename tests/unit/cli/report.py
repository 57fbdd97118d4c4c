#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""covey report, with a covey-host that this test plays, and with none. The programs of this machine are asked.

report.py COVEY EXAMPLE_INVENTORY
"""

import json
import os
import sys
import tarfile
import unittest

import yaml

from commands import EXAMPLE, SHOWN, Case, run
from show import Played

KEY = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----\n"
FILES = {"summary.txt", "host.json", "gkm.json", "covey.txt", "versions.txt", "devices.txt", "routes.txt", "rules.txt",
         "services.txt", "inventory.yaml", "files.txt", "log.txt", "counters.txt", "kernel-first.txt",
         "kernel-second.txt"}


class Report(Case):
    def report(self, answers=None, log="", code=0):
        """The texts of a report's files, and what was printed. answers: one after the other, then the last again."""
        path, written = os.path.join(self.path, "r.tar.gz"), os.path.join(self.path, "log")
        with open(written, "w", encoding="utf-8") as file:
            file.write(log)
        options = ["-i", EXAMPLE, "--gkm-socket", os.path.join(self.path, "no-gkm"), "--json", "report", "--seconds", "1",
                   "--log", written, path]
        if answers is None:
            result = run("--socket", os.path.join(self.path, "no-host"), *options)
        else:
            with Played(self.path, answers) as host:
                result = run("--socket", host.path, *options)
        self.assertEqual(result[0], code, result)
        with tarfile.open(path) as archive:
            files = {os.path.basename(member.name): archive.extractfile(member).read().decode()
                     for member in archive.getmembers()}
            self.assertEqual({os.path.dirname(member.name) for member in archive.getmembers()},
                             {os.path.dirname(archive.getmembers()[0].name)})
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        return files, result

    def test_well(self):
        files, (_, out, err) = self.report(
            [{**SHOWN, "problems": ["a is so: do b"], "counters": {"encrypted_packets": number},
              "drops": {"in-icv": 9 - number}, "ports": [{**SHOWN["ports"][0], "rx_packets": 7 * number}]}
             for number in range(1, 20)], log="began\n")
        self.assertLessEqual(FILES, set(files))
        self.assertEqual(set(json.loads(out)["files"]), set(files))
        self.assertIn("covey report: rules\n", err)
        self.assertIn("PROBLEM: a is so: do b\n", files["summary.txt"])
        self.assertIn("covey-gkm does not answer: ", files["summary.txt"])
        self.assertEqual(json.loads(files["host.json"])["drops"], {"in-icv": 8})
        self.assertEqual(json.loads(files["gkm.json"])["ok"], False)
        self.assertIn("began\n", files["log.txt"])
        with open(EXAMPLE, encoding="utf-8") as file:
            self.assertEqual(yaml.safe_load(files["inventory.yaml"]), yaml.safe_load(file))
        self.assertIn("show --all\n", files["covey.txt"])
        text = files["counters.txt"]
        self.assertRegex(text, r"\ncounters\.encrypted_packets: 1 -> (\d+), \d+ more, \d+\.\d a second\n")
        self.assertRegex(text, r"\ndrops\.in-icv: 8 -> -?\d+\n")
        self.assertRegex(text, r"\nports\.fabric\.rx_packets: 7 -> ")
        self.assertIn("$ uname -a\nLinux ", files["versions.txt"])

    def test_dead(self):
        files, _ = self.report()
        self.assertIn("covey-host does not answer: covey-host does not run here", files["summary.txt"])
        self.assertIn("systemctl start covey-host", json.loads(files["host.json"])["error"])
        self.assertLessEqual(FILES, set(files))

    def test_keys_and_length(self):
        """A key in a log or an answer does not come along, nor all of a long log, nor windows that are too many."""
        answer = {**SHOWN, "gkm": {**SHOWN["gkm"], "last_error": KEY},
                  "windows": [{**SHOWN["windows"][0], "esn": "1" * (5 << 20)}]}
        files, _ = self.report([answer], log="first\n" + "x" * (2 << 20) + "\n" + KEY + "last\n")
        for name, text in files.items():
            self.assertNotIn("MIGHAgEAMBMGByqGSM49", text, name)
        self.assertIn("only its last 1048576 bytes", files["log.txt"])
        self.assertNotIn("first\n", files["log.txt"])
        self.assertTrue(files["log.txt"].endswith("[private key: HIDDEN]\nlast\n"))
        shown = json.loads(files["host.json"])
        self.assertEqual((shown["windows"], shown["sas"]), ([], SHOWN["sas"]))
        self.assertEqual(shown["gkm"]["last_error"], "[private key: HIDDEN]\n")

    def test_no_file(self):
        path = os.path.join(self.path, "there")
        with open(path, "w", encoding="utf-8") as file:
            file.write("mine")
        for name, words in ((path, "File exists"), (os.path.join(self.path, "no/where"), "No such file")):
            code, out, err = run("--json", "report", name)
            self.assertEqual((code, json.loads(out)["ok"]), (1, False))
            self.assertIn(words, err)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "mine")
        for option in ("--seconds=0", "--seconds=61", "--seconds=x"):
            code, _, err = run("report", option, path)
            self.assertEqual(code, 2)
            self.assertIn("--seconds is a number from 1 to 60", err)
        self.assertEqual(run("report", path, path)[0], 2)

if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
