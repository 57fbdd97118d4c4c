#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# With covey_fabric_port: kernel, the group of a VXLAN device on the card is joined on covey0, too, where
# the decrypted packets come in. It is left when the device goes down, and joined again when it is back, and
# when covey-host has been killed and is back.
# ports: kernel
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

# Groups of VXLAN devices alone: those of the kernel itself begin with 224.
groups_on() { # N INTERFACE
	lab_ip "hv$1" -4 -json maddress show dev "$2" | jq -r '[.[].maddr[].address |
		select(startswith("239."))] | join(" ")'
}
send_and_expect() {
	e2e_send 1 all --count "$(frames 1000)" --rate 4000
	e2e_expect_all 1 2 all
}
has_joined() { [[ $(groups_on "$1" "$2") == "$3" ]]; }

e2e_up
e2e_receive_multicast 2
e2e_wait_ping 1 2
expect "groups on covey0" "$(groups_on 2 covey0)" "$(lab_multicast)"
expect "drivers" "$(lab_show 1 '[.ports[].driver] | join(" ")')" "kernel tap"
lab_ip hv2 link set vxlan100 down
lab_wait 5 "the group to be left on covey0" has_joined 2 covey0 ""
lab_ip hv2 link set vxlan100 up
lab_wait 5 "the group to be joined on covey0" has_joined 2 covey0 "$(lab_multicast)"
e2e_wait_ping 1 2
send_and_expect

lab_stop rx2
lab_stop hv2 KILL
lab_start_covey 2
lab_wait 60 "hv2 to join" lab_has_joined 2
lab_wait 5 "the group to be joined on covey0 after a kill" has_joined 2 covey0 "$(lab_multicast)"
e2e_receive_multicast 2
e2e_wait_ping 1 2
send_and_expect
