#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# `covey check --wire` names VXLAN in clear that does not go by covey, while all that goes by covey is encrypted:
# a VXLAN device with a group's VNI and its own way to the fabric, in another network namespace. Forged addresses,
# a member's among them, do not flood what it says, and take no proof away. In observe members send in clear, which
# is said of them as before; of others it is still named.
# ports: both
. "$(dirname "$0")/_init.sh"

BESIDE=10.77.0.99

check() {
	checked=$(lab_covey 1 --json --inventory "$LAB_DIR/inventory.yaml" check --wire tenants)
}

# What is in clear, by line: "VNI ADDRESS HOST MEMBER".
heard() {
	jq -r '.clear[] | "\(.vni) \(.from) \(.host) \(.member)"' <<<"$checked" | sort
}

bad() {
	jq -r '.directions[] | select(.verdict != "encrypted") | "\(.from)>\(.to) \(.cast) \(.verdict) \(.detail)"' \
		<<<"$checked"
}

# expect_clear WHEN LINES: that is heard, and all directions are encrypted.
expect_clear() {
	check && fail "check --wire does not find $1"
	expect "directions that are not encrypted: $1" "$(bad)" ""
	expect "what is in clear: $1" "$(heard)" "$2"
}

is_good() {
	check && [[ $(jq -c '[.clear, .clear_more, .not_looked]' <<<"$checked") == "[[],false,[]]" ]]
}

# add_device VNI: beside covey, to the fabric's group, and a tenant that sends there all the time.
add_device() {
	lab_ip evil link add vxlan0 type vxlan id "$1" group "$(lab_multicast)" local "$BESIDE" dev eth0 dstport 4789
	lab_ip evil link set vxlan0 up
	lab_ip evil address add 172.16.0.99/24 dev vxlan0
	lab_spawn beside evil ping -q -i 0.02 -I vxlan0 224.0.0.1
}

remove_device() {
	lab_stop beside
	lab_ip evil link delete vxlan0
}

# keep_forging ADDRESS|any: VXLAN packets of VNI 100 from there, to all hosts.
keep_forging() {
	lab_spawn forger evil /usr/bin/python3 -c '
import os, socket, struct, sys, time
udp = struct.pack("!HHHHII", 40000, 4789, 108, 0, 8 << 24, 100 << 8) + b"\xff" * 6 + b"\2" + bytes(85)
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as forger:
    forger.bind(("eth0", 3))
    while True:
        source = os.urandom(4) if sys.argv[1] == "any" else socket.inet_aton(sys.argv[1])
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, source,
                         socket.inet_aton("239.1.1.1"))
        total = sum(struct.unpack("!10H", ip))
        total = (total & 0xffff) + (total >> 16)
        ip = ip[:10] + struct.pack("!H", ~((total & 0xffff) + (total >> 16)) & 0xffff) + ip[12:]
        forger.send(b"\x01\0\x5e\1\1\1" + b"\2\0\0\0\0\7\x08\0" + ip + udp)
        time.sleep(0.0005 if sys.argv[1] == "any" else 0.02)
' "$1"
}

mode() {
	lab_at_gkm mode tenants "$@" >>"$LAB_DIR/log/mode" 2>&1
}

is_in() { # MODE
	[[ $(lab_show 1 '.groups[0].mode.name') == "$1" ]]
}

e2e_up
e2e_add_evil
lab_address evil eth0 "$BESIDE"
lab_wait 60 "all to be encrypted, and nothing in clear" is_good

# A device of another network namespace, which the guards of the members do not see.
add_device 100
expect_clear "a device beside covey" "100 $BESIDE null false"
expect "to whom it came" "$(jq -c '.clear[0] | [(.came_to | sort), .left]' <<<"$checked")" '[["hv1","hv2","hv3"],[]]'
lab_covey 1 --inventory "$LAB_DIR/inventory.yaml" check --wire >"$LAB_DIR/log/said" && fail "in text it is no failure"
grep -q "^Group tenants: CLEAR VXLAN of VNI 100 from $BESIDE, the address of no host" "$LAB_DIR/log/said" ||
	fail "in text: $(<"$LAB_DIR/log/said")"
lab_covey 1 ping --count 1 hv2 >/dev/null || fail "ping finds probes of its own in clear"
remove_device

# Other VNIs may be in clear.
add_device 999
lab_wait 60 "nothing of the group in clear" is_good
remove_device

keep_forging "$(lab_vtep 2)"
expect_clear "a member's address" "100 $(lab_vtep 2) hv2 true"
lab_stop forger
keep_forging any
check && fail "check --wire does not find a flood of forged addresses"
expect "directions that are not encrypted in a flood" "$(bad)" ""
expect "sources that are named, and more" "$(jq -c '[(.clear | length), .clear_more]' <<<"$checked")" "[16,true]"
lab_stop forger
lab_wait 60 "nothing in clear any more" is_good

# What members send in observe, their directions say.
e2e_oracles || fail "the oracles, before clear frames are meant to be"
E2E_ORACLES=off
lab_wait 60 "observe" mode observe
lab_wait 60 "hv1 to be in observe" is_in observe
e2e_receive 2
e2e_keep_sending 1 2 --rate 100
lab_wait 30 "frames to arrive" e2e_has_received 2 1 10
check && fail "check --wire does not find a group in observe"
expect "directions in clear" "$(bad | grep -c " clear ")" 12
expect "what else is in clear" "$(heard)" ""
add_device 100
check && fail "check --wire does not find a group in observe"
expect "what else is in clear, with a device beside covey" "$(heard)" "100 $BESIDE null false"
