#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# With covey_fabric_port: kernel, the uplink's MTU is changed under traffic, down and up. covey-host follows
# without losing its session, its SA or a packet that fits; tenants are told what fits now. Only a
# rise that the packet buffers have no room for ends it, with the reason, to be started again.
# ports: kernel
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

set_mtu() { # MTU
	local n

	for n in $(lab_hosts); do lab_ip "hv$n" link set fab0 mtu "$1"; done
}

mtu_of() { # N INTERFACE
	lab_ip "hv$1" -json link show dev "$2" | jq '.[0].mtu'
}

has_followed() { # MTU
	local n

	for n in $(lab_hosts); do
		[[ $(mtu_of "$n" covey0) == $(($1 - 60)) ]] || return 1
		[[ $(lab_show "$n" '.ports[] | select(.role == "fabric") | .mtu') == "$1" ]] || return 1
	done
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

lab_stop tx1-2
e2e_expect_all 1 2
expect "the SA that hv1 sends on" "$(e2e_active_spi 1)" "$spi"

lab_ip hv1 link set fab0 mtu 9000
lab_wait 10 "covey-host to end" lab_is_gone hv1
grep -q "is 9000 now, and was 1600: the packet buffers have room for" "$LAB_DIR/log/hv1" ||
	fail "hv1 has not said why it ended"
lab_start_covey 1
lab_wait 30 "hv1 to join again" lab_has_joined 1
e2e_wait_ping 1 2
expect "covey0's MTU" "$(mtu_of 1 covey0)" 8940
