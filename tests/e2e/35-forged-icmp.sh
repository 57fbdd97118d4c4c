#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# An ICMP error that nobody's router sent, "fragmentation needed" or "packet too big", quotes an echo
# reply between two VTEPs, a VPE packet, or a packet to the VXLAN devices' group. Tenants' large packets
# go on, and none leaves in fragments. The same about an address that is no VTEP is believed, as before.
# Both address families.
# ports: both
if [[ ! ${LAB_FAMILY:-} ]]; then
	for family in 4 6; do LAB_FAMILY=$family "$0" || exit 1; done
	exit 0
fi
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

OTHER=$(lab_vtep 99) # on the fabric, and no VTEP

# lie ABOUT: tell hv1 that its echo replies to that address are too big.
lie() {
	in_ns evil /usr/bin/python3 "$E2E_HERE/icmp_error.py" eth0 "$(lab_mac 1)" "$(lab_vtep 98)" \
		"$(lab_vtep 1)" "$1" "${@:2}"
}

# The MTU that hv1's kernel learned of the way to that address, nothing: none.
learned() {
	lab_ip hv1 -json route get "$1" | jq '.[0].metrics[0].mtu // empty'
}

has_learned() {
	[[ $(learned "$1") ]]
}

large() {
	in_ns t1 ping -q -c 5 -i 0.05 -W 1 -M "do" -s 1400 -p "$E2E_CANARY" "$(lab_tenant 2)" >/dev/null
}

e2e_up
e2e_add_evil
# With a route for multicast, the kernel could learn an MTU of it.
if ((LAB_FAMILY == 4)); then
	lab_ip hv1 route add 224.0.0.0/4 dev "$(lab_underlay 1)"
fi
e2e_wait_ping 1 2
e2e_receive_multicast 2
lab_wait 10 "large packets before the lie" large

lie "$OTHER"
lab_wait 5 "an error about $OTHER to be believed" has_learned "$OTHER"
lie "$(lab_vtep 2)"
lie "$(lab_vtep 2)" fragments # its first fragment holds no more than ICMP's header
lie "$(lab_vtep 2)" vpe
lie "$(lab_multicast)"
lab_poll 5 e2e_guarded_more 1 "ICMP error about" 4 || true
lab_poll 5 large || fail "large packets are lost after the lie"
e2e_send 1 all --count 200 --rate 1000 --size 1300
e2e_expect_all 1 2 all
expect "MTU that hv1 believes of the way to hv2" "$(learned "$(lab_vtep 2)")" ""
expect "MTU that hv1 believes of the way to the group" "$(learned "$(lab_multicast)")" ""
expect "forged errors about a VTEP that the guard dropped" "$(e2e_guarded 1 "ICMP error about a VTEP")" 3
expect "forged errors about the group that it dropped" "$(e2e_guarded 1 "ICMP error about multicast")" 1
expect "fragments of VXLAN" "$(e2e_drop 1 out-fragment)" 0
expect "fragments of VXLAN at the guard" "$(e2e_guarded 1 "fragment of VXLAN")" 0
