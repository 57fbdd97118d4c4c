#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Tenants' own fragments cross like any packet. Fragments of VXLAN itself, which a VXLAN device with
# too large an MTU makes, do not leave: a later one could hide anything.
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

e2e_up
e2e_receive 2
e2e_wait_ping 1 2
e2e_send 1 2 --count 200 --rate 500 --size 4000
e2e_expect_all 1 2
expect "fragments dropped at hv1" "$(e2e_drop 1 out-fragment)" 0

for n in 1 2; do
	lab_ip "hv$n" link set vxlan100 mtu 2000
	lab_ip "hv$n" link set tenant0 mtu 2000
	lab_ip "t$n" link set eth0 mtu 2000
	lab_ip "hv$n" link set br100 mtu 2000
done
if in_ns t1 ping -q -c 10 -i 0.02 -W 1 -s 1800 -p "$E2E_CANARY" "$(lab_tenant 2)"; then
	fail "packets in fragments of VXLAN got through"
fi
lab_wait 5 "both fragments of ten packets to be counted" e2e_drop_has_risen 1 out-fragment 20
