#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# With covey_fabric_port: kernel, over an IPv6 fabric.
LAB_HOSTS=2
LAB_FAMILY=6
LAB_PORTS=kernel
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_both_casts.sh
. "$E2E_HERE/_both_casts.sh"

both_casts
expect "IPv6 addresses on covey0" \
	"$(lab_ip hv1 -6 -json address show dev covey0 | jq '[.[].addr_info[]?] | length')" 0
