#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The trace points of covey-host (USDT): the program names them with their arguments, each is a NOP, and the example
for bpftrace sees what a test of the dataplane does with SAs and packets.

trace.py COVEY_HOST TEST_OF_TALLY SCRIPT

Where bpftrace cannot run (not root, or a kernel without uprobes or BPF), only the program's notes are looked at.
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest

ARGUMENTS = {"drop": 3, "sa_install": 3, "sa_activate": 2, "sa_drain": 2, "sa_remove": 2}
PROGRAM, TALLY, SCRIPT = map(os.path.abspath, sys.argv[1:4])
NOP = b"\x90"


def output_of(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout


def notes():
    """[(name, address, number of arguments)] of the program."""
    found = re.findall(r"Provider: covey\s+Name: (\w+)\s+Location: 0x([0-9a-f]+),.*\s+Arguments: (.*)",
                       output_of("readelf", "-n", "-W", PROGRAM))
    return [(name, int(address, 16), len(re.findall(r"-?\d+@", arguments))) for name, address, arguments in found]


def offset_of(address):
    """Where in the file what is loaded at this address is."""
    for line in output_of("readelf", "-l", "-W", PROGRAM).splitlines():
        words = line.split()
        if words[:1] == ["LOAD"]:
            offset, start, size = int(words[1], 16), int(words[2], 16), int(words[4], 16)
            if start <= address < start + size:
                return offset + address - start
    raise LookupError(hex(address))


def why_no_bpftrace():
    if os.geteuid() != 0:
        return "it is not run by root"
    if not os.path.exists("/sys/bus/event_source/devices/uprobe"):
        return "the kernel has no uprobes"
    run = subprocess.run(["bpftrace", "-e", "BEGIN { exit(); }"], capture_output=True, text=True, check=False)
    return None if run.returncode == 0 else f"bpftrace cannot run: {run.stderr}"


class Trace(unittest.TestCase):
    def test_notes(self):
        found = notes()
        self.assertEqual({name: count for name, _, count in found}, ARGUMENTS)
        for name, _, count in found:
            self.assertEqual(count, ARGUMENTS[name], name)

    def test_nops(self):
        with open(PROGRAM, "rb") as file:
            for name, address, _ in notes():
                file.seek(offset_of(address))
                self.assertEqual(file.read(1), NOP, name)

    def test_script(self):
        reason = why_no_bpftrace()
        if reason:
            self.skipTest(reason)
        with open(SCRIPT, encoding="utf-8") as file:
            text = file.read()
        self.assertEqual(set(re.findall(r"covey-host:covey:(\w+)", text)), set(ARGUMENTS))
        with tempfile.NamedTemporaryFile("w", suffix=".bt") as script:
            script.write(text.replace("/usr/sbin/covey-host", TALLY))
            script.flush()
            run = subprocess.run(["bpftrace", script.name, "-c", TALLY], capture_output=True, text=True, check=False,
                                 env={**os.environ, "TZ": "UTC"})
        self.assertEqual(run.returncode, 0, run.stderr)
        # What test_tally does, among others: another key, and packets of somebody who is not on the roster.
        for pattern in (r"\d\d:\d\d:\d\d SA 4096 is installed: group 0, epoch 1\n", r" SA 4096 is active: group 0\n",
                        r" SA 4096 only receives: group 0\n", r" SA 4096 is removed: group 0\n",
                        r"@frames\[in-not-on-roster\]: [1-9]\d*\n", r"@bytes\[in-not-on-roster\]: [1-9]\d\d+\n"):
            self.assertRegex(run.stdout, pattern)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
