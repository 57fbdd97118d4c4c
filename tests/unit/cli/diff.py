#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""covey diff: the example inventory against a host and a key manager that this test plays.

diff.py COVEY EXAMPLE_INVENTORY
"""

import copy
import json
import sys
import unittest

from commands import EXAMPLE, Case, run

VNIS = [100, *range(200, 220)]


def member(name, number, **more):
    return {"identity": f"spiffe://fabric.example/host/{name}", "vtep": f"198.51.100.{number}", "may_send": True, **more}


HOST = {
    "ok": True, "daemon": "covey-host", "host": "hv1", "gkm": {"address": "192.0.2.10", "port": 4798},
    "groups": [
        {"name": "tenants", "sender_id": 1, "may_send": True, "may_receive": True, "vnis": VNIS},
        {"name": "feed", "sender_id": 1, "may_send": True, "may_receive": False, "vnis": [300]},
    ],
}
MANAGER = {
    "ok": True, "daemon": "covey-gkm", "fabric": "fabric.example", "address": "192.0.2.10", "port": 4798,
    "groups": [
        {"name": "tenants", "members": [member("hv1", 1), member("hv2", 2), member("hv3", 3)]},
        {"name": "feed", "members": [member("hv1", 1), member("hv3", 3, may_send=False)]},
    ],
}


class Diff(Case):
    def diff(self, answer, option="--socket"):
        code, out, err = self.ask(answer, "--json", "diff", EXAMPLE, option=option)
        self.assertEqual(err, "")
        answer = json.loads(out)
        self.assertEqual((code == 0, answer["ok"]), (answer["same"], True))
        self.assertEqual(answer["same"], not answer["differences"])
        return answer["differences"]

    def expect(self, answer, change, words, option):
        changed = copy.deepcopy(answer)
        change(changed)
        differences = self.diff(changed, option)
        self.assertEqual(len(differences), 1, differences)
        self.assertIn(words, differences[0])

    def test_same(self):
        self.assertEqual(self.diff(HOST), [])
        self.assertEqual(self.diff(MANAGER, "--gkm-socket"), [])
        code, out, _ = self.ask(HOST, "-i", EXAMPLE, "diff")
        self.assertEqual((code, out), (0, f"covey-host runs what {EXAMPLE} says.\n"))
        # A group that is about to be joined knows nothing yet.
        joining = {**HOST, "groups": [HOST["groups"][0], {"name": "feed", "state": "joining", "sender_id": 0, "vnis": []}]}
        self.assertEqual(self.diff(joining), [])

    def test_host(self):
        for change, words in (
            (lambda a: a["gkm"].update(port=5), "the inventory has 192.0.2.10 port 4798, what runs has 192.0.2.10 port 5"),
            (lambda a: a["groups"].pop(), "group feed: the inventory has this host in it, and it has not joined"),
            (lambda a: a["groups"].append({"name": "other"}), "group other: this host is in it, and by the inventory"),
            (lambda a: a["groups"][0].update(vnis=[100, 200]),
             "group tenants: the inventory has VNIs 100, 200-219, what runs has 100, 200"),
            (lambda a: a["groups"][0].update(may_send=False), "this host may send, and by what runs it may not"),
            (lambda a: a["groups"][1].update(may_receive=True), "this host may not receive, and by what runs it may"),
            (lambda a: a.update(host="hv9"), "host hv9 runs, and is not in the inventory"),
        ):
            self.expect(HOST, change, words, "--socket")

    def test_key_manager(self):
        for change, words in (
            (lambda a: a.update(fabric="x"), "the inventory is of fabric.example, what runs is of x"),
            (lambda a: a["groups"].pop(), "group feed: the inventory has it, what runs has not"),
            (lambda a: a["groups"].append({"name": "other"}), "group other: what runs has it, the inventory has not"),
            (lambda a: a["groups"][0]["members"].pop(), "the inventory has hv3 in it, what runs has not"),
            (lambda a: a["groups"][0]["members"].append(member("hv4", 4)), "what runs has hv4 in it, the inventory has not"),
            (lambda a: a["groups"][0]["members"][0].update(vtep="1.2.3.4"),
             "host hv1: the inventory has VTEP 198.51.100.1, what runs has 1.2.3.4"),
            (lambda a: a["groups"][0]["members"][0].update(may_send=False),
             "by the inventory hv1 may send, and by what runs it may not"),
        ):
            self.expect(MANAGER, change, words, "--gkm-socket")

    def test_strange(self):
        for answer in ({"ok": True}, {"ok": True, "host": 5}, {"ok": True, "host": "hv1", "groups": [1, {"vnis": "x"}]}):
            for option in ("--socket", "--gkm-socket"):
                self.assertEqual(self.ask(answer, "diff", EXAMPLE, option=option)[0], 1)

    def test_nobody_to_ask(self):
        code, out, err = run("-s", self.path + "/none", "diff", EXAMPLE)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("covey diff: covey-host does not run here", err)
        code, out, err = run("-s", self.path + "/none", "diff", self.write("all:\n"))
        self.assertEqual((code, out), (1, ""))
        self.assertIn("inventory.yaml:", err)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
