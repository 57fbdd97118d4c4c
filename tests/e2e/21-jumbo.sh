#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A fabric of jumbo frames: more than AF_XDP carries, so both ports of a bump in the wire fall back to
# AF_PACKET. The largest packet that a tenant may send arrives whole.
# ports: both
LAB_HOSTS=2
LAB_FABRIC_MTU=9000
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_both_casts.sh
. "$E2E_HERE/_both_casts.sh"

both_casts
drivers="net_af_packet net_af_packet"
[[ $LAB_PORTS != kernel ]] || drivers="kernel tap"
expect "drivers" "$(lab_show 1 '[.ports[].driver] | join(" ")')" "$drivers"
mtu=$(in_ns t1 cat /sys/class/net/eth0/mtu)
# An IP and an ICMP header stand before the data.
in_ns t1 ping -c 3 -i 0.2 -M "do" -s $((mtu - 28)) -q "$(lab_tenant 2)"
in_ns t2 ping -c 3 -i 0.2 -M "do" -s $((mtu - 28)) -q "$(lab_tenant 1)"
