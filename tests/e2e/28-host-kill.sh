#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A host is killed (-9) again and again, under unicast and multicast traffic of its own and of others,
# and started again at once: the others lose nothing among themselves, no IV comes twice, and the host
# is back within 3 s. The key manager does not take it for a second host with its certificate. The same when it
# is restarted in order, as its unit does it in an upgrade of its package.
# alone: how soon a host is back is measured
# ports: both
# long: 2400
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_figures.sh
. "$E2E_HERE/_figures.sh"

RECOVERY_MS=3000
RESTART_MS=5000 # generous: a machine that is not busy needs less than a second
STEADY_FRAMES=200 # of each stream after a start, before the next end
RESTARTS=3

# Receiver and stream of all that stands still while hv1 is away. Stream 11 is t1's to the group.
OF_HV1=(1-2 1-3 2-1 2-11 3-11)
declare -A at_start
recoveries=()
restarts=()
kills=5
[[ ! $E2E_LONG ]] || kills=200

reports() {
	local n before=()

	for n in 1 2 3; do before[n]=$(stat -c %i "$LAB_DIR/rx$n.json"); done
	for n in 1 2 3; do lab_signal "rx$n" USR1; done
	for n in 1 2 3; do lab_wait 10 "a report of rx$n" is_another "$LAB_DIR/rx$n.json" "${before[n]}"; done
}

# A report is a new file each time.
is_another() {
	[[ $(stat -c %i "$1") != "$2" ]]
}

# of_hv1 FILTER: a line with receiver-stream and what FILTER says of it, for each of OF_HV1, from the
# last reports. One jq for all: what this test computes, the host that starts has to wait for.
of_hv1() {
	jq -r --arg wanted "${OF_HV1[*]}" '(input_filename | capture("rx(?<n>[0-9]+).json$").n) as $n
		| .streams | to_entries[] | "\($n)-\(.key)" as $name
		| select($wanted | split(" ") | index($name)) | .value
		| "\($name) \('"$1"')"' "$LAB_DIR"/rx[123].json
}

note_start() {
	local stream received

	reports
	while read -r stream received; do at_start[$stream]=$received; done < <(of_hv1 .received)
}

all_flow_again() {
	local stream received

	reports
	while read -r stream received; do
		((received >= at_start[$stream] + STEADY_FRAMES)) || return 1
	done < <(of_hv1 .received)
}

# recovery SINCE: from the last frame of the first stream that stopped to the first frame of the last
# that came back, in ms, by the receivers' clock.
recovery() {
	local stream from to first=() last=()

	while read -r stream from to; do
		[[ $from != null ]] || fail "stream $stream did not stop when hv1 was killed"
		first+=("$from") last+=("$to")
	done < <(of_hv1 "[.pauses[] | select(.[1] > $1)] | \"\(.[0][0]) \(.[-1][1])\"")
	echo $(($(percentile 100 "${last[@]}") - $(percentile 1 "${first[@]}")))
}

# Kill it in the middle of the start after a kill, each time a little later.
kill_while_starting() {
	lab_stop hv1 KILL
	lab_start_covey 1
	sleep "0.$(printf '%03d' $(($1 * 37 % 1000)))" # a moment of the start, not a state to wait for
}

# again_after COMMAND...: the command ends hv1, which is started again. How long it was away is in `took`.
again_after() {
	local before

	reports
	before=$(jq .at_ms "$LAB_DIR/rx2.json")
	"$@"
	lab_start_covey 1
	note_start
	lab_wait 30 "hv1's streams to flow again" all_flow_again
	took=$(recovery "$before")
	(($(epoch_of_hv1) > epoch)) || fail "hv1 came back in epoch $(epoch_of_hv1) after $epoch"
	epoch=$(epoch_of_hv1)
}

# Every fifth is two kills, whose recovery is no measure of one.
end_by_kill() { # I
	(($1 % 5)) || kill_while_starting "$1"
	lab_stop hv1 KILL
}

kill_once() { # I
	again_after end_by_kill "$1"
	(($1 % 5 == 0)) || recoveries+=("$took")
	echo "kill $1 of $kills: away for $took ms"
}

# What systemd does, which waits for no longer than this takes.
end_in_order() {
	lab_signal hv1 TERM
	timeout "$LAB_STOP_S" tail --pid "$(lab_pid hv1)" -s 0.005 -f /dev/null || fail "hv1 did not end"
	in_ns hv1 "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" --name hv1 --carrier off
}

restart_once() { # I
	again_after end_in_order
	restarts+=("$took")
	echo "restart $1 of $RESTARTS: away for $took ms"
}

epoch_of_hv1() {
	lab_show 1 '.groups[0].epoch'
}

send_all() {
	e2e_keep_sending 2 3 --rate 500
	e2e_keep_sending 3 all --rate 500
	e2e_keep_sending 2 1 --rate 500
	e2e_keep_sending 1 2 --rate 500
	e2e_keep_sending 1 all --rate 500 --stream 11
}

e2e_up
for n in 1 2 3; do e2e_receive_multicast "$n"; done
for n in 1 2 3; do e2e_wait_ping "$n" $((n % 3 + 1)); done
send_all
for stream in "${OF_HV1[@]}"; do
	lab_wait 10 "stream ${stream#*-} at t${stream%-*}" e2e_has_received "${stream%-*}" \
		"${stream#*-}" 500
done

epoch=$(epoch_of_hv1)
for ((i = 1; i <= kills; i++)); do
	kill_once "$i"
done
for ((i = 1; i <= RESTARTS; i++)); do
	restart_once "$i"
done

for stream in 2-3 3-all 2-1 1-2 1-all; do lab_stop "tx$stream"; done
e2e_expect_all 2 3
e2e_expect_all 3 2 all
for n in 1 2 3; do e2e_expect_intact "$n"; done
e2e_expect_no_alarm
expect "epochs of hv1 on the wire" \
	"$(e2e_report recorder "[.windows[] | select(.port == \"hv1\") | .epoch_last] | max")" "$epoch"
p99=$(percentile 99 "${recoveries[@]}")
((p99 <= RECOVERY_MS)) || fail "of ${#recoveries[@]} recoveries the 99th percentile took $p99 ms"
longest=$(percentile 100 "${restarts[@]}")
((longest <= RESTART_MS)) || fail "of ${#restarts[@]} restarts one took $longest ms"
figure peers-sent "$(jq -s 'map(.sent) | add' "$LAB_DIR"/tx2-3.json "$LAB_DIR"/tx3-all.json)" frames
figure peers-lost "$(e2e_lost 2:3 3:2:all)" frames
figures_of recovery ms "${recoveries[@]}"
figures_of restart ms "${restarts[@]}"
