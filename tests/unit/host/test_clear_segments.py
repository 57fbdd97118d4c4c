#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Many datagrams that the kernel takes as one (UDP_SEGMENT): the guard sees the VNI of the first alone.

    test_clear_segments.py CLEAR_GUARD COVEY_HOST COVEY

The host is as in test_clear.py. VNI 100 passes in clear, VNI 200 does not, also not behind one of VNI 100.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import unittest

import test_clear
import test_steer
from test_guard import SKIPPED, Namespace, ethernet, ipv4
from test_steer import MARK

# Send datagrams of these VNIs to port 4789 of an address, as one. Without a VNI they are no VXLAN: to be
# sent through a device.
SEGMENTS = """
import socket, struct, sys
address, vnis = sys.argv[1], [int(word) for word in sys.argv[2:]]
inner = bytes.fromhex("ffffffffffff0200000000990800") + bytes(60)
datagrams = [struct.pack("!II", 8 << 24, vni << 8) + inner for vni in vnis] or [inner] * 3
with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.setsockopt(socket.SOL_UDP, 103, len(datagrams[0]))  # UDP_SEGMENT
    s.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, 5)
    for _ in range(5):
        try:
            s.sendto(b"".join(datagrams), (address, 4789))
        except OSError:
            pass  # dropped, and the sender is told
"""

PRIORITIES = """table netdev priorities {
    chain out {
        type filter hook egress device "d0" priority 600;
        udp dport 4789 meta priority PRIORITY counter
        ip frag-off & 0x1fff != 0 meta priority PRIORITY counter
        udp dport 4789 meta priority != PRIORITY counter comment "other"
        ip frag-off & 0x1fff != 0 meta priority != PRIORITY counter comment "other"
    }
}"""


def send_segments(space, address, *vnis):
    space.run("/usr/bin/python3", "-c", SEGMENTS, address, *map(str, vnis))


class Segments(test_clear.Clear):
    def setUp(self):
        super().setUp()
        self.start()

    def cut(self, device):
        """What leaves by it is cut, as a card does."""
        self.host.run("ethtool", "-K", device, "tx-udp-segmentation", "off")

    def add_ipv6(self):
        for space, last in ((self.host, 1), (self.fabric, 2)):
            space.run("sysctl", "-qw", f"net.ipv6.conf.d{last - 1}.disable_ipv6=0")
            space.ip("address", "add", f"fd09::{last}/64", "dev", f"d{last - 1}", "nodad")
        fabric = json.loads(self.fabric.ip("-json", "link", "show", "d1"))[0]["address"]
        self.host.ip("neigh", "replace", "fd09::2", "lladdr", fabric, "dev", "d0")
        self.fabric.ip("neigh", "replace", "fd09::1", "lladdr", self.mac, "dev", "d1")


class SendTest(Segments):
    def setUp(self):
        super().setUp()
        self.cut("d0")

    def in_each_mode(self, check):
        for mode in ("enforce", "observe", "transition", "killed"):
            with self.subTest(mode):
                if mode == "killed":
                    self.guard.kill()
                else:
                    self.guard.mode(mode)
                check()

    def leaves(self, space, address, *vnis, device="d1"):
        before = self.counts(self.fabric, device)
        send_segments(space, address, *vnis)
        return dict(self.counts(self.fabric, device) - before)

    def test_a_process(self):
        def check():
            self.assertEqual(self.leaves(self.host, "10.9.0.2", 100, 200, 200), {})
            self.assertEqual(self.leaves(self.host, "fd09::2", 100, 200, 200), {})

        self.add_ipv6()
        self.in_each_mode(check)
        # Nothing but the guard is in the way.
        self.guard.end()
        for family in ("inet", "netdev"):
            self.host.run("nft", "delete", "table", family, test_steer.TABLE)
        for address in ("10.9.0.2", "fd09::2"):
            self.assertEqual(self.leaves(self.host, address, 100, 200, 200), {"100": 5, "200": 10})

    def test_by_another_interface(self):
        self.fabric.run("nft", test_clear.COUNTER.replace("DEVICE", "e1"))
        self.cut("e0")
        fabric = json.loads(self.fabric.ip("-json", "link", "show", "e1"))[0]["address"]
        self.host.ip("route", "replace", "10.9.0.2/32", "dev", "e0")
        self.host.ip("neigh", "replace", "10.9.0.2", "lladdr", fabric, "dev", "e0")
        self.in_each_mode(lambda: self.assertEqual(
            self.leaves(self.host, "10.9.0.2", 100, 200, 200, device="e1"), {}))

    def add_container(self):
        container = Namespace("container")
        self.addCleanup(container.delete)
        return container

    def test_a_container_on_the_uplink(self):
        """What it sends passes none of the host's IP hooks."""
        container = self.add_container()
        self.host.ip("link", "add", "mv0", "link", "d0", "type", "macvlan", "mode", "bridge")
        self.host.ip("link", "set", "mv0", "netns", container.name)
        container.ip("address", "add", "10.9.0.9/24", "dev", "mv0")
        container.ip("link", "set", "mv0", "up")
        self.in_each_mode(lambda: self.assertEqual(
            self.leaves(container, "10.9.0.2", 100, 200, 200), {}))

    def test_a_container_behind_the_host(self):
        """It is routed: the super-frame comes by a veth pair as it is."""
        container = self.add_container()
        self.host.ip("link", "add", "c0", "type", "veth", "peer", "name", "c1", "netns", container.name)
        for space, device, last in ((self.host, "c0", 1), (container, "c1", 2)):
            space.ip("address", "add", f"10.20.0.{last}/24", "dev", device)
            space.ip("link", "set", device, "up")
        container.ip("route", "add", "default", "via", "10.20.0.1")
        self.host.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.in_each_mode(lambda: self.assertEqual(
            self.leaves(container, "10.9.0.2", 100, 200, 200), {}))

    def test_through_a_device(self):
        """What a process sends through a VXLAN device has its VNI in each part, marked or not."""
        for marked in (True, False):
            self.add_vnis(marked=marked)
            for vni in (100, 200):
                self.host.ip("address", "add", f"192.168.{vni}.1/24", "dev", f"vx{vni}")
                self.host.ip("neigh", "add", f"192.168.{vni}.2", "lladdr", "02:00:00:00:00:02", "dev",
                             f"vx{vni}")
            self.host.run("nft", PRIORITIES.replace("PRIORITY", "0:5"))
            for mode, clear in (("observe", {"100": 15}), ("transition", {} if marked else {"100": 15}),
                                ("enforce", {})):
                with self.subTest(f"{mode}, marked: {marked}"):
                    self.guard.mode(mode)
                    before = self.clear()
                    for vni in (100, 200):
                        send_segments(self.host, f"192.168.{vni}.2")
                    self.assertEqual(self.clear() - before, clear)
            # The tenant's priority chooses the queue, as without covey.
            self.assertEqual(self.other_priorities(), 0)
            self.host.run("nft", "delete", "table", "netdev", "priorities")
            self.delete_vnis()

    def test_a_device_in_another_namespace(self):
        """It was made here, so what it sends passes the host's output hook."""
        self.add_vnis(marked=False)
        container = self.add_container()
        container.run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")  # it sends by itself
        for vni in (100, 200):
            self.host.ip("link", "set", f"vx{vni}", "netns", container.name)
            container.ip("link", "set", f"vx{vni}", "up")
            container.ip("address", "add", f"192.168.{vni}.1/24", "dev", f"vx{vni}")
            container.ip("neigh", "add", f"192.168.{vni}.2", "lladdr", "02:00:00:00:00:02", "dev", f"vx{vni}")
        for mode, clear in (("observe", {"100": 15}), ("transition", {"100": 15}), ("enforce", {})):
            with self.subTest(mode):
                self.guard.mode(mode)
                before = self.clear()
                for vni in (100, 200):
                    send_segments(container, f"192.168.{vni}.2")
                self.assertEqual(self.clear() - before, clear)

    def delete_vnis(self):
        for vni in (100, 200):
            self.host.ip("link", "delete", f"vx{vni}")
            # Or it would mark the next device of that name.
            subprocess.run(["ip", "netns", "exec", self.host.name, "nft", "delete", "chain", "netdev",
                            f"{test_steer.TABLE}/mark", f"vx{vni}"], capture_output=True)

    def other_priorities(self):
        listing = json.loads(self.host.run("nft", "-j", "list", "table", "netdev", "priorities"))
        rules = [item["rule"] for item in listing["nftables"] if "rule" in item]
        return sum(e["counter"]["packets"] for rule in rules for e in rule["expr"]
                   if "counter" in e and rule.get("comment") == "other")

    def test_fragments(self):
        """Of a VXLAN device, marked or not, all leave, and have no number in their priority."""
        for marked in (True, False):
            self.add_vnis(device=None, marked=marked)
            self.host.ip("link", "set", "vx100", "mtu", "3000")
            self.host.run("nft", PRIORITIES.replace("PRIORITY", "none"))
            self.guard.mode("observe")
            before = self.clear()
            self.send_from(self.host, "vx100", self.frame(2500))
            self.assertEqual(self.clear() - before, {"100": 5, "fragment": 5})
            self.assertEqual(self.other_priorities(), 0)
            self.host.run("nft", "delete", "table", "netdev", "priorities")
            self.delete_vnis()

    def test_another_rule_sets_the_priority(self):
        """Behind the output hook, of what comes from a marked device: it leaves as ever."""
        self.add_vnis()
        self.host.run("nft", """table inet classes {
            chain classes {
                type filter hook postrouting priority 0;
                udp dport 4789 meta priority set 1:10
            }
        }""")
        self.host.run("nft", PRIORITIES.replace("PRIORITY", "1:10"))
        self.guard.mode("observe")
        self.assertEqual(self.send_vnis()["clear"], {"100": 5})
        self.assertEqual(self.other_priorities(), 0)

    def test_a_packet_socket(self):
        """What passes no IP hook does not leave in clear, unless who sends it may set the mark."""
        frame = ethernet(ipv4("10.9.0.1", "10.9.0.2", 17, test_clear.vxlan(100)))
        for mode in ("observe", "transition"):
            self.guard.mode(mode)
            before = self.clear()
            self.send_from(self.host, "d0", frame)
            self.assertEqual(self.clear() - before, {})
        self.guard.mode("observe")
        self.send_from(self.host, "d0", frame, mark=MARK)
        self.assertEqual(self.clear() - before, {"100": 5})


class ReceiveTest(Segments):
    """Without covey-host: what comes cut is looked at, each for itself."""

    def setUp(self):
        super().setUp()
        self.add_vnis()

    def got(self, *vnis):
        before = {vni: self.received(vni) for vni in (100, 200)}
        send_segments(self.fabric, "10.9.0.1", *vnis)
        return {vni: self.received(vni) - count for vni, count in before.items()}

    def test_cut(self):
        """A card, and GRO, join nothing of several VNIs."""
        self.fabric.run("ethtool", "-K", "d1", "tx-udp-segmentation", "off")
        for gro in ("off", "on"):
            self.host.run("ethtool", "-K", "d0", "gro", gro)
            if gro == "on":
                self.host.run("ethtool", "-K", "d0", "rx-udp-gro-forwarding", "on")
            for mode in ("observe", "transition", "enforce"):
                with self.subTest(f"{mode}, GRO {gro}"):
                    self.guard.mode(mode)
                    self.assertEqual(self.got(100, 200, 200),
                                     {100: 0 if mode == "enforce" else 5, 200: 0})

    def test_closed(self):
        """Nothing is open, so nothing passes behind it."""
        self.guard.mode("enforce")
        self.assertEqual(self.got(100, 200, 200), {100: 0, 200: 0})

    def test_the_other_one_first(self):
        self.guard.mode("observe")
        self.assertEqual(self.got(200, 100, 100), {100: 0, 200: 0})


class LookTest(test_steer.Steered):
    """covey-host runs, and what comes is not cut, as on a virtual wire: VXLAN devices look themselves."""

    INVENTORY = """
all:
  vars:
    covey_fabric: test.example
    covey_gkm: 10.9.0.254
    covey_hugepages: none
    covey_groups:
      g: {vnis: [100], members: [hv1, hv2], mode: MODE}
      h: {vnis: [200], members: [hv1, hv2]}
  hosts:
    hv1: {covey_vtep: 10.9.0.1, covey_fabric_interface: d0}
    hv2: {covey_vtep: 10.9.0.2}
"""

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.files = ["-i", os.path.join(directory.name, "inventory"), "-p",
                      os.path.join(directory.name, "pki")]
        self.socket = os.path.join(directory.name, "sock")
        for vni in (100, 200):
            self.add_device(vni)

    def add_device(self, vni):
        self.host.ip("link", "add", f"vx{vni}", "type", "vxlan", "id", str(vni), "remote", "10.9.0.2", "dev",
                     "d0", "dstport", "4789")
        self.host.run("sysctl", "-qw", f"net.ipv6.conf.vx{vni}.disable_ipv6=1")
        self.host.ip("link", "set", f"vx{vni}", "up")

    def start(self, mode):
        with open(self.files[1], "w", encoding="utf-8") as stream:
            stream.write(self.INVENTORY.replace("MODE", mode))
        if not os.path.exists(self.files[3]):
            subprocess.run([COVEY, *self.files, "pki", "init"], check=True, capture_output=True)
            subprocess.run([COVEY, *self.files, "pki", "issue", "--all"], check=True, capture_output=True)
        host = subprocess.Popen(["ip", "netns", "exec", self.host.name, test_steer.PROGRAM, *self.files, "-n",
                                 "hv1", "-s", self.socket, "--state", self.socket + ".kept"],
                                stderr=subprocess.PIPE, text=True)
        self.addCleanup(host.stderr.close)
        self.addCleanup(host.wait)
        self.addCleanup(host.kill)
        log = []
        while not log or " forwards: " not in log[-1]:
            log.append(host.stderr.readline())
            self.assertTrue(log[-1], f"it ended: {log}")
        return host

    def table(self, name):
        """Empty while there is none."""
        done = subprocess.run(["ip", "netns", "exec", self.host.name, "nft", "list", "table", "netdev", name],
                              capture_output=True, text=True)
        return done.stdout

    def looks(self):
        return self.table(test_steer.TABLE + "/in")

    def delivered(self, device):
        """By its own count, behind the look: of the frames that the test sends."""
        listing = json.loads(self.host.run("nft", "-j", "list", "table", "netdev", f"behind_{device}"))
        return sum(e["counter"]["packets"] for item in listing["nftables"] if "rule" in item
                   for e in item["rule"]["expr"] if "counter" in e)

    def count_behind(self, device):
        self.host.run("nft", f"""table netdev behind_{device} {{
            chain behind {{
                type filter hook ingress device "{device}" priority 0;
                ether saddr 02:00:00:00:00:99 counter
                meta priority != none counter
            }}
        }}""")

    def got(self, *vnis):
        before = {vni: self.delivered(f"vx{vni}") for vni in (100, 200)}
        send_segments(self.fabric, "10.9.0.1", *vnis)
        return {vni: self.delivered(f"vx{vni}") - count for vni, count in before.items()}

    def test_look(self):
        host = self.start("observe")
        for vni in (100, 200):
            self.count_behind(f"vx{vni}")
        self.assertEqual(self.got(100, 200, 200), {100: 5, 200: 0})
        self.assertEqual(self.got(100, 100, 100), {100: 15, 200: 0})
        self.assertEqual(self.got(200, 100, 100), {100: 0, 200: 0})
        # A device that is made later; somebody who flushes all rules; a covey-host that dies.
        self.host.ip("link", "delete", "vx200")
        self.add_device(200)
        self.host.run("nft", "delete", "table", "netdev", "behind_vx200")
        self.wait(lambda: '"vx200"' in self.looks(), "the new device looks")
        self.count_behind("vx200")
        self.assertEqual(self.got(100, 200, 200), {100: 5, 200: 0})
        self.host.run("nft", "flush", "ruleset")
        self.wait(lambda: '"vx200"' in self.looks(), "the devices look again")
        self.wait(lambda: "set clear" in self.table(test_steer.TABLE), "the guard is back")
        for vni in (100, 200):
            self.count_behind(f"vx{vni}")
        self.assertEqual(self.got(100, 200, 200), {100: 5, 200: 0})
        host.kill()
        host.wait()
        self.assertEqual(self.got(100, 200, 200), {100: 5, 200: 0})

    def command(self, what, uplinks="d0"):
        return [*super().command(what, uplinks), "--socket", self.socket]

    def test_without_covey_host(self):
        """As from a boot on: covey-guard.service lets the devices look."""
        self.inventory = self.INVENTORY.replace("MODE", "observe")
        self.keep()
        for vni in (100, 200):
            self.count_behind(f"vx{vni}")
        self.assertEqual(self.got(100, 200, 200), {100: 5, 200: 0})
        self.assertEqual(self.got(200, 100, 100), {100: 0, 200: 0})
        self.host.ip("link", "delete", "vx200")
        self.add_device(200)
        self.host.run("nft", "delete", "table", "netdev", "behind_vx200")
        self.wait(lambda: '"vx200"' in self.looks(), "the new device looks")
        self.count_behind("vx200")
        self.assertEqual(self.got(100, 200, 200), {100: 5, 200: 0})
        self.host.run("nft", "delete", "table", "netdev", test_steer.TABLE + "/in")
        self.wait(lambda: '"vx200"' in self.looks(), "the devices look again")
        self.assertEqual(self.got(100, 200, 200), {100: 5, 200: 0})
        # covey-host comes, which does this itself, and dies. What comes then is looked at, too.
        host = self.start("observe")
        self.assertEqual(self.got(100, 200, 200), {100: 5, 200: 0})
        host.kill()
        host.wait()
        self.host.ip("link", "delete", "vx200")
        self.add_device(200)
        self.host.run("nft", "delete", "table", "netdev", "behind_vx200")
        self.wait(lambda: '"vx200"' in self.looks(), "the new device looks without covey-host")
        self.count_behind("vx200")
        self.assertEqual(self.got(100, 200, 200), {100: 5, 200: 0})

    def test_nothing_to_look_for(self):
        self.start("enforce")
        self.assertEqual(self.looks(), "")

    def wait(self, condition, what):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.01)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root, for network namespaces")
        sys.exit(SKIPPED)
    test_clear.PROGRAM = sys.argv.pop(1)
    test_steer.PROGRAM = sys.argv.pop(1)
    COVEY = sys.argv.pop(1)
    unittest.main(verbosity=2)
