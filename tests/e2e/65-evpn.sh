#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# FRR with EVPN, which knows nothing of covey, with covey_fabric_port: kernel: BGP sessions between the VTEP
# addresses fill the tables of VXLAN devices that do not learn. First without covey, then covey comes and nothing
# else is changed, last without it again. BGP goes on all the time, also while covey-host is dead. With covey,
# each frame of the tenants arrives once, unicast by type-2 routes and others by type-3; hosts answer ARP
# themselves; and what the tenants lose while a tenant under traffic moves between two hosts is not more than
# without covey: the time until BGP has told the third host.
# alone: compares times
# ports: kernel
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_figures.sh
. "$E2E_HERE/_figures.sh"
# shellcheck source=tests/e2e/_docs.sh
. "$E2E_HERE/_docs.sh"
# shellcheck source=tests/e2e/_frr.sh
. "$E2E_HERE/_frr.sh"

MOVES=$(long_or_short 30 6) # even, and the receiver's report has room for as many losses
RATE=2000                   # frames a second to the tenant that moves, and as many from it
MOVER_MAC=02:00:00:00:44:04
declare -A LOST # by phase: frames to the tenant and from it

# --- hosts and tenants ----------------------------------------------------------------------------

# With the commands of docs/bring-up.md: where frames go is FRR's to say, the bridge answers ARP for whom it knows,
# and a host knows its tenants' addresses by what they announce.
lab_add_vxlan() {
	docs_run "$1" sh nolearning s/1390/1450/ >/dev/null
}

# t4 has a wire to hv1 and one to hv2, and uses one of them. The third port keeps eth0 up in between.
add_mover() {
	local n

	lab_add_namespace t4
	lab_ip t4 link add eth0 mtu 1450 address "$MOVER_MAC" type bridge stp_state 0 mcast_snooping 0
	for n in 1 2; do
		lab_ip "hv$n" link add mover0 mtu 1450 type veth peer name "at$n" mtu 1450 netns "$(lab_ns t4)"
		lab_ip "hv$n" link set mover0 master br100 up
		lab_ip t4 link set "at$n" up
	done
	lab_ip t4 link add keep0 mtu 1450 type veth peer name keep0p
	lab_ip t4 link set keep0p up
	lab_ip t4 link set keep0 master eth0 up
	lab_ip t4 link set at1 master eth0
	lab_ip t4 link set eth0 up
	lab_ip t4 address add "$(lab_tenant 4)/24" dev eth0
}

announce() { # N
	in_ns "t$1" arping -q -U -c 1 -I eth0 "$(lab_tenant "$1")"
}

# Type 3 of each host; type 2 of each tenant, with its address and without.
has_routes() { # N
	(($(frr_routes "$1" multicast) == 3 && $(frr_routes "$1" macip) >= 8))
}

# --- a tenant that moves --------------------------------------------------------------------------

mover_is_at() { # N: by hv3's table
	bridge -n "$(lab_ns hv3)" fdb show dev vxlan100 |
		grep -q "^$MOVER_MAC dst $(lab_vtep "$1") .*extern_learn"
}

move() { # FROM TO
	printf '%s\n' "link set at$1 nomaster" "link set at$2 master eth0" | in_ns t4 ip -batch -
	lab_wait 20 "hv3 to have t4 at hv$2" mover_is_at "$2"
	lab_wait 10 "frames for t4 at hv$2" e2e_has_received 4 3 \
		$(($(e2e_report rx4 '.streams["3"].received') + 100))
}

# measure PHASE: moves there and back, between two streams.
measure() {
	local i to from lost=()

	e2e_receive 3
	e2e_receive 4
	e2e_keep_sending 3 4 --rate "$RATE"
	e2e_keep_sending 4 3 --rate "$RATE"
	lab_wait 10 "t3's stream" e2e_has_received 4 3 100
	lab_wait 10 "t4's stream" e2e_has_received 3 4 100
	for ((i = 0; i < MOVES; i += 2)); do
		move 1 2
		move 2 1
	done
	lab_stop tx3-4
	lab_stop tx4-3
	e2e_expect_intact 3
	e2e_expect_intact 4
	mapfile -t lost < <(e2e_report rx4 '.streams["3"].missing[] | .[1] - .[0] + 1')
	((${#lost[@]} > 0)) || lost=(0)
	to=$(e2e_report rx4 '.streams["3"] | .highest + 1 - .received')
	from=$(e2e_report rx3 '.streams["4"] | .highest + 1 - .received')
	LOST[$1]=$((to + from))
	figure "$1-moves" "$MOVES" moves
	figure "$1-lost-to-mover" "$to" frames
	figure "$1-lost-from-mover" "$from" frames
	figure "$1-lost-per-move-p50" "$(percentile 50 "${lost[@]}")" frames
	figure "$1-lost-per-move-max" "$(percentile 100 "${lost[@]}")" frames
	lab_stop rx3
	lab_stop rx4
}

# --- with covey -----------------------------------------------------------------------------------

covey_host() { # N OPTION...
	in_ns "hv$1" "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" --name "hv$1" "${@:2}"
}

# It comes to hosts that work already, as docs/bring-up.md has it.
covey_comes() {
	local n

	expect "that the recorder sees clear VXLAN" "$(e2e_report recorder '.kinds.vxlan >= 2000')" true
	lab_write_inventory "$LAB_DIR/inventory.yaml"
	for n in $(lab_hosts); do covey_host "$n" --guard on; done
	lab_stop recorder
	rm "$LAB_DIR/recorder.json" "$LAB_DIR/recorder.pcap"
	e2e_record
	lab_programs
	e2e_wait_ping 1 2
}

covey_goes() {
	local n

	lab_stop recorder
	for n in $(lab_hosts); do
		lab_stop "hv$n"
		covey_host "$n" --guard off
	done
}

all_arrive_once() {
	local n

	for n in 1 2 3; do e2e_receive_multicast "$n"; done
	for n in 1 2 3; do e2e_send "$n" $((n % 3 + 1)) --rate "$RATE" --count "$(frames 1000)"; done
	for n in 1 2 3; do e2e_expect_all "$n" $((n % 3 + 1)); done
	for n in 1 2 3; do lab_stop "rx$n"; done
	for n in 1 2 3; do e2e_receive_multicast "$n"; done
	e2e_send 1 all --rate "$RATE" --count "$(frames 1000)"
	for n in 2 3; do e2e_expect_all 1 "$n" all; done
	for n in 1 2 3; do lab_stop "rx$n"; done
}

arp_requests() { # that hv1's VXLAN device sent
	lab_rules hv1 | jq -s '[.[] | select(.comment == "ARP request") | .expr[].counter?.packets // 0] | add'
}

arp_is_answered_by_hosts() {
	local before

	in_ns hv1 nft -f - <<-RULES
		table netdev seen {
			chain out {
				type filter hook egress device "vxlan100" priority -500;
				arp operation request counter comment "ARP request"
			}
		}
	RULES
	e2e_ping 1 2 >/dev/null
	lab_ip t1 neigh flush dev eth0
	before=$(arp_requests)
	e2e_ping 1 2 >/dev/null
	e2e_ping 1 3 >/dev/null
	expect "ARP requests by hv1 for tenants that hosts know" $(($(arp_requests) - before)) 0
	if e2e_ping 1 99 >/dev/null; then fail "somebody answers for 172.16.0.99"; fi
	(($(arp_requests) > before)) || fail "hv1 sent no ARP request for a stranger"
}

keepalives() { # those that hv2 heard from hv1, and other messages
	frr_ask 2 "show bgp l2vpn evpn summary json" | jq ".peers[\"$(lab_vtep 1)\"].msgRcvd"
}

has_heard() {
	(($(keepalives) >= $1))
}

# For longer than a session would live without being heard.
covey_is_killed() {
	lab_stop hv1 KILL
	if e2e_ping 1 2 >/dev/null; then fail "t1 reached t2 although covey-host is dead"; fi
	lab_wait 20 "BGP to go on" has_heard $(($(keepalives) + FRR_HOLD_S + 2))
	frr_expect_sessions "while covey-host of hv1 is dead"
	lab_start_covey 1
	lab_wait 30 "hv1 to join again" lab_has_joined 1
	e2e_wait_ping 1 2
}

lab_wires
e2e_record
for n in 1 2 3; do
	lab_add_vxlan "$n"
	frr_start "$n"
done
add_mover
for n in 1 2 3; do lab_wait 30 "BGP of hv$n" frr_has_sessions "$n"; done
for n in 1 2 3 4; do announce "$n"; done
for n in 1 2 3; do lab_wait 10 "routes of all, at hv$n" has_routes "$n"; done
e2e_wait_ping 3 4
measure without

covey_comes
frr_expect_sessions "after covey came"
all_arrive_once
arp_is_answered_by_hosts
measure with
frr_expect_sessions "after the moves"
covey_is_killed
expect "what the switch saw of VXLAN in clear" "$(e2e_report recorder .kinds.vxlan)" 0
expect "VPE that the switch saw" "$(e2e_report recorder '.kinds.vpe >= 10000')" true

covey_goes
e2e_wait_ping 3 4
measure again
frr_expect_sessions "at the end"

# Not more with covey than in the mean of both without, a fifth more, and 10 ms for each move.
most=$(((LOST[without] + LOST[again]) * 6 / 10 + MOVES * RATE / 100))
figure with-lost-most "$most" frames
((LOST[with] <= most)) || fail "the moves cost ${LOST[with]} frames with covey; at most $most are right"
