#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What covey-host does when an interface under it goes, comes back, or changes: it never runs deaf.

    test_links.py COVEY_HOST COVEY CHANNELS FIXED_FEATURES NFT_FAULTS CARRIER_FAULTS

        d0, the fabric interface  ----------  d1: two ends of a wire

    in one network namespace, or, in the test of several queues, d1 in another.
"""

import json
import os
import re
import select
import signal
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
    hv1: {covey_vtep: 10.9.0.1, covey_fabric_interface: FABRIC, covey_fabric_port: PORT, VARIABLES}
"""
# One packet from each of 256 source ports, so that they spread over queues.
SEND = """
import socket
for _ in range(256):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("10.9.0.1", 5555))
"""
RECEIVE = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.9.0.1", 5555))
s.settimeout(10)
print("ready", flush=True)
print(len([s.recv(9) for _ in range(256)]), flush=True)
"""
# Holds a lock that is none of its own.
PRETEND = """
import signal, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind("\\0" + sys.argv[1])
clients = []
if sys.argv[2] != "silent":
    s.listen(0)
while sys.argv[2] == "full":
    clients.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    clients[-1].setblocking(False)
    try:
        clients[-1].connect("\\0" + sys.argv[1])
    except BlockingIOError:
        break
print("ready", flush=True)
signal.pause()
"""


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class LinksTest(unittest.TestCase):
    def setUp(self):
        self.space = f"covey-links-{os.getpid()}"
        self.variables = ""
        self.fabric = "d0"
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

    def start(self, port, *environment):
        with open(self.path("inventory.yaml"), "w") as inventory:
            inventory.write(INVENTORY.replace("PORT", port).replace("VARIABLES", self.variables)
                            .replace("FABRIC", self.fabric))
        files = ["--inventory", self.path("inventory.yaml"), "--pki", self.path("pki")]
        run(COVEY, *files, "pki", "init")
        run(COVEY, *files, "pki", "issue", "--all")
        self.begin(*environment)

    def begin(self, *environment, inventory="inventory.yaml", socket="host.sock"):
        files = ["--inventory", self.path(inventory), "--pki", self.path("pki")]
        self.host = subprocess.Popen(
            ["ip", "netns", "exec", self.space, "env", "RUNTIME_DIRECTORY=" + self.directory.name,
             *environment, COVEY_HOST, *files, "--name", "hv1",
             "--socket", self.path(socket)], stderr=subprocess.PIPE, bufsize=0)
        self.log = ""
        self.addCleanup(self.host.stderr.close)
        self.addCleanup(self.host.wait)
        self.addCleanup(self.host.kill)

    def start_well(self, port, *environment):
        self.start(port, *environment)
        self.wait_log("forwards")

    def guard(self):
        rules = run("ip", "netns", "exec", self.space, "nft", "--stateless", "list", "ruleset")
        self.assertIn("covey_guard", rules)
        return rules

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
                self.start_well(port)
                self.ip("link", "delete", "d0")
                self.expect_end("interface d0 is gone")
                self.add_wire()
                os.rename(self.path("pki"), self.path("pki-" + port))

    def test_fabric_replaced(self):
        """Gone and back before anybody can look."""
        self.start_well("af_xdp")
        os.kill(self.host.pid, 19)
        self.ip("link", "delete", "d0")
        self.add_wire()
        os.kill(self.host.pid, 18)
        self.expect_end("interface d0 was replaced")

    def test_fabric_mtu(self):
        self.start_well("af_xdp")
        self.ip("link", "set", "d0", "mtu", "1400")
        self.expect_end("interface d0 has an MTU of 1400 now, and had 1500")

    def test_host_interface_gone(self):
        self.start_well("af_xdp")
        self.ip("link", "delete", "covey0")
        self.expect_end("is gone: removed")  # covey0, or covey0p with it

    def test_down_and_up(self):
        """Nothing to end for, and nothing to burn a core for either."""
        for port in "af_xdp", "af_packet":
            with self.subTest(port=port):
                self.start_well(port)
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

    def test_neighbours_survive(self):
        """A kernel that forgets them asks before a dataplane that starts can carry the question."""
        self.start_well("af_xdp")
        self.ip("address", "add", "10.9.0.1/24", "dev", "covey0")
        self.ip("neigh", "add", "10.9.0.2", "lladdr", "02:00:00:00:00:02", "dev", "covey0", "nud", "stale")
        self.host.kill()
        self.host.wait(20)
        self.begin()
        self.wait_log("forwards")
        self.assertIn("02:00:00:00:00:02", self.ip("neigh", "show", "dev", "covey0"))

    def test_others_do_not_matter(self):
        self.start_well("af_xdp")
        self.ip("link", "add", "other0", "type", "veth", "peer", "name", "other1")
        self.ip("link", "set", "other0", "mtu", "1400")
        self.ip("link", "set", "covey0", "mtu", "1400")
        self.ip("link", "delete", "other0")
        self.ip("link", "set", "d0", "down")
        self.wait_log("interface d0 is down")  # so it has seen the others
        self.assertIsNone(self.host.poll())

    def add_queues(self, count):
        self.ip("link", "delete", "d0")
        queues = ["numrxqueues", str(count), "numtxqueues", str(count)]
        self.ip("link", "add", "d0", *queues, "type", "veth",
                "peer", "name", "d1", *queues, "netns", self.far)
        run("ip", "netns", "exec", self.space, "ethtool", "-L", "d0", "rx", str(count), "tx",
            str(count))
        self.ip("link", "set", "d0", "up")
        run("ip", "-n", self.far, "link", "set", "d1", "up")

    def add_far(self):
        self.far = self.space + "-far"
        run("ip", "netns", "add", self.far)
        self.addCleanup(run, "ip", "netns", "delete", self.far)

    def redirected(self, queue):
        """Packets that covey's socket took from that queue."""
        text = run("ip", "netns", "exec", self.space, "ethtool", "-S", "d0")
        return int(re.search(rf"rx_queue_{queue}_xdp_redirect: (\d+)", text).group(1))

    def test_several_queues(self):
        """A NIC's, which DPDK opens together, and a veth's, which it opens one at a time."""
        for environment in [PRELOAD], []:
            with self.subTest(environment=environment):
                self.add_far()
                self.add_queues(4)
                self.start_well("af_xdp", *environment)
                self.receive_on_each_queue(4)
                self.stop()

    def receive_on_each_queue(self, count):
        self.receive()
        for queue in range(count):
            self.assertGreater(self.redirected(queue), 0)

    def receive(self):
        """256 flows from the far end, all of which arrive."""
        self.ip("address", "add", "10.9.0.1/24", "dev", "covey0")
        run("ip", "-n", self.far, "address", "add", "10.9.0.2/24", "dev", "d1")
        run("ip", "netns", "exec", self.far, "ethtool", "-K", "d1", "tx", "off")
        run("ip", "netns", "exec", self.far, "ping", "-c1", "-W5", "10.9.0.1")
        receiver = subprocess.Popen(["ip", "netns", "exec", self.space, "/usr/bin/python3", "-c",
                                     RECEIVE], stdout=subprocess.PIPE, text=True)
        self.addCleanup(receiver.wait)
        self.addCleanup(receiver.kill)
        self.addCleanup(receiver.stdout.close)
        receiver.stdout.readline()
        run("ip", "netns", "exec", self.far, "/usr/bin/python3", "-c", SEND)
        self.assertEqual(receiver.stdout.readline(), "256\n")

    def stop(self):
        """In order, and forget all about it."""
        self.host.terminate()
        self.assertEqual(self.host.wait(20), 0)
        self.doCleanups()
        self.setUp()

    def show(self):
        return json.loads(run(COVEY, "--socket", self.path("host.sock"), "--json", "show"))

    def pinned_threads(self):
        """Those of covey-host that can run on one processor alone."""
        tasks = os.listdir(f"/proc/{self.host.pid}/task")
        return sum(len(os.sched_getaffinity(int(task))) == 1 for task in tasks)

    def expect_workers(self, port, host_port):
        cores = sorted(os.sched_getaffinity(0))[:2]
        self.add_far()
        self.add_queues(len(cores))
        self.variables = f"covey_cores: \"{','.join(map(str, cores))}\", " \
                         f"covey_host_port: {host_port}"
        self.start_well(port)
        self.wait_log(f"{len(cores)} worker")
        for shown in self.show()["ports"]:
            self.assertEqual((shown["rx_queues"], shown["tx_queues"]), (len(cores), len(cores)))
        self.assertEqual(self.pinned_threads(), len(cores))
        self.receive()
        before = self.used_cpu()
        time.sleep(1)  # what is measured is what they do in that time
        self.assertLess(self.used_cpu() - before, 0.5)

    def test_workers(self):
        """One on each core that is given, with queues of its own on both ports."""
        self.expect_workers("af_xdp", "veth")

    def test_workers_of_af_packet(self):
        self.expect_workers("af_packet", "veth")

    def test_workers_of_tap(self):
        self.expect_workers("af_packet", "tap")

    def test_fewer_queues_than_cores(self):
        cores = sorted(os.sched_getaffinity(0))[:2]
        self.add_far()
        self.add_queues(1)
        self.variables = f"covey_cores: \"{','.join(map(str, cores))}\""
        self.start_well("af_xdp")
        self.wait_log("1 worker")
        if len(cores) > 1:
            self.wait_log("d0 has 1 transmit queues for the 2 cores of covey_cores: 1 of these are unused")
        self.receive()

    def test_too_many_queues(self):
        self.add_far()
        self.add_queues(17)
        self.start("af_xdp", PRELOAD)
        self.expect_end("d0 has 17 queues, at most 16 are served: `ethtool -L d0 combined 16`")

    def test_settings_that_fail(self):
        """What the card goes on doing, and what follows from that; the port works without."""
        for features in "refused", "ignored":
            for port, feature, follows in (
                ("af_xdp", "rx-vlan-hw-parse", "frames with an 802.1Q tag arrive without it"),
                ("af_packet", "rx-gro", "packets that the kernel has merged are dropped"),
            ):
                with self.subTest(features=features, port=port):
                    run("ip", "netns", "exec", self.space, "ethtool", "-K", "d0", "gro", "on")
                    self.start_well(port, FIXED_FEATURES, "FEATURES=" + features)
                    self.assertIn(f"warning: d0: {feature} cannot be switched off "
                                  f"(see `ethtool -k d0`): {follows}\n", self.log)
                    self.assertNotIn("d0: rx-lro", self.log)  # it is off
                    self.stop()

    def foreign(self):
        shown = json.loads(run(COVEY, "--socket", self.path("host.sock"), "--json", "show"))
        return {device["device"]: (device["port"], device["over"]) for device in shown["foreign_vxlan"]}

    def test_foreign_vxlan(self):
        """VXLAN devices of another port, by where they would send."""
        self.ip("link", "add", "e0", "type", "veth", "peer", "name", "e1")
        self.start_well("af_packet")
        for device, address in ("covey0", "10.9.0.1/24"), ("e0", "10.10.0.1/24"):
            self.ip("address", "add", address, "dev", device)
            self.ip("link", "set", device, "up")
        for vni, (name, *how) in enumerate((
            ("ours", "remote", "10.9.0.2", "dev", "covey0", "dstport", "4789"),
            ("elsewhere", "remote", "10.10.0.2", "dev", "e0", "dstport", "8472"),
            ("routed-away", "remote", "10.10.0.2", "dstport", "8472"),
            ("bound", "remote", "10.9.0.2", "dev", "covey0", "dstport", "8472"),
            ("bare", "group", "239.1.1.1", "dev", "d0", "dstport", "9"),
            ("routed", "remote", "10.9.0.2", "dstport", "9999"),
            ("anywhere", "local", "10.9.0.1", "dstport", "8472"),
        )):
            self.ip("link", "add", name, "type", "vxlan", "id", str(vni), *how)
        self.assertEqual(self.foreign(), {"bound": (8472, "covey0"), "bare": (9, "d0"),
                                          "routed": (9999, "covey0"), "anywhere": (8472, None)})
        for name in "bound", "bare", "routed", "anywhere":
            self.wait_log(f"VXLAN device {name} sends to UDP port")
        self.assertNotIn("VXLAN device ours", self.log)
        self.assertNotIn("VXLAN device elsewhere", self.log)
        self.ip("link", "delete", "bound")
        self.wait_log("VXLAN device bound no longer sends")

    def test_foreign_vxlan_by_each_uplink(self):
        """Where the kernel keeps the cards there may be several, and each counts."""
        self.fabric = "[d0, e0]"
        for name in "e", "f":
            self.ip("link", "add", name + "0", "type", "veth", "peer", "name", name + "1")
            self.ip("link", "set", name + "0", "up")
            self.ip("link", "set", name + "1", "up")
        for device, address in ("d0", "10.9.0.1/24"), ("e0", "10.10.0.1/24"), ("f0", "10.11.0.1/24"):
            self.ip("address", "add", address, "dev", device)
        self.start_well("kernel")
        for vni, (name, *how) in enumerate((
            ("first", "remote", "10.9.0.2", "dev", "d0", "dstport", "8472"),
            ("second", "remote", "10.10.0.2", "dev", "e0", "dstport", "8472"),
            ("routed", "remote", "10.10.0.2", "dstport", "9999"),
            ("elsewhere", "remote", "10.11.0.2", "dev", "f0", "dstport", "7777"),
            ("routed-away", "remote", "10.11.0.2", "dstport", "8472"),
        )):
            self.ip("link", "add", name, "type", "vxlan", "id", str(vni), *how)
        self.assertEqual(self.foreign(), {"first": (8472, "d0"), "second": (8472, "e0"),
                                          "routed": (9999, "e0")})
        # But VNIs of the fabric are held back at the ports of all devices.
        self.assertIn("udp dport { 4790, 6081, 7777, 8472, 9999 }", self.rules())
        for port in range(20000, 20012):
            self.ip("link", "add", f"vx{port}", "type", "vxlan", "id", str(port), "remote", "10.11.0.2", "dev", "f0",
                    "dstport", str(port))
        self.wait_log("the guard does not know port 20011 and perhaps others")
        until = time.monotonic() + 20
        while "udp dport { 4790, 6081, 7777, 8472, 9999, 20000, " not in self.rules():  # as it says
            self.assertLess(time.monotonic(), until, self.rules())
        self.assertNotIn("20011", self.rules())

    def test_foreign_vxlan_dropped(self):
        """By the kernel's default port, VXLAN-GPE's and Geneve's from the start, by others when they are
        there."""
        self.variables = "covey_foreign_vxlan: drop"
        self.start_well("af_packet")
        self.assertIn("udp dport { 4790, 6081, 8472 } counter packets 0 bytes 0 drop", self.rules())
        self.ip("link", "add", "elsewhere", "type", "vxlan", "id", "9", "remote", "127.0.0.1", "dev", "lo",
                "dstport", "10")
        self.ip("link", "add", "vx", "type", "vxlan", "id", "8", "group", "239.1.1.1", "dev", "covey0",
                "dstport", "9")
        deadline = time.monotonic() + 10
        while self.rules().count("udp dport { 9, 4790, 6081, 8472 }") != 6:
            self.assertLess(time.monotonic(), deadline, self.rules())

    def test_bound_before_it_forwards(self):
        """The host interface comes after the guard; its egress hook is there before the first packet."""
        self.start_well("af_packet")
        self.host.send_signal(signal.SIGSTOP)
        rules = self.rules_now()
        self.host.send_signal(signal.SIGCONT)
        self.assertIn('hook egress device "covey0"', rules)

    def mac(self):
        return json.loads(self.ip("-json", "link", "show", "covey0"))[0]["address"]

    def test_another_mac(self):
        """It is put back: what leaves has the one of the start."""
        for port in "af_packet", "af_xdp":
            with self.subTest(port=port):
                self.start_well(port)
                was = self.mac()
                self.assertEqual(was, json.loads(self.ip("-json", "link", "show", "d0"))[0]["address"])
                self.ip("link", "set", "covey0", "address", "02:00:00:00:00:99")
                self.wait_log("gave covey0 the MAC address 02:00:00:00:00:99: it has its own again")
                self.assertEqual(self.mac(), was)
                self.ip("link", "set", "covey0", "address", "02:00:00:00:00:98")
                self.wait_log("02:00:00:00:00:98, again: number 2 in a row")
                self.wait_log("02:00:00:00:00:98: it has its own again")
                self.assertEqual(self.mac(), was)
                self.stop()

    def test_undone_again_and_again_at_the_start(self):
        """While the guard goes up, and while it is bound to covey0: there is one when it forwards."""
        for first in 1, 2:
            with self.subTest(first=first):
                self.start_well("af_packet", FAULTS, f"NFT_FAULT=undone:{first}-{first + 16}")
                self.assertIn("not as it was installed", self.log)
                self.assertIn('hook egress device "covey0"', self.rules_now())
                self.stop()

    def test_two_watches_of_one_guard(self):
        """covey-guard.service's process beside covey-host: they agree, whoever is first."""
        self.start_well("af_packet")
        own = self.guard()
        self.assertIn("own copy", own)
        keeper = subprocess.Popen(
            ["ip", "netns", "exec", self.space, COVEY_HOST, "--inventory", self.path("inventory.yaml"),
             "--name", "hv1", "--guard", "keep"], stderr=subprocess.PIPE, text=True)
        self.addCleanup(keeper.stderr.close)
        self.addCleanup(keeper.wait)
        self.addCleanup(keeper.kill)
        while "kept on d0" not in keeper.stderr.readline():
            self.assertIsNone(keeper.poll())
        for count in range(1, 6):
            run("ip", "netns", "exec", self.space, "nft", "flush", "ruleset")
            deadline = time.monotonic() + 10
            while self.shown_guard()["restored"] < count or \
                    self.tables(own) != self.tables(self.rules_now()):
                self.assertLess(time.monotonic(), deadline, self.rules_now())
        self.assertEqual(self.shown_guard()["state"], "verified")
        # The keeper's start is one: it knows nothing yet of who holds VXLAN's port.
        self.assertLessEqual(self.shown_guard()["restored"], 11)

    @staticmethod
    def tables(rules):
        """Each by itself: which one is put back first does not matter."""
        return sorted("\n".join(line for line in table.splitlines() if line)
                      for table in ("\n" + rules).split("\ntable "))

    def shown_guard(self):
        return json.loads(run(COVEY, "--socket", self.path("host.sock"), "--json", "show"))["guard"]

    def rules_now(self):
        return run("ip", "netns", "exec", self.space, "nft", "--stateless", "list", "ruleset")

    def rules(self):
        return run("ip", "netns", "exec", self.space, "nft", "list", "ruleset")

    def test_second_one_leaves_the_guard(self):
        """The first one fell back to AF_PACKET, whose guard lets its packets out."""
        self.add_far()
        self.add_queues(17)
        self.start_well("auto", PRELOAD)
        self.assertIn("net_af_packet", self.log)
        guard, first = self.guard(), self.host
        self.refuse("d0", first)
        self.assertEqual(self.guard(), guard)
        self.assertIsNone(first.poll())

    def refuse(self, interface, first, **how):
        """Another one by another socket's path, which says who is in its way."""
        self.begin(socket="second.sock", **how)
        self.expect_end(f"interface {interface} is in use by another covey-host, "
                        f"process {first.pid}")

    def add_second_card(self):
        """With the same covey0."""
        self.ip("link", "add", "e0", "type", "veth", "peer", "name", "e1")
        self.ip("link", "set", "e0", "up")
        with open(self.path("inventory.yaml")) as inventory:
            text = inventory.read().replace("d0", "e0")
        with open(self.path("second.yaml"), "w") as inventory:
            inventory.write(text)

    def test_one_host_interface(self):
        """Two cards, and one covey0 for both."""
        self.start_well("af_xdp")
        self.add_second_card()
        before = self.ip("-details", "link", "show", "covey0p")
        self.refuse("covey0", self.host, inventory="second.yaml")
        self.assertEqual(self.ip("-details", "link", "show", "covey0p"), before)

    def pretend(self, how):
        """A local user cannot keep covey-host from starting."""
        index = json.loads(self.ip("-json", "link", "show", "d0"))[0]["ifindex"]
        pretender = subprocess.Popen(
            ["ip", "netns", "exec", self.space, "setpriv", "--reuid", "65534", "--clear-groups",
             "/usr/bin/python3", "-c", PRETEND, f"covey-host/index/{index}", how],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(pretender.stdout.close)
        self.addCleanup(pretender.wait)
        self.addCleanup(pretender.kill)
        self.assertEqual(pretender.stdout.readline(), "ready\n")
        self.start_well("af_xdp")
        self.assertIn("user 65534 pretends to be a covey-host on interface d0", self.log)
        return pretender.pid

    def test_pretender(self):
        pid = self.pretend("listens")
        self.assertIn(f"on interface d0 (process {pid};", self.log)

    def test_pretender_that_does_not_listen(self):
        self.pretend("silent")

    def test_pretender_that_takes_nobody(self):
        self.pretend("full")

    def test_fabric_renamed(self):
        self.start_well("af_xdp")
        self.ip("link", "set", "d0", "down")
        self.ip("link", "set", "d0", "name", "d9")
        self.expect_end("interface d0 was renamed to d9")

    def test_fabric_moved(self):
        self.add_far()
        self.start_well("af_xdp")
        self.ip("link", "set", "d0", "netns", self.far)
        self.expect_end("interface d0 is gone: removed, or moved to another network namespace")

    def test_peer_mtu(self):
        """What is longer would be lost without a word."""
        self.start_well("af_xdp")
        self.ip("link", "set", "covey0p", "mtu", "1300")
        self.expect_end("interface covey0p has an MTU of 1300 now")

    def carrier(self, name):
        return "LOWER_UP" in json.loads(self.ip("-json", "link", "show", name))[0]["flags"]

    def wait_carrier(self, name, on):
        deadline = time.monotonic() + 20
        while self.carrier(name) != on:
            self.assertLess(time.monotonic(), deadline, f"carrier of {name} is not {on}: {self.log}")
            time.sleep(0.05)

    def test_carrier_of_tap(self):
        self.variables = "covey_host_port: tap"
        self.start_well("af_packet")
        self.wait_carrier("covey0", True)
        self.ip("link", "set", "d1", "down")
        self.wait_carrier("covey0", False)
        self.ip("link", "set", "d1", "up")
        self.wait_carrier("covey0", True)

    def test_carrier_of_tap_by_an_alternative_name(self):
        """It goes by the kernel's own, also when that has taken the other one's place in memory."""
        self.ip("tuntap", "add", "dev", "tap7", "mode", "tap", "multi_queue")
        self.ip("link", "property", "add", "dev", "tap7", "altname", "inwards")
        self.variables = "covey_host_port: tap, covey_host_interface: inwards"
        self.start_well("af_packet", "MALLOC_PERTURB_=165")
        self.wait_carrier("tap7", True)
        self.ip("link", "set", "d1", "down")
        self.wait_log("tap7 has no carrier any more")

    def test_carrier_from_the_start(self):
        """No cable when it starts, and one later."""
        self.ip("link", "set", "d1", "down")
        self.start_well("af_packet")
        self.assertFalse(self.carrier("covey0"))
        self.ip("link", "set", "d1", "up")
        self.wait_carrier("covey0", True)

    def test_carrier_that_cannot_be_switched(self):
        """It is tried each second, and said when it begins and when it ends."""
        fault = self.path("fault")
        self.ip("link", "set", "d1", "down")
        self.start_well("af_packet", CARRIER_FAULTS, "CARRIER_FAULT=" + fault)
        open(fault, "x").close()
        self.ip("link", "set", "d1", "up")
        deadline = time.monotonic() + 60
        while os.path.getsize(fault) < 4:
            self.assertLess(time.monotonic(), deadline, f"not tried again: {self.log}")
            time.sleep(0.05)
        self.assertFalse(self.carrier("covey0"))
        os.rename(fault, fault + ".over")
        self.wait_carrier("covey0", True)
        self.wait_log("covey0 has a carrier")
        self.assertEqual(self.log.count("its carrier cannot be switched on"), 1, self.log)
        self.assertRegex(self.log, r"its carrier is as it should be again \(tries that failed: \d+\)")


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root, for network namespaces")
        sys.exit(SKIPPED)
    # Address sanitizer wants to be the first library, and is content to be the second; libxdp
    # never frees its rings.
    os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + \
        ":verify_asan_link_order=0:detect_leaks=0"
    CARRIER_FAULTS = "LD_PRELOAD=" + os.path.abspath(sys.argv.pop(6))
    FAULTS = "LD_PRELOAD=" + os.path.abspath(sys.argv.pop(5))
    FIXED_FEATURES = "LD_PRELOAD=" + os.path.abspath(sys.argv.pop(4))
    PRELOAD = "LD_PRELOAD=" + os.path.abspath(sys.argv.pop(3))
    COVEY = sys.argv.pop(2)
    COVEY_HOST = sys.argv.pop(1)
    unittest.main(verbosity=2)
