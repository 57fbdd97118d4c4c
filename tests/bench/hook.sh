#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What the guard's hooks on an uplink cost traffic that is not VXLAN: one TCP flow, and round trips of a
# small UDP request, between the hosts' own addresses, with covey-host at work and after it was taken
# away (`covey-host --guard off`), in turns.
#
#   sudo tests/bench/hook.sh [ROUNDS [SECONDS]]
#
# Prints each round, and the medians of the ratios formed in each round. Needs a machine that does nothing
# else.

set -euo pipefail

export LAB_PORTS=kernel
# shellcheck source=tests/bench/_measure.sh
. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/_measure.sh"

ROUNDS=${1:-10}
SECONDS_EACH=${2:-3}
MEASURE_FROM=hv1
MEASURE_TO=hv2
MEASURE_ADDRESS=$(lab_vtep 2)

take_away() {
	local n

	for n in 1 2; do
		lab_stop "hv$n"
		in_ns "hv$n" "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" \
			--name "hv$n" --guard off
		[[ ! $(in_ns "hv$n" nft list ruleset) ]] || lab_fail "the guard's rules are still there"
	done
}

bring_back() {
	local n

	for n in 1 2; do lab_start_covey "$n"; done
	for n in 1 2; do lab_wait 60 "covey0 of hv$n" lab_host_is_up "$n"; done
	lab_wait_joined
}

# one WHAT: TCP's Mbit/s and the round trip.
one() {
	local tcp

	tcp=$(measure_throughput "$SECONDS_EACH")
	echo "$tcp $(measure_round_trips | jq .p50_us)"
}

rounds() {
	local round with without tcp=() trips=()

	printf '%6s %12s %12s %14s %14s\n' round "with Mbit/s" without "with p50 us" without
	for ((round = 1; round <= ROUNDS; round++)); do
		((round == 1)) || bring_back
		read -ra with <<<"$(one)"
		take_away
		read -ra without <<<"$(one)"
		printf '%6d %12d %12d %14.1f %14.1f\n' "$round" "${with[0]}" "${without[0]}" \
			"${with[1]}" "${without[1]}"
		tcp+=("$(jq -n "${with[0]} / ${without[0]}")")
		trips+=("$(jq -n "${with[1]} / ${without[1]}")")
	done
	printf 'with the guard: TCP %.3f of without, a round trip %.3f of without (medians)\n' \
		"$(printf '%s\n' "${tcp[@]}" | median)" "$(printf '%s\n' "${trips[@]}" | median)"
}

measure_lab covey rounds
