#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The floor of speed: iperf3 between two tenants through covey, and through dpdk-testpmd as a bare
# bump between the same two ports in the same namespaces, in turns.
#
#   sudo tests/bench/floor.sh [ROUNDS [SECONDS]]
#
# Prints every figure, both medians and their ratio; fails below 80 %. Needs a machine that does
# nothing else.

set -euo pipefail

HERE=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
LAB_HOSTS=2
# shellcheck source=deploy/demo/lab.sh
. "$HERE/../../deploy/demo/lab.sh"

ROUNDS=${1:-5}
SECONDS_EACH=${2:-5}
FLOOR_PERCENT=80

listens() {
	in_ns t2 ss -Hltn 'sport = 5201' | grep -q LISTEN
}

# measure MODE: Mbit/s from t1 to t2, in a lab of its own.
measure() (
	LAB_MODE=$1
	lab_new ""
	lab_up
	lab_spawn iperf t2 iperf3 -s
	lab_wait 10 "iperf3" listens
	lab_wait 15 "t1 to reach t2" in_ns t1 ping -c 1 -W 1 "$(lab_tenant 2)"
	# The first second is the connection's slow start.
	in_ns t1 iperf3 --json -O 1 -t "$SECONDS_EACH" -c "$(lab_tenant 2)" |
		jq '.end.sum_received.bits_per_second / 1e6 | round'
)

median() {
	sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

((EUID == 0)) || lab_fail "needs root, for network namespaces"
printf '%8s %16s %16s\n' round "covey Mbit/s" "testpmd Mbit/s"
covey=() bump=()
for ((round = 1; round <= ROUNDS; round++)); do
	covey+=("$(measure covey)")
	bump+=("$(measure bump)")
	printf '%8d %16d %16d\n' "$round" "${covey[-1]}" "${bump[-1]}"
done
ours=$(printf '%s\n' "${covey[@]}" | median)
theirs=$(printf '%s\n' "${bump[@]}" | median)
printf '%8s %16d %16d\n' median "$ours" "$theirs"
printf 'covey reaches %d %% of testpmd (at least %d %% wanted)\n' $((ours * 100 / theirs)) \
	"$FLOOR_PERCENT"
((ours * 100 >= theirs * FLOOR_PERCENT))
