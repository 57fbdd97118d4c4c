#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The underlay is IPv6: VTEPs, multicast group, key manager.
LAB_HOSTS=2
LAB_FAMILY=6
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_both_casts.sh
. "$E2E_HERE/_both_casts.sh"

both_casts
