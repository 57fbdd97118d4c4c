#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A wire that drops, duplicates, reorders, flips, cuts and re-addresses what hv2 receives. Delivery
# oracle: every frame sent arrived or is in the forwarder's count of drops or in the one counter that
# its damage belongs to; none arrived twice or altered.
LAB_HOSTS=2
LAB_WIRE=2
. "$(dirname "$0")/_init.sh"

wire() {
	e2e_report wire2 ".$1"
}

drop_is() {
	expect "$1" $(($(e2e_drop 2 "$1") - ${before[$1]})) "$2"
}

declare -A before
reasons=(in-icv in-short in-source in-replay-seen in-replay-old)

e2e_up
e2e_receive 2
e2e_wait_ping 1 2
# The neighbours are known for good: all VPE packets from here on are frames of ours.
in_ns t1 ip neigh replace "$(lab_tenant 2)" dev eth0 nud permanent \
	lladdr "$(in_ns t2 cat /sys/class/net/eth0/address)"
lab_stop wire2
for reason in "${reasons[@]}"; do before[$reason]=$(e2e_drop 2 "$reason"); done
decrypted=$(lab_show 2 .counters.decrypted_packets)
e2e_start_wire 2 --seed 42 --drop 20 --duplicate 30 --hold 40 --hold-us 3000 --flip 20 --truncate 20 \
	--readdress 20
e2e_send 1 2 --count "$(frames 6000)" --rate 3000
lab_wait 10 "the wire to be empty" e2e_report_is wire2 '.vpe >= '"$(frames 6000)"' and .waiting == 0'
e2e_settled() {
	local now

	now=$(lab_show 2 '[.drops[], .counters.decrypted_packets] | add')
	[[ $now == "${settled:-}" ]] || {
		settled=$now
		return 1
	}
}
lab_wait 10 "hv2 to have taken all" e2e_settled

for what in drop duplicate hold flip truncate readdress; do
	(($(wire "$what") > 0)) || fail "the wire did not $what anything"
done
expect "frames lost by the forwarder itself" "$(wire lost)" 0
drop_is in-icv $(($(wire flip) + $(wire truncate) - $(wire truncated_in_header)))
drop_is in-short "$(wire truncated_in_header)"
drop_is in-source "$(wire readdress)"
drop_is in-replay-seen "$(wire duplicate)"
drop_is in-replay-old 0
expect "packets that hv2 decrypted" \
	$(($(lab_show 2 .counters.decrypted_packets) - decrypted)) \
	$(($(wire vpe) - $(wire drop) - $(wire flip) - $(wire truncate) - $(wire readdress)))
sent=$(jq .sent "$LAB_DIR/tx1-2.json")
expect "frames that t2 received" "$(e2e_report rx2 '.streams["1"].received')" \
	$((sent - $(wire drop) - $(wire flip) - $(wire truncate) - $(wire readdress)))
e2e_expect_intact 2

# A wire that is whole again, and the last packets once more.
lab_stop wire2
e2e_start_wire 2
e2e_send 1 2 --count 100
lab_wait 10 "a hundred frames more" e2e_report_is wire2 '.vpe >= 100'
e2e_replay() {
	lab_signal wire2 USR2
}
e2e_expect_drops 2 in-replay-seen 64 e2e_replay
