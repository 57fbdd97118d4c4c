#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The routes make the uplinks, and the fabric carries jumbo frames only after covey-host has started. Its
# packet buffers were made for an interface that could have become an uplink: so the largest packet that a
# tenant may send then arrives whole, and nothing is started again.
# ports: kernel
LAB_HOSTS=2
LAB_FABRIC_INTERFACE=
LAB_FABRIC_MTU=9000
. "$(dirname "$0")/_init.sh"

eval "$(declare -f lab_keep_card | sed '1s/lab_keep_card/keep_first/')"
lab_keep_card() { # N
	lab_ip "hv$1" link set fab0 mtu 1600
	keep_first "$1"
	lab_ip "hv$1" link add spare0 mtu 9000 type veth peer name spare1 mtu 9000
	lab_ip "hv$1" link set spare1 up
	lab_ip "hv$1" link set spare0 up
}

has_fabric_mtu() { # N MTU
	[[ $(lab_show "$1" '.ports[] | select(.role == "fabric") | .mtu') == "$2" ]]
}

e2e_up
e2e_wait_ping 1 2
spi=$(e2e_active_spi 1)
for n in $(lab_hosts); do
	has_fabric_mtu "$n" 1600 || fail "hv$n does not begin with an MTU of 1600"
	lab_ip "hv$n" link set fab0 mtu 9000
done
for n in $(lab_hosts); do
	lab_wait 10 "hv$n to follow to 9000" has_fabric_mtu "$n" 9000
	for device in vxlan100 tenant0; do lab_ip "hv$n" link set "$device" mtu 8890; done
	lab_ip "t$n" link set eth0 mtu 8890
done
# An IP and an ICMP header stand before the data.
in_ns t1 ping -c 3 -i 0.2 -M "do" -s $((8890 - 28)) -q "$(lab_tenant 2)"
in_ns t2 ping -c 3 -i 0.2 -M "do" -s $((8890 - 28)) -q "$(lab_tenant 1)"
expect "the SA that hv1 sends on" "$(e2e_active_spi 1)" "$spi"
for n in $(lab_hosts); do
	lab_is_running "hv$n" || fail "covey-host of hv$n ended"
	expect "what hv$n dropped for its length" "$(e2e_drop "$n" in-too-long)" 0
done
