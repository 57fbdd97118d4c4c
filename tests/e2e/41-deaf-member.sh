#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Nothing of the group's traffic arrives at a member, whatever the cause, while its session goes on:
# member and key manager both say so within a minute, of this member alone, and take it back after. First
# with multicast, then with unicast alone, where they say "perhaps"; last in a group of two, where unicast
# is proof.
# waits: for heartbeats

if [[ -z ${DEAF_HOSTS:-} ]]; then
	DEAF_HOSTS=3 "$0" && DEAF_HOSTS=2 exec "$0"
	exit 1
fi
LAB_HOSTS=$DEAF_HOSTS

. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_figures.sh
. "$E2E_HERE/_figures.sh"

SAID_S=60
AGAIN_S=40
declare -A SHOWN=([deaf]="DEAF" [perhaps]="perhaps DEAF")

# What each says of hvN: "deaf", "perhaps" or "fine".
WORD='if .deaf then "deaf" elif .perhaps_deaf then "perhaps" else "fine" end'
word_of_member() {
	lab_show "$1" '.groups[] | select(.name == "tenants") | '"$WORD"
}

word_of_gkm() {
	lab_show_gkm ".groups[] | select(.name == \"tenants\") | .members[] |
		select(.identity | endswith(\"/hv$1\")) | $WORD"
}

both_say() { # WORD
	[[ $(word_of_member 2) == "$1" && $(word_of_gkm 2) == "$1" ]]
}

# expect_others_fine
expect_others_fine() {
	local n

	for n in $(lab_hosts); do
		((n != 2)) || continue
		expect "hv$n deaf, by itself" "$(word_of_member "$n")" fine
		expect "hv$n deaf, by the key manager" "$(word_of_gkm "$n")" fine
	done
}

# The log's lines about it: of member hvN, or of the key manager.
lines() {
	grep -cE "$2" "$LAB_DIR/log/$1" || true
}

# At the switch.
cut_wire() {
	in_ns sw nft -f - <<-RULES
		table netdev deaf {
			chain hv2 {
				type filter hook egress device hv2 priority 0
				udp dport 4798 drop
			}
		}
	RULES
}

mend_wire() {
	in_ns sw nft delete table netdev deaf
}

# By hv2's own packet filter. It is not asked where covey drives the card.
filter() {
	if [[ $(lab_ports 2) != kernel ]]; then
		cut_wire
		return
	fi
	in_ns hv2 nft -f - <<-RULES
		table inet deaf {
			chain input {
				type filter hook input priority 0
				udp dport 4798 drop
			}
		}
	RULES
}

stop_filter() {
	if [[ $(lab_ports 2) == kernel ]]; then
		in_ns hv2 nft delete table inet deaf
	else
		mend_wire
	fi
}

# The VXLAN devices anew: no group, and a static entry for each other host.
make_unicast() {
	local n other

	for n in $(lab_hosts); do
		lab_ip "hv$n" link delete vxlan100
		lab_ip "hv$n" link add vxlan100 type vxlan id 100 local "$(lab_vtep "$n")" \
			dev "$(lab_underlay "$n")" dstport 4789
		lab_ip "hv$n" link set vxlan100 master br100 up
		for other in $(lab_hosts); do
			((other == n)) || bridge -n "$(lab_ns "hv$n")" fdb append \
				00:00:00:00:00:00 dev vxlan100 dst "$(lab_vtep "$other")"
		done
	done
}

know() { # FROM TO: tFROM never asks for tTO's hardware address
	lab_ip "t$1" neighbour replace "$(lab_tenant "$2")" dev eth0 nud permanent lladdr "$(
		lab_ip "t$2" -json link show dev eth0 | jq -r '.[0].address')"
}

exchange_unicast() {
	local pair

	make_unicast
	know 1 2
	know 2 1
	e2e_wait_ping 1 2
	for pair in "1 2" "2 1"; do
		# shellcheck disable=SC2086 # two words
		e2e_keep_sending $pair --rate 200
	done
	lab_wait 10 "the stream to t2" e2e_has_received 2 1 100
}

end_exchange() {
	lab_stop tx1-2
	lab_stop tx2-1
}

# goes_deaf WORD CUT MEND: from CUT on both say so, from MEND on that it is over.
goes_deaf() {
	local began

	expect "hv2 deaf, by itself, before $2" "$(word_of_member 2)" fine
	"$2"
	began=$SECONDS
	lab_wait $SAID_S "both to say '$1' of hv2" both_say "$1"
	figure "$1-said-of-$LAB_HOSTS-after-$2" $((SECONDS - began)) s
	expect "what covey show says of it" "$(lab_covey 2 show | grep -c "^tenants: ${SHOWN[$1]}:")" 1
	expect "its problems" "$(lab_show 2 '.problems[]' | grep -c "tenants: ${SHOWN[$1]/DEAF/deaf}:")" 1
	expect "what covey show --gkm says of it" \
		"$(lab_at_gkm show --gkm | grep -c "hv2: ${SHOWN[$1]} in tenants")" 1
	expect_others_fine
	"$3"
	began=$SECONDS
	lab_wait $AGAIN_S "both to say that hv2 hears again" both_say fine
	figure "$1-taken-back-of-$LAB_HOSTS-after-$3" $((SECONDS - began)) s
}

multicast() {
	e2e_receive_multicast 3
	e2e_keep_sending 1 all --rate 200
	lab_wait 10 "the stream to the group" e2e_has_received 2 1 100
	lab_wait 10 "the stream to the group at t3" e2e_has_received 3 1 100
	goes_deaf deaf cut_wire mend_wire
	lab_stop tx1-all
	expect "lines about it at hv2" "$(lines hv2 'tenants: DEAF')" 1
	expect "alarms about it" "$(lines gkm 'ALARM: tenants: hv2 is deaf')" 1
	expect "lines of hv2 that it hears again" "$(lines hv2 'tenants: not deaf any more')" 1
	expect "lines of the key manager that it does" "$(lines gkm 'hv2 is not deaf any more')" 1
}

perhaps() {
	exchange_unicast
	goes_deaf perhaps filter stop_filter
	end_exchange
	expect "lines about it at hv2" "$(lines hv2 'tenants: perhaps DEAF')" 1
	expect "warnings about it" "$(lines gkm 'tenants: hv2 is perhaps deaf')" 1
	expect "lines of hv2 that it hears again" "$(lines hv2 'tenants: not deaf any more')" 2
	expect "lines of the key manager that it does" "$(lines gkm 'hv2 is not deaf any more')" 2
	expect "alarms in all" "$(lines gkm ALARM)" 1
}

surely() {
	exchange_unicast
	goes_deaf deaf filter stop_filter
	end_exchange
	expect "lines about it at hv2" "$(lines hv2 'tenants: DEAF')" 1
	expect "alarms about it" "$(lines gkm 'ALARM: tenants: hv2 is deaf')" 1
	expect "lines of hv2 that it hears again" "$(lines hv2 'tenants: not deaf any more')" 1
	expect "alarms in all" "$(lines gkm ALARM)" 1
}

e2e_up
e2e_receive_multicast 1
e2e_receive_multicast 2
e2e_wait_ping 1 2
if ((LAB_HOSTS == 3)); then
	multicast
	perhaps
else
	surely
fi
