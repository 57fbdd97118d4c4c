#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A host whose kernel refuses what was decrypted, here by a firewall's rule, says so by an ICMP error
# that quotes it: that stays inside. Both address families.
# ports: both
if [[ ! ${LAB_FAMILY:-} ]]; then
	for family in 4 6; do LAB_FAMILY=$family "$0" || exit 1; done
	exit 0
fi
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

# Where the kernel keeps the card, such an error does not pass covey-host, but the guard.
quoting() {
	if [[ $LAB_PORTS == kernel ]]; then
		e2e_guarded 2 "ICMP error that quotes VXLAN"
	else
		e2e_drop 2 out-quote
	fi
}
quoted() { (($(quoting) > 0)); }

e2e_up
e2e_wait_ping 1 2
expect "ICMP errors that quote VXLAN, before" "$(quoting)" 0
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
