#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# With covey_fabric_port: kernel, between multicast VXLAN devices on the cards: unicast between all pairs
# and multicast to all, encrypted, every frame once. A device goes and comes back, and so does its group.
LAB_PORTS=kernel
. "$(dirname "$0")/01-delivery.sh"

# Groups of VXLAN devices alone: those of the kernel itself begin with 224.
groups_on() { # N INTERFACE
	lab_ip "hv$1" -4 -json maddress show dev "$2" | jq -r '[.[].maddr[].address |
		select(startswith("239."))] | join(" ")'
}
has_joined() { [[ $(groups_on "$1" "$2") == "$3" ]]; }

for n in 2 3; do lab_stop "rx$n"; done
expect "groups on covey0" "$(groups_on 2 covey0)" "$(lab_multicast)"
lab_ip hv2 link set vxlan100 down
lab_wait 5 "the group to be left on covey0" has_joined 2 covey0 ""
lab_ip hv2 link set vxlan100 up
lab_wait 5 "the group to be joined on covey0" has_joined 2 covey0 "$(lab_multicast)"
for n in 2 3; do e2e_receive_multicast "$n"; done
e2e_wait_ping 1 2
e2e_send 1 all --count "$(frames 1000)" --rate 4000
for n in 2 3; do e2e_expect_all 1 "$n" all; done
expect "what hosts sent in clear" "$(e2e_report recorder .kinds.vxlan)" 0
expect "drivers" "$(lab_show 1 '[.ports[].driver] | join(" ")')" "kernel tap"
