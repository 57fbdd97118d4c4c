#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Groups that are not in enforce: the guard lets their VNIs pass in clear, and no others.

    test_clear.py CLEAR_GUARD COVEY_HOST

The host is as in test_steer.py. A program that does what covey-host does about the guard keeps it; covey0
is a pair of interfaces whose other end counts what is to be encrypted. VNI 100 is in a group that passes
in clear, VNI 200 is in another one.
"""

import collections
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import test_steer
from test_guard import SKIPPED, ethernet, ipv4, ipv6, udp
from test_steer import MARK, TABLE, Steered

COUNTER = """table netdev vni_DEVICE {
    chain in {
        type filter hook ingress device "DEVICE" priority 0;
        udp dport 4789 @th,96,24 100 counter comment "100"
        udp dport 4789 @th,96,24 200 counter comment "200"
        ip frag-off & 0x1fff != 0 counter comment "fragment"
    }
}"""

# Send COUNT frames by a packet socket on DEVICE, RATE in a second, and say how many were sent. MARK.
SENDER = """
import socket, sys, time
device, count, rate, frame = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), bytes.fromhex(sys.argv[4])
mark = int(sys.argv[5]) if len(sys.argv) > 5 else 0
sent = 0
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
    s.setsockopt(socket.SOL_SOCKET, 36, mark)
    s.bind((device, 3))
    start = time.monotonic()
    for i in range(count):
        try:
            s.send(frame)
            sent += 1
        except OSError:
            pass
        ahead = i / rate - (time.monotonic() - start)
        if ahead > 0.005:
            time.sleep(ahead)
print(sent)
"""


def vxlan(vni, size=60):
    return udp(4789, struct.pack("!II", 8 << 24, vni << 8) + bytes(size))


class Guard:
    """The program that keeps it."""

    def __init__(self, test, *uplinks):
        self.test = test
        self.process = subprocess.Popen(["ip", "netns", "exec", test.host.name, PROGRAM, *uplinks],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        bufsize=1)
        test.addCleanup(self.end)
        test.assertEqual(self.process.stdout.readline(), "ok\n")

    def ask(self, command, expect="ok"):
        self.process.stdin.write(command + "\n")
        lines = []
        while not lines or lines[-1] != expect:
            line = self.process.stdout.readline()
            self.test.assertTrue(line, f"{command}: it ended")
            lines.append(line.strip())
            self.test.assertNotIn("not", lines[-1], command)
        return lines[:-1]

    def mode(self, name):
        self.ask({"observe": "clear 100 -", "transition": "clear 100 100", "enforce": "clear - -"}[name])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self):
        self.process.kill()
        self.process.communicate()


class Clear(Steered):
    def setUp(self):
        super().setUp()
        self.host.ip("link", "add", "covey0", "type", "veth", "peer", "name", "x0")
        for device in ("covey0", "x0"):
            self.host.ip("link", "set", device, "up", "addrgenmode", "none")
        for space, device in ((self.host, "d0"), (self.fabric, "d1")):
            space.run("sysctl", "-qw", f"net.ipv6.conf.{device}.disable_ipv6=1")  # it sends by itself
        self.host.run("nft", COUNTER.replace("DEVICE", "x0"))
        self.fabric.run("nft", COUNTER.replace("DEVICE", "d1"))
        self.mac = json.loads(self.host.ip("-json", "link", "show", "d0"))[0]["address"]
        fabric = json.loads(self.fabric.ip("-json", "link", "show", "d1"))[0]["address"]
        self.host.ip("neigh", "replace", "10.9.0.2", "lladdr", fabric, "dev", "d0")

    def start(self):
        self.guard = Guard(self, "d0")
        self.guard.ask("steer covey0")
        self.guard.ask("held")

    def add_vnis(self, remote="10.9.0.2", marked=True, device="d0"):
        for vni in (100, 200):
            self.host.ip("link", "add", f"vx{vni}", "type", "vxlan", "id", str(vni), "remote", remote,
                         *(("dev", device) if device else ()), "dstport", "4789",
                         *(("udp6zerocsumtx", "udp6zerocsumrx") if ":" in remote else ()))
            self.host.run("sysctl", "-qw", f"net.ipv6.conf.vx{vni}.disable_ipv6=1")
            self.host.ip("link", "set", f"vx{vni}", "up")
            if marked:
                self.mark(f"vx{vni}")

    def mark(self, device):
        self.host.run("nft", f"""table netdev {TABLE}/mark {{
            chain {device} {{
                type filter hook egress device "{device}" priority 0;
                meta mark set meta mark | {MARK:#x}
            }}
        }}""")

    def counts(self, space, device):
        listing = json.loads(space.run("nft", "-j", "list", "table", "netdev", f"vni_{device}"))
        rules = [item["rule"] for item in listing["nftables"] if "rule" in item]
        return collections.Counter({rule["comment"]: e["counter"]["packets"] for rule in rules
                                    for e in rule["expr"] if "counter" in e})

    def clear(self):
        return self.counts(self.fabric, "d1")

    def taken(self):
        """By what reads covey0."""
        return self.counts(self.host, "x0")

    def frame(self, size=60):
        return ethernet(ipv4("192.168.0.1", "192.168.0.2", 17, udp(9, bytes(size))))

    def sender(self, space, device, frame, count=5, rate=2000, mark=0):
        return subprocess.Popen(["ip", "netns", "exec", space.name, "/usr/bin/python3", "-c", SENDER,
                                 device, str(count), str(rate), frame.hex(), str(mark)],
                                stdout=subprocess.PIPE, text=True)

    def send_from(self, space, device, frame, **how):
        with self.sender(space, device, frame, **how) as sender:
            return int(sender.communicate()[0])

    def send_vnis(self, **how):
        """Through both VXLAN devices. What left in clear and what was taken, by VNI."""
        clear, taken = self.clear(), self.taken()
        for vni in (100, 200):
            self.send_from(self.host, f"vx{vni}", self.frame(), **how)
        clear, taken = self.clear() - clear, self.taken() - taken
        return {"clear": dict(clear), "taken": dict(taken)}

    def received(self, vni):
        return json.loads(self.host.ip("-s", "-json", "link", "show", f"vx{vni}"))[0]["stats64"]["rx"][
            "packets"]

    def receive_vnis(self, source="10.9.0.2", to="10.9.0.1", wrap=None):
        """From the fabric in clear: how much each VXLAN device got."""
        got = {}
        for vni in (100, 200):
            before = self.received(vni)
            inner = struct.pack("!II", 8 << 24, vni << 8) + self.frame()
            packet = udp(4789, inner)
            packet = ipv6(source, to, 17, packet) if ":" in source else ipv4(source, to, 17, packet)
            frame = ethernet(packet, kind=0x86DD if ":" in source else 0x0800)
            frame = bytes.fromhex(self.mac.replace(":", "")) + frame[6:]
            self.send_from(self.fabric, "d1", wrap(frame) if wrap else frame)
            got[vni] = self.received(vni) - before
        return got

    def standing(self):
        """The sets of VNIs in the netdev table."""
        done = subprocess.run(["ip", "netns", "exec", self.host.name, "nft", "list", "table", "netdev",
                               TABLE], capture_output=True, text=True)
        return " ".join(re.findall(r"set clear \{[^}]*\{([^}]*)\}", done.stdout)).split()


class ClearTest(Clear):
    def setUp(self):
        super().setUp()
        self.start()

    def test_modes(self):
        """Back and forth, step by step."""
        self.add_vnis()
        for mode in ("enforce", "transition", "observe", "transition", "enforce"):
            with self.subTest(mode):
                self.guard.mode(mode)
                out = self.send_vnis()
                if mode == "observe":
                    self.assertEqual(out, {"clear": {"100": 5}, "taken": {"200": 5}})
                else:
                    self.assertEqual(out, {"clear": {}, "taken": {"100": 5, "200": 5}})
                self.assertEqual(self.receive_vnis(), {100: 0 if mode == "enforce" else 5, 200: 0})

    def test_killed(self):
        """What was steered in transition leaves in clear then; no other VNI does."""
        self.add_vnis()
        self.guard.mode("transition")
        self.guard.kill()
        self.assertEqual(self.send_vnis(), {"clear": {"100": 5}, "taken": {"200": 5}})
        self.assertEqual(self.receive_vnis(), {100: 5, 200: 0})
        self.host.ip("link", "delete", "covey0")
        self.assertEqual(self.send_from(self.host, "vx200", self.frame()), 5)
        self.assertEqual(self.clear()["200"], 0)

    def test_killed_in_enforce(self):
        self.add_vnis()
        self.guard.mode("observe")
        self.guard.mode("transition")
        self.guard.mode("enforce")
        self.guard.kill()
        self.assertEqual(self.send_vnis()["clear"], {})
        self.assertEqual(self.receive_vnis(), {100: 0, 200: 0})

    def test_killed_in_observe(self):
        self.add_vnis()
        self.guard.mode("observe")
        self.guard.kill()
        self.assertEqual(self.send_vnis()["clear"], {"100": 5})
        self.assertEqual(self.receive_vnis(), {100: 5, 200: 0})

    def test_over_ipv6(self):
        for space, last in ((self.host, 1), (self.fabric, 2)):
            space.run("sysctl", "-qw", f"net.ipv6.conf.d{last - 1}.disable_ipv6=0")
            space.ip("address", "add", f"fd09::{last}/64", "dev", f"d{last - 1}", "nodad")
        fabric = json.loads(self.fabric.ip("-json", "link", "show", "d1"))[0]["address"]
        self.host.ip("neigh", "replace", "fd09::2", "lladdr", fabric, "dev", "d0")
        self.add_vnis("fd09::2")
        for mode in ("observe", "transition"):
            self.guard.mode(mode)
            out = self.send_vnis()
            self.assertEqual(out["clear"], {"100": 5} if mode == "observe" else {})
            self.assertEqual(self.receive_vnis("fd09::2", "fd09::1"), {100: 5, 200: 0})
        self.assertIn("in fd09::2 100 10", self.guard.ask("heard"))

    def test_device_that_is_not_marked_yet(self):
        """Before covey-host has seen it, or in another network namespace."""
        self.add_vnis(marked=False)
        for mode, clear in (("observe", {"100": 5}), ("transition", {"100": 5}), ("enforce", {})):
            self.guard.mode(mode)
            self.assertEqual(self.send_vnis(), {"clear": clear, "taken": {}})

    def test_fragments(self):
        """The kernel makes them of a packet that is larger than the uplink's MTU."""
        self.add_vnis(device=None)
        for device in ("vx100", "vx200"):
            self.host.ip("link", "set", device, "mtu", "3000")
        large = self.frame(2500)
        self.guard.mode("observe")
        for vni, clear in ((100, {"100": 5, "fragment": 5}), (200, {})):
            before = self.clear()
            self.send_from(self.host, f"vx{vni}", large)
            self.assertEqual(self.clear() - before, clear)
        # covey carries none, and no part of one leaves in clear.
        self.guard.mode("transition")
        before = self.clear()
        self.send_from(self.host, "vx100", large)
        self.assertEqual(self.clear() - before, {})

    def test_by_another_interface(self):
        """It cannot be encrypted there, so it passes as long as the group does not enforce."""
        self.fabric.run("nft", COUNTER.replace("DEVICE", "e1"))
        for vni in (100, 200):
            self.host.ip("link", "add", f"vx{vni}", "type", "vxlan", "id", str(vni), "remote",
                         "10.10.0.2", "dev", "e0", "dstport", "4789")
            self.host.run("sysctl", "-qw", f"net.ipv6.conf.vx{vni}.disable_ipv6=1")
            self.host.ip("link", "set", f"vx{vni}", "up")
            self.mark(f"vx{vni}")
        fabric = json.loads(self.fabric.ip("-json", "link", "show", "e1"))[0]["address"]
        self.host.ip("neigh", "replace", "10.10.0.2", "lladdr", fabric, "dev", "e0")
        for mode, clear in (("observe", {"100": 5}), ("transition", {"100": 5}), ("enforce", {})):
            self.guard.mode(mode)
            before = self.counts(self.fabric, "e1")
            self.send_vnis()
            self.assertEqual(self.counts(self.fabric, "e1") - before, clear)

    def tagged(self, space, device, seen, mark):
        """Of frames with one and with two VLAN tags, and VXLAN of both VNIs and families in them: how
        many pass."""
        passed = {}
        for vni in (100, 200):
            for packet, kind in ((ipv4("10.9.0.1", "10.9.0.2", 17, vxlan(vni)), 0x0800),
                                 (ipv6("fd09::1", "fd09::2", 17, vxlan(vni)), 0x86DD)):
                for tags in (1, 2):
                    before = seen()
                    self.send_from(space, device, ethernet(packet, tags, kind), count=3, mark=mark)
                    passed[vni] = passed.get(vni, 0) + seen() - before
        return passed

    def count_all(self, space, device, hook, priority):
        space.run("nft", f"""table netdev all_{hook} {{
            chain every {{
                type filter hook {hook} device "{device}" priority {priority};
                meta protocol {{ 0x8100, 0x88a8, 0x0800, 0x86dd }} counter
            }}
        }}""")

        def count():
            listing = json.loads(space.run("nft", "-j", "list", "table", "netdev", f"all_{hook}"))
            return sum(e["counter"]["packets"] for item in listing["nftables"] if "rule" in item
                       for e in item["rule"]["expr"] if "counter" in e)

        return count

    def test_behind_vlan_tags(self):
        """A frame that still has its tags, in and out; nothing of that passes by covey0. On its way out
        its mark says that it came through a VXLAN device."""
        for hook, space, device, mark in (("egress", self.host, "d0", MARK), ("ingress", self.fabric, "d1", 0)):
            seen = self.count_all(self.host, "d0", hook, 600)
            for mode, clear in (("observe", 12), ("transition", 12), ("enforce", 0)):
                with self.subTest(f"{hook}, {mode}"):
                    self.guard.mode(mode)
                    self.assertEqual(self.tagged(space, device, seen, mark), {100: clear, 200: 0})
                    if hook == "egress":
                        self.assertEqual(self.tagged(space, device, seen, 0), {100: 0, 200: 0})
        self.guard.mode("observe")
        before = self.dropped("VLAN-tagged", "tagged")
        self.send_from(self.host, "covey0", ethernet(ipv4("10.9.0.1", "10.9.0.2", 17, vxlan(100)), 2))
        self.assertEqual(self.dropped("VLAN-tagged", "tagged") - before, 5)

    def test_no_token_leaves(self):
        """No queue of the uplink sees it, whichever way the packet left."""
        self.add_vnis()
        self.host.run("nft", """table netdev priorities {
            chain priorities {
                type filter hook egress device "d0" priority 600;
                udp dport 4789 meta priority != 0 counter comment "with a priority"
                udp dport 4789 counter comment "all"
            }
        }""")
        self.guard.mode("observe")
        self.send_vnis()
        self.guard.mode("transition")
        self.guard.kill()
        self.send_vnis()
        rules = {item["rule"]["comment"]: item["rule"]["expr"] for item in json.loads(self.host.run(
            "nft", "-j", "list", "table", "netdev", "priorities"))["nftables"] if "rule" in item}
        counted = {comment: sum(e["counter"]["packets"] for e in expr if "counter" in e)
                   for comment, expr in rules.items()}
        self.assertEqual(counted, {"with a priority": 0, "all": 10})

    def test_forged_mark(self):
        """A packet that has covey's mark and has not passed the output hook is not encrypted."""
        self.guard.mode("transition")
        frame = ethernet(ipv4("10.9.0.1", "10.9.0.2", 17, vxlan(100)))
        taken, clear = self.taken(), self.clear()
        self.send_from(self.host, "d0", frame, mark=MARK)
        self.assertEqual((self.taken() - taken, self.clear() - clear), ({}, {}))

    def test_a_short_header(self):
        """Without a VNI in it nothing passes."""
        self.guard.mode("observe")
        short = udp(4789, struct.pack("!I", 8 << 24))
        seen = self.count_all(self.host, "d0", "egress", 600)
        self.send_from(self.host, "d0", ethernet(ipv4("10.9.0.1", "10.9.0.2", 17, short)))
        self.assertEqual(seen(), 0)

    def test_flushed(self):
        """Somebody flushes all rules: no other VNI passes, and the same ones do again."""
        self.add_vnis()
        for mode in ("observe", "transition"):
            with self.subTest(mode):
                self.guard.mode(mode)
                with self.sender(self.host, "vx200", self.frame(), count=1000) as flood:
                    for _ in range(20):
                        self.host.run("nft", "flush", "ruleset")
                    flood.wait()
                self.wait(lambda: "set clear" in self.guard_rules(), "the guard is put back")
                # Its own tables, which went, too.
                self.host.run("nft", COUNTER.replace("DEVICE", "x0"))
                for vni in (100, 200):
                    self.mark(f"vx{vni}")
                out = self.send_vnis()
                self.assertEqual(out["clear"], {"100": 5} if mode == "observe" else {})
                self.assertEqual(self.clear()["200"], 0)
                self.assertEqual(self.guard.ask("standing"),
                                 ["100 -" if mode == "observe" else "100 100"])

    def guard_rules(self):
        done = subprocess.run(["ip", "netns", "exec", self.host.name, "nft", "list", "table", "netdev",
                               TABLE], capture_output=True, text=True)
        return done.stdout

    def test_switched_under_a_flood(self):
        """To and fro: each packet of the VNI leaves, in clear or encrypted, and none of the others
        in clear. The same for what comes in."""
        self.add_vnis()
        self.guard.mode("transition")
        inner = struct.pack("!II", 8 << 24, 100 << 8) + self.frame()
        inbound = ethernet(ipv4("10.9.0.2", "10.9.0.1", 17, udp(4789, inner)))
        inbound = bytes.fromhex(self.mac.replace(":", "")) + inbound[6:]
        before = self.received(100)
        floods = [self.sender(self.host, "vx100", self.frame(), count=12000, rate=4000),
                  self.sender(self.host, "vx200", self.frame(), count=12000, rate=4000),
                  self.sender(self.fabric, "d1", inbound, count=12000, rate=4000)]
        switched = 0
        while any(flood.poll() is None for flood in floods):
            self.guard.mode(("observe", "transition")[switched % 2])
            switched += 1
        sent = [int(flood.communicate()[0]) for flood in floods]
        clear, taken = self.clear(), self.taken()
        print(f"switched {switched} times, {clear['100']} of {sent[0]} in clear", file=sys.stderr)
        self.assertGreater(switched, 4)
        self.assertEqual(clear["100"] + taken["100"], sent[0])
        self.assertGreater(clear["100"], 0)
        self.assertGreater(taken["100"], 0)
        self.assertEqual((clear["200"], taken["200"]), (0, sent[1]))
        self.assertEqual(self.received(100) - before, sent[2])

    def test_from_enforce_and_back_under_a_flood(self):
        """Nothing of what this host sends is lost or leaves in clear."""
        self.add_vnis()
        with self.sender(self.host, "vx100", self.frame(), count=8000, rate=4000) as flood:
            switched = 0
            while flood.poll() is None:
                self.guard.mode(("transition", "enforce")[switched % 2])
                switched += 1
            sent = int(flood.communicate()[0])
        self.assertGreater(switched, 4)
        self.assertEqual((self.clear()["100"], self.taken()["100"]), (0, sent))

    def test_heard(self):
        self.add_vnis()
        self.assertEqual(self.guard.ask("heard"), [])
        self.guard.mode("observe")
        self.send_vnis()
        self.receive_vnis()
        self.assertEqual(sorted(self.guard.ask("heard")), ["in 10.9.0.2 100 5", "out 10.9.0.2 100 5"])
        self.guard.mode("transition")
        self.send_vnis()  # encrypted
        self.receive_vnis()
        self.assertEqual(sorted(self.guard.ask("heard")), ["in 10.9.0.2 100 10", "out 10.9.0.2 100 5"])
        self.guard.mode("enforce")
        self.assertEqual(self.guard.ask("heard"), [])

    def test_more_are_heard_than_have_room(self):
        """Then they pass uncounted."""
        self.guard.mode("observe")
        frames = [ethernet(ipv4(f"10.9.{i // 256}.{i % 256}", "10.9.0.1", 17, vxlan(100)))
                  for i in range(4500)]
        seen = self.count_all(self.host, "d0", "ingress", 600)
        send = test_steer.PassTest.sender(self, self.fabric, "d1")
        for frame in frames:
            send(frame)
        self.wait(lambda: seen() == len(frames), "all pass")
        table = next(line.split()[2] for line in self.host.run("nft", "list", "tables").splitlines()
                     if "/own/" in line)
        heard = self.host.run("nft", "list", "set", "netdev", table, "heard_in4").count("packets")
        self.assertGreaterEqual(heard, 4000)
        self.assertLessEqual(heard, 4096)

    def test_many(self):
        """As many VNIs as a host may have."""
        vnis = ",".join(str(vni) for vni in range(100, 8292, 2))
        self.add_vnis()
        self.guard.ask(f"clear {vnis} -")
        took = int(self.guard.ask("time")[0])
        print(f"4096 VNIs were installed in {took / 1000:.1f} ms", file=sys.stderr)
        self.assertEqual(self.guard.ask("standing"), [f"{vnis} -"])
        self.assertEqual(self.send_vnis(), {"clear": {"100": 5, "200": 5}, "taken": {}})
        self.guard.ask(f"clear {vnis} {vnis}")
        self.assertEqual(self.guard.ask("standing"), [f"{vnis} {vnis}"])
        self.assertEqual(self.send_vnis(), {"clear": {}, "taken": {"100": 5, "200": 5}})
        # Beside each other: every second number was in the list.
        self.guard.ask(f"clear {','.join(str(vni) for vni in range(101, 8293, 2))} -")
        self.assertEqual(self.send_vnis(), {"clear": {}, "taken": {"100": 5, "200": 5}})

    def test_standing(self):
        """What a process that starts finds."""
        self.assertEqual(self.guard.ask("standing"), ["- -"])
        for mode, standing in (("observe", "100 -"), ("transition", "100 100"), ("enforce", "- -")):
            self.guard.mode(mode)
            self.assertEqual(self.guard.ask("standing"), [standing])
        self.guard.ask("clear 1,100,16777215 100")
        self.assertEqual(self.guard.ask("standing"), ["1,100,16777215 100"])
        for family in ("inet", "netdev"):
            self.host.run("nft", "delete", "table", family, TABLE)
            self.wait(lambda: self.guard.ask("standing") == ["1,100,16777215 100"],
                      f"the {family} table to be put back")

    def test_lists_that_lie(self):
        """They are refused, and what stood stands."""
        self.guard.mode("observe")
        for lists in ("100,99 -", "100,100 -", "16777216 -", "100 101"):
            self.guard.process.stdin.write(f"clear {lists}\n")
            self.assertRegex(self.guard.process.stdout.readline(), "not in order|not accepted")
        self.assertEqual(self.guard.ask("standing"), ["100 -"])

    def test_sets_that_are_changed(self):
        """A VNI more or less is put right, whoever did it."""
        self.guard.ask("clear 100,300 300")
        for change in ("add element netdev {} clear {{ 200 }}", "delete element netdev {} clear {{ 100 }}",
                       "add element inet {} clear {{ 200 }}", "delete element inet {} observed {{ 100 }}"):
            with self.subTest(change):
                before = self.both()
                self.host.run("nft", change.format(TABLE))
                self.wait(lambda: self.both() == before, "the set to be put right")

    def both(self):
        return [subprocess.run(["ip", "netns", "exec", self.host.name, "nft", "--stateless", "list",
                                "table", family, TABLE], capture_output=True, text=True).stdout
                for family in ("inet", "netdev")]


class BootTest(Clear):
    """Before covey-host runs: by the modes that the inventory gives, or by what the guard of this boot has."""

    def set_mode(self, mode, first="[100]"):
        self.inventory = test_steer.INVENTORY.replace(
            "{g: {vnis: [100], members: [hv1]}}", f"""
      g: {{vnis: {first}, members: [hv1], mode: {mode}}}
      h: {{vnis: [200], members: [hv1]}}
      i: {{vnis: [300], members: [hv2], mode: observe}}""")

    def test_by_the_inventory(self):
        self.add_vnis()
        for mode, clear in (("observe", {"100": 5}), ("transition", {"100": 5}), ("enforce", {})):
            for what in ("on", "keep"):
                with self.subTest(f"{mode}, {what}"):
                    self.set_mode(mode)
                    if what == "on":
                        self.guard_command("on")
                    else:
                        keeper = self.start_keeper()
                    self.assertEqual(self.standing(), ["0x64"] if clear else [])
                    self.assertEqual(self.send_vnis()["clear"], clear)
                    if what == "keep":
                        keeper.terminate()
                        keeper.wait()
                    self.guard_command("off")

    def guard_command(self, what):
        done = subprocess.run(self.command(what), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def start_keeper(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "notify")
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
                notify.bind(path)
                notify.settimeout(30)
                keeper = subprocess.Popen(self.command("keep"),
                                          env={**os.environ, "NOTIFY_SOCKET": path})
                self.addCleanup(keeper.wait)
                self.addCleanup(keeper.terminate)
                self.assertIn(b"READY=1", notify.recv(4096))
        return keeper

    def test_by_the_guard_of_this_boot(self):
        """What the key manager said is kept, unless the group has lost the VNI."""
        self.set_mode("enforce")
        self.start()
        self.guard.ask("clear 100,200,300 100")
        self.guard.kill()
        self.guard_command("on")
        self.assertEqual(self.standing(), ["0x64,", "0xc8"])
        self.set_mode("observe", first="[101]")
        self.guard_command("on")
        self.assertEqual(self.standing(), ["0xc8"])

    def test_beside_a_keeper(self):
        """covey-guard.service has a last word of its own: it follows covey-host, and keeps what it left."""
        self.add_vnis()
        self.set_mode("enforce")
        self.start_keeper()
        self.start()
        for mode, clear in (("observe", {"100": 5}), ("transition", {}), ("enforce", {})):
            with self.subTest(mode):
                self.guard.mode(mode)
                self.wait(lambda: self.keepers_vnis() == (1 if mode != "enforce" else 0), "it follows")
                self.assertEqual(self.send_vnis()["clear"], clear)
                self.assertEqual(self.receive_vnis(), {100: 0 if mode == "enforce" else 5, 200: 0})
        self.guard.mode("transition")
        self.wait(lambda: self.keepers_vnis() == 1, "it follows")
        self.guard.kill()
        self.assertEqual(self.send_vnis()["clear"], {"100": 5})
        self.host.run("nft", "flush", "ruleset")
        self.wait(lambda: self.standing() == ["0x64"], "it puts back what was there")
        for vni in (100, 200):
            self.mark(f"vx{vni}")
        self.host.run("nft", COUNTER.replace("DEVICE", "x0"))
        self.assertEqual(self.send_vnis()["clear"], {"100": 5})

    def keepers_vnis(self):
        """In how many own tables but the driver's VNI 100 passes."""
        tables = [line.split()[2] for line in self.host.run("nft", "list", "tables").splitlines()
                  if "/own/" in line and not line.endswith(f"/{self.guard.process.pid}")]
        return sum("0x64" in self.host.run("nft", "list", "table", "netdev", table) for table in tables)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root, for network namespaces")
        sys.exit(SKIPPED)
    PROGRAM = sys.argv.pop(1)
    test_steer.PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
