# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What the benchmarks of the lab share: a lab of their own for each path, and what one tenant gets to
# the other through it.

LAB_HOSTS=${LAB_HOSTS:-2}
MEASURE_HERE=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=deploy/demo/lab.sh
. "$MEASURE_HERE/../../deploy/demo/lab.sh"
# shellcheck source=tests/bench/_wireguard.sh
. "$MEASURE_HERE/_wireguard.sh"

MEASURE_LOCK= # a file; whoever measures on this machine too locks it
MEASURE_UDP_STEPS=7
MEASURE_ROUND_TRIPS=2000   # each of them
MEASURE_ROUND_TRIP_US=1000 # after the one before
MEASURE_ROUND_TRIP_PORT=5001
MEASURE_FROM=t1 # these namespaces measure, one tenant and the other
MEASURE_TO=t2
MEASURE_ADDRESS=$(lab_tenant 2) # of MEASURE_TO

# measure_lab MODE COMMAND...: run the command in a lab of its own, tenants reaching each other.
measure_lab() (
	LAB_MODE=$1
	shift
	if [[ $MEASURE_LOCK ]]; then
		exec {measure_lock}>"$MEASURE_LOCK"
		flock "$measure_lock"
	fi
	lab_new ""
	lab_up
	lab_wait 15 "t1 to reach t2" in_ns t1 ping -c 1 -W 1 "$(lab_tenant 2)"
	"$@"
)

measure_program() {
	echo "$LAB_BUILD/tests/bench/$1"
}

# measure_missing MODE: the packages that the mode needs and that are not installed, or nothing.
measure_missing() {
	case $1 in
	wireguard) wireguard_missing ;;
	bump) command -v dpdk-testpmd >/dev/null || echo dpdk-dev ;;
	esac
}

# --- throughput -----------------------------------------------------------------------------------

measure_listens() {
	in_ns "$MEASURE_TO" ss -Hltn 'sport = 5201' | grep -q LISTEN
}

# measure_iperf SECONDS [OPTION...]: Mbit/s that arrive. The first second is the
# connection's slow start.
measure_iperf() {
	local seconds=$1

	shift
	lab_is_running iperf || lab_spawn iperf "$MEASURE_TO" iperf3 -s
	lab_wait 10 "iperf3" measure_listens
	in_ns "$MEASURE_FROM" iperf3 --json -O 1 -t "$seconds" -c "$MEASURE_ADDRESS" "$@"
}

# measure_throughput SECONDS [FLOWS]: of TCP.
measure_throughput() {
	measure_iperf "$1" --parallel "${2:-1}" | jq '.end.sum_received.bits_per_second / 1e6 | round'
}

# measure_udp: Mbit/s of full datagrams at the highest rate of which at most 1 % is lost: doubled from
# 100 Mbit/s until more is, then halved in between, a second each.
measure_udp() {
	measure_highest 100 .sum_received.bits_per_second | jq '. / 1e6 | round'
}

# measure_small: datagrams of 64 bytes a second that arrive, at the highest such rate.
measure_small() {
	measure_highest 2 '(.sum.packets - .sum.lost_packets) / .sum_received.seconds' --length 64 |
		jq round
}

# measure_highest MBIT FIGURE [OPTION...]: the figure of iperf3's end at the highest rate, as above.
measure_highest() {
	local good=0 bad=0 rate=$1 best=0 got step

	for ((step = 0; step < MEASURE_UDP_STEPS && rate > good; step++)); do
		if got=$(measure_udp_at "$rate" "${@:2}"); then
			good=$rate
			best=$got
		else
			bad=$rate
		fi
		rate=$((bad ? (good + bad) / 2 : 2 * good))
	done
	echo "$best"
}

# measure_udp_at MBIT FIGURE [OPTION...]: the figure of that rate; fails when more than 1 % is lost.
measure_udp_at() {
	measure_iperf 1 --omit 0 --udp --bitrate "$1M" --window 2M "${@:3}" |
		jq -e ".end | select(.sum.lost_percent <= 1) | $2"
}

# --- round trips ----------------------------------------------------------------------------------

measure_answers() {
	in_ns "$MEASURE_TO" ss -Hlun "sport = $MEASURE_ROUND_TRIP_PORT" | grep -q .
}

# measure_round_trips: JSON of a small request and its answer, one at a time.
measure_round_trips() {
	lab_is_running answer || lab_spawn answer "$MEASURE_TO" "$(measure_program round-trips)" answer \
		--port "$MEASURE_ROUND_TRIP_PORT"
	lab_wait 10 "round-trips" measure_answers
	in_ns "$MEASURE_FROM" "$(measure_program round-trips)" ask --to "$MEASURE_ADDRESS" \
		--port "$MEASURE_ROUND_TRIP_PORT" --count "$MEASURE_ROUND_TRIPS" \
		--interval-us "$MEASURE_ROUND_TRIP_US"
}

# --- processor time -------------------------------------------------------------------------------

# measure_cpu_ns NAME: processor time that all threads of that process of the lab used so far.
measure_cpu_ns() {
	cat "/proc/$(lab_pid "$1")/task/"*/schedstat | awk '{sum += $1} END {printf "%.0f\n", sum}'
}

# measure_idle SECONDS NAME: percent of a core that the hosts' processes of that name (hv1, hv2 ...) use
# while tenants are silent, their mean; null without a name, for a path without a process.
measure_idle() {
	local n before=0 after=0

	if [[ ! $2 ]]; then
		echo null
		return
	fi
	for n in $(lab_hosts); do before=$((before + $(measure_cpu_ns "$2$n"))); done
	sleep "$1" # what is measured is time itself
	for n in $(lab_hosts); do after=$((after + $(measure_cpu_ns "$2$n"))); done
	awk -v used=$((after - before)) -v seconds="$1" -v hosts="$LAB_HOSTS" \
		'BEGIN {printf "%.2f\n", used / seconds / hosts / 1e7}'
}

median() {
	sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

((EUID == 0)) || lab_fail "needs root, for network namespaces"
