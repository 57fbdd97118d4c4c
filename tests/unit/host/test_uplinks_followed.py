#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""covey-host, which finds its uplinks by the routes, while a routing daemon changes them.

    test_uplinks_followed.py COVEY_HOST COVEY SMALL_BUFFERS OLD_KERNEL

        d0, MTU 1500, the default route  ----------  d1
        e0, MTU 9000, no route yet       ----------  e1

    in a network namespace. There is no key manager.
"""

import json
import os
import re
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
    covey_groups: {g: {vnis: [100], members: [hv1, hv2]}}
    covey_hugepages: none
  hosts:
    hv1: {covey_vtep: 10.77.0.1, VARIABLES}
    hv2: {covey_vtep: 10.77.0.2}
"""
OVERHEAD = 60


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def preloaded(library, *environment):
    """What comes before a command."""
    return "env", f"LD_PRELOAD={library}", *environment


class Followed(unittest.TestCase):
    def setUp(self):
        self.space = f"covey-followed-{os.getpid()}"
        run("ip", "netns", "add", self.space)
        self.addCleanup(run, "ip", "netns", "delete", self.space)
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.ip("link", "set", "lo", "up")
        self.ip("address", "add", "10.77.0.1/32", "dev", "lo")
        self.add_wire("d", 9, 1500)
        self.ip("route", "add", "default", "via", "10.9.0.2")

    def ip(self, *words):
        return run("ip", "-n", self.space, *words)

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def add_wire(self, name, net, mtu):
        self.ip("link", "add", f"{name}0", "mtu", str(mtu), "type", "veth", "peer", "name", f"{name}1",
                "mtu", str(mtu))
        self.ip("address", "add", f"10.{net}.0.1/24", "dev", f"{name}0")
        for end in (f"{name}0", f"{name}1"):
            self.ip("link", "set", end, "up")

    def route(self, *hops):
        """What a routing daemon does. Hops are nets."""
        self.ip("route", "replace", "10.77.0.2",
                *(word for net in hops for word in ("nexthop", "via", f"10.{net}.0.2")))

    def start(self, variables="covey_offload: auto", prefix=()):
        files = ["-i", self.path("inventory"), "-p", self.path("pki")]
        with open(self.path("inventory"), "w", encoding="utf-8") as stream:
            stream.write(INVENTORY.replace("VARIABLES", variables))
        if not os.path.exists(self.path("pki")):
            run(COVEY, *files, "pki", "init")
            run(COVEY, *files, "pki", "issue", "--all")
        self.host = subprocess.Popen(
            ["ip", "netns", "exec", self.space, *prefix, COVEY_HOST, *files, "-n",
             "hv1", "-s", self.path("sock")], stderr=subprocess.PIPE, bufsize=0)
        self.addCleanup(self.host.stderr.close)
        self.addCleanup(self.host.wait)
        self.addCleanup(self.host.kill)
        self.log = ""
        self.wait_log(" forwards: ")

    def spawn(self, *command):
        process = subprocess.Popen(["ip", "netns", "exec", self.space, *command], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_log(self, text, seconds=20):
        deadline = time.monotonic() + seconds
        while text not in self.log:
            left = max(deadline - time.monotonic(), 0)
            self.assertTrue(select.select([self.host.stderr], [], [], left)[0],
                            f'no "{text}" in: {self.log}')
            data = os.read(self.host.stderr.fileno(), 65536)
            self.assertTrue(data, f'it ended without "{text}": {self.log}')
            self.log += data.decode()

    def wait(self, condition, what):
        deadline = time.monotonic() + 10
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.01)

    def mtu_of_covey0(self):
        return json.loads(self.ip("-json", "link", "show", "covey0"))[0]["mtu"]

    def expect_mtu(self, mtu):
        self.wait(lambda: self.mtu_of_covey0() == mtu - OVERHEAD, f"covey-host uses {mtu}")

    def show(self, *words):
        return json.loads(run(COVEY, "-s", self.path("sock"), "--json", "show", *words))


class MtuTest(Followed):
    def test_jumbo_frames_later(self):
        """The routing daemon comes after covey-host. Buffers were made for what may come."""
        self.add_wire("e", 10, 9000)
        self.start()
        self.expect_mtu(1500)
        self.route(10)
        self.expect_mtu(9000)
        self.assertIsNone(self.host.poll())

    def test_ports_of_a_bridge_do_not_count(self):
        """Buffers for 9,000 bytes are many times as large. A bridge's port never has a route."""
        self.ip("link", "add", "br0", "type", "bridge")
        self.add_wire("e", 10, 9000)
        self.ip("link", "set", "e0", "master", "br0")
        self.ip("link", "set", "e1", "down")
        self.start()
        self.ip("link", "set", "e0", "nomaster")
        self.route(10)
        self.wait_log("the packet buffers hold 2026")

    def test_larger_than_the_buffers(self):
        """Of an interface that was not there. The next start makes larger ones."""
        self.start()
        self.add_wire("e", 10, 9000)
        self.route(10)
        self.wait_log("the smallest MTU of the uplinks is 9000 now, and the packet buffers hold 2026: "
                      "stopping, to be started again")
        self.assertEqual(self.host.wait(20), 1)
        self.start()
        self.expect_mtu(9000)

    def test_larger_than_af_xdp_carries(self):
        """With an old kernel, covey0 is one end of a veth pair, with buffers of a page. Other ones would be
        slower, so it is not for what may come that they are given up."""
        prefix = preloaded(OLD_KERNEL, "OLD_KERNEL=6.1")
        self.add_wire("e", 10, 9000)
        self.start(prefix=prefix)
        self.route(10)
        self.wait_log("the smallest MTU of the uplinks is 9000 now, and the packet buffers hold ")
        self.assertEqual(self.host.wait(20), 1)
        self.start(prefix=prefix)
        self.expect_mtu(9000)
        self.route(9)
        self.expect_mtu(1500)
        self.route(10)
        self.expect_mtu(9000)
        self.assertIsNone(self.host.poll())

    def test_larger_than_any_network(self):
        """It would end for nothing, again and again."""
        self.add_wire("e", 10, 9216)
        self.start()
        self.ip("link", "set", "e1", "mtu", "60000")
        self.ip("link", "set", "e0", "mtu", "60000")
        self.route(10)
        self.wait_log("the smallest MTU of the uplinks is 60000 now: covey-host uses ")
        self.assertGreaterEqual(self.mtu_of_covey0(), 9216 - OVERHEAD)
        self.assertIsNone(self.host.poll())

    def test_no_memory_for_larger_ones(self):
        """It starts with what it has, and does not end for what it would not get."""
        self.add_wire("e", 10, 9000)
        self.start(prefix=preloaded(SMALL_BUFFERS))
        self.wait_log("packet buffers are made for the present MTU of 1500, not for 9000: cannot allocate")
        self.route(10)
        self.wait_log("the smallest MTU of the uplinks is 9000 now: covey-host uses 2026 of it")
        self.assertIsNone(self.host.poll())

    def test_limited_by_the_inventory(self):
        self.start("covey_fabric_mtu: 2000")
        self.add_wire("e", 10, 9000)
        self.route(10)
        self.expect_mtu(2000)
        self.assertIsNone(self.host.poll())


class GuardTest(Followed):
    def test_too_many(self):
        nets = range(10, 20)
        for net in nets:
            self.add_wire(f"n{net}", net, 1500)
        self.route(*nets)
        self.start()
        self.assertIn("through more than 8 interfaces. VXLAN does not leave by n180 n190: name in "
                      "covey_fabric_interface", self.log)
        self.route(10)
        self.wait_log("lead through: n100\n")
        self.assertEqual(self.log.count("more than 8 interfaces"), 1)


    def is_bound(self, device):
        rules = run("ip", "netns", "exec", self.space, "nft", "list", "table", "netdev",
                    "covey_guard_covey0")
        return f'device "{device}"' in rules

    def test_flapping_route(self):
        """It is followed each time, but it cannot fill the log."""
        self.add_wire("e", 10, 9000)
        self.start()
        for _ in range(8):
            for net, device, mtu in ((10, "e0", 9000), (9, "d0", 1500)):
                self.route(net)
                self.wait(lambda: self.is_bound(device), f"the guard is at {device}")
                self.expect_mtu(mtu)
        self.host.terminate()
        self.wait_log("stopped")
        for line in ("the routes to the other hosts lead through:", "the smallest MTU of the uplinks is"):
            self.assertLess(self.log.count(line), 9, self.log)
            self.assertRegex(self.log, f"{line}.*: repeated [0-9]+ times")

    def test_renamed_uplink(self):
        self.start()
        self.ip("link", "set", "d0", "name", "f0")
        self.wait(lambda: self.is_bound("f0"), "the guard is at f0")


    def test_ports_of_foreign_vxlan_stay(self):
        """covey-guard.service's process follows the routes, too, with the ports that covey-host found."""
        self.add_wire("e", 10, 1500)
        self.start("covey_foreign_vxlan: drop")
        keeper = self.spawn(COVEY_HOST, "-i", self.path("inventory"), "-n", "hv1", "--guard", "keep")
        while "kept on covey0" not in keeper.stdout.readline():
            self.assertIsNone(keeper.poll())
        # It could send anywhere, so it stays one of those.
        self.ip("link", "add", "vx", "type", "vxlan", "id", "8", "dstport", "9")
        self.wait(lambda: "udp dport { 9, 4790, 6081, 8472 }" in run(
            "ip", "netns", "exec", self.space, "nft", "list", "table", "netdev", "covey_guard_covey0"),
            "the guard knows port 9")
        monitor = self.spawn("stdbuf", "-oL", "nft", "monitor")
        for net, device in ((10, "e0"), (9, "d0"), (10, "e0")):
            self.route(net)
            self.wait(lambda: self.is_bound(device), f"the guard is at {device}")
        # Each process had its turn after the last change.
        self.ip("route", "flush", "10.77.0.2")
        pids, rules = {self.host.pid, keeper.pid}, 0
        while pids:
            line = monitor.stdout.readline()
            if 'comment "clear VXLAN of another port"' in line:
                rules += 1
                # nft monitor names a port twice that it has read before it hears of it.
                ports = re.search("udp dport { (.*?) }", line)[1].split(", ")
                self.assertEqual(set(ports), {"9", "4790", "6081", "8472"})
            pids -= {pid for pid in pids if f"by process {pid} (covey-host)" in line}
        self.assertGreater(rules, 0)

    def is_foreign_rule(self, line):
        return "udp dport {" in line and " of another port" in line

    def foreign_rule(self):
        listing = run("ip", "netns", "exec", self.space, "nft", "list", "table", "netdev", "covey_guard_covey0")
        return next(line for line in listing.splitlines() if self.is_foreign_rule(line))

    def test_ports_of_foreign_vxlan_stay_at_a_start(self):
        """The guard is put up before covey-host looks for devices."""
        for policy in "drop", "warn":
            with self.subTest(policy):
                self.start(f"covey_foreign_vxlan: {policy}")
                self.ip("link", "add", "vx", "type", "vxlan", "id", "8", "dstport", "9")
                self.wait(lambda: "{ 9, 4790, 6081, 8472 }" in self.foreign_rule(), "the guard knows port 9")
                self.host.kill()
                self.host.wait()
                self.ip("link", "delete", "vx")
                run("ip", "netns", "exec", self.space, COVEY_HOST, "-i", self.path("inventory"), "-n", "hv1",
                    "--guard", "on")
                self.assertIn("{ 9, 4790, 6081, 8472 }", self.foreign_rule())
                monitor = self.spawn("stdbuf", "-oL", "nft", "monitor")
                while not select.select([monitor.stdout], [], [], 0.1)[0]:
                    for what in "add", "delete":
                        run("ip", "netns", "exec", self.space, "nft", what, "table", "inet", "other")
                self.start(f"covey_foreign_vxlan: {policy}")
                while not self.is_foreign_rule(line := monitor.stdout.readline()):
                    self.assertTrue(line)
                self.assertIn("{ 9, 4790, 6081, 8472 }", line)
                self.wait(lambda: "{ 4790, 6081, 8472 }" in self.foreign_rule(), "the guard forgets port 9")
                self.host.kill()
                self.host.wait()


class GroupTest(Followed):
    def add_vxlan(self, name, vni, under, group="239.1.1.1"):
        self.ip("link", "add", name, "type", "vxlan", "id", str(vni), "group", group, "dev", under, "local",
                "10.77.0.1", "dstport", "4789")
        self.ip("link", "set", name, "up")

    def test_one_group_on_two_uplinks(self):
        """All that is sent to it leaves by one of them. The log says so, once for each."""
        self.add_wire("e", 10, 1500)
        self.route(9, 10)
        self.start()
        self.add_vxlan("vx1", 1, "d0")
        self.add_vxlan("vx2", 2, "d0")
        self.add_vxlan("vx3", 3, "e0", "239.1.1.3")
        self.add_vxlan("vx4", 4, "e0")
        self.wait_log("VXLAN devices on d0 and on e0 have the same multicast group 239.1.1.1. All that is sent "
                      "to it leaves by e0, which joined it last")
        self.ip("link", "set", "vx3", "down")
        self.ip("link", "set", "vx3", "up")
        self.host.terminate()
        self.wait_log("stopped")
        self.assertEqual(self.log.count("the same multicast group"), 1, self.log)

    def joined(self):
        """Groups that are joined on covey0, of these tests."""
        return sorted(group["address"] for link in json.loads(self.ip("-json", "maddress", "show", "dev", "covey0"))
                      for group in link["maddr"] if group.get("address", "").startswith("239."))

    def vni(self, *words):
        run("bridge", "-n", self.space, "vni", *words, "dev", "vx")

    def test_groups_of_single_vnis(self):
        """A device with a table of VNIs joins a group for each of them."""
        self.start()
        self.ip("link", "add", "vx", "type", "vxlan", "external", "vnifilter", "local", "10.77.0.1", "dev", "d0",
                "dstport", "4789")
        self.vni("add", "vni", "100", "group", "239.1.1.1")
        self.vni("add", "vni", "101-103", "group", "239.1.1.2")
        self.vni("add", "vni", "104")
        self.vni("add", "vni", "105", "remote", "10.77.0.2")
        self.ip("link", "set", "vx", "up")
        self.wait(lambda: self.joined() == ["239.1.1.1", "239.1.1.2"], "the groups to be joined")
        self.vni("add", "vni", "106", "group", "239.1.1.3")
        self.vni("delete", "vni", "100")
        self.wait(lambda: self.joined() == ["239.1.1.2", "239.1.1.3"], "the groups to be followed")
        self.vni("delete", "vni", "102")
        self.vni("add", "vni", "107", "group", "239.1.1.4")
        self.wait(lambda: self.joined() == ["239.1.1.2", "239.1.1.3", "239.1.1.4"], "two VNIs to keep a group")
        self.ip("link", "set", "vx", "down")
        self.wait(lambda: self.joined() == [], "the groups to be left")


class ShowTest(Followed):
    def uplinks(self):
        return [(uplink["interface"], uplink["found_by"], uplink["state"], uplink["mtu"],
                 uplink["only_default"]) for uplink in self.show("guard")["guard"]["uplinks"]]

    def problems(self):
        return " ".join(self.show()["problems"])

    def check(self):
        return run("ip", "netns", "exec", self.space, COVEY, "check", "--host", "hv1",
                   self.path("inventory"))

    def test_by_routes(self):
        self.add_wire("e", 10, 9000)
        self.start()
        self.assertEqual(self.uplinks(), [("d0", "routes", "guarded", 1500, False)])
        self.assertEqual(self.show("guard")["guard"]["state"], "verified")
        self.assertIn("VXLAN leaves by d0 (found by the routes)", self.check())
        self.route(9, 10)
        self.wait(lambda: len(self.uplinks()) == 2, "two uplinks")
        self.ip("link", "set", "e1", "down")
        self.wait(lambda: self.uplinks()[1] == ("e0", "routes", "no carrier", 9000, False),
                  "e0 has no carrier")
        self.assertNotIn("VXLAN does not leave", self.problems())

    def test_none(self):
        self.start()
        self.ip("route", "delete", "default")
        self.wait(lambda: not self.uplinks(), "no uplink")
        self.assertEqual(self.show("guard")["guard"]["state"], "no-uplink")
        self.assertIn("no route leads to a covey_vtep of another host", self.problems())
        text = run(COVEY, "-s", self.path("sock"), "show", "guard")
        self.assertIn("NO interface leads to the other hosts", text)
        self.assertIn("There is no uplink, so VXLAN does not leave: give the host a route", text)
        self.assertIn("no interface leads to the other hosts", self.check())

    def test_named(self):
        """One of them is not there."""
        self.start("covey_fabric_interface: [f0, d0]")
        self.assertEqual(self.uplinks(), [("d0", "inventory", "guarded", 1500, False),
                                          ("f0", "inventory", "missing", None, False)])
        self.assertIn("VXLAN leaves by d0 (found by the inventory)", self.check())
        self.ip("link", "delete", "d0")
        self.wait(lambda: self.show("guard")["guard"]["state"] == "no-uplink", "no uplink")
        self.assertIn("none of the interfaces that covey_fabric_interface names", self.problems())

    def test_left_out(self):
        nets = range(10, 20)
        for net in nets:
            self.add_wire(f"n{net}", net, 1500)
        self.route(*nets)
        self.start()
        self.assertEqual([uplink[2] for uplink in self.uplinks()], ["guarded"] * 8 + ["left out"] * 2)
        self.assertIn("VXLAN does not leave by n180, because there are more than 8", self.check())
        self.ip("link", "add", "vxall", "type", "vxlan", "id", "9", "dev", "n190", "dstport", "8472")
        self.wait_log("VXLAN device vxall sends to UDP port 8472, not the fabric's 4789, over n190: covey does not "
                      "encrypt that. All of it leaves in clear")
        found = self.show()["foreign_vxlan"][0]
        self.assertEqual((found["dropped"], found["unguarded"]), (False, True))
        self.assertIn("but the guard is not at n190, so by that way all of it leaves in clear.", self.check())

    def test_no_ethernet_at_the_start(self):
        """The only one that is named."""
        self.ip("tuntap", "add", "tun0", "mode", "tun")
        with self.assertRaises(AssertionError):
            self.start("covey_fabric_interface: tun0")
        self.assertIn("host hv1 has none of its covey_fabric_interface: the frames of interface tun0 have no "
                      "Ethernet header", self.log)

    def test_no_ethernet(self):
        """A tunnel of IP packets on the way to a VTEP, and a device that would leave by it in clear."""
        self.start()
        self.ip("tuntap", "add", "tun0", "mode", "tun")
        self.ip("address", "add", "10.10.0.1/24", "dev", "tun0")
        self.ip("link", "set", "tun0", "up")
        self.ip("route", "replace", "10.77.0.2", "dev", "tun0")
        self.wait_log("VXLAN does not leave by tun0: covey takes VXLAN only from interfaces whose frames")
        self.assertEqual([uplink[:3] for uplink in self.uplinks()],
                         [("tun0", "routes", "left out: no Ethernet")])
        self.assertIn("VXLAN does not leave by tun0, because its frames have no Ethernet header", self.check())
        self.ip("link", "add", "vx", "type", "vxlan", "id", "100", "remote", "10.77.0.2", "local",
                "10.77.0.1", "dstport", "4789")
        self.ip("link", "set", "vx", "up")
        self.ip("neighbour", "add", "10.3.0.2", "lladdr", "02:00:00:00:00:01", "dev", "vx")
        self.ip("address", "add", "10.3.0.1/24", "dev", "vx")
        subprocess.run(["ip", "netns", "exec", self.space, "ping", "-c1", "-W1", "10.3.0.2"],
                       capture_output=True, check=False)
        sent = json.loads(self.ip("-json", "-s", "link", "show", "tun0"))[0]["stats64"]["tx"]
        dropped = {rule["rule"]: rule["packets"] for rule in self.show("guard")["guard"]["drops"]}
        self.assertGreater(dropped["VXLAN by an interface that is no uplink"], 0)
        self.assertEqual((sent["packets"], sent["dropped"]), (0, 0))


class LockTest(Followed):
    """A second covey-host would share the VPE port and the uplinks with the first."""

    def expect_refused(self, what, *changes):
        with open(self.path("inventory"), encoding="utf-8") as stream:
            text = stream.read()
        for change in changes:
            text = text.replace(*change)
        with open(self.path("second"), "w", encoding="utf-8") as stream:
            stream.write(text)
        guard = self.tables()
        second = self.spawn(COVEY_HOST, "-i", self.path("second"), "-p", self.path("pki"), "-n", "hv1",
                            "-s", self.path("second.sock"))
        log, _ = second.communicate(timeout=20)
        self.assertEqual(second.returncode, 1, log)
        self.assertIn(f"{what} is in use by another covey-host, process {self.host.pid}: stop that", log)
        self.assertEqual(self.tables(), guard)
        self.assertIsNone(self.host.poll())

    def tables(self):
        """In any order: the first one writes its own anew when routes change."""
        return sorted(run("ip", "netns", "exec", self.space, "nft", "list", "tables").splitlines())

    other_name = ("covey_vtep: 10.77.0.1,", "covey_vtep: 10.77.0.1, covey_host_interface: covey1,")

    def test_twice(self):
        self.start()
        self.expect_refused("interface d0")

    def test_same_vtep(self):
        """By other routes."""
        self.start()
        self.add_wire("e", 10, 1500)
        self.route(10)
        self.expect_refused("VTEP address 10.77.0.1", self.other_name)

    def test_same_uplink(self):
        self.start()
        self.ip("address", "add", "10.77.0.3/32", "dev", "lo")
        self.expect_refused("interface d0", self.other_name, ("10.77.0.1,", "10.77.0.3,"))

    def test_same_second_uplink(self):
        self.start("covey_fabric_interface: [f0, d0, d0]")
        self.ip("address", "add", "10.77.0.3/32", "dev", "lo")
        self.expect_refused("interface d0", self.other_name, ("10.77.0.1,", "10.77.0.3,"),
                            ("[f0, d0, d0]", "d0"))

    def test_same_covey0(self):
        self.start("covey_fabric_interface: d0")
        self.ip("address", "add", "10.77.0.3/32", "dev", "lo")
        self.expect_refused("interface covey0", ("10.77.0.1,", "10.77.0.3,"), (": d0", ": f0"))


if __name__ == "__main__":
    COVEY_HOST, COVEY, SMALL_BUFFERS, OLD_KERNEL = sys.argv[1:5]
    if os.geteuid() != 0:
        sys.exit(SKIPPED)
    # Address sanitizer wants to be the first library, and is content to be the second; libxdp never
    # frees its rings.
    os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + \
        ":verify_asan_link_order=0:detect_leaks=0"
    unittest.main(argv=sys.argv[:1] + sys.argv[5:], verbosity=2)
