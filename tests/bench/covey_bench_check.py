#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Run every figure of covey-bench in its shortest form, and give it bad input.

    covey_bench_check.py COVEY-BENCH SECGW-STAND-IN

Figures are not judged, but for what does not depend on the machine: which lines there are, what
stands in them, and what replay windows lose.
"""

import json
import os
import subprocess
import sys
import tempfile

BENCH = sys.argv[1]
STAND_IN = sys.argv[2]
ALL = {"raw", "cipher-many", "vpe", "esp-simple", "esp-parallel", "rte-ipsec"}
FIELDS = {
    "figure", "dataplane", "direction", "size", "cores", "senders", "windows", "headroom",
    "segments", "packets", "ns_per_packet", "gbit_s", "raw_ns_per_packet",
}
REORDER_FIELDS = {"replay_window", "depth", "lost"}
GATEWAY_FIELDS = {"generator_idle", "starved"}
THROUGHPUT_FIELDS = {"burst"}
SENDERS_FIELDS = {"key_scope"}
BOTH = {"encrypt", "decrypt"}
SHORT = ["--seconds", "0.002"]


def check(good, what):
    if not good:
        sys.exit(f"covey_bench_check: {what}")


def bench(*arguments, cpu=None, **environment):
    command = ["taskset", "-c", str(cpu)] if cpu is not None else []
    return subprocess.run(command + [BENCH, *arguments], capture_output=True, text=True,
                          env=os.environ | environment)


def rows_of(figure, *arguments, fields=frozenset(), cpu=None):
    """The lines of a figure, each checked by itself; and what it said beside them."""
    ran = bench(figure, "--json", *SHORT, *arguments, cpu=cpu)
    check(ran.returncode == 0, f"{figure} {arguments}: {ran.stderr}")
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    check(rows, f"{figure} says nothing")
    for row in rows:
        check(set(row) == FIELDS | fields, f"{figure} has the fields {sorted(row)}")
        check(row["packets"] > 0 and row["ns_per_packet"] > 0, f"nothing was measured: {row}")
        bits = row["ns_per_packet"] * row["gbit_s"]
        # Both are rounded, and so is the mean size of a mix.
        check(abs(bits - row["size"] * 8) < 0.01 * bits + 8, f"Gbit/s and ns disagree: {row}")
        if row["dataplane"] == "raw":
            check(row["raw_ns_per_packet"] == row["ns_per_packet"], f"raw is not raw: {row}")
    return rows, ran.stderr


def values(rows, *keys):
    return {tuple(row[key] for key in keys) for row in rows}


def product(first, *others):
    tuples = {(value,) for value in first}
    for other in others:
        tuples = {head + (value,) for head in tuples for value in other}
    return tuples


def check_throughput():
    rows, _ = rows_of("throughput", fields=THROUGHPUT_FIELDS)
    sizes = {64, 92, 128, 256, 512, 1024, 1400, 4096, 8000}
    plain = [row for row in rows if row["figure"] == "throughput"]
    mix = [row for row in rows if row["figure"] == "imix"]
    check(values(plain, "dataplane", "direction", "size") == product(ALL, BOTH, sizes),
          "throughput lacks dataplanes, directions or sizes")
    check(values(mix, "dataplane", "direction") == product(ALL, BOTH), "the mix is not whole")
    check(len(rows) == len(ALL) * 2 * (len(sizes) + 1), "throughput has lines twice")
    rows, _ = rows_of("throughput", "--dataplane", "raw,vpe", "--direction", "decrypt",
                      "--size", "92,300-302", "--cipher", "aes-128-gcm", "--paths", "4",
                      fields=THROUGHPUT_FIELDS)
    check(values(rows, "dataplane", "direction", "size")
          == product({"raw", "vpe"}, {"decrypt"}, {92, 300, 301, 302}), "options do not choose")
    check({row["windows"] for row in rows if row["dataplane"] == "vpe"} == {4},
          "4 paths are not 4 windows")
    rows, _ = rows_of("throughput", "--dataplane", "vpe", "--size", "64", fields=THROUGHPUT_FIELDS)
    check({row["raw_ns_per_packet"] for row in rows} == {None}, "raw was not measured, and is told")


def check_burst():
    # 5 is no divisor of the packets' number: the last burst is shorter.
    for arguments, burst in (((), 32), (("--burst", "1"), 1), (("--burst", "5"), 5)):
        rows, _ = rows_of("throughput", "--size", "92", *arguments, fields=THROUGHPUT_FIELDS)
        check(values(rows, "dataplane", "direction", "burst") == product(ALL, BOTH, {burst}),
              f"bursts of {burst} are not whole")
    ran = bench("throughput", "--size", "92", "--burst", "1", *SHORT)
    check("bursts of 1" in ran.stdout, "the table does not name its bursts")


def check_cores():
    cpus = sorted(os.sched_getaffinity(0))
    counts = set(range(1, min(len(cpus), 16) + 1))
    rows, said = rows_of("cores", "--size", "92", fields={"one_core_ns_per_packet"})
    for row in rows:
        check(row["cores"] > 1 or row["one_core_ns_per_packet"] == row["ns_per_packet"],
              f"one core is not one core: {row}")
    for dataplane in ALL:
        wanted = {1} if dataplane == "esp-simple" else counts
        found = {row["cores"] for row in rows if row["dataplane"] == dataplane}
        check(found == wanted, f"cores: {dataplane} ran on {found}")
    check(("no second core" in said) == (len(cpus) == 1), f"cores said: {said}")
    rows, said = rows_of("cores", "--size", "92", cpu=cpus[0], fields={"one_core_ns_per_packet"})
    check({row["cores"] for row in rows} == {1} and "no second core" in said,
          f"on one CPU, cores said: {said}")
    rows, said = rows_of("cores", "--size", "92", "--cores", "2", cpu=cpus[0],
                         fields={"one_core_ns_per_packet"})
    check("2 cores wanted" in said, f"with too few CPUs, cores said: {said}")


def check_size_and_headroom():
    rows, _ = rows_of("size", "--size", "64-80,2048")
    check(values(rows, "dataplane", "direction", "size")
          == product(ALL, {"encrypt"}, {*range(64, 81), 2048}), "size is not whole")
    rows, said = rows_of("headroom", "--size", "1400", "--direction", "both")
    check(values(rows, "dataplane", "direction", "headroom", "segments")
          >= product(ALL, BOTH, range(65), {1}), "headroom is not whole")
    split = [row for row in rows if row["segments"] == 2]
    # What does not take packets of two segments is not measured with them, and named.
    carry = {name for name in ALL if f"left out with two segments: {name} " not in said}
    check(carry == ALL, f"headroom left out too many: {said}")
    check(values(split, "dataplane", "direction", "headroom") == product(carry, BOTH, range(65)),
          "headroom in two segments is not whole")


def check_senders():
    check_senders_of("sender")
    check_senders_of("group", "--key-scope", "group")


def check_senders_of(scope, *arguments):
    rows, _ = rows_of("senders", *arguments, fields=SENDERS_FIELDS)
    check({row["key_scope"] for row in rows} == {scope}, f"{scope}'s key is not that")
    vpe = [row for row in rows if row["dataplane"] == "vpe"]
    check({row["senders"] for row in vpe} == {1, 16, 64, 256, 1024, 4096, 16384, 65535},
          "senders are missing")
    for row in vpe:
        check(row["windows"] in (row["senders"], 8 * row["senders"]), f"windows of {row}")
    check(values(rows, "dataplane") == {("raw",), ("vpe",)}, "senders is of raw and vpe")


def check_groups():
    rows, _ = rows_of("groups", "--size", "92", fields={"one_vni_ns_per_packet"})
    loads = {"1-vni", "1-of-4096-vnis", "16-vnis", "4096-vnis", "groups-by-burst", "groups-at-random"}
    check(values(rows, "dataplane", "direction") == product(loads, BOTH), "groups is not whole")
    for row in rows:
        check(row["dataplane"] != "1-vni" or row["one_vni_ns_per_packet"] == row["ns_per_packet"],
              f"one VNI is not one VNI: {row}")
    ran = bench("groups", "--size", "92", *SHORT)
    check("times of one VNI" in ran.stdout and "1.000x" in ran.stdout, "groups has no ratios")


def check_reorder():
    rows, _ = rows_of("reorder", fields=REORDER_FIELDS)
    check(values(rows, "dataplane", "replay_window", "depth")
          == product(ALL - {"raw", "cipher-many"}, {64, 256, 1024, 4096}, {0, 64, 256, 1024, 4096, 16384}),
          "reorder is not whole")
    for row in rows:
        if row["dataplane"] == "vpe":
            check(row["lost"] == 0 and row["windows"] == 8, f"VPE loses: {row}")
        elif row["depth"] == 0:
            check(row["lost"] == 0, f"lost in order: {row}")
        elif row["depth"] >= 4 * row["replay_window"]:
            # All but the highest class come too late, or nearly all.
            check(row["lost"] > row["packets"] / 2, f"ESP loses nothing: {row}")
        elif row["dataplane"] != "rte-ipsec" and row["depth"] < row["replay_window"]:
            check(row["lost"] == 0, f"lost inside the window: {row}")


def check_multicast():
    rows, _ = rows_of("multicast", "--size", "92", fields={"receivers"})
    check(values(rows, "dataplane", "receivers")
          == product(ALL - {"esp-parallel", "cipher-many"}, {2, 8, 32}), "multicast is not whole")
    time = {(row["dataplane"], row["receivers"]): row["ns_per_packet"] for row in rows}
    check(time["esp-simple", 32] > 4 * time["esp-simple", 2], "32 tunnels cost as 2 do")
    check(time["vpe", 32] < 4 * time["vpe", 2], "VPE costs more for more receivers")


def check_gateway():
    sizes = ("--size", "92,1400")
    cpus = sorted(os.sched_getaffinity(0))
    rows, said = rows_of("gateway", *sizes, "--secgw", STAND_IN, fields=GATEWAY_FIELDS)
    check(values(rows, "dataplane", "direction", "size")
          == product({"vpe", "ipsec-secgw"}, BOTH, {92, 1400}), "gateway is not whole")
    check({row["windows"] for row in rows if row["dataplane"] == "vpe"} == {16},
          "gateway's VPE has other windows than asked for")
    check(("no second core" in said) == (len(cpus) == 1), f"gateway said: {said}")
    rows, said = rows_of("gateway", "--size", "64,8000", "--direction", "decrypt",
                         "--cipher", "aes-128-gcm", "--paths", "4", fields=GATEWAY_FIELDS,
                         cpu=cpus[-1])
    check(values(rows, "dataplane", "direction", "size", "windows")
          == {("vpe", "decrypt", 64, 4), ("vpe", "decrypt", 8000, 4)},
          "options do not choose the gateway")
    check("no second core" in said, f"on one CPU, gateway said: {said}")
    least = rows[0]["packets"]
    rows, _ = rows_of("gateway", "--size", "64", "--direction", "decrypt", "--cipher",
                      "aes-128-gcm", "--paths", "4", "--seconds", "3", fields=GATEWAY_FIELDS,
                      cpu=cpus[-1])
    check(rows[0]["packets"] > least, f"the gateway takes no more time when told to: {rows}")
    ran = bench("gateway", *sizes, *SHORT, "--secgw", STAND_IN)
    check("vpe/secgw" in ran.stdout and "generator idle" in ran.stdout, "gateway's table is bare")
    for fault, complaint in (("clear", "left packets in clear"), ("lossy", "ipsec-secgw lost ")):
        ran = bench("gateway", *sizes, *SHORT, "--dataplane", "raw", "--secgw", STAND_IN,
                    "--direction", "encrypt", SECGW_STAND_IN=fault)
        check(ran.returncode == 1 and complaint in ran.stderr, f"{fault}: {ran.stderr}")


# Without a NIC in memory: two devices that DPDK makes itself. Nothing comes from the null device
# that is VXLAN, so there is nothing to tell.
def check_gateway_devices():
    cpu = min(os.sched_getaffinity(0))
    eal = ["--no-huge", "--no-pci", "--no-shconf", "--no-telemetry", "-m", "128",
           f"--file-prefix=covey-bench-check-{os.getpid()}", f"--lcores=0@{cpu},1@{cpu}"]
    ran = bench("gateway", *SHORT, "--", *eal, "--vdev", "net_null0", "--vdev=net_null1")
    check("no packet came" in ran.stderr, f"devices: {ran.stderr}")
    ran = bench("gateway", *SHORT, "--", *eal, "--vdev", "net_null0")
    check("two ports are needed" in ran.stderr, f"one device: {ran.stderr}")
    ran = bench("gateway", *SHORT, "--", *eal, "--vdev", "net_none0", "--vdev", "net_none1")
    check("does not accept the device" in ran.stderr, f"unknown device: {ran.stderr}")
    ran = bench("gateway", *SHORT, "--", "--what")
    check("DPDK does not start" in ran.stderr, f"unknown argument: {ran.stderr}")


def check_table_and_plot():
    with tempfile.TemporaryDirectory() as folder:
        plot = os.path.join(folder, "it's.png")
        ran = bench("throughput", "--size", "64,92", "--plot", plot, "--progress", *SHORT)
        check(ran.returncode == 0, f"plot: {ran.stderr}")
        check("aes-256-gcm by ipsec-mb" in ran.stdout, "the table does not name its cipher")
        check("vpe/raw" in ran.stdout and "vpe/rte" in ran.stdout, "the table has no ratios")
        check("throughput, decrypt: size 92" in ran.stderr, "no progress is told")
        with open(plot, "rb") as file:
            check(file.read(8) == b"\x89PNG\r\n\x1a\n", "the plot is no PNG")
        plot = os.path.join(folder, "plot.svg")
        ran = bench("reorder", "--replay-window", "64", "--plot", plot)
        with open(plot, encoding="utf-8") as file:
            check("<svg" in file.read(), "the plot is no SVG")
        check("\r" not in ran.stderr, "progress is told to what is no terminal")


BAD = {
    (): "which figure",
    ("speed",): "no figure is called 'speed'",
    ("throughput", "size"): "one figure",
    ("throughput", "--dataplane", "ipsec"): "no dataplane is called 'ipsec'",
    ("throughput", "--dataplane", ""): "no dataplane is called ''",
    ("throughput", "--size", "0"): "64 to 9000",
    ("throughput", "--size", "63"): "64 to 9000",
    ("throughput", "--size", "9001"): "64 to 9000",
    ("throughput", "--size", "-64"): "64 to 9000",
    ("throughput", "--size", "100-99"): "not '99'",
    ("throughput", "--size", "64,,65"): "not ''",
    ("throughput", "--size", "64-9000,64-9000"): "at most",
    ("throughput", "--seconds", "0"): "--seconds takes",
    ("throughput", "--seconds", "nan"): "--seconds takes",
    ("throughput", "--seconds", "1e9"): "--seconds takes",
    ("throughput", "--direction", "sideways"): "--direction takes",
    ("throughput", "--cipher", "rot13"): "--cipher takes",
    ("throughput", "--paths", "0"): "--paths takes",
    ("throughput", "--replay-window", "100"): "power of two",
    ("throughput", "--burst", "0"): "--burst takes 1 to 32",
    ("throughput", "--burst", "33"): "--burst takes 1 to 32",
    ("size", "--burst", "1"): "size takes no --burst",
    ("senders", "--key-scope", "both"): "--key-scope takes sender or group",
    ("cores", "--key-scope", "group"): "cores takes no --key-scope",
    ("cores", "--cores", "0"): "--cores takes",
    ("cores", "--cores", "17"): "--cores takes",
    ("size", "--plot", "plot.pdf"): "--plot takes",
    ("size", "--plot", ".png"): "--plot takes",
    ("reorder", "--direction", "encrypt"): "one direction: decrypt",
    ("multicast", "--direction", "both"): "one direction: encrypt",
    ("gateway", "--secgw", "/nowhere"): "No such file",
    ("gateway", "--secgw", "/bin/false"): "ipsec-secgw ended",
    ("gateway", "--dataplane", "raw"): "a figure of vpe",
    ("throughput", "--", "--no-huge"): "no arguments for EAL",
    ("--", "gateway"): "which figure",
    ("senders", "--dataplane", "raw"): "a figure of vpe",
    ("groups", "--dataplane", "raw"): "a figure of vpe",
}


def check_bad_input():
    for arguments, complaint in BAD.items():
        ran = bench(*arguments)
        check(ran.returncode not in (0, -11, -6), f"{arguments} is taken: {ran.returncode}")
        check(complaint in ran.stderr, f"{arguments} says: {ran.stderr}")
        check("ns a packet" not in ran.stdout, f"{arguments} measures: {ran.stdout}")


check_throughput()
check_cores()
check_reorder()
if os.environ.get("COVEY_TEST_SHALLOW"):
    # The rest is the same dataplanes with other numbers, and what the bench itself reads and writes.
    print("note: shallow: covey-bench measures throughput, cores and reorder alone")
    sys.exit(0)
check_bad_input()
check_burst()
check_size_and_headroom()
check_senders()
check_groups()
check_multicast()
check_gateway()
check_gateway_devices()
check_table_and_plot()
