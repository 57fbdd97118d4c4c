#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Underlays and tenants of unusual shape, over IPv4 and IPv6. The fabric's VXLAN port is 8473. The VXLAN devices
# have UDP checksums, group policy (GBP), and TTL and TOS of the tenant. What tenants' bridges, switches and new
# machines say arrives as it left: STP, LACP, LLDP, DHCP, ARP, neighbour discovery, and types that nobody knows;
# also where the wires carry a VLAN tag, or two. The group policy's bits arrive, with super-frames of TCP, too.
# With covey_foreign_vxlan: drop, VXLAN-GPE and Geneve are dropped by name, in both directions.
# (60-vxlan-devices.sh has all kinds of VXLAN devices, 61-tagged-tenants.sh tenants' VLANs.)
# ports: kernel
if [[ ! ${LAB_FAMILY:-} ]]; then
	for family in 4 6; do LAB_FAMILY=$family "$0" || exit 1; done
	exit 0
fi
LAB_HOSTS=2
LAB_FABRIC_VARS="    covey_vxlan_port: 8473"
LAB_HOST_VARS="          covey_foreign_vxlan: drop"
. "$(dirname "$0")/_init.sh"

POLICY=0x1234 # a group of the tenants' policy
TTL=33
DSCP=46
OTHER="clear VXLAN of another port"

lab_add_vxlan() {
	local checksums=udpcsum

	((LAB_FAMILY == 4)) || checksums="noudp6zerocsumtx noudp6zerocsumrx"
	# shellcheck disable=SC2086 # words
	lab_ip "hv$1" link add vxlan100 type vxlan id 100 group "$(lab_multicast)" local "$(lab_vtep "$1")" \
		dev "$2" dstport 8473 gbp ttl inherit tos inherit $checksums
	lab_ip "hv$1" link set vxlan100 master br100 up
}

# --- frames ---------------------------------------------------------------------------------------

# A bridge keeps these frames to itself unless told otherwise, and each port can be told.
let_through() { # N
	for port in tenant0 vxlan100; do
		lab_ip "hv$1" link set "$port" type bridge_slave group_fwd_mask 0x400c # LACP, 802.1X, LLDP
	done
}

carried() { # FROM TO NAME
	local log=$LAB_DIR/log/$3

	lab_spawn "$3" "t$2" /usr/bin/python3 "$E2E_HERE/tenant_frames.py" seen eth0
	lab_wait 10 "the ear at t$2" grep -q ready "$log"
	in_ns "t$1" /usr/bin/python3 "$E2E_HERE/tenant_frames.py" send eth0 >"$LAB_DIR/frames"
	while read -r frame name; do
		lab_wait 10 "$name from t$1 at t$2 ($3)" grep -qx "$frame" "$log"
	done <"$LAB_DIR/frames"
	expect "frames at t$2" "$(grep -vc ready "$log")" "$(wc -l <"$LAB_DIR/frames")"
	lab_stop "$3"
}

add_ipv6() { # N
	in_ns "t$1" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0
	lab_ip "t$1" address add "fd16::$1/64" dev eth0 nodad
}

# --- what headers say -----------------------------------------------------------------------------

# Count at an interface, by a comment.
count_at() { # NAMESPACE TABLE HOOK DEVICE RULE...
	in_ns "$1" nft -f - <<-RULES
		table netdev seen_$2 {
			chain counts {
				type filter hook $3 device "$4" priority 0;
				$(printf '%s\n' "${@:5}")
			}
		}
	RULES
}

counted() { # NAMESPACE COMMENT
	lab_rules "$1" | jq -s --arg comment "$2" '[.[] | select(.comment == $comment) |
		.expr[].counter?.packets // 0] | add // 0'
}

tcp() { # FROM TO
	in_ns "t$1" timeout 60 /usr/bin/python3 "$E2E_HERE/mtu_tenant.py" tcp "$(lab_tenant "$2")" >/dev/null ||
		fail "TCP from t$1 to t$2"
}

expect_policy() {
	local all

	count_at hv1 policy ingress tenant0 "meta mark set $POLICY"
	count_at hv2 policy ingress vxlan100 "ether type ip meta mark $POLICY counter comment \"policy\"" \
		"ether type ip counter comment \"all\""
	e2e_wait_ping 1 2
	tcp 1 2
	all=$(counted hv2 all)
	((all > 20)) || fail "only $all frames came to vxlan100 of hv2"
	expect "frames of the policy's group at hv2" "$(counted hv2 policy)" "$all"
}

expect_inherited() {
	local ip=ip hops=ttl

	if ((LAB_FAMILY == 6)); then ip=ip6 hops=hoplimit; fi
	count_at sw inherited ingress hv1 \
		"udp dport 4798 $ip dscp $DSCP counter comment \"tos\"" \
		"udp dport 4798 $ip $hops $TTL counter comment \"ttl\""
	in_ns t1 ping -q -c 5 -i 0.05 -t $TTL -Q $((DSCP << 2)) "$(lab_tenant 2)" >/dev/null
	expect "VPE packets with the tenant's DSCP" "$(counted sw tos)" 5
	expect "VPE packets with the tenant's TTL" "$(counted sw ttl)" 5
}

# --- the underlay's tags --------------------------------------------------------------------------

# By eBPF at the cards, because not every kernel has VLAN devices: below the kernel's IP, the guard and covey.
tag_wires() { # TPID:VLAN...
	for n in 1 2; do in_ns "hv$n" /usr/bin/python3 "$E2E_HERE/vlan_tenant.py" fab0 "$@"; done
	in_ns gkm /usr/bin/python3 "$E2E_HERE/vlan_tenant.py" eth0 "$@"
}

untag_wires() {
	for n in 1 2; do in_ns "hv$n" tc qdisc delete dev fab0 clsact; done
	in_ns gkm tc qdisc delete dev eth0 clsact
}

# --- other tunnels --------------------------------------------------------------------------------

udp_to() { # NAMESPACE ADDRESS PORT
	in_ns "$1" /usr/bin/python3 - "$2" "$3" <<-'PY'
		import socket, sys
		address, port = sys.argv[1:]
		user = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
		for _ in range(5):
		    try:
		        user.sendto(bytes.fromhex("0c00000300006400") + bytes(60), (address, int(port)))
		    except PermissionError:
		        pass  # dropped on its way out, and the sender is told
	PY
}

e2e_up
e2e_add_evil
lab_address evil eth0 "$(lab_vtep 20)"
for n in 1 2; do
	let_through "$n"
	add_ipv6 "$n"
	lab_spawn "serve$n" "t$n" /usr/bin/python3 "$E2E_HERE/mtu_tenant.py" serve
	lab_wait 10 "the server of t$n" grep -q ready "$LAB_DIR/log/serve$n"
done
e2e_wait_ping 1 2
carried 1 2 there
carried 2 1 back
lab_wait 10 "t1 to find t2 by IPv6" in_ns t1 ping -6 -q -c 1 -W 1 fd16::2
expect_policy
expect_inherited
for port in 4790 6081; do
	e2e_expect_guarded 1 "$OTHER" 5 udp_to hv1 "$(lab_vtep 2)" "$port"
	e2e_expect_guarded 2 "$OTHER" 5 udp_to evil "$(lab_vtep 2)" "$port"
done
for tags in 8100:30 "88a8:20 8100:30"; do
	# shellcheck disable=SC2086 # words
	tag_wires $tags
	count_at sw "${tags%%:*}" ingress hv1 "@ll,96,16 0x${tags%%:*} counter comment \"tagged ${tags%%:*}\""
	e2e_wait_ping 1 2
	[[ $tags == *" "* ]] || tcp 1 2
	carried 2 1 "tags-${tags%%:*}"
	(($(counted sw "tagged ${tags%%:*}") > 0)) || fail "hv1 sent no frames with $tags"
	untag_wires
done
for n in 1 2; do
	expect "drops of what is malformed at hv$n" \
		$(($(e2e_drop "$n" out-malformed) + $(e2e_drop "$n" in-inner-malformed))) 0
done
