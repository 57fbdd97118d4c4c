#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What one types by instinct: covey alone, covey show PART, covey help, and what was meant.

show.py COVEY EXAMPLE_INVENTORY
"""

import json
import os
import sys
import unittest

from commands import SHOWN, Case, Host, run

MEMBER = {"identity": "spiffe://f/host/hv2", "vtep": "198.51.100.2", "state": "connected", "sender_id": 8,
          "epoch": 1, "spi": 300, "own_sender": 0, "deaf": False, "perhaps_deaf": False, "mode": "enforce"}
MANAGER = {
    "ok": True, "daemon": "covey-gkm", "fabric": "f", "problems": [],
    "certificates": [{"subject": "gkm", "serial": "1", "not_before": "a", "not_after": "b", "ends_s": 7200}],
    "groups": [
        {"name": "tenants", "connected": 1, "mode": {"mode": "enforce"},
         "sas": [{"spi": 300, "state": "active", "age_s": 61, "ends_s": 3600}],
         "members": [MEMBER, {**MEMBER, "identity": "spiffe://f/host/hv3", "state": "away", "deaf": True}]},
        {"name": "feed", "connected": 1, "mode": {"mode": "enforce"}, "sas": [], "members": [MEMBER]},
    ],
}


def with_peers():
    """As SHOWN, with another member in two groups, from which two windows have come."""
    other = {"identity": "spiffe://f/host/hv2", "vtep": "198.51.100.2", "self": False}
    groups = [{**SHOWN["groups"][0], "members": SHOWN["groups"][0]["members"] + [{**other, "sender_id": 8}]},
              {"name": "feed", "state": "joined", "members": [{**other, "sender_id": 9}]}]
    window = {**SHOWN["windows"][0], "sending": False, "sender_id": 8}
    windows = [{**window, "esn": "0003000000000004"}, {**window, "esn": "0003000000000001"},
               {**window, "spi": 999}, {**window, "sending": True}]
    paths = [{"host": "hv2", "vtep": "198.51.100.2", "state": "fits", "mtu": 1600, "needed": 1574,
              "tenant_mtu": 1476}]
    return {**SHOWN, "groups": groups, "windows": windows, "paths": paths}


class Alone(Case):
    """covey alone is covey status."""

    def test_one_page(self):
        for arguments in ([], ["status"]):
            code, out, err = self.ask({**SHOWN, "problems": []}, *arguments)
            self.assertEqual((code, err), (0, ""))
            self.assertEqual(out.splitlines()[0], "hv1 is well: all is as it should be.")
            self.assertIn("  key manager  192.0.2.10 port 4798: waiting for 1h 2m\n", out)
            self.assertIn("  guard        weaker; uplinks eth1, eth2\n", out)
            self.assertIn("  packets      10 encrypted, 0 decrypted, 12 dropped (`covey show drops`)\n", out)
            self.assertLess(len(out.splitlines()), 24)

    def test_not_well(self):
        code, out, _ = self.ask({**SHOWN, "problems": ["a is so: do b"]})
        self.assertEqual(code, 1)
        self.assertEqual(out.splitlines()[:2], ["hv1 is not well (`covey show` tells more):",
                                                "  PROBLEM: a is so: do b"])

    def test_many_groups(self):
        groups = [{"name": f"g{i}", "state": "joined"} for i in range(100)]
        out = self.ask({**SHOWN, "problems": [], "groups": groups})[1]
        self.assertIn("and 84 more: `covey show groups`\n", out)
        self.assertNotIn("g16", out)

    def test_key_manager(self):
        for arguments in ([], ["status"], ["status", "--gkm"]):
            code, out, _ = self.ask(MANAGER, *arguments, option="--gkm-socket")
            self.assertEqual(code, 0)
            self.assertEqual(out.splitlines()[0], "The key manager of f is well: all is as it should be.")
            self.assertIn("tenants: enforce, 1 of 2 members connected, SA 300 active for 1m 1s\n", out)
        code, out, _ = self.ask({**MANAGER, "problems": ["x"]}, option="--gkm-socket")
        self.assertEqual(code, 1)
        self.assertIn("  PROBLEM: x\n", out)
        code, out, _ = self.ask({**MANAGER, "problems": ["x"]}, "--json", "status", option="--gkm-socket")
        self.assertEqual((code, json.loads(out)), (1, {"ok": True, "fabric": "f", "well": False, "problems": ["x"]}))

    def test_both(self):
        """One machine may have both; each can be the one that is not well."""
        os.mkdir(os.path.join(self.path, "g"))
        for host, gkm, status in (([], [], 0), (["x"], [], 1), ([], ["y"], 1)):
            for flags in ([], ["--json"]):
                with (Host(self.path, json.dumps({**SHOWN, "problems": host}).encode() + b"\n") as first,
                      Host(os.path.join(self.path, "g"),
                           json.dumps({**MANAGER, "problems": gkm}).encode() + b"\n") as second):
                    code, out, _ = run("--socket", first.path, "--gkm-socket", second.path, *flags, "status")
                self.assertEqual(code, status)
                if flags:
                    self.assertEqual(json.loads(out), {
                        "ok": True, "host": "hv1", "well": status == 0, "problems": host,
                        "key_manager": {"ok": True, "fabric": "f", "well": not gkm, "problems": gkm}})
                else:
                    self.assertIn("The key manager of f is", out)
                    self.assertEqual(out.count("PROBLEM"), status)

    def test_dead(self):
        """What does not answer is told, with how to look."""
        path = os.path.join(self.path, "none")
        for option, name in (("--socket", "covey-host"), ("--gkm-socket", "covey-gkm")):
            code, out, err = run(option, path)
            self.assertEqual((code, out), (1, ""))
            self.assertIn(f"covey status: {name} does not run here", err)
            self.assertIn(f"systemctl start {name}", err)
            code, out, _ = run(option, path, "--json", "status")
            self.assertEqual((code, json.loads(out)["ok"]), (1, False))


class Parts(Case):
    def part(self, name, answer, **option):
        code, out, err = self.ask(answer, "--json", "show", name, **option)
        self.assertEqual((code, err), (0, ""))
        value = json.loads(out)
        self.assertEqual(set(value), {"ok", name})
        return value[name]

    def test_peers(self):
        self.assertEqual(self.part("peers", with_peers()), [
            {"host": "hv2", "vtep": "198.51.100.2", "groups": ["tenants", "feed"], "packets": 7, "path": "fits",
             "mtu": 1600, "needed": 1574, "tenant_mtu": 1476}])
        out = self.ask(with_peers(), "show", "peers")[1]
        self.assertRegex(out, r"\nhv2 +198\.51\.100\.2 +7 +fits +1476 +tenants, feed\n")
        self.assertIn("No other host is known", self.ask(SHOWN, "show", "peers")[1])

    def test_peers_of_key_manager(self):
        peers = self.part("peers", MANAGER, option="--gkm-socket")
        self.assertEqual(peers, [
            {"host": "hv2", "vtep": "198.51.100.2", "groups": ["tenants", "feed"], "state": "connected"},
            {"host": "hv3", "vtep": "198.51.100.2", "groups": ["tenants"], "state": "away", "hears": False}])
        out = self.ask(MANAGER, "show", "--gkm", "peers", option="--gkm-socket")[1]
        self.assertRegex(out, r"\nhv3 +198\.51\.100\.2 +away +NOT +tenants\n")

    def test_mtu(self):
        too_large = [{"device": "vx", "mtu": 1500, "fits": 1400, "uplinks_lack": 100}]
        bridges = [{"interface": "br0", "bridge": True, "mtu": 1500, "fits": 1400, "vxlan_device": "vx"}]
        answer = {**with_peers(), "vxlan_too_large": too_large, "bridge_too_large": bridges}
        mtu = self.part("mtu", answer)
        self.assertEqual(mtu["vxlan_too_large"], too_large)
        self.assertEqual(mtu["bridge_too_large"], bridges)
        self.assertEqual(mtu["uplinks"], SHOWN["guard"]["uplinks"])
        self.assertEqual(mtu["paths"][0]["mtu"], 1600)
        out = self.ask(answer, "show", "mtu")[1]
        self.assertRegex(out, r"eth1 +1600 +uplink\n")
        self.assertRegex(out, r"eth2 +- +uplink\n")
        self.assertIn("VXLAN device vx has MTU 1500, and 1400 fits: `ip link set vx mtu 1400`\n", out)
        self.assertIn("br0 has MTU 1500, and 1400 fits through VXLAN device vx: `ip link set br0 mtu 1400`\n", out)

    def test_certs_and_problems(self):
        for option in ("--socket", "--gkm-socket"):
            answer = {**(SHOWN if option == "--socket" else MANAGER), "problems": ["x"],
                      "certificates": MANAGER["certificates"]}
            self.assertEqual(self.part("certs", answer, option=option), MANAGER["certificates"])
            self.assertIn("Certificate gkm, serial number 1, from a until b: ENDS in 2h",
                          self.ask(answer, "show", "certs", option=option)[1])
            self.assertEqual(self.part("problems", answer, option=option), ["x"])
            self.assertEqual(self.ask(answer, "show", "problems", option=option)[1], "PROBLEM: x\n")
        self.assertIn("does not report", self.ask({"ok": True}, "show", "problems")[1])
        self.assertIn("No problem", self.ask({"ok": True, "problems": []}, "show", "problems")[1])

    def test_key_manager_without_asking_for_it(self):
        """Where its socket alone is named, it is asked."""
        code, out, _ = self.ask(MANAGER, "show", "sas", option="--gkm-socket")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"300 +tenants +active")
        code, _, err = run("--gkm-socket", os.path.join(self.path, "none"), "show", "drops")
        self.assertEqual(code, 2)
        self.assertIn("a key manager has no drops: there are groups, sas, members, peers, certs and problems", err)

    def test_strange(self):
        strange = {"ok": True, "groups": [1, {"members": [2, {"identity": 5}]}], "sas": "x", "windows": [1, {"esn": 3}],
                   "paths": [4], "ports": 5, "guard": [], "certificates": 7, "problems": 8, "vxlan_too_large": [1]}
        for name in ("peers", "mtu", "certs", "problems"):
            for option in ("--socket", "--gkm-socket"):
                if name != "mtu" or option == "--socket":
                    self.assertEqual(self.ask(strange, "show", name, option=option)[0], 0)
                    self.assertEqual(self.ask(strange, "--json", "show", name, option=option)[0], 0)


class Watch(Case):
    def test_again(self):
        """A daemon that is gone in between is told, and asked again."""
        with Host(self.path, json.dumps(MANAGER).encode() + b"\n") as host:
            code, out, err = run("--socket", host.path, "show", "--gkm", "--gkm-socket", host.path, "-w1", "--count", "1",
                                 "problems")
        self.assertEqual((code, out, err), (0, "No problem is known.\n", ""))
        code, out, err = run("--socket", host.path, "show", "--watch=1", "--count", "2", "problems")
        self.assertEqual((code, out.strip()), (1, ""))
        self.assertEqual(err.count("does not run here"), 2)

    def test_usage(self):
        for arguments, words in ((["--count", "2"], "--count goes with --watch"),
                                 (["--watch=0"], "--watch is a number from 1"),
                                 (["-w1", "--count", "x"], "--count is a number from 1")):
            code, _, err = run("show", *arguments)
            self.assertEqual(code, 2)
            self.assertIn(words, err)


class Meant(Case):
    def test_options(self):
        for arguments, words in (
            (["--jsn"], "covey: there is no option --jsn (did you mean --json?)\nTry `covey --help`.\n"),
            (["show", "--al"], ""),
            (["show", "--wach"], "covey show: there is no option --wach (did you mean --watch?)"),
            (["show", "--hlep"], "(did you mean --help?)"),
            (["ping", "--cuont=5", "hv1"], "there is no option --cuont (did you mean --count?)"),
            (["ping", "--xyzzy", "hv1"], "covey ping: there is no option --xyzzy\n"),
            (["-s", "--jsn", "show", "--al"], ""),
            (["show", "-s", "--jsn"], ""),
            (["show", "--socket", "--jsn"], ""),
        ):
            with self.subTest(arguments):
                code, _, err = run(*arguments)
                self.assertEqual(code, 2 if words else 1)
                self.assertIn(words, err)
                if not words:
                    self.assertNotIn("no option", err)

    def test_names(self):
        for arguments, words in ((["shwo"], "unknown command shwo (did you mean show?): there are status, show, "),
                                 (["help", "shwo"], "unknown command shwo (did you mean show?)"),
                                 (["show", "peer"], "nothing to show is called peer (did you mean peers?)")):
            code, _, err = run(*arguments)
            self.assertEqual(code, 2)
            self.assertIn(words, err)

    def test_help(self):
        code, out, _ = run("help")
        self.assertEqual((code, out), (0, run("--help")[1]))
        for verb in ("show", "status", "help"):
            self.assertRegex(out, rf"\n  {verb} +\w")
            code, text, _ = run("help", verb)
            self.assertEqual((code, text), (0, run(verb, "--help")[1]))
            self.assertIn(f"Usage: covey {verb} ", text)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
