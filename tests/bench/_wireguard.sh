# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The lab's mode `wireguard`: VXLAN inside wireguard-go, the userspace WireGuard, over the same
# wires. Sourced after lab.sh.
#
#   vxlan100 ─ wg (TUN) ─ wireguard-go ─ UDP ─ fab0
#
# WireGuard carries no multicast, so the VXLAN device floods to each peer by an entry of its own
# (head-end replication). fab0 keeps the offloads of its device, which covey's ports cannot use.

WIREGUARD_PORT=51820
WIREGUARD_OVERHEAD=60 # IPv4, UDP, and WireGuard's header and tag

# wireguard_missing: what must be installed for this mode and is not, or nothing.
wireguard_missing() {
	command -v wireguard-go >/dev/null || echo wireguard-go
	command -v wg >/dev/null || echo wireguard-tools
}

# Its control socket's name is the interface's, in a folder of the whole machine.
wireguard_interface() {
	echo "wg$LAB_ID-$1"
}

wireguard_address() {
	echo "10.78.0.$1"
}

# wireguard_peers N: the hosts that host N has tunnels to. A script may choose others.
wireguard_peers() {
	lab_hosts | grep -vx "$1"
}

wireguard_is_up() {
	wg show "$(wireguard_interface "$1")" >/dev/null
}

lab_start_wireguard() {
	lab_address "hv$1" fab0 "$(lab_vtep "$1")"
	(umask 077 && wg genkey >"$LAB_DIR/wireguard$1.key")
	wg pubkey <"$LAB_DIR/wireguard$1.key" >"$LAB_DIR/wireguard$1.pub"
	lab_spawn "wireguard$1" "hv$1" wireguard-go --foreground "$(wireguard_interface "$1")"
}

lab_attach_wireguard() {
	local n=$1 interface peer

	interface=$(wireguard_interface "$n")
	lab_wait 10 "wireguard-go of hv$n" wireguard_is_up "$n"
	wg set "$interface" listen-port "$WIREGUARD_PORT" private-key "$LAB_DIR/wireguard$n.key"
	for peer in $(wireguard_peers "$n"); do
		wg set "$interface" peer "$(<"$LAB_DIR/wireguard$peer.pub")" \
			endpoint "$(lab_vtep "$peer"):$WIREGUARD_PORT" \
			allowed-ips "$(wireguard_address "$peer")/32"
	done
	lab_ip "hv$n" address add "$(wireguard_address "$n")/24" dev "$interface"
	lab_ip "hv$n" link set "$interface" mtu $((LAB_FABRIC_MTU - WIREGUARD_OVERHEAD)) up
	wireguard_add_vxlan "$n" "$interface"
}

wireguard_add_vxlan() {
	local n=$1 peer

	lab_ip "hv$n" link add vxlan100 type vxlan id 100 local "$(wireguard_address "$n")" \
		dev "$2" dstport 4789
	for peer in $(wireguard_peers "$n"); do
		bridge -n "$(lab_ns "hv$n")" fdb append 00:00:00:00:00:00 \
			dev vxlan100 dst "$(wireguard_address "$peer")"
	done
	lab_ip "hv$n" link set vxlan100 master br100 up
}
