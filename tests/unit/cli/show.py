#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What one types by instinct: covey alone, covey show PART, covey help, and what was meant.

show.py COVEY EXAMPLE_INVENTORY
"""

import contextlib
import json
import os
import socket
import sys
import unittest

from commands import SHOWN, Case, Host, run

MEMBER = {"identity": "spiffe://f/host/hv2", "vtep": "198.51.100.2", "state": "connected", "sender_id": 8,
          "epoch": 1, "spi": 300, "own_sender": 0, "deaf": False, "perhaps_deaf": False, "mode": "enforce"}
MANAGER = {
    "ok": True, "daemon": "covey-gkm", "fabric": "f", "problems": [],
    "certificates": [{"subject": "gkm", "serial": "1", "not_before": "a", "not_after": "b", "ends_s": 7200, "role": "own",
                      "near": True}],
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
    counted = {"received_packets": 3, "received_bytes": 300, "heard_ms": 75000}
    traffic = {"sent_packets": 12, "sent_bytes": 1200, "received_packets": 7, "received_bytes": 700,
               "sent_by_class": [{"class": 0, "packets": 10, "bytes": 1000}, {"class": 5, "packets": 2, "bytes": 200}]}
    groups = [{**SHOWN["groups"][0], "traffic": traffic,
               "members": SHOWN["groups"][0]["members"] + [{**other, "sender_id": 8, **counted}]},
              {"name": "feed", "state": "joined",
               "members": [{**other, "sender_id": 9, **counted, "received_bytes": 100, "heard_ms": 90000}]}]
    window = {**SHOWN["windows"][0], "sending": False, "sender_id": 8}
    windows = [{**window, "esn": "0003000000000004"}, {**window, "esn": "0003000000000001"},
               {**window, "spi": 999}, {**window, "sending": True}]
    paths = [{"host": "hv2", "vtep": "198.51.100.2", "state": "fits", "mtu": 1600, "needed": 1574,
              "tenant_mtu": 1476}]
    return {**SHOWN, "groups": groups, "windows": windows, "paths": paths}


class Played(Host):
    """Answers one question after the other; the last answer again and again."""

    def __init__(self, directory, answers):
        self.answers = list(answers)
        self.requests = []
        super().__init__(directory, b"")

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with client, contextlib.suppress(OSError):  # who does not wait for an answer may ask again
                    self.requests.append(json.loads(client.makefile("rb").readline()))
                    answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                    client.sendall(json.dumps(answer).encode() + b"\n")

    def __exit__(self, *failure):
        self.listener.shutdown(socket.SHUT_RDWR)
        super().__exit__(*failure)


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
            {"host": "hv2", "vtep": "198.51.100.2", "groups": ["tenants", "feed"], "packets": 5, "path": "fits",
             "mtu": 1600, "needed": 1574, "tenant_mtu": 1476, "received_packets": 6, "received_bytes": 400,
             "heard_ms": 75000}])
        out = self.ask(with_peers(), "show", "peers")[1]
        self.assertRegex(out, r"\nhv2 +198\.51\.100\.2 +1m 15s ago +6 +400 +fits +1476 +tenants, feed\n")
        self.assertIn("No other host is known", self.ask(SHOWN, "show", "peers")[1])

    def test_peers_not_heard(self):
        """Of who was not heard, or of an older covey-host."""
        answer = with_peers()
        for member in (answer["groups"][0]["members"][1], answer["groups"][1]["members"][0]):
            member.update(received_packets=0, received_bytes=0)
            del member["heard_ms"]
        self.assertNotIn("heard_ms", self.part("peers", answer)[0])
        self.assertRegex(self.ask(answer, "show", "peers")[1], r"\nhv2 +198\.51\.100\.2 +- +0 +0 +fits ")
        for member in (answer["groups"][0]["members"][1], answer["groups"][1]["members"][0]):
            del member["received_packets"], member["received_bytes"]
        self.assertNotIn("received_bytes", self.part("peers", answer)[0])
        self.assertRegex(self.ask(answer, "show", "peers")[1], r"\nhv2 +198\.51\.100\.2 +- +- +- +fits ")

    def test_traffic(self):
        out = self.ask(with_peers(), "show", "groups")[1]
        self.assertRegex(out, r"\ntenants +12 +1200 +7 +700 +0: 10, 5: 2\n")
        self.assertEqual(out.count("\nfeed "), 1)
        self.assertNotIn("RECEIVED", self.ask(SHOWN, "show", "groups")[1])

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
            lists = {"path": "/p/crl.pem", "lists": 1, "revoked": 0, "this_update": "a", "next_update": "b", "near": True,
                     "late": False}
            others = [{"subject": "old", "ends_s": 9000000, "role": "trusted", "near": False}]
            out = self.ask({**answer, "certificates": MANAGER["certificates"] + others, "revocations": lists}, "show",
                           "certs", option=option)[1]
            self.assertRegex(out, r"\n  also CA old, .*, in 104d 4h\n")
            self.assertIn("Revoked certificates: 0 (/p/crl.pem, of a, next b: SOON)\n", out)
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


class Rekey(Case):
    """The key manager here answers as often as it is asked."""

    def play(self, answers, *arguments):
        """answers: what comes one after the other, the last one again and again."""
        with Played(self.path, answers) as gkm:
            result = run("--gkm-socket", gkm.path, "rekey", *arguments)
        self.requests = gkm.requests
        return result

    @staticmethod
    def view(*states):
        """SAs of these states, from 300 on, in two groups."""
        sas = [{"spi": 300 + i, "state": state} for i, state in enumerate(states)]
        return {"ok": True, "groups": [{"name": "a", "sas": sas}, {"name": "b", "sas": sas}]}

    BEGUN = {"ok": True, "group": "a", "rekey": "begun", "spi": 301, "awaited": ["hv2"], "away": []}

    def test_wait(self):
        old, half, new = self.view("active"), self.view("active", "installing"), self.view("draining", "active")
        code, out, err = self.play([old, self.BEGUN, half, half, new], "a", "--wait")
        self.assertEqual((code, out, err), (0, "Rekey of a: done, the new SPI is 301.\n", ""))
        self.assertEqual([request["command"] for request in self.requests], ["show", "rekey", "show", "show", "show"])

    def test_wait_for_room(self):
        """The key that comes is later than those that were there."""
        waits = {"ok": True, "group": "a", "rekey": "waits for room", "spi": None, "awaited": [], "away": []}
        code, out, _ = self.play([self.view("active"), waits, self.view("active"), self.view("draining", "active")],
                                 "--wait", "a")
        self.assertEqual((code, out), (0, "Rekey of a: done, the new SPI is 301.\n"))

    def test_wait_too_short(self):
        code, out, _ = self.play([self.view("active"), self.BEGUN, self.view("active", "installing")], "a", "--wait=1")
        self.assertEqual(code, 1)
        self.assertIn("Rekey of a: begun, the new SPI is 301; ", out)

    def test_nobody(self):
        nobody = {"ok": True, "group": "a", "rekey": "waits for a member", "spi": None, "awaited": [], "away": []}
        code, out, _ = self.play([self.view(), nobody], "a", "--wait")
        self.assertEqual((code, out), (1, "Rekey of a: waits for a member.\n"))

    def test_all(self):
        done = [{"ok": True, "group": name, "rekey": "done", "spi": 300, "awaited": [], "away": []} for name in "ab"]
        code, out, _ = self.play([self.view(), *done], "--all")
        self.assertEqual((code, out), (0, "Rekey of a: done, the new SPI is 300.\nRekey of b: done, the new SPI is 300.\n"))
        self.assertEqual([request.get("group") for request in self.requests], [None, "a", "b"])
        code, out, _ = self.play([self.view(), *done], "--json", "--all")
        self.assertEqual((code, json.loads(out)), (0, {"ok": True, "groups": done}))
        refusal = {"ok": False, "error": "no: do so"}
        code, out, err = self.play([self.view(), refusal, done[1]], "--all")
        self.assertEqual((code, out, err), (1, "Rekey of b: done, the new SPI is 300.\n", "covey rekey: no: do so\n"))
        code, out, _ = self.play([refusal], "--json", "a")
        self.assertEqual((code, json.loads(out)), (1, refusal))

    def test_usage(self):
        for arguments, words in (([], "the group's name is missing, or --all"), (["a", "--all"], "a or --all?"),
                                 (["a", "b"], "b is too much"), (["a", "--wait=0"], "from 1 to 3600")):
            code, _, err = run("rekey", *arguments)
            self.assertEqual(code, 2)
            self.assertIn(words, err)


class Why(Case):
    """A host that is asked what it is, and then for probes."""

    WELL = {**with_peers(), "problems": [], "gkm": {"state": "connected", "since_s": 5},
            "guard": {"state": "verified", "uplinks": [{"interface": "eth1", "state": "guarded"}]}}
    WELL["groups"] = [{**WELL["groups"][0], "deaf": False}, *WELL["groups"][1:]]

    @staticmethod
    def probed(encrypted=3, spi=256):
        def seen(out):
            return {"out": out, "watched": True, "sent": 3 if out else 0, "encrypted": encrypted, "clear": 3 & ~encrypted,
                    "crowded": 0, "delivered": 0 if out else 3, "spi": spi}
        reports = [{"host": host, "done": True, "reason": "", "blind": "", "seen": [seen(True), seen(False)], "drops": {}}
                   for host in ("hv1", "hv2")]
        return {"ok": True, "from": "hv1", "to": ["hv2"], "sizes": [100, 200], "added": 110, "reports": reports}

    def why(self, *answers, arguments=("hv2",)):
        with Played(self.path, answers) as host:
            code, out, err = run("--socket", host.path, "--json", "why", *arguments)
        self.requests = host.requests
        self.assertEqual(err, "")
        answer = json.loads(out)
        self.assertEqual(code, 0 if answer["ok"] else 1)
        return answer

    def test_well(self):
        answer = self.why(self.WELL, self.probed())
        self.assertEqual((answer["ok"], answer["from"], answer["to"], answer["first"]), (True, "hv1", "hv2", None))
        states = {step["step"]: step["state"] for step in answer["steps"]}
        self.assertEqual(states, {"device": "unknown", "vtep": "good", "mtu": "good", "guard": "good", "uplinks": "good",
                                  "session": "good", "group": "good", "peer": "good", "mode": "unknown", "sa": "good",
                                  "path": "good", "heard": "good", "hv1 to hv2": "good", "hv2 to hv1": "good"})
        self.assertEqual(self.requests[1], {"command": "probe", "to": ["hv2"], "full": True, "group": "tenants",
                                            "from": "hv1"})
        with Played(self.path, [self.WELL, self.probed()]) as host:
            code, out, _ = run("--socket", host.path, "why", "hv2")
        self.assertEqual(code, 0)
        self.assertIn("From hv1 to hv2:\n", out)
        self.assertRegex(out, r"\n  ok   sa +SA 256 is active for 1d ")
        self.assertIn("Nothing fails.\n", out)

    def test_first_that_fails(self):
        group = self.WELL["groups"][0]
        for change, first, words in (
            ({"problems": ["no interface of this host has its VTEP address 1"]}, "vtep", "no interface"),
            ({"guard": {"state": "off", "uplinks": [{"interface": "e", "state": "guarded"}]}}, "guard", "off: "),
            ({"guard": {"state": "verified", "uplinks": [{"interface": "e", "state": "down"}]}}, "uplinks", "no interface"),
            ({"groups": []}, "group", "covey status` on hv2"),
            ({"groups": [{**group, "state": "refused", "refusal": "no"}]}, "group", "tenants: refused: no"),
            ({"groups": [{**group, "may_send": False}]}, "right", "no right to send in tenants"),
            ({"groups": [{**group, "deaf": True}]}, "heard", "deaf"),
            ({"sas": []}, "sa", "no key to send with in tenants"),
            ({"paths": [{"host": "hv2", "state": "too small", "problem": "p"}]}, "path", "p"),
        ):
            with self.subTest(first, words=words):
                answer = self.why({**self.WELL, **change}, self.probed())
                self.assertEqual((answer["ok"], answer["first"]), (False, first))
                text = next(step["text"] for step in answer["steps"] if step["state"] == "bad")
                self.assertIn(words, text)

    def test_large_mtu(self):
        """Small packets pass, so nothing fails; it is said."""
        answer = self.why({**self.WELL, "vxlan_too_large": [{"device": "vx", "mtu": 1500, "fits": 1400}]}, self.probed())
        mtu = next(step for step in answer["steps"] if step["step"] == "mtu")
        self.assertEqual((answer["ok"], mtu["state"]), (True, "unknown"))
        self.assertIn("ip link set vx mtu 1400", mtu["text"])

    def test_wire(self):
        answer = self.why(self.WELL, self.probed(encrypted=1))
        self.assertEqual((answer["ok"], answer["first"]), (False, "hv1 to hv2"))
        answer = self.why(self.WELL, {**self.probed(), "reports": []})
        self.assertEqual((answer["ok"], answer["first"]), (False, "hv1 to hv2"))
        answer = self.why(self.WELL, {"ok": False, "error": "hv2 has no connection"})
        self.assertEqual((answer["ok"], answer["first"]), (False, "probes"))

    def test_two_others(self):
        answer = self.why(self.WELL, {**self.probed(), "from": "hv2", "to": ["hv3"]}, arguments=("hv2", "hv3"))
        self.assertEqual([step["step"] for step in answer["steps"]], ["hv2 to hv3", "hv3 to hv2"])
        self.assertEqual(self.requests[1], {"command": "probe", "to": ["hv3"], "full": True, "from": "hv2"})

    def test_strange(self):
        for answer in ({"ok": True}, {"ok": True, "groups": [1, {"members": [5, {"identity": "/hv2"}]}], "sas": 4,
                                      "guard": 7, "paths": {"a": 1}, "problems": [3], "vxlan_too_large": "x"}):
            self.assertFalse(self.why(answer, {"ok": True, "reports": 5})["ok"])


class Watch(Case):
    def test_again(self):
        """A daemon that is gone in between is told, and asked again."""
        with Host(self.path, json.dumps(MANAGER).encode() + b"\n") as host:
            code, out, err = run("--socket", host.path, "show", "--gkm", "--gkm-socket", host.path, "-W1", "--count", "1",
                                 "problems")
        self.assertEqual((code, out, err), (0, "No problem is known.\n", ""))
        code, out, err = run("--socket", host.path, "show", "--watch=1", "--count", "2", "problems")
        self.assertEqual((code, out.strip()), (1, ""))
        self.assertEqual(err.count("does not run here"), 2)

    def test_usage(self):
        for arguments, words in ((["--count", "2"], "--count goes with --watch"),
                                 (["--watch=0"], "--watch is a number from 1"),
                                 (["-W1", "--count", "x"], "--count is a number from 1")):
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
