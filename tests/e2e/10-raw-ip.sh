#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# VPE directly in IP, without UDP.
# ports: bump
LAB_HOSTS=2
LAB_FABRIC_VARS="    covey_encapsulation: ip"
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_both_casts.sh
. "$E2E_HERE/_both_casts.sh"

both_casts
expect "UDP source ports of VPE" "$(e2e_report recorder '[.windows[].source_port] | max')" 0
