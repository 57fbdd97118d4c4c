#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""covey-guard.service follows the deadlines of modes while covey-host is dead.

    test_guard_deadlines.py COVEY_HOST COVEY

The host is as in test_steer.py. Group g has VNI 100, group h has VNI 200, and both are in observe by the
inventory. There is no key manager: what it has said is in the file that covey-host leaves.
"""

import collections
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import test_steer
from test_clear import COUNTER, SENDER
from test_guard import SKIPPED, ethernet, ipv4, udp
from test_steer import TABLE, Steered

LATE = 60  # seconds, many times what a quiet machine needs


class Deadlines(Steered):
    inventory = test_steer.INVENTORY.replace(
        "covey_groups: {g: {vnis: [100], members: [hv1]}}", """covey_hugepages: none
    covey_groups:
      g: {vnis: [100], members: [hv1, hv2], mode: observe}
      h: {vnis: [200], members: [hv1, hv2], mode: observe}
      i: {vnis: [300], members: [hv2], mode: observe}""")

    def setUp(self):
        super().setUp()
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.socket = os.path.join(self.directory.name, "sock")
        self.state = os.path.join(self.directory.name, "modes")
        self.fabric.run("nft", COUNTER.replace("DEVICE", "d1"))
        fabric = json.loads(self.fabric.ip("-json", "link", "show", "d1"))[0]["address"]
        self.host.ip("neigh", "replace", "10.9.0.2", "lladdr", fabric, "dev", "d0")
        for vni in (100, 200):
            self.host.ip("link", "add", f"vx{vni}", "type", "vxlan", "id", str(vni), "remote", "10.9.0.2",
                         "dev", "d0", "dstport", "4789")
            self.host.run("sysctl", "-qw", f"net.ipv6.conf.vx{vni}.disable_ipv6=1")
            self.host.ip("link", "set", f"vx{vni}", "up")

    def command(self, what, uplinks="d0"):
        return [*super().command(what, uplinks), "--socket", self.socket, "--state", self.state]

    def write(self, records, mode=0o600, vnis={"g": [100, 100], "h": [200, 200], "i": [300, 300]}):
        """GROUP: MODE, THEN, SECONDS from now; and the VNIs of each, first and last. As covey-host does."""
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        groups = [{"group": group, "mode": mode_now, "then": then,
                   **({} if left is None else {"deadline_ms": max(int((now + left) * 1000), 0)}),
                   **({"vnis": vnis[group]} if group in vnis else {})}
                  for group, (mode_now, then, left) in records.items()]
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as stream:
            boot = stream.read().strip()
        with open(self.socket + ".new", "w", encoding="ascii") as stream:
            os.fchmod(stream.fileno(), mode)
            json.dump({"boot_id": boot, "groups": groups}, stream)
        os.rename(self.socket + ".new", self.socket + ".modes")

    def sets(self):
        """What passes in clear: out of that, what is steered while covey-host runs."""
        done = subprocess.run(["ip", "netns", "exec", self.host.name, "nft", "list", "ruleset"],
                              capture_output=True, text=True)
        found = {}
        for family in ("inet", "netdev"):
            table = re.search(rf"table {family} {TABLE} \{{\n(.*?)\n\}}", done.stdout, re.S)
            for name, elements in re.findall(r"set (\w+) \{[^}]*\{([^}]*)\}", table[1] if table else ""):
                found[family, name] = {int(vni, 0) for vni in elements.split(",")}
        clear = found.get(("netdev", "clear"), set())
        self.assertEqual(found.get(("inet", "clear"), set()), clear)
        return sorted(clear), sorted(clear - found.get(("inet", "observed"), set()))

    def expect(self, clear, steered=()):
        self.assertEqual(self.sets(), (list(clear), list(steered)))

    def wait_sets(self, clear, steered=()):
        end = time.monotonic() + LATE
        while (found := self.sets()) != (list(clear), list(steered)):
            self.assertLess(time.monotonic(), end, f"{found}, not {clear}, {steered}")
            time.sleep(0.02)

    def passes(self):
        """Which VNIs leave in clear."""
        before = self.counts()
        frame = ethernet(ipv4("192.168.0.1", "192.168.0.2", 17, udp(9, bytes(60))))
        for vni in (100, 200):
            subprocess.run(["ip", "netns", "exec", self.host.name, "/usr/bin/python3", "-c", SENDER,
                            f"vx{vni}", "5", "2000", frame.hex()], check=True, capture_output=True)
        return sorted(int(vni) for vni in self.counts() - before)

    def counts(self):
        listing = json.loads(self.fabric.run("nft", "-j", "list", "table", "netdev", "vni_d1"))
        return collections.Counter({item["rule"]["comment"]: e["counter"]["packets"]
                                    for item in listing["nftables"] if "rule" in item
                                    for e in item["rule"]["expr"] if "counter" in e})

    @contextlib.contextmanager
    def listen(self):
        """As a covey-host that lives."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as host:
            host.bind(self.socket)
            host.listen(16)
            yield
        os.unlink(self.socket)


class GuardTest(Deadlines):
    def test_it_closes(self):
        """At its time, and no other group."""
        self.keep()
        self.assertEqual(self.passes(), [100, 200])
        self.write({"g": ("observe", "enforce", 6), "h": ("observe", "enforce", 3600)})
        time.sleep(2)
        self.expect([100, 200])
        self.wait_sets([200])
        self.assertEqual(self.passes(), [200])
        self.host.run("nft", "flush", "ruleset")
        self.wait_sets([200])
        self.assertEqual(self.passes(), [200])

    def test_closed_when_it_comes(self):
        self.guard("on")
        self.expect([100, 200])
        self.write({"g": ("observe", "enforce", -1), "h": ("observe", "enforce", 3600)})
        for what in ("on", "keep"):
            with self.subTest(what):
                self.guard("off")
                self.guard("on") if what == "on" else self.keep()
                self.expect([200])

    def test_no_folder_for_the_state(self):
        """As when its disk is not there yet."""
        folder = os.path.join(self.directory.name, "late")
        self.state = os.path.join(folder, "modes")
        self.assertIn("the folder of", self.guard("on"))
        self.expect([])
        os.mkdir(folder)
        self.guard("off")
        self.guard("on")
        self.expect([100, 200])

    def test_each_mode(self):
        cases = (("observe", "transition", [100, 200], [100]), ("transition", "observe", [100, 200], []),
                 ("transition", "enforce", [200], []), ("enforce", "transition", [100, 200], [100]))
        self.keep()
        for before, then, clear, steered in cases:
            with self.subTest(f"{before} to {then}"):
                self.write({"g": (before, then, 0.3)})
                self.wait_sets(clear, steered)

    def test_what_is_not_agreed(self):
        """What covey-host did not know as given by the key manager, too, does not open, nor what it did not say."""
        self.keep()
        self.write({"g": ("observe", "enforce", 0.3), "h": ("observe", "enforce", 0.3)})
        self.wait_sets([])
        self.write({"g": ("enforce", "observe", 0.3), "h": ("enforce", "transition", 0.3)},
                   vnis={"g": [1, 99, 101, 300], "h": [200, 200]})
        self.wait_sets([200], [200])
        self.assertEqual(self.passes(), [200])
        self.write({"g": ("enforce", "observe", 0.3), "h": ("observe", "transition", 0.3)},
                   vnis={"g": [100, 100]})
        self.wait_sets([100])
        self.assertEqual(self.passes(), [100])

    def looks(self):
        listing = subprocess.run(["ip", "netns", "exec", self.host.name, "nft", "list", "table", "netdev",
                                  TABLE + "/in"], capture_output=True, text=True).stdout
        return re.findall(r'device "(vx\d+)".*\n.* (drop|none) comment', listing)

    def wait_look(self, *verdicts):
        self.wait(lambda: self.looks() == list(verdicts), f"not {verdicts}")

    def test_what_devices_look_for(self):
        """A covey-host that died has left a table, by which they drop VNIs that were closed then."""
        self.host.run("nft", f"""table netdev {TABLE}/in {{
            chain device1 {{
                type filter hook ingress device "vx100" priority -500;
                drop
            }}
        }}""")
        self.keep()
        self.wait_look(("vx100", "none"), ("vx200", "none"))
        self.write({"g": ("observe", "enforce", 0.3)})
        self.wait_sets([200])
        self.wait_look(("vx100", "drop"), ("vx200", "none"))
        self.write({"g": ("enforce", "observe", 0.3)})
        self.wait_sets([100, 200])
        self.wait_look(("vx100", "none"), ("vx200", "none"))

    def test_no_look_at_the_start(self):
        """No VNI is open then, and deadlines count: one opens only when all devices look, and closes without
        that."""
        with subprocess.Popen(["ip", "netns", "exec", self.host.name, "nft", "-i"], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, text=True) as owner:
            self.addCleanup(owner.kill)
            owner.stdin.write(f"add table netdev {TABLE}/in {{ flags owner; }}\n")
            owner.stdin.flush()
            self.wait(lambda: TABLE + "/in" in self.host.run("nft", "list", "tables"), "the table")
            self.keep()
            self.expect([])
            self.guard("off")
            self.assertIn("VXLAN of no VNI passes in clear", self.guard("on"))
            self.expect([])
            self.guard("off")
            with self.listen():  # as a covey-host that came meanwhile, and died
                self.guard("on")
            self.expect([100, 200])
            self.write({"g": ("observe", "enforce", -1)})
            self.wait_sets([200])
            self.write({"g": ("enforce", "observe", -1), "h": ("observe", "enforce", -1)})
            self.wait_sets([])
            self.assertEqual(self.looks(), [])
            owner.stdin.close()
        self.wait_sets([100])
        self.wait_look(("vx100", "none"), ("vx200", "drop"))

    def test_devices_look_without_a_keeper(self):
        """Those that are there. The operator is told that others will not."""
        said = self.guard("on")
        self.expect([100, 200])
        self.assertEqual(self.looks(), [("vx100", "none"), ("vx200", "none")])
        self.assertIn("VXLAN of 2 VNIs passes in clear", said)
        self.assertIn("covey-guard.service", said)
        self.write({"g": ("observe", "enforce", -1)})
        self.assertIn("VXLAN of 1 VNIs passes in clear", self.guard("on"))
        self.assertEqual(self.looks(), [("vx100", "drop"), ("vx200", "none")])

    def test_covey_host_has_the_say(self):
        """As long as it lives, even if it hangs."""
        self.keep()
        with self.listen():
            self.write({"g": ("observe", "enforce", 0.3)})
            time.sleep(2)
            self.expect([100, 200])
        self.wait_sets([200])

    def test_not_without_a_word(self):
        """Without a deadline, in a file of others, or about groups of others, nothing changes."""
        self.keep()
        for records, mode in (({"g": ("observe", "enforce", None)}, 0o600),
                              ({"g": ("observe", "enforce", -1)}, 0o644),
                              ({"i": ("observe", "enforce", -1)}, 0o600),
                              ({"nobody": ("enforce", "observe", -1)}, 0o600)):
            self.write(records, mode)
            time.sleep(1.3)
            self.expect([100, 200])
        with open(self.socket + ".modes", "w", encoding="ascii") as stream:
            stream.write("{")
        time.sleep(1.3)
        self.expect([100, 200])


class HostTest(Deadlines):
    """With covey-host itself."""

    def start(self):
        self.host.ip("address", "replace", "10.9.0.1/24", "dev", "d0")
        inventory = os.path.join(self.directory.name, "inventory")
        files = ["-i", inventory, "-p", os.path.join(self.directory.name, "pki")]
        with open(inventory, "w", encoding="utf-8") as stream:
            stream.write(self.inventory.replace("UPLINKS", "d0"))
        if not os.path.exists(files[3]):
            for command in (("init",), ("issue", "--all")):
                subprocess.run([COVEY, *files, "pki", *command], check=True, capture_output=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            path = os.path.join(self.directory.name, "notify")
            notify.bind(path)
            notify.settimeout(60)
            process = subprocess.Popen(["ip", "netns", "exec", self.host.name, test_steer.PROGRAM, *files, "-n",
                                        "hv1", "-s", self.socket],
                                       env={**os.environ, "NOTIFY_SOCKET": path})
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            while b"READY=1" not in notify.recv(4096):
                pass
            os.unlink(path)
        return process

    def kill(self, process):
        process.kill()
        process.wait()

    def wait_written(self, ours):
        """Until the file is not ours any more."""
        self.wait(lambda: os.stat(self.socket + ".modes").st_mtime_ns != ours, "it writes no file")

    def bring_forward(self, group):
        """The deadline in the file that covey-host has left."""
        with open(self.socket + ".modes", encoding="ascii") as stream:
            left = json.load(stream)
        for record in left["groups"]:
            if record["group"] == group:
                record["deadline_ms"] = int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000)
        with open(self.socket + ".new", "w", encoding="ascii") as stream:
            os.fchmod(stream.fileno(), 0o600)
            json.dump(left, stream)
        os.rename(self.socket + ".new", self.socket + ".modes")

    def test_killed_before_the_deadline(self):
        """What covey-host was told holds without it, and when it is back."""
        self.keep()
        # So that covey-host, which hears no key manager, has a deadline.
        self.write({"g": ("observe", "enforce", 3600), "h": ("observe", "enforce", 3600)})
        host = self.start()
        self.wait_sets([100, 200])
        self.assertEqual(self.passes(), [100, 200])
        self.kill(host)
        self.write({"g": ("observe", "enforce", 3600), "h": ("observe", "enforce", 3600)})
        self.assertEqual(self.passes(), [100, 200])
        self.write({"g": ("observe", "enforce", 0.3), "h": ("observe", "enforce", 3600)})
        self.wait_sets([200])
        self.assertEqual(self.passes(), [200])
        self.start()
        self.assertEqual(self.sets()[0], [200])
        self.assertEqual(self.passes(), [200])

    def test_started_again(self):
        """Before it hears the key manager, it goes on from what that gave to the groups last."""
        self.write({"g": ("observe", "enforce", 3600), "h": ("observe", "enforce", 3600)},
                   vnis={"g": [100, 100], "h": []})
        ours = os.stat(self.socket + ".modes").st_mtime_ns
        host = self.start()
        self.wait_sets([100])
        self.wait_written(ours)
        self.expect([100])
        self.kill(host)
        with open(self.socket + ".modes", encoding="ascii") as stream:
            self.assertEqual([group["vnis"] for group in json.load(stream)["groups"]], [[100, 100], []])

    def test_its_own_file(self):
        """Whatever covey-host has written, the guard understands."""
        self.keep()
        self.write({"g": ("observe", "enforce", 3600), "h": ("observe", "enforce", 7200)})
        ours = os.stat(self.socket + ".modes").st_mtime_ns
        host = self.start()
        self.wait_written(ours)
        self.kill(host)
        with open(self.socket + ".modes", encoding="ascii") as stream:
            left = json.load(stream)["groups"]
        self.assertEqual({group["group"]: group["vnis"] for group in left}, {"g": [100, 100], "h": [200, 200]})
        deadlines = [group["deadline_ms"] for group in sorted(left, key=lambda group: group["group"])]
        self.assertAlmostEqual(deadlines[1] - deadlines[0], 3600 * 1000, delta=1000)
        self.expect([100, 200])
        self.bring_forward("g")
        self.wait_sets([200])


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root, for network namespaces")
        sys.exit(SKIPPED)
    test_steer.PROGRAM = sys.argv.pop(1)
    COVEY = sys.argv.pop(1)
    unittest.main(verbosity=2)
