#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What the dissector for Wireshark says of real packets: the same SAs, senders, windows and epochs as the recorder
# saw, each packet of them and nothing to note; and of an attacker's packets what is wrong with each.
# shellcheck disable=SC2034 # for lab.sh
LAB_HOSTS=2
LAB_GROUP_VARS="        replay_window: 64"
. "$(dirname "$0")/_init.sh"

unicast=(--from "$(lab_vtep 1)" --to "$(lab_vtep 2)" --cast 0)

# dissect TSHARK-OPTION...: of the capture.
dissect() {
	tshark -n -X "lua_script:$LAB_SOURCE/deploy/wireshark/vpe.lua" -o vpe.window:64 -r "$LAB_DIR/fab0.pcap" "$@" \
		2>"$LAB_DIR/log/tshark" || fail "tshark: $(<"$LAB_DIR/log/tshark")"
}

# counted FILTER: so many packets, as Wireshark's display filter has it.
counted() {
	dissect -Y "$1" -T fields -e frame.number | wc -l
}

has_noted() { # COUNT
	(($(counted _ws.expert) >= $1))
}

# A line for each window, with its packets and its first and last epoch.
by_dissector() {
	dissect -T fields -e vpe.spi -e vpe.sender -e vpe.window.class -e vpe.window.cast -e vpe.window.path -e vpe.epoch |
		awk '{
			window = $1 " " $2 " " $3 " " $4 " " $5
			if (!count[window]++) first[window] = $6
			last[window] = $6
		} END { for (window in count) print window, count[window], first[window], last[window] }' | sort
}

by_recorder() {
	e2e_report recorder '.windows[] | [.spi, .sender_id, .class, .cast, .path, .packets, .epoch_first, .epoch_last] |
		join(" ")' |
		while read -r spi rest; do printf '0x%08x %s\n' "$spi" "$rest"; done | sort
}

# Tenants' kernels may ask for a neighbour between one answer and the other.
both_agree() {
	[[ $(by_recorder) == "$(by_dissector)" ]]
}

lab_wires
e2e_record
# Each packet of two hosts comes by here once.
lab_spawn tcpdump hv2 tcpdump -Z root --immediate-mode -U -B 16384 -w "$LAB_DIR/fab0.pcap" -i fab0 udp port 4798
lab_wait 30 "tcpdump to listen" grep -q 'listening on' "$LAB_DIR/log/tcpdump"
lab_programs
e2e_add_evil
e2e_wait_ping 1 2
e2e_send 1 all --count 100 --rate 1000
e2e_receive 2
e2e_send 1 2 --count 300 --rate 1000
e2e_expect_all 1 2

# What each says of the same packets.
lab_poll 60 both_agree || fail "recorder and dissector differ: $(diff <(by_recorder) <(by_dissector))"
(($(counted vpe) >= 400)) || fail "only $(counted vpe) packets were captured"
expect "notes" "$(counted _ws.expert)" 0

e2e_expect_drops 2 in-replay-seen 7 e2e_inject replay --count 7 "${unicast[@]}" --packets-min 290
e2e_expect_drops 2 in-replay-old 6 e2e_inject old --count 6 "${unicast[@]}" --packets-min 290
e2e_expect_drops 2 in-epoch 5 e2e_inject old-epoch --count 5 "${unicast[@]}"
e2e_expect_drops 2 in-short 32 e2e_inject truncated-header --count 32 "${unicast[@]}"
lab_wait 60 "tcpdump to write the attacker's packets, too" has_noted 49
lab_stop tcpdump
grep -q '^0 packets dropped by kernel' "$LAB_DIR/log/tcpdump" ||
	fail "tcpdump lost packets: $(<"$LAB_DIR/log/tcpdump")"
expect "packets that are noted as replayed" "$(counted "vpe.repeated_packet && vpe.same_iv && !vpe.epoch_regress")" 7
expect "packets that are noted as below the window, with an IV that was used" \
	"$(counted "vpe.too_old && vpe.repeated_iv")" 6
expect "packets that are noted for their epoch" "$(counted "vpe.epoch_regress && !vpe.repeated_iv")" 5
# Wireshark asks nobody about the one that is empty.
expect "packets that are noted as short" "$(counted vpe.short)" 31
expect "packets with any note" "$(counted _ws.expert)" 49
