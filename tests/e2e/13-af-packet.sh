#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# AF_PACKET instead of AF_XDP on the fabric interface. The log says what it does to tags of 802.1ad.
# ports: bump
LAB_HOSTS=2
LAB_HOST_VARS="          covey_fabric_port: af_packet"
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_both_casts.sh
. "$E2E_HERE/_both_casts.sh"

both_casts
expect "fabric driver" "$(lab_show 1 '.ports[] | select(.role == "fabric") | .driver')" \
	net_af_packet
for n in 1 2; do
	grep -q 'warning: AF_PACKET on .* turns VLAN tags of 802.1ad' "$LAB_DIR/log/hv$n" ||
		fail "hv$n does not say what becomes of 802.1ad tags"
done
