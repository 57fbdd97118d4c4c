#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A routed fabric: each host has its VTEP address on lo and two uplinks to two switches, and the kernel
# spreads over both by the source port. covey uses both. One is cut under traffic: the other carries
# all, nothing is in clear, and covey-host goes on. An uplink that comes later is guarded from its first
# packet.
# ports: kernel
LAB_HOSTS=2
LAB_FABRIC_INTERFACE=${LAB_FABRIC_INTERFACE-"[fab0, fab1]"}
. "$(dirname "$0")/_init.sh"

lab_gkm_address() { echo 10.78.0.10; }

# The second switch beside the first, in the same namespace: they are not joined.
add_second_switch() {
	lab_ip sw link add br1 mtu "$LAB_FABRIC_MTU" type bridge stp_state 0 mcast_snooping 0
	lab_ip sw link set br1 up
}

plug_second() { # N
	lab_ip sw link add "up$1" mtu "$LAB_FABRIC_MTU" type veth peer name fab1 \
		mtu "$LAB_FABRIC_MTU" netns "$(lab_ns "hv$1")"
	lab_ip sw link set "up$1" master br1 up
	lab_finish_checksums "hv$1" fab1
	lab_ip "hv$1" link set fab1 up
}

# lab_keep_card N: addresses of the links, and the VTEP address on lo, reachable by both.
lab_keep_card() {
	in_ns "hv$1" sysctl -qw net.ipv4.conf.all.rp_filter=2 net.ipv4.fib_multipath_hash_policy=1 \
		net.ipv4.conf.all.ignore_routes_with_linkdown=1 \
		net.ipv4.conf.default.ignore_routes_with_linkdown=1
	plug_second "$1"
	lab_finish_checksums "hv$1" fab0
	lab_ip "hv$1" address add "10.78.0.$1/24" dev fab0
	lab_ip "hv$1" address add "10.79.0.$1/24" dev fab1
	lab_ip "hv$1" address add "$(lab_vtep "$1")/32" dev lo
	lab_ip "hv$1" route add "$(lab_vtep $((3 - $1)))/32" src "$(lab_vtep "$1")" \
		nexthop via "10.78.0.$((3 - $1))" dev fab0 nexthop via "10.79.0.$((3 - $1))" dev fab1
}

# lab_add_vxlan N: bound to no interface, as routed fabrics have it.
lab_add_vxlan() {
	lab_ip "hv$1" link add vxlan100 type vxlan id 100 remote "$(lab_vtep $((3 - $1)))" \
		local "$(lab_vtep "$1")" dstport 4789
	lab_ip "hv$1" link set vxlan100 master br100 up
}

# Packets that hv1 sent by this uplink, VPE and others.
sent_by() {
	in_ns hv1 nft --json list table netdev seen | jq "[.nftables[].rule? | select(.) |
		select(.comment == \"$1\") | .expr[].counter?.packets // 0] | add"
}

# Behind the guard's own hooks: what really leaves.
watch_uplinks() {
	in_ns hv1 nft -f - <<-RULES
		table netdev seen {
			chain fab0 {
				type filter hook egress device "fab0" priority 900;
				udp dport 4798 counter comment "vpe fab0"
				udp dport 4789 counter comment "clear fab0"
			}
			chain fab1 {
				type filter hook egress device "fab1" priority 900;
				udp dport 4798 counter comment "vpe fab1"
				udp dport 4789 counter comment "clear fab1"
			}
		}
	RULES
}

# From many source ports of a tenant, so that VXLAN has many, too: VPE's source port has as many paths.
send_spread() {
	in_ns t1 /usr/bin/python3 -c '
import socket, sys
for port in range(20000, 20256):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("", port))
        for _ in range(4):
            sender.sendto(bytes(100), (sys.argv[1], 9))
' "$(lab_tenant 2)"
}

lab_add_switch
add_second_switch
lab_add_gkm
for n in 1 2; do
	lab_add_host "$n"
	lab_add_tenant "$n"
done
watch_uplinks
e2e_record
lab_programs
e2e_wait_ping 1 2
send_spread
# The four of one port may leave in one send, which counts once: so it is 128 at least, more or less.
for uplink in fab0 fab1; do
	(($(sent_by "vpe $uplink") >= 40)) ||
		fail "hv1 sent $(sent_by "vpe $uplink") VPE packets by $uplink: both should be used"
done

# One is cut under traffic.
e2e_receive 2
e2e_keep_sending 1 2 --rate 1000 --count 1000000
lab_wait 10 "traffic" e2e_has_received 2 1 500
for uplink in up1 up2; do lab_ip sw link set "$uplink" down; done
received=$(e2e_report rx2 '.streams["1"].received')
lab_wait 10 "traffic over the uplink that is left" e2e_has_received 2 1 $((received + 500))
for uplink in up1 up2; do lab_ip sw link set "$uplink" up; done
received=$(e2e_report rx2 '.streams["1"].received')
lab_wait 10 "traffic over both again" e2e_has_received 2 1 $((received + 500))

# An uplink is taken out of the machine and put in again, under traffic. The kernel takes the whole route
# with it; a routing protocol makes another.
pid=$(lab_pid hv1)
lab_ip hv1 link delete fab1
lab_ip hv1 route replace "$(lab_vtep 2)/32" src "$(lab_vtep 1)" via 10.78.0.2 dev fab0
received=$(e2e_report rx2 '.streams["1"].received')
lab_wait 10 "traffic without fab1" e2e_has_received 2 1 $((received + 500))
plug_second 1
lab_ip hv1 address add 10.79.0.1/24 dev fab1
lab_ip hv1 route replace "$(lab_vtep 2)/32" src "$(lab_vtep 1)" \
	nexthop via 10.78.0.2 dev fab0 nexthop via 10.79.0.2 dev fab1
is_bound() { in_ns hv1 nft list table netdev covey_guard_covey0 | grep -c '"fab1"' | grep -q 2; }
lab_wait 5 "the guard of the new fab1" is_bound
received=$(e2e_report rx2 '.streams["1"].received')
lab_wait 10 "traffic over the new fab1" e2e_has_received 2 1 $((received + 500))
expect "the process that runs at hv1" "$(lab_pid hv1)" "$pid"
lab_is_running hv1 || fail "covey-host of hv1 ended"
lab_stop tx1-2
for uplink in fab0 fab1; do
	expect "VXLAN in clear by $uplink" "$(sent_by "clear $uplink")" 0
done
expect "what the switch saw in clear" "$(e2e_report recorder .kinds.vxlan)" 0
e2e_expect_intact 2
