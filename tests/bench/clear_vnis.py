#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a list of VNIs that pass in clear costs: for each packet, and to install it.

    sudo tests/bench/clear_vnis.py [PAIRS [MILLISECONDS]]

A VXLAN device sends small frames through the guard by an uplink that throws them away: it is one end of a
pair whose other end is down. Its VNI passes in
clear, alone or as one of 4,096; the lists come and go in turns, MILLISECONDS (300) for each of PAIRS (30).
Prints the ratio of a packet's time, many / one: the median, and the mean with its standard error; the same
for many / the guard in enforce, where frames go to covey0 and are thrown away there; and how long the
lists took to install. Needs a machine that does nothing else.
"""

import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
BUILD = os.environ.get("COVEY_BUILD") or os.path.join(HERE, "../../build")
SPACE = f"covey-clear-{os.getpid()}"
VNIS = ",".join(str(vni) for vni in range(100, 8292, 2))  # not one interval
SETUP = """
link add d0 type veth peer name d1
address add 10.9.0.1/24 dev d0
link set d0 up
neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev d0
link add covey0 type veth peer name x0
link set covey0 up
link add vx0 type vxlan id 100 remote 10.9.0.2 dev d0 dstport 4789
link set vx0 up
"""
MARK = """table netdev covey_guard_covey0/mark {
    chain device1 {
        type filter hook egress device "vx0" priority 0;
        meta mark set meta mark | 0x40000000
    }
}"""


def inside(*command):
    return ["ip", "netns", "exec", SPACE, *command]


class Guard:
    def __init__(self):
        self.process = subprocess.Popen(inside(f"{BUILD}/tests/unit/host/clear_guard", "d0"),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        assert self.process.stdout.readline() == "ok\n"
        self.ask("steer covey0")

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        lines = [self.process.stdout.readline().strip()]
        while lines[-1] != "ok":
            assert lines[-1][:1].isdigit(), lines
            lines.append(self.process.stdout.readline().strip())
        return lines[0]


def measure(guard, vnis, milliseconds):
    """A packet's nanoseconds, and the microseconds that the installation took."""
    guard.ask(f"clear {vnis} -")
    took = int(guard.ask("time"))
    done = subprocess.run(inside(f"{BUILD}/tests/bench/send-frames", "vx0", str(milliseconds)), check=True,
                          capture_output=True, text=True)
    return float(done.stdout), took


def tell(what, ratios):
    error = statistics.stdev(ratios) / len(ratios) ** .5
    print(f"{what}: {statistics.median(ratios):.3f} (median of {len(ratios)} pairs; mean "
          f"{statistics.mean(ratios):.3f}, its standard error {error:.3f})")


def compare(pairs, milliseconds):
    guard = Guard()
    lists = {"one": "100", "many": VNIS, "none": "-"}
    packets, installs = {name: [] for name in lists}, {name: [] for name in lists}
    for pair in range(pairs):
        for name in list(lists) if pair % 2 else reversed(list(lists)):
            packet, install = measure(guard, lists[name], milliseconds)
            packets[name].append(packet)
            installs[name].append(install)
    for other, text in (("one", "one VNI"), ("none", "enforce")):
        tell(f"a packet with 4,096 VNIs, of that with {text}",
             [many / few for many, few in zip(packets["many"], packets[other])])
    print(f"a packet with one VNI: {statistics.median(packets['one']):.0f} ns")
    print(f"to install 4,096 VNIs: {statistics.median(installs['many']) / 1000:.1f} ms; one: "
          f"{statistics.median(installs['one']) / 1000:.1f} ms")
    guard.process.stdin.close()
    guard.process.wait()


def main():
    pairs, milliseconds = (int(word) for word in (sys.argv[1:] + ["30", "300"][len(sys.argv) - 1:])[:2])
    subprocess.run(["ip", "netns", "add", SPACE], check=True)
    try:
        subprocess.run(["ip", "-n", SPACE, "-batch", "-"], input=SETUP, text=True, check=True)
        subprocess.run(inside("nft", MARK), check=True)
        compare(max(pairs, 2), milliseconds)
    finally:
        subprocess.run(["ip", "netns", "delete", SPACE], check=True)


if __name__ == "__main__":
    main()
