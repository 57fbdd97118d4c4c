#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What covey-host does when an interface under it goes, comes back, or changes: it never runs deaf.

    test_links.py COVEY_HOST COVEY

        d0, the fabric interface  ----------  d1: two ends of a wire in one network namespace
"""

import os
import select
import subprocess
import sys
import tempfile
import time
import unittest

SKIPPED = 77  # what meson reads as "not run"
INVENTORY = """
all:
  vars:
    covey_fabric: test.example
    covey_gkm: 10.9.0.254
    covey_groups: {g: {vnis: [100], members: [hv1]}}
  hosts:
    hv1: {covey_vtep: 10.9.0.1, covey_fabric_interface: d0, covey_fabric_port: PORT}
"""


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class LinksTest(unittest.TestCase):
    def setUp(self):
        self.space = f"covey-links-{os.getpid()}"
        run("ip", "netns", "add", self.space)
        self.addCleanup(run, "ip", "netns", "delete", self.space)
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.add_wire()

    def ip(self, *words):
        return run("ip", "-n", self.space, *words)

    def add_wire(self):
        self.ip("link", "add", "d0", "type", "veth", "peer", "name", "d1")
        self.ip("link", "set", "d0", "up")
        self.ip("link", "set", "d1", "up")

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def start(self, port):
        with open(self.path("inventory.yaml"), "w") as inventory:
            inventory.write(INVENTORY.replace("PORT", port))
        files = ["--inventory", self.path("inventory.yaml"), "--pki", self.path("pki")]
        run(COVEY, *files, "pki", "init")
        run(COVEY, *files, "pki", "issue", "--all")
        self.host = subprocess.Popen(
            ["ip", "netns", "exec", self.space, COVEY_HOST, *files, "--name", "hv1",
             "--socket", self.path("host.sock")], stderr=subprocess.PIPE, bufsize=0)
        self.log = ""
        self.addCleanup(self.host.stderr.close)
        self.addCleanup(self.host.wait)
        self.addCleanup(self.host.kill)
        self.wait_log("forwards")

    def wait_log(self, text):
        deadline = time.monotonic() + 20
        while text not in self.log:
            left = deadline - time.monotonic()
            self.assertTrue(select.select([self.host.stderr], [], [], max(left, 0))[0],
                            f"no \"{text}\" in: {self.log}")
            data = os.read(self.host.stderr.fileno(), 65536)
            self.assertTrue(data, f"it ended without \"{text}\": {self.log}")
            self.log += data.decode()

    def expect_end(self, text):
        self.wait_log(text)
        self.assertEqual(self.host.wait(20), 1)

    def used_cpu(self):
        """Seconds of all its threads."""
        with open(f"/proc/{self.host.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_fabric_gone(self):
        for port in "af_xdp", "af_packet":
            with self.subTest(port=port):
                self.start(port)
                self.ip("link", "delete", "d0")
                self.expect_end("interface d0 is gone")
                self.add_wire()
                os.rename(self.path("pki"), self.path("pki-" + port))

    def test_fabric_replaced(self):
        """Gone and back before anybody can look."""
        self.start("af_xdp")
        os.kill(self.host.pid, 19)
        self.ip("link", "delete", "d0")
        self.add_wire()
        os.kill(self.host.pid, 18)
        self.expect_end("interface d0 was replaced")

    def test_fabric_mtu(self):
        self.start("af_xdp")
        self.ip("link", "set", "d0", "mtu", "1400")
        self.expect_end("interface d0 has an MTU of 1400 now, and had 1500")

    def test_host_interface_gone(self):
        self.start("af_xdp")
        self.ip("link", "delete", "covey0")
        self.expect_end("interface covey0 is gone")

    def test_down_and_up(self):
        """Nothing to end for, and nothing to burn a core for either."""
        for port in "af_xdp", "af_packet":
            with self.subTest(port=port):
                self.start(port)
                self.ip("link", "set", "d0", "down")
                self.wait_log("interface d0 is down")
                before = self.used_cpu()
                time.sleep(1)  # what is measured is what it does in that time
                self.assertLess(self.used_cpu() - before, 0.5)
                self.ip("link", "set", "d0", "up")
                self.wait_log("interface d0 is up again")
                self.host.terminate()
                self.assertEqual(self.host.wait(20), 0)
                os.rename(self.path("pki"), self.path("pki-" + port))

    def test_others_do_not_matter(self):
        self.start("af_xdp")
        self.ip("link", "add", "other0", "type", "veth", "peer", "name", "other1")
        self.ip("link", "set", "other0", "mtu", "1400")
        self.ip("link", "set", "covey0", "mtu", "1400")
        self.ip("link", "delete", "other0")
        self.ip("link", "set", "d0", "down")
        self.wait_log("interface d0 is down")  # so it has seen the others
        self.assertIsNone(self.host.poll())


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root, for network namespaces")
        sys.exit(SKIPPED)
    COVEY = sys.argv.pop(2)
    COVEY_HOST = sys.argv.pop(1)
    unittest.main(verbosity=2)
