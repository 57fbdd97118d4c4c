#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A fabric of jumbo frames: more than AF_XDP carries, so both ports fall back to AF_PACKET. The
# largest packet that a tenant may send arrives whole.
LAB_HOSTS=2
LAB_FABRIC_MTU=9000
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_both_casts.sh
. "$E2E_HERE/_both_casts.sh"

both_casts
expect "fabric driver" "$(lab_show 1 '.ports[] | select(.role == "fabric") | .driver')" \
	net_af_packet
expect "host driver" "$(lab_show 1 '.ports[] | select(.role == "host") | .driver')" net_af_packet
mtu=$(in_ns t1 cat /sys/class/net/eth0/mtu)
# An IP and an ICMP header stand before the data.
in_ns t1 ping -c 3 -i 0.2 -M "do" -s $((mtu - 28)) -q "$(lab_tenant 2)"
in_ns t2 ping -c 3 -i 0.2 -M "do" -s $((mtu - 28)) -q "$(lab_tenant 1)"
