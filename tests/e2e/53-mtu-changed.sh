#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# With covey_fabric_port: kernel, the uplinks' MTU is changed under traffic, down and up, also because the
# uplink with the smallest one comes and goes. covey-host follows without losing its session, its SA or
# a packet that fits; tenants are told what fits now. At a rise that the packet buffers have no room for,
# covey-host ends, to be started again with larger ones.
# ports: kernel
LAB_HOSTS=2
LAB_FABRIC_INTERFACE="[fab0, fab1]"
. "$(dirname "$0")/_init.sh"

# A second uplink without traffic of its own, which leads nowhere.
add_second() { # N MTU
	lab_ip "hv$1" link add fab1 mtu "$2" type veth peer name far1 mtu "$2"
	lab_ip "hv$1" link set far1 up
	lab_ip "hv$1" link set fab1 up
}

# hv1 has one from the start, which carries more than the first one.
eval "$(declare -f lab_keep_card | sed '1s/lab_keep_card/keep_first/')"
lab_keep_card() {
	keep_first "$1"
	[[ $1 != 1 ]] || add_second 1 9000
}

set_mtu() { # MTU
	local n

	for n in $(lab_hosts); do lab_ip "hv$n" link set fab0 mtu "$1"; done
}

mtu_of() { # N INTERFACE
	lab_ip "hv$1" -json link show dev "$2" | jq '.[0].mtu'
}

has_fabric_mtu() { # N MTU
	[[ $(lab_show "$1" '.ports[] | select(.role == "fabric") | .mtu') == "$2" ]]
}

uses() { # N MTU
	[[ $(mtu_of "$1" covey0) == $(($2 - 60)) ]] && has_fabric_mtu "$1" "$2"
}

has_followed() { # MTU
	local n

	for n in $(lab_hosts); do uses "$n" "$1" || return 1; done
}

ping_large() { # BYTES of the IP packet, which may not be fragmented
	in_ns t1 ping -q -c 2 -i 0.05 -W 1 -M "do" -s $(($1 - 28)) -p "$E2E_CANARY" \
		"$(lab_tenant 2)" >/dev/null
}

# The VXLAN device itself tells what fits without encryption, and covey what fits with it.
is_told() { # MTU
	ping_large $(($1 + 60)) && return 1
	[[ $(lab_ip t1 -json route get "$(lab_tenant 2)" | jq '.[0].metrics[0].mtu // empty') == "$1" ]]
}

too_large() { # what hv1 says of its VXLAN device
	lab_show 1 '.vxlan_too_large[] | "\(.device) \(.mtu) \(.fits) \(.uplinks_lack)"'
}

e2e_up
e2e_wait_ping 1 2
ping_large 1450 || fail "full packets are lost at the beginning"
spi=$(e2e_active_spi 1)
e2e_receive 2
e2e_keep_sending 1 2 --rate 1000 --count 1000000

set_mtu 1400
lab_wait 10 "both hosts to follow to 1400" has_followed 1400
if ping_large 1450; then fail "packets that do not fit any more have passed"; fi
lab_wait 10 "t1 to be told" is_told 1290
ping_large 1290 || fail "packets that fit are lost at 1400"
expect "what hv1 says of its VXLAN device" "$(too_large)" "vxlan100 1550 1290 260"
grep -q "the smallest MTU of the uplinks is 1400 now, and was 1600" "$LAB_DIR/log/hv1" ||
	fail "hv1 has not logged it"
grep -q "VXLAN device vxlan100 has an MTU of 1550, and 1290 fits" "$LAB_DIR/log/hv1" ||
	fail "hv1 has not named the VXLAN device"
in_ns hv1 "$(lab_program covey)" --inventory "$LAB_DIR/inventory.yaml" check --host hv1 |
	grep -q "VXLAN device vxlan100 has an MTU of 1550, and 1290 fits" ||
	fail "covey check does not name the VXLAN device"

set_mtu 1600
lab_wait 10 "both hosts to follow to 1600" has_followed 1600
lab_ip t1 route flush cache
ping_large 1450 || fail "full packets are lost after the MTU was raised again"
for mtu in 1500 1700 1450 2000 1600; do
	set_mtu "$mtu"
	lab_wait 10 "both hosts to follow to $mtu" has_followed "$mtu"
done

# The uplink with the smallest MTU comes and goes. The buffers were made for the other one's.
lab_ip hv1 link set fab0 mtu 9000
lab_wait 10 "hv1 to follow to 9000" uses 1 9000
lab_ip hv1 link set fab1 mtu 1400
lab_wait 10 "hv1 to follow to fab1's 1400" uses 1 1400
lab_ip hv1 link delete fab1
lab_wait 10 "hv1 to follow to 9000 without fab1" uses 1 9000

add_second 2 1340
lab_wait 10 "hv2 to follow to fab1's 1340" uses 2 1340
lab_ip hv2 link set fab1 mtu 1300
lab_wait 10 "hv2 to follow to 1300" has_fabric_mtu 2 1300
expect "the MTU of covey0 that IPv6 needs" "$(mtu_of 2 covey0)" 1280
grep -q "is 1300 now, and was 1340: what fits still passes, but .* raise it" "$LAB_DIR/log/hv2" ||
	fail "hv2 does not say that 1300 is little"
lab_ip hv2 link delete fab1
lab_wait 10 "hv2 to follow to 1600 again" uses 2 1600
lab_ip t1 route flush cache
ping_large 1450 || fail "full packets are lost while hv2 uses less than hv1"

lab_stop tx1-2
e2e_expect_all 1 2
expect "the SA that hv1 sends on" "$(e2e_active_spi 1)" "$spi"
for n in $(lab_hosts); do
	lab_is_running "hv$n" || fail "covey-host of hv$n ended"
	expect "what hv$n dropped for its length" "$(e2e_drop "$n" in-too-long)" 0
done

# hv2 had no uplink that carries more than 1,600 when it made its buffers.
has_ended() { ! lab_is_running "hv$1"; }
lab_ip hv2 link set fab0 mtu 9000
lab_wait 10 "hv2 to end" has_ended 2
grep -q "uplinks is 9000 now, and the packet buffers hold 2026: stopping, to be started again" \
	"$LAB_DIR/log/hv2" || fail "hv2 does not say why it ended"
lab_start_covey 2
lab_wait 30 "hv2 to join again" lab_has_joined 2
lab_wait 10 "hv2 to use 9000" uses 2 9000
e2e_wait_ping 1 2
