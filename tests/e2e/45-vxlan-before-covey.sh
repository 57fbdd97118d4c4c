#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Unicast VXLAN devices on the card, which worked before covey came, with covey_fabric_port: kernel. The
# guard alone stops them. covey-host encrypts what they send, and nothing of them or of the card is
# changed. While covey-host is dead, nothing leaves; so it is when the rules are flushed, and when
# covey0 is gone or is another interface that has its index.
# ports: kernel
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

covey_host() { # N OPTION...
	in_ns "hv$1" "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" --name "hv$1" \
		"${@:2}"
}

add_unicast() { # N
	lab_ip "hv$1" link add vxlan100 type vxlan id 100 remote "$(lab_vtep $((3 - $1)))" \
		local "$(lab_vtep "$1")" dev fab0 dstport 4789
	lab_ip "hv$1" link set vxlan100 master br100 up
}

# Addresses, routes, hardware addresses, settings; neighbours come and go by themselves.
state_of() { # N
	lab_ip "hv$1" -d -json link show dev fab0 | jq -S 'map(del(.stats64, .promiscuity))'
	lab_ip "hv$1" -d -json link show dev vxlan100 | jq -S 'map(del(.linkinfo.info_slave_data))'
	lab_ip "hv$1" address show dev fab0
	lab_ip "hv$1" route show table all | grep -v ' dev covey0 '
	lab_ip "hv$1" rule show
	in_ns "hv$1" sysctl -a 2>/dev/null | grep -E '^net\.ipv[46]\.conf\.(all|default|fab0)\.'
}

vxlan_seen() {
	e2e_report recorder '.kinds.vxlan'
}

# A local user would read tenants' packets from covey0, if it could open a queue of it.
user_opens_covey0() {
	in_ns hv1 setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all \
		/usr/bin/python3 -c '
import fcntl, os, struct
TUNSETIFF = 0x400454CA
TAP, NO_PI, VNET_HDR, MULTI_QUEUE = 0x2, 0x1000, 0x4000, 0x100
device = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"covey0", TAP | NO_PI | VNET_HDR | MULTI_QUEUE))
' 2>"$LAB_DIR/log/user"
}

expect_refused() { # WHEN
	if user_opens_covey0; then fail "a user has opened a queue of covey0 $1"; fi
	grep -q PermissionError "$LAB_DIR/log/user" || fail "not what was to be seen: $(<"$LAB_DIR/log/user")"
}

ping_in_vain() {
	in_ns t1 ping -q -c 5 -i 0.05 -W 1 -p "$E2E_CANARY" "$(lab_tenant 2)" >/dev/null && return 1
	return 0
}

lab_wires
for n in 1 2; do add_unicast "$n"; done
e2e_wait_ping 1 2 # in clear, and nobody minds yet
for n in 1 2; do state_of "$n" >"$LAB_DIR/before$n"; done
lab_write_inventory "$LAB_DIR/inventory.yaml"

# The guard alone.
for n in 1 2; do covey_host "$n" --guard on; done
e2e_record
ping_in_vain || fail "t1 reached t2 past the guard"
expect "VXLAN on the wire with the guard alone" "$(vxlan_seen)" 0

# As covey-guard.service does, beside covey-host.
lab_spawn keeper hv1 "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" --name hv1 \
	--guard keep
lab_programs
e2e_wait_ping 1 2
for n in 1 2; do
	state_of "$n" >"$LAB_DIR/after$n"
	diff "$LAB_DIR/before$n" "$LAB_DIR/after$n" || fail "something of hv$n was changed"
done
e2e_receive 1
e2e_receive 2
e2e_send 1 2 --count "$(frames 2000)" --rate 2000
e2e_expect_all 1 2
e2e_send 2 1 --count "$(frames 500)" --rate 2000 --size 1300
e2e_expect_all 2 1
expect "VPE that the switch saw" "$(e2e_report recorder '.kinds.vpe >= 2500')" true
expect_refused "while covey-host runs"
expect "hv1's guard" "$(lab_show 1 .guard.state)" verified
expect "packets that it forwarded" "$(lab_show 1 '.guard.forwarded >= 2000')" true

# Dead: covey0 stays, and nobody reads it.
lab_stop hv1 KILL
ping_in_vain || fail "t1 reached t2 although covey-host is dead"
expect "VXLAN on the wire while covey-host is dead" "$(vxlan_seen)" 0
expect_refused "while covey-host is dead"
lab_start_covey 1
lab_wait 30 "hv1 to join again" lab_has_joined 1
e2e_wait_ping 1 2

# Somebody flushes the rules under traffic.
e2e_keep_sending 1 2 --rate 2000 --count 1000000
for _ in $(seq 20); do
	in_ns hv1 nft flush ruleset
	sleep 0.05
done
lab_stop tx1-2
lab_wait 10 "the guard to be put back" e2e_ping 1 2
expect "VXLAN on the wire after 20 flushes" "$(vxlan_seen)" 0

# covey0 is gone, and another interface gets its index: the rule must not point there.
does_not_forward() { ! in_ns hv1 nft list table netdev covey_guard_covey0 | grep -q ' fwd to '; }
index=$(lab_ip hv1 -json link show dev covey0 | jq '.[0].ifindex')
e2e_keep_sending 1 2 --rate 2000 --count 1000000
lab_ip hv1 link delete covey0
lab_wait 5 "the guard to drop what it forwarded" does_not_forward
lab_ip hv1 link add other index "$index" up type veth peer name otherp
lab_ip hv1 link set otherp up
in_ns hv1 nft -f - <<-RULES
	table netdev seen {
		chain out {
			type filter hook egress device "other" priority 900;
			udp dport 4789 counter
		}
	}
RULES
lab_wait 10 "covey-host to notice" lab_is_gone hv1
lab_stop tx1-2
expect "VXLAN that left by an interface of covey0's index" "$(in_ns hv1 nft --json list table netdev seen |
	jq '[.nftables[].rule? | select(.) | .expr[].counter?.packets // 0] | add')" 0
lab_ip hv1 link delete other
lab_start_covey 1
lab_wait 30 "hv1 to join again" lab_has_joined 1
e2e_wait_ping 1 2
