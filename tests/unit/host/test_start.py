#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""How covey-host starts, or says why not, when a capability, a CPU or hugepages are missing, or when the
kernel spoils packets.

    test_start.py COVEY_HOST COVEY OFFLOAD_FAULTS NFT_FAULTS

        d0, the fabric interface  ----------  d1: two ends of a wire

    in a network namespace for each covey-host. /sys is the namespace's own, so that files in it can
    be covered: the machine's hugepages are not touched.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

SKIPPED = 77  # what meson reads as "not run"
INVENTORY = """
all:
  vars:
    covey_fabric: test.example
    covey_gkm: 10.9.0.254
    covey_groups: {g: {vnis: [100], members: [hv1]}}
  hosts:
    hv1: {covey_vtep: 10.9.0.1, covey_fabric_interface: d0, VARIABLES}
"""
HUGEPAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB"
# The kernel seems to have many free hugepages; it gives none of these. /run is the test's own.
COVER = f"""
mount --bind "$0/free" {HUGEPAGES}/free_hugepages && mount --bind "$0/run" /run && exec "$@"
"""


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def preloaded(library):
    """What comes before a command. A build with AddressSanitizer wants to be first otherwise."""
    options = os.environ.get("ASAN_OPTIONS", "")
    return "env", f"LD_PRELOAD={library}", f"ASAN_OPTIONS={options}:verify_asan_link_order=0"


class StartTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def add_space(self, name):
        space = f"covey-start-{os.getpid()}-{name}"
        run("ip", "netns", "add", space)
        self.addCleanup(run, "ip", "netns", "delete", space)
        run("ip", "-n", space, "link", "add", "d0", "type", "veth", "peer", "name", "d1")
        run("ip", "-n", space, "address", "add", "10.9.0.1/24", "dev", "d0")
        run("ip", "-n", space, "link", "set", "d0", "up")
        run("ip", "-n", space, "link", "set", "d1", "up")
        return space

    def write_inventory(self, variables):
        with open(self.path("inventory"), "w", encoding="utf-8") as stream:
            stream.write(INVENTORY.replace("VARIABLES", variables))
        for what in (["init"], ["issue", "--all"]):
            run(COVEY, "-i", self.path("inventory"), "-p", self.path("pki"), "pki", *what)

    def start(self, name, *prefix):
        """In a namespace of its own, below the command prefix."""
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.add_space(name), *prefix, COVEY_HOST,
             "-i", self.path("inventory"), "-p", self.path("pki"), "-n", "hv1",
             "-s", self.path(name + ".sock")],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stderr.close()

    def expect_end(self, process, *words):
        """It ends by itself, and its own line alone says why."""
        _, log = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, log)
        last = log.splitlines()[-1]
        for word in words:
            self.assertIn(word, last)
        self.assertNotIn("Usage", log)
        self.assertNotIn("EAL", log)
        self.assertEqual(log.count("covey-host error"), 1, log)
        return log

    def read_until_forwarding(self, process):
        log = ""
        for line in process.stderr:
            log += line
            if " forwards: " in line:
                return log
        self.fail(f"it ended with {process.wait()}: {log}")

    def expect_need_of(self, capability, fabric_port):
        self.write_inventory(f"covey_fabric_port: {fabric_port}")
        process = self.start("cap", "setpriv", "--bounding-set", f"-{capability}")
        self.expect_end(process, f"has no CAP_{capability.upper()}", "CapabilityBoundingSet=")

    def test_without_net_admin(self):
        self.expect_need_of("net_admin", "auto")

    def test_without_net_raw(self):
        self.expect_need_of("net_raw", "auto")

    def test_without_sys_admin(self):
        self.expect_need_of("sys_admin", "af_xdp")

    def test_cpu(self):
        self.write_inventory('covey_cores: "0,1023"')
        self.expect_end(self.start("cpu"), "covey_cores of hv1 names CPU 1023", "inventory")

    def cover(self):
        with open(self.path("free"), "w", encoding="utf-8") as stream:
            stream.write("4096\n")
        os.mkdir(self.path("run"))
        return ["sh", "-c", COVER, self.directory.name]

    @unittest.skipUnless(os.path.exists(HUGEPAGES), "a kernel without hugepages of 2 MiB")
    def test_free_hugepages_are_not_taken(self):
        self.write_inventory("covey_fabric_port: af_packet")
        log = self.read_until_forwarding(self.start("default", *self.cover()))
        self.assertNotIn("hugepages", log)

    @unittest.skipUnless(os.path.exists(HUGEPAGES), "a kernel without hugepages of 2 MiB")
    def test_several_start_at_once_without(self):
        self.write_inventory("covey_fabric_port: af_packet, covey_hugepages: auto")
        cover = self.cover()
        for process in [self.start(f"once{i}", *cover) for i in range(3)]:
            log = self.read_until_forwarding(process)
            self.assertIn("no hugepages are used: 8192 MiB are free, but DPDK cannot get", log)

    def test_kernel_port_without_net_admin(self):
        self.expect_need_of("net_admin", "kernel")

    def test_covey0_of_others(self):
        self.write_inventory("covey_fabric_port: kernel")
        for name, command in (("veth", "ip link add covey0 type veth peer name other"),
                              ("user", "ip tuntap add covey0 mode tap user nobody multi_queue vnet_hdr")):
            process = self.start(name, "sh", "-c", command + ' && exec "$@"', "sh")
            self.expect_end(process, "interface covey0 exists and is not the TAP device",
                            "ip link delete covey0", "covey_host_interface")

    def test_covey0_of_a_bump(self):
        """An inventory that names no covey_fabric_port meant a bump in the wire once."""
        self.write_inventory("covey_hugepages: none")
        pair = "ip link add covey0 type veth peer name"
        for name, command, words in (
                ("pair", f"{pair} covey0p", "covey0 is of a bump in the wire"),
                ("address", f"{pair} other && ip address add 10.9.0.1/24 dev covey0",
                 "covey0 has the VTEP address")):
            process = self.start(name, "sh", "-c", command + ' && exec "$@"', "sh")
            self.expect_end(process, words, "covey_fabric_port: auto", "ip link delete covey0")

    def test_without_tun(self):
        self.write_inventory("covey_fabric_port: kernel")
        process = self.start("tun", "sh", "-c", 'mount -t tmpfs none /dev/net && exec "$@"', "sh")
        self.expect_end(process, "/dev/net/tun: No such file or directory", "module tun", "container")

    def test_kernel_without_egress_hook(self):
        self.write_inventory("covey_fabric_port: kernel")
        process = self.start("egress", *preloaded(NFT_FAULTS), "NFT_FAULT=no-egress")
        self.expect_end(process, "no egress hooks", "Linux 5.16", "covey_fabric_port")

    def offloads(self, name):
        """Of both ports, as `covey show ports` has them."""
        answer = run(COVEY, "-s", self.path(name + ".sock"), "--json", "show", "ports")
        return {port["role"]: port["offload"] for port in json.loads(answer)["ports"]}

    def test_offload_passes_its_test(self):
        self.write_inventory("covey_fabric_port: kernel")
        log = self.read_until_forwarding(self.start("good"))
        self.assertNotIn("self-test", log)
        offloads = self.offloads("good")
        self.assertEqual(offloads["fabric"], "UDP_SEGMENT and UDP_GRO")
        self.assertNotIn("self-test", offloads["host"])

    def test_kernel_that_spoils_packets(self):
        self.write_inventory("covey_fabric_port: kernel")
        log = self.read_until_forwarding(self.start("bad", *preloaded(OFFLOAD_FAULTS)))
        warnings = [line for line in log.splitlines() if "this kernel spoils packets" in line]
        self.assertEqual(len(warnings), 1, log)
        for word in ("UDP_SEGMENT", "was changed", "Update the kernel", "covey_offload: off"):
            self.assertIn(word, warnings[0])
        offloads = self.offloads("bad")
        self.assertEqual(offloads["fabric"], "off (failed the self-test)")
        self.assertNotIn("self-test", offloads["host"])

    def test_self_test_that_cannot_run(self):
        """The kernel is taken to be good. Log and ports say that this is not known, and why."""
        self.write_inventory("covey_fabric_port: kernel")
        process = self.start("untested", "setpriv", "--bounding-set", "-sys_admin")
        log = self.read_until_forwarding(process)
        why = "no network namespace of its own: Operation not permitted (it needs CAP_SYS_ADMIN"
        for port in "fabric", "host":
            lines = [line for line in log.splitlines() if f"offload of the {port} port" in line]
            self.assertEqual(len(lines), 1, log)
            for word in (why, "used all the same", "covey_offload: off"):
                self.assertIn(word, lines[0])
        tested = self.start("tested")
        self.read_until_forwarding(tested)
        offloads, known = self.offloads("untested"), self.offloads("tested")
        for role in offloads:
            words = f" (untested: the self-test could not run: {why}"
            self.assertEqual(offloads[role][:len(known[role] + words)], known[role] + words)

    def test_self_test_is_left_out(self):
        self.write_inventory("covey_fabric_port: kernel, covey_offload: off")
        log = self.read_until_forwarding(self.start("off", *preloaded(OFFLOAD_FAULTS)))
        self.assertNotIn("self-test", log)
        self.assertEqual(self.offloads("off"),
                         {"fabric": "off", "host": "none (covey_offload: off)"})

    def start_old(self, version):
        """On a kernel as old as that."""
        log = self.read_until_forwarding(
            self.start(version, *preloaded(OLD_KERNEL), "OLD_KERNEL=" + version))
        self.assertNotIn("self-test", log)
        return self.offloads(version)

    def test_kernels_without_tunnel_offload(self):
        """Super-frames come through a veth pair beside covey0. Without UDP GSO for the way in, covey0
        is one end of such a pair."""
        self.write_inventory("covey_fabric_port: kernel")
        for version, host in (("6.16", "packet sockets, UDP GSO"), ("6.1", "none")):
            with self.subTest(version):
                self.assertEqual(self.start_old(version), {
                    "fabric": "UDP_SEGMENT and UDP_GRO",
                    "host": host + " (no tunnel GSO in this kernel)"})

    def test_tap_without_offload(self):
        self.write_inventory("covey_fabric_port: kernel, covey_host_port: tap")
        self.assertEqual(self.start_old("6.1")["host"], "none (no tunnel GSO in this kernel)")


if __name__ == "__main__":
    COVEY_HOST, COVEY, OFFLOAD_FAULTS, NFT_FAULTS, OLD_KERNEL = sys.argv[1:6]
    if os.geteuid() != 0:
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1], verbosity=2)
