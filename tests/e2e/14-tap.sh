#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A TAP instead of a veth pair towards the kernel.
# ports: bump
LAB_HOSTS=2
LAB_HOST_VARS="          covey_host_port: tap"
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_both_casts.sh
. "$E2E_HERE/_both_casts.sh"

both_casts
expect "host driver" "$(lab_show 1 '.ports[] | select(.role == "host") | .driver')" net_tap
