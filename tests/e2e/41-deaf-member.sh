#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Nothing of the group's traffic arrives at a member, whatever the cause, while its session goes on:
# member and key manager both say so within a minute, of this member alone, and take it back after.
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_figures.sh
. "$E2E_HERE/_figures.sh"

SAID_S=60

# deaf_at_member N, deaf_at_gkm N: "true" or "false".
deaf_at_member() {
	lab_show "$1" '.groups[] | select(.name == "tenants") | .deaf'
}

deaf_at_gkm() {
	lab_show_gkm ".groups[] | select(.name == \"tenants\") | .members[] |
		select(.identity | endswith(\"/hv$1\")) | .deaf"
}

both_say() {
	[[ $(deaf_at_member 2) == "$1" && $(deaf_at_gkm 2) == "$1" ]]
}

# The log's lines about it: of member hvN, or of the key manager.
lines() {
	grep -cE "$2" "$LAB_DIR/log/$1" || true
}

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

e2e_up
e2e_receive_multicast 2
e2e_receive_multicast 3
e2e_wait_ping 1 2
e2e_keep_sending 1 all --rate 200
lab_wait 10 "the stream to the group" e2e_has_received 2 1 100
lab_wait 10 "the stream to the group at t3" e2e_has_received 3 1 100
expect "hv2 deaf, by itself, at first" "$(deaf_at_member 2)" false

cut_wire
began=$SECONDS
lab_wait $SAID_S "both to say that hv2 is deaf" both_say true
figure deaf-said $((SECONDS - began)) s
expect "lines about it at hv2" "$(lines hv2 'tenants: DEAF')" 1
expect "alarms about it" "$(lines gkm 'ALARM: tenants: hv2 is deaf')" 1
expect "what covey show says of it" "$(lab_covey 2 show | grep -c '^tenants: DEAF')" 1
expect "what covey show --gkm says of it" "$(lab_at_gkm show --gkm | grep -c 'hv2: DEAF in tenants')" 1
for n in 1 3; do
	expect "hv$n deaf, by itself" "$(deaf_at_member $n)" false
	expect "hv$n deaf, by the key manager" "$(deaf_at_gkm $n)" false
done

mend_wire
began=$SECONDS
lab_wait 40 "both to say that hv2 hears again" both_say false
figure deaf-taken-back $((SECONDS - began)) s
lab_stop tx1-all
expect "lines of hv2 that it hears again" "$(lines hv2 'tenants: not deaf any more')" 1
expect "lines of the key manager that it does" "$(lines gkm 'hv2 is not deaf any more')" 1
expect "alarms in all" "$(lines gkm ALARM)" 1
