#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What cards, and neighbours on the same machine, leave to each other: the card merges what it
# receives (GRO), the neighbour does not finish checksums. TCP past covey runs as fast as ever, and
# nothing counts as malformed. When covey-host ends, the card's settings are what they were, after a
# kill and a restart too.
# ports: bump
LAB_HOSTS=1
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

BYTES=20000000 # what 0.3 Mbit/s would need nine minutes for
PORT=5001

# --- settings -------------------------------------------------------------------------------------

settings() {
	in_ns hv1 ethtool -k fab0
	lab_ip hv1 -json link show dev fab0 |
		jq -c '.[0].flags - ["UP", "LOWER_UP", "NO-CARRIER"] | sort'
}

feature() {
	in_ns hv1 ethtool -k fab0 | awk -v name="$1:" '$1 == name {print $2}'
}

expect_restored() {
	expect "settings of fab0 $1, $fabric_port" "$(settings)" "$before"
	expect "records of settings left $1" "$(compgen -G "$LAB_DIR/card-*" | wc -l)" 0
}

# --- a neighbour ----------------------------------------------------------------------------------

# neighbour on|off TSO: the key manager's machine, and the switch's port as a wire: no segments
# longer than a frame come out of it.
neighbour() {
	in_ns gkm ethtool -K eth0 tx "$1" >/dev/null
	in_ns gkm ethtool -K eth0 tso "$2" gso "$2" >/dev/null
	in_ns sw ethtool -K hv1 tso "$2" gso "$2" >/dev/null
}

# That many bytes from the neighbour to hv1's VTEP address, by TCP.
transfer() {
	lab_spawn sink hv1 /usr/bin/python3 -c "
import socket
listener = socket.create_server(('$(lab_vtep 1)', $PORT))
print('listening', flush=True)
peer, count = listener.accept()[0], 0
while data := peer.recv(1 << 16):
    count += len(data)
print('received', count, flush=True)
peer.sendall(b'.')"
	lab_wait 10 "the receiver" grep -q listening "$LAB_DIR/log/sink"
	in_ns gkm timeout 40 /usr/bin/python3 -c "
import socket
s = socket.create_connection(('$(lab_vtep 1)', $PORT), timeout=20)
s.sendall(bytes($BYTES))
s.shutdown(socket.SHUT_WR)
s.settimeout(20)
assert s.recv(1) == b'.'" || fail "$1, $fabric_port: TCP did not carry $BYTES bytes in 40 s"
	lab_wait 10 "the receiver to end" lab_is_gone sink
	grep -q "received $BYTES" "$LAB_DIR/log/sink" || fail "$1, $fabric_port: $(cat "$LAB_DIR/log/sink")"
	rm "$LAB_DIR/log/sink"
	expect "in-malformed, $1, $fabric_port" "$(e2e_drop 1 in-malformed)" 0
}

# Both checksums that a neighbour may leave: the test above is TCP's.
udp_arrives() {
	lab_spawn udp hv1 /usr/bin/python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('$(lab_vtep 1)', $PORT))
print('listening', flush=True)
print('received', s.recv(99).decode(), flush=True)"
	lab_wait 10 "the receiver of UDP" grep -q listening "$LAB_DIR/log/udp"
	in_ns gkm /usr/bin/python3 -c "
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'unfinished', ('$(lab_vtep 1)', $PORT))"
	lab_wait 10 "a datagram with an unfinished checksum" grep -q 'received unfinished' \
		"$LAB_DIR/log/udp"
	lab_wait 10 "the receiver of UDP to end" lab_is_gone udp
	rm "$LAB_DIR/log/udp"
}

# --- the host -------------------------------------------------------------------------------------

start() {
	lab_start_covey 1
	lab_wait 20 "covey0 of hv1" lab_host_is_up 1
	lab_wait_joined
}

attach() {
	lab_start_covey 1
	lab_attach_covey 1
	lab_wait_joined
}

lab_wires
e2e_record
lab_issue() {
	lab_write_inventory "$LAB_DIR/inventory.yaml"
	lab_issue_certificates
	lab_start_gkm
}
in_ns hv1 ethtool -K fab0 gro on >/dev/null
before=$(settings)
first=1
for fabric_port in af_packet af_xdp; do
	LAB_HOST_VARS="          covey_fabric_port: $fabric_port"
	neighbour off off
	if ((first)); then
		lab_issue
		attach
		first=0
	else
		lab_write_inventory "$LAB_DIR/inventory.yaml"
		start
	fi
	if [[ $fabric_port == af_packet ]]; then
		expect "GRO of fab0 under AF_PACKET" "$(feature generic-receive-offload)" off
	else
		expect "VLAN offload of fab0 under AF_XDP" "$(feature rx-vlan-offload)" off
	fi
	transfer "the card merges"
	neighbour on "$([[ $fabric_port == af_xdp ]] && echo on || echo off)"
	transfer "the neighbour leaves checksums"
	udp_arrives

	lab_stop hv1
	expect_restored "after its end"
	start
	lab_stop hv1 KILL
	start
	lab_stop hv1
	expect_restored "after a kill and another run"
done
