#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What the guard's rules cost traffic that is not VXLAN: one TCP flow, and round trips of a small UDP
# request, between the hosts' own addresses, with the rules in the kernel and without, in turns.
#
#   sudo tests/bench/hook.sh [PAIRS [SECONDS]]
#
# The TCP flow is one connection throughout, and so is the lab: only the rules come and go, SECONDS (1)
# for each state of each of PAIRS (40). covey-host is stopped, because it would put its rules back.
# Prints the ratio with / without: median, mean and the mean's standard error over all pairs. Needs a
# machine that does nothing else.

set -euo pipefail

export LAB_PORTS=kernel
# shellcheck source=tests/bench/_measure.sh
. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/_measure.sh"

PAIRS=${1:-40}
SECONDS_EACH=${2:-1}
MEASURE_ROUND_TRIPS=300
MEASURE_FROM=hv1
MEASURE_TO=hv2
MEASURE_ADDRESS=$(lab_vtep 2)

# What covey-host has installed, its own table too, which would go with it.
save_rules() {
	local n

	for n in 1 2; do
		in_ns "hv$n" nft list ruleset | sed 's/^\tflags owner$//' >"$LAB_DIR/rules.hv$n"
		grep -q '/own/' "$LAB_DIR/rules.hv$n" || lab_fail "hv$n has no table of its own"
		lab_stop "hv$n"
	done
}

# rules with|without
rules() {
	local n

	for n in 1 2; do
		{
			echo flush ruleset
			[[ $1 == without ]] || cat "$LAB_DIR/rules.hv$n"
		} | in_ns "hv$n" nft -f -
	done
}

sent_bytes() {
	in_ns hv1 cat /sys/class/net/fab0/statistics/tx_bytes
}

# tcp: Mbit/s on the wire.
tcp() {
	local from bytes

	sleep .1 # what was on its way while the rules changed
	from=$(date +%s%N) bytes=$(sent_bytes)
	sleep "$SECONDS_EACH"
	echo $((8000 * ($(sent_bytes) - bytes) / ($(date +%s%N) - from)))
}

trip() {
	measure_round_trips | jq .p50_us
}

# pairs WHAT: lines with both figures. Every second pair begins with the other state.
pairs() {
	local pair with without

	for ((pair = 0; pair < PAIRS; pair++)); do
		if ((pair % 2)); then
			rules without
			without=$("$1")
		fi
		rules with
		with=$("$1")
		if ((pair % 2 == 0)); then
			rules without
			without=$("$1")
		fi
		echo "$with $without"
	done
}

# tell TEXT UNIT < pairs
tell() {
	jq -nRr --arg text "$1" --arg unit "$2" '
		def median: sort | .[length / 2 | floor];
		def mean: add / length;
		[inputs | split(" ") | map(tonumber)] as $pairs | ($pairs | map(.[0] / .[1])) as $ratios |
		($ratios | mean) as $mean |
		($ratios | map((. - $mean) * (. - $mean)) | mean / length | sqrt) as $error |
		def short: . * 1000 | round / 1000;
		"\($text): \($ratios | median | short) of without (median of \($ratios | length) pairs; " +
		"mean \($mean | short), its standard error \($error | short)); without: " +
		"\($pairs | map(.[1]) | median | short) \($unit)"'
}

compare() {
	save_rules
	lab_spawn iperf hv2 iperf3 -s
	lab_wait 10 "iperf3" measure_listens
	lab_spawn flow hv1 iperf3 -c "$MEASURE_ADDRESS" -t 86400
	sleep 1 # slow start
	pairs tcp | tell "TCP with the guard" Mbit/s
	lab_is_running flow || lab_fail "the flow has ended: $(tail -n 1 "$LAB_DIR/log/flow")"
	lab_stop flow
	pairs trip | tell "a round trip with the guard" us
}

measure_lab covey compare
