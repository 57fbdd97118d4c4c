#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A VXLAN device with a VNI that is in no group: nothing of it leaves, in clear or encrypted.
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

add_foreign() {
	lab_ip "hv$1" link add vxlan999 type vxlan id 999 remote "$(lab_vtep $((3 - $1)))" \
		local "$(lab_vtep "$1")" dev "$(lab_underlay "$1")" dstport 4789
	lab_ip "hv$1" address add "172.17.0.$1/24" dev vxlan999
	lab_ip "hv$1" link set vxlan999 up
}

e2e_up
e2e_wait_ping 1 2
add_foreign 1
add_foreign 2
in_ns hv1 ip neigh replace 172.17.0.2 lladdr "$(in_ns hv2 cat /sys/class/net/vxlan999/address)" \
	dev vxlan999
before=$(e2e_drop 1 out-unknown-vni)
vpe=$(e2e_report recorder .ports.hv1.kinds.vpe)
if in_ns hv1 ping -q -c 20 -i 0.02 -W 1 -p "$E2E_CANARY" 172.17.0.2; then
	fail "a foreign VNI got through"
fi
lab_wait 5 "the drops to be counted" e2e_drop_has_risen 1 out-unknown-vni $((before + 20))
expect "VPE packets that hv1 sent meanwhile" \
	"$(e2e_report recorder ".ports.hv1.kinds.vpe - $vpe < 20")" true
