#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Where a join does not rekey, a newcomer gets a key under which others have sent before. What was
# recorded of that cannot be replayed to it, nor to a host that restarted, once the senders have
# reported; live traffic reaches both, all of it.
LAB_GROUP_VARS="        rekey: {on_join: false}"
. "$(dirname "$0")/_init.sh"

# packets_sent SPI HOST...
packets_sent() {
	local spi=$1 n sum=0

	for n in "${@:2}"; do
		sum=$((sum + $(lab_show "$n" ".sas[] | select(.spi == $spi) | .packets_sent")))
	done
	echo "$sum"
}

# The key manager has been told of so many packets on SA $1, so of their windows as well.
has_heard_of() {
	[[ $(lab_show_gkm ".groups[0].sas[] | select(.spi == $1) | .packets >= $2 and
		.windows > 0") == true ]]
}

# What was recorded until now is the past, once the key manager has heard of it from these hosts.
make_it_the_past() {
	e2e_report recorder .snapshot >/dev/null
	cp "$LAB_DIR/recorder.pcap" "$LAB_DIR/past.pcap"
	lab_wait 25 "the key manager to hear of it" has_heard_of "$spi" "$(packets_sent "$spi" "$@")"
}

replay() {
	in_ns evil "$(lab_program inject)" --capture "$LAB_DIR/past.pcap" --as replay "$@" eth0 \
		>/dev/null
}

replays_of() {
	echo $(($(e2e_drop "$1" in-replay-old) + $(e2e_drop "$1" in-replay-seen)))
}

has_dropped_replays() {
	(($(replays_of "$1") >= $2))
}

# expect_no_replay N COUNT OPTION...: so many copies of a packet of the past, and hvN drops each of
# them for being one.
expect_no_replay() {
	local n=$1 count=$2 before all

	shift 2
	before=$(replays_of "$n")
	all=$(e2e_drops_in "$n")
	replay --count "$count" "$@"
	lab_poll 5 has_dropped_replays "$n" $((before + count)) || true
	expect "replayed packets that hv$n dropped for it" $(($(replays_of "$n") - before)) "$count"
	expect "drops at hv$n, any reason, beside $count" \
		$(($(e2e_drops_in "$n") - all - count)) 0
}

e2e_up
e2e_add_evil
lab_covey 3 leave tenants
e2e_wait_ping 1 2
spi=$(e2e_active_spi 1)

# Multicast and unicast, all of it while hv3 is not there.
e2e_receive_multicast 2
e2e_receive 1
e2e_send 1 all --count 3000 --rate 3000
e2e_expect_all 1 2 all
e2e_send 2 1 --count 500 --rate 2000
e2e_expect_all 2 1
make_it_the_past 1 2

# So far nobody has taken anybody's packets for its own.
for n in 1 2; do expect "in-own-sender at hv$n" "$(e2e_drop "$n" in-own-sender)" 0; done
expect "packets with a member's own SenderID, as the key manager heard" \
	"$(lab_show_gkm '[.groups[].members[].own_sender] | add')" 0

e2e_receive_multicast 3
lab_covey 3 join tenants
lab_wait 20 "hv3 to be in again" lab_has_joined 3
expect "the SA that hv3 sends on" "$(e2e_active_spi 3)" "$spi"

multicast=(--from "$(lab_vtep 1)" --to "$(lab_multicast)" --cast 1)
expect_no_replay 3 20 "${multicast[@]}"
expect_no_replay 3 20 "${multicast[@]}" --first
expect "recorded frames that reached t3" "$(e2e_report rx3 .received)" 0

# Live traffic, in the same windows: all of it.
lab_stop rx2
e2e_receive_multicast 2
e2e_send 1 all --count 2000 --rate 2000
e2e_expect_all 1 3 all
e2e_expect_all 1 2 all
e2e_send 2 3 --count 500 --rate 2000
e2e_expect_all 2 3
expect "the SA that hv1 sends on" "$(e2e_active_spi 1)" "$spi"

# A host that restarts has forgotten what it received.
make_it_the_past 1 2 3
lab_stop rx2
lab_stop hv2
lab_start_covey 2
lab_wait 20 "hv2 to be back" lab_has_joined 2
expect "the SA that hv2 sends on" "$(e2e_active_spi 2)" "$spi"
e2e_receive_multicast 2
expect_no_replay 2 20 "${multicast[@]}"
expect "recorded frames that reached t2" "$(e2e_report rx2 .received)" 0
e2e_send 1 all --count 500 --rate 2000
e2e_expect_all 1 2 all
