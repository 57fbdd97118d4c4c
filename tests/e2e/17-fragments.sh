#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Tenants' own fragments cross like any packet. Fragments of VXLAN itself, which a VXLAN device with
# too large an MTU makes, do not leave: a later one could hide anything.
# ports: both
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

e2e_up
e2e_receive 2
e2e_wait_ping 1 2
e2e_send 1 2 --count 200 --rate 500 --size 4000
e2e_expect_all 1 2
expect "fragments dropped at hv1" "$(e2e_drop 1 out-fragment)" 0

# A device that is not bound to covey0 knows no limit for its MTU.
for n in 1 2; do
	lab_ip "hv$n" link delete vxlan100
	lab_ip "hv$n" link add vxlan100 mtu 2000 type vxlan id 100 local "$(lab_vtep "$n")" \
		remote "$(lab_vtep $((3 - n)))" dstport 4789
	lab_ip "hv$n" link set vxlan100 master br100 up
	lab_ip "hv$n" link set tenant0 mtu 2000
	lab_ip "t$n" link set eth0 mtu 2000
done
e2e_wait_ping 1 2
what="larger packets are dropped, .* (out-fragment)"
[[ $LAB_PORTS != kernel ]] || what="TCP passes, but"
in_ns hv1 "$(lab_program covey)" --inventory "$LAB_DIR/inventory.yaml" check --host hv1 |
	grep -q "vxlan100 has an MTU of 2000, and 1490 fits: $what" ||
	fail "covey check does not say what becomes of large packets"
if in_ns t1 ping -q -c 10 -i 0.02 -W 1 -M dont -s 1800 -p "$E2E_CANARY" "$(lab_tenant 2)"; then
	fail "packets in fragments of VXLAN got through"
fi
# Where the kernel keeps the card, the guard drops the later ones.
fragments() {
	echo $(($(e2e_drop 1 out-fragment) + $(e2e_guarded 1 "fragment of VXLAN")))
}
are_counted() { (($(fragments) == 20)); }
lab_wait 5 "both fragments of ten packets to be counted" are_counted
[[ $LAB_PORTS != kernel ]] || expect "first fragments" "$(e2e_drop 1 out-fragment)" 10
