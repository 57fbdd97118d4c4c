#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Where the inventory says so (covey_encapsulations), VXLAN-GPE and Geneve are encrypted as VXLAN is. Frames of both,
# with options and flags, go from host to host in both directions: on the wire there is only VPE, and what comes
# out is what went in. Real VXLAN-GPE devices carry IP. Geneve, for which not every kernel has a device, is sent by a
# socket with the mark of such a device; without a device on the other side it is not delivered to whoever took its
# port. What no device sent, VNIs of no group, headers that lie, and clear frames from the fabric are dropped by name.
# ports: both
LAB_HOSTS=2
LAB_FABRIC_VARS="    covey_encapsulations: [vxlan, gpe, geneve]"
. "$(dirname "$0")/_init.sh"

COUNT=3
MARK=0x40000000
NO_DEVICE="VXLAN that came through no VXLAN device"
NO_HOLDER="VXLAN while no VXLAN device holds its port"
TUNNELS=(4790:0c000001 4790:0d000003 6081:00006558 6081:00800800 6081:02406558)

send() { # NAMESPACE ADDRESS PORT FLAGS VNI MARK
	in_ns "$1" /usr/bin/python3 - "${@:2}" $COUNT "$E2E_CANARY" <<-'PY'
		import socket, struct, sys
		address, port, flags, vni, mark, count, canary = sys.argv[1:]
		user = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
		user.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, int(mark, 0))
		for _ in range(int(count)):
		    try:
		        user.sendto(bytes.fromhex(flags) + struct.pack("!I", int(vni) << 8) + bytes.fromhex(canary) * 4,
		                    (address, int(port)))
		    except PermissionError:
		        pass  # dropped on its way out, and the sender is told
	PY
}

marked() { # FROM PORT FLAGS [VNI]
	send "hv$1" "$(lab_vtep $((3 - $1)))" "$2" "$3" "${4:-100}" $MARK
}

# At the switch, of all that is no VPE; and behind covey on each host.
count_all() {
	local n tunnel

	in_ns sw nft -f - <<-RULES
		table netdev seen {
			chain in {
				type filter hook ingress device "hv1" priority -600;
				udp dport { 4790, 6081 } counter comment "seen"
			}
		}
	RULES
	for n in 1 2; do
		in_ns "hv$n" nft -f - <<-RULES
			table netdev arrived {
				chain in {
					type filter hook ingress device "covey0" priority -600;
					$(for tunnel in "${TUNNELS[@]}"; do
						echo "udp dport ${tunnel%:*} @th,64,32 0x${tunnel#*:} @th,96,24 100" \
							"counter comment \"arrived ${tunnel%:*} ${tunnel#*:}\""
					done)
				}
			}
		RULES
	done
}

counted() { # NAMESPACE COMMENT
	lab_rules "$1" | jq -s --arg comment "$2" '[.[] | select(.comment == $comment) |
		.expr[].counter?.packets // 0] | add // 0'
}

have_arrived() { # N COMMENT COUNT
	(($(counted "hv$1" "$2") >= $3))
}


expect_carried() { # FROM PORT FLAGS
	local to=$((3 - $1)) before

	before=$(counted "hv$to" "arrived $2 $3")
	marked "$@"
	lab_wait 5 "$3 to port $2 behind covey at hv$to" have_arrived "$to" "arrived $2 $3" $((before + COUNT))
}

expect_out_dropped() { # REASON COMMAND...
	local before

	before=$(e2e_drop 1 "$1")
	"${@:2}"
	lab_poll 5 e2e_drop_has_risen 1 "$1" $((before + COUNT)) || true
	expect "$1 at hv1 after ${*:2}" $(($(e2e_drop 1 "$1") - before)) $COUNT
}

expect_clear_dropped() { # PORT FLAGS
	e2e_expect_clear_dropped 2 $COUNT send evil "$(lab_vtep 2)" "$@" 100 0
}

# IP in VXLAN-GPE, of devices that get VNI and address from routes.
add_gpe() { # N
	lab_ip "hv$1" link add gpe0 type vxlan dstport 4790 external gpe
	lab_ip "hv$1" link set gpe0 mtu 1400 up
	lab_ip "hv$1" address add "172.31.0.$1/32" dev gpe0
	lab_ip "hv$1" route add "172.31.0.$((3 - $1))/32" encap ip id 100 dst "$(lab_vtep $((3 - $1)))" dev gpe0
}

ping_gpe() { # SIZE
	in_ns hv1 ping -q -c 1 -W 1 -s "$1" -p "$E2E_CANARY" 172.31.0.2
}

is_in_observe() { # N
	[[ $(lab_show "$1" '.groups[0].mode | "\(.name) \(.in_force)"') == "observe true" ]]
}

e2e_up
e2e_add_evil
lab_address evil eth0 "$(lab_vtep 20)"
e2e_wait_ping 1 2
in_ns evil ping -q -c 1 -W 5 "$(lab_vtep 2)" >/dev/null
count_all
for tunnel in "${TUNNELS[@]}"; do
	for n in 1 2; do expect_carried "$n" "${tunnel%:*}" "${tunnel#*:}"; done
	e2e_expect_guarded 1 "$NO_DEVICE" $COUNT send hv1 "$(lab_vtep 2)" "${tunnel%:*}" "${tunnel#*:}" 100 0
	expect_clear_dropped "${tunnel%:*}" "${tunnel#*:}"
done
expect_out_dropped out-unknown-vni marked 1 6081 00006558 200
expect_out_dropped out-unknown-vni marked 1 4790 0c000001 200
expect_out_dropped out-malformed marked 1 6081 40006558     # another version
expect_out_dropped out-malformed marked 1 6081 3f006558     # more options than there are bytes
expect_out_dropped out-malformed marked 1 4790 1c000001     # another version
expect_out_dropped out-malformed marked 1 4790 04000001     # no VNI

# Nobody but a device gets what was decrypted.
lab_spawn thief hv2 /usr/bin/python3 -c 'if True:
	import socket
	thief = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
	thief.bind(("::", 6081))
	print("ready", flush=True)
	while True: print(thief.recv(100), flush=True)'
lab_wait 10 "the thief" grep -q ready "$LAB_DIR/log/thief"
e2e_expect_guarded 2 "$NO_HOLDER" $COUNT marked 1 6081 00006558
expect "what the thief got" "$(wc -l <"$LAB_DIR/log/thief")" 1

for n in 1 2; do add_gpe "$n"; done
lab_wait 10 "VXLAN-GPE devices to carry IP" ping_gpe 56
ping_gpe 1300 >/dev/null || fail "a long packet in VXLAN-GPE"
expect "devices that are not the fabric's" "$(lab_show 1 '.foreign_vxlan | length')" 0
expect "tunnels in clear on the wire" "$(counted sw seen)" 0

# In observe, they leave and enter in clear, as VXLAN does.
e2e_oracles || fail "see above"
E2E_ORACLES=off
lab_at_gkm mode tenants observe >"$LAB_DIR/log/mode"
for n in 1 2; do lab_wait 10 "hv$n to be in observe" is_in_observe "$n"; done
for tunnel in "${TUNNELS[@]}"; do
	before=$(counted sw seen)
	marked 1 "${tunnel%:*}" "${tunnel#*:}"
	expect "clear tunnels on the wire in observe, $tunnel" $(($(counted sw seen) - before)) $COUNT
done
ping_gpe 56 >/dev/null || fail "VXLAN-GPE in observe"
for n in 1 2; do expect "the guard of hv$n" "$(lab_show "$n" .guard.state)" verified; done
