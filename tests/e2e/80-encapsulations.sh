#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Tunnels that are not the fabric's VXLAN: VXLAN of the port that Linux takes for it, VXLAN-GPE, and Geneve with
# and without options. With a VNI of the fabric they are dropped by name, both ways, from a process and from a
# raw socket of a host, from a VXLAN-GPE device, and from the fabric, also while covey-host is dead. Other VNIs pass.
# Where the inventory has covey_foreign_vxlan: pass, they pass with all VNIs, and the fabric's own VXLAN does not; once
# the group is in observe, with its VNI. A VXLAN-GPE device is named in the log, by covey show and by covey check.
# (77-shapes.sh has covey_foreign_vxlan: drop, and VXLAN with GBP, whose bits arrive.)
# ports: both
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

COUNT=3
NAME="clear tunnel of another port, with a VNI of the fabric"
TUNNELS=(vxlan:8472:08000000 gpe:4790:0c000003 gpe-oam:4790:0d000001 geneve:6081:00006558 geneve-options:6081:02006558)

# As a process, to the other host. The frame inside is nobody's.
send() { # NAMESPACE ADDRESS PORT FLAGS VNI
	in_ns "$1" /usr/bin/python3 - "${@:2}" $COUNT <<-'PY'
		import socket, struct, sys
		address, port, flags, vni, count = sys.argv[1:]
		user = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
		for _ in range(int(count)):
		    try:
		        user.sendto(bytes.fromhex(flags) + struct.pack("!I", int(vni) << 8) + bytes(60), (address, int(port)))
		    except PermissionError:
		        pass  # dropped on its way out, and the sender is told
	PY
}

# By a packet socket, past the rules for IP.
send_raw() { # N PORT FLAGS
	in_ns "hv$1" /usr/bin/python3 "$E2E_HERE/malformed.py" send "$(lab_underlay "$1")" "$(lab_mac $((3 - $1)))" \
		"$(lab_vtep "$1")" "$(lab_vtep $((3 - $1)))" "$E2E_CANARY" vxlan "udp.port=$2,vxlan.flags=0x${3:0:2}" $COUNT ||
		true # a rule dropped it
}

# What came to an interface of another network namespace.
count_at() { # NAMESPACE INTERFACE
	in_ns "$1" nft -f - <<-RULES
		table netdev seen {
			chain in {
				type filter hook ingress device "$2" priority -600;
				udp dport { 8472, 4790, 6081 } @th,96,24 { 100, 200 } counter comment "seen"
			}
		}
	RULES
}

seen() { # NAMESPACE
	lab_rules "$1" | jq -s '[.[] | select(.comment == "seen") | .expr[].counter?.packets // 0] | add'
}

# expect_dropped_out COUNT COMMAND...: at hv1, by the guard, or as a bump in the wire by covey-host.
expect_dropped_out() {
	local before

	if [[ $LAB_PORTS == kernel ]]; then
		e2e_expect_guarded 1 "$NAME" "$@"
		return
	fi
	before=$(e2e_drop 1 out-tunnel)
	"${@:2}"
	lab_poll 5 e2e_drop_has_risen 1 out-tunnel $((before + $1)) || true
	expect "out-tunnel at hv1 after ${*:2}" $(($(e2e_drop 1 out-tunnel) - before)) "$1"
}

expect_out() { # DROPPED PASSED COMMAND...
	local wire

	wire=$(seen sw)
	expect_dropped_out "$1" "${@:3}"
	expect "tunnels on the wire after ${*:3}" $(($(seen sw) - wire)) "$2"
}

expect_in() { # DROPPED COMMAND...
	if [[ $LAB_PORTS == kernel ]]; then
		e2e_expect_guarded 2 "$NAME" "$@"
	else
		e2e_expect_drops 2 in-tunnel "$@"
	fi
}

each_tunnel() { # COMMAND...: with port and flags
	local tunnel name port flags

	for tunnel in "${TUNNELS[@]}"; do
		IFS=: read -r name port flags <<<"$tunnel"
		"$@" "$port" "$flags"
	done
}

out_of_the_host() { # PORT FLAGS
	expect_out $COUNT 0 send hv1 "$(lab_vtep 2)" "$@" 100
	expect_out 0 $COUNT send hv1 "$(lab_vtep 2)" "$@" 200
}

raw_out_of_the_host() { # PORT FLAGS
	expect_out $COUNT 0 send_raw 1 "$@"
}

into_the_host() { # PORT FLAGS
	expect_in $COUNT send evil "$(lab_vtep 2)" "$@" 100
	expect_in 0 send evil "$(lab_vtep 2)" "$@" 200
}

expect_passes() { # PORT FLAGS
	expect_out 0 $COUNT send hv1 "$(lab_vtep 2)" "$@" 100
	expect_in 0 send evil "$(lab_vtep 2)" "$@" 100
}

expect_dropped_dead() { # PORT FLAGS
	expect_out $COUNT 0 send hv1 "$(lab_vtep 2)" "$@" 100
	e2e_expect_guarded 1 "$NAME" $COUNT send evil "$(lab_vtep 1)" "$@" 100
}

# At hv1, what the inventory lets pass is not held back, both ways, nor is it while covey-host is dead.
expect_passes_hv1() { # PORT FLAGS
	expect_out 0 $COUNT send hv1 "$(lab_vtep 2)" "$@" 100
	expect_in_hv1 $COUNT "$@"
}

expect_in_hv1() { # COUNT PORT FLAGS
	local before

	before=$(seen hv1)
	send evil "$(lab_vtep 1)" "${@:2}" 100
	lab_poll 5 seen_at_least hv1 $((before + $1)) || true
	expect "tunnels that hv1 got to port $2" $(($(seen hv1) - before)) "$1"
}

seen_at_least() { # NAMESPACE COUNT
	(($(seen "$1") >= $2))
}

# A program that listens where tunnels come out.
count_behind_covey() { # N
	in_ns "hv$1" nft -f - <<-RULES
		table inet seen {
			chain in {
				type filter hook input priority 0;
				udp dport { 8472, 4790, 6081 } @th,96,24 { 100, 200 } counter comment "seen"
			}
		}
	RULES
}

is_in_observe() { # N
	[[ $(lab_show "$1" '.groups[0].mode | "\(.name) \(.in_force)"') == "observe true" ]]
}

e2e_up
e2e_add_evil
lab_address evil eth0 "$(lab_vtep 20)"
e2e_wait_ping 1 2
in_ns evil ping -q -c 1 -W 5 "$(lab_vtep 2)" >/dev/null
in_ns evil ping -q -c 1 -W 5 "$(lab_vtep 1)" >/dev/null
count_at sw hv1
each_tunnel out_of_the_host
each_tunnel raw_out_of_the_host
each_tunnel into_the_host

# A device is found, and named.
lab_ip hv1 link add gpe0 type vxlan dstport 4790 external gpe
lab_wait 10 "the device in the log" grep -q "VXLAN-GPE device gpe0 sends to UDP port 4790" "$LAB_DIR/log/hv1"
expect "the device that covey show names" \
	"$(lab_show 1 '.foreign_vxlan[] | "\(.kind) \(.device) \(.port) \(.dropped)"')" "VXLAN-GPE gpe0 4790 false"
lab_ip hv1 link delete gpe0

if [[ $LAB_PORTS == kernel ]]; then
	lab_stop hv1 KILL
	each_tunnel expect_dropped_dead
	lab_start_covey 1
	lab_wait 60 "hv1 to join" lab_has_joined 1
fi

# The operator lets them pass, at hv1 alone: its peer holds them back as before.
count_behind_covey 1
sed -i "/covey_vtep: \"$(lab_vtep 1)\"/a\          covey_foreign_vxlan: pass" "$LAB_DIR/inventory.yaml"
lab_stop hv1
lab_start_covey 1
lab_wait 60 "hv1 to join" lab_has_joined 1
e2e_wait_ping 1 2
each_tunnel expect_passes_hv1
e2e_expect_clear_dropped 1 $COUNT send evil "$(lab_vtep 1)" 4789 08000000 100
each_tunnel into_the_host
if [[ $LAB_PORTS == kernel ]]; then
	lab_stop hv1 KILL
	each_tunnel expect_passes_hv1
	lab_start_covey 1
	lab_wait 60 "hv1 to join" lab_has_joined 1
fi

e2e_oracles || fail "see above"
E2E_ORACLES=off # from here on, VXLAN leaves in clear
lab_at_gkm mode tenants observe >"$LAB_DIR/log/mode"
for n in 1 2; do lab_wait 10 "hv$n to be in observe" is_in_observe "$n"; done
each_tunnel expect_passes
