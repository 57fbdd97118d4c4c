#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""covey monitor, on a terminal and elsewhere, with a covey-host that this test plays.

monitor.py COVEY EXAMPLE_INVENTORY
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import unittest

from commands import COVEY, SHOWN, Case, run
from show import Played

WAIT_S = 200  # for what comes at once on a quiet machine


def answer(number, **more):
    """The number-th answer: hv2 sends 1000 packets in class 0 meanwhile, hv3 ten in class 3, we 500 in each group."""
    members = [{"identity": f"spiffe://f/host/hv{n}", "sender_id": n, "self": n == 1} for n in (1, 2, 3)]
    window = {"spi": 256, "sender_id": 2, "window_id": 1, "class": 0, "sending": False}

    def esn(packets):
        return f"0003{packets:012x}"

    return {
        "ok": True, "host": "hv1", "groups": [{"name": "tenants", "members": members}, {"name": "feed"}],
        "sas": [{"spi": 256, "group": "tenants", "packets_sent": 500 * number, "packets_received": 1010 * number},
                {"spi": 257, "group": "feed", "packets_sent": 500 * number, "packets_received": 0}],
        "windows": [{**window, "esn": esn(1000 * number)},
                    {**window, "sender_id": 3, "class": 3, "esn": esn(10 * number)},
                    {**window, "sender_id": 1, "sending": True, "esn": esn(500 * number)}],
        "counters": {"encrypted_packets": 1000 * number, "encrypted_bytes": 125000 * number,
                     "decrypted_packets": 1010 * number, "decrypted_bytes": 1250000 * number},
        "drops": {"in-icv": 3 * number, "in-replay-old": 7},
        "guard": {"drops": [{"family": "netdev", "chain": "in", "rule": "clear VXLAN", "packets": 2 * number}]},
        **more}


ANSWERS = [answer(number) for number in range(1, 200)]


class Lines(Case):
    def monitor(self, answers, *arguments):
        with Played(self.path, answers) as host:
            result = run("--socket", host.path, *arguments)
        self.requests = host.requests
        return result

    def json_of(self, answers):
        code, out, err = self.monitor(answers, "--json", "monitor", "--count", "1")
        self.assertEqual((code, err), (0, ""))
        return json.loads(out)

    def test_rates(self):
        rates = self.json_of(ANSWERS)
        self.assertEqual(self.requests, [{"command": "show"}] * 2)

        def packets(row, key):
            return round(row[key] * rates["seconds"], 3)

        self.assertEqual([(row["group"], packets(row, "out"), packets(row, "in")) for row in rates["groups"]],
                         [("tenants", 500, 1010), ("feed", 500, 0)])
        self.assertEqual([(row["host"], packets(row, "in")) for row in rates["peers"]], [("hv2", 1000), ("hv3", 10)])
        self.assertEqual([(row["class"], packets(row, "out"), packets(row, "in")) for row in rates["classes"]],
                         [("0", 500, 1000), ("3", 0, 10)])
        self.assertEqual([(row["by"], row["reason"], row["packets"]) for row in rates["drops"]],
                         [("covey-host", "in-icv", 3), ("guard", "clear VXLAN", 2)])
        self.assertEqual({key: packets(rates["total"], key) for key in rates["total"]},
                         {"out": 1000, "in": 1010, "out_bits": 1e6, "in_bits": 1e7, "dropped": 5})

    def test_new_sas(self):
        """A rekey: what is sent under the new key counts, and what ended does not."""
        later = answer(2)
        for part in ("sas", "windows"):
            for entry in later[part]:
                entry["spi"] += 100
        rates = self.json_of([ANSWERS[0], later])
        self.assertEqual(round(rates["groups"][0]["out"] * rates["seconds"]), 1000)
        self.assertEqual(round(rates["peers"][0]["in"] * rates["seconds"]), 2000)

    def test_started_again(self):
        rates = self.json_of([ANSWERS[5], ANSWERS[0]])
        self.assertEqual(set(rates["total"].values()), {0})
        self.assertEqual(rates["drops"], [])

    def test_lines(self):
        code, out, err = self.monitor(ANSWERS, "monitor", "--count", "2", "--sort", "name")
        self.assertEqual((code, err), (0, ""))
        self.assertNotIn("\033", out)
        lines = [line.partition(" ")[2] for line in out.splitlines()]
        self.assertEqual([line.split()[0] for line in lines],
                         2 * ["total", "group", "group", "peer", "peer", "class", "class", "drop", "drop"])
        self.assertRegex(out, r"\n\d\d:\d\d:\d\d group feed out \d+\.\d in 0\.0\n")
        self.assertLess(out.index("group feed"), out.index("group tenants"))
        self.assertRegex(out, r"\n\d\d:\d\d:\d\d drop 3 in-icv: VPE packet that failed authentication\n")
        self.assertRegex(out, r"\n\d\d:\d\d:\d\d drop 2 clear VXLAN: dropped by the guard\n")

    def test_dead(self):
        code, out, err = run("--socket", os.path.join(self.path, "none"), "monitor", "--count", "1")
        self.assertEqual((code, out), (1, ""))
        self.assertEqual(err.count("covey monitor: covey-host does not run here"), 2)

    def test_strange(self):
        strange = {"ok": True, "groups": [1, {"members": [2, {"identity": 5}]}], "sas": [7, {"spi": "x"}],
                   "windows": [1, {"esn": 3}, {"esn": "x" * 16, "class": []}], "drops": {"a": "b"}, "guard": [],
                   "counters": 5}
        for answers in ([strange], [ANSWERS[0], strange], [strange, ANSWERS[0]]):
            for flags in ([], ["--json"]):
                self.assertEqual(self.monitor(answers, *flags, "monitor", "--count", "1")[0], 0)

    def test_usage(self):
        for arguments, words in ((["--count", "0"], "--count is a number from 1"),
                                 (["--interval", "x"], "--interval is a number from 1 to 3600"),
                                 (["--sort", "size"], "--sort is rate, out, in or name, not size")):
            code, _, err = run("monitor", *arguments)
            self.assertEqual(code, 2)
            self.assertIn(words, err)


class Page(Case):
    """On a terminal of 24 lines of 80 columns."""

    def start(self, *arguments, lines=24, columns=80):
        main, other = pty.openpty()
        self.addCleanup(os.close, main)
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(other)
        self.other = other
        self.addCleanup(os.close, other)
        self.main = main
        self.seen = ""
        program = subprocess.Popen([COVEY, *arguments], stdin=other, stdout=other, stderr=other)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        return program

    def wait_for(self, words):
        """Reads until the words have come, and forgets what came before."""
        deadline = time.monotonic() + WAIT_S
        while words not in self.seen:
            self.assertLess(time.monotonic(), deadline, f"no {words!r} in {self.seen!r}")
            if select.select([self.main], [], [], 1)[0]:
                self.seen += os.read(self.main, 65536).decode()
        shown = self.seen
        self.seen = self.seen.partition(words)[2]
        return shown

    def end(self, program, status):
        self.assertEqual(program.wait(WAIT_S), status)
        self.wait_for("\033[?25h\033[?1049l")
        self.assertEqual(termios.tcgetattr(self.other), self.before)

    def test_page(self):
        with Played(self.path, ANSWERS) as host:
            program = self.start("--socket", host.path, "monitor")
            self.wait_for("\033[?1049h\033[?25l")
            self.wait_for("by rate; keys: q quit")
            shown = self.wait_for(": VPE packet that failed authentication")
            self.assertRegex(shown, r"\nhv2 +")
            self.assertLess(shown.index("tenants "), shown.index("feed "))
            os.write(self.main, b"n")
            self.wait_for("by name; keys")
            shown = self.wait_for("tenants ")
            self.assertIn("feed ", shown)
            os.write(self.main, b"q")
            self.end(program, 0)
        self.assertEqual({json.dumps(request) for request in host.requests}, {'{"command": "show"}'})

    def test_signal(self):
        with Played(self.path, ANSWERS) as host:
            for number in (signal.SIGINT, signal.SIGTERM):
                program = self.start("--socket", host.path, "monitor", "--sort", "in")
                self.wait_for("by in; keys")
                program.send_signal(number)
                self.end(program, 0)

    def test_size(self):
        """No more than the terminal has, with many of all; and it follows the size."""
        members = [{"identity": f"spiffe://f/host/{n}" + "x" * 90, "sender_id": n} for n in range(200)]
        windows = [{"spi": 256, "sender_id": n, "window_id": 1, "class": n % 8, "sending": False, "esn": "0" * 16}
                   for n in range(200)]
        groups = [{"name": f"g{n}", "members": members if n == 0 else []} for n in range(100)]
        sas = [{"spi": 256, "group": "g0"}]
        answers = [answer(number, groups=groups, windows=windows, sas=sas,
                          drops={f"in-{n}" + "y" * 99: number for n in range(40)}) for number in range(1, 99)]
        with Played(self.path, answers) as host:
            program = self.start("--socket", host.path, "monitor", lines=24, columns=80)
            self.wait_for("GROUP")
            page = self.wait_for("\033[J")
            self.assertLessEqual(page.count("\n"), 23)
            self.assertIn("and 97 more", page)
            for line in re.sub(r"\033\[\??\d*[A-Za-z]", "", page).split("\r\n"):
                self.assertLessEqual(len(line), 80)
            fcntl.ioctl(self.other, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 40, 0, 0))
            program.send_signal(signal.SIGWINCH)
            self.wait_for("\033[H")
            page = self.wait_for("\033[J")
            self.assertLessEqual(page.count("\n"), 9)
            os.write(self.main, b"q")
            self.end(program, 0)

    def test_dead(self):
        """A daemon that has gone is told on the page, and asked again."""
        program = self.start("--socket", os.path.join(self.path, "host.sock"), "monitor")
        self.wait_for("covey-host does not run here")
        with Played(self.path, ANSWERS):
            self.wait_for("GROUP")
            os.write(self.main, b"q")
            self.end(program, 0)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
