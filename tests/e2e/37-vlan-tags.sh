#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# VLAN tags leave as they came and arrive as they left: of bypass traffic, in both directions, and
# tenants' own inside VXLAN, for AF_XDP and AF_PACKET, veth pair and TAP. hv1 has one kind of port,
# hv2 another.
#
#   tag: a namespace whose frames come tagged into hv1, are redirected into covey0, and so carry the
#   tag beside the frame, as those of an 802.1Q device on covey0 do.
# ports: bump
LAB_HOSTS=2
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

VLAN=30
OUT=88b5 # an ethertype for experiments (IEEE 802)
IN=88b6

# --- frames ---------------------------------------------------------------------------------------

# send_tagged NAMESPACE INTERFACE ETHERTYPE TPID: a broadcast, tagged in its bytes.
send_tagged() {
	in_ns "$1" /usr/bin/python3 - "$2" "$3" "$4" "$VLAN" <<-'PY'
		import socket, sys
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		s.bind((sys.argv[1], 0))
		tag = bytes.fromhex(sys.argv[3]) + int(sys.argv[4]).to_bytes(2, "big")
		s.send(b"\xff" * 6 + bytes.fromhex("020000000099") + tag + bytes.fromhex(sys.argv[2]) + bytes(60))
	PY
}

# listen NAME NAMESPACE INTERFACE: to all that is tagged, and to those frames without a tag.
listen() {
	lab_spawn "$1" "$2" tcpdump -lnne --immediate-mode -i "$3" \
		"vlan or ether proto 0x$OUT or ether proto 0x$IN"
	lab_wait 10 "tcpdump on $3 of $2" grep -q 'listening on' "$LAB_DIR/log/$1"
}

# TPID and VLAN as tcpdump writes them: "802.1Q (0x8100), ... vlan 30".
has_come() {
	grep -q "ethertype [^ ]* (0x$2).* vlan $VLAN,.*0x$3" "$LAB_DIR/log/$1"
}

# --- ports ----------------------------------------------------------------------------------------

add_tagger() {
	lab_add_namespace tag
	lab_ip hv1 link add tag0 type veth peer name eth0 netns "$(lab_ns tag)"
	lab_ip hv1 link set tag0 up
	lab_ip tag link set eth0 up
	in_ns hv1 tc qdisc add dev tag0 clsact
}

# The redirection goes with covey0.
redirect() {
	in_ns hv1 tc filter replace dev tag0 ingress protocol all pref 1 u32 match u32 0 0 \
		action mirred egress redirect dev covey0
}

restart() {
	local n

	for n in 1 2; do
		lab_stop "hv$n"
		for link in vxlan100 covey0; do
			if lab_ip "hv$n" link show dev "$link" >/dev/null 2>&1; then
				lab_ip "hv$n" link delete "$link"
			fi
		done
	done
	lab_write_inventory "$LAB_DIR/inventory.yaml"
	for n in 1 2; do lab_start_covey "$n"; done
	for n in 1 2; do lab_attach_covey "$n"; done
	lab_wait_joined
	e2e_wait_ping 1 2
}

# round TPID: all ways once. AF_PACKET's tags are 802.1Q to DPDK 22.11, whatever they were.
tags_pass() {
	listen "out-$1" sw hv1
	listen "in-$1" hv2 covey0
	listen "tenant-$1" t2 eth0
	lab_wait 15 "the tagged frame that hv1 sent" sent_out "$1"
	lab_wait 15 "the tagged frame at covey0 of hv2" has_come "in-$1" "$1" "$OUT"
	lab_wait 15 "the tenant's tagged frame" sent_by_tenant "$1"
	for name in out in tenant; do lab_stop "$name-$1"; done
}

sent_out() {
	send_tagged tag eth0 "$OUT" "$1"
	has_come "out-$1" "$1" "$OUT"
}

sent_by_tenant() {
	send_tagged t1 eth0 "$IN" "$1"
	has_come "tenant-$1" "$1" "$IN"
}

expect_no_malformed() {
	for n in 1 2; do expect "in-malformed at hv$n" "$(e2e_drop "$n" in-malformed)" 0; done
}

e2e_up
add_tagger
for host_port in veth tap; do
	for fabric_port in af_xdp af_packet; do
		LAB_HOST_VARS="          covey_fabric_port: $fabric_port
          covey_host_port: $host_port"
		restart
		redirect
		echo "fabric port $fabric_port, host port $host_port"
		tags_pass 8100
		[[ $fabric_port == af_packet ]] || tags_pass 88a8
		expect_no_malformed
	done
done
