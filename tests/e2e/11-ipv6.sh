#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The underlay is IPv6: VTEPs, multicast group, key manager.
# ports: both
LAB_HOSTS=2
LAB_FAMILY=6
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_both_casts.sh
. "$E2E_HERE/_both_casts.sh"

both_casts
# A TAP device must be without an address that the kernel makes by itself.
[[ $LAB_PORTS != kernel ]] || expect "IPv6 addresses on covey0" \
	"$(lab_ip hv1 -6 -json address show dev covey0 | jq '[.[].addr_info[]?] | length')" 0
