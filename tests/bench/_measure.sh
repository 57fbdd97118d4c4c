# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What floor.sh and paths.sh share: a lab of two hosts, and what one tenant gets to the other.

LAB_HOSTS=2
# shellcheck source=deploy/demo/lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../deploy/demo/lab.sh"

measure_listens() {
	in_ns t2 ss -Hltn 'sport = 5201' | grep -q LISTEN
}

# measure_lab MODE COMMAND...: run the command in a lab of its own, tenants reaching each other.
measure_lab() (
	LAB_MODE=$1
	shift
	lab_new ""
	lab_up
	lab_wait 15 "t1 to reach t2" in_ns t1 ping -c 1 -W 1 "$(lab_tenant 2)"
	"$@"
)

# Mbit/s from t1 to t2 over so many seconds. The first second is the connection's slow start.
measure_throughput() {
	lab_spawn iperf t2 iperf3 -s
	lab_wait 10 "iperf3" measure_listens
	in_ns t1 iperf3 --json -O 1 -t "$1" -c "$(lab_tenant 2)" |
		jq '.end.sum_received.bits_per_second / 1e6 | round'
}

# Round trips of so many pings at light load (every 10 ms), in microseconds: the median and the 99th
# percentile.
measure_latency() {
	in_ns t1 ping -n -i 0.01 -c "$1" "$(lab_tenant 2)" |
		sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | sort -n |
		awk '{v[NR] = $1 * 1000} END {print v[int((NR + 1) / 2)], v[int(NR * 0.99)]}'
}

median() {
	sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

((EUID == 0)) || lab_fail "needs root, for network namespaces"
