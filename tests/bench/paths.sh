#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The ways that a packet can take through a host, compared: covey with each kind of port, nothing
# but the kernel's VXLAN, and dpdk-testpmd as a bare bump. Throughput by iperf3 between two tenants,
# round trips by ping at light load; one after the other, several rounds.
#
#   sudo tests/bench/paths.sh [ROUNDS [SECONDS]]
#
# Prints the medians over the rounds. Needs a machine that does nothing else.

set -euo pipefail

# shellcheck source=tests/bench/_measure.sh
. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/_measure.sh"

ROUNDS=${1:-3}
SECONDS_EACH=${2:-5}
PINGS=500
results=$(mktemp -d /tmp/covey-paths.XXXXXX)
trap 'rm -rf "$results"' EXIT

# path NAME MODE [HOST_VARIABLE]: one round.
path() {
	local file=$results/${1// /_}

	export LAB_HOST_VARS="${3:+          $3}"
	measure_lab "$2" measure_throughput "$SECONDS_EACH" >>"$file.mbit"
	measure_lab "$2" measure_latency "$PINGS" >>"$file.us"
	printf '.' >&2
}

row() {
	local file=$results/${1// /_}

	printf '%-32s %12s %12s %12s\n' "$1" "$(median <"$file.mbit")" \
		"$(cut -d' ' -f1 <"$file.us" | median)" "$(cut -d' ' -f2 <"$file.us" | median)"
}

for ((round = 1; round <= ROUNDS; round++)); do
	path "covey: AF_XDP, veth" covey
	path "covey: AF_XDP, TAP" covey "covey_host_port: tap"
	path "covey: AF_PACKET, veth" covey "covey_fabric_port: af_packet"
	path "testpmd: AF_XDP, veth" bump
	path "plain VXLAN, no covey" plain
done
printf '\n%-32s %12s %12s %12s\n' path "Mbit/s" "RTT p50 us" "RTT p99 us"
for name in "covey: AF_XDP, veth" "covey: AF_XDP, TAP" "covey: AF_PACKET, veth" \
	"testpmd: AF_XDP, veth" "plain VXLAN, no covey"; do
	row "$name"
done
