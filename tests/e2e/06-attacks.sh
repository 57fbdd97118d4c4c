#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Replayed, altered, truncated, re-addressed and forged packets from the fabric: each hits its own
# counter, as often as it was sent, and no tenant sees one of them. The key manager hears of packets
# with a host's own SenderID.
# ports: both
. "$(dirname "$0")/_init.sh"

unicast=(--from "$(lab_vtep 1)" --to "$(lab_vtep 2)" --cast 0)

e2e_up
e2e_add_evil
e2e_receive_multicast 2
e2e_wait_ping 1 2
e2e_wait_ping 1 3
# One flow, so one window, and more packets than its replay window holds.
e2e_send 1 2 --count 3000 --rate 3000
e2e_expect_all 1 2
before=$(e2e_report rx2 .received)

attack() {
	local reason=$1 count=$2 what=$3

	shift 3
	e2e_expect_drops 2 "$reason" "$count" e2e_inject "$what" --count "$count" "${unicast[@]}" "$@"
}

# unseen COUNT WHAT...: the kernel itself drops them, so that the first to be counted is the one after them.
unseen() {
	inject_with_another() {
		e2e_inject "$2" --count "$1" "${unicast[@]}" "${@:3}"
		e2e_inject unknown-spi "${unicast[@]}"
	}
	e2e_expect_drops 2 in-unknown-spi 1 inject_with_another "$@"
}

own=$(lab_show 2 '.groups[0].sender_id')
third=$(lab_show 3 '.groups[0].sender_id')
attack in-replay-seen 7 replay
# In the flow's window: what came last may be an answer to ARP, in a window of few packets.
attack in-replay-old 6 old --packets-min 2900
attack in-icv 5 forged
attack in-unknown-spi 4 unknown-spi
attack in-not-on-roster 3 other-sender --sender-id 65000
attack in-source 2 other-sender --sender-id "$third"
attack in-own-sender 9 other-sender --sender-id "$own"
attack in-source 8 readdressed-source --address "$(lab_vtep 3)"
attack in-epoch 6 old-epoch
attack in-short 32 truncated-header # at each length
attack in-icv 50 truncated          # cut by 1 byte, 2 bytes, ...
if [[ $LAB_PORTS == kernel ]]; then
	unseen 4 fragment
	unseen 5 other-encapsulation
	attack in-icv 7 options # the kernel takes the options away
	unseen 3 malformed
else
	attack in-fragment 4 fragment
	attack in-encapsulation 5 other-encapsulation
	attack in-options 7 options
	attack in-malformed 3 malformed
fi
e2e_expect_clear_dropped 2 2 e2e_inject clear-vxlan --count 2 "${unicast[@]}" --canary "$E2E_CANARY"

# Of its own SenderID the host tells the key manager, which alarms and counts.
knows_of_impostor() {
	[[ $(lab_show_gkm ".groups[0].members[] | select(.sender_id == $own) | .own_sender") == "$1" ]]
}
lab_wait 25 "the key manager to hear of it" knows_of_impostor 9
grep -q "ALARM: tenants: somebody sends, or forges, with the SenderID $own of hv2: it dropped" \
	"$LAB_DIR/log/gkm" || fail "no alarm about SenderID $own"
expect "members that somebody sends for, beside hv2" "$(lab_show_gkm "[.groups[0].members[] |
	select(.sender_id != $own and .own_sender > 0)] | length")" 0

# A packet for hv2 sent on to hv3, whom it would not hurt: it has the key, and sees the addresses.
e2e_expect_drops 3 in-inner-address 1 e2e_inject readdressed-destination "${unicast[@]}" \
	--address "$(lab_vtep 3)" --mac "$(lab_mac 3)"

# The same sent on as it is, so that nothing but the MAC address differs. A kernel that keeps the card
# does not take it.
if [[ $LAB_PORTS != kernel ]]; then
	e2e_expect_drops 3 in-destination 1 e2e_inject readdressed-destination "${unicast[@]}" \
		--address "$(lab_vtep 2)" --mac "$(lab_mac 3)"
fi

# Multicast: the copies reach all, and each refuses them.
e2e_expect_drops 3 in-replay-seen 1 e2e_inject replay --from "$(lab_vtep 1)" --cast 1
expect "frames after the attacks at t2" "$(e2e_report rx2 .received)" "$before"
e2e_expect_intact 2

# And the window did not move for any of them.
e2e_send 1 2 --count 100
lab_wait 10 "traffic after the attacks" e2e_report_is rx2 '.streams["1"].duplicates == 100'
