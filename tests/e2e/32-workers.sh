#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Two workers a host, on interfaces of two queues: unicast and multicast traffic while the switch
# steers windows to other queues and back, through rekeys and restarts of a host. No frame is lost or
# comes twice, and what came to the wrong worker was handed over. Where the kernel keeps the card, it
# spreads windows over the workers' sockets whatever queue they came by.
# alone: a worker that waits long for its processor has no room for what is handed to it
# long: 1200
# ports: both
LAB_QUEUES=2
LAB_HOST_VARS='          covey_cores: "0,1"'
LAB_GROUP_VARS="        rekey: {drain_delay: 1s}"
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_figures.sh
. "$E2E_HERE/_figures.sh"

(($(nproc) > 1)) || fail "two workers need two processors"
FLOWS=6
RATE=$((200 / ${COVEY_PATIENCE:-1})) # frames of each flow per second
ROUNDS=$(long_or_short 60 2)
RESTARTS=$(long_or_short 20 2)

# --- traffic: flows are streams BASE + 1, BASE + 2, ... ---------------------------------------------

flows() {
	seq $(($1 + 1)) $(($1 + FLOWS))
}

# start_flows BASE FROM TO
start_flows() {
	local stream where

	mapfile -t where < <(e2e_destination "$3")
	for stream in $(flows "$1"); do
		lab_spawn "tx$stream-$3" "t$2" "$(lab_program traffic)" send --port 5000 \
			--canary "$E2E_CANARY" --stream "$stream" --rate "$RATE" \
			--output "$LAB_DIR/tx$stream-$3.json" "${where[@]}"
	done
}

# stop_flows BASE TO RECEIVER...: and all that was sent has arrived at each.
stop_flows() {
	local base=$1 to=$2 stream n sent reports=()

	shift 2
	for stream in $(flows "$base"); do
		lab_stop "tx$stream-$to"
		reports+=("$LAB_DIR/tx$stream-$to.json")
	done
	sent=$(jq -cs 'map(.sent | if . > 0 then . else error("nothing was sent") end)' "${reports[@]}")
	for n in "$@"; do
		lab_poll 10 has_arrived "$base" "$n" "$sent" || true
		expect "frames of streams $base and on that t$n received" "$(arrived "$base" "$n")" \
			"$sent"
		e2e_expect_intact "$n"
	done
}

# arrived BASE RECEIVER: how many frames of each flow, as a list.
arrived() {
	e2e_report "rx$2" "[range($1 + 1; $1 + 1 + $FLOWS) as \$stream |
		.streams[\$stream | tostring].received // 0] | tostring"
}

has_arrived() {
	[[ $(arrived "$1" "$2") == "$3" ]]
}

# have_arrived BASE RECEIVER BEFORE COUNT
have_arrived() {
	jq -e -n "[$(arrived "$1" "$2"), $3] | transpose | all(.[0] - .[1] >= $4)" >/dev/null
}

# await_flows BASE RECEIVER COUNT: so many more frames of each have arrived.
await_flows() {
	lab_wait 20 "streams $1 and on at t$2" have_arrived "$1" "$2" "$(arrived "$1" "$2")" "$3"
}

# --- workers --------------------------------------------------------------------------------------

# Queue I alone carries what the switch sends to the hosts; "all": as it comes.
steer() {
	local n queue mask

	for n in 1 2 3; do
		for queue in 0 1; do
			mask=0
			[[ $1 != "$queue" ]] || mask=$(printf '%x' $(((1 << $(nproc)) - 1)))
			in_ns sw tee "/sys/class/net/hv$n/queues/tx-$queue/xps_cpus" <<<"$mask" \
				>/dev/null
		done
	done
}

# sending N SPI: how many workers of hvN have sent in that SA, each in windows of its own.
sending() {
	lab_show "$1" "[.windows[] | select(.sending and .spi == $2) | .path >= 16] |
		unique | length"
}

sends_in() {
	(($(sending "$@") > 0))
}

# All hosts send in the SA that is active, and what they sent in it has arrived.
settle() {
	local n spi

	spi=$(active_spi)
	for n in 1 2 3; do lab_wait 10 "hv$n to send in SA $spi" sends_in "$n" "$spi"; done
	await_flows 10 2 40
	await_flows 20 1 40
	await_flows 30 1 40
}

handed_over() {
	lab_show "$1" .counters.handed_over
}

has_handed_over() {
	(($(handed_over "$1") > $2))
}

active_spi() {
	lab_show_gkm '.groups[0].sas[] | select(.state == "active") | .spi'
}

spi_is_above() {
	(($(active_spi) > $1))
}

rekey() {
	local spi

	spi=$(active_spi)
	lab_at_gkm rekey tenants >>"$LAB_DIR/log/rekey"
	lab_wait 20 "an SA after $spi" spi_is_above "$spi"
}

rings="[2,2,2,2]"
[[ $LAB_PORTS != kernel ]] || rings="[3,2,2,2]" # one more socket receives multicast
e2e_up
for n in 1 2 3; do
	expect "queues of hv$n" "$(lab_show "$n" '[.ports[] | .rx_queues, .tx_queues] | tostring')" \
		"$rings"
	e2e_receive_multicast "$n"
done
for n in 1 2 3; do e2e_wait_ping "$n" $((n % 3 + 1)); done
# All windows begin at the first worker, and at the other one with the next SA, and so on.
steer 0
start_flows 10 1 2
start_flows 20 2 1
start_flows 30 3 all
settle
# Where the kernel puts a flow is its own choice: a host's six may all go to one worker, hardly those
# of all hosts.
workers=0
for n in 1 2 3; do workers=$((workers + $(sending "$n" "$(active_spi)"))); done
((workers > 3)) || fail "one worker a host sends everything"

for ((i = 0; i < ROUNDS; i++)); do
	for n in 1 2; do before[n]=$(handed_over "$n"); done
	steer $(((i + 1) % 2))
	[[ $LAB_PORTS == kernel ]] || for n in 1 2; do
		lab_wait 10 "hv$n to hand over" has_handed_over "$n" $((before[n] + RATE / 2))
	done
	rekey
	settle
done
stop_flows 30 all 1 2

# A host that comes back meets windows that others own, and others meet its new ones.
for ((i = 0; i < RESTARTS; i++)); do
	lab_stop hv3 "$([[ $((i % 2)) == 0 ]] && echo TERM || echo KILL)"
	lab_start_covey 3
	lab_wait 30 "hv3 to join" lab_has_joined 3
	for n in 1 2; do e2e_wait_ping 3 "$n"; done
	start_flows $((100 + 10 * i)) 3 all
	await_flows $((100 + 10 * i)) 2 100
	steer $((i % 2))
	await_flows $((100 + 10 * i)) 1 100
	stop_flows $((100 + 10 * i)) all 1 2
done
steer all
stop_flows 10 2 2
stop_flows 20 1 1

for n in 1 2; do
	expect "packets of hv$n that a worker had no room for" "$(e2e_drop "$n" in-handover-full)" 0
	figure "handed-over-hv$n" "$(handed_over "$n")" packets
done
figure frames "$(jq -s 'map(.sent) | add' "$LAB_DIR"/tx*.json)" sent
figure lost 0 frames
figure duplicated 0 frames
figure clear "$(e2e_report recorder '.canary_packets + .kinds.vxlan')" packets
