#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Clear VXLAN injected from the fabric, unicast and multicast: dropped, counted, and no tenant or
# VXLAN device sees a byte of it.
# ports: both
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

vxlan_packets() {
	lab_ip hv2 -json -s link show dev vxlan100 | jq '.[0].stats64.rx.packets'
}

e2e_up
e2e_add_evil
e2e_wait_ping 1 2
in_ns t1 ip neigh flush dev eth0
in_ns t2 ip neigh flush dev eth0
before=$(vxlan_packets)
e2e_expect_clear_dropped 2 10 e2e_inject clear-vxlan --count 10 --cast 0 \
	--from "$(lab_vtep 1)" --to "$(lab_vtep 2)" --canary "$E2E_CANARY"
e2e_expect_clear_dropped 2 10 e2e_inject clear-vxlan --count 10 --cast 1 \
	--from "$(lab_vtep 1)" --canary "$E2E_CANARY"
after=$(vxlan_packets)
# What tenants' own kernels say to each other meanwhile may come, ten injected frames may not.
((after - before < 10)) || fail "vxlan100 of hv2 received $((after - before)) packets"
expect "UDP errors of unknown frames" "$(in_ns hv2 nstat -az UdpInErrors | awk 'NR > 1 {print $2}')" 0
