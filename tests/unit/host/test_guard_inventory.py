#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""covey-guard.service follows the inventory.

    test_guard_inventory.py COVEY_HOST COVEY

The host is as in test_guard_deadlines.py.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import test_guard_deadlines
import test_steer
from test_guard import SKIPPED
from test_guard_deadlines import Deadlines

NEW_HOST = "0xa090063"  # 10.9.0.99, as the rules have it


class FollowTest(Deadlines):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.directory.name, "inventory.yaml")
        self.now = self.inventory.replace("UPLINKS", "d0")
        self.change()

    def change(self, before="", after=""):
        self.assertIn(before, self.now)
        self.now = self.now.replace(before, after, 1) if before else self.now
        self.put(self.now)

    def put(self, text):
        with open(self.path + ".new", "w", encoding="ascii") as stream:
            stream.write(text)
        os.rename(self.path + ".new", self.path)

    def add_host(self):
        self.change("  hosts:\n", "  hosts:\n    hv9: {covey_vtep: 10.9.0.99}\n")

    def keep(self, uplinks="d0"):
        path = os.path.join(self.directory.name, "notify")
        self.log = tempfile.NamedTemporaryFile("w+")
        self.addCleanup(self.log.close)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(60)
            self.keeper = subprocess.Popen(
                ["ip", "netns", "exec", self.host.name, test_steer.PROGRAM, "--inventory", self.path,
                 "--name", "hv1", "--state", self.state, "--socket", self.socket, "--guard", "keep"],
                stderr=self.log, env={**os.environ, "NOTIFY_SOCKET": path})
            self.addCleanup(self.keeper.wait)
            self.addCleanup(self.keeper.terminate)
            self.assertIn(b"READY=1", notify.recv(4096))

    def said(self):
        with open(self.log.name, encoding="utf-8") as stream:
            return stream.read()

    def wait_said(self, text):
        self.wait(lambda: text in self.said(), f"it does not say: {text}")

    def knows_new_host(self):
        done = subprocess.run(["ip", "netns", "exec", self.host.name, "nft", "list", "table", "inet",
                               test_steer.TABLE], capture_output=True, text=True)
        return NEW_HOST in done.stdout

    def test_hosts(self):
        """One that comes is guarded, also when the rules are put back, and one that goes is not any more."""
        self.keep()
        self.assertFalse(self.knows_new_host())
        self.add_host()
        self.wait(self.knows_new_host, "it does not know the new host")
        self.host.run("nft", "flush", "ruleset")
        self.wait(self.knows_new_host, "the rules are not put back")
        self.change("    hv9: {covey_vtep: 10.9.0.99}\n")
        self.wait(lambda: not self.knows_new_host(), "it still knows the host")
        self.expect([100, 200])

    def test_what_passes_in_clear(self):
        """A VNI that the inventory takes from a group closes, and does not open when it is given back."""
        self.keep()
        self.expect([100, 200])
        self.change("g: {vnis: [100]", "g: {vnis: [101]")
        self.wait_sets([200])
        self.change("members: [hv1, hv2], mode: observe}\n      i", "members: [hv2], mode: observe}\n      i")
        self.wait_sets([])
        self.change("g: {vnis: [101]", "g: {vnis: [100, 103]")
        self.wait(lambda: self.said().count("is read again") == 3, "it does not read the third")
        self.expect([])

    def test_a_deadline_gives_it_back(self):
        """If it has passed, and covey-host has said that the VNI was the group's."""
        self.keep()
        self.write({"g": ("observe", "transition", -1)})
        self.wait_sets([100, 200], [100])
        self.change("g: {vnis: [100]", "g: {vnis: [101]")
        self.wait_sets([200])
        self.change("g: {vnis: [101]", "g: {vnis: [100, 103]")
        self.wait_sets([100, 200], [100])

    def test_a_bad_one(self):
        """Nothing changes. It says so."""
        self.keep()
        self.put("all: [")
        self.wait_said("what was in force stays in force")
        self.expect([100, 200])
        self.host.run("nft", "flush", "ruleset")
        self.wait_sets([100, 200])
        self.add_host()
        self.wait(self.knows_new_host, "it does not know the new host")

    def test_without_this_host(self):
        """It is guarded as before, and nothing passes in clear, deadlines or not, unless covey-host runs."""
        self.keep()
        self.write({"g": ("enforce", "observe", -1)})
        self.wait_sets([100, 200])
        with self.listen():
            self.put(self.now.replace("hv1", "hv7"))
            self.wait_said("no host hv1")
            self.expect([100, 200])
        self.wait_sets([])
        self.host.run("nft", "flush", "ruleset")
        self.wait(lambda: test_steer.TABLE in self.host.run("nft", "list", "tables"), "the rules are not put back")
        self.write({"g": ("enforce", "observe", -1), "h": ("enforce", "observe", 0.3)})
        time.sleep(1.3)
        self.expect([])
        self.add_host()
        self.wait(self.knows_new_host, "it does not know the new host")
        self.wait_sets([100, 200])

    def test_what_needs_a_restart(self):
        """Is named, if the guard uses it."""
        self.keep()
        self.change("covey_gkm:", "covey_vpe_port: 9999\n    covey_gkm_port: 9998\n    covey_gkm:")
        self.wait_said("covey_vpe_port: restart covey-guard.service")
        self.assertNotIn("covey_gkm_port", self.said())

    def test_at_a_signal(self):
        """At once, as systemd reloads it."""
        self.keep()
        os.kill(self.keeper.pid, signal.SIGHUP)
        self.wait_said("the inventory is read again: 0 changes")
        self.assertIsNone(self.keeper.poll())

    def test_covey_host_has_the_say(self):
        """It reads the same file. If it dies before that, the guard does what it has not done."""
        self.keep()
        with self.listen():
            self.add_host()
            self.wait_said("the inventory is read again")
            self.change("g: {vnis: [100]", "g: {vnis: [101]")
            self.wait(lambda: self.said().count("is read again") == 2, "it does not read the second")
            self.assertFalse(self.knows_new_host())
            self.expect([100, 200])
        self.wait(self.knows_new_host, "it does not know the new host")
        self.wait_sets([200])


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root, for network namespaces")
        sys.exit(SKIPPED)
    test_steer.PROGRAM = sys.argv.pop(1)
    test_guard_deadlines.COVEY = sys.argv.pop(1)
    unittest.main(verbosity=2)
