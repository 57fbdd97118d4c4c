#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A host whose kernel has no use for what was decrypted, here for want of a VXLAN device, says so by
# an ICMP error that quotes it: that stays inside.
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

quoted() { (($(e2e_drop 2 out-quote) > 0)); }

e2e_up
e2e_wait_ping 1 2
expect "ICMP errors that quote VXLAN, before" "$(e2e_drop 2 out-quote)" 0
lab_ip hv2 link delete vxlan100
e2e_send 1 2 --count 20 --rate 20
lab_wait 5 "hv2's kernel to answer by an ICMP error" quoted
