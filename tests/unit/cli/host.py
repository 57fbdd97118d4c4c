#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""covey host: what it does to an inventory's text, and where it leaves it alone.

host.py COVEY EXAMPLE_INVENTORY
"""

import json
import os
import stat
import subprocess
import sys
import unittest

import yaml
from commands import COVEY, EXAMPLE, Case, run

HEAD = """\
# An inventory – with letters that are several bytes: ä€😀
all:
  vars:
    covey_fabric: f
    covey_gkm: 192.0.2.1
    covey_groups:
      g: {vnis: [1], members: [rack]}   # all of them
      few:
        vnis: [2]
        members:
        # the first two
        - hv1   # one
        - "hv2"
"""

# Ways to write the same hosts: the text, and what `host add hv3 10.0.0.3` writes behind what.
LAYOUTS = {
    "block": (HEAD + """\
  children:
    rack:
      hosts:
        # the first
        hv1:
          covey_vtep: 10.0.0.1
          # covey_cores: "2"

        hv2:
          covey_vtep: 10.0.0.2  # at the end
          # belongs to hv2

    other:
      hosts:
        gkm:
""", "          # belongs to hv2\n", """\
        hv3:
          covey_vtep: 10.0.0.3
"""),
    "deep steps": (HEAD + """\
  children:
     rack:
        hosts:
         hv1:
              covey_vtep: 10.0.0.1
         hv2: {covey_vtep: 10.0.0.2}
""", "         hv2: {covey_vtep: 10.0.0.2}\n", """\
         hv3:
              covey_vtep: 10.0.0.3
"""),
    "no last newline": (HEAD + """\
  children:
    rack:
      hosts:
        'hv1': {covey_vtep: 10.0.0.1}
        hv2: {covey_vtep: 10.0.0.2}""", "        hv2: {covey_vtep: 10.0.0.2}", """
        hv3:
          covey_vtep: 10.0.0.3"""),
    "braces": (HEAD + """\
  children:
    rack:
      hosts: {hv1: {covey_vtep: 10.0.0.1}, hv2: {covey_vtep: 10.0.0.2} }  # two
""", ", hv2: {covey_vtep: 10.0.0.2}", ", hv3: {covey_vtep: 10.0.0.3}"),
    "braces over lines": (HEAD + """\
  children: {rack: {hosts: {
    hv1: {covey_vtep: 10.0.0.1},
    hv2: {covey_vtep: 10.0.0.2},
  }}}
""", "    hv2: {covey_vtep: 10.0.0.2}", ", hv3: {covey_vtep: 10.0.0.3}"),
    "carriage returns": ((HEAD + """\
  children:
    rack:
      hosts:
        hv1:
          covey_vtep: 10.0.0.1
        hv2:
          covey_vtep: 10.0.0.2
    other:
""").replace("\n", "\r\n"), "10.0.0.2\r\n", """\
        hv3:\r
          covey_vtep: 10.0.0.3\r
"""),
    "a group twice": (HEAD + """\
  children:
    rack:
rack:
  hosts:
    hv1:
      covey_vtep: 10.0.0.1
    hv2:
      covey_vtep: 10.0.0.2
      note: |
        several
          lines

other:
  vars:
""", "          lines\n\n", """\
    hv3:
      covey_vtep: 10.0.0.3
"""),
}


class Host(Case):
    def host(self, *arguments):
        return run("-i", os.path.join(self.path, "inventory.yaml"), "host", *arguments)

    def put(self, text):
        with open(os.path.join(self.path, "inventory.yaml"), "w", encoding="utf-8", newline="") as stream:
            stream.write(text)

    def text(self):
        with open(os.path.join(self.path, "inventory.yaml"), encoding="utf-8", newline="") as stream:
            return stream.read()

    def change(self, *arguments):
        code, out, err = self.host(*arguments)
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(run("check", os.path.join(self.path, "inventory.yaml"))[0], 0)
        return out

    def refuse(self, *arguments, words, code=1):
        """With these words, and the file stays."""
        before = self.text()
        result, out, err = self.host(*arguments)
        self.assertEqual((result, out), (code, ""))
        self.assertIn(words, err)
        self.assertEqual(self.text(), before)

    def test_layouts(self):
        """Only what was asked for changes, and what undoes it gives each byte back."""
        for name, (text, behind, added) in LAYOUTS.items():
            with self.subTest(name):
                self.put(text)
                self.change("add", "hv3", "10.0.0.3")
                self.assertEqual(self.text(), text.replace(behind, behind + added))
                self.change("remove", "hv3")
                text = text if text.endswith("\n") else text + "\n"
                self.assertEqual(self.text(), text)
                self.change("rename", "hv1", "first-host")
                self.assertNotIn("hv1", yaml.safe_load(self.text())["all"]["vars"]["covey_groups"]["few"]["members"])
                self.assertEqual(self.text().replace("first-host", "hv1"), text)
                self.change("rename", "first-host", "hv1")
                self.assertEqual(self.text(), text)

    def test_remove(self):
        """With what belongs to it, from the lists of members as well; comments above it stay."""
        self.put(LAYOUTS["block"][0])
        self.change("remove", "hv2")
        self.assertEqual(self.text(), LAYOUTS["block"][0].replace('        - "hv2"\n', "").replace("""\
        hv2:
          covey_vtep: 10.0.0.2  # at the end
          # belongs to hv2
""", ""))
        self.change("remove", "gkm")
        self.assertIsNone(yaml.safe_load(self.text())["all"]["children"]["other"]["hosts"])
        self.change("add", "gkm", "--in", "other")
        self.assertEqual(yaml.safe_load(self.text())["all"]["children"]["other"]["hosts"], {"gkm": None})
        self.put(LAYOUTS["braces over lines"][0])
        self.change("remove", "hv1")
        self.assertIn("hosts: {\n    hv2: {covey_vtep: 10.0.0.2},\n  }}}\n", self.text())

    def test_members(self):
        self.put(LAYOUTS["block"][0])
        out = self.change("add", "hv3", "10.0.0.3", "--member", "few")
        self.assertIn('        - "hv2"\n        - hv3\n', self.text())
        self.assertIn("hv3 is a member of g, few\n", out)
        self.put(LAYOUTS["block"][0].replace("members: [rack]", "members: [hv1, 'hv2']"))
        out = self.change("add", "hv3", "10.0.0.3", "--member", "g", "--member", "few")
        self.assertIn("members: [hv1, 'hv2', hv3]}   # all of them\n", self.text())
        self.change("rename", "hv2", "x")
        self.assertIn("members: [hv1, 'x', hv3]}   # all of them\n", self.text())
        self.change("remove", "hv1")
        self.assertIn("members: ['x', hv3]}   # all of them\n", self.text())
        out = self.change("add", "hv4", "10.0.0.4")
        self.assertIn("hv4 is a member of no group yet", out)
        self.refuse("add", "hv5", "10.0.0.5", "--member", "fex", words="no group fex (did you mean few?)")

    def test_words_that_need_quotes(self):
        """YAML takes some names for something else, and an IPv6 address has colons."""
        text = LAYOUTS["braces"][0].replace("10.0.0.", "2001:db8::").replace(": 2001", ': "2001').replace("1}", '1"}')
        self.put(text.replace("2} }", '2"} }'))
        for i, name in enumerate(("on", "12", "1e3", "0x1f")):
            self.change("add", name, f"2001:db8::5{i}")
            self.assertIn(name, yaml.safe_load(self.text())["all"]["children"]["rack"]["hosts"])
        self.change("rename", "hv1", "off")
        self.assertIn("off", yaml.safe_load(self.text())["all"]["vars"]["covey_groups"]["few"]["members"])

    def test_what_is_refused(self):
        self.put(LAYOUTS["block"][0])
        self.refuse("add", "hv2", "10.0.0.3", words="hv2 is in the inventory already, in group rack")
        self.refuse("add", "rack", "10.0.0.3", words="rack is a group")
        self.refuse("add", "hv3", "10.0.0.2", words="is host hv2's already")
        self.refuse("add", "hv3", "10.0.0.2", words="+        hv3:\n+          covey_vtep: 10.0.0.2\n")
        self.refuse("add", "hv3", "--in", "rack", words="has no covey_vtep")
        self.refuse("add", "hv3", "10.0.0.3", "--in", "nowhere", words="no group nowhere")
        self.refuse("rename", "hv1", "hv2", words="hv2 is in the inventory already")
        self.refuse("rename", "hv1", "other", words="other is a group")
        self.refuse("remove", "hv11", words="no host hv11 (did you mean hv1?)")
        self.change("remove", "hv2")
        self.refuse("remove", "hv1", words="the list would be empty. By hand: take out hv1 in lines")
        self.put(HEAD)
        self.refuse("remove", "hv1", words="is no host or group of this inventory")

    def test_what_cannot_be_done_safely(self):
        """Where the text says more than the hosts one sees."""
        text = LAYOUTS["block"][0]
        self.put(text.replace("        gkm:\n", "        x[1:9]:\n"))
        self.refuse("remove", "x4", words="x4 is one of x[1:9]")
        self.refuse("add", "x4", "10.0.0.4", words="x4 is in the inventory already")
        self.put(text.replace("        gkm:\n", "        gkm: &a\n          note: 1\n        x:\n          note: *a\n"))
        self.refuse("remove", "gkm", words="there is an anchor (&) in it, which may be used elsewhere")
        self.put(LAYOUTS["braces over lines"][0].replace("10.0.0.1},", "10.0.0.1},  # one"))
        self.refuse("remove", "hv1", words="there is a comment beside it")
        self.put(LAYOUTS["a group twice"][0].replace("lines\n\nother", "lines\n    hv3: {covey_vtep: 10.0.0.3}\rother"))
        self.refuse("remove", "hv3", words="in a way that cannot be changed safely")
        self.put(text.replace("        gkm:\n", "        ? gkm\n        : note: 1\n"))
        self.refuse("remove", "gkm", words="By hand: take out gkm in line 28")
        self.put(text.replace("        gkm:\n", '        "g\\x6bm":\n'))
        self.refuse("rename", "gkm", "x", words="By hand: write x for gkm in line 28")
        self.put(text.replace("      hosts:\n        gkm:\n", "      hosts: gkm\n"))
        self.refuse("add", "x", "10.0.0.4", "--in", "other", words="what is here is no mapping")
        self.change("rename", "gkm", "manager")
        self.assertIn("      hosts: manager\n", self.text())
        self.put(text.replace("      hosts:\n        gkm:\n", "      vars:\n"))
        self.refuse("add", "x", "10.0.0.4", "--in", "other", words="has no `hosts:` yet. By hand: below `hosts:` of group other")

    def test_file(self):
        """Mode, owner and links stay, nothing is left beside it, and --print writes nothing."""
        self.put(LAYOUTS["block"][0])
        place = os.path.join(self.path, "inventory.yaml")
        os.mkdir(os.path.join(self.path, "real"))
        os.rename(place, os.path.join(self.path, "real/file"))
        os.symlink("real/file", place)
        os.chmod(place, 0o640)
        if os.geteuid() == 0:
            os.chown(place, 12, 34)
        before = os.stat(place)
        out = self.change("add", "hv3", "10.0.0.3", "--print")
        self.assertIn("@@ -24,0 +25,2 @@\n+        hv3:\n+          covey_vtep: 10.0.0.3\n", out)
        self.assertIn("stays as it is", out)
        self.assertEqual(self.text(), LAYOUTS["block"][0])
        self.change("add", "hv3", "10.0.0.3")
        after = os.stat(place)
        self.assertTrue(os.path.islink(place))
        self.assertEqual((stat.S_IMODE(after.st_mode), after.st_uid, after.st_gid), (0o640, before.st_uid, before.st_gid))
        self.assertNotEqual(after.st_ino, before.st_ino)
        self.assertEqual(os.listdir(os.path.join(self.path, "real")), ["file"])

    def test_at_once(self):
        """Several of them: none undoes what another has done."""
        self.put(LAYOUTS["block"][0])
        running = [subprocess.Popen([COVEY, "-i", os.path.join(self.path, "inventory.yaml"), "host", "add", f"n{i}",
                                     f"10.0.1.{i + 1}"], stdout=subprocess.DEVNULL) for i in range(8)]
        self.assertEqual([process.wait() for process in running], [0] * 8)
        hosts = yaml.safe_load(self.text())["all"]["children"]["rack"]["hosts"]
        self.assertEqual(set(hosts), {"hv1", "hv2"} | {f"n{i}" for i in range(8)})
        self.assertEqual(os.listdir(self.path), ["inventory.yaml"])

    def test_next(self):
        """Who must do what is said."""
        self.put(LAYOUTS["block"][0])
        out = self.change("rename", "hv1", "one")
        for words in ("covey pki issue one", "restart covey-host there, with `--name one`", "covey pki revoke hv1"):
            self.assertIn(words, out)
        out = self.change("remove", "one")
        for words in ("covey evict one", "covey pki revoke one", "stop covey-host on one"):
            self.assertIn(words, out)
        code, out, err = run("-i", os.path.join(self.path, "inventory.yaml"), "--json", "host", "add", "hv3", "10.0.0.3")
        answer = json.loads(out)
        self.assertEqual((code, err, answer["ok"], answer["written"], answer["name"]), (0, "", True, True, "hv3"))
        self.assertIn("+        hv3:\n", answer["edit"])
        self.assertIn("hv3 is a member of g", answer["next"])
        self.put(LAYOUTS["block"][0].replace("# one", "# not hv22, hv2-a but hv2."))
        self.assertIn("hv2 is still named in lines 12, 24, in comments", self.change("rename", "hv2", "two"))

    def test_example(self):
        with open(EXAMPLE, encoding="utf-8") as stream:
            text = stream.read()
        self.put(text)
        self.change("add", "hv4", "198.51.100.4", "--in", "rack1", "--member", "feed")
        self.change("remove", "hv4")
        self.change("rename", "hv3", "hv9")
        self.change("rename", "hv9", "hv3")
        self.assertEqual(self.text(), text)

    def test_usage(self):
        self.put(LAYOUTS["block"][0])
        for arguments, words in (
            ([], "add, remove or rename"),
            (["move", "x"], "unknown action move"),
            (["add"], "it is add NAME [ADDRESS]"),
            (["add", "x"], "the address of its VTEP is missing"),
            (["add", "x", "10.0.0.300"], "10.0.0.300 is no IP address"),
            (["add", "x: {", "10.0.0.3"], "is no name for a host"),
            (["add", "-x", "10.0.0.3"], "invalid option"),
            (["rename", "hv1", "hv[1:2]"], "hv[1:2] is no name for a host"),
            (["rename", "hv1"], "it is rename OLD NEW"),
            (["remove", "hv1", "hv2"], "it is remove NAME"),
            (["remove", "hv1", "--in", "rack"], "--in and --member go with add"),
        ):
            self.refuse(*arguments, words=words, code=2)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
