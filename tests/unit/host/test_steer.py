#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The guard where the kernel keeps its interfaces: without covey-host, VXLAN leaves by no way.

    test_steer.py COVEY_HOST

        host: d0 10.9.0.1, the uplink    ----------  fabric: d1 10.9.0.2
              e0 10.10.0.1, another one  ----------          e1 10.10.0.2

covey-host itself is not there, and no device sets the mark, unless a test does both by hand.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from test_guard import SKIPPED, Namespace

MARK = 0x40000000
INVENTORY = """
all:
  vars:
    covey_fabric: test.example
    covey_gkm: 10.9.0.254
    covey_groups: {g: {vnis: [100], members: [hv1]}}
  hosts:
    hv1: {covey_vtep: 10.9.0.1, covey_fabric_interface: UPLINKS, covey_fabric_port: kernel}
    hv2: {covey_vtep: 10.9.0.2, covey_fabric_interface: UPLINKS, covey_fabric_port: kernel}
"""
TABLE = "covey_guard_covey0"


class SteerTest(unittest.TestCase):
    def setUp(self):
        self.host = Namespace("host")
        self.addCleanup(self.host.delete)
        self.fabric = Namespace("fabric")
        self.addCleanup(self.fabric.delete)
        self.add_wire("d", 9)
        self.add_wire("e", 10)
        # Beside the mark, what really comes to the other end.
        self.count_at("d1")
        self.count_at("e1")

    def add_wire(self, name, net):
        self.host.ip("link", "add", f"{name}0", "type", "veth", "peer", "name", f"{name}1", "netns",
                     self.fabric.name)
        for space, device, last in ((self.host, f"{name}0", 1), (self.fabric, f"{name}1", 2)):
            space.ip("address", "add", f"10.{net}.0.{last}/24", "dev", device)
            space.ip("link", "set", device, "up")

    def count_at(self, device):
        self.fabric.run("nft", f"""table netdev seen_{device} {{
            chain in {{
                type filter hook ingress device "{device}" priority 0;
                udp dport 4789 counter
            }}
        }}""")

    def add_vxlan(self, remote="10.9.0.2", device="d0"):
        self.host.ip("link", "add", "vx0", "type", "vxlan", "id", "100", "remote", remote,
                     "dev", device, "dstport", "4789")
        self.host.ip("address", "add", "192.168.0.1/24", "dev", "vx0")
        self.host.ip("link", "set", "vx0", "up")
        self.host.ip("neigh", "add", "192.168.0.2", "lladdr", "02:00:00:00:00:02", "dev", "vx0")
        self.host.run("nft", f"""table netdev {TABLE}/mark {{
            chain device1 {{
                type filter hook egress device "vx0" priority 0;
                meta mark set meta mark | {MARK:#x}
            }}
        }}""")

    def command(self, what, uplinks="d0"):
        inventory = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        self.addCleanup(inventory.close)
        inventory.write(INVENTORY.replace("UPLINKS", uplinks))
        inventory.flush()
        return ["ip", "netns", "exec", self.host.name, PROGRAM, "--inventory", inventory.name,
                "--name", "hv1", "--guard", what]

    def guard(self, what, uplinks="d0"):
        done = subprocess.run(self.command(what, uplinks), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def keep(self, uplinks="d0"):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(10)
            keeper = subprocess.Popen(self.command("keep", uplinks),
                                      env={**os.environ, "NOTIFY_SOCKET": path})
            self.addCleanup(keeper.wait)
            self.addCleanup(keeper.terminate)
            self.assertIn(b"READY=1", notify.recv(4096))

    def send(self, count=3):
        """From the VXLAN device. Its own kernel sends other packets, too, so there may be more."""
        subprocess.run(["ip", "netns", "exec", self.host.name, "ping", "-q", f"-c{count}", "-i0.01",
                        "-W0.1", "192.168.0.2"], capture_output=True)

    def dropped(self, comment, chain=None):
        """Table by table: nft 1.0.6 prints no JSON of a ruleset in which a table has an owner."""
        total = 0
        for family in ("inet", "netdev"):
            listing = json.loads(self.host.run("nft", "-j", "list", "table", family, TABLE))
            for rule in (item["rule"] for item in listing["nftables"] if "rule" in item):
                if comment in rule.get("comment", "") and chain in (None, rule["chain"]):
                    total += sum(e["counter"]["packets"] for e in rule["expr"]
                                 if "counter" in e and {"drop": None} in rule["expr"])
        return total

    def seen(self):
        return self.fabric.counted()

    def expect_dropped(self, comment, send=None):
        before, seen = self.dropped(comment), self.seen()
        (send or self.send)()
        self.assertGreaterEqual(self.dropped(comment) - before, 3, comment)
        self.assertEqual(self.seen(), seen, "VXLAN left")

    def wait(self, condition, what):
        deadline = time.monotonic() + 10
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.01)

    def test_before_the_first_start(self):
        self.add_vxlan()
        self.send()
        self.assertGreaterEqual(self.seen(), 3, "it works without the guard")
        self.assertEqual(self.guard("on"), "")
        self.expect_dropped("VXLAN while covey-host does not run")
        self.guard("off")
        seen = self.seen()
        self.send()
        self.assertGreaterEqual(self.seen() - seen, 3, "and after it")

    def test_what_a_process_sends(self):
        def send():
            self.host.run("/usr/bin/python3", "-c", """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    for _ in range(3):
        try:
            s.sendto(bytes(100), ("10.9.0.2", 4789))
        except PermissionError:  # how the kernel tells that a rule dropped it
            pass
""")

        self.guard("on")
        self.expect_dropped("VXLAN that came through no VXLAN device", send)

    def test_by_another_interface(self):
        self.add_vxlan("10.10.0.2", "e0")
        self.guard("on")
        self.expect_dropped("VXLAN by an interface that is no uplink")

    def test_two_uplinks(self):
        self.guard("on", "[d0, e0, d0]")
        self.add_vxlan("10.10.0.2", "e0")
        self.expect_dropped("VXLAN while covey-host does not run")

    def test_renamed_uplink(self):
        """Nobody binds the rules again, and nothing leaves."""
        self.add_vxlan()
        self.guard("on")
        self.host.ip("link", "set", "d0", "name", "f0")
        self.expect_dropped("VXLAN by an interface that is no uplink")

    def test_uplink_made_anew(self):
        self.guard("on")
        self.host.ip("link", "delete", "d0")
        self.add_wire("d", 9)
        self.add_vxlan()
        self.expect_dropped("VXLAN by an interface that is no uplink")

    def test_uplink_that_comes(self):
        """The process that keeps the guard binds it."""
        self.host.ip("link", "delete", "d0")
        self.keep("[d0, e0]")
        self.add_wire("d", 9)
        self.wait(lambda: 'device "d0"' in self.host.run("nft", "list", "table", "netdev", TABLE),
                  "the guard binds d0")
        self.add_vxlan()
        self.expect_dropped("VXLAN while covey-host does not run")

    def test_foreign_covey0(self):
        """An interface of that name is not covey's: nothing is forwarded to it."""
        self.host.ip("link", "add", "covey0", "type", "veth", "peer", "name", "x0")
        self.host.ip("link", "set", "covey0", "up")
        self.add_vxlan()
        self.guard("on")
        self.expect_dropped("VXLAN while covey-host does not run")
        self.assertNotIn("fwd to", self.host.run("nft", "list", "ruleset"))

    def test_flush_opens_nothing(self):
        """The kept guard has a table that nobody else can remove."""
        self.add_vxlan()
        self.keep()
        seen = self.seen()
        for _ in range(20):
            self.host.run("nft", "flush", "ruleset")
            self.send(1)
        self.assertEqual(self.seen(), seen)
        self.assertIn("/own/", self.host.run("nft", "list", "tables"))

    def test_clear_from_the_fabric(self):
        self.guard("on")
        before = self.dropped("clear VXLAN", "steer_in")
        self.fabric.run("/usr/bin/python3", "-c", """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.sendto(bytes(100), ("10.9.0.1", 4789))
""")
        self.assertEqual(self.dropped("clear VXLAN", "steer_in") - before, 1)

    def send_icmp(self, kind, code, port):
        """An ICMP error as the kernel makes it, about a UDP packet to that port."""
        quoted = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 128, 0, 0, 64, 17, 0,
                             socket.inet_aton("10.9.0.2"), socket.inet_aton("10.9.0.1"))
        quoted += struct.pack("!HHHH", 0xC001, port, 108, 0) + bytes(100)
        self.host.run("/usr/bin/python3", "-c", """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as s:
    try:
        s.sendto(bytes.fromhex(sys.argv[1]), ("10.9.0.2", 0))
    except PermissionError:
        pass
""", (struct.pack("!BBHI", kind, code, 0, 0) + quoted).hex())

    def test_quoted_vxlan(self):
        """An ICMP error about a packet that was decrypted has a tenant's bytes in it."""
        self.guard("on")
        for kind, code in ((3, 3), (3, 13), (11, 0), (12, 0)):
            before = self.dropped("quotes VXLAN")
            self.send_icmp(kind, code, 4789)
            self.assertEqual(self.dropped("quotes VXLAN") - before, 1)
        before = self.dropped("")
        self.send_icmp(3, 3, 53)
        self.assertEqual(self.dropped("") - before, 0)

    def test_the_rest_passes(self):
        """Other programs' packets, large ones in fragments, too."""
        self.guard("on")
        self.assertTrue(self.host.reaches("10.9.0.2"))
        self.assertTrue(self.fabric.reaches("10.9.0.1"))
        self.host.run("ping", "-q", "-c1", "-W1", "-s", "4000", "10.9.0.2")
        self.assertEqual(self.dropped(""), 0)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root, for network namespaces")
        sys.exit(SKIPPED)
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
