#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The floor of a bump in the wire: iperf3 between two tenants through covey as such, and through
# dpdk-testpmd as a bare bump between the same two ports in the same namespaces, in turns.
#
#   sudo tests/bench/floor.sh [ROUNDS [SECONDS]]
#
# Prints every figure, both medians and their ratio; fails below 80 %. Needs a machine that does
# nothing else.

set -euo pipefail

export LAB_PORTS=bump
# shellcheck source=tests/bench/_measure.sh
. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/_measure.sh"

ROUNDS=${1:-5}
SECONDS_EACH=${2:-5}
FLOOR_PERCENT=80

mapfile -t missing < <(measure_missing bump)
((${#missing[@]} == 0)) || lab_fail "cannot measure testpmd, install ${missing[*]}"
printf '%8s %16s %16s\n' round "covey Mbit/s" "testpmd Mbit/s"
covey=() bump=()
for ((round = 1; round <= ROUNDS; round++)); do
	covey+=("$(measure_lab covey measure_throughput "$SECONDS_EACH")")
	bump+=("$(measure_lab bump measure_throughput "$SECONDS_EACH")")
	printf '%8d %16d %16d\n' "$round" "${covey[-1]}" "${bump[-1]}"
done
ours=$(printf '%s\n' "${covey[@]}" | median)
theirs=$(printf '%s\n' "${bump[@]}" | median)
printf '%8s %16d %16d\n' median "$ours" "$theirs"
printf 'covey reaches %d %% of testpmd (at least %d %% wanted)\n' $((ours * 100 / theirs)) \
	"$FLOOR_PERCENT"
((ours * 100 >= theirs * FLOOR_PERCENT))
