#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The guard where the kernel keeps its interfaces: without covey-host, VXLAN leaves by no way.

    test_steer.py COVEY_HOST NFT_FAULTS

        host: d0 10.9.0.1, the uplink    ----------  fabric: d1 10.9.0.2
              e0 10.10.0.1, another one  ----------          e1 10.10.0.2

covey-host itself is not there, and no device sets the mark, unless a test does both by hand.
"""

import ctypes
import errno
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from test_guard import ETH_P_ALL, SKIPPED, Namespace, checksum, ethernet, ipv4, ipv6, udp

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


class Steered(unittest.TestCase):
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

    def add_vxlan(self, remote="10.9.0.2", device="d0", marked=True):
        self.host.ip("link", "add", "vx0", "type", "vxlan", "id", "100",
                     "group" if remote.startswith("239.") else "remote", remote,
                     *(("dev", device) if device else ()), "dstport", "4789")
        self.host.ip("address", "add", "192.168.0.1/24", "dev", "vx0")
        self.host.ip("link", "set", "vx0", "up")
        self.host.ip("neigh", "add", "192.168.0.2", "lladdr", "02:00:00:00:00:02", "dev", "vx0")
        if not marked:
            return
        self.host.run("nft", f"""table netdev {TABLE}/mark {{
            chain device1 {{
                type filter hook egress device "vx0" priority 0;
                meta mark set meta mark | {MARK:#x}
            }}
        }}""")

    inventory = INVENTORY

    def command(self, what, uplinks="d0"):
        inventory = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        self.addCleanup(inventory.close)
        inventory.write(self.inventory.replace("UPLINKS", uplinks))
        inventory.flush()
        return ["ip", "netns", "exec", self.host.name, PROGRAM, "--inventory", inventory.name,
                "--name", "hv1", "--state", inventory.name + ".modes", "--guard", what]

    def guard(self, what, uplinks="d0"):
        done = subprocess.run(self.command(what, uplinks), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def guard_with_fault(self, what, fault="no-egress"):
        """Its exit status, what it says, and the guard that is there then."""
        command = self.command(what)
        command[4:4] = ["env", "LD_PRELOAD=" + FAULTS, "NFT_FAULT=" + fault, "ASAN_OPTIONS=" +
                        os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr, self.host.run("nft", "list", "ruleset")

    def keep(self, uplinks="d0"):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(60)
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
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.01)


class SteerTest(Steered):
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

    def test_kernel_without_egress_hook(self):
        """Without it nothing can be steered, whoever asks, and also before covey0 is there."""
        for what in ("on", "keep"):
            with self.subTest(what):
                status, said, rules = self.guard_with_fault(what)
                self.assertEqual(status, 1, said)
                self.assertIn("error: no egress hooks: VXLAN cannot be steered to covey0", said)
                self.assertIn("covey_fabric_port: kernel needs Linux 5.16 or later", said)
                self.assertIn(f"table inet {TABLE}", rules)

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

    def test_by_another_interface_without_a_mark(self):
        """covey-host has not seen the VXLAN device yet, and the kernel chooses another source."""
        self.host.ip("route", "add", "10.9.0.2", "via", "10.10.0.2")
        self.add_vxlan(device=None, marked=False)
        self.guard("on")
        self.expect_dropped("VXLAN to a VTEP, by another way")

    def test_to_a_group_by_another_interface_without_a_mark(self):
        self.add_vxlan("239.1.1.1", "e0", marked=False)
        self.guard("on")
        self.expect_dropped("VXLAN to a multicast group, by another way")

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


def options(protocol, payload, source="10.9.0.2", to="10.9.0.1"):
    """IPv4 with four bytes of options."""
    header = struct.pack("!BBHHHBBH4s4s", 0x46, 0, 24 + len(payload), 7, 0, 64, protocol, 0,
                         socket.inet_aton(source), socket.inet_aton(to)) + b"\1\1\1\0"
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION = 0, 43, 44, 51, 60


def extension(kind, following, fragment=0):
    """One IPv6 extension header."""
    if kind == ROUTING:
        return struct.pack("!BBBBI", following, 0, 4, 0, 0)
    if kind == FRAGMENT:
        return struct.pack("!BBHI", following, 0, fragment, 99)
    if kind == AUTHENTICATION:
        return struct.pack("!BBHIII", following, 2, 0, 1, 1, 0)
    return struct.pack("!BB", following, 0) + b"\1\4\0\0\0\0"


def extended(kinds, protocol, payload, source="fd09::2", to="fd09::1", fragment=0):
    """IPv6 with these extension headers."""
    for kind, following in reversed(list(zip(kinds, [*kinds[1:], protocol]))):
        payload = extension(kind, following, fragment) + payload
    return ipv6(source, to, kinds[0] if kinds else protocol, payload)


def hidden(payload, net=9):
    """UDP in all kinds of IP packets that the rules must see through."""
    v4 = (f"10.{net}.0.2", f"10.{net}.0.1")
    v6 = (f"fd{net:02}::2", f"fd{net:02}::1")
    return {
        "plain": ipv4(*v4, 17, payload),
        "with options": options(17, payload, *v4),
        "first fragment": ipv4(*v4, 17, payload, fragment=0x2000),
        "IPv6": ipv6(*v6, 17, payload),
        **{f"IPv6 with {kinds}": extended(kinds, 17, payload, *v6)
           for kinds in ([HOP_BY_HOP], [DESTINATION], [ROUTING],
                         [HOP_BY_HOP, DESTINATION, ROUTING, DESTINATION])},
        **{f"IPv6 first fragment with {kinds}": extended(kinds, 17, payload, *v6, fragment=1)
           for kinds in ([FRAGMENT], [HOP_BY_HOP, FRAGMENT], [FRAGMENT, DESTINATION])},
        "IPv6 fragment that is whole": extended([FRAGMENT], 17, payload, *v6),
    }


def framed(packets, tags=0):
    return {name: ethernet(packet, tags, 0x86DD if packet[0] >> 4 == 6 else 0x0800)
            for name, packet in packets.items()}


def tunnel(vni):
    """The header of VXLAN, VXLAN-GPE and Geneve has its VNI at the same place; more of it is not looked at."""
    return bytes(4) + struct.pack("!I", vni << 8) + bytes(60)


def tagged(port, payload=None):
    """The outer tag may be a provider's."""
    packets = {name: packet for name, packet in hidden(udp(port, *[payload] if payload else [])).items()
               if name in ("plain", "IPv6")}
    frames = {f"{name}, {tags} tags": frame for tags in (1, 2)
              for name, frame in framed(packets, tags).items()}
    return {**frames, **{f"{name}, the provider's": frame[:12] + b"\x88\xa8" + frame[14:]
                         for name, frame in frames.items()}}


def later_fragments(payload=bytes(64)):
    """Of UDP, or of what the kernel cannot tell."""
    v4, v6 = ("10.9.0.2", "10.9.0.1"), ("fd09::2", "fd09::1")
    return {
        "of IPv4": ipv4(*v4, 17, payload, fragment=8),
        "of IPv6": extended([FRAGMENT], 17, payload, *v6, fragment=8 << 3),
        "of IPv6 with options": extended([FRAGMENT], DESTINATION, payload, *v6, fragment=8 << 3),
        "of IPv6 behind options": extended([HOP_BY_HOP, FRAGMENT], 17, payload, *v6,
                                           fragment=8 << 3),
    }


def misleading_fragments():
    """Their bytes could be a UDP header, if they had one."""
    return {f"{name}, like port {port}": packet for port in (4789, 4798, 8472)
            for name, packet in later_fragments(udp(port)).items()}


def others():
    """Nothing to do with VXLAN, or not to be known as such."""
    v4, v6 = ("10.9.0.2", "10.9.0.1"), ("fd09::2", "fd09::1")
    return {
        **{f"protocol {number}": ipv4(*v4, number, udp(4789)) for number in (2, 6, 47, 50, 132)},
        **{f"IPv6 protocol {number}": ipv6(*v6, number, udp(4789)) for number in (6, 50, 59, 135)},
        "IPv6 behind AH": extended([AUTHENTICATION], 17, udp(4789), *v6),
        "a packet in a packet": ipv4(*v4, 4, ipv4(*v4, 17, udp(4789))),
        "cut behind the source port": ipv4(*v4, 17, udp(4789)[:2]),
        "another port": ipv4(*v4, 17, udp(53)),
        "another port, IPv6": ipv6(*v6, 17, udp(53)),
        "the port that it comes from": ipv4(*v4, 17, struct.pack("!HHHH", 4789, 53, 8, 0)),
    }


class Framed(Steered):
    """Frames that are sent as they are, and the rules that drop them."""

    def setUp(self):
        super().setUp()
        for space, last in ((self.host, 1), (self.fabric, 2)):
            for name, net in (("d", 9), ("e", 10)):
                space.ip("address", "add", f"fd{net:02}::{last}/64", "dev", f"{name}{last - 1}",
                         "nodad")
        self.guard("on")

    def sender(self, space, device, mark=0):
        """A function that sends a frame there."""
        with open("/proc/self/ns/net") as here, open(f"/run/netns/{space.name}") as there:
            libc = ctypes.CDLL(None, use_errno=True)
            self.assertEqual(libc.setns(there.fileno(), 0), 0)
            try:
                frames = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            finally:
                self.assertEqual(libc.setns(here.fileno(), 0), 0)
        self.addCleanup(frames.close)
        frames.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
        frames.bind((device, ETH_P_ALL))

        def send(frame):
            try:
                frames.send(frame)
            except OSError as error:
                self.assertEqual(error.errno, errno.ENOBUFS, "a rule dropped it")

        return send

    def drops(self):
        """(comment, how many packets) of each rule that drops."""
        return [(rule["comment"], e["counter"]["packets"])
                for family in ("inet", "netdev")
                for rule in (item["rule"] for item in json.loads(self.host.run(
                    "nft", "-j", "list", "table", family, TABLE))["nftables"] if "rule" in item)
                for e in rule["expr"] if "counter" in e and {"drop": None} in rule["expr"]]

    def expect(self, frames, send, comment=None):
        """One rule with such a comment drops each of the frames, or no rule at all."""
        before = self.drops()
        for name, frame in frames.items():
            with self.subTest(name):
                send(frame)
                after = self.drops()
                dropped = [now[0] for old, now in zip(before, after) if now != old]
                before = after
                if comment is None:
                    self.assertEqual(dropped, [])
                else:
                    self.assertEqual(len(dropped), 1, dropped)
                    self.assertIn(comment, dropped[0])


class TunnelTest(Framed):
    """Tunnels of other ports, without covey_foreign_vxlan: drop. VNIs of the fabric do not pass in them."""

    comment = "clear tunnel of another port, with a VNI of the fabric"
    inventory = INVENTORY.replace("[100]", "[100, \"200-4000\", 16777215]")
    ours = 100, 200, 300, 4000, 0xFFFFFF
    others = 0, 99, 101, 199, 4001, 0xFFFFFE, 100 << 8, 100 << 16

    def both_ways(self):
        """Unmarked, and with the mark of VXLAN devices."""
        return (self.sender(self.fabric, "d1"), self.sender(self.host, "d0"),
                self.sender(self.host, "d0", MARK))

    def test_vnis(self):
        for send in self.both_ways():
            for port in 4790, 6081, 8472:
                for vnis, comment in (self.ours, self.comment), (self.others, None):
                    self.expect(framed({f"VNI {vni} to {port}": ipv4("10.9.0.2", "10.9.0.1", 17, udp(port, tunnel(vni)))
                                        for vni in vnis}), send, comment)

    def test_of_every_form(self):
        for send in self.both_ways():
            for vni, comment in (100, self.comment), (99, None):
                self.expect({**framed(hidden(udp(6081, tunnel(vni)))), **tagged(6081, tunnel(vni))}, send, comment)

    def test_without_a_vni(self):
        """Cut before its end."""
        for send in self.both_ways():
            self.expect(framed({f"{size} bytes": ipv4("10.9.0.2", "10.9.0.1", 17, udp(6081, tunnel(100)[:size]))
                                for size in range(7)}), send)

    def first_fragments(self, payload):
        """Of UDP to a tunnel's port, of which the header says that more follows."""
        v4, v6 = ("10.9.0.2", "10.9.0.1"), ("fd09::2", "fd09::1")
        packets = {"IPv4": ipv4(*v4, 17, payload, fragment=0x2000),
                   "IPv4, not to be cut": ipv4(*v4, 17, payload, fragment=0x6000),
                   **{f"IPv6 with {kinds}": extended(kinds, 17, payload, *v6, fragment=1)
                      for kinds in ([FRAGMENT], [HOP_BY_HOP, FRAGMENT], [FRAGMENT, DESTINATION])}}
        plain = {name: packets[name] for name in ("IPv4", "IPv4, not to be cut", f"IPv6 with {[FRAGMENT]}")}
        return {**framed(packets), **{f"{name}, {tags} tags": frame for tags in (1, 2, 3)
                                      for name, frame in framed(plain, tags).items()}}

    def test_cut_first_fragments(self):
        """The next fragment has the VNI."""
        for send in self.both_ways():
            for port in 4790, 6081:
                self.expect(self.first_fragments(udp(port, tunnel(99))[:8]), send, "without its VNI")
            for vni, comment in (100, self.comment), (99, None):
                self.expect(self.first_fragments(udp(6081, tunnel(vni))[:16]), send, comment)
            self.expect(self.first_fragments(udp(6082, tunnel(100))[:8]), send)

    def fabric_vnis(self):
        listing = self.host.run("nft", "list", "set", "netdev", TABLE, "fabric")
        elements = listing.partition("elements = {")[2].split("}")[0].replace(" ", "")
        return [[int(end, 0) for end in part.split("-")] for part in elements.split(",") if part]

    def test_the_set_is_read_back(self):
        """Somebody changes it before it is."""
        wanted = self.fabric_vnis()
        self.assertEqual(wanted, [[100], [200, 4000], [0xFFFFFF]])
        for change in "delete element netdev {} fabric {{ 100 }}", "add element netdev {} fabric {{ 5000 }}":
            with self.subTest(change):
                self.guard("off")
                status, said, _ = self.guard_with_fault("on", "then:" + change.format(TABLE))
                self.assertEqual(status, 0, said)
                self.assertEqual(self.fabric_vnis(), wanted)

    def test_the_set_is_put_back(self):
        wanted = self.fabric_vnis()
        self.keep()
        for change in (["delete", "element", "netdev", TABLE, "fabric", "{ 200-4000 }"],
                       ["add", "element", "netdev", TABLE, "fabric", "{ 101 }"],
                       ["flush", "set", "netdev", TABLE, "fabric"]):
            with self.subTest(change):
                self.host.run("nft", *change)
                self.wait(lambda: self.fabric_vnis() == wanted, "the set to be put back")
                self.expect(framed({"ours": ipv4("10.9.0.2", "10.9.0.1", 17, udp(6081, tunnel(300)))}),
                            self.sender(self.fabric, "d1"), self.comment)

    def test_other_udp(self):
        for send in self.both_ways():
            self.expect(framed({"a port beside": ipv4("10.9.0.2", "10.9.0.1", 17, udp(6082, tunnel(100)))}), send)


class ForeignPassTest(Framed):
    """Tunnels of other ports, with covey_foreign_vxlan: pass. The fabric's own port is held back as ever."""

    inventory = TunnelTest.inventory.replace("covey_gkm", "covey_foreign_vxlan: pass\n    covey_gkm")

    def test_vnis(self):
        for send in self.sender(self.fabric, "d1"), self.sender(self.host, "d0"), self.sender(self.host, "d0", MARK):
            for port in 4790, 6081, 8472:
                self.expect(framed({f"to {port}": ipv4("10.9.0.2", "10.9.0.1", 17, udp(port, tunnel(100)))}), send)
                self.expect(tagged(port, tunnel(100)), send)
            self.expect(framed({"VXLAN": ipv4("10.9.0.2", "10.9.0.1", 17, udp(4789, tunnel(100)))}), send, "VXLAN")


class CarriedTest(Framed):
    """Tunnels that are encrypted are held back as VXLAN is."""

    inventory = INVENTORY.replace("covey_gkm", "covey_encapsulations: [gpe, geneve]\n    covey_gkm")

    def test_as_vxlan(self):
        senders = self.sender(self.fabric, "d1"), self.sender(self.host, "d0"), self.sender(self.host, "d0", MARK)
        for port in 4789, 4790, 6081:
            for send, comment in zip(senders, ("clear VXLAN", "VXLAN", "VXLAN that did not pass this host's output hook")):
                self.expect(framed(hidden(udp(port))), send, comment)
                self.expect(tagged(port), send, "VXLAN")

    def test_others(self):
        for send in self.sender(self.fabric, "d1"), self.sender(self.host, "d0"):
            self.expect(framed({"VXLAN of another port": ipv4("10.9.0.2", "10.9.0.1", 17, udp(8472, tunnel(100)))}),
                        send, TunnelTest.comment)
            self.expect(framed({**others(), **later_fragments()}), send)


class PassTest(Framed):
    """What the rules let pass at once is nothing that another one would drop."""

    inventory = INVENTORY.replace("covey_gkm", "covey_foreign_vxlan: drop\n    covey_gkm")

    def vxlan(self):
        return {**framed(hidden(udp(4789))), **tagged(4789)}

    def test_from_the_fabric(self):
        send = self.sender(self.fabric, "d1")
        self.expect(self.vxlan(), send, "clear VXLAN")
        self.expect(framed(hidden(udp(8472))), send, "clear VXLAN of another port")
        self.expect(framed({**others(), **later_fragments(), **misleading_fragments()}), send)

    def test_to_the_fabric(self):
        send = self.sender(self.host, "d0")
        self.expect(self.vxlan(), send, "VXLAN")
        self.expect(framed(hidden(udp(8472))), send, "clear VXLAN of another port")
        self.expect(framed(hidden(udp(4798))), send, "VPE that is not covey's")
        self.expect(framed({**others(), **later_fragments(), **misleading_fragments()}), send)

    def test_to_the_fabric_through_a_vxlan_device(self):
        send = self.sender(self.host, "d0", MARK)
        self.expect(framed(hidden(udp(4789))), send, "VXLAN that did not pass this host's output hook")
        self.expect(tagged(4789), send, "VXLAN")
        self.expect(framed(hidden(udp(8472))), send, "clear VXLAN of another port")
        self.expect(framed(later_fragments()), send, "fragment of VXLAN")
        self.expect(framed({**others(), **hidden(udp(4798))}), send)

    def test_for_the_host(self):
        """By an interface that is no uplink."""
        send = self.sender(self.fabric, "e1")
        packets = hidden(udp(4789), net=10)
        del packets["first fragment"]  # waits for the others
        self.expect(framed(packets), send, "VXLAN from elsewhere")
        self.expect(framed(hidden(udp(53), net=10)), send)

    def test_for_the_host_in_fragments(self):
        whole = udp(4789)
        before = self.dropped("VXLAN from elsewhere")
        for part, fragment in ((whole[:32], 0x2000), (whole[32:], 4)):
            self.fabric.send_frame("e1", ethernet(ipv4("10.10.0.2", "10.10.0.1", 17, part,
                                                       fragment=fragment)))
        self.assertEqual(self.dropped("VXLAN from elsewhere") - before, 1)

    def test_for_the_host_in_a_tunnel(self):
        """What is in the packet is seen when the kernel has taken it out."""
        self.host.ip("link", "add", "vx9", "type", "vxlan", "id", "9", "remote", "10.9.0.2",
                     "dstport", "7777")
        self.host.ip("link", "set", "vx9", "up")
        header = struct.pack("!II", 8 << 24, 9 << 8)
        self.expect(framed({name: ipv4("10.9.0.2", "10.9.0.1", 17, udp(7777, header + inner))
                            for name, inner in framed(hidden(udp(4789), net=10)).items()
                            if name in ("plain", "with options")}),
                    self.sender(self.fabric, "d1"), "VXLAN from elsewhere")

    def test_through_the_host(self):
        self.host.ip("link", "add", "covey0", "type", "veth", "peer", "name", "x0")
        for device in ("covey0", "x0"):
            self.host.ip("link", "set", device, "up")
        self.host.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0",
                      "net.ipv4.conf.covey0.rp_filter=0")
        for packet in (ipv4("10.11.0.2", "10.10.0.2", 17, udp(4789)),
                       options(17, udp(4789), "10.11.0.2", "10.10.0.2")):
            frame = ethernet(packet)
            mac = json.loads(self.host.ip("-json", "link", "show", "covey0"))[0]["address"]
            frame = bytes.fromhex(mac.replace(":", "")) + frame[6:]
            before = self.dropped("that this host would forward")
            self.sender(self.host, "x0")(frame)
            self.assertEqual(self.dropped("that this host would forward") - before, 1)

    def test_from_a_process(self):
        """With options, by the uplink and by another interface."""
        for family, to, level, option in ((socket.AF_INET, "10.9.0.2", socket.IPPROTO_IP,
                                           (4, b"\1\1\1\0")),
                                          (socket.AF_INET6, "fd09::2", socket.IPPROTO_IPV6,
                                           (59, b"\0\0\1\4\0\0\0\0"))):
            before = self.dropped("VXLAN that came through no VXLAN device")
            self.host.run("/usr/bin/python3", "-c", f"""
import socket
with socket.socket({int(family)}, socket.SOCK_DGRAM) as s:
    s.setsockopt({int(level)}, {option[0]}, {option[1]!r})
    try:
        s.sendto(bytes(100), ({to!r}, 4789))
    except PermissionError:
        pass
""")
            self.assertEqual(self.dropped("VXLAN that came through no VXLAN device") - before, 1)

    def test_changed_behind_the_output_hook(self):
        """By a rule of root's: then covey0's own hook drops it."""
        self.host.ip("link", "add", "covey0", "type", "veth", "peer", "name", "x0")
        for device in ("covey0", "x0"):
            self.host.ip("link", "set", device, "up")
        self.host.ip("route", "add", "10.11.0.0/24", "dev", "covey0")
        self.host.ip("neigh", "add", "10.11.0.2", "lladdr", "02:00:00:00:00:02", "dev", "covey0")
        self.host.run("nft", """table inet late {
            chain late {
                type filter hook output priority 400;
                udp dport 1 udp dport set 4789
            }
        }""")
        self.guard("on")
        for port, chain in ((4789, "local_vxlan_out"), (1, "local_egress")):
            before = self.dropped("VXLAN that came through no VXLAN device", chain)
            self.send_udp("10.11.0.2", port)
            after = self.dropped("VXLAN that came through no VXLAN device", chain)
            self.assertEqual(after - before, 1)

    def send_udp(self, to, port):
        self.host.run("/usr/bin/python3", "-c", f"""
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    try:
        s.sendto(bytes(100), ({to!r}, {port}))
    except OSError:  # how the kernel tells that a rule dropped it
        pass
""")

    def icmp(self, payload):
        return struct.pack("!BBH", payload[0], payload[1], checksum(payload)) + payload[4:]

    def test_icmp_about_a_vtep(self):
        quoted = ipv4("10.9.0.1", "10.9.0.2", 17, udp(4798, b""))
        error = self.icmp(struct.pack("!BBHHH", 3, 4, 0, 0, 600) + quoted)
        packets = {"plain": ipv4("10.9.0.2", "10.9.0.1", 1, error), "options": options(1, error)}
        self.expect(framed(packets), self.sender(self.fabric, "d1"), "ICMP error about a VTEP")
        before = self.dropped("ICMP error about a VTEP")
        for part, fragment in ((error[:16], 0x2000), (error[16:], 2)):
            self.fabric.send_frame("d1", ethernet(ipv4("10.9.0.2", "10.9.0.1", 1, part,
                                                       fragment=fragment)))
        self.assertEqual(self.dropped("ICMP error about a VTEP") - before, 1)

    def test_icmp_about_a_vtep_over_ipv6(self):
        self.inventory = self.inventory.replace("10.9.0.", "fd09::")
        self.guard("on")
        error = struct.pack("!BBHI", 2, 0, 0, 1280) + ipv6("fd09::1", "fd09::2", 17, udp(4798))
        packets = {str(kinds): extended(kinds, 58, error, fragment=kinds == [FRAGMENT])
                   for kinds in ([], [HOP_BY_HOP], [DESTINATION], [FRAGMENT])}
        self.expect(framed(packets), self.sender(self.fabric, "d1"), "ICMP error about a VTEP")

    def test_quotes_with_options(self):
        quoted = hidden(udp(4789, bytes(60)))["plain"]
        error = self.icmp(struct.pack("!BBHI", 3, 3, 0, 0) + quoted)
        before = self.dropped("quotes VXLAN")
        self.host.run("/usr/bin/python3", "-c", f"""
import socket
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as s:
    s.setsockopt(socket.IPPROTO_IP, 4, b"\\1\\1\\1\\0")
    try:
        s.sendto(bytes.fromhex("{error.hex()}"), ("10.9.0.2", 0))
    except PermissionError:
        pass
""")
        self.assertEqual(self.dropped("quotes VXLAN") - before, 1)

    def test_kept(self):
        """A rule that lets pass is put back like any other, also when only its condition changes."""
        self.keep()
        own = self.host.run("nft", "--stateless", "list", "table", "netdev", TABLE)
        own += self.host.run("nft", "--stateless", "list", "table", "inet", TABLE)
        rules = [("netdev", "steer_in"), ("netdev", "steer_out"), ("inet", "local_input"),
                 ("inet", "local_output"), ("netdev", self.chain_of_uplink())]
        for family, chain in rules:
            for change in ("replace rule {} meta l4proto != 1 accept comment \"{}\"",
                           "delete rule {}", "insert rule {} accept comment \"{}\""):
                with self.subTest(f"{chain}: {change}"):
                    handle, comment = self.first_passing(family, chain)
                    where = f"{family} {TABLE} {chain}"
                    if not change.startswith("insert"):
                        where += f" handle {handle}"
                    self.host.run("nft", change.format(where, comment))
                    self.wait(lambda: self.both_tables() == own, "the guard to be put back")

    def both_tables(self):
        listed = ""
        for family in ("netdev", "inet"):
            done = subprocess.run(["ip", "netns", "exec", self.host.name, "nft", "--stateless",
                                   "list", "table", family, TABLE], capture_output=True, text=True)
            listed += done.stdout
        return listed

    def chain_of_uplink(self):
        index = json.loads(self.host.ip("-json", "link", "show", "d0"))[0]["ifindex"]
        return f"uplink{index}_egress"

    def first_passing(self, family, chain):
        listing = json.loads(self.host.run("nft", "-j", "list", "chain", family, TABLE, chain))
        return next((item["rule"]["handle"], item["rule"]["comment"])
                    for item in listing["nftables"]
                    if "rule" in item and {"accept": None} in item["rule"]["expr"])


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root, for network namespaces")
        sys.exit(SKIPPED)
    PROGRAM = sys.argv.pop(1)
    FAULTS = sys.argv.pop(1)
    unittest.main(verbosity=2)
