#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A host whose kernel refuses what was decrypted, here by a firewall's rule, says so by an ICMP error
# that quotes it: that stays inside.
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

quoted() { (($(e2e_drop 2 out-quote) > 0)); }

e2e_up
e2e_wait_ping 1 2
expect "ICMP errors that quote VXLAN, before" "$(e2e_drop 2 out-quote)" 0
in_ns hv2 nft -f - <<'RULES'
table inet firewall {
	chain input {
		type filter hook input priority 300
		iifname "covey0" udp dport 4789 reject with icmpx type port-unreachable
	}
}
RULES
e2e_send 1 2 --count 20 --rate 20
lab_wait 5 "hv2's kernel to answer by an ICMP error" quoted
