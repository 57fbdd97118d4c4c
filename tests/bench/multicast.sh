#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What one tenant's broadcast to N other hosts costs the host that sends it: covey encrypts one packet
# to the group and the fabric copies it; VXLAN inside wireguard-go floods a copy to each peer.
#
#   sudo tests/bench/multicast.sh [--frames N] [--rate R] [--json] [--lock FILE] [RECEIVERS...]
#
# LAB_PORTS in the environment: how covey sits in the hosts, kernel (the default) or bump.
# RECEIVERS: 2 8 32 unless named. Prints, a frame: packets that left the host by its wire, encryptions
# as the host counts them (wireguard-go does not), what arrived at each receiver's tenant, and the
# processor time of the sending host's daemon. --lock: hold this file's lock while it measures.

set -euo pipefail

# shellcheck source=tests/bench/_measure.sh
. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/_measure.sh"

PORT=5000
GROUP=239.9.9.9
CANARY=00112233445566778899aabbccddeeff
RECEIVERS_MAX=200

frames=2000
rate=500
json=
receivers=()

lab_gkm_address() { # beyond the last host
	lab_vtep 250
}

# The sender's tunnels alone: a full mesh of 33 hosts overflows the kernel's table of neighbours, which
# all namespaces share.
wireguard_peers() {
	if (($1 == 1)); then seq 2 "$LAB_HOSTS"; else echo 1; fi
}

usage() {
	sed -n '3,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
}

parse() {
	while (($#)); do
		case $1 in
		--frames) frames=${2:?} && shift ;;
		--rate) rate=${2:?} && shift ;;
		--lock) MEASURE_LOCK=${2:?} && shift ;;
		--json) json=1 ;;
		--help | -h) usage && exit 0 ;;
		*)
			if [[ ! $1 =~ ^[0-9]+$ ]] || (($1 == 0 || $1 > RECEIVERS_MAX)); then
				usage >&2
				exit 2
			fi
			receivers+=("$1")
			;;
		esac
		shift
	done
	((${#receivers[@]})) || receivers=(2 8 32)
}

# --- one lab --------------------------------------------------------------------------------------

listen_everywhere() {
	local n

	for n in $(lab_hosts); do
		((n != 1)) || continue
		lab_spawn "rx$n" "t$n" "$(lab_program traffic)" receive --port "$PORT" \
			--group "$GROUP" --interface eth0 --output "$LAB_DIR/rx$n.json"
	done
	for n in $(lab_hosts); do
		((n == 1)) || lab_wait 10 "rx$n" test -e "$LAB_DIR/rx$n.json"
	done
}

# Frames that left hv1, as its port of the switch counts them.
wire_packets() {
	in_ns sw cat /sys/class/net/hv1/statistics/rx_packets
}

encrypted() {
	if [[ $1 == covey ]]; then
		lab_show 1 .counters.encrypted_packets
	else
		echo 0
	fi
}

# Frames of the stream at the receiver that got fewest.
fewest() {
	local n

	for n in $(lab_hosts); do
		((n != 1)) || continue
		lab_signal "rx$n" USR1
		jq '.streams["1"].received // 0' "$LAB_DIR/rx$n.json"
	done | sort -n | head -n 1
}

all_arrived() {
	(($(fewest) >= frames))
}

# send_all MODE DAEMON
send_all() {
	local wire cpu count

	listen_everywhere
	wire=$(wire_packets)
	count=$(encrypted "$1")
	cpu=$(measure_cpu_ns "$2")
	in_ns t1 "$(lab_program traffic)" send --port "$PORT" --canary "$CANARY" --stream 1 \
		--rate "$rate" --count "$frames" --output "$LAB_DIR/tx.json" --to "$GROUP" \
		--interface eth0
	cpu=$(($(measure_cpu_ns "$2") - cpu))
	lab_poll 5 all_arrived || true
	wire=$(($(wire_packets) - wire))
	count=$(($(encrypted "$1") - count))
	jq -nc --arg path "$1" --argjson receivers $((LAB_HOSTS - 1)) --argjson frames "$frames" \
		--argjson wire "$wire" --argjson count "$count" --argjson cpu "$cpu" \
		--argjson arrived "$(fewest)" '
		def each(total): total / $frames * 100 | round / 100;
		{figure: "lab-multicast", path: $path, receivers: $receivers, frames: $frames,
		 wire_packets: each($wire),
		 encryptions: (if $path == "covey" then each($count) else null end),
		 arrived: each($arrived), cpu_us: each($cpu / 1000)}'
}

# --- all ------------------------------------------------------------------------------------------

measure_each() {
	local count missing

	mapfile -t missing < <(measure_missing wireguard)
	((${#missing[@]} == 0)) || echo "wireguard: not measured, install ${missing[*]}" >&2
	for count in "${receivers[@]}"; do
		LAB_HOSTS=$((count + 1))
		measure_lab covey send_all covey hv1
		((${#missing[@]})) || measure_lab wireguard send_all wireguard wireguard1
	done
}

show() {
	printf '%9s %-10s %12s %12s %12s %12s\n' receivers path packets encryptions arrived "CPU us"
	jq --unbuffered -r '[.receivers, .path, .wire_packets, .encryptions // "-", .arrived, .cpu_us] |
		map(tostring) | join(" ")' |
		while read -r count path wire encryptions arrived cpu; do
			printf '%9d %-10s %12s %12s %12s %12s\n' "$count" "$path" "$wire" "$encryptions" \
				"$arrived" "$cpu"
		done
}

parse "$@"
if [[ $json ]]; then
	measure_each
else
	measure_each | show
fi
