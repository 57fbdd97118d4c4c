#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# AF_PACKET instead of AF_XDP on the fabric interface.
# ports: bump
LAB_HOSTS=2
LAB_HOST_VARS="          covey_fabric_port: af_packet"
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_both_casts.sh
. "$E2E_HERE/_both_casts.sh"

both_casts
expect "fabric driver" "$(lab_show 1 '.ports[] | select(.role == "fabric") | .driver')" \
	net_af_packet
