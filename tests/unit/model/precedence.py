#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Our host variables are Ansible's: random inventories, read by both, must agree.

precedence.py INVENTORY_DUMP [SEED...]

One file holds many cases, so that Ansible starts once: each case has groups and hosts of its own,
nested and shared at random, with several parents, repeated declarations, priorities and ranges.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

CASES = 100
DEFAULTS = {
    "covey_host_interface": "covey0",
    "covey_fabric_port": "auto",
    "covey_host_port": "veth",
    "covey_cores": "",
    "covey_foreign_vxlan": "warn",
    "covey_weak_guard": "refuse",
    "covey_hugepages": "none",
    "covey_fabric_mtu": 0,
    "covey_sender_id": 0,
    "covey_mark_bit": 30,
    "covey_vxlan_elsewhere": False,
    "covey_path_probes": True,
}


class Case:
    """Groups that form no loop, hosts in some of them, and variables everywhere."""

    def __init__(self, rng, number):
        self.rng = rng
        self.number = number
        count = rng.randint(3, 9)
        # Alphabetical order must not follow the order of nesting.
        self.groups = [f"{rng.choice('abXY')}{number}_{i}" for i in range(count)]
        self.children = {group: set() for group in self.groups}
        for i in range(count):
            for j in range(i + 1, count):
                if rng.random() < 0.3:
                    self.children[self.groups[i]].add(self.groups[j])
        self.hosts = [f"c{number}h{i}" for i in range(rng.randint(1, 6))]

    def name(self, prefix):
        """A fresh interface name, so that no two places set equal values."""
        Case.counter += 1
        return f"{prefix}{Case.counter}"

    def variables(self, share):
        """Each of ours with this probability."""
        rng = self.rng
        choices = {
            "covey_fabric_interface": lambda: self.name("e"),
            "covey_host_interface": lambda: self.name("h"),
            "covey_fabric_port": lambda: rng.choice(["auto", "af_xdp", "af_packet"]),
            "covey_host_port": lambda: rng.choice(["veth", "tap"]),
            "covey_cores": lambda: str(rng.randint(0, 1000)) + ",1",
            "covey_foreign_vxlan": lambda: rng.choice(["warn", "drop", "pass"]),
            "covey_weak_guard": lambda: rng.choice(["refuse", "allow"]),
            "covey_fabric_mtu": lambda: rng.randint(576, 65535),
            "covey_mark_bit": lambda: rng.randint(0, 31),
            "covey_vxlan_elsewhere": lambda: rng.random() < 0.5,
            "covey_path_probes": lambda: rng.random() < 0.5,
            "covey_hugepages": lambda: rng.choice(["none", "auto"]),
            "some_other": lambda: "{{ template }}",
        }
        return {key: make() for key, make in choices.items() if rng.random() < share}

    def own_variables(self):
        """A host's: addresses and SenderIDs are unique, so only it can set them."""
        Case.counter += 1
        n = Case.counter
        variables = self.variables(0.1)
        if self.rng.random() < 0.5:
            variables["covey_sender_id"] = n
        variables["covey_vtep"] = f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
        return variables

    def host_entries(self):
        entries = {}
        for host in self.hosts:
            if self.rng.random() < 0.3:
                key = self.rng.choices([host, host + ":2222", f"[{host}]:2222"], [8, 1, 1])[0]
                entries[key] = self.own_variables() if self.rng.random() < 0.3 else None
        if self.rng.random() < 0.15:
            entries[f"c{self.number}h[0:{len(self.hosts) - 1}]"] = self.variables(0.1)
        return entries

    def body(self, group, depth):
        """One declaration of a group; another one may add to it or change it."""
        rng = self.rng
        parts = []
        if rng.random() < 0.7:
            variables = self.variables(0.5)
            if rng.random() < 0.4:
                variables["ansible_group_priority"] = rng.randint(-2, 12)
            parts.append(("vars", variables))
        if rng.random() < 0.6:
            parts.append(("hosts", self.host_entries()))
        parts.append(
            (
                "children",
                {
                    child: self.body(child, depth + 1) if depth < 4 and rng.random() < 0.4 else None
                    for child in rng.sample(sorted(self.children[group]), len(self.children[group]))
                },
            )
        )
        rng.shuffle(parts)
        return dict(parts)


def generate(rng):
    Case.counter = 0
    top = {}
    below_all = {}
    all_hosts = {}
    tail = []
    for number in range(CASES):
        case = Case(rng, number)
        for group in rng.sample(case.groups, len(case.groups)):
            (below_all if rng.random() < 0.3 else top)[group] = case.body(group, 0)
        for host in case.hosts:
            all_hosts[host] = case.own_variables()
            if rng.random() < 0.2:
                tail.append(host)
    everything = [
        (
            "vars",
            {
                "covey_fabric": "random",
                "covey_gkm": "192.0.2.1",
                "covey_groups": {"g": {"vnis": [1], "members": ["c0h0"]}},
                "covey_fabric_interface": "e0",
                "covey_fabric_port": "auto",
                "covey_host_interface": "h0",
            },
        ),
        ("hosts", all_hosts),
        ("children", below_all),
    ]
    rng.shuffle(everything)
    names = [*top, "all", "ungrouped"]
    top["all"] = dict(everything)
    top["ungrouped"] = {
        "vars": {"covey_cores": "7", "covey_host_interface": "lonely"},
        "hosts": {host: None for host in tail},
    }
    rng.shuffle(names)
    return {name: top[name] for name in names}


def write_yaml(value, stream, indent=0):
    """Block style; lists and scalars as JSON, which is YAML too."""
    for key, item in value.items():
        stream.write(" " * indent + json.dumps(key) + ":")
        if isinstance(item, dict) and item:
            stream.write("\n")
            write_yaml(item, stream, indent + 2)
        else:
            stream.write("\n" if item is None else " " + json.dumps(item) + "\n")


def read_by_ansible(path, directory):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": directory,
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": os.path.join(directory, "ansible.cfg"),
        "ANSIBLE_INVENTORY_ENABLED": "yaml",
    }
    output = subprocess.run(
        ["ansible-inventory", "--list", "-i", path],
        env=environment,
        cwd=directory,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    hosts = {}
    for host, variables in json.loads(output)["_meta"]["hostvars"].items():
        ours = {key: value for key, value in variables.items() if key.startswith("covey_")}
        for key in ("covey_fabric", "covey_gkm", "covey_groups"):
            ours.pop(key)
        hosts[host] = {**DEFAULTS, **ours}
    return hosts


def compare(ansible, covey):
    differences = 0
    for host in sorted(ansible.keys() | covey.keys()):
        theirs, ours = ansible.get(host, {}), covey.get(host, {})
        for key in sorted(theirs.keys() | ours.keys()):
            if theirs.get(key) != ours.get(key):
                differences += 1
                print(f"{host}: {key}: Ansible {theirs.get(key)!r}, covey {ours.get(key)!r}")
    return differences


def run(dump, seed, directory):
    path = os.path.join(directory, f"inventory{seed}.yaml")
    with open(path, "w", encoding="utf-8") as stream:
        write_yaml(generate(random.Random(seed)), stream)
    ansible = read_by_ansible(path, directory)
    covey = json.loads(subprocess.run([dump, path], check=True, stdout=subprocess.PIPE).stdout)
    differences = compare(ansible, covey)
    grouped = sum(host["covey_fabric_interface"] != "e0" for host in ansible.values())
    print(f"seed {seed}: {len(ansible)} hosts, {grouped} with a group's or their own interface")
    if differences and os.environ.get("KEEP"):
        shutil.copy(path, os.environ["KEEP"])
    # A generator that sets nothing would agree about everything.
    return not differences and len(ansible) >= CASES and grouped > len(ansible) // 3


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if not shutil.which("ansible-inventory"):
        print("ansible-inventory is not installed (package ansible-core)")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as directory:
        # An empty configuration, so that the user's own has no say.
        open(os.path.join(directory, "ansible.cfg"), "w", encoding="utf-8").close()
        good = [run(sys.argv[1], int(seed), directory) for seed in sys.argv[2:] or ["1"]]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
