#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The ways that a tenant's packet can take from host to host, compared over the same wires: the
# kernel's VXLAN alone, covey with each kind of port, VXLAN inside wireguard-go, and dpdk-testpmd as
# a bare bump. In turns, several rounds: iperf3 by TCP, one flow and four, and by UDP at the highest
# rate that loses at most 1 %, full datagrams and such of 64 bytes; round trips of a small UDP request every
# millisecond; and what the host's daemon uses of a core while nobody sends.
#
#   sudo tests/bench/paths.sh [--rounds N] [--seconds S] [--json] [--keep FILE] [--lock FILE]
#                                [PATH...]
#
# PATH: plain covey covey-two covey-pair covey-veth covey-off covey-off-tap covey-bump covey-bump-tap
# covey-bump-af-packet covey-bump-af-packet-tap wireguard testpmd (all unless named). covey is the default: the
# kernel keeps the card, and covey0 is a TAP device. covey-two is the same with two workers a host. covey-pair is
# what a kernel of Linux 6.2 to 6.16 gives, whose TAP devices have no tunnel GSO, covey-veth what an older one
# gives, the two with -off what covey_offload: off gives. Those with -bump are a bump in the wire: by AF_XDP, with
# a veth pair, unless the name says otherwise.
# Prints medians over the rounds; ratios and differences are formed in each round. --json: an object a
# line instead of tables. --keep: append each round to this file, and report over all rounds that it
# holds. --lock: hold this file's lock while a path is measured. Fails when the default's TCP is less than ten
# times that of wireguard-go. Needs a machine that does nothing else.

set -euo pipefail

# shellcheck source=tests/bench/_measure.sh
. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/_measure.sh"

NEXT_VAR=$'\n          '
ALL=(plain covey covey-two covey-pair covey-veth covey-off covey-off-tap covey-bump covey-bump-tap
	covey-bump-af-packet covey-bump-af-packet-tap wireguard testpmd)
declare -A MODES=([plain]=plain [wireguard]=wireguard [testpmd]=bump) # covey, all others
for path in "${ALL[@]}"; do MODES[$path]=${MODES[$path]:-covey}; done
declare -A HOST_VARS=([covey-two]='covey_cores: "0,1"' [covey-veth]="covey_host_port: veth"
	[covey-off]="covey_offload: off"
	[covey-off-tap]="covey_offload: off${NEXT_VAR}covey_host_port: tap"
	[covey-bump-tap]="covey_host_port: tap" [covey-bump-af-packet]="covey_fabric_port: af_packet"
	[covey-bump-af-packet-tap]="covey_fabric_port: af_packet${NEXT_VAR}covey_host_port: tap")
declare -A TITLES=([plain]="plain VXLAN" [covey]="covey: sockets, TAP" [covey-two]="covey: sockets, TAP, two workers"
	[covey-pair]="covey: sockets, veth and TAP"
	[covey-veth]="covey: sockets, veth"
	[covey-off]="covey: sockets, veth, off" [covey-off-tap]="covey: sockets, TAP, off"
	[covey-bump]="covey: AF_XDP, veth" [covey-bump-tap]="covey: AF_XDP, TAP"
	[covey-bump-af-packet]="covey: AF_PACKET, veth" [covey-bump-af-packet-tap]="covey: AF_PACKET, TAP"
	[wireguard]="VXLAN in wireguard-go" [testpmd]="testpmd: AF_XDP, veth")
# What carries packets on a host, by the lab's name for its process.
declare -A DAEMONS=([covey]=hv [wireguard]=wireguard [bump]=bump)
IDLE_SECONDS=2
WANTED_OVER_WIREGUARD=10

rounds=3
seconds=4
json=
keep=
paths=()

usage() {
	sed -n '3,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
}

parse() {
	while (($#)); do
		case $1 in
		--rounds) rounds=${2:?} && shift ;;
		--seconds) seconds=${2:?} && shift ;;
		--lock) MEASURE_LOCK=${2:?} && shift ;;
		--keep) keep=${2:?} && shift ;;
		--json) json=1 ;;
		--help | -h) usage && exit 0 ;;
		*)
			[[ ${MODES[$1]:-} ]] || { usage >&2 && exit 2; }
			paths+=("$1")
			;;
		esac
		shift
	done
	((${#paths[@]})) || paths=("${ALL[@]}")
}

# --- measuring ------------------------------------------------------------------------------------

# measure_all MODE
measure_all() {
	local idle tcp tcp4 udp small

	idle=$(measure_idle "$IDLE_SECONDS" "${DAEMONS[$1]:-}")
	tcp=$(measure_throughput "$seconds")
	tcp4=$(measure_throughput "$seconds" 4)
	udp=$(measure_udp)
	small=$(measure_small)
	measure_round_trips | jq -c --argjson tcp "$tcp" --argjson tcp4 "$tcp4" --argjson udp "$udp" \
		--argjson small "$small" --argjson idle "$idle" \
		'{$tcp, $tcp4, $udp, $small, p50: .p50_us, p99: .p99_us, $idle}'
}

# one_round PATH ROUND
one_round() {
	export LAB_HOST_VARS="${HOST_VARS[$1]:+          ${HOST_VARS[$1]}}" LAB_PORTS=kernel
	[[ $1 != covey-bump* ]] || LAB_PORTS=bump
	[[ $1 != covey-pair ]] || export LAB_HOST_PRELOAD=$LAB_BUILD/tests/unit/old-kernel.so
	measure_lab "${MODES[$1]}" measure_all "${MODES[$1]}" |
		jq -c --arg path "$1" --argjson round "$2" '. + {path: $path, round: $round}' \
			>>"$keep"
	[[ ! -t 2 ]] || printf '\rround %d of %d: %s\e[K' $(($2 - before)) "$rounds" "$1" >&2
}

# What is not installed is said, in the tables and here.
leave_out_missing() {
	local path missing here=()

	for path in "${paths[@]}"; do
		mapfile -t missing < <(measure_missing "${MODES[$path]}")
		if ((${#missing[@]})); then
			echo "$path: not measured, install ${missing[*]}" >&2
			jq -nc --arg path "$path" '{figure: "paths", path: $path, missing: $ARGS.positional}' \
				--args "${missing[@]}" >>"$results/missing"
		else
			here+=("$path")
		fi
	done
	((${#here[@]})) || lab_fail "nothing to measure"
	paths=("${here[@]}")
}

# --- reporting ------------------------------------------------------------------------------------

# An object for each path.
summarise() {
	jq -cs --argjson titles "$(titles)" '
		def median: sort | .[(length - 1) / 2 | floor];
		def of(path; key): map(select(.path == path)[key]);
		# In each round this path beside that one, where both were measured.
		def pairs(path; other; key): group_by(.round) |
			map([of(path; key)[0], of(other; key)[0]] | select(all(. != null)));
		def ratio(path; other; key): pairs(path; other; key) | map(select(.[1] > 0) |
			.[0] / .[1]) | if . == [] then null else median * 1000 | round / 1000 end;
		def added(path; key): pairs(path; "plain"; key) | map(.[0] - .[1]) |
			if . == [] then null else median * 10 | round / 10 end;
		. as $all | (map(.path) | unique)[] as $path | $all | {
			figure: "paths", path: $path, title: $titles[$path],
			rounds: of($path; "tcp") | length,
			tcp_mbit_s: of($path; "tcp") | median, udp_mbit_s: of($path; "udp") | median,
			tcp_of_plain: ratio($path; "plain"; "tcp"),
			tcp_of_wireguard: ratio($path; "wireguard"; "tcp"),
			tcp_of_bump: ratio($path; "covey-bump"; "tcp"),
			udp_of_bump: ratio($path; "covey-bump"; "udp"),
			udp_of_plain: ratio($path; "plain"; "udp"),
			udp_of_wireguard: ratio($path; "wireguard"; "udp"),
			tcp4_mbit_s: of($path; "tcp4") | median, tcp4_of_plain: ratio($path; "plain"; "tcp4"),
			tcp4_of_bump: ratio($path; "covey-bump"; "tcp4"),
			small_per_s: of($path; "small") | median, small_of_plain: ratio($path; "plain"; "small"),
			small_of_bump: ratio($path; "covey-bump"; "small"),
			rtt_p50_us: of($path; "p50") | median, rtt_p99_us: of($path; "p99") | median,
			rtt_p50_of_plain: ratio($path; "plain"; "p50"),
			added_p50_us: added($path; "p50"), added_p99_us: added($path; "p99"),
			idle_percent: of($path; "idle") | median}' "$keep"
}

titles() {
	local path

	for path in "${ALL[@]}"; do jq -nc --arg path "$path" --arg title "${TITLES[$path]}" \
		'{($path): $title}'; done | jq -cs add
}

# table COLUMN...: column heads, then the keys of each in the summary.
table() {
	local format='%-25s' path

	for path in "${@:2}"; do format+=' %9s'; done
	# shellcheck disable=SC2059 # one column a key
	printf "\n$format\n" path "${@:2}"
	for path in "${paths[@]}"; do
		mapfile -t row < <(jq -r "select(.path == \"$path\") | .title, ($1) |
			if . == null then \"-\" else . end" "$results/summary")
		# shellcheck disable=SC2059
		printf "$format\n" "${row[@]}"
	done
}

tables() {
	printf 'throughput, Mbit/s, and as a multiple of plain VXLAN, the bump and wireguard-go'
	table '.tcp_mbit_s, .tcp_of_plain, .tcp_of_bump, .tcp_of_wireguard, .udp_mbit_s, .udp_of_plain,
		.udp_of_bump, .udp_of_wireguard' TCP xplain xbump xwg UDP xplain xbump xwg
	printf '\nfour TCP flows, Mbit/s, and UDP datagrams of 64 bytes a second'
	table '.tcp4_mbit_s, .tcp4_of_plain, .tcp4_of_bump, .small_per_s, .small_of_plain, .small_of_bump' \
		TCPx4 xplain xbump small xplain xbump
	printf '\nround trip at light load, us, what is added to plain VXLAN, and percent of a core idle'
	table '.rtt_p50_us, .rtt_p99_us, .added_p50_us, .added_p99_us, .rtt_p50_of_plain,
		.idle_percent' p50 p99 +p50 +p99 xplain idle%
}

parse "$@"
results=$(mktemp -d /tmp/covey-paths.XXXXXX)
trap 'rm -rf "$results"' EXIT
keep=${keep:-$results/rounds}
touch "$keep" "$results/missing"
leave_out_missing
before=$(jq -s 'map(.round) | max // 0' "$keep")
for ((round = before + 1; round <= before + rounds; round++)); do
	for path in "${paths[@]}"; do one_round "$path" "$round"; done
done
[[ ! -t 2 ]] || printf '\r\e[K' >&2
summarise >"$results/summary"
if [[ $json ]]; then
	cat "$results/summary" "$results/missing"
else
	tables
fi
jq -es --argjson wanted "$WANTED_OVER_WIREGUARD" \
	'all(.[] | select(.path == "covey"); .tcp_of_wireguard == null or .tcp_of_wireguard >= $wanted)' \
	"$results/summary" >/dev/null ||
	lab_fail "covey's TCP is less than $WANTED_OVER_WIREGUARD times that of wireguard-go"
