#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The tenant's DSCP, which the VXLAN device copies out, gives the class bits of the WindowID by the
# inventory's map, and stands on the outer header.
# ports: both
LAB_HOSTS=2
LAB_FABRIC_VARS="    covey_qos_map: {46: 6, 10: 2}"
. "$(dirname "$0")/_init.sh"

lab_add_vxlan() { # as in the lab, and copying the tenant's DSCP
	lab_ip "hv$1" link add vxlan100 type vxlan id 100 group "$(lab_multicast)" tos inherit \
		local "$(lab_vtep "$1")" dev "$2" dstport 4789
	lab_ip "hv$1" link set vxlan100 master br100 up
}

# seen DSCP CLASS: hv1 sent unicast of that DSCP in that class, and in no other.
seen() {
	expect "classes of DSCP $1" "$(e2e_report recorder \
		"[.windows[] | select(.port == \"hv1\" and .cast == 0 and
			(.dscps | index($1))) | .class] | unique | map(tostring) | join(\" \")")" "$2"
}

e2e_up
e2e_receive 2
e2e_wait_ping 1 2
for dscp in 46 10 24; do
	e2e_send 1 2 --count 200 --rate 1000 --tos $((dscp << 2))
	e2e_expect_all 1 2
	lab_stop rx2
	e2e_receive 2
done
seen 46 6
seen 10 2
seen 24 3 # not in the map: the class selector bits
