#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""covey capture, with a covey-host that this test plays.

capture.py COVEY EXAMPLE_INVENTORY
"""

import os
import struct
import sys
import unittest

from commands import SHOWN, Case, run
from show import Played

PLACE = {"ok": True, "id": 7, "interfaces": ["no-such-link"], "fabric_driver": "kernel", "vpe_port": 4798,
         "vpe_protocol": 253, "vxlan_port": 4789, "vtep": "198.51.100.1", "source_mac": ""}
# Ethernet, IPv4 and VXLAN of VNI 100, without an inner frame.
FRAME = bytes.fromhex("020000000002" "020000000001" "0800" "4500002400004000" "4011" "0000" "c6336401" "c6336402"
                      "c00012b500100000" "0800000000006400")
DROPPED = {"ns": 1_700_000_000_000_000_001, "reason": "out-source", "len": 600, "bytes": FRAME.hex()}


def blocks(data):
    """The types of pcapng's blocks, each as long as both of its ends say."""
    while data:
        kind, length = struct.unpack_from("=II", data)
        assert struct.unpack_from("=I", data, length - 4)[0] == length
        yield kind
        data = data[length:]


class Capture(Case):
    def capture(self, answers, *arguments):
        with Played(self.path, [SHOWN, *answers]) as host:
            code, out, err = run("--socket", host.path, "capture", *arguments)
        return code, out, err, host.requests

    def test_blind(self):
        """Where nothing can be seen, the command says why, and does not wait."""
        for driver, names, words in (("net_af_xdp", ["lo"], "AF_XDP has the network card"),
                                     ("net_mlx5", [], "has no interface of the kernel there"),
                                     ("kernel", ["no-such-link"], "no-such-link")):
            code, out, err, _ = self.capture([{**PLACE, "fabric_driver": driver, "interfaces": names}],
                                             "outside", "--for", "10m")
            self.assertEqual((code, out), (1, ""))
            self.assertIn(words, err)

    def test_drops(self):
        """It takes as many as it was asked for, and tells covey-host that it has ended."""
        path = os.path.join(self.path, "drops.pcapng")
        more = {"ok": True, "packets": [DROPPED, DROPPED], "missed": 4, "more": True}
        code, out, err, requests = self.capture([PLACE, more], "-w", path, "--count", "3", "--for", "10m")
        self.assertEqual((code, out), (0, ""))
        self.assertIn("3 packets, 4 missed", err)
        self.assertEqual([request["command"] for request in requests], ["show"] + 4 * ["capture"])
        self.assertEqual([(request["id"], request["end"]) for request in requests[2:]],
                         [(7, False), (7, False), (7, True)])
        with open(path, "rb") as file:
            data = file.read()
        self.assertEqual(list(blocks(data)), [0x0a0d0d0a, 1, 6, 6, 6, 5])
        self.assertEqual(data.count(b"dropped: out-source ("), 3)
        self.assertEqual(data.count(FRAME), 3)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)

    def test_lines(self):
        last = {"ok": True, "packets": [DROPPED], "missed": 0, "more": False}
        code, out, _, _ = self.capture([PLACE, last], "drops", "--count", "1")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"^[0-9:.]+ covey-host: dropped: out-source \(.*\); VNI 100 .* to .*, 600 bytes\n$")

    def test_refused(self):
        code, out, err, requests = self.capture([{"ok": False, "error": "only root may"}], "drops")
        self.assertEqual((code, out, err), (1, "", "covey capture: only root may\n"))
        self.assertEqual(len(requests), 2)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
