#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""covey deploy, until it would log in to machines: nothing listens at their port.

deploy.py COVEY PLAYBOOK
"""

import os
import subprocess
import sys
import tempfile
import unittest

COVEY, PLAYBOOK = map(os.path.abspath, sys.argv[1:3])
NOBODY = 65534

# Whoever becomes root by this fails.
INVENTORY = """
all:
  vars:
    ansible_become: true
    ansible_become_exe: /bin/false
    covey_fabric: f
    covey_gkm: 127.0.0.1
    covey_groups: {t: {vnis: [1], members: [h]}}
  children:
    h:
      hosts:
        hv1: {ansible_host: 127.0.0.1, ansible_port: 1, covey_vtep: 198.51.100.1}
        hv2: {ansible_host: 127.0.0.1, ansible_port: 1, covey_vtep: 198.51.100.2}
    key_managers:
      hosts:
        gkm1: {ansible_host: 127.0.0.1, ansible_port: 1}
"""


class Deploy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = folder.name
        self.inventory = os.path.join(self.path, "inventory.yaml")
        with open(self.inventory, "w", encoding="utf-8") as file:
            file.write(INVENTORY)
        self.config = os.path.join(self.path, "ansible.cfg")
        with open(self.config, "w", encoding="utf-8"):
            pass
        self.user = {}
        if os.geteuid() == 0:  # who need not become root
            os.chown(self.path, NOBODY, NOBODY)
            self.user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}

    def deploy(self, *options, verb="deploy", inventory=None, pki=None):
        environment = {**os.environ, "HOME": self.path, "ANSIBLE_HOME": os.path.join(self.path, "ansible"),
                       "ANSIBLE_CONFIG": self.config}
        run = subprocess.run([COVEY, "--inventory", inventory or self.inventory, "--pki",
                              pki or os.path.join(self.path, "pki"), verb, "--playbook", PLAYBOOK, *options],
                             capture_output=True, text=True, env=environment, cwd=self.path, check=False, **self.user)
        self.assertEqual(run.returncode, 1, run)
        return run.stdout + run.stderr

    def test_no_root_here(self):
        text = self.deploy()
        self.assertRegex(text, r"\n  this machine +4 changes made\n")
        self.assertRegex(text, r"\n  hv1 +FAILED at \"Look at what is there\": cannot be reached")

    def test_limit(self):
        for limit, unknown in (("hv9", "hv9"), ("!hv9,hv*,rack,h", "hv9, rack")):
            self.assertIn(f"The inventory has no host and no group {unknown}, which --limit names",
                          self.deploy("--limit", limit))
        text = self.deploy("--limit", "!hv2,h,hv*")
        self.assertRegex(text, r"\n  hv1 +FAILED at \"Look at what is there\"")
        self.assertNotIn("hv2: FAILED", text)

    def test_not_over_own_files(self):
        for verb in ("deploy", "plan"):
            for path in ("/etc/covey/pki", "/etc/covey"):
                self.assertIn("name it by --pki\n", self.deploy(verb=verb, pki=path))
        self.assertIn("name it by --inventory\n", self.deploy(inventory="/etc/covey/inventory.yaml"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
