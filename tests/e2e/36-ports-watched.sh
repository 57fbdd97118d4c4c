#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What a host's ports stand on is changed under it: XDP programs taken off, queues added, the cable
# out, a second covey-host on the same interface. It says so and hears again, or ends to be started
# again; it is never deaf without a word. covey0 has a carrier while packets pass and no longer, so
# that a route of higher metric is used in the meantime.
# ports: bump
LAB_HOSTS=2
LAB_QUEUES=2
. "$(dirname "$0")/_init.sh"

FLOWS=200 # of UDP, so that they meet all queues

# --- what is looked at ------------------------------------------------------------------------------

has_carrier() {
	lab_ip hv2 -json link show dev covey0 | jq -e '.[0].flags | index("LOWER_UP")'
}

has_no_carrier() {
	! has_carrier
}

# said TEXT [COUNT]: hv2's log has it, so many times.
said() {
	(($(grep -cF "$1" "$LAB_DIR/log/hv2") >= ${2:-1}))
}

wait_said() {
	lab_wait 20 "hv2 to say \"$1\"" said "$@"
}

program_of() {
	lab_ip hv2 -json -details link show dev "$1" | jq -r '.[0].xdp.prog.id // 0'
}

has_program() {
	[[ $(program_of "$1") == "$2" ]]
}

goes_by() {
	lab_ip hv2 route get 10.99.0.1 | grep -q "dev $1 "
}

receive_flows() {
	lab_spawn flows t2 /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
s.bind(("0.0.0.0", 5555))
print("ready", flush=True)
seen = set()
while True:
    seen.add(s.recvfrom(9)[1][1])
    print(len(seen), "flows", flush=True)
'
	lab_wait 20 "the receiver of flows" grep -q ready "$LAB_DIR/log/flows"
}

send_flows() {
	in_ns t1 /usr/bin/python3 -c "
import socket
for port in range(20000, 20000 + $FLOWS):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('0.0.0.0', port))
    s.sendto(b'x', ('$(lab_tenant 2)', 5555))
"
}

all_flows_came() {
	send_flows
	grep -q "^$FLOWS flows" "$LAB_DIR/log/flows"
}

# As systemd would.
start_again() {
	lab_wait 60 "hv2 to end" lab_is_gone hv2
	lab_start_covey 2
	lab_wait 120 "hv2 to join again" lab_has_joined 2
	lab_wait 20 "covey0's carrier" has_carrier
	e2e_wait_ping 1 2
}

# --- what is done to it -----------------------------------------------------------------------------

program_off() {
	local device=$1 before

	before=$(program_of "$device")
	((before > 0)) || fail "$device has no XDP program"
	lab_ip hv2 link set dev "$device" xdp off
	wait_said "took covey's XDP program off interface $device"
	lab_wait 20 "$device's program to be back" has_program "$device" "$before"
	lab_wait 20 "covey0's carrier" has_carrier
	e2e_wait_ping 1 2
}

taken_off_until_said() {
	lab_ip hv2 link set dev fab0 xdp off
	said "Nothing comes in there until it is put back in"
}

# Somebody insists: it is not fought without an end, and while it rests covey0 has no carrier.
program_off_again_and_again() {
	lab_wait 20 "hv2 to give in" taken_off_until_said
	lab_wait 20 "covey0 to lose its carrier" has_no_carrier
	lab_wait 15 "covey0's carrier" has_carrier
	e2e_wait_ping 1 2
}

cable_out() {
	lab_ip sw link set hv2 down
	lab_wait 20 "covey0 to lose its carrier" has_no_carrier
	lab_wait 20 "the other route" goes_by backup0
	lab_ip sw link set hv2 up
	lab_wait 20 "covey0's carrier" has_carrier
	lab_wait 20 "the first route" goes_by covey0
	e2e_wait_ping 1 2
}

peer_down() {
	lab_ip hv2 link set covey0p down
	wait_said "somebody set covey0p down"
	lab_wait 20 "covey0's carrier" has_carrier
	e2e_wait_ping 1 2
}

second_one() {
	local guard fab0 peer

	guard=$(in_ns hv2 nft --stateless list ruleset)
	fab0=$(program_of fab0) peer=$(program_of covey0p)
	lab_spawn second hv2 "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" \
		--pki "$LAB_DIR/pki" --name hv2 --socket "$LAB_DIR/second.sock"
	lab_wait 60 "the second one to be refused" lab_is_gone second
	grep -qF "interface fab0 is in use by another covey-host, process $(lab_pid hv2)" \
		"$LAB_DIR/log/second" || fail "the second one said: $(<"$LAB_DIR/log/second")"
	expect "XDP program of fab0" "$(program_of fab0)" "$fab0"
	expect "XDP program of covey0p" "$(program_of covey0p)" "$peer"
	expect "the guard" "$(in_ns hv2 nft --stateless list ruleset)" "$guard"
	lab_poll 5 e2e_ping 1 2 || fail "the first one does not work any more"
}

queues_added() {
	receive_flows
	lab_wait 20 "all flows by one queue" all_flows_came
	lab_stop flows
	: >"$LAB_DIR/log/flows"
	in_ns hv2 ethtool -L fab0 rx 2 tx 2
	in_ns sw ethtool -L hv2 rx 2 tx 2
	wait_said "interface fab0 has 2 receive queues now, and had 1"
	start_again
	receive_flows
	lab_wait 20 "all flows by two queues" all_flows_came
}

# The VXLAN device is bound to covey0: its packets do not take the other way.
expect_no_vxlan_by_backup() {
	lab_spawn dump sw tcpdump -lnni backup udp port 4789
	lab_wait 20 "tcpdump" grep -q 'listening on' "$LAB_DIR/log/dump"
	if e2e_ping 2 1 >/dev/null; then fail "t2 reaches t1 though hv2's covey-host is dead"; fi
	lab_stop dump
	if grep -q VXLAN "$LAB_DIR/log/dump"; then fail "VXLAN left by the other route, in clear"; fi
}

# keeper: the process beside covey-host that outlives it.
keeper_of_hv2() {
	pgrep --parent "$(lab_pid hv2)" covey-carrier
}

killed() {
	lab_stop hv2 KILL
	lab_wait 20 "covey0 to lose its carrier" has_no_carrier
	lab_wait 20 "the other route" goes_by backup0
	wait_said "covey-host was killed or crashed: covey0 has no carrier until it runs again"
	expect_no_vxlan_by_backup
	lab_ip hv2 address show dev covey0 | grep -q "$(lab_vtep 2)/" || fail "covey0 lost its address"
	start_again
	lab_wait 20 "the first route" goes_by covey0
}

# With all that was its own: what systemd runs then.
killed_with_keeper() {
	kill -KILL "$(keeper_of_hv2)"
	wait_said "the process that takes covey0's carrier away after a crash has ended"
	lab_stop hv2 KILL
	in_ns hv2 "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" --name hv2 \
		--carrier off
	lab_wait 20 "covey0 to lose its carrier" has_no_carrier
	start_again
}

stopped() {
	lab_stop hv2
	has_no_carrier || fail "covey0 keeps its carrier when covey-host was stopped"
}

# --- the test ---------------------------------------------------------------------------------------

# A second way out of hv2, which is used when covey0 has no carrier: a network daemon's doing, or this
# switch of the kernel's.
add_backup() {
	lab_ip hv2 link add backup0 type veth peer name backup netns "$(lab_ns sw)"
	lab_ip hv2 link set backup0 up
	lab_ip sw link set backup up
	lab_ip hv2 address add 10.88.0.2/24 dev backup0
	lab_ip hv2 route add 10.99.0.0/24 via "$(lab_gkm_address)" dev covey0 metric 10
	lab_ip hv2 route add 10.99.0.0/24 via 10.88.0.1 dev backup0 metric 20
	lab_ip hv2 neigh add 10.88.0.1 lladdr 02:00:00:00:00:88 dev backup0 nud permanent
	lab_ip hv2 route add default via 10.88.0.1 dev backup0
	in_ns hv2 sysctl -qw net.ipv4.conf.covey0.ignore_routes_with_linkdown=1
}

one_queue() {
	in_ns hv2 ethtool -L fab0 rx 1 tx 1
	in_ns sw ethtool -L hv2 rx 1 tx 1
}

lab_wires
one_queue
e2e_record
lab_programs
add_backup
lab_wait 20 "covey0's carrier" has_carrier
e2e_wait_ping 1 2
goes_by covey0 || fail "the route of lower metric is not used"

program_off fab0
program_off covey0p
program_off_again_and_again
cable_out
peer_down
second_one
queues_added
killed
killed_with_keeper
stopped
