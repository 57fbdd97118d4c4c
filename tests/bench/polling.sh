#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Adaptive polling: what covey-host uses of a core, sending and receiving, at a rate of packets from
# none to many, and how long a small UDP request and its answer take meanwhile.
#
#   sudo tests/bench/polling.sh [--seconds S] [--json] [--lock FILE] [RATE...]
#
# LAB_PORTS in the environment: how covey sits in the hosts, kernel (the default) or bump.
# RATE: frames of 512 bytes a second (0 1000 10000 50000 unless named). With 0, the processor's time
# is taken in silence and the round trips after it. --lock: hold this file's lock while it measures.
# Needs a machine that does nothing else.

set -euo pipefail

# shellcheck source=tests/bench/_measure.sh
. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/_measure.sh"

FRAME_BYTES=512
PORT=5000
CANARY=00112233445566778899aabbccddeeff

seconds=5
json=
rates=()

usage() {
	sed -n '3,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
}

parse() {
	while (($#)); do
		case $1 in
		--seconds) seconds=${2:?} && shift ;;
		--lock) MEASURE_LOCK=${2:?} && shift ;;
		--json) json=1 ;;
		--help | -h) usage && exit 0 ;;
		*)
			[[ $1 =~ ^[0-9]+$ ]] || { usage >&2 && exit 2; }
			rates+=("$1")
			;;
		esac
		shift
	done
	((${#rates[@]})) || rates=(0 1000 10000 50000)
}

receive() {
	lab_spawn receive t2 "$(lab_program traffic)" receive --port "$PORT" \
		--output "$LAB_DIR/received.json"
	lab_wait 10 "the receiver" test -e "$LAB_DIR/received.json"
}

# What is under way when the sender ends arrives within a moment; what the receiver's report says then
# is all.
received() {
	lab_stop receive
	jq '[.streams[].received] | add // 0' "$LAB_DIR/received.json"
	rm "$LAB_DIR/received.json"
}

# load RATE: send so long; print how many frames were sent.
load() {
	if (($1 == 0)); then
		sleep "$seconds" # what is measured is time itself
		echo '{"sent":0}'
		return
	fi
	in_ns t1 "$(lab_program traffic)" send --port "$PORT" --canary "$CANARY" --stream 1 \
		--size "$FRAME_BYTES" --rate "$1" --count $(($1 * seconds)) \
		--output "$LAB_DIR/sent.json" --to "$(lab_tenant 2)"
	cat "$LAB_DIR/sent.json"
}

# at_rate RATE: the load twice, first alone, then with round trips beside it.
at_rate() {
	local rate=$1 before1 before2 after1 after2 start took sent got trips

	receive
	start=$(lab_now_ms)
	before1=$(measure_cpu_ns hv1)
	before2=$(measure_cpu_ns hv2)
	sent=$(load "$rate")
	after1=$(measure_cpu_ns hv1)
	after2=$(measure_cpu_ns hv2)
	took=$(($(lab_now_ms) - start))
	lab_poll 2 polling_caught_up "$(jq .sent <<<"$sent")" || true
	got=$(received)
	trips=$(round_trips_under "$rate")
	jq -nc --argjson rate "$rate" --argjson sent "$sent" --argjson got "$got" \
		--argjson took "$took" --argjson trips "$trips" \
		--argjson used1 $((after1 - before1)) --argjson used2 $((after2 - before2)) '
		{figure: "polling", rate: $rate, sent_per_s: ($sent.sent / $took * 1000 | round),
		 lost: ($sent.sent - $got), sender_percent: ($used1 / $took / 100 | round / 100),
		 receiver_percent: ($used2 / $took / 100 | round / 100),
		 rtt_p50_us: $trips.p50_us, rtt_p99_us: $trips.p99_us}'
}

polling_caught_up() {
	lab_signal receive USR1
	[[ $(jq '[.streams[].received] | add // 0' "$LAB_DIR/received.json") == "$1" ]]
}

round_trips_under() {
	if (($1)); then
		lab_spawn load t1 "$(lab_program traffic)" send --port "$PORT" --canary "$CANARY" \
			--size "$FRAME_BYTES" --rate "$1" --output "$LAB_DIR/load.json" \
			--to "$(lab_tenant 2)"
		lab_wait 10 "the load" test -e "$LAB_DIR/load.json"
	fi
	measure_round_trips
	lab_stop load
	rm -f "$LAB_DIR/load.json"
}

all_rates() {
	local rate

	for rate in "${rates[@]}"; do at_rate "$rate"; done
}

show() {
	printf '%9s %9s %7s %9s %9s %9s %9s\n' rate "sent/s" lost "sender%" "receiver%" p50us p99us
	jq --unbuffered -r '[.rate, .sent_per_s, .lost, .sender_percent, .receiver_percent,
		.rtt_p50_us, .rtt_p99_us] | map(tostring) | join(" ")' |
		while read -r rate per_s lost sender receiver p50 p99; do
			printf '%9d %9d %7d %9s %9s %9s %9s\n' "$rate" "$per_s" "$lost" "$sender" \
				"$receiver" "$p50" "$p99"
		done
}

parse "$@"
if [[ $json ]]; then
	measure_lab covey all_rates
else
	measure_lab covey all_rates | show
fi
