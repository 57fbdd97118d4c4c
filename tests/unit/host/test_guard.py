#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The guard, in two network namespaces that a wire joins: what it drops and counts, and what passes.

    test_guard.py COVEY_HOST NFT_FAULTS

        host: d0 10.9.0.1, the fabric interface  ----------  fabric: d1 10.9.0.2
              br0 (in one test) with d0 in it
"""

import errno
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

SKIPPED = 77  # what meson reads as "not run"
ETH_P_ALL = 3
INVENTORY = """
all:
  vars:
    covey_fabric: test.example
    covey_gkm: 10.9.0.254
    covey_groups: {g: {vnis: [100], members: [hv1]}}
  hosts:
    hv1: {covey_vtep: 10.9.0.1, covey_fabric_interface: INTERFACE, covey_fabric_port: KIND}
"""

# Of a local user: to each address that is given.
SEND_VXLAN = """
import socket, sys
for address in sys.argv[1:]:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(bytes.fromhex("0800000000006400") + bytes(60), (address, 4789))
"""


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Namespace:
    def __init__(self, name):
        self.name = f"covey-guard-{os.getpid()}-{name}"
        run("ip", "netns", "add", self.name)

    def ip(self, *words):
        return run("ip", "-n", self.name, *words)

    def run(self, *command):
        return run("ip", "netns", "exec", self.name, *command)

    def reaches(self, address):
        ping = ["ip", "netns", "exec", self.name, "ping", "-q", "-c3", "-i0.05", "-W1", address]
        return subprocess.run(ping, capture_output=True).returncode == 0

    def python(self, code):
        """Start Python in the namespace."""
        return subprocess.Popen(["ip", "netns", "exec", self.name, "/usr/bin/python3", "-c", code],
                                stdout=subprocess.PIPE, text=True)

    def send_frame(self, device, frame):
        code = f"""
import socket
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
    s.bind(({device!r}, {ETH_P_ALL}))
    try:
        s.send(bytes.fromhex({frame.hex()!r}))
    except OSError as error:
        if error.errno != {errno.ENOBUFS}:  # how the kernel tells that an egress hook dropped it
            raise
"""
        self.run("/usr/bin/python3", "-c", code)

    def rules(self):
        return [item["rule"] for item in json.loads(self.run("nft", "-j", "list", "ruleset"))["nftables"]
                if "rule" in item]

    def counted(self, chain=None, comment="", verdict=None):
        """Packets that rules counted, of all chains or one, of any verdict or one."""
        total = 0
        for rule in self.rules():
            if (chain in (None, rule["chain"]) and comment in rule.get("comment", "") and
                    (verdict is None or any(verdict in e for e in rule["expr"]))):
                total += sum(e["counter"]["packets"] for e in rule["expr"] if "counter" in e)
        return total

    def dropped(self, chain=None, comment=""):
        """Packets that the guard dropped."""
        return self.counted(chain, comment, "drop")

    def delete(self):
        run("ip", "netns", "delete", self.name)


def checksum(data):
    words = sum(struct.unpack(f"!{len(data) // 2}H", data))
    words = (words & 0xFFFF) + (words >> 16)
    return ~(words + (words >> 16)) & 0xFFFF


def ipv4(source, to, protocol, payload, fragment=0):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 7, fragment, 64, protocol, 0,
                         socket.inet_aton(source), socket.inet_aton(to))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def ipv6(source, to, protocol, payload):
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + \
        socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, to) + payload


def udp(port, payload=b"\x08" + bytes(60)):
    return struct.pack("!HHHH", 50000, port, 8 + len(payload), 0) + payload


def ethernet(packet, tags=0, kind=0x0800):
    tag = struct.pack("!HH", 0x8100, 5) * tags
    return b"\xff" * 6 + b"\x02\0\0\0\0\x09" + tag + struct.pack("!H", kind) + packet


class GuardTest(unittest.TestCase):
    def setUp(self):
        self.host = Namespace("host")
        self.addCleanup(self.host.delete)
        self.fabric = Namespace("fabric")
        self.addCleanup(self.fabric.delete)
        self.add_wire()

    def add_wire(self):
        self.host.ip("link", "add", "d0", "type", "veth", "peer", "name", "d1", "netns",
                     self.fabric.name)
        for space, device, last in ((self.host, "d0", 1), (self.fabric, "d1", 2)):
            space.run("sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0",
                      "net.ipv6.conf.default.accept_dad=0", f"net.ipv6.conf.{device}.accept_dad=0")
            space.ip("address", "add", f"10.9.0.{last}/24", "dev", device)
            space.ip("address", "add", f"fd09::{last}/64", "dev", device, "nodad")
            space.ip("link", "set", device, "up")

    def write_inventory(self, kind, interface):
        inventory = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        self.addCleanup(inventory.close)
        inventory.write(INVENTORY.replace("KIND", kind).replace("INTERFACE", interface))
        inventory.flush()
        return inventory.name

    def guard(self, what, kind="af_xdp", interface="d0"):
        """What it says on standard error."""
        command = ["ip", "netns", "exec", self.host.name, PROGRAM, "--inventory",
                   self.write_inventory(kind, interface), "--name", "hv1", "--guard", what]
        return subprocess.run(command, check=True, capture_output=True, text=True).stderr

    def guard_faulty(self, fault, *variables):
        """`--guard on` with libnftables on a bad day: its exit status and what it says."""
        path = self.write_inventory("af_xdp", "d0")
        if variables:
            with open(path) as inventory:
                text = inventory.read()
            with open(path, "w") as inventory:
                inventory.write(text.replace("covey_vtep", ", ".join(variables) + ", covey_vtep"))
        done = subprocess.run(
            ["ip", "netns", "exec", self.host.name, *self.faulty(fault), PROGRAM,
             "--inventory", path, "--name", "hv1", "--guard", "on"],
            capture_output=True, text=True, env=dict(os.environ, **self.leaks_of(fault)))
        return done.returncode, done.stderr

    def leaks_of(self, fault):
        """libnftables 1.0.6 keeps what it had read when it refuses a text: not ours to free."""
        if fault != "old":
            return {}
        suppressions = tempfile.NamedTemporaryFile("w")
        self.addCleanup(suppressions.close)
        suppressions.write("leak:libnftables.so\n")
        suppressions.flush()
        return {"LSAN_OPTIONS": f"suppressions={suppressions.name}:print_suppressions=0"}

    def test_failure_that_passes(self):
        """Tried again, and nothing is less than it should be."""
        self.assertEqual(self.guard_faulty("busy:2"), (0, ""))
        self.assertIn("hook egress device", self.listing())

    def test_failure_that_stays(self):
        status, said = self.guard_faulty("busy:1000")
        self.assertEqual(status, 1)
        self.assertIn("cannot install the guard on d0: nftables: Error: Could not process rule: "
                      "No buffer space available", said)

    def test_failure_is_no_lack_of_a_hook(self):
        """All tries fail, and one for less would not: less is not what was asked for."""
        status, said = self.guard_faulty("busy:5", "covey_weak_guard: allow")
        self.assertEqual(status, 1)
        self.assertIn("cannot install the guard on d0", said)
        self.assertNotIn("covey_guard", self.listing())

    def test_kernel_without_egress_hook(self):
        """No weaker guard without a word, nor without leave."""
        status, said = self.guard_faulty("no-egress")
        self.assertEqual(status, 1)
        self.assertIn("error: no egress hook on d0", said)
        self.assertIn("or set covey_weak_guard: allow", said)
        self.assertIn("hook ingress device", self.listing())
        status, said = self.guard_faulty("no-egress", "covey_weak_guard: allow")
        self.assertEqual(status, 0)
        self.assertIn("warning: guard: no egress hook on d0", said)

    def test_library_without_egress_hook(self):
        """Which one is too old is said, and what follows is the same."""
        status, said = self.guard_faulty("old")
        self.assertEqual(status, 1)
        self.assertIn("error: no egress hook on d0", said)
        self.assertIn("libnftables is too old: covey needs 1.0.1 or later", said)
        self.assertIn("hook ingress device", self.listing())
        status, said = self.guard_faulty("old", "covey_weak_guard: allow")
        self.assertEqual(status, 0)
        self.assertIn("warning: guard: no egress hook on d0", said)

    def test_installed_and_not_there(self):
        """Success is believed when it is seen."""
        status, said = self.guard_faulty("lost")
        self.assertEqual(status, 1)
        self.assertIn("not as it was installed: netdev chain egress is missing", said)

    @staticmethod
    def faulty(fault):
        """What comes before a command for which libnftables has a bad day."""
        return ["env", "LD_PRELOAD=" + FAULTS, "ASAN_OPTIONS=" + os.environ.get("ASAN_OPTIONS", "") +
                ":verify_asan_link_order=0", "NFT_FAULT=" + fault]

    def keep(self, interface="d0", environment=()):
        """`--guard keep`, once it says that it is ready as it would to systemd."""
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(10)
            log = tempfile.TemporaryFile("w+")
            self.addCleanup(log.close)
            keeper = subprocess.Popen(
                ["ip", "netns", "exec", self.host.name, *environment, PROGRAM, "--inventory",
                 self.write_inventory("af_xdp", interface), "--name", "hv1", "--guard", "keep"],
                stderr=log, env={**os.environ, "NOTIFY_SOCKET": path})
            self.addCleanup(keeper.wait)
            self.addCleanup(keeper.terminate)
            self.assertIn(b"READY=1", notify.recv(4096))

        def read():
            log.seek(0)
            return log.read()

        return read

    def listing(self):
        """All tables, in an order that is always the same: after a flush the kernel's may be another."""
        rules = self.host.run("nft", "--stateless", "list", "ruleset")
        return "\n".join(sorted(re.split(r"^(?=table )", rules, flags=re.MULTILINE)))

    def add_vxlan(self):
        """One device to the multicast group, one to the other side alone."""
        for space, device, last in ((self.host, "d0", 1), (self.fabric, "d1", 2)):
            space.ip("link", "add", "vx0", "type", "vxlan", "id", "100", "group", "239.1.1.1",
                     "dev", device, "dstport", "4789")
            space.ip("link", "add", "vx1", "type", "vxlan", "id", "101", "remote",
                     f"10.9.0.{3 - last}", "dstport", "4789")
            for device in ("vx0", "vx1"):
                space.ip("address", "add", f"192.168.{device[2]}.{last}/24", "dev", device)
                space.ip("link", "set", device, "up")

    def wait(self, condition, what):
        deadline = time.monotonic() + 10
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)

    def test_vxlan_devices(self):
        self.add_vxlan()
        for device in (0, 1):
            self.assertTrue(self.host.reaches(f"192.168.{device}.2"), "before the guard")
        self.guard("on")
        for device in (0, 1):
            self.host.ip("neigh", "flush", "dev", f"vx{device}")
            self.fabric.ip("neigh", "flush", "dev", f"vx{device}")
            before = self.host.dropped("postrouting", "clear VXLAN")
            self.assertFalse(self.host.reaches(f"192.168.{device}.2"), "out")
            self.assertGreater(self.host.dropped("postrouting", "clear VXLAN"), before)
            before = self.host.dropped("ingress", "clear VXLAN")
            self.assertFalse(self.fabric.reaches(f"192.168.{device}.1"), "in")
            self.assertGreater(self.host.dropped("ingress", "clear VXLAN"), before)
        self.guard("off")
        self.assertEqual(self.host.rules(), [])
        for device in (0, 1):
            self.wait(lambda: self.host.reaches(f"192.168.{device}.2"), "after the guard")

    def test_the_rest_passes(self):
        self.guard("on")
        self.host.ip("neigh", "flush", "dev", "d0")
        for address in ("10.9.0.2", "fd09::2"):
            self.assertTrue(self.host.reaches(address))
        server = self.host.python("""
import socket
with socket.create_server(("10.9.0.1", 22)) as s:
    print("ready", flush=True)
    peer, _ = s.accept()
    peer.sendall(b"SSH-2.0")
    peer.close()
""")
        server.stdout.readline()
        told = self.fabric.run("/usr/bin/python3", "-c", """
import socket
print(socket.create_connection(("10.9.0.1", 22), 5).recv(7))
""")
        server.wait()
        server.stdout.close()
        self.assertIn("SSH-2.0", told)
        self.assertEqual(self.host.dropped(), 0)

    def test_before_the_device_exists(self):
        self.host.ip("link", "delete", "d0")
        self.assertIn("there is no interface d0 yet", self.guard("on"))
        self.add_wire()
        self.add_vxlan()
        self.assertFalse(self.host.reaches("192.168.1.2"))
        self.assertFalse(self.fabric.reaches("192.168.1.1"))
        self.assertGreater(self.host.dropped("postrouting"), 0)
        self.assertGreater(self.host.dropped("prerouting") + self.host.dropped("ingress"), 0)

    def tables(self):
        return sorted(line.split()[-1] for line in self.host.run("nft", "list", "tables").splitlines())

    def test_alternative_name(self):
        """Rules know the kernel's own name alone, so that is what they go by."""
        self.host.ip("link", "property", "add", "dev", "d0", "altname", "enp9s0")
        self.assertEqual(self.guard("on", interface="enp9s0"), "")
        self.add_vxlan()
        self.assertFalse(self.host.reaches("192.168.1.2"))
        self.assertFalse(self.fabric.reaches("192.168.1.1"))
        self.assertGreater(self.host.dropped("postrouting"), 0)
        self.assertGreater(self.host.dropped("ingress"), 0)
        own = self.listing()
        self.guard("on", interface="d0")
        self.assertEqual(self.listing(), own)
        self.guard("off", interface="enp9s0")
        self.assertEqual(self.tables(), [])

    def test_long_alternative_name(self):
        """Longer than the kernel's own may be, as `udev` gives them."""
        name = "enx" + 12 * "0123456789"
        with self.assertRaises(subprocess.CalledProcessError) as caught:
            self.guard("on", interface=name)
        self.assertIn(f"there is no interface {name}", caught.exception.stderr)
        self.assertEqual(self.tables(), [])
        self.host.ip("link", "property", "add", "dev", "d0", "altname", name)
        self.assertEqual(self.guard("on", interface=name), "")
        self.assertEqual(self.tables(), 2 * ["covey_guard_d0"])
        self.guard("off", interface=name)
        self.assertEqual(self.tables(), [])

    def test_kept(self):
        """Whatever somebody does to the guard, it is as it was a moment later, and it says who."""
        log = self.keep()
        own = self.listing()
        self.assertIn("covey_guard_d0", own)
        for change in (
            "flush ruleset",
            "delete table netdev covey_guard_d0",
            "delete table inet covey_guard_d0",
            "flush chain netdev covey_guard_d0 egress",
            "insert rule netdev covey_guard_d0 ingress accept",
            "add rule inet covey_guard_d0 postrouting accept",
            "add chain netdev covey_guard_d0 mine",
            "add table inet covey_guard_d0 { flags dormant; }",
            "delete chain netdev covey_guard_d0 egress",
            "replace rule inet covey_guard_d0 postrouting handle HANDLE "
            "udp dport 1 counter drop comment \"clear VXLAN\"",
        ):
            with self.subTest(change):
                handle = [rule["handle"] for rule in self.rules_of("inet", "postrouting")
                          if rule.get("comment") == "clear VXLAN"]
                self.host.run("nft", change.replace("HANDLE", str(handle[0])))
                self.wait(lambda: self.listing() == own, "the guard to be put back")
        self.assertIn("table inet covey_guard_d0 is missing", log())
        self.assertRegex(log(), r"guard: nft \(process \d+\) changed it on d0")
        self.assertEqual(log().count("changed it"), 1, "one line a minute")

    def rules_of(self, family, chain):
        return [rule for rule in self.host.rules()
                if rule["family"] == family and rule["chain"] == chain]

    def test_kept_against_one_that_never_stops(self):
        """Neither of two programs that undo each other's work gets all of the machine."""
        log = self.keep()
        own = self.listing()
        self.host.run("/bin/sh", "-c", "for i in $(seq 100); do nft flush ruleset; done")
        self.wait(lambda: self.listing() == own and "changed it" in log(), "the guard to be put back")
        self.assertEqual(log().count("changed it"), 1, "one line a minute")

    def test_undone_at_each_try(self):
        """That somebody flushes before it is read back is no reason for a weaker guard, which nobody
        would make stronger again."""
        log = self.keep(environment=self.faulty("undone:2-6"))
        own = self.listing()
        self.assertIn("hook egress device", own)
        self.host.run("nft", "flush", "ruleset")
        self.wait(lambda: self.listing() == own, "the whole guard to be put back")
        self.assertNotIn("no egress hook", log())

    def test_undone_again_and_again_at_the_start(self):
        """As by a firewall that is loaded anew while the host boots: no reason to go without it."""
        log = self.keep(environment=self.faulty("undone:1-17"))
        self.assertIn("hook egress device", self.listing())
        self.assertIn("not as it was installed", log())
        self.assertIn("guard: kept on d0", log())

    def test_undone_at_each_try_of_the_start(self):
        """It says so, and ends, so that its service manager knows."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.host.name, *self.faulty("undone:1-100000"), PROGRAM,
             "--inventory", self.write_inventory("af_xdp", "d0"), "--name", "hv1", "--guard", "keep"],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("not as it was installed"), 2, done.stderr)

    def test_flushed_behind_another_covey_host(self):
        """Another covey-host puts a guard up, and somebody takes it away before it is looked at. That is
        not `--guard off`."""
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "flush")
            log = self.keep(environment=self.faulty("flush:" + path))
            own = self.listing()
            open(path, "w").close()
            self.guard("on")
            self.wait(lambda: "changed it" in log() and self.listing() == own,
                      "the guard to be put back")
        self.assertNotIn("--guard off", log())

    def test_others_are_left_alone(self):
        """Another table's changes are nobody's business, and no reason to look."""
        self.keep()
        before = self.host.run("nft", "-a", "list", "ruleset")
        for _ in range(10):
            self.host.run("nft", "add table inet other { chain c { accept; }; }")
            self.host.run("nft", "delete table inet other")
        self.assertEqual(self.host.run("nft", "-a", "list", "ruleset"), before)
        self.host.run("nft", "flush ruleset")
        self.wait(lambda: len(self.tables()) == 2, "the guard to be put back")
        self.assertNotEqual(self.host.run("nft", "-a", "list", "ruleset"), before)

    def test_kept_and_switched_off(self):
        """By covey-host's own command, which is the operator's will."""
        log = self.keep()
        self.guard("off")
        self.wait(lambda: "removed from d0 by `covey-host --guard off`" in log(), "the log")
        self.assertEqual(self.tables(), [])
        self.guard("on")
        own = self.listing()
        self.host.run("nft", "flush ruleset")
        self.wait(lambda: self.listing() == own, "the guard to be put back")

    def test_kept_for_an_interface_that_comes(self):
        """Under an alternative name, which rules by name could not know."""
        self.host.ip("link", "delete", "d0")
        log = self.keep(interface="enp9s0")
        self.assertIn("there is no interface enp9s0 yet", log())
        self.add_wire()
        self.host.ip("link", "property", "add", "dev", "d0", "altname", "enp9s0")
        self.wait(lambda: "all hooks of d0 are bound" in log(), "the hooks to be bound")
        self.assertEqual(self.tables(), 2 * ["covey_guard_d0"])
        self.add_vxlan()
        self.assertFalse(self.host.reaches("192.168.1.2"))
        self.assertFalse(self.fabric.reaches("192.168.1.1"))
        self.assertGreater(self.host.dropped("ingress", "clear VXLAN"), 0)
        before = self.host.dropped("egress")
        self.host.send_frame("d0", self.frames()["IPv4"])
        self.wait_dropped(before + 1, "egress")

    def test_kept_for_one_that_is_replaced(self):
        self.keep()
        for _ in range(2):
            self.host.ip("link", "delete", "d0")
            self.add_wire()
            self.add_vxlan()
            self.wait(lambda: self.drops_out(), "the new interface's hook")
            self.assertFalse(self.host.reaches("192.168.1.2"))
            self.fabric.ip("link", "delete", "vx1")
            self.host.ip("link", "delete", "vx1")

    def drops_out(self):
        before = self.host.dropped("egress")
        self.host.send_frame("d0", self.frames()["IPv4"])
        return self.host.dropped("egress") == before + 1

    def test_each_interface_its_own(self):
        """Putting one card's guard up or down leaves the other's alone."""
        self.add_vxlan()
        for name in "d-0", "e.0":
            self.host.ip("link", "add", name, "type", "veth", "peer", "name", name + "p")
        self.guard("on")
        for name in "d-0", "e.0":
            self.guard("on", interface=name)
        self.assertEqual(self.tables(), sorted(2 * ["covey_guard_d0", "covey_guard_d-0",
                                                    "covey_guard_e.0"]))
        for name in "d-0", "e.0":
            self.guard("off", interface=name)
        self.assertEqual(self.tables(), 2 * ["covey_guard_d0"])
        self.assertFalse(self.host.reaches("192.168.1.2"))
        self.assertFalse(self.fabric.reaches("192.168.1.1"))

    def frames(self):
        clear = udp(4789)
        v4 = ipv4("10.9.0.1", "10.9.0.2", 17, clear)
        v6 = ipv6("fd09::1", "fd09::2", 17, clear)
        return {
            "IPv4": ethernet(v4),
            "IPv6": ethernet(v6, kind=0x86DD),
            "tagged IPv4": ethernet(v4, tags=1),
            "tagged IPv6": ethernet(v6, tags=1, kind=0x86DD),
            "twice tagged IPv4": ethernet(v4, tags=2),
            "twice tagged IPv6": ethernet(v6, tags=2, kind=0x86DD),
        }

    def later_fragments(self):
        rest = bytes(64)
        extension = struct.pack("!BBHI", 17, 0, 8 << 3, 99)
        return {
            "fragment of IPv4": ethernet(ipv4("10.9.0.1", "10.9.0.2", 17, rest, fragment=8)),
            "fragment of IPv6": ethernet(ipv6("fd09::1", "fd09::2", 44, extension + rest),
                                         kind=0x86DD),
        }

    def foreign_vpe(self):
        return {
            "VPE": ethernet(ipv4("10.9.0.1", "10.9.0.2", 17, udp(4798))),
            "VPE in IP": ethernet(ipv4("10.9.0.1", "10.9.0.2", 253, bytes(64))),
        }

    def wait_dropped(self, count, *chains):
        """The kernel may hand a frame on later than it took it."""
        def dropped():
            return sum(self.host.dropped(chain) for chain in chains or (None,))
        self.wait(lambda: dropped() >= count, f"{count} packets to be dropped, not {dropped()}")
        self.assertEqual(dropped(), count)

    def test_frames_out(self):
        self.guard("on")
        for name, frame in {**self.frames(), **self.later_fragments(),
                            **self.foreign_vpe()}.items():
            with self.subTest(name):
                before = self.host.dropped()
                self.host.send_frame("d0", frame)
                self.wait_dropped(before + 1)

    def test_frames_in(self):
        self.guard("on")
        for name, frame in {**self.frames(), **self.foreign_vpe()}.items():
            with self.subTest(name):
                before = self.host.dropped("ingress") + self.host.dropped("tagged")
                self.fabric.send_frame("d1", frame)
                self.wait_dropped(before + 1, "ingress", "tagged")

    def test_bridged(self):
        """What a bridge sends by the fabric interface passes no IP hook."""
        self.guard("on")
        self.host.ip("link", "add", "br0", "type", "bridge")
        self.host.ip("link", "set", "d0", "master", "br0")
        self.host.ip("link", "set", "br0", "up")
        for frame in self.frames().values():
            before = self.host.dropped()
            self.host.send_frame("br0", frame)
            self.wait_dropped(before + 1)

    def add_bridge(self):
        """br0 with d0 as its port, and br_netfilter at work on it."""
        self.host.ip("link", "add", "br0", "type", "bridge")
        self.host.ip("link", "set", "d0", "master", "br0")
        self.host.ip("address", "flush", "dev", "d0")
        self.host.ip("address", "add", "10.9.0.1/24", "dev", "br0")
        self.host.ip("link", "set", "br0", "up")
        path = "/proc/sys/net/bridge/bridge-nf-call-iptables"
        if not os.path.exists(path):
            self.skipTest("this kernel has no br_netfilter")
        self.host.run("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=1")

    def test_fabric_interface_is_a_bridge(self):
        """What covey is yet to see comes up to the bridge, and no further; nothing else changes."""
        self.add_bridge()
        self.guard("on", interface="br0")
        listener = self.host.python(f"""
import socket
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons({ETH_P_ALL})) as s:
    s.bind(("br0", {ETH_P_ALL}))
    s.settimeout(10)
    print("ready", flush=True)
    seen = 0
    while seen < 2:
        frame = s.recv(2048)
        seen += frame[23] == 253 or (frame[23] == 17 and frame[36:38] == (4798).to_bytes(2, "big"))
    print("seen", flush=True)
""")
        self.addCleanup(listener.wait)
        self.addCleanup(listener.kill)
        self.addCleanup(listener.stdout.close)
        listener.stdout.readline()
        for frame in self.foreign_vpe().values():
            self.fabric.send_frame("d1", frame)
        self.assertEqual(listener.stdout.readline(), "seen\n")
        self.wait_dropped(2, "ingress")

        self.add_vxlan_pair()
        self.assertFalse(self.host.reaches("192.168.1.2"))
        self.assertGreater(self.host.dropped("outgoing", "clear VXLAN"), 0)
        before = self.host.dropped("ingress", "clear VXLAN")
        self.assertFalse(self.fabric.reaches("192.168.1.1"))
        self.assertGreater(self.host.dropped("ingress", "clear VXLAN"), before)

        # Without the hooks of the device, as before it comes again.
        self.host.run("nft", "delete table netdev covey_guard_br0")
        self.assertFalse(self.fabric.reaches("192.168.1.1"))
        self.assertGreater(self.host.dropped("incoming", "clear VXLAN"), 0)

    def test_guests_on_the_bridge(self):
        """Their traffic is bridged, and none of the host's: also what it would not let out itself."""
        self.add_bridge()
        guest = Namespace("guest")
        self.addCleanup(guest.delete)
        self.host.ip("link", "add", "tap0", "master", "br0", "up", "type", "veth",
                     "peer", "name", "g0", "netns", guest.name)
        guest.ip("link", "set", "g0", "up")
        self.guard("on", interface="br0")
        self.fabric.run("nft", "add table inet count; add chain inet count in "
                        "{ type filter hook prerouting priority -450; }; "
                        "add rule inet count in ip saddr 10.9.0.1 ip protocol { 17, 253 } counter")
        frames = [self.frames()["IPv4"], self.later_fragments()["fragment of IPv4"],
                  *self.foreign_vpe().values()]
        for frame in frames:
            guest.send_frame("g0", frame)
        self.wait(lambda: self.fabric.counted() >= len(frames), "the guest's frames")
        self.assertEqual(self.fabric.counted(), len(frames))
        # They are broadcast, so the host's own copies of what it must not hear end at its ingress.
        self.assertEqual(self.host.dropped(), self.host.dropped("ingress"))

    def add_vxlan_pair(self):
        """Unicast, as the routes go."""
        for space, last in ((self.host, 1), (self.fabric, 2)):
            space.ip("link", "add", "vx1", "type", "vxlan", "id", "101", "remote",
                     f"10.9.0.{3 - last}", "dstport", "4789")
            space.ip("address", "add", f"192.168.1.{last}/24", "dev", "vx1")
            space.ip("link", "set", "vx1", "up")

    def test_af_packet(self):
        """The kernel hears nothing of what covey takes from its own copy; covey's VPE leaves."""
        self.assertTrue(self.fabric.reaches("10.9.0.1"))
        self.guard("on", "af_packet")
        self.assertFalse(self.fabric.reaches("10.9.0.1"))
        self.assertGreater(self.host.dropped("ingress", "own copy"), 0)
        self.host.send_frame("d0", self.foreign_vpe()["VPE"])
        self.assertEqual(self.host.dropped("egress"), 0)
        for frame in self.frames().values():
            before = self.host.dropped("egress") + self.host.dropped("tagged")
            self.host.send_frame("d0", frame)
            self.wait_dropped(before + 1, "egress", "tagged")

    def test_on_beside_covey_host(self):
        """What a running covey-host goes by stays, also its secret."""
        self.host.ip("link", "add", "covey0", "type", "veth", "peer", "name", "covey0p")
        for kind in ("af_xdp", "af_packet"):
            with self.subTest(kind):
                self.guard("on", kind)
                own = self.listing()
                self.assertIn("chain local_egress", own)
                self.guard("on", kind)
                self.assertEqual(self.listing(), own)
                self.guard("off", kind)

    def test_inwards(self):
        """VXLAN for the host by another interface than covey0, also of a fabric port that has none."""
        self.host.ip("link", "set", "lo", "up")
        for kind in ("af_xdp", "device, covey_fabric_device: x"):
            with self.subTest(kind):
                self.guard("on", kind)
                before = self.host.dropped("local_vxlan_in")
                self.host.run("/usr/bin/python3", "-c", SEND_VXLAN, "127.0.0.1", "10.9.0.1", "::1")
                self.wait_dropped(before + 3, "local_vxlan_in")
                self.guard("off", kind)
                self.assertEqual(self.host.rules(), [])

    def test_through_a_vxlan_device(self):
        """By covey0 leaves what a VXLAN device marked. One in another namespace cannot, and is let by
        where the inventory says so; a socket never is."""
        away = Namespace("away")
        self.addCleanup(away.delete)
        self.host.ip("link", "add", "covey0", "type", "veth", "peer", "name", "c1", "netns",
                     self.fabric.name)
        for space, device, last in ((self.host, "covey0", 1), (self.fabric, "c1", 2)):
            space.ip("address", "add", f"10.10.0.{last}/24", "dev", device)
            space.ip("link", "set", device, "up")
        self.host.ip("link", "add", "vx2", "type", "vxlan", "id", "100", "remote", "10.10.0.2", "local",
                     "10.10.0.1", "dstport", "4789")
        self.host.ip("link", "set", "vx2", "netns", away.name)
        away.ip("address", "add", "192.168.2.1/24", "dev", "vx2")
        self.fabric.run("nft", "add table inet count; add chain inet count in "
                        "{ type filter hook prerouting priority 0; }; "
                        "add rule inet count in udp dport 4789 counter")
        self.assertTrue(self.host.reaches("10.10.0.2"))
        for more, passes in (("", False), (", covey_vxlan_elsewhere: true", True)):
            with self.subTest(more):
                self.guard("on", "af_xdp" + more)
                before = self.fabric.counted()
                away.ip("link", "set", "vx2", "up")
                away.reaches("192.168.2.2")
                away.ip("link", "set", "vx2", "down")
                if passes:
                    self.assertGreater(self.fabric.counted(), before)
                else:
                    self.assertGreater(self.host.dropped("local_vxlan_out"), 0)
                before = self.fabric.counted()
                with self.assertRaises(subprocess.CalledProcessError):
                    self.host.run("/usr/bin/python3", "-c", SEND_VXLAN, "10.10.0.2")
                self.assertGreater(self.host.dropped("local_vxlan_out"), 0)
                self.assertEqual(self.fabric.counted(), before)

    def test_tenants_own_vxlan(self):
        """What tenants' VXLAN looks like inside their network passes: bridged, with br_netfilter too,
        and routed."""
        self.guard("on")
        for last, name in ((1, "a"), (2, "b")):
            tenant = Namespace(name)
            self.addCleanup(tenant.delete)
            self.host.ip("link", "add", f"t{last}", "type", "veth", "peer", "name", "eth0", "netns",
                         tenant.name)
            self.host.ip("link", "set", f"t{last}", "up")
            tenant.ip("link", "set", "eth0", "up")
            setattr(self, name, tenant)
        for way in (self.bridge_tenants, self.route_tenants):
            with self.subTest(way.__name__):
                source, to = way()
                self.b.run("nft", "add table inet count; flush table inet count; add chain inet count "
                           "in { type filter hook prerouting priority 0; }; "
                           "add rule inet count in udp dport 4789 counter")
                self.a.run("/usr/bin/python3", "-c", SEND_VXLAN, to)
                self.wait(lambda: self.b.counted() == 1, f"{source} to reach {to}")
                self.b.run("nft", "delete table inet count")
        self.assertEqual(self.host.dropped(), 0)

    def bridge_tenants(self):
        self.host.ip("link", "add", "br9", "type", "bridge")
        self.host.ip("link", "set", "br9", "up")
        switch = "/proc/sys/net/bridge/bridge-nf-call-iptables"
        self.host.run("/bin/sh", "-c", f"if test -e {switch}; then echo 1 >{switch}; fi")
        for last, tenant in ((1, self.a), (2, self.b)):
            self.host.ip("link", "set", f"t{last}", "master", "br9")
            tenant.ip("address", "add", f"172.20.0.{last}/24", "dev", "eth0")
        return "172.20.0.1", "172.20.0.2"

    def route_tenants(self):
        self.host.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        for last, tenant in ((1, self.a), (2, self.b)):
            self.host.ip("link", "set", f"t{last}", "nomaster")
            self.host.ip("address", "add", f"172.2{last}.0.254/24", "dev", f"t{last}")
            tenant.ip("address", "add", f"172.2{last}.0.{last}/24", "dev", "eth0")
            tenant.ip("route", "add", "default", "via", f"172.2{last}.0.254")
        return "172.21.0.1", "172.22.0.2"

    @staticmethod
    def settled(count):
        """What was under way when it was counted first has come."""
        before, last = None, count()
        while before != last:
            time.sleep(0.2)
            before, last = last, count()
        return last

    def test_replacing_never_opens(self):
        """Clear VXLAN is sent without pause while the guard is put up again and again."""
        self.fabric.run("nft", "add table inet count; add chain inet count in "
                        "{ type filter hook prerouting priority 0; }; "
                        "add rule inet count in udp dport 4789 counter")
        sender = self.host.python("""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print("ready", flush=True)
while True:
    try:
        s.sendto(bytes(60), ("10.9.0.2", 4789))
    except PermissionError:
        pass
""")
        self.addCleanup(sender.wait)
        self.addCleanup(sender.kill)
        self.addCleanup(sender.stdout.close)
        sender.stdout.readline()
        self.wait(self.fabric.counted, "clear VXLAN to be seen without the guard")
        self.guard("on")
        leaked = self.settled(self.fabric.counted)
        for _ in range(20):
            self.guard("on")
            self.guard("on", "af_packet")
            self.wait(self.host.dropped, "the sender to go on")
        self.assertEqual(self.fabric.counted(), leaked)
        sets = [(rule["chain"], rule.get("comment")) for rule in self.host.rules()]
        self.guard("on", "af_packet")
        self.assertEqual([(rule["chain"], rule.get("comment")) for rule in self.host.rules()], sets)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root, for network namespaces")
        sys.exit(SKIPPED)
    PROGRAM = sys.argv.pop(1)
    FAULTS = sys.argv.pop(1)
    unittest.main(verbosity=2)
