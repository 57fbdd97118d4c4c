#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A bump in the wire whose fabric ports are AF_PACKET: the guard looks at what they send, too. The fabric goes from
# observe to transition, to enforce and back to observe, under unicast and multicast: not one frame is lost, in
# observe they are clear on the wire, in enforce none is. Fragments, and VXLAN behind a VLAN tag, do not stop the
# port. In enforce VXLAN in clear that carries covey's mark does not leave either, whether covey-host runs
# or was killed; in observe only that of the group does, also when a VNI is added or removed. What any rule drops
# at egress does not stop the port.
# ports: bump
# shellcheck disable=SC2034 # for lab.sh
LAB_HOSTS=2
# shellcheck disable=SC2034
LAB_HOST_VARS="          covey_fabric_port: af_packet"
# shellcheck disable=SC2034
LAB_GROUP_VARS="        mode: observe"
. "$(dirname "$0")/_init.sh"

RATE=$(long_or_short 2000 500)
MARK=$((1 << 30))

mode_at() { # N
	lab_show "$1" '.groups[0].mode | "\(.name) \(.in_force)"'
}

all_are_in() { # MODE
	local n

	for n in $(lab_hosts); do
		[[ $(mode_at "$n") == "$1 true" ]] || return 1
	done
}

mode() { # WORD...
	lab_wait 60 "covey mode $*" lab_at_gkm mode tenants "$@" >>"$LAB_DIR/log/mode" 2>&1
	lab_wait 10 "all to be in $1" all_are_in "$1"
	lab_wait 10 "the change to $1 to be over" gkm_is_settled
}

gkm_is_settled() {
	[[ $(lab_at_gkm --json mode tenants | jq .under_way) == false ]]
}

seen() { # KIND
	e2e_report recorder ".kinds.$1"
}

has_seen() { # KIND COUNT
	(($(seen "$1") >= $2))
}

# Frames are sent all the time: a hundred more of one kind, and meanwhile how many of another.
expect_on_wire() { # KIND, WHICH NOT
	local other

	other=$(seen "$2")
	lab_wait 20 "100 packets of $1" has_seen "$1" $(($(seen "$1") + 100))
	expect "packets of $2 meanwhile" $(($(seen "$2") - other)) 0
}

lost() {
	e2e_lost 1:2 2:1:all
}

none_is_lost() {
	(($(lost) <= 0))
}

# forge N INTERFACE VNI KIND...: five VXLAN packets of each kind with covey's mark, by a packet socket.
forge() {
	in_ns "hv$1" /usr/bin/python3 - "$2" "$3" "$(lab_vtep "$1")" "$MARK" "${@:4}" <<-'PYTHON'
		import socket, struct, sys
		interface, vni, source, mark = sys.argv[1:5]
		udp = struct.pack("!HHHHII", 40000, 4789, 72, 0, 8 << 24, int(vni) << 8) + b"\xff" * 6 + b"\2" + bytes(49)
		with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as forger:
		    forger.setsockopt(socket.SOL_SOCKET, 36, int(mark))  # SO_MARK
		    forger.bind((interface, 3))
		    for kind in sys.argv[5:] * 5:
		        part = {"first": 0x2000, "later": 9}.get(kind, 0)
		        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, part, 64, 17, 0,
		                         socket.inet_aton(source), socket.inet_aton("10.77.0.77"))
		        total = sum(struct.unpack("!10H", ip))
		        ip = ip[:10] + struct.pack("!H", ~((total & 0xffff) + (total >> 16)) & 0xffff) + ip[12:]
		        tag = b"\x81\0\0\5" if kind == "tagged" else b""
		        try:
		            forger.send(b"\xff" * 6 + b"\2\0\0\0\0\7" + tag + b"\x08\x00" + ip + udp)
		        except OSError:
		            pass  # dropped, and the sender is told
	PYTHON
}

forged() {
	in_ns sw nft --json list table netdev forged |
		jq '[.nftables[].rule? | select(.) | .expr[].counter?.packets // 0] | add'
}

expect_forged() { # WHEN N VNI COUNT
	local before

	before=$(forged)
	forge "$2" fab0 "$3" plain
	expect "marked VXLAN of VNI $3 that left hv$2 $1" $(($(forged) - before)) "$4"
}

# As if a VXLAN device had sent it.
send_odd() {
	forge 1 covey0 100 tagged first later
}

# change [SED...]: the inventory as the variables say, changed by these expressions, in one step.
change() {
	lab_write_inventory "$LAB_DIR/inventory.new"
	sed -i "$@" "$LAB_DIR/inventory.new"
	mv "$LAB_DIR/inventory.new" "$LAB_DIR/inventory.yaml"
}

vnis_are() { # WANTED
	local n

	for n in $(lab_hosts); do
		[[ $(lab_show "$n" '.groups[0].vnis | sort | join(" ")') == "$1" ]] || return 1
	done
}

# A VXLAN device of VNI 101 without a bridge.
add_device() { # N
	lab_ip "hv$1" link add vxlan101 type vxlan id 101 remote "$(lab_vtep $((3 - $1)))" \
		local "$(lab_vtep "$1")" dev "$(lab_underlay "$1")" dstport 4789
	lab_ip "hv$1" address add "10.101.0.$1/24" dev vxlan101
	lab_ip "hv$1" link set vxlan101 up
}

reaches_101() {
	in_ns hv1 ping -q -c 1 -W 1 10.101.0.2 >/dev/null
}

# The guard is closed after the dataplane.
is_closed() { # N VNI
	local before

	before=$(forged)
	forge "$1" fab0 "$2" plain
	(($(forged) == before))
}

E2E_ORACLES=off # clear frames are on the wire, and this test says when
lab_wires
e2e_record
lab_programs
in_ns sw nft -f - <<-'RULES'
	table netdev forged {
		chain in {
			type filter hook ingress devices = { "hv1", "hv2" } priority -500;
			ether saddr 02:00:00:00:00:07 counter
		}
	}
RULES
for n in 1 2; do
	[[ $(lab_show "$n" '.ports[] | select(.role == "fabric") | .driver') == net_af_packet ]] ||
		fail "the fabric port of hv$n is no AF_PACKET"
done
lab_wait_joined
lab_wait 10 "all to be in observe" all_are_in observe
e2e_wait_ping 1 2

start_traffic() {
	local n

	for n in 1 2; do
		lab_is_gone "rx$n" || lab_stop "rx$n"
	done
	e2e_receive 2
	e2e_receive_multicast 1
	e2e_keep_sending 1 2 --rate "$RATE"
	e2e_keep_sending 2 all --rate "$RATE"
	lab_wait 10 "multicast at t1" e2e_has_received 1 2 100
}

end_traffic() { # WHEN
	local n stream

	for stream in 1-2 2-all; do lab_stop "tx$stream"; done
	lab_poll 10 none_is_lost || true
	expect "frames lost until $1" "$(lost)" 0
	for n in 1 2; do e2e_expect_intact "$n"; done
}

# The kernel tries again and again to send what a rule drops from a ring, and nothing behind it.
blocked() {
	in_ns hv1 nft --json list table netdev block |
		jq '[.nftables[].rule? | select(.) | .expr[].counter?.packets // 0] | add'
}

is_blocked() {
	(($(blocked) > 0))
}

in_ns hv1 nft -f - <<-'RULES'
	table netdev block {
		chain out {
			type filter hook egress device "fab0" priority -500;
			udp dport 7777 counter drop
		}
	}
RULES
for _ in 1 2 3; do
	in_ns hv1 bash -c "echo >/dev/udp/$(lab_vtep 2)/7777"
done
lab_wait 10 "a rule to drop what the ring sends" is_blocked
e2e_wait_ping 1 2
lab_wait 10 "the log to say so" grep -q "frames were not sent" "$LAB_DIR/log/hv1"
in_ns hv1 nft delete table netdev block

# Nor does the operator's `covey-host --guard on` beside it: nothing changes, so nothing is put back.
guard_of_hv1() {
	in_ns hv1 nft --stateless list table inet covey_guard_fab0
	in_ns hv1 nft --stateless list table netdev covey_guard_fab0
	lab_show 1 .guard.restored
}

before=$(guard_of_hv1)
in_ns hv1 "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" --name hv1 --guard on
expect "the guard of hv1" "$(guard_of_hv1)" "$before"
e2e_wait_ping 1 2

start_traffic
expect_on_wire vxlan vpe
expect_forged "in observe" 1 100 5
expect_forged "in observe" 1 101 0
send_odd
expect_on_wire vxlan vpe

# A VNI comes and goes in observe, which costs the other one nothing.
for n in 1 2; do add_device "$n"; done
if reaches_101; then fail "VNI 101 passes before it is the group's"; fi
change 's/vnis: \[100\]/vnis: [100, 101]/'
lab_wait 30 "VNI 101 everywhere" vnis_are "100 101"
lab_wait 30 "VNI 101 to pass" reaches_101
lab_wait 30 "all to be in observe" all_are_in observe
expect_forged "in observe, of the group now" 1 101 5
change ''
lab_wait 30 "VNI 101 to be gone everywhere" vnis_are 100
lab_wait 30 "VNI 101 to be closed" is_closed 1 101
if reaches_101; then fail "VNI 101 passes after it was removed"; fi
end_traffic "VNIs have changed"

start_traffic
expect_on_wire vxlan vpe
mode transition
expect_on_wire vpe vxlan
mode enforce --despite-clear # a minute without clear packets need not pass
expect_on_wire vpe vxlan
expect_forged "in enforce" 1 100 0
send_odd
expect_on_wire vpe vxlan
end_traffic "enforce"

# A dead covey-host opens nothing.
lab_stop hv2 KILL
expect_forged "in enforce, covey-host dead" 2 100 0
before=$(seen vxlan)
in_ns t2 ping -q -c 5 -i 0.05 -W 0.2 "$(lab_tenant 1)" >/dev/null || true
expect "packets of clear VXLAN, covey-host dead" $(($(seen vxlan) - before)) 0
lab_start_covey 2
lab_wait 60 "hv2 to join" lab_has_joined 2
e2e_wait_ping 1 2

start_traffic
expect_on_wire vpe vxlan
mode observe
expect_on_wire vxlan vpe
end_traffic "observe"
e2e_recorder_oracle
e2e_iv_oracle
e2e_format_oracle
