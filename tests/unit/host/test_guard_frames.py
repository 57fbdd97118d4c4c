#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Frames by a packet socket that say something else than the socket does, and VXLAN behind VLAN tags: whatever the
socket says, VXLAN leaves by no uplink, by no bump's card and by no covey0. What others send so passes.

    test_guard_frames.py CLEAR_GUARD COVEY_HOST

The host is as in test_steer.py, its guard kept as in test_clear.py where a process keeps it.
"""

import ctypes
import errno
import os
import re
import socket
import struct
import sys
import unittest

import test_clear
import test_steer
from test_guard import ETH_P_ALL, SKIPPED, ethernet, ipv4, ipv6, udp
from test_steer import (AUTHENTICATION, DESTINATION, FRAGMENT, HOP_BY_HOP, MARK, ROUTING, Steered, extended,
                        options)

BUMP = """
all:
  vars:
    covey_fabric: test.example
    covey_gkm: 10.9.0.254
    covey_groups: {g: {vnis: [100], members: [hv1]}}
  hosts:
    hv1: {covey_vtep: 10.9.0.1, covey_fabric_interface: UPLINKS, covey_fabric_port: KIND}
"""
V4, V6 = ("10.9.0.1", "10.9.0.2"), ("fd09::1", "fd09::2")
IPV4, ARP, IPV6, LLDP, MPLS = 0x0800, 0x0806, 0x86DD, 0x88CC, 0x8847
TAG, PROVIDER = 0x8100, 0x88A8
PROTOCOLS = (ETH_P_ALL, 0, 1, IPV4, ARP, IPV6, LLDP, MPLS, TAG, PROVIDER)
SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20
CANARY = b"guarded"


def tagged(packet, *tags):
    frame = ethernet(packet, kind=IPV6 if packet[0] >> 4 == 6 else IPV4)
    return frame[:12] + b"".join(struct.pack("!HH", kind, vlan) for kind, vlan in tags) + frame[12:]


def datagram(port=4789, vni=200, size=60):
    return udp(port, struct.pack("!II", 8 << 24, vni << 8) + CANARY + bytes(size))


def shown_as(packet, protocol):
    """IPv4 that, read from the tag before it on, is a packet of this protocol of 2,048 bytes."""
    packet = bytearray(packet)
    packet[4:6] = 0, protocol  # its identification; the checksum counts for nobody here
    return bytes(packet)


def packets(payload):
    """UDP in IPv4 and IPv6, with what can stand between the two."""
    return {
        "IPv4": ipv4(*V4, 17, payload),
        "with options": options(17, payload, *V4),
        "a first fragment": ipv4(*V4, 17, payload, fragment=0x2000),
        "IPv6": ipv6(*V6, 17, payload),
        **{f"IPv6 with {kinds}": extended(kinds, 17, payload, *V6, fragment=1)
           for kinds in ([HOP_BY_HOP], [DESTINATION], [ROUTING], [FRAGMENT], [HOP_BY_HOP, DESTINATION],
                         [FRAGMENT, DESTINATION], [DESTINATION, FRAGMENT])},
    }


def frames(payload=None):
    """VXLAN in all of them, with up to four tags."""
    found = {}
    for name, packet in packets(payload or datagram()).items():
        for count in range(5):
            found[f"{name}, {count} tags"] = tagged(packet, *[(TAG, 5)] * count)
        for outer in (PROVIDER, 0x9100, 0x9200):
            found[f"{name}, tag {outer:x}"] = tagged(packet, (outer, 5))
    # The tag itself is the beginning of an IP header, the type behind it its length.
    large = ipv4(*V4, 17, datagram(size=2100))
    for protocol in (1, 6, 17):
        found[f"as protocol {protocol}"] = tagged(shown_as(large, protocol), (TAG, 0x4500))
    return found


class Frames(Steered):
    last = None

    def setUp(self):
        super().setUp()
        for space, device in ((self.host, "d0"), (self.fabric, "d1")):
            space.ip("link", "set", device, "mtu", "9000")

    def inside(self, space, make):
        """What make() returns in that namespace."""
        with open("/proc/self/ns/net") as here, open(f"/run/netns/{space.name}") as there:
            libc = ctypes.CDLL(None, use_errno=True)
            self.assertEqual(libc.setns(there.fileno(), 0), 0)
            try:
                made = make()
            finally:
                self.assertEqual(libc.setns(here.fileno(), 0), 0)
        self.addCleanup(made.close)
        return made

    def listen(self, space, device):
        ear = self.inside(space, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                                       socket.htons(ETH_P_ALL)))
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        ear.bind((device, ETH_P_ALL))
        ear.settimeout(5)
        return ear

    def sender(self, space, device, protocol, mark=0, bypass=False, kind=socket.SOCK_RAW):
        """A function that sends a frame there."""
        talker = self.inside(space, lambda: socket.socket(socket.AF_PACKET, kind))
        talker.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
        talker.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, int(bypass))
        address = (device, protocol, 0, 0, b"\xff" * 6)
        if kind == socket.SOCK_RAW:
            talker.bind(address[:2])

        def send(frame):
            try:
                if kind == socket.SOCK_RAW:
                    talker.send(frame)
                else:
                    talker.sendto(frame, address)
            except OSError as error:
                self.assertEqual(error.errno, errno.ENOBUFS, "a rule dropped it")

        return send

    def arrived(self, ear, space, device):
        """Tests' frames that have come since, up to one that is sent last. The kernel sends some of its own."""
        end = b"\xff" * 6 + b"\x02\0\0\0\0\x09" + struct.pack("!H", LLDP) + os.urandom(46)
        if not self.last:
            self.last = self.sender(space, device, ETH_P_ALL)
        self.last(end)
        heard = []
        while True:
            frame = ear.recv(1 << 16)
            if frame == end:
                return heard
            if CANARY in frame:
                heard.append(frame)

    def expect_nothing(self, ear, space, device, sent, marks=(0,), protocols=PROTOCOLS):
        for protocol in protocols:
            for mark in marks:
                for bypass in (False, True):
                    with self.subTest(f"{device}, protocol {protocol:#x}, mark {mark:#x}, bypass {bypass}"):
                        send = self.sender(space, device, protocol, mark, bypass)
                        for frame in sent.values():
                            send(frame)
                        names = {frame: name for name, frame in sent.items()}
                        came = [names.get(frame, "another")
                                for frame in self.arrived(ear, space, device)]
                        self.assertEqual(came, [])


class EnforceTest(Frames):
    """With covey-host dead, or never started."""

    def test_uplink(self):
        ear = self.listen(self.fabric, "d1")
        self.sender(self.host, "d0", LLDP)(frames()["IPv4, 0 tags"])
        self.assertEqual(len(self.arrived(ear, self.host, "d0")), 1, "it works without the guard")
        self.guard("on")
        self.expect_nothing(ear, self.host, "d0", frames(), (0, MARK))

    def test_by_length(self):
        """A packet socket that writes the Ethernet header itself can have the length be an IP type."""
        ear = self.listen(self.fabric, "d1")
        self.guard("on")
        packet = ipv4(*V4, 17, datagram())
        packet += bytes(0x0800 - len(packet))
        for bypass in (False, True):
            self.sender(self.host, "d0", 1, bypass=bypass, kind=socket.SOCK_DGRAM)(packet)
        self.assertEqual([f for f in self.arrived(ear, self.host, "d0") if CANARY in f], [])

    def test_ip_that_is_not_read(self):
        """The kernel finds no IP in it, as where it looks in the wrong place."""
        ear = self.listen(self.fabric, "d1")
        self.guard("on")
        for packet in (ipv4(*V4, 17, datagram()), ipv6(*V6, 17, datagram())):
            longer = bytearray(packet)
            longer[2 if packet[0] == 0x45 else 4] += 1
            self.expect_nothing(ear, self.host, "d0", {"longer": tagged(longer)}, (0, MARK), (ETH_P_ALL, IPV4))

    def test_names(self):
        """Each is counted by a rule that says what it was."""
        self.guard("on")
        plain, shown = frames()["IPv4, 0 tags"], frames()
        for comment, protocol, bypass, frame in (
                ("clear VXLAN that the kernel did not read as IP", LLDP, False, plain),
                ("IP that its sender calls something else", LLDP, False, shown["with options, 0 tags"]),
                ("frame of a packet socket that hides its Ethernet header", LLDP, True, plain),
                ("clear VXLAN, VLAN-tagged", IPV4, False, shown["IPv4, 1 tags"]),
                ("clear VXLAN, VLAN-tagged", IPV4, False, shown["as protocol 6"]),
                ("UDP with IP options, VLAN-tagged", TAG, False, shown["with options, 1 tags"]),
                ("UDP with IPv6 options, VLAN-tagged", TAG, False, shown["IPv6 with [60], 2 tags"]),
                ("clear VXLAN over IPv6 in fragments, VLAN-tagged", TAG, False, shown["IPv6 with [44], 3 tags"]),
                ("more than three VLAN tags", TAG, False, shown["IPv6, 4 tags"])):
            with self.subTest(comment):
                before, all_before = self.dropped(comment), self.dropped("")
                self.sender(self.host, "d0", protocol, bypass=bypass)(frame)
                self.assertEqual(self.dropped(comment) - before, 1)
                self.assertEqual(self.dropped("") - all_before, 1)

    def test_from_the_fabric(self):
        """What comes in is known by its bytes. One tag the kernel takes off, so the rules for IP see behind it."""
        self.guard("on")
        sent = frames()
        for name, frame in sent.items():
            with self.subTest(name):
                before = self.dropped("")
                self.sender(self.fabric, "d1", ETH_P_ALL)(frame)
                self.assertEqual(self.dropped("") - before, 1)

    def test_covey0(self):
        """The mark alone, which CAP_NET_RAW can set, is not enough there either."""
        self.host.ip("link", "add", "covey0", "mtu", "9000", "type", "veth", "peer", "name", "x0")
        for device in ("covey0", "x0"):
            self.host.ip("link", "set", device, "up", "mtu", "9000")
        ear = self.listen(self.host, "x0")
        self.guard("on")
        self.expect_nothing(ear, self.host, "covey0", frames(), (0, MARK))

    def test_bump(self):
        ear = self.listen(self.fabric, "d1")
        for kind in ("af_xdp", "af_packet"):
            self.inventory = BUMP.replace("KIND", kind)
            self.guard("on")
            self.expect_nothing(ear, self.host, "d0", frames())

    def test_bump_covey0(self):
        """What has the mark comes out with the secret source, in whatever form; what has none comes out as it is, and
        not at all with that source."""
        self.host.ip("link", "add", "covey0", "mtu", "9000", "type", "veth", "peer", "name", "x0")
        for device in ("covey0", "x0"):
            self.host.ip("link", "set", device, "up", "mtu", "9000")
        ear = self.listen(self.host, "x0")
        self.inventory = BUMP.replace("KIND", "af_xdp")
        self.guard("on")
        rules = self.host.run("nft", "list", "table", "netdev", "covey_guard_d0")
        secret = int(re.search("@ll,48,48 set 0x([0-9a-f]+)", rules)[1], 16).to_bytes(6, "big")
        self.assertEqual(secret[0] & 3, 2)
        self.expect_nothing(ear, self.host, "covey0", frames())
        for protocol in (ETH_P_ALL, IPV4, IPV6, LLDP, TAG):
            send = self.sender(self.host, "covey0", protocol, MARK)
            sent = frames()
            for frame in sent.values():
                send(frame)
            # Without the first tag, which this end of the wire takes out.
            self.assertEqual([came[:12] for came in self.arrived(ear, self.host, "covey0")],
                             [frame[:6] + secret for frame in sent.values()])
        for protocol, frame in self.others():
            send = self.sender(self.host, "covey0", protocol)
            send(frame[:6] + secret + frame[12:])
            send(frame)
            self.assertEqual([came[:12] for came in self.arrived(ear, self.host, "covey0")],
                             [frame[:12]] if CANARY in frame else [])
        rules = self.host.run("nft", "list", "table", "netdev", "covey_guard_d0")
        forged = re.search("counter packets ([0-9]+) .*frame with covey's secret address", rules)
        self.assertEqual(int(forged[1]), len(self.others()))

    def others(self):
        """(protocol, frame) that are nobody's VXLAN."""
        other = datagram(53)
        exact = ipv4(*V4, 17, datagram(53, size=0x0800 - 28 - 8 - len(CANARY)))
        self.assertEqual(len(exact), 0x0800)
        report = struct.pack("!BBHHH", 143, 0, 0, 0, 0) + CANARY
        flow = bytearray(ipv6(*V6, 17, other))
        flow[2:4] = b"\x86\xdd"
        found = [(IPV4, tagged(exact)), (ETH_P_ALL, tagged(exact, (TAG, 0x4500))), (IPV6, tagged(flow)),
                 (ARP, b"\xff" * 12 + struct.pack("!H", ARP) + CANARY + bytes(60)),
                 (LLDP, b"\xff" * 12 + struct.pack("!H", LLDP) + CANARY + bytes(60)),
                 (MPLS, b"\xff" * 12 + struct.pack("!HI", MPLS, 0x45000000 | 0x111) + ipv4(*V4, 17, datagram()))]
        for packet in (ipv4(*V4, 17, other), ipv4(*V4, 6, datagram()), options(17, other, *V4),
                       options(6, other, *V4), ipv4(*V4, 17, CANARY + bytes(20), fragment=8), ipv6(*V6, 17, other),
                       ipv6(*V6, 6, other), extended([HOP_BY_HOP], 58, report, *V6),
                       extended([HOP_BY_HOP], 6, other, *V6), extended([AUTHENTICATION], 17, other, *V6),
                       extended([FRAGMENT], 17, other, *V6, fragment=1),
                       extended([FRAGMENT], 17, CANARY + bytes(60), *V6, fragment=8 << 3)):
            kind = IPV6 if packet[0] >> 4 == 6 else IPV4
            found += [(kind, tagged(packet)), (ETH_P_ALL, tagged(packet))]
            if packet[:1] != b"\x46" or packet[9] != 17:  # UDP with options, see test_names
                found += [(TAG, tagged(packet, *[(TAG, 5)] * count)) for count in (1, 2, 3)]
        return found

    def test_others_pass(self):
        ear = self.listen(self.fabric, "d1")
        self.guard("on")
        for number, (protocol, frame) in enumerate(self.others()):
            with self.subTest(f"{number}: {protocol:#x}, {frame[:60].hex()}"):
                self.sender(self.host, "d0", protocol)(frame)
                self.assertEqual(len([f for f in self.arrived(ear, self.host, "d0") if CANARY in f]), 1)
        self.assertEqual(self.dropped(""), 0)


class ModesTest(Frames):
    """VNI 100 may pass in clear, 200 may not, while a process keeps the guard and when it is dead."""

    def setUp(self):
        super().setUp()
        self.host.ip("link", "add", "covey0", "type", "veth", "peer", "name", "x0")
        for device in ("covey0", "x0"):
            self.host.ip("link", "set", device, "up")
        self.keeper = test_clear.Guard(self, "d0")
        self.keeper.ask("steer covey0")
        self.keeper.ask("held")

    def sent(self):
        """VNI 200, and what looks like VNI 100 where no options are."""
        payload = struct.pack("!HHHHII", 50000, 4789, 100, 0, 8 << 24, 100 << 8)
        decoy = bytes(2) + payload[2:4] + bytes(8) + payload[12:16]
        header = struct.pack("!BBHHHBBH4s4s", 0x4F, 0, 60 + len(datagram()), 7, 0, 64, 17, 0,
                             *(socket.inet_aton(address) for address in V4))
        hidden = header + decoy.ljust(40, b"\0") + datagram()
        return {**frames(), **{f"a decoy, {count} tags": tagged(hidden, *[(TAG, 5)] * count)
                               for count in range(4)}}

    def test_modes(self):
        ear = self.listen(self.fabric, "d1")
        for mode in ("observe", "transition", "killed", "enforce"):
            with self.subTest(mode):
                if mode == "killed":
                    self.keeper.kill()
                    self.keeper = test_clear.Guard(self, "d0")
                    self.keeper.ask("steer covey0")
                    self.keeper.ask("held")
                    self.keeper.mode("transition")
                    self.keeper.kill()
                elif mode != "enforce":
                    self.keeper.mode(mode)
                else:
                    self.keeper = test_clear.Guard(self, "d0")
                    self.keeper.mode(mode)
                self.expect_nothing(ear, self.host, "d0", self.sent(), (0, MARK), (ETH_P_ALL, IPV4, LLDP, TAG))
                passing = frames(datagram(vni=100))
                for name in ("IPv4, 1 tags", "IPv6, 2 tags", "IPv4, 3 tags"):
                    self.sender(self.host, "d0", ETH_P_ALL, MARK)(passing[name])
                came = [f for f in self.arrived(ear, self.host, "d0") if CANARY in f]
                self.assertEqual(len(came), 0 if mode == "enforce" else 3)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root, for network namespaces")
        sys.exit(SKIPPED)
    test_clear.PROGRAM = sys.argv.pop(1)
    test_steer.PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
