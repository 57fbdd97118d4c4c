#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The uplink is a bridge that has the VTEP address, and the network card is a port of it, as on hosts that
# have virtual machines in the same network. covey finds it by the routes. Tenants reach each other, by ping and
# TCP; while covey-host is dead, nothing of theirs leaves, in clear or otherwise; clear VXLAN from outside comes
# no further than the bridge. (Bonds and VLAN devices as uplinks are not tested: the kernel that runs the
# tests may have neither.)
# ports: kernel
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

# The card keeps no address, and the VXLAN device is bound to the bridge.
lab_keep_card() {
	in_ns "hv$1" sysctl -qw net.ipv4.conf.all.rp_filter=1
	lab_ip "hv$1" link add uplink0 address "02:00:00:00:77:0$1" type bridge stp_state 0 mcast_snooping 0
	lab_ip "hv$1" link set fab0 master uplink0
	lab_ip "hv$1" link set uplink0 mtu "$LAB_FABRIC_MTU" up
	lab_finish_checksums "hv$1" uplink0
	lab_address "hv$1" uplink0 "$(lab_vtep "$1")"
}

lab_underlay() {
	echo uplink0
}

# Behind the guard's own hooks, where the bridge hands frames to the card: what really leaves.
watch_card() { # N
	in_ns "hv$1" nft -f - <<-RULES
		table netdev seen {
			chain out {
				type filter hook egress device "fab0" priority 900;
				udp dport 4798 counter comment "vpe"
				udp dport 4789 counter comment "clear"
			}
		}
	RULES
}

left() { # N COMMENT
	lab_rules "hv$1" | jq -s --arg comment "$2" '[.[] | select(.comment == $comment) |
		.expr[].counter?.packets // 0] | add // 0'
}

tcp() { # FROM TO
	in_ns "t$1" timeout 60 /usr/bin/python3 "$E2E_HERE/mtu_tenant.py" tcp "$(lab_tenant "$2")" ||
		fail "TCP from t$1 to t$2"
}

has_sent() {
	(($(e2e_report tx1-2 .sent) >= $1))
}

tenant_goes_on() { # FRAMES
	lab_wait 20 "the tenant to send" has_sent $(($(e2e_report tx1-2 .sent) + $1))
}

e2e_up
for n in 1 2; do watch_card "$n"; done
e2e_wait_ping 1 2
e2e_wait_ping 2 1
grep -q "lead through: uplink0" "$LAB_DIR/log/hv1" || fail "hv1 does not say that its uplink is uplink0"
lab_spawn server t2 /usr/bin/python3 "$E2E_HERE/mtu_tenant.py" serve
lab_wait 10 "the server" grep -q ready "$LAB_DIR/log/server"
tcp 1 2
for n in 1 2; do
	(($(left "$n" vpe) >= 1000)) || fail "hv$n sent $(left "$n" vpe) VPE packets by its card"
	expect "refused by the kernel of hv$n" "$(lab_show "$n" '.drops["in-refused"]')" 0
done

# From outside.
e2e_add_evil
e2e_expect_clear_dropped 2 10 e2e_inject clear-vxlan --count 10 --cast 0 \
	--from "$(lab_vtep 1)" --to "$(lab_vtep 2)" --canary "$E2E_CANARY"
e2e_expect_clear_dropped 2 10 e2e_inject clear-vxlan --count 10 --cast 1 \
	--from "$(lab_vtep 1)" --canary "$E2E_CANARY"

# Dead, under traffic, and back.
e2e_keep_sending 1 2 --rate 2000 --count 1000000
tenant_goes_on 500
lab_stop hv1 KILL
tenant_goes_on 500 # what was on its way has left meanwhile
before=$(left 1 vpe)
tenant_goes_on 1000
expect "VPE of hv1 while its covey-host is dead" "$(left 1 vpe)" "$before"
lab_start_covey 1
lab_wait 30 "hv1 to join again" lab_has_joined 1
e2e_wait_ping 1 2
lab_stop tx1-2
tcp 1 2
for n in 1 2; do expect "VXLAN in clear by hv$n's card" "$(left "$n" clear)" 0; done
